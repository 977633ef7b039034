#include "core/engine/engine_internal.h"

#include <stdio.h>

/* The longest pause between two attempts, as a multiple of the first. */
static const double longest = 30;

/* A connection that breaks at once isn't made again before this is over. */
static const uint64_t connected_least_ns = 100000000u;

/* A number from 0 to 1 (xorshift), to keep many hosts' programs from knocking in step. */
static double chance(struct engine *e)
{
    e->jitter ^= e->jitter << 13;
    e->jitter ^= e->jitter >> 7;
    e->jitter ^= e->jitter << 17;
    return (double)(e->jitter >> 11) / 9007199254740992.0;
}

/* Waits 1, 2, 4, 8, 16, 30, 30... times the first pause, a fifth more or less. */
static double next_pause(struct engine *e)
{
    double first = e->config.retry_s > 0 ? e->config.retry_s : 1, pause;

    e->retry_s = e->retry_s <= 0 ? first : e->retry_s * 2;
    if (e->retry_s > longest * first)
        e->retry_s = longest * first;
    pause = e->retry_s * (0.8 + 0.4 * chance(e));
    e->retry_at_ns = engine_now_ns(e) + (uint64_t)(pause * 1e9);
    return pause;
}

/* "cannot connect to qemu:///system", or without the URI where it's not known. */
static const char *with_uri(const struct engine *e, const char *what, char *text, size_t size)
{
    const char *uri = e->report.snapshot.uri;

    snprintf(text, size, "%s%s%.60s", what, uri[0] ? " to " : "", uri);
    return text;
}

/* Whether this attempt is worth a line: the first few, and then one in ten minutes or so. */
static bool worth_a_line(const struct engine *e)
{
    return e->attempts <= 6 || e->attempts % 20 == 0;
}

static void disconnected(struct engine *e, const char *what, const char *why)
{
    struct report *r = &e->report;
    double pause = next_pause(e);
    char text[96];

    r->state = REPORT_DISCONNECTED;
    snprintf(r->connection, sizeof(r->connection), "%s%s%.120s; next try in %.0f s",
             with_uri(e, what, text, sizeof(text)), why[0] ? ": " : "", why, pause < 1 ? 1 : pause);
    e->attempts++;
    e->dirty = true;
    if (worth_a_line(e))
        engine_log(e, REPORT_LOG_ERROR, "%s", r->connection);
}

void engine_lost(struct engine *e, const char *why)
{
    e->retry_s = 0;
    e->attempts = 0;
    e->was_up = e->has_sampled = e->has_base = false;
    e->want_step = e->want_force = false;
    disconnected(e, "lost the connection", why);
}

void engine_connect(struct engine *e)
{
    struct host *h = e->config.host;
    struct report *r = &e->report;
    char error[HOST_ERROR_BYTES] = "", text[96];
    int result;

    engine_call(e, "connecting");
    result = h->ops->connect(h, error, sizeof(error));
    engine_returned(e);
    if (result) {
        if (!e->ever_up && e->config.iterations > 0)
            engine_end(e, 1, "%s: %s", with_uri(e, "cannot connect", text, sizeof(text)), error);
        else if (!engine_stopping(e))
            disconnected(e, "cannot connect", error);
        return;
    }
    e->retry_s = 0;
    e->attempts = 0;
    e->retry_at_ns = engine_now_ns(e) + connected_least_ns;
    r->connection[0] = '\0';
    if (e->ever_up) {
        r->counters.reconnects++;
        engine_log(e, REPORT_LOG_EVENT, "connected again");
    }
    r->state = e->paused ? REPORT_PAUSED : e->ever_up ? REPORT_RUNNING : REPORT_STARTING;
    e->dirty = true;
}
