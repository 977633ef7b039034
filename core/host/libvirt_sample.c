#include "core/host/bulk_stats.h"
#include "core/host/libvirt_internal.h"
#include "core/model/clock.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

enum {
    PATIENCE_MOST_MS = 60000, /* for a bulk call */
    /* Samples in a row that bring no answer from a QEMU before it's asked why. */
    UNANSWERED = 2,
};

/* After a call was cut off: when nobody hangs, libvirt itself is slow, and gets more time. */
static void judge_patience(struct libvirt_host *h)
{
    bool hung = false;

    for (int i = 0; i < h->guests.n; i++)
        hung = hung || h->guests.guests[i]->hung;
    if (hung)
        h->patience_ms = LIBVIRT_PATIENCE_MS;
    else if (h->suspicious && h->patience_ms < PATIENCE_MOST_MS)
        h->patience_ms *= 2;
    h->suspicious = false;
}

/* The facts of each guest listed, in the listing's order; those of others are dropped. */
static int meet_guests(struct libvirt_host *h, const struct libvirt_listing *l)
{
    int before = h->guests.n, met = 0, at = -1;

    for (int i = 0; i < h->guests.n; i++)
        h->guests.guests[i]->seen = false;
    for (int i = 0; i < l->n; i++) {
        const struct libvirt_listing_entry *e = &l->entries[i];
        struct domain *g = domain_table_find(&h->guests, e->uuid, e->id, at + 1, &at);

        if (e->id < 0)
            continue;
        if (!g) {
            g = domain_table_add(&h->guests, e->uuid, e->id);
            if (!g)
                return -ENOMEM;
        } else if (!g->seen) {
            met++;
        }
        g->seen = true;
        if (g->domain)
            virDomainFree(g->domain);
        g->domain = e->domain;
        virDomainRef(g->domain);
        snprintf(g->name, sizeof(g->name), "%s", virDomainGetName(e->domain));
    }
    if (met < before)
        h->anew = true;
    domain_table_drop_unseen(&h->guests);
    return 0;
}

/* vCPU figures by a call of its own, for drivers that bring none in bulk. Affinities come with it. */
static int read_vcpus_singly(struct libvirt_host *h, struct domain *g, struct snapshot *s)
{
    int result = domain_read_affinities(g, &h->connection, h->ledger, 0);

    g->affinity_due = false;
    for (int i = 0; i < g->n_vcpus && !result; i++) {
        const struct domain_vcpu *from = &g->vcpus[i];
        struct snapshot_vcpu *v;

        if (!from->listed)
            continue;
        v = snapshot_add_vcpu(s);
        if (!v)
            return -ENOMEM;
        v->number = from->number;
        v->online = true;
        v->running = from->listed_running;
        v->has_run = true;
        v->run_ns = from->listed_ns;
    }
    return result;
}

static void take_memory_stat(struct snapshot_memory *m, const virDomainMemoryStatStruct *stat, bool made_up)
{
    const struct {
        int tag;
        unsigned has;
        uint64_t *value;
    } rows[] = {
        {VIR_DOMAIN_MEMORY_STAT_ACTUAL_BALLOON, SNAPSHOT_HAS_SIZE, &m->size_kib},
        {VIR_DOMAIN_MEMORY_STAT_AVAILABLE, SNAPSHOT_HAS_AVAILABLE, &m->available_kib},
        {VIR_DOMAIN_MEMORY_STAT_UNUSED, SNAPSHOT_HAS_UNUSED, &m->unused_kib},
        {VIR_DOMAIN_MEMORY_STAT_USABLE, SNAPSHOT_HAS_USABLE, &m->usable_kib},
        {VIR_DOMAIN_MEMORY_STAT_RSS, SNAPSHOT_HAS_RSS, &m->rss_kib},
        {VIR_DOMAIN_MEMORY_STAT_SWAP_IN, SNAPSHOT_HAS_SWAP_IN, &m->swap_in_kib},
        {VIR_DOMAIN_MEMORY_STAT_SWAP_OUT, SNAPSHOT_HAS_SWAP_OUT, &m->swap_out_kib},
        {VIR_DOMAIN_MEMORY_STAT_MAJOR_FAULT, SNAPSHOT_HAS_MAJOR_FAULTS, &m->major_faults},
        {VIR_DOMAIN_MEMORY_STAT_MINOR_FAULT, SNAPSHOT_HAS_MINOR_FAULTS, &m->minor_faults},
        {VIR_DOMAIN_MEMORY_STAT_DISK_CACHES, SNAPSHOT_HAS_DISK_CACHES, &m->disk_caches_kib},
        {VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE, SNAPSHOT_HAS_LAST_UPDATE, &m->last_update_s},
    };

    /* The test driver's moment of the last update is a constant, and would look like a guest that is stuck. */
    if (made_up && stat->tag == VIR_DOMAIN_MEMORY_STAT_LAST_UPDATE)
        return;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (stat->tag == rows[i].tag) {
            *rows[i].value = stat->val;
            m->has |= rows[i].has;
        }
}

