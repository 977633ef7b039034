#include "core/record/json_report.h"

#include "core/model/array.h"
#include "core/record/json_plan.h"
#include "core/record/json_snapshot.h"

#include <stdio.h>
#include <string.h>

/* The objects that describe what is read at present: all of them are there, as the snapshot was read from them. */
struct entity {
    struct json_reading *reading;
    struct report *r;
    struct json_object *object;
};

static struct json_object *part(const struct entity *e, const char *key)
{
    return json_has(e->object, key) ? json_get(e->reading, e->object, key, json_type_object) : NULL;
}

/* A figure that may be missing, and whether it is there. */
static bool figure(const struct entity *e, struct json_object *o, const char *key, double *value)
{
    bool there = json_has(o, key);

    *value = there ? json_get_double(e->reading, o, key) : 0;
    return there;
}

static void read_vcpu_rates(const struct entity *e, const char *key, struct rates_vcpu *v)
{
    struct json_object *o = part(e, key);

    memset(v, 0, sizeof(*v));
    if (!o)
        return;
    v->known = true;
    v->run_pct = json_get_double(e->reading, o, "run_pct");
    v->has_wait = figure(e, o, "wait_pct", &v->wait_pct);
    v->has_poll = figure(e, o, "poll_pct", &v->poll_pct);
    v->demand_pct = json_get_double(e->reading, o, "demand_pct");
}

static void read_guest_rates(const struct entity *e, const char *key, struct rates_guest *g)
{
    struct json_object *o = part(e, key);

    memset(g, 0, sizeof(*g));
    if (!o)
        return;
    g->known = true;
    g->run_pct = json_get_double(e->reading, o, "run_pct");
    g->wait_pct = json_get_double(e->reading, o, "wait_pct");
    g->has_swap = figure(e, o, "swap_in_kib_per_s", &g->swap_in_kib_s);
    figure(e, o, "swap_out_kib_per_s", &g->swap_out_kib_s);
    g->has_other = figure(e, o, "other_pct", &g->other_pct);
    g->has_poll = figure(e, o, "poll_pct", &g->poll_pct);
    g->has_disk = figure(e, o, "disk_read_kib_per_s", &g->disk_read_kib_s);
    figure(e, o, "disk_written_kib_per_s", &g->disk_written_kib_s);
    g->has_net = figure(e, o, "net_received_kib_per_s", &g->net_received_kib_s);
    figure(e, o, "net_sent_kib_per_s", &g->net_sent_kib_s);
    g->has_faults = figure(e, o, "major_faults_per_s", &g->major_faults_s);
    g->has_used = figure(e, o, "used_growth_kib_per_s", &g->used_kib_s);
}

static void read_pcpu_rates(const struct entity *e, const char *key, struct rates_pcpu *c)
{
    struct json_object *o = part(e, key);

    memset(c, 0, sizeof(*c));
    if (!o)
        return;
    c->known = figure(e, o, "busy_pct", &c->busy_pct);
    figure(e, o, "host_pct", &c->host_pct);
    c->guest_pct = json_get_double(e->reading, o, "guest_pct");
    c->unmet_pct = json_get_double(e->reading, o, "unmet_pct");
    c->load_pct = json_get_double(e->reading, o, "load_pct");
}

/* What the plan thinks of this vCPU, and its figures of the interval beside that. */
static void read_vcpu(const struct entity *e, int vcpu)
{
    struct report *r = e->r;
    struct json_object *decided = part(e, "decided");
    int i = r->plan.n_vcpus;

    read_vcpu_rates(e, "live", &r->live.vcpus[vcpu]);
    if (!decided)
        return;
    r->plan.n_vcpus = r->interval.n_vcpus = i + 1;
    r->plan.vcpus[i].number = r->snapshot.vcpus[vcpu].number;
    json_plan_get_vcpu(e->reading, decided, &r->plan.vcpus[i]);
    read_vcpu_rates(e, "interval", &r->interval.vcpus[i]);
}

