/*
 * vCPUs pinned to groups on simulated hosts, of two nodes of two caches of four pCPUs: how long they are predicted to
 * wait beside how long they did, and what auto makes of it beside leaving them floating.
 */
#include "core/model/pcpu_groups.h"
#include "tests/sim/cpu_rivals.h"
#include "tests/sim/cpu_run.h"

#include <math.h>
#include <stdio.h>

enum { PCPUS = 16, GUESTS = 40, WARM_UP = 6, JUDGED = 14, INTERVAL_S = 6 };

/* What a run showed after its warm-up. */
struct judgement {
    double off_pct;    /* mean of how far the predicted mean wait was off what the next interval's was */
    double waited_pct; /* mean over intervals of vCPUs' mean wait */
    double work_s;
    int late_pins; /* after the warm-up */
    double pinned_to;
    int broken;
};

static const char *const names[] = {"closed", "open", "both"};
enum { LOADS = sizeof(names) / sizeof(names[0]) };

static int report(bool ok, const char *what, const char *load)
{
    printf("%s %s: %s\n", ok ? "ok" : "not ok", load, what);
    return !ok;
}

static struct cpu_sim *make_host(int loads)
{
    struct snapshot_pcpu pcpus[PCPUS];
    struct cpu_sim *sim;

    for (int i = 0; i < PCPUS; i++)
        pcpus[i] = (struct snapshot_pcpu){.number = i, .core = i, .llc = i / 4 * 4, .node = i / 8, .online = true};
    sim = cpu_sim_new(&(struct cpu_sim_config){.n_pcpus = PCPUS, .pcpus = pcpus, .seed = 3});
    for (int i = 0; i < GUESTS; i++) {
        struct cpu_load load = {.kind = loads == 1 || (loads == 2 && i % 2) ? CPU_LOAD_OPEN : CPU_LOAD_CLOSED,
                                .share = 0.1 + 0.4 * (i % 8) / 8.0,
                                .jitter = 0.5};

        cpu_sim_add_guest(sim, &(struct cpu_sim_guest){.name = "g", .n_vcpus = 1, .pin = CPU_SIM_FLOAT, .load = load});
    }
    return sim;
}

static double mean_wait(const struct rates *r)
{
    double sum = 0.0;

    for (int i = 0; i < r->n_vcpus; i++)
        sum += r->vcpus[i].wait_pct;
    return sum / r->n_vcpus;
}

/* size 0: they float. */
static struct judgement judge(int loads, double size)
{
    struct scheduler_settings settings = scheduler_settings_default;
    struct judgement j = {0};
    struct cpu_run *run;
    double expected, begun_s;

    settings.pin_to = size;
    run = size != 0.0 ? cpu_run_new(make_host(loads), &scheduler_policy, &settings, INTERVAL_S)
                      : cpu_run_new(make_host(loads), &cpu_rival_none, NULL, INTERVAL_S);
    cpu_run_steps(run, WARM_UP);
    begun_s = cpu_sim_work_s(run->sim);
    for (int i = 0; i < JUDGED; i++) {
        expected = run->plan.wait_expected_pct;
        cpu_run_step(run);
        j.off_pct += fabs(run->plan.wait_observed_pct - expected) / JUDGED;
        j.waited_pct += mean_wait(&run->rates) / JUDGED;
        j.late_pins += run->plan.n_actions;
    }
    j.work_s = cpu_sim_work_s(run->sim) - begun_s;
    j.pinned_to = run->plan.pinned_to;
    j.broken = run->broken;
    if (run->broken)
        printf("# %s\n", run->broken_text);
    cpu_run_free(run);
    return j;
}

int main(void)
{
    static const double sizes[] = {PCPU_GROUPS_LLC, PCPU_GROUPS_NODE, 2, PCPU_GROUPS_AUTO};
    int failures = 0;

    for (int loads = 0; loads < LOADS; loads++) {
        struct judgement floating = judge(loads, 0.0), by[4];

        printf("# %s, floating: waits %.2f %%, work %.1f s\n", names[loads], floating.waited_pct, floating.work_s);
        for (int i = 0; i < 4; i++) {
            char word[PCPU_GROUPS_WORD_BYTES];

            by[i] = judge(loads, sizes[i]);
            printf("# %s, pinned to %s: waits %.2f %%, predicted to within %.2f, work %.1f s, %d late pins\n",
                   names[loads], pcpu_groups_word(by[i].pinned_to, word), by[i].waited_pct, by[i].off_pct, by[i].work_s,
                   by[i].late_pins);
            failures += report(by[i].off_pct <= 3.0, "waits are predicted to within 3 points", names[loads]);
            failures += report(by[i].broken == 0, "no rule is broken", names[loads]);
        }
        failures +=
            report(by[3].waited_pct <= floating.waited_pct + 1.0, "auto waits no more than floating", names[loads]);
        failures += report(by[3].work_s >= 0.99 * floating.work_s, "auto gets as much done as floating", names[loads]);
        failures += report(by[3].late_pins <= 2, "auto keeps to its groups", names[loads]);
    }
    return failures ? 1 : 0;
}
