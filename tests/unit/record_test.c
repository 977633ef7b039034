#include "core/record/record.h"

#include "core/model/cpumask.h"
#include "core/model/pcpu_groups.h"
#include "core/record/replay.h"
#include "core/record/snapshot_figures.h"
#include "tests/sim/random_snapshot.h"
#include "tests/sim/snapshot_text.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const struct record_setting settings[] = {{"tolerance", 4.25}, {"keep-pins", 1}};

static const struct record_header header = {
    .program = REPORT_MEMORY_COORDINATOR,
    .version = "1.2.3",
    .uri = "qemu:///system",
    .interval_s = 12,
    .sample_s = 0.1,
    .settings = settings,
    .n_settings = 2,
};

static char path[64];

static int make_path(void **state)
{
    int fd;

    (void)state;
    strcpy(path, "/tmp/record_test_XXXXXX");
    fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

static struct record *begin(void)
{
    char error[256] = "";
    struct record *r = record_open(path, &header, error, sizeof(error));

    if (!r)
        fail_msg("%s", error);
    return r;
}

/* A decision where there's a plan. */
static int write_sample(struct record *r, const struct snapshot *s, const struct plan *plan, char *error, size_t size)
{
    const struct record_line line = {
        .kind = plan ? RECORD_DECISION : RECORD_SAMPLE, .snapshot = s, .plan = plan, .interval_s = header.interval_s};

    return record_write(r, &line, error, size);
}

static struct host *replay(void)
{
    char error[256] = "";
    struct host *h = replay_open(path, error, sizeof(error));

    if (!h)
        fail_msg("%s", error);
    replay_set_speed(h, 0);
    return h;
}

static void write_file(const char *text, const char *mode)
{
    FILE *file = fopen(path, mode);

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static off_t file_size(void)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_size;
}

/* A plan with something of everything for what there is in s. */
static void make_plan(struct random_source *source, const struct snapshot *s, struct plan *p)
{
    plan_reset(p, s->cpu_limit);
    assert_int_equal(plan_size_for(p, s), 0);
    p->decided_ns = s->taken_ns;
    p->forced = random_below(source, 2);
    p->early = random_below(source, 2);
    p->learning = random_below(source, 2);
    random_text(source, p->summary, sizeof(p->summary));
    for (int i = 0; i < s->n_guests; i++) {
        struct plan_action *a = plan_add_action(p, random_below(source, 2) ? PLAN_PIN : PLAN_SET_MEMORY, s, i);

        assert_non_null(a);
        a->result = (enum plan_result)random_below(source, PLAN_DRY_RUN + 1);
        random_text(source, a->reason, sizeof(a->reason));
        random_text(source, a->error, sizeof(a->error));
        if (a->kind == PLAN_PIN) {
            a->vcpu = random_below(source, 100) - 10; /* below 0: an emulator, or an iothread */
            a->from_cpu = random_below(source, s->cpu_limit + 1) - 1;
            a->to_cpu = random_below(source, s->cpu_limit + 1) - 1;
            a->from_group = random_below(source, 2);
            if (random_below(source, 2))
                a->from_mask = plan_add_mask(p, NULL);
            a->to_mask = plan_add_mask(p, NULL);
            cpumask_set(p->masks + (size_t)a->to_mask * (size_t)cpumask_words(p->cpu_limit),
                        random_below(source, s->cpu_limit));
            a->gain = random_below(source, 1000) / 16.0;
        } else {
            a->from_kib = random_u64(source);
            a->to_kib = random_u64(source);
        }
        assert_int_equal(plan_add_note(p, s, random_below(source, 2) ? i : -1, "x", "%d", i), 0);
        p->guests[i].managed = random_below(source, 2);
        random_text(source, p->guests[i].status, sizeof(p->guests[i].status));
        p->guests[i].need_kib = random_u64(source);
        p->guests[i].target_kib = random_u64(source);
    }
    for (int i = 0; i < s->n_vcpus; i++) {
        p->vcpus[i].demand_pct = random_below(source, 1000) / 8.0;
        p->vcpus[i].cooldown_s = random_below(source, 100);
        p->vcpus[i].wait_pct = random_below(source, 801) / 8.0 - 1;
        p->vcpus[i].wait_pct = p->vcpus[i].wait_pct < 0 ? -1 : p->vcpus[i].wait_pct;
    }
    for (int i = 0; i < s->n_pcpus; i++) {
        p->pcpus[i].load_pct = random_below(source, 1000) / 8.0;
        p->pcpus[i].expected_pct = random_below(source, 1000) / 8.0;
        p->pcpus[i].capacity = random_below(source, 3) * 1.25;
    }
    p->has_balance = random_below(source, 2);
    if (p->has_balance) {
        p->sd_now = 1.5;
        p->sd_bound = 0;
        p->tolerance = 4;
        if (random_below(source, 2)) {
            p->pinned_to = random_below(source, 2) ? PCPU_GROUPS_LLC : 6;
            p->wait_expected_pct = 3.5;
            p->wait_observed_pct = random_below(source, 2) ? 2.25 : -1;
        }
    }
    p->has_memory = random_below(source, 2);
    if (p->has_memory) {
        p->host_free_kib = random_u64(source);
        p->host_reserve_kib = random_u64(source);
        p->budget_kib = random_u64(source);
        p->missing_kib = random_u64(source);
        p->pending_kib = random_u64(source);
    }
}

static void assert_same_row(const struct plan *p, int row, const struct plan *q, int other)
{
    assert_int_equal(row < 0, other < 0);
    if (row >= 0)
        assert_true(cpumask_equal(plan_mask(p, row), plan_mask(q, other), cpumask_words(p->cpu_limit)));
}

static void assert_same_action(const struct plan *p, const struct plan_action *a, const struct plan *q,
                               const struct plan_action *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->result, b->result);
    assert_memory_equal(a->uuid, b->uuid, sizeof(a->uuid));
    assert_int_equal(a->id, b->id);
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->vcpu, b->vcpu);
    assert_int_equal(a->from_cpu, b->from_cpu);
    assert_int_equal(a->to_cpu, b->to_cpu);
    assert_int_equal(a->from_group, b->from_group);
    assert_same_row(p, a->from_mask, q, b->from_mask);
    assert_same_row(p, a->to_mask, q, b->to_mask);
    assert_true(a->from_kib == b->from_kib && a->to_kib == b->to_kib);
    assert_true(fabs(a->gain - b->gain) < 0.001);
    assert_string_equal(a->reason, b->reason);
    assert_string_equal(a->error, b->error);
}

