#include "ui/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A file of settings has some lines; one that is longer than this is something else. */
enum { CONFIG_BYTES = 1 << 20 };

/* The whole file as text, to be freed; NULL with errno. */
static char *read_text(const char *path)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(CONFIG_BYTES + 1) : NULL;
    size_t n = 0;
    int why = file ? ENOMEM : errno;

    if (text) {
        n = fread(text, 1, CONFIG_BYTES + 1, file);
        why = ferror(file) ? errno : n > CONFIG_BYTES ? EFBIG : memchr(text, '\0', n) ? EILSEQ : 0;
        text[n > CONFIG_BYTES ? CONFIG_BYTES : n] = '\0';
    }
    if (file)
        fclose(file);
    if (why) {
        free(text);
        text = NULL;
    }
    errno = why;
    return text;
}

static int add_file(const struct program *program, struct options *o, char *error, size_t size)
{
    const char *path = o->config ? o->config : o->replay ? NULL : program->config;
    char *text;
    int result;

    if (!path)
        return 0;
    text = read_text(path);
    if (!text && errno == ENOENT && !o->config)
        return 0;
    if (!text) {
        snprintf(error, size, "%s: %s", path, errno == EILSEQ ? "is no text" : strerror(errno));
        return errno == ENOMEM ? -ENOMEM : -EINVAL;
    }
    result = options_add_file(program, o, path, text, error, size);
    free(text);
    return result;
}

int config_read_options(const struct program *program, int argc, char *const *argv, struct options *o, char *error,
                        size_t size)
{
    int result = options_parse(program, argc, argv, o, error, size);

    if (!result && o->todo != OPTIONS_HELP && o->todo != OPTIONS_VERSION)
        result = add_file(program, o, error, size);
    return result ? result : options_check(program, o, error, size);
}
