/* The command line of both programs: what is taken, what is refused, and in which words. */
#include "ui/options.h"

#include "core/model/pcpu_groups.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the above first. */
#include <cmocka.h>

struct made_up {
    double points, mib;
    bool flag;
    double group;
};

static const struct made_up made_up_default = {.points = 4, .mib = -1, .flag = false, .group = PCPU_GROUPS_CPU};

static const struct program_setting settings[] = {
    {"points", PROGRAM_PERCENT, "POINTS", "so many points", 0, 100, offsetof(struct made_up, points)},
    {"mib", PROGRAM_MIB, "MIB", "so many MiB", 1, 1e9, offsetof(struct made_up, mib)},
    {"flag", PROGRAM_FLAG, NULL, "a flag", 0, 0, offsetof(struct made_up, flag)},
    {"group", PROGRAM_GROUPS, "GROUP", "of pCPUs", 0, 0, offsetof(struct made_up, group)},
    {0},
};

static const struct program program = {
    .id = REPORT_VCPU_SCHEDULER,
    .name = "made_up",
    .purpose = "is for testing",
    .settings_size = sizeof(struct made_up),
    .settings_default = &made_up_default,
    .settings = settings,
};

enum { MOST_WORDS = 24 };

static int read_words(int argc, char *const *argv, struct options *o, char *error, size_t size)
{
    int result = options_parse(&program, argc, argv, o, error, size);

    return result ? result : options_check(&program, o, error, size);
}

/* Parses a command line of words that are parted by blanks; "''" stands for an empty word. */
static int parse_alone(const char *line, struct options *o, char *error, size_t size)
{
    static char text[512];
    char *argv[MOST_WORDS + 1] = {"made_up"}, *rest = NULL;
    int argc = 1;

    snprintf(text, sizeof(text), "%s", line);
    for (char *word = strtok_r(text, " ", &rest); word && argc < MOST_WORDS; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = strcmp(word, "''") == 0 ? "" : word;
    return options_parse(&program, argc, argv, o, error, size);
}

static int parse(const char *line, struct options *o, char *error, size_t size)
{
    int result = parse_alone(line, o, error, size);

    return result ? result : options_check(&program, o, error, size);
}

static void accepts(const char *line, struct options *o)
{
    char error[OPTIONS_ERROR_BYTES] = "";

    if (parse(line, o, error, sizeof(error)) != 0)
        fail_msg("'%s' was refused: %s", line, error);
}

/* The refusal must be one line that holds `words`. */
static void refuses(const char *line, const char *words)
{
    char error[OPTIONS_ERROR_BYTES] = "";
    struct options o;

    if (parse(line, &o, error, sizeof(error)) != -EINVAL)
        fail_msg("'%s' was taken", line);
    if (!strstr(error, words))
        fail_msg("'%s': \"%s\" does not say \"%s\"", line, error, words);
    assert_null(strchr(error, '\n'));
    options_free(&o);
}

static void an_interval_alone_is_headless_with_defaults(void **state)
{
    struct options o;

    (void)state;
    accepts("12", &o);
    assert_int_equal(o.todo, OPTIONS_RUN);
    assert_true(o.interval_s == 12);
    assert_false(o.tui || o.json || o.verbose || o.dry_run || o.once || o.restore_on_exit || o.replay_compare);
    assert_int_equal(o.iterations, 0);
    assert_null(o.uri);
    assert_null(o.only);
    assert_null(o.exclude);
    assert_true(o.speed == 1);
    assert_memory_equal(o.settings, &made_up_default, sizeof(made_up_default));
    options_free(&o);
}

static void intervals_may_be_fractions_within_bounds(void **state)
{
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0.5", 0.5}, {".25", 0.25}, {"1e1", 10}, {"86400", 86400}, {"0.01", 0.01}, {"+3", 3}};
    struct options o;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        accepts(good[i].text, &o);
        assert_true(o.interval_s == good[i].value);
        options_free(&o);
    }
}

static void bad_intervals_are_refused_with_the_reason(void **state)
{
    (void)state;
    refuses("", "INTERVAL is missing");
    refuses("headless", "INTERVAL is missing");
    refuses("--tui", "INTERVAL is missing");
    refuses("12 13", "only one INTERVAL");
    refuses("0", "more than 0");
    refuses("-3", "more than 0 seconds, not '-3'");
    refuses("-0.5", "more than 0 seconds, not '-0.5'");
    refuses("-.5", "more than 0");
    refuses("-- -3", "more than 0");
    refuses("abc", "a number of seconds, not 'abc'");
    refuses("12s", "a number of seconds");
    refuses("1e99", "from 0.01 to 86400");
    refuses("1e999", "from 0.01 to 86400");
    refuses("86401", "from 0.01 to 86400");
    refuses("0.001", "from 0.01 to 86400");
    refuses("1e-320", "from 0.01 to 86400");
    refuses("nan", "a number of seconds");
    refuses("inf", "a number of seconds");
    refuses("0x10", "a number of seconds");
    refuses("''", "a number of seconds");
    refuses("1,5", "a number of seconds");
    refuses("12 -3", "more than 0");
}

