/*
 * A life for the made-up hypervisor's guests: they work, and things happen to them that nobody announced.
 */
#ifndef TESTS_UNIT_CHURN_H
#define TESTS_UNIT_CHURN_H

/* So many guests, of which each works as it likes; 0: none. seed: of all that is left to chance. */
void churn_begin(int guests, unsigned seed);
/*
 * Lets so much time go by: vCPUs run and wait, and every few seconds something happens. Guests come, go, pause, are
 * renamed and reset, get and lose vCPUs, begin and end jobs, need more or less memory; others pin them, set their sizes
 * and periods and change their definitions; pCPUs go offline; a call fails; the connection is lost.
 */
void churn_live(int ms);

#endif
