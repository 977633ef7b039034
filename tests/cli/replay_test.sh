#!/usr/bin/env bash
# Recordings: what is recorded is decided again in the same way, by either face's loop, without a hypervisor.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# The reserve makes the host short of memory, so that there is something to decide.
record() {
    local name=$1 settings=()
    [ "$name" = memory_coordinator ] && settings=(--host-reserve 3000)
    run "$name" 0.1 "${here[@]}" "${settings[@]}" -n 6 --json --record "$work/$name.record"
    cp "$work/out" "$work/$name.live"
    expect status "$status" 0 && expect decisions "$(lines_of "$work/out")" 6
}
replayed() {
    local name=$1
    run "$name" --replay "$work/$name.record" --replay-compare --speed max --json
    cat "$work/err"
    expect status "$status" 0 && grep -q "^$name: 6 decisions, all as recorded$" "$work/err"
}
# What is planned, and what came of it, in each decision.
plans() {
    jq -c '[.plan.summary, (.plan.actions | map([.guest, .name, .vcpu, .to_cpu, .to_kib, .reason, .result]))]' "$1"
}
same_plans() {
    local name=$1
    run "$name" --replay "$work/$name.record" --speed max --json
    expect plans "$(plans "$work/out" | wc -l)" 6 && diff <(plans "$work/$name.live") <(plans "$work/out")
}
for name in $programs; do
    check "$name --record" record "$name"
    check "$name --replay --replay-compare finds no difference" replayed "$name"
    check "$name --replay plans what was planned live" same_plans "$name"
done

settings_are_kept() {
    run memory_coordinator 0.1 "${here[@]}" -n 3 --host-reserve 2900 --step 7 --record "$work/settings"
    run memory_coordinator --replay "$work/settings" --replay-compare --speed max
    expect status "$status" 0
}
check "a recording brings its settings along" settings_are_kept

something_to_compare() {
    expect "actions of the coordinator" "$(jq -s 'map(.plan.actions | length) | add > 0' "$work/memory_coordinator.live")" true
}
check "there are actions to compare" something_to_compare

differs() {
    run memory_coordinator --replay "$work/memory_coordinator.record" --replay-compare --speed max --guest-floor 1900
    cat "$work/out" "$work/err"
    expect status "$status" 1 && grep -qE "^memory_coordinator: [1-6] of 6 decisions differ" "$work/err" &&
        grep -qE "  event +decision [0-9]+ differs: " "$work/out"
}
check "--replay-compare names differences and fails" differs

other_program() {
    run vcpu_scheduler --replay "$work/memory_coordinator.record" --speed max
    cat "$work/err"
    expect status "$status" 0 && expect decisions "$(grep -c '  running ' "$work/out")" 6 || return 1
    run vcpu_scheduler --replay "$work/memory_coordinator.record" --speed max --replay-compare
    expect status "$status" 1 && expect "lines on stderr" "$(lines_of "$work/err")" 1
}
check "a recording of the other program can be played, but not compared" other_program

iterations() {
    run vcpu_scheduler --replay "$work/vcpu_scheduler.record" --speed max -n 2 --json
    expect status "$status" 0 && expect decisions "$(lines_of "$work/out")" 2
}
check "-n ends a replay early" iterations

recorded_again() {
    run memory_coordinator --replay "$work/memory_coordinator.record" --speed max --record "$work/again"
    run memory_coordinator --replay "$work/again" --replay-compare --speed max
    cat "$work/err"
    expect status "$status" 0 && grep -q "6 decisions, all as recorded" "$work/err"
}
check "a replay can be recorded" recorded_again

