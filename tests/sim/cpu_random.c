#include "tests/sim/cpu_random.h"

#include "tests/sim/cpu_run.h"
#include "tests/sim/cpu_scenarios.h"
#include "tests/sim/least_sd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BALANCED_SD_PCT 5.0
/* Where even the best placement has nearly that, the next best one has more, and may not be worth leaving. */
#define CLEAR_SD_PCT 4.0
/* Within so many intervals a change is to be balanced; from the third one on its deviation counts. */
#define IN_TIME_INTERVALS 5.0
#define EXCESS_FROM_INTERVALS 2.0
#define IDLE_SHARE 0.003

enum { PCPUS_MOST = 8, VCPUS_MOST = 3 * PCPUS_MOST, CHANGES_MOST = 16 };

struct vcpu {
    int guest, number;
    struct cpu_load load;
};

/* What is true from a change on, and what is seen until the next. */
struct stretch {
    double from_s, until_s;
    double share;        /* asked for by all vCPUs together, of a pCPU */
    double best_sd;      /* of the best placement, in points */
    double uneven_s;     /* when it was last seen out of balance */
    double last_sd, sum; /* sum: of sd - best sd */
    int looks;           /* summed */
};

struct game {
    const struct cpu_random_host *host;
    struct cpu_random random;
    int n_pcpus, n_vcpus;
    double background[PCPUS_MOST]; /* shares */
    double full;                   /* share of the pCPUs that all loads together take at most */
    struct vcpu vcpus[VCPUS_MOST];
    struct stretch stretches[CHANGES_MOST];
    int now; /* the present stretch; -1: before the first change */
};

static double between(struct game *game, double low, double high)
{
    return low + (high - low) * cpu_random_unit(&game->random);
}

static int whole_between(struct game *game, int low, int high)
{
    return low + (int)(cpu_random_unit(&game->random) * (high - low + 1));
}

static bool chance(struct game *game, double of)
{
    return cpu_random_unit(&game->random) < of;
}

/* Pieces of work and pauses of 20 to 200 ms together. */
static struct cpu_load draw_load(struct game *game)
{
    enum cpu_random_loads loads = game->host->loads;
    struct cpu_load load = chance(game, 0.5) ? cpu_closed(0.0) : cpu_open(0.0);

    if (loads == CPU_RANDOM_CLOSED)
        load = cpu_closed(0.0);
    if (loads == CPU_RANDOM_OPEN)
        load = cpu_open(0.0);
    load.share = between(game, 0.05, 0.45);
    load.period_s = between(game, 0.02, 0.2);
    if (loads == CPU_RANDOM_IDLE_AND_BUSY && chance(game, 0.25))
        load.share = IDLE_SHARE;
    else if (loads == CPU_RANDOM_IDLE_AND_BUSY && chance(game, 0.11))
        load = cpu_busy();
    return load;
}

static double host_share(const struct game *game)
{
    double share = 0.0;

    for (int p = 0; p < game->n_pcpus; p++)
        share += game->background[p];
    return share;
}

static double asked_share(const struct game *game)
{
    double share = 0.0;

    for (int v = 0; v < game->n_vcpus; v++)
        share += game->vcpus[v].load.share;
    return share;
}

/* Loads that would together be more than the host is to carry are made smaller. */
static void change(struct game *game, struct cpu_sim *sim, struct stretch *s)
{
    double part = chance(game, 0.3) || s == game->stretches ? 1.0 : between(game, 0.2, 0.7);
    double room = game->full * game->n_pcpus - host_share(game), demands[VCPUS_MOST], background[PCPUS_MOST], scale;
    bool drawn[VCPUS_MOST] = {false};

    for (int v = 0; v < game->n_vcpus; v++) {
        drawn[v] = chance(game, part);
        if (drawn[v])
            game->vcpus[v].load = draw_load(game);
    }
    scale = fmin(fmax(room / fmax(asked_share(game), IDLE_SHARE), 0.2), 1.0);
    for (int v = 0; v < game->n_vcpus; v++) {
        struct vcpu *vcpu = &game->vcpus[v];

        if (drawn[v] && vcpu->load.kind != CPU_LOAD_BUSY && vcpu->load.share > IDLE_SHARE)
            vcpu->load.share *= scale;
        if (drawn[v])
            cpu_sim_set_load_at(sim, s->from_s, vcpu->guest, vcpu->number, &vcpu->load);
        demands[v] = 100.0 * vcpu->load.share;
    }
    for (int p = 0; p < game->n_pcpus; p++)
        background[p] = 100.0 * game->background[p];
    s->share = asked_share(game);
    s->best_sd = least_sd(background, game->n_pcpus, demands, game->n_vcpus);
    s->uneven_s = s->from_s;
}

static struct cpu_sim *make_host(struct game *game)
{
    struct cpu_sim *sim;
    bool some = chance(game, 0.5), stacked = chance(game, 0.25), floats = chance(game, 0.25);
    int wanted;

