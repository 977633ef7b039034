#include "core/record/json_plan.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"
#include "core/model/pcpu_groups.h"
#include "core/record/json_snapshot.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_words[] = {[PLAN_PIN] = "pin", [PLAN_SET_MEMORY] = "set_memory", NULL};

static const char *const result_words[] = {
    [PLAN_PENDING] = "pending", [PLAN_DONE] = "done",       [PLAN_SKIPPED] = "skipped",
    [PLAN_FAILED] = "failed",   [PLAN_DRY_RUN] = "dry_run", NULL,
};

static void put_mask(struct json_object *o, const char *key, const struct plan *p, int row)
{
    json_put_mask(o, key, plan_mask(p, row), cpumask_words(p->cpu_limit));
}

static struct json_object *action_json(const struct plan *p, const struct plan_action *a)
{
    struct json_object *o = json_object_new_object();
    char number[SNAPSHOT_WORD_BYTES];

    json_put_text(o, "kind", kind_words[a->kind]);
    json_put_text(o, "result", result_words[a->result]);
    json_put_uuid(o, "uuid", a->uuid);
    json_put_int(o, "id", a->id);
    json_put_text(o, "name", a->name);
    if (a->kind == PLAN_PIN) {
        if (a->vcpu < 0)
            json_put_text(o, "thread", snapshot_number_word(a->vcpu, number));
        else
            json_put_int(o, "vcpu", a->vcpu);
        if (a->from_cpu >= 0)
            json_put_int(o, "from_cpu", a->from_cpu);
        if (a->from_group)
            json_put_bool(o, "from_group", true);
        if (a->to_cpu >= 0)
            json_put_int(o, "to_cpu", a->to_cpu);
        put_mask(o, "from_cpus", p, a->from_mask);
        put_mask(o, "to_cpus", p, a->to_mask);
        json_put_figure(o, "gain_points", a->gain);
    } else {
        json_put_u64(o, "from_kib", a->from_kib);
        json_put_u64(o, "to_kib", a->to_kib);
    }
    json_put_text(o, "reason", a->reason);
    if (a->error[0])
        json_put_text(o, "error", a->error);
    return o;
}

static struct json_object *note_json(const struct plan_note *n)
{
    struct json_object *o = json_object_new_object();

    if (n->id != -1) {
        json_put_uuid(o, "uuid", n->uuid);
        json_put_int(o, "id", n->id);
    }
    json_put_text(o, "subject", n->subject);
    json_put_text(o, "text", n->text);
    return o;
}

void json_plan_put_guest(struct json_object *object, const struct plan_guest *g)
{
    json_put_bool(object, "managed", g->managed);
    json_put_text(object, "status", g->status);
    if (g->target_kib || g->need_kib || g->used_kib || g->floor_kib) {
        json_put_u64(object, "used_kib", g->used_kib);
        json_put_u64(object, "need_kib", g->need_kib);
        json_put_u64(object, "floor_kib", g->floor_kib);
        json_put_u64(object, "target_kib", g->target_kib);
    }
}

void json_plan_put_vcpu(struct json_object *object, const struct plan_vcpu *v)
{
    json_put_figure(object, "demand_pct", v->demand_pct);
    json_put_int(object, "cooldown_s", v->cooldown_s);
    if (v->wait_pct >= 0)
        json_put_figure(object, "wait_pct", v->wait_pct);
}

void json_plan_put_pcpu(struct json_object *object, const struct plan_pcpu *c)
{
    json_put_figure(object, "load_pct", c->load_pct);
    json_put_figure(object, "expected_pct", c->expected_pct);
    if (c->capacity > 0)
        json_put_figure(object, "capacity", c->capacity);
}

static void put_judgement(struct json_object *o, const struct plan *p)
{
    char size[PCPU_GROUPS_WORD_BYTES];
    struct json_object *part;

    if (p->has_balance) {
        part = json_object_new_object();
        json_put_deviation(part, "sd_now_points", p->sd_now);
        json_put_deviation(part, "sd_expected_points", p->sd_expected);
        json_put_deviation(part, "sd_bound_points", p->sd_bound);
        json_put_deviation(part, "sd_observed_points", p->sd_observed);
        json_put_figure(part, "tolerance_points", p->tolerance);
        if (p->pinned_to != 0) {
            json_put_text(part, "pinned_to", pcpu_groups_word(p->pinned_to, size));
            json_put_deviation(part, "wait_expected_pct", p->wait_expected_pct);
            json_put_deviation(part, "wait_observed_pct", p->wait_observed_pct);
        }
        json_add(o, "balance", part);
    }
    if (p->has_memory) {
        part = json_object_new_object();
        json_put_u64(part, "host_free_kib", p->host_free_kib);
        json_put_u64(part, "host_reserve_kib", p->host_reserve_kib);
        json_put_u64(part, "budget_kib", p->budget_kib);
        json_put_u64(part, "missing_kib", p->missing_kib);
        json_put_u64(part, "pending_kib", p->pending_kib);
        json_add(o, "memory", part);
    }
}

