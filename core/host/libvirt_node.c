#include "core/host/libvirt_internal.h"
#include "core/host/local_cpu.h"
#include "core/host/local_memory.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Those that boot options took from the kernel's scheduler, and those in isolated partitions of cpusets, which come and
 * go while the host runs.
 */
static void read_isolated(struct libvirt_host *h)
{
    static const char *const names[] = {"devices/system/cpu/isolated", "fs/cgroup/cpuset.cpus.isolated"};
    char now[sizeof(h->isolated)] = "";

    topology_join(&h->topology);
    for (size_t i = 0; h->connection.local && i < sizeof(names) / sizeof(names[0]); i++)
        if (local_file_read(&h->file, h->sys_dir, names[i]) > 0) {
            size_t length = strlen(now);

            h->file.text[strcspn(h->file.text, "\n")] = '\0';
            topology_isolate(&h->topology, h->file.text);
            snprintf(now + length, sizeof(now) - length, "%s%s", length > 0 && h->file.text[0] ? "," : "",
                     h->file.text);
        }
    if (h->sampled && strcmp(now, h->isolated) != 0) {
        libvirt_remark(h, "isolated pCPUs are another set now: %s (was: %s)", now[0] ? now : "none",
                       h->isolated[0] ? h->isolated : "none");
        domain_table_suspect_affinities(&h->guests);
    }
    snprintf(h->isolated, sizeof(h->isolated), "%s", now);
}

/* Hybrid processors: what each pCPU gets done. */
static void read_capacities(struct libvirt_host *h)
{
    char name[64];

    for (int n = 0; h->connection.local && n < h->topology.cpu_limit; n++) {
        snprintf(name, sizeof(name), "devices/system/cpu/cpu%d/cpu_capacity", n);
        if (local_file_read(&h->file, h->sys_dir, name) > 0)
            topology_set_capacity(&h->topology, n, h->file.text);
        else if (n == 0)
            break; /* a kernel that doesn't tell */
    }
}

static bool same_online(const struct topology *t, const unsigned char *map, int count)
{
    for (int n = 0; n < t->cpu_limit || n < count; n++) {
        bool was = n < t->cpu_limit && t->cpus[n].online;
        bool is = n < count && (map[n / 8] >> n % 8 & 1);

        if (was != is)
            return false;
    }
    return true;
}

int libvirt_node_topology(struct libvirt_host *h, bool full)
{
    struct connection *c = &h->connection;
    unsigned char *map = NULL;
    char *text = NULL;
    int count = 0, result = 0;

    /* On this machine, /proc/stat tells when pCPUs come and go. */
    if (!h->topology_due && (!full || c->local)) {
        if (full)
            read_isolated(h);
        return 0;
    }
    /* Affinities follow what is online: the kernel widens those of which nothing is left. */
    connection_begin(c, CONNECTION_CALL_MS, 1);
    count = virNodeGetCPUMap(c->conn, &map, NULL, 0);
    connection_end(c);
    if (h->topology_due || (count > 0 && !same_online(&h->topology, map, count))) {
        connection_begin(c, 2 * CONNECTION_CALL_MS, 1);
        text = virConnectGetCapabilities(c->conn);
        connection_end(c);
        if (!c->broken) {
            result = topology_read(&h->topology, text, count > 0 ? map : NULL, count);
            domain_table_suspect_affinities(&h->guests);
            read_isolated(h);
            read_capacities(h);
            h->topology_due = false;
        }
    }
    free(text);
    free(map);
    virResetLastError();
    if (result == -ENOMEM || domain_table_widen(&h->guests, h->topology.cpu_limit))
        return -ENOMEM;
    return 0;
}

/* The pCPUs that the kernel lists, as one number to compare: bits would take room for what is hardly ever looked at. */
static uint64_t listed_hash(const struct snapshot *s, int unknown)
{
    uint64_t hash = 14695981039346656037u + (uint64_t)unknown; /* FNV-1a */

    for (int i = 0; i < s->n_pcpus; i++)
        hash = (hash ^ (s->pcpus[i].has_times ? (uint64_t)s->pcpus[i].number + 1 : 0)) * 1099511628211u;
    return hash;
}

/* Where libvirt and the kernel's own list don't agree on what is online, libvirt is believed, as it is libvirt that
 * pins. A container's /proc/stat lists fewer than there are, for one. */
static void tell_disagreement(struct libvirt_host *h, const struct snapshot *s)
{
    int number = -1, n = 0;

    for (int i = 0; i < s->n_pcpus; i++)
        if (s->pcpus[i].online != s->pcpus[i].has_times) {
            number = n++ == 0 ? s->pcpus[i].number : number;
        }
    if (n > 0)
        libvirt_remark(
            h, "libvirt and /proc/stat disagree on whether %d pCPUs are online (pCPU %d first): libvirt is believed", n,
            number);
}

