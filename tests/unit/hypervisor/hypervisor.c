#include "tests/unit/hypervisor/hypervisor.h"

#include <libvirt/virterror.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What libvirt keeps opaque. */
struct _virConnect {
    int far, near; /* a pair of sockets: the far one is what a daemon would hold */
};

struct _virDomain {
    struct hypervisor_guest *guest;
    int id;
    int references;
};

enum { FUNCTIONS = 48, EVENTS = 32, BALLOON_FIELDS = 9, FIGURES = 16 };

struct hypervisor hypervisor;

static struct {
    const char *function;
    int times;
} called[FUNCTIONS];

static struct {
    int id;
    virConnectDomainEventGenericCallback callback;
    void *opaque;
} events[EVENTS];

static virEventAddHandleFunc add_handle;
static virEventRemoveHandleFunc remove_handle;
static int watch;
/* Several threads may ask at once. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local virError last_error;
static _Thread_local bool connects;

void hypervisor_reset(void)
{
    memset(&hypervisor, 0, sizeof(hypervisor));
    memset(called, 0, sizeof(called));
    memset(events, 0, sizeof(events));
    hypervisor.n_pcpus = 4;
    hypervisor.online = 0xf;
    hypervisor.total_kib = 16u << 20;
    hypervisor.free_kib = 8u << 20;
}

struct hypervisor_guest *hypervisor_add(const char *name)
{
    struct hypervisor_guest *g = &hypervisor.guests[hypervisor.n_guests++];

    memset(g, 0, sizeof(*g));
    snprintf(g->name, sizeof(g->name), "%s", name);
    g->id = hypervisor.n_guests;
    g->uuid[0] = (unsigned char)hypervisor.n_guests;
    g->n_vcpus = 1;
    for (int i = 0; i < HYPERVISOR_VCPUS; i++)
        g->affinity[i] = hypervisor.online;
    for (int i = 0; i < HYPERVISOR_VCPUS; i++)
        g->load_pct[i] = 100;
    for (int i = 0; i < HYPERVISOR_THREADS; i++)
        g->threads[i] = hypervisor.online;
    g->size_kib = g->target_kib = 1024 << 10;
    g->max_kib = 2048 << 10;
    g->used_kib = 256 << 10;
    g->reported_s = 1000;
    g->job = VIR_DOMAIN_CONTROL_OK;
    return g;
}

void hypervisor_fail(const char *function, const char *guest, int code, int times)
{
    hypervisor.faults[hypervisor.n_faults++] =
        (struct hypervisor_fault){.function = function, .guest = guest, .cpu = -1, .code = code, .times = times};
}

void hypervisor_cut_by(const char *function, const char *guest)
{
    hypervisor_fail(function, guest, VIR_ERR_INTERNAL_ERROR, 1);
    hypervisor.faults[hypervisor.n_faults - 1].cuts = true;
}

void hypervisor_refuse_pins(int cpu)
{
    hypervisor.faults[hypervisor.n_faults++] = (struct hypervisor_fault){
        .function = "virDomainPinVcpuFlags", .cpu = cpu, .code = VIR_ERR_SYSTEM_ERROR, .times = -1};
}

bool hypervisor_is_user(void)
{
    return connects;
}

int hypervisor_called(const char *function)
{
    for (int i = 0; i < FUNCTIONS && called[i].function; i++)
        if (strcmp(called[i].function, function) == 0)
            return called[i].times;
    return 0;
}

void hypervisor_tell(struct hypervisor_guest *g, int event_id)
{
    struct _virDomain domain = {g, g->id, 1};

    for (int i = 0; i < EVENTS; i++) {
        if (!events[i].callback || events[i].id != event_id)
            continue;
        if (event_id == VIR_DOMAIN_EVENT_ID_LIFECYCLE)
            ((virConnectDomainEventCallback)(void (*)(void))events[i].callback)(NULL, &domain, VIR_DOMAIN_EVENT_DEFINED,
                                                                                0, events[i].opaque);
        else if (event_id == VIR_DOMAIN_EVENT_ID_JOB_COMPLETED)
            ((virConnectDomainEventJobCompletedCallback)(void (*)(void))events[i].callback)(NULL, &domain, NULL, 0,
                                                                                            events[i].opaque);
    }
}

static int fail(int code)
{
    static char text[64];

    snprintf(text, sizeof(text), "made to fail with %d", code);
    last_error = (virError){.code = code == HYPERVISOR_SAYS_NOTHING ? VIR_ERR_OK : code, .message = text};
    return -1;
}

/* Whether the fault is one of that call. */
static bool meets(const struct hypervisor_fault *f, const char *function, const struct hypervisor_guest *g)
{
    return f->times != 0 && strcmp(f->function, function) == 0 && (!f->guest || (g && strcmp(f->guest, g->name) == 0));
}

