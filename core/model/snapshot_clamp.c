#include "core/model/snapshot.h"

#include <math.h>

static const uint64_t most_kib = UINT64_C(1) << 50, most_count = UINT64_C(1) << 62;

/* A weight beyond these would leave others nothing, or get nothing; a guest's definition has the same bounds. */
static const double weight_least = 0.01, weight_most = 100;

/* Linux numbers NUMA nodes up to 1023. What is beyond this bound is no number of a node: it counts as the first. */
enum { MOST_NODE = 65535 };

static void cap(uint64_t *value, uint64_t most)
{
    if (*value > most)
        *value = most;
}

static double within(double value, double least, double most, double otherwise)
{
    return isnan(value) ? otherwise : fmin(fmax(value, least), most);
}

static void clamp_node(int *number)
{
    if (*number > MOST_NODE)
        *number = 0;
}

static void clamp_host(struct snapshot_host *h)
{
    double *const pressures[] = {&h->pressure_some_pct, &h->pressure_full_pct, &h->cpu_pressure_some_pct,
                                 &h->io_pressure_some_pct, &h->io_pressure_full_pct};

    cap(&h->total_kib, most_kib);
    cap(&h->free_kib, h->has & SNAPSHOT_HOST_HAS_TOTAL ? h->total_kib : most_kib);
    cap(&h->available_kib, h->has & SNAPSHOT_HOST_HAS_TOTAL ? h->total_kib : most_kib);
    cap(&h->caches_kib, most_kib);
    cap(&h->swap_total_kib, most_kib);
    cap(&h->swap_free_kib, h->swap_total_kib);
    for (size_t i = 0; i < sizeof(pressures) / sizeof(pressures[0]); i++)
        *pressures[i] = within(*pressures[i], 0, 100, 0);
}

static void clamp_memory(struct snapshot_memory *m)
{
    uint64_t *const sizes[] = {&m->size_kib,        &m->max_kib, &m->available_kib, &m->unused_kib, &m->usable_kib,
                               &m->disk_caches_kib, &m->rss_kib, &m->least_kib,     &m->most_kib};
    uint64_t *const counts[] = {&m->swap_in_kib, &m->swap_out_kib, &m->major_faults, &m->minor_faults,
                                &m->last_update_s};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        cap(sizes[i], most_kib);
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        cap(counts[i], most_count);
    if (m->size_kib == 0) /* of a guest that runs: nobody knows it */
        m->has &= ~(unsigned)SNAPSHOT_HAS_SIZE;
    m->weight = m->weight > 0 ? within(m->weight, weight_least, weight_most, 1) : 1;
}

static void clamp_work(struct snapshot_work *w)
{
    uint64_t *const counts[] = {&w->cpu_ns, &w->disk_read_bytes, &w->disk_written_bytes, &w->net_received_bytes,
                                &w->net_sent_bytes};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
        cap(counts[i], most_count);
}

void snapshot_clamp(struct snapshot *s)
{
    cap(&s->read_ns, most_count);
    clamp_host(&s->host);
    for (int i = 0; i < s->n_pcpus; i++) {
        cap(&s->pcpus[i].busy_ns, most_count);
        cap(&s->pcpus[i].idle_ns, most_count);
        cap(&s->pcpus[i].taken_ns, most_count);
        s->pcpus[i].capacity = within(s->pcpus[i].capacity, 0, 1, 0);
        clamp_node(&s->pcpus[i].node);
    }
    for (int i = 0; i < s->n_nodes; i++) {
        cap(&s->nodes[i].free_kib, s->host.has & SNAPSHOT_HOST_HAS_TOTAL ? s->host.total_kib : most_kib);
        clamp_node(&s->nodes[i].number);
    }
    for (int i = 0; i < s->n_guests; i++) {
        clamp_memory(&s->guests[i].memory);
        clamp_work(&s->guests[i].work);
        s->guests[i].vcpu_quota_pct = within(s->guests[i].vcpu_quota_pct, 0, 1e6, 0);
        s->guests[i].guest_quota_pct = within(s->guests[i].guest_quota_pct, 0, 1e6, 0);
    }
    for (int i = 0; i < s->n_vcpus; i++) {
        cap(&s->vcpus[i].run_ns, most_count);
        cap(&s->vcpus[i].delay_ns, most_count);
        cap(&s->vcpus[i].poll_ns, most_count);
    }
}
