/*
 * The file of what was chosen on the screen, as anybody may have edited it: one that is understood comes out the same
 * when it's written and read again; one that isn't is left as it is.
 */
#include "tests/fuzz/targets/target.h"

#include "ui/face.h"
#include "ui/tui/tui.h"
#include "ui/tui/tui_setup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[128];

static void clean_up(void)
{
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    rmdir(folder);
}

/* A home for it, in memory where that can be. */
static void make_folder(void)
{
    snprintf(folder, sizeof(folder), "%s/setup-fuzz-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    HOLDS("there is a folder", mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/vmbalance", folder);
    HOLDS("there is one in it", mkdir(path, 0700) == 0 && setenv("XDG_CONFIG_HOME", folder, 1) == 0);
    snprintf(path, sizeof(path), "%s/vmbalance/made_up.ini", folder);
    atexit(clean_up);
}

static void write_file(const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    HOLDS("there is a file", fd >= 0 && write(fd, data, size) == (ssize_t)size);
    close(fd);
}

static bool file_is(const void *data, size_t size)
{
    char *text = malloc(size + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool same = text && fd >= 0 && read(fd, text, size + 1) == (ssize_t)size && memcmp(text, data, size) == 0;

    close(fd);
    free(text);
    return same;
}

static void load(struct tui *t)
{
    static const struct face_options options = {.program = "made_up"};

    t->options = &options;
    tui_state_init(t);
    tui_setup_load(t);
    HOLDS("there is memory", t->setup.kept);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tui first = {0}, second = {0};

    if (!folder[0])
        make_folder();
    write_file(data, size);
    load(&first);
    if (first.setup.broken) {
        HOLDS("a refusal has a reason", first.words.message[0]);
        first.asked.above++; /* something is chosen */
        tui_setup_keep(&first);
        HOLDS("what isn't understood is left alone", file_is(data, size));
    } else {
        write_file(first.setup.kept, strlen(first.setup.kept));
        load(&second);
        HOLDS("what is written is understood", !second.setup.broken);
        HOLDS("and is the same", strcmp(first.setup.kept, second.setup.kept) == 0);
    }
    tui_state_free(&first);
    tui_state_free(&second);
    return 0;
}
