#include "core/host/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const uint8_t db[SNAPSHOT_UUID_BYTES] = {0xfb, 0x31, 0x0b, 0xad, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 0xff};
static const uint8_t web[SNAPSHOT_UUID_BYTES] = {1};

struct place {
    char dir[64], path[128];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));

    snprintf(p->dir, sizeof(p->dir), "/tmp/found-XXXXXX");
    if (!mkdtemp(p->dir))
        return -1;
    snprintf(p->path, sizeof(p->path), "%s/state/deeper/found", p->dir);
    *state = p;
    return 0;
}

static int clear_place(void **state)
{
    struct place *p = *state;
    char command[256];

    snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
    free(p);
    return system(command);
}

static void has(const struct ledger *f, const uint8_t *uuid, int id, enum ledger_kind kind, int vcpu, const char *found,
                const char *written)
{
    const struct ledger_entry *e = ledger_get(f, uuid, id, kind, vcpu);

    assert_non_null(e);
    assert_string_equal(e->found, found);
    assert_string_equal(e->written, written);
}

static void nothing_is_made_before_it_is_needed(void **state)
{
    const struct place *p = *state;
    struct ledger *f = ledger_open(p->path);

    assert_non_null(f);
    assert_null(ledger_trouble(f));
    assert_int_equal(ledger_count(f), 0);
    ledger_close(f);
    assert_int_not_equal(access(p->path, F_OK), 0);
}

static void keeps_what_was_found_and_the_last_written(void **state)
{
    const struct place *p = *state;
    struct ledger *f = ledger_open(p->path);

    assert_int_equal(ledger_put(f, db, 3, LEDGER_AFFINITY, 0, "0-63", "5"), 0);
    assert_int_equal(ledger_put(f, db, 3, LEDGER_AFFINITY, 0, NULL, "6"), 0);
    assert_int_equal(ledger_put(f, db, 3, LEDGER_AFFINITY, 2, "0-1,8", "8"), 0);
    assert_int_equal(ledger_put(f, db, 3, LEDGER_SIZE, 0, "524288", "700000"), 0);
    assert_int_equal(ledger_put(f, web, 3, LEDGER_PERIOD, 0, "0", "2"), 0);
    /* What was put is in the file before it is closed, as it has to be after SIGKILL. */
    for (int round = 0; round < 3; round++) {
        struct ledger *again = ledger_open(p->path);

        assert_null(ledger_trouble(again));
        assert_int_equal(ledger_count(again), 4);
        has(again, db, 3, LEDGER_AFFINITY, 0, "0-63", "6");
        has(again, db, 3, LEDGER_AFFINITY, 2, "0-1,8", "8");
        has(again, db, 3, LEDGER_SIZE, 0, "524288", "700000");
        has(again, web, 3, LEDGER_PERIOD, 0, "0", "2");
        assert_null(ledger_get(again, db, 4, LEDGER_SIZE, 0));
        assert_null(ledger_get(again, web, 3, LEDGER_SIZE, 0));
        if (round == 0)
            ledger_close(f);
        /* The third round reads what the second has appended to and so written anew. */
        if (round == 1)
            assert_int_equal(ledger_put(again, db, 3, LEDGER_SIZE, 0, NULL, "700000"), 0);
        ledger_close(again);
    }
}

static void forgets_in_the_file_too(void **state)
{
    const struct place *p = *state;
    struct ledger *f = ledger_open(p->path);

    assert_int_equal(ledger_put(f, db, 3, LEDGER_AFFINITY, 0, "0-3", "1"), 0);
    assert_int_equal(ledger_put(f, db, 3, LEDGER_AFFINITY, 1, "0-3", "2"), 0);
    assert_int_equal(ledger_drop(f, db, 3, LEDGER_AFFINITY, 0), 0);
    assert_int_equal(ledger_drop(f, db, 3, LEDGER_AFFINITY, 7), 0);
    assert_int_equal(ledger_count(f), 1);
    ledger_close(f);
    f = ledger_open(p->path);
    assert_int_equal(ledger_count(f), 1);
    has(f, db, 3, LEDGER_AFFINITY, 1, "0-3", "2");
    /* What was forgotten is found anew. */
    assert_int_equal(ledger_put(f, db, 3, LEDGER_AFFINITY, 0, "3", "1"), 0);
    ledger_close(f);
    f = ledger_open(p->path);
    has(f, db, 3, LEDGER_AFFINITY, 0, "3", "1");
    ledger_close(f);
}

static bool is_db(const struct ledger_entry *entry, const void *context)
{
    return memcmp(entry->uuid, context, SNAPSHOT_UUID_BYTES) == 0;
}