static void read_memory_singly(struct libvirt_host *h, const struct domain *g, struct snapshot_guest *to,
                               struct bulk_stats *bulk)
{
    virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
    virDomainInfo info;
    int n;

    connection_begin(&h->connection, CONNECTION_CALL_MS, 2);
    if (virDomainGetInfo(g->domain, &info) == 0) {
        to->memory.size_kib = info.memory;
        to->memory.max_kib = info.maxMem;
        to->memory.has |= (info.memory ? SNAPSHOT_HAS_SIZE : 0u) | (info.maxMem ? SNAPSHOT_HAS_MAX : 0u);
        if (bulk->state < 0)
            bulk->state = info.state;
    }
    n = virDomainMemoryStats(g->domain, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);
    connection_end(&h->connection);
    for (int i = 0; i < n; i++)
        take_memory_stat(&to->memory, &stats[i], h->connection.made_up);
}

/* A guest whose QEMU wasn't asked or doesn't answer keeps the figures it reported last; last_update_s tells their age.
 */
static void keep_last_memory(struct domain *g, struct snapshot_memory *now)
{
    const struct snapshot_memory *last = &g->memory;
    unsigned missing = last->has & ~now->has;

#define KEEP(bit, field)                                                                                               \
    if (missing & (bit))                                                                                               \
    now->field = last->field
    KEEP(SNAPSHOT_HAS_AVAILABLE, available_kib);
    KEEP(SNAPSHOT_HAS_UNUSED, unused_kib);
    KEEP(SNAPSHOT_HAS_USABLE, usable_kib);
    KEEP(SNAPSHOT_HAS_RSS, rss_kib);
    KEEP(SNAPSHOT_HAS_SWAP_IN, swap_in_kib);
    KEEP(SNAPSHOT_HAS_SWAP_OUT, swap_out_kib);
    KEEP(SNAPSHOT_HAS_MAJOR_FAULTS, major_faults);
    KEEP(SNAPSHOT_HAS_MINOR_FAULTS, minor_faults);
    KEEP(SNAPSHOT_HAS_DISK_CACHES, disk_caches_kib);
    KEEP(SNAPSHOT_HAS_LAST_UPDATE, last_update_s);
    KEEP(SNAPSHOT_HAS_SIZE, size_kib);
    KEEP(SNAPSHOT_HAS_MAX, max_kib);
#undef KEEP
    now->has |= missing;
}

/* What says that affinities have changed though no event did: a vCPU that was plugged in, or a thread that is new. */
static void suspect_affinities(struct domain *g, const struct snapshot *s, int first)
{
    for (int i = first; i < s->n_vcpus; i++) {
        const struct snapshot_vcpu *v = &s->vcpus[i];
        struct domain_vcpu *known = domain_find_vcpu(g, v->number);

        if (!g->affinity_refused && (!known || !known->has[DOMAIN_AFFINITY]))
            g->affinity_due = true;
        if (!known || !v->has_run)
            continue;
        if (known->has_run && v->run_ns < known->run_ns)
            g->affinity_due = true;
        known->has_run = true;
        known->run_ns = v->run_ns;
    }
}

static int add_known_mask(struct snapshot *s, const uint64_t *mask)
{
    return mask ? snapshot_add_mask(s, mask) : -1;
}

static int fill_vcpus(const struct domain *g, struct snapshot *s, int guest_index, int first)
{
    int defined = g->has_xml ? add_known_mask(s, g->xml.cpuset) : -1, words = snapshot_words(s);

    for (int i = first; i < s->n_vcpus; i++) {
        struct snapshot_vcpu *v = &s->vcpus[i];
        const struct domain_vcpu *known = domain_find_vcpu(g, v->number);
        const uint64_t *affinity = domain_known_mask(g, known, DOMAIN_AFFINITY);
        const uint64_t *found = domain_known_mask(g, known, DOMAIN_FOUND);
        int single;

        v->guest = guest_index;
        v->defined = defined;
        v->cpu = known ? known->cpu : -1;
        v->affinity = add_known_mask(s, affinity);
        v->found = found && affinity && cpumask_equal(found, affinity, words) ? v->affinity : add_known_mask(s, found);
        v->pinned = add_known_mask(s, domain_persistent_pin(g, v->number));
        single = affinity ? cpumask_single(affinity, words) : -1;
        if (single >= 0)
            v->cpu = single;
        if (v->affinity == -ENOMEM || v->found == -ENOMEM || v->pinned == -ENOMEM || defined == -ENOMEM)
            return -ENOMEM;
    }
    return 0;
}