/* What every call begins with: it's counted, and may be ordered to fail. */
static int enter_pin(const char *function, const struct hypervisor_guest *g, int cpu)
{
    int code = 0;

    pthread_mutex_lock(&lock);
    hypervisor.calls++;
    for (int i = 0; i < FUNCTIONS; i++)
        if (!called[i].function || strcmp(called[i].function, function) == 0) {
            called[i].function = function;
            called[i].times++;
            break;
        }
    for (int i = 0; i < hypervisor.n_faults && !code; i++) {
        struct hypervisor_fault *f = &hypervisor.faults[i];

        if (f->cuts || !meets(f, function, g) || (f->cpu >= 0 && f->cpu != cpu))
            continue;
        f->times -= f->times > 0;
        code = f->code;
    }
    pthread_mutex_unlock(&lock);
    if (!code && g && g->gone)
        code = VIR_ERR_NO_DOMAIN;
    return code ? fail(code) : 0;
}

static int enter(const char *function, const struct hypervisor_guest *g)
{
    return enter_pin(function, g, -1);
}

static struct _virConnect *present;

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Waits as a call does that its QEMU doesn't answer: until the connection is cut. */
static int hang(struct hypervisor_guest *g)
{
    struct pollfd p = {.fd = present->far, .events = POLLIN | POLLRDHUP};
    uint64_t asked_ns = now_ns();

    while (g->hangs && poll(&p, 1, 10) == 0)
        ;
    if (!g->hangs)
        return 0;
    g->held = true;
    g->asked_ns = asked_ns;
    return fail(VIR_ERR_RPC);
}

void hypervisor_cut(void)
{
    if (present)
        shutdown(present->far, SHUT_RDWR);
}

/* What a change ends with: its answer, unless that was ordered to be lost. */
static int answer(const char *function, const struct hypervisor_guest *g)
{
    for (int i = 0; i < hypervisor.n_faults; i++) {
        struct hypervisor_fault *f = &hypervisor.faults[i];

        if (!f->cuts || !meets(f, function, g))
            continue;
        f->times -= f->times > 0;
        hypervisor_cut();
        return fail(f->code);
    }
    return 0;
}

static uint64_t towards(uint64_t from, uint64_t to, uint64_t step)
{
    if (step == 0)
        return to;
    return from < to ? (from + step < to ? from + step : to) : (to + step < from ? from - step : to);
}

/* Lets the balloon move, and the guest report: each look is a second later for it. */
static void live(struct hypervisor_guest *g)
{
    uint64_t to = g->target_kib > g->used_kib ? g->target_kib : g->used_kib;

    g->size_kib = towards(g->size_kib, to, g->step_kib);
    if (!g->silent && g->period_s > 0)
        g->reported_s = g->clock_set_back ? g->reported_s - 1 : g->reported_s + 1;
}

/* ---- the library and connections ---- */

int virInitialize(void)
{
    return 0;
}

void virSetErrorFunc(void *data, virErrorFunc handler)
{
    (void)data, (void)handler;
}

