#include "ui/tui/tui_term.h"

#include "ui/tui/tui_guard.h"
#include "ui/tui/tui_theme.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

void tui_term_colors(struct tui_term *t, const struct tui_coloring *coloring)
{
    const char *no_color = getenv("NO_COLOR");
    bool wanted = coloring->when == TUI_COLOR_ALWAYS || (coloring->when == TUI_COLOR_AUTO && !(no_color && *no_color));
    bool own_background;

    t->colors = 0;
    if (wanted && has_colors() && start_color() == OK && COLORS >= 8)
        t->colors = COLORS >= 256 ? 256 : COLORS >= 16 ? 16 : 8;
    own_background = t->colors > 0 && use_default_colors() == OK;
    for (int i = 0; i < TUI_ROLES; i++) {
        struct tui_look look = tui_theme_look(coloring->theme, (enum tui_role)i, t->colors);

        t->attributes[i] = look.attributes;
        t->pairs[i] = 0;
        if (t->colors == 0 || (look.color < 0 && own_background))
            continue;
        if (init_pair((short)(i + 1), look.color < 0 ? COLOR_WHITE : look.color, own_background ? -1 : COLOR_BLACK) ==
            OK)
            t->pairs[i] = (short)(i + 1);
    }
}

static const char *capability(const char *name)
{
    const char *sequence = tigetstr(name);

    return sequence && sequence != (const char *)-1 ? sequence : NULL;
}

/* Appends a sequence to what restores the terminal, without its padding ("$<5>"), which only old hardware needs. */
static void collect(struct tui_term *t, const char *sequence)
{
    while (sequence && *sequence && t->n_restore < sizeof(t->restore)) {
        if (sequence[0] == '$' && sequence[1] == '<' && strchr(sequence, '>'))
            sequence = strchr(sequence, '>') + 1;
        else
            t->restore[t->n_restore++] = *sequence++;
    }
}

/* The end of bracketed pastes and mouse reports; terminals that know neither ignore it. */
static const char paste_off[] = "\033[?2004l", paste_on[] = "\033[?2004h";

/* Terminals that take sequences in the manner of ECMA-48 (the Linux console and all emulators). */
static bool takes_sequences(void)
{
    const char *clear = capability("clear");

    return clear && strncmp(clear, "\033[", 2) == 0;
}

/* What a terminal must be sent to be as before, when curses itself can't be asked any more. */
static void collect_restore(struct tui_term *t)
{
    static const char *const names[] = {"rmkx", "sgr0", "op", "rmcup", "cnorm"};
    const char *address = capability("cup");

    t->n_restore = 0;
    if (capability("kmous"))
        collect(t, "\033[?1006l\033[?1002l\033[?1000l");
    if (t->sequences)
        collect(t, paste_off);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        collect(t, capability(names[i]));
    /* Without an alternate screen the prompt comes below what was drawn, on a line of its own. */
    if (!capability("rmcup") && address) {
        collect(t, tiparm(address, t->height > 0 ? t->height - 1 : 0, 0));
        collect(t, "\r\n");
    }
}

/* Keys as terminals send them whose TERM says otherwise: xterm's in tmux, and the other way round. */
static void define_keys(void)
{
    static const struct {
        const char *sequence;
        int key;
    } keys[] = {{"\033[1~", KEY_HOME},
                {"\033[4~", KEY_END},
                {"\033[7~", KEY_HOME},
                {"\033[8~", KEY_END},
                {"\033[H", KEY_HOME},
                {"\033[F", KEY_END},
                {"\033OH", KEY_HOME},
                {"\033OF", KEY_END},
                {"\033[A", KEY_UP},
                {"\033[B", KEY_DOWN},
                {"\033[C", KEY_RIGHT},
                {"\033[D", KEY_LEFT},
                {"\033OA", KEY_UP},
                {"\033OB", KEY_DOWN},
                {"\033OC", KEY_RIGHT},
                {"\033OD", KEY_LEFT},
                {"\033[Z", KEY_BTAB},
                {"\033[5~", KEY_PPAGE},
                {"\033[6~", KEY_NPAGE},
                {"\033OP", KEY_F(1)},
                {"\033OQ", KEY_F(2)},
                {"\033OR", KEY_F(3)},
                {"\033OS", KEY_F(4)},
                {"\033[11~", KEY_F(1)},
                {"\033[12~", KEY_F(2)},
                {"\033[13~", KEY_F(3)},
                {"\033[14~", KEY_F(4)},
                {"\033[15~", KEY_F(5)},
                {"\033[17~", KEY_F(6)},
                {"\033[18~", KEY_F(7)},
                {"\033[19~", KEY_F(8)},
                {"\033[20~", KEY_F(9)},
                {"\033[21~", KEY_F(10)},
                {"\033[[A", KEY_F(1)},
                {"\033[[B", KEY_F(2)},
                {"\033[[C", KEY_F(3)},
                {"\033[[D", KEY_F(4)},
                {"\033[[E", KEY_F(5)},
                {"\033[200~", TUI_TERM_PASTE_BEGINS},
                {"\033[201~", TUI_TERM_PASTE_ENDS}};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (key_defined(keys[i].sequence) == 0)
            define_key(keys[i].sequence, keys[i].key);
}

