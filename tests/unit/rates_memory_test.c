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
        cmocka_unit_test(counters_tell_of_the_time_between_reports),
        cmocka_unit_test(memory_used),
    };

    return cmocka_run_group_tests_name("rates of memory", tests, NULL, NULL);
}
