/*
 * The TUI from inside: what its parts share. tui.c waits and dispatches; tui_input.c turns bytes into keys, pastes and
 * clicks; tui_keys.c names what each key does, tui_actions.c and tui_commands.c do it; tui_state.c keeps what is
 * chosen; and each part of the screen is drawn by a file of its own from the latest report.
 */
#ifndef UI_TUI_TUI_H
#define UI_TUI_TUI_H

#include "core/engine/engine.h"
#include "ui/face.h"
#include "ui/screen.h"
#include "ui/tui/layout.h"
#include "ui/tui/tui_columns.h"
#include "ui/tui/tui_groups.h"
#include "ui/tui/tui_history.h"
#include "ui/tui/tui_keys.h"
#include "ui/tui/tui_past.h"
#include "ui/tui/tui_pen.h"
#include "ui/tui/tui_term.h"
#include "ui/tui/tui_uuids.h"

#include <wchar.h>

enum { TUI_WINDOWS = 3, TUI_FIELD_BYTES = SCREEN_FILTER_BYTES, TUI_MESSAGE_BYTES = 320, TUI_CAUGHT_LINES = 40 };

/* The guests' table: which are in it, in which order, and where the cursor stands. */
struct tui_list {
    struct tui_sorting sorting;
    bool sorting_chosen; /* by the operator; otherwise it is what suits the program */
    char filter[TUI_FIELD_BYTES];
    int *order; /* indices in report.snapshot.guests */
    int n_order, cap_order;
    uint8_t cursor[SNAPSHOT_UUID_BYTES];
    bool cursor_chosen; /* the operator moved it; until then it stays on top */
    bool following;     /* the view stays with the cursor's guest when rows are sorted anew */
    int cursor_row;     /* in order; -1: there is none */
    int scroll;         /* the first row shown */
    struct tui_uuids tagged;
    bool tagged_only; /* only those are shown */
    struct tui_columns_choice columns;
    unsigned filled; /* columns that had something in them since the last choice: bits 1 << enum tui_column_id */
};

/* The map: what of the matrix is shown, and which guests have their vCPUs in one row. */
struct tui_map {
    int scroll, first_cpu;
    enum tui_folding { TUI_FOLD_BY_ROOM, TUI_FOLD_ALL, TUI_FOLD_NONE } folding;
    struct tui_uuids folded; /* guests whose folding differs from the rule */
};

/* The line in which text is typed. */
struct tui_field {
    bool open;
    enum tui_field_purpose { TUI_FIELD_FILTER, TUI_FIELD_SEARCH } purpose;
    char before[TUI_FIELD_BYTES]; /* what it was when it was opened, for closing it without a change */
};

/* The menu of columns. */
struct tui_menu {
    bool open;
    int row; /* place in the order of columns */
};

/* A key that moves much is pressed twice: what it would do was told, and when. */
struct tui_asked {
    int above; /* more actions than that are asked about */
    enum engine_command_kind kind;
    double until_s; /* until when the second time counts, on tui_now; 0: nothing was asked */
    bool go_on;     /* few changes are made at once; otherwise it was only asked what would be */
};

/* What is kept from one run to the next. */
struct tui_setup {
    bool broken; /* the file isn't understood, and so is left alone */
    char *kept;  /* what it would say of the choices it began with; NULL: nothing is known of it */
};

/* What has been read of the keyboard and isn't a key yet. */
struct tui_input {
    mbstate_t partial; /* a character of which a part has come */
    int n_partial;     /* bytes of it */
    bool pasting;      /* between the marks of a paste */
    double pasted_s;   /* when something of it came last, on tui_now */
    /* Something the terminal says by itself, of which a part has come: up to its final byte, up to the end of a string,
     * one byte more, or the bytes of an old mouse's report. */
    enum tui_sequence {
        TUI_SEQUENCE_NONE,
        TUI_SEQUENCE_CONTROL,
        TUI_SEQUENCE_STRING,
        TUI_SEQUENCE_SINGLE,
        TUI_SEQUENCE_OLD_MOUSE
    } sequence;
    int parameters;    /* bytes of it so far */
    double sequence_s; /* when something of it came last, on tui_now */
};

