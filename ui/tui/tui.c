#include "ui/tui/tui.h"

#include "ui/signals.h"
#include "ui/tui/tui_guard.h"
#include "ui/tui/tui_setup.h"

#include <curses.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum { KEYBOARD, ENGINE, STOP, EVENTS, CAUGHT, TERMINAL, OTHER, FDS };

static void take_caught(struct tui *t)
{
    char line[sizeof(t->words.caught[0].text)];
    const struct report *r = tui_latest(t);

    for (int lines = 0; lines < TUI_CAUGHT_LINES && tui_term_captured(&t->term, line, sizeof(line)); lines++) {
        struct tui_caught *c;

        if (t->words.n_caught == TUI_CAUGHT_LINES)
            memmove(&t->words.caught[0], &t->words.caught[1], (size_t)--t->words.n_caught * sizeof(t->words.caught[0]));
        c = &t->words.caught[t->words.n_caught++];
        c->after_serial = r->n_log ? r->log[r->n_log - 1].serial : 0;
        c->wall_ms = r->snapshot.wall_ms;
        snprintf(c->text, sizeof(c->text), "%s", line);
        t->dirty = true;
    }
}

static int take_report(struct tui *t)
{
    struct report *to = t->past.chosen ? &t->past.other : &t->report;
    int taken = engine_take(t->engine, to);

    if (taken > 0)
        tui_groups_follow(&t->groups, to);
    return taken;
}

/* Takes what there is: all that is left at the end, otherwise so much that keys don't wait. */
static void take_reports(struct tui *t, bool all)
{
    enum { AT_ONCE = 16 };
    bool first = !t->has_report, dirty = t->dirty;
    bool began = t->has_report;

    for (int i = 0; (all || i < AT_ONCE) && take_report(t) > 0; i++) {
        t->has_report = true;
        t->taken_s = tui_now();
        if (tui_latest(t)->snapshot.taken_ns != t->history.last_ns)
            t->measured_s = t->taken_s;
        tui_history_note(&t->history, tui_latest(t));
        tui_past_note(t);
        if (first && t->report.program == REPORT_MEMORY_COORDINATOR && !t->list.sorting_chosen)
            t->list.sorting = (struct tui_sorting){TUI_COLUMN_SIZE, true};
        if (t->past.chosen)
            tui_state_follow_latest(t);
        else
            tui_state_follow(t, first);
        first = false;
    }
    t->dirty = dirty || began != t->has_report; /* but for the first, it is drawn when its time has come */
    tui_commands_follow(t);
}

/* How the other program is. One that isn't running is not spoken of. */
static void take_other(struct tui *t)
{
    bool fresh = false;

    while (t->options->other && engine_take(t->options->other, &t->other) > 0)
        fresh = true;
    if (!fresh)
        return;
    /* One that is disconnected and is tried again by us isn't running; by itself, it has no hypervisor. */
    t->has_other = t->other.state != REPORT_STARTING && t->other.state != REPORT_ENDED &&
                   !(t->other.state == REPORT_DISCONNECTED && t->other.retry_in_s >= 0);
    t->dirty = true;
}

static void draw_too_small(struct tui *t)
{
    const char *words[] = {"terminal too small", t->term.width < 24 ? "q ends" : "40 x 10 at least: q ends"};
    struct layout_rect all = {0, 0, t->term.width, t->term.height};

    for (int i = 0; i < 2; i++) {
        struct tui_pen p = tui_pen_at(&t->term, &all, t->term.height / 2 + i);
        int spare = t->term.width - (int)strlen(words[i]);

        tui_pen_skip(&p, spare > 0 ? spare / 2 : 0);
        tui_pen_text(&p, i == 0 ? TUI_STRONG : TUI_DIM, words[i]);
    }
}

