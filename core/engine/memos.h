/*
 * What was last done to each guest, in a few words: "2→3", "+120 MiB".
 */
#ifndef CORE_ENGINE_MEMOS_H
#define CORE_ENGINE_MEMOS_H

#include "core/model/report.h"

struct memo {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    char last[PLAN_REASON_BYTES];
    uint64_t last_ns;
    uint64_t actions; /* in all */
};

struct memos {
    struct memo *entries;
    int n, cap;
};

void memos_free(struct memos *m);
/* Keeps in mind what was done by action a of p; now: the guests there are (those gone are forgotten). */
void memos_keep(struct memos *m, const struct plan *p, const struct plan_action *a, const struct snapshot *now);
/* What was last done to a guest, or NULL. */
const struct memo *memos_find(const struct memos *m, const uint8_t *uuid, int id);
/* The action in short, as it is kept. */
void memos_format(const struct plan *p, const struct plan_action *a, char *text, size_t size);

#endif
