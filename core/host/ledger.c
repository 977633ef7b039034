#include "core/host/ledger.h"

#include "core/host/ledger_file.h"
#include "core/model/array.h"
#include "core/model/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char FIRST_LINE[] = "vmbalance found 1\n";
static const char *const kind_words[] = {"affinity", "size", "period"};

enum {
    KINDS = sizeof(kind_words) / sizeof(kind_words[0]),
    LINE_BYTES = 2 * LEDGER_VALUE_BYTES + 128,
    /* The file is written anew when it has this many lines more than twice what it needs. */
    SLACK_LINES = 1000,
};

struct ledger {
    char path[PATH_MAX]; /* empty: kept in memory only */
    int failed;          /* -errno where it couldn't be owned or written when that was last tried */
    char trouble[LEDGER_FILE_WORD_BYTES];
    bool garbled;    /* lines of the file make no sense */
    bool unreadable; /* there is a file, and what it says isn't known */
    int lock;        /* descriptor that holds the lock; -1: not the owner */
    struct ledger_entry *entries;
    int n, cap;
    int lines; /* in the file */
    int fd;    /* for appending; -1: not open */
};

static void format_uuid(const uint8_t *uuid, char text[2 * SNAPSHOT_UUID_BYTES + 1])
{
    for (int i = 0; i < SNAPSHOT_UUID_BYTES; i++)
        snprintf(text + (ptrdiff_t)2 * i, 3, "%02x", uuid[i]);
}

static bool parse_uuid(const char *text, uint8_t *uuid)
{
    for (int i = 0; i < SNAPSHOT_UUID_BYTES; i++) {
        unsigned byte;

        if (strspn(text + (ptrdiff_t)2 * i, "0123456789abcdef") < 2 ||
            sscanf(text + (ptrdiff_t)2 * i, "%2x", &byte) != 1)
            return false;
        uuid[i] = (uint8_t)byte;
    }
    return text[2 * SNAPSHOT_UUID_BYTES] == '\0';
}

static int find(const struct ledger *f, const uint8_t *uuid, int id, enum ledger_kind kind, int vcpu)
{
    for (int i = 0; i < f->n; i++) {
        const struct ledger_entry *e = &f->entries[i];

        if (e->kind == kind && e->vcpu == vcpu && snapshot_same_guest(e->uuid, e->id, uuid, id))
            return i;
    }
    return -1;
}

static void remove_at(struct ledger *f, int index)
{
    struct ledger_entry gone = f->entries[index];

    f->entries[index] = f->entries[--f->n];
    free(gone.found);
    free(gone.written);
}

/* Enters what a line says; where found is NULL, it is kept from the earlier entry. */
static int enter(struct ledger *f, const struct ledger_entry *e)
{
    int at = find(f, e->uuid, e->id, e->kind, e->vcpu);
    char *found = NULL, *written = strdup(e->written);

    if (e->found)
        found = strdup(e->found);
    if (!written || (!found && (at < 0 || e->found)) ||
        (at < 0 && array_reserve(&f->entries, &f->cap, f->n + 1, sizeof(*f->entries)))) {
        free(found);
        free(written);
        return -ENOMEM;
    }
    if (at < 0) {
        at = f->n++;
        f->entries[at] = *e;
        f->entries[at].found = NULL;
        f->entries[at].written = NULL;
    }
    if (found) {
        free(f->entries[at].found);
        f->entries[at].found = found;
    }
    free(f->entries[at].written);
    f->entries[at].written = written;
    return 0;
}

/* A line is "kind uuid id vcpu found written", or "forget kind uuid id vcpu". */
static int format_entry(const struct ledger_entry *e, char *line, size_t size)
{
    char uuid[2 * SNAPSHOT_UUID_BYTES + 1];
    int length;

    format_uuid(e->uuid, uuid);
    length =
        snprintf(line, size, "%s %s %d %d %s %s\n", kind_words[e->kind], uuid, e->id, e->vcpu, e->found, e->written);
    return length > 0 && (size_t)length < size ? length : -EOVERFLOW;
}

static bool parse_head(char **words, struct ledger_entry *e)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (words[0] && strcmp(words[0], kind_words[kind]) == 0) {
            e->kind = (enum ledger_kind)kind;
            return words[1] && parse_uuid(words[1], e->uuid) && words[2] && sscanf(words[2], "%d", &e->id) == 1 &&
                   words[3] && sscanf(words[3], "%d", &e->vcpu) == 1;
        }
    return false;
}