static void put_opinions(struct json_object *o, const struct plan *p)
{
    struct json_object *guests = json_object_new_array(), *vcpus = json_object_new_array(),
                       *pcpus = json_object_new_array();

    for (int i = 0; i < p->n_guests; i++) {
        struct json_object *element = json_object_new_object();

        json_put_uuid(element, "uuid", p->guests[i].uuid);
        json_put_int(element, "id", p->guests[i].id);
        json_put_int(element, "n_vcpus", p->guests[i].n_vcpus);
        json_plan_put_guest(element, &p->guests[i]);
        json_append(guests, element);
    }
    for (int i = 0; i < p->n_vcpus; i++) {
        struct json_object *element = json_object_new_object();

        json_put_int(element, "number", p->vcpus[i].number);
        json_plan_put_vcpu(element, &p->vcpus[i]);
        json_append(vcpus, element);
    }
    for (int i = 0; i < p->n_pcpus; i++) {
        struct json_object *element = json_object_new_object();

        json_put_int(element, "number", p->pcpus[i].number);
        json_plan_put_pcpu(element, &p->pcpus[i]);
        json_append(pcpus, element);
    }
    json_add(o, "guests", guests);
    json_add(o, "vcpus", vcpus);
    json_add(o, "pcpus", pcpus);
}

struct json_object *json_plan(const struct plan *p, bool opinions)
{
    struct json_object *o = json_object_new_object(), *actions = json_object_new_array(),
                       *notes = json_object_new_array();

    if (!o || !actions || !notes) {
        json_object_put(o);
        json_object_put(actions);
        json_object_put(notes);
        return NULL;
    }
    json_put_u64(o, "decided_ns", p->decided_ns);
    json_put_bool(o, "forced", p->forced);
    if (p->early)
        json_put_bool(o, "early", true);
    json_put_bool(o, "learning", p->learning);
    json_put_text(o, "summary", p->summary);
    for (int i = 0; i < p->n_actions; i++)
        json_append(actions, action_json(p, &p->actions[i]));
    for (int i = 0; i < p->n_notes; i++)
        json_append(notes, note_json(&p->notes[i]));
    json_add(o, "actions", actions);
    json_add(o, "notes", notes);
    put_judgement(o, p);
    if (opinions)
        put_opinions(o, p);
    return o;
}

static int read_mask(struct json_reading *reading, struct plan *p, struct json_object *o, const char *key)
{
    int words = cpumask_words(p->cpu_limit), row;

    if (reading->failed || !json_has(o, key))
        return -1;
    if ((size_t)p->n_masks >= (size_t)JSON_SNAPSHOT_MASK_BYTES / ((size_t)words * sizeof(*p->masks))) {
        json_fail(reading, "too many masks");
        return -1;
    }
    row = plan_add_mask(p, NULL);
    if (row < 0) {
        json_out_of_memory(reading);
        return -1;
    }
    json_get_mask(reading, o, key, p->masks + (size_t)row * (size_t)words, words);
    return row;
}

static int read_cpu(struct json_reading *reading, const struct plan *p, struct json_object *o, const char *key)
{
    return json_has(o, key) ? (int)json_get_int(reading, o, key, 0, p->cpu_limit - 1) : -1;
}

