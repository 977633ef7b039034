/*
 * The ledger of how guests were found: affinities, balloon sizes and statistics periods before our first change, and
 * what we last wrote. It's kept in a file, so that what was found can be put back after a crash, and so that a program
 * started again can tell its own pins from other people's.
 *
 * The file is text, one entry a line; a later line replaces an earlier one about the same thing. Changes are appended,
 * each in one write; now and then (and when it's opened) the whole is written anew beside it and renamed over it.
 */
#ifndef CORE_HOST_LEDGER_H
#define CORE_HOST_LEDGER_H

#include "core/model/snapshot.h"

enum ledger_kind { LEDGER_AFFINITY, LEDGER_SIZE, LEDGER_PERIOD };

enum { LEDGER_VALUE_BYTES = 4096 };

/* One thing that we changed. Values are text: a list of pCPUs, KiB, seconds. */
struct ledger_entry {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    enum ledger_kind kind;
    int vcpu;      /* LEDGER_AFFINITY: of a vCPU, or of a thread (snapshot_thread); otherwise 0 */
    char *found;   /* as it was before our first change, or as others set it since */
    char *written; /* what we set it to last */
};

struct ledger;

/* Reads the ledger in a file of that name, which need not be there yet; NULL: it's kept in memory only. Changes
 * nothing. NULL when memory is out. */
struct ledger *ledger_open(const char *path);
/*
 * Makes this process the one that may change the ledger, as the functions that change it do first themselves: two that
 * did would lose each other's notes. 0; -EBUSY where another process is at it; another -errno where its place can't be
 * used: ledger_trouble has the reason.
 */
int ledger_own(struct ledger *f);
/* What came of it when the ledger was last to be owned or written: 0 or -errno, as long as nothing can be noted. */
int ledger_failed(const struct ledger *f);
/* What is wrong with the file or its folder, in words: it can't be read or written, is damaged, is another's; NULL:
 * nothing. */
const char *ledger_trouble(const struct ledger *f);
void ledger_close(struct ledger *f);

/* The entry, or NULL. Good until the next change. */
const struct ledger_entry *ledger_get(const struct ledger *f, const uint8_t *uuid, int id, enum ledger_kind kind,
                                      int vcpu);
/*
 * Notes a change before it is made: found and written replace what was noted before; where found is NULL, what was
 * noted stays. The line is in the file when this returns. 0, or -errno: then the change should not be made, as it
 * couldn't be put back.
 */
int ledger_put(struct ledger *f, const uint8_t *uuid, int id, enum ledger_kind kind, int vcpu, const char *found,
               const char *written);
/* Forgets an entry, in the file too. 0 or -errno. */
int ledger_drop(struct ledger *f, const uint8_t *uuid, int id, enum ledger_kind kind, int vcpu);

/* Entries in no particular order; index from 0 to ledger_count - 1. */
int ledger_count(const struct ledger *f);
const struct ledger_entry *ledger_at(const struct ledger *f, int index);
/* Forgets every entry whose guest keep (called with context) doesn't know. 0 or -errno. */
int ledger_keep(struct ledger *f, bool (*keep)(const struct ledger_entry *entry, const void *context),
                const void *context);

#endif
