/*
 * Which guests are left alone, because the operator locked them or the command line leaves them out.
 */
#ifndef CORE_ENGINE_GUEST_CHOICE_H
#define CORE_ENGINE_GUEST_CHOICE_H

#include "core/model/snapshot.h"

struct guest_uuid {
    uint8_t bytes[SNAPSHOT_UUID_BYTES];
};

struct guest_choice {
    char *const *only; /* name patterns (fnmatch), NULL-ended, or NULL: all */
    char *const *exclude;
    char **own_only, **own_exclude; /* the same, where they are to be freed with this */
    struct guest_uuid *locked;
    int n_locked, cap_locked;
};

void guest_choice_free(struct guest_choice *c);
bool guest_choice_is_locked(const struct guest_choice *c, const uint8_t *uuid);
/* Locks the guest, or unlocks it where it is locked. 0 or -ENOMEM. */
int guest_choice_toggle(struct guest_choice *c, const uint8_t *uuid);
/* Says in s which guests are left alone. The host's own reasons stand; where recorded is true, everything that s says
 * already. */
void guest_choice_mark(const struct guest_choice *c, struct snapshot *s, bool recorded);

#endif
