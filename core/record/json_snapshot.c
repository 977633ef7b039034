#include "core/record/json_snapshot.h"

#include "core/model/cpumask.h"
#include "core/record/json_snapshot_inside.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const char *const state_words[] = {
    [SNAPSHOT_GUEST_RUNNING] = "running",
    [SNAPSHOT_GUEST_PAUSED] = "paused",
    [SNAPSHOT_GUEST_MIGRATING] = "migrating",
    [SNAPSHOT_GUEST_STOPPING] = "stopping",
    NULL,
};

static const char *const leave_words[] = {
    [SNAPSHOT_LEAVE_NO] = "no",
    [SNAPSHOT_LEAVE_LOCKED] = "locked",
    [SNAPSHOT_LEAVE_EXCLUDED] = "excluded",
    [SNAPSHOT_LEAVE_METADATA] = "metadata",
    [SNAPSHOT_LEAVE_STALE] = "stale",
    [SNAPSHOT_LEAVE_UNREADABLE] = "unreadable",
    NULL,
};

/* Statistics that may be missing: a member that isn't there was not reported. */
struct statistic {
    const char *key;
    unsigned bit;
    size_t offset;
};

static const struct statistic memory_statistics[] = {
    {"size_kib", SNAPSHOT_HAS_SIZE, offsetof(struct snapshot_memory, size_kib)},
    {"max_kib", SNAPSHOT_HAS_MAX, offsetof(struct snapshot_memory, max_kib)},
    {"available_kib", SNAPSHOT_HAS_AVAILABLE, offsetof(struct snapshot_memory, available_kib)},
    {"unused_kib", SNAPSHOT_HAS_UNUSED, offsetof(struct snapshot_memory, unused_kib)},
    {"usable_kib", SNAPSHOT_HAS_USABLE, offsetof(struct snapshot_memory, usable_kib)},
    {"disk_caches_kib", SNAPSHOT_HAS_DISK_CACHES, offsetof(struct snapshot_memory, disk_caches_kib)},
    {"rss_kib", SNAPSHOT_HAS_RSS, offsetof(struct snapshot_memory, rss_kib)},
    {"swap_in_kib", SNAPSHOT_HAS_SWAP_IN, offsetof(struct snapshot_memory, swap_in_kib)},
    {"swap_out_kib", SNAPSHOT_HAS_SWAP_OUT, offsetof(struct snapshot_memory, swap_out_kib)},
    {"major_faults", SNAPSHOT_HAS_MAJOR_FAULTS, offsetof(struct snapshot_memory, major_faults)},
    {"minor_faults", SNAPSHOT_HAS_MINOR_FAULTS, offsetof(struct snapshot_memory, minor_faults)},
    {"last_update_s", SNAPSHOT_HAS_LAST_UPDATE, offsetof(struct snapshot_memory, last_update_s)},
    {NULL, 0, 0},
};

static const struct statistic work_statistics[] = {
    {"cpu_ns", SNAPSHOT_HAS_CPU, offsetof(struct snapshot_work, cpu_ns)},
    {"disk_read_bytes", SNAPSHOT_HAS_DISK_READ, offsetof(struct snapshot_work, disk_read_bytes)},
    {"disk_written_bytes", SNAPSHOT_HAS_DISK_WRITTEN, offsetof(struct snapshot_work, disk_written_bytes)},
    {"net_received_bytes", SNAPSHOT_HAS_NET_RECEIVED, offsetof(struct snapshot_work, net_received_bytes)},
    {"net_sent_bytes", SNAPSHOT_HAS_NET_SENT, offsetof(struct snapshot_work, net_sent_bytes)},
    {NULL, 0, 0},
};

