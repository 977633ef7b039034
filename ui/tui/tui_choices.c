#include "ui/tui/tui_choices.h"

#include "ui/tui/tui.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ASKED = 1000000, UUID_TEXT = 2 * SNAPSHOT_UUID_BYTES };

static const char *const shades[] = {"mean", "load", NULL};
static const char *const foldings[] = {"by-room", "all", "none", NULL};

static bool take_view(struct tui *t, char *value)
{
    int found = screen_find(screen_views, value);

    if (found >= 0)
        t->view = t->view_before = (enum layout_view)found;
    return found >= 0;
}

/* A column, in the order that suits it, or with a '-' the other way round. */
static bool take_sort(struct tui *t, char *value)
{
    bool inverted;
    int found = screen_find_sort(value, &inverted);

    if (found < 0)
        return false;
    t->list.sorting.column = (enum tui_column_id)found;
    t->list.sorting.descending = tui_column(t->list.sorting.column)->descending != inverted;
    t->list.sorting_chosen = true;
    return true;
}

static bool take_filter(struct tui *t, char *value)
{
    if (strlen(value) >= sizeof(t->list.filter))
        return false;
    memcpy(t->list.filter, value, strlen(value) + 1);
    return true;
}

/* Its outer blanks would be lost, or its quotation marks be taken for those. */
static bool needs_quotes(const char *filter)
{
    size_t n = strlen(filter);

    return n > 0 && (isspace((unsigned char)filter[0]) || isspace((unsigned char)filter[n - 1]) ||
                     (n > 1 && filter[0] == '"' && filter[n - 1] == '"'));
}

/* In the file, where it may stand in quotation marks. */
static bool take_kept_filter(struct tui *t, char *value)
{
    size_t n = strlen(value);

    if (n > 1 && value[0] == '"' && value[n - 1] == '"') {
        value[n - 1] = 0;
        value++;
    }
    return take_filter(t, value);
}

