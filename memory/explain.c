#include "memory/decision.h"

#include <math.h>
#include <stdio.h>

enum { LASTS_S = 60 }; /* when what is unused lasts for so long, it's not for that that a guest is given more */

static double mib(uint64_t kib)
{
    return (double)kib / MIB_KIB;
}

/* "512 MiB", "3.1 GiB" */
static const char *amount(uint64_t kib, char *text, size_t size)
{
    if (kib < 10240ULL * MIB_KIB)
        snprintf(text, size, "%.0f MiB", mib(kib));
    else
        snprintf(text, size, "%.1f GiB", mib(kib) / 1024);
    return text;
}

static const char *left_alone(enum snapshot_leave_alone why)
{
    switch (why) {
    case SNAPSHOT_LEAVE_LOCKED:
        return "left alone: locked by the operator";
    case SNAPSHOT_LEAVE_EXCLUDED:
        return "left alone: excluded by option";
    case SNAPSHOT_LEAVE_METADATA:
        return "left alone: its metadata say so";
    case SNAPSHOT_LEAVE_STALE:
        return "left alone: it doesn't answer";
    case SNAPSHOT_LEAVE_UNREADABLE:
        return "left alone: its definition can't be read";
    case SNAPSHOT_LEAVE_NO:
        break;
    }
    return "";
}

static const char *not_running(enum snapshot_guest_state state)
{
    switch (state) {
    case SNAPSHOT_GUEST_PAUSED:
        return "left alone: paused";
    case SNAPSHOT_GUEST_MIGRATING:
        return "left alone: migrating, or busy with another job";
    case SNAPSHOT_GUEST_STOPPING:
        return "left alone: stopping";
    case SNAPSHOT_GUEST_RUNNING:
        break;
    }
    return "";
}

static void aside_words(const struct decision *d, const struct decision_guest *v, char *text, size_t size)
{
    unsigned long long left = v->history->aside_until - d->c->interval;
    const char *plural = left == 1 ? "" : "s";

    if (v->history->aside == GUEST_HISTORY_ASIDE_STUCK)
        snprintf(text, size, "balloon stuck at %.0f MiB: tried again in %llu interval%s", mib(v->size_kib), left,
                 plural);
    else
        snprintf(text, size, "its size can't be set: tried again in %llu interval%s", left, plural);
}

static void free_words(const struct decision *d, const struct decision_guest *v, char *text, size_t size)
{
    const struct guest_history *g = v->history;
    uint64_t after = v->size_kib + v->give_kib;
    unsigned long long left = kib_less(guest_history_cooldown_until(g), d->c->interval);

    if (g->pending && v->move != DECISION_WITHDRAW)
        snprintf(text, size, "balloon on its way: %.0f to %.0f MiB", mib(v->size_kib), mib(g->target_kib));
    else if (v->size_kib >= guest_history_max(v->history, &v->now->memory) &&
             v->need.trigger_kib >= guest_history_max(v->history, &v->now->memory))
        snprintf(text, size, "at its maximum of %.0f MiB", mib(guest_history_max(v->history, &v->now->memory)));
    else if (v->need.need_kib > after + MIB_KIB)
        snprintf(text, size, "%.0f MiB short of its need%s", mib(v->need.need_kib - after),
                 v->binding >= 0 && d->bindings[v->binding].left_kib < MIB_KIB ? ": its NUMA nodes have no more" : "");
    else if (g->growth.rate_kib_s > 0)
        snprintf(text, size, "grows %.1f MiB/s", g->growth.rate_kib_s / MIB_KIB);
    else if (left > 0)
        snprintf(text, size, "%.0f MiB idle; cools down for %llu more interval%s", mib(g->figures.unused_kib), left,
                 left == 1 ? "" : "s");
    else
        snprintf(text, size, "%.0f MiB idle", mib(g->figures.unused_kib));
}

