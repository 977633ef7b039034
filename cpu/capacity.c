#include "cpu/capacity.h"

#include "core/model/cpumask.h"

#include <errno.h>
#include <stdlib.h>

int capacity_find(const struct snapshot *s, double **capacity)
{
    bool differ = false;

    *capacity = NULL;
    for (int i = 1; i < s->n_pcpus; i++)
        differ |= capacity_of(&s->pcpus[i]) != capacity_of(&s->pcpus[0]);
    if (!differ)
        return 0;
    *capacity = malloc((size_t)s->n_pcpus * sizeof(**capacity));
    for (int i = 0; *capacity && i < s->n_pcpus; i++)
        (*capacity)[i] = capacity_of(&s->pcpus[i]);
    return *capacity ? 0 : -ENOMEM;
}

double capacity_where(const struct snapshot *s, int vcpu)
{
    const uint64_t *mask = snapshot_mask(s, s->vcpus[vcpu].affinity);
    double sum = 0.0;
    int n = 0;

    for (int i = 0; i < s->n_pcpus; i++) {
        if (!s->pcpus[i].online || (mask && !cpumask_has(mask, snapshot_words(s), s->pcpus[i].number)))
            continue;
        sum += capacity_of(&s->pcpus[i]);
        n++;
    }
    return n > 0 ? sum / n : 1.0;
}
