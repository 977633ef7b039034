#include "tests/unit/hypervisor/churn.h"

#include "tests/unit/hypervisor/hypervisor.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Something happens about so often. */
enum { EVERY_MS = 3000 };

static unsigned source;
static int next_id, since_ms;

static int below(int n)
{
    return rand_r(&source) % n;
}

static void set_loads(struct hypervisor_guest *g)
{
    for (int v = 0; v < HYPERVISOR_VCPUS; v++)
        g->load_pct[v] = below(4) ? below(100) : 0;
}

void churn_begin(int guests, unsigned seed)
{
    char name[16];

    source = seed;
    since_ms = 0;
    for (int i = 0; i < guests; i++) {
        snprintf(name, sizeof(name), "guest%d", i);
        set_loads(hypervisor_add(name));
    }
    next_id = guests + 1;
}

/* ---- what happens ---- */

static void come_or_go(struct hypervisor_guest *g)
{
    g->gone = !g->gone;
    if (!g->gone) {
        g->id = next_id++;
        g->paused = false;
        g->job = VIR_DOMAIN_CONTROL_OK;
        g->size_kib = g->target_kib = (uint64_t)(512 + below(1024)) << 10;
        g->period_s = 0;
        for (int v = 0; v < HYPERVISOR_VCPUS; v++) {
            g->affinity[v] = hypervisor.online;
            g->run_ns[v] = g->delay_ns[v] = 0;
        }
        set_loads(g);
    }
    hypervisor_tell(g, VIR_DOMAIN_EVENT_ID_LIFECYCLE);
}

static void rename_guest(struct hypervisor_guest *g, int guest)
{
    snprintf(g->name, sizeof(g->name), "guest%d-%d", guest, below(1000));
    hypervisor_tell(g, VIR_DOMAIN_EVENT_ID_LIFECYCLE);
}

static void change_job(struct hypervisor_guest *g)
{
    g->job = g->job == VIR_DOMAIN_CONTROL_OK ? VIR_DOMAIN_CONTROL_JOB : VIR_DOMAIN_CONTROL_OK;
    if (g->job == VIR_DOMAIN_CONTROL_OK)
        hypervisor_tell(g, VIR_DOMAIN_EVENT_ID_JOB_COMPLETED);
}

static void define(struct hypervisor_guest *g)
{
    static const char *const definitions[] = {
        "",
        "<vcpu cpuset='0-2'>4</vcpu>",
        "<memory unit='KiB'>2097152</memory><memoryBacking><locked/></memoryBacking>",
        "<cputune><quota>20000</quota><period>50000</period></cputune>",
        "<cputune><", /* nobody can read that */
        "<metadata><policy xmlns='urn:vmbalance:policy:1' leave-alone='perhaps' weight='1e9'/></metadata>",
    };

    snprintf(g->definition, sizeof(g->definition), "%s",
             definitions[below((int)(sizeof(definitions) / sizeof(definitions[0])))]);
    hypervisor_tell(g, VIR_DOMAIN_EVENT_ID_LIFECYCLE);
}

static void change_size(struct hypervisor_guest *g)
{
    g->target_kib = (uint64_t)(512 + below(1536)) << 10;
}

/* Devices of memory are plugged in or out: never below what was asked for. */
static void change_maximum(struct hypervisor_guest *g)
{
    g->max_kib = (uint64_t)(2048 + below(1024)) << 10;
}

/* It boots anew, as the same QEMU: without a driver its balloon holds nothing, and it uses little. */
static void reset(struct hypervisor_guest *g)
{
    g->size_kib = g->max_kib;
    g->used_kib = 100 << 10;
    set_loads(g);
}

static void refuse_a_call(const struct hypervisor_guest *g)
{
    static const char *const functions[] = {
        "virConnectGetAllDomainStats", "virDomainPinVcpuFlags", "virDomainSetMemoryFlags",
        "virDomainGetXMLDesc",         "virDomainGetVcpus",     "virNodeGetCPUStats",
        "virConnectGetCapabilities",   "virConnectOpen",        "virDomainSetMemoryStatsPeriod"};
    static const int codes[] = {VIR_ERR_OPERATION_TIMEOUT, VIR_ERR_NO_DOMAIN, VIR_ERR_NO_MEMORY, VIR_ERR_RPC};
    const char *function = functions[below((int)(sizeof(functions) / sizeof(functions[0])))];

    if (hypervisor.n_faults == HYPERVISOR_FAULTS)
        hypervisor.n_faults = 0;
    hypervisor_fail(function, strncmp(function, "virDomain", 9) == 0 ? g->name : NULL,
                    codes[below((int)(sizeof(codes) / sizeof(codes[0])))], 1);
}

static void plug(struct hypervisor_guest *g)
{
    int n = 1 + below(HYPERVISOR_VCPUS);

    for (int v = g->n_vcpus; v < n; v++) {
        g->affinity[v] = hypervisor.online;
        g->run_ns[v] = g->delay_ns[v] = 0;
    }
    g->n_vcpus = n;
    hypervisor_tell(g, VIR_DOMAIN_EVENT_ID_LIFECYCLE);
}

static void happen(struct hypervisor_guest *g, int guest)
{
    switch (below(17)) {
    case 0:
    case 1:
        come_or_go(g);
        break;
    case 2:
        g->paused = !g->paused;
        break;
    case 3:
        rename_guest(g, guest);
        break;
    case 4:
        plug(g);
        break;
    case 5:
        change_job(g);
        break;
    case 6:
        g->affinity[below(g->n_vcpus)] = UINT64_C(1) << below(hypervisor.n_pcpus);
        break;
    case 7:
        change_size(g);
        break;
    case 8:
        g->period_s = 0;
        break;
    case 9:
        define(g);
        break;
    case 10:
        refuse_a_call(g);
        break;
    case 11:
        hypervisor.online ^= below(4) ? 0 : UINT64_C(1) << (1 + below(hypervisor.n_pcpus - 1));
        break;
    case 12:
        if (below(4) == 0)
            hypervisor_cut();
        break;
    case 13:
        change_maximum(g);
        break;
    case 14:
        reset(g);
        break;
    case 15:
        g->used_kib = (uint64_t)(100 + below(1200)) << 10;
        break;
    default:
        set_loads(g);
        break;
    }
}

void churn_live(int ms)
{
    hypervisor_work(ms);
    since_ms += ms;
    if (since_ms < EVERY_MS || hypervisor.n_guests == 0)
        return;
    since_ms = 0;
    for (int things = below(3); things >= 0; things--) {
        int guest = below(hypervisor.n_guests);

        happen(&hypervisor.guests[guest], guest);
    }
}
