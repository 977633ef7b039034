#include "cpu/placement/placement_rows.h"

#include <stddef.h>
#include <string.h>

void placement_rows_start(struct placement_rows *r)
{
    r->n = 0;
    for (int k = 0; k < r->n_buckets; k++)
        r->buckets[k] = -1;
}

/* FNV-1a over words. */
static uint64_t hash_of(const uint64_t *mask, int words, int home)
{
    uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)(unsigned)home;

    for (int w = 0; mask && w < words; w++)
        hash = (hash ^ mask[w]) * 0x100000001b3u;
    return hash ^ hash >> 29;
}

static bool same_mask(const uint64_t *a, const uint64_t *b, int words)
{
    return a == b || (a && b && memcmp(a, b, (size_t)words * sizeof(*a)) == 0);
}

static bool allows(const struct placement_problem *problem, const uint64_t *mask, int pcpu)
{
    int bit = problem->cpu ? problem->cpu[pcpu] : pcpu;

    return !mask || (bit / 64 < problem->mask_words && mask[bit / 64] >> (bit % 64) & 1);
}

static int make_row(struct placement_rows *r, int vcpu, int home)
{
    const struct placement_problem *problem = r->problem;
    uint64_t *bits = r->bits + (size_t)r->n * (size_t)r->words;

    memset(bits, 0, (size_t)r->words * sizeof(*bits));
    r->home[r->n] = home;
    r->sample[r->n] = vcpu;
    r->size[r->n] = 0;
    for (int p = 0; p < problem->n_pcpus; p++)
        if (allows(problem, problem->vcpus[vcpu].allowed, p) && (home < 0 || problem->node[p] == home)) {
            bits[p / 64] |= (uint64_t)1 << (p % 64);
            r->size[r->n]++;
        }
    return r->n++;
}

int placement_rows_of(struct placement_rows *r, int vcpu, int home)
{
    const struct placement_problem *problem = r->problem;
    const uint64_t *mask = problem->vcpus[vcpu].allowed;
    uint64_t at = hash_of(mask, problem->mask_words, home);

    for (;; at++) {
        int *bucket = &r->buckets[at & (uint64_t)(r->n_buckets - 1)];

        if (*bucket < 0)
            return *bucket = make_row(r, vcpu, home);
        if (r->home[*bucket] == home &&
            same_mask(problem->vcpus[r->sample[*bucket]].allowed, mask, problem->mask_words))
            return *bucket;
    }
}

bool placement_rows_have(const struct placement_rows *r, int row, int pcpu)
{
    return r->bits[(size_t)row * (size_t)r->words + (size_t)(pcpu / 64)] >> (pcpu % 64) & 1;
}
