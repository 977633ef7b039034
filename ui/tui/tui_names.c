/* Guests' names in few columns: cut in the middle, as what tells guests apart stands at either end, and never alike. */
#include "ui/tui/tui.h"

#include "core/model/array.h"
#include "ui/tui/tui_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shown {
    int guest;
    char *name;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct shown *)a)->name, ((const struct shown *)b)->name);
}

/* Notes for each guest whether another's name looks the same in width columns. */
static void find_twins(const struct tui *t, int width, bool *twin)
{
    const struct snapshot *s = &t->report.snapshot;
    struct shown *shown = calloc((size_t)s->n_guests + 1, sizeof(*shown));
    char text[TUI_NAME_BYTES];

    memset(twin, 0, (size_t)s->n_guests * sizeof(*twin));
    for (int i = 0; shown && i < s->n_guests; i++) {
        tui_text_shorten(text, sizeof(text), s->guests[i].name, width, t->term.unicode);
        shown[i] = (struct shown){i, strdup(text)};
        if (!shown[i].name)
            shown[i].name = strdup("");
    }
    if (shown && s->n_guests > 0)
        qsort(shown, (size_t)s->n_guests, sizeof(*shown), by_name);
    for (int i = 1; shown && i < s->n_guests; i++)
        if (strcmp(shown[i - 1].name, shown[i].name) == 0)
            twin[shown[i - 1].guest] = twin[shown[i].guest] = true;
    for (int i = 0; shown && i < s->n_guests; i++)
        free(shown[i].name);
    free(shown);
}

static bool has_twin(struct tui *t, int guest, int width)
{
    const struct snapshot *s = &t->report.snapshot;

    if (width < 0 || width >= TUI_NAME_WIDTHS)
        return false;
    if (t->names.widths[width].taken_ns != s->taken_ns || t->names.widths[width].n != s->n_guests) {
        if (array_reserve(&t->names.widths[width].twin, &t->names.widths[width].cap, s->n_guests + 1, sizeof(bool)))
            return false;
        find_twins(t, width, t->names.widths[width].twin);
        t->names.widths[width].taken_ns = s->taken_ns;
        t->names.widths[width].n = s->n_guests;
    }
    return t->names.widths[width].twin[guest];
}

const char *tui_name(struct tui *t, int guest, int width, char *text, size_t size)
{
    const struct snapshot_guest *g = &t->report.snapshot.guests[guest];
    char id[16];
    int left;

    snprintf(id, sizeof(id), "#%d", g->id);
    left = width - (int)strlen(id);
    if (!has_twin(t, guest, width) || left < 1)
        left = width;
    tui_text_shorten(text, size, g->name, left, t->term.unicode);
    if (left < width)
        snprintf(text + strlen(text), size - strlen(text), "%s", id);
    return text;
}
