#include "core/record/snapshot_figures.h"

#include "core/model/cpumask.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Figures by kind of thing they belong to. Differences are taken modulo 2^64, so that any change is exact. */
enum kind { OF_SNAPSHOT, OF_PCPU, OF_NODE, OF_GUEST, OF_VCPU };

enum type { U64, I32, U32, FLAG, REAL };

struct figure {
    const char *key;
    enum kind kind;
    enum type type;
    size_t offset;
};

#define HOST(field) offsetof(struct snapshot, host.field)
#define MEMORY(field) offsetof(struct snapshot_guest, memory.field)
#define WORK(field) offsetof(struct snapshot_guest, work.field)

static const struct figure figures[] = {
    {"taken_ns", OF_SNAPSHOT, U64, offsetof(struct snapshot, taken_ns)},
    {"read_ns", OF_SNAPSHOT, U64, offsetof(struct snapshot, read_ns)},
    {"wall_ms", OF_SNAPSHOT, U64, offsetof(struct snapshot, wall_ms)},
    {"calls", OF_SNAPSHOT, U32, offsetof(struct snapshot, calls)},
    {"host_total_kib", OF_SNAPSHOT, U64, HOST(total_kib)},
    {"host_free_kib", OF_SNAPSHOT, U64, HOST(free_kib)},
    {"host_available_kib", OF_SNAPSHOT, U64, HOST(available_kib)},
    {"host_caches_kib", OF_SNAPSHOT, U64, HOST(caches_kib)},
    {"host_swap_total_kib", OF_SNAPSHOT, U64, HOST(swap_total_kib)},
    {"host_swap_free_kib", OF_SNAPSHOT, U64, HOST(swap_free_kib)},
    {"host_pressure_some_pct", OF_SNAPSHOT, REAL, HOST(pressure_some_pct)},
    {"host_pressure_full_pct", OF_SNAPSHOT, REAL, HOST(pressure_full_pct)},
    {"host_cpu_pressure_some_pct", OF_SNAPSHOT, REAL, HOST(cpu_pressure_some_pct)},
    {"host_io_pressure_some_pct", OF_SNAPSHOT, REAL, HOST(io_pressure_some_pct)},
    {"host_io_pressure_full_pct", OF_SNAPSHOT, REAL, HOST(io_pressure_full_pct)},
    {"busy_ns", OF_PCPU, U64, offsetof(struct snapshot_pcpu, busy_ns)},
    {"idle_ns", OF_PCPU, U64, offsetof(struct snapshot_pcpu, idle_ns)},
    {"pcpu_taken_ns", OF_PCPU, U64, offsetof(struct snapshot_pcpu, taken_ns)},
    {"node_free_kib", OF_NODE, U64, offsetof(struct snapshot_node, free_kib)},
    {"run_ns", OF_VCPU, U64, offsetof(struct snapshot_vcpu, run_ns)},
    {"delay_ns", OF_VCPU, U64, offsetof(struct snapshot_vcpu, delay_ns)},
    {"poll_ns", OF_VCPU, U64, offsetof(struct snapshot_vcpu, poll_ns)},
    {"cpu", OF_VCPU, I32, offsetof(struct snapshot_vcpu, cpu)},
    {"running", OF_VCPU, FLAG, offsetof(struct snapshot_vcpu, running)},
    {"size_kib", OF_GUEST, U64, MEMORY(size_kib)},
    {"max_kib", OF_GUEST, U64, MEMORY(max_kib)},
    {"available_kib", OF_GUEST, U64, MEMORY(available_kib)},
    {"unused_kib", OF_GUEST, U64, MEMORY(unused_kib)},
    {"usable_kib", OF_GUEST, U64, MEMORY(usable_kib)},
    {"disk_caches_kib", OF_GUEST, U64, MEMORY(disk_caches_kib)},
    {"rss_kib", OF_GUEST, U64, MEMORY(rss_kib)},
    {"swap_in_kib", OF_GUEST, U64, MEMORY(swap_in_kib)},
    {"swap_out_kib", OF_GUEST, U64, MEMORY(swap_out_kib)},
    {"major_faults", OF_GUEST, U64, MEMORY(major_faults)},
    {"minor_faults", OF_GUEST, U64, MEMORY(minor_faults)},
    {"last_update_s", OF_GUEST, U64, MEMORY(last_update_s)},
    {"cpu_ns", OF_GUEST, U64, WORK(cpu_ns)},
    {"disk_read_bytes", OF_GUEST, U64, WORK(disk_read_bytes)},
    {"disk_written_bytes", OF_GUEST, U64, WORK(disk_written_bytes)},
    {"net_received_bytes", OF_GUEST, U64, WORK(net_received_bytes)},
    {"net_sent_bytes", OF_GUEST, U64, WORK(net_sent_bytes)},
};