static void both_faces_have_a_word_and_an_option(void **state)
{
    static const char *const tui[] = {"12 tui", "tui 12", "12 --tui", "--tui 12", "12 tui --tui"};
    static const char *const headless[] = {"12 headless", "headless 12", "12 --headless", "--headless 12", "12"};
    struct options o;

    (void)state;
    for (size_t i = 0; i < sizeof(tui) / sizeof(tui[0]); i++) {
        accepts(tui[i], &o);
        assert_true(o.tui);
        options_free(&o);
        accepts(headless[i], &o);
        assert_false(o.tui);
        options_free(&o);
    }
    refuses("12 tui headless", "not both");
    refuses("12 --tui --headless", "not both");
    refuses("12 headless --tui", "not both");
    refuses("12 --tui --json", "--json");
}

static void unknown_words_and_options_are_named(void **state)
{
    (void)state;
    refuses("12 gui", "unknown word 'gui'");
    refuses("12 TUI", "unknown word 'TUI'");
    refuses("12 --frobnicate", "unknown option '--frobnicate'");
    refuses("12 --frobnicate=3", "unknown option '--frobnicate'");
    refuses("12 -x", "unknown option '-x'");
    refuses("12 -dx", "unknown option '-x'");
    refuses("12 --re", "ambiguous option '--re'");
    refuses("12 --once=3", "--once takes no argument");
    refuses("12 --connect", "--connect needs an argument");
    refuses("12 -n", "-n needs an argument");
    refuses("12 --connect=", "must not be empty");
}

static void options_are_read_wherever_they_stand(void **state)
{
    struct options o;

    (void)state;
    accepts("-dv -c test:///default 0.5 -n 3 --json --state-dir /x --restore-on-exit --record f", &o);
    assert_true(o.dry_run && o.verbose && o.json && o.restore_on_exit);
    assert_string_equal(o.uri, "test:///default");
    assert_string_equal(o.state_dir, "/x");
    assert_string_equal(o.record, "f");
    assert_int_equal(o.iterations, 3);
    assert_true(o.interval_s == 0.5);
    options_free(&o);
    accepts("--connect=qemu:///system 12 --once", &o);
    assert_string_equal(o.uri, "qemu:///system");
    assert_true(o.once);
    options_free(&o);
}

static void patterns_are_collected_in_order(void **state)
{
    struct options o;

    (void)state;
    accepts("12 --only web* --exclude a --only db? --exclude=b", &o);
    assert_string_equal(o.only[0], "web*");
    assert_string_equal(o.only[1], "db?");
    assert_null(o.only[2]);
    assert_string_equal(o.exclude[0], "a");
    assert_string_equal(o.exclude[1], "b");
    assert_null(o.exclude[2]);
    options_free(&o);
}

static void counts_are_whole_numbers_from_1(void **state)
{
    (void)state;
    refuses("12 -n 0", "whole number from 1, not '0'");
    refuses("12 -n -3", "whole number from 1, not '-3'");
    refuses("12 -n 1.5", "whole number");
    refuses("12 -n abc", "whole number");
    refuses("12 -n 99999999999999999999", "whole number");
    refuses("12 --once -n 2", "not both");
}

static void settings_are_checked_and_marked_as_given(void **state)
{
    struct options o;
    const struct made_up *values;

    (void)state;
    accepts("12 --points 2.5 --flag", &o);
    values = o.settings;
    assert_true(values->points == 2.5 && values->mib == -1 && values->flag);
    assert_true(o.given[0] && !o.given[1] && o.given[2]);
    options_free(&o);
    accepts("12 --points 0 --mib 1e9", &o);
    options_free(&o);
    accepts("12 --group llc", &o);
    values = o.settings;
    assert_true(values->group == PCPU_GROUPS_LLC && o.given[3]);
    options_free(&o);
    accepts("12 --group 6", &o);
    values = o.settings;
    assert_true(values->group == 6);
    options_free(&o);
    refuses("12 --group sockets",
            "--group must be cpu, core, llc, node, auto or a number of pCPUs from 1 to 4096, not 'sockets'");
    refuses("12 --points 101", "--points must be from 0 to 100, not '101'");
    refuses("12 --points -1", "--points must be from 0 to 100");
    refuses("12 --points nan", "--points must be a number");
    refuses("12 --points inf", "--points must be a number");
    refuses("12 --points 5x", "--points must be a number, not '5x'");
    refuses("12 --mib 0", "--mib must be from 1 to 1e+09");
    refuses("12 --mib", "--mib needs an argument");
    refuses("12 --flag=1", "--flag takes no argument");
}

