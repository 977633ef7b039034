#include "ui/tui/tui_setup.h"

#include "ui/tui/tui.h"
#include "ui/tui/tui_actions.h"
#include "ui/tui/tui_choices.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* MOST_BYTES: a folded guest takes 34, so that is room for 30,000 of them. */
enum { PATH_BYTES = 512, MOST_BYTES = 1 << 20 };

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

/* The file to read. NULL where there is none; also where it can't be read or is no file of settings, which is told. */
static FILE *open_file(struct tui *t, const char *path)
{
    /* A pipe that nobody writes to must not keep the screen from coming. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat s;
    FILE *file = NULL;

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return NULL;
    if (fd >= 0 && fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && s.st_size <= MOST_BYTES)
        file = fdopen(fd, "r");
    if (file)
        return file;
    t->setup.broken = true;
    tui_state_say(t, TUI_WARN, shown_s, "%s: %s: it is left alone", path,
                  fd < 0 ? strerror(errno) : "no file of settings");
    if (fd >= 0)
        close(fd);
    return NULL;
}

void tui_setup_load(struct tui *t)
{
    char path[PATH_BYTES];
    FILE *file = path_of(t, path, sizeof(path)) ? open_file(t, path) : NULL;

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
    char target[PATH_MAX], beside[PATH_MAX + 8];
    FILE *file;
    bool written;

    /* Where the file is a link to the one that is kept elsewhere, it stays one. */
    if (!realpath(path, target))
        snprintf(target, sizeof(target), "%s", path);
    snprintf(beside, sizeof(beside), "%s.new", target);
    file = fopen(beside, "we");
    if (!file)
        return false;
    written = fputs(text, file) >= 0;
    written &= fclose(file) == 0;
    if (written && rename(beside, target) == 0)
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

    if (!t->setup.broken && text && t->setup.kept && strcmp(text, t->setup.kept) != 0 &&
        path_of(t, path, sizeof(path)) && !save(t, path))
        fprintf(stderr, "%s: %s can't be written: %s; what was chosen on the screen isn't kept\n", t->options->program,
                path, strerror(errno));
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
