#!/usr/bin/env bash
# A program that runs is looked at and spoken to from other processes, and none of them keeps it from its work.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# start PROGRAM WORDS...: in the background; its number goes to $service, when it listens.
start() {
    local who=$1
    shift
    "${program[$who]}" 0.2 "${here[@]}" "$@" >"$work/service" 2>"$work/service.err" </dev/null &
    service=$!
    until_true 20 answers "$who" || { echo "it doesn't listen"; cat "$work/service.err"; return 1; }
}
answers() {
    "${program[$1]}" --ctl status "${here[@]}" >/dev/null 2>&1
}
stop() {
    kill "$service" && wait "$service"
}
# ctl STATUS WORDS COMMAND...: the command ends with STATUS and says WORDS.
ctl() {
    local wanted=$1 words=$2
    shift 2
    run "$who" "${here[@]}" --ctl "$@"
    expect "status of $*" "$status" "$wanted" && { [ "$wanted" = 0 ] || expect stdout "$(cat "$work/out")" ""; } &&
        grep -qF -- "$words" "$work/out" "$work/err" || { cat "$work/out" "$work/err"; return 1; }
}
decisions() {
    "${program[$who]}" "${here[@]}" --ctl status --json | jq .counters.decisions
}
decides_on() {
    local before
    before=$(decisions) && until_true 10 eval '[ "$(decisions)" -gt $((before + 3)) ]'
}

obeys() {
    start "$who" && ctl 0 "paused by the operator" pause && ctl 0 "paused already" pause && ctl 0 "one step: " step &&
        ctl 0 "test locked: left alone" lock test && ctl 0 "locked: test" status && ctl 0 "is locked already" lock test &&
        ctl 0 "test unlocked" unlock test && ctl 1 "there is no guest of that name" lock nobody &&
        ctl 1 "nothing is undone" undo && ctl 0 "running on" resume && ctl 0 "" force && ctl 0 "running, a decision every 0.2 s" status &&
        grep -q "paused by the operator" "$work/service"
}
ends_well() {
    stop
    expect "exit status" $? 0 && expect "what is left" "$(ls "$RUNTIME_DIRECTORY")" "" && expect stderr "$(cat "$work/service.err")" ""
}
nobody_there() {
    ctl 3 "no running program to speak to" status && ctl 3 "is not there" pause && run "$who" --attach --json "${here[@]}" &&
        expect "status of --attach" "$status" 3 && grep -q "no running program to attach to" "$work/err"
}
for who in $programs; do
    check "$who does what --ctl says, and ends with what came of it" obeys
    check "$who takes its socket with it" ends_well
    check "without a $who --ctl and --attach end with 3" nobody_there
done
who=vcpu_scheduler

watch_json() { # watch_json FILE: into it, in the background; its number goes to $watcher
    "${program[$who]}" --attach --json "${here[@]}" >"$1" 2>/dev/null </dev/null &
    watcher=$!
    until_true 10 test -s "$1"
}
lines_more_than() {
    [ "$(lines_of "$1")" -gt "$2" ]
}
# One is stopped, one is killed, one goes on, and the program does, too. Every line is whole.
watchers_dont_matter() {
    local stopped dead reader before
    start "$who" && watch_json "$work/a" && stopped=$watcher && watch_json "$work/b" && dead=$watcher &&
        watch_json "$work/c" && reader=$watcher || return 1
    kill -STOP "$stopped"
    kill -KILL "$dead"
    decides_on && before=$(lines_of "$work/c") && until_true 10 lines_more_than "$work/c" $((before + 3)) || return 1
    ctl 0 "paused by the operator" pause && ctl 0 "running on" resume || return 1
    kill -CONT "$stopped"
    before=$(lines_of "$work/a")
    until_true 10 lines_more_than "$work/a" $((before + 3)) || return 1
    kill "$stopped" "$reader"
    wait "$stopped" && wait "$reader" || { echo "a watcher failed"; return 1; }
    jq -es 'length > 5 and all(.format == 1 and .program == "vcpu_scheduler")' "$work/a" "$work/c" &&
        jq -es '[.[].log[].serial] | . == sort and length == (unique | length)' "$work/a"
}
check "watchers that are stopped or dead delay nobody, and those that go on miss no line of the log" watchers_dont_matter

shows_lines() {
    timeout 3 "${program[$who]}" --attach headless "${here[@]}" >"$work/lines" 2>"$work/err" </dev/null
    grep -q "event     attached to $who .*, process $service$" "$work/lines" && grep -qE '^[0-9:]{8}  running ' "$work/lines"
}
check "--attach headless prints lines" shows_lines

