/*
 * Cores before threads. Two hyperthreads that are both busy get about 1.3 full CPUs' work done, one alone gets 1. Where
 * a few vCPUs are hot and most are not, no placement makes all threads alike; then one that makes all cores alike
 * serves more:
 *
 *      threads alike            cores alike
 *      core 0   core 1          core 0   core 1
 *      100 100   40  40         100  40  100  40       demand on each thread
 *
 * So cores are taken for pCPUs of that capacity and planned first; then, within each core, its threads, for those that
 * come to the core as well as for those that stay.
 */
#include "core/model/statistics.h"
#include "cpu/placement/placement_inside.h"

#include <errno.h>
#include <string.h>

/* Fills in what each core gets done, and numbers llc and node by core. */
static void describe_cores(struct placement_scratch *s)
{
    const struct placement_problem *problem = &s->problem;

    s->n_cores = 0;
    memset(s->core_capacity, 0, (size_t)problem->n_pcpus * sizeof(*s->core_capacity));
    for (int p = 0; p < problem->n_pcpus; p++) {
        int k = s->core[p];

        s->n_cores = k >= s->n_cores ? k + 1 : s->n_cores;
        s->core_capacity[k] = s->board.weight[p] * (s->core_capacity[k] > 0 ? problem->core_capacity : 1);
        s->core_llc[k] = problem->llc ? problem->llc[p] : 0;
        s->core_node[k] = problem->node ? problem->node[p] : 0;
    }
}

/* Leaves in core_load what the demand on each core is that makes the pCPUs' loads, and returns the cores' sd. */
static double sd_of_cores(struct placement_scratch *s, const double *load)
{
    struct statistics loads = {0};

    memset(s->core_load, 0, (size_t)s->n_cores * sizeof(*s->core_load));
    for (int p = 0; p < s->problem.n_pcpus; p++)
        s->core_load[s->core[p]] += load[p] * s->board.weight[p];
    for (int k = 0; k < s->n_cores; k++)
        statistics_add_weighted(&loads, s->core_load[k] / s->core_capacity[k], s->core_capacity[k]);
    return statistics_sd(&loads);
}

static bool may_be_on(const struct placement_scratch *s, int vcpu, int pcpu)
{
    const uint64_t *allowed = s->problem.vcpus[vcpu].allowed;
    int bit = s->problem.cpu ? s->problem.cpu[pcpu] : pcpu;

    return !allowed || (bit / 64 < s->problem.mask_words && placement_mask_has(allowed, bit));
}

/* Plans with cores for pCPUs, leaving in s->list the core of each vCPU after it. */
static int plan_cores(struct placement_scratch *s, struct placement *out)
{
    struct placement_problem cores = s->problem;
    int failure;

    cores.n_pcpus = s->n_cores;
    cores.capacity = s->core_capacity;
    cores.background_pct = s->core_load;
    cores.cpu = cores.core = NULL;
    cores.llc = s->core_llc;
    cores.node = s->problem.node ? s->core_node : NULL;
    cores.smt = false;
    cores.core_capacity = 0;
    cores.vcpus = s->core_vcpus;
    cores.mask_words = s->n_cores / 64 + 1;
    memset(s->core_load, 0, (size_t)s->n_cores * sizeof(*s->core_load));
    for (int p = 0; p < s->problem.n_pcpus; p++)
        s->core_load[s->core[p]] += s->problem.background_pct ? s->problem.background_pct[p] : 0;
    for (int v = 0; v < cores.n_vcpus; v++) {
        uint64_t *mask = s->core_masks + (size_t)v * (size_t)cores.mask_words;
        struct placement_vcpu *vcpu = &s->core_vcpus[v];

        *vcpu = s->problem.vcpus[v];
        vcpu->where = vcpu->where >= 0 ? s->core[vcpu->where] : -1;
        vcpu->allowed = vcpu->allowed ? mask : NULL;
        memset(mask, 0, (size_t)cores.mask_words * sizeof(*mask));
        for (int p = 0; p < s->problem.n_pcpus; p++)
            if (may_be_on(s, v, p))
                mask[s->core[p] / 64] |= (uint64_t)1 << s->core[p] % 64;
    }
    failure = placement_plan(&cores, s->inner, out);
    if (!failure)
        memcpy(s->list, out->to, (size_t)cores.n_vcpus * sizeof(*s->list));
    return failure;
}

/* Plans the threads of each core; who comes from another core may go to either of them. */
static int plan_threads(struct placement_scratch *s, struct placement *out)
{
    struct placement_problem threads = s->problem;

    threads.smt = false;
    threads.core_capacity = 0;
    threads.cpu = NULL;
    threads.vcpus = s->core_vcpus;
    threads.mask_words = s->board.words;
    for (int v = 0; v < threads.n_vcpus; v++) {
        uint64_t *mask = s->core_masks + (size_t)v * (size_t)s->board.words;
        struct placement_vcpu *vcpu = &s->core_vcpus[v];

        *vcpu = s->problem.vcpus[v];
        vcpu->allowed = mask;
        vcpu->home = -1;
        memset(mask, 0, (size_t)s->board.words * sizeof(*mask));
        for (int p = 0; p < threads.n_pcpus; p++)
            if (s->core[p] == s->list[v] && may_be_on(s, v, p))
                mask[p / 64] |= (uint64_t)1 << p % 64;
        if (vcpu->where >= 0 && s->core[vcpu->where] != s->list[v] && s->list[v] >= 0) {
            vcpu->floating = true;
            vcpu->where = -1;
        }
    }
    return placement_plan(&threads, s->inner, out);
}

int placement_cores_plan(struct placement_scratch *s, struct placement *out)
{
    struct placement cores, threads;
    double before;
    int failure;

    describe_cores(s);
    if (out->sd_after <= s->problem.trigger || s->n_cores == s->problem.n_pcpus ||
        sd_of_cores(s, s->after) <= s->problem.trigger)
        return 0;
    before = sd_of_cores(s, s->before);
    if (!s->inner)
        s->inner = placement_scratch_create();
    if (!s->inner)
        return -ENOMEM;
    failure = plan_cores(s, &cores);
    if (failure)
        return failure;
    out->rejected_moves = cores.rejected_moves;
    out->rejected_sd = cores.rejected_sd;
    failure = plan_threads(s, &threads);
    if (failure)
        return failure;
    memcpy(s->to, threads.to, (size_t)s->problem.n_vcpus * sizeof(*s->to));
    placement_list_moves(s, out);
    for (int m = 0; m < out->n_moves; m++) {
        struct placement_move *move = &s->moves[m];

        if (move->why != PLACEMENT_FOR_ADOPTION)
            move->why = s->core[move->from] != s->core[move->to] ? PLACEMENT_FOR_CORE_LOAD : PLACEMENT_FOR_BALANCE;
    }
    memcpy(s->after, threads.after_pct, (size_t)s->problem.n_pcpus * sizeof(*s->after));
    out->sd_after = threads.sd_after;
    out->met_aim = threads.met_aim;
    out->cores_sd_before = before;
    out->cores_sd_after = sd_of_cores(s, s->after);
    if (out->n_moves > out->n_adopted)
        out->outcome = PLACEMENT_BEST;
    else if (cores.rejected_moves)
        out->outcome = PLACEMENT_NOT_WORTH;
    else if (out->outcome != PLACEMENT_IMMOVABLE)
        out->outcome = PLACEMENT_AT_BEST;
    return 0;
}
