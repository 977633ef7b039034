#include "core/record/json_report.h"

#include "core/record/json_plan.h"
#include "core/record/json_snapshot.h"
#include "core/record/json_value.h"

#include <string.h>

const char *const json_report_log_words[] = {
    [REPORT_LOG_DECISION] = "decision", [REPORT_LOG_ACTION] = "action", [REPORT_LOG_NOTE] = "note",
    [REPORT_LOG_EVENT] = "event",       [REPORT_LOG_ERROR] = "error",   NULL,
};

/* Adds an object of figures under key; nothing where the figures aren't known. */
static struct json_object *part(struct json_object *object, const char *key, bool known)
{
    struct json_object *o = known ? json_object_new_object() : NULL;

    return known && json_add(object, key, o) ? o : NULL;
}

static void put_vcpu_rates(struct json_object *object, const char *key, const struct rates_vcpu *v)
{
    struct json_object *o = part(object, key, v && v->known);

    if (!o)
        return;
    json_put_figure(o, "run_pct", v->run_pct);
    if (v->has_wait)
        json_put_figure(o, "wait_pct", v->wait_pct);
    if (v->has_poll)
        json_put_figure(o, "poll_pct", v->poll_pct);
    json_put_figure(o, "demand_pct", v->demand_pct);
}

static void put_guest_rates(struct json_object *object, const char *key, const struct rates_guest *g)
{
    struct json_object *o = part(object, key, g && g->known);

    if (!o)
        return;
    json_put_figure(o, "run_pct", g->run_pct);
    json_put_figure(o, "wait_pct", g->wait_pct);
    if (g->has_swap) {
        json_put_figure(o, "swap_in_kib_per_s", g->swap_in_kib_s);
        json_put_figure(o, "swap_out_kib_per_s", g->swap_out_kib_s);
    }
    if (g->has_other)
        json_put_figure(o, "other_pct", g->other_pct);
    if (g->has_poll)
        json_put_figure(o, "poll_pct", g->poll_pct);
    if (g->has_disk) {
        json_put_figure(o, "disk_read_kib_per_s", g->disk_read_kib_s);
        json_put_figure(o, "disk_written_kib_per_s", g->disk_written_kib_s);
    }
    if (g->has_net) {
        json_put_figure(o, "net_received_kib_per_s", g->net_received_kib_s);
        json_put_figure(o, "net_sent_kib_per_s", g->net_sent_kib_s);
    }
    if (g->has_faults)
        json_put_figure(o, "major_faults_per_s", g->major_faults_s);
    if (g->has_used)
        json_put_figure(o, "used_growth_kib_per_s", g->used_kib_s);
}

static void put_pcpu_rates(struct json_object *object, const char *key, const struct rates_pcpu *c, double seconds)
{
    struct json_object *o = part(object, key, c && seconds > 0);

    if (!o)
        return;
    if (c->known) {
        json_put_figure(o, "busy_pct", c->busy_pct);
        json_put_figure(o, "host_pct", c->host_pct);
    }
    json_put_figure(o, "guest_pct", c->guest_pct);
    json_put_figure(o, "unmet_pct", c->unmet_pct);
    json_put_figure(o, "load_pct", c->load_pct);
}

static void put_rates(struct json_object *object, const char *key, const struct rates *r)
{
    struct json_object *o = part(object, key, r->seconds > 0);

    if (!o)
        return;
    json_put_figure(o, "seconds", r->seconds);
    if (r->sd_pct >= 0)
        json_put_figure(o, "sd_points", r->sd_pct);
}

static struct json_object *vcpu_json(const struct report *r, int vcpu)
{
    struct json_object *o = json_snapshot_vcpu(&r->snapshot, vcpu);
    const struct plan_vcpu *opinion = report_plan_vcpu(r, vcpu);
    struct json_object *decided = part(o, "decided", opinion != NULL);

    if (decided)
        json_plan_put_vcpu(decided, opinion);
    put_vcpu_rates(o, "live", vcpu < r->live.n_vcpus ? &r->live.vcpus[vcpu] : NULL);
    put_vcpu_rates(o, "interval", report_interval_vcpu(r, vcpu));
    return o;
}

