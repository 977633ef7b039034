#include "tests/sim/cpu_run.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BALANCED_SD 5.0
#define AGAIN_EACH 10

static void must(bool fine)
{
    if (!fine) {
        fputs("the simulation can't go on\n", stderr);
        abort();
    }
}

/* The policy sees what happened since the sample before, if it wants to. */
static void take_sample(struct cpu_run *run)
{
    struct snapshot *before = &run->samples[run->sample], *now = &run->samples[!run->sample];

    if (!run->policy->sample)
        return;
    cpu_sim_snapshot(run->sim, now);
    must(rates_between(&run->sample_rates, before->taken_ns ? before : NULL, now) == 0);
    must(run->policy->sample(run->state, before->taken_ns ? before : NULL, now, &run->sample_rates) == 0);
    run->sample = !run->sample;
}

struct cpu_run *cpu_run_new(struct cpu_sim *sim, const struct policy_ops *policy, const void *settings,
                            double interval_s)
{
    struct cpu_run *run = calloc(1, sizeof(*run));
    const struct scheduler_settings *scheduler = settings;

    must(run);
    run->sim = sim;
    run->policy = policy;
    run->interval_s = interval_s;
    run->started_s = cpu_sim_now(sim);
    run->random.state = cpu_sim_config_of(sim)->seed * 7877 + 3;
    run->keep_pins = scheduler && scheduler->keep_pins;
    run->state = policy->create(settings ? settings : &scheduler_settings_default);
    must(run->state);
    cpu_sim_snapshot(sim, &run->snapshots[0]);
    must(rates_between(&run->rates, NULL, &run->snapshots[0]) == 0);
    take_sample(run);
    must(policy->learn(run->state, NULL, &run->snapshots[0], &run->rates) == 0);
    return run;
}

void cpu_run_free(struct cpu_run *run)
{
    run->policy->destroy(run->state);
    cpu_sim_free(run->sim);
    snapshot_free(&run->snapshots[0]);
    snapshot_free(&run->snapshots[1]);
    snapshot_free(&run->samples[0]);
    snapshot_free(&run->samples[1]);
    rates_free(&run->rates);
    rates_free(&run->sample_rates);
    plan_free(&run->plan);
    plan_free(&run->again);
    free(run->moved);
    free(run);
}

__attribute__((format(printf, 2, 3))) static void broke(struct cpu_run *run, const char *format, ...)
{
    va_list args;

    if (run->broken++ > 0)
        return;
    va_start(args, format);
    vsnprintf(run->broken_text, sizeof(run->broken_text), format, args);
    va_end(args);
}

/* A rule that others set: several pCPUs, but not all that the kernel may use. */
static bool is_rule(const struct snapshot *s, const uint64_t *mask)
{
    int words = snapshot_words(s);

    if (!mask || cpumask_count(mask, words) < 2)
        return false;
    for (int p = 0; p < s->n_pcpus; p++)
        if (s->pcpus[p].online && !s->pcpus[p].isolated && !cpumask_has(mask, words, s->pcpus[p].number))
            return true;
    return false;
}

static bool owned_by_another(const struct snapshot *s, int cpu, int guest)
{
    for (int v = 0; v < s->n_vcpus; v++) {
        int at = cpumask_single(snapshot_mask(s, s->vcpus[v].affinity), snapshot_words(s));

        if (at == cpu && s->vcpus[v].guest != guest && s->guests[s->vcpus[v].guest].dedicated)
            return true;
    }
    return false;
}