static const struct statistic host_statistics[] = {
    {"total_kib", SNAPSHOT_HOST_HAS_TOTAL, offsetof(struct snapshot_host, total_kib)},
    {"free_kib", SNAPSHOT_HOST_HAS_FREE, offsetof(struct snapshot_host, free_kib)},
    {"available_kib", SNAPSHOT_HOST_HAS_AVAILABLE, offsetof(struct snapshot_host, available_kib)},
    {"caches_kib", SNAPSHOT_HOST_HAS_CACHES, offsetof(struct snapshot_host, caches_kib)},
    {"swap_total_kib", SNAPSHOT_HOST_HAS_SWAP, offsetof(struct snapshot_host, swap_total_kib)},
    {"swap_free_kib", SNAPSHOT_HOST_HAS_SWAP, offsetof(struct snapshot_host, swap_free_kib)},
    {NULL, 0, 0},
};

static void put_statistics(struct json_object *o, const struct statistic *statistics, unsigned has, const void *values)
{
    for (const struct statistic *s = statistics; s->key; s++) {
        uint64_t value;

        memcpy(&value, (const char *)values + s->offset, sizeof(value));
        if (has & s->bit)
            json_put_u64(o, s->key, value);
    }
}

static unsigned get_statistics(struct json_reading *reading, struct json_object *o, const struct statistic *statistics,
                               void *values)
{
    unsigned has = 0;

    for (const struct statistic *s = statistics; s->key; s++) {
        uint64_t value;

        if (!json_has(o, s->key))
            continue;
        value = json_get_u64(reading, o, s->key);
        memcpy((char *)values + s->offset, &value, sizeof(value));
        has |= s->bit;
    }
    return has;
}

struct json_object *json_snapshot_host(const struct snapshot_host *h)
{
    struct json_object *o = json_object_new_object();

    put_statistics(o, host_statistics, h->has, h);
    if (h->has & SNAPSHOT_HOST_HAS_PRESSURE) {
        json_put_double(o, "pressure_some_pct", h->pressure_some_pct);
        json_put_double(o, "pressure_full_pct", h->pressure_full_pct);
    }
    if (h->has & SNAPSHOT_HOST_HAS_CPU_PRESSURE)
        json_put_double(o, "cpu_pressure_some_pct", h->cpu_pressure_some_pct);
    if (h->has & SNAPSHOT_HOST_HAS_IO_PRESSURE) {
        json_put_double(o, "io_pressure_some_pct", h->io_pressure_some_pct);
        json_put_double(o, "io_pressure_full_pct", h->io_pressure_full_pct);
    }
    return o;
}

static void read_host(struct json_reading *reading, struct snapshot_host *h, struct json_object *o)
{
    h->has = get_statistics(reading, o, host_statistics, h);
    if (json_has(o, "pressure_some_pct")) {
        h->has |= SNAPSHOT_HOST_HAS_PRESSURE;
        h->pressure_some_pct = json_get_double(reading, o, "pressure_some_pct");
        h->pressure_full_pct = json_get_double(reading, o, "pressure_full_pct");
    }
    if (json_has(o, "cpu_pressure_some_pct")) {
        h->has |= SNAPSHOT_HOST_HAS_CPU_PRESSURE;
        h->cpu_pressure_some_pct = json_get_double(reading, o, "cpu_pressure_some_pct");
    }
    if (json_has(o, "io_pressure_some_pct")) {
        h->has |= SNAPSHOT_HOST_HAS_IO_PRESSURE;
        h->io_pressure_some_pct = json_get_double(reading, o, "io_pressure_some_pct");
        h->io_pressure_full_pct = json_get_double(reading, o, "io_pressure_full_pct");
    }
}

struct json_object *json_snapshot_memory(const struct snapshot_memory *m)
{
    struct json_object *o = json_object_new_object();

    put_statistics(o, memory_statistics, m->has, m);
    json_put_int(o, "stats_period_s", m->stats_period_s);
    if (m->stats_refused)
        json_put_bool(o, "stats_refused", true);
    json_put_bool(o, "balloon", m->balloon);
    json_put_bool(o, "inhibited", m->inhibited);
    json_put_bool(o, "deflate_on_oom", m->deflate_on_oom);
    if (m->reports_free)
        json_put_bool(o, "reports_free", true);
    json_put_double(o, "weight", m->weight);
    if (m->least_kib > 0)
        json_put_u64(o, "least_kib", m->least_kib);
    if (m->most_kib > 0)
        json_put_u64(o, "most_kib", m->most_kib);
    return o;
}

