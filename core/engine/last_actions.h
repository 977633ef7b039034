/*
 * What was last done to each guest, in a few words: "2→3", "+120 MiB".
 */
#ifndef CORE_ENGINE_LAST_ACTIONS_H
#define CORE_ENGINE_LAST_ACTIONS_H

#include "core/model/report.h"

struct last_action {
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    int id;
    char last[PLAN_REASON_BYTES];
    uint64_t last_ns;
    uint64_t actions; /* in all */
};

struct last_actions {
    struct last_action *entries;
    int n, cap;
};

void last_actions_free(struct last_actions *l);
/* Keeps in mind what was done by action a of p; now: the guests there are (those gone are forgotten). */
void last_actions_keep(struct last_actions *l, const struct plan *p, const struct plan_action *a,
                       const struct snapshot *now);
/* What was last done to a guest, or NULL. */
const struct last_action *last_actions_find(const struct last_actions *l, const uint8_t *uuid, int id);
/* The action in short, as it is kept. */
void last_actions_format(const struct plan *p, const struct plan_action *a, char *text, size_t size);

#endif
