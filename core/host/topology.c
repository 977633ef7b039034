#include "core/host/topology.h"

#include "core/host/xml.h"
#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* No host has more; numbers above are nonsense, and would cost memory. */
enum { CPU_NUMBER_END = 1 << 16, CAPACITY_MOST = 1 << 20 };

static int reach(struct topology *t, int cpu)
{
    if (cpu < t->cpu_limit)
        return 0;
    if (cpu >= CPU_NUMBER_END)
        return -ERANGE;
    if (array_reserve(&t->cpus, &t->cap_cpus, cpu + 1, sizeof(*t->cpus)))
        return -ENOMEM;
    for (int n = t->cpu_limit; n <= cpu; n++)
        t->cpus[n] = (struct topology_cpu){.core = n, .llc = -1};
    t->cpu_limit = cpu + 1;
    return 0;
}

/* The first number of a list attribute, or fallback. */
static int lowest_in(const xmlNode *node, const char *name, int fallback)
{
    uint64_t mask[CPU_NUMBER_END / 64] = {0};
    int lowest;

    if (!xml_attribute_list(node, name, mask, CPU_NUMBER_END))
        return fallback;
    lowest = cpumask_next(mask, CPU_NUMBER_END / 64, 0);
    return lowest < 0 ? fallback : lowest;
}

/* Core numbers repeat from package to package, so cores are told apart by their siblings where those are named. */
static int read_cpu(struct topology *t, const xmlNode *cpu, int node)
{
    int number, package = 0, result;

    if (!xml_attribute_int(cpu, "id", &number) || number < 0 || number >= CPU_NUMBER_END)
        return 0;
    result = reach(t, number);
    if (result)
        return result;
    t->cpus[number].node = node;
    t->cpus[number].known = true;
    t->cpus[number].placed = xml_attribute_int(cpu, "socket_id", &package);
    t->cpus[number].core = lowest_in(cpu, "siblings", number);
    /* Until a cache says better; turned into a pCPU number by name_packages. */
    t->cpus[number].llc = -1 - (package < 0 ? 0 : package);
    return 0;
}

/* The smallest size listed is the one of ordinary pages; the others stand in pools. */
static uint64_t read_huge(const xmlNode *cell)
{
    uint64_t kib = 0;
    int ordinary = 0;

    for (const xmlNode *n = xml_child(cell, "pages", NULL); n; n = xml_next(n)) {
        int size = 0;

        if (xml_attribute_int(n, "size", &size) && (ordinary == 0 || size < ordinary))
            ordinary = size;
    }
    for (const xmlNode *n = xml_child(cell, "pages", NULL); n; n = xml_next(n)) {
        int64_t count = 0;
        int size = 0;

        /* libvirt gives sizes in KiB. */
        if (xml_attribute_int(n, "size", &size) && size > ordinary && xml_content_int64(n, &count) && count > 0 &&
            count < INT64_C(1) << 32)
            kib += (uint64_t)count * (uint64_t)size;
    }
    return kib;
}

static int read_cells(struct topology *t, const xmlNode *host)
{
    const xmlNode *cells = xml_child(xml_child(host, "topology", NULL), "cells", NULL);
    int result = 0;

    for (const xmlNode *cell = xml_child(cells, "cell", NULL); cell && !result; cell = xml_next(cell)) {
        int node = 0;

        xml_attribute_int(cell, "id", &node);
        t->n_nodes++;
        t->huge_kib += read_huge(cell);
        for (const xmlNode *cpu = xml_child(xml_child(cell, "cpus", NULL), "cpu", NULL); cpu && !result;
             cpu = xml_next(cpu))
            result = read_cpu(t, cpu, node < 0 ? 0 : node);
    }
    return result;
}

static void read_caches(struct topology *t, const xmlNode *host)
{
    const xmlNode *first = xml_child(xml_child(host, "cache", NULL), "bank", NULL);
    int deepest = 0;

    for (const xmlNode *bank = first; bank; bank = xml_next(bank)) {
        int level = 0;

        if (xml_attribute_int(bank, "level", &level) && level > deepest)
            deepest = level;
    }
    for (const xmlNode *bank = first; bank; bank = xml_next(bank)) {
        uint64_t mask[CPU_NUMBER_END / 64] = {0};
        int words = CPU_NUMBER_END / 64, level = 0, lowest;

        if (!xml_attribute_int(bank, "level", &level) || level != deepest ||
            !xml_attribute_list(bank, "cpus", mask, t->cpu_limit))
            continue;
        lowest = cpumask_next(mask, words, 0);
        for (int n = lowest; n >= 0; n = cpumask_next(mask, words, n + 1))
            t->cpus[n].llc = lowest;
    }
}

