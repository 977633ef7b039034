#include "ui/program.h"

#include "core/engine/watchers.h"
#include "core/host/libvirt_host.h"
#include "core/record/replay.h"
#include "ui/analyse.h"
#include "ui/attach.h"
#include "ui/config.h"
#include "ui/face.h"
#include "ui/recorded.h"
#include "ui/reload.h"
#include "ui/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long the loop may take to end when asked: within a second in all; longer where things are to be put back. */
enum { GRACE_MS = 800, GRACE_RESTORE_MS = 40000 };

/* What main holds on to, from the command line to the end. */
struct run {
    const struct program *program;
    struct options options;
    struct reload reload;
    struct host *host; /* until the engine has taken it over */
    struct record *record;
    struct watchers *watchers; /* NULL: nobody can look at it from elsewhere */
    bool differs;              /* a replay: its settings aren't those of the recording */
};

static void complain(const struct run *run, const char *text)
{
    fprintf(stderr, "%s: %s\n", run->program->name, text);
}

static bool setting_is_on(const struct run *run, const char *name)
{
    for (const struct program_setting *s = run->program->settings; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return recorded_value(s, run->options.settings) != 0;
    return false;
}

static struct host *open_hypervisor(const struct run *run)
{
    const struct options *o = &run->options;
    const struct libvirt_host_options options = {
        .uri = o->uri,
        .state_dir = o->state_dir,
        .no_ledger = o->no_ledger,
        .sample_s = ENGINE_SAMPLE_S,
        .control_cpu = run->program->id == REPORT_VCPU_SCHEDULER,
        .control_memory = run->program->id == REPORT_MEMORY_COORDINATOR,
        .fresh_memory = o->tui,
        .keep_pins = setting_is_on(run, "keep-pins"),
        .with_threads = setting_is_on(run, "with-iothreads"),
        .watch = o->io ? HOST_WATCH_DISK | HOST_WATCH_NET : 0,
        .dry_run = o->dry_run,
    };

    return libvirt_host_new(&options);
}

/* 0, or 1 after a complaint. */
static int open_recording(struct run *run)
{
    struct options *o = &run->options;
    const struct record_header *header;
    char error[HOST_ERROR_BYTES];

    run->host = replay_open(o->replay, error, sizeof(error));
    if (!run->host) {
        complain(run, error);
        return 1;
    }
    header = replay_header(run->host);
    /* Settings that the command line doesn't name are those of the recording, so that decisions are made as they were.
     */
    run->differs = analyse_differs(run->program, o, header);
    recorded_take(run->program, header, o->settings, o->given);
    if (header->program != run->program->id && o->replay_compare) {
        complain(run, "--replay-compare: this is a recording of the other program");
        return 1;
    }
    if (o->interval_s <= 0)
        o->interval_s = header->interval_s;
    replay_set_speed(run->host, o->speed);
    return 0;
}

static const char *uri_of(const struct run *run)
{
    const struct options *o = &run->options;

    return o->replay ? replay_header(run->host)->uri : o->uri ? o->uri : "qemu:///system";
}

/*
 * Two that change the same guests undo each other's work and lose each other's notes: the second one ends. Where no
 * notes can be kept at all, what needs none goes on, and every decision that doesn't says why.
 */
static int own_host(struct run *run)
{
    char error[HOST_ERROR_BYTES] = "";
    int result = libvirt_host_own(run->host, error, sizeof(error));

    if (!result)
        return 0;
    complain(run, error);
    if (result == -EBUSY) {
        attach_say_how(run->program, &run->options);
        return 1;
    }
    complain(run, "goes on, but changes no guest (--state-dir names another place, --no-ledger does without)");
    return 0;
}

static int open_host(struct run *run)
{
    if (run->options.replay)
        return open_recording(run);
    run->host = open_hypervisor(run);
    if (!run->host) {
        complain(run, "out of memory");
        return 1;
    }
    return run->options.dry_run || run->options.todo == OPTIONS_RESTORE ? 0 : own_host(run);
}

/* Of a recording: as often as its samples come. */
static double sample_s(const struct run *run)
{
    return run->options.replay ? replay_header(run->host)->sample_s : ENGINE_SAMPLE_S;
}

/* 0, or 1 after a complaint about a place that was asked for. */
static int open_watchers(struct run *run)
{
    return attach_listen(run->program, &run->options, uri_of(run), &run->watchers);
}

static int start_recording(struct run *run)
{
    const struct options *o = &run->options;
    struct record_header header = {
        .program = run->program->id,
        .version = PROGRAM_VERSION,
        .uri = o->replay ? replay_header(run->host)->uri
               : o->uri  ? o->uri
                         : "qemu:///system",
        .interval_s = o->interval_s,
        .sample_s = sample_s(run),
    };
    struct record_setting *settings;
    char error[HOST_ERROR_BYTES] = "out of memory";
    int n = 0;

    if (!o->record)
        return 0;
    while (run->program->settings[n].name)
        n++;
    settings = calloc((size_t)n + 1, sizeof(*settings));
    for (int i = 0; settings && i < n; i++) {
        settings[i].name = run->program->settings[i].name;
        settings[i].value = recorded_value(&run->program->settings[i], o->settings);
    }
    header.settings = settings;
    header.n_settings = n;
    if (settings)
        run->record = record_open(o->record, &header, error, sizeof(error));
    free(settings);
    if (run->record)
        return 0;
    complain(run, error);
    return 1;
}

static struct engine *start_engine(struct run *run)
{
    const struct options *o = &run->options;
    const struct engine_config config = {
        .program = run->program->id,
        .policy = run->program->policy,
        .policy_settings = o->settings,
        .host = run->host,
        .uri = uri_of(run),
        .interval_s = o->interval_s,
        .sample_s = sample_s(run),
        .iterations = o->iterations,
        .once = o->once,
        .dry_run = o->dry_run,
        .restore_on_exit = o->restore_on_exit,
        .watch = o->io ? HOST_WATCH_DISK | HOST_WATCH_NET : 0,
        .only = o->only,
        .exclude = o->exclude,
        .replay = o->replay != NULL,
        .compare = o->replay_compare,
        .record = run->record,
        .watchers = run->watchers,
    };
    char error[HOST_ERROR_BYTES];
    struct engine *e = engine_start(&config, error, sizeof(error));

    run->host = NULL; /* the engine's, or closed */
    if (!e)
        complain(run, error);
    else if (run->watchers && watchers_start(run->watchers, e))
        complain(run, "--attach can't reach this program: no thread is to be had");
    return e;
}

static int run_face(struct run *run, struct engine *e, int stop_fd, int reload_fd)
{
    struct engine *other = run->options.tui ? attach_other(run->program, &run->options) : NULL;
    const struct face_options options = {
        .program = run->program->name,
        .other = other,
        .json = run->options.json,
        .samples = run->options.todo == OPTIONS_ATTACH,
        .attached = run->options.todo == OPTIONS_ATTACH,
        .csv = run->options.csv,
        .metrics = run->options.metrics,
        .verbose = run->options.verbose,
        .watch = run->options.io ? HOST_WATCH_DISK | HOST_WATCH_NET : 0,
        .screen = run->options.screen,
        .stop_fd = stop_fd,
        .reload_fd = reload_fd,
        .reload = reload_settings,
        .reload_context = &run->reload,
    };

    int status = run->options.tui ? face_tui(e, &options) : face_headless(e, &options);

    attach_forget(other);
    return status;
}

/* Ends the loop and says what is to be said of it. status: the face's. */
static int end_engine(struct run *run, struct engine *e, int status)
{
    bool restoring = run->options.restore_on_exit && !run->options.dry_run;
    char text[HOST_ERROR_BYTES], doing[96];
    int its_status = 0;

    if (engine_finish(e, restoring ? GRACE_RESTORE_MS : GRACE_MS)) {
        engine_busy(e, doing, sizeof(doing));
        fprintf(stderr, "%s: gave up waiting for the hypervisor (%s)%s\n", run->program->name,
                doing[0] ? doing : "ending", restoring ? ": not everything was put back" : "");
        fflush(NULL);
        watchers_leave(run->watchers);
        _exit(restoring ? 1 : status);
    }
    engine_ended(e, &its_status, text, sizeof(text));
    if (text[0])
        complain(run, text);
    watchers_close(run->watchers);
    run->watchers = NULL;
    engine_free(e);
    return its_status ? its_status : status;
}

/* What every face needs. The descriptor that signals make readable, or -1 after a complaint. */
static int prepare_face(const struct run *run)
{
    int stop_fd;

    if (run->options.tui && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))) {
        complain(run, run->options.todo == OPTIONS_ATTACH
                          ? "the screen needs a terminal; without one, use --json or headless"
                          : "--tui needs a terminal; without one, use headless");
        return -1;
    }
    stop_fd = signals_open();
    if (stop_fd < 0)
        complain(run, "no file descriptor is left");
    return stop_fd;
}