static struct json_object *memory_json(const struct snapshot_memory *m)
{
    struct json_object *o = json_snapshot_memory(m);
    uint64_t used_kib;

    if (rates_memory_used(m, &used_kib))
        json_put_u64(o, "used_kib", used_kib);
    return o;
}

static struct json_object *guest_json(const struct report *r, int guest)
{
    const struct snapshot_guest *g = &r->snapshot.guests[guest];
    struct json_object *o = json_snapshot_guest(&r->snapshot, guest), *vcpus = json_object_new_array();
    const struct plan_guest *opinion = report_plan_guest(r, guest);
    struct json_object *decided = part(o, "decided", opinion != NULL), *last;

    if (decided)
        json_plan_put_guest(decided, opinion);
    put_guest_rates(o, "live", guest < r->live.n_guests ? &r->live.guests[guest] : NULL);
    put_guest_rates(o, "interval", report_interval_guest(r, guest));
    if (guest < r->n_guests) {
        json_put_bool(o, "locked", r->guests[guest].locked);
        json_put_u64(o, "actions", r->guests[guest].actions);
        last = part(o, "last_action", r->guests[guest].last[0] != '\0');
        if (last) {
            json_put_text(last, "text", r->guests[guest].last);
            json_put_u64(last, "at_ns", r->guests[guest].last_ns);
        }
    }
    json_add(o, "memory", memory_json(&g->memory));
    if (g->work.has)
        json_add(o, "work", json_snapshot_work(&g->work));
    for (int v = 0; v < g->n_vcpus; v++)
        json_append(vcpus, vcpu_json(r, g->first_vcpu + v));
    json_add(o, "vcpus", vcpus);
    if (g->n_threads > 0)
        json_add(o, "threads", json_snapshot_threads(&r->snapshot, guest));
    return o;
}

static struct json_object *pcpu_json(const struct report *r, int pcpu)
{
    struct json_object *o = json_snapshot_pcpu(&r->snapshot, pcpu);
    const struct plan_pcpu *opinion = report_plan_pcpu(r, pcpu);
    struct json_object *decided = part(o, "decided", opinion != NULL);

    if (decided)
        json_plan_put_pcpu(decided, opinion);
    put_pcpu_rates(o, "live", pcpu < r->live.n_pcpus ? &r->live.pcpus[pcpu] : NULL, r->live.seconds);
    put_pcpu_rates(o, "interval", report_interval_pcpu(r, pcpu), r->interval.seconds);
    return o;
}

static struct json_object *counters_json(const struct report_counters *c)
{
    struct json_object *o = json_object_new_object();

    json_put_u64(o, "samples", c->samples);
    json_put_u64(o, "decisions", c->decisions);
    json_put_u64(o, "early", c->early);
    json_put_u64(o, "actions_done", c->actions_done);
    json_put_u64(o, "actions_failed", c->actions_failed);
    json_put_u64(o, "actions_skipped", c->actions_skipped);
    json_put_u64(o, "calls", c->calls);
    json_put_u64(o, "calls_interval", c->calls_interval);
    json_put_u64(o, "reconnects", c->reconnects);
    json_put_u64(o, "balanced_for", c->balanced_for);
    json_put_u64(o, "late", c->late);
    json_put_u64(o, "errors", c->errors);
    return o;
}

static struct json_object *times_json(const struct report_times *t)
{
    struct json_object *o = json_object_new_object(), *within = json_object_new_array();

    json_put_double(o, "sum_s", t->sum_s);
    json_put_u64(o, "count", t->count);
    for (int i = 0; i < REPORT_TIMES; i++)
        json_append(within, json_object_new_uint64(t->within[i]));
    json_add(o, "within", within);
    return o;
}

static struct json_object *log_json(const struct report *r, uint64_t log_after)
{
    struct json_object *lines = json_object_new_array();

    for (int i = 0; i < r->n_log; i++) {
        struct json_object *o;

        if (r->log[i].serial <= log_after)
            continue;
        o = json_object_new_object();
        json_put_u64(o, "serial", r->log[i].serial);
        json_put_int(o, "wall_ms", r->log[i].wall_ms);
        json_put_text(o, "kind", json_report_log_words[r->log[i].kind]);
        json_put_text(o, "text", r->log[i].text);
        json_append(lines, o);
    }
    return lines;
}

