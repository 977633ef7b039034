#include "tests/unit/guest_history_world.h"

static uint64_t kib(double mib)
{
    return (uint64_t)(mib * 1024);
}

void guest_history_world_begin(struct guest_history_world *w)
{
    struct snapshot_guest first = {.id = 1};

    *w = (struct guest_history_world){.seconds = 2, .r = {.known = true, .has_swap = true, .has_faults = true}};
    w->m = (struct snapshot_memory){
        .has = SNAPSHOT_HAS_SIZE | SNAPSHOT_HAS_MAX | SNAPSHOT_HAS_AVAILABLE | SNAPSHOT_HAS_UNUSED |
               SNAPSHOT_HAS_USABLE | SNAPSHOT_HAS_RSS | SNAPSHOT_HAS_LAST_UPDATE,
        .size_kib = MIB(1000),
        .max_kib = MIB(2000),
        .available_kib = MIB(950),
        .unused_kib = MIB(400),
        .usable_kib = MIB(400),
        .rss_kib = MIB(1062),
        .last_update_s = 1000,
        .stats_period_s = 1,
        .balloon = true,
    };
    first.memory = w->m;
    guest_history_start(&w->g, &first, 1);
    guest_history_world_look(w);
}

void guest_history_world_begin_known(struct guest_history_world *w)
{
    guest_history_world_begin(w);
    guest_history_world_looks(w, 3);
}

void guest_history_world_look(struct guest_history_world *w)
{
    w->interval++;
    w->now_s += w->seconds;
    w->m.last_update_s += !w->silent;
    guest_history_sample(&w->g, &w->m, &w->r, w->interval, w->now_s, w->interval > 1 ? w->seconds : 0,
                         &coordinator_settings_default);
    guest_history_begin_interval(&w->g, &w->m, w->interval);
}

void guest_history_world_looks(struct guest_history_world *w, int count)
{
    for (int i = 0; i < count; i++)
        guest_history_world_look(w);
}

void guest_history_world_use(struct guest_history_world *w, double used_mib)
{
    w->m.unused_kib = w->m.usable_kib = w->m.size_kib - kib(used_mib);
}

void guest_history_world_resize(struct guest_history_world *w, double size_mib)
{
    uint64_t used_kib = w->m.size_kib - w->m.usable_kib;

    w->m.size_kib = kib(size_mib);
    w->m.available_kib = w->m.size_kib - MIB(50);
    w->m.unused_kib = w->m.usable_kib = w->m.size_kib - used_kib;
}

void guest_history_world_ask(struct guest_history_world *w, double to_mib, enum plan_result result)
{
    struct plan_action action = {
        .kind = PLAN_SET_MEMORY, .from_kib = w->m.size_kib, .to_kib = kib(to_mib), .result = result};

    guest_history_applied(&w->g, &action, w->interval, w->now_s);
}

void guest_history_world_move(struct guest_history_world *w, double to_mib)
{
    guest_history_world_ask(w, to_mib, PLAN_DONE);
    guest_history_world_resize(w, to_mib);
    guest_history_world_look(w);
}
