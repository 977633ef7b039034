/*
 * The Unix socket on which a running program can be looked at and spoken to: where it lies, that nobody but its own
 * user and root gets at it, and that a dead one is no hindrance. Whatever isn't as it should be is refused with the
 * reason in words.
 */
#ifndef CORE_ATTACH_ATTACH_SOCKET_H
#define CORE_ATTACH_ATTACH_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/un.h>

/* A socket's name takes no more than sun_path; the name it has at first is longer by up to 12 bytes. */
enum { ATTACH_PATH_BYTES = sizeof(((struct sockaddr_un *)0)->sun_path) - 12, ATTACH_WHY_BYTES = 256 };

/*
 * Where the program with that name and connection URI (NULL: qemu:///system) listens: in the folder that the service
 * manager names (RUNTIME_DIRECTORY), /run/vmbalance for root, otherwise vmbalance in $XDG_RUNTIME_DIR. path has
 * ATTACH_PATH_BYTES. 0; -ENOENT where there is no such folder to be named; -ENAMETOOLONG.
 */
int attach_socket_path(const char *program, const char *uri, char *path, char *why, size_t size);

struct attach_listener {
    int fd; /* readable when somebody connects */
    char path[ATTACH_PATH_BYTES];
    dev_t device;
    ino_t inode; /* of our socket: what has taken its place is not ours to remove */
};

/*
 * Makes the folder where it's missing and listens, mode 0600, without ever waiting. A socket that nobody listens on any
 * more is replaced. 0; -EBUSY where somebody listens there; another -errno with the reason: its place is a symbolic
 * link's or another's, and so on.
 */
int attach_socket_listen(struct attach_listener *l, const char *path, char *why, size_t size);
/* The next one who has connected, as a descriptor that never waits; -EPERM: there was one who may not; another -errno:
 * there is none. */
int attach_socket_accept(const struct attach_listener *l);
/* Takes the socket's name away, if it is still ours. */
void attach_socket_unlink(const struct attach_listener *l);
/* Listens no more, and takes the socket's name away. */
void attach_socket_close(struct attach_listener *l);

/* Connects without waiting. The descriptor; -ENOENT or -ECONNREFUSED where nobody listens; another -errno. why has the
 * reason in words each time. */
int attach_socket_connect(const char *path, char *why, size_t size);

/* Whether a process of user peer may speak with one of user own: root and the same user may. */
bool attach_socket_may(uid_t peer, uid_t own);

#endif