static void read_action(struct json_reading *reading, struct plan *p, int i, struct json_object *o)
{
    struct plan_action *a = &p->actions[i];

    memset(a, 0, sizeof(*a));
    a->from_cpu = a->to_cpu = a->from_mask = a->to_mask = -1;
    a->kind = (enum plan_kind)json_get_word(reading, o, "kind", kind_words);
    a->result = (enum plan_result)json_get_word(reading, o, "result", result_words);
    json_get_uuid(reading, o, "uuid", a->uuid);
    a->id = (int)json_get_int(reading, o, "id", INT32_MIN, INT32_MAX);
    json_get_text(reading, o, "name", a->name, sizeof(a->name));
    if (a->kind == PLAN_PIN) {
        a->vcpu = json_has(o, "thread") ? json_snapshot_read_thread_number(reading, o)
                                        : (int)json_get_int(reading, o, "vcpu", 0, JSON_SNAPSHOT_CPUS - 1);
        a->from_cpu = read_cpu(reading, p, o, "from_cpu");
        a->from_group = json_has(o, "from_group") && json_get_bool(reading, o, "from_group");
        a->to_cpu = read_cpu(reading, p, o, "to_cpu");
        a->from_mask = read_mask(reading, p, o, "from_cpus");
        a->to_mask = read_mask(reading, p, o, "to_cpus");
        a->gain = json_get_double(reading, o, "gain_points");
        if (a->to_cpu < 0 && a->to_mask < 0)
            json_fail(reading, "pins to nothing");
    } else {
        a->from_kib = json_get_u64(reading, o, "from_kib");
        a->to_kib = json_get_u64(reading, o, "to_kib");
    }
    json_get_text(reading, o, "reason", a->reason, sizeof(a->reason));
    if (json_has(o, "error"))
        json_get_text(reading, o, "error", a->error, sizeof(a->error));
}

static void read_note(struct json_reading *reading, struct plan *p, int i, struct json_object *o)
{
    struct plan_note *n = &p->notes[i];

    memset(n, 0, sizeof(*n));
    n->id = -1;
    if (json_has(o, "uuid")) {
        json_get_uuid(reading, o, "uuid", n->uuid);
        n->id = (int)json_get_int(reading, o, "id", INT32_MIN, INT32_MAX);
    }
    json_get_text(reading, o, "subject", n->subject, sizeof(n->subject));
    json_get_text(reading, o, "text", n->text, sizeof(n->text));
}

void json_plan_get_guest(struct json_reading *reading, struct json_object *object, struct plan_guest *g)
{
    g->managed = json_get_bool(reading, object, "managed");
    json_get_text(reading, object, "status", g->status, sizeof(g->status));
    g->used_kib = g->need_kib = g->floor_kib = g->target_kib = 0;
    if (!json_has(object, "target_kib"))
        return;
    g->used_kib = json_get_u64(reading, object, "used_kib");
    g->need_kib = json_get_u64(reading, object, "need_kib");
    g->floor_kib = json_get_u64(reading, object, "floor_kib");
    g->target_kib = json_get_u64(reading, object, "target_kib");
}

void json_plan_get_vcpu(struct json_reading *reading, struct json_object *object, struct plan_vcpu *v)
{
    v->demand_pct = json_get_double(reading, object, "demand_pct");
    v->cooldown_s = (int)json_get_int(reading, object, "cooldown_s", INT32_MIN, INT32_MAX);
    v->wait_pct = json_has(object, "wait_pct") ? json_get_double(reading, object, "wait_pct") : -1;
}

void json_plan_get_pcpu(struct json_reading *reading, struct json_object *object, struct plan_pcpu *c)
{
    c->load_pct = json_get_double(reading, object, "load_pct");
    c->expected_pct = json_get_double(reading, object, "expected_pct");
    c->capacity = json_has(object, "capacity") ? json_get_double(reading, object, "capacity") : 0;
}

static void read_guest(struct json_reading *reading, struct plan *p, int i, struct json_object *o)
{
    struct plan_guest *g = &p->guests[i];

    memset(g, 0, sizeof(*g));
    json_get_uuid(reading, o, "uuid", g->uuid);
    g->id = (int)json_get_int(reading, o, "id", INT32_MIN, INT32_MAX);
    g->first_vcpu = i > 0 ? g[-1].first_vcpu + g[-1].n_vcpus : 0;
    g->n_vcpus = (int)json_get_int(reading, o, "n_vcpus", 0, JSON_SNAPSHOT_VCPUS - g->first_vcpu);
    json_plan_get_guest(reading, o, g);
}

static void read_vcpu(struct json_reading *reading, struct plan *p, int i, struct json_object *o)
{
    p->vcpus[i].number = (int)json_get_int(reading, o, "number", 0, JSON_SNAPSHOT_CPUS - 1);
    json_plan_get_vcpu(reading, o, &p->vcpus[i]);
}

static void read_pcpu(struct json_reading *reading, struct plan *p, int i, struct json_object *o)
{
    p->pcpus[i].number = (int)json_get_int(reading, o, "number", 0, p->cpu_limit - 1);
    json_plan_get_pcpu(reading, o, &p->pcpus[i]);
}