/* Returns false for a line that makes no sense. */
static int read_line(struct ledger *f, char *line)
{
    struct ledger_entry e = {0};
    char *words[6] = {0}, *rest = NULL;
    int n = 0;

    for (char *w = strtok_r(line, " \n", &rest); w && n < 6; w = strtok_r(NULL, " \n", &rest))
        words[n++] = w;
    if (n == 0)
        return 0;
    if (strcmp(words[0], "forget") == 0) {
        int at;

        if (!parse_head(words + 1, &e))
            return -EINVAL;
        at = find(f, e.uuid, e.id, e.kind, e.vcpu);
        if (at >= 0)
            remove_at(f, at);
        return 0;
    }
    if (n < 6 || !parse_head(words, &e))
        return -EINVAL;
    e.found = words[4];
    e.written = words[5];
    return enter(f, &e);
}

/* Reads the lines of the file; what makes no sense is counted. 0 or -ENOMEM. */
static int read_lines(struct ledger *f, FILE *file)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t length;
    int result = 0;

    while (result != -ENOMEM && (length = getline(&line, &cap, file)) > 0) {
        /* A last line without its end was cut short by a crash before the change it announced was made. */
        if (line[length - 1] != '\n')
            break;
        f->lines++;
        result = 0;
        if (f->lines == 1 && strcmp(line, FIRST_LINE) != 0) {
            f->garbled = true;
            snprintf(f->trouble, sizeof(f->trouble), "%.120s is no ledger of this program", f->path);
            break;
        }
        if (f->lines > 1)
            result = read_line(f, line);
        if (result == -EINVAL && !f->garbled) {
            f->garbled = true;
            snprintf(f->trouble, sizeof(f->trouble), "%.120s is damaged: line %d makes no sense", f->path, f->lines);
        }
    }
    if (result != -ENOMEM && ferror(file)) {
        snprintf(f->trouble, sizeof(f->trouble), "%.120s can't be read: %s", f->path, strerror(errno));
        f->unreadable = true;
    }
    free(line);
    return result == -ENOMEM ? -ENOMEM : 0;
}

static void forget_all(struct ledger *f)
{
    while (f->n > 0)
        remove_at(f, f->n - 1);
    f->lines = 0;
    f->garbled = f->unreadable = false;
    f->trouble[0] = '\0';
}

/* Reads the file anew. 0, also where there is none or something is wrong with it; -ENOMEM. */
static int load(struct ledger *f)
{
    FILE *file;
    int fd, result;

    forget_all(f);
    fd = ledger_file_read(f->path, f->trouble, sizeof(f->trouble));
    if (fd == -ENOENT)
        f->trouble[0] = '\0';
    else
        f->unreadable = fd < 0;
    if (fd < 0)
        return 0;
    file = fdopen(fd, "r");
    if (!file) {
        close(fd);
        return -ENOMEM;
    }
    result = read_lines(f, file);
    fclose(file);
    return result;
}

static int write_entries(const struct ledger *f, int fd)
{
    char line[LINE_BYTES];
    int result = file_write_all(fd, FIRST_LINE, strlen(FIRST_LINE));

    for (int i = 0; i < f->n && !result; i++) {
        int length = format_entry(&f->entries[i], line, sizeof(line));

        result = length < 0 ? length : file_write_all(fd, line, (size_t)length);
    }
    return result;
}

/* Writes the whole ledger beside the file and renames it over it: at any moment there is an old one or a new one. */
static int rewrite(struct ledger *f)
{
    int fd = ledger_file_begin(f->path), result;

    if (fd < 0)
        return fd;
    result = write_entries(f, fd);
    if (!result)
        result = ledger_file_finish(f->path);
    if (result) {
        close(fd);
        return result;
    }
    if (f->fd >= 0)
        close(f->fd);
    f->fd = fd;
    f->lines = f->n + 1;
    return 0;
}

/* Nothing of it stays where the disk is full: what follows half a line would be lost with it. */
static int append_whole(int fd, const char *line, size_t length)
{
    off_t end = lseek(fd, 0, SEEK_END);
    int result = end < 0 ? -errno : file_write_all(fd, line, length);

    if (result && end >= 0 && ftruncate(fd, end))
        return -errno;
    return result;
}

static int append(struct ledger *f, const char *line, size_t length)
{
    int result;

    if (!f->path[0])
        return 0;
    /* An entry that's new is in memory already and so comes with the rewriting. */
    if (f->fd < 0 || f->lines > 2 * f->n + SLACK_LINES)
        return rewrite(f);
    result = append_whole(f->fd, line, length);
    if (result) {
        close(f->fd);
        f->fd = -1; /* the next change writes the file anew */
    } else {
        f->lines++;
    }
    return result;
}

