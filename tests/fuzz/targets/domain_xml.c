/* Definitions of guests, as whoever may define them writes them. */
#include "tests/fuzz/targets/target.h"

#include "core/host/domain_xml.h"
#include "core/model/cpumask.h"

#include <math.h>

enum { CPU_LIMIT = 70 };

static bool within(const uint64_t *mask, int words)
{
    return !mask || cpumask_next(mask, words, CPU_LIMIT) < 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = target_text(data, size);
    struct domain_xml x;

    if (domain_xml_read(&x, text, CPU_LIMIT) == 0) {
        HOLDS("the cpuset is of pCPUs that there may be", within(x.cpuset, x.words));
        HOLDS("the weight is within its bounds",
              isfinite(x.weight) && x.weight >= DOMAIN_XML_WEIGHT_LEAST && x.weight <= DOMAIN_XML_WEIGHT_MOST);
        HOLDS("numbers aren't negative", x.stats_period_s >= 0 && x.vcpu_quota_pct >= 0 && x.guest_quota_pct >= 0);
        for (int i = 0; i < x.n_pins; i++)
            HOLDS("pins are of vCPUs and pCPUs that there may be",
                  x.pins[i].vcpu >= 0 && x.pins[i].mask && within(x.pins[i].mask, x.words));
    }
    domain_xml_free(&x);
    free(text);
    return 0;
}