static void put_moves(struct json_object *object, const struct report_moves *m)
{
    struct json_object *o = part(object, "last_moves", m->decided_ns > 0);

    if (!o)
        return;
    json_put_u64(o, "decided_ns", m->decided_ns);
    json_put_deviation(o, "sd_before_points", m->sd_before);
    json_put_deviation(o, "sd_expected_points", m->sd_expected);
    json_put_deviation(o, "sd_got_points", m->sd_got);
}

static int wider(int limit, const struct plan *p)
{
    return p->cpu_limit > limit ? p->cpu_limit : limit;
}

/* As wide as all masks in it need it; plans may be of a time when the host had more pCPUs. */
static int cpu_limit(const struct report *r)
{
    return wider(wider(wider(r->snapshot.cpu_limit > 0 ? r->snapshot.cpu_limit : 1, &r->plan), &r->early_plan),
                 &r->preview);
}

static void put_state(struct json_object *o, const struct report *r)
{
    json_put_int(o, "format", JSON_REPORT_FORMAT);
    json_put_text(o, "program", report_program_name(r->program));
    json_put_text(o, "kind", r->decision ? "decision" : r->early ? "early" : "sample");
    json_put_text(o, "state", report_state_word(r->state));
    json_put_bool(o, "paused", r->paused);
    json_put_bool(o, "dry_run", r->dry_run);
    json_put_bool(o, "replay", r->replay);
    json_put_figure(o, "speed", r->speed);
    json_put_figure(o, "interval_s", r->interval_s);
    json_put_figure(o, "sample_s", r->sample_s);
    if (r->late_s > 0)
        json_put_figure(o, "late_s", r->late_s);
    if (r->retry_in_s >= 0 && r->state == REPORT_DISCONNECTED)
        json_put_figure(o, "retry_in_s", r->retry_in_s);
    if (r->next_in_s >= 0)
        json_put_figure(o, "next_in_s", r->next_in_s);
    if (r->connection[0])
        json_put_text(o, "connection", r->connection);
    json_put_int(o, "wall_ms", r->snapshot.wall_ms);
    json_put_u64(o, "taken_ns", r->snapshot.taken_ns);
    json_put_text(o, "node_name", r->snapshot.node_name);
    json_put_text(o, "uri", r->snapshot.uri);
    json_put_int(o, "sample_calls", r->snapshot.calls);
    json_put_int(o, "cpu_limit", cpu_limit(r));
    json_put_u64(o, "commands_taken", r->commands_taken);
}

char *json_report_after(const struct report *r, uint64_t log_after)
{
    struct json_object *o = json_object_new_object(), *pcpus = json_object_new_array(),
                       *guests = json_object_new_array();

    if (!o || !pcpus || !guests) {
        json_object_put(o);
        json_object_put(pcpus);
        json_object_put(guests);
        return NULL;
    }
    put_state(o, r);
    json_add(o, "counters", counters_json(&r->counters));
    json_add(o, "decision_times", times_json(&r->times));
    put_rates(o, "live", &r->live);
    put_rates(o, "interval", &r->interval);
    put_moves(o, &r->moves);
    json_add(o, "host", json_snapshot_host(&r->snapshot.host));
    if (r->snapshot.n_nodes > 0)
        json_add(o, "nodes", json_snapshot_nodes(&r->snapshot));
    for (int i = 0; i < r->snapshot.n_pcpus; i++)
        json_append(pcpus, pcpu_json(r, i));
    for (int i = 0; i < r->snapshot.n_guests; i++)
        json_append(guests, guest_json(r, i));
    json_add(o, "pcpus", pcpus);
    json_add(o, "guests", guests);
    if (r->decision || r->counters.decisions > 0)
        json_add(o, "plan", json_plan(&r->plan, false));
    if (r->early)
        json_add(o, "early_plan", json_plan(&r->early_plan, false));
    if (r->has_preview)
        json_add(o, "preview", json_plan(&r->preview, false));
    json_add(o, "log", log_json(r, log_after));
    return json_take_text(o);
}

char *json_report(const struct report *r)
{
    return json_report_after(r, 0);
}