static void read_what_was_done(const struct entity *e, struct report_guest *g)
{
    struct json_object *last = part(e, "last_action");

    memset(g, 0, sizeof(*g));
    g->actions = json_has(e->object, "actions") ? json_get_u64(e->reading, e->object, "actions") : 0;
    g->locked = json_has(e->object, "locked") && json_get_bool(e->reading, e->object, "locked");
    if (!last)
        return;
    json_get_text(e->reading, last, "text", g->last, sizeof(g->last));
    g->last_ns = json_get_u64(e->reading, last, "at_ns");
}

static void read_guest(const struct entity *e, int guest)
{
    struct report *r = e->r;
    const struct snapshot_guest *g = &r->snapshot.guests[guest];
    struct json_object *decided = part(e, "decided"),
                       *vcpus = json_get(e->reading, e->object, "vcpus", json_type_array);
    struct plan_guest *opinion = &r->plan.guests[r->plan.n_guests];
    int first = r->plan.n_vcpus;

    read_guest_rates(e, "live", &r->live.guests[guest]);
    read_what_was_done(e, &r->guests[guest]);
    for (int v = 0; v < g->n_vcpus && vcpus; v++)
        read_vcpu(&(struct entity){e->reading, r, json_object_array_get_idx(vcpus, (size_t)v)}, g->first_vcpu + v);
    if (!decided) {
        r->plan.n_vcpus = r->interval.n_vcpus = first; /* nobody's */
        return;
    }
    memset(opinion, 0, sizeof(*opinion));
    memcpy(opinion->uuid, g->uuid, sizeof(opinion->uuid));
    opinion->id = g->id;
    opinion->first_vcpu = first;
    opinion->n_vcpus = r->plan.n_vcpus - first;
    json_plan_get_guest(e->reading, decided, opinion);
    read_guest_rates(e, "interval", &r->interval.guests[r->plan.n_guests]);
    r->plan.n_guests++;
    r->interval.n_guests++;
}

static void read_pcpu(const struct entity *e, int pcpu)
{
    struct report *r = e->r;
    struct json_object *decided = part(e, "decided");
    int i = r->plan.n_pcpus;

    read_pcpu_rates(e, "live", &r->live.pcpus[pcpu]);
    if (!decided)
        return;
    r->plan.n_pcpus = r->interval.n_pcpus = i + 1;
    r->plan.pcpus[i].number = r->snapshot.pcpus[pcpu].number;
    json_plan_get_pcpu(e->reading, decided, &r->plan.pcpus[i]);
    read_pcpu_rates(e, "interval", &r->interval.pcpus[i]);
}

/* Room for figures of all that the snapshot has. */
static bool make_room(struct report *r)
{
    const struct snapshot *s = &r->snapshot;
    struct rates *const rates[] = {&r->live, &r->interval};
    struct plan *p = &r->plan;

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
        if (array_reserve(&rates[i]->pcpus, &rates[i]->cap_pcpus, s->n_pcpus, sizeof(*rates[i]->pcpus)) ||
            array_reserve(&rates[i]->guests, &rates[i]->cap_guests, s->n_guests, sizeof(*rates[i]->guests)) ||
            array_reserve(&rates[i]->vcpus, &rates[i]->cap_vcpus, s->n_vcpus, sizeof(*rates[i]->vcpus)))
            return false;
    return !array_reserve(&p->guests, &p->cap_guests, s->n_guests + 1, sizeof(*p->guests)) &&
           !array_reserve(&p->vcpus, &p->cap_vcpus, s->n_vcpus, sizeof(*p->vcpus)) &&
           !array_reserve(&p->pcpus, &p->cap_pcpus, s->n_pcpus, sizeof(*p->pcpus)) &&
           !array_reserve(&r->guests, &r->cap_guests, s->n_guests, sizeof(*r->guests));
}

static void read_rates(struct json_reading *reading, struct json_object *object, const char *key, struct rates *r)
{
    struct json_object *o = json_has(object, key) ? json_get(reading, object, key, json_type_object) : NULL;

    r->seconds = r->seconds_off = 0;
    r->sd_pct = -1;
    r->n_pcpus = r->n_guests = r->n_vcpus = 0;
    if (!o)
        return;
    r->seconds = json_get_double(reading, o, "seconds");
    if (json_has(o, "sd_points"))
        r->sd_pct = json_get_double(reading, o, "sd_points");
}

