#include "core/model/cpumask.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { WORD_BITS = 64 };

int cpumask_words(int cpu_limit)
{
    return cpu_limit <= WORD_BITS ? 1 : (cpu_limit - 1) / WORD_BITS + 1;
}

void cpumask_clear(uint64_t *mask, int words)
{
    memset(mask, 0, (size_t)words * sizeof(*mask));
}

void cpumask_set(uint64_t *mask, int cpu)
{
    mask[cpu / WORD_BITS] |= UINT64_C(1) << (cpu % WORD_BITS);
}

bool cpumask_has(const uint64_t *mask, int words, int cpu)
{
    return cpu >= 0 && cpu / WORD_BITS < words && (mask[cpu / WORD_BITS] >> (cpu % WORD_BITS) & 1) != 0;
}

int cpumask_count(const uint64_t *mask, int words)
{
    int count = 0;

    for (int i = 0; i < words; i++)
        count += __builtin_popcountll(mask[i]);
    return count;
}

int cpumask_next(const uint64_t *mask, int words, int from)
{
    if (from < 0)
        from = 0;
    for (int i = from / WORD_BITS; i < words; i++) {
        uint64_t word = mask[i];

        if (i == from / WORD_BITS)
            word &= ~UINT64_C(0) << (from % WORD_BITS);
        if (word)
            return i * WORD_BITS + __builtin_ctzll(word);
    }
    return -1;
}

int cpumask_single(const uint64_t *mask, int words)
{
    int cpu = -1;

    for (int i = 0; i < words; i++) {
        if (!mask[i])
            continue;
        if (cpu >= 0 || (mask[i] & (mask[i] - 1)))
            return -1;
        cpu = i * WORD_BITS + __builtin_ctzll(mask[i]);
    }
    return cpu;
}

bool cpumask_equal(const uint64_t *a, const uint64_t *b, int words)
{
    return memcmp(a, b, (size_t)words * sizeof(*a)) == 0;
}

bool cpumask_within(const uint64_t *part, const uint64_t *whole, int words)
{
    for (int i = 0; i < words; i++)
        if (part[i] & ~whole[i])
            return false;
    return true;
}

void cpumask_and(uint64_t *mask, const uint64_t *other, int words)
{
    for (int i = 0; i < words; i++)
        mask[i] &= other[i];
}

static const char *skip_space(const char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    return text;
}

/* Reads a number, moving *text behind it. */
static int parse_number(const char **text, int cpu_limit, int *number)
{
    long value = 0;

    if (!isdigit((unsigned char)**text))
        return -EINVAL;
    for (; isdigit((unsigned char)**text); (*text)++)
        if (value < cpu_limit)
            value = value * 10 + (**text - '0');
    if (value >= cpu_limit)
        return -ERANGE;
    *number = (int)value;
    return 0;
}

/* Reads "3", "0-3" or "^2" and carries it out on mask. */
static int parse_entry(uint64_t *mask, int cpu_limit, const char **text)
{
    bool negated = **text == '^';
    int first, last, failed;

    *text += negated;
    failed = parse_number(text, cpu_limit, &first);
    if (failed)
        return failed;
    last = first;
    if (**text == '-') {
        (*text)++;
        failed = parse_number(text, cpu_limit, &last);
        if (failed)
            return failed;
        if (negated || last < first)
            return -EINVAL;
    }
    for (int cpu = first; cpu <= last; cpu++) {
        if (negated)
            mask[cpu / WORD_BITS] &= ~(UINT64_C(1) << (cpu % WORD_BITS));
        else
            cpumask_set(mask, cpu);
    }
    return 0;
}

int cpumask_parse(uint64_t *mask, int cpu_limit, const char *text)
{
    int words = cpumask_words(cpu_limit), failed = 0;

    cpumask_clear(mask, words);
    text = skip_space(text);
    if (*text == '\0')
        return 0;
    while (!failed) {
        failed = parse_entry(mask, cpu_limit, &text);
        text = skip_space(text);
        if (failed || *text == '\0')
            break;
        if (*text != ',')
            failed = -EINVAL;
        text = skip_space(text + 1);
    }
    if (failed)
        cpumask_clear(mask, words);
    return failed;
}

void cpumask_format(const uint64_t *mask, int words, char *text, size_t size)
{
    size_t length = 0;
    int first = cpumask_next(mask, words, 0);

    if (size == 0)
        return;
    text[0] = '\0';
    if (first < 0)
        snprintf(text, size, "none");
    while (first >= 0) {
        char entry[32];
        int last = first, n;

        while (cpumask_has(mask, words, last + 1))
            last++;
        n = last == first ? snprintf(entry, sizeof(entry), "%s%d", length ? "," : "", first)
                          : snprintf(entry, sizeof(entry), "%s%d-%d", length ? "," : "", first, last);
        first = cpumask_next(mask, words, last + 1);
        /* An entry goes in only where "..." could follow it, unless it is the last. */
        if (length + (size_t)n + (first >= 0 ? 3 : 0) >= size) {
            snprintf(text + length, size - length, "...");
            return;
        }
        memcpy(text + length, entry, (size_t)n + 1);
        length += (size_t)n;
    }
}
