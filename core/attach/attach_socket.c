#include "core/attach/attach_socket.h"

#include "core/model/folder.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const char default_uri[] = "qemu:///system";

/* Those that have connected and aren't accepted yet. */
enum { BACKLOG = 16 };

/* FNV-1a: URIs that differ only in what doesn't fit into a file's name get different names. */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

/* "qemu-system" of qemu:///system; of others up to 24 characters and a number. */
static void connection_name(const char *uri, char *name, size_t size)
{
    enum { SHOWN = 24 };
    size_t n = 0;

    for (const char *p = uri; *p && n < SHOWN && n + 1 < size; p++) {
        if (isalnum((unsigned char)*p) || *p == '_')
            name[n++] = *p;
        else if (n > 0 && name[n - 1] != '-')
            name[n++] = '-';
    }
    name[n] = '\0';
    if (strcmp(uri, default_uri) != 0)
        snprintf(name + n, size - n, "-%08x", hash_of(uri));
}

int attach_socket_path(const char *program, const char *uri, char *path, char *why, size_t size)
{
    const char *given = getenv("RUNTIME_DIRECTORY"), *user = getenv("XDG_RUNTIME_DIR");
    char connection[64];
    int length;

    connection_name(uri ? uri : default_uri, connection, sizeof(connection));
    if (given && given[0] == '/') /* of several, the first */
        length = snprintf(path, ATTACH_PATH_BYTES, "%.*s/%s.%s", (int)strcspn(given, ":"), given, program, connection);
    else if (geteuid() == 0)
        length = snprintf(path, ATTACH_PATH_BYTES, "/run/vmbalance/%s.%s", program, connection);
    else if (user && user[0] == '/')
        length = snprintf(path, ATTACH_PATH_BYTES, "%s/vmbalance/%s.%s", user, program, connection);
    else {
        snprintf(why, size, "there is no run-time folder: XDG_RUNTIME_DIR is not set");
        return -ENOENT;
    }
    if (length >= 0 && length < ATTACH_PATH_BYTES)
        return 0;
    snprintf(why, size, "%.120s...: too long for a socket's name", path);
    return -ENAMETOOLONG;
}

bool attach_socket_may(uid_t peer, uid_t own)
{
    return peer == 0 || peer == own;
}

/* The user at the other end. */
static bool is_trusted(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && attach_socket_may(peer.uid, geteuid());
}

static int new_socket(struct sockaddr_un *address, const char *path)
{
    int fd;

    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address->sun_path))
        return -ENAMETOOLONG;
    memcpy(address->sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd < 0 ? -errno : fd;
}

/* 0 where its place is free, or has a socket of ours that nobody listens on; -EBUSY; another -errno with the reason. */
static int look_at_place(const char *path, char *why, size_t size)
{
    struct stat s;
    int fd;

    if (lstat(path, &s))
        return errno == ENOENT ? 0 : folder_refuse(-errno, why, size, path, strerror(errno));
    if (S_ISLNK(s.st_mode))
        return folder_refuse(-ELOOP, why, size, path, "is a symbolic link");
    if (!S_ISSOCK(s.st_mode))
        return folder_refuse(-ENOTSOCK, why, size, path, "is no socket");
    if (s.st_uid != geteuid() && s.st_uid != 0)
        return folder_refuse(-EPERM, why, size, path, "is another user's");
    fd = attach_socket_connect(path, why, size);
    if (fd == -ECONNREFUSED || fd == -ENOENT)
        return 0;
    if (fd >= 0)
        close(fd);
    return fd == -EACCES || fd == -EPERM ? fd : folder_refuse(-EBUSY, why, size, path, "is in use");
}

/* Binds under a name of its own, and only then takes the place: nobody ever meets a socket that doesn't listen yet. */
static int take_place(struct attach_listener *l, const struct sockaddr_un *address)
{
    struct stat s;

    unlink(address->sun_path); /* of a process of that number that is gone: this one hasn't any yet */
    /* The socket's mode is that of the file, less what umask takes away. */
    if (fchmod(l->fd, 0600) || bind(l->fd, (const struct sockaddr *)address, sizeof(*address)))
        return -errno;
    if (lstat(address->sun_path, &s) || listen(l->fd, BACKLOG) || rename(address->sun_path, l->path)) {
        int error = -errno;

        unlink(address->sun_path);
        return error;
    }
    l->device = s.st_dev;
    l->inode = s.st_ino;
    return 0;
}

int attach_socket_listen(struct attach_listener *l, const char *path, char *why, size_t size)
{
    char first[sizeof(((struct sockaddr_un *)0)->sun_path)];
    struct sockaddr_un address;
    int result;

    l->fd = -1;
    if (strlen(path) >= sizeof(l->path))
        return folder_refuse(-ENAMETOOLONG, why, size, path, "is too long for a socket's name");
    memcpy(l->path, path, strlen(path) + 1);
    result = folder_make(path, why, size);
    if (result == -ENOENT)
        snprintf(why, size, "%.120s: there is no such folder", path);
    if (!result)
        result = look_at_place(path, why, size);
    if (result)
        return result;
    snprintf(first, sizeof(first), "%s.%ld", path, (long)getpid());
    l->fd = new_socket(&address, first);
    result = l->fd < 0 ? l->fd : take_place(l, &address);
    if (!result)
        return 0;
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    return folder_refuse(result, why, size, path, strerror(-result));
}

int attach_socket_accept(const struct attach_listener *l)
{
    int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (is_trusted(fd))
        return fd;
    close(fd);
    return -EPERM;
}

void attach_socket_unlink(const struct attach_listener *l)
{
    struct stat s;

    if (lstat(l->path, &s) == 0 && s.st_dev == l->device && s.st_ino == l->inode)
        unlink(l->path);
}

void attach_socket_close(struct attach_listener *l)
{
    if (l->fd < 0)
        return;
    attach_socket_unlink(l);
    close(l->fd);
    l->fd = -1;
}

int attach_socket_connect(const char *path, char *why, size_t size)
{
    struct sockaddr_un address;
    int result = folder_check(path, why, size), fd;

    if (result == -ENOENT)
        snprintf(why, size, "%.120s: there is no such folder", path);
    if (result)
        return result;
    fd = new_socket(&address, path);
    if (fd < 0)
        return folder_refuse(fd, why, size, path, strerror(-fd));
    result = connect(fd, (const struct sockaddr *)&address, sizeof(address)) ? errno : 0;
    if (!result && is_trusted(fd))
        return fd;
    close(fd);
    if (!result)
        return folder_refuse(-EPERM, why, size, path, "is another user's");
    return folder_refuse(-result, why, size, path,
                         result == ENOENT         ? "is not there"
                         : result == ECONNREFUSED ? "has nobody who listens"
                         : result == EAGAIN       ? "is asked by too many at once"
                                                  : strerror(result));
}