static int fill_threads(const struct domain *g, struct snapshot *s)
{
    for (int i = 0; i < g->n_vcpus; i++) {
        const struct domain_vcpu *known = &g->vcpus[i];
        struct snapshot_thread *t;

        if (known->number >= 0 || !known->listed)
            continue;
        t = snapshot_add_thread(s);
        if (!t)
            return -ENOMEM;
        t->number = known->number;
        t->affinity = add_known_mask(s, domain_known_mask(g, known, DOMAIN_AFFINITY));
        t->found = add_known_mask(s, domain_known_mask(g, known, DOMAIN_FOUND));
        if (t->affinity == -ENOMEM || t->found == -ENOMEM)
            return -ENOMEM;
    }
    return 0;
}

static int fill_definition(const struct libvirt_host *h, const struct domain *g, struct snapshot *s,
                           struct snapshot_guest *to)
{
    const struct domain_xml *x = &g->xml;

    to->memory.stats_period_s = -1;
    to->leave_alone = g->hung ? SNAPSHOT_LEAVE_STALE : g->unreadable ? SNAPSHOT_LEAVE_UNREADABLE : SNAPSHOT_LEAVE_NO;
    if (!g->has_xml)
        return 0;
    to->realtime = x->realtime;
    to->dedicated = x->dedicated;
    to->vcpu_quota_pct = x->vcpu_quota_pct;
    to->guest_quota_pct = x->guest_quota_pct;
    to->memory_nodes = add_known_mask(s, x->memory_nodes);
    to->memory_bound = x->memory_bound;
    to->memory.stats_period_s = h->no_period ? -1 : x->stats_period_s;
    to->memory.stats_refused = g->period_refused;
    to->memory.balloon = x->balloon;
    to->memory.inhibited = x->inhibited;
    to->memory.deflate_on_oom = x->deflate_on_oom;
    to->memory.reports_free = x->reports_free;
    to->memory.weight = x->weight;
    to->memory.least_kib = x->least_kib;
    to->memory.most_kib = x->most_kib;
    to->allowed = add_known_mask(s, x->allowed);
    if (x->leave_alone && !g->hung)
        to->leave_alone = SNAPSHOT_LEAVE_METADATA;
    return to->memory_nodes == -ENOMEM || to->allowed == -ENOMEM ? -ENOMEM : 0;
}

/*
 * What a guest may have at most where the kernel ends its QEMU at a limit: that limit less what the QEMU needs for
 * itself, which is an estimate, on the safe side for guests without heavy devices: 200 MiB and a fiftieth (page tables,
 * video memory, buffers of block devices).
 */
static uint64_t guest_part(uint64_t hard_limit_kib)
{
    static const uint64_t own_kib = 200 * 1024;
    uint64_t left = hard_limit_kib > own_kib ? hard_limit_kib - own_kib : 0;

    return left - left / 50;
}

/* Says what is wrong with a definition, once. */
static void tell_trouble(struct libvirt_host *h, struct domain *g)
{
    if (strcmp(g->told, g->xml.trouble) == 0)
        return;
    if (g->xml.trouble[0])
        libvirt_remark(h, g->unreadable ? "%s: left alone, its definition can't be read: %s" : "%s: %s", g->name,
                       g->xml.trouble);
    snprintf(g->told, sizeof(g->told), "%s", g->xml.trouble);
}

static void fill_sizes(const struct domain *g, struct snapshot_memory *m)
{
    if (!(m->has & SNAPSHOT_HAS_SIZE) && g->has_xml && g->xml.size_kib > 0) {
        m->size_kib = g->xml.size_kib;
        m->has |= SNAPSHOT_HAS_SIZE;
    }
    if (!(m->has & SNAPSHOT_HAS_MAX) && g->has_xml && g->xml.max_kib > 0) {
        m->max_kib = g->xml.max_kib;
        m->has |= SNAPSHOT_HAS_MAX;
    }
    if (g->has_xml && m->max_kib > g->xml.apart_kib)
        m->max_kib -= g->xml.apart_kib;
    if (g->has_xml && g->xml.hard_limit_kib > 0 && m->max_kib > guest_part(g->xml.hard_limit_kib))
        m->max_kib = guest_part(g->xml.hard_limit_kib);
}