/* The terminal's modes while curses has it; set here, as curses would wait for output to drain. */
static void set_modes(struct tui_term *t)
{
    cbreak();
    noecho();
    nonl();
    /* ^S must not be able to stop the screen. */
    if (tcgetattr(t->keyboard, &t->own_modes) == 0) {
        t->own_modes.c_iflag &= ~(tcflag_t)(IXON | IXOFF);
        tcsetattr(t->keyboard, TCSANOW, &t->own_modes);
    }
}

/* What curses sends to the terminal at the start. */
static void set_up(struct tui_term *t)
{
    tui_output_begin(&t->output);
    set_escdelay(25);
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    define_keys();
    nodelay(stdscr, TRUE);
    curs_set(0);
    mouseinterval(0);
    mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
    refresh(); /* the alternate screen, before anything else is sent */
    tui_output_end(&t->output);
    if (t->sequences)
        tui_output_add(&t->output, paste_on, strlen(paste_on));
}

void tui_term_interrupts(struct tui_term *t, bool on)
{
    t->own_modes.c_cc[VINTR] = on ? t->modes.c_cc[VINTR] : _POSIX_VDISABLE;
    tcsetattr(t->keyboard, TCSANOW, &t->own_modes);
}

static int capture(struct tui_term *t)
{
    int ends[2];

    fflush(stdout);
    fflush(stderr);
    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
        return -1;
    dup2(ends[1], STDOUT_FILENO);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    t->captured = ends[0];
    return 0;
}

static void release(struct tui_term *t)
{
    char words[512];
    ssize_t n;

    fflush(stdout);
    dup2(t->real_stdout, STDOUT_FILENO);
    dup2(t->real_stderr, STDERR_FILENO);
    while ((n = read(t->captured, words, sizeof(words))) > 0)
        if (write(t->real_stderr, words, (size_t)n) < 0)
            break;
    close(t->captured);
}

static FILE *open_copy(int fd, const char *mode)
{
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    FILE *file = copy < 0 ? NULL : fdopen(copy, mode);

    if (!file && copy >= 0)
        close(copy);
    return file;
}

static void close_files(struct tui_term *t)
{
    if (t->out)
        fclose(t->out);
    if (t->in)
        fclose(t->in);
    if (t->real_stdout >= 0)
        close(t->real_stdout);
    if (t->real_stderr >= 0)
        close(t->real_stderr);
}

static void find_glyphs(struct tui_term *t)
{
    const char *term = getenv("TERM");

    t->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    t->glyphs = !t->unicode                          ? TUI_GLYPHS_ASCII
                : term && strcmp(term, "linux") == 0 ? TUI_GLYPHS_HALVES
                                                     : TUI_GLYPHS_EIGHTHS;
}

