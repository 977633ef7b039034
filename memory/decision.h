/*
 * One decision of the coordinator while it is made: the host's budget, and for each guest what it needs, what is its
 * fair size and what will be done about it. A decision is made anew each time, in memory of its own; what the
 * coordinator remembers between two of them is only read. Nobody outside of memory/ includes this.
 */
#ifndef MEMORY_DECISION_H
#define MEMORY_DECISION_H

#include "memory/coordinator.h"
#include "memory/fair_share.h"
#include "memory/guest_history.h"
#include "memory/kib.h"

enum decision_move { DECISION_STAY, DECISION_GROW, DECISION_CUT, DECISION_WITHDRAW };

/* Why a guest is left alone, in the order in which that is asked. */
enum decision_block {
    DECISION_BLOCK_NONE,       /* it isn't */
    DECISION_BLOCK_LEFT_ALONE, /* see snapshot_leave_alone */
    DECISION_BLOCK_STATE,      /* not running; see snapshot_guest_state */
    DECISION_BLOCK_NO_BALLOON,
    DECISION_BLOCK_INHIBITED,
    DECISION_BLOCK_NO_SIZE,
    DECISION_BLOCK_ABOVE_MAX, /* no size that it may have is a small step away */
    DECISION_BLOCK_NEVER_REPORTED,
    DECISION_BLOCK_FROZEN,
    DECISION_BLOCK_ASIDE, /* see guest_history_aside */
};

enum decision_why {
    DECISION_WHY_NONE,
    DECISION_WHY_NEED,     /* grow: less than it needs */
    DECISION_WHY_HURT,     /* grow: a cut hurt */
    DECISION_WHY_READY,    /* grow: headroom for growth to begin, or for its cache */
    DECISION_WHY_WITNESS,  /* grow: statistics stand still, but its resident set grows, or it swaps */
    DECISION_WHY_IDLE,     /* cut: idle */
    DECISION_WHY_SHORT,    /* cut: the host is short, or others need it */
    DECISION_WHY_PRESSED,  /* cut: the host is under pressure */
    DECISION_WHY_FORCED,   /* by the operator */
    DECISION_WHY_STUCK,    /* withdraw: no progress */
    DECISION_WHY_GAVE_WAY, /* withdraw: deflated by itself */
    DECISION_WHY_RISING,   /* withdraw: needs what is being taken */
    DECISION_WHY_BLIND,    /* withdraw: statistics stand still */
    DECISION_WHY_DANGER,   /* withdraw: the host can't back it any more */
};

struct decision_guest {
    const struct snapshot_guest *now;
    const struct guest_history *history;
    int binding; /* index in decision.bindings; -1: its memory may come from any node */
    enum decision_block block;
    bool may_withdraw; /* left alone, but a request that is out may be taken back */
    struct need need;
    double weight;
    uint64_t size_kib;
    uint64_t flashed_kib;   /* what it used for a moment not long ago, and may use again; 0: nothing of the kind */
    uint64_t low_kib;       /* not cut below this, whatever happens */
    uint64_t share_kib;     /* what it would have if all wanted as much as they can get */
    uint64_t fair_kib;      /* the size that it should have, given what there is */
    uint64_t host_fair_kib; /* the same, as far as the host as a whole goes: its nodes may have less */
    uint64_t give_kib, take_kib;
    enum decision_move move;
    enum decision_why why;
};

/* What the host can give. */
struct budget {
    bool known;
    bool pressed; /* the host lacks memory already */
    char pressed_by[64];
    uint64_t free_kib, reserve_kib;
    uint64_t touchable_kib; /* guests could take this without asking, if all did at once */
    uint64_t likely_kib;    /* what they will take together until something can be done about it */
    uint64_t granted_kib;   /* asked for and not taken yet */
    uint64_t pending_kib;   /* being taken back, not there yet */
    uint64_t touched_kib;   /* of these two, what is kept for it: likely, or what of touchable exceeds the reserve */
    int64_t to_give_kib;    /* free - reserve - touched - granted; may be negative */
};

