#include "ui/face.h"

#include "core/model/clock.h"
#include "core/record/json_report.h"
#include "ui/headless/csv.h"
#include "ui/headless/headless_text.h"
#include "ui/headless/journal.h"
#include "ui/headless/metrics.h"
#include "ui/headless/notify.h"

#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From when on a call to the hypervisor that is still under way is worth a line, and how often that's looked at. */
enum { BUSY_S = 5, BUSY_LOOK_MS = 5000 };

struct headless {
    struct engine *engine;
    const struct face_options *options;
    struct headless_style style, style_err;
    struct report report;
    uint64_t told;      /* serial of the last log line that was printed, or needn't be */
    uint64_t told_json; /* likewise, within JSON objects */
    bool started;       /* the line of the start is out */
    bool busy;          /* it was said that a call hangs */
    FILE *csv;          /* NULL: none, or it could not be written */
    struct metrics_file metrics;
    unsigned untold; /* reports of plans, in a row, that memory was too short to tell */
    struct notify notify;
    struct journal journal; /* where it reads what we write */
    bool closed;            /* nobody reads what is written: end quietly */
    bool failed;            /* what was to be written could not be (disk full) */
};

static bool is_terminal_with_colour(int fd)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

    return isatty(fd) && !(no_color && no_color[0]) && term && strcmp(term, "dumb") != 0;
}

/* Waits until fd takes something; false when a signal asks to end meanwhile. */
static bool wait_writable(const struct headless *h, int fd)
{
    struct pollfd fds[] = {{.fd = fd, .events = POLLOUT}, {.fd = h->options->stop_fd, .events = POLLIN}};

    while (!(fds[0].revents))
        if ((poll(fds, 2, -1) < 0 && errno != EINTR) || (fds[1].revents & POLLIN && !fds[0].revents))
            return false;
    return true;
}

/* Writes all at once as far as the reader keeps up; a reader that doesn't read can't keep the program from ending. */
static void write_out(struct headless *h, int fd, const char *text, size_t n)
{
    while (n > 0 && !h->closed && !h->failed && wait_writable(h, fd)) {
        ssize_t written = write(fd, text, n < PIPE_BUF ? n : PIPE_BUF);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            h->closed = errno == EPIPE || errno == EIO;
            h->failed = !h->closed && fd == STDOUT_FILENO;
            if (h->failed)
                fprintf(stderr, "%s: cannot write: %s\n", h->options->program, strerror(errno));
            return;
        }
        text += written;
        n -= (size_t)written;
    }
}

/* Text that is collected before it's written, so that what belongs together comes out together. */
struct page {
    FILE *stream;
    char *text;
    size_t n;
    bool entries; /* for the journal, one behind the other */
};

static bool page_open(struct page *p, bool entries)
{
    *p = (struct page){.entries = entries};
    p->stream = open_memstream(&p->text, &p->n);
    return p->stream != NULL;
}

/* Where lines go that the journal doesn't take as entries. */
struct stream {
    struct headless *headless;
    int fd;
};

static void write_line(void *context, const char *line, size_t n)
{
    const struct stream *s = context;

    write_out(s->headless, s->fd, line, n);
}

/* Writes it out. False where memory was too short for all of it. */
static bool page_close(struct headless *h, struct page *p, int fd)
{
    bool whole = fclose(p->stream) == 0;

    if (whole && p->entries)
        journal_send(&h->journal, h->options->program, p->text, p->n, write_line, &(struct stream){h, fd});
    else if (whole)
        write_out(h, fd, p->text, p->n);
    free(p->text);
    return whole;
}

/* Events and errors that came since the last report; those of decisions are in the decision's own lines. */
static void tell_log(struct headless *h, FILE *out, FILE *err)
{
    const struct report *r = &h->report;

    for (int i = 0; i < r->n_log; i++) {
        const struct report_log *line = &r->log[i];

        if (line->serial <= h->told)
            continue;
        h->told = line->serial;
        if (line->kind == REPORT_LOG_ERROR)
            headless_log(err, &h->style_err, line);
        else if (line->kind == REPORT_LOG_EVENT)
            headless_log(h->options->json ? err : out, h->options->json ? &h->style_err : &h->style, line);
    }
}

/* False where memory was too short. */
static bool tell_json(struct headless *h, FILE *out)
{
    const struct report *r = &h->report;
    char *text;

    if (!r->decision && !r->early && !h->options->samples)
        return true;
    text = json_report_after(r, h->told_json);
    if (!text)
        return false;
    fprintf(out, "%s\n", text);
    if (r->n_log > 0)
        h->told_json = r->log[r->n_log - 1].serial;
    free(text);
    return true;
}

/* The report's lines. False where memory was too short for them. */
static bool tell_lines(struct headless *h, struct page *out, struct page *err)
{
    const struct report *r = &h->report;
    bool told = true;

    if (!h->started && !h->options->json && r->counters.samples > 0) {
        headless_start(out->stream, &h->style, r);
        h->started = true;
    }
    tell_log(h, out->stream, err->stream);
    if (h->options->json)
        told = tell_json(h, out->stream);
    else if (r->decision || r->early)
        headless_decision(out->stream, &h->style, r);
    told = page_close(h, err, STDERR_FILENO) && told;
    return page_close(h, out, STDOUT_FILENO) && told;
}

