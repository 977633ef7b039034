#include "core/host/libvirt_host.h"

#include "core/host/bulk_stats.h"
#include "core/host/event_loop.h"
#include "core/host/libvirt_internal.h"
#include "core/host/local_pressure.h"
#include "core/host/local_socket.h"

#include <ctype.h>
#include <errno.h>
#include <libvirt/virterror.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_event(void *context, enum connection_event event, virDomainPtr domain, const virTypedParameter *params,
                     int n_params)
{
    struct libvirt_host *h = context;

    domain_table_event(&h->guests, event, domain, params, n_params);
}

/* What asks for a sample between two others is a guest's memory that can't wait: whoever controls none needs no alarm.
 */
static void set_alarm(struct libvirt_host *h)
{
    if (!h->connection.local || !h->control_memory || h->pressure_fd >= 0)
        return;
    h->pressure_fd = local_pressure_open(h->proc_dir);
    event_loop_on_alarm(h->pressure_fd);
}

static int host_connect(struct host *host, char *error, size_t size)
{
    int result = libvirt_connect(libvirt_host_of(host), error, size);

    if (!result)
        set_alarm(libvirt_host_of(host));
    return result;
}

static bool host_connected(const struct host *host)
{
    const struct libvirt_host *h = (const struct libvirt_host *)host;

    return h->connection.conn && !h->connection.broken;
}

static int host_sample(struct host *host, struct snapshot *s, bool full, char *error, size_t size)
{
    struct libvirt_host *h = libvirt_host_of(host);

    event_loop_serve();
    if (!connection_alive(&h->connection)) {
        snprintf(error, size, "%s", h->connection.why[0] ? h->connection.why : "not connected");
        return -ENOTCONN;
    }
    return libvirt_sample(h, s, full, error, size);
}

static int host_apply(struct host *host, struct plan *p, struct plan_action *a)
{
    return libvirt_apply(libvirt_host_of(host), p, a);
}

static void host_idle(struct host *host, int ms)
{
    (void)host;
    event_loop_run(ms);
}

static bool host_alarmed(struct host *host)
{
    (void)host;
    return event_loop_alarmed();
}

static int host_reachable(const struct host *host)
{
    const struct libvirt_host *h = (const struct libvirt_host *)host;

    return local_socket_daemon_listens(h->connection.uri, "/run/libvirt");
}

static void host_wake(struct host *host)
{
    (void)host;
    event_loop_wake();
}

static void host_interrupt(struct host *host)
{
    watchdog_interrupt(libvirt_host_of(host)->connection.dog);
    event_loop_wake();
}

static void host_measure_only(struct host *host, bool on)
{
    libvirt_host_of(host)->measure_only = on;
}

static void host_set_sampling(struct host *host, double seconds)
{
    libvirt_host_of(host)->sample_s = seconds;
}

static void host_watch(struct host *host, unsigned what)
{
    libvirt_host_of(host)->groups = BULK_STATS_GROUPS | (what & HOST_WATCH_DISK ? BULK_STATS_DISK_GROUP : 0U) |
                                    (what & HOST_WATCH_NET ? BULK_STATS_NET_GROUP : 0U);
}

static bool host_trouble(const struct host *host, char *text, size_t size)
{
    const struct libvirt_host *h = (const struct libvirt_host *)host;
    int failed = h->measure_only ? 0 : ledger_failed(h->ledger);
    const char *trouble = ledger_trouble(h->ledger);

    if (failed)
        snprintf(text, size, "no ledger: %s", trouble ? trouble : strerror(-failed));
    return failed != 0;
}

static bool host_remark(struct host *host, char *text, size_t size)
{
    return remarks_take(&libvirt_host_of(host)->remarks, text, size);
}

static int host_restore(struct host *host, bool cpu, bool memory, char *error, size_t size)
{
    struct libvirt_host *h = libvirt_host_of(host);

    return h->measure_only ? 0 : libvirt_restore(h, cpu, memory, error, size);
}

static void free_host(struct libvirt_host *h)
{
    domain_table_free(&h->guests);
    if (h->connection.dog)
        connection_free(&h->connection);
    ledger_close(h->ledger);
    topology_free(&h->topology);
    free(h->pcpus);
    local_file_free(&h->file);
    if (h->pressure_fd >= 0)
        close(h->pressure_fd);
    event_loop_on_alarm(-1);
    free(h->proc_dir);
    free(h->sys_dir);
    free(h);
}

static bool has_periods(const struct libvirt_host *h)
{
    for (int i = 0; i < h->guests.n; i++)
        if (h->guests.guests[i]->period_set)
            return true;
    return false;
}