/* A command that the engine has been given and has not yet carried out. */
struct tui_pending {
    uint64_t number; /* 0: none */
    double since_s;
    enum engine_command_kind kind;
    double value; /* the interval or speed asked for; pause: 1 pause, 0 run on; dry run: 1 begins, 0 ends */
    char doing[TUI_MESSAGE_BYTES];
};

/* A line that a library printed. */
struct tui_caught {
    uint64_t after_serial; /* the log line it came after */
    int64_t wall_ms;
    char text[256];
};

/* What is said in the line above the footer, and what libraries said. */
struct tui_words {
    char message[TUI_MESSAGE_BYTES];
    enum tui_role role;
    bool fresh;     /* not drawn yet */
    double until_s; /* 0: there is none */
    struct tui_pending pending;
    char busy[96]; /* the call to the hypervisor that has been under way for long; empty: none */
    double busy_s;
    struct tui_caught caught[TUI_CAUGHT_LINES];
    int n_caught;
};

/* The last plan that moved something, and what came of it: standard deviations of pCPU load in points, < 0 unknown. */
struct tui_balance {
    uint64_t seen_ns;    /* decided_ns of the last decision that was looked at */
    uint64_t decided_ns; /* of that plan; 0: there was none yet */
    double from, expected, got;
};

enum { TUI_NAME_BYTES = 4 * SNAPSHOT_NAME_BYTES, TUI_NAME_WIDTHS = 64 };

/* Which names would be the same as another's in so many columns; found out once for each snapshot. */
struct tui_names {
    struct {
        uint64_t taken_ns;
        int n, cap;
        bool *twin; /* of each guest */
    } widths[TUI_NAME_WIDTHS];
};

struct tui {
    struct engine *engine;
    const struct face_options *options;
    struct tui_term term;
    struct report report;
    bool has_report;
    double taken_s;    /* when the report came, on tui_now */
    double measured_s; /* when the first report with these figures came */
    struct tui_history history;
    struct tui_past past;
    struct layout_rect axis; /* where a graph over time can be clicked; no width: nowhere */
    struct tui_balance balance;
    struct layout layout;
    int *nodes; /* online pCPUs of each node, for layout; and their indices ordered by node and group */
    int *by_node;
    int n_nodes, n_online, cap_nodes, cap_by_node;
    struct tui_groups groups; /* of pCPUs, in the report that is shown */
    unsigned watched;         /* enum host_watch: what the engine was told to measure beyond the usual */

    enum layout_view view, view_before;
    struct tui_list list;
    struct tui_map map;
    struct tui_input input;
    struct tui_menu menu;
    struct tui_asked asked;
    struct tui_setup setup;
    int undo_actions;             /* of the last plan that did anything */
    char undo[TUI_MESSAGE_BYTES]; /* what an undo would take back; empty: nothing is known of it */
    struct tui_field field;
    char search[TUI_FIELD_BYTES]; /* what is looked for in log and detail; empty: nothing */
    int search_line;              /* the line where it was found last */
    struct tui_coloring coloring;
    bool graphs;      /* pCPUs show how they were over the window instead of as they are */
    bool by_load;     /* pCPUs' colours tell their load, otherwise how far from the mean it is */
    double mean_pct;  /* of the online pCPUs' load */
    double refresh_s; /* the screen is drawn no more often by itself; 0: with every report */
    double drawn_s;   /* when it was drawn last, on tui_now */
    int window;       /* of TUI_WINDOWS: how far graphs look back */
    bool help, quit;
    int pcpu_shown; /* number of the pCPU whose vCPUs a box shows; -1: none */
    int help_scroll, log_scroll, detail_scroll;
    int detail_lines; /* of the last detail drawn, for scrolling */
    struct tui_words words;
    struct tui_names names;
    struct tui_footer_item footer[TUI_FOOTER_MOST];
    int n_footer;
    struct report other; /* how the other program is: its state, no figures */
    bool has_other;      /* it runs */
    bool ended;          /* the engine's loop is over */
    bool dirty;          /* the screen must be drawn again */
};

