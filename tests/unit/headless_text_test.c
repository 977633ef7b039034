/* The lines of the headless face: what they say, and that nobody's words can do harm on the way. */
#include "ui/headless/headless_text.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct text {
    FILE *stream;
    char *words;
    size_t n;
};

static void open_text(struct text *t)
{
    *t = (struct text){0};
    t->stream = open_memstream(&t->words, &t->n);
    assert_non_null(t->stream);
}

static char *close_text(struct text *t)
{
    fclose(t->stream);
    return t->words;
}

static void put(const char *in, bool unicode, int width, const char *expected)
{
    struct headless_style style = {.unicode = unicode};
    struct text t;

    open_text(&t);
    headless_put(t.stream, &style, in, width);
    assert_string_equal(close_text(&t), expected);
    free(t.words);
}

static void control_characters_never_get_through(void **state)
{
    (void)state;
    put("a\033[31mb\r\n\tc\177", true, 0, "a?[31mb???c?");
    put("a\033[31mb", false, 0, "a?[31mb");
    put("x\xc2\x9by", true, 0, "x?y");     /* the 8-bit form of ESC [ */
    put("x\xe2\x80\xaey", true, 0, "x?y"); /* writes from right to left */
    put("bad\xff\xfe", true, 0, "bad??");  /* no UTF-8 */
    put("cut\xe2\x86", true, 0, "cut??");  /* half a character */
    put("\xed\xa0\x80", true, 0, "???");   /* half of a pair that UTF-8 doesn't have */
}

/* An entry's fields are lines: a name with a line feed in it must not begin one. */
static void names_begin_no_fields_of_their_own(void **state)
{
    const struct headless_style style = {.unicode = true, .journal = true, .fields = true}, plain = {.journal = true};
    struct text t;

    (void)state;
    open_text(&t);
    headless_begin_line(t.stream, &style, 0, 5);
    headless_put(t.stream, &style, "a\n\nPRIORITY=0", 0);
    fputc('\n', t.stream);
    headless_message_id(t.stream, &style, "01");
    headless_field(t.stream, &style, "GUEST", "%s", "a\nPRIORITY=0\n\nMESSAGE=b");
    assert_string_equal(close_text(&t), "\nPRIORITY=5\nMESSAGE=a??PRIORITY=0\nMESSAGE_ID=01\n"
                                        "VMBALANCE_GUEST=a?PRIORITY=0??MESSAGE=b\n");
    free(t.words);
    open_text(&t);
    headless_begin_line(t.stream, &plain, 0, 5);
    headless_message_id(t.stream, &plain, "01");
    headless_field(t.stream, &plain, "GUEST", "%s", "a");
    assert_string_equal(close_text(&t), "<5>");
    free(t.words);
}

static void what_ascii_lacks_is_put_in_other_words(void **state)
{
    (void)state;
    put("2→5 ≤ 4 … – ü", true, 0, "2→5 ≤ 4 … – ü");
    put("2→5 ≤ 4 … – ü", false, 0, "2->5 <= 4 ... - ?");
}

static void columns_are_counted_as_they_are_seen(void **state)
{
    (void)state;
    put("ab", true, 4, "ab  ");
    put("über", true, 6, "über  ");
    put("日本", true, 6, "日本  ");
    put("longer", true, 3, "longer");
}