    game->n_pcpus = whole_between(game, 2, PCPUS_MOST);
    wanted = whole_between(game, game->n_pcpus, 3 * game->n_pcpus);
    game->full = between(game, 0.35, 0.7);
    sim = cpu_plain_host(game->n_pcpus, game->host->seed);
    while (game->n_vcpus < wanted) {
        bool floating = floats || (some && chance(game, 0.5));
        int size = chance(game, 0.2) ? whole_between(game, 2, 4) : 1;
        int last = stacked ? game->n_pcpus / 2 : game->n_pcpus - 1, guest, pin;

        size = size < wanted - game->n_vcpus ? size : wanted - game->n_vcpus;
        pin = floating ? CPU_SIM_FLOAT : whole_between(game, 0, last);
        guest = cpu_add_guests(sim, 1, size, game->host->floats ? CPU_SIM_FLOAT : pin,
                               (struct cpu_load){.kind = CPU_LOAD_CLOSED, .share = IDLE_SHARE});
        for (int v = 0; v < size; v++)
            game->vcpus[game->n_vcpus++] = (struct vcpu){.guest = guest, .number = v, .load = cpu_closed(IDLE_SHARE)};
    }
    if (!chance(game, 0.2))
        return sim;
    for (int p = 0; p < game->n_pcpus; p++) {
        struct cpu_load load = cpu_open(chance(game, 0.5) ? between(game, 0.03, 0.2) : 0.0);

        load.period_s = 0.01;
        game->background[p] = load.share;
        cpu_sim_set_background(sim, p, &load);
    }
    return sim;
}

/* All changes are arranged beforehand: what a policy does has no influence on them. */
static void arrange(struct game *game, struct cpu_sim *sim)
{
    double interval_s = game->host->interval_s;
    double at_s = cpu_sim_now(sim) + interval_s * between(game, 2.0, 5.0);

    for (int k = 0; k < game->host->changes; k++) {
        game->stretches[k].from_s = at_s;
        at_s += interval_s * between(game, 20.0, 30.0);
        game->stretches[k].until_s = at_s;
        change(game, sim, &game->stretches[k]);
    }
}

static void look(struct cpu_run *run, void *context)
{
    struct game *game = context;
    double now_s = cpu_sim_now(run->sim), loads[PCPUS_MOST], sd;
    struct stretch *s;

    while (game->now + 1 < game->host->changes && game->stretches[game->now + 1].from_s <= now_s)
        game->now++;
    if (game->now < 0 || now_s > game->stretches[game->now].until_s)
        return;
    s = &game->stretches[game->now];
    for (int p = 0; p < game->n_pcpus; p++)
        loads[p] = cpu_sim_true_load_pct(run->sim, p);
    sd = cpu_run_sd(loads, game->n_pcpus);
    s->last_sd = sd;
    if (sd > BALANCED_SD_PCT)
        s->uneven_s = now_s;
    if (now_s >= s->from_s + EXCESS_FROM_INTERVALS * game->host->interval_s) {
        s->sum += sd - s->best_sd;
        s->looks++;
    }
}

static void judge(const struct game *game, const struct stretch *s, struct cpu_random_score *score)
{
    double after = (s->uneven_s - s->from_s) / game->host->interval_s, excess = s->looks ? s->sum / s->looks : 0.0;
    double capacity = game->n_pcpus - host_share(game);
    bool possible = s->best_sd <= BALANCED_SD_PCT;

    score->changes++;
    score->most_work_s += fmin(s->share, capacity) * (s->until_s - s->from_s);
    if (game->host->loud)
        printf("  change at %.1f s: asked %.0f %%, best sd %.1f, uneven for %.1f intervals, sd %.1f at the end, %.1f "
               "above "
               "the best%s\n",
               s->from_s, 100.0 * s->share / game->n_pcpus, s->best_sd, after, s->last_sd, excess,
               possible ? "" : " (no balance possible)");
    if (!possible)
        return;
    score->possible++;
    score->in_time += after <= IN_TIME_INTERVALS;
    score->at_end += s->last_sd <= BALANCED_SD_PCT;
    score->excess += excess;
    score->clear += s->best_sd <= CLEAR_SD_PCT;
    score->clear_in_time += s->best_sd <= CLEAR_SD_PCT && after <= IN_TIME_INTERVALS;
}

struct cpu_random_score cpu_random_play(const struct cpu_random_host *host, const struct policy_ops *policy)
{
    struct game game = {.host = host, .random.state = host->seed * CPU_RANDOM_KINDS + (uint64_t)host->loads, .now = -1};
    struct cpu_random_score score = {0};
    struct cpu_sim *sim = make_host(&game);
    struct cpu_run *run;

    if (host->changes > CHANGES_MOST)
        abort();
    arrange(&game, sim);
    run = cpu_run_new(sim, policy, NULL, host->interval_s);
    run->look = look;
    run->look_context = &game;
    run->loud = host->loud;
    while (cpu_sim_now(sim) < game.stretches[host->changes - 1].until_s)
        cpu_run_step(run);
    for (int k = 0; k < host->changes; k++)
        judge(&game, &game.stretches[k], &score);
    score.pins = cpu_sim_pins(sim);
    score.work_s = cpu_sim_work_s(sim);
    score.broken = run->broken;
    memcpy(score.broken_text, run->broken_text, sizeof(score.broken_text));
    cpu_run_free(run);
    return score;
}

void cpu_random_add(struct cpu_random_score *to, const struct cpu_random_score *score)
{
    to->changes += score->changes;
    to->possible += score->possible;
    to->in_time += score->in_time;
    to->at_end += score->at_end;
    to->excess += score->excess;
    to->clear += score->clear;
    to->clear_in_time += score->clear_in_time;
    to->pins += score->pins;
    to->work_s += score->work_s;
    to->most_work_s += score->most_work_s;
    if (to->broken == 0)
        memcpy(to->broken_text, score->broken_text, sizeof(to->broken_text));
    to->broken += score->broken;
}

const char *cpu_random_name(enum cpu_random_loads loads)
{
    static const char *const names[CPU_RANDOM_KINDS] = {"closed", "open", "both", "both, with idle and busy ones"};

    return names[loads];
}