# What is written from outside is what the program itself writes, histogram and counters, too.
writes_metrics() {
    local file=$work/attached.prom
    timeout 20 "${program[$who]}" --attach headless "${here[@]}" --metrics "$file" >/dev/null 2>"$work/err" </dev/null &
    watcher=$!
    until_true 15 eval '[ "$(metric "$file" vmbalance_decisions_total)" -gt 3 ]'
    local seen=$?
    kill "$watcher"
    wait "$watcher"
    cat "$work/err"
    expect "decisions were seen" "$seen" 0 && "$top/tests/cli/check_metrics" "$file" >/dev/null &&
        expect "plans that were timed" "$(metric "$file" vmbalance_decision_duration_seconds_count)" "$(metric "$file" vmbalance_decisions_total)" &&
        expect "in the histogram" "$(awk '/_bucket/ && /Inf/ { print $NF }' "$file")" "$(metric "$file" vmbalance_decisions_total)" &&
        expect "errors" "$(metric "$file" vmbalance_errors_total)" 0
}
metric() {
    awk -v name="$2" 'index($0, name "{") == 1 || index($0, name " ") == 1 { print $NF; found = 1 } END { if (!found) print -1 }' "$1" 2>/dev/null || echo -1
}
check "--attach --metrics writes the running program's metrics" writes_metrics

comes_back() {
    watch_json "$work/d" && kill -KILL "$service" && wait "$service"
    until_true 10 grep -q '"state":"disconnected"' "$work/d" || return 1
    # The one that was killed has left its socket behind.
    expect sockets "$(find "$RUNTIME_DIRECTORY" -type s | wc -l)" 1 && start "$who" || return 1
    before=$(lines_of "$work/d")
    until_true 10 eval 'tail -n +$((before + 1)) "$work/d" | grep -q "\"state\":\"running\""' || return 1
    kill "$watcher" && wait "$watcher" && stop
}
check "when the program was killed watchers say so and go on with the next, which takes the dead one's socket" comes_back

says_how_to_attach() {
    start "$who" --state-dir "$work/state" || return 1
    run "$who" 1 "${here[@]}" --state-dir "$work/state" --once
    expect status "$status" 1 && grep -q "another instance is at work on this host: process $service " "$work/err" &&
        grep -qxF "$who: to look at it: $who --attach --connect test:///default" "$work/err" || { cat "$work/err"; return 1; }
    # A dry run goes on beside it, and leaves it what is its.
    run "$who" 0.1 "${here[@]}" --state-dir "$work/state" --dry-run --once
    expect "status of the dry run" "$status" 0 && expect "its stderr" "$(cat "$work/err")" "" && answers "$who" && stop
}
check "a second instance says who is at work and how to attach to it, a dry run goes on beside" says_how_to_attach

refuses_what_isnt_its_own() {
    local place=$RUNTIME_DIRECTORY/vcpu_scheduler.test-default-24d06001
    : >"$work/precious"
    ln -s "$work/precious" "$place"
    run "$who" 0.1 "${here[@]}" --once
    expect status "$status" 0 && grep -q "vcpu_scheduler: --attach can't reach this program: .* is a symbolic link" "$work/err" || return 1
    [ -L "$place" ] && [ -f "$work/precious" ] && rm "$place" && chmod 777 "$RUNTIME_DIRECTORY" || return 1
    run "$who" 0.1 "${here[@]}" --once
    expect status "$status" 0 && grep -q "may be written by others" "$work/err" || return 1
    ctl 3 "may be written by others" status && chmod 700 "$RUNTIME_DIRECTORY" || return 1
    run "$who" 0.1 "${here[@]}" --once --socket /dev/null
    expect "status with a place that can't be" "$status" 1 && grep -q "is no socket" "$work/err"
}
check "a link, a file and an open folder are refused with the reason, and the work is done" refuses_what_isnt_its_own

# Whoever plays a recording can be looked at where that is asked for.
listens_elsewhere() {
    "${program[$who]}" --replay "$top/docs/demo.recording" --socket "$work/run/play" >/dev/null 2>&1 </dev/null &
    service=$!
    until_true 10 eval '"${program[$who]}" --ctl pause --socket "$work/run/play"' &&
        "${program[$who]}" --ctl status --json --socket "$work/run/play" | jq -e '.replay and .paused and (.pcpus | length == 64)' &&
        stop
}
check "a replay listens where it's told to" listens_elsewhere

finish