static void recordings_need_no_interval(void **state)
{
    struct options o;

    (void)state;
    accepts("--replay f --speed 10 --replay-compare", &o);
    assert_string_equal(o.replay, "f");
    assert_true(o.speed == 10 && o.interval_s == 0 && o.replay_compare);
    options_free(&o);
    accepts("--replay f --speed max --tui", &o);
    assert_true(o.speed == 0);
    options_free(&o);
    refuses("--replay f --speed -1", "--speed");
    refuses("--replay f --speed fast", "--speed");
    refuses("12 --speed 3", "needs --replay");
    refuses("12 --replay-compare", "needs --replay");
    refuses("--replay f -c test:///default", "--connect");
    refuses("--replay f --restore-on-exit", "--restore-on-exit");
    refuses("--replay f --record f", "same file");
}

static void restoring_needs_no_interval(void **state)
{
    struct options o;

    (void)state;
    accepts("--restore", &o);
    assert_int_equal(o.todo, OPTIONS_RESTORE);
    options_free(&o);
    accepts("--restore -c test:///default --state-dir /x", &o);
    options_free(&o);
    refuses("--restore --tui", "--restore");
    refuses("--restore --dry-run", "--restore");
}

static void help_is_asked_for_without_an_interval(void **state)
{
    struct options o;

    (void)state;
    accepts("-h", &o);
    assert_int_equal(o.todo, OPTIONS_HELP);
    options_free(&o);
    accepts("12 --help --frobnicate", &o); /* what comes after it isn't looked at */
    assert_int_equal(o.todo, OPTIONS_HELP);
    options_free(&o);
}

static void version_is_asked_for_alone(void **state)
{
    struct options o;

    (void)state;
    accepts("--version", &o);
    assert_int_equal(o.todo, OPTIONS_VERSION);
    options_free(&o);
    accepts("-V --tui --json", &o);
    assert_int_equal(o.todo, OPTIONS_VERSION);
    options_free(&o);
}

static void refusals_show_no_control_characters(void **state)
{
    char *argv[] = {"made_up", "a\nb\033[31m", NULL};
    char error[OPTIONS_ERROR_BYTES];
    struct options o;

    (void)state;
    assert_int_equal(read_words(2, argv, &o, error, sizeof(error)), -EINVAL);
    assert_non_null(strstr(error, "'a?b?[31m'"));
    options_free(&o);
}

static void the_given_arguments_keep_their_order(void **state)
{
    char *argv[] = {"made_up", "12", "-d", "headless", "-v", NULL}, *before[6];
    char error[OPTIONS_ERROR_BYTES];
    struct options o;

    (void)state;
    memcpy(before, argv, sizeof(argv));
    assert_int_equal(read_words(5, argv, &o, error, sizeof(error)), 0);
    assert_memory_equal(before, argv, sizeof(argv));
    options_free(&o);
    assert_int_equal(read_words(0, argv + 5, &o, error, sizeof(error)), -EINVAL);
    options_free(&o);
}

/* Reads `line` and a file with `text`. */
static int read_both(const char *line, const char *text, struct options *o, char *error, size_t size)
{
    int result = parse_alone(line, o, error, size);

    if (!result)
        result = options_add_file(&program, o, "made_up.conf", text, error, size);
    return result ? result : options_check(&program, o, error, size);
}

static void a_file_adds_what_the_command_line_left_open(void **state)
{
    char error[OPTIONS_ERROR_BYTES] = "";
    struct options o;
    const struct made_up *values;

    (void)state;
    assert_int_equal(read_both("12 --points 2 --only a",
                               "points = 3\nmib=7\nflag = yes\nonly = b\nexclude = c\nexclude = d\n"
                               "interval = 5\nconnect = test:///x\r\nverbose = no",
                               &o, error, sizeof(error)),
                     0);
    values = o.settings;
    assert_true(values->points == 2 && values->mib == 7 && values->flag && o.interval_s == 12);
    assert_true(o.given[0] && o.given[1] && o.given[2]);
    assert_string_equal(o.only[0], "a");
    assert_null(o.only[1]);
    assert_string_equal(o.exclude[0], "c");
    assert_string_equal(o.exclude[1], "d");
    assert_string_equal(o.uri, "test:///x");
    assert_false(o.verbose);
    options_free(&o);
}