virErrorPtr virGetLastError(void)
{
    return last_error.code ? &last_error : NULL;
}

void virResetLastError(void)
{
    memset(&last_error, 0, sizeof(last_error));
}

void virEventRegisterImpl(virEventAddHandleFunc add, virEventUpdateHandleFunc update, virEventRemoveHandleFunc remove,
                          virEventAddTimeoutFunc add_timeout, virEventUpdateTimeoutFunc update_timeout,
                          virEventRemoveTimeoutFunc remove_timeout)
{
    (void)update, (void)add_timeout, (void)update_timeout, (void)remove_timeout;
    add_handle = add;
    remove_handle = remove;
}

static void ignore_handle(int number, int fd, int happened, void *opaque)
{
    (void)number, (void)fd, (void)happened, (void)opaque;
}

virConnectPtr virConnectOpen(const char *name)
{
    struct _virConnect *c = calloc(1, sizeof(*c));
    int pair[2];

    (void)name;
    connects = true;
    if (enter("virConnectOpen", NULL) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
        free(c);
        return NULL;
    }
    c->near = pair[0];
    c->far = pair[1];
    watch = add_handle(c->near, 0, ignore_handle, NULL, NULL);
    hypervisor.connects++;
    present = c;
    return c;
}

int virConnectClose(virConnectPtr c)
{
    remove_handle(watch);
    close(c->near);
    close(c->far);
    free(c);
    present = NULL;
    hypervisor.leaked += hypervisor.references;
    return hypervisor.references;
}

int virConnectIsAlive(virConnectPtr c)
{
    struct pollfd p = {.fd = c->far, .events = POLLIN | POLLRDHUP};

    last_error.code = 0; /* as with each call of the library */
    return poll(&p, 1, 0) == 0;
}

const char *virConnectGetType(virConnectPtr c)
{
    (void)c;
    return "QEMU";
}

/* Of another name than this machine, unless it's to be taken for it: then what /proc says is its own. */
char *virConnectGetHostname(virConnectPtr c)
{
    char name[256] = "";

    (void)c;
    if (enter("virConnectGetHostname", NULL))
        return NULL;
    gethostname(name, sizeof(name) - 1);
    return strdup(hypervisor.here ? name : "made-up");
}

char *virConnectGetURI(virConnectPtr c)
{
    (void)c;
    if (enter("virConnectGetURI", NULL))
        return NULL;
    return strdup(hypervisor.here ? "qemu:///system" : "qemu://made-up/system");
}

int virConnectSetKeepAlive(virConnectPtr c, int interval, unsigned count)
{
    (void)c, (void)interval, (void)count;
    return enter("virConnectSetKeepAlive", NULL);
}

int virConnectRegisterCloseCallback(virConnectPtr c, virConnectCloseFunc callback, void *opaque,
                                    virFreeCallback release)
{
    (void)c, (void)callback, (void)opaque, (void)release;
    return enter("virConnectRegisterCloseCallback", NULL);
}

int virConnectUnregisterCloseCallback(virConnectPtr c, virConnectCloseFunc callback)
{
    (void)c, (void)callback;
    return 0;
}

int virConnectDomainEventRegisterAny(virConnectPtr c, virDomainPtr domain, int id,
                                     virConnectDomainEventGenericCallback callback, void *opaque,
                                     virFreeCallback release)
{
    (void)c, (void)domain, (void)release;
    if (enter("virConnectDomainEventRegisterAny", NULL))
        return -1;
    for (int i = 0; i < EVENTS; i++)
        if (!events[i].callback) {
            events[i].id = id;
            events[i].callback = callback;
            events[i].opaque = opaque;
            return i;
        }
    return -1;
}

int virConnectDomainEventDeregisterAny(virConnectPtr c, int number)
{
    (void)c;
    events[number].callback = NULL;
    return 0;
}

/* ---- the host ---- */

