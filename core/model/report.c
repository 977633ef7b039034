#include "core/model/report.h"

#include "core/model/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void report_free(struct report *r)
{
    snapshot_free(&r->snapshot);
    rates_free(&r->live);
    rates_free(&r->interval);
    plan_free(&r->plan);
    plan_free(&r->early_plan);
    plan_free(&r->preview);
    free(r->guests);
    free(r->log);
    memset(r, 0, sizeof(*r));
}

/* Gives r the arrays that held owns. */
static void take_arrays(struct report *r, const struct report *held)
{
    r->snapshot = held->snapshot;
    r->live = held->live;
    r->interval = held->interval;
    r->plan = held->plan;
    r->early_plan = held->early_plan;
    r->preview = held->preview;
    r->guests = held->guests;
    r->n_guests = held->n_guests;
    r->cap_guests = held->cap_guests;
    r->log = held->log;
    r->n_log = held->n_log;
    r->cap_log = held->cap_log;
}

const double report_times_s[REPORT_TIMES] = {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5};

void report_times_add(struct report_times *t, double seconds)
{
    t->sum_s += seconds;
    t->count++;
    for (int i = 0; i < REPORT_TIMES; i++)
        t->within[i] += seconds <= report_times_s[i];
}

int report_copy(struct report *to, const struct report *from)
{
    struct report held;

    to->n_guests = to->n_log = 0;
    if (snapshot_copy(&to->snapshot, &from->snapshot) || rates_copy(&to->live, &from->live) ||
        rates_copy(&to->interval, &from->interval) || plan_copy(&to->plan, &from->plan) ||
        plan_copy(&to->early_plan, &from->early_plan) || plan_copy(&to->preview, &from->preview) ||
        array_reserve(&to->guests, &to->cap_guests, from->n_guests, sizeof(*to->guests)) ||
        array_reserve(&to->log, &to->cap_log, from->n_log, sizeof(*to->log)))
        return -ENOMEM;
    array_copy(to->guests, from->guests, from->n_guests, sizeof(*to->guests));
    array_copy(to->log, from->log, from->n_log, sizeof(*to->log));
    to->n_guests = from->n_guests;
    to->n_log = from->n_log;
    held = *to;
    *to = *from;
    take_arrays(to, &held);
    return 0;
}

/* The index in r->plan.guests of a guest (an index) of r->snapshot, or -1. */
static int plan_index_of_guest(const struct report *r, int guest)
{
    const struct snapshot_guest *g = &r->snapshot.guests[guest];
    int n = r->plan.n_guests, centre = guest < n ? guest : n - 1;

    for (int distance = 0; distance < n; distance++) {
        for (int side = -1; side <= 1; side += 2) {
            int i = centre + side * distance;

            if (i >= 0 && i < n && snapshot_same_guest(r->plan.guests[i].uuid, r->plan.guests[i].id, g->uuid, g->id))
                return i;
        }
    }
    return -1;
}

static int plan_index_of_vcpu(const struct report *r, int vcpu)
{
    const struct snapshot_vcpu *v = &r->snapshot.vcpus[vcpu];
    int guest = plan_index_of_guest(r, v->guest);
    int first, n, likely = vcpu - r->snapshot.guests[v->guest].first_vcpu;

    if (guest < 0)
        return -1;
    first = r->plan.guests[guest].first_vcpu;
    n = r->plan.guests[guest].n_vcpus;
    if (likely < n && r->plan.vcpus[first + likely].number == v->number)
        return first + likely;
    for (int i = first; i < first + n; i++)
        if (r->plan.vcpus[i].number == v->number)
            return i;
    return -1;
}

static int plan_index_of_pcpu(const struct report *r, int pcpu)
{
    int number = r->snapshot.pcpus[pcpu].number;

    if (pcpu < r->plan.n_pcpus && r->plan.pcpus[pcpu].number == number)
        return pcpu;
    for (int i = 0; i < r->plan.n_pcpus; i++)
        if (r->plan.pcpus[i].number == number)
            return i;
    return -1;
}

const struct plan_guest *report_plan_guest(const struct report *r, int guest)
{
    int i = plan_index_of_guest(r, guest);

    return i < 0 ? NULL : &r->plan.guests[i];
}

const struct plan_vcpu *report_plan_vcpu(const struct report *r, int vcpu)
{
    int i = plan_index_of_vcpu(r, vcpu);

    return i < 0 ? NULL : &r->plan.vcpus[i];
}

const struct plan_pcpu *report_plan_pcpu(const struct report *r, int pcpu)
{
    int i = plan_index_of_pcpu(r, pcpu);

    return i < 0 ? NULL : &r->plan.pcpus[i];
}

const struct rates_guest *report_interval_guest(const struct report *r, int guest)
{
    int i = plan_index_of_guest(r, guest);

    return i < 0 || i >= r->interval.n_guests ? NULL : &r->interval.guests[i];
}

const struct rates_vcpu *report_interval_vcpu(const struct report *r, int vcpu)
{
    int i = plan_index_of_vcpu(r, vcpu);

    return i < 0 || i >= r->interval.n_vcpus ? NULL : &r->interval.vcpus[i];
}

const struct rates_pcpu *report_interval_pcpu(const struct report *r, int pcpu)
{
    int i = plan_index_of_pcpu(r, pcpu);

    return i < 0 || i >= r->interval.n_pcpus ? NULL : &r->interval.pcpus[i];
}

const struct report_answer *report_answer_to(const struct report *r, uint64_t command)
{
    const struct report_answer *a = &r->answers[command % REPORT_ANSWERS];

    return command > 0 && a->command == command ? a : NULL;
}

const char *report_state_word(enum report_state state)
{
    switch (state) {
    case REPORT_STARTING:
        return "starting";
    case REPORT_RUNNING:
        return "running";
    case REPORT_PAUSED:
        return "paused";
    case REPORT_DISCONNECTED:
        return "disconnected";
    case REPORT_ENDED:
        return "ended";
    }
    return "unknown";
}

const char *report_program_name(enum report_program program)
{
    return program == REPORT_MEMORY_COORDINATOR ? "memory_coordinator" : "vcpu_scheduler";
}
