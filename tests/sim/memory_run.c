#include "tests/sim/memory_run.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const double look_s = 0.5; /* how often the truth is looked at between decisions */

static double mib(uint64_t kib)
{
    return (double)kib / 1024;
}

static void __attribute__((format(printf, 2, 3))) broken(struct memory_run *run, const char *format, ...)
{
    va_list arguments;
    int length;

    if (run->lenient)
        return;
    if (run->trace) {
        va_start(arguments, format);
        fprintf(run->trace, "     BROKEN ");
        vfprintf(run->trace, format, arguments);
        fprintf(run->trace, "\n");
        va_end(arguments);
    }
    if (run->broken++ > 0)
        return;
    length = snprintf(run->first_broken, sizeof(run->first_broken), "interval %u: ", run->intervals);
    va_start(arguments, format);
    vsnprintf(run->first_broken + length, sizeof(run->first_broken) - (size_t)length, format, arguments);
    va_end(arguments);
}

double memory_run_reserve(const struct memory_run *run)
{
    const struct snapshot *now = &run->now;
    double usable = mib(now->host.has & SNAPSHOT_HOST_HAS_AVAILABLE ? now->host.available_kib
                                                                    : now->host.free_kib + now->host.caches_kib / 2);

    if (run->settings.host_reserve_mib >= 0)
        return run->settings.host_reserve_mib;
    for (int i = 0; i < now->n_guests; i++) {
        const struct snapshot_memory *m = &now->guests[i].memory;

        usable += mib(m->has & SNAPSHOT_HAS_RSS ? m->rss_kib : m->inhibited ? 0 : m->size_kib);
    }
    if (now->host.has & SNAPSHOT_HOST_HAS_TOTAL)
        usable = fmin(usable, mib(now->host.total_kib));
    return fmax(200, usable / 20);
}

static void make_room(struct memory_run *run)
{
    int n = memory_sim_count(run->sim);

    if (n <= run->cap_guests)
        return;
    run->guests = realloc(run->guests, (size_t)n * sizeof(*run->guests));
    if (!run->guests)
        abort();
    for (int i = run->cap_guests; i < n; i++)
        run->guests[i] = (struct memory_run_guest){.lowest_unused = INFINITY};
    run->cap_guests = n;
}

/* The figures of a snapshot's guest at its size of now, as the statistics and the balloon tell them. */
struct spare {
    double unused, usable;
};

static struct spare spare_of(const struct memory_run *run, const struct snapshot_guest *g, int guest)
{
    const struct snapshot_memory *m = &g->memory;
    const struct memory_sim_guest *facts = memory_sim_config(run->sim, guest);
    double moved = 0;

    if (m->has & SNAPSHOT_HAS_AVAILABLE && !facts->deflate_on_oom)
        moved = mib(m->size_kib) - mib(m->available_kib) - (facts->kernel_mib != 0 ? facts->kernel_mib : 20);
    return (struct spare){
        .unused = mib(m->unused_kib) + moved,
        .usable =
            (m->has & SNAPSHOT_HAS_USABLE ? mib(m->usable_kib) : mib(m->unused_kib) + mib(m->disk_caches_kib) / 2) +
            moved,
    };
}

/* Whether a size may be set. One whose statistics stopped may be given more, as its resident set or
 * its counters still tell. */
static bool may_be_touched(const struct memory_run *run, const struct snapshot_guest *g, int guest, bool withdrawal,
                           bool gives)
{
    const struct memory_sim_guest *facts = memory_sim_config(run->sim, guest);
    const struct memory_run_guest *r = &run->guests[guest];

    if (facts->balloon == MEMORY_BALLOON_NONE || facts->inhibited || g->leave_alone != SNAPSHOT_LEAVE_NO)
        return false;
    if (g->state == SNAPSHOT_GUEST_PAUSED)
        return withdrawal;
    if (g->state != SNAPSHOT_GUEST_RUNNING)
        return false;
    if (r->reported_at == 0 || !(g->memory.has & (SNAPSHOT_HAS_UNUSED | SNAPSHOT_HAS_USABLE)))
        return false;
    return withdrawal || (gives && (g->memory.has & SNAPSHOT_HAS_RSS || facts->counts_on)) ||
           r->frozen_s <= 3 * fmax(facts->period_s, 1) + run->interval_s || r->frozen_s <= 3 * run->interval_s + 1e-6;
}

