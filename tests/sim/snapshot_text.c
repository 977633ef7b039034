#include "tests/sim/snapshot_text.h"

#include "core/record/json_snapshot.h"
#include "core/record/snapshot_figures.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>

char *snapshot_text(const struct snapshot *s)
{
    return json_take_text(json_snapshot(s));
}

int snapshot_text_parse(struct snapshot *s, const char *text, size_t length, char *error, size_t size)
{
    struct json_reading reading = {0};
    struct json_object *object = json_parse(&reading, text, length);

    snapshot_reset(s, 1);
    if (object)
        json_snapshot_read(&reading, s, object);
    json_object_put(object);
    if (!reading.failed)
        return 0;
    snprintf(error, size, "%s", reading.error);
    return reading.out_of_memory ? -ENOMEM : -EINVAL;
}

bool snapshot_text_same_figures(const struct snapshot *a, const struct snapshot *b)
{
    struct json_object *differences = snapshot_figures_json(a, b);
    bool same = differences && json_object_object_length(differences) == 0;

    json_object_put(differences);
    return same;
}