int tui_term_open(struct tui_term *t, const struct tui_coloring *coloring, char *error, size_t size)
{
    const char *term = getenv("TERM");
    struct tui_guard_terminal guard;

    memset(t, 0, sizeof(*t));
    t->captured = t->real_stdout = t->real_stderr = -1;
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &t->modes) < 0) {
        snprintf(error, size, "the TUI needs a terminal: standard input and output are not one");
        return -1;
    }
    setlocale(LC_CTYPE, "");
    find_glyphs(t);
    t->real_stdout = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    t->real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    t->in = open_copy(STDIN_FILENO, "r");
    t->out = open_copy(STDOUT_FILENO, "w");
    if (!t->in || !t->out || t->real_stdout < 0 || t->real_stderr < 0) {
        snprintf(error, size, "the TUI can't open the terminal: %s", strerror(errno));
        close_files(t);
        return -1;
    }
    if (tui_output_open(&t->output, fileno(t->out)) < 0) {
        snprintf(error, size, "the TUI can't open the terminal: %s", strerror(errno));
        tui_output_close(&t->output);
        close_files(t);
        return -1;
    }
    t->screen = newterm(NULL, t->out, t->in);
    if (!t->screen || !capability("cup") || !capability("clear")) {
        snprintf(error, size, "the TUI can't work on a terminal of type '%.40s'; try another TERM", term ? term : "");
        if (t->screen) {
            endwin();
            delscreen(t->screen);
        }
        tcsetattr(STDIN_FILENO, TCSANOW, &t->modes);
        tui_output_close(&t->output);
        close_files(t);
        return -1;
    }
    t->keyboard = fileno(t->in);
    t->sequences = takes_sequences();
    set_modes(t);
    tui_term_colors(t, coloring);
    set_up(t);
    tui_term_resize(t);
    getmaxyx(stdscr, t->height, t->width);
    collect_restore(t);
    capture(t);
    guard = (struct tui_guard_terminal){.tty = t->real_stdout,
                                        .modes = t->modes,
                                        .restore = t->restore,
                                        .n_restore = t->n_restore,
                                        .real_stderr = t->real_stderr,
                                        .captured = t->captured};
    t->events = tui_guard_on(&guard);
    return 0;
}

/* What else would go to a terminal that takes no output goes nowhere, as it would hold the program up. */
static void forsake(struct tui_term *t)
{
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (nowhere < 0)
        return;
    if (isatty(t->real_stdout))
        dup2(nowhere, t->real_stdout);
    if (isatty(t->real_stderr))
        dup2(nowhere, t->real_stderr);
    close(nowhere);
}

/* Lets curses take leave, and the terminal have its modes. False where the terminal doesn't take the words for it. */
static bool take_leave(struct tui_term *t)
{
    enum { PATIENCE_MS = 200 };
    bool sent;

    tui_output_begin(&t->output);
    endwin();
    tui_output_end(&t->output);
    if (t->sequences)
        tui_output_add(&t->output, paste_off, strlen(paste_off));
    if (!capability("rmcup"))
        tui_output_add(&t->output, "\r\n", 2);
    sent = tui_output_finish(&t->output, PATIENCE_MS);
    tcsetattr(t->keyboard, TCSANOW, &t->modes);
    return sent;
}

void tui_term_close(struct tui_term *t)
{
    bool reached = take_leave(t);

    tui_guard_off();
    if (!reached)
        forsake(t);
    if (t->captured >= 0)
        release(t);
    delscreen(t->screen);
    tui_output_close(&t->output);
    close_files(t);
}

void tui_term_suspend(struct tui_term *t)
{
    take_leave(t);
    tui_guard_stop();
    tui_term_resume(t);
}

void tui_term_resume(struct tui_term *t)
{
    tcsetattr(t->keyboard, TCSANOW, &t->own_modes);
    tui_output_begin(&t->output);
    keypad(stdscr, TRUE);
    tui_output_end(&t->output);
    if (t->sequences)
        tui_output_add(&t->output, paste_on, strlen(paste_on));
    tui_term_resize(t);
    clearok(curscr, TRUE);
}

void tui_term_refresh(struct tui_term *t)
{
    tui_output_begin(&t->output);
    refresh();
    tui_output_end(&t->output);
    tui_output_send(&t->output);
}

bool tui_term_resize(struct tui_term *t)
{
    struct winsize size;

    if (ioctl(fileno(t->out), TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
        return false;
    if (size.ws_row == t->height && size.ws_col == t->width)
        return false;
    resizeterm(size.ws_row, size.ws_col);
    getmaxyx(stdscr, t->height, t->width);
    return true;
}

bool tui_term_captured(struct tui_term *t, char *line, size_t size)
{
    size_t n = 0;
    char c;

    while (n + 1 < size && read(t->captured, &c, 1) == 1) {
        if (c == '\n')
            break;
        line[n++] = c;
    }
    line[n] = 0;
    return n > 0;
}
