#include "tests/unit/decider.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char two_nodes[] =
    "<capabilities><host><topology><cells num='2'>"
    "<cell id='0'><cpus num='4'>"
    "<cpu id='0' socket_id='0' core_id='0' siblings='0-1'/><cpu id='1' socket_id='0' core_id='0' siblings='0-1'/>"
    "<cpu id='2' socket_id='0' core_id='1' siblings='2-3'/><cpu id='3' socket_id='0' core_id='1' siblings='2-3'/>"
    "</cpus></cell><cell id='1'><cpus num='4'>"
    "<cpu id='4' socket_id='1' core_id='0' siblings='4-5'/><cpu id='5' socket_id='1' core_id='0' siblings='4-5'/>"
    "<cpu id='6' socket_id='1' core_id='1' siblings='6-7'/><cpu id='7' socket_id='1' core_id='1' siblings='6-7'/>"
    "</cpus></cell></cells></topology></host></capabilities>";

void decider_begin(struct decider *d, struct host_world *w, const struct scheduler_settings *settings)
{
    memset(d, 0, sizeof(*d));
    d->world = w;
    d->scheduler = scheduler_policy.create(settings);
    assert_non_null(d->scheduler);
}

void decider_end(struct decider *d)
{
    scheduler_policy.destroy(d->scheduler);
    snapshot_free(&d->before);
    rates_free(&d->rates);
    plan_free(&d->plan);
}

void decide(struct decider *d)
{
    const struct policy_request request = {.interval_s = DECIDER_INTERVAL_MS / 1000.0};
    struct host_world *w = d->world;

    hypervisor_work(DECIDER_INTERVAL_MS);
    host_world_sample(w);
    for (int i = 0; i < w->s.n_guests && d->locked; i++)
        if (strcmp(w->s.guests[i].name, d->locked) == 0)
            w->s.guests[i].leave_alone = SNAPSHOT_LEAVE_LOCKED;
    if (d->begun) /* of what the test has let go by */
        w->s.taken_ns = d->before.taken_ns + (uint64_t)DECIDER_INTERVAL_MS * 1000000;
    assert_int_equal(rates_between(&d->rates, d->begun ? &d->before : NULL, &w->s), 0);
    assert_int_equal(scheduler_policy.learn(d->scheduler, d->begun ? &d->before : NULL, &w->s, &d->rates), 0);
    assert_int_equal(scheduler_policy.plan(d->scheduler, &w->s, &d->rates, &request, &d->plan), 0);
    d->pins = 0;
    for (int i = 0; i < d->plan.n_actions; i++) {
        assert_int_equal(w->host->ops->apply(w->host, &d->plan, &d->plan.actions[i]), 0);
        d->pins += d->plan.actions[i].result == PLAN_DONE;
    }
    scheduler_policy.applied(d->scheduler, &w->s, &d->plan);
    assert_int_equal(snapshot_copy(&d->before, &w->s), 0);
    d->begun = true;
}

void decide_often(struct decider *d, int times)
{
    for (int i = 0; i < times; i++)
        decide(d);
}

void decider_add_guests(int n, uint64_t affinity, int load_pct)
{
    for (int i = 0; i < n; i++) {
        char name[] = {(char)('a' + hypervisor.n_guests), '\0'};
        struct hypervisor_guest *g = hypervisor_add(name);

        g->affinity[0] = affinity;
        g->load_pct[0] = load_pct;
    }
}

void decider_make_plain_host(struct host_world *w, int n_pcpus)
{
    hypervisor.n_pcpus = n_pcpus;
    hypervisor.online = (1ull << n_pcpus) - 1;
    host_world_open(w, false);
}

void decider_make_host(struct host_world *w)
{
    hypervisor.capabilities = two_nodes;
    decider_make_plain_host(w, 8);
}
