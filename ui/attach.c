#include "ui/attach.h"

#include "core/attach/attach_host.h"
#include "core/attach/attach_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where the program listens. 0 or -errno with the reason. */
static int path_of(const struct program *program, const struct options *o, char *path, char *why, size_t size)
{
    if (!o->socket)
        return attach_socket_path(program->name, o->uri, path, why, size);
    snprintf(path, ATTACH_PATH_BYTES, "%s", o->socket);
    if (strlen(o->socket) < ATTACH_PATH_BYTES)
        return 0;
    snprintf(why, size, "--socket: a socket's name can't be that long");
    return -ENAMETOOLONG;
}

int attach_listen(const struct program *program, const struct options *o, const char *uri, struct watchers **watchers)
{
    char path[ATTACH_PATH_BYTES], why[ATTACH_WHY_BYTES] = "";
    int error;

    *watchers = NULL;
    if (o->replay && !o->socket)
        return 0;
    error = path_of(program, o, path, why, sizeof(why));
    if (error == -ENOENT)
        return 0;
    if (!error)
        *watchers = watchers_open(program->id, PROGRAM_VERSION, uri, path, &error, why, sizeof(why));
    if (error && (o->socket || error != -EBUSY))
        fprintf(stderr, "%s: --attach can't reach this program: %s\n", program->name, why);
    return error && o->socket ? 1 : 0;
}

void attach_say_how(const struct program *program, const struct options *o)
{
    char path[ATTACH_PATH_BYTES], why[ATTACH_WHY_BYTES];
    int fd = path_of(program, o, path, why, sizeof(why));

    if (fd == 0)
        fd = attach_socket_connect(path, why, sizeof(why));
    if (fd < 0)
        return;
    close(fd);
    fprintf(stderr, "%s: to look at it: %s --attach%s%s%s%s\n", program->name, program->name,
            o->uri ? " --connect " : "", o->uri ? o->uri : "", o->socket ? " --socket " : "",
            o->socket ? o->socket : "");
}

struct host *attach_open(const struct program *program, const struct options *o)
{
    char path[ATTACH_PATH_BYTES], error[HOST_ERROR_BYTES] = "out of memory";
    struct host *h = NULL;

    if (!path_of(program, o, path, error, sizeof(error)))
        h = attach_host_new(path, program->name, ATTACH_WANTS_REPORTS);
    if (h && h->ops->connect(h, error, sizeof(error)) == 0)
        return h;
    fprintf(stderr, "%s: no running program to attach to: %s\n", program->name, error);
    if (h)
        h->ops->close(h);
    return NULL;
}

struct engine *attach_other(const struct program *program, const struct options *o)
{
    struct engine_config config = {.program = program->id == REPORT_VCPU_SCHEDULER ? REPORT_MEMORY_COORDINATOR
                                                                                   : REPORT_VCPU_SCHEDULER,
                                   .attached = true,
                                   .interval_s = 1,
                                   .retry_s = ENGINE_RETRY_S};
    const char *name = report_program_name(config.program);
    char path[ATTACH_PATH_BYTES], error[HOST_ERROR_BYTES];

    if (o->replay || o->socket || attach_socket_path(name, o->uri, path, error, sizeof(error)))
        return NULL;
    config.host = attach_host_new(path, name, ATTACH_WANTS_STATUS);
    return config.host ? engine_start(&config, error, sizeof(error)) : NULL;
}

void attach_forget(struct engine *other)
{
    enum { GRACE_MS = 200 };

    /* One that waits for a hello is left behind: it goes with the process. */
    if (other && engine_finish(other, GRACE_MS) == 0)
        engine_free(other);
}

int attach_control(const struct program *program, const struct options *o)
{
    char path[ATTACH_PATH_BYTES], why[ATTACH_WHY_BYTES];

    if (!path_of(program, o, path, why, sizeof(why)))
        return control_run(program->name, path, o->control, o->guest, o->json);
    fprintf(stderr, "%s: %s\n", program->name, why);
    return CONTROL_NOBODY;
}