static void what_contradicts_the_command_line_gives_way(void **state)
{
    static const char everything[] = "json = yes\ncsv = c\nrecord = r\niterations = 4\nno-ledger = yes\nconnect = u\n"
                                     "io = yes\ntheme = dark\nrestore-on-exit = on\n";
    char error[OPTIONS_ERROR_BYTES] = "";
    struct options o;

    (void)state;
    assert_int_equal(read_both("12 tui --once --state-dir /x", everything, &o, error, sizeof(error)), 0);
    assert_true(o.tui && !o.json && !o.csv && o.iterations == 0 && !o.no_ledger && o.screen.theme && o.record);
    options_free(&o);
    assert_int_equal(read_both("--replay f", everything, &o, error, sizeof(error)), 0);
    assert_true(!o.uri && !o.io && !o.restore_on_exit && !o.record && !o.csv && o.json && !o.screen.theme);
    options_free(&o);
    assert_int_equal(read_both("12 --dry-run", everything, &o, error, sizeof(error)), 0);
    assert_true(!o.record && !o.csv && o.json && o.iterations == 4);
    options_free(&o);
    assert_int_equal(read_both("12", "once = yes\niterations = 2\n", &o, error, sizeof(error)), -EINVAL);
    assert_string_equal(error, "either --once or --iterations, not both (made_up.conf counts, too)");
    options_free(&o);
}

static void faults_of_a_file_are_told_with_their_line(void **state)
{
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"\n\nbogus = 1\nmib = x", "made_up.conf:3: unknown key 'bogus'"},
        {"points = 101", "made_up.conf:1: points must be from 0 to 100, not '101'"},
        {"points =", "made_up.conf:1: points must be a number, not ''"},
        {"connect =", "made_up.conf:1: connect must not be empty"},
        {"flag = 2", "made_up.conf:1: flag must be yes or no, not '2'"},
        {"mib = 4\n mib = 4", "made_up.conf:2: mib stands there twice"},
        {"mib = 4\nflag", "made_up.conf:2: neither a comment nor 'key = value'"},
        {"flag\nbogus = 1", "made_up.conf:1: neither a comment nor 'key = value'"},
        {"[x]", "made_up.conf:1: the file has no sections: keys alone"},
        {"help = yes", "made_up.conf:1: help is for the command line only"},
        {"config = x", "made_up.conf:1: config is for the command line only"},
        {"interval = -1", "made_up.conf:1: INTERVAL must be more than 0 seconds, not '-1'"},
    };
    char error[OPTIONS_ERROR_BYTES];
    struct options o;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(read_both("12", rows[i].text, &o, error, sizeof(error)), -EINVAL);
        assert_string_equal(error, rows[i].error);
        options_free(&o);
    }
}

static void help_names_every_option_and_setting(void **state)
{
    static const char *const names[] = {
        "--headless",
        "--tui",
        "-c, --connect URI",
        "-n, --iterations N",
        "--once",
        "-d, --dry-run",
        "--json",
        "--only",
        "--exclude GLOB",
        "-v, --verbose",
        "-V, --version",
        "-h, --help",
        "--restore",
        "--record",
        "--restore-on-exit",
        "--state-dir DIR",
        "--replay FILE",
        "--replay-compare",
        "--speed",
        "--points",
        "--mib MIB",
        "--flag",
        "so many points",
        "Usage: made_up INTERVAL",
    };
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    (void)state;
    assert_non_null(out);
    options_help(&program, out);
    fclose(out);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strstr(text, names[i]))
            fail_msg("help does not name %s", names[i]);
    for (char *rest, *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (strlen(line) > 110)
            fail_msg("a line of help is too long: %s", line);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_alone_is_headless_with_defaults),
        cmocka_unit_test(intervals_may_be_fractions_within_bounds),
        cmocka_unit_test(bad_intervals_are_refused_with_the_reason),
        cmocka_unit_test(both_faces_have_a_word_and_an_option),
        cmocka_unit_test(unknown_words_and_options_are_named),
        cmocka_unit_test(options_are_read_wherever_they_stand),
        cmocka_unit_test(patterns_are_collected_in_order),
        cmocka_unit_test(counts_are_whole_numbers_from_1),
        cmocka_unit_test(settings_are_checked_and_marked_as_given),
        cmocka_unit_test(recordings_need_no_interval),
        cmocka_unit_test(restoring_needs_no_interval),
        cmocka_unit_test(help_is_asked_for_without_an_interval),
        cmocka_unit_test(version_is_asked_for_alone),
        cmocka_unit_test(refusals_show_no_control_characters),
        cmocka_unit_test(the_given_arguments_keep_their_order),
        cmocka_unit_test(a_file_adds_what_the_command_line_left_open),
        cmocka_unit_test(what_contradicts_the_command_line_gives_way),
        cmocka_unit_test(faults_of_a_file_are_told_with_their_line),
        cmocka_unit_test(help_names_every_option_and_setting),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