/* A group: pCPUs of one node, that may be used, and no more of them than others' rules leave. */
static void check_group(struct cpu_run *run, const struct snapshot *s, const struct snapshot_vcpu *v,
                        const struct plan_action *a)
{
    const uint64_t *found = snapshot_mask(s, v->found), *to = plan_mask(&run->plan, a->to_mask);
    const uint64_t *defined = snapshot_mask(s, v->defined);
    int words = snapshot_words(s), node = -1;

    if (!to || cpumask_count(to, words) < 2 || cpumask_equal(to, snapshot_mask(s, v->affinity), words))
        broke(run, "%s/%d pinned to no group, or to where it is", a->name, a->vcpu);
    for (int i = 0; to && i < s->n_pcpus; i++) {
        const struct snapshot_pcpu *p = &s->pcpus[i];

        if (!cpumask_has(to, words, p->number))
            continue;
        if (!p->online || p->isolated || (node >= 0 && node != p->node) || owned_by_another(s, p->number, v->guest))
            broke(run, "%s/%d to a group with pCPU %d", a->name, a->vcpu, p->number);
        node = p->node;
    }
    if (to &&
        ((is_rule(s, found) && !cpumask_within(to, found, words)) || (defined && !cpumask_within(to, defined, words))))
        broke(run, "%s/%d to a group beyond its rules", a->name, a->vcpu);
}

static void check_target(struct cpu_run *run, const struct snapshot *s, const struct snapshot_vcpu *v,
                         const struct plan_action *a)
{
    int words = snapshot_words(s), p = snapshot_pcpu_index(s, a->to_cpu);
    const uint64_t *found = snapshot_mask(s, v->found), *to = plan_mask(&run->plan, a->to_mask);
    const uint64_t *defined = snapshot_mask(s, v->defined), *pinned = snapshot_mask(s, v->pinned);

    if (p < 0 || !s->pcpus[p].online || s->pcpus[p].isolated)
        broke(run, "%s/%d to pCPU %d, which is not to be used", a->name, a->vcpu, a->to_cpu);
    if (!to || cpumask_single(to, words) != a->to_cpu)
        broke(run, "%s/%d: mask and pCPU %d differ", a->name, a->vcpu, a->to_cpu);
    else if (cpumask_equal(to, snapshot_mask(s, v->affinity), words))
        broke(run, "%s/%d pinned to %d, where it is", a->name, a->vcpu, a->to_cpu);
    if (is_rule(s, found) && !cpumask_has(found, words, a->to_cpu))
        broke(run, "%s/%d to %d, outside its affinity", a->name, a->vcpu, a->to_cpu);
    if (defined && !cpumask_has(defined, words, a->to_cpu))
        broke(run, "%s/%d to %d, outside its cpuset", a->name, a->vcpu, a->to_cpu);
    if (run->keep_pins && pinned && !cpumask_has(pinned, words, a->to_cpu))
        broke(run, "%s/%d to %d, outside its persistent pins", a->name, a->vcpu, a->to_cpu);
    if (owned_by_another(s, a->to_cpu, v->guest))
        broke(run, "%s/%d to %d, which is another guest's own", a->name, a->vcpu, a->to_cpu);
}

static void check_history(struct cpu_run *run, const struct plan_action *a)
{
    for (int i = 0; i < run->n_moved; i++) {
        const struct cpu_run_moved *m = &run->moved[i];

        if (m->id == a->id && m->vcpu == a->vcpu && m->from_cpu == a->to_cpu && a->to_cpu >= 0 && !run->force &&
            run->intervals - m->interval < CPU_RUN_PING_PONG)
            broke(run, "%s/%d goes back to %d after %d intervals", a->name, a->vcpu, a->to_cpu,
                  run->intervals - m->interval);
    }
}

static void check_action(struct cpu_run *run, const struct snapshot *s, int index)
{
    const struct plan_action *a = &run->plan.actions[index];
    int guest = snapshot_find_guest(s, a->uuid, a->id, 0);
    int vcpu = guest < 0 ? -1 : snapshot_find_vcpu(s, guest, a->vcpu);
    const struct snapshot_guest *g;

    if (vcpu < 0) {
        broke(run, "%s/%d isn't there", a->name, a->vcpu);
        return;
    }
    g = &s->guests[guest];
    if (g->leave_alone || g->realtime || g->dedicated || g->state != SNAPSHOT_GUEST_RUNNING)
        broke(run, "%s/%d was to be left alone", a->name, a->vcpu);
    if (a->reason[0] == '\0')
        broke(run, "%s/%d moves without a reason", a->name, a->vcpu);
    for (int i = 0; i < index; i++)
        if (run->plan.actions[i].id == a->id && run->plan.actions[i].vcpu == a->vcpu)
            broke(run, "%s/%d moves twice in one plan", a->name, a->vcpu);
    if (a->to_cpu < 0)
        check_group(run, s, &s->vcpus[vcpu], a);
    else
        check_target(run, s, &s->vcpus[vcpu], a);
    check_history(run, a);
}

