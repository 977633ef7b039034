/*
 * What keys do, one function each: the rows of the table of keys name them. Those that the engine carries out are in
 * tui_commands.c, the others in tui_actions.c. Each takes the argument of its row.
 */
#ifndef UI_TUI_TUI_ACTIONS_H
#define UI_TUI_TUI_ACTIONS_H

struct tui;

/* tui_commands.c: what the engine carries out */
void tui_do_command(struct tui *t, int kind);  /* enum engine_command_kind */
void tui_do_interval(struct tui *t, int step); /* 1 longer, -1 shorter */
void tui_do_speed(struct tui *t, int step);    /* 1 faster, -1 slower */

/* tui_actions.c: what only the screen knows of */
void tui_do_view(struct tui *t, int view);      /* enum layout_view */
void tui_do_next_view(struct tui *t, int step); /* 1, -1 */
void tui_do_detail(struct tui *t, int unused);
void tui_do_move(struct tui *t, int rows);
void tui_do_page(struct tui *t, int pages);
void tui_do_aside(struct tui *t, int step);
void tui_do_end(struct tui *t, int last); /* 0 the first, 1 the last */
void tui_do_filter(struct tui *t, int unused);
void tui_do_search(struct tui *t, int unused);
void tui_do_search_on(struct tui *t, int step); /* 1 the next, -1 the one before */
void tui_do_sort_step(struct tui *t, int step);
void tui_do_sort(struct tui *t, int column); /* enum tui_column_id; the one sorted by already: the other way round */
void tui_do_sort_invert(struct tui *t, int unused);
void tui_do_follow(struct tui *t, int unused);
void tui_do_tag(struct tui *t, int unused);
void tui_do_untag(struct tui *t, int unused);
void tui_do_tagged_only(struct tui *t, int unused);
void tui_do_fold(struct tui *t, int all);
void tui_do_redraw(struct tui *t, int unused);
void tui_do_help(struct tui *t, int unused);
void tui_do_back(struct tui *t, int unused);
void tui_do_graphs(struct tui *t, int unused);
void tui_do_window(struct tui *t, int unused);
void tui_do_shade(struct tui *t, int unused);
void tui_do_theme(struct tui *t, int unused);
void tui_do_refresh(struct tui *t, int unused);
void tui_do_quit(struct tui *t, int unused);

/* tui_menu.c: the menu of columns */
void tui_do_menu(struct tui *t, int unused);
void tui_do_menu_move(struct tui *t, int rows);
void tui_do_menu_sort(struct tui *t, int unused);
void tui_do_menu_toggle(struct tui *t, int unused);
void tui_do_menu_shift(struct tui *t, int by);

/* tui_setup.c: keeps what is chosen */
void tui_do_setup(struct tui *t, int unused);

/* tui_past.c: step 1 goes back by a decision, -1 forward */
void tui_do_past(struct tui *t, int step);

/* tui_csv.c */
void tui_do_write(struct tui *t, int unused);

#endif
