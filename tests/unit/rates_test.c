#include "core/model/cpumask.h"
#include "tests/unit/rates_pair.h"

#include <stdio.h>
#include <stdlib.h>

static void busy(struct pair *p, int cpu, uint64_t ms)
{
    p->b.pcpus[cpu].busy_ns += ms * MS;
}

static void guest(struct pair *p, int id)
{
    struct snapshot *both[] = {&p->a, &p->b};

    for (int i = 0; i < 2; i++) {
        struct snapshot_guest *g = snapshot_add_guest(both[i]);

        g->id = id;
        memset(g->uuid, id, sizeof(g->uuid));
    }
}

/* A vCPU that may run on the listed pCPUs (NULL: unknown) and ran and waited that long. Returns its index. */
static int vcpu(struct pair *p, const char *cpus, uint64_t run_ms, uint64_t wait_ms)
{
    struct snapshot *both[] = {&p->a, &p->b};

    for (int i = 0; i < 2; i++) {
        struct snapshot_vcpu *v = snapshot_add_vcpu(both[i]);
        uint64_t mask[8];

        v->number = both[i]->guests[v->guest].n_vcpus - 1;
        v->online = v->running = v->has_run = v->has_delay = true;
        v->run_ns = 77 * SECOND + (i ? run_ms * MS : 0);
        v->delay_ns = 33 * SECOND + (i ? wait_ms * MS : 0);
        if (cpus) {
            assert_int_equal(cpumask_parse(mask, both[i]->cpu_limit, cpus), 0);
            v->affinity = snapshot_add_mask(both[i], mask);
        }
    }
    return p->b.n_vcpus - 1;
}

static void demand_is_run_over_time_not_waited(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 1, 10);
    guest(&p, 1);
    vcpu(&p, "0", 2000, 2000); /* 2 of the 8 s that it didn't wait */
    vcpu(&p, "0", 2500, 0);    /* never waited */
    vcpu(&p, "0", 100, 10000); /* waited all the time */
    vcpu(&p, "0", 9000, 5000); /* more than there was: read at different instants */
    vcpu(&p, "0", 11000, 0);   /* likewise */
    vcpu(&p, "0", 0, 4000);
    count(&p);
    near(p.r.seconds, 10);
    near(p.r.vcpus[0].run_pct, 20);
    near(p.r.vcpus[0].wait_pct, 20);
    near(p.r.vcpus[0].demand_pct, 25);
    near(p.r.vcpus[1].demand_pct, 25);
    near(p.r.vcpus[2].demand_pct, 100);
    near(p.r.vcpus[2].wait_pct, 100);
    near(p.r.vcpus[3].demand_pct, 100);
    near(p.r.vcpus[4].run_pct, 100);
    near(p.r.vcpus[4].demand_pct, 100);
    near(p.r.vcpus[5].demand_pct, 0);
    for (int i = 0; i < 6; i++)
        assert_true(p.r.vcpus[i].known && p.r.vcpus[i].has_wait);
    near(p.r.guests[0].run_pct, 20 + 25 + 1 + 90 + 100);
    assert_true(p.r.guests[0].known);
    end(&p);
}

static void without_delay_demand_is_run(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 1, 4);
    guest(&p, 1);
    vcpu(&p, "0", 1000, 2000);
    vcpu(&p, "0", 1000, 2000);
    p.a.vcpus[0].has_delay = false;
    p.b.vcpus[1].has_delay = false;
    count(&p);
    for (int i = 0; i < 2; i++) {
        assert_true(p.r.vcpus[i].known);
        assert_false(p.r.vcpus[i].has_wait);
        near(p.r.vcpus[i].wait_pct, 0);
        near(p.r.vcpus[i].demand_pct, 25);
    }
    end(&p);
}

