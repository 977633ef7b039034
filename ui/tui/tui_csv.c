/* What the view shows, written to a file of comma-separated values (RFC 4180) in the present folder. */
#include "ui/tui/tui.h"

#include "ui/tui/tui_actions.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double shown_s = 5; /* how long an answer stays */

/* A text as one field: in quotation marks, those in it doubled. */
static void put_text(FILE *file, const char *text)
{
    putc('"', file);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', file);
        putc(*text, file);
    }
    putc('"', file);
}

/* A figure, or nothing where it isn't known. */
static void put_figure(FILE *file, bool known, double value)
{
    if (known)
        fprintf(file, ",%.1f", value);
    else
        fprintf(file, ",");
}

static int write_guests(const struct tui *t, FILE *file)
{
    static const struct rates_guest unknown = {0};
    const struct report *r = &t->report;

    fprintf(file, "name,id,cpu_pct,wait_pct,vcpus,size_kib,max_kib,used_kib,unused_kib,swap_kib_s,disk_kib_s,net_kib_s,"
                  "other_pct,poll_pct,last\r\n");
    for (int i = 0; i < t->list.n_order; i++) {
        int guest = t->list.order[i];
        const struct snapshot_guest *g = &r->snapshot.guests[guest];
        const struct snapshot_memory *m = &g->memory;
        const struct rates_guest *rate = guest < r->live.n_guests ? &r->live.guests[guest] : &unknown;
        uint64_t used = 0;
        bool told = rates_memory_used(m, &used);

        put_text(file, g->name);
        fprintf(file, ",%d", g->id);
        put_figure(file, rate->known, rate->run_pct);
        put_figure(file, rate->known, rate->wait_pct);
        fprintf(file, ",%d", g->n_vcpus);
        put_figure(file, m->has & SNAPSHOT_HAS_SIZE, (double)m->size_kib);
        put_figure(file, m->has & SNAPSHOT_HAS_MAX, (double)m->max_kib);
        put_figure(file, told, (double)used);
        put_figure(file, m->has & SNAPSHOT_HAS_UNUSED, (double)m->unused_kib);
        put_figure(file, rate->has_swap, rate->swap_in_kib_s + rate->swap_out_kib_s);
        put_figure(file, rate->has_disk, rate->disk_read_kib_s + rate->disk_written_kib_s);
        put_figure(file, rate->has_net, rate->net_received_kib_s + rate->net_sent_kib_s);
        put_figure(file, rate->has_other, rate->other_pct);
        put_figure(file, rate->has_poll, rate->poll_pct);
        fprintf(file, ",");
        put_text(file, guest < r->n_guests ? r->guests[guest].last : "");
        fprintf(file, "\r\n");
    }
    return t->list.n_order;
}

static int write_log(const struct tui *t, FILE *file)
{
    const struct report *r = &t->report;

    fprintf(file, "time,text\r\n");
    for (int i = r->n_log - 1; i >= 0; i--) {
        time_t seconds = (time_t)(r->log[i].wall_ms / 1000);
        struct tm when;
        char text[32] = "";

        if (gmtime_r(&seconds, &when))
            strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &when);
        fprintf(file, "%s,", text);
        put_text(file, r->log[i].text);
        fprintf(file, "\r\n");
    }
    return r->n_log;
}

/* A new file named for the program and the second, or -1; never one that is there: the next of a second has a number.
 */
static int open_new(const struct tui *t, char *path, size_t size)
{
    enum { MOST_OF_A_SECOND = 9 };
    const char *program = t->options->program ? t->options->program : "screen";
    time_t now = time(NULL);
    struct tm when = {0};
    char stamp[32] = "", number[8] = "";
    int fd = -1;

    if (localtime_r(&now, &when))
        strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &when);
    for (int i = 1; i <= MOST_OF_A_SECOND && fd < 0; i++) {
        if (i > 1)
            snprintf(number, sizeof(number), "-%d", i);
        snprintf(path, size, "%s-%s%s.csv", program, stamp, number);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

void tui_do_write(struct tui *t, int unused)
{
    char path[128];
    bool failed, log = t->view == LAYOUT_LOG;
    FILE *file;
    int fd = open_new(t, path, sizeof(path)), rows;

    (void)unused;
    file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        tui_state_say(t, TUI_BAD, shown_s, "%s can't be written: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return;
    }
    rows = log ? write_log(t, file) : write_guests(t, file);
    failed = ferror(file) != 0;
    failed |= fclose(file) != 0;
    if (failed)
        tui_state_say(t, TUI_BAD, shown_s, "%s is not whole: %s", path, strerror(errno));
    else
        tui_state_say(t, TUI_MESSAGE, shown_s, "%s: %d %s written", path, rows, log ? "lines" : "guests");
}
