#include "core/host/ledger_file.h"

#include "core/model/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check_file(int fd, const char *path, char *why, size_t size)
{
    struct stat s;

    if (fstat(fd, &s))
        return folder_refuse(-errno, why, size, path, strerror(errno));
    if (!S_ISREG(s.st_mode))
        return folder_refuse(-EINVAL, why, size, path, "is no plain file");
    if (s.st_nlink != 1)
        return folder_refuse(-EINVAL, why, size, path, "has another name, too (a hard link)");
    if (!folder_is_ours(&s))
        return folder_refuse(-EPERM, why, size, path, "may be written by others");
    return 0;
}

/* Opens without waiting for whoever holds the other end of a FIFO, and without following a link. */
static int open_plainly(const char *path, int flags, char *why, size_t size)
{
    int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600), result;

    if (fd < 0) {
        int error = errno;

        return folder_refuse(-error, why, size, path, error == ELOOP ? "is a symbolic link" : strerror(error));
    }
    result = check_file(fd, path, why, size);
    if (result) {
        close(fd);
        return result;
    }
    return fd;
}

int ledger_file_read(const char *path, char *why, size_t size)
{
    int result = folder_check(path, why, size);

    return result ? result : open_plainly(path, O_RDONLY, why, size);
}

static void name_holder(int fd, char *why, size_t size)
{
    char holder[80] = "";
    ssize_t length = pread(fd, holder, sizeof(holder) - 1, 0);

    holder[length > 0 ? length : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    snprintf(why, size, "another instance is at work on this host: %s",
             holder[0] ? holder : "a process that didn't say");
}

int ledger_file_lock(const char *path, char *why, size_t size)
{
    char name[PATH_MAX + 8];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd, result = folder_make(path, why, size);

    if (result)
        return result;
    snprintf(name, sizeof(name), "%s.lock", path);
    fd = open_plainly(name, O_RDWR | O_CREAT, why, size);
    if (fd < 0)
        return fd;
    if (fcntl(fd, F_OFD_SETLK, &lock)) {
        result = errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
        if (result == -EBUSY)
            name_holder(fd, why, size);
        else
            folder_refuse(result, why, size, name, strerror(errno));
        close(fd);
        return result;
    }
    /* For whoever comes second; that it is still so, the lock says. */
    if (ftruncate(fd, 0) || dprintf(fd, "process %ld (%s)\n", (long)getpid(), program_invocation_short_name) < 0) {
        result = folder_refuse(-errno, why, size, name, strerror(errno));
        close(fd);
        return result;
    }
    return fd;
}

int ledger_file_begin(const char *path)
{
    char fresh[PATH_MAX + 8];
    int fd;

    snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (unlink(fresh) && errno != ENOENT)
        return -errno;
    fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? -errno : fd;
}

int ledger_file_finish(const char *path)
{
    char fresh[PATH_MAX + 8];
    int result = 0;

    snprintf(fresh, sizeof(fresh), "%s.new", path);
    if (rename(fresh, path))
        result = -errno;
    if (result)
        unlink(fresh);
    return result;
}

int ledger_file_set_aside(const char *path, char *aside, size_t size)
{
    enum { KEPT = 100 };

    for (int i = 1; i <= KEPT; i++) {
        if (i == 1)
            snprintf(aside, size, "%s.bad", path);
        else
            snprintf(aside, size, "%s.bad%d", path, i);
        if (renameat2(AT_FDCWD, path, AT_FDCWD, aside, RENAME_NOREPLACE) == 0)
            return 0;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}
