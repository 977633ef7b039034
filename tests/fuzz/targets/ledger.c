/* Ledgers of what was found: whatever was there, what is put now is there afterwards. */
#include "tests/fuzz/targets/target.h"

#include "core/host/ledger.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void clean_up(void)
{
    rmdir(folder);
}

/* A folder of its own, in memory where that can be: one that others may write to is refused. */
static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "%s/ledger-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    HOLDS("there is a folder", mkdtemp(folder));
    atexit(clean_up);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"", ".bad", ".lock", ".new"};
    static const uint8_t uuid[SNAPSHOT_UUID_BYTES] = {1};
    char path[96], beside[128];
    struct ledger *f;
    int fd;

    if (!folder[0])
        make_folder();
    snprintf(path, sizeof(path), "%s/ledger", folder);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    HOLDS("there is a file", fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
    f = ledger_open(path);
    HOLDS("there is memory", f);
    for (int i = 0; i < ledger_count(f); i++)
        HOLDS("entries are whole", ledger_at(f, i)->found && ledger_at(f, i)->written);
    HOLDS("an entry can be put", ledger_put(f, uuid, 9, LEDGER_SIZE, 0, "1", "2") == 0);
    ledger_close(f);
    f = ledger_open(path);
    HOLDS("it is there, and nothing is wrong any more",
          f && ledger_get(f, uuid, 9, LEDGER_SIZE, 0) && !ledger_trouble(f));
    ledger_close(f);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(beside, sizeof(beside), "%s%s", path, names[i]);
        unlink(beside);
    }
    return 0;
}
