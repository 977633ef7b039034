/*
 * The whole user space of a lab guest: this is its init, and its only program.
 *
 * Mounts what it needs, loads the virtio modules that lie next to it and then serves requests on
 * the serial console, one line each: "#TAG COMMAND ARGUMENT..." is answered by "#TAG ok TEXT" or
 * "#TAG error TEXT". The tag is the sender's, and makes an answer recognisable among anything else
 * on the line. A request whose tag is that of the one before is answered again, not carried out again.
 */
#include "load.h"
#include "memload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#define MAX_ARGS 8
#define MAX_LINE 512
#define CONSOLE "/dev/ttyS0"

struct answer {
    bool ok;
    char text[2048];
};

struct command {
    const char *name;
    int min_args;
    void (*run)(char **args, int count, struct answer *answer);
};

static void __attribute__((format(printf, 2, 3))) fail(struct answer *answer, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    answer->ok = false;
    vsnprintf(answer->text, sizeof(answer->text), format, ap);
    va_end(ap);
}

static void __attribute__((format(printf, 2, 3))) append(struct answer *answer, const char *format, ...)
{
    size_t used = strlen(answer->text);
    va_list ap;

    va_start(ap, format);
    vsnprintf(answer->text + used, sizeof(answer->text) - used, format, ap);
    va_end(ap);
}

/* A number at least 0, or -1 when `text` is not that. */
static long number(const char *text)
{
    char *end;
    long value;

    errno = 0;
    value = strtol(text, &end, 10);
    return errno || end == text || *end || value < 0 ? -1 : value;
}

static void report(struct answer *answer, int rc)
{
    if (rc < 0)
        fail(answer, "%s", strerror(-rc));
}

/* Sets *first and *last to the CPUs that "all" or a number stands for. */
static bool cpu_range(const char *text, unsigned *first, unsigned *last)
{
    long cpu = number(text);

    if (!strcmp(text, "all")) {
        *first = 0;
        *last = load_cpu_count() - 1;
        return true;
    }
    *first = *last = (unsigned)cpu;
    return cpu >= 0 && cpu < (long)load_cpu_count();
}

static void run_ping(char **args, int count, struct answer *answer)
{
    (void)args;
    (void)count;
    append(answer, "here");
}

/* load all|CPU idle|busy | closed UNITS PAUSE_US | open UNITS PERIOD_US | burst ON_US OFF_US */
static void run_load(char **args, int count, struct answer *answer)
{
    int kind = load_kind_parse(args[1]);
    int wanted = kind == LOAD_IDLE || kind == LOAD_BUSY ? 2 : 4;
    struct load_order order = {.kind = (enum load_kind)kind};
    unsigned first, last;

    if (!cpu_range(args[0], &first, &last)) {
        fail(answer, "no vCPU %s", args[0]);
        return;
    }
    if (kind < 0 || count != wanted) {
        fail(answer, "load: no such kind, or wrong number of figures");
        return;
    }
    if (wanted == 4) {
        long amount = number(args[2]), pause_us = number(args[3]);

        if (amount <= 0 || pause_us < 0 || (kind == LOAD_OPEN && pause_us == 0)) {
            fail(answer, "load: bad figure");
            return;
        }
        order.pause_us = (uint64_t)pause_us;
        if (kind == LOAD_BURST)
            order.on_us = (uint64_t)amount;
        else
            order.work_units = (uint64_t)amount;
    }
    for (unsigned cpu = first; cpu <= last && answer->ok; cpu++) {
        int rc = load_set(cpu, &order);

        /* "all" is all there are, and a guest may have room for CPUs that are not plugged in. */
        if (rc && !(first != last && rc == -ENODEV))
            fail(answer, "vCPU %u: %s", cpu, strerror(-rc));
    }
}

static void run_loads(char **args, int count, struct answer *answer)
{
    (void)args;
    (void)count;
    for (unsigned cpu = 0; cpu < load_cpu_count(); cpu++)
        append(answer, "%s%u kind=%s work=%" PRIu64 " backlog=%" PRIu64, cpu ? "; " : "", cpu,
               load_kind_name(load_kind_now(cpu)), load_work_units(cpu), load_backlog_units(cpu));
}

static void run_work(char **args, int count, struct answer *answer)
{
    unsigned first, last;
    uint64_t sum = 0;

    (void)count;
    if (!cpu_range(args[0], &first, &last)) {
        fail(answer, "no vCPU %s", args[0]);
        return;
    }
    for (unsigned cpu = first; cpu <= last; cpu++)
        sum += load_work_units(cpu);
    append(answer, "%" PRIu64, sum);
}

static void mem_status(struct answer *answer)
{
    struct memload_status s;
    const char *state = "idle";

    memload_status(&s);
    if (s.growing)
        state = s.paused ? "paused" : "growing";
    else if (s.allocated_mib)
        state = "holding";
    append(answer, "allocated=%ld state=%s growing=%d total=%ld free=%ld available=%ld swap=%ld ", s.allocated_mib,
           state, s.growing, memload_meminfo_mib("MemTotal"), memload_meminfo_mib("MemFree"),
           memload_meminfo_mib("MemAvailable"), memload_meminfo_mib("SwapTotal"));
    append(answer, "cached=%ld cache_goal=%ld cache_error=%d oom_kills=%d", s.cached_mib, s.cache_goal_mib,
           s.cache_error, s.oom_kills);
}