static void assert_same_plan(const struct plan *p, const struct plan *q)
{
    assert_true(p->decided_ns == q->decided_ns);
    assert_int_equal(p->cpu_limit, q->cpu_limit);
    assert_int_equal(p->forced, q->forced);
    assert_int_equal(p->early, q->early);
    assert_int_equal(p->learning, q->learning);
    assert_string_equal(p->summary, q->summary);
    assert_int_equal(p->n_actions, q->n_actions);
    for (int i = 0; i < p->n_actions; i++)
        assert_same_action(p, &p->actions[i], q, &q->actions[i]);
    assert_int_equal(p->n_notes, q->n_notes);
    for (int i = 0; i < p->n_notes; i++)
        assert_memory_equal(&p->notes[i], &q->notes[i], sizeof(*p->notes));
    assert_int_equal(p->n_guests, q->n_guests);
    for (int i = 0; i < p->n_guests; i++) {
        assert_memory_equal(p->guests[i].uuid, q->guests[i].uuid, SNAPSHOT_UUID_BYTES);
        assert_int_equal(p->guests[i].id, q->guests[i].id);
        assert_int_equal(p->guests[i].first_vcpu, q->guests[i].first_vcpu);
        assert_int_equal(p->guests[i].n_vcpus, q->guests[i].n_vcpus);
        assert_int_equal(p->guests[i].managed, q->guests[i].managed);
        assert_string_equal(p->guests[i].status, q->guests[i].status);
        assert_true(p->guests[i].need_kib == q->guests[i].need_kib);
        assert_true(p->guests[i].target_kib == q->guests[i].target_kib);
    }
    assert_int_equal(p->n_vcpus, q->n_vcpus);
    for (int i = 0; i < p->n_vcpus; i++) {
        assert_int_equal(p->vcpus[i].number, q->vcpus[i].number);
        assert_true(fabs(p->vcpus[i].demand_pct - q->vcpus[i].demand_pct) < 0.001);
        assert_int_equal(p->vcpus[i].cooldown_s, q->vcpus[i].cooldown_s);
        assert_true(fabs(p->vcpus[i].wait_pct - q->vcpus[i].wait_pct) < 0.001);
    }
    assert_int_equal(p->n_pcpus, q->n_pcpus);
    for (int i = 0; i < p->n_pcpus; i++) {
        assert_int_equal(p->pcpus[i].number, q->pcpus[i].number);
        assert_true(fabs(p->pcpus[i].load_pct - q->pcpus[i].load_pct) < 0.001);
        assert_true(fabs(p->pcpus[i].expected_pct - q->pcpus[i].expected_pct) < 0.001);
        assert_true(fabs(p->pcpus[i].capacity - q->pcpus[i].capacity) < 0.001);
    }
    assert_int_equal(p->has_balance, q->has_balance);
    assert_true(p->sd_now == q->sd_now && p->sd_expected == q->sd_expected && p->sd_bound == q->sd_bound &&
                p->sd_observed == q->sd_observed && p->tolerance == q->tolerance);
    assert_true(p->pinned_to == q->pinned_to && p->wait_expected_pct == q->wait_expected_pct &&
                p->wait_observed_pct == q->wait_observed_pct);
    assert_int_equal(p->has_memory, q->has_memory);
    assert_true(p->host_free_kib == q->host_free_kib && p->host_reserve_kib == q->host_reserve_kib &&
                p->budget_kib == q->budget_kib && p->missing_kib == q->missing_kib && p->pending_kib == q->pending_kib);
}

