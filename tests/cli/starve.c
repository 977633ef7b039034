/*
 * Preloaded into a program: has its allocations fail, from the STARVE_AFTERth on, all of them (or, with STARVE_ONCE,
 * that one alone), counted from when main sets its locale: libraries that start before it abort where they get no
 * memory. For tests/cli/starved_test.sh.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>

static bool started;

char *setlocale(int category, const char *locale)
{
    static char *(*next)(int, const char *);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "setlocale");
    started = true;
    return next(category, locale);
}

static bool fails(void)
{
    static unsigned long count, after;
    static int once = -1;

    if (once < 0) {
        const char *text = getenv("STARVE_AFTER");

        after = text ? strtoul(text, NULL, 10) : 0;
        once = getenv("STARVE_ONCE") != NULL;
    }
    if (after == 0 || !started)
        return false;
    count = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    return once ? count == after : count >= after;
}

void *malloc(size_t size)
{
    static void *(*next)(size_t);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "malloc");
    if (!fails())
        return next(size);
    errno = ENOMEM;
    return NULL;
}

void *realloc(void *old, size_t size)
{
    static void *(*next)(void *, size_t);

    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "realloc");
    if (!fails())
        return next(old, size);
    errno = ENOMEM;
    return NULL;
}
