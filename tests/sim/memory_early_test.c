/*
 * What can't wait for the next decision, on simulated hosts, with needs that begin at any moment between two: a step is
 * answered within two seconds, fast growth swaps next to nothing, and steady growth finds every guest ready for it,
 * however small it was when it was first seen.
 */
#include "tests/sim/memory_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const double unused_floor_mib = 100, settle_s = 120;

struct one {
    struct memory_sim *sim;
    struct memory_run run;
    int g;
    struct memory_load load;
    double begins_s;   /* on the simulator's clock */
    double answered_s; /* so long after that it had the size for all that it wanted; < 0: not yet */
};

static double happens(struct memory_sim *sim, void *user)
{
    struct one *o = user;
    double now = memory_sim_now(sim);
    struct memory_truth t;

    if (now < o->begins_s)
        return o->begins_s;
    if (o->load.kind != MEMORY_HOLD) {
        memory_sim_load(sim, o->g, &o->load);
        o->load.kind = MEMORY_HOLD;
        return now + 0.1;
    }
    t = memory_sim_truth(sim, o->g);
    if (o->answered_s < 0 && t.size - (t.used - t.anon) >= t.goal)
        o->answered_s = now - o->begins_s;
    return now + 0.1;
}

/* One guest that has come to rest; the load begins so long after a decision. */
static void begin(struct one *o, struct memory_sim_guest guest, struct memory_load load, double interval_s,
                  double offset_s)
{
    *o = (struct one){.sim = memory_sim_new(&(struct memory_sim_host){.total_mib = 32768, .own_mib = 1024, .seed = 1}),
                      .load = load,
                      .answered_s = -1};
    guest.name = "vm";
    o->g = memory_sim_add(o->sim, &guest);
    memory_sim_run(o->sim, 5);
    o->run.happens = happens;
    o->run.happens_user = o;
    o->begins_s = 1e9;
    memory_run_start(&o->run, o->sim, &coordinator_policy, NULL, interval_s);
    memory_run_steps(&o->run, (unsigned)(settle_s / interval_s));
    o->begins_s = memory_sim_now(o->sim) + offset_s;
    o->run.happens_next_s = o->begins_s;
    memory_run_measure_from_here(&o->run);
}

static void end(struct one *o)
{
    if (o->run.broken)
        print_message("# %s\n", o->run.first_broken);
    assert_int_equal(o->run.broken, 0);
    memory_run_end(&o->run);
    memory_sim_free(o->sim);
}

/* 500 MiB at once, decided every 12 s: its balloon has given way to all of that within two seconds. */
static void a_step_is_answered_within_two_seconds(void **state)
{
    (void)state;
    for (double offset_s = 0.1; offset_s < 12; offset_s += 1.7) {
        struct one o;

        begin(&o, (struct memory_sim_guest){.size_mib = 512, .max_mib = 2048, .swap_mib = 1024},
              (struct memory_load){.kind = MEMORY_STEP, .limit_mib = 500}, 12, offset_s);
        memory_run_steps(&o.run, 3);
        if (o.answered_s < 0 || o.answered_s > 2)
            print_message("# %.1f s after a decision: answered after %.1f s\n", offset_s, o.answered_s);
        assert_true(o.answered_s >= 0 && o.answered_s <= 2);
        end(&o);
    }
}

static void fast_growth_swaps_next_to_nothing(void **state)
{
    (void)state;
    for (double offset_s = 0.1; offset_s < 4; offset_s += 0.7) {
        struct one o;

        begin(&o, (struct memory_sim_guest){.size_mib = 512, .max_mib = 8192, .swap_mib = 4096},
              (struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 200, .limit_mib = 4000}, 4, offset_s);
        memory_run_steps(&o.run, 15);
        if (o.run.swapped_in > 100)
            print_message("# %.1f s after a decision: %.0f MiB swapped in\n", offset_s, o.run.swapped_in);
        assert_true(o.run.swapped_in <= 100);
        assert_true(memory_sim_truth(o.sim, o.g).anon >= 3990);
        end(&o);
    }
}

static void steady_growth_breaks_no_floor_whatever_the_size(void **state)
{
    (void)state;
    for (double size_mib = 256; size_mib <= 1536; size_mib += 256)
        for (double offset_s = 0.1; offset_s < 12; offset_s += 2.9) {
            struct one o;

            begin(&o, (struct memory_sim_guest){.size_mib = size_mib, .max_mib = 2048},
                  (struct memory_load){.kind = MEMORY_GROW, .rate_mib_s = 20, .limit_mib = 1700}, 12, offset_s);
            memory_run_steps(&o.run, 10);
            if (o.run.lowest_unused < unused_floor_mib)
                print_message("# from %.0f MiB, %.1f s after a decision: %.0f MiB unused\n", size_mib, offset_s,
                              o.run.lowest_unused);
            assert_int_equal(o.run.ooms, 0);
            assert_true(o.run.lowest_unused >= unused_floor_mib);
            assert_true(memory_sim_truth(o.sim, o.g).anon >= 1699);
            end(&o);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_answered_within_two_seconds),
        cmocka_unit_test(fast_growth_swaps_next_to_nothing),
        cmocka_unit_test(steady_growth_breaks_no_floor_whatever_the_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
