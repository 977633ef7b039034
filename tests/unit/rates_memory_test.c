#include "tests/unit/rates_pair.h"

#include <stdlib.h>

/* The host has one pCPU and one guest. */
static void begin_guest(struct pair *p, double seconds)
{
    begin(p, 1, seconds);
    if (!snapshot_add_guest(&p->a) || !snapshot_add_guest(&p->b))
        abort();
}

static void memory_rates(void **state)
{
    struct pair p;
    struct snapshot_memory *a, *b;

    (void)state;
    begin_guest(&p, 4);
    a = &p.a.guests[0].memory;
    b = &p.b.guests[0].memory;
    a->has = b->has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_SWAP_IN | SNAPSHOT_HAS_SWAP_OUT |
                      SNAPSHOT_HAS_MAJOR_FAULTS;
    *a = (struct snapshot_memory){
        .has = a->has, .size_kib = 1000, .usable_kib = 600, .swap_in_kib = 10, .swap_out_kib = 20, .major_faults = 5};
    *b = (struct snapshot_memory){
        .has = a->has, .size_kib = 1000, .usable_kib = 200, .swap_in_kib = 50, .swap_out_kib = 28, .major_faults = 7};
    count(&p);
    assert_true(p.r.guests[0].has_swap && p.r.guests[0].has_faults && p.r.guests[0].has_used);
    near(p.r.guests[0].swap_in_kib_s, 10);
    near(p.r.guests[0].swap_out_kib_s, 2);
    near(p.r.guests[0].major_faults_s, 0.5);
    near(p.r.guests[0].used_kib_s, 100);
    b->usable_kib = 1000;
    b->swap_in_kib = 0; /* rebooted */
    b->major_faults = 0;
    count(&p);
    assert_false(p.r.guests[0].has_swap || p.r.guests[0].has_faults);
    near(p.r.guests[0].used_kib_s, -100);
    a->has &= ~(unsigned)SNAPSHOT_HAS_USABLE;
    count(&p);
    assert_false(p.r.guests[0].has_used);
    end(&p);
}

static void work_beside_the_vcpus(void **state)
{
    struct pair p;
    struct snapshot_work *a, *b;
    struct snapshot_vcpu *v, *w;

    (void)state;
    begin_guest(&p, 2);
    v = snapshot_add_vcpu(&p.a);
    w = snapshot_add_vcpu(&p.b);
    assert_true(v && w);
    v->online = w->online = v->has_run = w->has_run = v->has_poll = w->has_poll = true;
    w->run_ns = 1000000000; /* half of two seconds */
    w->poll_ns = 200000000;
    a = &p.a.guests[0].work;
    b = &p.b.guests[0].work;
    *a = (struct snapshot_work){.has = 31, .disk_read_bytes = 4096, .net_sent_bytes = 1024};
    *b = (struct snapshot_work){.has = 31,
                                .cpu_ns = 1600000000,
                                .disk_read_bytes = 4096 + 8192,
                                .disk_written_bytes = 2048,
                                .net_received_bytes = 20480,
                                .net_sent_bytes = 1024};
    count(&p);
    assert_true(p.r.guests[0].has_other && p.r.guests[0].has_disk && p.r.guests[0].has_net && p.r.guests[0].has_poll);
    near(p.r.guests[0].other_pct, 30);
    near(p.r.guests[0].poll_pct, 10);
    near(p.r.guests[0].run_pct, 40); /* without it, as the demand */
    near(p.r.vcpus[0].demand_pct, 40);
    near(p.r.guests[0].disk_read_kib_s, 4);
    near(p.r.guests[0].disk_written_kib_s, 1);
    near(p.r.guests[0].net_received_kib_s, 10);
    near(p.r.guests[0].net_sent_kib_s, 0);
    b->cpu_ns = 900000000;  /* less than its vCPU ran, as that is counted in steps */
    b->disk_read_bytes = 0; /* a disk was taken out */
    b->has &= ~(unsigned)SNAPSHOT_HAS_NET_SENT;
    count(&p);
    near(p.r.guests[0].other_pct, 0);
    assert_false(p.r.guests[0].has_disk || p.r.guests[0].has_net);
    w->poll_ns = 9000000000; /* no more of it than it ran */
    count(&p);
    near(p.r.guests[0].poll_pct, 50);
    w->has_poll = false;
    b->has = 0;
    count(&p);
    assert_false(p.r.guests[0].has_other || p.r.guests[0].has_poll);
    end(&p);
}

/* Counters of a guest that reports seldom, or hadn't reported for long, stand still and then jump: by what has come to
 * pass since the report before, not in this interval. */
static void counters_tell_of_the_time_between_reports(void **state)
{
    struct pair p;
    struct snapshot_memory *a, *b;

    (void)state;
    begin_guest(&p, 2);
    a = &p.a.guests[0].memory;
    b = &p.b.guests[0].memory;
    a->has = b->has =
        SNAPSHOT_HAS_SWAP_IN | SNAPSHOT_HAS_SWAP_OUT | SNAPSHOT_HAS_MAJOR_FAULTS | SNAPSHOT_HAS_LAST_UPDATE;
    b->swap_in_kib = 500;
    b->swap_out_kib = 200;
    b->major_faults = 1000;
    a->last_update_s = 5000;
    b->last_update_s = 5100;
    count(&p);
    near(p.r.guests[0].swap_in_kib_s, 5);
    near(p.r.guests[0].swap_out_kib_s, 2);
    near(p.r.guests[0].major_faults_s, 10);
    /* Whole seconds: reports may be further apart than they look, and clocks may be set back. */
    for (int i = 0; i < 2; i++) {
        b->last_update_s = i ? 4000 : 5001;
        count(&p);
        near(p.r.guests[0].swap_in_kib_s, 250);
    }
    b->last_update_s = 5100;
    a->has &= ~(unsigned)SNAPSHOT_HAS_LAST_UPDATE;
    count(&p);
    near(p.r.guests[0].swap_in_kib_s, 250);
    end(&p);
}

static void memory_used(void **state)
{
    struct snapshot_memory m = {.size_kib = 1000, .usable_kib = 700, .unused_kib = 300, .disk_caches_kib = 500};
    uint64_t used = 0;

    (void)state;
    assert_false(rates_memory_used(&m, &used));
    m.has = SNAPSHOT_HAS_SIZE;
    assert_false(rates_memory_used(&m, &used));
    m.has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_DISK_CACHES;
    assert_false(rates_memory_used(&m, &used));
    m.has = SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_UNUSED;
    assert_false(rates_memory_used(&m, &used));
    m.has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_UNUSED;
    assert_true(rates_memory_used(&m, &used));
    assert_int_equal(used, 700);
    m.has |= SNAPSHOT_HAS_DISK_CACHES;
    assert_true(rates_memory_used(&m, &used));
    assert_int_equal(used, 450);
    m.has |= SNAPSHOT_HAS_USABLE;
    assert_true(rates_memory_used(&m, &used));
    assert_int_equal(used, 300);
    m.usable_kib = 2000; /* the balloon has shrunk since the guest reported */
    assert_true(rates_memory_used(&m, &used));
    assert_int_equal(used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_rates),
        cmocka_unit_test(work_beside_the_vcpus),
        cmocka_unit_test(counters_tell_of_the_time_between_reports),
        cmocka_unit_test(memory_used),
    };

    return cmocka_run_group_tests_name("rates of memory", tests, NULL, NULL);
}
