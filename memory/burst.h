/*
 * What growth begins with. What a guest begins to grow by can't be answered before it is noticed, so the guest must
 * have that beforehand. How much it is, is learned from the beginnings that were seen: the guest's own, and with less
 * weight those of all guests of the host, who often do the same kind of work. What is long ago weighs less.
 */
#ifndef MEMORY_BURST_H
#define MEMORY_BURST_H

#include <stdint.h>

enum { BURST_REMEMBERED = 32 };

/* The last beginnings of growth that were seen, of one guest or of all. All zeros: none yet. */
struct burst_record {
    struct burst_onset {
        uint64_t kib;
        double at_s;
    } onsets[BURST_REMEMBERED]; /* the largest first */
    int n;
};

/* Growth began with so much at that time (seconds on any steady clock, which doesn't go back). */
void burst_learn(struct burst_record *record, uint64_t kib, double at_s);

/*
 * What is to be expected of a guest's next beginning, all but once in ten times, KiB: from its own record, and that of
 * all. usual_kib is what is believed where nothing was seen, and never goes below; it weighs as much as one beginning
 * of its own.
 */
uint64_t burst_expected(const struct burst_record *own, const struct burst_record *all, uint64_t usual_kib,
                        double now_s);

/*
 * What even the worst beginning will hardly exceed, KiB: the most that was seen in ten minutes, and, as the next may be
 * the worst so far, twice as much beyond it as it is beyond the median. Where several guests were seen to begin, and
 * one with more than twice what is usual, services start on this host, and the next may be of any size: then it is half
 * a GiB at the least. guests: how many were seen to begin. 0: nothing was seen.
 */
uint64_t burst_most(const struct burst_record *all, int guests, uint64_t usual_kib, double now_s);

#endif