static void read_memory(struct json_reading *reading, struct snapshot_memory *m, struct json_object *o)
{
    m->has = get_statistics(reading, o, memory_statistics, m);
    m->stats_period_s = (int)json_get_int(reading, o, "stats_period_s", -1, INT32_MAX);
    m->stats_refused = json_has(o, "stats_refused") && json_get_bool(reading, o, "stats_refused");
    m->balloon = json_get_bool(reading, o, "balloon");
    m->inhibited = json_get_bool(reading, o, "inhibited");
    m->deflate_on_oom = json_get_bool(reading, o, "deflate_on_oom");
    m->reports_free = json_has(o, "reports_free") && json_get_bool(reading, o, "reports_free");
    m->weight = json_get_double(reading, o, "weight");
    m->least_kib = json_has(o, "least_kib") ? json_get_u64(reading, o, "least_kib") : 0;
    m->most_kib = json_has(o, "most_kib") ? json_get_u64(reading, o, "most_kib") : 0;
    if (m->weight < 0)
        json_fail(reading, "weight is negative");
}

struct json_object *json_snapshot_work(const struct snapshot_work *w)
{
    struct json_object *o = w->has ? json_object_new_object() : NULL;

    if (o)
        put_statistics(o, work_statistics, w->has, w);
    return o;
}

static void read_work(struct json_reading *reading, struct snapshot_work *w, struct json_object *guest)
{
    struct json_object *o = json_has(guest, "work") ? json_get(reading, guest, "work", json_type_object) : NULL;

    if (o)
        w->has = get_statistics(reading, o, work_statistics, w);
}

struct json_object *json_snapshot_pcpu(const struct snapshot *s, int pcpu)
{
    const struct snapshot_pcpu *p = &s->pcpus[pcpu];
    struct json_object *o = json_object_new_object();

    json_put_int(o, "number", p->number);
    json_put_int(o, "node", p->node);
    json_put_int(o, "llc", p->llc);
    json_put_int(o, "core", p->core);
    json_put_bool(o, "online", p->online);
    json_put_bool(o, "isolated", p->isolated);
    if (p->refuses)
        json_put_bool(o, "refuses", true);
    if (p->capacity > 0)
        json_put_double(o, "capacity", p->capacity);
    if (p->has_times) {
        json_put_u64(o, "busy_ns", p->busy_ns);
        json_put_u64(o, "idle_ns", p->idle_ns);
    }
    if (p->has_taken)
        json_put_u64(o, "taken_ns", p->taken_ns);
    return o;
}

static void read_pcpu(struct json_reading *reading, struct snapshot *s, struct json_object *o)
{
    struct snapshot_pcpu *p = snapshot_add_pcpu(s);

    if (!p) {
        json_out_of_memory(reading);
        return;
    }
    p->number = (int)json_get_int(reading, o, "number", 0, s->cpu_limit - 1);
    p->node = (int)json_get_int(reading, o, "node", 0, JSON_SNAPSHOT_CPUS - 1);
    p->llc = (int)json_get_int(reading, o, "llc", 0, INT32_MAX);
    p->core = (int)json_get_int(reading, o, "core", 0, INT32_MAX);
    p->online = json_get_bool(reading, o, "online");
    p->isolated = json_get_bool(reading, o, "isolated");
    p->refuses = json_has(o, "refuses") && json_get_bool(reading, o, "refuses");
    p->capacity = json_has(o, "capacity") ? json_get_double(reading, o, "capacity") : 0;
    if (p->capacity < 0 || p->capacity > 1)
        json_fail(reading, "capacity is no share");
    p->has_taken = json_has(o, "taken_ns");
    if (p->has_taken)
        p->taken_ns = json_get_u64(reading, o, "taken_ns");
    p->has_times = json_has(o, "busy_ns");
    if (p->has_times) {
        p->busy_ns = json_get_u64(reading, o, "busy_ns");
        p->idle_ns = json_get_u64(reading, o, "idle_ns");
    }
}

