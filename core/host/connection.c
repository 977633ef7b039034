#include "core/host/connection.h"

#include "core/host/event_loop.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
    OPEN_LOCAL_MS = 5000,
    OPEN_REMOTE_MS = 15000,
    CLOSE_MS = 2000,
    QUICK_MS = 5000,
    /* A libvirtd that doesn't answer for this long is given up. */
    KEEPALIVE_INTERVAL_S = 3,
    KEEPALIVE_COUNT = 3,
};

/* Errors come back to the caller by way of virGetLastError: libvirt's own printing would spoil the screen. */
static void keep_silent(void *context, virErrorPtr error)
{
    (void)context;
    (void)error;
}

/* ssh would ask for passwords on the terminal, in the middle of a screen or of nowhere. */
static char *without_questions(const char *uri)
{
    const char *scheme_end = strstr(uri, "://");
    const char *ssh = strstr(uri, "+ssh");
    char *made;

    if (!scheme_end || !ssh || ssh > scheme_end || strstr(uri, "no_tty="))
        return strdup(uri);
    return asprintf(&made, "%s%sno_tty=1", uri, strchr(uri, '?') ? "&" : "?") < 0 ? NULL : made;
}

/* The library would also print its warnings to standard error, such as that the host's own name can't be resolved, each
 * with two lines about itself. Whoever asks for them by the variable that libvirt documents still gets them. */
static int keep_warnings_silent(void)
{
    return setenv("LIBVIRT_DEBUG", "error", 0);
}

int connection_init(struct connection *c, const char *uri, connection_on_event *on_event, void *context)
{
    memset(c, 0, sizeof(*c));
    for (int i = 0; i < CONNECTION_EVENTS; i++)
        c->events[i] = -1;
    c->on_event = on_event;
    c->context = context;
    c->uri = without_questions(uri);
    /* Threads come after it: changing the environment is not safe beside one that reads it. */
    c->dog = keep_warnings_silent() ? NULL : watchdog_start();
    /* Before any call: without it, a look at the last error before the first connection uses a thread-local key that
     * was never made, and so another library's. */
    if (!c->uri || !c->dog || virInitialize() < 0 || event_loop_init()) {
        connection_free(c);
        return -ENOMEM;
    }
    virSetErrorFunc(NULL, keep_silent);
    return 0;
}

void connection_free(struct connection *c)
{
    watchdog_stop(c->dog);
    free(c->uri);
    memset(c, 0, sizeof(*c));
}

int connection_last_error(char *text, size_t size)
{
    const virError *e = virGetLastError();
    char *end;

    snprintf(text, size, "%s", e && e->message ? e->message : "no reason given");
    for (end = text + strlen(text); end > text && (end[-1] == '\n' || end[-1] == ' '); end--)
        ;
    *end = '\0';
    for (char *p = text; *p; p++)
        if (*p == '\n' || *p == '\t')
            *p = ' ';
    return e && e->code != VIR_ERR_OK ? e->code : VIR_ERR_INTERNAL_ERROR;
}

static void break_off(struct connection *c, const char *why)
{
    if (!c->broken)
        snprintf(c->why, sizeof(c->why), "%s", why);
    c->broken = true;
}

void connection_begin(struct connection *c, int ms, unsigned n)
{
    c->calls += n;
    watchdog_begin(c->dog, ms);
}

bool connection_end(struct connection *c)
{
    if (!watchdog_end(c->dog))
        return false;
    break_off(c, "a call took too long");
    c->cut = true;
    return true;
}

static void on_close(virConnectPtr conn, int reason, void *context)
{
    static const char *const words[] = {
        [VIR_CONNECT_CLOSE_REASON_ERROR] = "libvirt closed the connection after an error",
        [VIR_CONNECT_CLOSE_REASON_EOF] = "libvirt closed the connection",
        [VIR_CONNECT_CLOSE_REASON_KEEPALIVE] = "libvirt doesn't answer any more",
        [VIR_CONNECT_CLOSE_REASON_CLIENT] = "the connection was closed",
    };
    struct connection *c = context;

    (void)conn;
    break_off(c, reason >= 0 && reason < (int)(sizeof(words) / sizeof(words[0])) ? words[reason] : words[0]);
}

static void tell(void *context, enum connection_event event, virDomainPtr domain)
{
    struct connection *c = context;

    c->on_event(c->context, event, domain, NULL, 0);
}

static int on_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail, void *context)
{
    (void)conn;
    (void)event;
    (void)detail;
    tell(context, CONNECTION_CHANGED, domain);
    return 0;
}

static void on_plain(virConnectPtr conn, virDomainPtr domain, void *context)
{
    (void)conn;
    tell(context, CONNECTION_CHANGED, domain);
}

static void on_device(virConnectPtr conn, virDomainPtr domain, const char *device, void *context)
{
    (void)conn;
    (void)device;
    tell(context, CONNECTION_CHANGED, domain);
}

static void on_metadata(virConnectPtr conn, virDomainPtr domain, int type, const char *uri, void *context)
{
    (void)conn;
    (void)type;
    (void)uri;
    tell(context, CONNECTION_CHANGED, domain);
}

static void on_iteration(virConnectPtr conn, virDomainPtr domain, int iteration, void *context)
{
    (void)conn;
    (void)iteration;
    tell(context, CONNECTION_JOB, domain);
}

