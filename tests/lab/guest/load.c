#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Turns of the loop in a unit: some 10 us under emulation, so an order is noticed at once. */
#define TURNS_PER_UNIT 500
/* How many units are done between two looks at the clock, which is slow to read here. */
#define UNITS_PER_LOOK 32
#define NS_PER_S 1000000000LL

struct burner {
    bool started;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct load_order order;      /* under lock */
    atomic_uint orders;           /* counts the orders given, so a burning thread sees a new one */
    atomic_uint_fast64_t done;    /* units */
    atomic_uint_fast64_t backlog; /* units */
};

static const char *const kind_names[] = {
    [LOAD_IDLE] = "idle", [LOAD_BUSY] = "busy", [LOAD_CLOSED] = "closed", [LOAD_OPEN] = "open", [LOAD_BURST] = "burst",
};

static struct burner *burner_of(unsigned cpu)
{
    static struct burner *burners;

    if (!burners)
        burners = calloc(load_cpu_count(), sizeof(*burners));
    return burners && cpu < load_cpu_count() ? &burners[cpu] : NULL;
}

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

__attribute__((noinline)) static void do_unit(void)
{
    uint64_t x = 88172645463325252ULL;

    for (int i = 0; i < TURNS_PER_UNIT; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    /* Keeps the compiler from seeing that nobody needs the result. */
    __asm__ volatile("" : : "r"(x));
}

/* Burns until `units` are done, `until_ns` is reached (0: never) or another order is there. Returns units done. */
static uint64_t burn(struct burner *b, unsigned seen, uint64_t units, int64_t until_ns)
{
    uint64_t n = 0;

    while (n < units && atomic_load_explicit(&b->orders, memory_order_relaxed) == seen) {
        do_unit();
        n++;
        atomic_fetch_add_explicit(&b->done, 1, memory_order_relaxed);
        if (until_ns && n % UNITS_PER_LOOK == 0 && now_ns() >= until_ns)
            break;
    }
    return n;
}

/* Sleeps until `until_ns` (0: for ever) or until another order is there. */
static void rest(struct burner *b, unsigned seen, int64_t until_ns)
{
    struct timespec ts = {.tv_sec = until_ns / NS_PER_S, .tv_nsec = until_ns % NS_PER_S};
    int rc = 0;

    pthread_mutex_lock(&b->lock);
    while (atomic_load(&b->orders) == seen && rc == 0)
        rc = until_ns ? pthread_cond_timedwait(&b->changed, &b->lock, &ts) : pthread_cond_wait(&b->changed, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

static void run_open(struct burner *b, unsigned seen, const struct load_order *order)
{
    int64_t period_ns = (int64_t)order->pause_us * 1000;
    int64_t next_ns = now_ns();

    while (atomic_load(&b->orders) == seen) {
        for (; now_ns() >= next_ns; next_ns += period_ns)
            atomic_fetch_add(&b->backlog, order->work_units);
        if (atomic_load(&b->backlog) == 0)
            rest(b, seen, next_ns);
        else
            atomic_fetch_sub(&b->backlog, burn(b, seen, atomic_load(&b->backlog), next_ns));
    }
    atomic_store(&b->backlog, 0);
}

static void run_order(struct burner *b, unsigned seen, const struct load_order *order)
{
    int64_t pause_ns = (int64_t)order->pause_us * 1000;

    switch (order->kind) {
    case LOAD_IDLE:
        rest(b, seen, 0);
        break;
    case LOAD_BUSY:
        burn(b, seen, UINT64_MAX, 0);
        break;
    case LOAD_CLOSED:
        while (atomic_load(&b->orders) == seen) {
            burn(b, seen, order->work_units, 0);
            rest(b, seen, now_ns() + pause_ns);
        }
        break;
    case LOAD_OPEN:
        run_open(b, seen, order);
        break;
    case LOAD_BURST:
        while (atomic_load(&b->orders) == seen) {
            burn(b, seen, UINT64_MAX, now_ns() + (int64_t)order->on_us * 1000);
            rest(b, seen, now_ns() + pause_ns);
        }
        break;
    }
}

static void *burner_main(void *arg)
{
    struct burner *b = arg;

    for (;;) {
        struct load_order order;
        unsigned seen;

        pthread_mutex_lock(&b->lock);
        order = b->order;
        seen = atomic_load(&b->orders);
        pthread_mutex_unlock(&b->lock);
        run_order(b, seen, &order);
    }
    return NULL;
}

/*
 * A CPU that was plugged in while the guest runs stays offline until somebody says otherwise: nobody else is here.
 * Returns whether it is online now.
 */
static bool bring_online(unsigned cpu)
{
    char path[64], now = '1';
    int fd;

    snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return cpu == 0; /* which can't be taken away, and so has no such file */
    if (pread(fd, &now, 1, 0) == 1 && now != '1')
        now = write(fd, "1", 1) == 1 ? '1' : '0';
    close(fd);
    return now == '1';
}

static int burner_start(struct burner *b, unsigned cpu)
{
    pthread_condattr_t monotonic;
    const struct sched_param normal = {0};
    pthread_attr_t attr;
    cpu_set_t set;
    int rc;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, &monotonic);
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    pthread_attr_init(&attr);
    pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
    /* The agent itself runs at real-time priority to stay answerable; burners must not inherit that. */
    pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
    pthread_attr_setschedparam(&attr, &normal);
    rc = pthread_create(&b->thread, &attr, burner_main, b);
    pthread_attr_destroy(&attr);
    pthread_condattr_destroy(&monotonic);
    if (rc)
        return -rc;
    pthread_detach(b->thread);
    b->started = true;
    return 0;
}

unsigned load_cpu_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_CONF);

    return n > 0 ? (unsigned)n : 1;
}

int load_set(unsigned cpu, const struct load_order *order)
{
    struct burner *b = burner_of(cpu);
    int rc;

    if (!b)
        return -ENOENT;
    if (!bring_online(cpu))
        return -ENODEV;
    if (b->started) {
        /* The kernel forgot it if the CPU was away. */
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        pthread_setaffinity_np(b->thread, sizeof(set), &set);
    } else {
        if (order->kind == LOAD_IDLE)
            return 0;
        rc = burner_start(b, cpu);
        if (rc)
            return rc;
    }
    pthread_mutex_lock(&b->lock);
    b->order = *order;
    atomic_fetch_add(&b->orders, 1);
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->lock);
    return 0;
}

uint64_t load_work_units(unsigned cpu)
{
    struct burner *b = burner_of(cpu);

    return b ? atomic_load(&b->done) : 0;
}

uint64_t load_backlog_units(unsigned cpu)
{
    struct burner *b = burner_of(cpu);

    return b ? atomic_load(&b->backlog) : 0;
}

enum load_kind load_kind_now(unsigned cpu)
{
    struct burner *b = burner_of(cpu);

    return b ? b->order.kind : LOAD_IDLE;
}

const char *load_kind_name(enum load_kind kind)
{
    return kind_names[kind];
}

int load_kind_parse(const char *name)
{
    for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++)
        if (!strcmp(name, kind_names[i]))
            return (int)i;
    return -1;
}