/*
 * What the kernel lists, and anew what libvirt says is online where that list is another than the last. 0 or -ENOMEM;
 * or what local_cpu_read failed with.
 */
static int read_listed_pcpus(struct libvirt_host *h, struct snapshot *s)
{
    int unknown = local_cpu_read(&h->file, h->proc_dir, s);
    uint64_t hash = unknown >= 0 ? listed_hash(s, unknown) : 0;

    if (unknown < 0)
        return unknown;
    if (hash == h->listed_hash)
        return 0;
    if (h->listed_hash != 0) {
        h->topology_due = true;
        if (libvirt_node_topology(h, true))
            return -ENOMEM;
        snapshot_reset(s, h->topology.cpu_limit);
        if (topology_fill(&h->topology, s))
            return -ENOMEM;
        unknown = local_cpu_read(&h->file, h->proc_dir, s);
        if (unknown < 0)
            return unknown;
        hash = listed_hash(s, unknown);
    }
    h->listed_hash = hash;
    tell_disagreement(h, s);
    return 0;
}

static void read_pcpu(struct libvirt_host *h, struct snapshot_pcpu *p, virNodeCPUStats *stats)
{
    int n = h->n_cpu_stats;

    h->connection.calls++;
    if (virNodeGetCPUStats(h->connection.conn, p->number, stats, &n, 0))
        return;
    for (int i = 0; i < n; i++) {
        if (strcmp(stats[i].field, VIR_NODE_CPU_STATS_IDLE) == 0 ||
            strcmp(stats[i].field, VIR_NODE_CPU_STATS_IOWAIT) == 0)
            p->idle_ns += stats[i].value;
        else if (strcmp(stats[i].field, VIR_NODE_CPU_STATS_UTILIZATION) != 0)
            p->busy_ns += stats[i].value;
        if (strcmp(stats[i].field, VIR_NODE_CPU_STATS_IDLE) == 0)
            p->has_times = true;
    }
}

static int read_pcpus(struct libvirt_host *h, struct snapshot *s)
{
    struct connection *c = &h->connection;
    char word[CONNECTION_WORD_BYTES];
    virNodeCPUStats *stats;

    if (h->n_cpu_stats == 0) {
        connection_begin(c, CONNECTION_CALL_MS, 1);
        if (virNodeGetCPUStats(c->conn, VIR_NODE_CPU_STATS_ALL_CPUS, NULL, &h->n_cpu_stats, 0))
            h->n_cpu_stats = connection_last_error(word, sizeof(word)) == VIR_ERR_NO_SUPPORT && !c->qemu ? -1 : 0;
        connection_end(c);
    }
    if (h->n_cpu_stats <= 0 || c->broken)
        return 0;
    stats = calloc((size_t)h->n_cpu_stats, sizeof(*stats));
    if (!stats)
        return -ENOMEM;
    connection_begin(c, 2 * CONNECTION_CALL_MS, 0);
    for (int i = 0; i < s->n_pcpus; i++)
        if (s->pcpus[i].online)
            read_pcpu(h, &s->pcpus[i], stats);
    connection_end(c);
    free(stats);
    return 0;
}

/* Total and free are all that the oldest calls bring. */
static void read_plain_memory(struct libvirt_host *h, struct snapshot_host *to)
{
    virNodeInfo info;
    unsigned long long free_bytes;

    connection_begin(&h->connection, CONNECTION_CALL_MS, 2);
    if (virNodeGetInfo(h->connection.conn, &info) == 0) {
        to->total_kib = info.memory;
        to->has |= SNAPSHOT_HOST_HAS_TOTAL;
    }
    free_bytes = virNodeGetFreeMemory(h->connection.conn);
    if (free_bytes > 0) {
        /* In bytes, but for libvirt's own test driver, which gives KiB. */
        to->free_kib = h->connection.made_up ? free_bytes : free_bytes / 1024;
        to->has |= SNAPSHOT_HOST_HAS_FREE;
    }
    connection_end(&h->connection);
}

static void leave_out_huge_pages(const struct libvirt_host *h, struct snapshot_host *to)
{
    if (to->has & SNAPSHOT_HOST_HAS_TOTAL && to->total_kib > h->topology.huge_kib)
        to->total_kib -= h->topology.huge_kib;
}