/* Packages stand in for caches that weren't named: each gets the lowest pCPU number in it as its id. */
static int name_packages(struct topology *t)
{
    int *after, packages = 1; /* after: one above the lowest pCPU number of each; 0: none yet */

    for (int n = 0; n < t->cpu_limit; n++)
        if (t->cpus[n].llc < 0 && -t->cpus[n].llc <= CPU_NUMBER_END && -t->cpus[n].llc > packages)
            packages = -t->cpus[n].llc;
    after = calloc((size_t)packages, sizeof(*after));
    if (!after)
        return -ENOMEM;
    for (int n = 0; n < t->cpu_limit; n++) {
        int package = -1 - t->cpus[n].llc;

        if (package < 0)
            continue;
        if (package >= packages)
            package = 0;
        if (after[package] == 0)
            after[package] = n + 1;
        t->cpus[n].llc = after[package] - 1;
    }
    free(after);
    return 0;
}

int topology_read(struct topology *t, const char *text, const unsigned char *online, int online_count)
{
    const char *why;
    xmlDoc *doc = text ? xml_parse(text, "capabilities", &why) : NULL;
    int result;

    t->cpu_limit = 0;
    t->huge_kib = 0;
    t->n_nodes = 0;
    result = reach(t, online_count > 0 ? online_count - 1 : 0);
    if (!result && doc) {
        const xmlNode *host = xml_child(xmlDocGetRootElement(doc), "host", NULL);

        result = read_cells(t, host);
        read_caches(t, host);
    }
    for (int n = 0; n < t->cpu_limit; n++)
        t->cpus[n].online = online ? n < online_count && (online[n / 8] >> n % 8 & 1) : t->cpus[n].placed || !doc;
    if (!result)
        result = name_packages(t);
    xmlFreeDoc(doc);
    return result ? result : doc ? 0 : -EINVAL;
}

void topology_join(struct topology *t)
{
    for (int n = 0; n < t->cpu_limit; n++)
        t->cpus[n].isolated = false;
}

void topology_isolate(struct topology *t, const char *list)
{
    uint64_t mask[CPU_NUMBER_END / 64];

    if (cpumask_parse(mask, CPU_NUMBER_END, list))
        return;
    for (int n = 0; n < t->cpu_limit; n++)
        if (cpumask_has(mask, CPU_NUMBER_END / 64, n))
            t->cpus[n].isolated = true;
}

void topology_set_capacity(struct topology *t, int number, const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    t->cpus[number].capacity = end != text && value > 0 && value <= CAPACITY_MOST ? (int)value : 0;
}

/* The largest capacity there is; 0 where all are alike, or not all are told. */
static int largest_capacity(const struct topology *t)
{
    int largest = 0, smallest = INT_MAX;

    for (int n = 0; n < t->cpu_limit; n++) {
        if (!t->cpus[n].known && !t->cpus[n].online)
            continue;
        largest = t->cpus[n].capacity > largest ? t->cpus[n].capacity : largest;
        smallest = t->cpus[n].online && t->cpus[n].capacity < smallest ? t->cpus[n].capacity : smallest;
    }
    return smallest > 0 && smallest < largest ? largest : 0;
}

int topology_fill(const struct topology *t, struct snapshot *s)
{
    int largest = largest_capacity(t);

    for (int n = 0; n < t->cpu_limit; n++) {
        const struct topology_cpu *from = &t->cpus[n];
        struct snapshot_pcpu *p;

        /* A number that nobody names and that isn't online is a hole. */
        if (!from->known && !from->online)
            continue;
        p = snapshot_add_pcpu(s);
        if (!p)
            return -ENOMEM;
        p->number = n;
        p->node = from->node;
        p->llc = from->llc;
        p->core = from->core;
        p->online = from->online;
        p->isolated = from->isolated;
        p->capacity = largest > 0 && from->capacity > 0 ? (double)from->capacity / largest : 0;
    }
    return 0;
}

void topology_free(struct topology *t)
{
    free(t->cpus);
    memset(t, 0, sizeof(*t));
}
