/*
 * Hypervisors, hosts and guests that are odd in ways that somebody's are: both programs run whole over each for a
 * while. Whatever it is: the program goes on to its end, what it says is JSON in UTF-8 without control characters, no
 * pin leaves what the host and the definition allow, no size what the guest may have, and guests that there is nothing
 * odd about are served.
 *
 *   host_odd_test            ONLY=NAME keeps to one, SHOW=1 shows what the programs say
 */
#include "tests/unit/hypervisor/hypervisor.h"
#include "tests/unit/hypervisor/program/whole_program.h"

#include <json-c/json.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wchar.h>

#include <cmocka.h>

enum { INTERVAL_S = 4, DECISIONS = 20, GUESTS = 4 };

/* The first guest is the odd one; they are all pinned to pCPU 0 and never idle, and need more memory than they have. */
static struct hypervisor_guest *odd;

/* ---- what is odd ---- */

static void nothing(void)
{
}

static void capabilities_are_no_xml(void)
{
    hypervisor.capabilities = "<capabilities><host><topology>";
}

static void capabilities_without_topology(void)
{
    hypervisor.capabilities = "<capabilities><host/></capabilities>";
}

/* CPU numbers with holes and one that is in two cells, cores and sockets without end, a cell of memory alone. */
static void capabilities_of_nonsense(void)
{
    hypervisor.capabilities =
        "<capabilities><host><topology><cells num='4'><cell id='2147483647'><pages unit='KiB' size='4'>9</pages>"
        "<cpus num='4'><cpu id='0' socket_id='2147483647' core_id='-5' siblings='0-3'/><cpu id='1' siblings=''/>"
        "<cpu id='1' socket_id='-1'/><cpu id='2' siblings='^2'/></cpus></cell><cell id='-7'><cpus><cpu id='3'/>"
        "<cpu id='70000'/><cpu id='x'/><cpu/></cpus></cell><cell id='1'><memory unit='KiB'>8</memory></cell><cell/>"
        "</cells></topology><cache><bank level='3' cpus='0-99999'/><bank level='99'/></cache></host></capabilities>";
}

static void one_pcpu_is_online(void)
{
    hypervisor.online = 1;
}

static void host_of_no_size(void)
{
    hypervisor.total_kib = hypervisor.free_kib = 0;
}

static void host_without_a_total(void)
{
    hypervisor.no_total = true;
}

static void host_with_more_free_than_there_is(void)
{
    hypervisor.free_kib = UINT64_MAX;
}

static void host_beyond_measure(void)
{
    hypervisor.total_kib = hypervisor.free_kib = UINT64_MAX / 2;
}

static void figures_as_large_as_can_be(void)
{
    odd->figures = "vcpu.0.time 0xffffffffffffffff vcpu.0.delay 0xffffffffffffffff balloon.current 0xffffffffffffffff "
                   "balloon.maximum 0xffffffffffffffff balloon.unused 0xffffffffffffffff balloon.usable "
                   "0xffffffffffffffff balloon.rss 0xffffffffffffffff balloon.last-update 0xffffffffffffffff "
                   "balloon.available 0xffffffffffffffff";
}

static void figures_of_nothing(void)
{
    odd->figures = "vcpu.0.time 0 vcpu.0.delay 0 balloon.current 0 balloon.maximum 0 balloon.unused 0 balloon.usable 0 "
                   "balloon.rss 0 balloon.available 0 balloon.last-update 0";
}

static void a_size_of_nothing(void)
{
    odd->figures = "balloon.current 0";
}

static void hardly_any_figures(void)
{
    odd->figures = "state.state - vcpu.0.state - vcpu.0.time - vcpu.0.delay - balloon.current - balloon.maximum - "
                   "balloon.unused - balloon.usable - balloon.available -";
}

static void more_free_than_the_guest_has(void)
{
    odd->figures = "balloon.unused 4194304 balloon.usable 8388608 balloon.available 16 balloon.disk_caches 99999999";
}

static void larger_than_its_maximum(void)
{
    odd->figures = "balloon.maximum 524288";
}

static void vcpus_without_end(void)
{
    odd->figures = "vcpu.32767.state 1 vcpu.32767.time 5 vcpu.32768.time 7 vcpu.99999999999.time 1 vcpu.-1.time 4 "
                   "vcpu..time 3 vcpu.3.time 2";
}

static void a_state_that_nobody_knows(void)
{
    odd->figures = "state.state 77 state.reason 0xffffffff vcpu.0.state 99";
}

static void affinities_of_nothing(void)
{
    odd->maps = HYPERVISOR_MAPS_EMPTY;
}

