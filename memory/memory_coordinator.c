#include "memory/coordinator.h"
#include "ui/program.h"

#include <stddef.h>

static const struct program_setting settings[] = {
    {"host-reserve", PROGRAM_MIB, "MIB",
     "memory the host keeps free (default: the larger of 200 and 5 % of what is free and guests hold)", 0, 1e9,
     offsetof(struct coordinator_settings, host_reserve_mib)},
    {"guest-floor", PROGRAM_MIB, "MIB", "no guest is made smaller than this (default 200)", 0, 1e9,
     offsetof(struct coordinator_settings, guest_floor_mib)},
    {"unused-floor", PROGRAM_MIB, "MIB", "each guest keeps at least this much unused (default 100)", 0, 1e9,
     offsetof(struct coordinator_settings, unused_floor_mib)},
    {"step", PROGRAM_MIB, "MIB",
     "most that is taken from a guest at once (default: the larger of 100 and 5 % of its maximum)", 1, 1e9,
     offsetof(struct coordinator_settings, step_mib)},
    {"headroom", PROGRAM_PERCENT, "PERCENT", "headroom as a share of what a guest uses (default 10)", 0, 100,
     offsetof(struct coordinator_settings, headroom_pct)},
    {"safety", PROGRAM_NUMBER, "FACTOR", "factor on the growth that is expected (default 1.5)", 1, 10,
     offsetof(struct coordinator_settings, safety)},
    {"burst", PROGRAM_NUMBER, "MIB/S", "growth each guest is kept ready for while memory is plenty (default 20)", 0,
     1e6, offsetof(struct coordinator_settings, burst_mib_s)},
    {"cache", PROGRAM_PERCENT, "PERCENT", "page cache kept like memory in use, as a share of the maximum (default 25)",
     0, 100, offsetof(struct coordinator_settings, cache_pct)},
    {0},
};

int main(int argc, char **argv)
{
    static const struct program program = {
        .id = REPORT_MEMORY_COORDINATOR,
        .name = "memory_coordinator",
        .purpose = "moves memory between the guests of a libvirt host through their balloons",
        .config = "/etc/vmbalance/memory-coordinator.conf",
        .policy = &coordinator_policy,
        .settings_size = sizeof(struct coordinator_settings),
        .settings_default = &coordinator_settings_default,
        .settings = settings,
    };

    return program_main(&program, argc, argv);
}
