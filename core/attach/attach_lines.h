/*
 * Lines over a socket that never waits: what has come, line by line, and what is still to go. Both are bounded; neither
 * ever yields or sends a part of a line as if it were one.
 */
#ifndef CORE_ATTACH_ATTACH_LINES_H
#define CORE_ATTACH_ATTACH_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct attach_input {
    char *bytes;
    size_t first, n, cap; /* what isn't taken yet begins at first and ends at n */
    size_t looked;        /* up to here there is no line feed */
};

void attach_input_free(struct attach_input *in);
/* Reads what has come, up to some 64 KiB. 0: more may come later; -EPIPE: the other side is gone, or -errno; -EMSGSIZE:
 * a line is longer than most bytes; -ENOMEM. */
int attach_input_read(struct attach_input *in, int fd, size_t most);
/* The next whole line, without its line feed and ended by a zero byte; good until the next read. NULL: there is none.
 */
const char *attach_input_line(struct attach_input *in, size_t *length);

/* From so much on that waits to be sent, reports are left out. A report of a host of 200 vCPUs takes some 100 KB. */
enum { ATTACH_WAITING_BYTES = 256 << 10 };

struct attach_output {
    char *bytes;
    size_t first, n, cap; /* what waits begins at first and ends at n */
};

void attach_output_free(struct attach_output *out);
size_t attach_output_waiting(const struct attach_output *out);
/* Adds a line, whose line feed is put behind it; false where memory is out. */
bool attach_output_add(struct attach_output *out, const char *line, size_t length);
/* Whether a line that may be left out should be sent: nothing waits, or with it no more than ATTACH_WAITING_BYTES. */
bool attach_output_has_room(const struct attach_output *out, size_t length);
/* Sends what the other side takes. 0, or -errno: it is gone. */
int attach_output_send(struct attach_output *out, int fd);

#endif
