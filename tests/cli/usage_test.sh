#!/usr/bin/env bash
# What the programs refuse on the command line, and what they print when asked for help.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
without_sanitizers # options_fuzz has them read with

# Refused: status 2, nothing on stdout, on stderr one line that begins with the program's name, has the words that say
# what is wrong, and names the way out.
refused() {
    local name=$1 words=$2 bad=0
    shift 2
    run "$name" "$@"
    expect status "$status" 2 || bad=1
    expect "lines on stdout" "$(lines_of "$work/out")" 0 || bad=1
    expect "lines on stderr" "$(lines_of "$work/err")" 1 || bad=1
    grep -q "^$name: " "$work/err" || bad=1
    grep -qF -- "$words" "$work/err" || bad=1
    grep -qF -- "$name --help" "$work/err" || bad=1
    cat "$work/err"
    return "$bad"
}

for name in $programs; do
    while IFS='|' read -r arguments words; do
        # shellcheck disable=SC2086 # words on purpose
        check "$name refuses '$arguments'" refused "$name" "$words" $arguments
    done <<'END'
|INTERVAL is missing
headless|INTERVAL is missing
--tui|INTERVAL is missing
0|more than 0
-3|more than 0
-3 headless|more than 0
-0.5|more than 0
0.001|from 0.01 to 86400
abc|a number of seconds
12s|a number of seconds
1e99|from 0.01 to 86400
nan|a number of seconds
inf|a number of seconds
-inf|unknown option
0x10|a number of seconds
12 13|only one INTERVAL
12 -3|more than 0
12 gui|unknown word 'gui'
12 headless tui|not both
12 --tui --headless|not both
12 --tui --json|--json
12 --tui --csv file|--csv
12 --view map|--view goes with --tui
12 --refresh 2 headless|--refresh goes with --tui
12 --filter web --json|--filter goes with --tui
12 --tui --view detail|--view must be one of overview, map, guests, memory, log, not 'detail'
12 --tui --sort beauty|--sort must be one of name, id, cpu,
12 --tui --sort --tui|--sort must be one of
12 --tui --refresh 0|--refresh must be from 0.1 to 60
12 --tui --refresh fast|--refresh must be from 0.1 to 60
12 --tui --color sometimes|--color must be one of auto, never, always
12 --tui --theme pink|--theme must be one of default, dark, light, contrast
12 --tui --filter 0123456789012345678901234567890123456789012345678901234567890123|--filter takes up to 63
12 --tui --filter|needs an argument
12 --frobnicate|unknown option '--frobnicate'
12 -x|unknown option '-x'
12 --once=3|takes no argument
12 -n|-n needs an argument
12 -n 0|whole number
12 -n -3|whole number
12 -n 2.5|whole number
12 --once -n 2|not both
12 --connect|needs an argument
12 --re|ambiguous
12 --speed 2|needs --replay
12 --replay-compare|needs --replay
--replay x --io|--io
--replay x --speed fast|--speed
--replay x -c test:///default|--connect
--restore --tui|--restore
--restore --no-ledger|--no-ledger
12 --no-ledger --state-dir /x|--no-ledger
END
done
check "vcpu_scheduler refuses a tolerance out of bounds" refused vcpu_scheduler "from 0 to 100" 12 --tolerance 101
check "vcpu_scheduler refuses a tolerance that is no number" refused vcpu_scheduler "a number" 12 --tolerance much
for size in 0 nodes 2.5 5000 ''; do
    check "vcpu_scheduler refuses to pin to '$size'" refused vcpu_scheduler "--pin-to must be cpu, core, llc, node, auto or a number" 12 --pin-to "$size"
done
check "vcpu_scheduler has no --host-reserve" refused vcpu_scheduler "unknown option" 12 --host-reserve 300
check "memory_coordinator refuses a negative reserve" refused memory_coordinator "from 0" 12 --host-reserve -1
check "memory_coordinator refuses a reserve that is no number" refused memory_coordinator "a number" 12 --host-reserve nan
check "memory_coordinator has no --tolerance" refused memory_coordinator "unknown option" 12 --tolerance 3

no_newline_gets_through() {
    run vcpu_scheduler "$(printf '1\n2\033[31m')"
    expect status "$status" 2 && expect lines "$(lines_of "$work/err")" 1 && ! grep -q $'\033' "$work/err"
}
check "a word with control characters is shown on one line" no_newline_gets_through

asked_for() {
    local name=$1 option=$2 words=$3
    run "$name" $option # words on purpose
    expect status "$status" 0 && expect "lines on stderr" "$(lines_of "$work/err")" 0 && grep -qF -- "$words" "$work/out"
}
for name in $programs; do
    for option in -h --help "12 --help" "--help abc"; do
        check "$name $option" asked_for "$name" "$option" "Usage: $name INTERVAL"
    done
    for option in -V --version; do
        check "$name $option" asked_for "$name" "$option" "$name "
    done
done

needs_terminal() {
    run "$1" 12 --tui
    expect status "$status" 1 && expect "lines on stdout" "$(lines_of "$work/out")" 0 &&
        expect "lines on stderr" "$(lines_of "$work/err")" 1 && grep -q terminal "$work/err"
}
for name in $programs; do
    check "$name --tui without a terminal" needs_terminal "$name"
done

finish