char *virConnectGetCapabilities(virConnectPtr c)
{
    char text[2048] = "<capabilities><host><topology><cells><cell id='0'><cpus>";

    (void)c;
    if (enter("virConnectGetCapabilities", NULL))
        return NULL;
    if (hypervisor.capabilities)
        return strdup(hypervisor.capabilities);
    for (int i = 0; i < hypervisor.n_pcpus; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text),
                 "<cpu id='%d' socket_id='0' core_id='%d' siblings='%d'/>", i, i, i);
    strcat(text, "</cpus></cell></cells></topology></host></capabilities>");
    return strdup(text);
}

int virNodeGetCPUMap(virConnectPtr c, unsigned char **map, unsigned *online, unsigned flags)
{
    (void)c, (void)online, (void)flags;
    if (enter("virNodeGetCPUMap", NULL))
        return -1;
    *map = calloc(1, 1);
    **map = (unsigned char)hypervisor.online;
    return hypervisor.n_pcpus;
}

int virNodeGetCPUStats(virConnectPtr c, int cpu, virNodeCPUStatsPtr stats, int *n, unsigned flags)
{
    (void)c, (void)flags;
    if (enter("virNodeGetCPUStats", NULL))
        return -1;
    if (*n == 0) {
        *n = 2;
        return 0;
    }
    memset(stats, 0, 2 * sizeof(*stats));
    strcpy(stats[0].field, VIR_NODE_CPU_STATS_USER);
    strcpy(stats[1].field, VIR_NODE_CPU_STATS_IDLE);
    if (cpu >= 0 && cpu < HYPERVISOR_PCPUS) {
        stats[0].value = hypervisor.busy_ns[cpu];
        stats[1].value = hypervisor.idle_ns[cpu];
    }
    return 0;
}

int virNodeGetMemoryStats(virConnectPtr c, int cell, virNodeMemoryStatsPtr stats, int *n, unsigned flags)
{
    (void)c, (void)cell, (void)flags;
    if (enter("virNodeGetMemoryStats", NULL))
        return -1;
    if (*n == 0) {
        *n = 2;
        return 0;
    }
    memset(stats, 0, 2 * sizeof(*stats));
    strcpy(stats[0].field, VIR_NODE_MEMORY_STATS_TOTAL);
    strcpy(stats[1].field, VIR_NODE_MEMORY_STATS_FREE);
    if (hypervisor.no_total)
        strcpy(stats[0].field, "other");
    stats[0].value = hypervisor.total_kib;
    stats[1].value = hypervisor.free_kib;
    return 0;
}

int virNodeGetInfo(virConnectPtr c, virNodeInfoPtr info)
{
    (void)c;
    if (enter("virNodeGetInfo", NULL))
        return -1;
    *info = (virNodeInfo){.memory = hypervisor.total_kib};
    return 0;
}

unsigned long long virNodeGetFreeMemory(virConnectPtr c)
{
    (void)c;
    return enter("virNodeGetFreeMemory", NULL) ? 0 : hypervisor.free_kib * 1024;
}

int virNodeGetCellsFreeMemory(virConnectPtr c, unsigned long long *free_bytes, int first, int n)
{
    (void)c;
    if (enter("virNodeGetCellsFreeMemory", NULL) || first < 0 || first >= HYPERVISOR_NODES)
        return -1;
    n = first + n > HYPERVISOR_NODES ? HYPERVISOR_NODES - first : n;
    for (int i = 0; i < n; i++)
        free_bytes[i] = hypervisor.node_free_kib[first + i] * 1024;
    return n;
}

/* ---- guests ---- */

static virDomainPtr domain_of(struct hypervisor_guest *g)
{
    struct _virDomain *d = calloc(1, sizeof(*d));

    d->guest = g;
    d->id = g->id;
    d->references = 1;
    __atomic_add_fetch(&hypervisor.references, 1, __ATOMIC_SEQ_CST);
    return d;
}

