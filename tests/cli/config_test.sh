#!/usr/bin/env bash
# The file of settings: what is read of it, what is refused and where, what wins, and what a running program takes anew.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

conf=$work/made.conf
lines() {
    printf '%s\n' "$@" >"$conf"
}
# one_line_with STATUS WORDS: what the last run said.
one_line_with() {
    cat "$work/out" "$work/err"
    expect status "$status" "$1" && expect "lines on stderr" "$(lines_of "$work/err")" 1 && grep -qF -- "$2" "$work/err"
}
# value_of NAME JQ ARGUMENTS...: of the first decision.
value_of() {
    local name=$1 what=$2
    shift 2
    run "$name" --json --once "$@"
    cat "$work/err"
    expect status "$status" 0 && jq -r "$what" "$work/out"
}

everything_from_the_file() {
    lines '# all that is needed' 'interval = 0.1' 'connect = test:///default' 'tolerance=3.5 ; points' '  json = YES' '' 'once = on'
    run vcpu_scheduler --config "$conf"
    cat "$work/err"
    expect status "$status" 0 && expect interval "$(jq .interval_s "$work/out")" 0.1 &&
        expect tolerance "$(jq .plan.balance.tolerance_points "$work/out")" 3.5
}
check "a file alone is enough" everything_from_the_file
command_line_wins() {
    lines 'interval = 3600' 'connect = test:///nowhere' 'tolerance = 3.5' 'exclude = t*' 'iterations = 7'
    expect values "$(value_of vcpu_scheduler '[.interval_s, .plan.balance.tolerance_points, .guests[0].leave_alone // "no"] | join(" ")' \
        0.1 "${here[@]}" --tolerance 2 --exclude other --config "$conf")" "0.1 2 no"
}
check "the command line wins" command_line_wins
face_wins() {
    lines 'json = yes' 'csv = /nowhere/at/all' 'theme = dark' 'sort = cpu'
    run "$1" 12 --tui --config "$conf"
    one_line_with 1 terminal || return 1 # it got as far as asking for one
    run "$1" 0.1 "${here[@]}" --once --dry-run --config "$conf"
    expect status "$status" 0
}
patterns_add_up() {
    lines 'exclude = nobody' 'exclude = te?t'
    expect excluded "$(value_of memory_coordinator '.guests[0].leave_alone' 0.1 "${here[@]}" --config "$conf")" excluded
}
check "patterns may stand there more than once" patterns_add_up

# complaints_of PROGRAM: about each line of $conf that there is one about, in $work/complaints. The line is left out then, so
# that the next one is told of. What lines say against each other is told when each was read, and names none.
complaints_of() {
    local line
    : >"$work/complaints"
    until run "$1" --check-config --config "$conf" && [ "$status" -eq 0 ]; do
        line=$(sed -n "s,^$1: $conf:\([0-9]*\): .*,\1,p" "$work/err")
        cat "$work/err" >>"$work/complaints"
        expect "lines of a complaint" "$(lines_of "$work/err")" 1 || return 1
        [ -n "$line" ] || return 0
        sed -i "${line}s/.*/#/" "$conf"
    done
}
# Every option of --help that takes a value has a key, and so has every flag, but for what is done once and at once.
every_option_has_a_key() {
    local option argument
    "${program[$1]}" --help | sed -nE 's/^ +(-[a-zA-Z], )?--([a-z-]+)( [A-Z/]+)?  +.*/\2\3/p' >"$work/options"
    while read -r option argument; do
        echo "$option = $([ -z "$argument" ] && echo no || echo 4)"
    done <"$work/options" >"$conf"
    complaints_of "$1" || return 1
    expect "what has no key" "$(grep -E 'unknown key|command line only' "$work/complaints" | sed -E 's/^.*:[0-9]+: (.*) \(see .*/\1/' | sort)" \
        "$(printf '%s is for the command line only\n' advise attach check-config config ctl help restore version what-if)" &&
        [ "$(lines_of "$work/options")" -gt 25 ]
}
# What the installed file offers as a key is one.
offers_only_keys() {
    "$top/packaging/config" "${program[$1]}" | sed -nE 's/^#([a-z-]+ = )(no$)?.*/\1\2/p' | sed 's/= $/= 4/' >"$conf"
    [ "$(lines_of "$conf")" -gt 20 ] && complaints_of "$1" && ! grep -E "unknown key|command line only" "$work/complaints"
}
for name in $programs; do
    check "the installed file of $name offers nothing that is no key" offers_only_keys "$name"
    check "$name takes what fits its face of the file" face_wins "$name"
    check "every option of $name has a key" every_option_has_a_key "$name"
