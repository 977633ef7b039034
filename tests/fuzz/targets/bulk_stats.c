/*
 * The records of libvirt's bulk statistics, whatever driver makes them: lines of a letter for the type, a name and a
 * number. Two of them, divided by an empty line, make rates that make sense.
 */
#include "tests/fuzz/targets/target.h"

#include "core/host/bulk_stats.h"
#include "core/model/rates.h"

#include <math.h>

enum { PARAMS = 64 };

static void put(virTypedParameterPtr p, const char *line)
{
    char type = 'u';
    unsigned long long value = 0;

    memset(p, 0, sizeof(*p));
    sscanf(line, "%c %79s %llu", &type, p->field, &value);
    switch (type) {
    case 'i':
        p->type = VIR_TYPED_PARAM_INT;
        p->value.i = (int)value;
        break;
    case 'n':
        p->type = VIR_TYPED_PARAM_UINT;
        p->value.ui = (unsigned)value;
        break;
    case 'l':
        p->type = VIR_TYPED_PARAM_LLONG;
        p->value.l = (long long)value;
        break;
    case 'd':
        p->type = VIR_TYPED_PARAM_DOUBLE;
        p->value.d = (double)value;
        break;
    default:
        p->type = VIR_TYPED_PARAM_ULLONG;
        p->value.ul = value;
        break;
    }
}

/* Reads the record in text up to an empty line; returns what is behind that. */
static char *look(struct snapshot *s, char *text, uint64_t taken_ns)
{
    virTypedParameter params[PARAMS];
    struct bulk_stats found;
    const struct snapshot_guest *g;
    char *rest = text, *line;
    int n = 0;

    while ((line = strsep(&rest, "\n")) && *line && n < PARAMS)
        put(&params[n++], line);
    snapshot_reset(s, 2);
    s->taken_ns = taken_ns;
    HOLDS("there is memory",
          snapshot_add_pcpu(s) && snapshot_add_guest(s) && bulk_stats_read(s, params, n, &found) == 0);
    snapshot_clamp(s);
    g = &s->guests[0];
    HOLDS("vCPUs are the guest's", g->n_vcpus == s->n_vcpus && s->n_vcpus <= n);
    HOLDS("what was found is said", found.has_vcpus || s->n_vcpus == 0);
    HOLDS("a state is one of ours", bulk_stats_state(found.state, found.reason) <= SNAPSHOT_GUEST_STOPPING);
    for (int i = 0; i < s->n_vcpus; i++) {
        HOLDS("numbers are within their bounds", s->vcpus[i].number >= 0 && s->vcpus[i].number <= INT16_MAX);
        for (int k = 0; k < i; k++)
            HOLDS("a vCPU is there once", s->vcpus[k].number != s->vcpus[i].number);
    }
    return rest;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct snapshot before, now;
    static struct rates r;
    char *text = target_text(data, size), *rest = look(&before, text, 1000000000u);
    char none[1] = "";

    look(&now, rest ? rest : none, 3000000000u);
    HOLDS("there is memory", rates_between(&r, &before, &now) == 0);
    for (int i = 0; i < r.n_vcpus; i++)
        HOLDS("rates are figures", isfinite(r.vcpus[i].run_pct) && r.vcpus[i].run_pct >= 0 &&
                                       isfinite(r.vcpus[i].wait_pct) && r.vcpus[i].wait_pct >= 0 &&
                                       r.vcpus[i].demand_pct >= 0 && r.vcpus[i].demand_pct <= 100 &&
                                       isfinite(r.vcpus[i].poll_pct) && r.vcpus[i].poll_pct >= 0);
    HOLDS("so are the guest's", isfinite(r.guests[0].used_kib_s) && isfinite(r.guests[0].swap_in_kib_s) &&
                                    r.guests[0].swap_in_kib_s >= 0 && isfinite(r.guests[0].other_pct) &&
                                    r.guests[0].other_pct >= 0 && isfinite(r.guests[0].disk_read_kib_s));
    free(text);
    return 0;
}
