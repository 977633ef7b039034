#include "ui/headless/headless_put.h"

#include "core/model/plan.h"
#include "core/model/text.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

void headless_paint(FILE *out, const struct headless_style *style, const char *colour)
{
    if (style->colour)
        fputs(colour, out);
}

/* Marks that stand for something that ASCII has, too. */
static const char *in_ascii(uint32_t scalar)
{
    switch (scalar) {
    case 0x2192:
        return "->";
    case 0x2190:
        return "<-";
    case 0x2264:
        return "<=";
    case 0x2265:
        return ">=";
    case 0x2013:
    case 0x2014:
    case 0x2212:
        return "-";
    case 0x2026:
        return "...";
    case 0xd7:
        return "x";
    case 0xb7:
        return ".";
    case 0xb1:
        return "+-";
    case 0x2018:
    case 0x2019:
        return "'";
    case 0x3c3:
        return "sd";
    default:
        return "?";
    }
}

/* Writes one character (nowhere where out is NULL) and returns its columns. */
static int put_character(FILE *out, const struct headless_style *style, uint32_t scalar, const char *text, size_t bytes)
{
    char plain_text[4] = {(char)scalar};
    const char *shown = plain_text;
    int wide = 0;

    if (text_steers(scalar) || scalar == TEXT_REPLACEMENT) {
        shown = "?";
    } else if (scalar >= 0x80 && !style->unicode) {
        shown = in_ascii(scalar);
    } else if (scalar >= 0x80) {
        wide = wcwidth((wchar_t)scalar);
        if (out)
            fwrite(text, 1, bytes, out);
        return wide > 0 ? wide : 0;
    }
    if (out)
        fputs(shown, out);
    return (int)strlen(shown);
}

/* Returns how many columns text takes. out NULL: only that. */
static int put_text(FILE *out, const struct headless_style *style, const char *text)
{
    int columns = 0;

    while (*text) {
        uint32_t scalar;
        size_t bytes = text_decode(text, &scalar);

        columns += put_character(out, style, scalar, text, bytes);
        text += bytes;
    }
    return columns;
}

void headless_put(FILE *out, const struct headless_style *style, const char *text, int width)
{
    int columns = put_text(out, style, text);

    if (columns < width)
        fprintf(out, "%*s", width - columns, "");
}

int headless_columns(const struct headless_style *style, const char *text)
{
    return put_text(NULL, style, text);
}

void headless_begin_line(FILE *out, const struct headless_style *style, int64_t wall_ms, int priority)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm local;
    char text[16] = "--:--:--";

    if (style->fields) {
        fprintf(out, "\nPRIORITY=%d\nMESSAGE=", priority);
        return;
    }
    if (style->journal) {
        fprintf(out, "<%d>", priority);
        return;
    }
    if (localtime_r(&seconds, &local))
        strftime(text, sizeof(text), "%H:%M:%S", &local);
    headless_paint(out, style, HEADLESS_DIM);
    fputs(text, out);
    headless_paint(out, style, HEADLESS_PLAIN);
    fputs("  ", out);
}

void headless_field(FILE *out, const struct headless_style *style, const char *name, const char *format, ...)
{
    char value[PLAN_SUMMARY_BYTES + SNAPSHOT_NAME_BYTES];
    va_list arguments;

    if (!style->fields)
        return;
    va_start(arguments, format);
    vsnprintf(value, sizeof(value), format, arguments);
    va_end(arguments);
    fprintf(out, "VMBALANCE_%s=", name);
    headless_put(out, style, value, 0);
    fputc('\n', out);
}

void headless_message_id(FILE *out, const struct headless_style *style, const char *id)
{
    if (style->fields)
        fprintf(out, "MESSAGE_ID=%s\n", id);
}

void headless_put_word(FILE *out, const struct headless_style *style, const char *word, const char *colour)
{
    headless_paint(out, style, colour);
    fprintf(out, "%-8s", word);
    headless_paint(out, style, HEADLESS_PLAIN);
    fputs("  ", out);
}
