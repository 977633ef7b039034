/* The host's capabilities, from which its topology is read, and the kernel's lists of CPUs. */
#include "tests/fuzz/targets/target.h"

#include "core/host/topology.h"
#include "core/model/snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char online[] = {0x07};
    char *text = target_text(data, size);
    struct topology t = {0};
    struct snapshot s = {0};

    topology_read(&t, text, size % 2 ? online : NULL, 3);
    topology_isolate(&t, text);
    HOLDS("there is a pCPU", t.cpu_limit > 0);
    snapshot_reset(&s, t.cpu_limit);
    HOLDS("there is memory", topology_fill(&t, &s) == 0);
    for (int i = 0; i < s.n_pcpus; i++) {
        const struct snapshot_pcpu *p = &s.pcpus[i];

        HOLDS("numbers are within their bounds",
              p->number >= 0 && p->number < s.cpu_limit && p->node >= 0 && p->llc >= 0 && p->core >= 0);
        HOLDS("pCPUs are in order", i == 0 || s.pcpus[i - 1].number < p->number);
    }
    snapshot_free(&s);
    topology_free(&t);
    free(text);
    return 0;
}
