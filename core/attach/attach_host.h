/*
 * A running program as a host: who has connected to its socket sees what it reports, and has it do things. It can be
 * connected to again and again; what it samples and decides is its own affair, so that only connecting, waiting and
 * closing are those of other hosts.
 */
#ifndef CORE_ATTACH_ATTACH_HOST_H
#define CORE_ATTACH_ATTACH_HOST_H

#include "core/attach/attach_protocol.h"
#include "core/host/host.h"

/* Not connected yet. path: the program's socket; program: its name, which it has to have; want: what it is asked to
 * tell. Strings are copied. NULL when memory is out. Ended by close; wake may be called from any thread. */
struct host *attach_host_new(const char *path, const char *program, enum attach_want want);
/* What the program said of itself when it was connected to last. */
const struct attach_hello *attach_host_hello(const struct host *host);
/* The next line that has come; good until the next call of idle or of this. 1; 0: none is there; -ENOTCONN, with the
 * reason, where the connection is gone. */
int attach_host_line(struct host *host, const char **line, size_t *length, char *error, size_t size);
/* Sends a request. 0; -ENOMEM; -ENOTCONN. Never waits: what isn't taken at once goes out while idle waits. */
int attach_host_send(struct host *host, const struct attach_request *request);

#endif
