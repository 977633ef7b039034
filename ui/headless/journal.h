/*
 * Entries for systemd's journal, with fields beside the text, by its native protocol: a datagram for each entry, of
 * lines FIELD=value (systemd.io, Native Journal Protocol). Where the journal is what reads the program's lines, those
 * are written as entries one behind the other, separated by empty lines (its export format), and sent from here.
 */
#ifndef UI_HEADLESS_JOURNAL_H
#define UI_HEADLESS_JOURNAL_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Where the journal listens; the environment variable names another place, for tests. */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define JOURNAL_SOCKET_VARIABLE "VMBALANCE_JOURNAL_SOCKET"

struct journal {
    int fd; /* -1: it doesn't listen */
    struct sockaddr_un address;
    socklen_t size;
};

void journal_open(struct journal *j);
void journal_close(struct journal *j);
/*
 * Sends the entries of text, n bytes, each with SYSLOG_IDENTIFIER=program besides. One that isn't taken goes to
 * instead, as a line that begins with its priority, as in "<5>text".
 */
void journal_send(const struct journal *j, const char *program, const char *text, size_t n,
                  void (*instead)(void *context, const char *line, size_t n), void *context);

#endif
