#include "ui/tui/tui_setup.h"

#include "ui/tui/tui.h"
#include "ui/tui/tui_actions.h"
#include "ui/tui/tui_choices.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 512 };

static const double shown_s = 8; /* how long a word on the file stays */

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
    return tui_choices_take(t, trimmed(text), trimmed(equals + 1));
}

/* What the file would say now; the caller frees it. NULL where memory is out. */
static char *compose(const struct tui *t)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        return NULL;
    fprintf(out,
            "# Written by F2, and at the end. columns: from left to right; refresh: seconds, 0 with every sample;\n"
            "# ask: more changes than that are asked about (0: all are)\n[screen]\n");
    tui_choices_write(t, out);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

static void read_file(struct tui *t, FILE *file, const char *path)
{
    char *line = NULL;
    size_t size = 0;

    for (int number = 1; getline(&line, &size, file) >= 0; number++)
        if (!take_line(t, line) && !t->setup.broken) {
            t->setup.broken = true;
            tui_state_say(t, TUI_WARN, shown_s, "%s: line %d isn't understood: the file is left alone", path, number);
        }
    free(line);
}

void tui_setup_load(struct tui *t)
{
    char path[PATH_BYTES];
    FILE *file = path_of(t, path, sizeof(path)) ? fopen(path, "re") : NULL;

    if (file) {
        read_file(t, file, path);
        fclose(file);
    }
    tui_choices_take_options(t, &t->options->screen);
    t->setup.kept = compose(t);
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
    char *text = compose(t);

    if (!text || !make_folders() || !write_file(path, text)) {
        free(text);
        return false;
    }
    free(t->setup.kept);
    t->setup.kept = text;
    return true;
}

void tui_setup_keep(struct tui *t)
{
    char path[PATH_BYTES], *text = compose(t);

    if (!t->setup.broken && text && t->setup.kept && strcmp(text, t->setup.kept) != 0 && path_of(t, path, sizeof(path)))
        save(t, path);
    free(text);
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
        tui_state_say(t, TUI_MESSAGE, shown_s, "%s: what is chosen is kept", path);
    else
        tui_state_say(t, TUI_BAD, shown_s, "%s can't be written: %s", path, strerror(errno));
}
