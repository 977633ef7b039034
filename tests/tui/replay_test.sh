#!/bin/bash
# The recording that ships with the documents, in the TUI: anybody can see it, nothing is needed, and what is decided is
# what the headless program decides.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

for program in vcpu_scheduler memory_coordinator; do
    binary=$VCPU_SCHEDULER recording=$TOP/docs/demo.recording
    [ $program = memory_coordinator ] && binary=$MEMORY_COORDINATOR recording=$TOP/docs/memory.recording

    t_begin "$program decides the same in the TUI and headless"
    "$binary" --replay "$recording" --speed max --headless --json >"$T_DIR/headless" 2>"$T_DIR/headless.err" </dev/null
    t_eq "exit status of headless" 0 $?
    jq -r 'if .kind == "early" then "early: " + .early_plan.summary else .plan.summary // empty end' \
        <"$T_DIR/headless" >"$T_DIR/decisions"
    t_ok test "$(wc -l <"$T_DIR/decisions")" -gt 5
    tui_start 240x100 "$binary" --replay "$recording" --speed max --tui
    tui_see ENDED REPLAY
    tui_key 5
    tui_see " lines"
    # The log's youngest decisions, youngest first: lines with a time that no operator and no event made.
    tui_screen | sed -nE 's/^ [0-9:]{8}   (.*[^ ]) *$/\1/p' >"$T_DIR/shown"
    t_ok test "$(wc -l <"$T_DIR/shown")" -ge 2
    while IFS= read -r line; do
        grep -qxF -- "${line#dry run: }" "$T_DIR/decisions" ||
            grep -qF -- "the recording" <<<"$line" || t_fail "decided only in the TUI: $line"
    done <"$T_DIR/shown"
    t_eq "the last decision" "$(grep -v '^early: ' "$T_DIR/decisions" | tail -n 1)" \
        "$(tui_screen | sed -nE 's/^ last  (.*[^ ]) *$/\1/p')"
    tui_key q
    tui_end
done

recording=$TOP/docs/demo.recording
t_begin "a replay pauses, steps, plays on and changes its speed"
tui_start 120x40 "$VCPU_SCHEDULER" --replay "$recording" --tui
tui_see "REPLAY x1" RUNNING "64 pCPUs"
tui_key ']'
tui_see "REPLAY x2"
tui_key '[' '['
tui_see "REPLAY x0.5"
tui_key p
tui_see PAUSED "would move"
tui_key +
tui_see "the interval stays"
tui_key d
tui_see "no dry run: a recording is played"
tui_not_see "DRY RUN"
tui_key u
tui_see "nothing is undone: this is a recording"
tui_key Escape
decided() { # how long the log is
    tui_screen | grep -m 1 -oE 'lines .* of [0-9]+'
}
tui_key 5
tui_see " lines"
t_poll 10 decided
before=$(decided)
tui_key s
t_poll 10 eval '[ "$(decided)" != "$before" ]'
tui_see PAUSED
tui_key p
tui_see RUNNING
tui_key q
tui_end

t_begin "64 pCPUs and 60 guests can be read at 80x24, 120x40 and 200x60"
tui_start 80x24 "$VCPU_SCHEDULER" --replay "$recording" --speed max --tui
tui_see ENDED "node 0" "node 1" "most"
tui_size 120x40
tui_see "mean" " 63 "
tui_size 200x60
tui_see "node 0  mean" "vCPU→pCPU (demand)"
tui_key 2
tui_see "pCPUs 1-64 of 64"
tui_key q
tui_end

t_done
