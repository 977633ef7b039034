#include "ui/tui/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct host {
    int nodes[4];
    int n_nodes, n_guests;
} hosts[] = {
    {{0}, 0, 0},       {{1}, 1, 1},        {{2}, 1, 8},          {{4, 4}, 2, 9},
    {{32, 32}, 2, 60}, {{64, 64}, 2, 200}, {{1, 5, 3}, 3, 1000}, {{256, 256, 256, 256}, 4, 4},
};

static struct layout_content content_of(const struct host *h, enum layout_view view, bool memory_first)
{
    return (struct layout_content){view, memory_first, h->nodes, h->n_nodes, h->n_guests};
}

/* Every cell of the screen belongs to one pane at most: panes are painted on a board. */
static char board[100][300];

static void paint(const struct layout *l, const struct layout_rect *r, char sign)
{
    if (r->w == 0 || r->h == 0)
        return;
    assert_true(r->w > 0 && r->h > 0);
    assert_in_range(r->x, 0, l->width - 1);
    assert_in_range(r->y, 0, l->height - 1);
    assert_true(r->x + r->w <= l->width);
    assert_true(r->y + r->h <= l->height);
    for (int y = r->y; y < r->y + r->h; y++)
        for (int x = r->x; x < r->x + r->w; x++) {
            if (board[y][x])
                fail_msg("%dx%d: pane %c overlaps pane %c at %d,%d", l->width, l->height, sign, board[y][x], x, y);
            board[y][x] = sign;
        }
}

static void paint_all(const struct layout *l)
{
    memset(board, 0, sizeof(board));
    paint(l, &l->header, 'h');
    paint(l, &l->plan, 'p');
    paint(l, &l->pcpus, 'c');
    paint(l, &l->columns, 'o');
    paint(l, &l->guests, 'g');
    paint(l, &l->host, 'm');
    paint(l, &l->main, 'a');
    paint(l, &l->log, 'l');
    paint(l, &l->footer, 'f');
    if (l->status.y != l->footer.y)
        paint(l, &l->status, 's');
}

/* The row above a pane is its heading's: no other pane may use it. */
static void check_heading(const struct layout *l, const struct layout_rect *r)
{
    if (!l->headings || r->h == 0)
        return;
    assert_true(r->y > 0);
    for (int x = r->x; x < r->x + r->w; x++)
        assert_int_equal(board[r->y - 1][x], 0);
}

static void check_pcpus(const struct layout *l, const struct layout_content *c)
{
    static char taken[100][300];

    memset(taken, 0, sizeof(taken));
    for (int node = 0; node < c->n_nodes; node++)
        for (int k = -1; k < c->nodes[node]; k++) {
            struct layout_rect r = layout_pcpu(l, c, node, k);

            if (r.w == 0)
                continue;
            assert_int_equal(r.h, 1);
            assert_true(r.x >= l->pcpus.x && r.x + r.w <= l->pcpus.x + l->pcpus.w);
            assert_true(r.y >= l->pcpus.y && r.y < l->pcpus.y + l->pcpus.h);
            for (int x = r.x; x < r.x + r.w; x++) {
                assert_int_equal(taken[r.y][x], 0);
                taken[r.y][x] = 1;
            }
        }
}

static void panes_lie_inside_the_screen_and_never_overlap(void **state)
{
    struct layout l;

    (void)state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        for (int view = 0; view < LAYOUT_VIEWS; view++)
            for (int width = 1; width <= 300; width += width < 130 ? 1 : 7)
                for (int height = 1; height <= 100; height += height < 50 ? 1 : 5) {
                    struct layout_content c = content_of(&hosts[i], (enum layout_view)view, (width + height) % 2);

                    layout_compute(&l, width, height, &c);
                    paint_all(&l);
                    if (l.too_small)
                        continue;
                    check_heading(&l, &l.pcpus);
                    check_heading(&l, &l.columns);
                    check_heading(&l, &l.log);
                    check_heading(&l, &l.main);
                    check_heading(&l, &l.host);
                    check_pcpus(&l, &c);
                    assert_true(l.overlay.x >= 0 && l.overlay.x + l.overlay.w <= width);
                    assert_true(l.overlay.y >= 0 && l.overlay.y + l.overlay.h < height);
                    assert_true(l.help.x >= 0 && l.help.x + l.help.w <= width);
                    assert_true(l.help.y >= 0 && l.help.y + l.help.h < height);
                    assert_true(l.help_columns * l.help_width <= l.help.w - 2);
                }
}

static void every_size_from_1x1_to_300x100_with_one_host(void **state)
{
    struct layout l;

    (void)state;
    for (int width = 1; width <= 300; width++)
        for (int height = 1; height <= 100; height++) {
            struct layout_content c = content_of(&hosts[3], LAYOUT_OVERVIEW, false);

            layout_compute(&l, width, height, &c);
            paint_all(&l);
            assert_int_equal(l.too_small, width < 40 || height < 10);
            assert_true(l.help_columns >= 1);
            if (l.too_small)
                assert_true(l.stairs_columns >= 1 && l.stairs_rows >= 1 && l.stairs_width >= 1 && l.stairs_height >= 1);
        }
}

