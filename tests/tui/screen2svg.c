/*
 * Draws a terminal's screen as a picture: reads what "tmux capture-pane -e -p" prints and writes SVG. Every run of
 * equal cells becomes one text element that is told its width, so that columns stay aligned in any font; blocks and
 * lines, which fonts draw with gaps, are drawn as shapes.
 *
 *     screen2svg WIDTH HEIGHT [TITLE] <screen >picture.svg
 */
#include <locale.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { CELL_W = 8, CELL_H = 17, MARGIN = 10, MARKS = 3, COLOR_BYTES = 40 };

struct style {
    int fg, bg; /* 0-255; -1: the terminal's own */
    bool bold, dim, reverse, underline;
};

struct cell {
    wchar_t text[MARKS + 2];
    int columns; /* 0: the right half of a wide character */
    struct style style;
};

static const char *const background = "#16181d", *const foreground = "#d4d7dd";

/* xterm's 256 colours. */
static void color_words(int color, char *text, size_t size)
{
    static const char *const first[] = {"#000000", "#cd3131", "#0dbc79", "#c9a000", "#2472c8", "#bc3fbc",
                                        "#11a8cd", "#c8c8c8", "#767676", "#f14c4c", "#23d18b", "#f5f543",
                                        "#5c9cf5", "#d670d6", "#29b8db", "#ffffff"};
    static const int steps[] = {0, 95, 135, 175, 215, 255};

    if (color < 16) {
        snprintf(text, size, "%s", first[color]);
    } else if (color < 232) {
        color -= 16;
        snprintf(text, size, "#%02x%02x%02x", steps[color / 36], steps[color / 6 % 6], steps[color % 6]);
    } else {
        int grey = 8 + (color - 232) * 10;

        snprintf(text, size, "#%02x%02x%02x", grey, grey, grey);
    }
}

static void colors_of(const struct style *s, char *fg, char *bg, size_t size)
{
    if (s->fg < 0)
        snprintf(fg, size, "%s", foreground);
    else
        color_words(s->fg, fg, size);
    if (s->bg < 0)
        snprintf(bg, size, "%s", background);
    else
        color_words(s->bg, bg, size);
    if (s->reverse) {
        char held[COLOR_BYTES];

        snprintf(held, sizeof(held), "%s", fg);
        snprintf(fg, size, "%s", bg);
        snprintf(bg, size, "%s", held);
    }
}

/* Reads the numbers of an SGR sequence behind "ESC [" and applies them. */
static void read_sgr(struct style *s, const wchar_t *from, const wchar_t *end)
{
    int n[32] = {0}, count = 1;

    for (; from < end; from++) {
        if (*from == L';' || *from == L':')
            count += count < 31;
        else if (*from >= L'0' && *from <= L'9')
            n[count - 1] = n[count - 1] * 10 + (int)(*from - L'0');
    }
    for (int i = 0; i < count; i++) {
        if (n[i] == 0)
            *s = (struct style){-1, -1, false, false, false, false};
        else if (n[i] == 1)
            s->bold = true;
        else if (n[i] == 2)
            s->dim = true;
        else if (n[i] == 4)
            s->underline = true;
        else if (n[i] == 7)
            s->reverse = true;
        else if (n[i] >= 30 && n[i] <= 37)
            s->fg = n[i] - 30;
        else if (n[i] >= 90 && n[i] <= 97)
            s->fg = n[i] - 90 + 8;
        else if (n[i] >= 40 && n[i] <= 47)
            s->bg = n[i] - 40;
        else if (n[i] == 39)
            s->fg = -1;
        else if (n[i] == 49)
            s->bg = -1;
        else if ((n[i] == 38 || n[i] == 48) && i + 2 < count && n[i + 1] == 5) {
            *(n[i] == 38 ? &s->fg : &s->bg) = n[i + 2];
            i += 2;
        }
    }
}

/* Puts a line into cells; what goes beyond width is cut. */
static void read_line(struct cell *cells, int width, const wchar_t *line, struct style *style)
{
    int x = 0, last = -1;

    for (const wchar_t *c = line; *c && *c != L'\n'; c++) {
        int columns;

        if (*c == 27 && c[1] == L'[') {
            const wchar_t *end = c + 2;

            while (*end && !(*end >= L'@' && *end <= L'~'))
                end++;
            if (*end == L'm')
                read_sgr(style, c + 2, end);
            if (!*end)
                return;
            c = end;
            continue;
        }
        if (*c == 14 || *c == 15)
            continue;
        columns = wcwidth(*c);
        if (columns == 0 && last >= 0) {
            size_t n = wcslen(cells[last].text);

            if (n <= MARKS)
                cells[last].text[n] = *c;
            continue;
        }
        if (columns < 1 || x + columns > width)
            continue;
        last = x;
        cells[x] = (struct cell){{*c}, columns, *style};
        if (columns == 2)
            cells[x + 1] = (struct cell){{0}, 0, *style};
        x += columns;
    }
}

static void rectangle(double x, double y, double w, double h, const char *fill, double opacity)
{
    printf("<rect x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" fill=\"%s\"", x, y, w, h, fill);
    if (opacity < 1)
        printf(" fill-opacity=\"%g\"", opacity);
    printf("/>\n");
}

