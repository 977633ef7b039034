/*
 * Where things stand on the screen: from the screen's size, what there is to show and the view chosen to the panes'
 * rectangles. Pure arithmetic, no terminal: at every size the panes lie inside the screen and never overlap, and what
 * matters most goes last as the screen shrinks.
 */
#ifndef UI_TUI_LAYOUT_H
#define UI_TUI_LAYOUT_H

#include <stdbool.h>

enum { LAYOUT_MIN_WIDTH = 40, LAYOUT_MIN_HEIGHT = 10 };

/* In columns and rows of the terminal; nothing is shown of a pane whose w or h is 0. */
struct layout_rect {
    int x, y, w, h;
};

enum layout_view { LAYOUT_OVERVIEW, LAYOUT_MAP, LAYOUT_GUESTS, LAYOUT_MEMORY, LAYOUT_LOG, LAYOUT_DETAIL, LAYOUT_VIEWS };

/* How the pCPU pane shows its pCPUs: with bar and names, with bar alone, or one character each. */
enum layout_pcpu_form { LAYOUT_PCPU_FULL, LAYOUT_PCPU_COMPACT, LAYOUT_PCPU_HEAT };

struct layout_content {
    enum layout_view view;
    bool memory_first; /* the guests' memory matters more than the pCPUs */
    const int *nodes;  /* pCPUs of each NUMA node */
    int n_nodes;
    int n_guests; /* that pass the filter */
};

struct layout_pcpus {
    enum layout_pcpu_form form;
    bool headings;    /* one row on top of each node's columns names the node */
    int column_width; /* FULL, COMPACT */
    int rows;         /* pCPUs in a column; the heading isn't counted */
    int label_width;  /* HEAT: for the node's name before its row */
    int per_row;      /* HEAT: pCPUs in a row of a node */
    int across;       /* HEAT: nodes beside each other; where more than one, each has a single row */
};

struct layout {
    int width, height;
    bool too_small;
    bool headings;              /* panes have a heading, which is the row above their rectangle */
    struct layout_rect header;  /* title with state, balance, host memory: as many rows of these as h says */
    struct layout_rect plan;    /* the last decision, or the preview of the next */
    struct layout_rect pcpus;   /* overview, map */
    struct layout_rect columns; /* the column heads of the guests' table */
    struct layout_rect guests;  /* overview, guests: the table; memory: the stairs */
    struct layout_rect host;    /* memory: the host's memory at length */
    struct layout_rect main;    /* map: the matrix; log, detail: the text */
    struct layout_rect log;     /* overview */
    struct layout_rect status;  /* where it equals the footer's, a message covers the keys for a while */
    struct layout_rect footer;
    struct layout_rect overlay; /* for a box over the view */
    struct layout_rect help;    /* for help, which has columns of help_width */
    int help_columns, help_width;
    struct layout_pcpus pcpu;
    int stairs_columns, stairs_rows, stairs_width, stairs_height; /* memory: the grid of stairs, with their titles */
};

/* Fills l for a screen of that size. */
void layout_compute(struct layout *l, int width, int height, const struct layout_content *c);
/*
 * Where the k-th pCPU of a node stands (k = -1: the node's heading, or in the HEAT form its label). A rectangle of one
 * row, or of no width where it isn't shown.
 */
struct layout_rect layout_pcpu(const struct layout *l, const struct layout_content *c, int node, int k);

#endif