/* Changes one fact, so that the next line has to hold all of them. */
static void change_fact(struct random_source *source, struct snapshot *s)
{
    if (s->n_guests > 0 && random_below(source, 2))
        s->guests[random_below(source, s->n_guests)].dedicated ^= true;
    else
        s->host.has ^= SNAPSHOT_HOST_HAS_FREE;
    s->host.free_kib = 0;
}

/* What was recorded is what is played back, whatever it is. */
static void round_trip(void **state)
{
    enum { SAMPLES = 300 };
    static struct snapshot samples[SAMPLES];
    static struct plan plans[SAMPLES];
    static struct record_line lines[SAMPLES];
    double interval_s = header.interval_s;
    struct random_source source = {5};
    struct snapshot s = {0}, got = {0};
    char error[256] = "";
    struct record *r = begin();
    struct host *h;

    (void)state;
    for (int i = 0; i < SAMPLES; i++) {
        bool decision = random_below(&source, 4) == 0, undo = random_below(&source, 4) == 0;
        struct record_line *line = &lines[i];

        if (i % 150 == 0)
            random_snapshot(&source, &s, 8);
        random_figures(&source, &s);
        if (random_below(&source, 20) == 0)
            change_fact(&source, &s);
        if (decision)
            make_plan(&source, &s, &plans[i]);
        assert_int_equal(snapshot_copy(&samples[i], &s), 0);
        if (random_below(&source, 30) == 0)
            interval_s = 1 + random_below(&source, 20);
        line->kind = decision
                         ? (enum record_kind[]){RECORD_UNDO, RECORD_EARLY, RECORD_DECISION}[random_below(&source, 3)]
                     : undo ? RECORD_BEGIN
                            : RECORD_SAMPLE;
        line->interval_s = interval_s;
        line->until_decision_s = random_below(&source, 3) * 0.7;
        line->plan = decision ? &plans[i] : NULL;
        line->snapshot = &samples[i];
        assert_int_equal(record_write(r, line, error, sizeof(error)), 0);
    }
    assert_int_equal(record_close(r, error, sizeof(error)), 0);

    h = replay();
    for (int i = 0; i < SAMPLES; i++) {
        int failed = h->ops->sample(h, &got, true, error, sizeof(error));
        const struct record_line *line = replay_line(h);

        if (failed)
            fail_msg("sample %d: %s", i, error);
        assert_true(snapshot_same_facts(&samples[i], &got));
        assert_true(snapshot_text_same_figures(&samples[i], &got));
        assert_int_equal(line->kind, lines[i].kind);
        assert_true(line->interval_s == lines[i].interval_s);
        assert_true(line->until_decision_s == lines[i].until_decision_s);
        assert_int_equal(line->plan != NULL, lines[i].plan != NULL);
        if (line->plan)
            assert_same_plan(&plans[i], line->plan);
    }
    assert_int_equal(replay_due_ms(h), -1);
    assert_int_equal(h->ops->sample(h, &got, true, error, sizeof(error)), -ENODATA);
    assert_int_equal(h->ops->sample(h, &got, true, error, sizeof(error)), -ENODATA);
    h->ops->close(h);
    for (int i = 0; i < SAMPLES; i++) {
        snapshot_free(&samples[i]);
        plan_free(&plans[i]);
    }
    snapshot_free(&s);
    snapshot_free(&got);
}

