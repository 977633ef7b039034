#include "core/host/ledger_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(int result, char *why, size_t size, const char *path, const char *what)
{
    snprintf(why, size, "%.120s %s", path, what);
    return result;
}

/* Anybody who may write to what we read could have us change guests. */
static bool is_ours(const struct stat *s)
{
    return (s->st_uid == geteuid() || s->st_uid == 0) && (s->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static int check_file(int fd, const char *path, char *why, size_t size)
{
    struct stat s;

    if (fstat(fd, &s))
        return refuse(-errno, why, size, path, strerror(errno));
    if (!S_ISREG(s.st_mode))
        return refuse(-EINVAL, why, size, path, "is no plain file");
    if (s.st_nlink != 1)
        return refuse(-EINVAL, why, size, path, "has another name, too (a hard link)");
    if (!is_ours(&s))
        return refuse(-EPERM, why, size, path, "may be written by others");
    return 0;
}

/* Opens without waiting for whoever holds the other end of a FIFO, and without following a link. */
static int open_plainly(const char *path, int flags, char *why, size_t size)
{
    int fd = open(path, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600), result;

    if (fd < 0) {
        int error = errno;

        return refuse(-error, why, size, path, error == ELOOP ? "is a symbolic link" : strerror(error));
    }
    result = check_file(fd, path, why, size);
    if (result) {
        close(fd);
        return result;
    }
    return fd;
}

static void folder_of(const char *path, char *folder, size_t size)
{
    char *slash;

    snprintf(folder, size, "%s", path);
    slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
}

static int check_folder(const char *path, char *why, size_t size)
{
    char folder[PATH_MAX];
    struct stat s;

    folder_of(path, folder, sizeof(folder));
    if (lstat(folder, &s))
        return errno == ENOENT ? -ENOENT : refuse(-errno, why, size, folder, strerror(errno));
    if (S_ISLNK(s.st_mode))
        return refuse(-EINVAL, why, size, folder, "is a symbolic link");
    if (!S_ISDIR(s.st_mode))
        return refuse(-ENOTDIR, why, size, folder, "is no folder");
    if (!is_ours(&s))
        return refuse(-EPERM, why, size, folder, "may be written by others");
    return 0;
}

static int make_folder(const char *path, char *why, size_t size)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) && errno != EEXIST)
            return refuse(-errno, why, size, folder, strerror(errno));
        *slash = '/';
    }
    return check_folder(path, why, size);
}

int ledger_file_read(const char *path, char *why, size_t size)
{
    int result = check_folder(path, why, size);

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
    int fd, result = make_folder(path, why, size);

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
            refuse(result, why, size, name, strerror(errno));
        close(fd);
        return result;
    }
    /* For whoever comes second; that it is still so, the lock says. */
    if (ftruncate(fd, 0) || dprintf(fd, "process %ld (%s)\n", (long)getpid(), program_invocation_short_name) < 0) {
        result = refuse(-errno, why, size, name, strerror(errno));
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