done

wrong() {
    local words=$1
    shift
    lines "$@"
    run vcpu_scheduler --check-config --config "$conf"
    one_line_with 2 "vcpu_scheduler: $conf:$words"
}
wrong_at_the_start() {
    lines 'aim = 1' 'frobnicate = 3'
    run "$1" 12 --config "$conf"
    one_line_with 2 "$1: $conf:"
}
check "an unknown key is told with its line" wrong "2: unknown key 'frobnicate'" '; hello' 'frobnicate = 3'
check "keys are not abbreviated" wrong "1: unknown key 'tol'" 'tol = 3'
check "the other program's keys are unknown" wrong "1: unknown key 'host-reserve'" 'host-reserve = 300'
check "a bad number is told with its line" wrong "3: tolerance must be a number, not 'much'" '' 'aim = 1' 'tolerance = much'
check "so is one out of bounds" wrong "1: tolerance must be from 0 to 100, not '101'" 'tolerance = 101' 'aim = x'
check "so is a group of pCPUs that there isn't" wrong "2: pin-to must be cpu, core, llc, node, auto or a number of pCPUs from 1 to 4096, not 'socket'" 'aim = 1' 'pin-to = socket'
check "a flag is yes or no" wrong "1: json must be yes or no, not 'perhaps'" 'json = perhaps'
check "a bad interval is told with its line" wrong "2: INTERVAL must be more than 0 seconds, not '0'" '#' 'interval = 0'
check "so is a key that stands there twice" wrong "2: aim stands there twice" 'aim = 1' 'aim = 2'
check "and a line that is none" wrong "2: neither a comment nor 'key = value'" 'aim = 1' 'tolerance' 'nonsense = 1'
check "and a section" wrong "1: the file has no sections" '[scheduler]' 'aim = 1'
check "and a line that is too long" wrong "2: the line is longer than" 'aim = 1' "exclude = $(printf 'x%.0s' {1..300})"
no_control_characters() {
    printf 'aim = 1\n\033[2Jx = 3\n' >"$conf"
    run vcpu_scheduler 12 --config "$conf"
    one_line_with 2 ":2: unknown key '?[2Jx'"
}
check "what is shown of it steers no terminal" no_control_characters
contradicts_itself() {
    lines 'once = yes' 'iterations = 3'
    run "$1" --check-config --config "$conf"
    one_line_with 2 "either --once or --iterations, not both ($conf counts, too)"
}
missing() {
    run "$1" 12 --config "$work/not/there"
    one_line_with 2 "$1: $work/not/there: No such file" || return 1
    run "$1" 12 --config "$work"
    one_line_with 2 "$work: Is a directory" || return 1
    run "$1" 12 --config
    one_line_with 2 "needs an argument"
}
understood() {
    lines 'interval = 5' 'json = yes' 'exclude = db*'
    run "$1" --check-config --config "$conf"
    expect status "$status" 0 && expect said "$(cat "$work/out" "$work/err")" "$conf: understood"
}
for name in $programs; do
    check "$name doesn't begin with a file that is wrong" wrong_at_the_start "$name"
    check "$name refuses a file that contradicts itself" contradicts_itself "$name"
    check "$name refuses a named file that can't be read" missing "$name"
    check "$name --check-config says that a file is fine" understood "$name"
done

