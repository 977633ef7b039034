/*
 * Everything a face may show, and nothing else is shown: figures as measured, rates, the plan and what came of it, the
 * state of the loop. The engine fills one per sample; headless lines, JSON, the TUI and recordings all read it.
 */
#ifndef CORE_MODEL_REPORT_H
#define CORE_MODEL_REPORT_H

#include "core/model/plan.h"
#include "core/model/rates.h"
#include "core/model/snapshot.h"

enum report_state { REPORT_STARTING, REPORT_RUNNING, REPORT_PAUSED, REPORT_DISCONNECTED, REPORT_ENDED };

enum report_program { REPORT_VCPU_SCHEDULER, REPORT_MEMORY_COORDINATOR };

struct report_counters {
    uint64_t samples, decisions;
    uint64_t early;                                         /* plans between two decisions that had something to do */
    uint64_t actions_done, actions_failed, actions_skipped; /* pins or balloon settings, of the program */
    uint64_t calls;                                         /* hypervisor calls in all */
    unsigned calls_interval; /* hypervisor calls since the previous decision, that one's actions included */
    uint64_t reconnects;
    unsigned balanced_for; /* decisions in a row that needed no action */
    uint64_t late;         /* regular decisions that began more than a second after they were due */
    uint64_t errors;       /* lines of the log that told of trouble */
};

/* How long plans took to make, each by the clock: seconds in all, and how many took up to each of the bounds. */
enum { REPORT_TIMES = 10 };
extern const double report_times_s[REPORT_TIMES];
struct report_times {
    double sum_s;
    uint64_t count;
    uint64_t within[REPORT_TIMES]; /* cumulative: one that is within a bound is within all above */
};

void report_times_add(struct report_times *t, double seconds);

/* What was last done to a guest, by this program. */
struct report_guest {
    bool locked;
    char last[PLAN_REASON_BYTES]; /* "2→3" or "+120 MiB": short; empty: nothing yet */
    uint64_t last_ns;             /* when, on the clock of snapshot.taken_ns */
    uint64_t actions;             /* pins or sizes that were carried out for it, since it was seen first */
};

struct report_log {
    uint64_t serial; /* counts up from 1 over the whole run: a face knows by it what it has not shown yet */
    int64_t wall_ms;
    enum report_log_kind {
        REPORT_LOG_DECISION,
        REPORT_LOG_ACTION,
        REPORT_LOG_NOTE,
        REPORT_LOG_EVENT,
        REPORT_LOG_ERROR
    } kind;
    char text[512];
};

/* Lines of the log that are kept: some decisions of a busy host. Each takes half a KiB, in every report. */
enum { REPORT_LOG_KEPT = 200 };

/* The last plan that moved something, and what came of it: standard deviations of pCPU load in points, < 0 where not
 * known (yet). What it is now, is live.sd_pct. */
struct report_moves {
    uint64_t decided_ns; /* 0: there was none yet */
    double sd_before;
    double sd_expected;
    double sd_got; /* over the interval after it */
};

/* What came of an operator's command. */
struct report_answer {
    uint64_t command; /* its number; 0: none yet */
    bool refused;
    int actions; /* of what was asked about; 0 otherwise */
    char text[PLAN_SUMMARY_BYTES];
};

/* Answers that are kept: more commands than that aren't under way at once. */
enum { REPORT_ANSWERS = 32 };

struct report {
    enum report_program program;
    enum report_state state;
    bool paused; /* also while disconnected */
    bool dry_run;
    bool decision; /* this report carries a new decision (plan, with results); otherwise it is a sample between two */
    bool early;    /* this report carries a new early plan (early_plan, with results) */
    double interval_s;
    double sample_s;   /* between two samples */
    double late_s;     /* how late the last regular decision began; 0: in time */
    double retry_in_s; /* DISCONNECTED: until the next attempt to connect; otherwise < 0 */
    double next_in_s;  /* until the next decision; < 0 where none is due (ended) */
    double speed;      /* of a replay; 1 when live */
    bool replay;
    char connection[256];     /* DISCONNECTED: why, and when it's tried again */
    struct snapshot snapshot; /* the last sample */
    struct rates live;        /* over the last second or so: what bars show */
    struct rates interval;    /* over the interval up to the last decision */
    struct plan plan;         /* of the last decision, with results */
    struct report_moves moves;
    struct plan early_plan; /* the last one between two decisions, with results; empty: there was none */
    bool has_preview;
    struct plan preview;         /* paused: what would be done now */
    struct report_guest *guests; /* index as in snapshot.guests */
    int n_guests, cap_guests;
    struct report_counters counters;
    struct report_times times; /* that decisions took */
    struct report_log *log;    /* the last REPORT_LOG_KEPT lines, oldest first */
    int n_log, cap_log;
    uint64_t commands_taken; /* number of the last command the engine has taken up */
    struct report_answer answers[REPORT_ANSWERS];
};

void report_free(struct report *r);
/* Makes to equal to from, reusing what to holds. Returns 0 or -ENOMEM (to is then fit only to be freed or copied to).
 */
int report_copy(struct report *to, const struct report *from);
/* plan and snapshot are matched by uuid and id, because the last sample may be younger than the plan: returns the entry
 * of r->plan.guests (or .vcpus) for a guest (vCPU) of r->snapshot, or NULL. */
const struct plan_guest *report_plan_guest(const struct report *r, int guest);
const struct plan_vcpu *report_plan_vcpu(const struct report *r, int vcpu);
const struct plan_pcpu *report_plan_pcpu(const struct report *r, int pcpu);
/* The same for r->interval, whose figures are those of the snapshot that was planned for. */
const struct rates_guest *report_interval_guest(const struct report *r, int guest);
const struct rates_vcpu *report_interval_vcpu(const struct report *r, int vcpu);
const struct rates_pcpu *report_interval_pcpu(const struct report *r, int pcpu);

/* What came of the command with that number; NULL where that isn't known yet (a decision takes its time), or any more.
 */
const struct report_answer *report_answer_to(const struct report *r, uint64_t command);

/* Words for the operator, as in "running" and "vcpu_scheduler". */
const char *report_state_word(enum report_state state);
const char *report_program_name(enum report_program program);

#endif
