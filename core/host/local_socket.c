#include "core/host/local_socket.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Whether something takes connections on the socket. */
static bool listens(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd, refused;

    if (strlen(path) >= sizeof(address.sun_path))
        return false;
    memcpy(address.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    refused = connect(fd, (const struct sockaddr *)&address, sizeof(address));
    close(fd);
    return !refused;
}

int local_socket_daemon_listens(const char *uri, const char *run_dir)
{
    /* The daemon for all drivers, and QEMU's own. */
    static const char *const names[] = {"libvirt-sock", "virtqemud-sock"};

    if (strcmp(uri, "qemu:///system") != 0)
        return -1;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", run_dir, names[i]);
        if (listens(path))
            return 1;
    }
    return 0;
}