static void header_comes_back(void **state)
{
    char error[256] = "";
    struct host *h;
    const struct record_header *got;

    (void)state;
    assert_int_equal(record_close(begin(), error, sizeof(error)), 0);
    h = replay();
    got = replay_header(h);
    assert_int_equal(got->program, REPORT_MEMORY_COORDINATOR);
    assert_string_equal(got->version, "1.2.3");
    assert_string_equal(got->uri, "qemu:///system");
    assert_true(got->interval_s == 12 && got->sample_s == 0.1);
    assert_int_equal(got->n_settings, 2);
    assert_string_equal(got->settings[0].name, "tolerance");
    assert_true(got->settings[0].value == 4.25 && got->settings[1].value == 1);
    assert_int_equal(replay_due_ms(h), -1); /* there are no samples */
    h->ops->close(h);
    assert_int_equal(record_close(NULL, error, sizeof(error)), 0);
}

/* A host of that size with steady facts. */
static void make_host(struct snapshot *s, int pcpus, int guests, int vcpus)
{
    uint64_t mask[16];

    snapshot_reset(s, pcpus);
    strcpy(s->node_name, "node-1.example");
    strcpy(s->uri, "qemu:///system");
    s->taken_ns = UINT64_C(123456789012345);
    s->wall_ms = 1700000000000;
    s->host.has = 0x3f;
    s->host.total_kib = s->host.free_kib = 512 << 20;
    for (int i = 0; i < pcpus; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);

        p->number = i;
        p->online = p->has_times = true;
        p->busy_ns = p->idle_ns = UINT64_C(987654321098765);
    }
    for (int i = 0, v = 0; i < guests; i++) {
        struct snapshot_guest *g = snapshot_add_guest(s);

        snprintf(g->name, sizeof(g->name), "guest-%d", i);
        g->id = i;
        g->uuid[0] = (uint8_t)i;
        g->memory.has = 0xfff;
        g->memory.size_kib = g->memory.max_kib = 8 << 20;
        for (; v < vcpus * (i + 1) / guests; v++) {
            struct snapshot_vcpu *c = snapshot_add_vcpu(s);

            c->number = s->guests[i].n_vcpus - 1;
            c->online = c->running = c->has_run = c->has_delay = true;
            c->run_ns = UINT64_C(55555555555555);
            cpumask_clear(mask, 16);
            cpumask_set(mask, v % pcpus);
            c->affinity = c->found = snapshot_add_mask(s, mask);
            c->cpu = v % pcpus;
        }
    }
}

