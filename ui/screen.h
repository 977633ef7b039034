/*
 * What the command line and the file of settings say of the screen: the words both know, so that neither accepts what
 * the other doesn't.
 */
#ifndef UI_SCREEN_H
#define UI_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

/* What was on the command line; NULL and 0: not given. The strings are those of argv. */
struct screen_options {
    const char *view;   /* one of screen_views */
    const char *sort;   /* one of screen_columns; a '-' before it turns the order round */
    const char *filter; /* at most SCREEN_FILTER_BYTES - 1 bytes */
    const char *color;  /* one of screen_colors */
    const char *theme;  /* one of screen_themes */
    double refresh_s;   /* seconds that the screen's figures stand still at the least */
};

enum { SCREEN_FILTER_BYTES = 64 };

/* Anything faster than eyes can follow is of no use; anything slower than a minute isn't a screen any more. */
#define SCREEN_REFRESH_LEAST_S 0.1
#define SCREEN_REFRESH_MOST_S 60.0

/* Each ends in NULL. Views and columns stand in the order of enum layout_view and enum tui_column_id. */
extern const char *const screen_views[];
extern const char *const screen_columns[];
extern const char *const screen_colors[];
extern const char *const screen_themes[];

/* The index of word in such a list, or -1. */
int screen_find(const char *const *words, const char *word);
/* The same for a column that may have a '-' before it; *inverted says whether it has. */
int screen_find_sort(const char *word, bool *inverted);
/* The words of a list with commas between them. Returns text. */
const char *screen_list(const char *const *words, char *text, size_t size);

#endif