struct json_object *json_snapshot_vcpu(const struct snapshot *s, int vcpu)
{
    const struct snapshot_vcpu *v = &s->vcpus[vcpu];
    struct json_object *o = json_object_new_object();
    int words = snapshot_words(s);

    json_put_int(o, "number", v->number);
    json_put_bool(o, "online", v->online);
    json_put_bool(o, "running", v->running);
    if (v->has_run)
        json_put_u64(o, "run_ns", v->run_ns);
    if (v->has_delay)
        json_put_u64(o, "delay_ns", v->delay_ns);
    if (v->has_poll)
        json_put_u64(o, "poll_ns", v->poll_ns);
    if (v->cpu >= 0)
        json_put_int(o, "cpu", v->cpu);
    json_put_mask(o, "affinity_cpus", snapshot_mask(s, v->affinity), words);
    json_put_mask(o, "found_cpus", snapshot_mask(s, v->found), words);
    json_put_mask(o, "defined_cpus", snapshot_mask(s, v->defined), words);
    json_put_mask(o, "pinned_cpus", snapshot_mask(s, v->pinned), words);
    return o;
}

int json_snapshot_read_mask(struct json_reading *reading, struct snapshot *s, struct json_object *o, const char *key)
{
    int words = snapshot_words(s), row;

    if (reading->failed || !json_has(o, key))
        return -1;
    if ((size_t)s->n_masks >= (size_t)JSON_SNAPSHOT_MASK_BYTES / ((size_t)words * sizeof(*s->masks))) {
        json_fail(reading, "too many masks");
        return -1;
    }
    row = snapshot_add_mask(s, NULL);
    if (row < 0) {
        json_out_of_memory(reading);
        return -1;
    }
    json_get_mask(reading, o, key, s->masks + (size_t)row * (size_t)words, words);
    return row;
}

static void read_vcpu(struct json_reading *reading, struct snapshot *s, struct json_object *o)
{
    struct snapshot_vcpu *v = s->n_vcpus < JSON_SNAPSHOT_VCPUS ? snapshot_add_vcpu(s) : NULL;

    if (!v) {
        reading->out_of_memory = s->n_vcpus < JSON_SNAPSHOT_VCPUS;
        json_fail(reading, "too many vCPUs");
        return;
    }
    v->number = (int)json_get_int(reading, o, "number", 0, JSON_SNAPSHOT_CPUS - 1);
    v->online = json_get_bool(reading, o, "online");
    v->running = json_get_bool(reading, o, "running");
    v->has_run = json_has(o, "run_ns");
    if (v->has_run)
        v->run_ns = json_get_u64(reading, o, "run_ns");
    v->has_delay = json_has(o, "delay_ns");
    if (v->has_delay)
        v->delay_ns = json_get_u64(reading, o, "delay_ns");
    v->has_poll = json_has(o, "poll_ns");
    if (v->has_poll)
        v->poll_ns = json_get_u64(reading, o, "poll_ns");
    if (json_has(o, "cpu"))
        v->cpu = (int)json_get_int(reading, o, "cpu", 0, s->cpu_limit - 1);
    v->affinity = json_snapshot_read_mask(reading, s, o, "affinity_cpus");
    v->found = json_snapshot_read_mask(reading, s, o, "found_cpus");
    v->defined = json_snapshot_read_mask(reading, s, o, "defined_cpus");
    v->pinned = json_snapshot_read_mask(reading, s, o, "pinned_cpus");
}

struct json_object *json_snapshot_guest(const struct snapshot *s, int guest)
{
    const struct snapshot_guest *g = &s->guests[guest];
    struct json_object *o = json_object_new_object();

