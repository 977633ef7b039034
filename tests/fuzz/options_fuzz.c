/*
 * Command lines, and files of settings, put together at random from words that mean something and words that don't:
 * whatever comes, the parser answers with options that make sense or with one clean line, and leaks and overruns
 * nothing (run it under sanitizers). options_fuzz [ROUNDS [SEED]]
 */
#include "core/engine/engine.h"
#include "ui/options.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct made_up {
    double percent, mib;
    bool flag;
};

static const struct made_up made_up_default = {1, 2, false};
static const struct program_setting settings[] = {
    {"percent", PROGRAM_PERCENT, "P", "percent", 0, 100, offsetof(struct made_up, percent)},
    {"mib", PROGRAM_MIB, "MIB", "mib", 0, 1e9, offsetof(struct made_up, mib)},
    {"flag", PROGRAM_FLAG, NULL, "flag", 0, 0, offsetof(struct made_up, flag)},
    {0},
};
static const struct program program = {
    .name = "made_up",
    .purpose = "is for testing",
    .settings_size = sizeof(struct made_up),
    .settings_default = &made_up_default,
    .settings = settings,
};

static const char *const words[] = {
    "12",
    "0.5",
    "0",
    "-3",
    "-0",
    "abc",
    "1e99",
    "nan",
    "inf",
    "-inf",
    "0x10",
    "",
    "-",
    "--",
    "---",
    "-n",
    "-n3",
    "-n=3",
    "-c",
    "-cx",
    "-d",
    "-v",
    "-V",
    "-h",
    "-dv",
    "-dn",
    "-dvx",
    "headless",
    "tui",
    "--tui",
    "--headless",
    "--json",
    "--once",
    "--once=1",
    "--only",
    "--only=*",
    "--exclude",
    "--exclude=",
    "--re",
    "--restore",
    "--restore-on-exit",
    "--record",
    "--record=r",
    "--replay",
    "--replay=p",
    "--replay-compare",
    "--speed",
    "--speed=2",
    "--speed=max",
    "--percent",
    "--percent=50",
    "--percent=-1",
    "--mib",
    "--mib=1e9",
    "--flag",
    "--flag=1",
    "--iterations=5",
    "--iterations=99999999999999999999",
    "--state-dir=/x",
    "--connect=test:///default",
    "\n\033[2J",
    "\xff\xfe",
    "--\xff",
    "--=",
    "--=x",
    "-\n",
};

static unsigned long seed = 1;

static unsigned chance(unsigned n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % n;
}

/* A word of the list, cut, doubled or changed in a byte now and then. */
static char *make_word(void)
{
    const char *from = words[chance(sizeof(words) / sizeof(words[0]))];
    size_t n = strlen(from);
    char *word = calloc(1, 2 * n + 2);

    if (!word)
        abort();
    memcpy(word, from, n);
    if (chance(12) == 0 && n > 0)
        word[chance((unsigned)n)] = (char)(1 + chance(255));
    if (chance(12) == 0 && n > 0)
        word[chance((unsigned)n)] = '\0';
    if (chance(20) == 0)
        memcpy(word + strlen(word), from, n + 1);
    return word;
}

static const char *broken_promise(int result, const struct options *o, const char *error)
{
    const struct made_up *s = o->settings;

    if (result == -EINVAL) {
        if (error[0] == '\0')
            return "refused without a word";
        for (; *error; error++)
            if (iscntrl((unsigned char)*error))
                return "a control character in the refusal";
        return NULL;
    }
    if (result != 0)
        return "neither taken nor refused";
    if (o->todo == OPTIONS_HELP || o->todo == OPTIONS_VERSION)
        return NULL;
    if (o->todo == OPTIONS_RUN && o->interval_s == 0 && !o->replay)
        return "no interval";
    if (o->interval_s != 0 && !(o->interval_s >= ENGINE_INTERVAL_LEAST_S && o->interval_s <= ENGINE_INTERVAL_MOST_S))
        return "an interval out of bounds";
    if ((o->tui && (o->json || o->headless)) || (o->once && o->iterations > 0) || o->iterations < 0)
        return "things that exclude each other";
    if (!isfinite(s->percent) || s->percent < 0 || s->percent > 100 || !isfinite(s->mib) || s->mib < 0 || s->mib > 1e9)
        return "a setting out of bounds";
    if (!isfinite(o->speed) || o->speed < 0)
        return "a speed that is none";
    return NULL;
}

/* A file of keys and values that are mostly of the kind that is meant; the caller frees it. */
static char *make_file(void)
{
    static const char *const keys[] = {"interval", "percent", "mib",  "flag",    "json",   "only", "exclude", "speed",
                                       "replay",   "once",    "help", "refresh", "config", "tui",  "theme",   "csv"};
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (!out)
        abort();
    for (unsigned lines = chance(6); lines > 0; lines--) {
        char *value = make_word(), *other = make_word();

        fprintf(out, "%s%s%s%s%s", chance(9) == 0 ? " \t" : "",
                chance(6) ? keys[chance(sizeof(keys) / sizeof(keys[0]))] : other, chance(20) ? " = " : " ",
                chance(3) ? value : "yes", chance(20) ? "\n" : "\r\n ; [");
        free(value);
        free(other);
    }
    if (fclose(out))
        abort();
    return text;
}

static bool one_line(void)
{
    enum { MOST = 8 };
    char *argv[MOST + 1] = {NULL}, error[OPTIONS_ERROR_BYTES] = "";
    int argc = 1 + (int)chance(MOST - 1);
    char *file = chance(2) ? make_file() : NULL;
    size_t room = chance(10) == 0 ? 2 + chance(20) : sizeof(error);
    struct options o;
    const char *broken;
    int result;

    for (int i = 0; i < argc; i++)
        argv[i] = make_word();
    result = options_parse(&program, argc, argv, &o, error, room);
    if (result == 0 && file)
        result = options_add_file(&program, &o, "f", file, error, room);
    if (result == 0)
        result = options_check(&program, &o, error, room);
    broken = broken_promise(result, &o, result ? error : "");
    if (broken) {
        printf("# %s:", broken);
        for (int i = 1; i < argc; i++)
            printf(" '%s'", argv[i]);
        printf("\n# file: %s\n", file ? file : "none");
    }
    options_free(&o);
    free(file);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return !broken;
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 200000, bad = 0;

    if (argc > 2)
        seed = strtoul(argv[2], NULL, 10);
    for (long i = 0; i < rounds && bad < 10; i++)
        bad += !one_line();
    printf("%s %ld command lines at random\n", bad ? "not ok" : "ok", rounds);
    return bad > 0;
}
