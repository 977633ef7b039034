#include "core/engine/engine_internal.h"

#include <errno.h>

static bool has_action_for(const struct plan *p, const struct plan_action *a)
{
    for (int i = 0; i < p->n_actions; i++)
        if (snapshot_same_guest(p->actions[i].uuid, p->actions[i].id, a->uuid, a->id))
            return true;
    return false;
}

/* What isn't carried out would come again with each sample: once for each guest and interval is enough. */
static bool is_news(struct engine *e, const struct plan *p)
{
    bool news = false, carried_out = false;

    for (int i = 0; i < p->n_actions; i++) {
        carried_out = carried_out || p->actions[i].result != PLAN_DRY_RUN;
        news = news || !has_action_for(&e->early.told, &p->actions[i]);
    }
    if (carried_out || !news)
        return carried_out;
    if (plan_copy(&e->early.told, p))
        plan_reset(&e->early.told, 1); /* then it's told once more */
    return true;
}

/* What comes after an early plan was carried out, or would have been. */
static void finish_early(struct engine *e, int done)
{
    struct report *r = &e->report;

    engine_tell_policy(e, &e->early.plan);
    if (e->config.host->ops->calls)
        engine_count_calls(e);
    if (!is_news(e, &e->early.plan))
        return;
    if (plan_copy(&r->early_plan, &e->early.plan)) {
        engine_fail(e, -ENOMEM);
        return;
    }
    r->counters.early++;
    r->counters.balanced_for = 0;
    if (done > 0)
        r->has_preview = false;
    engine_guests(e);
    engine_log_plan(e, &r->early_plan);
    engine_record(e, RECORD_EARLY, &r->early_plan);
    engine_publish(e, ENGINE_EARLY);
}

/* Paused: what can't wait stands in the preview for as long as that is so. */
static void preview_early(struct engine *e)
{
    struct report *r = &e->report;
    bool shown = r->has_preview && r->preview.early;

    if (e->early.plan.n_actions > 0) {
        if (plan_copy(&r->preview, &e->early.plan))
            engine_fail(e, -ENOMEM);
        r->has_preview = !e->over;
    } else if (shown) {
        engine_preview(e, false);
    }
}

void engine_early(struct engine *e)
{
    struct plan *p = &e->early.plan;

    if (!e->config.policy->early || !e->learned.any || !engine_plan(e, &e->report.snapshot, ENGINE_PLAN_EARLY, p))
        return;
    if (e->intent.paused && !e->config.replay)
        preview_early(e);
    else if (p->n_actions > 0 || e->replayed.recorded)
        finish_early(e, engine_apply(e, p));
}
