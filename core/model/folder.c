#include "core/model/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_refuse(int result, char *why, size_t size, const char *path, const char *what)
{
    snprintf(why, size, "%.120s %s", path, what);
    return result;
}

bool folder_is_ours(const struct stat *s)
{
    return (s->st_uid == geteuid() || s->st_uid == 0) && (s->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static void folder_of(const char *path, char *folder, size_t size)
{
    char *slash;

    snprintf(folder, size, "%s", path);
    slash = strrchr(folder, '/');
    if (slash)
        *slash = '\0';
}

int folder_check(const char *path, char *why, size_t size)
{
    char folder[PATH_MAX];
    struct stat s;

    folder_of(path, folder, sizeof(folder));
    if (lstat(folder, &s))
        return errno == ENOENT ? -ENOENT : folder_refuse(-errno, why, size, folder, strerror(errno));
    if (S_ISLNK(s.st_mode))
        return folder_refuse(-EINVAL, why, size, folder, "is a symbolic link");
    if (!S_ISDIR(s.st_mode))
        return folder_refuse(-ENOTDIR, why, size, folder, "is no folder");
    if (!folder_is_ours(&s))
        return folder_refuse(-EPERM, why, size, folder, "may be written by others");
    return 0;
}

int folder_make(const char *path, char *why, size_t size)
{
    char folder[PATH_MAX];

    snprintf(folder, sizeof(folder), "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) && errno != EEXIST)
            return folder_refuse(-errno, why, size, folder, strerror(errno));
        *slash = '/';
    }
    return folder_check(path, why, size);
}
