#include "core/host/libvirt_internal.h"
#include "core/model/array.h"
#include "core/model/clock.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <libvirt/virterror.h>

/*
 * How long a pCPU that refused a pin is left out: this long at first, then twice as long each time that it refuses
 * again. A cpuset that somebody changes for a moment is soon over; one that stays costs a pin an hour.
 */
static const double left_out_first_s = 60, left_out_most_s = 3600;

/* What the times of pCPUs and vCPUs may be apart though all is as thought: vCPU times come in steps of 10 ms, and the
 * two are not read at the same instant. */
static const uint64_t apart_ns = 50000000;
static const double apart_share = 0.03;

/* Samples for decisions after which a guest is looked at again in vain, at most. */
enum { DOUBTED_LEAST = 4, DOUBTED_MOST = 64 };

static struct libvirt_pcpu *pcpu_of(struct libvirt_host *h, int number)
{
    if (number >= h->n_pcpus) {
        if (number < 0 || array_reserve(&h->pcpus, &h->cap_pcpus, number + 1, sizeof(*h->pcpus)))
            return NULL;
        for (int i = h->n_pcpus; i <= number; i++)
            h->pcpus[i] = (struct libvirt_pcpu){0};
        h->n_pcpus = number + 1;
    }
    return number < 0 ? NULL : &h->pcpus[number];
}

int libvirt_pcpu_mark(struct libvirt_host *h, struct snapshot *s)
{
    for (int i = 0; i < s->n_pcpus; i++) {
        const struct libvirt_pcpu *p = pcpu_of(h, s->pcpus[i].number);

        if (!p)
            return -ENOMEM;
        s->pcpus[i].refuses = p->refused_ns > s->taken_ns;
    }
    return 0;
}

void libvirt_pcpu_took(struct libvirt_host *h, struct domain *g, int cpu)
{
    struct libvirt_pcpu *p = pcpu_of(h, cpu);

    g->refused_cpu = -1;
    if (!p || p->refusals == 0)
        return;
    libvirt_remark(h, "pCPU %d takes pins again", cpu);
    p->refusals = 0;
    p->refused_ns = 0;
}

/* Errors that speak of the guest, of libvirt or of who we are, and not of the pCPU. */
static bool speaks_of_pcpu(int code)
{
    return code == VIR_ERR_INVALID_ARG || code == VIR_ERR_SYSTEM_ERROR || code == VIR_ERR_INTERNAL_ERROR ||
           code == VIR_ERR_OPERATION_FAILED;
}

void libvirt_pcpu_refused(struct libvirt_host *h, struct domain *g, int cpu, int code, const char *why)
{
    struct libvirt_pcpu *p = speaks_of_pcpu(code) ? pcpu_of(h, cpu) : NULL;
    bool elsewhere = g->refused_cpu >= 0 && g->refused_cpu != cpu;
    double left_out_s = left_out_first_s;

    if (!p)
        return;
    g->refused_cpu = cpu;
    /* A guest that is refused wherever it goes is itself the trouble. Pins of one plan count as one. */
    if (elsewhere || p->refused_ns > clock_monotonic_ns())
        return;
    for (int i = 0; i < p->refusals && left_out_s < left_out_most_s; i++)
        left_out_s *= 2;
    if (left_out_s > left_out_most_s)
        left_out_s = left_out_most_s;
    p->refusals++;
    p->refused_ns = clock_monotonic_ns() + (uint64_t)(left_out_s * 1e9);
    libvirt_remark(h, "pCPU %d refuses pins, left out for %.0f s: %s", cpu, left_out_s, why);
}

/* The time that the pCPU was busy since a decision was last made; false where it isn't known. */
static bool busy_since(const struct libvirt_host *h, const struct snapshot *s, int number, uint64_t *busy_ns)
{
    int i = snapshot_pcpu_index(s, number);

    if (i < 0 || number >= h->n_pcpus || !h->pcpus[number].has_busy || !s->pcpus[i].has_times ||
        s->pcpus[i].busy_ns < h->pcpus[number].busy_ns)
        return false;
    *busy_ns = s->pcpus[i].busy_ns - h->pcpus[number].busy_ns;
    return true;
}

static bool is_elsewhere(const struct libvirt_host *h, const struct domain *g, const struct snapshot *s,
                         const struct snapshot_vcpu *v, const struct domain_vcpu *known)
{
    const uint64_t *affinity = domain_known_mask(g, known, DOMAIN_AFFINITY);
    int number = affinity ? cpumask_single(affinity, g->words) : -1;
    uint64_t busy_ns, ran_ns, time_ns = s->taken_ns - h->kept_ns;

    if (number < 0 || !known->has_kept || !v->has_run || v->run_ns < known->kept_run_ns ||
        !busy_since(h, s, number, &busy_ns))
        return false;
    ran_ns = v->run_ns - known->kept_run_ns;
    /* A vCPU that a quota holds back waits beside an idle pCPU. */
    if (v->has_delay && v->delay_ns > known->kept_delay_ns && g->has_xml && g->xml.vcpu_quota_pct <= 0 &&
        g->xml.guest_quota_pct <= 0)
        ran_ns += v->delay_ns - known->kept_delay_ns;
    return ran_ns > busy_ns + apart_ns + (uint64_t)((double)time_ns * apart_share);
}

void libvirt_pcpu_doubt(struct libvirt_host *h, struct domain *g, const struct snapshot *s)
{
    const struct snapshot_guest *now = &s->guests[s->n_guests - 1];
    bool doubted = false;

    for (int i = now->first_vcpu; i < s->n_vcpus; i++) {
        const struct snapshot_vcpu *v = &s->vcpus[i];
        const struct domain_vcpu *known = domain_find_vcpu(g, v->number);

        doubted = doubted || (known && h->kept_ns > 0 && is_elsewhere(h, g, s, v, known));
    }
    if (g->doubt_left > 0) {
        g->doubt_left--;
    } else if (doubted) {
        /* Affinities that prove to be as thought after all leave it in peace for ever longer. */
        g->doubts = g->doubts > 0 ? g->doubts * 2 : DOUBTED_LEAST;
        g->doubts = g->doubts < DOUBTED_MOST ? g->doubts : DOUBTED_MOST;
        g->doubt_left = g->doubts;
        g->affinity_due = true;
    } else {
        g->doubts = 0;
    }
}

void libvirt_pcpu_keep_guest(struct domain *g, const struct snapshot *s)
{
    for (int i = s->guests[s->n_guests - 1].first_vcpu; i < s->n_vcpus; i++) {
        const struct snapshot_vcpu *v = &s->vcpus[i];
        struct domain_vcpu *known = domain_find_vcpu(g, v->number);

        if (!known)
            continue;
        known->has_kept = v->has_run;
        known->kept_run_ns = v->run_ns;
        known->kept_delay_ns = v->delay_ns;
    }
}

void libvirt_pcpu_keep(struct libvirt_host *h, const struct snapshot *s)
{
    for (int i = 0; i < s->n_pcpus; i++) {
        struct libvirt_pcpu *p = pcpu_of(h, s->pcpus[i].number);

        if (!p)
            continue;
        p->has_busy = s->pcpus[i].has_times;
        p->busy_ns = s->pcpus[i].busy_ns;
    }
    h->kept_ns = s->taken_ns;
}
