#include "core/advise/what_if_tally.h"

#include <math.h>

void what_if_tally_interval(struct what_if_tally *t, const struct rates *r)
{
    if (r->sd_pct < 0 || !(r->seconds > 0))
        return;
    t->cpu_s += r->seconds;
    t->sd_sum += r->sd_pct * r->seconds;
    t->sd_most = fmax(t->sd_most, r->sd_pct);
    t->balanced_s += r->sd_pct <= WHAT_IF_BALANCED_SD ? r->seconds : 0;
    for (int i = 0; i < r->n_vcpus; i++)
        if (r->vcpus[i].known && r->vcpus[i].has_wait)
            t->wait_sum += r->vcpus[i].wait_pct * r->seconds;
}

void what_if_tally_sample(struct what_if_tally *t, const struct snapshot *s, const struct snapshot *recorded,
                          double seconds)
{
    double sizes = 0, slack = 0, unmet = 0;
    bool any = false;

    for (int i = 0; i < s->n_guests; i++) {
        uint64_t used_kib;
        double used, size = (double)s->guests[i].memory.size_kib / 1024;

        if (!rates_memory_used(&recorded->guests[i].memory, &used_kib))
            continue;
        any = true;
        used = (double)used_kib / 1024;
        sizes += size;
        slack += fmax(size - used, 0);
        unmet += fmax(used + WHAT_IF_UNUSED_MIB - size, 0);
    }
    if (s->host.has & SNAPSHOT_HOST_HAS_FREE &&
        (t->free_least_mib < 0 || (double)s->host.free_kib / 1024 < t->free_least_mib))
        t->free_least_mib = (double)s->host.free_kib / 1024;
    if (!any || !(seconds > 0))
        return;
    t->memory_s += seconds;
    t->size_sum += sizes * seconds;
    t->slack_sum += slack * seconds;
    t->unmet_sum += unmet * seconds;
    t->unmet_most = fmax(t->unmet_most, unmet);
    t->unmet_s += unmet > 0 ? seconds : 0;
}

void what_if_tally_plan(struct what_if_tally *t, const struct plan *p)
{
    for (int i = 0; i < p->n_actions; i++) {
        const struct plan_action *a = &p->actions[i];

        if (a->result != PLAN_DONE)
            continue;
        t->actions++;
        if (a->kind == PLAN_SET_MEMORY)
            t->moved_mib += fabs((double)a->to_kib - (double)a->from_kib) / 1024;
    }
}

double what_if_mean(double sum, double seconds)
{
    return seconds > 0 ? sum / seconds : -1;
}
