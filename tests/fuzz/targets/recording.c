/* Recordings: each sample comes out fit for use, or is refused in words, and the end is always reached. */
#include "tests/fuzz/targets/target.h"

#include "core/model/rates.h"
#include "core/record/replay.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct snapshot s, before;
    static struct rates r;
    static int fd = -1;
    char path[64], error[HOST_ERROR_BYTES] = "";
    struct host *h;
    int failed = 0;

    if (fd < 0)
        fd = memfd_create("recording", MFD_CLOEXEC);
    HOLDS("there is a file", ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    h = replay_open(path, error, sizeof(error));
    HOLDS("a refusal has a reason", h || error[0] != '\0');
    if (!h)
        return 0;
    replay_set_speed(h, 0);
    snapshot_reset(&before, 1);
    for (size_t steps = 0; failed != -ENODATA; steps++) {
        HOLDS("the end is reached", steps <= size + 1);
        failed = h->ops->sample(h, &s, true, error, sizeof(error));
        HOLDS("samples are refused only as they should be", !failed || failed == -EAGAIN || failed == -ENODATA);
        if (failed)
            continue;
        HOLDS("rates come of it", rates_between(&r, &before, &s) == 0 && snapshot_copy(&before, &s) == 0);
        if (replay_line(h)->plan)
            HOLDS("a plan is like itself", replay_compare(replay_line(h)->plan, replay_line(h)->plan, NULL, NULL) == 0);
    }
    h->ops->close(h);
    return 0;
}
