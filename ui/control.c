#include "ui/control.h"

#include "core/attach/attach_host.h"
#include "core/attach/attach_socket.h"
#include "core/model/clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How long an answer may take: a step waits until enough was measured, and the pins of a large host take their time. */
enum { ANSWER_S = 60 };

static const struct control_word words[] = {
    {"pause", "pause", 1, false}, {"resume", "pause", 0, false}, {"step", "step", 0, false},
    {"force", "force", 0, false}, {"undo", "undo", 0, false},    {"lock", "lock", 1, true},
    {"unlock", "lock", 0, true},  {"status", NULL, 0, false},    {NULL, NULL, 0, false},
};

/* What is spoken to, and what has come of it so far. */
struct control {
    const char *program;
    const struct control_word *word;
    bool json;
    struct host *host;
    struct report report;
    char busy[128]; /* what it waits for itself; empty: nothing */
};

const struct control_word *control_find(const char *word)
{
    for (const struct control_word *w = words; w->word; w++)
        if (strcmp(w->word, word) == 0)
            return w;
    return NULL;
}

const char *control_list(char *text, unsigned long size)
{
    size_t n = 0;

    for (const struct control_word *w = words; w->word && n < size; w++)
        n += (size_t)snprintf(text + n, size - n, "%s%s", n ? ", " : "", w->word);
    return text;
}

static void print_status(const struct control *c)
{
    const struct report *r = &c->report;
    const struct attach_hello *hello = attach_host_hello(c->host);
    const char *before = "locked: ";
    int online = 0;

    for (int i = 0; i < r->snapshot.n_pcpus; i++)
        online += r->snapshot.pcpus[i].online;
    printf("%s %s, process %ld, %s\n", hello->program, hello->version, hello->process, hello->uri);
    printf("%s%s%s, a decision every %g s", report_state_word(r->state),
           r->paused && r->state != REPORT_PAUSED ? ", paused" : "", r->dry_run ? ", dry run" : "", r->interval_s);
    if (r->next_in_s >= 0 && !r->paused)
        printf(", the next in %.1f s", r->next_in_s);
    printf("\n%d pCPUs, %d guests, %d vCPUs", online, r->snapshot.n_guests, r->snapshot.n_vcpus);
    if (r->live.sd_pct >= 0)
        printf(", sd %.1f", r->live.sd_pct);
    printf("\n%s\n", r->state == REPORT_DISCONNECTED ? r->connection
                     : r->plan.summary[0]            ? r->plan.summary
                                                     : "nothing decided yet");
    for (int i = 0; i < r->n_guests; i++) {
        if (!r->guests[i].locked)
            continue;
        printf("%s%s", before, r->snapshot.guests[i].name);
        before = ", ";
    }
    if (before[0] == ',')
        printf("\n");
}

/* What one line means for the command: the exit status, or -1 to wait on. */
static int take_line(struct control *c, const char *line, size_t length)
{
    struct attach_message m;
    char why[192];

    if (!attach_message_read(&m, &c->report, line, length, why, sizeof(why))) {
        fprintf(stderr, "%s: it sent what can't be understood: %s\n", c->program, why);
        return 1;
    }
    if (m.kind == ATTACH_BUSY)
        snprintf(c->busy, sizeof(c->busy), "%s%s%s", m.busy.seconds > 0 ? "; it waits for the hypervisor (" : "",
                 m.busy.seconds > 0 ? m.busy.text : "", m.busy.seconds > 0 ? ")" : "");
    if (m.kind == ATTACH_REPORT && !c->word->command) {
        if (c->json)
            printf("%s\n", line);
        else
            print_status(c);
        return 0;
    }
    if (m.kind != ATTACH_ANSWER)
        return -1;
    if (m.answer.refused)
        fprintf(stderr, "%s: %s\n", c->program, m.answer.text);
    else
        printf("%s\n", m.answer.text);
    return m.answer.refused ? 1 : 0;
}

static int await(struct control *c)
{
    uint64_t until = clock_monotonic_ns() + ANSWER_S * UINT64_C(1000000000);
    int status = -1;

    while (status < 0 && clock_monotonic_ns() < until) {
        char why[ATTACH_WHY_BYTES] = "";
        const char *line;
        size_t length;
        int came = attach_host_line(c->host, &line, &length, why, sizeof(why));

        if (came > 0) {
            status = take_line(c, line, length);
        } else if (came < 0) {
            fprintf(stderr, "%s: no answer: %s\n", c->program, why);
            status = 1;
        } else {
            c->host->ops->idle(c->host, 1000);
        }
    }
    if (status < 0)
        fprintf(stderr, "%s: no answer within %d s%s\n", c->program, ANSWER_S, c->busy);
    return status < 0 ? 1 : status;
}

int control_run(const char *program, const char *path, const struct control_word *word, const char *guest, bool json)
{
    struct control c = {.program = program, .word = word, .json = json};
    struct attach_request request = {.has_id = true, .id = 1, .has_value = true, .value = word->value};
    char error[HOST_ERROR_BYTES] = "out of memory";
    int status = 1;

    c.host = attach_host_new(path, program, word->command ? ATTACH_WANTS_NOTHING : ATTACH_WANTS_DECISIONS);
    if (c.host && c.host->ops->connect(c.host, error, sizeof(error)) == 0) {
        snprintf(request.command, sizeof(request.command), "%s", word->command ? word->command : "");
        snprintf(request.guest, sizeof(request.guest), "%s", guest ? guest : "");
        if (word->command && attach_host_send(c.host, &request))
            fprintf(stderr, "%s: it ended the connection\n", program);
        else
            status = await(&c);
    } else {
        fprintf(stderr, "%s: no running program to speak to: %s\n", program, error);
        status = CONTROL_NOBODY;
    }
    if (c.host)
        c.host->ops->close(c.host);
    report_free(&c.report);
    return status;
}