static void check_request(struct memory_run *run, const struct plan_action *a, const struct memory_truth *t,
                          bool gives_way)
{
    double to = mib(a->to_kib), from = mib(a->from_kib);
    /* A balloon that gave way by itself is told to stay so, which may be what it was last asked for. */
    bool stays = gives_way && a->to_kib == a->from_kib;

    if (fabs(from - t->size) > 0.01)
        broken(run, "%s: it has %.1f MiB, not %.1f", a->name, t->size, from);
    if (to > t->max)
        broken(run, "%s: %.1f MiB is above its maximum of %.1f", a->name, to, t->max);
    if (fabs(to - t->target) < 0.001 && !stays)
        broken(run, "%s: %.1f MiB was asked for already", a->name, to);
    /* A balloon within 1 MiB of where it is to be is there. */
    if (fabs(t->target - t->size) > 1.01 && (to - from) * (t->target - t->size) > 0)
        broken(run, "%s: %.1f MiB is asked while it is on its way from %.1f to %.1f", a->name, to, t->size, t->target);
}

/* Nobody needs anything that the host hasn't: plenty is left with all that guests may touch, and twice what they want
 * or could grow by until two decisions from now. */
static bool is_calm(const struct memory_run *run)
{
    double left = memory_sim_host_truth(run->sim).worst - memory_run_reserve(run) - 1024;

    for (int i = 0; i < memory_sim_count(run->sim); i++) {
        struct memory_truth t = memory_sim_truth(run->sim, i);

        /* Of what is resident nothing is known: the policy may take all of it to be untouched. */
        if (t.there && memory_sim_config(run->sim, i)->no_rss)
            left -= t.resident;
        if (t.there)
            left -= 128 + 2 * fmax(t.goal - t.anon, 0) + 2 * t.rate * (2 * run->interval_s + 10) +
                    2 * fmax(run->guests[i].rises[0], run->guests[i].rises[1]);
    }
    return left > 0 && run->now.host.pressure_some_pct < 20;
}

/* By how much the host says to be below its reserve. */
static double host_lacks(const struct memory_run *run)
{
    const struct snapshot_host *h = &run->now.host;
    double caches = h->has & SNAPSHOT_HOST_HAS_CACHES ? mib(h->caches_kib) / 2 : 0;

    return memory_run_reserve(run) -
           (h->has & SNAPSHOT_HOST_HAS_AVAILABLE ? mib(h->available_kib) : mib(h->free_kib) + caches);
}

/* The most that may be taken at once, whoever is in need: half of what the guest can spare above the unused floor; for
 * what the host lacks, half of all that. */
static double most_at_once(const struct memory_run *run, double max, double usable)
{
    double step = fmax(100, max / 20), calm = fmin(step, usable / 4);
    double most = fmax((usable - run->settings.unused_floor_mib) / 2, calm);

    return fmax(most, fmin(host_lacks(run), usable / 2)) + 1;
}

static void check_cut(struct memory_run *run, const struct plan_action *a, const struct snapshot_guest *g, int guest,
                      const struct memory_truth *t)
{
    double taken = mib(a->from_kib) - mib(a->to_kib), to = mib(a->to_kib);
    double floor = fmin(run->guests[guest].floor, t->max);
    struct spare spare = spare_of(run, g, guest);
    bool calm = is_calm(run);
    const struct memory_run_guest *r = &run->guests[guest];

    if (to < floor - 0.01)
        broken(run, "%s: cut to %.1f MiB, below the floor of %.1f", a->name, to, floor);
    if (spare.usable - taken < run->settings.unused_floor_mib - 0.1)
        broken(run, "%s: %.1f MiB cut from %.1f that it can spare", a->name, taken, spare.usable);
    if (run->plan.forced)
        return;
    if (taken > most_at_once(run, t->max, spare.usable))
        broken(run, "%s: %.1f MiB at once from %.1f that it can spare", a->name, taken, spare.usable);
    if (!calm)
        return;
    if (taken > spare.unused / 4 + 1 || taken > fmax(100, t->max / 20) + 0.01)
        broken(run, "%s: %.1f MiB at once from %.1f unused, in calm", a->name, taken, spare.unused);
    if (r->grown_at && run->intervals <= r->grown_at + 3 && t->size - spare.usable > r->peak_used - 16)
        broken(run, "%s: see-saw: cut %u intervals after growth, and demand didn't fall", a->name,
               run->intervals - r->grown_at);
}