static void affinities_beyond_the_host(void)
{
    odd->maps = HYPERVISOR_MAPS_BEYOND;
}

static void affinities_of_more_vcpus(void)
{
    odd->maps = HYPERVISOR_MAPS_MORE;
}

static void affinities_without_numbers(void)
{
    odd->n_vcpus = 3;
    odd->maps = HYPERVISOR_MAPS_UNNUMBERED;
}

static void pins_that_do_nothing(void)
{
    odd->ignores_pins = true;
}

static void sizes_that_do_nothing(void)
{
    odd->ignores_sizes = true;
}

static void a_definition_of_nothing(void)
{
    odd->xml = "";
}

static void a_definition_in_another_encoding(void)
{
    odd->xml = "<?xml version='1.0' encoding='ISO-8859-1'?><domain><title>M\xfcller</title><devices><memballoon "
               "model='virtio'/></devices></domain>";
}

static void a_definition_with_entities(void)
{
    odd->xml = "<!DOCTYPE domain [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><domain>&b;</domain>";
}

static void rules_that_leave_no_pcpu(void)
{
    snprintf(odd->definition, sizeof(odd->definition),
             "<vcpu cpuset='9-12'>1</vcpu><cputune><vcpupin vcpu='0' cpuset='^0'/><vcpupin vcpu='-1' cpuset='0'/>"
             "<vcpupin vcpu='99999' cpuset='0'/></cputune><numatune><memory nodeset='99'/></numatune>");
}

static void limits_of_nonsense(void)
{
    snprintf(odd->definition, sizeof(odd->definition),
             "<memory unit='parsec'>-5</memory><currentMemory unit='TiB'>9223372036854775807</currentMemory>"
             "<memtune><hard_limit unit='KiB'>1</hard_limit></memtune><cputune><quota>-1</quota><period>0</period>"
             "<global_quota>9223372036854775807</global_quota><global_period>1</global_period></cputune>");
}

static void metadata_of_nonsense(void)
{
    snprintf(odd->definition, sizeof(odd->definition),
             "<metadata><p:policy xmlns:p='urn:vmbalance:policy:1' weight='nan' dedicated='\xc3\xa4' "
             "leave-alone='&#27;[2J&#10;'/><p:policy xmlns:p='urn:vmbalance:policy:1' weight='-inf'/></metadata>");
}

static void a_name_that_steers_terminals(void)
{
    snprintf(odd->name, sizeof(odd->name), "\033[2J\033]0;title\a\r\n\t%%s%%n\"\\<b>&\x7f");
}

static void a_name_that_is_no_text(void)
{
    snprintf(odd->name, sizeof(odd->name),
             "\xff\xfe\xc3(\xed\xa0\x80\xf4\x90\x80\x80 \xe2\x80\xae"
             "evil\xc2\x9b"
             "31m");
}

static void a_name_without_end(void)
{
    for (size_t i = 0; i + 4 < sizeof(odd->name); i += 3)
        memcpy(odd->name + i, "\xe5\xad\x97", 4);
}

static void a_name_of_nothing(void)
{
    odd->name[0] = '\0';
}

static void two_of_the_same_name(void)
{
    snprintf(odd->name, sizeof(odd->name), "%s", hypervisor.guests[1].name);
}

static void two_of_the_same_uuid(void)
{
    memcpy(odd->uuid, hypervisor.guests[1].uuid, sizeof(odd->uuid));
}

static void a_uuid_of_nothing(void)
{
    memset(odd->uuid, 0, sizeof(odd->uuid));
}

static void a_clock_that_goes_back(void)
{
    odd->clock_set_back = true;
}

/* Others are served, unless what is odd leaves nothing to serve them by; and the odd one may have to be left alone. */
enum { MEMORY_IS_SERVED = 1, CPUS_ARE_SERVED = 2, ALL = 3, PINS_ARE_LEFT = 4, SIZE_IS_LEFT = 8, ODD_IS_LEFT = 12 };