void explain_sizes_status(const struct decision *d, const struct decision_guest *v, char *text, size_t size)
{
    switch (v->block) {
    case DECISION_BLOCK_NONE:
        free_words(d, v, text, size);
        break;
    case DECISION_BLOCK_LEFT_ALONE:
        snprintf(text, size, "%s", left_alone(v->now->leave_alone));
        break;
    case DECISION_BLOCK_STATE:
        snprintf(text, size, "%s", not_running(v->now->state));
        break;
    case DECISION_BLOCK_NO_BALLOON:
        snprintf(text, size, "no balloon device");
        break;
    case DECISION_BLOCK_INHIBITED:
        snprintf(text, size, "huge pages or locked memory: ballooning frees nothing");
        break;
    case DECISION_BLOCK_NO_SIZE:
        snprintf(text, size, "its size isn't reported");
        break;
    case DECISION_BLOCK_ABOVE_MAX:
        snprintf(text, size, "larger than its maximum of %.0f MiB",
                 mib(guest_history_max(v->history, &v->now->memory)));
        break;
    case DECISION_BLOCK_NEVER_REPORTED:
        snprintf(text, size,
                 v->now->memory.stats_refused ? "asking it for statistics is refused: tried again"
                                              : "starting, or no balloon driver: no statistics yet");
        break;
    case DECISION_BLOCK_FROZEN:
        snprintf(text, size, "statistics stand still for %.0f s", d->c->now_s - v->history->fresh_s);
        break;
    case DECISION_BLOCK_ASIDE:
        aside_words(d, v, text, size);
        break;
    }
}

static void need_words(const struct decision_guest *v, char *text, size_t size)
{
    const struct guest_history *g = v->history;
    double unused = mib(g->figures.unused_kib), rate = g->growth.rate_kib_s / MIB_KIB;
    double swap_kib_s = g->swap_in_kib_s + g->swap_out_kib_s;

    if (v->flashed_kib > 0 && rate <= 0)
        snprintf(text, size, "used %.0f MiB for a moment, now %.0f: may do so again", mib(g->flash_kib),
                 mib(g->figures.used_kib));
    else if (rate > 0 && unused / rate > LASTS_S)
        snprintf(text, size, "grows %.1f MiB/s: made ready to grow faster, unused %.0f MiB", rate, unused);
    else if (rate > 0)
        snprintf(text, size, "grows %.1f MiB/s, unused %.0f MiB would last %.0f s", rate, unused, unused / rate);
    else if (swap_kib_s > MIB_KIB / 10.0)
        snprintf(text, size, "swaps %.1f MiB/s, unused %.0f MiB", swap_kib_s / MIB_KIB, unused);
    else
        snprintf(text, size, "unused %.0f MiB: needs %.0f MiB in all", unused, mib(v->need.trigger_kib));
}

static void witness_words(const struct decision_guest *v, char *text, size_t size)
{
    const struct guest_history *g = v->history;
    double swap = (g->swap_in_kib_s + g->swap_out_kib_s) / MIB_KIB, give = mib(v->give_kib);

    if (!guest_history_strains(g))
        snprintf(text, size, "statistics stand still, but %.0f MiB more of it are resident: gives %.0f MiB",
                 mib(guest_history_witnessed(g, &v->now->memory)), give);
    else if (swap >= 0.1)
        snprintf(text, size, "statistics stand still, but it swaps %.1f MiB/s: gives %.0f MiB", swap, give);
    else
        snprintf(text, size, "statistics stand still, but it takes %.0f major faults/s: gives %.0f MiB",
                 g->major_faults_s, give);
}

static void grow_words(const struct decision_guest *v, char *text, size_t size)
{
    const struct guest_history *g = v->history;

    if (v->why == DECISION_WHY_HURT)
        snprintf(text, size, "the cut hurt (%s): gives %.0f MiB back", g->hurt_by, mib(v->give_kib));
    else if (v->why == DECISION_WHY_WITNESS)
        witness_words(v, text, size);
    else if (v->why == DECISION_WHY_NEED || g->growth.rate_kib_s > 0)
        need_words(v, text, size);
    else
        snprintf(text, size, "memory is plenty: %.0f MiB more to be ready for growth", mib(v->give_kib));
}

static void cut_words(const struct decision_guest *v, char *text, size_t size)
{
    double take = mib(v->take_kib), unused = mib(v->history->figures.unused_kib),
           spare = mib(v->history->figures.spare_kib);

    if (v->why == DECISION_WHY_IDLE)
        snprintf(text, size, "idle %.0f MiB: takes %.0f MiB back", unused, take);
    else if (v->why == DECISION_WHY_PRESSED)
        snprintf(text, size, "host under pressure: takes %.0f of %.0f MiB it can spare", take, spare);
    else if (v->why == DECISION_WHY_FORCED)
        snprintf(text, size, "asked for by the operator: takes %.0f of %.0f MiB it can spare", take, spare);
    else
        snprintf(text, size, "memory is short: takes %.0f of %.0f MiB it can spare", take, spare);
}

