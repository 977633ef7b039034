#include "tests/sim/cpu_task.h"

#include <math.h>

#define WORK_EPSILON_S 1e-9
#define QUOTA_PERIOD_S 0.1
#define DEFAULT_PERIOD_S 0.1
/* Who has waited so long goes away: a queue doesn't grow for ever. */
#define QUEUE_MOST_S 2.0

uint64_t cpu_random_next(struct cpu_random *r)
{
    uint64_t z = (r->state += 0x9e3779b97f4a7c15ULL);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

double cpu_random_unit(struct cpu_random *r)
{
    return (double)(cpu_random_next(r) >> 11) * 0x1.0p-53;
}

double cpu_random_normal(struct cpu_random *r)
{
    double u = 1.0 - cpu_random_unit(r);
    double v = cpu_random_unit(r);

    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

double cpu_random_exponential(struct cpu_random *r, double mean)
{
    return -mean * log(1.0 - cpu_random_unit(r));
}

static double period_of(const struct cpu_load *load)
{
    return load->period_s > 0.0 ? load->period_s : DEFAULT_PERIOD_S;
}

static double jittered(struct cpu_task *t, double value)
{
    if (t->load.jitter <= 0.0)
        return value;
    return value * (1.0 + t->load.jitter * (2.0 * cpu_random_unit(&t->random) - 1.0));
}

static double piece_of_work(struct cpu_task *t)
{
    if (t->load.share >= 1.0 && t->load.kind != CPU_LOAD_OPEN)
        return INFINITY;
    return jittered(t, t->load.share * period_of(&t->load));
}

static void start_phase(struct cpu_task *t, bool on, double now_s)
{
    t->on = on;
    t->phase_s = now_s + cpu_random_exponential(&t->random, on ? t->load.on_s : t->load.off_s);
    t->left_s = on ? piece_of_work(t) : 0.0;
    t->working = on;
    t->next_s = INFINITY;
}

void cpu_task_set_load(struct cpu_task *t, const struct cpu_load *load, double now_s)
{
    double offset = cpu_random_unit(&t->random);

    t->load = *load;
    t->on = true;
    t->left_s = 0.0;
    t->working = false;
    t->next_s = INFINITY;
    t->phase_s = INFINITY;
    switch (load->kind) {
    case CPU_LOAD_IDLE:
        break;
    case CPU_LOAD_BUSY:
        t->left_s = INFINITY;
        t->working = true;
        break;
    case CPU_LOAD_CLOSED:
    case CPU_LOAD_OPEN:
        if (load->share > 0.0)
            t->next_s = now_s + offset * period_of(load);
        break;
    case CPU_LOAD_BURST:
        start_phase(t, offset * (load->on_s + load->off_s) < load->on_s, now_s);
        break;
    }
}

void cpu_task_set_quota(struct cpu_task *t, double quota, double now_s)
{
    t->quota = quota;
    t->budget_s = quota * QUOTA_PERIOD_S;
    t->refill_s = now_s + QUOTA_PERIOD_S;
}

bool cpu_task_wants(const struct cpu_task *t)
{
    return t->working;
}

bool cpu_task_throttled(const struct cpu_task *t)
{
    return t->quota > 0.0 && t->budget_s <= 0.0 && cpu_task_wants(t);
}

double cpu_task_next(const struct cpu_task *t, double now_s, double rate)
{
    double next = fmin(t->next_s, t->phase_s);

    if (cpu_task_wants(t) && rate > 0.0) {
        next = fmin(next, now_s + t->left_s / rate);
        if (t->quota > 0.0)
            next = fmin(next, now_s + t->budget_s / rate);
    }
    if (t->quota > 0.0)
        next = fmin(next, t->refill_s);
    return next;
}

void cpu_task_pass(struct cpu_task *t, double dt_s, double rate)
{
    if (!cpu_task_wants(t))
        return;
    t->run_s += dt_s * rate;
    t->wait_s += dt_s * (1.0 - rate);
    t->left_s -= dt_s * rate;
    if (t->quota > 0.0) {
        t->budget_s -= dt_s * rate;
        if (t->budget_s < WORK_EPSILON_S)
            t->budget_s = 0.0;
    }
}

/* The piece of work is done: a closed load pauses for what its period leaves. */
static void finish_work(struct cpu_task *t, double now_s)
{
    t->left_s = 0.0;
    t->working = false;
    if (t->load.kind == CPU_LOAD_CLOSED || (t->load.kind == CPU_LOAD_BURST && t->on))
        t->next_s = now_s + jittered(t, (1.0 - t->load.share) * period_of(&t->load));
}

static void wake(struct cpu_task *t)
{
    t->working = true;
    if (t->load.kind == CPU_LOAD_OPEN) {
        t->left_s = fmin(t->left_s + piece_of_work(t), QUEUE_MOST_S);
        t->next_s += jittered(t, period_of(&t->load));
    } else {
        t->left_s = piece_of_work(t);
        t->next_s = INFINITY;
    }
}

void cpu_task_fire(struct cpu_task *t, double now_s)
{
    if (t->working && t->left_s < WORK_EPSILON_S)
        finish_work(t, now_s);
    while (t->next_s <= now_s + WORK_EPSILON_S)
        wake(t);
    if (t->phase_s <= now_s + WORK_EPSILON_S)
        start_phase(t, !t->on, now_s);
    if (t->quota > 0.0 && t->refill_s <= now_s + WORK_EPSILON_S) {
        t->budget_s = t->quota * QUOTA_PERIOD_S;
        t->refill_s += QUOTA_PERIOD_S;
    }
}