static void guests_that_are_gone_are_dropped(void **state)
{
    const struct place *p = *state;
    struct ledger *f = ledger_open(p->path);

    for (int vcpu = 0; vcpu < 20; vcpu++)
        assert_int_equal(ledger_put(f, vcpu % 2 ? web : db, 1, LEDGER_AFFINITY, vcpu, "0-3", "1"), 0);
    assert_int_equal(ledger_keep(f, is_db, db), 0);
    assert_int_equal(ledger_count(f), 10);
    ledger_close(f);
    f = ledger_open(p->path);
    assert_int_equal(ledger_count(f), 10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(ledger_at(f, i)->vcpu % 2, 0);
    ledger_close(f);
}

static long file_size(const char *path)
{
    struct stat s;

    assert_int_equal(stat(path, &s), 0);
    return (long)s.st_size;
}

static void the_file_does_not_grow_for_ever(void **state)
{
    const struct place *p = *state;
    struct ledger *f = ledger_open(p->path);
    char written[16];

    for (int i = 0; i < 20000; i++) {
        snprintf(written, sizeof(written), "%d", i % 64);
        assert_int_equal(ledger_put(f, db, 1, LEDGER_AFFINITY, i % 4, "0-63", written), 0);
    }
    assert_in_range(file_size(p->path), 1, 200000);
    ledger_close(f);
    f = ledger_open(p->path);
    assert_int_equal(ledger_count(f), 4);
    has(f, db, 1, LEDGER_AFFINITY, 3, "0-63", "31");
    ledger_close(f);
}

static void write_file(const struct place *p, const char *text)
{
    char command[256];
    FILE *file;

    snprintf(command, sizeof(command), "mkdir -p '%s/state/deeper'", p->dir);
    assert_int_equal(system(command), 0);
    file = fopen(p->path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

#define DB_HEX "fb310bad0102030405060708090a0bff"

static void damaged_lines_are_told_and_the_file_is_kept(void **state)
{
    const struct place *p = *state;
    char aside[160];
    struct ledger *f;
    long size;

    write_file(p, "vmbalance found 1\n"
                  "affinity " DB_HEX " 3 0 0-3 1\n"
                  "\n"
                  "affinity " DB_HEX " 3\n"
                  "affinity zz310bad0102030405060708090a0bff 3 0 0-3 1\n"
                  "affinity fb 3 0 0-3 1\n"
                  "colour " DB_HEX " 3 0 0-3 1\n"
                  "forget\n"
                  "forget colour\n"
                  "size " DB_HEX " three 0 1 2\n"
                  "size " DB_HEX " 3 0 100 200\n"
                  "size " DB_HEX " 3 0 100 2"); /* cut short by a crash */
    size = file_size(p->path);
    f = ledger_open(p->path);
    assert_non_null(strstr(ledger_trouble(f), "line 4 makes no sense"));
    assert_int_equal(ledger_count(f), 2);
    has(f, db, 3, LEDGER_AFFINITY, 0, "0-3", "1");
    has(f, db, 3, LEDGER_SIZE, 0, "100", "200");
    /* The damaged file stays as evidence; what could be read goes on. */
    assert_int_equal(ledger_drop(f, db, 3, LEDGER_SIZE, 0), 0);
    assert_non_null(strstr(ledger_trouble(f), ".bad"));
    ledger_close(f);
    snprintf(aside, sizeof(aside), "%s.bad", p->path);
    assert_int_equal(file_size(aside), size);
    f = ledger_open(p->path);
    assert_null(ledger_trouble(f));
    assert_int_equal(ledger_count(f), 1);
    ledger_close(f);
}

static void another_kind_of_file_is_set_aside(void **state)
{
    const struct place *p = *state;
    char aside[160];
    struct ledger *f;

    write_file(p, "precious\n");
    f = ledger_open(p->path);
    assert_non_null(ledger_trouble(f));
    assert_int_equal(ledger_put(f, db, 1, LEDGER_SIZE, 0, "1", "2"), 0);
    ledger_close(f);
    snprintf(aside, sizeof(aside), "%s.bad", p->path);
    assert_int_equal(file_size(aside), 9);
    f = ledger_open(p->path);
    assert_int_equal(ledger_count(f), 1);
    ledger_close(f);
}

static void a_change_that_cannot_be_noted_is_refused(void **state)
{
    const struct place *p = *state;
    char path[256], *text = malloc(2 * LEDGER_VALUE_BYTES);
    struct ledger *f = ledger_open("/proc/self/no/such/folder/found");

    assert_int_not_equal(ledger_put(f, db, 1, LEDGER_SIZE, 0, "1", "2"), 0);
    ledger_close(f);
    memset(text, '1', 2 * LEDGER_VALUE_BYTES - 1);
    text[2 * LEDGER_VALUE_BYTES - 1] = '\0';
    snprintf(path, sizeof(path), "%s/other", p->dir);
    f = ledger_open(path);
    assert_int_equal(ledger_put(f, db, 1, LEDGER_AFFINITY, 0, text, "2"), -EOVERFLOW);
    assert_int_equal(ledger_count(f), 0);
    ledger_close(f);
    free(text);
}

/* A disk that fills up, here a limit on the file's size: what can't be noted is refused, what was noted stays, and what
 * is noted when there is room again is whole. */
static void a_full_disk_costs_no_other_note(void **state)
{
    const struct place *p = *state;
    struct rlimit old, small;
    struct ledger *f, *after;
    char path[256];
    int noted = 0;

    snprintf(path, sizeof(path), "%s/full", p->dir);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){.rlim_cur = 1000, .rlim_max = old.rlim_max};
    f = ledger_open(path);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    while (noted < 100 && ledger_put(f, db, noted, LEDGER_SIZE, 0, "524288", "700000") == 0)
        noted++;
    assert_true(noted > 1 && noted < 100);
    after = ledger_open(path); /* as after a crash */
    assert_null(ledger_trouble(after));
    assert_int_equal(ledger_count(after), noted);
    ledger_close(after);
    assert_int_not_equal(ledger_put(f, db, 200, LEDGER_SIZE, 0, "1", "2"), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(ledger_put(f, db, 201, LEDGER_SIZE, 0, "1", "2"), 0);
    ledger_close(f);
    after = ledger_open(path);
    assert_null(ledger_trouble(after));
    for (int id = 0; id < noted; id++)
        assert_non_null(ledger_get(after, db, id, LEDGER_SIZE, 0));
    assert_non_null(ledger_get(after, db, 201, LEDGER_SIZE, 0));
    ledger_close(after);
}

/* What others have set since is what is found now. */
static void what_is_found_can_change(void **state)
{
    const struct place *p = *state;
    struct ledger *f = ledger_open(p->path);

    assert_int_equal(ledger_put(f, db, 3, LEDGER_SIZE, 0, "262144", "921600/262144"), 0);
    assert_int_equal(ledger_put(f, db, 3, LEDGER_SIZE, 0, "716800", "614400/716800"), 0);
    has(f, db, 3, LEDGER_SIZE, 0, "716800", "614400/716800");
    ledger_close(f);
    f = ledger_open(p->path);
    has(f, db, 3, LEDGER_SIZE, 0, "716800", "614400/716800");
    ledger_close(f);
}

static void one_process_at_a_time_owns_it(void **state)
{
    const struct place *p = *state;
    struct ledger *first = ledger_open(p->path), *second = ledger_open(p->path);
    char own[32];

    assert_int_equal(ledger_own(first), 0);
    assert_int_equal(ledger_own(first), 0);
    assert_int_equal(ledger_own(second), -EBUSY);
    snprintf(own, sizeof(own), "process %ld", (long)getpid());
    assert_non_null(strstr(ledger_trouble(second), own));
    assert_int_equal(ledger_put(second, db, 1, LEDGER_SIZE, 0, "1", "2"), -EBUSY);
    assert_int_equal(ledger_count(second), 0);
    assert_int_equal(ledger_put(first, db, 1, LEDGER_SIZE, 0, "7", "8"), 0);
    /* As when it ends, in whatever way: the lock goes with it, and what it noted is known to the next. */
    ledger_close(first);
    assert_int_equal(ledger_own(second), 0);
    assert_null(ledger_trouble(second));
    has(second, db, 1, LEDGER_SIZE, 0, "7", "8");
    ledger_close(second);
}

static void a_lock_goes_with_its_process(void **state)
{
    const struct place *p = *state;
    struct ledger *f = ledger_open(p->path);
    int ready[2], status;
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        struct ledger *held = ledger_open(p->path);

        if (ledger_put(held, db, 1, LEDGER_SIZE, 0, "7", "8") == 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(ledger_own(f), -EBUSY);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(ledger_own(f), 0);
    has(f, db, 1, LEDGER_SIZE, 0, "7", "8");
    ledger_close(f);
    close(ready[0]);
    close(ready[1]);
}

/* path is something that isn't ours to use: said with a word on why, never waited for, never changed. */
static void refused(const char *path, const char *why)
{
    struct ledger *f = ledger_open(path);

    assert_non_null(f);
    if (ledger_own(f) >= 0)
        fail_msg("%s is taken although it %s", path, why);
    if (!strstr(ledger_trouble(f), why))
        fail_msg("%s: %s instead of %s", path, ledger_trouble(f), why);
    assert_true(ledger_put(f, db, 1, LEDGER_SIZE, 0, "1", "2") < 0);
    ledger_close(f);
}

static void places_that_others_can_write_are_refused(void **state)
{
    const struct place *p = *state;
    char folder[128], path[160], other[160];

    snprintf(folder, sizeof(folder), "%s/state", p->dir);
    snprintf(path, sizeof(path), "%s/found", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    refused(path, "no plain file");
    unlink(path);
    snprintf(other, sizeof(other), "%s/other", p->dir);
    fclose(fopen(other, "w"));
    assert_int_equal(symlink(other, path), 0);
    refused(path, "symbolic link");
    unlink(path);
    assert_int_equal(link(other, path), 0);
    refused(path, "hard link");
    unlink(path);
    fclose(fopen(path, "w"));
    assert_int_equal(chmod(path, 0666), 0);
    refused(path, "written by others");
    unlink(path);
    assert_int_equal(chmod(folder, 0777), 0);
    refused(path, "written by others");
    assert_int_equal(chmod(folder, 0700), 0);
    snprintf(other, sizeof(other), "%s/link", p->dir);
    assert_int_equal(symlink(folder, other), 0);
    snprintf(other, sizeof(other), "%s/link/found", p->dir);
    refused(other, "symbolic link");
    snprintf(other, sizeof(other), "%s/other/found", p->dir);
    refused(other, "is no folder");
}

/* What somebody has laid where the new file is written first is not written to. */
static void a_hard_link_at_the_temporary_name_is_left_as_it_is(void **state)
{
    const struct place *p = *state;
    char fresh[160], precious[160];
    struct ledger *f;

    write_file(p, "vmbalance found 1\n");
    snprintf(precious, sizeof(precious), "%s/precious", p->dir);
    snprintf(fresh, sizeof(fresh), "%s.new", p->path);
    assert_int_equal(rename(p->path, precious), 0);
    assert_int_equal(link(precious, fresh), 0);
    f = ledger_open(p->path);
    assert_int_equal(ledger_put(f, db, 1, LEDGER_SIZE, 0, "1", "2"), 0);
    ledger_close(f);
    assert_int_equal(file_size(precious), 18);
    f = ledger_open(p->path);
    assert_int_equal(ledger_count(f), 1);
    ledger_close(f);
}

static void without_a_file_it_is_kept_in_memory(void **state)
{
    struct ledger *f = ledger_open(NULL);

    (void)state;
    assert_int_equal(ledger_own(f), 0);
    assert_int_equal(ledger_put(f, db, 1, LEDGER_SIZE, 0, "1", "2"), 0);
    assert_int_equal(ledger_put(f, web, 1, LEDGER_SIZE, 0, "3", "4"), 0);
    has(f, db, 1, LEDGER_SIZE, 0, "1", "2");
    assert_int_equal(ledger_keep(f, is_db, db), 0);
    assert_int_equal(ledger_drop(f, db, 1, LEDGER_SIZE, 0), 0);
    assert_int_equal(ledger_count(f), 0);
    ledger_close(f);
}

int main(void)
{
#define AT_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, clear_place)
    const struct CMUnitTest tests[] = {
        AT_A_PLACE(nothing_is_made_before_it_is_needed),
        AT_A_PLACE(keeps_what_was_found_and_the_last_written),
        AT_A_PLACE(forgets_in_the_file_too),
        AT_A_PLACE(guests_that_are_gone_are_dropped),
        AT_A_PLACE(the_file_does_not_grow_for_ever),
        AT_A_PLACE(damaged_lines_are_told_and_the_file_is_kept),
        AT_A_PLACE(another_kind_of_file_is_set_aside),
        AT_A_PLACE(a_change_that_cannot_be_noted_is_refused),
        AT_A_PLACE(a_full_disk_costs_no_other_note),
        AT_A_PLACE(what_is_found_can_change),
        AT_A_PLACE(one_process_at_a_time_owns_it),
        AT_A_PLACE(a_lock_goes_with_its_process),
        AT_A_PLACE(places_that_others_can_write_are_refused),
        AT_A_PLACE(a_hard_link_at_the_temporary_name_is_left_as_it_is),
        cmocka_unit_test(without_a_file_it_is_kept_in_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