/* Lines of a replay with other settings than its recording's end with what those would have changed. */
static int say_what_if(const struct run *run)
{
    if (run->options.tui || run->options.json || run->options.iterations > 0)
        return 0;
    putchar('\n');
    return analyse_what_if(run->program, &run->options);
}

static int balance(struct run *run)
{
    struct engine *e;
    char error[HOST_ERROR_BYTES];
    int stop_fd = prepare_face(run), reload_fd = -1, status = 1;

    if (stop_fd < 0)
        return 1;
    if (!run->options.tui)
        reload_fd = signals_open_hangup();
    if (reload_fd < 0 && !run->options.tui) {
        complain(run, "no file descriptor is left");
        return 1;
    }
    if (open_host(run) || start_recording(run) || open_watchers(run))
        return 1;
    e = start_engine(run);
    if (!e)
        return 1;
    status = run_face(run, e, stop_fd, reload_fd);
    status = end_engine(run, e, status);
    if (record_close(run->record, error, sizeof(error))) {
        complain(run, error);
        status = 1;
    }
    run->record = NULL;
    return run->differs && status == 0 ? say_what_if(run) : status;
}

/* Shows what a running program does. */
static int attach(struct run *run)
{
    char error[HOST_ERROR_BYTES];
    struct engine_config config = {
        .program = run->program->id, .attached = true, .uri = uri_of(run), .interval_s = 1, .retry_s = ENGINE_RETRY_S};
    struct engine *e;
    int stop_fd = prepare_face(run);

    if (stop_fd < 0)
        return 1;
    config.host = attach_open(run->program, &run->options);
    if (!config.host)
        return CONTROL_NOBODY;
    e = engine_start(&config, error, sizeof(error));
    if (!e) {
        complain(run, error);
        return 1;
    }
    return end_engine(run, e, run_face(run, e, stop_fd, -1));
}

