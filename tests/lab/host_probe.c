/*
 * The hypervisor side alone, told what to do by lines on its input: for tests against real and made-up hypervisors.
 *
 *   host_probe [-c URI] [-s STATE-DIR] [-i INTERVAL] [-m] [-k] [-d]
 *
 * -m: controls memory (otherwise CPU); -k: reads persistent pins; -d: dry run. Each command's answer ends with a line
 * "done SECONDS", the time that it took:
 *   connect | reconnect (tries until it works) | until-lost | sample | light | calls N (N light ones, and what the last
 * one cost) | idle MS | pin NAME VCPU LIST | size NAME KIB | restore | interrupt MS (samples until that breaks one off)
 * "quit", or the end of the input, is an orderly end, after which references that leaked are told, and make it fail.
 */
#include "core/host/libvirt_host.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct probe {
    struct host *host;
    struct snapshot s;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static const char *mask_text(const struct snapshot *s, int row, char *text, size_t size)
{
    if (row < 0)
        return "-";
    cpumask_format(snapshot_mask(s, row), snapshot_words(s), text, size);
    return text;
}

static void print_figure(const char *name, bool has, uint64_t value)
{
    if (has)
        printf(" %s=%" PRIu64, name, value);
    else
        printf(" %s=-", name);
}

static void print_snapshot(const struct snapshot *s)
{
    static const char *const states[] = {"running", "paused", "migrating", "stopping"};
    static const char *const leaves[] = {"no", "locked", "excluded", "metadata", "stale"};
    char a[256], b[256], c[256], d[256];

    printf("sample calls=%u cpu-limit=%d guests=%d vcpus=%d pcpus=%d host-total=%" PRIu64 " host-free=%" PRIu64
           " host-has=%u\n",
           s->calls, s->cpu_limit, s->n_guests, s->n_vcpus, s->n_pcpus, s->host.total_kib, s->host.free_kib,
           s->host.has);
    for (int i = 0; i < s->n_pcpus; i++) {
        const struct snapshot_pcpu *p = &s->pcpus[i];

        printf("pcpu %d node=%d llc=%d core=%d online=%d isolated=%d", p->number, p->node, p->llc, p->core, p->online,
               p->isolated);
        print_figure("busy-ns", p->has_times, p->busy_ns);
        print_figure("idle-ns", p->has_times, p->idle_ns);
        printf("\n");
    }
    for (int i = 0; i < s->n_guests; i++) {
        const struct snapshot_guest *g = &s->guests[i];
        const struct snapshot_memory *m = &g->memory;

        printf("guest %s id=%d state=%s leave=%s realtime=%d dedicated=%d quota=%g/%g nodes=%s", g->name, g->id,
               states[g->state], leaves[g->leave_alone], g->realtime, g->dedicated, g->vcpu_quota_pct,
               g->guest_quota_pct, mask_text(s, g->memory_nodes, a, sizeof(a)));
        print_figure("size", m->has & SNAPSHOT_HAS_SIZE, m->size_kib);
        print_figure("max", m->has & SNAPSHOT_HAS_MAX, m->max_kib);
        print_figure("unused", m->has & SNAPSHOT_HAS_UNUSED, m->unused_kib);
        print_figure("usable", m->has & SNAPSHOT_HAS_USABLE, m->usable_kib);
        print_figure("rss", m->has & SNAPSHOT_HAS_RSS, m->rss_kib);
        print_figure("last-update", m->has & SNAPSHOT_HAS_LAST_UPDATE, m->last_update_s);
        printf(" period=%d balloon=%d inhibited=%d weight=%g\n", m->stats_period_s, m->balloon, m->inhibited,
               m->weight);
        for (int v = g->first_vcpu; v < g->first_vcpu + g->n_vcpus; v++) {
            const struct snapshot_vcpu *vcpu = &s->vcpus[v];

            printf("vcpu %s/%d online=%d running=%d cpu=%d affinity=%s found=%s defined=%s pinned=%s", g->name,
                   vcpu->number, vcpu->online, vcpu->running, vcpu->cpu, mask_text(s, vcpu->affinity, a, sizeof(a)),
                   mask_text(s, vcpu->found, b, sizeof(b)), mask_text(s, vcpu->defined, c, sizeof(c)),
                   mask_text(s, vcpu->pinned, d, sizeof(d)));
            print_figure("run-ns", vcpu->has_run, vcpu->run_ns);
            print_figure("delay-ns", vcpu->has_delay, vcpu->delay_ns);
            printf("\n");
        }
    }
}

static int find_guest(const struct snapshot *s, const char *name)
{
    for (int i = 0; i < s->n_guests; i++)
        if (strcmp(s->guests[i].name, name) == 0)
            return i;
    return -1;
}

static void apply(struct probe *p, enum plan_kind kind, char *text)
{
    struct plan plan = {0};
    char *rest = NULL, *name = strtok_r(text, " ", &rest), *first = strtok_r(NULL, " ", &rest);
    char *list = strtok_r(NULL, " ", &rest);
    int guest = name ? find_guest(&p->s, name) : -1, result;
    struct plan_action *a;

    plan_reset(&plan, p->s.cpu_limit);
    if (guest < 0 || !first || (kind == PLAN_PIN && !list)) {
        printf("apply: no such guest\n");
        return;
    }
    a = plan_add_action(&plan, kind, &p->s, guest);
    if (kind == PLAN_PIN) {
        uint64_t *mask = calloc((size_t)snapshot_words(&p->s), sizeof(*mask));
        int vcpu;

        a->vcpu = atoi(first);
        vcpu = snapshot_find_vcpu(&p->s, guest, a->vcpu);
        cpumask_parse(mask, p->s.cpu_limit, list);
        a->to_mask = plan_add_mask(&plan, mask);
        if (vcpu >= 0 && p->s.vcpus[vcpu].affinity >= 0)
            a->from_mask = plan_add_mask(&plan, snapshot_mask(&p->s, p->s.vcpus[vcpu].affinity));
        free(mask);
    } else {
        a->from_kib = p->s.guests[guest].memory.size_kib;
        a->to_kib = strtoull(first, NULL, 10);
    }
    result = p->host->ops->apply(p->host, &plan, a);
    printf("apply %s returns=%s result=%s error=%s\n", name, result ? strerrorname_np(-result) : "0",
           plan_result_word(a->result), a->error);
    plan_free(&plan);
}

