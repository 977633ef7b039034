/*
 * What the operator chose, kept from one run to the next: an INI file a program, in $XDG_CONFIG_HOME/vmbalance (or
 * ~/.config/vmbalance). It is written by F2 and, where something was chosen, at the end. A file that isn't understood
 * is told of and left alone.
 */
#ifndef UI_TUI_TUI_SETUP_H
#define UI_TUI_TUI_SETUP_H

struct tui;

/* Reads the file, where there is one (what is wrong with it is said in the status line), then the command line. */
void tui_setup_load(struct tui *t);
/* Writes it where what is chosen differs from what it says; to be called when the terminal has been given back, as it
 * complains on standard error where it can't. */
void tui_setup_keep(struct tui *t);

#endif
