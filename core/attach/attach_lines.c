#include "core/attach/attach_lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { READ_BYTES = 64 << 10 };

void attach_input_free(struct attach_input *in)
{
    free(in->bytes);
    *in = (struct attach_input){0};
}

/* Moves what waits to the front, and makes room for more behind it. */
static bool make_room(char **bytes, size_t *first, size_t *n, size_t *cap, size_t more)
{
    size_t waiting = *n - *first, need = waiting + more;
    char *larger;

    if (*first > 0)
        memmove(*bytes, *bytes + *first, waiting);
    *first = 0;
    *n = waiting;
    if (need <= *cap)
        return true;
    need += need / 2;
    larger = realloc(*bytes, need);
    if (!larger)
        return false;
    *bytes = larger;
    *cap = need;
    return true;
}

int attach_input_read(struct attach_input *in, int fd, size_t most)
{
    ssize_t got;

    in->looked -= in->first;
    if (!make_room(&in->bytes, &in->first, &in->n, &in->cap, READ_BYTES + 1))
        return -ENOMEM;
    got = recv(fd, in->bytes + in->n, READ_BYTES, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
    if (got == 0)
        return -EPIPE;
    in->n += (size_t)got;
    return in->n > most && !memchr(in->bytes, '\n', in->n) ? -EMSGSIZE : 0;
}

const char *attach_input_line(struct attach_input *in, size_t *length)
{
    char *line, *end;

    if (in->looked >= in->n)
        return NULL;
    end = memchr(in->bytes + in->looked, '\n', in->n - in->looked);
    if (!end) {
        in->looked = in->n;
        return NULL;
    }
    line = in->bytes + in->first;
    *end = '\0';
    *length = (size_t)(end - line);
    in->first = in->looked = (size_t)(end - in->bytes) + 1;
    return line;
}

void attach_output_free(struct attach_output *out)
{
    free(out->bytes);
    *out = (struct attach_output){0};
}

size_t attach_output_waiting(const struct attach_output *out)
{
    return out->n - out->first;
}

bool attach_output_add(struct attach_output *out, const char *line, size_t length)
{
    if (!make_room(&out->bytes, &out->first, &out->n, &out->cap, length + 1))
        return false;
    memcpy(out->bytes + out->n, line, length);
    out->bytes[out->n + length] = '\n';
    out->n += length + 1;
    return true;
}

bool attach_output_has_room(const struct attach_output *out, size_t length)
{
    size_t waiting = attach_output_waiting(out);

    return waiting == 0 || waiting + length + 1 <= ATTACH_WAITING_BYTES;
}

int attach_output_send(struct attach_output *out, int fd)
{
    while (out->first < out->n) {
        ssize_t sent = send(fd, out->bytes + out->first, out->n - out->first, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
        out->first += (size_t)sent;
    }
    return 0;
}