static void unknown_where_figures_say_nothing(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 2, 10);
    for (int i = 1; i <= 8; i++) {
        guest(&p, i);
        vcpu(&p, "0", 1000, 0);
    }
    p.b.vcpus[0].run_ns = p.a.vcpus[0].run_ns - 1;     /* the counter went back */
    p.b.vcpus[1].delay_ns = p.a.vcpus[1].delay_ns - 1; /* likewise */
    p.a.vcpus[2].has_run = false;
    p.b.vcpus[3].online = false;
    p.b.guests[4].state = SNAPSHOT_GUEST_PAUSED;
    p.a.guests[5].state = SNAPSHOT_GUEST_PAUSED; /* part of the time */
    p.b.guests[6].leave_alone = SNAPSHOT_LEAVE_STALE;
    p.b.guests[7].id = 1000; /* another run of the guest */
    count(&p);
    for (int i = 0; i < 8; i++) {
        assert_false(p.r.vcpus[i].known);
        near(p.r.vcpus[i].demand_pct, 0);
        near(p.r.vcpus[i].run_pct, 0);
    }
    for (int i = 0; i < 7; i++)
        assert_true(p.r.guests[i].known);
    assert_false(p.r.guests[7].known);
    near(p.r.pcpus[0].load_pct, 0);
    end(&p);
}

static void unknown_without_time(void **state)
{
    struct snapshot empty = {0};
    struct pair p;

    (void)state;
    begin(&p, 2, 0);
    guest(&p, 1);
    vcpu(&p, "0", 1000, 0);
    busy(&p, 0, 1000);
    for (int i = 0; i < 4; i++) {
        const struct snapshot *before = i == 0 ? &p.a : i == 1 ? NULL : i == 2 ? &empty : &p.a;

        if (i == 3)
            p.b.taken_ns = p.a.taken_ns - SECOND;
        assert_int_equal(rates_between(&p.r, before, &p.b), 0);
        near(p.r.seconds, 0);
        near(p.r.sd_pct, -1);
        assert_false(p.r.vcpus[0].known);
        assert_false(p.r.guests[0].known);
        assert_false(p.r.pcpus[0].known);
        near(p.r.pcpus[0].load_pct, 0);
    }
    p.b.taken_ns = p.a.taken_ns + SECOND;
    count(&p); /* the same rates know again */
    assert_true(p.r.vcpus[0].known);
    near(p.r.seconds_off, 0);
    /* Reading took 30 and 40 ms, and the counters are of any moment of it alike. */
    p.a.read_ns = SECOND / 1000 * 30;
    p.b.read_ns = SECOND / 1000 * 40;
    count(&p);
    near(p.r.seconds_off, 0.05 / sqrt(12.0));
    end(&p);
}

static void quotas_cap_demand(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 4, 10);
    guest(&p, 1); /* each vCPU may have half a pCPU: the throttled time counts as waiting */
    p.b.guests[0].vcpu_quota_pct = 50;
    vcpu(&p, "0", 5000, 5000);
    vcpu(&p, "1", 1000, 0);
    guest(&p, 2); /* 90 in all for demands of 100, 50, 30 */
    p.b.guests[1].guest_quota_pct = 90;
    vcpu(&p, "1", 4000, 6000);
    vcpu(&p, "2", 4000, 2000);
    vcpu(&p, "3", 3000, 0);
    guest(&p, 3); /* a quota that doesn't bite */
    p.b.guests[2].guest_quota_pct = 200;
    vcpu(&p, "2", 2000, 0);
    count(&p);
    near(p.r.vcpus[0].demand_pct, 50);
    near(p.r.vcpus[1].demand_pct, 10);
    near(p.r.vcpus[2].demand_pct, 50);
    near(p.r.vcpus[3].demand_pct, 25);
    near(p.r.vcpus[4].demand_pct, 15);
    near(p.r.vcpus[5].demand_pct, 20);
    for (int i = 0; i < 4; i++)
        assert_true(p.r.pcpus[i].unmet_pct >= 0);
    end(&p);
}

static void host_work_is_what_guests_leave(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 4, 10);
    guest(&p, 1);
    vcpu(&p, "0", 3000, 2000); /* demand 37.5 */
    vcpu(&p, "0", 2000, 0);
    vcpu(&p, "1", 4010, 0);
    busy(&p, 0, 7000);
    busy(&p, 1, 4000); /* a tick less than the vCPU seems to have run */
    busy(&p, 2, 12000);
    count(&p);
    near(p.r.pcpus[0].busy_pct, 70);
    near(p.r.pcpus[0].guest_pct, 50);
    near(p.r.pcpus[0].host_pct, 20);
    near(p.r.pcpus[0].unmet_pct, 7.5);
    near(p.r.pcpus[0].load_pct, 20 + 37.5 + 20);
    near(p.r.pcpus[1].host_pct, 0);
    near(p.r.pcpus[1].busy_pct, 40.1);
    near(p.r.pcpus[1].load_pct, 40.1);
    near(p.r.pcpus[2].busy_pct, 100);
    near(p.r.pcpus[2].host_pct, 100);
    near(p.r.pcpus[3].load_pct, 0);
    for (int i = 0; i < 4; i++)
        assert_true(p.r.pcpus[i].known);
    end(&p);
}