static void note_move(struct memory_run *run, const struct plan_action *a, int guest, double used, bool early)
{
    struct memory_run_guest *r = &run->guests[guest];

    run->set_calls++;
    run->early_calls += early;
    if (a->to_kib > a->from_kib) {
        if (r->cut_at && run->intervals <= r->cut_at + 3)
            run->reversals++;
        r->grown_at = run->intervals;
        r->peak_used = used;
    } else if (a->to_kib < a->from_kib) {
        if (r->grown_at && run->intervals <= r->grown_at + 3)
            run->reversals++;
        r->cut_at = run->intervals;
        run->largest_cut = fmax(run->largest_cut, mib(a->from_kib) - mib(a->to_kib));
    } else {
        run->withdrawals++;
    }
}

/* now: the snapshot that the plan was made from. */
static void check_plan(struct memory_run *run, const struct plan *plan, const struct snapshot *now)
{
    for (int i = 0; i < plan->n_actions; i++) {
        const struct plan_action *a = &plan->actions[i];
        int guest = memory_sim_by_uuid(run->sim, a->uuid), at = snapshot_find_guest(now, a->uuid, a->id, i);
        struct memory_truth t;

        if (guest < 0 || at < 0 || a->kind != PLAN_SET_MEMORY) {
            broken(run, "%s: no such guest", a->name);
            continue;
        }
        for (int k = 0; k < i; k++)
            if (memcmp(plan->actions[k].uuid, a->uuid, sizeof(a->uuid)) == 0)
                broken(run, "%s: two actions in one plan", a->name);
        t = memory_sim_truth(run->sim, guest);
        if (!may_be_touched(run, &now->guests[at], guest, a->to_kib == a->from_kib, a->to_kib > a->from_kib))
            broken(run, "%s: was to be left alone", a->name);
        if (plan->early && a->to_kib <= a->from_kib)
            broken(run, "%s: nothing may be taken between two decisions", a->name);
        if (a->reason[0] == '\0')
            broken(run, "%s: no reason", a->name);
        check_request(run, a, &t, memory_sim_config(run->sim, guest)->deflate_on_oom);
        if (a->to_kib < a->from_kib)
            check_cut(run, a, &now->guests[at], guest, &t);
        note_move(run, a, guest, mib(a->from_kib) - spare_of(run, &now->guests[at], guest).usable, plan->early);
    }
}

static bool gives(const struct plan *p)
{
    for (int i = 0; i < p->n_actions; i++)
        if (p->actions[i].to_kib > p->actions[i].from_kib)
            return true;
    return false;
}

static void trace(const struct memory_run *run, const struct plan *plan)
{
    struct memory_host_truth host = memory_sim_host_truth(run->sim);

    if (!run->trace)
        return;
    fprintf(run->trace, "%4u %6.1f s  host %.0f worst %.0f |", run->intervals, memory_sim_now(run->sim), host.available,
            host.worst);
    for (int i = 0; i < memory_sim_count(run->sim) && i < 8; i++) {
        struct memory_truth t = memory_sim_truth(run->sim, i);

        if (t.there)
            fprintf(run->trace, " %.0f(%.0f)", t.size, t.unused);
    }
    fprintf(run->trace, " | %s%s\n", plan->early ? "early: " : "", plan->summary);
    for (int i = 0; i < plan->n_actions; i++)
        fprintf(run->trace, "          %s %.0f -> %.0f: %s\n", plan->actions[i].name, mib(plan->actions[i].from_kib),
                mib(plan->actions[i].to_kib), plan->actions[i].reason);
    for (int i = 0; i < plan->n_notes; i++)
        fprintf(run->trace, "          (%s: %s)\n", plan->notes[i].subject, plan->notes[i].text);
}

/* What a careful onlooker knows of each guest's statistics, sample by sample. */
static void watch_statistics(struct memory_run *run, const struct snapshot *now, double since_s)
{
    for (int i = 0; i < now->n_guests; i++) {
        const struct snapshot_memory *m = &now->guests[i].memory;
        struct memory_run_guest *r = &run->guests[memory_sim_by_uuid(run->sim, now->guests[i].uuid)];
        bool fresh = m->has & SNAPSHOT_HAS_LAST_UPDATE ? r->floor > 0 && m->last_update_s != r->last_update_s
                                                       : m->has & SNAPSHOT_HAS_UNUSED;

        if (r->floor == 0)
            r->floor = fmin(run->settings.guest_floor_mib, mib(m->size_kib));
        if (fresh && r->reported_at == 0)
            r->reported_at = run->intervals > 0 ? run->intervals : 1;
        r->frozen_s = fresh ? 0 : r->frozen_s + since_s;
        r->fresh = r->fresh || fresh;
        r->last_update_s = m->last_update_s;
    }
}

