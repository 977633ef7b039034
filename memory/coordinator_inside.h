/*
 * What the files of the coordinator share: its state, the working view of a decision, and the words for the operator.
 * Nobody else includes this.
 */
#ifndef MEMORY_COORDINATOR_INSIDE_H
#define MEMORY_COORDINATOR_INSIDE_H

#include "memory/coordinator.h"
#include "memory/fair_share.h"
#include "memory/guest_history.h"
#include "memory/kib.h"

enum view_move { VIEW_STAY, VIEW_GROW, VIEW_CUT, VIEW_WITHDRAW };

/* Why a guest is left alone, in the order in which that is asked. */
enum view_block {
    VIEW_FREE,       /* it isn't */
    VIEW_LEFT_ALONE, /* see snapshot_leave_alone */
    VIEW_STATE,      /* not running; see snapshot_guest_state */
    VIEW_NO_BALLOON,
    VIEW_INHIBITED,
    VIEW_NO_SIZE,
    VIEW_ABOVE_MAX, /* no size that it may have is a small step away */
    VIEW_NEVER_REPORTED,
    VIEW_FROZEN,
    VIEW_ASIDE, /* see guest_aside */
};

enum view_why {
    VIEW_WHY_NONE,
    VIEW_WHY_NEED,     /* grow: less than it needs */
    VIEW_WHY_HURT,     /* grow: a cut hurt */
    VIEW_WHY_READY,    /* grow: room for growth to begin, or for its cache */
    VIEW_WHY_IDLE,     /* cut: idle */
    VIEW_WHY_SHORT,    /* cut: the host is short, or others need it */
    VIEW_WHY_PRESSED,  /* cut: the host is under pressure */
    VIEW_WHY_FORCED,   /* by the operator */
    VIEW_WHY_STUCK,    /* withdraw: no progress */
    VIEW_WHY_GAVE_WAY, /* withdraw: deflated by itself */
    VIEW_WHY_RISING,   /* withdraw: needs what is being taken */
    VIEW_WHY_BLIND,    /* withdraw: statistics stand still */
    VIEW_WHY_DANGER,   /* withdraw: the host can't back it any more */
};

struct view {
    const struct snapshot_guest *now;
    const struct guest_history *guest;
    enum view_block block;
    bool may_withdraw; /* left alone, but a request that is out may be taken back */
    struct need need;
    double weight;
    uint64_t size_kib;
    uint64_t low_kib;   /* not cut below this, whatever happens */
    uint64_t share_kib; /* what it would have if all wanted as much as they can get */
    uint64_t fair_kib;  /* the size that it should have, given what there is */
    uint64_t give_kib, take_kib;
    enum view_move move;
    enum view_why why;
};

struct budget {
    bool known;
    bool pressed;
    char pressed_by[64];
    uint64_t free_kib, reserve_kib;
    uint64_t touchable_kib; /* guests could take this without asking */
    uint64_t granted_kib;   /* asked for and not taken yet */
    uint64_t pending_kib;   /* being taken back, not there yet */
    int64_t budget_kib;     /* free less all of the above; may be negative */
};

struct coordinator {
    struct coordinator_settings settings;
    uint64_t interval;
    double now_s;
    struct guest_history *guests; /* the first n_now are those of the last snapshot, in its order */
    int n_guests, cap_guests, n_now;
    bool host_swaps;
    /* room to work in, as large as the host: no plan ever allocates */
    struct view *views;
    struct fair_share_claim *claims;
    int *claimants; /* index of the view behind each claim */
    int cap_views, cap_claims, cap_claimants;
};

/* budget.c: what the host can give, and the fair size of each guest. */
struct budget budget_measure(const struct coordinator *c, const struct snapshot *now);
void budget_share(struct coordinator *c, int n, const struct budget *room);

/* decide.c: who moves, how far and why; sets move, why, give and take. */
void decide_moves(struct coordinator *c, int n, const struct budget *room, const struct policy_request *request);

/* explain.c */
void explain_sizes_status(const struct view *v, const struct coordinator *c, char *text, size_t size);
void explain_sizes_reason(const struct view *v, const struct coordinator *c, char *text, size_t size);
void explain_sizes_summary(const struct coordinator *c, int n, const struct budget *room, const struct plan *plan,
                           char *text, size_t size);

#endif