/* What the report says of each pCPU and guest beside the snapshot, in the snapshot's order. */
static void read_entities(struct json_reading *reading, struct report *r, struct json_object *object)
{
    struct json_object *pcpus = json_get(reading, object, "pcpus", json_type_array),
                       *guests = json_get(reading, object, "guests", json_type_array);

    if (reading->failed)
        return;
    if (!make_room(r)) {
        json_out_of_memory(reading);
        return;
    }
    r->n_guests = r->snapshot.n_guests;
    r->live.n_guests = r->snapshot.n_guests;
    r->live.n_vcpus = r->snapshot.n_vcpus;
    r->live.n_pcpus = r->snapshot.n_pcpus;
    r->interval.n_guests = r->interval.n_vcpus = r->interval.n_pcpus = 0;
    for (int i = 0; i < r->snapshot.n_pcpus; i++)
        read_pcpu(&(struct entity){reading, r, json_object_array_get_idx(pcpus, (size_t)i)}, i);
    for (int i = 0; i < r->snapshot.n_guests; i++)
        read_guest(&(struct entity){reading, r, json_object_array_get_idx(guests, (size_t)i)}, i);
}

static void read_plan(struct json_reading *reading, struct json_object *object, const char *key, int cpu_limit,
                      struct plan *p)
{
    struct json_object *o = json_has(object, key) ? json_get(reading, object, key, json_type_object) : NULL;

    if (o)
        json_plan_read(reading, p, cpu_limit, o, false);
    else
        plan_reset(p, cpu_limit);
}

static void read_log(struct json_reading *reading, struct report *r, struct json_object *object)
{
    struct json_object *lines = json_get(reading, object, "log", json_type_array);
    size_t n = lines ? json_object_array_length(lines) : 0;

    r->n_log = 0;
    if (n > REPORT_LOG_KEPT)
        json_fail(reading, "more than %d lines of the log", (int)REPORT_LOG_KEPT);
    else if (array_reserve(&r->log, &r->cap_log, REPORT_LOG_KEPT, sizeof(*r->log)))
        json_out_of_memory(reading);
    for (size_t i = 0; i < n && !reading->failed; i++) {
        struct json_object *o = json_object_array_get_idx(lines, i);
        struct report_log *line = &r->log[i];

        if (!json_object_is_type(o, json_type_object)) {
            json_fail(reading, "log has something that is no object");
            return;
        }
        line->serial = json_get_u64(reading, o, "serial");
        line->wall_ms = json_get_int(reading, o, "wall_ms", INT64_MIN, INT64_MAX);
        line->kind = (enum report_log_kind)json_get_word(reading, o, "kind", json_report_log_words);
        json_get_text(reading, o, "text", line->text, sizeof(line->text));
        r->n_log = (int)i + 1;
    }
}

static void read_counters(struct json_reading *reading, struct report_counters *c, struct json_object *object)
{
    struct json_object *o = json_get(reading, object, "counters", json_type_object);

    memset(c, 0, sizeof(*c));
    if (!o)
        return;
    c->samples = json_get_u64(reading, o, "samples");
    c->decisions = json_get_u64(reading, o, "decisions");
    c->early = json_get_u64(reading, o, "early");
    c->actions_done = json_get_u64(reading, o, "actions_done");
    c->actions_failed = json_get_u64(reading, o, "actions_failed");
    c->actions_skipped = json_get_u64(reading, o, "actions_skipped");
    c->calls = json_get_u64(reading, o, "calls");
    c->calls_interval = (unsigned)json_get_int(reading, o, "calls_interval", 0, UINT32_MAX);
    c->reconnects = json_get_u64(reading, o, "reconnects");
    c->balanced_for = (unsigned)json_get_int(reading, o, "balanced_for", 0, UINT32_MAX);
    c->late = json_get_u64(reading, o, "late");
    c->errors = json_has(o, "errors") ? json_get_u64(reading, o, "errors") : 0;
}

