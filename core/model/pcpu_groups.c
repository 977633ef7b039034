#include "core/model/pcpu_groups.h"

#include "core/model/array.h"
#include "core/model/cpumask.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *word;
    double size;
} words_of_sizes[] = {
    {"cpu", PCPU_GROUPS_CPU},   {"core", PCPU_GROUPS_CORE}, {"llc", PCPU_GROUPS_LLC},
    {"node", PCPU_GROUPS_NODE}, {"auto", PCPU_GROUPS_AUTO},
};

enum { WORDS = sizeof(words_of_sizes) / sizeof(words_of_sizes[0]) };

void pcpu_groups_free(struct pcpu_groups *g)
{
    free(g->of);
    free(g->first);
    free(g->size);
    free(g->cores);
    free(g->masks);
    free(g->keys);
    memset(g, 0, sizeof(*g));
}

static int reserve(struct pcpu_groups *g, const struct snapshot *s)
{
    int n = s->n_pcpus;

    g->words = snapshot_words(s);
    if (array_reserve(&g->of, &g->cap_of, n, sizeof(*g->of)) ||
        array_reserve(&g->first, &g->cap_first, n, sizeof(*g->first)) ||
        array_reserve(&g->size, &g->cap_size, n, sizeof(*g->size)) ||
        array_reserve(&g->cores, &g->cap_cores, n, sizeof(*g->cores)) ||
        array_reserve(&g->keys, &g->cap_keys, n, sizeof(*g->keys)) ||
        array_reserve(&g->masks, &g->cap_masks, n * g->words, sizeof(*g->masks)))
        return -ENOMEM;
    return 0;
}

static int compare_ints(int a, int b)
{
    return (a > b) - (a < b);
}

static int compare_keys(const void *left, const void *right)
{
    const struct pcpu_groups_key *a = left, *b = right;
    int order = compare_ints(a->alone, b->alone);

    if (!order)
        order = compare_ints(a->node, b->node);
    if (!order)
        order = compare_ints(a->llc, b->llc);
    if (!order)
        order = compare_ints(a->core, b->core);
    return order ? order : compare_ints(a->pcpu, b->pcpu);
}

/* Whether two pCPUs may be of one group, their number aside. */
static bool may_join(const struct pcpu_groups_key *a, const struct pcpu_groups_key *b, double size)
{
    if (a->alone != b->alone || a->node != b->node)
        return false;
    if (size == PCPU_GROUPS_NODE)
        return true;
    return a->llc == b->llc && (size != PCPU_GROUPS_CORE || a->core == b->core);
}

/* Puts n pCPUs, which may all be of one group, into as few groups as their size allows; returns how many those are. */
static int divide(struct pcpu_groups *g, const struct pcpu_groups_key *keys, int n, double size, int group)
{
    int most = size > 0 && size < n ? (int)size : n, groups = (n + most - 1) / most;

    for (int i = 0; i < n; i++)
        g->of[keys[i].pcpu] = group + (int)((long)i * groups / n);
    return groups;
}

/* Numbers the groups by their lowest pCPU, in the place of their numbers as divided. */
static void number_groups(struct pcpu_groups *g, int n_pcpus, int groups)
{
    int *number = g->size;

    for (int i = 0; i < groups; i++)
        number[i] = -1;
    g->n = 0;
    for (int i = 0; i < n_pcpus; i++) {
        if (number[g->of[i]] < 0) {
            g->first[g->n] = i;
            number[g->of[i]] = g->n++;
        }
        g->of[i] = number[g->of[i]];
    }
}

/* The keys are sorted, so that the threads of a core lie side by side. */
static void describe_groups(struct pcpu_groups *g, const struct snapshot *s)
{
    array_clear(g->size, g->n, sizeof(*g->size));
    array_clear(g->cores, g->n, sizeof(*g->cores));
    array_clear(g->masks, g->n * g->words, sizeof(*g->masks));
    for (int i = 0; i < s->n_pcpus; i++) {
        g->size[g->of[i]]++;
        cpumask_set(g->masks + (size_t)g->of[i] * (size_t)g->words, s->pcpus[i].number);
    }
    for (int i = 0; i < s->n_pcpus; i++) {
        const struct pcpu_groups_key *key = &g->keys[i], *before = key - 1;

        if (i == 0 || before->core != key->core || g->of[before->pcpu] != g->of[key->pcpu])
            g->cores[g->of[key->pcpu]]++;
    }
}

int pcpu_groups_find(struct pcpu_groups *g, const struct snapshot *s, double size, const bool *alone)
{
    int groups = 0;

    if (reserve(g, s))
        return -ENOMEM;
    for (int i = 0; i < s->n_pcpus; i++) {
        const struct snapshot_pcpu *p = &s->pcpus[i];
        bool apart = !p->online || p->isolated || p->refuses || (alone && alone[i]);

        g->keys[i] = (struct pcpu_groups_key){apart ? i + 1 : 0, p->node, p->llc, p->core, i};
    }
    if (s->n_pcpus > 1)
        qsort(g->keys, (size_t)s->n_pcpus, sizeof(*g->keys), compare_keys);
    for (int i = 0, n; i < s->n_pcpus; i += n) {
        for (n = 1; i + n < s->n_pcpus && may_join(&g->keys[i], &g->keys[i + n], size);)
            n++;
        groups += divide(g, g->keys + i, n, size, groups);
    }
    number_groups(g, s->n_pcpus, groups);
    describe_groups(g, s);
    return 0;
}

const uint64_t *pcpu_groups_mask(const struct pcpu_groups *g, int group)
{
    return g->masks + (size_t)group * (size_t)g->words;
}

bool pcpu_groups_read(const char *text, double *size)
{
    char *end;
    long n;

    for (int i = 0; i < WORDS; i++) {
        if (strcmp(text, words_of_sizes[i].word) == 0) {
            *size = words_of_sizes[i].size;
            return true;
        }
    }
    errno = 0;
    n = strtol(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || n < 1 || n > (long)PCPU_GROUPS_MOST)
        return false;
    *size = (double)n;
    return true;
}

const char *pcpu_groups_word(double size, char *text)
{
    for (int i = 0; i < WORDS; i++) {
        if (words_of_sizes[i].size == size) {
            snprintf(text, PCPU_GROUPS_WORD_BYTES, "%s", words_of_sizes[i].word);
            return text;
        }
    }
    snprintf(text, PCPU_GROUPS_WORD_BYTES, "%.0f", size);
    return text;
}