static void demands_may_exceed_a_pcpu(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 1, 10);
    guest(&p, 1);
    for (int i = 0; i < 4; i++)
        vcpu(&p, "0", 2500, 7500);
    busy(&p, 0, 10000);
    count(&p);
    near(p.r.pcpus[0].guest_pct, 100);
    near(p.r.pcpus[0].host_pct, 0);
    near(p.r.pcpus[0].unmet_pct, 300);
    near(p.r.pcpus[0].load_pct, 400);
    end(&p);
}

static void floats_go_where_busy_time_is_unexplained(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 4, 10);
    guest(&p, 1);
    vcpu(&p, "0", 5000, 0);
    vcpu(&p, "0-3", 4000, 0);
    busy(&p, 0, 6000); /* unexplained 1000 */
    busy(&p, 1, 3000);
    busy(&p, 3, 1000);
    count(&p); /* 5000 unexplained for 4000 of the float: 4/5 of each; 1/5 is the host's */
    near(p.r.pcpus[0].guest_pct, 58);
    near(p.r.pcpus[0].host_pct, 2);
    near(p.r.pcpus[1].guest_pct, 24);
    near(p.r.pcpus[1].host_pct, 6);
    near(p.r.pcpus[2].guest_pct, 0);
    near(p.r.pcpus[3].guest_pct, 8);
    near(p.r.pcpus[3].host_pct, 2);
    near(p.r.pcpus[0].load_pct + p.r.pcpus[1].load_pct + p.r.pcpus[2].load_pct + p.r.pcpus[3].load_pct, 100);
    end(&p);
}

static void floats_keep_to_their_mask(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 4, 10);
    guest(&p, 1);
    vcpu(&p, "1-2", 2000, 0);
    vcpu(&p, NULL, 1000, 0);
    p.b.pcpus[2].isolated = true;
    p.b.pcpus[3].online = false;
    busy(&p, 2, 9000);
    count(&p);
    /* The first keeps off the isolated one; the second is split evenly, as there is no busy time in its reach. */
    near(p.r.pcpus[0].guest_pct, 5);
    near(p.r.pcpus[1].guest_pct, 25);
    near(p.r.pcpus[2].guest_pct, 0);
    near(p.r.pcpus[3].guest_pct, 0);
    end(&p);

    begin(&p, 4, 10);
    guest(&p, 1);
    vcpu(&p, "2-3", 4000, 0);
    p.b.pcpus[2].isolated = p.b.pcpus[3].isolated = true;
    busy(&p, 2, 3000);
    busy(&p, 3, 1000);
    count(&p); /* nothing but isolated ones to run on */
    near(p.r.pcpus[2].guest_pct, 30);
    near(p.r.pcpus[3].guest_pct, 10);
    end(&p);
}

/* The same guests in another order give the same pCPU figures. */
static void order_does_not_matter(void **state)
{
    static const char *const masks[] = {"0-1", "1-2", "0-3", "2", "1-3"};
    static const unsigned ms[] = {3000, 2000, 1000, 4000, 2500};
    struct pair p, q;

    (void)state;
    begin(&p, 4, 10);
    begin(&q, 4, 10);
    for (int i = 0; i < 5; i++) {
        guest(&p, 1 + i);
        vcpu(&p, masks[i], ms[i], 0);
        guest(&q, 5 - i);
        vcpu(&q, masks[4 - i], ms[4 - i], 0);
    }
    for (int cpu = 0; cpu < 4; cpu++) {
        busy(&p, cpu, 2000 + 1000 * (uint64_t)cpu);
        busy(&q, cpu, 2000 + 1000 * (uint64_t)cpu);
    }
    count(&p);
    count(&q);
    for (int cpu = 0; cpu < 4; cpu++) {
        near(p.r.pcpus[cpu].guest_pct, q.r.pcpus[cpu].guest_pct);
        near(p.r.pcpus[cpu].host_pct, q.r.pcpus[cpu].host_pct);
    }
    end(&p);
    end(&q);
}

