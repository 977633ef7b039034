/*
 * Command lines and files of settings: the input's lines are the words, and what is behind an empty one is the file.
 * What is taken makes sense, what isn't is refused in one clean line.
 */
#include "tests/fuzz/targets/target.h"

#include "core/engine/engine.h"
#include "cpu/scheduler.h"
#include "ui/options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>

static const struct program_setting settings[] = {
    {"tolerance", PROGRAM_PERCENT, "POINTS", "tolerance", 0, 100, offsetof(struct scheduler_settings, tolerance)},
    {"pin-cost", PROGRAM_NUMBER, "COST", "cost", 0, 10000, offsetof(struct scheduler_settings, pin_cost)},
    {"keep-pins", PROGRAM_FLAG, NULL, "keep", 0, 0, offsetof(struct scheduler_settings, keep_pins)},
    {0},
};
static const struct program program = {
    .id = REPORT_VCPU_SCHEDULER,
    .name = "made_up",
    .purpose = "is for testing",
    .policy = &scheduler_policy,
    .settings_size = sizeof(struct scheduler_settings),
    .settings_default = &scheduler_settings_default,
    .settings = settings,
};

static void check(const struct options *o)
{
    const struct scheduler_settings *s = o->settings;

    if (o->todo == OPTIONS_HELP || o->todo == OPTIONS_VERSION)
        return;
    HOLDS("the interval is within its bounds",
          o->interval_s == 0 || (o->interval_s >= ENGINE_INTERVAL_LEAST_S && o->interval_s <= ENGINE_INTERVAL_MOST_S));
    HOLDS("nothing is taken that excludes each other",
          !(o->tui && (o->json || o->headless)) && !(o->once && o->iterations > 0) && o->iterations >= 0);
    HOLDS("settings are within their bounds",
          s->tolerance >= 0 && s->tolerance <= 100 && s->pin_cost >= 0 && s->pin_cost <= 10000);
    HOLDS("so is the speed", isfinite(o->speed) && o->speed >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { WORDS = 24 };
    char *text = target_text(data, size), *rest = text, *argv[WORDS + 1] = {"made_up"}, error[OPTIONS_ERROR_BYTES] = "";
    struct options o;
    int argc = 1, result;

    while (rest && *rest != '\n' && argc < WORDS)
        argv[argc++] = strsep(&rest, "\n");
    result = options_parse(&program, argc, argv, &o, error, sizeof(error));
    if (result == 0 && rest && *rest)
        result = options_add_file(&program, &o, "made_up.conf", rest, error, sizeof(error));
    if (result == 0)
        result = options_check(&program, &o, error, sizeof(error));
    HOLDS("it is taken or refused", result == 0 || result == -EINVAL);
    if (result)
        HOLDS("a refusal has a reason", error[0] != '\0');
    for (const char *p = result ? error : ""; *p; p++)
        HOLDS("a refusal is clean", !iscntrl((unsigned char)*p));
    if (!result)
        check(&o);
    options_free(&o);
    free(text);
    return 0;
}
