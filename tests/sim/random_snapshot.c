#include "tests/sim/random_snapshot.h"

#include "core/model/cpumask.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* splitmix64, Steele, Lea and Flood 2014 */
uint64_t random_u64(struct random_source *source)
{
    uint64_t z = source->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int random_below(struct random_source *source, int below)
{
    return (int)(random_u64(source) % (uint64_t)below);
}

static bool flip(struct random_source *source)
{
    return random_u64(source) & 1;
}

/* Small, large and extreme values are all likely. */
static uint64_t any_u64(struct random_source *source)
{
    static const uint64_t extremes[] = {0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX, UINT64_MAX - 1};

    if (random_below(source, 8) == 0)
        return extremes[random_below(source, 6)];
    return random_u64(source) >> random_below(source, 64);
}

static double any_share(struct random_source *source)
{
    switch (random_below(source, 3)) {
    case 0:
        return 0;
    case 1:
        return random_below(source, 100000) / 1000.0;
    default:
        return (double)random_u64(source) / 1.7e16;
    }
}

void random_text(struct random_source *source, char *text, size_t size)
{
    static const char *const pieces[] = {"a",    "web", "-7", "ü",  "漢", "🙂", "\xff", "\xc3", "\xed\xa0\x80",
                                         "\x01", "\n",  "\"", "\\", "%",  "_hex", "\x7f"};
    size_t length = 0;
    int kind = random_below(source, 4), wanted = random_below(source, 12);

    for (int i = 0; i < wanted; i++) {
        char byte[2] = {(char)(1 + random_below(source, 255)), 0};
        const char *piece = kind == 0 ? byte : pieces[random_below(source, kind == 1 ? 16 : 6)];

        if (length + strlen(piece) >= size)
            break;
        memcpy(text + length, piece, strlen(piece));
        length += strlen(piece);
    }
    if (kind == 2 && wanted == 0)
        for (; length < size - 1; length++)
            text[length] = (char)(1 + random_below(source, 255));
    text[length] = '\0';
}

static int any_mask(struct random_source *source, struct snapshot *s)
{
    int row, kind = random_below(source, 5), words = snapshot_words(s);
    uint64_t *mask;

    if (kind == 0)
        return -1;
    row = snapshot_add_mask(s, NULL);
    assert(row >= 0);
    mask = s->masks + (size_t)row * (size_t)words;
    for (int cpu = 0; cpu < s->cpu_limit; cpu++)
        if (kind == 1 || (kind == 2 && flip(source)) || (kind == 3 && random_below(source, 16) == 0))
            cpumask_set(mask, cpu);
    if (kind == 4)
        cpumask_set(mask, random_below(source, s->cpu_limit));
    return row;
}

static void any_memory(struct random_source *source, struct snapshot_memory *m)
{
    m->has = (unsigned)random_below(source, 1 << 12);
    m->stats_period_s = random_below(source, 12) - 1;
    m->balloon = flip(source);
    m->inhibited = flip(source);
    m->stats_refused = flip(source);
    m->deflate_on_oom = flip(source);
    m->weight = any_share(source);
    m->least_kib = flip(source) ? random_u64(source) : 0;
    m->most_kib = flip(source) ? random_u64(source) : 0;
}

static void any_guest(struct random_source *source, struct snapshot *s, int most)
{
    struct snapshot_guest *g = snapshot_add_guest(s);

    assert(g);
    for (int i = 0; i < SNAPSHOT_UUID_BYTES; i++)
        g->uuid[i] = (uint8_t)random_u64(source);
    g->id = (int)(int32_t)random_u64(source);
    random_text(source, g->name, sizeof(g->name));
    g->state = (enum snapshot_guest_state)random_below(source, SNAPSHOT_GUEST_STOPPING + 1);
    g->leave_alone = (enum snapshot_leave_alone)random_below(source, SNAPSHOT_LEAVE_STALE + 1);
    g->realtime = flip(source);
    g->dedicated = flip(source);
    g->vcpu_quota_pct = any_share(source);
    g->guest_quota_pct = any_share(source);
    g->memory_nodes = any_mask(source, s);
    g->memory_bound = g->memory_nodes >= 0 && flip(source);
    g->allowed = flip(source) ? any_mask(source, s) : -1;
    any_memory(source, &g->memory);
    g->work.has = (unsigned)random_below(source, 1 << 5);
    for (int i = random_below(source, most + 1), number = 0; i > 0; i--) {
        struct snapshot_vcpu *v = snapshot_add_vcpu(s);

        assert(v);
        number += random_below(source, 3);
        v->number = number++;
        v->online = flip(source);
        v->has_run = flip(source);
        v->has_delay = flip(source);
        v->has_poll = flip(source);
        v->affinity = any_mask(source, s);
        v->found = any_mask(source, s);
        v->defined = any_mask(source, s);
        v->pinned = any_mask(source, s);
    }
    for (int i = flip(source) ? random_below(source, most + 1) : 0; i > 0; i--) {
        struct snapshot_thread *t = snapshot_add_thread(s);

        assert(t);
        t->number = flip(source) ? SNAPSHOT_EMULATOR : snapshot_iothread((unsigned)random_below(source, 1 << 30) + 1);
        t->affinity = any_mask(source, s);
        t->found = any_mask(source, s);
    }
}

void random_snapshot(struct random_source *source, struct snapshot *s, int most)
{
    int pcpus = random_below(source, most + 1), number = 0;

    snapshot_reset(s, 1 + 3 * most);
    random_text(source, s->node_name, sizeof(s->node_name));
    random_text(source, s->uri, sizeof(s->uri));
    s->host.has = (unsigned)random_below(source, 1 << 8);
    for (int i = 0; i < pcpus; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);

        assert(p);
        number += random_below(source, 3);
        p->number = number++;
        p->node = random_below(source, 5);
        p->llc = random_below(source, 9);
        p->core = (int)(random_u64(source) >> 33);
        p->online = flip(source);
        p->isolated = flip(source);
        p->refuses = flip(source);
        p->has_times = flip(source);
        p->has_taken = flip(source);
        p->capacity = flip(source) ? random_below(source, 1025) / 1024.0 : 0;
    }
    for (int i = 0; i < s->cpu_limit; i++)
        if (random_below(source, 8) == 0) {
            struct snapshot_node *n = snapshot_add_node(s);

            assert(n);
            n->number = i;
        }
    for (int i = random_below(source, most + 1); i > 0; i--)
        any_guest(source, s, most);
    random_figures(source, s);
}

