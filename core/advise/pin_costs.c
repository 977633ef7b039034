#include "core/advise/pin_costs.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rules are looked at with each decision until so many were, then with every second until as many were again, and so
 * on: a long recording has no more to say of them, and each look takes a plan for each guest that has rules. */
enum { LOOKS = 16 };

int pin_costs_begin(struct pin_costs *c, const struct policy_ops *policy, const void *settings, double sample_s)
{
    memset(c, 0, sizeof(*c));
    c->stride = 1;
    return player_begin(&c->player, policy, settings, sample_s);
}

void pin_costs_end(struct pin_costs *c)
{
    player_end(&c->player);
    snapshot_free(&c->before);
    snapshot_free(&c->lifted);
    plan_free(&c->without);
    free(c->costs);
}

static struct pin_cost *add(struct pin_costs *c, enum pin_cost_kind kind, const uint8_t *uuid, const char *name)
{
    struct pin_cost *cost;

    if (array_reserve(&c->costs, &c->cap_costs, c->n_costs + 1, sizeof(*c->costs)))
        return NULL;
    cost = &c->costs[c->n_costs++];
    *cost = (struct pin_cost){.kind = kind, .vcpu = -1, .cpu = -1};
    memcpy(cost->uuid, uuid, SNAPSHOT_UUID_BYTES);
    snprintf(cost->name, sizeof(cost->name), "%s", name);
    return cost;
}

static struct pin_cost *find(struct pin_costs *c, enum pin_cost_kind kind, const uint8_t *uuid, int vcpu, int cpu)
{
    for (int i = 0; i < c->n_costs; i++) {
        struct pin_cost *cost = &c->costs[i];

        if (cost->kind == kind && memcmp(cost->uuid, uuid, SNAPSHOT_UUID_BYTES) == 0 && cost->vcpu == vcpu &&
            cost->cpu == cpu)
            return cost;
    }
    return NULL;
}

/* The pins that the plan, the best there is, would undo. */
static int count_pins(struct pin_costs *c, const struct plan *p)
{
    for (int i = 0; i < p->n_actions; i++) {
        const struct plan_action *a = &p->actions[i];
        struct pin_cost *cost;

        if (a->kind != PLAN_PIN || a->from_cpu < 0 || !(a->gain > 0))
            continue;
        cost = find(c, PIN_COST_PIN, a->uuid, a->vcpu, a->from_cpu);
        if (!cost)
            cost = add(c, PIN_COST_PIN, a->uuid, a->name);
        if (!cost)
            return -ENOMEM;
        cost->vcpu = a->vcpu;
        cost->cpu = a->from_cpu;
        cost->points += a->gain;
        cost->seen++;
    }
    return 0;
}

/* A mask that keeps a vCPU from a pCPU that the kernel may use. */
static bool keeps_off(const struct snapshot *s, int row)
{
    const uint64_t *mask = snapshot_mask(s, row);

    for (int i = 0; mask && i < s->n_pcpus; i++)
        if (s->pcpus[i].online && !s->pcpus[i].isolated && !cpumask_has(mask, snapshot_words(s), s->pcpus[i].number))
            return true;
    return false;
}

static bool is_narrow(const struct snapshot *s, int row)
{
    return keeps_off(s, row) && cpumask_count(snapshot_mask(s, row), snapshot_words(s)) > 1;
}

static void append(char *text, size_t size, bool so, const char *word)
{
    size_t n = strlen(text);

    if (so && n < size)
        snprintf(text + n, size - n, "%s%s", n > 0 ? ", " : "", word);
}

/* Takes the rules of that guest of s away, and says which those were. */
static void lift(struct snapshot *s, int guest, char *what, size_t size)
{
    struct snapshot_guest *g = &s->guests[guest];
    bool defined = false, found = false;

    what[0] = '\0';
    append(what, size, g->leave_alone == SNAPSHOT_LEAVE_LOCKED, "locked");
    append(what, size, g->leave_alone == SNAPSHOT_LEAVE_EXCLUDED, "excluded");
    append(what, size, g->leave_alone == SNAPSHOT_LEAVE_METADATA, "left alone by its metadata");
    append(what, size, g->realtime, "real-time");
    append(what, size, g->dedicated, "dedicated pCPUs");
    append(what, size, keeps_off(s, g->allowed), "pCPUs of its metadata");
    for (int i = g->first_vcpu; i < g->first_vcpu + g->n_vcpus; i++) {
        defined = defined || keeps_off(s, s->vcpus[i].defined);
        found = found || is_narrow(s, s->vcpus[i].found);
        s->vcpus[i].defined = s->vcpus[i].found = s->vcpus[i].pinned = -1;
    }
    append(what, size, defined, "cpuset");
    append(what, size, found, "mask");
    if (g->leave_alone != SNAPSHOT_LEAVE_STALE && g->leave_alone != SNAPSHOT_LEAVE_UNREADABLE)
        g->leave_alone = SNAPSHOT_LEAVE_NO;
    g->realtime = g->dedicated = false;
    g->allowed = -1;
}