    json_put_uuid(o, "uuid", g->uuid);
    json_put_int(o, "id", g->id);
    json_put_text(o, "name", g->name);
    json_put_text(o, "state", state_words[g->state]);
    json_put_text(o, "leave_alone", leave_words[g->leave_alone]);
    json_put_bool(o, "realtime", g->realtime);
    json_put_bool(o, "dedicated", g->dedicated);
    json_put_double(o, "vcpu_quota_pct", g->vcpu_quota_pct);
    json_put_double(o, "guest_quota_pct", g->guest_quota_pct);
    if (g->allowed >= 0)
        json_put_mask(o, "allowed_cpus", snapshot_mask(s, g->allowed), snapshot_words(s));
    json_put_mask(o, "memory_nodes", snapshot_mask(s, g->memory_nodes), snapshot_words(s));
    if (g->memory_bound)
        json_put_bool(o, "memory_bound", true);
    return o;
}

static double get_quota(struct json_reading *reading, struct json_object *o, const char *key)
{
    double quota = json_get_double(reading, o, key);

    if (quota < 0)
        json_fail(reading, "%s is negative", key);
    return quota;
}

/* Calls read for each element, which have to be objects. */
static void read_each(struct json_reading *reading, struct snapshot *s, struct json_object *o, const char *key,
                      size_t most, void (*read)(struct json_reading *, struct snapshot *, struct json_object *))
{
    struct json_object *array = json_get(reading, o, key, json_type_array);
    size_t n = array ? json_object_array_length(array) : 0;

    if (n > most)
        json_fail(reading, "more than %zu %s", most, key);
    for (size_t i = 0; i < n && !reading->failed; i++) {
        struct json_object *element = json_object_array_get_idx(array, i);

        if (json_object_is_type(element, json_type_object))
            read(reading, s, element);
        else
            json_fail(reading, "%s has something that is no object", key);
    }
}

static void read_guest(struct json_reading *reading, struct snapshot *s, struct json_object *o)
{
    struct snapshot_guest *g = snapshot_add_guest(s);
    struct json_object *memory;

    if (!g) {
        json_out_of_memory(reading);
        return;
    }
    snprintf(reading->where, sizeof(reading->where), "guest %d", s->n_guests - 1);
    json_get_uuid(reading, o, "uuid", g->uuid);
    g->id = (int)json_get_int(reading, o, "id", INT32_MIN, INT32_MAX);
    json_get_text(reading, o, "name", g->name, sizeof(g->name));
    g->state = (enum snapshot_guest_state)json_get_word(reading, o, "state", state_words);
    g->leave_alone = (enum snapshot_leave_alone)json_get_word(reading, o, "leave_alone", leave_words);
    g->realtime = json_get_bool(reading, o, "realtime");
    g->dedicated = json_get_bool(reading, o, "dedicated");
    g->vcpu_quota_pct = get_quota(reading, o, "vcpu_quota_pct");
    g->guest_quota_pct = get_quota(reading, o, "guest_quota_pct");
    g->allowed = json_has(o, "allowed_cpus") ? json_snapshot_read_mask(reading, s, o, "allowed_cpus") : -1;
    g->memory_nodes = json_snapshot_read_mask(reading, s, o, "memory_nodes");
    g->memory_bound = json_has(o, "memory_bound") && json_get_bool(reading, o, "memory_bound");
    memory = json_get(reading, o, "memory", json_type_object);
    if (memory)
        read_memory(reading, &g->memory, memory);
    read_work(reading, &g->work, o);
    read_each(reading, s, o, "vcpus", JSON_SNAPSHOT_VCPUS, read_vcpu);
    if (json_has(o, "threads"))
        read_each(reading, s, o, "threads", JSON_SNAPSHOT_VCPUS, json_snapshot_read_thread);
}

struct json_object *json_snapshot(const struct snapshot *s)
{
    struct json_object *o = json_object_new_object(), *pcpus = json_object_new_array_ext(s->n_pcpus + 1),
                       *guests = json_object_new_array_ext(s->n_guests + 1);