static void *interrupt_later(void *argument)
{
    struct probe *p = ((void **)argument)[0];
    const int *ms = ((void **)argument)[1];

    usleep((useconds_t)*ms * 1000);
    p->host->ops->interrupt(p->host);
    return NULL;
}

/* A sample that is interrupted from another thread. */
static void interrupted(struct probe *p, int ms)
{
    char error[HOST_ERROR_BYTES] = "";
    void *argument[] = {p, &ms};
    pthread_t thread;
    int result;

    pthread_create(&thread, NULL, interrupt_later, argument);
    do
        result = p->host->ops->sample(p->host, &p->s, true, error, sizeof(error));
    while (!result);
    pthread_join(thread, NULL);
    printf("interrupted returns=%s error=%s\n", strerrorname_np(-result), error);
}

static int sample(struct probe *p, bool full, bool print)
{
    char error[HOST_ERROR_BYTES] = "";
    int result = p->host->ops->sample(p->host, &p->s, full, error, sizeof(error));

    if (result)
        printf("sample fails=%s error=%s\n", strerrorname_np(-result), error);
    else if (print)
        print_snapshot(&p->s);
    return result;
}

static void reconnect(struct probe *p)
{
    char error[HOST_ERROR_BYTES];

    for (int i = 0; i < 300; i++) {
        if (p->host->ops->connect(p->host, error, sizeof(error)) == 0)
            return;
        p->host->ops->idle(p->host, 100);
    }
    printf("connect fails: %s\n", error);
}

static void until_lost(struct probe *p)
{
    for (int i = 0; i < 300; i++) {
        if (!p->host->ops->connected(p->host))
            return;
        p->host->ops->idle(p->host, 100);
    }
    printf("still connected\n");
}

static void restore(struct probe *p)
{
    char error[HOST_ERROR_BYTES] = "";
    int result = p->host->ops->restore(p->host, true, true, error, sizeof(error));

    printf("restore returns=%d%s%s\n", result, error[0] ? " error=" : "", error);
}

static void count_calls(struct probe *p, int samples)
{
    while (samples-- > 0)
        if (sample(p, false, false))
            return;
    printf("calls=%u\n", p->s.calls);
}

static void run(struct probe *p, char *line)
{
    char error[HOST_ERROR_BYTES] = "", *rest = NULL, *command = strtok_r(line, " \n", &rest);

    rest[strcspn(rest, "\n")] = '\0';
    if (!command)
        return;
    if (strcmp(command, "connect") == 0)
        printf("connect %s%s\n", p->host->ops->connect(p->host, error, sizeof(error)) ? "fails: " : "ok", error);
    else if (strcmp(command, "reconnect") == 0)
        reconnect(p);
    else if (strcmp(command, "until-lost") == 0)
        until_lost(p);
    else if (strcmp(command, "sample") == 0 || strcmp(command, "light") == 0)
        sample(p, command[0] == 's', true);
    else if (strcmp(command, "calls") == 0)
        count_calls(p, atoi(rest));
    else if (strcmp(command, "idle") == 0)
        p->host->ops->idle(p->host, atoi(rest));
    else if (strcmp(command, "pin") == 0)
        apply(p, PLAN_PIN, rest);
    else if (strcmp(command, "size") == 0)
        apply(p, PLAN_SET_MEMORY, rest);
    else if (strcmp(command, "restore") == 0)
        restore(p);
    else if (strcmp(command, "sampling") == 0)
        p->host->ops->set_sampling(p->host, atof(rest));
    else if (strcmp(command, "interrupt") == 0)
        interrupted(p, atoi(rest));
    else
        printf("unknown command %s\n", command);
}

int main(int argc, char **argv)
{
    int option, leaked = 0;
    char line[1024];
    struct libvirt_host_options options = {.sample_s = 2, .leaked = &leaked};
    struct probe p = {0};

    setvbuf(stdout, NULL, _IOLBF, 0);
    while ((option = getopt(argc, argv, "c:s:i:mfkd")) != -1) {
        switch (option) {
        case 'c':
            options.uri = optarg;
            break;
        case 's':
            options.state_dir = optarg;
            break;
        case 'i':
            options.sample_s = atof(optarg);
            break;
        case 'm':
            options.control_memory = true;
            break;
        case 'f':
            options.fresh_memory = true;
            break;
        case 'k':
            options.keep_pins = true;
            break;
        case 'd':
            options.dry_run = true;
            break;
        default:
            return 2;
        }
    }
    options.control_cpu = !options.control_memory;
    p.host = libvirt_host_new(&options);
    if (!p.host)
        return 1;
    while (fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n") != 0) {
        double start = now_s();

        run(&p, line);
        printf("done %.1f\n", now_s() - start);
    }
    p.host->ops->close(p.host);
    snapshot_free(&p.s);
    if (leaked)
        printf("leaked=%d\n", leaked);
    return leaked ? 1 : 0;
}
