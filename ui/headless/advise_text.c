#include "ui/headless/advise_text.h"

#include "core/advise/risk.h"

#include <inttypes.h>
#include <stdlib.h>

enum { NAME_COLUMNS = 24, COSTS_SHOWN = 10 };
/* Pins and rules that cost less, in points of deviation, aren't worth a line. */
#define COST_SHOWN 0.05

static void put_level(FILE *out, const struct advise_levels *levels, double level)
{
    if (levels->known)
        fprintf(out, "  %8.0f", level);
    else
        fprintf(out, "  %8s", "?");
}

static void put_levels(FILE *out, const struct advise_levels *levels)
{
    for (int i = 0; i < ADVISE_RISKS; i++)
        put_level(out, levels, levels->most[i]);
    for (int i = 0; i < ADVISE_RISKS; i++)
        put_level(out, levels, levels->least[i]);
}

static void put_memory(FILE *out, const struct headless_style *style, const struct advise *a)
{
    fprintf(out, "%-*s  %8s  %8s  %18s  %18s  %s\n", NAME_COLUMNS, "memory, MiB", "size", "maximum", "maximum enough",
            "minimum enough", "short");
    fprintf(out, "%-*s  %8s  %8s  %8s  %8s  %8s  %8s  %s\n", NAME_COLUMNS, "", "now", "now", "99 %", "99.9 %", "99 %",
            "99.9 %", "% of the time");
    for (int i = 0; i < a->n_guests; i++) {
        const struct advise_guest *g = &a->guests[i];

        headless_put(out, style, g->name, NAME_COLUMNS);
        fprintf(out, "  %8.0f  %8.0f", g->size_mib, g->max_mib);
        put_levels(out, &g->memory_levels);
        if (g->seconds > 0)
            fprintf(out, "  %5.1f\n", 100 * g->short_s / g->seconds);
        else
            fprintf(out, "  %5s\n", "?");
    }
}

static void put_cpu(FILE *out, const struct headless_style *style, const struct advise *a)
{
    fprintf(out, "\n%-*s  %8s  %8s  %18s  %18s\n", NAME_COLUMNS, "CPU, % of a pCPU", "", "of", "most wanted",
            "least wanted");
    fprintf(out, "%-*s  %8s  %8s  %8s  %8s  %8s  %8s\n", NAME_COLUMNS, "", "", "vCPUs", "99 %", "99.9 %", "99 %",
            "99.9 %");
    for (int i = 0; i < a->n_guests; i++) {
        headless_put(out, style, a->guests[i].name, NAME_COLUMNS);
        fprintf(out, "  %8s  %8d", "", 100 * a->guests[i].n_vcpus);
        put_levels(out, &a->guests[i].cpu_levels);
        fputc('\n', out);
    }
}

static void put_fit(FILE *out, const char *what, const char *unit, const struct advise_fit *fit)
{
    fprintf(out, "%s: ", what);
    if (!fit->known) {
        fputs("not known how many more guests fit\n", out);
        return;
    }
    fprintf(out, "of %.0f %s, %.1f guests need %.0f (99 %%) and %.0f (99.9 %%) at once; ", fit->capacity, unit,
            fit->guests, fit->needs[0], fit->needs[1]);
    if (fit->more[0] >= 0 && fit->more[1] >= 0)
        fprintf(out, "%d and %d more like these fit\n", fit->more[0], fit->more[1]);
    else if (fit->more[0] >= 0)
        fprintf(out, "%d more like these fit, and %d too many\n", fit->more[0], -fit->more[1]);
    else
        fprintf(out, "%d and %d are too many\n", -fit->more[0], -fit->more[1]);
}

static void put_cost(FILE *out, const struct headless_style *style, const struct pin_cost *cost)
{
    char subject[SNAPSHOT_NAME_BYTES + 16];

    if (cost->kind == PIN_COST_PIN)
        snprintf(subject, sizeof(subject), "%s/%d", cost->name, cost->vcpu);
    else
        snprintf(subject, sizeof(subject), "%s", cost->name);
    headless_put(out, style, subject, NAME_COLUMNS);
    fprintf(out, "  %8.1f  at %" PRIu64 " decisions  ", cost->points, cost->seen);
    if (cost->kind == PIN_COST_PIN)
        fprintf(out, "pinned to pCPU %d\n", cost->cpu);
    else
        fprintf(out, "%s\n", cost->what);
}

static void put_pins(FILE *out, const struct headless_style *style, const struct pin_costs *pins)
{
    int shown = 0;

    if (pins->decisions == 0) {
        fputs("\nnothing was decided, so that it isn't known what pins and rules cost\n", out);
        return;
    }
    fprintf(out, "\nspread (sd of pCPU load): %.1f points as it was, %.1f with the best pins that the rules allow\n",
            pins->now_sd, pins->best_sd);
    fprintf(out, "%-*s  %8s\n", NAME_COLUMNS, "pins and rules", "cost in points (mean over all decisions)");
    for (int i = 0; i < pins->n_costs && shown < COSTS_SHOWN; i++) {
        if (pins->costs[i].points < COST_SHOWN)
            break;
        put_cost(out, style, &pins->costs[i]);
        shown++;
    }
    if (shown == 0)
        fputs("none costs anything\n", out);
}

void advise_text(FILE *out, const struct headless_style *style, const struct advise *a)
{
    fprintf(out, "%.0f s with %" PRIu64 " decisions", a->seconds, a->decisions);
    if (a->cpu.sums.n < RISK_FIGURES_LEAST)
        fprintf(out, "; too short to say how much is enough: that takes %d samples", RISK_FIGURES_LEAST);
    fputs("\n\n", out);
    put_memory(out, style, a);
    put_cpu(out, style, a);
    fputc('\n', out);
    put_fit(out, "memory", "MiB", &a->memory);
    put_fit(out, "CPU", "% of a pCPU", &a->cpu);
    if (a->looks_at_pins)
        put_pins(out, style, &a->pins);
    fprintf(out,
            "\nEnough for that share of the time in the next stretch as long as an eighth of this recording, promised\n"
            "for nineteen of twenty stretches, if guests go on as they did. A guest that was short may want more.\n");
}
