#include "core/host/domain_xml.h"

#include "core/host/domain_policy.h"

#include "core/host/xml.h"
#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const double DEFAULT_PERIOD_US = 100000; /* the kernel's, when a quota is given without a period */

static uint64_t *new_mask(const struct domain_xml *x)
{
    return calloc((size_t)x->words, sizeof(uint64_t));
}

/* Reads a list attribute into *mask, made if need be. 0, also where there's no such attribute; -ENOMEM. */
static int read_list(const struct domain_xml *x, const xmlNode *node, const char *name, int limit, uint64_t **mask)
{
    uint64_t *made = *mask ? *mask : new_mask(x);

    if (!made)
        return -ENOMEM;
    if (xml_attribute_list(node, name, made, limit)) {
        *mask = made;
        return 0;
    }
    if (made != *mask)
        free(made);
    return 0;
}

static int read_vcpu(struct domain_xml *x, const xmlNode *domain, int cpu_limit)
{
    const xmlNode *vcpu = xml_child(domain, "vcpu", NULL);

    /* With placement 'auto' the list is numad's advice, not the operator's rule. */
    if (!vcpu || xml_attribute_is(vcpu, "placement", "auto"))
        return 0;
    return read_list(x, vcpu, "cpuset", cpu_limit, &x->cpuset);
}

static int read_pins(struct domain_xml *x, const xmlNode *cputune, int cpu_limit)
{
    int cap = 0;

    for (const xmlNode *n = xml_child(cputune, "vcpupin", NULL); n; n = xml_next(n)) {
        struct domain_xml_pin pin = {0};

        if (!xml_attribute_int(n, "vcpu", &pin.vcpu) || pin.vcpu < 0)
            continue;
        if (read_list(x, n, "cpuset", cpu_limit, &pin.mask))
            return -ENOMEM;
        if (!pin.mask)
            continue;
        if (array_reserve(&x->pins, &cap, x->n_pins + 1, sizeof(*x->pins))) {
            free(pin.mask);
            return -ENOMEM;
        }
        x->pins[x->n_pins++] = pin;
    }
    return 0;
}

static double quota_pct(const xmlNode *cputune, const char *quota_name, const char *period_name)
{
    int64_t quota, period;

    if (!xml_content_int64(xml_child(cputune, quota_name, NULL), &quota) || quota <= 0)
        return 0;
    if (!xml_content_int64(xml_child(cputune, period_name, NULL), &period) || period <= 0)
        return (double)quota / DEFAULT_PERIOD_US * 100;
    return (double)quota / (double)period * 100;
}

static int read_cputune(struct domain_xml *x, const xmlNode *domain, int cpu_limit)
{
    const xmlNode *cputune = xml_child(domain, "cputune", NULL);

    for (const xmlNode *n = xml_child(cputune, "vcpusched", NULL); n; n = xml_next(n))
        if (xml_attribute_is(n, "scheduler", "fifo") || xml_attribute_is(n, "scheduler", "rr"))
            x->realtime = true;
    x->vcpu_quota_pct = quota_pct(cputune, "quota", "period");
    x->guest_quota_pct = quota_pct(cputune, "global_quota", "global_period");
    return read_pins(x, cputune, cpu_limit);
}

/* With other modes ('preferred', 'interleave') the kernel goes elsewhere when those nodes have no more. */
static bool binds(const xmlNode *node)
{
    return !xml_attribute_is(node, "mode", "preferred") && !xml_attribute_is(node, "mode", "interleave");
}

static int read_numatune(struct domain_xml *x, const xmlNode *domain)
{
    const xmlNode *numatune = xml_child(domain, "numatune", NULL), *memory = xml_child(numatune, "memory", NULL);
    int limit = x->words * 64;
    bool bound = !memory || binds(memory);

    for (const xmlNode *n = xml_child(numatune, "memnode", NULL); n; n = xml_next(n)) {
        bound = bound && binds(n);
        if (read_list(x, n, "nodeset", limit, &x->memory_nodes))
            return -ENOMEM;
    }
    if (read_list(x, memory, "nodeset", limit, &x->memory_nodes))
        return -ENOMEM;
    x->memory_bound = bound && x->memory_nodes != NULL;
    return 0;
}

