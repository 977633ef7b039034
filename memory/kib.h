/* Arithmetic on amounts of memory in KiB, which are never negative. */
#ifndef MEMORY_KIB_H
#define MEMORY_KIB_H

#include <stdint.h>

enum { MIB_KIB = 1024 };

/* a - b, or 0. */
static inline uint64_t kib_less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

static inline uint64_t kib_lower(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t kib_higher(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* A computed amount: what is more than any machine has (1 EiB), as of a rate over no time, counts as that. */
static inline uint64_t kib_of(double kib)
{
    const double most_kib = 1125899906842624.0; /* 2^50; a few of them together stay far below 64 bits */

    if (!(kib > 0))
        return 0;
    return kib < most_kib ? (uint64_t)kib : (uint64_t)most_kib;
}

static inline uint64_t kib_of_mib(double mib)
{
    return kib_of(mib * MIB_KIB);
}

#endif
