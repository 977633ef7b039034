/*
 * Settings that were read anew while the loop runs: what of them has changed, on its way to the engine as a command.
 */
#ifndef CORE_ENGINE_SETTINGS_H
#define CORE_ENGINE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

enum engine_settings_changed {
    ENGINE_CHANGED_POLICY = 1 << 0,
    ENGINE_CHANGED_INTERVAL = 1 << 1,
    ENGINE_CHANGED_DRY_RUN = 1 << 2,
    ENGINE_CHANGED_WATCH = 1 << 3,
    ENGINE_CHANGED_ONLY = 1 << 4,
    ENGINE_CHANGED_EXCLUDE = 1 << 5,
};

struct engine_settings {
    bool refused;     /* they can't be had: nothing is changed, and text says why */
    unsigned changed; /* enum engine_settings_changed: the fields below that count */
    void *policy;     /* the policy's own struct */
    double interval_s;
    bool dry_run;
    unsigned watch;         /* enum host_watch */
    char **only, **exclude; /* name patterns, NULL-ended, or NULL: all; none */
    char text[512];         /* what is said of it */
};

/* Nothing changed yet. policy is copied. NULL when memory is out. */
struct engine_settings *engine_settings_new(const void *policy, size_t size);
/* NULL: nothing. */
void engine_settings_free(struct engine_settings *s);
/* A NULL-ended list of strings of its own, or NULL where the list is NULL. -ENOMEM or 0. */
int engine_settings_copy_patterns(char ***to, char *const *from);
void engine_settings_free_patterns(char **patterns);

#endif
