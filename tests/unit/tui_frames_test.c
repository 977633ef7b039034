/* What the screen remembers of each pCPU and vCPU. */
#include "ui/tui/tui_frames.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A report of two pCPUs and so many guests of one vCPU each, at a second. */
static void make_report(struct report *r, int guests, uint64_t second, double pct)
{
    snapshot_reset(&r->snapshot, 4);
    r->snapshot.taken_ns = second * 1000000000u;
    free(r->live.pcpus);
    free(r->live.vcpus);
    r->live.pcpus = calloc(2, sizeof(*r->live.pcpus));
    r->live.vcpus = calloc((size_t)guests + 1, sizeof(*r->live.vcpus));
    assert_true(r->live.pcpus && r->live.vcpus);
    r->live.n_pcpus = 2;
    r->live.n_vcpus = guests;
    for (int i = 0; i < 2; i++) {
        snapshot_add_pcpu(&r->snapshot)->number = 2 * i + 1;
        r->live.pcpus[i] = (struct rates_pcpu){.known = true, .load_pct = pct + 100 * i, .guest_pct = pct};
    }
    for (int i = 0; i < guests; i++) {
        struct snapshot_guest *g = snapshot_add_guest(&r->snapshot);

        memset(g->uuid, i + 1, sizeof(g->uuid));
        snapshot_add_vcpu(&r->snapshot)->number = 7;
        r->live.vcpus[i] = (struct rates_vcpu){.known = true, .demand_pct = pct, .run_pct = pct / 2, .wait_pct = 3};
    }
}

static void free_report(struct report *r)
{
    snapshot_free(&r->snapshot);
    free(r->live.pcpus);
    free(r->live.vcpus);
}

static void near(double a, double b)
{
    assert_true(a > b - 1.1 && a < b + 1.1);
}

static void what_was_is_found_by_number(void **state)
{
    struct tui_frames f = {0};
    struct report r = {0};
    uint8_t first[SNAPSHOT_UUID_BYTES], second[SNAPSHOT_UUID_BYTES];
    const struct tui_track *t;

    (void)state;
    memset(first, 1, sizeof(first));
    memset(second, 2, sizeof(second));
    make_report(&r, 2, 1, 20);
    assert_int_equal(tui_frames_note(&f, &r), 0);
    make_report(&r, 1, 2, 60); /* the second guest is gone */
    assert_int_equal(tui_frames_note(&f, &r), 0);
    t = tui_frames_pcpu(&f, 3);
    assert_non_null(t);
    near(tui_frames_pct(t, TUI_FRAME_LOAD, tui_frames_slot(&f, 0)), 160);
    near(tui_frames_pct(t, TUI_FRAME_LOAD, tui_frames_slot(&f, 1)), 120);
    near(tui_frames_pct(t, TUI_FRAME_RUN, tui_frames_slot(&f, 0)), 60);
    assert_null(tui_frames_pcpu(&f, 2));
    t = tui_frames_vcpu(&f, first, 7);
    assert_non_null(t);
    near(tui_frames_pct(t, TUI_FRAME_DEMAND, tui_frames_slot(&f, 0)), 60);
    near(tui_frames_pct(t, TUI_FRAME_WAIT, tui_frames_slot(&f, 1)), 3);
    t = tui_frames_vcpu(&f, second, 7);
    assert_non_null(t);
    assert_true(tui_frames_pct(t, TUI_FRAME_DEMAND, tui_frames_slot(&f, 0)) < 0);
    near(tui_frames_pct(t, TUI_FRAME_DEMAND, tui_frames_slot(&f, 1)), 20);
    assert_null(tui_frames_vcpu(&f, first, 6));
    assert_int_equal(tui_frames_slot(&f, 2), -1);
    make_report(&r, 1, 1000, 60); /* by then it is forgotten */
    assert_int_equal(tui_frames_note(&f, &r), 0);
    assert_null(tui_frames_vcpu(&f, second, 7));
    tui_frames_free(&f);
    free_report(&r);
}

static void moves_are_marked_where_they_were(void **state)
{
    struct tui_frames f = {0};
    struct report r = {0};
    struct plan p = {0};
    struct plan_action *a;
    int slot;

    (void)state;
    make_report(&r, 2, 1, 20);
    assert_int_equal(tui_frames_note(&f, &r), 0);
    plan_reset(&p, 4);
    a = plan_add_action(&p, PLAN_PIN, &r.snapshot, 1);
    assert_non_null(a);
    a->vcpu = 7;
    a->from_cpu = 1;
    a->to_cpu = 3;
    tui_frames_mark(&f, &p); /* not done: nothing was moved */
    slot = tui_frames_slot(&f, 0);
    assert_int_equal(tui_frames_pcpu(&f, 1)->moved[slot], 0);
    a->result = PLAN_DONE;
    tui_frames_mark(&f, &p);
    assert_int_equal(tui_frames_pcpu(&f, 1)->moved[slot], 1);
    assert_int_equal(tui_frames_pcpu(&f, 3)->moved[slot], 1);
    assert_int_equal(tui_frames_vcpu(&f, r.snapshot.guests[1].uuid, 7)->moved[slot], 1);
    assert_int_equal(tui_frames_vcpu(&f, r.snapshot.guests[0].uuid, 7)->moved[slot], 0);
    plan_free(&p);
    tui_frames_free(&f);
    free_report(&r);
}

static void the_ring_keeps_the_youngest(void **state)
{
    struct tui_frames f = {0};
    struct report r = {0};

    (void)state;
    for (uint64_t i = 1; i <= TUI_FRAMES + 10; i++) {
        make_report(&r, 1, i, (double)(i % 100));
        assert_int_equal(tui_frames_note(&f, &r), 0);
    }
    assert_int_equal(f.n, TUI_FRAMES);
    assert_int_equal(f.ns[tui_frames_slot(&f, 0)] / 1000000000u, TUI_FRAMES + 10);
    assert_int_equal(f.ns[tui_frames_slot(&f, TUI_FRAMES - 1)] / 1000000000u, 11);
    tui_frames_free(&f);
    free_report(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_is_found_by_number),
        cmocka_unit_test(moves_are_marked_where_they_were),
        cmocka_unit_test(the_ring_keeps_the_youngest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