enum { N_FIGURES = sizeof(figures) / sizeof(figures[0]) };

static size_t figure_bytes(const struct figure *f)
{
    static const size_t bytes[] = {[U64] = sizeof(uint64_t),
                                   [I32] = sizeof(int32_t),
                                   [U32] = sizeof(uint32_t),
                                   [FLAG] = sizeof(bool),
                                   [REAL] = sizeof(double)};

    return bytes[f->type];
}

static int count_of(enum kind kind, const struct snapshot *s)
{
    return kind == OF_PCPU    ? s->n_pcpus
           : kind == OF_NODE  ? s->n_nodes
           : kind == OF_GUEST ? s->n_guests
           : kind == OF_VCPU  ? s->n_vcpus
                              : 1;
}

/* Where the figure of the i-th thing lies in s. */
static size_t place(const struct figure *f, int i)
{
    static const size_t entry_bytes[] = {[OF_PCPU] = sizeof(struct snapshot_pcpu),
                                         [OF_NODE] = sizeof(struct snapshot_node),
                                         [OF_GUEST] = sizeof(struct snapshot_guest),
                                         [OF_VCPU] = sizeof(struct snapshot_vcpu)};

    return f->kind == OF_SNAPSHOT ? f->offset : (size_t)i * entry_bytes[f->kind] + f->offset;
}

static const void *things(const struct figure *f, const struct snapshot *s)
{
    return f->kind == OF_PCPU    ? (const void *)s->pcpus
           : f->kind == OF_NODE  ? (const void *)s->nodes
           : f->kind == OF_GUEST ? (const void *)s->guests
           : f->kind == OF_VCPU  ? (const void *)s->vcpus
                                 : (const void *)s;
}

/* The figure as 64 bits; a double by its bits. */
static uint64_t load(const struct figure *f, const struct snapshot *s, int i)
{
    const char *from = (const char *)things(f, s) + place(f, i);
    uint64_t u64 = 0;
    int32_t i32;
    uint32_t u32;
    bool flag;

    switch (f->type) {
    case U64:
    case REAL:
        memcpy(&u64, from, sizeof(u64));
        return u64;
    case I32:
        memcpy(&i32, from, sizeof(i32));
        return (uint64_t)i32;
    case U32:
        memcpy(&u32, from, sizeof(u32));
        return u32;
    case FLAG:
        memcpy(&flag, from, sizeof(flag));
        return flag;
    }
    return 0;
}

/* Puts 64 bits back; false where they are no value for that field. */
static bool store(const struct figure *f, struct snapshot *s, int i, uint64_t value)
{
    union {
        uint64_t u64;
        int32_t i32;
        uint32_t u32;
        bool flag;
    } field = {.u64 = 0};
    int64_t wide = (int64_t)value;

    if (f->type == U64 || f->type == REAL)
        field.u64 = value;
    else if (f->type == I32 && wide >= -1 && wide < s->cpu_limit)
        field.i32 = (int32_t)wide;
    else if (f->type == U32 && value <= UINT32_MAX)
        field.u32 = (uint32_t)value;
    else if (f->type == FLAG && value <= 1)
        field.flag = value == 1;
    else
        return false;
    memcpy((char *)(uintptr_t)things(f, s) + place(f, i), &field, figure_bytes(f));
    return true;
}

static bool figure_changed(const struct figure *f, const struct snapshot *a, const struct snapshot *b)
{
    for (int i = 0; i < count_of(f->kind, a); i++)
        if (load(f, a, i) != load(f, b, i))
            return true;
    return false;
}

static bool same_mask(const struct snapshot *a, int row_a, const struct snapshot *b, int row_b)
{
    if (row_a < 0 || row_b < 0)
        return row_a < 0 && row_b < 0;
    return cpumask_equal(snapshot_mask(a, row_a), snapshot_mask(b, row_b), snapshot_words(a));
}

static bool same_pin(const struct snapshot *a, const struct snapshot *b, int vcpu)
{
    return same_mask(a, a->vcpus[vcpu].affinity, b, b->vcpus[vcpu].affinity);
}

