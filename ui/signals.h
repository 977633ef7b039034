/*
 * The signals that ask a program to end, as something a poll loop can wait for: the first of SIGINT, SIGTERM and SIGHUP
 * makes an fd readable, the second ends the process at once. Signals that were ignored when the program began (nohup)
 * stay so. SIGPIPE is ignored: writing into a closed pipe is an error like others.
 */
#ifndef UI_SIGNALS_H
#define UI_SIGNALS_H

/* Returns the fd, readable from the first signal on (nothing needs to be read from it), or -errno. Once per process. */
int signals_open(void);
/* From now on a SIGHUP that somebody sends (not the kernel, whose terminal has gone) doesn't ask for the end, but for
 * settings to be read anew: returns an fd that is readable from then until it is read, or -errno. After signals_open. A
 * SIGHUP that is ignored stays so. */
int signals_open_hangup(void);
/* What is to be done before a second signal ends the process (the terminal's modes); only what signal-safety(7) allows.
 * NULL: nothing. */
void signals_before_end(void (*restore)(void));

#endif
