#include "core/model/rates.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"
#include "core/model/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void rates_free(struct rates *r)
{
    free(r->pcpus);
    free(r->guests);
    free(r->vcpus);
    free(r->row);
    memset(r, 0, sizeof(*r));
}

bool rates_memory_used(const struct snapshot_memory *m, uint64_t *used_kib)
{
    uint64_t spare;

    if (!(m->has & SNAPSHOT_HAS_SIZE) || !snapshot_memory_spare(m, &spare))
        return false;
    *used_kib = m->size_kib > spare ? m->size_kib - spare : 0;
    return true;
}

static double share_pct(uint64_t part_ns, uint64_t time_ns)
{
    return part_ns >= time_ns ? 100 : 100.0 * (double)part_ns / (double)time_ns;
}

/* A guest whose vCPUs' counters say what it wanted. */
static bool runs(const struct snapshot_guest *g)
{
    return g->state != SNAPSHOT_GUEST_PAUSED && g->leave_alone != SNAPSHOT_LEAVE_STALE;
}

/* The vCPU of before's guest (an index) that has v's number, or NULL. */
static const struct snapshot_vcpu *earlier_vcpu(const struct snapshot *before, int guest, const struct snapshot_vcpu *v)
{
    int i = guest < 0 ? -1 : snapshot_find_vcpu(before, guest, v->number);

    return i < 0 ? NULL : &before->vcpus[i];
}

static void vcpu_rates(struct rates_vcpu *r, const struct snapshot_vcpu *then, const struct snapshot_vcpu *now,
                       double quota_pct, uint64_t time_ns)
{
    uint64_t run, wait = 0, poll = 0;

    if (!now->has_run || !now->online)
        return;
    if (!then || !then->online || (then->has_run && now->run_ns < then->run_ns)) {
        /* It may have started just now: then all that it ran belongs to this interval. */
        r->run_pct = now->run_ns <= time_ns ? share_pct(now->run_ns, time_ns) : 0;
        return;
    }
    r->has_wait = then->has_delay && now->has_delay && now->delay_ns >= then->delay_ns;
    if (!then->has_run || (then->has_delay && now->has_delay && !r->has_wait))
        return;
    r->known = true;
    run = now->run_ns - then->run_ns;
    if (r->has_wait)
        wait = now->delay_ns - then->delay_ns;
    r->has_poll = then->has_poll && now->has_poll && now->poll_ns >= then->poll_ns;
    if (r->has_poll)
        poll = now->poll_ns - then->poll_ns < run ? now->poll_ns - then->poll_ns : run;
    run -= poll;
    r->poll_pct = share_pct(poll, time_ns);
    r->run_pct = share_pct(run, time_ns);
    r->wait_pct = share_pct(wait, time_ns);
    r->demand_pct = wait >= time_ns ? 100 : share_pct(run, time_ns - wait);
    if (quota_pct > 0 && r->demand_pct > quota_pct)
        r->demand_pct = quota_pct;
}

static bool has_both(const struct snapshot_memory *then, const struct snapshot_memory *now, unsigned wanted)
{
    return (then->has & now->has & wanted) == wanted;
}

/* How far the wall clock was set forward between the two, or went on while the host was suspended; 0 where it wasn't by
 * more than a second, as times of reports are whole ones, or where it isn't known. */
static double skipped_seconds(const struct snapshot *before, const struct snapshot *now, double seconds)
{
    double skipped_s = ((double)now->wall_ms - (double)before->wall_ms) / 1e3 - seconds;

    return before->wall_ms != 0 && now->wall_ms != 0 && skipped_s > 1 ? skipped_s : 0;
}

/* The time that the guest's counters tell of: where it hadn't reported for longer than an interval, all of that. It is
 * known by the wall clock: what that skipped is no time. */
static double counted_seconds(const struct snapshot_memory *then, const struct snapshot_memory *now, double seconds,
                              double skipped_s)
{
    if (!has_both(then, now, SNAPSHOT_HAS_LAST_UPDATE))
        return seconds;
    return fmax(seconds, (double)now->last_update_s - (double)then->last_update_s - skipped_s);
}