void tui_draw_view(struct tui *t)
{
    t->axis.w = 0;
    tui_header_draw(t);
    tui_plan_draw(t);
    switch (t->view) {
    case LAYOUT_MAP:
        tui_map_draw(t);
        break;
    case LAYOUT_GUESTS:
        tui_guests_draw(t);
        break;
    case LAYOUT_MEMORY:
        tui_memory_draw(t);
        break;
    case LAYOUT_LOG:
        tui_log_draw(t, &t->layout.main, t->log_scroll);
        break;
    case LAYOUT_DETAIL:
        tui_detail_draw(t);
        break;
    case LAYOUT_OVERVIEW:
    default:
        tui_pcpus_draw(t);
        tui_guests_draw(t);
        tui_log_draw(t, &t->layout.log, t->log_scroll);
        break;
    }
    if (t->view == LAYOUT_LOG || t->view == LAYOUT_DETAIL)
        tui_search_mark(t);
    if (t->pcpu_shown >= 0)
        tui_pcpu_box_draw(t);
    if (t->menu.open)
        tui_menu_draw(t);
    if (t->help)
        tui_help_draw(t);
    tui_footer_draw(t);
}

/* curses sends what differs from the screen as it is, and nothing where nothing does. */
static void draw(struct tui *t)
{
    /* A terminal that takes no output is left alone until it does. */
    if (tui_output_waits(&t->term.output))
        return;
    t->dirty = t->words.fresh = false;
    t->drawn_s = tui_now();
    erase();
    if (t->layout.too_small)
        draw_too_small(t);
    else
        tui_draw_view(t);
    move(t->term.height - 1, 0);
    tui_term_refresh(&t->term);
}

/* Milliseconds until the screen changes by itself: the countdown, the end of a message, the wait for a command. */
static int next_change_ms(const struct tui *t)
{
    double now = tui_now(), wait = t->ended ? 3600 : 1, left = tui_state_countdown(t);

    if (t->has_report && left > 0 && tui_latest(t)->state != REPORT_PAUSED) {
        double speed = tui_latest(t)->replay && tui_latest(t)->speed > 0 ? tui_latest(t)->speed : 1;
        double part = (left - floor(left)) / speed;

        wait = fmin(wait, fmax(part, 0.2) + 0.005);
    }
    if (t->words.until_s > 0)
        wait = fmin(wait, t->words.until_s - now);
    if (t->words.pending.number)
        wait = fmin(wait, 0.25);
    if (t->refresh_s > 0)
        wait = fmin(wait, fmax(t->drawn_s + t->refresh_s - now, 0.05));
    return wait < 0 ? 0 : (int)ceil(wait * 1000);
}

static void take_events(struct tui *t)
{
    unsigned events = tui_guard_events();

    if (events & TUI_GUARD_SUSPEND)
        tui_term_suspend(&t->term);
    else if (events & TUI_GUARD_CONTINUED)
        tui_term_resume(&t->term);
    if (events & TUI_GUARD_RESIZED)
        tui_term_resize(&t->term);
    if (events) {
        tui_state_layout(t);
        t->dirty = true;
    }
}

/* False when the terminal is gone: it hung up, or a read would bring nothing, which is its end. Bytes that are no
 * character, and half of one, are neither. */
static bool take_keys(struct tui *t, short ready)
{
    struct pollfd again = {t->term.keyboard, POLLIN, 0};
    int bytes = 0;

    if (ready & (POLLHUP | POLLERR | POLLNVAL))
        return false;
    while (!t->quit && tui_input_take(t))
        ;
    if (t->quit || poll(&again, 1, 0) <= 0 || !(again.revents & POLLIN))
        return true;
    return ioctl(t->term.keyboard, FIONREAD, &bytes) < 0 || bytes > 0;
}

/* A call to the hypervisor that has taken long: reports stand still meanwhile, so that it must be asked for. */
static void follow_busy(struct tui *t)
{
    char what[sizeof(t->words.busy)];

    t->words.busy_s = t->ended ? 0 : engine_busy(t->engine, what, sizeof(what));
    snprintf(t->words.busy, sizeof(t->words.busy), "%s", t->words.busy_s >= 1.5 ? what : "");
}

