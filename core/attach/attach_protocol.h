/*
 * What is said over the socket: lines of JSON both ways, which docs/attach.md describes. The program begins with a
 * hello; who has connected says what he wants to be told of and gives commands; the program sends reports, answers to
 * commands, and now and then how it is. What is read is checked, whoever it comes from.
 */
#ifndef CORE_ATTACH_ATTACH_PROTOCOL_H
#define CORE_ATTACH_ATTACH_PROTOCOL_H

#include "core/model/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Goes up when a line changes its meaning; lines and members may come at any time. */
enum { ATTACH_PROTOCOL = 1 };

/* The longest line that the program takes from others. */
enum { ATTACH_REQUEST_BYTES = 16 << 10 };

/* What somebody is told of without asking. */
enum attach_want {
    ATTACH_WANTS_NOTHING,
    ATTACH_WANTS_STATUS,    /* a line when the state or what was decided has changed */
    ATTACH_WANTS_DECISIONS, /* reports of decisions, and of what is done between two */
    ATTACH_WANTS_REPORTS,   /* all reports */
};

struct attach_hello {
    char program[32], version[32];
    long process;
    char uri[SNAPSHOT_NAME_BYTES];
};

/* The line, to be freed; NULL where memory is out. So are those of the other functions here that return a text. */
char *attach_hello_text(const struct attach_hello *hello);
/* False, with the reason in why, where it is no hello, or of another protocol. */
bool attach_hello_read(struct attach_hello *hello, const char *line, size_t length, char *why, size_t size);

/* What somebody asks for: another want, or a command by the name that it has in the table of commands. */
struct attach_request {
    bool has_want;
    enum attach_want want;
    char command[24]; /* empty: none */
    bool has_id, has_value, has_uuid;
    int64_t id; /* his own, which the answer carries */
    double value;
    uint8_t uuid[SNAPSHOT_UUID_BYTES]; /* of a guest */
    char guest[SNAPSHOT_NAME_BYTES];   /* a guest's name; empty: none */
};

char *attach_request_text(const struct attach_request *request);
bool attach_request_read(struct attach_request *request, const char *line, size_t length, char *why, size_t size);

/* How the program is, in short. */
struct attach_status {
    enum report_state state;
    bool paused, dry_run;
    double interval_s;
    char summary[256]; /* of the last decision; why there is no connection, while there is none */
};

struct attach_answer {
    bool has_id;
    int64_t id;
    bool refused;
    int actions; /* as in report_answer */
    char text[PLAN_SUMMARY_BYTES];
};

/* A call to the hypervisor that takes long; 0 s: no more. */
struct attach_busy {
    double seconds;
    char text[96];
};

char *attach_status_text(const struct report *r);
char *attach_answer_text(const struct attach_answer *answer);
char *attach_busy_text(double seconds, const char *text);

/* What came from the program after its hello. */
struct attach_message {
    enum attach_kind {
        ATTACH_OTHER, /* of a later version: to be passed over */
        ATTACH_REPORT,
        ATTACH_STATUS,
        ATTACH_ANSWER,
        ATTACH_BUSY,
    } kind;
    struct attach_status status;
    struct attach_answer answer;
    struct attach_busy busy;
};

/* Reads a line; a report goes into r. False, with the reason in why, where it can't be understood. */
bool attach_message_read(struct attach_message *m, struct report *r, const char *line, size_t length, char *why,
                         size_t size);

#endif