static void host_close(struct host *host)
{
    struct libvirt_host *h = libvirt_host_of(host);
    char error[HOST_ERROR_BYTES];

    /* An interrupted call took the connection with it, but what was set for measuring is still to be put back. */
    watchdog_allow(h->connection.dog);
    if (!h->measure_only && has_periods(h) && libvirt_connect(h, error, sizeof(error)) == 0)
        libvirt_period_put_back(h);
    libvirt_disconnect(h);
    free_host(h);
}

static uint64_t host_calls(const struct host *host)
{
    const struct libvirt_host *h = (const struct libvirt_host *)host;

    return h->connection.calls;
}

static const struct host_ops ops = {
    .connect = host_connect,
    .connected = host_connected,
    .sample = host_sample,
    .apply = host_apply,
    .idle = host_idle,
    .alarmed = host_alarmed,
    .reachable = host_reachable,
    .wake = host_wake,
    .interrupt = host_interrupt,
    .measure_only = host_measure_only,
    .set_sampling = host_set_sampling,
    .watch = host_watch,
    .calls = host_calls,
    .remark = host_remark,
    .trouble = host_trouble,
    .restore = host_restore,
    .close = host_close,
};

/* Root's goes where it's gone after a reboot, as what was found is; others can't write there. Who has no home at all
 * can't write where that puts it, and is told so: never to a folder that depends on where he happens to be. */
static int default_folder(char *folder, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    const struct passwd *user;
    int length;

    if (geteuid() == 0)
        return snprintf(folder, size, "/run/vmbalance");
    if (state && state[0] == '/')
        length = snprintf(folder, size, "%s/vmbalance", state);
    else {
        user = home && home[0] == '/' ? NULL : getpwuid(geteuid());
        if (!home || home[0] != '/')
            home = user ? user->pw_dir : "";
        length = snprintf(folder, size, "%s/.local/state/vmbalance", home);
    }
    return length;
}

/* Guests of different hosts, and what different programs found of them, don't mix. */
static struct ledger *open_ledger(const struct libvirt_host_options *o, const char *uri)
{
    char path[PATH_MAX], folder[PATH_MAX / 2];
    int length;

    /* The guests of libvirt's test driver are this process's own, and gone with it. */
    if (o->no_ledger || (!o->state_dir && strncmp(uri, "test:", strlen("test:")) == 0))
        return ledger_open(NULL);
    length =
        o->state_dir ? snprintf(folder, sizeof(folder), "%s", o->state_dir) : default_folder(folder, sizeof(folder));
    if (length < 0 || (size_t)length >= sizeof(folder))
        return NULL;
    length = snprintf(path, sizeof(path), "%s/found-%s-%.200s", folder, o->control_memory ? "memory" : "cpu", uri);
    if (length < 0)
        return NULL;
    for (char *p = path + strlen(folder) + 1; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
            *p = '_';
    return ledger_open(path);
}

int libvirt_host_own(struct host *host, char *error, size_t size)
{
    struct libvirt_host *h = libvirt_host_of(host);
    int result = ledger_own(h->ledger);
    const char *trouble = ledger_trouble(h->ledger);

    if (result)
        snprintf(error, size, "%s", trouble ? trouble : strerror(-result));
    else if (trouble)
        libvirt_remark(h, "%s", trouble);
    return result;
}

struct host *libvirt_host_new(const struct libvirt_host_options *o)
{
    const char *uri = o->uri ? o->uri : "qemu:///system";
    struct libvirt_host *h = calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    h->base.ops = &ops;
    h->pressure_fd = -1;
    host_watch(&h->base, o->watch);
    h->sample_s = o->sample_s;
    h->control_cpu = o->control_cpu;
    h->control_memory = o->control_memory;
    h->fresh_memory = o->control_memory || o->fresh_memory;
    h->keep_pins = o->keep_pins;
    h->with_threads = o->with_threads;
    h->measure_only = o->dry_run;
    h->patience_ms = LIBVIRT_PATIENCE_MS;
    h->leaked = o->leaked;
    h->proc_dir = strdup(o->proc_dir ? o->proc_dir : "/proc");
    h->sys_dir = strdup(o->sys_dir ? o->sys_dir : "/sys");
    h->ledger = open_ledger(o, uri);
    if (!h->proc_dir || !h->sys_dir || !h->ledger || connection_init(&h->connection, uri, on_event, h)) {
        free_host(h);
        return NULL;
    }
    return &h->base;
}
