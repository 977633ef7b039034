/*
 * Preloaded into a program: has its allocations fail, from the STARVE_AFTERth on, all of them (or, with STARVE_ONCE,
 * that one alone), counted from when main sets its locale: libraries that start before it abort where they get no
 * memory. For tests/cli/starved_test.sh. It may stand before a sanitizer's allocator, which then is what it asks.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>

static unsigned long count, after; /* after is 0 until it starts */
static bool once;

char *setlocale(int category, const char *locale)
{
    static char *(*next)(int, const char *);
    const char *text = getenv("STARVE_AFTER");

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "setlocale");
    /* Not earlier: where a sanitizer allocates before the library is ready, there is no environment yet. */
    once = getenv("STARVE_ONCE") != NULL;
    after = text ? strtoul(text, NULL, 10) : 0;
    return next(category, locale);
}

/* json-c's parser crashes by itself where one of its allocations fails alone; only recordings are parsed. */
static _Thread_local bool parsing;

void *json_tokener_parse_ex(void *tokener, const char *text, int length)
{
    static void *(*next)(void *, const char *, int);
    void *object;

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "json_tokener_parse_ex");
    parsing = once;
    object = next(tokener, text, length);
    parsing = false;
    return object;
}

static bool fails(void)
{
    unsigned long now;

    if (after == 0 || parsing)
        return false;
    now = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    if (once ? now != after : now < after)
        return false;
    errno = ENOMEM;
    return true;
}

void *malloc(size_t size)
{
    static void *(*next)(size_t);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "malloc");
    return fails() ? NULL : next(size);
}

void *realloc(void *old, size_t size)
{
    static void *(*next)(void *, size_t);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "realloc");
    return fails() ? NULL : next(old, size);
}

/* What looks up the next one may allocate by it: that little comes from here, and is never given back. */
void *calloc(size_t n, size_t size)
{
    static void *(*next)(size_t, size_t);
    static bool looking;
    static char first[4096];
    static size_t used;

    if (looking) {
        void *piece = first + used;

        used += (n * size + 15) / 16 * 16;
        return used <= sizeof(first) ? piece : NULL;
    }
    if (!next) {
        looking = true;
        *(void **)&next = dlsym(RTLD_NEXT, "calloc");
        looking = false;
    }
    return fails() ? NULL : next(n, size);
}
