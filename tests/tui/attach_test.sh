#!/bin/bash
# The screen of a program that runs elsewhere: the same screen and the same keys, and what is decided is that one's affair.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

here=(-c test:///default)

# The program under test, headless, at the work that the words say; $service is its number.
serve() {
    "$VCPU_SCHEDULER" "$@" >"$T_DIR/service" 2>&1 </dev/null &
    service=$!
}
ctl() {
    "$VCPU_SCHEDULER" --ctl "$@" >"$T_DIR/ctl" 2>&1 </dev/null
}
stop() {
    kill "$1" 2>/dev/null
    wait "$1"
    t_eq "the program's exit status" "${2:-0}" $?
}

t_begin "keys act on the running program, and q leaves it as it is"
serve 1 "${here[@]}"
t_poll 10 ctl status "${here[@]}"
tui_start 120x36 "$VCPU_SCHEDULER" --attach "${here[@]}"
tui_see "vcpu_scheduler attached" "test:///default" RUNNING "3 pCPUs" "1 guest · 2 vCPUs" " test " "attached to vcpu_scheduler"
tui_key p
tui_see PAUSED "paused"
t_poll 10 eval 'ctl status "${here[@]}"; grep -q "^paused" "$T_DIR/ctl"'
tui_key s
tui_see "one step"
tui_key l
tui_see "L test " "test locked"
t_poll 10 eval 'ctl status "${here[@]}"; grep -q "^locked: test" "$T_DIR/ctl"'
t_ok ctl unlock test "${here[@]}"
tui_not_see "L test "
tui_key u
tui_see "nothing is undone"
tui_key +
tui_see "a decision every 2 s"
tui_key d
tui_see "DRY RUN"
tui_key d p
tui_see RUNNING
tui_key Enter
tui_see "manages it"
tui_key q
tui_end
tui_modes_restored
t_ok ctl status "${here[@]}"
t_ok grep -q "^running, a decision every 2 s" "$T_DIR/ctl"

t_begin "a screen that is stopped doesn't hold the program, and goes on where that is then"
tui_start 120x36 "$VCPU_SCHEDULER" --attach "${here[@]}"
tui_see RUNNING
screen=$(tui_pid)
kill -STOP "$screen"
decided() {
    "$VCPU_SCHEDULER" --ctl status --json "${here[@]}" | jq .counters.decisions
}
before=$(decided)
t_poll 20 eval '[ "$(decided)" -gt $((before + 2)) ]'
t_ok ctl pause "${here[@]}"
kill -CONT "$screen"
tui_see PAUSED

t_begin "when the program ends the screen says so, and goes on with the next one"
stop "$service"
tui_see DISCONNECTED "no connection" "vcpu_scheduler isn't running" "c: now"
tui_key s
tui_see "no step: there is no connection"
serve 1 "${here[@]}"
tui_see RUNNING
tui_not_see DISCONNECTED
tui_key q
tui_end
stop "$service"

t_begin "each screen shows how the other program is where that runs"
"$MEMORY_COORDINATOR" 1 "${here[@]}" >"$T_DIR/other" 2>&1 </dev/null &
other=$!
t_poll 10 "$MEMORY_COORDINATOR" --ctl status "${here[@]}"
tui_start 120x36 "$VCPU_SCHEDULER" 1 --tui "${here[@]}"
tui_see RUNNING "memory_coordinator running"
t_ok "$MEMORY_COORDINATOR" --ctl pause "${here[@]}"
tui_see RUNNING "memory_coordinator paused"
stop "$other"
tui_not_see "memory_coordinator"
"$MEMORY_COORDINATOR" 1 "${here[@]}" --dry-run >"$T_DIR/other" 2>&1 </dev/null &
other=$!
tui_see "memory_coordinator running, dry run"
stop "$other"
tui_key q
tui_end

t_begin "without a program to attach to it ends with 3 and leaves the terminal alone"
tui_start 80x24 "$VCPU_SCHEDULER" --attach "${here[@]}"
tui_end 3
tui_see "no running program to attach to"
tui_modes_restored

t_begin "what a program's own screen shows of many guests, one that is attached shows, too"
recording=$TOP/docs/demo.recording
# How the one that listens at $1 is.
how() {
    "$VCPU_SCHEDULER" --ctl status --json --socket "$1" | jq -r "$2"
}
# Plays it up to its fifth decision, and waits until the sixth is due, where time stands still, and the screen has it.
play_on() {
    t_poll 10 ctl pause --socket "$1"
    until [ "$(how "$1" .counters.decisions)" -ge 5 ]; do
        t_ok ctl step --socket "$1" || return
    done
    t_poll 20 eval '[ "$(how "$1" .preview.summary)" != null ]'
    t_eq "decisions" 5 "$(how "$1" .counters.decisions)"
    tui_see PAUSED "$(how "$1" .preview.summary | cut -c 1-40)"
}
# Guests with all their figures, and what was decided: what stands still while it is paused. Rows near each other may
# stand in another order, as rows keep still within a figure's noise, and the cursor is on the first.
shown() {
    tui_see " guests " "NAME"
    tui_not_see " log "
    tui_screen | sed -e '1,/NAME/d' -e '$d' -e 's/^▸/ /' | sort
}
# The log, without when it was decided to stand still.
logged() {
    tui_see "lines"
    tui_screen | grep -E '^ ([0-9:]{8}|        ) [ *!] ' | grep -v "attached to\|paused by\|one step"
}
mkdir -p "$T_DIR/sockets" && chmod 700 "$T_DIR/sockets"
tui_start 200x90 "$VCPU_SCHEDULER" --replay "$recording" --tui --socket "$T_DIR/sockets/own"
play_on "$T_DIR/sockets/own"
tui_key 3
shown >"$T_DIR/own"
tui_key 5
logged >"$T_DIR/own.log"
tui_key q
tui_end
serve --replay "$recording" --socket "$T_DIR/sockets/play"
t_poll 10 ctl pause --socket "$T_DIR/sockets/play"
tui_start 200x90 "$VCPU_SCHEDULER" --attach --socket "$T_DIR/sockets/play"
tui_see "vcpu_scheduler attached" REPLAY "64 pCPUs"
play_on "$T_DIR/sockets/play"
tui_key 3
shown >"$T_DIR/attached"
t_ok test "$(grep -c '[0-9]' "$T_DIR/own")" -gt 40
t_eq "guests" "$(cat "$T_DIR/own")" "$(cat "$T_DIR/attached")"
tui_key 5
logged >"$T_DIR/attached.log"
t_ok test "$(grep -c "→" "$T_DIR/own.log")" -gt 3
t_eq "the log" "$(cat "$T_DIR/own.log")" "$(cat "$T_DIR/attached.log")"
tui_key q
tui_end
stop "$service"

t_done