/* Two pCPUs, two guests, everything known. */
static void fill(struct report *r, enum report_program program)
{
    struct snapshot *s = &r->snapshot, before = {0};

    r->program = program;
    r->state = REPORT_RUNNING;
    r->decision = true;
    r->interval_s = 12;
    for (int round = 0; round < 2; round++) {
        snapshot_reset(s, 2);
        s->taken_ns = (uint64_t)(round + 1) * 10000000000u;
        s->wall_ms = 1700000000000;
        strcpy(s->node_name, "node1");
        strcpy(s->uri, "qemu:///system");
        s->host.has = SNAPSHOT_HOST_HAS_TOTAL | SNAPSHOT_HOST_HAS_FREE;
        s->host.total_kib = 8000 * 1024;
        s->host.free_kib = 1200 * 1024;
        for (int i = 0; i < 2; i++) {
            struct snapshot_pcpu *p = snapshot_add_pcpu(s);

            p->number = i;
            p->online = p->has_times = true;
            p->busy_ns = (uint64_t)round * (i ? 1000000000u : 9000000000u); /* 10 and 90 % of 10 s */
            p->idle_ns = (uint64_t)round * (i ? 9000000000u : 1000000000u);
        }
        for (int i = 0; i < 2; i++) {
            struct snapshot_guest *g = snapshot_add_guest(s);

            g->id = i + 1;
            memset(g->uuid, i + 1, sizeof(g->uuid));
            strcpy(g->name, i ? "web" : "db");
            g->memory.has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_USABLE;
            g->memory.size_kib = (uint64_t)(512 + 128 * i) * 1024;
            g->memory.usable_kib = 112 * 1024;
            snapshot_add_vcpu(s)->number = 0;
        }
        if (round == 0)
            assert_int_equal(snapshot_copy(&before, s), 0);
    }
    assert_int_equal(rates_between(&r->interval, &before, s), 0);
    snapshot_free(&before);
    plan_reset(&r->plan, 2);
    assert_int_equal(plan_size_for(&r->plan, s), 0);
    strcpy(r->plan.summary, "the sum of it");
}

static void fill_balance(struct report *r)
{
    struct plan_action *a;

    fill(r, REPORT_VCPU_SCHEDULER);
    r->plan.has_balance = true;
    r->plan.sd_now = 43.3;
    r->plan.sd_expected = 0.4;
    r->plan.sd_bound = 0;
    r->plan.pcpus[0].load_pct = 90;
    r->plan.pcpus[1].load_pct = 3.4;
    a = plan_add_action(&r->plan, PLAN_PIN, &r->snapshot, 0);
    a->from_cpu = 0;
    a->to_cpu = 1;
    a->gain = 42.9;
    a->result = PLAN_DONE;
    strcpy(a->reason, "pCPU 0 is crowded");
}

static char *decision(const struct report *r, bool verbose, bool colour)
{
    struct headless_style style = {.unicode = true, .verbose = verbose, .colour = colour};
    struct text t;

    open_text(&t);
    headless_decision(t.stream, &style, r);
    return close_text(&t);
}

static void expect_lines(char *text, const char *const *lines, int n)
{
    char *rest = text;

    for (int i = 0; i < n; i++) {
        char *line = strsep(&rest, "\n");

        assert_non_null(line);
        if (strcmp(line, lines[i]) != 0)
            fail_msg("line %d is\n'%s' instead of\n'%s'", i + 1, line, lines[i]);
    }
    assert_string_equal(rest ? rest : "", "");
    free(text);
}

static void a_scheduler_line_tells_the_balance(void **state)
{
    struct report r = {0};

    (void)state;
    fill_balance(&r);
    expect_lines(decision(&r, false, false),
                 (const char *const[]){
                     "22:13:20  running   sd  43.3 -> 0.4    bound  0.0  pins  1  load  90   3 % | the sum of it",
                     "22:13:20    pin     db/0        0 -> 1    sd -42.9  pCPU 0 is crowded",
                 },
                 2);
    report_free(&r);
}

static void what_was_done_early_is_marked(void **state)
{
    struct report r = {0};
    struct plan_action *a;

    (void)state;
    fill(&r, REPORT_MEMORY_COORDINATOR);
    r.decision = false;
    r.early = true;
    plan_reset(&r.early_plan, 2);
    r.early_plan.early = true;
    strcpy(r.early_plan.summary, "web can't wait");
    a = plan_add_action(&r.early_plan, PLAN_SET_MEMORY, &r.snapshot, 1);
    a->from_kib = 640 * 1024;
    a->to_kib = 840 * 1024;
    a->result = PLAN_DONE;
    strcpy(a->reason, "it swaps");
    expect_lines(decision(&r, false, false),
                 (const char *const[]){
                     "22:13:20  early     free   1200 MiB  db 512/400  web 640/528 | web can't wait",
                     "22:13:20    size    web         640 -> 840   MiB   +200  it swaps",
                 },
                 2);
    report_free(&r);
}

static void a_gain_of_nothing_has_no_minus(void **state)
{
    struct report r = {0};
    char *text;

    (void)state;
    fill_balance(&r);
    r.plan.actions[0].gain = 0.04;
    text = decision(&r, false, false);
    assert_non_null(strstr(text, "  sd  +0.0  "));
    free(text);
    report_free(&r);
}