static int read_memory(struct libvirt_host *h, struct snapshot_host *to)
{
    struct connection *c = &h->connection;
    char word[CONNECTION_WORD_BYTES];
    virNodeMemoryStats *stats;
    int n = 0;

    connection_begin(c, CONNECTION_CALL_MS, h->no_node_stats ? 0 : 2);
    if (!h->no_node_stats && virNodeGetMemoryStats(c->conn, VIR_NODE_MEMORY_STATS_ALL_CELLS, NULL, &n, 0)) {
        h->no_node_stats = connection_last_error(word, sizeof(word)) == VIR_ERR_NO_SUPPORT && !c->qemu;
        n = 0;
    }
    stats = n > 0 ? calloc((size_t)n, sizeof(*stats)) : NULL;
    if (stats && virNodeGetMemoryStats(c->conn, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats, &n, 0))
        n = 0;
    connection_end(c);
    for (int i = 0; stats && i < n; i++) {
        const char *field = stats[i].field;

        if (strcmp(field, VIR_NODE_MEMORY_STATS_TOTAL) == 0) {
            to->total_kib = stats[i].value;
            to->has |= SNAPSHOT_HOST_HAS_TOTAL;
        } else if (strcmp(field, VIR_NODE_MEMORY_STATS_FREE) == 0) {
            to->free_kib = stats[i].value;
            to->has |= SNAPSHOT_HOST_HAS_FREE;
        } else if (strcmp(field, VIR_NODE_MEMORY_STATS_CACHED) == 0 ||
                   strcmp(field, VIR_NODE_MEMORY_STATS_BUFFERS) == 0) {
            to->caches_kib += stats[i].value;
            to->has |= SNAPSHOT_HOST_HAS_CACHES;
        }
    }
    free(stats);
    if (!(to->has & SNAPSHOT_HOST_HAS_FREE) && !c->broken)
        read_plain_memory(h, to);
    leave_out_huge_pages(h, to);
    return 0;
}

int libvirt_node_read(struct libvirt_host *h, struct snapshot *s, uint64_t taken_ns)
{
    int result;

    snapshot_reset(s, h->topology.cpu_limit);
    result = topology_fill(&h->topology, s);
    if (!result)
        result = h->connection.local ? read_listed_pcpus(h, s) : -ENOENT;
    if (result && result != -ENOMEM)
        result = read_pcpus(h, s);
    s->taken_ns = taken_ns;
    if (!result)
        result = libvirt_pcpu_mark(h, s);
    if (!result && (!h->connection.local || local_memory_read(&h->file, h->proc_dir, &s->host) < 0))
        result = read_memory(h, &s->host);
    virResetLastError();
    return result;
}

/* The union of all nodes that guests are bound to, in a mask of the snapshot's width; whether there are any. */
static bool bound_nodes(const struct snapshot *s, uint64_t *nodes)
{
    bool any = false;

    for (int i = 0; i < s->n_guests; i++) {
        const uint64_t *own = s->guests[i].memory_bound ? snapshot_mask(s, s->guests[i].memory_nodes) : NULL;

        for (int w = 0; own && w < snapshot_words(s); w++) {
            nodes[w] |= own[w];
            any = any || own[w];
        }
    }
    return any;
}

/* One call for all of them: free[k] is that of node first + k, in bytes. How many came. */
static int fetch_nodes(struct libvirt_host *h, int first, unsigned long long *free_bytes, int n)
{
    struct connection *c = &h->connection;

    connection_begin(c, CONNECTION_CALL_MS, 1);
    n = virNodeGetCellsFreeMemory(c->conn, free_bytes, first, n);
    connection_end(c);
    return n;
}

static int add_node(struct snapshot *s, int number, uint64_t free_kib)
{
    struct snapshot_node *n = snapshot_add_node(s);

    if (!n)
        return -ENOMEM;
    *n = (struct snapshot_node){.number = number, .free_kib = free_kib};
    return 0;
}

int libvirt_node_read_nodes(struct libvirt_host *h, struct snapshot *s)
{
    int words = snapshot_words(s), last = -1, first, got = 0, result = 0;
    uint64_t *nodes = h->topology.n_nodes > 1 ? calloc((size_t)words, sizeof(*nodes)) : NULL, kib;
    unsigned long long *free_bytes = NULL;

    if (h->topology.n_nodes > 1 && !nodes)
        return -ENOMEM;
    if (!nodes || !bound_nodes(s, nodes)) {
        free(nodes);
        return 0;
    }
    first = cpumask_next(nodes, words, 0);
    for (int n = first; n >= 0; n = cpumask_next(nodes, words, n + 1))
        last = n;
    if (!h->connection.local) {
        free_bytes = calloc((size_t)(last - first) + 1, sizeof(*free_bytes));
        result = free_bytes ? 0 : -ENOMEM;
        got = free_bytes ? fetch_nodes(h, first, free_bytes, last - first + 1) : 0;
    }
    for (int n = first; n >= 0 && !result; n = cpumask_next(nodes, words, n + 1)) {
        if (h->connection.local && local_memory_read_node(&h->file, h->sys_dir, n, &kib) == 0)
            result = add_node(s, n, kib);
        else if (free_bytes && n - first < got)
            result = add_node(s, n, free_bytes[n - first] / 1024);
    }
    free(free_bytes);
    free(nodes);
    virResetLastError();
    return result;
}