static void withdraw_words(const struct decision *d, const struct decision_guest *v, char *text, size_t size)
{
    const struct guest_history *g = v->history;
    double target = mib(g->target_kib), now = mib(v->size_kib);

    if (v->why == DECISION_WHY_STUCK)
        snprintf(text, size, "balloon stuck at %.0f MiB for %.0f s: withdraws the request for %.0f MiB", now,
                 d->c->now_s - g->progress_s, target);
    else if (v->why == DECISION_WHY_GAVE_WAY)
        snprintf(text, size, "its balloon gave way (deflate-on-oom): lets it keep %.0f MiB", now);
    else if (v->why == DECISION_WHY_RISING)
        snprintf(text, size, "needs %.0f MiB by now: withdraws the request for %.0f MiB", mib(v->need.need_kib),
                 target);
    else if (v->why == DECISION_WHY_BLIND)
        snprintf(text, size, "statistics stand still: withdraws the request for %.0f MiB", target);
    else
        snprintf(text, size, "the host can't back it any more: withdraws the request for %.0f MiB", target);
}

void explain_sizes_reason(const struct decision *d, const struct decision_guest *v, char *text, size_t size)
{
    if (v->move == DECISION_GROW)
        grow_words(v, text, size);
    else if (v->move == DECISION_CUT)
        cut_words(v, text, size);
    else
        withdraw_words(d, v, text, size);
}

/* How much there is to give, as a sum that adds up. */
static void host_words(const struct budget *b, char *text, size_t size)
{
    double free_mib = round(mib(b->free_kib)), reserve = round(mib(b->reserve_kib)), way = round(mib(b->granted_kib));
    double give = round((double)b->to_give_kib / MIB_KIB);

    /* What may be touched takes up what rounding leaves over. */
    if (b->known)
        snprintf(text, size, "%.0f MiB available - %.0f reserve - %.0f may be touched - %.0f on the way = %.0f to give",
                 free_mib, reserve, free_mib - reserve - way - give, way, give);
    else
        snprintf(text, size, "host memory unknown");
}

void explain_sizes_summary(const struct decision *d, const struct plan *plan, char *text, size_t size)
{
    uint64_t given = 0, taken = 0;
    int grown = 0, cuts = 0, withdrawn = 0, pending = 0, managed = 0;
    char done[120], host[140], a[24], b[24];

    for (int i = 0; i < d->n; i++) {
        const struct decision_guest *v = &d->guests[i];

        given += v->give_kib;
        taken += v->take_kib;
        grown += v->move == DECISION_GROW;
        cuts += v->move == DECISION_CUT;
        withdrawn += v->move == DECISION_WITHDRAW;
        pending += v->history->pending;
        managed += v->block == DECISION_BLOCK_NONE;
    }
    if (grown && cuts)
        snprintf(done, sizeof(done), "gives %s to %d, takes %s from %d", amount(given, a, sizeof(a)), grown,
                 amount(taken, b, sizeof(b)), cuts);
    else if (grown)
        snprintf(done, sizeof(done), "gives %s to %d", amount(given, a, sizeof(a)), grown);
    else if (cuts)
        snprintf(done, sizeof(done), "takes %s from %d", amount(taken, b, sizeof(b)), cuts);
    else if (withdrawn)
        snprintf(done, sizeof(done), "withdraws %d request%s", withdrawn, withdrawn == 1 ? "" : "s");
    else if (plan->learning)
        snprintf(done, sizeof(done), "learning: waits for fresh statistics");
    else if (managed == 0)
        snprintf(done, sizeof(done), "no guest can be managed");
    else if (pending)
        snprintf(done, sizeof(done), "waits for %d balloon%s", pending, pending == 1 ? "" : "s");
    else if (plan->missing_kib > MIB_KIB)
        snprintf(done, sizeof(done), "nothing can be done");
    else
        snprintf(done, sizeof(done), "nothing to do: every need is met");
    host_words(&d->budget, host, sizeof(host));
    if (plan->missing_kib > MIB_KIB)
        snprintf(text, size, "%s; %s missing; %s", done, amount(plan->missing_kib, a, sizeof(a)), host);
    else
        snprintf(text, size, "%s; %s", done, host);
}