/* Whether the QEMU answered, and what it means when it didn't. */
static void judge_answer(struct libvirt_host *h, struct domain *g, const struct bulk_stats *bulk, bool full)
{
    bool due = g->xml_due || g->affinity_due;

    h->bulk_answers = h->bulk_answers || bulk->answered;
    g->unanswered = bulk->answered || !h->bulk_answers ? 0 : g->unanswered + 1;
    if (bulk->answered)
        g->hung = g->held = false;
    /* One that hung is left out until it answers, or its own probe says that it would. */
    if (bulk->answered ? full && g->busy
                       : h->suspicious || g->hung || (h->connection.qemu && due) ||
                             (full && (g->unanswered >= UNANSWERED || g->busy)))
        domain_probe(g, &h->connection);
}

/* Says that a guest hangs, and that it doesn't any longer. */
static void tell_hung(struct libvirt_host *h, struct domain *g)
{
    if (g->hung == g->told_hung)
        return;
    libvirt_remark(h,
                   g->hung ? "%s: its QEMU doesn't answer; it is left out until it does" : "%s: its QEMU answers again",
                   g->name);
    g->told_hung = g->hung;
}

static void drop_last_guest(struct snapshot *s)
{
    s->n_guests--;
    s->n_vcpus = s->guests[s->n_guests].first_vcpu;
    s->n_threads = s->guests[s->n_guests].first_thread;
}

/* Everything of one guest into s. 0, also when it turned out to be gone (then it's left out); -ENOMEM. */
static int read_guest(struct libvirt_host *h, struct snapshot *s, const struct libvirt_listing_entry *e,
                      struct domain *g, bool full)
{
    struct snapshot_guest *to = snapshot_add_guest(s);
    int index = s->n_guests - 1, first = s->n_vcpus, code = 0;
    struct bulk_stats bulk;

    if (!to || bulk_stats_read(s, e->params, e->n_params, &bulk))
        return -ENOMEM;
    memcpy(to->uuid, g->uuid, sizeof(to->uuid));
    to->id = g->id;
    snprintf(to->name, sizeof(to->name), "%s", g->name);
    h->bulk_vcpus = h->bulk_vcpus || bulk.has_vcpus;
    h->bulk_balloon = h->bulk_balloon || bulk.has_balloon;
    judge_answer(h, g, &bulk, full);
    if (!bulk.has_vcpus && !h->bulk_vcpus && !h->connection.qemu)
        code = read_vcpus_singly(h, g, s);
    suspect_affinities(g, s, first);
    if (full && h->control_cpu)
        libvirt_pcpu_doubt(h, g, s);
    if (code != VIR_ERR_NO_DOMAIN && code != -ENOMEM && !g->hung)
        code = domain_read_due(g, &h->connection, h->ledger, s->n_vcpus - first, h->keep_pins, h->with_threads);
    if (!bulk.has_balloon && !h->bulk_balloon && !h->connection.qemu && !code)
        read_memory_singly(h, g, to, &bulk);
    /* Then it's this guest that held the call up: the next sample goes without. */
    g->hung = g->hung || h->connection.cut;
    if (code == VIR_ERR_NO_DOMAIN) {
        drop_last_guest(s);
        return 0;
    }
    if (code == -ENOMEM)
        return code;
    libvirt_period_set(h, g);
    tell_hung(h, g);
    tell_trouble(h, g);
    to->state = g->busy ? SNAPSHOT_GUEST_MIGRATING : bulk_stats_state(bulk.state, bulk.reason);
    fill_sizes(g, &to->memory);
    if (h->bulk_answers && !bulk.answered)
        keep_last_memory(g, &to->memory);
    g->memory = to->memory;
    if (full && h->control_memory && !h->measure_only && (to->memory.has & SNAPSHOT_HAS_SIZE))
        libvirt_apply_arrived(h, g, to->memory.size_kib);
    if (h->fresh_memory)
        libvirt_period_watch(g, &to->memory, s->taken_ns);
    if (full && h->control_cpu)
        libvirt_pcpu_keep_guest(g, s);
    if (fill_definition(h, g, s, to) || (h->with_threads && fill_threads(g, s)))
        return -ENOMEM;
    return fill_vcpus(g, s, index, first);
}

static bool is_running(const struct ledger_entry *entry, const void *context)
{
    struct libvirt_host *h = (struct libvirt_host *)context;

    return domain_table_find(&h->guests, entry->uuid, entry->id, 0, NULL) != NULL;
}

