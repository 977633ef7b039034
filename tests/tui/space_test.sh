#!/bin/bash
# What the screen makes of its room, and what it shows beside CPU and memory.
set -u
TUI_TERM=xterm-256color
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

quit() {
    tui_key q
    tui_end
}
rows() { # rows of guests in view
    tui_screen | sed -nE 's/.*· 1-([0-9]+) of .*/\1/p'
}

t_begin "256 pCPUs of eight nodes leave room for guests at 80x24, two nodes a row"
tui_start 80x24 "$FIXTURE" pcpus=256 nodes=8 guests=60 vcpus=4 still=1
tui_see RUNNING "of 60"
t_ok eval 'tui_screen | grep -qE "^n0 .* n1 "' || tui_because
t_ok eval 'tui_screen | grep -qE "^n6 .* n7 "' || tui_because
t_ok eval '[ "$(rows)" -ge 6 ]' || tui_because
tui_size 200x60
tui_see "node 7"
quit

t_begin "pCPUs that are offline are one word, and no bars"
tui_start 80x24 "$FIXTURE" pcpus=8 offline=3 still=1
tui_see "pCPUs · offline 5-7" " 4 "
t_not eval 'tui_screen | grep -qE "^ +7 | 7 [█·]"' || tui_because
tui_key 2
tui_see "pCPUs 1-5 of 5"
quit

t_begin "what is wanted twice isn't what is wanted four times"
for crowd in 240 400; do
    tui_start 80x24 "$FIXTURE" pcpus=256 nodes=8 guests=60 still=1 crowd=$crowd
    tui_see RUNNING "n0  $((crowd / 100))"
    quit
done

t_begin "colours tell how far a pCPU's load is from the mean, or with m how much it is"
tui_start 80x24 "$FIXTURE" pcpus=4 nodes=1 guests=1 vcpus=1 still=1 crowd=95
tui_see " 95%"
coloured() { tui_screen -e | grep -qE "38;5;$1m *95%"; }
t_poll 10 coloured 196 || tui_because # far above the mean of the others
tui_key m
tui_see "colours tell their load"
t_poll 10 coloured 166 || tui_because # hot
quit

t_begin "the pressure of CPUs and of I/O stands behind that of memory, or below where there is no room"
words="CPU some 51.5 %   I/O some 3.2 full 1.1 %"
below() { tui_screen | grep -q "^ $words"; }
tui_start 160x40 "$FIXTURE" still=1
tui_see RUNNING
tui_key 4
tui_see "pressure some 0.0 full 0.0 %   $words"
tui_size 80x24
t_poll 10 below || tui_because
tui_size 160x40
tui_see "pressure some 0.0 full 0.0 %   $words"
t_not below || tui_because
quit

t_begin "that the host swaps and its tasks wait is told in the view of CPUs, too"
strain="pressure CPU 52 %, I/O 3 %"
tui_start 160x40 "$FIXTURE" still=1
tui_see RUNNING "─ pCPUs ─" "$strain"
tui_not_see "swap used"
tui_key 2
tui_see "vCPUs on pCPUs" "$strain"
quit
tui_start 120x40 "$FIXTURE" still=1 strain=1536
tui_see RUNNING "─ pCPUs ─" "swap used 1.5G  $strain"
tui_size 80x24
tui_not_see "$strain"
tui_key 4
tui_see "$words" "swap used 1.5"
quit

t_begin "help uses the width there is, and has a legend"
tui_start 200x60 "$FIXTURE" still=1
tui_see RUNNING
tui_key '?'
tui_see "help: vcpu_scheduler" "end the program" "▒▒▒▒         host" "twice, 3, 4"
tui_not_see "lines above"
t_ok eval '[ "$(tui_screen | grep -cE "^│.*(sort by|pause).*[a-z] {3,}.*[a-z]")" -gt 0 ]' || tui_because
tui_key Escape
quit

t_begin "a column with nothing in it leaves its room to LAST"
tui_start 120x40 "$FIXTURE" guests=9 swap=0
tui_see RUNNING LAST
tui_not_see SWAP/s
# One that is asked for is there all the same.
tui_key F6
tui_see "─ columns ─"
for _ in 1 2 3 4 5 6 7; do tui_key Down; done # from %CPU to SWAP/s
tui_key Space Space Escape
tui_see SWAP/s
quit

t_begin "the log stands beside the guests from 200 columns on"
tui_start 200x60 "$FIXTURE" still=1
tui_see RUNNING
t_ok eval 'tui_screen | grep -qE "─ guests ─.*─ log ─"' || tui_because
tui_size 199x60
t_poll 10 eval '! tui_screen | grep -qE "─ guests ─.*─ log ─"' || tui_because
quit

t_begin "disk, network and what else a QEMU does can be shown, and are measured only then"
tui_start 160x40 "$FIXTURE" guests=9
tui_see RUNNING "SWAP/s"
tui_not_see "DISK/s"
tui_key F6
tui_see "[ ] DISK/s" "[ ] NET/s" "[ ] OTHER" "[ ] POLL"
for _ in 1 2 3 4 5 6 7 8; do tui_key Down; done # from %CPU to DISK/s
tui_key Space Down Space Down Space Down Space Escape
tui_see DISK/s NET/s OTHER POLL
t_poll 10 eval 'tui_screen | grep -qE "1500K +320K +7 +3"' || tui_because
tui_key F6 Up Space Escape
quit

t_begin "a guest in detail has them, too"
tui_start 160x50 "$FIXTURE" guests=9
tui_see RUNNING
tui_key Enter
tui_see "beside its vCPUs" "7 % emulator and iothreads" "1M/s read" "320K/s out"
quit

t_begin "the memory sum adds up to the digit, and the log has the same figures"
tui_start 160x40 "$MEMORY_COORDINATOR" --replay "$TOP/docs/memory.recording" --speed 0.01 --tui
tui_see RUNNING
tui_key p
tui_see PAUSED
for _ in 1 2 3 4 5; do
    tui_key Escape
    tui_not_see "one step" "paused:"
    tui_key s
    tui_see "one step"
    tui_key Escape
    tui_not_see "one step"
    # shellcheck disable=SC2046 # words
    set -- $(tui_screen | sed -nE 's/^ memory  ([0-9]+) available − ([0-9]+) reserve − ([0-9]+) may be touched = ([0-9]+) MiB.*/\1 \2 \3 \4/p')
    t_eq "the sum" "$4" $(($1 - $2 - $3))
    t_ok eval "tui_screen | grep -qE '$1 MiB available - $2 reserve - '" || tui_because
done
quit

t_done
