#include "ui/screen.h"

#include <stdio.h>
#include <string.h>

const char *const screen_views[] = {"overview", "map", "guests", "memory", "log", NULL};
const char *const screen_columns[] = {"name",   "id",   "cpu",  "wait", "vcpus", "balloon", "size", "used",
                                      "unused", "swap", "disk", "net",  "other", "poll",    "last", NULL};
const char *const screen_colors[] = {"auto", "never", "always", NULL};
const char *const screen_themes[] = {"default", "dark", "light", "contrast", NULL};

int screen_find(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

int screen_find_sort(const char *word, bool *inverted)
{
    *inverted = word[0] == '-';
    return screen_find(screen_columns, word + (*inverted ? 1 : 0));
}

const char *screen_list(const char *const *words, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; words[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? ", " : "", words[i]);
    return text;
}