/* A file that can't be written is told and left: the program's work goes on. */
static void tell_csv(struct headless *h)
{
    if (!h->csv || !h->report.decision)
        return;
    csv_row(h->csv, &h->report);
    if (fflush(h->csv) == 0)
        return;
    fprintf(stderr, "%s: %s: %s; nothing more is written there\n", h->options->program, h->options->csv,
            strerror(errno));
    fclose(h->csv);
    h->csv = NULL;
}

/* What was last known may be written as often as it likes to fail: it is told once, and tried again. */
static void tell_metrics(struct headless *h)
{
    char error[HOST_ERROR_BYTES];

    if (!h->options->metrics || !metrics_are_due(&h->metrics, &h->report))
        return;
    if (metrics_write(&h->metrics, h->options->metrics, &h->report, error, sizeof(error)))
        fprintf(stderr, "%s: %s: %s; tried again each interval\n", h->options->program, h->options->metrics, error);
}

/* False after a complaint. */
static bool open_csv(struct headless *h)
{
    char why[HOST_ERROR_BYTES];

    if (!h->options->csv)
        return true;
    h->csv = csv_open(h->options->csv, why, sizeof(why));
    if (!h->csv)
        fprintf(stderr, "%s: %s: %s\n", h->options->program, h->options->csv, why);
    return h->csv != NULL;
}

/* Memory is short: what is lost is told with the next; twice in a row it's out. Nothing here allocates. */
static void could_not_tell(struct headless *h)
{
    enum { UNTOLD_MOST = 2 };
    static const char words[] = ": out of memory: a report could not be printed\n";

    h->untold++;
    write_out(h, STDERR_FILENO, h->options->program, strlen(h->options->program));
    write_out(h, STDERR_FILENO, words, sizeof(words) - 1);
    h->failed = h->failed || h->untold >= UNTOLD_MOST;
}

static void tell(struct headless *h)
{
    struct page out, err;

    if (page_open(&out, h->style.fields)) {
        if (page_open(&err, h->style_err.fields)) {
            if (tell_lines(h, &out, &err)) {
                h->untold = 0;
                return;
            }
        } else {
            fclose(out.stream);
            free(out.text);
        }
    }
    could_not_tell(h);
}

static void tell_busy(struct headless *h)
{
    char doing[96];
    double seconds = engine_busy(h->engine, doing, sizeof(doing));
    struct report_log line = {.kind = REPORT_LOG_ERROR};
    struct page err;

    if (seconds < BUSY_S) {
        h->busy = false;
        return;
    }
    if (h->busy || !page_open(&err, h->style_err.fields))
        return;
    h->busy = true;
    line.wall_ms = clock_wall_ms();
    snprintf(line.text, sizeof(line.text), "the hypervisor hasn't answered for %.0f s (%s)", seconds, doing);
    headless_log(err.stream, &h->style_err, &line);
    page_close(h, &err, STDERR_FILENO);
}

static void take_all(struct headless *h)
{
    while (!h->closed && !h->failed && engine_take(h->engine, &h->report)) {
        tell(h);
        tell_csv(h);
        tell_metrics(h);
        notify_report(&h->notify, &h->report);
    }
}

static void reload(struct headless *h)
{
    uint64_t count;

    if (read(h->options->reload_fd, &count, sizeof(count)) > 0)
        h->options->reload(h->options->reload_context, h->engine);
}

int face_headless(struct engine *e, const struct face_options *options)
{
    struct headless h = {.engine = e, .options = options};
    char error[HOST_ERROR_BYTES];
    int status = 0;
    bool ended = false;

    h.style.unicode = h.style_err.unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    h.style.colour = is_terminal_with_colour(STDOUT_FILENO);
    h.style_err.colour = is_terminal_with_colour(STDERR_FILENO);
    h.style.verbose = options->verbose;
    h.style.journal = notify_is_journal(STDOUT_FILENO);
    h.style_err.journal = notify_is_journal(STDERR_FILENO);
    h.journal.fd = -1;
    if (h.style.journal || h.style_err.journal)
        journal_open(&h.journal);
    h.style.fields = h.style.journal && h.journal.fd >= 0 && !options->json;
    h.style_err.fields = h.style_err.journal && h.journal.fd >= 0;
    if (!open_csv(&h))
        return 1;
    notify_open(&h.notify);
    while (!ended && !h.closed && !h.failed) {
        /* stdout without events: that its reader is gone is told at once, not by the next line. */
        struct pollfd fds[] = {{.fd = options->stop_fd, .events = POLLIN},
                               {.fd = engine_fd(e), .events = POLLIN},
                               {.fd = STDOUT_FILENO},
                               {.fd = options->reload_fd, .events = POLLIN}};

        if (poll(fds, 4, notify_wait_ms(&h.notify, BUSY_LOOK_MS)) < 0 && errno != EINTR)
            h.failed = true;
        ended = engine_ended(e, &status, error, sizeof(error)); /* before taking: what came before the end is there */
        take_all(&h);
        if (fds[2].revents & (POLLERR | POLLNVAL))
            h.closed = true;
        if (fds[0].revents)
            break;
        if (fds[3].revents & POLLIN)
            reload(&h);
        tell_busy(&h);
        notify_alive(&h.notify, engine_stuck(e));
    }
    notify_close(&h.notify);
    journal_close(&h.journal);
    if (h.csv)
        fclose(h.csv);
    report_free(&h.report);
    return h.failed ? 1 : 0;
}
