/*
 * What an operator can have the engine do, as one table: the screen takes its keys and help from it, and
 * the engine carries out what stands there. A new command is one row and one function in commands.c.
 */
#ifndef CORE_ENGINE_COMMANDS_H
#define CORE_ENGINE_COMMANDS_H

#include "core/engine/settings.h"
#include "core/model/report.h"

struct engine;

enum engine_command_kind {
    ENGINE_PAUSE,    /* value: 1 pause, 0 run on, -1 toggle */
    ENGINE_STEP,     /* one decision now, applied; paused afterwards */
    ENGINE_FORCE,    /* the best there is, now; the clock of the interval isn't shifted */
    ENGINE_INTERVAL, /* value: seconds */
    ENGINE_DRY_RUN,  /* value: 1, 0, -1 toggle */
    ENGINE_LOCK,     /* uuid: that guest; value: 1 leave it alone, 0 manage it, -1 toggle */
    ENGINE_UNDO,     /* take back the last plan's actions, and pause, lest the next decision does them again */
    ENGINE_SPEED,    /* replay: value is the factor, e.g. 10 */
    ENGINE_CONNECT,  /* disconnected: try now instead of when it's due */
    ENGINE_ASK,      /* what ENGINE_FORCE would do now: answered, with the number of its actions, and not done */
    ENGINE_WATCH,    /* value: enum host_watch, what is measured beyond the usual from now on */
    ENGINE_SETTINGS, /* settings: those of the command line and its file, read anew */
    ENGINE_COMMANDS,
};

struct engine_command {
    enum engine_command_kind kind;
    double value;
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    struct engine_settings *settings; /* the engine's from then on, once the command is sent */
    enum engine_sender { ENGINE_FACE, ENGINE_WATCHERS, ENGINE_SENDERS } sender; /* ENGINE_WATCH: whose wish it is */
};

enum command_argument {
    COMMAND_BARE,
    COMMAND_SWITCH, /* value: 1, 0, -1 toggle */
    COMMAND_NUMBER, /* value */
    COMMAND_GUEST,  /* uuid, and value as of a switch */
    COMMAND_SETTINGS,
};

/* When a command can be given. */
enum command_when {
    COMMAND_CONNECTED = 1 << 0,    /* there is a connection, and figures have come */
    COMMAND_DISCONNECTED = 1 << 1, /* there is none */
    COMMAND_REPLAY = 1 << 2,       /* a recording is played */
};

struct command {
    enum engine_command_kind kind;
    const char *name; /* as others call it who give it by a word; NULL: they can't */
    const char *key;  /* the screen's keys for it, as characters; empty: it has none */
    const char *help; /* one line, lower case, no full stop */
    enum command_argument argument;
    unsigned when;          /* enum command_when; 0: always */
    const char *not_replay; /* why it can't be given while a recording is played; NULL: it can */
    const char *doing;      /* said until it is answered: "pausing" */
    const char *refused;    /* what a refusal begins with: "nothing is undone" */
    void (*run)(struct engine *e, const struct engine_command *c); /* answers it (report_answer_to) */
};

/* The table's row of that kind. */
const struct command *commands_row(enum engine_command_kind kind);
/* The row of that name; NULL: there is none. */
const struct command *commands_find(const char *name);
/* Why it can't be given as things stand in r, in words; NULL where it can. The engine asks this, too, when it comes to
 * carry it out. */
const char *commands_refusal(const struct command *row, const struct report *r);

#endif