static int restore(struct run *run)
{
    bool cpu = run->program->id == REPORT_VCPU_SCHEDULER;
    char error[HOST_ERROR_BYTES] = "", remark[HOST_ERROR_BYTES];
    int n;

    if (open_host(run))
        return 1;
    n = run->host->ops->connect(run->host, error, sizeof(error));
    if (n == 0)
        n = run->host->ops->restore(run->host, cpu, !cpu, error, sizeof(error));
    while (run->host->ops->remark && run->host->ops->remark(run->host, remark, sizeof(remark)))
        fprintf(stderr, "%s: %s\n", run->program->name, remark);
    if (n < 0) {
        fprintf(stderr, "%s: not everything was put back: %s\n", run->program->name, error[0] ? error : strerror(-n));
        return 1;
    }
    if (n == 0)
        printf("nothing to put back\n");
    else
        printf("%s put back as found: %d\n", cpu ? "affinities" : "balloon sizes", n);
    return 0;
}

static void clean_up(struct run *run)
{
    char error[HOST_ERROR_BYTES];

    if (run->host)
        run->host->ops->close(run->host);
    if (run->record)
        record_close(run->record, error, sizeof(error));
    options_free(&run->reload.options);
    watchers_close(run->watchers);
    options_free(&run->options);
}

/* It was read and understood, or this isn't reached. */
static void say_checked(const struct run *run)
{
    if (run->options.file)
        printf("%s: understood\n", run->options.file);
    else
        printf("%s: not there, so that everything is as by default\n", run->program->config);
}

/* Standard descriptors that were closed must not be given to something else, which would then get our output. */
static void fill_descriptors(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd <= STDERR_FILENO)
        fd = open("/dev/null", O_RDWR);
    if (fd > STDERR_FILENO)
        close(fd);
}

int program_main(const struct program *program, int argc, char **argv)
{
    struct run run = {.program = program, .reload = {.program = program, .argc = argc, .argv = argv}};
    char error[OPTIONS_ERROR_BYTES];
    int status = 0, refused;

    fill_descriptors();
    setlocale(LC_CTYPE, ""); /* no more than that: numbers keep their point */
    refused = config_read_options(program, argc, argv, &run.options, error, sizeof(error));
    if (refused == -ENOMEM) {
        complain(&run, error);
        status = 1;
    } else if (refused) {
        fprintf(stderr, "%s: %s (see %s --help)\n", program->name, error, program->name);
        status = 2;
    } else if (run.options.todo == OPTIONS_HELP) {
        options_help(program, stdout);
    } else if (run.options.todo == OPTIONS_VERSION) {
        printf("%s %s\n", program->name, PROGRAM_VERSION);
    } else if (run.options.todo == OPTIONS_CHECK_CONFIG) {
        say_checked(&run);
    } else if (run.options.todo == OPTIONS_ATTACH) {
        status = attach(&run);
    } else if (run.options.todo == OPTIONS_CONTROL) {
        status = attach_control(program, &run.options);
    } else if (run.options.todo == OPTIONS_RESTORE) {
        status = restore(&run);
    } else if (run.options.advise) {
        status = analyse_advise(program, &run.options);
    } else if (run.options.what_if) {
        status = analyse_what_if(program, &run.options);
    } else {
        run.reload.began = &run.options;
        status = balance(&run);
    }
    clean_up(&run);
    if (fflush(stdout) && errno != EPIPE)
        status = 1;
    return status;
}