static const struct oddity {
    const char *name;
    void (*make)(void);
    int holds;
} oddities[] = {
#define ODD(make, holds)                                                                                               \
    {                                                                                                                  \
#make, make, holds                                                                                             \
    }
    ODD(nothing, ALL),
    ODD(capabilities_are_no_xml, ALL),
    ODD(capabilities_without_topology, ALL),
    ODD(capabilities_of_nonsense, ALL),
    ODD(one_pcpu_is_online, MEMORY_IS_SERVED),
    ODD(host_of_no_size, CPUS_ARE_SERVED),
    ODD(host_without_a_total, ALL),
    ODD(host_with_more_free_than_there_is, ALL),
    ODD(host_beyond_measure, ALL),
    ODD(figures_as_large_as_can_be, CPUS_ARE_SERVED),
    ODD(figures_of_nothing, ALL | SIZE_IS_LEFT),
    ODD(a_size_of_nothing, ALL | SIZE_IS_LEFT),
    ODD(hardly_any_figures, ALL),
    ODD(more_free_than_the_guest_has, ALL),
    ODD(larger_than_its_maximum, ALL),
    ODD(vcpus_without_end, ALL),
    ODD(a_state_that_nobody_knows, ALL),
    ODD(affinities_of_nothing, ALL),
    ODD(affinities_beyond_the_host, ALL),
    ODD(affinities_of_more_vcpus, ALL),
    ODD(affinities_without_numbers, ALL),
    ODD(pins_that_do_nothing, ALL),
    ODD(sizes_that_do_nothing, ALL),
    ODD(a_definition_of_nothing, ALL | ODD_IS_LEFT),
    ODD(a_definition_in_another_encoding, ALL),
    ODD(a_definition_with_entities, ALL | ODD_IS_LEFT),
    ODD(rules_that_leave_no_pcpu, ALL | PINS_ARE_LEFT),
    ODD(limits_of_nonsense, ALL),
    ODD(metadata_of_nonsense, ALL | ODD_IS_LEFT),
    ODD(a_name_that_steers_terminals, ALL),
    ODD(a_name_that_is_no_text, ALL),
    ODD(a_name_without_end, ALL),
    ODD(a_name_of_nothing, ALL),
    ODD(two_of_the_same_name, ALL),
    ODD(two_of_the_same_uuid, ALL),
    ODD(a_uuid_of_nothing, ALL),
    ODD(a_clock_that_goes_back, ALL),
};

/* ---- what has to hold ---- */

enum { ODDITIES = sizeof(oddities) / sizeof(oddities[0]) };

/* What came of each: shared by the test and the process that runs the program, for one after the other. */
static struct outcome {
    char wrong[160];
    int output_fd;
    bool begun, ended;
} * outcomes, *outcome;

#define WRONG(...) snprintf(outcome->wrong, sizeof(outcome->wrong), __VA_ARGS__)

static void live(int ms)
{
    hypervisor_work(ms);
    for (int i = 0; i < GUESTS; i++) {
        const struct hypervisor_guest *g = &hypervisor.guests[i];

        if (g->target_kib > g->max_kib)
            WRONG("guest %d is to have %llu KiB", i, (unsigned long long)g->target_kib);
        if (g->target_kib < 200u << 10)
            WRONG("guest %d is to have %llu KiB only", i, (unsigned long long)g->target_kib);
        for (int v = 0; v < g->n_vcpus; v++)
            if ((g->affinity[v] & hypervisor.online) == 0)
                WRONG("guest %d is pinned to where nothing is", i);
    }
}

static bool shares_its_pcpu(int guest)
{
    for (int i = 1; i < GUESTS; i++)
        if (i != guest && hypervisor.guests[i].affinity[0] == hypervisor.guests[guest].affinity[0])
            return true;
    return false;
}

static void judge_others(enum report_program which, const struct oddity *o)
{
    for (int i = 1; i < GUESTS; i++) {
        const struct hypervisor_guest *g = &hypervisor.guests[i];

        if (which == REPORT_VCPU_SCHEDULER && o->holds & CPUS_ARE_SERVED && shares_its_pcpu(i))
            WRONG("guest %d is not served a pCPU", i);
        if (which == REPORT_MEMORY_COORDINATOR && o->holds & MEMORY_IS_SERVED &&
            g->target_kib < g->used_kib + (100u << 10))
            WRONG("guest %d is not served memory: %llu KiB", i, (unsigned long long)g->target_kib);
    }
}

static void judge_odd(const struct oddity *o)
{
    if (o->holds & PINS_ARE_LEFT && odd->affinity[0] != 1)
        WRONG("it is pinned all the same");
    if (o->holds & SIZE_IS_LEFT && odd->target_kib != 1024u << 10)
        WRONG("it is resized all the same");
}

