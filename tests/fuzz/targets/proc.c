/*
 * What is read of /proc: times of pCPUs, memory and pressure, each as any kernel, or whoever mounts something over it,
 * may write them. Two looks at it make rates that make sense.
 */
#include "tests/fuzz/targets/target.h"

#include "core/host/local_cpu.h"
#include "core/host/local_memory.h"
#include "core/model/rates.h"

#include <math.h>

enum { PCPUS = 3 };

static void look(struct snapshot *s, const char *text, uint64_t taken_ns)
{
    const double *pressures[] = {&s->host.pressure_some_pct, &s->host.pressure_full_pct};

    snapshot_reset(s, PCPUS);
    s->taken_ns = taken_ns;
    for (int i = 0; i < PCPUS; i++) {
        struct snapshot_pcpu *p = snapshot_add_pcpu(s);

        HOLDS("there is memory", p);
        p->number = i;
        p->online = true;
    }
    HOLDS("unknown pCPUs are counted", local_cpu_parse(text, 100, s) >= 0);
    local_memory_parse(text, text, &s->host);
    snapshot_clamp(s);
    HOLDS("there is no more free than there is",
          !(s->host.has & SNAPSHOT_HOST_HAS_TOTAL) ||
              (s->host.free_kib <= s->host.total_kib && s->host.available_kib <= s->host.total_kib));
    for (int i = 0; i < 2; i++)
        HOLDS("pressure is a share of the time", *pressures[i] >= 0 && *pressures[i] <= 100);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct snapshot before, now;
    static struct rates r;
    char *text = target_text(data, size), *second = strstr(text, "\n\n");

    /* The second look is behind an empty line. */
    if (second)
        *second = '\0';
    look(&before, text, 1000000000u);
    look(&now, second ? second + 2 : text, 3000000000u);
    HOLDS("there is memory", rates_between(&r, &before, &now) == 0);
    for (int i = 0; i < r.n_pcpus; i++)
        HOLDS("loads are figures", isfinite(r.pcpus[i].busy_pct) && r.pcpus[i].busy_pct >= 0 &&
                                       isfinite(r.pcpus[i].load_pct) && r.pcpus[i].load_pct >= 0);
    free(text);
    return 0;
}
