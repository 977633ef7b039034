/*
 * Prints how well the next interval of recorded loads is forecast, as rows of a Markdown table: demand_crps_main
 * FOLDER. The folder holds one file a machine, one value a line, in per cent.
 */
#include "tests/sim/demand_score.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_VALUES = 290 };

/* The share of a value that has passed when an interval begins. Where both last as long and begin together, all loads
 * change at the very moments of the forecasts, as no load does. */
#define OTHER_PHASE 0.37

static int read_values(const char *folder, const char *name, double *values)
{
    char path[4096];
    FILE *file;
    int n = 0;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "r");
    while (file && n < MOST_VALUES && fscanf(file, "%lf", &values[n]) == 1)
        n++;
    if (file)
        fclose(file);
    return n;
}

static void print_row(const char *folder, double value_s, double interval_s, double phase)
{
    struct demand_score score = {0};
    struct dirent **names;
    int n_names = scandir(folder, &names, NULL, alphasort);

    for (int i = 0; i < n_names; i++) {
        double values[MOST_VALUES];
        int n = read_values(folder, names[i]->d_name, values);

        if (n > 0)
            demand_score_add(&score, values, n, value_s, interval_s, phase);
        free(names[i]);
    }
    if (n_names >= 0)
        free(names);
    printf("| %.0f | %.0f%s |", value_s, interval_s, phase > 0.0 ? ", other phase" : "");
    for (int of = 0; of < DEMAND_SCORES; of++)
        printf(" %.3f |", demand_score_mean(&score, (enum demand_score_of)of));
    printf("\n");
}

int main(int argc, char **argv)
{
    static const double intervals[] = {2.0, 4.0, 12.0};

    if (argc != 2) {
        fputs("usage: demand_crps_main FOLDER\n", stderr);
        return 2;
    }
    printf("| a value lasts, s | interval, s | demand_level | last value | moving average 0.2 | 0.5 | 0.8 | Kalman |\n"
           "|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < 3; i++)
        print_row(argv[1], 10.0, intervals[i], 0.0);
    print_row(argv[1], 10.0, 10.0, 0.0);
    print_row(argv[1], 10.0, 10.0, OTHER_PHASE);
    for (int i = 0; i < 3; i++)
        print_row(argv[1], 60.0, intervals[i], 0.0);
    print_row(argv[1], 60.0, 60.0, 0.0);
    print_row(argv[1], 60.0, 60.0, OTHER_PHASE);
    return 0;
}