/* Has measured what costs something while it is looked at, and no longer. */
static void follow_watch(struct tui *t)
{
    unsigned hidden = t->list.columns.hidden, what = t->options->watch;

    what |= !(hidden & 1U << TUI_COLUMN_DISK) || t->view == LAYOUT_DETAIL ? HOST_WATCH_DISK : 0U;
    what |= !(hidden & 1U << TUI_COLUMN_NET) || t->view == LAYOUT_DETAIL ? HOST_WATCH_NET : 0U;
    if (what == t->watched || !t->has_report || t->report.replay || t->ended)
        return;
    t->watched = what;
    engine_send(t->engine, &(struct engine_command){.kind = ENGINE_WATCH, .value = what});
}

/* Waits for something to happen and deals with it. False: time to end; *status is then set. */
static bool iterate(struct tui *t, int *status)
{
    struct pollfd fds[FDS] = {[KEYBOARD] = {t->term.keyboard, POLLIN, 0},
                              [ENGINE] = {t->ended ? -1 : engine_fd(t->engine), POLLIN, 0},
                              [STOP] = {t->options->stop_fd, POLLIN, 0},
                              [EVENTS] = {t->term.events, POLLIN, 0},
                              [CAUGHT] = {t->term.captured, POLLIN, 0},
                              [OTHER] = {t->options->other ? engine_fd(t->options->other) : -1, POLLIN, 0},
                              [TERMINAL] = {tui_output_waits(&t->term.output) ? t->term.output.sink : -1, POLLOUT, 0}};

    char error[HOST_ERROR_BYTES];
    bool ended;

    if (poll(fds, FDS, next_change_ms(t)) < 0 && errno != EINTR)
        return false;
    if (fds[STOP].revents) {
        *status = 0;
        return false;
    }
    if (fds[KEYBOARD].revents && !take_keys(t, fds[KEYBOARD].revents)) {
        *status = 1;
        return false;
    }
    if (fds[TERMINAL].revents)
        tui_output_send(&t->term.output);
    if (fds[EVENTS].revents)
        take_events(t);
    /* Asked before taking: what was published before the end is then taken, too. */
    ended = !t->ended && engine_ended(t->engine, status, error, sizeof(error));
    if (fds[ENGINE].revents || ended)
        take_reports(t, ended);
    t->ended |= ended;
    if (t->ended && !(t->has_report && t->report.replay)) {
        /* What was played back stays on the screen to be looked at; a host that isn't watched any more does not. */
        return false;
    }
    if (fds[OTHER].revents)
        take_other(t);
    if (fds[CAUGHT].revents)
        take_caught(t);
    follow_busy(t);
    follow_watch(t);
    tui_commands_follow(t);
    if (t->words.until_s > 0 && tui_now() >= t->words.until_s) {
        t->words.until_s = 0;
        t->dirty = true; /* however long figures stand still */
    }
    /* Keys and answers show at once, figures when their time has come; curses finds out what differs. */
    t->dirty |= t->words.fresh || fds[KEYBOARD].revents || tui_now() >= t->drawn_s + t->refresh_s;
    if (t->quit)
        *status = 0;
    return !t->quit;
}

int face_tui(struct engine *e, const struct face_options *options)
{
    struct tui t = {.engine = e, .options = options};
    char error[HOST_ERROR_BYTES];
    int status = 0;

    tui_state_init(&t);
    t.watched = options->watch;
    tui_setup_load(&t);
    if (tui_term_open(&t.term, &t.coloring, error, sizeof(error)) < 0) {
        fprintf(stderr, "%s: %s\n", options->program, error);
        tui_state_free(&t);
        return 1;
    }
    signals_before_end(tui_guard_give_back);
    tui_state_layout(&t);
    do {
        if (t.dirty)
            draw(&t);
    } while (iterate(&t, &status));
    tui_term_close(&t.term);
    signals_before_end(NULL);
    tui_setup_keep(&t);
    tui_state_free(&t);
    return status;
}
