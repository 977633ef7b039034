#include "cpu/placement/placement.h"

#include "cpu/placement/placement_inside.h"

#include <math.h>
#include <string.h>

static struct placement_goal goal_of(const struct placement_problem *problem, double bound)
{
    return (struct placement_goal){
        .trigger = problem->trigger,
        .aim = problem->aim,
        .min_gain = problem->min_gain,
        .near = problem->force           ? PLACEMENT_NEAR_BEST_FORCED_SD
                : problem->near_best > 0 ? problem->near_best
                                         : PLACEMENT_NEAR_BEST_SD,
        .bound = bound,
        .force = problem->force,
    };
}

/* How far ssd may rise for the sake of nearness. */
static double limit_for_nearness(const struct placement_scratch *s, const struct placement_result *result)
{
    const struct placement_board *b = &s->board;
    double equal_sd = s->problem.equal_sd > 0 ? s->problem.equal_sd : PLACEMENT_EQUAL_SD;
    double sd = fmin(placement_board_sd(b, b->ssd) + equal_sd, result->limit_sd);

    if (b->n_moved && !s->problem.force)
        sd = fmin(sd, result->start_sd - s->problem.min_gain * b->n_moved);
    return fmax(b->ssd, placement_board_ssd(b, sd));
}

void placement_list_moves(struct placement_scratch *s, struct placement *out)
{
    out->n_moves = out->n_adopted = 0;
    for (int i = 0; i < s->board.n_vcpus; i++) {
        int v = s->number[i];
        const struct placement_vcpu *vcpu = &s->problem.vcpus[v];
        struct placement_move *m = &s->moves[out->n_moves];

        if (s->to[v] < 0 || (!vcpu->floating && s->to[v] == vcpu->where))
            continue;
        *m = (struct placement_move){.vcpu = v, .from = vcpu->where, .to = s->to[v]};
        if (vcpu->floating) {
            m->why = PLACEMENT_FOR_ADOPTION;
            out->n_adopted++;
        } else if (s->kept[i] == vcpu->where) {
            m->why = PLACEMENT_FOR_CORES;
        }
        out->n_moves++;
    }
    memcpy(s->after, s->before, (size_t)s->board.n_pcpus * sizeof(*s->after));
    placement_nearer_order(s, out->n_moves);
}

static enum placement_outcome outcome_of(const struct placement_scratch *s, const struct placement *out, bool within)
{
    if (within)
        return PLACEMENT_BALANCED;
    if (out->n_moves > out->n_adopted)
        return out->met_aim && !s->problem.force ? PLACEMENT_MET_AIM : PLACEMENT_BEST;
    if (out->rejected_moves)
        return PLACEMENT_NOT_WORTH;
    return s->board.n_vcpus > s->board.n_floating ? PLACEMENT_AT_BEST : PLACEMENT_IMMOVABLE;
}

void placement_plan_pcpus(struct placement_scratch *s, struct placement *out)
{
    const struct placement_problem *problem = &s->problem;
    struct placement_board *b = &s->board;
    struct placement_result result;
    struct placement_goal goal;
    bool homes, within;

    *out = (struct placement){.moves = s->moves,
                              .before_pct = s->before,
                              .after_pct = s->after,
                              .to = s->to,
                              .cores_sd_before = -1,
                              .cores_sd_after = -1};
    out->bound = placement_bound_sd(b, s->wide, &s->area);
    out->sd_before = placement_board_sd_of(b, s->before);
    out->mean_pct = b->mean;
    goal = goal_of(problem, out->bound);
    homes = memcmp(s->wide, s->narrow, (size_t)b->n_vcpus * sizeof(*s->wide)) != 0;
    if (homes)
        goal.bound = placement_bound_sd(b, s->narrow, &s->area);
    placement_search(s, &goal, &result);
    within = !problem->force && result.start_sd <= problem->trigger;
    if (!homes) /* a search of everything is the best bound; lower by as little as others are */
        out->bound = fmax(out->bound, result.best_sd - 1e-6);
    else if (!within)
        placement_homes_leave(s, &goal, &result);
    out->rejected_moves = result.rejected_moves;
    out->rejected_sd = result.rejected_sd;
    placement_nearer_settle(s, limit_for_nearness(s, &result));
    memcpy(s->kept, b->at, (size_t)b->n_vcpus * sizeof(*s->kept));
    if (!within)
        placement_nearer_part(s, b->ssd + 1e-6);
    for (int v = 0; v < b->n_vcpus; v++)
        s->to[s->number[v]] = b->at[v];
    placement_list_moves(s, out);
    memcpy(s->after, b->load, (size_t)b->n_pcpus * sizeof(*s->after)); /* the same, but for rounding */
    out->sd_after = placement_board_sd_of(b, s->after);
    out->met_aim = out->sd_after <= problem->aim;
    out->outcome = outcome_of(s, out, within);
}

int placement_plan(const struct placement_problem *problem, struct placement_scratch *scratch, struct placement *out)
{
    int failure = placement_problem_lay_out(scratch, problem);

    if (failure)
        return failure;
    placement_plan_pcpus(scratch, out);
    return problem->core_capacity > 0 ? placement_cores_plan(scratch, out) : 0;
}