static void memory_rates(struct rates_guest *r, const struct snapshot_memory *then, const struct snapshot_memory *now,
                         double seconds, double skipped_s)
{
    uint64_t used_then, used_now;
    double counted_s = counted_seconds(then, now, seconds, skipped_s);

    if (has_both(then, now, SNAPSHOT_HAS_SWAP_IN | SNAPSHOT_HAS_SWAP_OUT) && now->swap_in_kib >= then->swap_in_kib &&
        now->swap_out_kib >= then->swap_out_kib) {
        r->has_swap = true;
        r->swap_in_kib_s = (double)(now->swap_in_kib - then->swap_in_kib) / counted_s;
        r->swap_out_kib_s = (double)(now->swap_out_kib - then->swap_out_kib) / counted_s;
    }
    if (has_both(then, now, SNAPSHOT_HAS_MAJOR_FAULTS) && now->major_faults >= then->major_faults) {
        r->has_faults = true;
        r->major_faults_s = (double)(now->major_faults - then->major_faults) / counted_s;
    }
    if (rates_memory_used(then, &used_then) && rates_memory_used(now, &used_now)) {
        r->has_used = true;
        r->used_kib_s = ((double)used_now - (double)used_then) / seconds;
    }
}

/* KiB per second by which a counter of bytes rose; false where it isn't in both, or went back. */
static bool kib_rate(const struct snapshot_work *then, const struct snapshot_work *now, unsigned has, uint64_t was,
                     uint64_t is, double seconds, double *kib_s)
{
    if ((then->has & now->has & has) == 0 || is < was)
        return false;
    *kib_s = (double)(is - was) / 1024 / seconds;
    return true;
}

/* What its QEMU did beside the vCPUs, whose run times are summed up already. */
static void work_rates(struct rates_guest *r, const struct snapshot_work *then, const struct snapshot_work *now,
                       uint64_t time_ns)
{
    double seconds = (double)time_ns / 1e9;

    r->has_disk = kib_rate(then, now, SNAPSHOT_HAS_DISK_READ, then->disk_read_bytes, now->disk_read_bytes, seconds,
                           &r->disk_read_kib_s) &&
                  kib_rate(then, now, SNAPSHOT_HAS_DISK_WRITTEN, then->disk_written_bytes, now->disk_written_bytes,
                           seconds, &r->disk_written_kib_s);
    r->has_net = kib_rate(then, now, SNAPSHOT_HAS_NET_RECEIVED, then->net_received_bytes, now->net_received_bytes,
                          seconds, &r->net_received_kib_s) &&
                 kib_rate(then, now, SNAPSHOT_HAS_NET_SENT, then->net_sent_bytes, now->net_sent_bytes, seconds,
                          &r->net_sent_kib_s);
    if ((then->has & now->has & SNAPSHOT_HAS_CPU) == 0 || now->cpu_ns < then->cpu_ns)
        return;
    r->has_other = true;
    /* vCPUs' times come in steps of 10 ms, and so may seem to be more than the whole. */
    r->other_pct = fmax(100.0 * (double)(now->cpu_ns - then->cpu_ns) / (double)time_ns - r->run_pct - r->poll_pct, 0);
}

/* Sums up the guest's vCPUs, and cuts their demand to what the guest may run in all. */
static void sum_up_guest(struct rates *r, const struct snapshot_guest *g, struct rates_guest *sum)
{
    double demand = 0;

    for (int v = g->first_vcpu; v < g->first_vcpu + g->n_vcpus; v++) {
        sum->run_pct += r->vcpus[v].run_pct;
        sum->wait_pct += r->vcpus[v].wait_pct;
        sum->poll_pct += r->vcpus[v].poll_pct;
        sum->has_poll |= r->vcpus[v].has_poll;
        demand += r->vcpus[v].demand_pct;
    }
    if (g->guest_quota_pct <= 0 || demand <= g->guest_quota_pct)
        return;
    for (int v = g->first_vcpu; v < g->first_vcpu + g->n_vcpus; v++)
        r->vcpus[v].demand_pct *= g->guest_quota_pct / demand;
}

static void guest_rates(struct rates *r, const struct snapshot *before, const struct snapshot *now, uint64_t time_ns)
{
    double skipped_s = skipped_seconds(before, now, r->seconds);
    int found = -1;

    for (int i = 0; i < now->n_guests; i++) {
        const struct snapshot_guest *g = &now->guests[i];
        int earlier = snapshot_find_guest(before, g->uuid, g->id, found + 1);
        bool measured = runs(g) && (earlier < 0 || runs(&before->guests[earlier]));

        for (int v = g->first_vcpu; measured && v < g->first_vcpu + g->n_vcpus; v++)
            vcpu_rates(&r->vcpus[v], earlier_vcpu(before, earlier, &now->vcpus[v]), &now->vcpus[v], g->vcpu_quota_pct,
                       time_ns);
        sum_up_guest(r, g, &r->guests[i]);
        if (earlier < 0)
            continue;
        r->guests[i].known = true;
        memory_rates(&r->guests[i], &before->guests[earlier].memory, &g->memory, r->seconds, skipped_s);
        if (measured)
            work_rates(&r->guests[i], &before->guests[earlier].work, &g->work, time_ns);
        found = earlier;
    }
}