int virDomainRef(virDomainPtr d)
{
    __atomic_add_fetch(&d->references, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&hypervisor.references, 1, __ATOMIC_SEQ_CST);
    return 0;
}

int virDomainFree(virDomainPtr d)
{
    __atomic_sub_fetch(&hypervisor.references, 1, __ATOMIC_SEQ_CST);
    if (__atomic_sub_fetch(&d->references, 1, __ATOMIC_SEQ_CST) == 0)
        free(d);
    return 0;
}

const char *virDomainGetName(virDomainPtr d)
{
    return d->guest->name;
}

unsigned virDomainGetID(virDomainPtr d)
{
    return (unsigned)d->id;
}

int virDomainGetUUID(virDomainPtr d, unsigned char *uuid)
{
    memcpy(uuid, d->guest->uuid, VIR_UUID_BUFLEN);
    return 0;
}

virDomainPtr virDomainLookupByUUID(virConnectPtr c, const unsigned char *uuid)
{
    (void)c;
    for (int i = 0; i < hypervisor.n_guests; i++)
        if (memcmp(hypervisor.guests[i].uuid, uuid, VIR_UUID_BUFLEN) == 0)
            return enter("virDomainLookupByUUID", &hypervisor.guests[i]) ? NULL : domain_of(&hypervisor.guests[i]);
    fail(VIR_ERR_NO_DOMAIN);
    return NULL;
}

int virDomainIsPersistent(virDomainPtr d)
{
    return enter("virDomainIsPersistent", d->guest) ? -1 : 0;
}

int virConnectListAllDomains(virConnectPtr c, virDomainPtr **domains, unsigned flags)
{
    int n = 0;

    (void)c, (void)flags;
    if (enter("virConnectListAllDomains", NULL))
        return -1;
    *domains = calloc(HYPERVISOR_GUESTS + 1, sizeof(void *));
    for (int i = 0; i < hypervisor.n_guests; i++)
        if (!hypervisor.guests[i].gone)
            (*domains)[n++] = domain_of(&hypervisor.guests[i]);
    return n;
}

static void put(virDomainStatsRecordPtr r, const char *field, unsigned long long value)
{
    virTypedParameterPtr p = &r->params[r->nparams++];

    snprintf(p->field, sizeof(p->field), "%s", field);
    p->type = VIR_TYPED_PARAM_ULLONG;
    p->value.ul = value;
}

/* What its QEMU must be asked for. */
static void put_answers(virDomainStatsRecordPtr r, const struct hypervisor_guest *g)
{
    put(r, "balloon.rss", g->size_kib);
    put(r, "balloon.unused", g->size_kib > g->used_kib ? g->size_kib - g->used_kib : 0);
    put(r, "balloon.usable", g->size_kib > g->used_kib ? g->size_kib - g->used_kib : 0);
    put(r, "balloon.available", g->size_kib);
    put(r, "balloon.last-update", g->reported_s);
}

/* Figures that a test wants to be others. */
static void put_figures(virDomainStatsRecordPtr r, const char *figures)
{
    char name[VIR_TYPED_PARAM_FIELD_LENGTH], value[32];
    int n = 0;

    for (const char *at = figures; at && sscanf(at, " %79s %31s%n", name, value, &n) == 2; at += n) {
        int k = 0;

        while (k < r->nparams && strcmp(r->params[k].field, name) != 0)
            k++;
        if (k < r->nparams)
            r->params[k] = r->params[--r->nparams];
        if (strcmp(value, "-") != 0)
            put(r, name, strtoull(value, NULL, 0));
    }
}

static uint64_t cpu_time_of(const struct hypervisor_guest *g)
{
    uint64_t sum = g->other_ns;

    for (int i = 0; i < g->n_vcpus; i++)
        sum += g->run_ns[i];
    return sum;
}

