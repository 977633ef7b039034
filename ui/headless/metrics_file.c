#include "ui/headless/metrics.h"

#include "core/model/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool metrics_are_due(const struct metrics_file *m, const struct report *r)
{
    return r->decision || !m->written || r->state != m->state;
}

/* A name of its own beside the file, which doesn't end as the collector wants it, holds what isn't whole yet. */
static int replace(const char *path, const char *text, size_t n)
{
    char *temporary = NULL;
    int fd, result;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return -ENOMEM;
    fd = mkostemp(temporary, O_CLOEXEC);
    result = fd < 0 ? -errno : file_write_all(fd, text, n);
    if (!result && fchmod(fd, 0644))
        result = -errno;
    if (fd >= 0 && close(fd) && !result)
        result = -errno;
    if (!result && rename(temporary, path))
        result = -errno;
    if (result && fd >= 0)
        unlink(temporary);
    free(temporary);
    return result;
}

int metrics_write(struct metrics_file *m, const char *path, const struct report *r, char *error, size_t size)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    bool told = m->failed;
    int result = -ENOMEM;

    if (out) {
        metrics_text(out, r);
        if (fclose(out) == 0)
            result = replace(path, text, n);
    }
    free(text);
    m->written = true;
    m->state = r->state;
    m->failed = result != 0;
    if (!result || told)
        return 0;
    snprintf(error, size, "%s", strerror(-result));
    return result;
}
