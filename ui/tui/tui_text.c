#include "ui/tui/tui_text.h"

#include "core/model/text.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <wctype.h>

enum { MARKS_PER_CELL = 3 };

/* What is shown instead where the terminal knows ASCII only. */
static const struct {
    uint32_t scalar;
    const char *ascii;
} fallbacks[] = {
    {0x00A0, " "},  {0x00B1, "+-"}, {0x00B7, "."},   {0x00D7, "x"},  {0x2010, "-"},  {0x2011, "-"},
    {0x2012, "-"},  {0x2013, "-"},  {0x2014, "--"},  {0x2018, "'"},  {0x2019, "'"},  {0x201C, "\""},
    {0x201D, "\""}, {0x2022, "*"},  {0x2026, "..."}, {0x2190, "<-"}, {0x2192, "->"}, {0x2212, "-"},
    {0x2248, "~"},  {0x2260, "!="}, {0x2264, "<="},  {0x2265, ">="}, {0x25B8, ">"},
};

/* One column's worth (or two) of what is shown: a character and its combining marks, or a fallback's letters. */
struct cell {
    wchar_t text[4];
    int n_text;
    int columns;
};

static bool selects_variation(uint32_t c)
{
    return (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0x1F3FB && c <= 0x1F3FF);
}

static void set_ascii(struct cell *cell, const char *text)
{
    cell->n_text = 0;
    for (; *text && cell->n_text < 3; text++)
        cell->text[cell->n_text++] = (wchar_t)*text;
    cell->columns = cell->n_text;
}

static void cell_ascii(struct cell *cell, uint32_t c)
{
    if (c < 0x80 && !text_steers(c)) {
        cell->text[0] = (wchar_t)c;
        cell->n_text = cell->columns = 1;
        return;
    }
    for (size_t i = 0; i < sizeof(fallbacks) / sizeof(fallbacks[0]); i++)
        if (fallbacks[i].scalar == c) {
            set_ascii(cell, fallbacks[i].ascii);
            return;
        }
    set_ascii(cell, "?");
}

/* Reads the next cell of text and returns its bytes; 0 at the end. */
static size_t next_cell(struct cell *cell, const char *text, bool unicode)
{
    uint32_t c;
    size_t used;
    int width;

    if (!*text)
        return 0;
    used = text_decode(text, &c);
    if (!unicode) {
        cell_ascii(cell, c);
        return used;
    }
    width = text_steers(c) ? -1 : wcwidth((wchar_t)c);
    if (selects_variation(c)) {
        cell->n_text = cell->columns = 0;
        return used;
    }
    cell->text[0] = width > 0 ? (wchar_t)c : TEXT_REPLACEMENT;
    cell->n_text = 1;
    cell->columns = width > 0 ? width : 1;
    if (width <= 0)
        return used;
    /* The marks that belong to it; more than a cell can hold are dropped. */
    while (text[used]) {
        size_t more = text_decode(text + used, &c);

        if (text_steers(c) || c == TEXT_REPLACEMENT || wcwidth((wchar_t)c) != 0)
            break;
        if (cell->n_text <= MARKS_PER_CELL && cell->n_text < 4 && !selects_variation(c))
            cell->text[cell->n_text++] = (wchar_t)c;
        used += more;
    }
    return used;
}

int tui_text_columns(const char *text, bool unicode)
{
    struct cell cell;
    int columns = 0;

    for (size_t n; (n = next_cell(&cell, text, unicode)) > 0; text += n)
        columns += cell.columns;
    return columns;
}

int tui_text_fit(wchar_t *out, size_t size, const char *text, int width, bool unicode)
{
    bool cut = tui_text_columns(text, unicode) > width;
    int room = width - (cut ? 1 : 0), columns = 0;
    size_t used = 0;
    struct cell cell;

    if (size == 0)
        return 0;
    for (size_t n; width > 0 && (n = next_cell(&cell, text, unicode)) > 0; text += n) {
        if (columns + cell.columns > room || used + (size_t)cell.n_text + 2 > size)
            break;
        wmemcpy(out + used, cell.text, (size_t)cell.n_text);
        used += (size_t)cell.n_text;
        columns += cell.columns;
    }
    if (cut && width > 0 && used + 2 <= size) {
        out[used++] = unicode ? L'\u2026' : L'~';
        columns++;
    }
    out[used] = 0;
    return columns;
}

/* Appends a cell as UTF-8. */
static void append_cell(char *out, size_t size, const struct cell *cell)
{
    mbstate_t state = {0};
    char bytes[MB_LEN_MAX];

    for (int i = 0; i < cell->n_text; i++) {
        size_t n = wcrtomb(bytes, cell->text[i], &state), used = strlen(out);

        if (n == (size_t)-1 || used + n >= size)
            return;
        memcpy(out + used, bytes, n);
        out[used + n] = 0;
    }
}

void tui_text_shorten(char *out, size_t size, const char *text, int width, bool unicode)
{
    int columns = tui_text_columns(text, unicode), head = width / 2, tail = width - head - 1, at = 0;
    struct cell cell;

    out[0] = 0;
    for (size_t n; (n = next_cell(&cell, text, unicode)) > 0; text += n) {
        bool shown = columns <= width || at + cell.columns <= head || at >= columns - tail;

        if (shown)
            append_cell(out, size, &cell);
        else if (at <= head && at + cell.columns > head && width > 0)
            snprintf(out + strlen(out), size - strlen(out), "%s", unicode ? "\u2026" : "~");
        at += cell.columns;
    }
}

