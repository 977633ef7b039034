/*
 * Guests that are idle until their loads begin, at any moment of an interval: the classic situations and some more,
 * every 2, 4 and 12 s. Balanced within five intervals, for good, with few pins.
 */
#include "tests/sim/cpu_scenarios.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SEEDS = 8, QUIET_INTERVALS = 4, IN_TIME_INTERVALS = 5, STABLE_INTERVALS = 25 };

static const double intervals_s[] = {2.0, 4.0, 12.0};

struct situation {
    int n_pcpus, guests;
    int spread;                  /* over so many pCPUs they are pinned; 0: they float */
    struct cpu_load load, other; /* of every other guest */
    int loops;                   /* processes of the host that never stop, and float */
    int moves, adoptions;        /* at most */
    int late;                    /* pins later on, at most */
    bool floats_on;              /* nothing is pinned, however uneven */
};

static struct cpu_sim *make(const struct situation *s, double begin_s, uint64_t seed)
{
    struct cpu_sim *sim = cpu_plain_host(s->n_pcpus, seed);
    const struct cpu_load busy = cpu_busy();

    for (int i = 0; i < s->guests; i++)
        cpu_add_guests(sim, 1, 1, s->spread ? i / 2 % s->spread : CPU_SIM_FLOAT, i % 2 ? s->other : s->load);
    for (int i = 0; i < s->loops; i++)
        cpu_sim_add_process(sim, &busy);
    cpu_sim_begin_at(sim, begin_s, 0.5);
    return sim;
}

static void check(const struct situation *s, double interval_s, uint64_t seed)
{
    struct cpu_random random = {.state = seed};
    /* Half a second from the first to the last, and all within one interval. */
    double begin_s = interval_s * QUIET_INTERVALS + (interval_s - 0.5) * cpu_random_unit(&random);
    struct cpu_run *run = cpu_run_new(make(s, begin_s, seed), &scheduler_policy, NULL, interval_s);
    int pins;

    cpu_run_steps(run, QUIET_INTERVALS);
    if (s->spread && cpu_sim_pins(run->sim))
        fail_msg("every %.0f s, seed %d: idle guests were pinned", interval_s, (int)seed);
    cpu_run_steps(run, 1 + IN_TIME_INTERVALS);
    if (run->broken)
        fail_msg("every %.0f s, seed %d: %s", interval_s, (int)seed, run->broken_text);
    if (!s->floats_on && run->sd_guests > 5.0)
        fail_msg("every %.0f s, seed %d: sd %.1f after %d intervals", interval_s, (int)seed, run->sd_guests,
                 IN_TIME_INTERVALS);
    pins = cpu_sim_pins(run->sim);
    cpu_run_steps(run, STABLE_INTERVALS);
    if (cpu_sim_pins(run->sim) > pins + s->late)
        fail_msg("every %.0f s, seed %d: %d pins more later on", interval_s, (int)seed, cpu_sim_pins(run->sim) - pins);
    if (run->moves > s->moves + s->late || run->adoptions > s->adoptions)
        fail_msg("every %.0f s, seed %d: %d moves and %d adoptions", interval_s, (int)seed, run->moves, run->adoptions);
    cpu_run_free(run);
}