struct ledger *ledger_open(const char *path)
{
    struct ledger *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->fd = f->lock = -1;
    snprintf(f->path, sizeof(f->path), "%s", path ? path : "");
    if (path && load(f)) {
        ledger_close(f);
        return NULL;
    }
    return f;
}

/* A damaged file stays as evidence under another name; what of it could be read goes on in a new one. */
static void keep_evidence(struct ledger *f)
{
    char aside[PATH_MAX + 8];
    size_t length = strlen(f->trouble);

    if (!f->garbled)
        return;
    if (ledger_file_set_aside(f->path, aside, sizeof(aside)))
        snprintf(f->trouble + length, sizeof(f->trouble) - length, "; it can't be set aside");
    else
        snprintf(f->trouble + length, sizeof(f->trouble) - length, "; set aside as %.100s", aside);
}

static int own(struct ledger *f)
{
    int lock;

    if (f->lock >= 0 || !f->path[0])
        return 0;
    lock = ledger_file_lock(f->path, f->trouble, sizeof(f->trouble));
    if (lock < 0)
        return lock;
    /* Another may have owned and changed it since it was read. */
    if (load(f) || f->unreadable) {
        close(lock);
        return f->unreadable ? -EACCES : -ENOMEM;
    }
    keep_evidence(f);
    f->lock = lock;
    return 0;
}

int ledger_own(struct ledger *f)
{
    f->failed = own(f);
    return f->failed;
}

int ledger_failed(const struct ledger *f)
{
    return f->failed;
}

const char *ledger_trouble(const struct ledger *f)
{
    return f->trouble[0] ? f->trouble : NULL;
}

void ledger_close(struct ledger *f)
{
    if (!f)
        return;
    while (f->n > 0)
        remove_at(f, f->n - 1);
    if (f->fd >= 0)
        close(f->fd);
    if (f->lock >= 0)
        close(f->lock);
    free(f->entries);
    free(f);
}

const struct ledger_entry *ledger_get(const struct ledger *f, const uint8_t *uuid, int id, enum ledger_kind kind,
                                      int vcpu)
{
    int at = find(f, uuid, id, kind, vcpu);

    return at < 0 ? NULL : &f->entries[at];
}

int ledger_put(struct ledger *f, const uint8_t *uuid, int id, enum ledger_kind kind, int vcpu, const char *found,
               const char *written)
{
    struct ledger_entry e = {.id = id, .kind = kind, .vcpu = vcpu};
    char line[LINE_BYTES], copy_found[LEDGER_VALUE_BYTES], copy_written[LEDGER_VALUE_BYTES];
    int at, length, result;

    result = ledger_own(f);
    if (result)
        return result;
    if ((size_t)snprintf(copy_found, sizeof(copy_found), "%s", found ? found : "-") >= sizeof(copy_found) ||
        (size_t)snprintf(copy_written, sizeof(copy_written), "%s", written) >= sizeof(copy_written))
        return -EOVERFLOW;
    memcpy(e.uuid, uuid, sizeof(e.uuid));
    e.found = found || find(f, uuid, id, kind, vcpu) < 0 ? copy_found : NULL;
    e.written = copy_written;
    result = enter(f, &e);
    if (result)
        return result;
    at = find(f, uuid, id, kind, vcpu);
    length = format_entry(&f->entries[at], line, sizeof(line));
    if (length < 0)
        return length;
    f->failed = append(f, line, (size_t)length);
    return f->failed;
}

int ledger_drop(struct ledger *f, const uint8_t *uuid, int id, enum ledger_kind kind, int vcpu)
{
    int at = find(f, uuid, id, kind, vcpu), length, result;
    char line[LINE_BYTES], hex[2 * SNAPSHOT_UUID_BYTES + 1];

    if (at < 0)
        return 0;
    result = ledger_own(f);
    if (result)
        return result;
    /* Owning it may have brought other entries. */
    at = find(f, uuid, id, kind, vcpu);
    if (at < 0)
        return 0;
    remove_at(f, at);
    format_uuid(uuid, hex);
    length = snprintf(line, sizeof(line), "forget %s %s %d %d\n", kind_words[kind], hex, id, vcpu);
    return append(f, line, (size_t)length);
}

int ledger_count(const struct ledger *f)
{
    return f->n;
}

const struct ledger_entry *ledger_at(const struct ledger *f, int index)
{
    return &f->entries[index];
}

int ledger_keep(struct ledger *f, bool (*keep)(const struct ledger_entry *entry, const void *context),
                const void *context)
{
    int before, result = ledger_own(f);

    if (result)
        return result;
    before = f->n;
    for (int i = f->n - 1; i >= 0; i--)
        if (!keep(&f->entries[i], context))
            remove_at(f, i);
    return f->n == before || !f->path[0] ? 0 : rewrite(f);
}
