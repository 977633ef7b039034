#include "core/record/replay.h"

#include "core/model/cpumask.h"

#include <stdio.h>
#include <string.h>

enum { TARGET_BYTES = 96, LINE_BYTES = SNAPSHOT_NAME_BYTES + 3 * TARGET_BYTES };

static bool same_subject(const struct plan_action *a, const struct plan_action *b)
{
    return a->kind == b->kind && snapshot_same_guest(a->uuid, a->id, b->uuid, b->id) &&
           (a->kind != PLAN_PIN || a->vcpu == b->vcpu);
}

/* What p has done last to the subject of a, or NULL. */
static const struct plan_action *last_on(const struct plan *p, const struct plan_action *a)
{
    for (int i = p->n_actions - 1; i >= 0; i--)
        if (same_subject(&p->actions[i], a))
            return &p->actions[i];
    return NULL;
}

/* The one pCPU that an action pins to, or -1. */
static int pins_to(const struct plan *p, const struct plan_action *a)
{
    return a->to_cpu >= 0 || a->to_mask < 0 ? a->to_cpu
                                            : cpumask_single(plan_mask(p, a->to_mask), cpumask_words(p->cpu_limit));
}

static bool same_target(const struct plan *p, const struct plan_action *a, const struct plan *q,
                        const struct plan_action *b)
{
    if (a->kind == PLAN_SET_MEMORY)
        return a->to_kib == b->to_kib;
    if (pins_to(p, a) >= 0 || pins_to(q, b) >= 0)
        return pins_to(p, a) == pins_to(q, b);
    return a->to_mask >= 0 && b->to_mask >= 0 && p->cpu_limit == q->cpu_limit &&
           cpumask_equal(plan_mask(p, a->to_mask), plan_mask(q, b->to_mask), cpumask_words(p->cpu_limit));
}

/* "2→5" or "512→640 MiB" */
static void put_target(char *text, size_t size, const struct plan *p, const struct plan_action *a)
{
    char from[40], to[40];

    if (a->kind == PLAN_SET_MEMORY) {
        snprintf(text, size, "%.1f→%.1f MiB", (double)a->from_kib / 1024, (double)a->to_kib / 1024);
        return;
    }
    snprintf(text, size, "%s→%s", plan_place_words(p, a->from_cpu, a->from_mask, "floating", from, sizeof(from)),
             plan_place_words(p, a->to_cpu, a->to_mask, "?", to, sizeof(to)));
}

static void put_subject(char *text, size_t size, const struct plan_action *a)
{
    char number[SNAPSHOT_WORD_BYTES];

    if (a->kind == PLAN_PIN)
        snprintf(text, size, "%s/%s", a->name, snapshot_number_word(a->vcpu, number));
    else
        snprintf(text, size, "%s", a->name);
}

int replay_compare(const struct plan *now, const struct plan *recorded, void (*say)(void *context, const char *line),
                   void *context)
{
    char line[LINE_BYTES], subject[SNAPSHOT_NAME_BYTES + SNAPSHOT_WORD_BYTES], then_target[TARGET_BYTES],
        now_target[TARGET_BYTES];
    int differences = 0;

    for (int i = 0; i < recorded->n_actions; i++) {
        const struct plan_action *then = &recorded->actions[i], *today = last_on(now, then);

        if (last_on(recorded, then) != then || (today && same_target(now, today, recorded, then)))
            continue;
        differences++;
        put_subject(subject, sizeof(subject), then);
        put_target(then_target, sizeof(then_target), recorded, then);
        if (today)
            put_target(now_target, sizeof(now_target), now, today);
        else
            snprintf(now_target, sizeof(now_target), "nothing");
        snprintf(line, sizeof(line), "%s: recorded %s, now %s", subject, then_target, now_target);
        if (say)
            say(context, line);
    }
    for (int i = 0; i < now->n_actions; i++) {
        const struct plan_action *today = &now->actions[i];

        if (last_on(now, today) != today || last_on(recorded, today))
            continue;
        differences++;
        put_subject(subject, sizeof(subject), today);
        put_target(now_target, sizeof(now_target), now, today);
        snprintf(line, sizeof(line), "%s: recorded nothing, now %s", subject, now_target);
        if (say)
            say(context, line);
    }
    return differences;
}