# The program's own file, where it belongs, on a copy of /etc that nobody else sees; and none there.
own_file() {
    local name=$1 file=/etc/vmbalance/${1//_/-}.conf
    # shellcheck disable=SC2016 # for the inner shell
    unshare --mount bash -c 'mkdir "$1/upper" "$1/below" && mount -t tmpfs none "$1/upper" && mkdir "$1/upper/u" "$1/upper/w" &&
        mount -t overlay -o "lowerdir=/etc,upperdir=$1/upper/u,workdir=$1/upper/w" none /etc || exit 77
        rm -rf /etc/vmbalance
        "$2" --check-config && mkdir /etc/vmbalance && echo "interval = 0.1" >"$3" && "$2" --check-config &&
        "$2" -c test:///default --once && echo "nonsense = 1" >>"$3" && ! "$2" -c test:///default --once' _ \
        "$work" "${program[$name]}" "$file" >"$work/out" 2>"$work/err"
    status=$?
    cat "$work/out" "$work/err"
    rm -rf "$work/upper" "$work/below"
    [ "$status" -ne 77 ] || return 0 # no mounts here
    expect status "$status" 0 && grep -q "^$file: not there" "$work/out" && grep -q "^$file: understood" "$work/out" &&
        grep -qE '^[0-9:]{8}  (running|learning) ' "$work/out" && grep -q "$file:2: unknown key 'nonsense'" "$work/err"
}
for name in $programs; do
    check "$name reads its own file, which needn't be there" own_file "$name"
done

# What a running program takes anew. The lines say when each was carried out.
start() {
    local name=$1
    : >"$work/out"
    : >"$work/err"
    "${program[$name]}" --config "$conf" >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    until_true 30 test -s "$work/out"
}
stop() {
    kill "$pid"
    until_true 30 ended "$pid"
    wait "$pid"
    expect "status at the end" $? 0
}
last() {
    tail -n 1 "$work/out" | jq -r "$1"
}
is_now() {
    [ "$(last "$1")" = "$2" ]
}
told() {
    grep -qF -- "$1" "$work/err"
}
reloads() {
    lines 'interval = 0.1' 'connect = test:///default' 'json = yes' 'tolerance = 3'
    start vcpu_scheduler
    lines 'interval = 0.2' 'connect = test:///other' 'json = yes' 'tolerance = 7' 'dry-run = yes' 'keep-pins = yes' 'pin-to = core' 'exclude = t*'
    kill -HUP "$pid"
    until_true 30 told "settings read anew: interval 0.2 s, dry-run yes, exclude, tolerance 7, pin-to core; at the next start only: connect, keep-pins" &&
        until_true 30 is_now '[.interval_s, .plan.balance.tolerance_points, .dry_run, .guests[0].leave_alone] | join(" ")' '0.2 7 true excluded'
    local result=$?
    lines 'interval = 0.2' 'connect = test:///default' 'json = yes'
    kill -HUP "$pid"
    until_true 30 told "settings read anew: dry-run no, exclude, tolerance 4, pin-to cpu" &&
        until_true 30 is_now '[.plan.balance.tolerance_points, .dry_run, .guests[0].leave_alone // "no"] | join(" ")' '4 false no'
    result=$((result + $?))
    stop && expect "what was not seen" "$result" 0
    result=$?
    cat "$work/err"
    tail -n 1 "$work/out"
    return "$result"
}
check "SIGHUP has settings read anew" reloads
bad_file_changes_nothing() {
    lines 'interval = 0.1' 'connect = test:///default' 'json = yes' 'host-reserve = 700' 'exclude = t*'
    start memory_coordinator
    lines 'interval = 0.2' 'connect = test:///default' 'json = yes' 'host-reserve = lots'
    kill -HUP "$pid"
    until_true 30 told "settings stay as they are: $conf:4: host-reserve must be a number, not 'lots'"
    local result=$? decisions
    decisions=$(last .counters.decisions)
    until_true 30 is_later "$decisions"
    result=$((result + $?))
    expect "still in force" "$(last '[.interval_s, .plan.memory.host_reserve_kib / 1024, .guests[0].leave_alone] | join(" ")')" \
        "0.1 700 excluded"
    result=$((result + $?))
    stop && expect "what was not seen" "$result" 0
    result=$?
    cat "$work/err"
    return "$result"
}
is_later() {
    [ "$(last .counters.decisions)" -gt "$(($1 + 2))" ]
}
check "a bad file leaves the settings as they were" bad_file_changes_nothing

finish