static void check_all(const struct situation *s)
{
    for (int i = 0; i < 3; i++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            check(s, intervals_s[i], seed);
}

static void all_on_one_pcpu(void **state)
{
    (void)state;
    check_all(&(struct situation){
        .n_pcpus = 4, .guests = 8, .spread = 1, .load = cpu_closed(0.24), .other = cpu_closed(0.24), .moves = 8});
}

/* What two want that never sleep on one pCPU can't be seen, at least half of it each: they may change places once. */
static void all_busy_on_one_pcpu(void **state)
{
    (void)state;
    check_all(&(struct situation){
        .n_pcpus = 4, .guests = 8, .spread = 1, .load = cpu_busy(), .other = cpu_busy(), .moves = 6, .late = 2});
}

static void half_on_one_half_on_another(void **state)
{
    (void)state;
    check_all(&(struct situation){
        .n_pcpus = 4, .guests = 8, .spread = 2, .load = cpu_closed(0.24), .other = cpu_closed(0.24), .moves = 6});
}

static void balanced_already(void **state)
{
    (void)state;
    check_all(&(struct situation){
        .n_pcpus = 4, .guests = 8, .spread = 4, .load = cpu_closed(0.24), .other = cpu_closed(0.24)});
}

static void floating(void **state)
{
    (void)state;
    check_all(&(struct situation){
        .n_pcpus = 4, .guests = 8, .spread = 0, .load = cpu_closed(0.24), .other = cpu_closed(0.24), .adoptions = 8});
}

static void floating_heavy_and_light(void **state)
{
    (void)state;
    check_all(&(struct situation){.n_pcpus = 4,
                                  .guests = 8,
                                  .spread = 0,
                                  .load = cpu_closed(0.45),
                                  .other = cpu_closed(0.15),
                                  .adoptions = 8,
                                  .moves = 2});
}

static void open_on_one_pcpu(void **state)
{
    (void)state;
    check_all(&(struct situation){
        .n_pcpus = 4, .guests = 8, .spread = 1, .load = cpu_open(0.24), .other = cpu_open(0.24), .moves = 8});
}

static void open_heavy_beside_closed_light(void **state)
{
    (void)state;
    check_all(&(struct situation){
        .n_pcpus = 4, .guests = 8, .spread = 2, .load = cpu_open(0.45), .other = cpu_closed(0.15), .moves = 8});
}

/* Each pCPU has two of a kind that stay together, beside two loops that the kernel puts wherever there is room. */
static void on_one_pcpu_beside_two_loops(void **state)
{
    (void)state;
    check_all(&(struct situation){.n_pcpus = 2,
                                  .guests = 4,
                                  .spread = 1,
                                  .load = cpu_busy(),
                                  .other = cpu_busy(),
                                  .loops = 2,
                                  .moves = 2,
                                  .late = 2});
}

/* Pinned two to one they would get half a pCPU, half and a whole one; floating they get two thirds each. */
static void three_busy_on_two_pcpus_float_on(void **state)
{
    (void)state;
    check_all(&(struct situation){
        .n_pcpus = 2, .guests = 3, .spread = 0, .load = cpu_busy(), .other = cpu_busy(), .floats_on = true});
}

/* All light, two a pCPU; 8 s later both guests of one pCPU turn heavy. */
static void two_on_one_pcpu_turn_heavy(void **state)
{
    const struct cpu_load heavy = cpu_closed(0.7);

    (void)state;
    for (int i = 0; i < 3; i++) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct situation s = {
                .n_pcpus = 2, .guests = 4, .spread = 2, .load = cpu_closed(0.13), .other = cpu_closed(0.13)};
            struct cpu_sim *sim = make(&s, 2.7, seed);
            struct cpu_run *run = cpu_run_new(sim, &scheduler_policy, NULL, intervals_s[i]);
            int pins;

            for (int guest = 0; guest < 2; guest++)
                cpu_sim_set_load_at(sim, 10.7, guest, -1, &heavy);
            while (cpu_sim_now(sim) < 10.7 + IN_TIME_INTERVALS * intervals_s[i])
                cpu_run_step(run);
            if (run->sd_load > 5.0)
                fail_msg("every %.0f s, seed %d: sd %.1f", intervals_s[i], (int)seed, run->sd_load);
            pins = cpu_sim_pins(sim);
            cpu_run_steps(run, STABLE_INTERVALS);
            assert_int_equal(cpu_sim_pins(sim), pins);
            assert_in_range(pins, 2, 4);
            cpu_run_free(run);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_on_one_pcpu),
        cmocka_unit_test(all_busy_on_one_pcpu),
        cmocka_unit_test(half_on_one_half_on_another),
        cmocka_unit_test(balanced_already),
        cmocka_unit_test(floating),
        cmocka_unit_test(floating_heavy_and_light),
        cmocka_unit_test(open_on_one_pcpu),
        cmocka_unit_test(open_heavy_beside_closed_light),
        cmocka_unit_test(on_one_pcpu_beside_two_loops),
        cmocka_unit_test(three_busy_on_two_pcpus_float_on),
        cmocka_unit_test(two_on_one_pcpu_turn_heavy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
