#include "ui/headless/metrics.h"

#include "core/model/text.h"

#include <inttypes.h>
#include <math.h>

/* ---- how a line looks ---- */

/* HELP and TYPE stand once before the samples of a metric. */
static void head(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP vmbalance_%s %s\n# TYPE vmbalance_%s %s\n", name, help, name, type);
}

/* A label's value: whatever a guest is called, it stays one line of UTF-8 between quotes. */
static void put_label(FILE *out, char before, const char *label, const char *value)
{
    fprintf(out, "%c%s=\"", before, label);
    while (*value) {
        uint32_t scalar;
        size_t n = text_decode(value, &scalar);

        if (scalar == TEXT_REPLACEMENT)
            fputs("\xEF\xBF\xBD", out);
        else if (scalar == '\n')
            fputs("\\n", out);
        else if (scalar == '"' || scalar == '\\')
            fprintf(out, "\\%c", *value);
        else
            fwrite(value, 1, n, out);
        value += n;
    }
    fputc('"', out);
}

/* Whole numbers (sizes, counts) with all their digits; ratios and times to more than anybody can measure. */
static void put_value(FILE *out, double value)
{
    fprintf(out, floor(value) < value ? " %.13g\n" : " %.0f\n", value);
}

/* A metric of one sample, which only tells the program. */
static void put_one(FILE *out, const struct report *r, const char *name, const char *type, const char *help,
                    double value)
{
    head(out, name, type, help);
    fprintf(out, "vmbalance_%s", name);
    put_label(out, '{', "program", report_program_name(r->program));
    fputc('}', out);
    put_value(out, value);
}

static double bytes(uint64_t kib)
{
    return (double)kib * 1024;
}

/* ---- the program ---- */

static void put_info(FILE *out, const struct report *r)
{
    head(out, "info", "gauge", "The program that writes this: always 1.");
    fputs("vmbalance_info", out);
    put_label(out, '{', "program", report_program_name(r->program));
    put_label(out, ',', "version", PROGRAM_VERSION);
    put_label(out, ',', "uri", r->snapshot.uri);
    put_label(out, ',', "host", r->snapshot.node_name);
    fputc('}', out);
    put_value(out, 1);
}

static void put_state(FILE *out, const struct report *r)
{
    head(out, "state", "gauge", "1 for the state that the program is in, 0 for the others.");
    for (int state = REPORT_STARTING; state <= REPORT_ENDED; state++) {
        fputs("vmbalance_state", out);
        put_label(out, '{', "program", report_program_name(r->program));
        put_label(out, ',', "state", report_state_word((enum report_state)state));
        fputc('}', out);
        put_value(out, r->state == (enum report_state)state);
    }
}

static void put_actions(FILE *out, const struct report *r)
{
    const struct report_counters *c = &r->counters;
    const struct {
        const char *result;
        uint64_t n;
    } rows[] = {{"done", c->actions_done}, {"failed", c->actions_failed}, {"skipped", c->actions_skipped}};

    head(out, "actions_total", "counter", "Pins or balloon sizes that were to be set, by what came of them.");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fputs("vmbalance_actions_total", out);
        put_label(out, '{', "program", report_program_name(r->program));
        put_label(out, ',', "result", rows[i].result);
        fprintf(out, "} %" PRIu64 "\n", rows[i].n);
    }
}

static void put_times(FILE *out, const struct report *r)
{
    static const char name[] = "decision_duration_seconds";
    const char *program = report_program_name(r->program);

    head(out, name, "histogram", "How long it took to make a plan.");
    for (int i = 0; i < REPORT_TIMES; i++)
        fprintf(out, "vmbalance_%s_bucket{program=\"%s\",le=\"%g\"} %" PRIu64 "\n", name, program, report_times_s[i],
                r->times.within[i]);
    fprintf(out, "vmbalance_%s_bucket{program=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", name, program, r->times.count);
    fprintf(out, "vmbalance_%s_sum{program=\"%s\"} %.9g\n", name, program, r->times.sum_s);
    fprintf(out, "vmbalance_%s_count{program=\"%s\"} %" PRIu64 "\n", name, program, r->times.count);
}

