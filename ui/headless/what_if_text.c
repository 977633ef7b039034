#include "ui/headless/what_if_text.h"

#include "core/model/pcpu_groups.h"

#include <inttypes.h>

enum { WORDS_WIDTH = 46 };

/* One line: what of the tally, or nothing where a side doesn't know it. */
struct row {
    const char *words;
    double (*value)(const struct what_if_tally *t); /* < 0: not known */
    int decimals;
};

static double actions(const struct what_if_tally *t)
{
    return (double)t->actions;
}

static double sd_mean(const struct what_if_tally *t)
{
    return what_if_mean(t->sd_sum, t->cpu_s);
}

static double sd_most(const struct what_if_tally *t)
{
    return t->cpu_s > 0 ? t->sd_most : -1;
}

static double balanced(const struct what_if_tally *t)
{
    return what_if_mean(100 * t->balanced_s, t->cpu_s);
}

static double wait(const struct what_if_tally *t)
{
    return what_if_mean(t->wait_sum, t->cpu_s);
}

static double size(const struct what_if_tally *t)
{
    return what_if_mean(t->size_sum, t->memory_s);
}

static double slack(const struct what_if_tally *t)
{
    return what_if_mean(t->slack_sum, t->memory_s);
}

static double unmet(const struct what_if_tally *t)
{
    return what_if_mean(t->unmet_sum, t->memory_s);
}

static double unmet_most(const struct what_if_tally *t)
{
    return t->memory_s > 0 ? t->unmet_most : -1;
}

static double unmet_share(const struct what_if_tally *t)
{
    return what_if_mean(100 * t->unmet_s, t->memory_s);
}

static double moved(const struct what_if_tally *t)
{
    return t->memory_s > 0 ? t->moved_mib : -1;
}

static double free_least(const struct what_if_tally *t)
{
    return t->free_least_mib;
}

static const struct row cpu_rows[] = {
    {"moves (pins that were set)", actions, 0},         {"spread (sd of pCPU load), mean, points", sd_mean, 1},
    {"spread, the worst interval, points", sd_most, 1}, {"balanced (sd of 5 or less), % of the time", balanced, 1},
    {"wait of all vCPUs, mean, % of a pCPU", wait, 1},  {NULL, NULL, 0},
};

static const struct row memory_rows[] = {
    {"changes of sizes", actions, 0},
    {"moved by them, MiB", moved, 0},
    {"sizes of all guests, mean, MiB", size, 0},
    {"slack (of sizes, not in use), mean, MiB", slack, 0},
    {"unmet (less than in use and 100), mean, MiB", unmet, 1},
    {"unmet, at worst, MiB", unmet_most, 0},
    {"unmet, % of the time", unmet_share, 1},
    {"free on the host, at the least, MiB", free_least, 0},
    {NULL, NULL, 0},
};

static void put_row(FILE *out, const struct what_if *w, const struct row *row)
{
    fprintf(out, "%-*s", WORDS_WIDTH, row->words);
    for (int i = 0; i < WHAT_IF_SIDES; i++) {
        double value = row->value(what_if_tally(w, (enum what_if_side)i));

        if (value < 0)
            fprintf(out, "  %12s", "?");
        else
            fprintf(out, "  %12.*f", row->decimals, value);
    }
    fputc('\n', out);
}

static void put_change(FILE *out, const struct what_if_change *c)
{
    char recorded[PCPU_GROUPS_WORD_BYTES], other[PCPU_GROUPS_WORD_BYTES];

    if (c->groups)
        fprintf(out, "%s %s instead of %s\n", c->name, pcpu_groups_word(c->other, other),
                pcpu_groups_word(c->recorded, recorded));
    else
        fprintf(out, "%s %g instead of %g\n", c->name, c->other, c->recorded);
}

static void put_changes(FILE *out, const struct what_if_change *changes, int n)
{
    for (int i = 0; i < n; i++)
        put_change(out, &changes[i]);
    if (n == 0)
        fputs("no setting differs from the recorded ones\n", out);
}

void what_if_text(FILE *out, const struct what_if *w, enum report_program program, const struct what_if_change *changes,
                  int n_changes)
{
    bool cpu = program == REPORT_VCPU_SCHEDULER;

    fprintf(out, "%.0f s with %" PRIu64 " decisions; what if\n", what_if_seconds(w), what_if_decisions(w));
    put_changes(out, changes, n_changes);
    fprintf(out, "\n%-*s  %12s  %12s  %12s\n", WORDS_WIDTH, "", "recorded", "played again", "what if");
    for (const struct row *row = cpu ? cpu_rows : memory_rows; row->words; row++)
        put_row(out, w, row);
    fputs(
        "\nrecorded: as it was. played again, what if: today's program on a host like it, with the recorded and with\n"
        "the other settings; compare these two. ",
        out);
    fputs(cpu ? "Each vCPU takes the demand it had along to where it is pinned. All loads\n"
                "count as closed: one that waits does less; one whose work comes from outside would do the same, "
                "later. The\n"
                "host's own work stays where it was.\n"
              : "Each guest uses and swaps what it did then, whatever its size; balloons\n"
                "follow at once. Where a guest was kept short then, what it wanted isn't known.\n",
          out);
}
