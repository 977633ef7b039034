#include "core/advise/what_if_json.h"

#include "core/model/pcpu_groups.h"

static struct json_object *tally_json(const struct what_if_tally *t)
{
    struct json_object *o = json_object_new_object();

    json_put_u64(o, "actions", t->actions);
    if (t->cpu_s > 0) {
        json_put_figure(o, "sd_mean_points", t->sd_sum / t->cpu_s);
        json_put_figure(o, "sd_most_points", t->sd_most);
        json_put_figure(o, "balanced_pct", 100 * t->balanced_s / t->cpu_s);
        json_put_figure(o, "wait_mean_pct", t->wait_sum / t->cpu_s);
    }
    if (t->memory_s > 0) {
        json_put_figure(o, "size_mean_mib", t->size_sum / t->memory_s);
        json_put_figure(o, "slack_mean_mib", t->slack_sum / t->memory_s);
        json_put_figure(o, "unmet_mean_mib", t->unmet_sum / t->memory_s);
        json_put_figure(o, "unmet_most_mib", t->unmet_most);
        json_put_figure(o, "unmet_pct", 100 * t->unmet_s / t->memory_s);
        json_put_figure(o, "moved_mib", t->moved_mib);
    }
    if (t->free_least_mib >= 0)
        json_put_figure(o, "host_free_least_mib", t->free_least_mib);
    return o;
}

static void put_value(struct json_object *object, const char *key, const struct what_if_change *c, double value)
{
    char word[PCPU_GROUPS_WORD_BYTES];

    if (c->groups)
        json_put_text(object, key, pcpu_groups_word(value, word));
    else
        json_put_double(object, key, value);
}

static struct json_object *changes_json(const struct what_if_change *changes, int n)
{
    struct json_object *o = json_object_new_object();

    for (int i = 0; i < n; i++) {
        struct json_object *change = json_object_new_object();

        put_value(change, "recorded", &changes[i], changes[i].recorded);
        put_value(change, "what_if", &changes[i], changes[i].other);
        json_add(o, changes[i].name, change);
    }
    return o;
}

char *what_if_json(const struct what_if *w, enum report_program program, const struct what_if_change *changes,
                   int n_changes)
{
    struct json_object *o = json_object_new_object();

    json_put_int(o, "format", WHAT_IF_FORMAT);
    json_put_text(o, "kind", "what-if");
    json_put_text(o, "program", report_program_name(program));
    json_put_figure(o, "seconds", what_if_seconds(w));
    json_put_u64(o, "decisions", what_if_decisions(w));
    json_add(o, "settings", changes_json(changes, n_changes));
    json_add(o, "recorded", tally_json(what_if_tally(w, WHAT_IF_RECORDED)));
    json_add(o, "played", tally_json(what_if_tally(w, WHAT_IF_PLAYED)));
    json_add(o, "what_if", tally_json(what_if_tally(w, WHAT_IF_OTHER)));
    return json_take_text(o);
}