static void results_have_words(void **state)
{
    static const struct {
        enum plan_result result;
        const char *word, *pins;
    } words[] = {{PLAN_DONE, "  pin   ", "pins  1"},
                 {PLAN_DRY_RUN, "  would ", "pins  1"},
                 {PLAN_SKIPPED, "  skip  ", "pins  0"},
                 {PLAN_FAILED, "  FAILED", "pins  0 (1 failed)"},
                 {PLAN_PENDING, "  not yet", "pins  0"}};
    struct report r = {0};

    (void)state;
    fill_balance(&r);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        char *text;

        r.plan.actions[0].result = words[i].result;
        strcpy(r.plan.actions[0].error, words[i].result == PLAN_FAILED ? "not\nallowed" : "");
        text = decision(&r, false, false);
        assert_non_null(strstr(text, words[i].word));
        assert_non_null(strstr(text, words[i].pins));
        if (words[i].result == PLAN_FAILED)
            assert_non_null(strstr(text, "crowded [not?allowed]\n"));
        free(text);
    }
    report_free(&r);
}

static void a_coordinator_line_tells_sizes(void **state)
{
    struct report r = {0};
    struct plan_action *a;

    (void)state;
    fill(&r, REPORT_MEMORY_COORDINATOR);
    r.plan.has_memory = true;
    r.plan.host_free_kib = 1200 * 1024;
    r.plan.host_reserve_kib = 400 * 1024;
    r.plan.budget_kib = 800 * 1024;
    r.plan.missing_kib = 96 * 1024;
    a = plan_add_action(&r.plan, PLAN_SET_MEMORY, &r.snapshot, 0);
    a->from_kib = 512 * 1024;
    a->to_kib = 640 * 1024;
    a->result = PLAN_DONE;
    strcpy(a->reason, "it grows");
    expect_lines(decision(&r, false, false),
                 (const char *const[]){
                     "22:13:20  running   free   1200  reserve   400  to give    800 MiB  MISSING 96  db 512/400  "
                     "web 640/528 | the sum of it",
                     "22:13:20    size    db          512 -> 640   MiB   +128  it grows",
                 },
                 2);
    report_free(&r);
}

static void what_is_not_known_is_not_made_up(void **state)
{
    struct report r = {0};
    char *text;

    (void)state;
    fill(&r, REPORT_VCPU_SCHEDULER);
    r.plan.learning = true;
    for (int i = 0; i < 2; i++)
        r.interval.pcpus[i].known = false;
    text = decision(&r, false, false);
    assert_non_null(strstr(text, "  learning  sd    ? "));
    assert_non_null(strstr(text, "load   ?   ? %"));
    assert_null(strstr(text, "bound"));
    free(text);
    report_free(&r);
    fill(&r, REPORT_MEMORY_COORDINATOR);
    r.snapshot.host.has = 0;
    r.snapshot.guests[0].memory.has = 0;
    r.snapshot.guests[1].memory.has = SNAPSHOT_HAS_SIZE;
    text = decision(&r, false, false);
    assert_non_null(strstr(text, "free      ? MiB  db ?  web 640 |"));
    free(text);
    report_free(&r);
}

static void many_pcpus_are_told_in_digits_and_sums(void **state)
{
    struct report r = {0};
    char *text;

    (void)state;
    r.program = REPORT_VCPU_SCHEDULER;
    snapshot_reset(&r.snapshot, 40);
    for (int i = 0; i < 40; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(&r.snapshot);

        p->number = i;
        p->online = i != 3;
        p->node = i / 20;
    }
    plan_reset(&r.plan, 40);
    assert_int_equal(plan_size_for(&r.plan, &r.snapshot), 0);
    r.plan.has_balance = true;
    for (int i = 0; i < 40; i++)
        r.plan.pcpus[i].load_pct = i < 20 ? 5 * i : 130;
    text = decision(&r, false, false);
    /* 0 5 10 (15 is offline) 20 25 ... 95, then the other node: all above 100 % */
    assert_non_null(strstr(text, "load 0012233445566778 899 *************"));
    assert_non_null(strstr(text, "  0..130 %, mean "));
    free(text);
    report_free(&r);
}

