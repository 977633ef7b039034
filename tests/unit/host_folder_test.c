/*
 * Where what was found is kept when no folder is given: for root in /run, for others in their own folder for states,
 * which nobody else may write to or look into. Who runs it, and where that one's home is, is made up here.
 */
#include "core/host/libvirt_host.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static uid_t me;
static struct passwd entry; /* pw_dir NULL: there is none */

uid_t geteuid(void)
{
    return me;
}

struct passwd *getpwuid(uid_t uid)
{
    return entry.pw_dir && uid == me ? &entry : NULL;
}

static uid_t in_truth(void)
{
    return (uid_t)syscall(SYS_geteuid);
}

/* An ordinary user, without any surroundings: root's files are trusted by all, so that one may make them. */
static int make_user(void **state)
{
    char *dir = strdup("/tmp/state-folder-XXXXXX");

    *state = mkdtemp(dir);
    me = in_truth() ? in_truth() : 65534;
    entry = (struct passwd){0};
    unsetenv("XDG_STATE_HOME");
    unsetenv("XDG_RUNTIME_DIR");
    unsetenv("HOME");
    return *state ? 0 : -1;
}

static int forget_user(void **state)
{
    char command[256];

    snprintf(command, sizeof(command), "rm -rf '%s'", (char *)*state);
    free(*state);
    return system(command);
}

/* Takes possession of the ledger, as a program that starts; 0 or what it says. */
static int own(char *error, size_t size)
{
    struct libvirt_host_options options = {.control_cpu = true};
    struct host *h = libvirt_host_new(&options);
    int result;

    assert_non_null(h);
    result = libvirt_host_own(h, error, size);
    h->ops->close(h);
    return result;
}

static unsigned mode_of(const char *dir, const char *rest)
{
    char path[512];
    struct stat s;

    snprintf(path, sizeof(path), "%s/%s", dir, rest);
    if (lstat(path, &s))
        fail_msg("there is no %s", path);
    return s.st_mode & 07777;
}

/* It was all made for us alone, whatever the umask leaves. */
static void is_kept_in(const char *dir, const char *folder)
{
    mode_t before = umask(0);
    char error[512] = "", lock[256];
    int result = own(error, sizeof(error));

    umask(before);
    if (result)
        fail_msg("%s", error);
    assert_int_equal(mode_of(dir, folder), 0700);
    snprintf(lock, sizeof(lock), "%s/found-cpu-qemu____system.lock", folder);
    assert_int_equal(mode_of(dir, lock), 0600);
}

static void set(const char *name, const char *dir, const char *rest)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, rest);
    setenv(name, path, 1);
}

static void the_users_states_are_where_the_environment_says(void **state)
{
    set("HOME", *state, "home");
    set("XDG_STATE_HOME", *state, "states");
    is_kept_in(*state, "states/vmbalance");
    assert_int_equal(mode_of(*state, "states"), 0700);
}

static void or_below_home(void **state)
{
    set("HOME", *state, "home");
    is_kept_in(*state, "home/.local/state/vmbalance");
}

/* The specification of base folders has a relative one ignored. */
static void a_relative_folder_is_ignored(void **state)
{
    set("HOME", *state, "home");
    setenv("XDG_STATE_HOME", "states", 1);
    is_kept_in(*state, "home/.local/state/vmbalance");
}

static void without_home_it_is_what_the_user_database_says(void **state)
{
    for (int relative = 0; relative < 2; relative++) {
        char home[256];

        snprintf(home, sizeof(home), "%s/known%d", (char *)*state, relative);
        entry.pw_dir = home;
        if (relative)
            setenv("HOME", "here", 1);
        is_kept_in(home, ".local/state/vmbalance");
    }
}

/* In a process of its own, with no more rights than it seems to have: 0 where all is as it should be. */
static int try_without_home(void)
{
    for (int relative = 0; relative < 2; relative++) {
        char error[512] = "";

        if (relative)
            setenv("HOME", "here", 1);
        if (own(error, sizeof(error)) >= 0 || !strstr(error, "/.local") || access("here", F_OK) == 0)
            return 1;
    }
    return 0;
}

/* Where there is none at all, that is refused and said, and nothing is made where it happens to be started. */
static void without_any_home_it_is_refused(void **state)
{
    const char *dir = *state;
    int status;
    pid_t child;

    assert_int_equal(chmod(dir, 0777), 0);
    child = fork();
    if (child == 0)
        _exit(chdir(dir) || (in_truth() == 0 && setuid(me)) ? 2 : try_without_home());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void somebody_elses_folder_is_refused(void **state)
{
    char error[512] = "", folder[256];

    set("XDG_STATE_HOME", *state, "");
    snprintf(folder, sizeof(folder), "%s/vmbalance", (char *)*state);
    assert_int_equal(mkdir(folder, 0700), 0);
    if (in_truth() == 0)
        assert_int_equal(chown(folder, 12345, 12345), 0);
    else
        me = in_truth() + 1;
    assert_true(own(error, sizeof(error)) < 0);
    assert_non_null(strstr(error, "may be written by others"));
}

static void one_that_others_may_write_to_is_refused(void **state)
{
    char error[512] = "", folder[256];

    set("XDG_STATE_HOME", *state, "");
    snprintf(folder, sizeof(folder), "%s/vmbalance", (char *)*state);
    assert_int_equal(mkdir(folder, 0700), 0);
    assert_int_equal(chmod(folder, 0770), 0);
    assert_true(own(error, sizeof(error)) < 0);
    assert_non_null(strstr(error, "may be written by others"));
}

int main(void)
{
#define AS_A_USER(test) cmocka_unit_test_setup_teardown(test, make_user, forget_user)
    const struct CMUnitTest tests[] = {
        AS_A_USER(the_users_states_are_where_the_environment_says),
        AS_A_USER(or_below_home),
        AS_A_USER(a_relative_folder_is_ignored),
        AS_A_USER(without_home_it_is_what_the_user_database_says),
        AS_A_USER(without_any_home_it_is_refused),
        AS_A_USER(somebody_elses_folder_is_refused),
        AS_A_USER(one_that_others_may_write_to_is_refused),
    };

    return cmocka_run_group_tests_name("the folder of what was found", tests, NULL, NULL);
}
