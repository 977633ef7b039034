/*
 * The operator's own words about a guest: the element <policy> of its metadata. docs/guest_policy.md and
 * docs/guest_policy.rng say what it may hold.
 */
#ifndef CORE_HOST_DOMAIN_POLICY_H
#define CORE_HOST_DOMAIN_POLICY_H

#include "core/host/domain_xml.h"

#include <libxml/tree.h>

/* Fills what x has of it from a <domain>, whose masks have the width of x. What isn't understood is taken as the
 * nearest that is safe, and said in x->trouble. 0 or -ENOMEM. */
int domain_policy_read(struct domain_xml *x, const xmlNode *domain);

#endif