static int run_program(enum report_program which, const struct oddity *o, const char *state_dir, int output_fd)
{
    static const char *const names[GUESTS] = {"a", "b", "c", "d"};
    const struct whole_program program = {.which = which,
                                          .interval_s = INTERVAL_S,
                                          .decisions = DECISIONS,
                                          .state_dir = state_dir,
                                          .output_fd = output_fd,
                                          .live = live};
    int status;

    hypervisor_reset();
    for (int i = 0; i < GUESTS; i++) {
        struct hypervisor_guest *g = hypervisor_add(names[i]);

        for (int v = 0; v < HYPERVISOR_VCPUS; v++)
            g->affinity[v] = 1;
        g->used_kib = 950u << 10;
    }
    odd = &hypervisor.guests[0];
    o->make();
    status = whole_program_run(&program);
    judge_others(which, o);
    judge_odd(o);
    if (hypervisor.leaked + hypervisor.references)
        WRONG("%d references to guests are left", hypervisor.leaked + hypervisor.references);
    return status;
}

/* ---- what was said ---- */

/* A text that a terminal shows as it is: UTF-8, of which nothing steers it. */
static bool is_clean(const char *text)
{
    mbstate_t state = {0};
    wchar_t c;
    size_t n;

    for (; *text; text += n) {
        n = mbrtowc(&c, text, strlen(text), &state);
        if (n == (size_t)-1 || n == (size_t)-2 || (c < ' ' && c != '\n') || (c >= 0x7f && c < 0xa0) ||
            (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
            return false;
    }
    return true;
}

/* Counts decisions among the lines; what is no JSON (it goes to the other stream in earnest) has to be clean, too. */
static int read_output(int fd)
{
    FILE *file = fdopen(fd, "r");
    char *line = NULL;
    size_t size = 0;
    int decisions = 0;

    assert_non_null(file);
    rewind(file);
    while (getline(&line, &size, file) >= 0) {
        struct json_object *o = line[0] == '{' ? json_tokener_parse(line) : NULL, *kind;

        if (!is_clean(line))
            WRONG("a line is no clean text");
        if (line[0] == '{' && !o)
            WRONG("a line is no JSON");
        decisions +=
            o && json_object_object_get_ex(o, "kind", &kind) && strcmp(json_object_get_string(kind), "decision") == 0;
        json_object_put(o);
    }
    free(line);
    fclose(file);
    return decisions;
}

static bool is_wanted(int i)
{
    return !getenv("ONLY") || strcmp(getenv("ONLY"), oddities[i].name) == 0;
}

static int run_all(enum report_program which, const char *dir)
{
    for (int i = 0; i < ODDITIES; i++) {
        char state_dir[96];
        int status;

        if (!is_wanted(i))
            continue;
        outcome = &outcomes[i];
        outcome->begun = true;
        snprintf(state_dir, sizeof(state_dir), "%s/%d", dir, i);
        status = run_program(which, &oddities[i], state_dir, outcome->output_fd);
        if (status)
            WRONG("its exit status is %d", status);
        outcome->ended = true;
    }
    return 0;
}

static int judge(enum report_program which, int i, int status)
{
    int decisions;

    outcome = &outcomes[i];
    decisions = read_output(outcome->output_fd);
    if (!is_wanted(i))
        return 0;
    if (decisions != DECISIONS && !getenv("SHOW"))
        WRONG("%d decisions instead of %d", decisions, DECISIONS);
    if (!outcome->ended)
        WRONG(outcome->begun ? "the process ended with status %#x" : "not tried: status %#x", (unsigned)status);
    if (outcome->wrong[0])
        print_message("# %s, %s: %s\n", whole_program_name(which), oddities[i].name, outcome->wrong);
    return outcome->wrong[0] != '\0';
}

static void all_go_well(enum report_program which)
{
    char dir[64], command[96];
    int wrong = 0, status = -1;
    pid_t pid;

    snprintf(dir, sizeof(dir), "%s/host-odd-XXXXXX", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    assert_non_null(mkdtemp(dir));
    memset(outcomes, 0, ODDITIES * sizeof(*outcomes));
    for (int i = 0; i < ODDITIES; i++)
        outcomes[i].output_fd = memfd_create("output", MFD_CLOEXEC);
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        exit(run_all(which, dir));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    for (int i = 0; i < ODDITIES; i++)
        wrong += judge(which, i, status);
    assert_int_equal(wrong, 0);
    assert_int_equal(status, 0); /* and no leak at its end */
}

static void the_scheduler_goes_on(void **state)
{
    (void)state;
    all_go_well(REPORT_VCPU_SCHEDULER);
}

static void the_coordinator_goes_on(void **state)
{
    (void)state;
    all_go_well(REPORT_MEMORY_COORDINATOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_scheduler_goes_on),
        cmocka_unit_test(the_coordinator_goes_on),
    };

    setlocale(LC_CTYPE, "C.UTF-8");
    outcomes = mmap(NULL, ODDITIES * sizeof(*outcomes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return outcomes == MAP_FAILED ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