/* Guests whose memory comes from the same NUMA nodes and no others, and what these can give. */
struct decision_binding {
    const uint64_t *nodes; /* a mask of the snapshot's width */
    struct budget budget;
    int64_t left_kib; /* of what can be given, less what this decision gives */
};

struct coordinator {
    struct coordinator_settings settings;
    uint64_t interval;            /* counts decisions, from 1 */
    uint64_t sampled_ns;          /* when the last sample was taken; 0: none yet */
    double now_s;                 /* the same in seconds, on a steady clock */
    double sample_s;              /* between the last two samples; 0: not known yet */
    struct guest_history *guests; /* the first n_now are those of the last snapshot, in its order */
    int n_guests, cap_guests, n_now;
    struct burst_record bursts; /* of all guests */
    bool host_swaps;
    double dispersion; /* of what guests touch together; see touch_likely */
    int surprises;     /* how many intervals that was seen in */
};

struct decision {
    const struct coordinator *c;
    const struct snapshot *now;
    const struct policy_request *request;
    bool early; /* between two regular decisions: only what can't wait is given, and nothing is taken */
    struct budget budget;
    int n; /* guests, as in the snapshot */
    struct decision_guest *guests;
    struct fair_share_claim *claims; /* as many as there are guests */
    int *claimants;                  /* index of the guest behind each claim */
    struct decision_binding *bindings;
    int n_bindings;
    struct fair_share_claim *bound; /* scratch, as many as there are guests: claims of one binding */
    int *bound_claims;              /* index in claims of each */
};

/* decision.c: fills out, which has been reset and sized for now. early: see struct decision. 0 or -ENOMEM. */
int decision_make(const struct coordinator *c, const struct snapshot *now, const struct policy_request *request,
                  bool early, struct plan *out);

/* budget.c: what the host can give, and the fair size of each guest. */
struct budget budget_measure(const struct coordinator *c, const struct snapshot *now, double interval_s);
/* The same of some NUMA nodes (a mask): their part of the reserve, what guests that are bound to any of them could
 * touch, and a part of what others could. Not known where one of them isn't in the snapshot. The host's own budget has
 * been measured before. */
struct budget budget_measure_nodes(const struct decision *d, double interval_s, const uint64_t *nodes);
/* The fair sizes of all guests that can be moved (binding -1), or of those of one binding out of what that has. */
void budget_share(struct decision *d, int binding);

/*
 * binding.c: memory that is bound to NUMA nodes is given only out of what these have. Without the nodes' figures, or
 * where all nodes will do, nobody is bound.
 */
/* Finds who is bound to what, and what there is to give. */
void binding_find(struct decision *d, double interval_s);
/* Lowers the fair sizes of those that are bound to what their nodes can give, shared in the same way. */
void binding_share(struct decision *d);
/* Lowers claims that are to be filled, one per claimant from its size on, to what nodes have left. */
void binding_limit_claims(struct decision *d, int claims);
/* What of give_kib the nodes of v have left; takes that from what is left. */
uint64_t binding_take(struct decision *d, const struct decision_guest *v, uint64_t give_kib);
/* Whether the two bindings have a node in common. */
bool binding_overlaps(const struct decision *d, int one, int other);
/* The part, 0 to 1, of what guest i does that falls on these nodes; NULL: any. */
double binding_part(const struct snapshot *now, int guest, const uint64_t *nodes);

/* decide.c: who moves, how far and why; sets move, why, give and take of each guest. */
void decide_moves(struct decision *d);

/* explain.c: all of it in words for the operator. */
void explain_sizes_status(const struct decision *d, const struct decision_guest *v, char *text, size_t size);
void explain_sizes_reason(const struct decision *d, const struct decision_guest *v, char *text, size_t size);
void explain_sizes_summary(const struct decision *d, const struct plan *plan, char *text, size_t size);

#endif
