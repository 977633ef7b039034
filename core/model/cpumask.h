/*
 * Sets of pCPU numbers, as wide as the host asks for. A mask is a row of 64-bit words; whoever holds a row also knows
 * how many words it has, so that rows can lie one behind the other in one block of memory (see snapshot.h).
 */
#ifndef CORE_MODEL_CPUMASK_H
#define CORE_MODEL_CPUMASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The words a mask needs to hold the pCPU numbers 0 to cpu_limit - 1; at least 1. */
int cpumask_words(int cpu_limit);

void cpumask_clear(uint64_t *mask, int words);
void cpumask_set(uint64_t *mask, int cpu);
/* False also for a number that lies outside the mask. */
bool cpumask_has(const uint64_t *mask, int words, int cpu);
int cpumask_count(const uint64_t *mask, int words);
/* The lowest number in the mask that is >= from, or -1 where there is none. */
int cpumask_next(const uint64_t *mask, int words, int from);
/* The number in a mask of exactly one pCPU, otherwise -1. */
int cpumask_single(const uint64_t *mask, int words);
bool cpumask_equal(const uint64_t *a, const uint64_t *b, int words);
/* True when every number in part is in whole, too. */
bool cpumask_within(const uint64_t *part, const uint64_t *whole, int words);
void cpumask_and(uint64_t *mask, const uint64_t *other, int words);

/*
 * Reads a list such as "0-3,8,^2" into mask (which is cleared first); the numbers must be below cpu_limit.
 * Returns 0, or -EINVAL for text that is no such list, or -ERANGE for a number that is too high.
 */
int cpumask_parse(uint64_t *mask, int cpu_limit, const char *text);
/* Writes the mask as a list ("0-3,8") into text, cut with "..." where it doesn't fit; "none" for an empty one. */
void cpumask_format(const uint64_t *mask, int words, char *text, size_t size);

#endif
