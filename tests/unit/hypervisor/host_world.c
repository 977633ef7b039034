#include "tests/unit/host_world.h"

#include "core/model/cpumask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

int host_world_make(void **state)
{
    struct host_world *w = calloc(1, sizeof(*w));

    /* In memory where there is such a place: what is noted waits for the disk each time. */
    snprintf(w->dir, sizeof(w->dir), "%s/host-world-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    if (!mkdtemp(w->dir)) {
        free(w);
        return -1;
    }
    hypervisor_reset();
    *state = w;
    return 0;
}

int host_world_free(void **state)
{
    struct host_world *w = *state;
    char command[128];

    host_world_close(w);
    snapshot_free(&w->s);
    plan_free(&w->plan);
    snprintf(command, sizeof(command), "rm -rf '%s'", w->dir);
    free(w);
    return system(command);
}

void host_world_new(struct host_world *w, bool memory)
{
    const struct libvirt_host_options options = {
        .uri = "qemu://made-up/system",
        .state_dir = w->dir,
        .proc_dir = w->dir,
        .sys_dir = w->dir,
        .sample_s = 1,
        .control_cpu = !memory,
        .control_memory = memory,
        .with_threads = w->with_threads,
    };

    w->host = libvirt_host_new(&options);
    assert_non_null(w->host);
}

void host_world_open(struct host_world *w, bool memory)
{
    host_world_new(w, memory);
    if (w->host->ops->connect(w->host, w->error, sizeof(w->error)))
        fail_msg("connect: %s", w->error);
}

static void take_remarks(struct host_world *w)
{
    char line[HOST_ERROR_BYTES];

    while (w->host->ops->remark(w->host, line, sizeof(line))) {
        size_t length = strlen(w->remarks);

        snprintf(w->remarks + length, sizeof(w->remarks) - length, "%s\n", line);
    }
}

void host_world_close(struct host_world *w)
{
    if (w->host)
        w->host->ops->close(w->host);
    w->host = NULL;
}

static int try_sample(struct host_world *w, bool full)
{
    int result = w->host->ops->sample(w->host, &w->s, full, w->error, sizeof(w->error));

    take_remarks(w);
    return result;
}

void host_world_sample(struct host_world *w)
{
    if (try_sample(w, true))
        fail_msg("sample: %s", w->error);
}

void host_world_sample_light(struct host_world *w)
{
    if (try_sample(w, false))
        fail_msg("sample: %s", w->error);
}

int host_world_sample_at_last(struct host_world *w)
{
    for (int tries = 1; tries <= 10; tries++)
        if (w->host->ops->connect(w->host, w->error, sizeof(w->error)) == 0 && try_sample(w, true) == 0)
            return tries;
    fail_msg("no sample in ten tries: %s", w->error);
    return 0;
}

const struct snapshot_guest *host_world_guest(struct host_world *w, const char *name)
{
    for (int i = 0; i < w->s.n_guests; i++)
        if (strcmp(w->s.guests[i].name, name) == 0)
            return &w->s.guests[i];
    fail_msg("no guest %s", name);
    return NULL;
}

int host_world_cpu(struct host_world *w, const char *name)
{
    const struct snapshot_vcpu *v = &w->s.vcpus[host_world_guest(w, name)->first_vcpu];

    return v->affinity < 0 ? -1 : cpumask_single(snapshot_mask(&w->s, v->affinity), snapshot_words(&w->s));
}

int host_world_apply(struct host_world *w, enum plan_kind kind, const char *name, int cpu, uint64_t kib)
{
    int guest = (int)(host_world_guest(w, name) - w->s.guests);
    struct plan_action *a;
    int result;

    plan_reset(&w->plan, w->s.cpu_limit);
    a = plan_add_action(&w->plan, kind, &w->s, guest);
    a->to_cpu = cpu;
    a->to_kib = kib;
    result = w->host->ops->apply(w->host, &w->plan, a);
    take_remarks(w);
    snprintf(w->error, sizeof(w->error), "%s", a->error);
    return result;
}

enum plan_result host_world_pin(struct host_world *w, const char *name, int cpu)
{
    assert_int_equal(host_world_apply(w, PLAN_PIN, name, cpu, 0), 0);
    return w->plan.actions[0].result;
}

enum plan_result host_world_size(struct host_world *w, const char *name, uint64_t kib)
{
    assert_int_equal(host_world_apply(w, PLAN_SET_MEMORY, name, -1, kib), 0);
    return w->plan.actions[0].result;
}

int host_world_restore(struct host_world *w, bool cpu, bool memory)
{
    int result;

    w->error[0] = '\0';
    result = w->host->ops->restore(w->host, cpu, memory, w->error, sizeof(w->error));
    take_remarks(w);
    return result;
}

int host_world_told(struct host_world *w, const char *words)
{
    int n = 0;

    for (const char *at = strstr(w->remarks, words); at; at = strstr(at + 1, words))
        n++;
    return n;
}
