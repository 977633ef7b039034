/*
 * Prints what the demand room makes of loads that are measured alone and then share a pCPU, as rows of a Markdown
 * table.
 */
#include "tests/sim/cpu_watch.h"

#include <stdio.h>

static void print_row(const char *what, struct cpu_load load, const char *with, struct cpu_load other, int others)
{
    struct cpu_watch_shared s = cpu_watch_share(load, other, others, 1);

    printf("| %s, %.0f %% | %s | %.1f | %.1f | %.1f | %.1f | %.1f | %+.1f |\n", what, 100.0 * load.share, with,
           s.alone_use, s.use, s.wait, s.closed, s.demand, s.demand - s.alone_use);
}

int main(void)
{
    static const double shares[] = {0.1, 0.26, 0.4, 0.6, 0.8};

    printf("| load | shares with | use alone | use | wait | run / (time - wait) | estimated demand | off by |\n"
           "|---|---|---|---|---|---|---|---|\n");
    for (int i = 0; i < 5; i++) {
        print_row("closed", cpu_closed(shares[i]), "a busy one", cpu_busy(), 1);
        print_row("closed", cpu_closed(shares[i]), "3 closed of 50 %", cpu_closed(0.5), 3);
    }
    for (int i = 0; i < 5; i++) {
        print_row("open", cpu_open(shares[i]), "a busy one", cpu_busy(), 1);
        print_row("open", cpu_open(shares[i]), "a closed one of 50 %", cpu_closed(0.5), 1);
    }
    print_row("busy", cpu_busy(), "a busy one", cpu_busy(), 1);
    print_row("busy", cpu_busy(), "7 busy ones", cpu_busy(), 7);
    return 0;
}
