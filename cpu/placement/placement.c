#include "cpu/placement/placement.h"

#include "core/model/statistics.h"

#include <math.h>
#include <string.h>

#include "cpu/placement/placement_homes.h"
#include "cpu/placement/placement_order.h"
#include "cpu/placement/placement_scratch.h"

const char *placement_outcome_word(enum placement_outcome outcome)
{
    static const char *const words[] = {
        [PLACEMENT_BALANCED] = "balanced", [PLACEMENT_MET_AIM] = "met-aim",     [PLACEMENT_BEST] = "best",
        [PLACEMENT_AT_BEST] = "at-best",   [PLACEMENT_NOT_WORTH] = "not-worth", [PLACEMENT_IMMOVABLE] = "immovable",
    };

    return words[outcome];
}

double placement_sd(const double *load_pct, int n)
{
    struct statistics loads = {0};

    for (int p = 0; p < n; p++)
        statistics_add(&loads, load_pct[p]);
    return statistics_sd(&loads);
}

static struct placement_goal goal_of(struct placement_scratch *s, double bound)
{
    const struct placement_problem *problem = &s->problem;

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

/* How much the sd may rise for the sake of nearness and the like. */
static double limit_for_ties(const struct placement_scratch *s, const struct placement_found *found)
{
    const struct placement_board *b = &s->board;
    double equal_sd = s->problem.equal_sd > 0 ? s->problem.equal_sd : PLACEMENT_EQUAL_SD;
    double sd = fmin(placement_board_sd(b, b->square) + equal_sd, found->limit_sd);

    if (b->n_moved && !s->problem.force)
        sd = fmin(sd, found->start_sd - s->problem.min_gain * b->n_moved);
    return fmax(b->square, placement_board_square(b, sd));
}

static void settle_ties(struct placement_scratch *s, const struct placement_found *found, bool within)
{
    const struct placement_board *b = &s->board;

    placement_ties_start(&s->ties);
    placement_ties_settle(&s->ties, limit_for_ties(s, found));
    memcpy(s->kept, b->at, (size_t)b->n_items * sizeof(*s->kept));
    if (!within)
        placement_ties_part(&s->ties, b->square + 1e-6);
}

static void list_moves(struct placement_scratch *s, struct placement *out)
{
    const struct placement_board *b = &s->board;

    for (int i = 0; i < b->n_items; i++) {
        struct placement_move *m = &s->moves[out->n_moves];

        if (b->at[i] == b->origin[i])
            continue;
        *m = (struct placement_move){.vcpu = s->vcpu_of[i], .from = b->hint[i], .to = b->at[i]};
        if (b->origin[i] < 0) {
            m->why = PLACEMENT_FOR_ADOPTION;
            out->n_adopted++;
        } else if (s->kept[i] == b->origin[i]) {
            m->why = PLACEMENT_FOR_CORES;
        }
        s->to[m->vcpu] = m->to;
        out->n_moves++;
    }
    memcpy(s->after, s->before, (size_t)b->n_pcpus * sizeof(*s->after));
    placement_order(&s->problem, s->moves, out->n_moves, s->after, b->mean, b->keys, b->spare, s->spare_moves);
    memcpy(s->after, b->load, (size_t)b->n_pcpus * sizeof(*s->after)); /* the same, but for rounding */
}

static enum placement_outcome outcome_of(const struct placement_scratch *s, const struct placement *out, bool within)
{
    if (within)
        return PLACEMENT_BALANCED;
    if (out->n_moves > out->n_adopted)
        return out->met_aim && !s->problem.force ? PLACEMENT_MET_AIM : PLACEMENT_BEST;
    if (out->rejected_moves)
        return PLACEMENT_NOT_WORTH;
    return s->board.n_items > s->board.n_floating ? PLACEMENT_AT_BEST : PLACEMENT_IMMOVABLE;
}

int placement_plan(const struct placement_problem *problem, struct placement_scratch *scratch, struct placement *out)
{
    struct placement_scratch *s = scratch;
    struct placement_found found = {.rejected_sd = -1};
    struct placement_goal goal;
    bool homes, within;
    int failure = placement_scratch_prepare(s, problem);

    if (failure)
        return failure;
    *out = (struct placement){.moves = s->moves, .before_pct = s->before, .after_pct = s->after, .to = s->to};
    out->bound = placement_bound_sd(&s->board, s->wide, &s->room);
    out->sd_before = placement_sd(s->before, problem->n_pcpus);
    out->mean_pct = s->board.mean;
    goal = goal_of(s, out->bound);
    homes = memcmp(s->wide, s->narrow, (size_t)s->board.n_items * sizeof(*s->wide)) != 0;
    if (homes)
        goal.bound = placement_bound_sd(&s->board, s->narrow, &s->room);
    placement_search(&s->search, &goal, &found);
    within = !problem->force && found.start_sd <= problem->trigger;
    if (!homes) /* a search of everything is the best bound; rounded down as others are */
        out->bound = fmax(out->bound, found.best_sd - 1e-6);
    if (!within && homes)
        placement_homes_leave(s, &goal, &found);
    out->rejected_moves = found.rejected_moves;
    out->rejected_sd = found.rejected_sd;
    settle_ties(s, &found, within);
    list_moves(s, out);
    out->sd_after = placement_sd(s->after, problem->n_pcpus);
    out->met_aim = out->sd_after <= problem->aim;
    out->outcome = outcome_of(s, out, within);
    return 0;
}