static void put_program(FILE *out, const struct report *r)
{
    const struct report_counters *c = &r->counters;

    put_info(out, r);
    put_state(out, r);
    put_one(out, r, "dry_run", "gauge", "1 where decisions are reported and not carried out.", r->dry_run);
    put_one(out, r, "interval_seconds", "gauge", "Time between two decisions.", r->interval_s);
    put_one(out, r, "last_sample_timestamp_seconds", "gauge", "When the figures below were measured, since 1970.",
            (double)r->snapshot.wall_ms / 1000);
    put_one(out, r, "decision_lateness_seconds", "gauge",
            "How late the last regular decision began; 0 where that is within a second.", r->late_s);
    put_one(out, r, "late_decisions_total", "counter", "Regular decisions that began more than a second late.",
            (double)c->late);
    put_one(out, r, "samples_total", "counter", "Times that the guests were measured.", (double)c->samples);
    put_one(out, r, "decisions_total", "counter", "Decisions taken.", (double)c->decisions);
    put_one(out, r, "early_plans_total", "counter", "Plans between two decisions that could not wait.",
            (double)c->early);
    put_actions(out, r);
    put_one(out, r, "errors_total", "counter", "Lines of trouble in the log.", (double)c->errors);
    put_one(out, r, "hypervisor_calls_total", "counter", "Calls to the hypervisor.", (double)c->calls);
    put_one(out, r, "reconnects_total", "counter", "Connections that were lost and made anew.", (double)c->reconnects);
    put_times(out, r);
}

/* ---- pCPUs and vCPUs, by the scheduler ---- */

static void put_pcpu(FILE *out, const char *name, int number, const char *kind, double value)
{
    fprintf(out, "vmbalance_%s{cpu=\"%d\"", name, number);
    if (kind)
        put_label(out, ',', "kind", kind);
    fputc('}', out);
    put_value(out, value);
}

static void put_pcpus(FILE *out, const struct report *r)
{
    const struct snapshot *s = &r->snapshot;

    head(out, "pcpu_online", "gauge", "1 where the kernel may run work on the pCPU.");
    for (int i = 0; i < s->n_pcpus; i++)
        put_pcpu(out, "pcpu_online", s->pcpus[i].number, NULL, s->pcpus[i].online);
    head(out, "pcpu_load_ratio", "gauge",
         "Share of the last interval that the pCPU ran guests, ran work of the host, or owed guests (unmet demand).");
    for (int i = 0; i < s->n_pcpus; i++) {
        const struct rates_pcpu *rate = report_interval_pcpu(r, i);

        if (!rate || !s->pcpus[i].online || r->interval.seconds <= 0)
            continue;
        put_pcpu(out, "pcpu_load_ratio", s->pcpus[i].number, "guest", rate->guest_pct / 100);
        if (rate->known)
            put_pcpu(out, "pcpu_load_ratio", s->pcpus[i].number, "host", rate->host_pct / 100);
        put_pcpu(out, "pcpu_load_ratio", s->pcpus[i].number, "unmet", rate->unmet_pct / 100);
    }
    head(out, "pcpu_expected_load_ratio", "gauge", "Load that is expected of the pCPU after the last plan.");
    for (int i = 0; i < s->n_pcpus; i++) {
        const struct plan_pcpu *planned = report_plan_pcpu(r, i);

        if (planned && r->plan.has_balance && s->pcpus[i].online)
            put_pcpu(out, "pcpu_expected_load_ratio", s->pcpus[i].number, NULL, planned->expected_pct / 100);
    }
}

/* What is known of a vCPU: false where it isn't. */
typedef bool vcpu_figure(const struct report *r, int vcpu, double *value);

static bool vcpu_run(const struct report *r, int vcpu, double *value)
{
    *value = (double)r->snapshot.vcpus[vcpu].run_ns / 1e9;
    return r->snapshot.vcpus[vcpu].has_run;
}

static bool vcpu_wait(const struct report *r, int vcpu, double *value)
{
    *value = (double)r->snapshot.vcpus[vcpu].delay_ns / 1e9;
    return r->snapshot.vcpus[vcpu].has_delay;
}

static bool vcpu_demand(const struct report *r, int vcpu, double *value)
{
    const struct plan_vcpu *planned = report_plan_vcpu(r, vcpu);

    *value = planned ? planned->demand_pct / 100 : 0;
    return planned && r->plan.has_balance;
}

static bool vcpu_cpu(const struct report *r, int vcpu, double *value)
{
    *value = r->snapshot.vcpus[vcpu].cpu;
    return r->snapshot.vcpus[vcpu].cpu >= 0;
}