/* A new value, or the old one. */
static void change(struct random_source *source, uint64_t *value, bool reported)
{
    if (reported && random_below(source, 3))
        *value = any_u64(source);
}

static void change_memory(struct random_source *source, struct snapshot_memory *m)
{
    change(source, &m->size_kib, m->has & SNAPSHOT_HAS_SIZE);
    change(source, &m->max_kib, m->has & SNAPSHOT_HAS_MAX);
    change(source, &m->available_kib, m->has & SNAPSHOT_HAS_AVAILABLE);
    change(source, &m->unused_kib, m->has & SNAPSHOT_HAS_UNUSED);
    change(source, &m->usable_kib, m->has & SNAPSHOT_HAS_USABLE);
    change(source, &m->rss_kib, m->has & SNAPSHOT_HAS_RSS);
    change(source, &m->swap_in_kib, m->has & SNAPSHOT_HAS_SWAP_IN);
    change(source, &m->swap_out_kib, m->has & SNAPSHOT_HAS_SWAP_OUT);
    change(source, &m->major_faults, m->has & SNAPSHOT_HAS_MAJOR_FAULTS);
    change(source, &m->minor_faults, m->has & SNAPSHOT_HAS_MINOR_FAULTS);
    change(source, &m->disk_caches_kib, m->has & SNAPSHOT_HAS_DISK_CACHES);
    change(source, &m->last_update_s, m->has & SNAPSHOT_HAS_LAST_UPDATE);
}

static void change_work(struct random_source *source, struct snapshot_work *w)
{
    change(source, &w->cpu_ns, w->has & SNAPSHOT_HAS_CPU);
    change(source, &w->disk_read_bytes, w->has & SNAPSHOT_HAS_DISK_READ);
    change(source, &w->disk_written_bytes, w->has & SNAPSHOT_HAS_DISK_WRITTEN);
    change(source, &w->net_received_bytes, w->has & SNAPSHOT_HAS_NET_RECEIVED);
    change(source, &w->net_sent_bytes, w->has & SNAPSHOT_HAS_NET_SENT);
}

static void change_host(struct random_source *source, struct snapshot_host *h)
{
    change(source, &h->total_kib, h->has & SNAPSHOT_HOST_HAS_TOTAL);
    change(source, &h->free_kib, h->has & SNAPSHOT_HOST_HAS_FREE);
    change(source, &h->available_kib, h->has & SNAPSHOT_HOST_HAS_AVAILABLE);
    change(source, &h->caches_kib, h->has & SNAPSHOT_HOST_HAS_CACHES);
    change(source, &h->swap_total_kib, h->has & SNAPSHOT_HOST_HAS_SWAP);
    change(source, &h->swap_free_kib, h->has & SNAPSHOT_HOST_HAS_SWAP);
    if (h->has & SNAPSHOT_HOST_HAS_PRESSURE) {
        h->pressure_some_pct = any_share(source);
        h->pressure_full_pct = any_share(source);
    }
    if (h->has & SNAPSHOT_HOST_HAS_CPU_PRESSURE)
        h->cpu_pressure_some_pct = any_share(source);
    if (h->has & SNAPSHOT_HOST_HAS_IO_PRESSURE) {
        h->io_pressure_some_pct = any_share(source);
        h->io_pressure_full_pct = any_share(source);
    }
}

void random_figures(struct random_source *source, struct snapshot *s)
{
    uint64_t wall = random_u64(source);

    change(source, &s->taken_ns, true);
    change(source, &s->read_ns, random_u64(source) % 2 == 0);
    memcpy(&s->wall_ms, &wall, sizeof(s->wall_ms));
    s->calls = (unsigned)random_u64(source);
    change_host(source, &s->host);
    for (int i = 0; i < s->n_pcpus; i++) {
        change(source, &s->pcpus[i].busy_ns, s->pcpus[i].has_times);
        change(source, &s->pcpus[i].idle_ns, s->pcpus[i].has_times);
        change(source, &s->pcpus[i].taken_ns, s->pcpus[i].has_taken);
    }
    for (int i = 0; i < s->n_nodes; i++)
        change(source, &s->nodes[i].free_kib, true);
    for (int i = 0; i < s->n_guests; i++) {
        change_memory(source, &s->guests[i].memory);
        change_work(source, &s->guests[i].work);
    }
    for (int i = 0; i < s->n_vcpus; i++) {
        struct snapshot_vcpu *v = &s->vcpus[i];

        change(source, &v->run_ns, v->has_run);
        change(source, &v->delay_ns, v->has_delay);
        change(source, &v->poll_ns, v->has_poll);
        v->cpu = random_below(source, s->cpu_limit + 1) - 1;
        v->running = flip(source);
        if (random_below(source, 4) == 0)
            v->affinity = any_mask(source, s);
    }
}