/* What floats counts as spread evenly by the kernel, which no placement may equal. */
static bool leaves_floating(const struct snapshot *s, const struct plan *p)
{
    int floating = 0;

    for (int v = 0; v < s->n_vcpus; v++)
        floating += snapshot_pinned_to(s, &s->vcpus[v]) < 0;
    for (int i = 0; i < p->n_actions; i++)
        floating -= p->actions[i].from_cpu < 0;
    return floating > 0;
}

static void check_plan(struct cpu_run *run, const struct snapshot *s)
{
    const struct plan *p = &run->plan;

    for (int i = 0; i < p->n_actions; i++)
        check_action(run, s, i);
    if (p->summary[0] == '\0')
        broke(run, "a decision without a word");
    if (p->has_balance && !p->learning && !leaves_floating(s, p) && p->sd_bound > p->sd_expected + 0.01)
        broke(run, "sd %.2f expected, below the bound %.2f", p->sd_expected, p->sd_bound);
    if (run->intervals % AGAIN_EACH == 1 &&
        (run->again.n_actions != p->n_actions || strcmp(run->again.summary, p->summary) != 0))
        broke(run, "the same state gave two plans");
}

double cpu_run_sd(const double *values, int count)
{
    double sum = 0.0, squares = 0.0;

    for (int i = 0; i < count; i++)
        sum += values[i];
    for (int i = 0; i < count; i++)
        squares += (values[i] - sum / count) * (values[i] - sum / count);
    return count ? sqrt(squares / count) : 0.0;
}

static double sd_of(const struct cpu_run *run, const struct snapshot *s, double (*figure)(const struct cpu_run *, int))
{
    double *values = calloc((size_t)s->n_pcpus + 1, sizeof(*values)), sd;
    int n = 0;

    must(values);
    for (int p = 0; p < s->n_pcpus; p++)
        if (s->pcpus[p].online && !s->pcpus[p].isolated)
            values[n++] = figure(run, p);
    sd = cpu_run_sd(values, n);
    free(values);
    return sd;
}

static double use_of(const struct cpu_run *run, int p)
{
    return run->rates.pcpus[p].busy_pct;
}

static double true_load_of(const struct cpu_run *run, int p)
{
    return cpu_sim_true_load_pct(run->sim, run->snapshots[run->now].pcpus[p].number);
}

static double true_guests_of(const struct cpu_run *run, int p)
{
    return cpu_sim_true_guests_pct(run->sim, run->snapshots[run->now].pcpus[p].number);
}

static int since(int before, double sd, int interval)
{
    if (sd > BALANCED_SD)
        return 0;
    return before ? before : interval;
}

static void remember_move(struct cpu_run *run, const struct plan_action *a)
{
    struct cpu_run_moved *m;

    must(array_reserve(&run->moved, &run->cap_moved, run->n_moved + 1, sizeof(*run->moved)) == 0);
    m = &run->moved[run->n_moved++];
    memcpy(m->uuid, a->uuid, sizeof(m->uuid));
    m->id = a->id;
    m->vcpu = a->vcpu;
    m->from_cpu = a->from_cpu;
    m->interval = run->intervals;
}

static void count(struct cpu_run *run)
{
    for (int i = 0; i < run->plan.n_actions; i++) {
        const struct plan_action *a = &run->plan.actions[i];

        if (a->result == PLAN_FAILED)
            run->failures++;
        if (a->result != PLAN_DONE)
            continue;
        if (a->from_cpu >= 0)
            run->moves++;
        else
            run->adoptions++;
        run->last_action = run->intervals;
        if (run->first_action == 0)
            run->first_action = run->intervals;
        remember_move(run, a);
    }
}