static void put_vcpus(FILE *out, const struct report *r)
{
    static const struct {
        const char *name, *type, *help;
        vcpu_figure *figure;
    } rows[] = {
        {"vcpu_run_seconds_total", "counter", "Time that the vCPU ran.", vcpu_run},
        {"vcpu_wait_seconds_total", "counter", "Time that the vCPU was ready and waited for its pCPU.", vcpu_wait},
        {"vcpu_demand_ratio", "gauge", "Share of a pCPU that the vCPU is estimated to want.", vcpu_demand},
        {"vcpu_pcpu", "gauge", "Number of the pCPU that the vCPU was last seen on.", vcpu_cpu},
    };
    const struct snapshot *s = &r->snapshot;
    double value;

    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        head(out, rows[row].name, rows[row].type, rows[row].help);
        for (int i = 0; i < s->n_vcpus; i++) {
            if (!rows[row].figure(r, i, &value))
                continue;
            fprintf(out, "vmbalance_%s", rows[row].name);
            put_label(out, '{', "guest", s->guests[s->vcpus[i].guest].name);
            fprintf(out, ",vcpu=\"%d\"}", s->vcpus[i].number);
            put_value(out, value);
        }
    }
}

static void put_balance(FILE *out, const struct report *r)
{
    const struct plan *p = &r->plan;
    const struct {
        const char *name, *help;
        double points;
    } rows[] = {
        {"load_deviation_ratio", "Standard deviation of the load of all pCPUs, before the last plan.", p->sd_now},
        {"load_deviation_expected_ratio", "The same, as it is expected after the last plan.", p->sd_expected},
        {"load_deviation_observed_ratio", "The same, as the interval after the plan before showed it.", p->sd_observed},
        {"load_deviation_bound_ratio", "The least that any placement could reach.", p->sd_bound},
        {"load_deviation_tolerance_ratio", "The most within which nothing is moved.", p->tolerance},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && p->has_balance; i++) {
        if (rows[i].points < 0)
            continue;
        head(out, rows[i].name, "gauge", rows[i].help);
        fprintf(out, "vmbalance_%s", rows[i].name);
        put_value(out, rows[i].points / 100);
    }
}

/* ---- guests ---- */

/* What is known of a guest: false where it isn't. */
typedef bool guest_figure(const struct report *r, int guest, double *value);

static bool memory_figure(const struct report *r, int guest, unsigned has, uint64_t kib, double *value)
{
    *value = bytes(kib);
    return r->snapshot.guests[guest].memory.has & has;
}

static bool guest_size(const struct report *r, int guest, double *value)
{
    return memory_figure(r, guest, SNAPSHOT_HAS_SIZE, r->snapshot.guests[guest].memory.size_kib, value);
}

static bool guest_maximum(const struct report *r, int guest, double *value)
{
    return memory_figure(r, guest, SNAPSHOT_HAS_MAX, r->snapshot.guests[guest].memory.max_kib, value);
}

static bool guest_unused(const struct report *r, int guest, double *value)
{
    return memory_figure(r, guest, SNAPSHOT_HAS_UNUSED, r->snapshot.guests[guest].memory.unused_kib, value);
}

static bool guest_usable(const struct report *r, int guest, double *value)
{
    return memory_figure(r, guest, SNAPSHOT_HAS_USABLE, r->snapshot.guests[guest].memory.usable_kib, value);
}

static bool guest_resident(const struct report *r, int guest, double *value)
{
    return memory_figure(r, guest, SNAPSHOT_HAS_RSS, r->snapshot.guests[guest].memory.rss_kib, value);
}

static bool guest_swapped_in(const struct report *r, int guest, double *value)
{
    return memory_figure(r, guest, SNAPSHOT_HAS_SWAP_IN, r->snapshot.guests[guest].memory.swap_in_kib, value);
}

static bool guest_swapped_out(const struct report *r, int guest, double *value)
{
    return memory_figure(r, guest, SNAPSHOT_HAS_SWAP_OUT, r->snapshot.guests[guest].memory.swap_out_kib, value);
}

static bool guest_need(const struct report *r, int guest, double *value)
{
    const struct plan_guest *planned = report_plan_guest(r, guest);

    *value = planned ? bytes(planned->need_kib) : 0;
    return planned && planned->need_kib > 0;
}