static virDomainStatsRecordPtr record_of(struct hypervisor_guest *g, bool answers)
{
    virDomainStatsRecordPtr r = calloc(1, sizeof(*r));
    char field[64];

    r->dom = domain_of(g);
    r->params = calloc(HYPERVISOR_VCPUS * 5 + 1 + BALLOON_FIELDS + FIGURES, sizeof(*r->params));
    put(r, "state.state", g->paused ? VIR_DOMAIN_PAUSED : VIR_DOMAIN_RUNNING);
    for (int i = 0; i < g->n_vcpus; i++) {
        snprintf(field, sizeof(field), "vcpu.%d.state", i);
        put(r, field, VIR_VCPU_RUNNING);
        snprintf(field, sizeof(field), "vcpu.%d.time", i);
        put(r, field, g->run_ns[i]);
        snprintf(field, sizeof(field), "vcpu.%d.delay", i);
        put(r, field, g->delay_ns[i]);
        if (g->poll_ns[i] == 0)
            continue;
        snprintf(field, sizeof(field), "vcpu.%d.halt_poll_success_ns.sum", i);
        put(r, field, g->poll_ns[i] / 4);
        snprintf(field, sizeof(field), "vcpu.%d.halt_poll_fail_ns.sum", i);
        put(r, field, g->poll_ns[i] - g->poll_ns[i] / 4);
    }
    if (g->other_ns > 0)
        put(r, "cpu.time", cpu_time_of(g));
    put(r, "balloon.current", g->size_kib);
    put(r, "balloon.maximum", g->max_kib);
    if (answers)
        put_answers(r, g);
    put_figures(r, g->figures);
    return r;
}

/* The statistics of one guest; NULL where its QEMU held the call up until it was cut off. */
static virDomainStatsRecordPtr ask(struct hypervisor_guest *g)
{
    if (g->hangs && !g->held && hang(g))
        return NULL;
    if (!g->hangs)
        live(g);
    return record_of(g, !g->hangs && g->job == VIR_DOMAIN_CONTROL_OK);
}

static int gather(struct hypervisor_guest **guests, int n, virDomainStatsRecordPtr **records)
{
    int gathered = 0;

    *records = calloc(HYPERVISOR_GUESTS + 1, sizeof(void *));
    for (int i = 0; i < n; i++) {
        if (guests[i]->gone)
            continue;
        (*records)[gathered] = ask(guests[i]);
        if (!(*records)[gathered++]) {
            virDomainStatsRecordListFree(*records);
            *records = NULL;
            return -1;
        }
    }
    return gathered;
}

int virConnectGetAllDomainStats(virConnectPtr c, unsigned stats, virDomainStatsRecordPtr **records, unsigned flags)
{
    struct hypervisor_guest *guests[HYPERVISOR_GUESTS];

    (void)c, (void)flags;
    hypervisor.groups = stats;
    if (enter("virConnectGetAllDomainStats", NULL))
        return -1;
    for (int i = 0; i < hypervisor.n_guests; i++)
        guests[i] = &hypervisor.guests[i];
    return gather(guests, hypervisor.n_guests, records);
}

int virDomainListGetStats(virDomainPtr *domains, unsigned stats, virDomainStatsRecordPtr **records, unsigned flags)
{
    struct hypervisor_guest *guests[HYPERVISOR_GUESTS];
    int n = 0;

    (void)stats, (void)flags;
    if (enter("virDomainListGetStats", NULL))
        return -1;
    for (; domains[n]; n++)
        guests[n] = domains[n]->guest;
    return gather(guests, n, records);
}

void virDomainStatsRecordListFree(virDomainStatsRecordPtr *records)
{
    for (int i = 0; records && records[i]; i++) {
        virDomainFree(records[i]->dom);
        free(records[i]->params);
        free(records[i]);
    }
    free(records);
}