/* A second in which everything does something. */
static void pass_second(struct random_source *source, struct snapshot *s)
{
    s->taken_ns += 1000000000 + random_u64(source) % 1000000;
    s->wall_ms += 1000;
    s->host.free_kib -= random_u64(source) % 100000;
    for (int i = 0; i < s->n_pcpus; i++) {
        s->pcpus[i].busy_ns += random_u64(source) % 1000000000;
        s->pcpus[i].idle_ns += random_u64(source) % 1000000000;
    }
    for (int i = 0; i < s->n_vcpus; i++) {
        s->vcpus[i].run_ns += random_u64(source) % 1000000000;
        s->vcpus[i].delay_ns += random_u64(source) % 1000000000;
        s->vcpus[i].poll_ns += random_u64(source) % 100000000;
    }
    for (int i = 0; i < s->n_guests; i++) {
        struct snapshot_memory *m = &s->guests[i].memory;

        m->unused_kib = random_u64(source) % (8 << 20);
        m->usable_kib = random_u64(source) % (8 << 20);
        m->available_kib = random_u64(source) % (8 << 20);
        m->disk_caches_kib = random_u64(source) % (8 << 20);
        m->rss_kib = random_u64(source) % (8 << 20);
        m->minor_faults += random_u64(source) % 100000;
        m->major_faults += random_u64(source) % 1000;
        m->swap_in_kib += random_u64(source) % 1000;
        m->swap_out_kib += random_u64(source) % 1000;
        m->last_update_s++;
        s->guests[i].work.cpu_ns += random_u64(source) % 4000000000;
    }
}

/* Ten minutes of a large and busy host, with a decision that moves some vCPUs each 12 s: at most 25 KB a sample. */
static void recordings_stay_small(void **state)
{
    enum { SAMPLES = 600 };
    struct random_source source = {6};
    struct snapshot s = {0};
    struct plan p = {0};
    char error[256] = "";
    struct record *r = begin();

    (void)state;
    make_host(&s, 64, 60, 200);
    for (int i = 0; i < SAMPLES; i++) {
        bool decision = i % 12 == 0;

        pass_second(&source, &s);
        if (decision)
            make_plan(&source, &s, &p);
        assert_int_equal(write_sample(r, &s, decision ? &p : NULL, error, sizeof(error)), 0);
        if (decision)
            s.vcpus[random_below(&source, s.n_vcpus)].affinity = random_below(&source, s.n_masks);
    }
    print_message("%.1f KB a sample\n", (double)file_size() / SAMPLES / 1000);
    assert_true(file_size() < 25000 * SAMPLES);
    assert_int_equal(record_close(r, error, sizeof(error)), 0);
    snapshot_free(&s);
    plan_free(&p);
}

/* Writes n samples of one small host, with taken_ns 1 s apart. */
static void write_samples(int n)
{
    struct random_source source = {8};
    struct snapshot s = {0};
    char error[256] = "";
    struct record *r = begin();

    make_host(&s, 2, 2, 4);
    s.taken_ns = 0;
    for (int i = 0; i < n; i++) {
        pass_second(&source, &s);
        s.taken_ns = (uint64_t)(i + 1) * 1000000000;
        assert_int_equal(write_sample(r, &s, NULL, error, sizeof(error)), 0);
    }
    assert_int_equal(record_close(r, error, sizeof(error)), 0);
    snapshot_free(&s);
}

/* How many samples a replay yields; -EAGAINs are counted in *damaged, the last reason is kept in error. */
static int play(int *damaged, char *error, size_t size)
{
    struct host *h = replay();
    struct snapshot s = {0};
    int n = 0, failed = 0;

    *damaged = 0;
    while (failed != -ENODATA) {
        char reason[HOST_ERROR_BYTES] = "";

        failed = h->ops->sample(h, &s, false, reason, sizeof(reason));
        n += !failed;
        if (failed == -EAGAIN) {
            ++*damaged;
            snprintf(error, size, "%s", reason);
        } else {
            assert_true(failed == 0 || failed == -ENODATA);
        }
    }
    snapshot_free(&s);
    h->ops->close(h);
    return n;
}

static void cut_recordings_end_quietly(void **state)
{
    char error[256] = "";
    off_t whole;
    int damaged;

    (void)state;
    write_samples(3);
    whole = file_size();
    assert_int_equal(truncate(path, whole - 1), 0); /* only the line feed is gone */
    assert_int_equal(play(&damaged, error, sizeof(error)), 3);
    assert_int_equal(damaged, 0);
    assert_int_equal(truncate(path, whole - 2), 0);
    assert_int_equal(play(&damaged, error, sizeof(error)), 2);
    assert_int_equal(damaged, 0);
    assert_int_equal(truncate(path, whole - 100), 0);
    assert_int_equal(play(&damaged, error, sizeof(error)), 2);
    assert_int_equal(damaged, 0);
}