/* Grows an array of p to what object has under key, and calls read for each element. */
static void read_each(struct json_reading *reading, struct plan *p, struct json_object *object, const char *key,
                      void *array, int *n, int *cap, size_t entry_bytes,
                      void (*read)(struct json_reading *, struct plan *, int, struct json_object *))
{
    struct json_object *elements = json_get(reading, object, key, json_type_array);
    size_t count = elements ? json_object_array_length(elements) : 0;

    if (count > JSON_SNAPSHOT_VCPUS)
        json_fail(reading, "too many %s", key);
    for (size_t i = 0; i < count && !reading->failed; i++) {
        struct json_object *element = json_object_array_get_idx(elements, i);

        snprintf(reading->where, sizeof(reading->where), "plan, %s %zu", key, i);
        if (!json_object_is_type(element, json_type_object)) {
            json_fail(reading, "no object");
        } else if (array_reserve(array, cap, (int)i + 1, entry_bytes)) {
            json_out_of_memory(reading);
        } else {
            *n = (int)i + 1;
            read(reading, p, (int)i, element);
        }
    }
    reading->where[0] = '\0';
}

static double get_deviation(struct json_reading *reading, struct json_object *o, const char *key)
{
    return json_has(o, key) ? json_get_double(reading, o, key) : -1;
}

static void read_waits(struct json_reading *reading, struct json_object *balance, struct plan *p)
{
    char size[PCPU_GROUPS_WORD_BYTES];

    json_get_text(reading, balance, "pinned_to", size, sizeof(size));
    if (!pcpu_groups_read(size, &p->pinned_to))
        json_fail(reading, "pinned to what isn't a group");
    p->wait_expected_pct = get_deviation(reading, balance, "wait_expected_pct");
    p->wait_observed_pct = get_deviation(reading, balance, "wait_observed_pct");
}

static void read_judgement(struct json_reading *reading, struct plan *p, struct json_object *object)
{
    struct json_object *part;

    if (json_has(object, "balance") && (part = json_get(reading, object, "balance", json_type_object))) {
        p->has_balance = true;
        p->sd_now = get_deviation(reading, part, "sd_now_points");
        p->sd_expected = get_deviation(reading, part, "sd_expected_points");
        p->sd_bound = get_deviation(reading, part, "sd_bound_points");
        p->sd_observed = get_deviation(reading, part, "sd_observed_points");
        if (json_has(part, "pinned_to"))
            read_waits(reading, part, p);
        p->tolerance = json_get_double(reading, part, "tolerance_points");
    }
    if (json_has(object, "memory") && (part = json_get(reading, object, "memory", json_type_object))) {
        p->has_memory = true;
        p->host_free_kib = json_get_u64(reading, part, "host_free_kib");
        p->host_reserve_kib = json_get_u64(reading, part, "host_reserve_kib");
        p->budget_kib = json_get_u64(reading, part, "budget_kib");
        p->missing_kib = json_get_u64(reading, part, "missing_kib");
        p->pending_kib = json_get_u64(reading, part, "pending_kib");
    }
}

static void read_opinions(struct json_reading *reading, struct plan *p, struct json_object *object)
{
    read_each(reading, p, object, "guests", &p->guests, &p->n_guests, &p->cap_guests, sizeof(*p->guests), read_guest);
    read_each(reading, p, object, "vcpus", &p->vcpus, &p->n_vcpus, &p->cap_vcpus, sizeof(*p->vcpus), read_vcpu);
    read_each(reading, p, object, "pcpus", &p->pcpus, &p->n_pcpus, &p->cap_pcpus, sizeof(*p->pcpus), read_pcpu);
    if (p->n_guests > 0 && p->guests[p->n_guests - 1].first_vcpu + p->guests[p->n_guests - 1].n_vcpus > p->n_vcpus)
        json_fail(reading, "plan: guests have more vCPUs than there are");
}

void json_plan_read(struct json_reading *reading, struct plan *p, int cpu_limit, struct json_object *object,
                    bool opinions)
{
    plan_reset(p, cpu_limit);
    p->decided_ns = json_get_u64(reading, object, "decided_ns");
    p->forced = json_get_bool(reading, object, "forced");
    p->early = json_has(object, "early") && json_get_bool(reading, object, "early");
    p->learning = json_get_bool(reading, object, "learning");
    json_get_text(reading, object, "summary", p->summary, sizeof(p->summary));
    read_each(reading, p, object, "actions", &p->actions, &p->n_actions, &p->cap_actions, sizeof(*p->actions),
              read_action);
    read_each(reading, p, object, "notes", &p->notes, &p->n_notes, &p->cap_notes, sizeof(*p->notes), read_note);
    if (opinions)
        read_opinions(reading, p, object);
    read_judgement(reading, p, object);
    if (reading->failed)
        plan_reset(p, cpu_limit);
}