/* Entries of guests that are gone are of no more use. */
static void clear_ledger(struct libvirt_host *h, bool full)
{
    if (!full || !h->ledger || h->measure_only || (h->sampled && !h->anew))
        return;
    ledger_keep(h->ledger, is_running, h);
    h->anew = false;
}

/*
 * Has the affinities of a few guests read again at each decision, in turn: what others change behind libvirt's back
 * need not show in times. One guest in sixteen, so that all are looked at within sixteen decisions, and no more than
 * four: each is a call of its own.
 */
static void look_in_turn(struct libvirt_host *h)
{
    enum { ONE_IN = 16, MOST = 4 };
    int n = (h->guests.n + ONE_IN - 1) / ONE_IN;

    for (int i = 0; i < (n < MOST ? n : MOST); i++) {
        h->next_look = h->next_look + 1 < h->guests.n ? h->next_look + 1 : 0;
        if (!h->guests.guests[h->next_look]->affinity_refused)
            h->guests.guests[h->next_look]->affinity_due = true;
    }
}

/* Whether we pinned a vCPU of it to several pCPUs, among which the kernel moves it about. */
static bool moves_in_a_group(const struct domain *g)
{
    for (int i = 0; i < g->n_vcpus; i++) {
        const uint64_t *written = domain_known_mask(g, &g->vcpus[i], DOMAIN_WRITTEN);

        if (written && cpumask_count(written, g->words) > 1)
            return !g->affinity_refused;
    }
    return false;
}

/*
 * Has it read again where vCPUs that are pinned to groups run, at each sample of a few guests in turn: no statistic
 * tells. One guest in eight and no more than eight: each is a call of its own, that a hung guest may hold up; so nobody
 * else is asked.
 */
static void look_where_they_run(struct libvirt_host *h)
{
    enum { ONE_IN = 8, MOST = 8 };
    int n = 0;

    for (int i = 0; i < h->guests.n; i++)
        n += moves_in_a_group(h->guests.guests[i]);
    n = (n + ONE_IN - 1) / ONE_IN < MOST ? (n + ONE_IN - 1) / ONE_IN : MOST;
    for (int i = 0; i < h->guests.n && n > 0; i++) {
        struct domain *g;

        h->next_run = h->next_run + 1 < h->guests.n ? h->next_run + 1 : 0;
        g = h->guests.guests[h->next_run];
        if (!moves_in_a_group(g))
            continue;
        g->affinity_due = true;
        n--;
    }
}

static int fill(struct libvirt_host *h, struct snapshot *s, const struct libvirt_listing *l, bool full)
{
    int at = -1;

    for (int i = 0; i < l->n; i++) {
        const struct libvirt_listing_entry *e = &l->entries[i];
        struct domain *g = domain_table_find(&h->guests, e->uuid, e->id, at + 1, &at);

        if (g && read_guest(h, s, e, g, full))
            return -ENOMEM;
        if (h->connection.broken)
            return -ENOTCONN;
    }
    return 0;
}

int libvirt_sample(struct libvirt_host *h, struct snapshot *s, bool full, char *error, size_t size)
{
    struct libvirt_listing listing = {0};
    unsigned calls_before = h->connection.calls;
    int result;

    result = libvirt_node_topology(h, full);
    if (!result && !connection_alive(&h->connection))
        result = -ENOTCONN;
    if (!result)
        result = libvirt_listing_fetch(h, &listing, error, size);
    if (!result) {
        /* At once after the guests' own times, so that both speak of the same moment. */
        result = libvirt_node_read(h, s, listing.taken_ns);
        s->read_ns = listing.read_ns;
        s->wall_ms = clock_wall_ms();
        snprintf(s->node_name, sizeof(s->node_name), "%s", h->node_name);
        snprintf(s->uri, sizeof(s->uri), "%s", h->uri);
        if (!result)
            result = meet_guests(h, &listing);
        if (!result && full && h->control_cpu)
            look_in_turn(h);
        if (!result)
            look_where_they_run(h);
        if (!result)
            result = fill(h, s, &listing, full);
        if (!result && h->control_memory)
            result = libvirt_node_read_nodes(h, s);
        if (!result) {
            if (full)
                libvirt_pcpu_keep(h, s);
            judge_patience(h);
            clear_ledger(h, full);
            h->sampled = true;
        }
    }
    libvirt_listing_free(&listing);
    if (!result && h->connection.broken)
        result = -ENOTCONN;
    if (result == -ENOTCONN && h->connection.broken)
        snprintf(error, size, "%s", h->connection.why);
    else if (result == -ENOMEM)
        snprintf(error, size, "out of memory");
    s->calls = h->connection.calls - calls_before;
    return result;
}