/* Adds an object of those vCPUs, by index, whose affinity has changed, where there are any. */
static void put_pins(struct json_object *o, const struct snapshot *before, const struct snapshot *now)
{
    struct json_object *pins = NULL;
    bool any = false;

    for (int i = 0; i < now->n_vcpus; i++) {
        char index[16];

        if (same_pin(before, now, i))
            continue;
        if (!any)
            pins = json_object_new_object();
        any = true;
        snprintf(index, sizeof(index), "%d", i);
        if (now->vcpus[i].affinity < 0)
            json_add_null(pins, index);
        else
            json_put_mask(pins, index, snapshot_mask(now, now->vcpus[i].affinity), snapshot_words(now));
    }
    if (any)
        json_add(o, "affinity_cpus", pins);
}

static void read_pin(struct json_reading *reading, struct snapshot *s, struct json_object *pins, const char *index)
{
    char *end;
    long vcpu = strtol(index, &end, 10);
    struct snapshot_vcpu *v = &s->vcpus[vcpu >= 0 && vcpu < s->n_vcpus ? vcpu : 0];

    if (index[0] < '0' || index[0] > '9' || *end || vcpu >= s->n_vcpus) {
        json_fail(reading, "affinity_cpus has no such vCPU");
        return;
    }
    if (!json_object_object_get(pins, index)) {
        v->affinity = -1;
        return;
    }
    if (v->affinity < 0)
        v->affinity = snapshot_add_mask(s, NULL);
    if (v->affinity < 0) {
        v->affinity = -1;
        json_out_of_memory(reading);
        return;
    }
    json_get_mask(reading, pins, index, s->masks + (size_t)v->affinity * (size_t)snapshot_words(s), snapshot_words(s));
}

static void read_pins(struct json_reading *reading, struct snapshot *s, struct json_object *object)
{
    struct json_object *pins =
        json_has(object, "affinity_cpus") ? json_get(reading, object, "affinity_cpus", json_type_object) : NULL;

    if (!pins)
        return;
    json_object_object_foreach(pins, index, pin)
    {
        (void)pin;
        if (!reading->failed)
            read_pin(reading, s, pins, index);
    }
}

struct json_object *snapshot_figures_json(const struct snapshot *before, const struct snapshot *now)
{
    struct json_object *o = json_object_new_object();

    for (int i = 0; o && i < N_FIGURES; i++) {
        const struct figure *f = &figures[i];
        int n = count_of(f->kind, now);
        struct json_object *column;

        if (!figure_changed(f, before, now))
            continue;
        if (f->type == REAL) {
            double value;

            memcpy(&value, (const char *)now + f->offset, sizeof(value));
            json_put_double(o, f->key, value);
            continue;
        }
        if (f->kind == OF_SNAPSHOT) {
            json_put_int(o, f->key, (int64_t)(load(f, now, 0) - load(f, before, 0)));
            continue;
        }
        column = json_object_new_array_ext(n);
        for (int k = 0; column && k < n; k++)
            json_append(column, json_object_new_int64((int64_t)(load(f, now, k) - load(f, before, k))));
        json_add(o, f->key, column);
    }
    if (o)
        put_pins(o, before, now);
    return o;
}

static void add_difference(struct json_reading *reading, const struct figure *f, struct snapshot *s, int i,
                           struct json_object *difference)
{
    if (!json_object_is_type(difference, json_type_int))
        json_fail(reading, "%s has something that is no whole number", f->key);
    else if (!store(f, s, i, load(f, s, i) + (uint64_t)json_object_get_int64(difference)))
        json_fail(reading, "%s %d is out of range", f->key, i);
}

static void read_column(struct json_reading *reading, const struct figure *f, struct snapshot *s,
                        struct json_object *object)
{
    struct json_object *column = json_get(reading, object, f->key, json_type_array);

    if (column && json_object_array_length(column) != (size_t)count_of(f->kind, s))
        json_fail(reading, "%s has %zu values for %d", f->key, json_object_array_length(column), count_of(f->kind, s));
    for (int i = 0; !reading->failed && i < count_of(f->kind, s); i++)
        add_difference(reading, f, s, i, json_object_array_get_idx(column, (size_t)i));
}

