/*
 * Runs a program on a pseudo-terminal of its own and does to it what a terminal program wouldn't: sends bytes one by
 * one, stops reading, and says how the program ended. For what tmux can't show.
 *
 *     pty_run WIDTHxHEIGHT STEP... -- COMMAND...
 *
 * Steps, in order: wait=TEXT (until the program has written TEXT; the terminal is read), send=TEXT (C escapes: \xHH,
 * \e, \n), slow=TEXT (the same, byte by byte, each once the one before has been read), stall (reads nothing any more),
 * fill (until the program has written all that the terminal takes), signal=NUMBER, hang (the terminal goes away).
 * Afterwards it waits for the end and prints "exit N" or "signal N" and the milliseconds from the last step to the end.
 * Exits with 1 where a step or the end doesn't come within ten seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000, KEPT = 1 << 16 };

struct run {
    int terminal;
    pid_t child;
    bool stalled;
    char seen[KEPT]; /* what was written last */
    size_t n_seen;
};

static long now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads what there is, for up to ms. */
static void listen_for(struct run *run, int ms)
{
    struct pollfd p = {run->terminal, POLLIN, 0};
    ssize_t n;

    if (run->stalled || run->terminal < 0) {
        poll(NULL, 0, ms);
        return;
    }
    if (poll(&p, 1, ms) <= 0)
        return;
    if (run->n_seen > KEPT / 2) {
        memmove(run->seen, run->seen + KEPT / 4, run->n_seen - KEPT / 4);
        run->n_seen -= KEPT / 4;
    }
    n = read(run->terminal, run->seen + run->n_seen, KEPT - 1 - run->n_seen);
    if (n > 0)
        run->n_seen += (size_t)n;
    else
        poll(NULL, 0, ms);
    run->seen[run->n_seen] = 0;
}

static bool has_seen(const struct run *run, const char *text)
{
    return memmem(run->seen, run->n_seen, text, strlen(text)) != NULL;
}

static bool wait_for(struct run *run, const char *text)
{
    for (long end = now_ms() + PATIENCE_MS; now_ms() < end;) {
        if (has_seen(run, text)) {
            run->n_seen = 0;
            return true;
        }
        listen_for(run, 20);
    }
    fprintf(stderr, "never seen: %s\n", text);
    return false;
}

static size_t unescape(const char *text, char *bytes, size_t size)
{
    size_t n = 0;

    for (; *text && n < size; text++) {
        char hex[3] = "";

        if (text[0] != '\\') {
            bytes[n++] = *text;
        } else if (text[1] == 'x' && text[2] && text[3]) {
            memcpy(hex, text + 2, 2);
            bytes[n++] = (char)strtol(hex, NULL, 16);
            text += 3;
        } else if (text[1]) {
            bytes[n++] = text[1] == 'e' ? '\033' : text[1] == 'n' ? '\n' : text[1];
            text++;
        }
    }
    return n;
}

/* True when the program has read all that was sent. */
static bool is_read(const struct run *run)
{
    int waiting = 0, slave = open(ptsname(run->terminal), O_RDWR | O_NOCTTY | O_NONBLOCK);

    if (slave < 0)
        return true;
    ioctl(slave, FIONREAD, &waiting);
    close(slave);
    return waiting == 0;
}

static bool send_text(struct run *run, const char *text, bool slowly)
{
    char bytes[4096];
    size_t n = unescape(text, bytes, sizeof(bytes));

    if (!slowly)
        return write(run->terminal, bytes, n) == (ssize_t)n;
    for (size_t i = 0; i < n; i++) {
        if (write(run->terminal, bytes + i, 1) != 1)
            return false;
        for (long end = now_ms() + PATIENCE_MS; !is_read(run) && now_ms() < end;)
            listen_for(run, 10);
        listen_for(run, 60); /* so that it has turned to other things before the next comes */
    }
    return true;
}

/* Until what waits to be read grows no more. */
static bool fill(struct run *run)
{
    int before = -1, now = 0, same = 0;

    run->stalled = true;
    for (long end = now_ms() + PATIENCE_MS; now_ms() < end && same < 20; before = now) {
        poll(NULL, 0, 50);
        ioctl(run->terminal, FIONREAD, &now);
        same = now == before && now > 0 ? same + 1 : 0;
    }
    return same >= 20;
}

static bool take_step(struct run *run, const char *step)
{
    const char *value = strchr(step, '=') ? strchr(step, '=') + 1 : "";

    if (strncmp(step, "wait=", 5) == 0)
        return wait_for(run, value);
    if (strncmp(step, "send=", 5) == 0)
        return send_text(run, value, false);
    if (strncmp(step, "slow=", 5) == 0)
        return send_text(run, value, true);
    if (strncmp(step, "signal=", 7) == 0)
        return kill(run->child, atoi(value)) == 0;
    if (strcmp(step, "stall") == 0)
        return run->stalled = true;
    if (strcmp(step, "fill") == 0)
        return fill(run);
    if (strcmp(step, "hang") == 0) {
        close(run->terminal);
        run->terminal = -1;
        return true;
    }
    fprintf(stderr, "no such step: %s\n", step);
    return false;
}

static int wait_for_end(struct run *run)
{
    long began = now_ms();
    int status;

    while (waitpid(run->child, &status, WNOHANG) == 0) {
        if (now_ms() - began > PATIENCE_MS) {
            printf("goes on\n");
            kill(run->child, SIGKILL);
            waitpid(run->child, &status, 0);
            return 1;
        }
        listen_for(run, 5);
    }
    printf("%s %d %ld\n", WIFEXITED(status) ? "exit" : "signal",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status), now_ms() - began);
    return 0;
}

int main(int argc, char **argv)
{
    static struct run run;
    struct winsize size = {24, 80, 0, 0};
    int command = 2, failed = 0;

    while (command < argc && strcmp(argv[command], "--") != 0)
        command++;
    if (command + 1 >= argc || sscanf(argv[1], "%hux%hu", &size.ws_col, &size.ws_row) != 2) {
        fprintf(stderr, "usage: pty_run WIDTHxHEIGHT STEP... -- COMMAND...\n");
        return 2;
    }
    run.child = forkpty(&run.terminal, NULL, NULL, &size);
    if (run.child < 0)
        return 1;
    if (run.child == 0) {
        execvp(argv[command + 1], argv + command + 1);
        _exit(127);
    }
    for (int i = 2; i < command && !failed; i++)
        failed = !take_step(&run, argv[i]);
    if (failed) {
        fprintf(stderr, "failed at a step\n");
        kill(run.child, SIGKILL);
        waitpid(run.child, NULL, 0);
        return 1;
    }
    return wait_for_end(&run);
}
