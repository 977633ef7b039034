#include "core/engine/engine_internal.h"

#include <stdio.h>

/* A connection that breaks at once isn't made again before this is over. */
static const uint64_t connected_least_ns = 100000000u;

/* "cannot connect to qemu:///system", or without the URI where it's not known. */
static const char *with_uri(const struct engine *e, const char *what, char *text, size_t size)
{
    const char *uri = e->report.snapshot.uri;

    snprintf(text, size, "%s%s%.60s", what, uri[0] ? " to " : "", uri);
    return text;
}

/* Whether this attempt is worth a line: the first few, and then one in ten minutes or so. */
static bool worth_a_line(const struct retry *r)
{
    enum { FIRST = 6, EVERY_S = 600 };
    unsigned every = r->longest_s < EVERY_S ? (unsigned)(EVERY_S / r->longest_s) : 1;

    return r->attempts <= FIRST || r->attempts % every == 0;
}

static void disconnected(struct engine *e, const char *what, const char *why)
{
    struct report *r = &e->report;
    double pause_s = retry_failed(&e->link.retry, engine_now_ns(e));
    char text[96];

    r->state = REPORT_DISCONNECTED;
    snprintf(r->connection, sizeof(r->connection), "%s%s%.120s; next try in %.0f s",
             with_uri(e, what, text, sizeof(text)), why[0] ? ": " : "", why, pause_s < 1 ? 1 : pause_s);
    e->dirty = true;
    if (worth_a_line(&e->link.retry))
        engine_log(e, REPORT_LOG_ERROR, "%s", r->connection);
}

/* A decision that was wanted can't be made any more. */
static void drop_wish(struct engine *e, struct engine_wish *w, const char *what)
{
    if (w->wanted)
        engine_answer(e, w->command, true, "%s: the connection was lost", what);
    w->wanted = false;
}

void engine_lost(struct engine *e, const char *why)
{
    retry_reset(&e->link.retry);
    e->link.reachable = -1;
    e->link.up = e->samples.has_sampled = e->samples.has_base = false;
    drop_wish(e, &e->intent.step, commands_row(ENGINE_STEP)->refused);
    drop_wish(e, &e->intent.force, commands_row(ENGINE_FORCE)->refused);
    disconnected(e, "lost the connection", why);
}

void engine_connect(struct engine *e)
{
    struct host *h = e->config.host;
    struct report *r = &e->report;
    char error[HOST_ERROR_BYTES] = "", text[96];
    int result;

    mailbox_call(&e->mailbox, "connecting");
    result = h->ops->connect(h, error, sizeof(error));
    mailbox_returned(&e->mailbox);
    if (result) {
        if (!e->link.ever_up && e->config.iterations > 0)
            engine_end(e, 1, "%s: %s", with_uri(e, "cannot connect", text, sizeof(text)), error);
        else if (!mailbox_stopping(&e->mailbox))
            disconnected(e, "cannot connect", error);
        return;
    }
    retry_reset(&e->link.retry);
    e->link.retry.at_ns = engine_now_ns(e) + connected_least_ns;
    r->connection[0] = '\0';
    if (e->link.ever_up) {
        r->counters.reconnects++;
        engine_log(e, REPORT_LOG_EVENT, "connected again");
    }
    r->state = e->intent.paused ? REPORT_PAUSED : e->link.ever_up ? REPORT_RUNNING : REPORT_STARTING;
    e->dirty = true;
}
