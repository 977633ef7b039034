#include "ui/headless/csv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char names[] =
    "Hostname,Time,Physical CPUs,Count,Running,Paused,%CPU,Total hardware memory (KB),Total guest memory (KB),"
    "Total CPU time (ns),State,Balance sd (points),Expected sd (points),Actions,Failed,Host free (KB),Missing (KB),"
    "Domain ID,Domain name,CPU (ns),%CPU,Mem (bytes),%Mem,Block RDBY,Block WRBY,Net RXBY,Net TXBY,Wait (%),"
    "Need (KB)\n";

void csv_header(FILE *out)
{
    fputs(names, out);
}

/* Whether the file begins with our names, and if so, whether its last line is whole. */
static bool begins_with_names(const char *path, bool *whole)
{
    char first[sizeof(names)];
    FILE *in = fopen(path, "re");
    bool ours = in && fgets(first, sizeof(first), in) && strcmp(first, names) == 0;

    *whole = ours && fseek(in, -1, SEEK_END) == 0 && fgetc(in) == '\n';
    if (in)
        fclose(in);
    return ours;
}

FILE *csv_open(const char *path, char *why, size_t size)
{
    struct stat file;
    bool whole = true, goes_on = stat(path, &file) == 0 && S_ISREG(file.st_mode) && file.st_size > 0;
    FILE *out;

    if (goes_on && !begins_with_names(path, &whole)) {
        snprintf(why, size, "it begins with other columns than those written now; move it away, or name another file");
        return NULL;
    }
    out = fopen(path, "ae");
    if (!out)
        snprintf(why, size, "%s", strerror(errno));
    else if (!goes_on)
        csv_header(out);
    else if (!whole)
        fputc('\n', out);
    return out;
}

/* Quoted where it must be; a character that would end the line becomes a blank. */
static void put_text(FILE *out, const char *text)
{
    bool quoted = strpbrk(text, ",\"\r\n") != NULL;

    if (quoted)
        fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text == '\n' || *text == '\r' ? ' ' : *text, out);
    }
    if (quoted)
        fputc('"', out);
}

static void put_time(FILE *out, int64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    char text[32] = "";

    if (localtime_r(&seconds, &local))
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
    fputs(text, out);
}

static void put_figure(FILE *out, bool known, double value)
{
    fputc(',', out);
    if (known)
        fprintf(out, "%.3f", value);
}

static void put_whole(FILE *out, bool known, uint64_t value)
{
    fputc(',', out);
    if (known)
        fprintf(out, "%" PRIu64, value);
}

/* Run time of so many per cent of a pCPU over the interval. */
static uint64_t run_ns(const struct report *r, double run_pct)
{
    return (uint64_t)(run_pct / 100 * r->interval.seconds * 1e9);
}

/* Two columns of what a guest's disks or interfaces carried over the interval. */
static void put_bytes(FILE *out, const struct report *r, bool known, double in_kib_s, double out_kib_s)
{
    double bytes_of_rate = 1024 * r->interval.seconds;

    put_whole(out, known, known ? (uint64_t)(in_kib_s * bytes_of_rate + 0.5) : 0);
    put_whole(out, known, known ? (uint64_t)(out_kib_s * bytes_of_rate + 0.5) : 0);
}

static int online(const struct snapshot *s)
{
    int n = 0;

    for (int i = 0; i < s->n_pcpus; i++)
        n += s->pcpus[i].online;
    return n;
}

static void put_guests_in_all(FILE *out, const struct report *r)
{
    const struct snapshot *s = &r->snapshot;
    int running = 0, paused = 0, pcpus = online(s);
    uint64_t size_kib = 0;
    double run_pct = 0;

    for (int i = 0; i < s->n_guests; i++) {
        const struct rates_guest *rate = report_interval_guest(r, i);

        running += s->guests[i].state == SNAPSHOT_GUEST_RUNNING;
        paused += s->guests[i].state == SNAPSHOT_GUEST_PAUSED;
        size_kib += s->guests[i].memory.has & SNAPSHOT_HAS_SIZE ? s->guests[i].memory.size_kib : 0;
        run_pct += rate && rate->known ? rate->run_pct : 0;
    }
    fprintf(out, ",%d,%d,%d,%d", pcpus, s->n_guests, running, paused);
    put_figure(out, pcpus > 0, pcpus > 0 ? run_pct / pcpus : 0);
    put_whole(out, s->host.has & SNAPSHOT_HOST_HAS_TOTAL, s->host.total_kib);
    put_whole(out, true, size_kib);
    put_whole(out, true, run_ns(r, run_pct));
}

static void put_plan(FILE *out, const struct report *r)
{
    const struct plan *p = &r->plan;
    int failed = 0;

    for (int i = 0; i < p->n_actions; i++)
        failed += p->actions[i].result == PLAN_FAILED;
    fprintf(out, ",%s", report_state_word(r->state));
    put_figure(out, p->has_balance && p->sd_now >= 0, p->sd_now);
    put_figure(out, p->has_balance && p->sd_expected >= 0, p->sd_expected);
    fprintf(out, ",%d,%d", p->n_actions, failed);
    put_whole(out, r->snapshot.host.has & SNAPSHOT_HOST_HAS_FREE, r->snapshot.host.free_kib);
    put_whole(out, p->has_memory, p->missing_kib);
}

static void put_guest(FILE *out, const struct report *r, int i)
{
    const struct snapshot_guest *g = &r->snapshot.guests[i];
    const struct snapshot_host *host = &r->snapshot.host;
    const struct rates_guest *rate = report_interval_guest(r, i);
    const struct plan_guest *planned = report_plan_guest(r, i);
    bool known = rate && rate->known, has_size = g->memory.has & SNAPSHOT_HAS_SIZE;
    bool has_share = has_size && (host->has & SNAPSHOT_HOST_HAS_TOTAL) && host->total_kib > 0;
    int pcpus = online(&r->snapshot);

    fprintf(out, ",%d,", g->id);
    put_text(out, g->name);
    put_whole(out, known, known ? run_ns(r, rate->run_pct) : 0);
    put_figure(out, known && pcpus > 0, known && pcpus > 0 ? rate->run_pct / pcpus : 0);
    put_whole(out, has_size, g->memory.size_kib * 1024);
    put_figure(out, has_share, has_share ? 100.0 * (double)g->memory.size_kib / (double)host->total_kib : 0);
    put_bytes(out, r, known && rate->has_disk, known ? rate->disk_read_kib_s : 0, known ? rate->disk_written_kib_s : 0);
    put_bytes(out, r, known && rate->has_net, known ? rate->net_received_kib_s : 0, known ? rate->net_sent_kib_s : 0);
    put_figure(out, known, known ? rate->wait_pct : 0);
    put_whole(out, planned && planned->need_kib > 0, planned ? planned->need_kib : 0);
}

void csv_row(FILE *out, const struct report *r)
{
    put_text(out, r->snapshot.node_name);
    fputc(',', out);
    put_time(out, r->snapshot.wall_ms);
    put_guests_in_all(out, r);
    put_plan(out, r);
    for (int i = 0; i < r->snapshot.n_guests; i++)
        put_guest(out, r, i);
    fputc('\n', out);
}