static void a_guest_that_starts_is_no_host_work(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 2, 10);
    guest(&p, 1);
    vcpu(&p, "0", 1000, 0);
    guest(&p, 2);
    vcpu(&p, "1", 0, 0);
    p.a.n_guests = p.a.n_vcpus = 1; /* the second is new */
    p.b.vcpus[1].run_ns = 6000 * MS;
    busy(&p, 0, 1000);
    busy(&p, 1, 7000);
    count(&p);
    assert_false(p.r.guests[1].known);
    assert_false(p.r.vcpus[1].known);
    near(p.r.vcpus[1].run_pct, 60);
    near(p.r.pcpus[1].guest_pct, 60);
    near(p.r.pcpus[1].host_pct, 10);
    near(p.r.pcpus[1].load_pct, 70);
    p.b.vcpus[1].run_ns = 60 * SECOND; /* it ran before, where nobody looked: nothing can be said */
    count(&p);
    near(p.r.vcpus[1].run_pct, 0);
    near(p.r.pcpus[1].host_pct, 70);
    end(&p);
}

static void guests_come_and_go(void **state)
{
    struct pair p;
    struct snapshot_guest first;

    (void)state;
    begin(&p, 1, 10);
    for (int i = 1; i <= 6; i++) {
        guest(&p, i);
        vcpu(&p, "0", 100 * (unsigned)i, 0);
    }
    first = p.b.guests[0]; /* turn the later ones round: identity, not order, must count */
    for (int i = 0; i < 5; i++)
        p.b.guests[i] = p.b.guests[i + 1];
    p.b.guests[5] = first;
    p.a.guests[2].id = 99; /* guest 3 was another one then */
    count(&p);
    for (int v = 0; v < 6; v++) {
        assert_int_equal(p.r.vcpus[v].known, v != 2);
        if (v != 2)
            near(p.r.vcpus[v].run_pct, v + 1);
    }
    assert_false(p.r.guests[1].known);
    near(p.r.guests[5].run_pct, 1);
    end(&p);
}

static void vcpu_numbers_with_holes(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 1, 10);
    guest(&p, 1);
    for (unsigned i = 0; i < 4; i++)
        vcpu(&p, "0", 1000 + 1000 * i, 0);
    /* vCPU 1 was unplugged: 0, 2, 3 are left */
    p.b.vcpus[1] = p.b.vcpus[2];
    p.b.vcpus[2] = p.b.vcpus[3];
    p.b.n_vcpus = p.b.guests[0].n_vcpus = 3;
    count(&p);
    near(p.r.vcpus[0].run_pct, 10);
    near(p.r.vcpus[1].run_pct, 30);
    near(p.r.vcpus[2].run_pct, 40);
    end(&p);
}

static void pcpus_without_times(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 3, 10);
    guest(&p, 1);
    vcpu(&p, "0", 3000, 0);
    vcpu(&p, "1", 2000, 0);
    p.a.pcpus[0].has_times = false;
    p.b.pcpus[1].busy_ns -= SECOND; /* went back: it was offline */
    p.b.pcpus[2].has_times = false;
    count(&p);
    for (int i = 0; i < 3; i++) {
        assert_false(p.r.pcpus[i].known);
        near(p.r.pcpus[i].host_pct, 0);
    }
    near(p.r.pcpus[0].busy_pct, 30);
    near(p.r.pcpus[0].load_pct, 30);
    near(p.r.pcpus[1].load_pct, 20);
    end(&p);
}

/* The kernel lets idle and iowait times step back by a tick; what was busy is known all the same. */
static void idle_time_that_steps_back(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 2, 10);
    busy(&p, 0, 9800);
    p.b.pcpus[0].idle_ns = p.a.pcpus[0].idle_ns - SECOND / 100;
    count(&p);
    assert_true(p.r.pcpus[0].known);
    near(p.r.pcpus[0].busy_pct, 98);
    near(p.r.pcpus[0].load_pct, 98);
    end(&p);
}