struct vcpu_load {
    double busy_pct; /* of its pCPU: run, and polled for it */
    double demand_pct, unmet_pct;
};

static struct vcpu_load load_of(const struct rates_vcpu *r)
{
    double demand = r->known ? r->demand_pct : r->run_pct;

    return (struct vcpu_load){r->run_pct + r->poll_pct, demand, demand > r->run_pct ? demand - r->run_pct : 0};
}

static void put_load(struct rates_pcpu *p, const struct vcpu_load *load, double share)
{
    p->guest_pct += load->busy_pct * share;
    p->unmet_pct += load->unmet_pct * share;
    p->load_pct += load->demand_pct * share;
}

/* The kernel keeps what floats away from isolated pCPUs, unless there are no others in its mask. */
static bool may_use(const struct snapshot *s, const struct snapshot_pcpu *p, const uint64_t *mask, bool isolated)
{
    return p->online && (isolated || !p->isolated) && (!mask || cpumask_has(mask, snapshot_words(s), p->number));
}

/* Spreads a load over the pCPUs of mask (NULL: all), in proportion to host_pct, which holds each one's unexplained
 * busy time; evenly where there is none. Returns how many pCPUs it may use. */
static int spread_load(struct rates *r, const struct snapshot *s, const struct vcpu_load *load, const uint64_t *mask,
                       bool isolated)
{
    double unexplained = 0;
    int usable = 0;

    for (int i = 0; i < s->n_pcpus; i++) {
        if (may_use(s, &s->pcpus[i], mask, isolated)) {
            unexplained += r->pcpus[i].host_pct;
            usable++;
        }
    }
    for (int i = 0; usable > 0 && i < s->n_pcpus; i++)
        if (may_use(s, &s->pcpus[i], mask, isolated))
            put_load(&r->pcpus[i], load, unexplained > 0 ? r->pcpus[i].host_pct / unexplained : 1.0 / usable);
    return usable;
}

static void busy_rate(struct rates_pcpu *r, const struct snapshot *before, const struct snapshot_pcpu *now,
                      uint64_t time_ns)
{
    int i = snapshot_pcpu_index(before, now->number);
    const struct snapshot_pcpu *then = i < 0 ? NULL : &before->pcpus[i];

    /* Idle time may step back: the kernel estimates it anew where a pCPU sleeps without a tick. */
    if (!then || !then->has_times || !now->has_times || now->busy_ns < then->busy_ns)
        return;
    r->known = true;
    r->busy_pct = share_pct(now->busy_ns - then->busy_ns, time_ns);
    if (then->has_taken && now->has_taken && now->taken_ns >= then->taken_ns)
        r->taken_pct = share_pct(now->taken_ns - then->taken_ns, time_ns);
}

/* guest_pct is complete: what is left of busy_pct is the host's. The counters of pCPUs and vCPUs are not read in the
 * same instant and differ in resolution, so that guests may seem to have run for longer than their pCPU was busy. */
static void finish_pcpu(struct rates_pcpu *r)
{
    if (r->guest_pct > 100)
        r->guest_pct = 100;
    if (r->busy_pct < r->guest_pct)
        r->busy_pct = r->guest_pct;
    r->host_pct = r->busy_pct - r->guest_pct;
    if (r->taken_pct > r->host_pct) /* some kernels count it as run by whom it was taken from, too */
        r->taken_pct = r->host_pct;
    r->load_pct += r->host_pct;
}

/* Where the guest's other threads may run, all together, into row; false where that isn't known. */
static bool threads_mask(const struct snapshot *s, const struct snapshot_guest *g, uint64_t *row)
{
    bool known = g->n_threads > 0;

    cpumask_clear(row, snapshot_words(s));
    for (int i = g->first_thread; i < g->first_thread + g->n_threads; i++) {
        const uint64_t *mask = snapshot_mask(s, s->threads[i].affinity);

        known = known && mask;
        for (int w = 0; mask && w < snapshot_words(s); w++)
            row[w] |= mask[w];
    }
    return known;
}

/* Counts what guests' other threads did where they may run: on a single pCPU, or spread over several. */
static void put_threads(struct rates *r, const struct snapshot *now, bool single)
{
    uint64_t *row = r->row;

    for (int g = 0; g < now->n_guests; g++) {
        struct vcpu_load load = {r->guests[g].other_pct, r->guests[g].other_pct, 0};
        int at;

        if (!r->guests[g].has_other || !threads_mask(now, &now->guests[g], row))
            continue;
        at = snapshot_pcpu_index(now, cpumask_single(row, snapshot_words(now)));
        if (single && at >= 0)
            put_load(&r->pcpus[at], &load, 1);
        else if (!single && at < 0)
            spread_load(r, now, &load, row, false);
    }
}

