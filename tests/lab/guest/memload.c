#include "memload.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1L << 20)
#define PAGE 4096
/* Growth waits while less than this is available: far from where the OOM killer wakes up. */
#define ROOM_MIB 40
#define DISK "/dev/vda"
/* How often a paused growth looks for room. */
#define PAUSE_MS 50
#define ANSWER_MS 10000

enum order_kind { ORDER_GROW, ORDER_HOLD, ORDER_RELEASE, ORDER_CACHE, ORDER_DROP };

struct order {
    enum order_kind kind;
    unsigned seq;
    long mib;
    long rate_mib_s;
};

/* Shared by the agent and the worker, so that reading the status never waits for the worker. */
struct shared {
    atomic_uint taken; /* seq of the last order carried out */
    atomic_long allocated_mib;
    atomic_long cached_mib;
    atomic_long cache_goal_mib;
    atomic_bool growing;
    atomic_bool paused;
    atomic_bool cache_error;
};

struct agent_side {
    struct shared *shared;
    int orders_fd;
    pid_t pid;
    unsigned seq;
    int oom_kills;
};

struct worker {
    struct shared *shared;
    int orders_fd;
    unsigned char **chunks; /* of 1 MiB each */
    long count;
    long room;
    long rate_mib_s;
    long limit_mib;
    double credit_mib; /* growth that is due */
    int64_t credited_ns;
    int disk_fd;
    unsigned char *buffer;
};

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static bool worker_growing(const struct worker *w)
{
    return atomic_load(&w->shared->growing);
}

static bool worker_reading(const struct worker *w)
{
    return atomic_load(&w->shared->cached_mib) < atomic_load(&w->shared->cache_goal_mib);
}

static void worker_release(struct worker *w, long mib)
{
    long keep = mib && mib < w->count ? w->count - mib : 0;

    while (w->count > keep)
        munmap(w->chunks[--w->count], MIB);
    atomic_store(&w->shared->allocated_mib, w->count);
}

/* Adds 1 MiB and writes to each of its pages. Returns false when the kernel refuses the address space. */
static bool worker_add(struct worker *w)
{
    unsigned char *chunk;

    if (w->count == w->room) {
        long room = w->room ? w->room * 2 : 256;
        unsigned char **grown = realloc(w->chunks, (size_t)room * sizeof(*grown));

        if (!grown)
            return false;
        w->chunks = grown;
        w->room = room;
    }
    chunk = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (chunk == MAP_FAILED)
        return false;
    for (long at = 0; at < MIB; at += PAGE)
        *(long *)(void *)(chunk + at) = w->count * MIB + at + 1;
    w->chunks[w->count++] = chunk;
    atomic_store(&w->shared->allocated_mib, w->count);
    return true;
}

/* Grows by what is due. Returns how many ms there is nothing to do for. */
static int worker_grow(struct worker *w)
{
    int64_t now = now_ns();
    bool low = memload_meminfo_mib("MemAvailable") < ROOM_MIB + 1;

    w->credit_mib += (double)w->rate_mib_s * (double)(now - w->credited_ns) / 1e9;
    w->credited_ns = now;
    /* A delay is caught up with, a pause isn't: else growth would come back as one big leap. */
    if (w->credit_mib > (double)w->rate_mib_s)
        w->credit_mib = (double)w->rate_mib_s;
    atomic_store(&w->shared->paused, low);
    if (low) {
        w->credit_mib = 0;
        return PAUSE_MS;
    }
    if (w->rate_mib_s != MEMLOAD_AT_ONCE && w->credit_mib < 1)
        return 1 + (int)((1 - w->credit_mib) * 1000 / (double)w->rate_mib_s);
    if (!worker_add(w)) {
        atomic_store(&w->shared->paused, true);
        return PAUSE_MS;
    }
    w->credit_mib -= 1;
    if (w->limit_mib != MEMLOAD_NO_LIMIT && w->count >= w->limit_mib)
        atomic_store(&w->shared->growing, false);
    return 0;
}

static void worker_read(struct worker *w)
{
    long at = atomic_load(&w->shared->cached_mib);

    /* Stays open: the last close of a disk empties its cache. */
    if (w->disk_fd < 0)
        w->disk_fd = open(DISK, O_RDONLY | O_CLOEXEC);
    if (w->disk_fd < 0 || pread(w->disk_fd, w->buffer, MIB, at * MIB) != MIB) {
        atomic_store(&w->shared->cache_error, true);
        atomic_store(&w->shared->cache_goal_mib, at);
        return;
    }
    atomic_store(&w->shared->cached_mib, at + 1);
}

static void worker_drop(struct worker *w)
{
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

    if (w->disk_fd >= 0)
        close(w->disk_fd);
    w->disk_fd = -1;
    if (fd >= 0) {
        if (write(fd, "3", 1) < 0)
            perror("drop_caches");
        close(fd);
    }
    atomic_store(&w->shared->cache_goal_mib, 0);
    atomic_store(&w->shared->cached_mib, 0);
}