static void on_job(virConnectPtr conn, virDomainPtr domain, virTypedParameterPtr params, int n, void *context)
{
    (void)conn;
    (void)params;
    (void)n;
    tell(context, CONNECTION_JOB_ENDED, domain);
}

static void on_tunable(virConnectPtr conn, virDomainPtr domain, virTypedParameterPtr params, int n, void *context)
{
    struct connection *c = context;

    (void)conn;
    c->on_event(c->context, CONNECTION_TUNED, domain, params, n);
}

static void register_events(struct connection *c)
{
    static const struct {
        int id;
        virConnectDomainEventGenericCallback callback;
    } rows[] = {
        {VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)},
        {VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_plain)},
        {VIR_DOMAIN_EVENT_ID_CONTROL_ERROR, VIR_DOMAIN_EVENT_CALLBACK(on_plain)},
        {VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_device)},
        {VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_device)},
        {VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, VIR_DOMAIN_EVENT_CALLBACK(on_metadata)},
        {VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION, VIR_DOMAIN_EVENT_CALLBACK(on_iteration)},
        {VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, VIR_DOMAIN_EVENT_CALLBACK(on_job)},
        {VIR_DOMAIN_EVENT_ID_TUNABLE, VIR_DOMAIN_EVENT_CALLBACK(on_tunable)},
    };

    _Static_assert(sizeof(rows) / sizeof(rows[0]) <= CONNECTION_EVENTS, "room for each callback's number");
    /* A driver that lacks one is none the worse for it. */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        c->events[i] = virConnectDomainEventRegisterAny(c->conn, NULL, rows[i].id, rows[i].callback, c, NULL);
}

/* A socket may have been forwarded from elsewhere, so the names must agree, too; their first labels, as one may be
 * qualified and the other not. */
static bool is_here(virConnectPtr conn)
{
    char here[256] = "", *there = virConnectGetHostname(conn), *uri = virConnectGetURI(conn);
    const char *authority = uri ? strstr(uri, "://") : NULL;
    bool same = false;

    gethostname(here, sizeof(here) - 1);
    if (there && authority && authority[3] == '/') {
        size_t length = strcspn(here, ".");

        same = length > 0 && strcspn(there, ".") == length && strncasecmp(here, there, length) == 0;
    }
    free(there);
    free(uri);
    return same;
}

static void look_around(struct connection *c)
{
    const char *type = virConnectGetType(c->conn);

    c->qemu = type && strcasecmp(type, "QEMU") == 0;
    c->made_up = type && strcasecmp(type, "TEST") == 0;
    /* Of drivers whose guests are this kernel's own processes. */
    c->local = type && (c->qemu || strcasecmp(type, "LXC") == 0 || strcasecmp(type, "CH") == 0) && is_here(c->conn);
}

static void on_socket(int socket, void *context)
{
    struct connection *c = context;

    watchdog_attach(c->dog, socket);
}

static bool has_server(const char *uri)
{
    const char *authority = strstr(uri, "://");

    return authority && authority[3] != '/' && authority[3] != '\0';
}

/* libvirt writes to sockets that may be closed by then, and leaves it to its user what comes of the signal: here, that
 * the write fails. */
static void block_sigpipe(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int connection_open(struct connection *c, char *error, size_t size)
{
    bool cut;

    if (c->conn && connection_alive(c))
        return 0;
    connection_close(c);
    block_sigpipe();
    virResetLastError();
    event_loop_on_socket(on_socket, c);
    connection_begin(c, has_server(c->uri) ? OPEN_REMOTE_MS : OPEN_LOCAL_MS, 1);
    c->conn = virConnectOpen(c->uri);
    cut = connection_end(c);
    event_loop_on_socket(NULL, NULL);
    if (cut || !c->conn) {
        if (cut)
            snprintf(error, size, "%s: no answer", c->uri);
        else
            connection_last_error(error, size);
        connection_close(c);
        return -ENOTCONN;
    }
    connection_begin(c, QUICK_MS, 4 + CONNECTION_EVENTS);
    virConnectSetKeepAlive(c->conn, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
    virConnectRegisterCloseCallback(c->conn, on_close, c, NULL);
    register_events(c);
    look_around(c);
    cut = connection_end(c);
    virResetLastError();
    if (cut) {
        snprintf(error, size, "%s: no answer", c->uri);
        connection_close(c);
        return -ENOTCONN;
    }
    return 0;
}

int connection_close(struct connection *c)
{
    int references = 0;

    if (c->conn) {
        watchdog_begin(c->dog, CLOSE_MS);
        for (int i = 0; i < CONNECTION_EVENTS; i++) {
            if (c->events[i] >= 0)
                virConnectDomainEventDeregisterAny(c->conn, c->events[i]);
            c->events[i] = -1;
        }
        virConnectUnregisterCloseCallback(c->conn, on_close);
        /* Events that were queued hold references, which are dropped as they are served. */
        event_loop_serve();
        references = virConnectClose(c->conn);
        c->conn = NULL;
        watchdog_end(c->dog);
        event_loop_serve();
        virResetLastError();
    }
    watchdog_detach(c->dog);
    c->broken = c->cut = false;
    c->why[0] = '\0';
    return references > 0 ? references : 0;
}

bool connection_alive(struct connection *c)
{
    if (c->conn && !c->broken && virConnectIsAlive(c->conn) == 0)
        break_off(c, "libvirt closed the connection");
    return c->conn && !c->broken;
}