static void print_interval(const struct cpu_run *run)
{
    printf("%4d sd use %5.1f true %5.1f | %s\n", run->intervals, run->sd_use, run->sd_load, run->plan.summary);
    for (int i = 0; i < run->plan.n_actions; i++) {
        const struct plan_action *a = &run->plan.actions[i];

        printf("       %s/%d %d -> %d  %s (gain %.1f) %s\n", a->name, a->vcpu, a->from_cpu, a->to_cpu, a->reason,
               a->gain, plan_result_word(a->result));
    }
    for (int i = 0; i < run->plan.n_notes; i++)
        printf("       note: %s: %s\n", run->plan.notes[i].subject, run->plan.notes[i].text);
}

/* Runs to a moment, and lets happen what does before it. */
static void run_to(struct cpu_run *run, double moment_s)
{
    if (run->happens_s < moment_s) {
        cpu_sim_run(run->sim, fmax(run->happens_s - cpu_sim_now(run->sim), 0.0));
        run->happens(run->sim, run->intervals + 1);
        run->happens_s = INFINITY;
    }
    cpu_sim_run(run->sim, fmax(moment_s - cpu_sim_now(run->sim), 0.0));
}

/* When a sample that is due then is taken: some milliseconds later, and now and then, behind other work, a good deal
 * later. */
static double late(struct cpu_run *run, double due_s)
{
    double most_s = cpu_random_unit(&run->random) < 0.03 ? 0.2 : 0.01;

    return due_s + most_s * cpu_random_unit(&run->random);
}

static void decide(struct cpu_run *run)
{
    const struct snapshot *before = &run->snapshots[run->now];
    struct snapshot *now = &run->snapshots[!run->now];
    struct policy_request request = {
        .force = run->force, .interval_s = run->interval_s, .until_decision_s = run->interval_s};

    cpu_sim_snapshot(run->sim, now);
    must(rates_between(&run->rates, before, now) == 0);
    run->now = !run->now;
    must(run->policy->learn(run->state, before, now, &run->rates) == 0);
    if (run->intervals % AGAIN_EACH == 1)
        must(run->policy->plan(run->state, now, &run->rates, &request, &run->again) == 0);
    must(run->policy->plan(run->state, now, &run->rates, &request, &run->plan) == 0);
    check_plan(run, now);
    cpu_sim_apply(run->sim, &run->plan);
    run->policy->applied(run->state, now, &run->plan);
}

void cpu_run_step(struct cpu_run *run)
{
    int samples = (int)fmax(floor(run->interval_s), 1.0);
    double begun_s = run->started_s;
    const struct snapshot *now;

    run->started_s += run->interval_s;
    run->happens_s = run->happens ? begun_s + run->interval_s * cpu_random_unit(&run->random) : INFINITY;
    for (int i = 1; i <= samples; i++) {
        run_to(run, late(run, begun_s + run->interval_s * i / samples));
        take_sample(run);
        if (run->look && i < samples)
            run->look(run, run->look_context);
    }
    run->intervals++;
    decide(run);
    now = &run->snapshots[run->now];
    run->sd_use = sd_of(run, now, use_of);
    run->sd_load = sd_of(run, now, true_load_of);
    run->sum_sd_use += run->sd_use;
    run->sum_sd_load += run->sd_load;
    run->sd_guests = sd_of(run, now, true_guests_of);
    run->balanced_since = since(run->balanced_since, run->sd_use, run->intervals);
    run->guests_since = since(run->guests_since, run->sd_guests, run->intervals);
    count(run);
    if (run->look)
        run->look(run, run->look_context);
    if (run->loud)
        print_interval(run);
}

void cpu_run_steps(struct cpu_run *run, int n)
{
    for (int i = 0; i < n; i++)
        cpu_run_step(run);
}

void cpu_run_reset_counts(struct cpu_run *run)
{
    for (int i = 0; i < run->n_moved; i++)
        run->moved[i].interval -= run->intervals;
    run->intervals = run->moves = run->adoptions = run->failures = run->balanced_since = 0;
    run->first_action = run->last_action = 0;
    run->sum_sd_use = run->sum_sd_load = 0.0;
}
