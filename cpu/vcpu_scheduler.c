#include "cpu/scheduler.h"
#include "ui/program.h"

#include <stddef.h>

static const struct program_setting settings[] = {
    {"tolerance", PROGRAM_PERCENT, "POINTS", "standard deviation of pCPU load within which nothing moves (default 4)",
     0, 100, offsetof(struct scheduler_settings, tolerance)},
    {"aim", PROGRAM_PERCENT, "POINTS", "standard deviation that a plan tries to reach (default 2)", 0, 100,
     offsetof(struct scheduler_settings, aim)},
    {"pin-cost", PROGRAM_NUMBER, "COST", "points of deviation x intervals that a pin must gain (default 20)", 0, 10000,
     offsetof(struct scheduler_settings, pin_cost)},
    {"cooldown", PROGRAM_NUMBER, "INTERVALS", "cool-down of a vCPU after a move (default 2)", 0, 1000,
     offsetof(struct scheduler_settings, cooldown)},
    {"pin-to", PROGRAM_GROUPS, "GROUP", "pin to a cpu (the default), core, llc, node, N pCPUs of an llc, or auto", 0, 0,
     offsetof(struct scheduler_settings, pin_to)},
    {"keep-pins", PROGRAM_FLAG, NULL, "keep <vcpupin> masks of the persistent definitions as constraints", 0, 0,
     offsetof(struct scheduler_settings, keep_pins)},
    {"with-iothreads", PROGRAM_FLAG, NULL, "place guests' emulators and iothreads where their vCPUs are", 0, 0,
     offsetof(struct scheduler_settings, with_threads)},
    {"smt-factor", PROGRAM_NUMBER, "FACTOR", "what a core's threads do together, of what one does alone (default 1.3)",
     1, 8, offsetof(struct scheduler_settings, smt_factor)},
    {"no-smt", PROGRAM_FLAG, NULL, "treat SMT siblings as full cores", 0, 0,
     offsetof(struct scheduler_settings, no_smt)},
    {0},
};

/* What is read of guests is settled when the host is opened. */
static const char *const fixed_settings[] = {"keep-pins", "with-iothreads", NULL};

int main(int argc, char **argv)
{
    static const struct program program = {
        .id = REPORT_VCPU_SCHEDULER,
        .name = "vcpu_scheduler",
        .purpose = "balances the pCPUs of a libvirt host by pinning vCPUs, with as few moves as possible",
        .config = "/etc/vmbalance/vcpu-scheduler.conf",
        .policy = &scheduler_policy,
        .settings_size = sizeof(struct scheduler_settings),
        .settings_default = &scheduler_settings_default,
        .settings = settings,
        .fixed_settings = fixed_settings,
    };

    return program_main(&program, argc, argv);
}