char *virDomainGetXMLDesc(virDomainPtr d, unsigned flags)
{
    struct hypervisor_guest *g = d->guest;
    char *text;

    (void)flags;
    if (enter("virDomainGetXMLDesc", g) || (g->hangs && hang(g)))
        return NULL;
    if (g->xml)
        return strdup(g->xml);
    return asprintf(&text,
                    "<domain type='kvm'>%s<devices><memballoon model='virtio'><stats period='%d'/></memballoon>"
                    "</devices></domain>",
                    g->definition, g->period_s) < 0
               ? NULL
               : text;
}

int virDomainGetInfo(virDomainPtr d, virDomainInfoPtr info)
{
    if (enter("virDomainGetInfo", d->guest))
        return -1;
    *info = (virDomainInfo){.state = d->guest->paused ? VIR_DOMAIN_PAUSED : VIR_DOMAIN_RUNNING,
                            .memory = d->guest->size_kib,
                            .maxMem = d->guest->max_kib};
    return 0;
}

int virDomainGetControlInfo(virDomainPtr d, virDomainControlInfoPtr info, unsigned flags)
{
    (void)flags;
    if (enter("virDomainGetControlInfo", d->guest))
        return -1;
    *info = (virDomainControlInfo){.state = (unsigned)d->guest->job};
    if (d->guest->hangs && d->guest->held)
        *info = (virDomainControlInfo){.state = VIR_DOMAIN_CONTROL_OCCUPIED,
                                       .stateTime = (unsigned long long)((now_ns() - d->guest->asked_ns) / 1000000u)};
    return 0;
}

int virDomainGetVcpusFlags(virDomainPtr d, unsigned flags)
{
    (void)flags;
    return enter("virDomainGetVcpusFlags", d->guest) ? -1 : d->guest->n_vcpus;
}

static int odd_maps(const struct hypervisor_guest *g, virVcpuInfoPtr info, int most, unsigned char *maps, int map_bytes)
{
    int n = g->maps == HYPERVISOR_MAPS_MORE ? most : g->n_vcpus < most ? g->n_vcpus : most;
    bool beyond = g->maps == HYPERVISOR_MAPS_BEYOND, numbered = g->maps != HYPERVISOR_MAPS_UNNUMBERED;

    for (int i = 0; i < n; i++) {
        info[i] = (virVcpuInfo){.number = numbered ? (unsigned)i : 0,
                                .state = VIR_VCPU_RUNNING,
                                .cpuTime = g->run_ns[i % HYPERVISOR_VCPUS],
                                .cpu = beyond ? 9999 : -1};
        memset(maps + (ptrdiff_t)i * map_bytes, beyond ? 0xff : 0, (size_t)map_bytes);
        if (!beyond && g->maps != HYPERVISOR_MAPS_EMPTY)
            maps[(ptrdiff_t)i * map_bytes] = (unsigned char)g->affinity[i % HYPERVISOR_VCPUS];
    }
    return n;
}

int virDomainGetVcpus(virDomainPtr d, virVcpuInfoPtr info, int most, unsigned char *maps, int map_bytes)
{
    const struct hypervisor_guest *g = d->guest;

    if (enter("virDomainGetVcpus", g))
        return -1;
    if (g->maps != HYPERVISOR_MAPS)
        return odd_maps(g, info, most, maps, map_bytes);
    for (int i = 0; i < g->n_vcpus && i < most; i++) {
        info[i] = (virVcpuInfo){
            .number = (unsigned)i, .state = VIR_VCPU_RUNNING, .cpuTime = g->run_ns[i], .cpu = g->runs_on[i]};
        memset(maps + (ptrdiff_t)i * map_bytes, 0, (size_t)map_bytes);
        maps[(ptrdiff_t)i * map_bytes] = (unsigned char)g->affinity[i];
    }
    return g->n_vcpus;
}

int virDomainGetVcpuPinInfo(virDomainPtr d, int most, unsigned char *maps, int map_bytes, unsigned flags)
{
    const struct hypervisor_guest *g = d->guest;

    (void)flags;
    if (enter("virDomainGetVcpuPinInfo", g))
        return -1;
    for (int i = 0; i < g->n_vcpus && i < most; i++) {
        memset(maps + (ptrdiff_t)i * map_bytes, 0, (size_t)map_bytes);
        maps[(ptrdiff_t)i * map_bytes] = (unsigned char)g->affinity[i];
    }
    return g->n_vcpus;
}

