/*
 * Inside placement: letting vCPUs leave their memory's node where that gains as much as it must. Plans are first made
 * with everybody at home; this room then looks for vCPUs whose leaving would gain enough, frees those, and plans again.
 */
#ifndef CPU_PLACEMENT_PLACEMENT_HOMES_H
#define CPU_PLACEMENT_PLACEMENT_HOMES_H

#include "cpu/placement/placement_scratch.h"

/*
 * To be called with a plan on the board in which nobody leaves home. Replaces it by one in which some do, where that
 * lowers sd by at least the sum of what they must gain; found is then that of the new plan.
 */
void placement_homes_leave(struct placement_scratch *s, const struct placement_goal *goal,
                           struct placement_found *found);

#endif