double tui_now(void); /* seconds of CLOCK_MONOTONIC */

/* tui_state.c */
void tui_state_init(struct tui *t);
void tui_state_free(struct tui *t);
/* Follows a new report: order, cursor, nodes, history. fresh: sort exactly. */
void tui_state_follow(struct tui *t, bool fresh);
/* Follows what is true now while a decision of the past is shown. */
void tui_state_follow_latest(struct tui *t);
void tui_state_layout(struct tui *t);
/* Moves the cursor by rows (or to the nearest there is). */
void tui_state_move(struct tui *t, int rows);
void tui_state_cursor_to(struct tui *t, int row);
/* The guest under the cursor: index in report.snapshot.guests, or -1. */
int tui_state_guest(const struct tui *t);
/* Rows of the guests' table in view. */
int tui_state_page(const struct tui *t);
bool tui_state_is_folded(const struct tui *t, const uint8_t *uuid);
void tui_state_say(struct tui *t, enum tui_role role, double seconds, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
unsigned tui_state_context(const struct tui *t);
/* Seconds until the next decision, as they pass on the screen; < 0: none is due. */
double tui_state_countdown(const struct tui *t);

/* tui_input.c */
/* Takes one key, paste or mouse event from curses. False: there is none left. */
bool tui_input_take(struct tui *t);

/* tui_field.c */
void tui_field_open(struct tui *t, enum tui_field_purpose purpose);
/* Takes a character (or, where is_key, a KEY_ code of curses). False where it isn't for a field. */
bool tui_field_take(struct tui *t, bool is_key, wint_t c);
/* The text being typed; of TUI_FIELD_BYTES. */
char *tui_field_text(struct tui *t);

/* tui_search.c */
/* Goes to the next place (step 1) or the one before (-1) where what is looked for stands, from what is shown on. */
void tui_search_go(struct tui *t, int step);
/* Marks it where it stands on the screen. */
void tui_search_mark(struct tui *t);

/* tui.c */
/* Draws the view into curses' memory; what is seen doesn't change. */
void tui_draw_view(struct tui *t);

/* tui_actions.c */
/* Moves what stands under column x, row y (wheel). */
void tui_scroll_at(struct tui *t, int x, int y, int rows);
void tui_click(struct tui *t, int x, int y);

/* tui_commands.c */
/* Keeps in mind what an undo of the plan would take back. */
void tui_commands_note(struct tui *t, const struct plan *plan);
/* After a new report, and as time passes: says what has become of the pending command. */
void tui_commands_follow(struct tui *t);

/* tui_graph.c */
/* Seconds that graphs look back. */
double tui_window_s(const struct tui *t);
/* The standard deviation of the pCPUs' load over the window, the present at the right, in up to width columns; those
 * in which something was moved are marked. Nothing where width is too small. */
void tui_balance_graph(struct tui *t, struct tui_pen *p, int width);
/* The same of the memory that the host could hand out; marked where needs were missing. */
void tui_memory_graph(struct tui *t, struct tui_pen *p, int width);
/* The moment that column x of that graph stands for, on the clock of snapshot.taken_ns. */
uint64_t tui_axis_moment(const struct tui *t, int x);
/* What a guest wanted, ran or waited over the window, in what is left of the row; marked where something moved. */
void tui_guest_graph(struct tui *t, struct tui_pen *p, int guest, enum tui_frame_figure figure);
/* A tick where a vCPU of it was moved, below that graph. */
void tui_moves_graph(struct tui *t, struct tui_pen *p, int guest);
/* The same of one pCPU or vCPU (NULL: nothing is known of it), of 100 %, in width columns. */
void tui_track_graph(struct tui *t, struct tui_pen *p, int width, const struct tui_track *track,
                     enum tui_frame_figure figure, enum tui_role role);
/* The mean load of so many pCPUs of by_node, from first on. */
void tui_node_graph(struct tui *t, struct tui_pen *p, int width, int first, int pcpus);

/* tui_names.c */
/* A guest's name in width columns, cut in the middle where it must be. No two guests' are the same: where they would
 * be, each ends in "#" and its id. Returns text; TUI_NAME_BYTES are enough. */
const char *tui_name(struct tui *t, int guest, int width, char *text, size_t size);

/* what draws */
void tui_header_draw(struct tui *t);
void tui_plan_draw(struct tui *t);
/* Cuts off a plan's summary, where it is wider than that, the sum that the row of the memory's budget has anyway. */
char *tui_fit_summary(const struct tui *t, char *text, int width);
void tui_footer_draw(struct tui *t);
void tui_pcpus_draw(struct tui *t);
/* The index of the pCPU that is shown at column x, row y, or -1. */
int tui_pcpus_at(const struct tui *t, int x, int y);
int tui_map_pcpu_at(const struct tui *t, int x, int y);
/* The box that shows who is on a pCPU. */
void tui_pcpu_box_draw(struct tui *t);
void tui_menu_draw(struct tui *t);
void tui_guests_draw(struct tui *t);
/* The column whose head or cells stand at column x of the screen, or -1. */
int tui_guests_column_at(const struct tui *t, int x);
/* A guest's balloon: used | page cache | unused | ballooned away, in what is left of the pen's row. */
void tui_balloon_draw(struct tui *t, struct tui_pen *p, int guest);
void tui_log_draw(struct tui *t, const struct layout_rect *r, int scroll);
int tui_log_lines(struct tui *t);
void tui_map_draw(struct tui *t);
void tui_memory_draw(struct tui *t);
void tui_detail_draw(struct tui *t);
void tui_help_draw(struct tui *t);
/* An empty box with a frame, a title on its upper edge and a word on its lower one (may be empty). Returns its inside,
 * a column less on both sides. */
struct layout_rect tui_box_draw(struct tui *t, const struct layout_rect *r, const char *title, const char *below);
int tui_help_lines(struct tui *t);
/* Lines of it that are shown at once. */
int tui_help_page(struct tui *t);
/* Used, total and the reserve's mark of the host's memory, as a bar with figures. */
void tui_host_memory_draw(struct tui *t, struct tui_pen *p, int bar_width);
/* That the host swaps or that its tasks wait, at the right of the row, which ends there then, on wide screens; what is
 * nothing isn't named. */
void tui_strain_draw(const struct tui *t, struct tui_pen *p);
/* What may be given to guests, and what it is left over from. */
void tui_budget_draw(struct tui *t, struct tui_pen *p);
/* Row row (0: the top) of a chart of a guest's last sizes with its scale, height rows high, in what is left of the row.
 */
void tui_stairs_row(struct tui *t, struct tui_pen *p, int guest, int row, int height);
/* What the policy thinks one vCPU wants, in % of a pCPU; measured where it has no thoughts yet; < 0 unknown. */
double tui_demand(const struct report *r, int vcpu);
enum tui_role tui_heat_role(double load_pct);
/* The colour of a pCPU (an index): of how far its load, or that of its group, is from the mean, or of its load, as
 * chosen. */
enum tui_role tui_pcpu_role(const struct tui *t, int pcpu, double load_pct);
enum tui_role tui_group_role(const struct tui *t, int group);
/* The sign of a pCPU's load in one column: a block, and where more than half as much again is wanted a figure. */
wchar_t tui_load_level(const struct tui *t, double load_pct);
/* True where what the guest itself told of its memory is so old that it may be wrong by now, or can't be true any more.
 */
bool tui_memory_is_old(const struct report *r, int guest);
/* "locked", "excluded", ...: why a guest is left alone; NULL where it isn't. */
const char *tui_left_alone(const struct snapshot_guest *g);

#endif