void snapshot_figures_read(struct json_reading *reading, struct snapshot *s, struct json_object *object)
{
    for (int i = 0; i < N_FIGURES && !reading->failed; i++) {
        const struct figure *f = &figures[i];
        struct json_object *value = NULL;

        if (!json_object_object_get_ex(object, f->key, &value))
            continue;
        if (f->type == REAL) {
            double real = json_get_double(reading, object, f->key);

            memcpy((char *)s + f->offset, &real, sizeof(real));
        } else if (f->kind == OF_SNAPSHOT) {
            add_difference(reading, f, s, 0, value);
        } else {
            read_column(reading, f, s, object);
        }
    }
    read_pins(reading, s, object);
}

static bool same_pcpu(const struct snapshot_pcpu *a, const struct snapshot_pcpu *b)
{
    return a->number == b->number && a->node == b->node && a->llc == b->llc && a->core == b->core &&
           a->online == b->online && a->isolated == b->isolated && a->refuses == b->refuses &&
           a->has_times == b->has_times && a->has_taken == b->has_taken && a->capacity == b->capacity;
}

static bool same_memory(const struct snapshot_memory *a, const struct snapshot_memory *b)
{
    return a->has == b->has && a->stats_period_s == b->stats_period_s && a->balloon == b->balloon &&
           a->inhibited == b->inhibited && a->stats_refused == b->stats_refused &&
           a->deflate_on_oom == b->deflate_on_oom && a->reports_free == b->reports_free && a->weight == b->weight &&
           a->least_kib == b->least_kib && a->most_kib == b->most_kib;
}

static bool same_guest(const struct snapshot *a, const struct snapshot *b, int i)
{
    const struct snapshot_guest *x = &a->guests[i], *y = &b->guests[i];

    return snapshot_same_guest(x->uuid, x->id, y->uuid, y->id) && strcmp(x->name, y->name) == 0 &&
           x->state == y->state && x->leave_alone == y->leave_alone && x->first_vcpu == y->first_vcpu &&
           x->n_vcpus == y->n_vcpus && x->n_threads == y->n_threads && x->realtime == y->realtime &&
           x->dedicated == y->dedicated && x->vcpu_quota_pct == y->vcpu_quota_pct &&
           x->guest_quota_pct == y->guest_quota_pct && same_mask(a, x->memory_nodes, b, y->memory_nodes) &&
           x->memory_bound == y->memory_bound && same_mask(a, x->allowed, b, y->allowed) &&
           same_memory(&x->memory, &y->memory) && x->work.has == y->work.has;
}

static bool same_vcpu(const struct snapshot *a, const struct snapshot *b, int i)
{
    const struct snapshot_vcpu *x = &a->vcpus[i], *y = &b->vcpus[i];

    return x->number == y->number && x->guest == y->guest && x->online == y->online && x->has_run == y->has_run &&
           x->has_delay == y->has_delay && x->has_poll == y->has_poll && same_mask(a, x->found, b, y->found) &&
           same_mask(a, x->defined, b, y->defined) && same_mask(a, x->pinned, b, y->pinned);
}

static bool same_thread(const struct snapshot *a, const struct snapshot *b, int i)
{
    const struct snapshot_thread *x = &a->threads[i], *y = &b->threads[i];

    return x->number == y->number && x->guest == y->guest && same_mask(a, x->found, b, y->found) &&
           same_mask(a, x->affinity, b, y->affinity);
}

bool snapshot_same_facts(const struct snapshot *a, const struct snapshot *b)
{
    if (a->cpu_limit != b->cpu_limit || a->n_pcpus != b->n_pcpus || a->n_nodes != b->n_nodes ||
        a->n_guests != b->n_guests || a->n_vcpus != b->n_vcpus || a->n_threads != b->n_threads ||
        a->host.has != b->host.has || strcmp(a->node_name, b->node_name) != 0 || strcmp(a->uri, b->uri) != 0)
        return false;
    for (int i = 0; i < a->n_pcpus; i++)
        if (!same_pcpu(&a->pcpus[i], &b->pcpus[i]))
            return false;
    for (int i = 0; i < a->n_nodes; i++)
        if (a->nodes[i].number != b->nodes[i].number)
            return false;
    for (int i = 0; i < a->n_guests; i++)
        if (!same_guest(a, b, i))
            return false;
    for (int i = 0; i < a->n_vcpus; i++)
        if (!same_vcpu(a, b, i))
            return false;
    for (int i = 0; i < a->n_threads; i++)
        if (!same_thread(a, b, i))
            return false;
    return true;
}