int virDomainPinVcpuFlags(virDomainPtr d, unsigned vcpu, unsigned char *map, int map_bytes, unsigned flags)
{
    int single = map[0] && (map[0] & (map[0] - 1)) == 0 ? __builtin_ctz(map[0]) : -1;

    (void)map_bytes, (void)flags;
    if (enter_pin("virDomainPinVcpuFlags", d->guest, single) || (d->guest->hangs && hang(d->guest)))
        return -1;
    if (!d->guest->ignores_pins)
        d->guest->affinity[vcpu] = map[0];
    return answer("virDomainPinVcpuFlags", d->guest);
}

int virDomainGetEmulatorPinInfo(virDomainPtr d, unsigned char *map, int map_bytes, unsigned flags)
{
    (void)flags;
    if (enter("virDomainGetEmulatorPinInfo", d->guest))
        return -1;
    memset(map, 0, (size_t)map_bytes);
    map[0] = (unsigned char)d->guest->threads[0];
    return 1;
}

int virDomainGetIOThreadInfo(virDomainPtr d, virDomainIOThreadInfoPtr **info, unsigned flags)
{
    int n = d->guest->n_iothreads;

    (void)flags;
    if (enter("virDomainGetIOThreadInfo", d->guest))
        return -1;
    *info = calloc((size_t)n + 1, sizeof(**info));
    for (int i = 0; i < n; i++) {
        (*info)[i] = calloc(1, sizeof(***info));
        (*info)[i]->iothread_id = (unsigned)i + 1;
        (*info)[i]->cpumap = calloc(1, 1);
        (*info)[i]->cpumap[0] = (unsigned char)d->guest->threads[i + 1];
        (*info)[i]->cpumaplen = 1;
    }
    return n;
}

void virDomainIOThreadInfoFree(virDomainIOThreadInfoPtr info)
{
    free(info->cpumap);
    free(info);
}

static int pin_thread(const char *function, struct hypervisor_guest *g, unsigned thread, const unsigned char *map)
{
    if (enter_pin(function, g, -1) || (g->hangs && hang(g)))
        return -1;
    if (!g->ignores_pins)
        g->threads[thread] = map[0];
    return answer(function, g);
}

int virDomainPinEmulator(virDomainPtr d, unsigned char *map, int map_bytes, unsigned flags)
{
    (void)map_bytes, (void)flags;
    return pin_thread("virDomainPinEmulator", d->guest, 0, map);
}

int virDomainPinIOThread(virDomainPtr d, unsigned id, unsigned char *map, int map_bytes, unsigned flags)
{
    (void)map_bytes, (void)flags;
    return pin_thread("virDomainPinIOThread", d->guest, id, map);
}

int virDomainSetMemoryFlags(virDomainPtr d, unsigned long kib, unsigned flags)
{
    (void)flags;
    if (enter("virDomainSetMemoryFlags", d->guest) || (d->guest->hangs && hang(d->guest)))
        return -1;
    if (!d->guest->ignores_sizes)
        d->guest->target_kib = kib;
    return answer("virDomainSetMemoryFlags", d->guest);
}

int virDomainSetMemoryStatsPeriod(virDomainPtr d, int period, unsigned flags)
{
    (void)flags;
    if (enter("virDomainSetMemoryStatsPeriod", d->guest))
        return -1;
    d->guest->period_s = period;
    return 0;
}

int virDomainMemoryStats(virDomainPtr d, virDomainMemoryStatPtr stats, unsigned n, unsigned flags)
{
    (void)d, (void)stats, (void)n, (void)flags;
    return fail(VIR_ERR_NO_SUPPORT);
}