/* The columns shown, from left to right; those that aren't named are hidden and keep their order behind them. */
static bool take_columns(struct tui *t, char *value)
{
    struct tui_columns_choice choice = {.hidden = (1U << TUI_COLUMNS) - 1};
    char *rest = NULL;
    int n = 0;

    for (char *name = strtok_r(value, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
        int id = screen_find(screen_columns, name);

        if (id < 0 || (choice.hidden & 1U << id) == 0)
            return false;
        choice.hidden &= ~(1U << id);
        choice.order[n++] = (unsigned char)id;
    }
    for (int id = 0; id < TUI_COLUMNS; id++)
        if (choice.hidden & 1U << id)
            choice.order[n++] = (unsigned char)id;
    if (choice.hidden & 1U << TUI_COLUMN_NAME) /* without names a table says nothing */
        return false;
    t->list.columns = choice;
    return true;
}

static bool take_refresh(struct tui *t, char *value)
{
    char *end;
    double seconds = strtod(value, &end);

    if (end == value || *end ||
        !(seconds == 0 || (seconds >= SCREEN_REFRESH_LEAST_S && seconds <= SCREEN_REFRESH_MOST_S)))
        return false;
    t->refresh_s = seconds;
    return true;
}

static bool take_color(struct tui *t, char *value)
{
    int found = screen_find(screen_colors, value);

    if (found >= 0)
        t->coloring.when = (enum tui_color_when)found;
    return found >= 0;
}

static bool take_theme(struct tui *t, char *value)
{
    int found = screen_find(screen_themes, value);

    if (found >= 0)
        t->coloring.theme = found;
    return found >= 0;
}

static bool take_folding(struct tui *t, char *value)
{
    int found = screen_find(foldings, value);

    if (found >= 0)
        t->map.folding = (enum tui_folding)found;
    return found >= 0;
}

static bool read_uuid(const char *text, uint8_t *uuid)
{
    static const char digits[] = "0123456789abcdef";

    if (strlen(text) != UUID_TEXT || strspn(text, digits) != UUID_TEXT)
        return false;
    for (int i = 0; i < SNAPSHOT_UUID_BYTES; i++)
        uuid[i] = (uint8_t)((strchr(digits, text[2 * i]) - digits) << 4 | (strchr(digits, text[2 * i + 1]) - digits));
    return true;
}

/* The guests whose folding differs from the rule, by uuid. */
static bool take_folded(struct tui *t, char *value)
{
    struct tui_uuids folded = {0};
    uint8_t uuid[SNAPSHOT_UUID_BYTES];
    bool understood = true, kept = true; /* without memory it isn't remembered */
    char *rest = NULL;

    for (char *word = strtok_r(value, ", ", &rest); word && understood; word = strtok_r(NULL, ", ", &rest)) {
        understood = read_uuid(word, uuid);
        if (understood && kept && !tui_uuids_has(&folded, uuid))
            kept = tui_uuids_toggle(&folded, uuid) >= 0;
    }
    if (understood) {
        tui_uuids_free(&t->map.folded);
        t->map.folded = folded;
    } else {
        tui_uuids_free(&folded);
    }
    return understood;
}

static bool take_shade(struct tui *t, char *value)
{
    int found = screen_find(shades, value);

    if (found >= 0)
        t->by_load = found == 1;
    return found >= 0;
}

static bool take_window(struct tui *t, char *value)
{
    char *end;
    double seconds = strtod(value, &end);
    int before = t->window;

    for (t->window = 0; t->window < TUI_WINDOWS; t->window++)
        if (end != value && !*end && tui_window_s(t) == seconds)
            return true;
    t->window = before;
    return false;
}

static bool take_ask(struct tui *t, char *value)
{
    char *end;
    long most = strtol(value, &end, 10);

    if (end == value || *end || most < 0 || most > MOST_ASKED)
        return false;
    t->asked.above = (int)most;
    return true;
}

bool tui_choices_take(struct tui *t, const char *key, char *value)
{
    static const struct {
        const char *key;
        bool (*take)(struct tui *t, char *value);
    } settings[] = {{"view", take_view},       {"sort", take_sort},       {"filter", take_kept_filter},
                    {"columns", take_columns}, {"refresh", take_refresh}, {"color", take_color},
                    {"theme", take_theme},     {"folding", take_folding}, {"folded", take_folded},
                    {"window", take_window},   {"shade", take_shade},     {"ask", take_ask}};

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (strcmp(settings[i].key, key) == 0)
            return settings[i].take(t, value);
    return false;
}

/* The command line has been checked, so that all of it is understood. */
static void take_option(struct tui *t, bool (*take)(struct tui *t, char *value), const char *value)
{
    char copy[SCREEN_FILTER_BYTES];

    if (!value)
        return;
    snprintf(copy, sizeof(copy), "%s", value);
    take(t, copy);
}

void tui_choices_take_options(struct tui *t, const struct screen_options *options)
{
    take_option(t, take_view, options->view);
    take_option(t, take_sort, options->sort);
    take_option(t, take_filter, options->filter);
    take_option(t, take_color, options->color);
    take_option(t, take_theme, options->theme);
    if (options->refresh_s > 0)
        t->refresh_s = options->refresh_s;
}

static void write_columns(const struct tui *t, FILE *out)
{
    const struct tui_columns_choice *c = &t->list.columns;
    bool first = true;

    fprintf(out, "columns =");
    for (int place = 0; place < TUI_COLUMNS; place++) {
        if (c->hidden & 1U << c->order[place])
            continue;
        fprintf(out, "%s %s", first ? "" : ",", screen_columns[c->order[place]]);
        first = false;
    }
    fprintf(out, "\n");
}

static void write_folds(const struct tui *t, FILE *out)
{
    fprintf(out, "folding = %s\nfolded =", foldings[t->map.folding]);
    for (int i = 0; i < t->map.folded.n; i++) {
        fprintf(out, i ? ", " : " ");
        for (int k = 0; k < SNAPSHOT_UUID_BYTES; k++)
            fprintf(out, "%02x", t->map.folded.items[i].bytes[k]);
    }
    fprintf(out, "\n");
}

void tui_choices_write(const struct tui *t, FILE *out)
{
    const struct tui_sorting *by = &t->list.sorting;

    fprintf(out, "view = %s\n", screen_views[t->view == LAYOUT_DETAIL ? t->view_before : t->view]);
    if (t->list.sorting_chosen)
        fprintf(out, "sort = %s%s\n", tui_column(by->column)->descending == by->descending ? "" : "-",
                screen_columns[by->column]);
    fprintf(out, needs_quotes(t->list.filter) ? "filter = \"%s\"\n" : "filter = %s\n", t->list.filter);
    write_columns(t, out);
    write_folds(t, out);
    fprintf(out, "refresh = %g\ncolor = %s\ntheme = %s\nshade = %s\nwindow = %g\nask = %d\n", t->refresh_s,
            screen_colors[t->coloring.when], screen_themes[t->coloring.theme], shades[t->by_load], tui_window_s(t),
            t->asked.above);
}