/* Programs of before this figure don't tell it. */
static void read_times(struct json_reading *reading, struct report_times *t, struct json_object *object)
{
    struct json_object *o =
        json_has(object, "decision_times") ? json_get(reading, object, "decision_times", json_type_object) : NULL;
    struct json_object *within = o ? json_get(reading, o, "within", json_type_array) : NULL;

    memset(t, 0, sizeof(*t));
    if (!within)
        return;
    t->sum_s = json_get_double(reading, o, "sum_s");
    t->count = json_get_u64(reading, o, "count");
    if (json_object_array_length(within) != REPORT_TIMES)
        json_fail(reading, "decision_times.within has not %d counts", (int)REPORT_TIMES);
    for (int i = 0; i < REPORT_TIMES && !reading->failed; i++)
        t->within[i] = json_object_get_uint64(json_object_array_get_idx(within, (size_t)i));
}

static double deviation(struct json_reading *reading, struct json_object *o, const char *key)
{
    return json_has(o, key) ? json_get_double(reading, o, key) : -1;
}

static void read_moves(struct json_reading *reading, struct report_moves *m, struct json_object *object)
{
    struct json_object *o =
        json_has(object, "last_moves") ? json_get(reading, object, "last_moves", json_type_object) : NULL;

    *m = (struct report_moves){.sd_before = -1, .sd_expected = -1, .sd_got = -1};
    if (!o)
        return;
    m->decided_ns = json_get_u64(reading, o, "decided_ns");
    m->sd_before = deviation(reading, o, "sd_before_points");
    m->sd_expected = deviation(reading, o, "sd_expected_points");
    m->sd_got = deviation(reading, o, "sd_got_points");
}

static void read_state(struct json_reading *reading, struct report *r, struct json_object *o)
{
    static const char *const kinds[] = {"sample", "decision", "early", NULL};
    const char *states[REPORT_ENDED + 2] = {0}, *programs[REPORT_MEMORY_COORDINATOR + 2] = {0};
    int kind = json_get_word(reading, o, "kind", kinds);

    for (int i = 0; i <= REPORT_ENDED; i++)
        states[i] = report_state_word((enum report_state)i);
    for (int i = 0; i <= REPORT_MEMORY_COORDINATOR; i++)
        programs[i] = report_program_name((enum report_program)i);
    if (json_get_int(reading, o, "format", 1, INT32_MAX) != JSON_REPORT_FORMAT)
        json_fail(reading, "reports of a format that this program doesn't know");
    r->program = (enum report_program)json_get_word(reading, o, "program", programs);
    r->decision = kind == 1;
    r->early = kind == 2;
    r->state = (enum report_state)json_get_word(reading, o, "state", states);
    r->paused = json_get_bool(reading, o, "paused");
    r->dry_run = json_get_bool(reading, o, "dry_run");
    r->replay = json_get_bool(reading, o, "replay");
    r->speed = json_get_double(reading, o, "speed");
    r->interval_s = json_get_double(reading, o, "interval_s");
    r->sample_s = json_get_double(reading, o, "sample_s");
    r->late_s = json_has(o, "late_s") ? json_get_double(reading, o, "late_s") : 0;
    r->retry_in_s = deviation(reading, o, "retry_in_s");
    r->next_in_s = deviation(reading, o, "next_in_s");
    r->connection[0] = '\0';
    if (json_has(o, "connection"))
        json_get_text(reading, o, "connection", r->connection, sizeof(r->connection));
    r->commands_taken = json_get_u64(reading, o, "commands_taken");
}

void json_report_read(struct json_reading *reading, struct report *r, struct json_object *object)
{
    int limit = (int)json_get_int(reading, object, "cpu_limit", 1, JSON_SNAPSHOT_CPUS);

    r->n_guests = 0;
    read_state(reading, r, object);
    read_counters(reading, &r->counters, object);
    read_times(reading, &r->times, object);
    read_moves(reading, &r->moves, object);
    read_rates(reading, object, "live", &r->live);
    read_rates(reading, object, "interval", &r->interval);
    json_snapshot_read_of_report(reading, &r->snapshot, object);
    read_plan(reading, object, "plan", limit, &r->plan);
    read_plan(reading, object, "early_plan", limit, &r->early_plan);
    read_plan(reading, object, "preview", limit, &r->preview);
    r->has_preview = json_has(object, "preview");
    read_entities(reading, r, object);
    read_log(reading, r, object);
}