static void worker_obey(struct worker *w, const struct order *order)
{
    switch (order->kind) {
    case ORDER_GROW:
        w->rate_mib_s = order->rate_mib_s;
        w->limit_mib = order->mib;
        w->credit_mib = 0;
        w->credited_ns = now_ns();
        atomic_store(&w->shared->growing, !(order->mib && w->count >= order->mib));
        break;
    case ORDER_HOLD:
        atomic_store(&w->shared->growing, false);
        atomic_store(&w->shared->cache_goal_mib, atomic_load(&w->shared->cached_mib));
        break;
    case ORDER_RELEASE:
        atomic_store(&w->shared->growing, false);
        worker_release(w, order->mib);
        break;
    case ORDER_CACHE:
        atomic_store(&w->shared->cache_error, false);
        atomic_store(&w->shared->cached_mib, 0);
        atomic_store(&w->shared->cache_goal_mib, order->mib);
        break;
    case ORDER_DROP:
        worker_drop(w);
        break;
    }
    if (!worker_growing(w))
        atomic_store(&w->shared->paused, false);
    atomic_store(&w->shared->taken, order->seq);
}

static void worker_main(struct shared *shared, int orders_fd)
{
    struct worker w = {.shared = shared, .orders_fd = orders_fd, .disk_fd = -1};
    const struct sched_param normal = {0};
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

    /* If it ever comes to that, the worker goes and the agent lives to tell. */
    if (fd >= 0) {
        if (write(fd, "1000", 4) < 0)
            perror("oom_score_adj");
        close(fd);
    }
    sched_setscheduler(0, SCHED_OTHER, &normal);
    w.buffer = malloc(MIB);
    if (!w.buffer)
        _exit(1);
    for (;;) {
        struct pollfd p = {.fd = orders_fd, .events = POLLIN};
        int wait_ms = worker_growing(&w) ? worker_grow(&w) : -1;
        struct order order;

        if (worker_reading(&w)) {
            worker_read(&w);
            wait_ms = 0;
        }
        if (poll(&p, 1, wait_ms) > 0) {
            if (read(orders_fd, &order, sizeof(order)) != (ssize_t)sizeof(order))
                _exit(1);
            worker_obey(&w, &order);
        }
    }
}

static struct agent_side *agent_side(void)
{
    static struct agent_side side = {.orders_fd = -1};

    return &side;
}

static int worker_start(struct agent_side *side)
{
    int fds[2];

    memset(side->shared, 0, sizeof(*side->shared));
    if (pipe(fds))
        return -errno;
    side->pid = fork();
    if (side->pid < 0)
        return -errno;
    if (side->pid == 0) {
        close(fds[1]);
        worker_main(side->shared, fds[0]);
    }
    close(fds[0]);
    if (side->orders_fd >= 0)
        close(side->orders_fd);
    side->orders_fd = fds[1];
    return 0;
}

static int worker_revive(struct agent_side *side)
{
    if (waitpid(side->pid, NULL, WNOHANG) != side->pid)
        return 0;
    side->oom_kills++;
    return worker_start(side);
}

static int give(struct order order)
{
    const struct timespec tick = {.tv_nsec = 2000000};
    struct agent_side *side = agent_side();
    int rc = worker_revive(side);

    if (rc)
        return rc;
    order.seq = ++side->seq;
    if (write(side->orders_fd, &order, sizeof(order)) != (ssize_t)sizeof(order))
        return -EIO;
    for (int64_t until = now_ns() + ANSWER_MS * 1000000LL; now_ns() < until;) {
        if (atomic_load(&side->shared->taken) == order.seq)
            return 0;
        nanosleep(&tick, NULL);
    }
    return -ETIMEDOUT;
}

int memload_init(void)
{
    struct agent_side *side = agent_side();

    side->shared = mmap(NULL, sizeof(*side->shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (side->shared == MAP_FAILED)
        return -errno;
    return worker_start(side);
}

int memload_grow(long rate_mib_s, long limit_mib)
{
    return give((struct order){.kind = ORDER_GROW, .rate_mib_s = rate_mib_s, .mib = limit_mib});
}

int memload_hold(void)
{
    return give((struct order){.kind = ORDER_HOLD});
}

int memload_release(long mib)
{
    return give((struct order){.kind = ORDER_RELEASE, .mib = mib});
}

int memload_cache(long mib)
{
    return give((struct order){.kind = ORDER_CACHE, .mib = mib});
}

int memload_drop(void)
{
    return give((struct order){.kind = ORDER_DROP});
}

void memload_status(struct memload_status *status)
{
    struct agent_side *side = agent_side();
    struct shared *shared = side->shared;

    worker_revive(side);
    *status = (struct memload_status){
        .allocated_mib = atomic_load(&shared->allocated_mib),
        .cached_mib = atomic_load(&shared->cached_mib),
        .cache_goal_mib = atomic_load(&shared->cache_goal_mib),
        .growing = atomic_load(&shared->growing),
        .paused = atomic_load(&shared->paused),
        .cache_error = atomic_load(&shared->cache_error),
        .oom_kills = side->oom_kills,
    };
}

long memload_meminfo_mib(const char *name)
{
    size_t len = strlen(name);
    char text[4096];
    int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
    ssize_t got;

    if (fd < 0)
        return -1;
    got = read(fd, text, sizeof(text) - 1);
    close(fd);
    if (got <= 0)
        return -1;
    text[got] = '\0';
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (!strncmp(at, name, len) && at[len] == ':')
            return strtol(at + len + 1, NULL, 10) / 1024;
    }
    return -1;
}