static void pcpu_rates(struct rates *r, const struct snapshot *before, const struct snapshot *now, uint64_t time_ns)
{
    for (int i = 0; i < now->n_pcpus; i++)
        busy_rate(&r->pcpus[i], before, &now->pcpus[i], time_ns);
    for (int v = 0; v < now->n_vcpus; v++) {
        struct vcpu_load load = load_of(&r->vcpus[v]);
        int i = snapshot_pinned_to(now, &now->vcpus[v]);

        if (i >= 0)
            put_load(&r->pcpus[i], &load, 1);
    }
    put_threads(r, now, true);
    for (int i = 0; i < now->n_pcpus; i++)
        r->pcpus[i].host_pct = fmax(0, r->pcpus[i].busy_pct - r->pcpus[i].guest_pct);
    for (int v = 0; v < now->n_vcpus; v++) {
        struct vcpu_load load = load_of(&r->vcpus[v]);
        const uint64_t *mask = snapshot_mask(now, now->vcpus[v].affinity);

        if (snapshot_pinned_to(now, &now->vcpus[v]) >= 0 || load.demand_pct <= 0)
            continue;
        if (spread_load(r, now, &load, mask, false) == 0)
            spread_load(r, now, &load, mask, true);
    }
    put_threads(r, now, false);
    for (int i = 0; i < now->n_pcpus; i++)
        finish_pcpu(&r->pcpus[i]);
}

/* The pCPUs that vCPUs are placed on. */
static bool takes_vcpus(const struct snapshot_pcpu *p)
{
    return p->online && !p->isolated && !p->refuses;
}

static double load_deviation(const struct rates *r, const struct snapshot *s)
{
    struct statistics loads = {0};

    for (int i = 0; i < s->n_pcpus; i++)
        if (takes_vcpus(&s->pcpus[i]))
            statistics_add(&loads, r->pcpus[i].load_pct);
    return loads.n > 0 ? statistics_sd(&loads) : -1;
}

/* Sets the sizes, without clearing; empty where memory is out. */
static int resize(struct rates *r, int pcpus, int guests, int vcpus)
{
    r->n_pcpus = r->n_guests = r->n_vcpus = 0;
    if (array_reserve(&r->pcpus, &r->cap_pcpus, pcpus, sizeof(*r->pcpus)) ||
        array_reserve(&r->guests, &r->cap_guests, guests, sizeof(*r->guests)) ||
        array_reserve(&r->vcpus, &r->cap_vcpus, vcpus, sizeof(*r->vcpus)))
        return -ENOMEM;
    r->n_pcpus = pcpus;
    r->n_guests = guests;
    r->n_vcpus = vcpus;
    return 0;
}

int rates_copy(struct rates *to, const struct rates *from)
{
    to->seconds = to->seconds_off = 0;
    to->sd_pct = -1;
    if (resize(to, from->n_pcpus, from->n_guests, from->n_vcpus))
        return -ENOMEM;
    array_copy(to->pcpus, from->pcpus, from->n_pcpus, sizeof(*to->pcpus));
    array_copy(to->guests, from->guests, from->n_guests, sizeof(*to->guests));
    array_copy(to->vcpus, from->vcpus, from->n_vcpus, sizeof(*to->vcpus));
    to->seconds = from->seconds;
    to->seconds_off = from->seconds_off;
    to->sd_pct = from->sd_pct;
    return 0;
}

int rates_between(struct rates *r, const struct snapshot *before, const struct snapshot *now)
{
    uint64_t time_ns;

    if (resize(r, now->n_pcpus, now->n_guests, now->n_vcpus))
        return -ENOMEM;
    array_clear(r->pcpus, now->n_pcpus, sizeof(*r->pcpus));
    array_clear(r->guests, now->n_guests, sizeof(*r->guests));
    array_clear(r->vcpus, now->n_vcpus, sizeof(*r->vcpus));
    if (array_reserve(&r->row, &r->cap_row, snapshot_words(now), sizeof(*r->row)))
        return -ENOMEM;
    r->seconds = r->seconds_off = 0;
    r->sd_pct = -1;
    if (!before || before->n_pcpus == 0 || now->taken_ns <= before->taken_ns)
        return 0;
    time_ns = now->taken_ns - before->taken_ns;
    r->seconds = (double)time_ns / 1e9;
    r->seconds_off = hypot((double)before->read_ns, (double)now->read_ns) / sqrt(12.0) / 1e9;
    guest_rates(r, before, now, time_ns);
    pcpu_rates(r, before, now, time_ns);
    r->sd_pct = load_deviation(r, now);
    return 0;
}
