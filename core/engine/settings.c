#include "core/engine/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct engine_settings *engine_settings_new(const void *policy, size_t size)
{
    struct engine_settings *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->policy = malloc(size > 0 ? size : 1);
    if (!s->policy) {
        free(s);
        return NULL;
    }
    if (size > 0)
        memcpy(s->policy, policy, size);
    return s;
}

void engine_settings_free_patterns(char **patterns)
{
    for (char **p = patterns; p && *p; p++)
        free(*p);
    free(patterns);
}

int engine_settings_copy_patterns(char ***to, char *const *from)
{
    size_t n = 0;

    *to = NULL;
    if (!from)
        return 0;
    while (from[n])
        n++;
    *to = calloc(n + 1, sizeof(**to));
    for (size_t i = 0; *to && i < n; i++)
        if (!((*to)[i] = strdup(from[i]))) {
            engine_settings_free_patterns(*to);
            *to = NULL;
        }
    return *to ? 0 : -ENOMEM;
}

void engine_settings_free(struct engine_settings *s)
{
    if (!s)
        return;
    engine_settings_free_patterns(s->only);
    engine_settings_free_patterns(s->exclude);
    free(s->policy);
    free(s);
}