/* Units as libvirt takes them; it writes KiB itself. */
static uint64_t read_kib(const xmlNode *node)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = {
        {"b", 1},         {"bytes", 1}, {"KB", 1e3},    {"K", 1024},      {"KiB", 1024}, {"MB", 1e6},   {"M", 1 << 20},
        {"MiB", 1 << 20}, {"GB", 1e9},  {"G", 1 << 30}, {"GiB", 1 << 30}, {"TB", 1e12},  {"T", 0x1p40}, {"TiB", 0x1p40},
    };
    char *unit = xml_attribute(node, "unit");
    double bytes_each = unit ? 0 : 1024;
    int64_t value;

    for (size_t i = 0; unit && i < sizeof(units) / sizeof(units[0]); i++)
        if (strcasecmp(unit, units[i].unit) == 0)
            bytes_each = units[i].bytes;
    xmlFree(unit);
    if (!xml_content_int64(node, &value) || value < 0)
        return 0;
    /* Not by way of a double where nothing needs converting: sizes stay exact. One that no machine has is cut. */
    return bytes_each == 1024 ? (uint64_t)value : (uint64_t)fmin((double)value * (bytes_each / 1024), 0x1p62);
}

/* QEMU refuses to give pages back while a device may reach all of the guest's memory by DMA. */
static bool pins_memory(const xmlNode *device)
{
    const char *name = (const char *)device->name;

    if (strcmp(name, "hostdev") == 0)
        return xml_attribute_is(device, "type", "pci") || xml_attribute_is(device, "type", "mdev");
    if (strcmp(name, "interface") == 0)
        return xml_attribute_is(device, "type", "hostdev") || xml_attribute_is(device, "type", "vdpa");
    if (strcmp(name, "disk") == 0)
        return xml_attribute_is(device, "type", "nvme") || xml_attribute_is(device, "type", "vhostvdpa");
    return false;
}

/* libvirt writes "no limit" as the largest number that the kernel knows. */
static uint64_t read_hard_limit(const xmlNode *domain)
{
    static const uint64_t unlimited_kib = UINT64_C(1) << 52;
    uint64_t kib = read_kib(xml_child(xml_child(domain, "memtune", NULL), "hard_limit", NULL));

    return kib < unlimited_kib ? kib : 0;
}

/* libvirt counts such devices in a guest's memory with all that they may ever plug; QEMU's balloon knows nothing of
 * them. */
static uint64_t read_apart(const xmlNode *devices)
{
    uint64_t kib = 0;

    for (const xmlNode *n = xml_child(devices, "memory", NULL); n; n = xml_next(n))
        if (xml_attribute_is(n, "model", "virtio-mem"))
            kib += read_kib(xml_child(xml_child(n, "target", NULL), "size", NULL));
    return kib;
}

static void read_memory(struct domain_xml *x, const xmlNode *domain)
{
    const xmlNode *backing = xml_child(domain, "memoryBacking", NULL);
    const xmlNode *devices = xml_child(domain, "devices", NULL);
    const xmlNode *balloon = xml_child(devices, "memballoon", NULL);
    int period = 0;

    x->max_kib = read_kib(xml_child(domain, "memory", NULL));
    x->size_kib = read_kib(xml_child(domain, "currentMemory", NULL));
    x->hard_limit_kib = read_hard_limit(domain);
    x->apart_kib = read_apart(devices);
    x->balloon = balloon && !xml_attribute_is(balloon, "model", "none");
    x->deflate_on_oom = xml_attribute_is(balloon, "autodeflate", "on");
    x->reports_free = xml_attribute_is(balloon, "freePageReporting", "on");
    if (xml_attribute_int(xml_child(balloon, "stats", NULL), "period", &period) && period > 0)
        x->stats_period_s = period;
    x->inhibited = xml_child(backing, "hugepages", NULL) || xml_child(backing, "locked", NULL) ||
                   xml_child(domain, "launchSecurity", NULL);
    for (const xmlNode *n = devices ? devices->children : NULL; n; n = n->next)
        if (n->type == XML_ELEMENT_NODE && pins_memory(n))
            x->inhibited = true;
}

int domain_xml_read(struct domain_xml *out, const char *text, int cpu_limit)
{
    const char *why;
    xmlDoc *doc = xml_parse(text, "domain", &why);
    const xmlNode *domain;
    int result = 0;

    memset(out, 0, sizeof(*out));
    out->words = cpumask_words(cpu_limit);
    if (!doc) {
        snprintf(out->trouble, sizeof(out->trouble), "%s", why);
        return -EINVAL;
    }
    domain = xmlDocGetRootElement(doc);
    read_memory(out, domain);
    if (domain_policy_read(out, domain) || read_vcpu(out, domain, cpu_limit) || read_cputune(out, domain, cpu_limit) ||
        read_numatune(out, domain)) {
        domain_xml_free(out);
        result = -ENOMEM;
    }
    xmlFreeDoc(doc);
    return result;
}

void domain_xml_free(struct domain_xml *x)
{
    for (int i = 0; i < x->n_pins; i++)
        free(x->pins[i].mask);
    free(x->pins);
    free(x->cpuset);
    free(x->memory_nodes);
    free(x->allowed);
    memset(x, 0, sizeof(*x));
}
