/*
 * A made-up host and policy for tests of the control loop, which runs as it is, in its own thread. Time is made up,
 * too: it moves on only where a test lets it, in the host's idle, so that nothing depends on how fast the machine is.
 */
#ifndef TESTS_UNIT_ENGINE_WORLD_H
#define TESTS_UNIT_ENGINE_WORLD_H

#include "core/engine/engine.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint64_t second_ns = 1000000000u;

/* What takes longer than that is stuck: a loop comes to rest within milliseconds, under a sanitizer within a second. */
enum { WORLD_PATIENCE_S = 20 };

enum { EVENTS = 1024 };

/* What the policy was asked, in order. */
enum call_kind { SAMPLE, LEARN, PLAN, EARLY, APPLIED };

struct call {
    enum call_kind kind;
    uint64_t before_ns, now_ns;  /* SAMPLE, LEARN; before 0: there was none */
    bool rates_fit;              /* SAMPLE, LEARN: the rates are of that time */
    bool force;                  /* PLAN */
    double interval_s;           /* PLAN, EARLY */
    double until_s;              /* PLAN, EARLY: until the next regular decision */
    bool changes;                /* APPLIED: the plan had actions */
    enum plan_result results[8]; /* APPLIED: what came of the first of them */
};

/* Everything the two made-up parts know. One mutex for all. */
struct world {
    struct host host; /* first, as every host begins so */
    struct world *next;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t now_ns, budget_ns;
    bool woken, idling, closed;

    bool up; /* connect works, and the connection stands */
    bool connected;
    bool alarmed;                    /* a sample is wanted at once */
    bool tells_reachable;            /* whether it is up can be told without connecting */
    int refuse_sample;               /* -errno of the next samples, 0: they work */
    bool hang;                       /* the next sample does not return until hang is false or it is interrupted */
    bool hanging, interrupted, deaf; /* deaf: interrupt does nothing */
    uint64_t sample_takes_ns;
    int first_guest, n_guests;
    int connects, samples, full_samples, applies, restores, closes, measure_only;
    int refuse_apply;    /* -errno */
    int refused_guest;   /* of this one (1: the first) only; 0: of all */
    int refuse_plan;     /* -errno of the policy's plans, early ones, too; 0: they work */
    const char *remark;  /* what the host says of itself once; NULL: nothing */
    const char *trouble; /* why no guest can be changed, as long as it stands there; NULL: they can */
    double sample_s;     /* as the host was told; 0: never */
    int cpu[8];          /* where guest i's vCPU is pinned; -1: it floats over 0-3 */
    uint64_t kib[8];

    bool act;     /* the policy plans something */
    bool act_all; /* for each guest that may be touched, not just for the first */
    bool balance; /* with standard deviations: before 30, expected 5, and observed since the plan before 7 */
    bool memory;  /* a size instead of a pin */
    bool urgent;  /* something can't wait for the next decision, as long as the first guest has less than urgent_kib */
    uint64_t urgent_kib;
    const char *note; /* of each plan: "cools down for", a figure that is another each time, and this; NULL: none */
    struct call calls[EVENTS];
    int n_calls;
};

struct test {
    struct world *world; /* of its own, as the loop of a test that failed still uses it when that test has been left */
    struct engine *engine;
    struct report report;  /* the last one taken */
    struct report decided; /* the last decision taken */
    struct report early;   /* the last early plan taken */
    int decisions, earlies, reports;
    int steps; /* a test's own count */
};

uint64_t world_clock(void *context);
/* Waits until the loop has nothing left to do but to let time go by that it hasn't got; one that doesn't get there
 * within WORLD_PATIENCE_S fails the test. */
void world_settle(struct test *t);
/* Takes all the reports there are. */
void world_take(struct test *t);
/* Lets so much time go by. */
void world_pass(struct test *t, double seconds);
/* The clock jumps forward while the loop is idle, as for a program that was stopped, and goes on. */
void world_jump(struct test *t, double seconds);
uint64_t world_send_value(struct test *t, enum engine_command_kind kind, double value);
void world_send_lock(struct test *t, int guest);
/* A world of three guests, without a loop. */
void world_prepare(struct test *t);
struct engine_config world_config_of(struct test *t);
void world_start(struct test *t, const struct engine_config *config);
/* The three of them. */
void world_begin(struct test *t);
void world_finish(struct test *t);
/* Frees what is left of a test whose loop is gone. A test that fails leaves both behind, at rest. */
void world_free(struct test *t);
/* Waits for the loop's own end, which it tells by its fd; the exit status. */
int world_wait_for_end(struct test *t, char *error, size_t size);
bool world_log_has(const struct report *r, enum report_log_kind kind, const char *words);
int world_count_calls(struct test *t, enum call_kind kind);
/* The nth time the policy learned; sampled. */
struct call world_learned(struct test *t, int nth);
struct call world_sampled(struct test *t, int nth);
/* The last time the policy was asked that. */
struct call world_last(struct test *t, enum call_kind kind);

#endif