# The same recording, played headless and on a screen (of a terminal made by script), is decided in the same way: what is
# recorded of both is the same.
decided() {
    tail -n +2 "$1"
}
all_decided() {
    [ -e "$2" ] && [ "$(lines_of "$2")" -ge "$(lines_of "$1")" ]
}
both_faces() {
    local name=$1 pid=$work/pid.$1 result
    run "$name" --replay "$work/$name.record" --speed max --record "$work/headless.$name"
    expect status "$status" 0 || return 1
    # shellcheck disable=SC2016 # the inner shell's own $$
    TERM=xterm script -qec "exec sh -c 'echo \$\$ >$pid; exec ${program[$name]} --replay $work/$name.record --speed max \
        --record $work/tui.$name --tui'" /dev/null >/dev/null </dev/null &
    until_true 60 all_decided "$work/headless.$name" "$work/tui.$name"
    result=$?
    kill "$(cat "$pid")"
    wait $!
    expect "all was played" "$result" 0 && expect samples "$(("$(lines_of "$work/headless.$name")" > 6))" 1 &&
        diff <(decided "$work/headless.$name") <(decided "$work/tui.$name")
}
for name in $programs; do
    check "$name decides the same headless and on a screen" both_faces "$name"
done

# no_recording FILE
no_recording() {
    run vcpu_scheduler --replay "$1"
    cat "$work/err"
    expect status "$status" 1 && expect "lines on stderr" "$(lines_of "$work/err")" 1 &&
        expect "lines on stdout" "$(lines_of "$work/out")" 0
}
echo '{"a": 1}' >"$work/no"
: >"$work/empty"
check "a file that is no recording" no_recording "$work/no"
check "an empty file" no_recording "$work/empty"
check "a file that isn't there" no_recording "$work/missing"
check "a folder" no_recording "$work"

unwritable() {
    run vcpu_scheduler 0.1 "${here[@]}" -n 1 --record "$work/missing/file"
    cat "$work/err"
    expect status "$status" 1 && expect "lines on stderr" "$(lines_of "$work/err")" 1
}
check "a recording that can't be written is told at once" unwritable

full_disk() {
    run vcpu_scheduler 0.1 "${here[@]}" -n 3 --record /dev/full
    cat "$work/out" "$work/err"
    # The header can't be written either, which is found before anything is done.
    expect status "$status" 1 && expect "lines on stderr" "$(lines_of "$work/err")" 1
}
check "a full disk is told at once" full_disk
# Room for the header and a sample or two, not for all.
runs_out() {
    (ulimit -f 8 && trap '' XFSZ && exec "${program[vcpu_scheduler]}" 0.1 "${here[@]}" -n 12 --record "$work/short") \
        >"$work/out" 2>"$work/err" </dev/null
    status=$?
    cat "$work/out" "$work/err"
    expect status "$status" 0 && expect decisions "$(grep -c '  running ' "$work/out")" 12 &&
        expect "words about it" "$(grep -c 'recording stops' "$work/err")" 1
}
check "a disk that fills up stops the recording, not the program" runs_out

# The makers of the recordings in docs ask the policies as the engine does: what they decide comes out again. Simulated hosts
# and replays run with sanitizers elsewhere.
without_sanitizers
makers=build/tests/sim
flock "$top/build.mk" make -s -C "$top" $makers/make_recording_main $makers/make_memory_recording_main >/dev/null
made() {
    "$top/$makers/$2" "$work/made.$1" "${@:3}" >/dev/null && run "$1" --replay "$work/made.$1" --replay-compare --speed max --json || return 1
    cat "$work/err"
    expect status "$status" 0 && grep -qE "^$1: [1-9][0-9] decisions, all as recorded$" "$work/err"
}
pinned_to_cores() {
    made vcpu_scheduler make_recording_main 120 4 core || return 1
    expect "pins to other than two threads" "$(jq -s '[.[].plan.actions[].to_cpus | select(test("^[0-9]+,[0-9]+$") | not)] | length' "$work/out")" 0 &&
        expect "moves from group to group" "$(jq -s '[.[].plan.actions[] | select(.from_group)] | length > 0' "$work/out")" true
}
check "a recording made of a simulated host is decided as it was made" made vcpu_scheduler make_recording_main
check "so is one in which vCPUs are pinned to cores" pinned_to_cores
check "and one of memory that becomes short" made memory_coordinator make_memory_recording_main

finish
