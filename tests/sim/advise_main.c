/*
 * What the advice of a recording is worth: levels and fits are promised by the first half of recorded loads of real
 * machines, and the second half shows what came. Makes the tables of docs/measurements/advise.md.
 *
 *     advise_main NAME=FOLDER...     one file a machine, one figure a line in per cent; prints a table for each folder
 *     advise_main fit MACHINES.CSV FOLDER     hosts of 20 machines: how many more are said to fit, and whether they do
 */
#include "core/advise/advise.h"
#include "core/advise/risk.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MACHINES = 1024, FIGURES = 4096, HOSTS = 400, HOST_MACHINES = 20 };

struct machine {
    char name[64];
    double mib;
    float figures[FIGURES];
    int n;
};

static struct machine machines[MACHINES];
static float work[2 * FIGURES];

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct machine *)a)->name, ((const struct machine *)b)->name);
}

static int read_machines(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;

    while (dir && n < MACHINES && (entry = readdir(dir))) {
        char path[1024];
        FILE *file;
        struct machine *m = &machines[n];

        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        snprintf(m->name, sizeof(m->name), "%.63s", entry->d_name);
        file = fopen(path, "re");
        for (m->n = 0; file && m->n < FIGURES && fscanf(file, "%f", &m->figures[m->n]) == 1;)
            m->n++;
        if (file)
            fclose(file);
        n += m->n >= 2 * RISK_FIGURES_LEAST;
    }
    if (dir)
        closedir(dir);
    qsort(machines, (size_t)n, sizeof(*machines), by_name);
    return n;
}

/* How much of the figures lies outside the level. */
static double outside(const float *figures, int n, double level, bool above)
{
    int out = 0;

    for (int i = 0; i < n; i++)
        out += above ? figures[i] > level + 1e-4 : figures[i] < level - 1e-4;
    return (double)out / n;
}

/* What came of promises of one kind. */
struct score {
    double level, outside, kept, stretches, stretches_kept;
};

static void judge(struct score *s, const struct machine *m, double level, double share, bool above)
{
    int half = m->n / 2, stretch = half / RISK_STRETCHES_MOST;
    double out = outside(m->figures + half, m->n - half, level, above);

    s->level += level;
    s->outside += out;
    s->kept += out <= share;
    for (int at = half; at + stretch <= m->n; at += stretch) {
        s->stretches++;
        s->stretches_kept += outside(m->figures + at, stretch, level, above) <= share;
    }
}

static void print_score(const char *what, double share, const struct score *s, int n)
{
    printf("| %s | %.1f %% | %.1f | %.2f %% | %.0f %% | %.0f %% |\n", what, 100 * share, s->level / n,
           100 * s->outside / n, 100 * s->kept / n, 100 * s->stretches_kept / s->stretches);
}

static void print_table(const char *name, int n)
{
    printf("\n%s, %d machines:\n\n", name, n);
    printf("| level | promised: outside at most | its mean, %% | outside, mean | machines kept | stretches kept |\n");
    printf("|---|--:|--:|--:|--:|--:|\n");
    for (int r = 0; r < ADVISE_RISKS; r++) {
        struct score most = {0}, plain = {0}, least = {0};

        for (int i = 0; i < n; i++) {
            const struct machine *m = &machines[i];
            double level = 0;

            risk_most(m->figures, m->n / 2, advise_risks[r], work, &level);
            judge(&most, m, fmin(level, 100), advise_risks[r], true);
            risk_least(m->figures, m->n / 2, advise_risks[r], work, &level);
            judge(&least, m, fmax(level, 0), advise_risks[r], false);
            memcpy(work, m->figures, (size_t)(m->n / 2) * sizeof(*work));
            judge(&plain, m, risk_quantile(work, m->n / 2, advise_risks[r]), advise_risks[r], true);
        }
        print_score("maximum", advise_risks[r], &most, n);
        print_score("the same by the quantile of the whole half", advise_risks[r], &plain, n);
        print_score("minimum", advise_risks[r], &least, n);
    }
}

static void read_sizes(const char *path, int n)
{
    FILE *file = fopen(path, "re");
    char line[256], name[64];
    double mib;

    while (file && fgets(line, sizeof(line), file))
        for (int i = 0; sscanf(line, "%63[^,],%*[^,],%lf", name, &mib) == 2 && i < n; i++)
            if (strcmp(machines[i].name, name) == 0)
                machines[i].mib = mib;
    if (file)
        fclose(file);
}

static uint64_t state = 1;

/* Source: G. Steele, D. Lea, C. Flood, Fast splittable pseudorandom number generators, 2014 (SplitMix64). */
static uint64_t draw(uint64_t below)
{
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static void shuffle(int *order, int n)
{
    for (int i = n - 1; i > 0; i--) {
        int j = (int)draw((uint64_t)i + 1), held = order[i];

        order[i] = order[j];
        order[j] = held;
    }
}

/* MiB that the first of the order use together, at each moment from one to another. */
static void add_up(const int *order, int count, int from, int to, float *sums)
{
    for (int t = from; t < to; t++) {
        double sum = 0;

        for (int i = 0; i < count; i++)
            sum += machines[order[i]].figures[t] / 100 * machines[order[i]].mib;
        sums[t - from] = (float)sum;
    }
}

static float mean_of(const float *figures, int n)
{
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += figures[i];
    return (float)(sum / n);
}

/* A host has as much memory as its 20 machines were given; the others come from the rest, as many as are said to fit.
 */
static void print_fits(int n)
{
    static float sums[FIGURES];
    float means[HOST_MACHINES];
    int order[MACHINES], half = machines[0].n / 2;

    printf("\n| promised: short at most | hosts | more, mean | short, mean | hosts kept |\n|--:|--:|--:|--:|--:|\n");
    for (int r = 0; r < ADVISE_RISKS; r++) {
        double more = 0, lacking = 0, kept = 0;

        for (int h = 0; h < HOSTS; h++) {
            struct advise_fit fit = {.sums = {sums, half, FIGURES}, .guests = (double)HOST_MACHINES * half};
            double out;
            int count;

            for (int i = 0; i < n; i++)
                order[i] = i;
            shuffle(order, n);
            for (int i = 0; i < HOST_MACHINES; i++) {
                fit.capacity += machines[order[i]].mib;
                add_up(&order[i], 1, 0, half, sums);
                means[i] = mean_of(sums, half);
            }
            add_up(order, HOST_MACHINES, 0, half, sums);
            advise_find_fit(&fit, means, HOST_MACHINES, work);
            count = HOST_MACHINES + fit.more[r] < n ? HOST_MACHINES + fit.more[r] : n;
            more += count - HOST_MACHINES;
            add_up(order, count, half, 2 * half, sums);
            out = outside(sums, half, fit.capacity, true);
            lacking += out;
            kept += out <= advise_risks[r];
        }
        printf("| %.1f %% | %d | %.1f | %.2f %% | %.0f %% |\n", 100 * advise_risks[r], HOSTS, more / HOSTS,
               100 * lacking / HOSTS, 100 * kept / HOSTS);
    }
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "fit") == 0) {
        int n = read_machines(argv[3]);

        read_sizes(argv[2], n);
        if (n < 2 * HOST_MACHINES)
            return 1;
        print_fits(n);
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        char *folder = strchr(argv[i], '=');
        int n;

        if (!folder)
            return 2;
        *folder++ = '\0';
        n = read_machines(folder);
        if (n == 0)
            return 1;
        print_table(argv[i], n);
    }
    return argc > 1 ? 0 : 2;
}