    if (!o || !pcpus || !guests) {
        json_object_put(o);
        json_object_put(pcpus);
        json_object_put(guests);
        return NULL;
    }
    json_put_u64(o, "taken_ns", s->taken_ns);
    if (s->read_ns)
        json_put_u64(o, "read_ns", s->read_ns);
    json_put_int(o, "wall_ms", s->wall_ms);
    json_put_text(o, "node_name", s->node_name);
    json_put_text(o, "uri", s->uri);
    json_put_int(o, "calls", s->calls);
    json_put_int(o, "cpu_limit", s->cpu_limit);
    json_add(o, "host", json_snapshot_host(&s->host));
    for (int i = 0; i < s->n_pcpus; i++)
        json_append(pcpus, json_snapshot_pcpu(s, i));
    for (int i = 0; i < s->n_guests; i++) {
        struct json_object *guest = json_snapshot_guest(s, i), *vcpus = json_object_new_array();

        for (int v = 0; v < s->guests[i].n_vcpus; v++)
            json_append(vcpus, json_snapshot_vcpu(s, s->guests[i].first_vcpu + v));
        json_add(guest, "memory", json_snapshot_memory(&s->guests[i].memory));
        if (s->guests[i].work.has)
            json_add(guest, "work", json_snapshot_work(&s->guests[i].work));
        json_add(guest, "vcpus", vcpus);
        if (s->guests[i].n_threads > 0)
            json_add(guest, "threads", json_snapshot_threads(s, i));
        json_append(guests, guest);
    }
    json_add(o, "pcpus", pcpus);
    if (s->n_nodes > 0)
        json_add(o, "nodes", json_snapshot_nodes(s));
    json_add(o, "guests", guests);
    return o;
}

/* Two pCPUs of one number, or out of order, would mislead all who look them up. */
static void check_pcpus(struct json_reading *reading, const struct snapshot *s)
{
    for (int i = 1; i < s->n_pcpus && !reading->failed; i++)
        if (s->pcpus[i].number <= s->pcpus[i - 1].number)
            json_fail(reading, "pCPU numbers don't go up");
}

/* calls: the member that has the calls it cost. */
static void read_snapshot(struct json_reading *reading, struct snapshot *s, struct json_object *object,
                          const char *calls)
{
    struct json_object *host;

    snapshot_reset(s, (int)json_get_int(reading, object, "cpu_limit", 1, JSON_SNAPSHOT_CPUS));
    s->taken_ns = json_get_u64(reading, object, "taken_ns");
    if (json_has(object, "read_ns"))
        s->read_ns = json_get_u64(reading, object, "read_ns");
    s->wall_ms = json_get_int(reading, object, "wall_ms", INT64_MIN, INT64_MAX);
    json_get_text(reading, object, "node_name", s->node_name, sizeof(s->node_name));
    json_get_text(reading, object, "uri", s->uri, sizeof(s->uri));
    s->calls = (unsigned)json_get_int(reading, object, calls, 0, UINT32_MAX);
    host = json_get(reading, object, "host", json_type_object);
    if (host)
        read_host(reading, &s->host, host);
    read_each(reading, s, object, "pcpus", (size_t)s->cpu_limit, read_pcpu);
    check_pcpus(reading, s);
    if (json_has(object, "nodes"))
        read_each(reading, s, object, "nodes", (size_t)snapshot_words(s) * 64, json_snapshot_read_node);
    read_each(reading, s, object, "guests", JSON_SNAPSHOT_GUESTS, read_guest);
    reading->where[0] = '\0';
    if (reading->failed)
        snapshot_reset(s, 1);
}

void json_snapshot_read(struct json_reading *reading, struct snapshot *s, struct json_object *object)
{
    read_snapshot(reading, s, object, "calls");
}

void json_snapshot_read_of_report(struct json_reading *reading, struct snapshot *s, struct json_object *object)
{
    read_snapshot(reading, s, object, "sample_calls");
}
