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

static inline uint64_t kib_of_mib(double mib)
{
    return mib > 0 ? (uint64_t)(mib * MIB_KIB) : 0;
}

#endif
