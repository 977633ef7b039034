#include "core/host/local_cpu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIELDS = 8 }; /* user nice system idle iowait irq softirq steal; guest time is in user already */

int local_cpu_parse(const char *stat, long ticks_per_s, struct snapshot *s)
{
    uint64_t tick_ns = UINT64_C(1000000000) / (uint64_t)(ticks_per_s > 0 ? ticks_per_s : 100);
    int unknown = 0;

    for (int i = 0; i < s->n_pcpus; i++)
        s->pcpus[i].has_times = s->pcpus[i].has_taken = false;
    /* The lines of the pCPUs come first; the long ones behind them needn't be looked at. */
    for (const char *line = stat; line && strncmp(line, "cpu", 3) == 0;
         line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
        uint64_t ticks[FIELDS] = {0};
        char *end;
        long number = strtol(line + 3, &end, 10);
        struct snapshot_pcpu *p;
        int index;

        if (line[3] == ' ' || end == line + 3)
            continue;
        index = number < s->cpu_limit ? snapshot_pcpu_index(s, (int)number) : -1;
        if (index < 0) {
            unknown++;
            continue;
        }
        for (int i = 0; i < FIELDS && *end == ' '; i++)
            ticks[i] = strtoull(end, &end, 10);
        p = &s->pcpus[index];
        p->has_times = true;
        p->busy_ns = (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]) * tick_ns;
        p->idle_ns = (ticks[3] + ticks[4]) * tick_ns;
        p->has_taken = true;
        p->taken_ns = (ticks[5] + ticks[6] + ticks[7]) * tick_ns;
    }
    return unknown;
}

int local_cpu_read(struct local_file *f, const char *proc_dir, struct snapshot *s)
{
    int result = local_file_read(f, proc_dir, "stat");

    if (result < 0)
        return result;
    return local_cpu_parse(f->text, sysconf(_SC_CLK_TCK), s);
}