static void many_guests_are_summed_up(void **state)
{
    struct report r = {0};
    char *text;

    (void)state;
    fill(&r, REPORT_MEMORY_COORDINATOR);
    for (int i = 0; i < 10; i++) {
        struct snapshot_guest *g = snapshot_add_guest(&r.snapshot);

        g->memory.has = SNAPSHOT_HAS_SIZE;
        g->memory.size_kib = 100 * 1024;
    }
    text = decision(&r, false, false);
    assert_non_null(strstr(text, "12 guests hold 2152, use 928 |"));
    free(text);
    report_free(&r);
}

static void verbose_adds_notes_and_guests(void **state)
{
    struct report r = {0};
    char *text;

    (void)state;
    fill(&r, REPORT_MEMORY_COORDINATOR);
    r.snapshot.guests[1].leave_alone = SNAPSHOT_LEAVE_LOCKED;
    strcpy(r.plan.guests[0].status, "at maximum");
    assert_int_equal(plan_add_note(&r.plan, &r.snapshot, 0, "db", "stays"), 0);
    text = decision(&r, false, false);
    assert_null(strstr(text, "note"));
    free(text);
    text = decision(&r, true, false);
    assert_non_null(strstr(text, "22:13:20    note    db: stays\n"));
    assert_non_null(strstr(text, "22:13:20    guest   db           512       ?       ?  at maximum\n"));
    assert_non_null(strstr(text, "22:13:20    guest   web          640       ?       ?  locked\n"));
    free(text);
    report_free(&r);
}

static void colour_is_there_only_when_asked_for(void **state)
{
    struct report r = {0};
    char *text;

    (void)state;
    fill_balance(&r);
    text = decision(&r, true, true);
    assert_non_null(strchr(text, '\033'));
    free(text);
    text = decision(&r, true, false);
    assert_null(strchr(text, '\033'));
    free(text);
    report_free(&r);
}

static void the_start_tells_what_was_found(void **state)
{
    struct headless_style style = {.unicode = true};
    struct report r = {0};
    struct text t;

    (void)state;
    fill(&r, REPORT_VCPU_SCHEDULER);
    open_text(&t);
    headless_start(t.stream, &style, &r);
    assert_string_equal(close_text(&t), "22:13:20  start     2023-11-14  vcpu_scheduler on node1 (qemu:///system): 2 "
                                        "pCPUs, 2 guests with 2 vCPUs, 8000 MiB; decides every 12 s\n");
    free(t.words);
    report_free(&r);
}

static void trouble_is_called_so(void **state)
{
    struct headless_style style = {.unicode = false};
    struct report_log line = {.wall_ms = 1700000000000, .kind = REPORT_LOG_ERROR, .text = "lost → gone"};
    struct text t;

    (void)state;
    open_text(&t);
    headless_log(t.stream, &style, &line);
    line.kind = REPORT_LOG_EVENT;
    headless_log(t.stream, &style, &line);
    assert_string_equal(close_text(&t), "22:13:20  TROUBLE   lost -> gone\n22:13:20  event     lost -> gone\n");
    free(t.words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_never_get_through),
        cmocka_unit_test(names_begin_no_fields_of_their_own),
        cmocka_unit_test(what_ascii_lacks_is_put_in_other_words),
        cmocka_unit_test(columns_are_counted_as_they_are_seen),
        cmocka_unit_test(a_scheduler_line_tells_the_balance),
        cmocka_unit_test(what_was_done_early_is_marked),
        cmocka_unit_test(a_gain_of_nothing_has_no_minus),
        cmocka_unit_test(results_have_words),
        cmocka_unit_test(a_coordinator_line_tells_sizes),
        cmocka_unit_test(what_is_not_known_is_not_made_up),
        cmocka_unit_test(many_pcpus_are_told_in_digits_and_sums),
        cmocka_unit_test(many_guests_are_summed_up),
        cmocka_unit_test(verbose_adds_notes_and_guests),
        cmocka_unit_test(colour_is_there_only_when_asked_for),
        cmocka_unit_test(the_start_tells_what_was_found),
        cmocka_unit_test(trouble_is_called_so),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    setenv("TZ", "UTC", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
