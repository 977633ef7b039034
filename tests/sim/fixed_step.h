/*
 * The plain policy that ours is compared with: less than one threshold unused and a guest gets 100 MiB more, more than
 * another and 100 MiB are taken, as long as the host has more than its reserve. It takes coordinator_settings, keeps
 * the floors, and remembers nothing.
 */
#ifndef SIM_FIXED_STEP_H
#define SIM_FIXED_STEP_H

#include "core/model/policy.h"

extern const struct policy_ops fixed_step_policy;

#endif