static bool guest_unmet(const struct report *r, int guest, double *value)
{
    double size, need;

    if (!guest_need(r, guest, &need) || !guest_size(r, guest, &size))
        return false;
    *value = need > size ? need - size : 0;
    return true;
}

static bool guest_managed(const struct report *r, int guest, double *value)
{
    const struct plan_guest *planned = report_plan_guest(r, guest);

    *value = planned && planned->managed;
    return planned != NULL;
}

static bool guest_actions(const struct report *r, int guest, double *value)
{
    *value = guest < r->n_guests ? (double)r->guests[guest].actions : 0;
    return guest < r->n_guests;
}

struct guest_row {
    const char *name, *type, *help;
    guest_figure *figure;
    bool both; /* of both programs, which are told apart by a label */
};

static const struct guest_row of_guests[] = {
    {"guest_managed", "gauge", "1 where the program acts on the guest, 0 where it leaves it alone.", guest_managed,
     true},
    {"guest_actions_total", "counter", "Pins or balloon sizes that were set for the guest.", guest_actions, true},
};

static const struct guest_row of_memory[] = {
    {"guest_memory_size_bytes", "gauge", "What the balloon leaves to the guest.", guest_size, false},
    {"guest_memory_maximum_bytes", "gauge", "The most that the guest can have.", guest_maximum, false},
    {"guest_memory_need_bytes", "gauge", "What the guest is estimated to need.", guest_need, false},
    {"guest_memory_unmet_bytes", "gauge", "What the guest has less than it needs.", guest_unmet, false},
    {"guest_memory_unused_bytes", "gauge", "What lies idle in the guest.", guest_unused, false},
    {"guest_memory_usable_bytes", "gauge", "What lies idle or can be dropped in the guest.", guest_usable, false},
    {"guest_memory_resident_bytes", "gauge", "What the guest's process holds on the host.", guest_resident, false},
    {"guest_swap_in_bytes_total", "counter", "What the guest read back from its swap.", guest_swapped_in, false},
    {"guest_swap_out_bytes_total", "counter", "What the guest wrote to its swap.", guest_swapped_out, false},
};

static void put_guests(FILE *out, const struct report *r, const struct guest_row *rows, size_t n)
{
    double value;

    for (size_t row = 0; row < n; row++) {
        head(out, rows[row].name, rows[row].type, rows[row].help);
        for (int i = 0; i < r->snapshot.n_guests; i++) {
            if (!rows[row].figure(r, i, &value))
                continue;
            fprintf(out, "vmbalance_%s", rows[row].name);
            put_label(out, '{', "guest", r->snapshot.guests[i].name);
            if (rows[row].both)
                put_label(out, ',', "program", report_program_name(r->program));
            fputc('}', out);
            put_value(out, value);
        }
    }
}

static void put_host_memory(FILE *out, const struct report *r)
{
    const struct plan *p = &r->plan;
    const struct snapshot_host *h = &r->snapshot.host;
    const struct {
        const char *name, *help;
        bool known;
        uint64_t kib;
    } rows[] = {
        {"host_memory_total_bytes", "The host's memory.", h->has & SNAPSHOT_HOST_HAS_TOTAL, h->total_kib},
        {"host_memory_free_bytes", "What counts as free on the host.", p->has_memory, p->host_free_kib},
        {"host_memory_reserve_bytes", "What is kept free on the host.", p->has_memory, p->host_reserve_kib},
        {"host_memory_grantable_bytes", "What may be handed out now.", p->has_memory, p->budget_kib},
        {"host_memory_missing_bytes", "What guests need and can't be given.", p->has_memory, p->missing_kib},
        {"host_memory_pending_bytes", "What balloons were asked to give back and haven't yet.", p->has_memory,
         p->pending_kib},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!rows[i].known)
            continue;
        head(out, rows[i].name, "gauge", rows[i].help);
        fprintf(out, "vmbalance_%s", rows[i].name);
        put_value(out, bytes(rows[i].kib));
    }
}

void metrics_text(FILE *out, const struct report *r)
{
    put_program(out, r);
    put_guests(out, r, of_guests, sizeof(of_guests) / sizeof(of_guests[0]));
    if (r->program == REPORT_VCPU_SCHEDULER) {
        put_pcpus(out, r);
        put_vcpus(out, r);
        put_balance(out, r);
    } else {
        put_guests(out, r, of_memory, sizeof(of_memory) / sizeof(of_memory[0]));
        put_host_memory(out, r);
    }
}
