#include "core/host/domain_policy.h"

#include "core/host/xml.h"
#include "core/model/cpumask.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The first is told: the operator finds the others when he has mended that. */
__attribute__((format(printf, 2, 3))) static void note(struct domain_xml *x, const char *format, ...)
{
    va_list arguments;

    if (x->trouble[0])
        return;
    va_start(arguments, format);
    vsnprintf(x->trouble, sizeof(x->trouble), format, arguments);
    va_end(arguments);
}

static void note_trouble(struct domain_xml *x, const char *name, const char *value, const char *taken_as)
{
    note(x, "its metadata say %s='%.40s', which is taken as %s", name, value, taken_as);
}

/* A word for yes or no in any case; what is neither is taken as otherwise, and noted. */
static bool says_yes(struct domain_xml *x, const xmlNode *node, const char *name, bool otherwise)
{
    static const struct {
        const char *word;
        bool yes;
    } words[] = {
        {"yes", true}, {"true", true},   {"on", true},   {"1", true},
        {"no", false}, {"false", false}, {"off", false}, {"0", false},
    };
    char *text = xml_attribute(node, name);
    bool yes = text && otherwise, known = !text;

    for (size_t i = 0; text && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcasecmp(text, words[i].word) == 0) {
            yes = words[i].yes;
            known = true;
        }
    if (!known)
        note_trouble(x, name, text, otherwise ? "yes" : "no");
    xmlFree(text);
    return yes;
}

static double read_weight(struct domain_xml *x, const xmlNode *policy)
{
    char *text = xml_attribute(policy, "weight"), *end = text, taken_as[24];
    double value = text ? strtod(text, &end) : 1, weight = value;

    if (text && (end == text || *end || isnan(value) || value <= 0))
        weight = 1;
    if (weight < DOMAIN_XML_WEIGHT_LEAST)
        weight = DOMAIN_XML_WEIGHT_LEAST;
    if (weight > DOMAIN_XML_WEIGHT_MOST)
        weight = DOMAIN_XML_WEIGHT_MOST;
    if (text && (isnan(value) || weight < value || weight > value || *end)) {
        snprintf(taken_as, sizeof(taken_as), "%g", weight);
        note_trouble(x, "weight", text, taken_as);
    }
    xmlFree(text);
    return weight;
}

/* A size in MiB, as KiB; 0 where it isn't said. */
static uint64_t read_mib(struct domain_xml *x, const xmlNode *policy, const char *name)
{
    char *text = xml_attribute(policy, name), *end = text;
    unsigned long long value = text && isdigit((unsigned char)text[0]) ? strtoull(text, &end, 10) : 0;
    bool known = text && end != text && *end == '\0' && value > 0 && value <= DOMAIN_XML_MIB_MOST;

    if (text && !known)
        note_trouble(x, name, text, "not said");
    xmlFree(text);
    return known ? value * 1024 : 0;
}

static void read_sizes(struct domain_xml *x, const xmlNode *policy)
{
    x->least_kib = read_mib(x, policy, "memory-least");
    x->most_kib = read_mib(x, policy, "memory-most");
    if (x->most_kib == 0 || x->least_kib <= x->most_kib)
        return;
    note(x, "its metadata say a memory-least that is more than memory-most, which is taken as the same");
    x->least_kib = x->most_kib;
}

/* Numbers that this host hasn't got are left out: a guest may have come from a larger one. */
static int read_pcpus(struct domain_xml *x, const xmlNode *policy)
{
    enum { WIDE_WORDS = 64 };
    char *text = xml_attribute(policy, "pcpus");
    uint64_t wide[WIDE_WORDS] = {0};
    int words = x->words < WIDE_WORDS ? x->words : WIDE_WORDS, result = 0;

    if (!text)
        return 0;
    if (cpumask_parse(wide, WIDE_WORDS * 64, text) || cpumask_count(wide, words) == 0) {
        note_trouble(x, "pcpus", text, "any");
    } else {
        x->allowed = calloc((size_t)x->words, sizeof(*x->allowed));
        if (x->allowed)
            memcpy(x->allowed, wide, (size_t)words * sizeof(*wide));
        else
            result = -ENOMEM;
    }
    xmlFree(text);
    return result;
}

/* Words that no attribute is known by, and versions that came later. */
static void note_unknown(struct domain_xml *x, const xmlNode *metadata, const xmlNode *policy)
{
    static const char *const known[] = {"leave-alone", "dedicated", "weight", "memory-least", "memory-most", "pcpus"};
    static const char family[] = "urn:vmbalance:policy:";

    for (const xmlAttr *a = policy ? policy->properties : NULL; a; a = a->next) {
        bool is_known = a->ns != NULL; /* of others */

        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
            is_known = is_known || strcmp((const char *)a->name, known[i]) == 0;
        if (!is_known)
            note(x, "its metadata say %.40s, which isn't known: left out", (const char *)a->name);
    }
    for (const xmlNode *n = metadata ? metadata->children : NULL; n; n = n->next)
        if (n->type == XML_ELEMENT_NODE && n->ns && n != policy &&
            strncmp((const char *)n->ns->href, family, sizeof(family) - 1) == 0)
            note(x, "its metadata have a %.30s of %.50s, which isn't known: left out", (const char *)n->name,
                 (const char *)n->ns->href);
}

int domain_policy_read(struct domain_xml *x, const xmlNode *domain)
{
    const xmlNode *metadata = xml_child(domain, "metadata", NULL);
    const xmlNode *policy = xml_child(metadata, "policy", DOMAIN_XML_POLICY_NAMESPACE);

    x->weight = read_weight(x, policy);
    x->dedicated = says_yes(x, policy, "dedicated", false);
    /* Who wrote the word at all didn't write it for nothing. */
    x->leave_alone = says_yes(x, policy, "leave-alone", true);
    read_sizes(x, policy);
    note_unknown(x, metadata, policy);
    return read_pcpus(x, policy);
}
