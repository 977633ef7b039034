/*
 * Two snapshots of one host, for tests of what is counted between them.
 */
#ifndef UNIT_RATES_PAIR_H
#define UNIT_RATES_PAIR_H

#include "core/model/rates.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

static inline void near(double value, double expected)
{
    if (!(fabs(value - expected) < 1e-6))
        fail_msg("%f is not %f", value, expected);
}

/* Two snapshots of one host, a number of seconds apart. */
struct pair {
    struct snapshot a, b;
    struct rates r;
};

static inline void begin(struct pair *p, int pcpus, double seconds)
{
    struct snapshot *both[] = {&p->a, &p->b};

    memset(p, 0, sizeof(*p));
    for (int i = 0; i < 2; i++) {
        snapshot_reset(both[i], pcpus);
        both[i]->taken_ns = 1000 * SECOND + (i ? (uint64_t)(seconds * 1e9) : 0);
        for (int cpu = 0; cpu < pcpus; cpu++) {
            struct snapshot_pcpu *c = snapshot_add_pcpu(both[i]);

            c->number = cpu;
            c->online = c->has_times = true;
            c->busy_ns = c->idle_ns = 500 * SECOND;
        }
    }
}

static inline void count(struct pair *p)
{
    assert_int_equal(rates_between(&p->r, &p->a, &p->b), 0);
}

static inline void end(struct pair *p)
{
    snapshot_free(&p->a);
    snapshot_free(&p->b);
    rates_free(&p->r);
}

#endif