size_t tui_text_break(const char *text, int width, bool unicode)
{
    size_t at = 0, blank = 0;
    struct cell cell;
    int columns = 0;

    for (size_t n; (n = next_cell(&cell, text + at, unicode)) > 0; at += n) {
        columns += cell.columns;
        if (text[at] == ' ')
            blank = at + 1;
        else if (columns > width)
            return blank > 0 ? blank : at > 0 ? at : n;
    }
    return at;
}

void tui_text_take(char *out, size_t size, const char *text, size_t n)
{
    while (n > 0 && text[n - 1] == ' ')
        n--;
    snprintf(out, size, "%.*s", (int)n, text);
}

bool tui_text_begins(const char *name, const char *part)
{
    while (*name && *part) {
        uint32_t x, y;
        size_t n = text_decode(name, &x), m = text_decode(part, &y);

        if (towlower((wint_t)x) != towlower((wint_t)y))
            return false;
        name += n;
        part += m;
    }
    return !*part;
}

bool tui_text_contains(const char *name, const char *part)
{
    uint32_t first;

    for (; *name; name += text_decode(name, &first))
        if (tui_text_begins(name, part))
            return true;
    return !*part;
}

static const char units[] = "KMGTPE";

/* The unit in which kib has at most four digits before its point. */
static int unit_of(uint64_t kib, double *scale)
{
    int unit = 0;
    double value = (double)kib;

    *scale = 1;
    while (value >= 999.5 && units[unit + 1]) {
        value /= 1024;
        *scale *= 1024;
        unit++;
    }
    return unit;
}

const char *tui_text_size(char *text, size_t size, uint64_t kib)
{
    double scale, value;
    int unit = unit_of(kib, &scale);

    if (kib == 0) {
        snprintf(text, size, "0");
        return text;
    }
    value = (double)kib / scale;
    snprintf(text, size, "%.*f%c", unit >= 2 && value < 99.95 ? 1 : 0, value, units[unit]);
    return text;
}

long long tui_text_round_mib(uint64_t kib)
{
    return (long long)((kib + 512) / 1024);
}

void tui_text_clauses(char *out, size_t size, const char *text, int width, bool unicode)
{
    /* So much of what fits must be left, in tenths: half a line beats a whole clause that says little. */
    static const struct {
        const char *end;
        size_t least;
    } ends[] = {{"; ", 5}, {" (", 5}, {", ", 7}, {": ", 7}};
    const char *more = unicode ? " \u2026" : " ...";
    int room = width - (unicode ? 2 : 4);
    size_t fits, ends_within, cut = 0;

    snprintf(out, size, "%s", text);
    if (tui_text_columns(out, unicode) <= width || room <= 0)
        return;
    fits = tui_text_break(out, room, unicode);
    ends_within = tui_text_break(out, room + 1, unicode) - 1; /* what a clause ends with needs no room */
    for (size_t i = 0; cut == 0 && i < sizeof(ends) / sizeof(ends[0]); i++)
        for (size_t n = ends_within; cut == 0 && 10 * n > ends[i].least * ends_within; n--)
            if (strncmp(out + n, ends[i].end, strlen(ends[i].end)) == 0)
                cut = n;
    for (cut = cut ? cut : fits; cut > 0 && out[cut - 1] == ' '; cut--)
        ;
    snprintf(out + cut, size - cut, "%s", more);
}

const char *tui_text_in(char *text, size_t size, uint64_t kib, char unit)
{
    double mib = (double)kib / 1024;

    if (unit == 'G')
        snprintf(text, size, "%.*fG", mib < 99.95 * 1024 ? 1 : 0, mib / 1024);
    else if (unit == 'K')
        snprintf(text, size, "%lluK", (unsigned long long)kib);
    else
        snprintf(text, size, "%.0fM", mib);
    return text;
}

const char *tui_text_of(char *text, size_t size, uint64_t kib, uint64_t whole)
{
    double scale;
    int unit = unit_of(whole, &scale);
    int digits = unit >= 2 && (double)whole / scale < 99.95 ? 1 : 0;

    /* What changes has another digit, where there's room. */
    snprintf(text, size, "%.*f/%.*f%c", digits && (double)whole / scale < 9.95 ? 2 : digits, (double)kib / scale,
             digits, (double)whole / scale, units[unit]);
    return text;
}

const char *tui_text_seconds(char *text, size_t size, double seconds)
{
    if (seconds < 0)
        seconds = 0;
    if (seconds < 9.95 && seconds - (double)(long)seconds > 0.05)
        snprintf(text, size, "%.1f s", seconds);
    else if (seconds < 120)
        snprintf(text, size, "%.0f s", seconds);
    else if (seconds < 7200)
        snprintf(text, size, "%.0f min", seconds / 60);
    else if (seconds < 172800)
        snprintf(text, size, "%.0f h", seconds / 3600);
    else
        snprintf(text, size, "%.0f d", seconds / 86400);
    return text;
}
