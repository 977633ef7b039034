#include "core/model/file.h"

#include <errno.h>
#include <unistd.h>

int file_write_all(int fd, const void *bytes, size_t n)
{
    const char *rest = bytes;

    while (n > 0) {
        ssize_t written = write(fd, rest, n);

        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -errno;
        if (written == 0)
            return -EIO;
        rest += written;
        n -= (size_t)written;
    }
    return 0;
}