/* Damage to one line costs what builds on it, up to the next line with all facts. */
static void damaged_lines_are_told_and_passed_over(void **state)
{
    char error[256] = "", *text = NULL, *at;
    size_t size = 0;
    FILE *file;
    int damaged, n;

    (void)state;
    write_samples(250); /* lines 2 to 251; all facts in 2, 122 and 242 */
    file = fopen(path, "r");
    assert_non_null(file);
    assert_true(getdelim(&text, &size, '\0', file) > 0);
    fclose(file);
    at = text;
    for (int line = 1; line < 100; line++)
        at = strchr(at, '\n') + 1;
    memcpy(at, "garbage", 7);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    n = play(&damaged, error, sizeof(error));
    assert_int_equal(damaged, 1);
    assert_int_equal(strncmp(error, "line 100 of the recording: ", 27), 0);
    assert_int_equal(n, 98 + 130); /* lines 2 to 99 and 122 to 251 */
    free(text);

    write_samples(1);
    write_file("{\"kind\":\"sample\",\"figures\":{\"run_ns\":[1]}}\n{\"kind\":\"sample\"}\n", "a");
    n = play(&damaged, error, sizeof(error));
    assert_int_equal(damaged, 1);
    assert_int_equal(n, 1);
    assert_string_equal(error, "line 3 of the recording: run_ns has 1 values for 4");

    assert_int_equal(record_close(begin(), error, sizeof(error)), 0);
    write_file("{\"kind\":\"sample\",\"figures\":{}}\n", "a");
    n = play(&damaged, error, sizeof(error));
    assert_int_equal(damaged, 1);
    assert_string_equal(error, "line 2 of the recording: snapshot is missing");
}

static void other_files_are_refused(void **state)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"", "empty"},
        {"hello\n", "no recording that can be read: no JSON"},
        {"{}\n", "kind is missing"},
        {"{\"kind\":\"sample\"}\n", "kind is an unknown word"},
        {"{\"kind\":\"recording\",\"format\":4}\n", "made by a later version of the program"},
        {"{\"kind\":\"recording\",\"format\":1,\"program\":\"vim\"}\n", "program is an unknown word"},
    };
    char error[256];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_file(cases[i].text, "w");
        assert_null(replay_open(path, error, sizeof(error)));
        if (!strstr(error, cases[i].words) || strncmp(error, path, strlen(path)) != 0)
            fail_msg("'%s' rather than '%s'", error, cases[i].words);
    }
    assert_null(replay_open("/nowhere/at/all", error, sizeof(error)));
    assert_string_equal(error, "/nowhere/at/all: No such file or directory");
    assert_null(replay_open("/tmp", error, sizeof(error)));
    assert_string_equal(error, "/tmp: Is a directory");
    assert_null(record_open("/nowhere/at/all", &header, error, sizeof(error)));
    assert_string_equal(error, "/nowhere/at/all: No such file or directory");
}

/* A disk that is full, here a limit on the file's size: told once, then the recording stays silent, and what is in the
 * file is good. */