/* What each guest uses, decision by decision. */
static void watch_use(struct memory_run *run)
{
    for (int i = 0; i < run->now.n_guests; i++) {
        const struct snapshot_memory *m = &run->now.guests[i].memory;
        int guest = memory_sim_by_uuid(run->sim, run->now.guests[i].uuid);
        struct memory_run_guest *r = &run->guests[guest];

        /* The policy hears of it with the next report, or, where that is from before a move, with the one after. */
        if (r->fresh || r->reported_at == 0) {
            r->rises[1] = r->rises[0];
            r->rises[0] = 0;
        }
        r->fresh = false;
        r->rises[0] = fmax(r->rises[0], memory_sim_truth(run->sim, guest).used - r->last_used);
        r->last_used = memory_sim_truth(run->sim, guest).used;
        r->peak_used = fmax(r->peak_used, mib(m->size_kib) - spare_of(run, &run->now.guests[i], guest).usable);
    }
}

static void carry_out(struct memory_run *run, struct plan *plan, const struct snapshot *now)
{
    check_plan(run, plan, now);
    trace(run, plan);
    memory_sim_apply(run->sim, plan);
    if (gives(plan) && memory_sim_host_truth(run->sim).worst < -1)
        broken(run, "if all guests touched what they have, the host would keep %.1f MiB",
               memory_sim_host_truth(run->sim).worst);
    run->policy->applied(run->state, now, plan);
}

static void take_sample(struct memory_run *run, bool first)
{
    struct snapshot held = run->before_sample;

    run->before_sample = run->after_sample;
    run->after_sample = held;
    make_room(run);
    memory_sim_snapshot(run->sim, &run->after_sample);
    watch_statistics(run, &run->after_sample,
                     first ? 0 : (double)(run->after_sample.taken_ns - run->before_sample.taken_ns) / 1e9);
    if (rates_between(&run->sample_rates, first ? NULL : &run->before_sample, &run->after_sample) ||
        (run->policy->sample &&
         run->policy->sample(run->state, first ? NULL : &run->before_sample, &run->after_sample, &run->sample_rates)))
        abort();
}

static void decide(struct memory_run *run, bool first, bool force)
{
    struct policy_request request = {
        .force = force, .interval_s = run->interval_s, .until_decision_s = run->interval_s};
    struct snapshot held = run->before;

    take_sample(run, first);
    run->before = run->now;
    run->now = held;
    run->intervals++;
    if (snapshot_copy(&run->now, &run->after_sample))
        abort();
    watch_use(run);
    if (rates_between(&run->rates, first ? NULL : &run->before, &run->now) ||
        run->policy->learn(run->state, first ? NULL : &run->before, &run->now, &run->rates) ||
        run->policy->plan(run->state, &run->now, &run->rates, &request, &run->plan))
        abort();
    if (run->plan.missing_kib > run->missing_kib)
        run->missing_kib = run->plan.missing_kib;
    carry_out(run, &run->plan, &run->now);
}

/* Between two decisions, the next of which comes after so many seconds. */
static void sample(struct memory_run *run, double until_s)
{
    struct policy_request request = {.interval_s = run->interval_s, .until_decision_s = until_s};

    take_sample(run, false);
    if (!run->policy->early)
        return;
    plan_reset(&run->early_plan, run->after_sample.cpu_limit);
    if (plan_size_for(&run->early_plan, &run->after_sample) ||
        run->policy->early(run->state, &run->after_sample, &run->sample_rates, &request, &run->early_plan))
        abort();
    run->early_plan.early = true;
    if (run->early_plan.n_actions > 0)
        carry_out(run, &run->early_plan, &run->after_sample);
}

/* There are 100 MiB for whoever needs them: free on the host above its reserve, or of a guest's above its floor. */
static bool someone_can_spare(const struct memory_run *run)
{
    if (memory_sim_host_truth(run->sim).available > memory_run_reserve(run) + 100)
        return true;
    for (int i = 0; i < memory_sim_count(run->sim); i++) {
        struct memory_truth t = memory_sim_truth(run->sim, i);

        if (t.there && t.usable > run->settings.unused_floor_mib + 100 && t.size > run->settings.guest_floor_mib + 100)
            return true;
    }
    return false;
}

static void look_at_host(struct memory_run *run, double seconds)
{
    bool below = memory_sim_host_truth(run->sim).available < memory_run_reserve(run) - 1;

    run->below_reserve_s += below ? seconds : 0;
    run->touches += below && !run->below_reserve;
    run->below_reserve = below;
}

