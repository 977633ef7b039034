#include "ui/tui/tui_setup.h"

#include "ui/tui/tui.h"
#include "ui/tui/tui_actions.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_BYTES = 256, TEXT_BYTES = 1024, PATH_BYTES = 512, MOST_ASKED = 1000000 };

static const double shown_s = 8; /* how long a word on the file stays */
static const char *const views[] = {"overview", "map", "guests", "memory", "log"};
static const char *const columns[TUI_COLUMNS] = {
    [TUI_COLUMN_NAME] = "name", [TUI_COLUMN_ID] = "id",       [TUI_COLUMN_CPU] = "cpu",
    [TUI_COLUMN_WAIT] = "wait", [TUI_COLUMN_VCPUS] = "vcpus", [TUI_COLUMN_BALLOON] = "balloon",
    [TUI_COLUMN_SIZE] = "size", [TUI_COLUMN_USED] = "used",   [TUI_COLUMN_UNUSED] = "unused",
    [TUI_COLUMN_SWAP] = "swap", [TUI_COLUMN_LAST] = "last",
};

/* The folder, with its name ending in /; false where there is no home to keep anything in. */
static bool folder_of(char *path, size_t size)
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

    if (config && config[0] == '/') /* a relative one is to be ignored, as the specification of base folders has it */
        snprintf(path, size, "%.400s/vmbalance/", config);
    else if (home && home[0] == '/')
        snprintf(path, size, "%.400s/.config/vmbalance/", home);
    else
        return false;
    return true;
}

static bool path_of(const struct tui *t, char *path, size_t size)
{
    if (!folder_of(path, size) || !t->options->program)
        return false;
    snprintf(path + strlen(path), size - strlen(path), "%s.ini", t->options->program);
    return true;
}

