#include "core/host/local_pressure.h"

#include "core/model/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Some work stalled for a tenth of the time, in us within a window of us. The kernel's windows may be half a second to
 * ten; those who aren't root may only have multiples of two seconds.
 */
static const char *const triggers[] = {"some 100000 1000000", "some 200000 2000000"};

int local_pressure_open(const char *proc_dir)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s/pressure/memory", proc_dir), error = -ENAMETOOLONG;

    for (size_t i = 0; length > 0 && length < (int)sizeof(path) && i < sizeof(triggers) / sizeof(triggers[0]); i++) {
        int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);

        if (fd < 0)
            return -errno;
        error = file_write_all(fd, triggers[i], strlen(triggers[i]) + 1);
        if (!error)
            return fd;
        close(fd);
    }
    return error;
}