/* What came of the seconds that have passed. */
static void look(struct memory_run *run, double seconds)
{
    struct memory_host_truth host = memory_sim_host_truth(run->sim);
    double unmet = 0, swapped_in = 0, least = 0;
    unsigned ooms = 0;

    make_room(run);
    for (int i = 0; i < memory_sim_count(run->sim); i++) {
        struct memory_truth t = memory_sim_truth(run->sim, i);

        unmet += t.unmet_mib_s;
        swapped_in += t.swapped_in;
        ooms += t.ooms;
        least += t.there ? t.least : 0;
        run->slack_mib_s += t.there ? (t.size - t.used) * seconds : 0;
        if (!t.there || t.size >= t.max - 1 || run->guests[i].reported_at == 0)
            continue;
        run->guests[i].lowest_unused = fmin(run->guests[i].lowest_unused, t.unused);
        run->lowest_unused = fmin(run->lowest_unused, t.unused);
    }
    run->unmet_mib_s = unmet;
    run->unavoidable_mib_s += fmax(least + memory_run_reserve(run) - host.for_guests, 0) * seconds;
    run->swapped_in = swapped_in;
    /* As it was just before: who was killed let go of all it had. */
    if (ooms > run->ooms && run->could_spare)
        run->ooms_spared += ooms - run->ooms;
    run->ooms = ooms;
    run->could_spare = someone_can_spare(run);
    look_at_host(run, seconds);
    run->lowest_host = fmin(run->lowest_host, host.available);
    if (run->host_noise_mib > 0 && host.available < memory_run_reserve(run) - run->host_noise_mib - 1)
        broken(run, "the host has %.1f MiB left", host.available);
    if (host.broken && !run->broken_host_is_fine)
        broken(run, "the host ran out of memory");
}

void memory_run_start(struct memory_run *run, struct memory_sim *sim, const struct policy_ops *policy,
                      const struct coordinator_settings *settings, double interval_s)
{
    struct memory_run asked = *run;

    memset(run, 0, sizeof(*run));
    run->lenient = asked.lenient;
    run->host_noise_mib = asked.host_noise_mib;
    run->trace = asked.trace;
    run->broken_host_is_fine = asked.broken_host_is_fine;
    run->happens = asked.happens;
    run->happens_user = asked.happens_user;
    run->happens_next_s = memory_sim_now(sim);
    run->sim = sim;
    run->policy = policy;
    run->settings = settings ? *settings : coordinator_settings_default;
    run->interval_s = interval_s;
    run->lowest_unused = run->lowest_host = INFINITY;
    run->state = policy->create(&run->settings);
    if (!run->state)
        abort();
    decide(run, true, false);
}

/* Time passes, and what happens in it happens when it does. */
static void pass(struct memory_run *run, double seconds)
{
    double end = memory_sim_now(run->sim) + seconds, now;

    while ((now = memory_sim_now(run->sim)) < end - 1e-9) {
        if (run->happens && now >= run->happens_next_s - 1e-9)
            run->happens_next_s = run->happens(run->sim, run->happens_user);
        memory_sim_run(run->sim,
                       fmin(fmin(end - now, look_s), run->happens ? fmax(run->happens_next_s - now, 0.001) : look_s));
        look(run, memory_sim_now(run->sim) - now);
    }
}

/* An interval up to its end, with its samples: about one a second, evenly divided, as in the control loop. */
static void pass_interval(struct memory_run *run)
{
    long samples = run->interval_s > 1 ? lround(run->interval_s) : 1;

    for (long i = 1; i <= samples; i++) {
        pass(run, run->interval_s / (double)samples);
        if (i < samples)
            sample(run, run->interval_s * (double)(samples - i) / (double)samples);
    }
}

void memory_run_step(struct memory_run *run)
{
    pass_interval(run);
    decide(run, false, false);
}

void memory_run_force(struct memory_run *run)
{
    pass_interval(run);
    decide(run, false, true);
}

void memory_run_steps(struct memory_run *run, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        memory_run_step(run);
}

void memory_run_measure_from_here(struct memory_run *run)
{
    run->lowest_unused = run->lowest_host = INFINITY;
    for (int i = 0; i < run->cap_guests; i++)
        run->guests[i].lowest_unused = INFINITY;
    run->largest_cut = 0;
    run->set_calls = run->early_calls = run->withdrawals = run->reversals = 0;
}

void memory_run_end(struct memory_run *run)
{
    run->policy->destroy(run->state);
    snapshot_free(&run->before);
    snapshot_free(&run->now);
    snapshot_free(&run->before_sample);
    snapshot_free(&run->after_sample);
    rates_free(&run->rates);
    rates_free(&run->sample_rates);
    plan_free(&run->plan);
    plan_free(&run->early_plan);
    free(run->guests);
    memset(run, 0, sizeof(*run));
}