static int count_rules_of(struct pin_costs *c, const struct snapshot *s, int guest,
                          const struct policy_request *request, double best)
{
    const struct snapshot_guest *g = &s->guests[guest];
    struct pin_cost *cost;
    char what[sizeof(cost->what)];
    int error = snapshot_copy(&c->lifted, s);

    if (error)
        return error;
    lift(&c->lifted, guest, what, sizeof(what));
    if (!what[0])
        return 0;
    plan_reset(&c->without, s->cpu_limit);
    error = plan_size_for(&c->without, &c->lifted);
    if (!error)
        error = c->player.policy->plan(c->player.state, &c->lifted, &c->player.rates, request, &c->without);
    if (error || c->without.sd_expected < 0)
        return error;
    cost = find(c, PIN_COST_RULE, g->uuid, -1, -1);
    if (!cost)
        cost = add(c, PIN_COST_RULE, g->uuid, g->name);
    if (!cost)
        return -ENOMEM;
    snprintf(cost->what, sizeof(cost->what), "%s", what);
    cost->points += fmax(best - c->without.sd_expected, 0);
    cost->seen++;
    return 0;
}

static int count_rules(struct pin_costs *c, const struct snapshot *s, const struct policy_request *request, double best)
{
    int error = 0;

    if (c->decisions < c->next_look)
        return 0;
    for (int i = 0; i < s->n_guests && !error; i++)
        error = count_rules_of(c, s, i, request, best);
    c->looked_at++;
    if (c->looked_at % LOOKS == 0)
        c->stride *= 2;
    c->next_look = c->decisions + c->stride;
    return error;
}

/* What would be best for the host as it was then. */
static int look(struct pin_costs *c, const struct snapshot *s, const struct record_line *line)
{
    const struct policy_request request = {
        .force = true, .interval_s = line->interval_s, .until_decision_s = line->interval_s};
    int error = player_plan(&c->player, s, &request);
    const struct plan *p = &c->player.plan;

    if (error || p->learning || p->sd_now < 0 || p->sd_expected < 0)
        return error;
    c->now_sd += p->sd_now;
    c->best_sd += p->sd_expected;
    error = count_pins(c, p);
    if (!error)
        error = count_rules(c, s, &request, p->sd_expected);
    c->decisions++;
    return error;
}

int pin_costs_take(struct pin_costs *c, const struct record_line *line, const struct snapshot *snapshot, bool begins)
{
    bool decides = line->kind == RECORD_DECISION;
    int error;

    if (begins)
        player_forget(&c->player);
    error = player_sample(&c->player, snapshot);
    if (!error && (begins || decides))
        error = player_learn(&c->player, snapshot);
    if (!error && !begins && decides)
        error = look(c, snapshot, line);
    if (!error && line->plan)
        c->player.policy->applied(c->player.state, snapshot, line->plan);
    return error;
}

static int dearest_first(const void *a, const void *b)
{
    const struct pin_cost *left = a, *right = b;

    return (left->points < right->points) - (left->points > right->points);
}

void pin_costs_conclude(struct pin_costs *c)
{
    for (int i = 0; i < c->n_costs; i++)
        c->costs[i].points /= (double)(c->costs[i].kind == PIN_COST_PIN ? c->decisions : c->looked_at);
    c->now_sd = c->decisions > 0 ? c->now_sd / (double)c->decisions : -1;
    c->best_sd = c->decisions > 0 ? c->best_sd / (double)c->decisions : -1;
    if (c->n_costs > 0)
        qsort(c->costs, (size_t)c->n_costs, sizeof(*c->costs), dearest_first);
}