static void deviation_over_usable_pcpus(void **state)
{
    struct pair p;

    (void)state;
    begin(&p, 6, 10);
    busy(&p, 0, 2000);
    busy(&p, 1, 4000);
    busy(&p, 2, 4000);
    busy(&p, 3, 6000);
    busy(&p, 4, 10000);
    busy(&p, 5, 10000);
    p.b.pcpus[4].isolated = true;
    p.b.pcpus[5].refuses = true;
    count(&p); /* 20, 40, 40, 60: mean 40, variance (400 + 0 + 0 + 400) / 4 */
    near(p.r.sd_pct, sqrt(200));
    for (int i = 0; i < 4; i++)
        p.b.pcpus[i].online = false;
    count(&p);
    near(p.r.sd_pct, -1);
    end(&p);
}

/* Whatever the counters say, no figure is negative, not a number or beyond its range. */
static void random_figures_make_sense(void **state)
{
    (void)state;
    srand(3);
    for (int round = 0; round < 2000; round++) {
        struct pair p;
        int pcpus = 1 + rand() % 9, guests = rand() % 6;

        begin(&p, pcpus, 0.001 * (1 + rand() % 3000));
        for (int cpu = 0; cpu < pcpus; cpu++) {
            busy(&p, cpu, (uint64_t)(rand() % 4000));
            p.b.pcpus[cpu].online = rand() % 8 != 0;
            p.b.pcpus[cpu].isolated = rand() % 8 == 0;
            p.a.pcpus[cpu].has_times = rand() % 8 != 0;
        }
        for (int g = 0; g < guests; g++) {
            guest(&p, g + 1);
            p.b.guests[g].vcpu_quota_pct = rand() % 4 ? 0 : rand() % 120;
            p.b.guests[g].guest_quota_pct = rand() % 4 ? 0 : rand() % 300;
            for (int v = rand() % 4; v >= 0; v--) {
                char list[16];

                snprintf(list, sizeof(list), "%d-%d", rand() % pcpus, pcpus - 1);
                vcpu(&p, rand() % 6 ? list : NULL, (uint64_t)(rand() % 400) * 10, (uint64_t)(rand() % 4000));
            }
        }
        count(&p);
        for (int v = 0; v < p.b.n_vcpus; v++) {
            assert_true(p.r.vcpus[v].demand_pct >= 0 && p.r.vcpus[v].demand_pct <= 100);
            assert_true(p.r.vcpus[v].run_pct >= 0 && p.r.vcpus[v].run_pct <= 100);
            assert_true(p.r.vcpus[v].wait_pct >= 0 && p.r.vcpus[v].wait_pct <= 100);
        }
        for (int i = 0; i < pcpus; i++) {
            const struct rates_pcpu *c = &p.r.pcpus[i];

            assert_true(c->busy_pct >= 0 && c->busy_pct <= 100);
            assert_true(c->guest_pct >= 0 && c->guest_pct <= c->busy_pct + 1e-9);
            assert_true(c->host_pct >= 0 && c->host_pct <= 100);
            assert_true(c->unmet_pct >= 0 && c->load_pct >= 0);
            near(c->host_pct + c->guest_pct, c->busy_pct);
            assert_true(isfinite(c->load_pct));
        }
        end(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demand_is_run_over_time_not_waited),
        cmocka_unit_test(without_delay_demand_is_run),
        cmocka_unit_test(unknown_where_figures_say_nothing),
        cmocka_unit_test(unknown_without_time),
        cmocka_unit_test(quotas_cap_demand),
        cmocka_unit_test(host_work_is_what_guests_leave),
        cmocka_unit_test(demands_may_exceed_a_pcpu),
        cmocka_unit_test(floats_go_where_busy_time_is_unexplained),
        cmocka_unit_test(floats_keep_to_their_mask),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(a_guest_that_starts_is_no_host_work),
        cmocka_unit_test(guests_come_and_go),
        cmocka_unit_test(vcpu_numbers_with_holes),
        cmocka_unit_test(pcpus_without_times),
        cmocka_unit_test(idle_time_that_steps_back),
        cmocka_unit_test(deviation_over_usable_pcpus),
        cmocka_unit_test(random_figures_make_sense),
    };

    return cmocka_run_group_tests_name("rates", tests, NULL, NULL);
}
