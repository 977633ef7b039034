/* A set of guests, by uuid: those that are tagged, those that are folded. */
#ifndef UI_TUI_TUI_UUIDS_H
#define UI_TUI_TUI_UUIDS_H

#include "core/model/snapshot.h"

struct tui_uuid {
    uint8_t bytes[SNAPSHOT_UUID_BYTES];
};

/* An empty set is all zeros. */
struct tui_uuids {
    struct tui_uuid *items;
    int n, cap;
};

void tui_uuids_free(struct tui_uuids *set);
bool tui_uuids_has(const struct tui_uuids *set, const uint8_t *uuid);
/* Puts uuid in, or takes it out where it is in. 0 or -ENOMEM. */
int tui_uuids_toggle(struct tui_uuids *set, const uint8_t *uuid);
/* Takes all out. */
void tui_uuids_clear(struct tui_uuids *set);

#endif