static void all_that_matters_stands_at_80x24(void **state)
{
    struct layout l;

    (void)state;
    for (int memory_first = 0; memory_first < 2; memory_first++)
        for (size_t i = 2; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
            struct layout_content c = content_of(&hosts[i], LAYOUT_OVERVIEW, memory_first);

            layout_compute(&l, 80, 24, &c);
            assert_false(l.too_small);
            assert_int_equal(l.header.h, 3);
            assert_int_equal(l.plan.h, 1);
            assert_true(l.pcpus.h >= 1);
            assert_int_equal(l.columns.h, 1);
            assert_true(l.guests.h >= 3);
            assert_true(l.log.h >= 3);
            assert_int_equal(l.status.h, 1);
            assert_int_equal(l.footer.y, 23);
            assert_int_not_equal(l.status.y, l.footer.y);
        }
}

static void the_smallest_screen_has_state_plan_pcpus_guests_and_keys(void **state)
{
    struct layout l;
    struct layout_content c = content_of(&hosts[4], LAYOUT_OVERVIEW, false);

    (void)state;
    layout_compute(&l, 40, 10, &c);
    assert_int_equal(l.header.h, 2);
    assert_int_equal(l.plan.h, 1);
    assert_true(l.pcpus.h >= 1);
    assert_true(l.guests.h >= 3);
    assert_int_equal(l.footer.h, 1);
}

static void every_view_has_its_pane_at_every_usable_size(void **state)
{
    struct layout l;

    (void)state;
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        for (int width = 40; width <= 300; width += 13)
            for (int height = 10; height <= 100; height += 3)
                for (int view = 0; view < LAYOUT_VIEWS; view++) {
                    struct layout_content c = content_of(&hosts[i], (enum layout_view)view, false);
                    bool rows = view == LAYOUT_OVERVIEW || view == LAYOUT_GUESTS || view == LAYOUT_MEMORY;

                    layout_compute(&l, width, height, &c);
                    /* With fewer than three guests, the overview has no use for three rows. */
                    if ((rows ? l.guests.h : l.main.h) < (view == LAYOUT_OVERVIEW && c.n_guests < 3 ? 1 : 3))
                        fail_msg("view %d, %d guests, %dx%d", view, c.n_guests, width, height);
                    if (view == LAYOUT_MEMORY) {
                        assert_true(l.stairs_columns * l.stairs_width <= l.guests.w);
                        assert_true(l.stairs_rows * l.stairs_height <= l.guests.h);
                        assert_true(l.stairs_height >= 3);
                    }
                }
}

static void pcpus_shrink_from_bars_with_names_to_bars_to_one_character(void **state)
{
    struct layout l;
    struct layout_content c = content_of(&hosts[4], LAYOUT_OVERVIEW, false); /* 64 pCPUs */

    (void)state;
    layout_compute(&l, 200, 60, &c);
    assert_int_equal(l.pcpu.form, LAYOUT_PCPU_FULL);
    layout_compute(&l, 120, 40, &c);
    assert_int_equal(l.pcpu.form, LAYOUT_PCPU_COMPACT);
    layout_compute(&l, 80, 24, &c);
    assert_int_equal(l.pcpu.form, LAYOUT_PCPU_HEAT);
    c = content_of(&hosts[3], LAYOUT_OVERVIEW, false); /* 8 pCPUs */
    layout_compute(&l, 80, 24, &c);
    assert_int_equal(l.pcpu.form, LAYOUT_PCPU_FULL);
    assert_true(l.pcpu.headings);
}

static void all_pcpus_are_shown_where_the_form_is_bars(void **state)
{
    struct layout l;

    (void)state;
    for (size_t i = 1; i < sizeof(hosts) / sizeof(hosts[0]); i++)
        for (int width = 40; width <= 300; width += 9)
            for (int height = 10; height <= 100; height += 5) {
                struct layout_content c = content_of(&hosts[i], LAYOUT_OVERVIEW, false);

                layout_compute(&l, width, height, &c);
                for (int node = 0; node < c.n_nodes && l.pcpu.form != LAYOUT_PCPU_HEAT; node++)
                    for (int k = 0; k < c.nodes[node]; k++)
                        assert_int_equal(layout_pcpu(&l, &c, node, k).h, 1);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(panes_lie_inside_the_screen_and_never_overlap),
        cmocka_unit_test(every_size_from_1x1_to_300x100_with_one_host),
        cmocka_unit_test(all_that_matters_stands_at_80x24),
        cmocka_unit_test(the_smallest_screen_has_state_plan_pcpus_guests_and_keys),
        cmocka_unit_test(every_view_has_its_pane_at_every_usable_size),
        cmocka_unit_test(pcpus_shrink_from_bars_with_names_to_bars_to_one_character),
        cmocka_unit_test(all_pcpus_are_shown_where_the_form_is_bars),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
