#include "core/advise/advise_json.h"

#include "core/record/json_value.h"

/* The members' names say the risk: what is enough for 99 % and for 99.9 % of the time. */
static const char *const most_names[ADVISE_RISKS] = {"most_99", "most_99_9"};
static const char *const least_names[ADVISE_RISKS] = {"least_99", "least_99_9"};
static const char *const needs_names[ADVISE_RISKS] = {"needs_99", "needs_99_9"};
static const char *const more_names[ADVISE_RISKS] = {"more_guests_99", "more_guests_99_9"};

static void put_levels(struct json_object *object, const char *key, const struct advise_levels *levels)
{
    struct json_object *o;

    if (!levels->known)
        return;
    o = json_object_new_object();
    for (int i = 0; i < ADVISE_RISKS; i++) {
        json_put_figure(o, most_names[i], levels->most[i]);
        json_put_figure(o, least_names[i], levels->least[i]);
    }
    json_add(object, key, o);
}

static struct json_object *guest_json(const struct advise_guest *g)
{
    struct json_object *o = json_object_new_object();

    json_put_uuid(o, "uuid", g->uuid);
    json_put_text(o, "name", g->name);
    json_put_int(o, "vcpus", g->n_vcpus);
    if (g->size_mib > 0)
        json_put_figure(o, "size_mib", g->size_mib);
    if (g->max_mib > 0)
        json_put_figure(o, "max_mib", g->max_mib);
    if (g->seconds > 0)
        json_put_figure(o, "short_pct", 100 * g->short_s / g->seconds);
    put_levels(o, "memory_mib", &g->memory_levels);
    put_levels(o, "cpu_pct", &g->cpu_levels);
    return o;
}

static void put_fit(struct json_object *object, const char *key, const struct advise_fit *fit)
{
    struct json_object *o;

    if (!fit->known)
        return;
    o = json_object_new_object();
    json_put_figure(o, "capacity", fit->capacity);
    json_put_figure(o, "guests", fit->guests);
    for (int i = 0; i < ADVISE_RISKS; i++) {
        json_put_figure(o, needs_names[i], fit->needs[i]);
        json_put_int(o, more_names[i], fit->more[i]);
    }
    json_add(object, key, o);
}

static struct json_object *cost_json(const struct pin_cost *cost)
{
    struct json_object *o = json_object_new_object();

    json_put_uuid(o, "uuid", cost->uuid);
    json_put_text(o, "name", cost->name);
    if (cost->kind == PIN_COST_PIN) {
        json_put_int(o, "vcpu", cost->vcpu);
        json_put_int(o, "cpu", cost->cpu);
    } else {
        json_put_text(o, "rule", cost->what);
    }
    json_put_figure(o, "cost_points", cost->points);
    json_put_u64(o, "decisions", cost->seen);
    return o;
}

static void put_pins(struct json_object *object, const struct pin_costs *pins)
{
    struct json_object *o = json_object_new_object(), *costs = json_object_new_array();

    json_put_u64(o, "decisions", pins->decisions);
    json_put_deviation(o, "sd_points", pins->now_sd);
    json_put_deviation(o, "sd_best_points", pins->best_sd);
    for (int i = 0; i < pins->n_costs; i++)
        json_append(costs, cost_json(&pins->costs[i]));
    json_add(o, "costs", costs);
    json_add(object, "pins", o);
}

char *advise_json(const struct advise *a, enum report_program program)
{
    struct json_object *o = json_object_new_object(), *guests = json_object_new_array();

    json_put_int(o, "format", ADVISE_FORMAT);
    json_put_text(o, "kind", "advice");
    json_put_text(o, "program", report_program_name(program));
    json_put_figure(o, "seconds", a->seconds);
    json_put_u64(o, "decisions", a->decisions);
    for (int i = 0; i < a->n_guests; i++)
        json_append(guests, guest_json(&a->guests[i]));
    json_add(o, "guests", guests);
    put_fit(o, "memory_fit", &a->memory);
    put_fit(o, "cpu_fit", &a->cpu);
    if (a->looks_at_pins)
        put_pins(o, &a->pins);
    return json_take_text(o);
}