static void full_disk_stops_the_recording(void **state)
{
    struct rlimit old, small = {0};
    struct random_source source = {9};
    struct snapshot s = {0};
    char error[256] = "";
    struct record *r = begin();
    int written = 0, damaged, failed = 0;

    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small.rlim_cur = 20000;
    small.rlim_max = old.rlim_max;
    make_host(&s, 4, 4, 8);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    while (!failed && written < 1000) {
        pass_second(&source, &s);
        failed = write_sample(r, &s, NULL, error, sizeof(error));
        written += !failed;
    }
    for (int i = 0; i < 3; i++)
        assert_int_equal(write_sample(r, &s, NULL, error, sizeof(error)), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(failed, -EFBIG);
    assert_string_equal(error, "File too large");
    assert_int_equal(record_close(r, error, sizeof(error)), 0);
    assert_int_equal(play(&damaged, error, sizeof(error)), written);
    assert_int_equal(damaged, 0);
    snapshot_free(&s);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* their own memory would be out */
/* A line that there is no memory for is told as that, and not taken for the end. */
static void want_of_memory_is_told(void **state)
{
    char error[256] = "";
    struct snapshot s = {0};
    struct rlimit old, small;
    struct host *h;
    FILE *file;
    long pages = 0;

    (void)state;
    if (record_close(begin(), error, sizeof(error)))
        fail_msg("%s", error);
    file = fopen(path, "ae");
    assert_non_null(file);
    for (int i = 0; i < 12 << 20; i++)
        putc_unlocked('x', file);
    assert_int_equal(fclose(file), 0);
    file = fopen("/proc/self/statm", "re");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld", &pages), 1);
    fclose(file);
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    small = old;
    small.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (4 << 20);
    assert_int_equal(setrlimit(RLIMIT_AS, &small), 0);
    h = replay_open(path, error, sizeof(error));
    assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
    assert_non_null(h);
    assert_int_equal(h->ops->sample(h, &s, true, error, sizeof(error)), -EAGAIN);
    assert_string_equal(error, "line 2 of the recording: Cannot allocate memory");
    assert_int_equal(h->ops->sample(h, &s, true, error, sizeof(error)), -ENODATA);
    h->ops->close(h);
    snapshot_free(&s);
}
#endif

static void a_replayed_host_touches_nothing(void **state)
{
    struct snapshot s = {0};
    struct plan p = {0};
    struct plan_action *a;
    char error[256] = "";
    struct host *h;

    (void)state;
    write_samples(2);
    h = replay();
    assert_int_equal(h->ops->connect(h, error, sizeof(error)), 0);
    assert_true(h->ops->connected(h));
    assert_int_equal(h->ops->sample(h, &s, true, error, sizeof(error)), 0);
    assert_int_equal(replay_line(h)->kind, RECORD_SAMPLE);
    plan_reset(&p, s.cpu_limit);
    a = plan_add_action(&p, PLAN_PIN, &s, 0);
    assert_int_equal(h->ops->apply(h, &p, a), 0);
    assert_int_equal(a->result, PLAN_DRY_RUN);
    assert_string_equal(a->error, "replayed");
    assert_int_equal(h->ops->restore(h, true, true, error, sizeof(error)), 0);
    h->ops->wake(h);
    h->ops->idle(h, 60000); /* returns as it has been woken */
    h->ops->close(h);
    snapshot_free(&s);
    plan_free(&p);
}

/* Recorded seconds at different speeds; only orders of magnitude are looked at. */
static void speed_sets_when_samples_are_due(void **state)
{
    struct snapshot s = {0};
    char error[256] = "";
    struct host *h;

    (void)state;
    write_samples(5);
    h = replay_open(path, error, sizeof(error));
    assert_non_null(h);
    assert_true(replay_speed(h) == 1);
    assert_int_equal(replay_due_ms(h), 0); /* the first is due at once */
    replay_set_speed(h, 0.0001);
    assert_int_equal(h->ops->sample(h, &s, false, error, sizeof(error)), 0);
    assert_in_range(replay_due_ms(h), 1000000, 10000000); /* 10000 s */
    replay_set_speed(h, 0.001);
    assert_in_range(replay_due_ms(h), 100000, 1000000);
    replay_set_speed(h, 1e9);
    assert_in_range(replay_due_ms(h), 0, 1);
    replay_set_speed(h, -3);
    assert_true(replay_speed(h) == 0);
    assert_int_equal(replay_due_ms(h), 0);
    assert_int_equal(h->ops->sample(h, &s, false, error, sizeof(error)), 0);
    assert_int_equal(replay_due_ms(h), 0);
    h->ops->close(h);
    snapshot_free(&s);
}

/* The recording that comes with the documentation, found from the top of the project. */
static void the_shipped_recording_plays(void **state)
{
    struct snapshot s = {0};
    char shipped[512], error[256] = "";
    const char *top = getenv("TOP");
    int samples = 0, decisions = 0;
    struct host *h;

    (void)state;
    snprintf(shipped, sizeof(shipped), "%s/docs/demo.recording", top ? top : ".");
    if (access(shipped, R_OK) != 0)
        skip();
    h = replay_open(shipped, error, sizeof(error));
    if (!h)
        fail_msg("%s", error);
    for (; h->ops->sample(h, &s, true, error, sizeof(error)) == 0; samples++)
        decisions += replay_line(h)->kind == RECORD_DECISION;
    assert_string_equal(error, "the recording is at its end");
    assert_in_range(samples, 200, 2000);
    assert_in_range(decisions, 20, 200);
    assert_int_equal(s.n_pcpus, 64);
    assert_in_range(s.n_guests, 50, 70);
    h->ops->close(h);
    snapshot_free(&s);
}

struct said {
    int n;
    char lines[8][300];
};

static void hear(void *context, const char *line)
{
    struct said *said = context;

    assert_in_range(said->n, 0, 7);
    snprintf(said->lines[said->n++], sizeof(said->lines[0]), "%s", line);
}

static struct plan_action *pin(struct plan *p, const struct snapshot *s, int guest, int vcpu, int from, int to)
{
    struct plan_action *a = plan_add_action(p, PLAN_PIN, s, guest);

    a->vcpu = vcpu;
    a->from_cpu = from;
    a->to_cpu = to;
    return a;
}

static void set_memory(struct plan *p, const struct snapshot *s, int guest, uint64_t from_mib, uint64_t to_mib)
{
    struct plan_action *a = plan_add_action(p, PLAN_SET_MEMORY, s, guest);

    a->from_kib = from_mib * 1024;
    a->to_kib = to_mib * 1024;
}

static void plans_are_compared_by_their_actions(void **state)
{
    struct snapshot s = {0};
    struct plan now = {0}, then = {0};
    struct said said = {0};
    struct plan_action *a;
    uint64_t mask[1] = {6};

    (void)state;
    make_host(&s, 8, 3, 6);
    plan_reset(&now, 8);
    plan_reset(&then, 8);
    pin(&now, &s, 0, 0, 1, 2);
    set_memory(&now, &s, 1, 512, 640);
    pin(&now, &s, 2, 1, -1, 4);
    pin(&then, &s, 2, 1, -1, 4); /* the order doesn't matter, nor do the words */
    strcpy(pin(&then, &s, 0, 0, 1, 2)->reason, "other words");
    set_memory(&then, &s, 1, 512, 640);
    assert_int_equal(replay_compare(&now, &then, hear, &said), 0);
    assert_int_equal(said.n, 0);

    now.actions[0].to_cpu = 3;
    now.actions[1].to_kib += 512;
    pin(&then, &s, 0, 1, 5, 6);
    a = pin(&now, &s, 1, 0, -1, -1);
    a->to_mask = plan_add_mask(&now, mask);
    assert_int_equal(replay_compare(&now, &then, hear, &said), 4);
    assert_int_equal(said.n, 4);
    assert_string_equal(said.lines[0], "guest-0/0: recorded 1→2, now 1→3");
    assert_string_equal(said.lines[1], "guest-1: recorded 512.0→640.0 MiB, now 512.0→640.5 MiB");
    assert_string_equal(said.lines[2], "guest-0/1: recorded 5→6, now nothing");
    assert_string_equal(said.lines[3], "guest-1/0: recorded nothing, now floating→1-2");
    assert_int_equal(replay_compare(&now, &then, NULL, NULL), 4);
    plan_free(&now);
    plan_free(&then);
    snapshot_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(header_comes_back),
        cmocka_unit_test(recordings_stay_small),
        cmocka_unit_test(cut_recordings_end_quietly),
        cmocka_unit_test(damaged_lines_are_told_and_passed_over),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(full_disk_stops_the_recording),
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        cmocka_unit_test(want_of_memory_is_told),
#endif
        cmocka_unit_test(a_replayed_host_touches_nothing),
        cmocka_unit_test(speed_sets_when_samples_are_due),
        cmocka_unit_test(the_shipped_recording_plays),
        cmocka_unit_test(plans_are_compared_by_their_actions),
    };

    return cmocka_run_group_tests_name("record", tests, make_path, remove_path);
}