/* Blocks, shades and lines as shapes. False where c is none of these. */
static bool draw_shape(wchar_t c, double x, double y, double w, const char *fill)
{
    if (c >= 0x2581 && c <= 0x2588) {
        double h = CELL_H * (double)(c - 0x2580) / 8;

        rectangle(x, y + CELL_H - h, w, h, fill, 1);
    } else if (c >= 0x2589 && c <= 0x258F) {
        rectangle(x, y, CELL_W * (double)(0x2590 - c) / 8, CELL_H, fill, 1);
    } else if (c >= 0x2591 && c <= 0x2593) {
        rectangle(x, y, w, CELL_H, fill, 0.4 + 0.2 * (double)(c - 0x2591));
    } else if (c == 0x2500) {
        rectangle(x, y + CELL_H / 2.0, w, 1, fill, 1);
    } else if (c == 0x250A) {
        rectangle(x + CELL_W / 2.0, y + 2, 1, 3, fill, 0.6);
        rectangle(x + CELL_W / 2.0, y + 8, 1, 3, fill, 0.6);
        rectangle(x + CELL_W / 2.0, y + 14, 1, 2, fill, 0.6);
    } else if (c == 0x2502) {
        rectangle(x + CELL_W / 2.0, y, 1, CELL_H, fill, 1);
    } else {
        return false;
    }
    return true;
}

static void print_escaped(const wchar_t *text)
{
    for (; *text; text++) {
        if (*text == L'<')
            printf("&lt;");
        else if (*text == L'>')
            printf("&gt;");
        else if (*text == L'&')
            printf("&amp;");
        else
            printf("%lc", (wint_t)*text);
    }
}

static bool is_shape(wchar_t c)
{
    return (c >= 0x2580 && c <= 0x2593) || c == 0x2500 || c == 0x2502 || c == 0x250A;
}

static bool same_style(const struct style *a, const struct style *b)
{
    return a->fg == b->fg && a->bg == b->bg && a->bold == b->bold && a->dim == b->dim && a->reverse == b->reverse &&
           a->underline == b->underline;
}

/* Draws the cells x to end - 1 of a row, which look alike. */
static void draw_run(const struct cell *cells, int x, int end, int row)
{
    const struct style *s = &cells[x].style;
    double left = MARGIN + x * CELL_W, top = MARGIN + row * CELL_H;
    char fg[COLOR_BYTES], bg[COLOR_BYTES];
    wchar_t shape = cells[x].text[0];
    bool blank = true;

    colors_of(s, fg, bg, sizeof(fg));
    if (strcmp(bg, background) != 0)
        rectangle(left, top, (end - x) * CELL_W, CELL_H, bg, 1);
    for (int i = x; i < end; i++)
        blank = blank && (cells[i].columns == 0 || cells[i].text[0] == L' ');
    if (blank)
        return;
    if (is_shape(shape) && draw_shape(shape, left, top, (end - x) * CELL_W, fg))
        return;
    printf("<text x=\"%g\" y=\"%g\" textLength=\"%d\" fill=\"%s\"", left, top + CELL_H - 4, (end - x) * CELL_W, fg);
    if (s->bold)
        printf(" font-weight=\"bold\"");
    if (s->dim)
        printf(" fill-opacity=\"0.65\"");
    printf(">");
    for (int i = x; i < end; i++)
        print_escaped(cells[i].text);
    printf("</text>\n");
}

static void draw_row(const struct cell *cells, int width, int row)
{
    for (int x = 0; x < width;) {
        wchar_t shape = is_shape(cells[x].text[0]) ? cells[x].text[0] : 0;
        int end = x + 1;

        /* A blank ends a run of text too when another follows, so that words stand where they should in any font. */
        while (end < width && same_style(&cells[end].style, &cells[x].style) &&
               (is_shape(cells[end].text[0]) ? cells[end].text[0] : 0) == shape &&
               !(cells[end - 1].text[0] == L' ' && cells[end].text[0] == L' ' && cells[x].text[0] != L' ') &&
               !(cells[x].text[0] == L' ' && cells[end].text[0] != L' '))
            end++;
        draw_run(cells, x, end, row);
        x = end;
    }
}

int main(int argc, char **argv)
{
    int width = argc > 2 ? atoi(argv[1]) : 0, height = argc > 2 ? atoi(argv[2]) : 0;
    struct style style = {-1, -1, false, false, false, false};
    struct cell *cells;
    wchar_t line[16384];

    setlocale(LC_CTYPE, "C.UTF-8");
    if (width < 1 || width > 1000 || height < 1 || height > 1000) {
        fprintf(stderr, "usage: screen2svg WIDTH HEIGHT [TITLE] <screen >picture.svg\n");
        return 2;
    }
    cells = calloc((size_t)width, sizeof(*cells));
    if (!cells)
        return 1;
    printf(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
        "xml:space=\"preserve\" font-size=\"13.3\" font-family=\"'DejaVu Sans Mono','Menlo','Consolas',monospace\">\n",
        width * CELL_W + 2 * MARGIN, height * CELL_H + 2 * MARGIN, width * CELL_W + 2 * MARGIN,
        height * CELL_H + 2 * MARGIN);
    if (argc > 3)
        printf("<title>%s</title>\n", argv[3]);
    printf("<rect width=\"100%%\" height=\"100%%\" rx=\"6\" fill=\"%s\"/>\n", background);
    for (int row = 0; row < height && fgetws(line, sizeof(line) / sizeof(line[0]), stdin); row++) {
        for (int x = 0; x < width; x++)
            cells[x] = (struct cell){L" ", 1, {-1, -1, false, false, false, false}};
        read_line(cells, width, line, &style);
        draw_row(cells, width, row);
    }
    printf("</svg>\n");
    free(cells);
    return 0;
}
