#include "core/host/local_file.h"

#include "core/model/array.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void local_file_free(struct local_file *f)
{
    free(f->text);
    memset(f, 0, sizeof(*f));
}

int local_file_read(struct local_file *f, const char *dir, const char *name)
{
    char path[PATH_MAX];
    int fd, length = 0;
    ssize_t got = 0;

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) >= sizeof(path))
        return -ENAMETOOLONG;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    do {
        length += (int)got;
        if (array_reserve(&f->text, &f->cap, length + 4096, 1)) {
            close(fd);
            return -ENOMEM;
        }
        got = read(fd, f->text + length, (size_t)(f->cap - length - 1));
    } while (got > 0 || (got < 0 && errno == EINTR && (got = 0) == 0));
    if (got < 0)
        length = -errno;
    else
        f->text[length] = '\0';
    close(fd);
    return length;
}