static int find(const char *const *names, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

/* The columns of a list with commas between them, as bits; false where one of them isn't known. */
static bool read_columns(char *list, unsigned *bits)
{
    char *rest = NULL;

    *bits = 0;
    for (char *name = strtok_r(list, ", ", &rest); name; name = strtok_r(NULL, ", ", &rest)) {
        int id = find(columns, TUI_COLUMNS, name);

        if (id < 0)
            return false;
        *bits |= 1U << id;
    }
    return true;
}

/* Takes one setting over. False where it isn't known, or its value isn't. */
static bool take(struct tui *t, const char *key, char *value)
{
    int found;
    char *end;

    if (strcmp(key, "view") == 0) {
        found = find(views, sizeof(views) / sizeof(views[0]), value);
        if (found >= 0)
            t->view = t->view_before = (enum layout_view)found;
        return found >= 0;
    }
    if (strcmp(key, "sort") == 0) {
        found = find(columns, TUI_COLUMNS, value);
        if (found >= 0)
            t->list.sorting.column = (enum tui_column_id)found;
        t->list.sorting_chosen |= found >= 0;
        return found >= 0;
    }
    if (strcmp(key, "descending") == 0) {
        t->list.sorting.descending = strcmp(value, "yes") == 0;
        return strcmp(value, "yes") == 0 || strcmp(value, "no") == 0;
    }
    if (strcmp(key, "filter") == 0) {
        snprintf(t->list.filter, sizeof(t->list.filter), "%s", value);
        return strlen(value) < sizeof(t->list.filter);
    }
    if (strcmp(key, "hidden") == 0)
        return read_columns(value, &t->list.hidden) && (t->list.hidden & 1U << TUI_COLUMN_NAME) == 0;
    if (strcmp(key, "ask") == 0) {
        long most = strtol(value, &end, 10);

        if (end == value || *end || most < 0 || most > MOST_ASKED)
            return false;
        t->asked.above = (int)most;
        return true;
    }
    return false;
}

/* Without the blanks at both ends. */
static char *trimmed(char *text)
{
    char *end = text + strlen(text);

    while (end > text && isspace((unsigned char)end[-1]))
        *--end = 0;
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* One line of the file. False where it isn't understood. */
static bool take_line(struct tui *t, char *line)
{
    char *text = trimmed(line), *equals = strchr(text, '=');

    if (!*text || *text == '#' || *text == ';')
        return true;
    if (!equals)
        return strcmp(text, "[screen]") == 0;
    *equals = 0;
    return take(t, trimmed(text), trimmed(equals + 1));
}

static void write_setup(const struct tui *t, char *text, size_t size)
{
    const struct tui_list *l = &t->list;
    bool first = true;

    snprintf(text, size,
             "# Written by F2, and at the end. ask: more changes than that are asked about (0: all are)\n"
             "[screen]\nview = %s\n",
             views[t->view == LAYOUT_DETAIL ? t->view_before : t->view]);
    if (l->sorting_chosen)
        snprintf(text + strlen(text), size - strlen(text), "sort = %s\ndescending = %s\n", columns[l->sorting.column],
                 l->sorting.descending ? "yes" : "no");
    snprintf(text + strlen(text), size - strlen(text), "filter = %s\nhidden =", l->filter);
    for (int id = 0; id < TUI_COLUMNS; id++)
        if (l->hidden & 1U << id) {
            snprintf(text + strlen(text), size - strlen(text), "%s %s", first ? "" : ",", columns[id]);
            first = false;
        }
    snprintf(text + strlen(text), size - strlen(text), "\nask = %d\n", t->asked.above);
}

void tui_setup_load(struct tui *t)
{
    char path[PATH_BYTES], line[LINE_BYTES], text[TEXT_BYTES];
    FILE *file = path_of(t, path, sizeof(path)) ? fopen(path, "re") : NULL;

    for (int number = 1; file && fgets(line, sizeof(line), file); number++) {
        if (!take_line(t, line) && !t->setup.broken) {
            t->setup.broken = true;
            tui_state_say(t, TUI_WARN, shown_s, "%s: line %d isn't understood: the file is left alone", path, number);
        }
    }
    if (file)
        fclose(file);
    write_setup(t, text, sizeof(text));
    snprintf(t->setup.kept, sizeof(t->setup.kept), "%s", text);
}

/* Beside the file first, and then in its place, so that it is never half of one. */
static bool write_file(const char *path, const char *text)
{
    char beside[PATH_BYTES + 8];
    FILE *file;
    bool written;

    snprintf(beside, sizeof(beside), "%s.new", path);
    file = fopen(beside, "we");
    if (!file)
        return false;
    written = fputs(text, file) >= 0;
    written &= fclose(file) == 0;
    if (written && rename(beside, path) == 0)
        return true;
    unlink(beside);
    return false;
}

static bool make_folders(void)
{
    char path[PATH_BYTES];

    if (!folder_of(path, sizeof(path)))
        return false;
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return true;
}

static bool save(struct tui *t, const char *path)
{
    char text[TEXT_BYTES];

    write_setup(t, text, sizeof(text));
    if (!make_folders() || !write_file(path, text))
        return false;
    snprintf(t->setup.kept, sizeof(t->setup.kept), "%s", text);
    return true;
}

void tui_setup_keep(struct tui *t)
{
    char path[PATH_BYTES], text[TEXT_BYTES];

    write_setup(t, text, sizeof(text));
    if (!t->setup.broken && strcmp(text, t->setup.kept) != 0 && path_of(t, path, sizeof(path)))
        save(t, path);
}

void tui_do_setup(struct tui *t, int unused)
{
    char path[PATH_BYTES];

    (void)unused;
    if (!path_of(t, path, sizeof(path)))
        tui_state_say(t, TUI_WARN, shown_s, "there is no home to keep the setup in");
    else if (t->setup.broken)
        tui_state_say(t, TUI_WARN, shown_s, "%s isn't understood: it is left alone", path);
    else if (save(t, path))
        tui_state_say(t, TUI_MESSAGE, shown_s, "%s: view, sort, filter and columns are kept", path);
    else
        tui_state_say(t, TUI_BAD, shown_s, "%s can't be written: %s", path, strerror(errno));
}