/* mem status | hold | drop | release [MIB] | grow RATE [LIMIT] | touch MIB | cache MIB */
static void run_mem(char **args, int count, struct answer *answer)
{
    const char *what = args[0];
    long first = count > 1 ? number(args[1]) : 0, second = count > 2 ? number(args[2]) : 0;

    if (first < 0 || second < 0)
        fail(answer, "mem: bad figure");
    else if (!strcmp(what, "status"))
        mem_status(answer);
    else if (!strcmp(what, "hold"))
        report(answer, memload_hold());
    else if (!strcmp(what, "drop"))
        report(answer, memload_drop());
    else if (!strcmp(what, "release"))
        report(answer, memload_release(first));
    else if (!strcmp(what, "grow") && first > 0)
        report(answer, memload_grow(first, second));
    else if (!strcmp(what, "touch") && first > 0)
        report(answer, memload_grow(MEMLOAD_AT_ONCE, first));
    else if (!strcmp(what, "cache") && first > 0)
        report(answer, memload_cache(first));
    else
        fail(answer, "mem: cannot %s", what);
}

/* peek FILE: its beginning, with '|' for ends of lines. */
static void run_peek(char **args, int count, struct answer *answer)
{
    int fd = open(args[0], O_RDONLY | O_CLOEXEC);
    ssize_t got;

    (void)count;
    got = fd < 0 ? -1 : read(fd, answer->text, sizeof(answer->text) - 1);
    if (got < 0)
        fail(answer, "%s: %s", args[0], strerror(errno));
    else
        answer->text[got] = '\0';
    if (fd >= 0)
        close(fd);
    for (char *at = answer->text; (at = strpbrk(at, "\r\n"));)
        *at = '|';
}

static void run_poweroff(char **args, int count, struct answer *answer)
{
    (void)args;
    (void)count;
    (void)answer;
    reboot(RB_POWER_OFF);
}

static const struct command commands[] = {
    {"ping", 0, run_ping}, {"load", 2, run_load}, {"loads", 0, run_loads},       {"work", 1, run_work},
    {"mem", 1, run_mem},   {"peek", 1, run_peek}, {"poweroff", 0, run_poweroff},
};

static void carry_out(char *request, struct answer *answer)
{
    char *args[MAX_ARGS], *rest = NULL;
    const char *name = strtok_r(request, " ", &rest);
    int count = 0;

    *answer = (struct answer){.ok = true};
    for (char *arg; count < MAX_ARGS && (arg = strtok_r(NULL, " ", &rest)); count++)
        args[count] = arg;
    for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(name, commands[i].name))
            continue;
        if (count < commands[i].min_args)
            fail(answer, "%s: too few arguments", name);
        else
            commands[i].run(args, count, answer);
        return;
    }
    fail(answer, "no such command");
}

static void serve(FILE *in, int out)
{
    static struct answer answer;
    char line[MAX_LINE], last_tag[32] = "";

    while (fgets(line, sizeof(line), in)) {
        /* The start of the line may be left over from a sender that gave up. */
        char *tag = strrchr(line, '#'), *request;

        line[strcspn(line, "\r\n")] = '\0';
        if (!tag || !(request = strchr(tag, ' ')) || request - tag >= (long)sizeof(last_tag))
            continue;
        *request++ = '\0';
        if (strcmp(tag, last_tag)) {
            strcpy(last_tag, tag);
            carry_out(request, &answer);
        }
        dprintf(out, "\n%s %s %s\n", last_tag, answer.ok ? "ok" : "error", answer.text);
    }
}

static void load_module(const char *name)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/modules/%s.ko", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST))
        perror(path);
    if (fd >= 0)
        close(fd);
}

static bool kernel_option(const char *word)
{
    char line[4096], *rest = NULL;
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

    if (fd >= 0)
        close(fd);
    if (got <= 0)
        return false;
    line[got] = '\0';
    for (char *at = strtok_r(line, " \n", &rest); at; at = strtok_r(NULL, " \n", &rest))
        if (!strcmp(at, word))
            return true;
    return false;
}

static void set_up(void)
{
    /* In this order: each needs those before it. */
    static const char *const modules[] = {"virtio_ring",           "virtio",     "virtio_pci_legacy_dev",
                                          "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"};

    mkdir("/proc", 0755);
    mkdir("/sys", 0755);
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
        load_module(modules[i]);
    if (!kernel_option("lab.nodriver"))
        load_module("virtio_balloon");
}

static int open_console(void)
{
    struct termios raw;
    int fd = open(CONSOLE, O_RDWR | O_CLOEXEC);

    if (fd < 0 || tcgetattr(fd, &raw))
        return -1;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    /* What came in before was echoed and may be half a line. */
    return tcsetattr(fd, TCSAFLUSH, &raw) ? -1 : fd;
}

int main(void)
{
    /* Above any load, so that a busy guest answers as fast as an idle one. */
    const struct sched_param above = {.sched_priority = 50};
    FILE *in;
    int fd;

    set_up();
    if (memload_init())
        perror("memory worker");
    sched_setscheduler(0, SCHED_FIFO, &above);
    fd = open_console();
    in = fd < 0 ? NULL : fdopen(fd, "r");
    if (in)
        serve(in, fd);
    perror(CONSOLE);
    reboot(RB_POWER_OFF);
    return 1;
}
