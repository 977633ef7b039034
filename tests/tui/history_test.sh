#!/bin/bash
# What was: graphs of everything over one window, and decisions of the past that can be read while the program goes on.
set -u
TUI_TERM=xterm-256color
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

quit() {
    tui_key q
    tui_end
}
summary() { tui_screen | sed -n 3p; }
decisions() { # at least so many are kept
    tui_screen | grep -qE "PAST: decision of [0-9:]+, [0-9]+ of ([$1-9]|[1-9][0-9])"
}

t_begin "pCPUs, nodes, guests and vCPUs have graphs"
tui_start 120x40 "$FIXTURE" guests=9 sample=0.2 interval=2
tui_see RUNNING "─ pCPUs ── sd "
t_poll 10 eval "tui_screen | grep -E '^ node 0 ' | grep -q '[▁▂▃▄▅▆▇█]'" || tui_because
tui_key b
graph() { tui_screen | grep -E '^  [0-3] ' | grep -qE ' {10}[▁▂▃▄▅▆▇█]+ +[0-9]+%'; }
t_poll 10 graph || tui_because
tui_key b Enter
tui_see "each vCPU" "/0 want" "/0 run" "/0 wait" "moved"
for row in want run wait "/0 want" "/0 run"; do
    t_poll 10 eval "tui_screen | grep -E '^ $row ' | grep -q '[▁▂▃▄▅▆▇█]'" || tui_because
done
quit

t_begin "a move is a tick in the graphs of its guest"
tui_start 120x40 "$FIXTURE" guests=1 vcpus=1 nodes=1 pcpus=2 sample=0.2 interval=2
tui_see RUNNING
tui_key Enter
tui_see "moved"
tui_key r
t_poll 10 eval "tui_screen | grep -E '^ moved ' | grep -q '▴'" || tui_because
quit

t_begin "a click on a pCPU shows how it was"
tui_start 120x40 "$FIXTURE" guests=9 sample=0.2
tui_see RUNNING " node 0 "
row=$(($(tui_screen | grep -nE '^  0 ' | head -n 1 | cut -d: -f1)))
tui_type $'\033[<0;4;'"$row"$'M'
tui_see "─ pCPU 0, node 0 ─" "last 60 s"
t_poll 10 eval "tui_screen | grep 'last 60 s' | grep -q '[▁▂▃▄▅▆▇█]'" || tui_because
tui_key Escape
quit

t_begin "a decision of the past is read while the program goes on"
tui_start 120x40 "$FIXTURE" guests=9 sample=0.2 interval=1
tui_see RUNNING "pins 1 · 4 in all"
tui_key '('
tui_see " PAST " " s ago" "─ PAST: decision of" "Esc comes back to now"
tui_key '(' '('
tui_see " then " "expected" "tolerance 4"
t_ok eval 'tui_screen | grep -qE "^ \*  [a-z]+  vCPU [0-9]: [0-9] → [0-9]  demand"' || tui_because
shown=$(summary)
# More decisions come, and the one that is shown stays.
t_poll 15 decisions 7 || tui_because
t_eq "the same decision" "$shown" "$(summary)"
tui_key Escape
tui_see RUNNING "next in"
tui_not_see " PAST "
quit

t_begin "what acts, acts on what is now"
tui_start 120x40 "$FIXTURE" guests=9 sample=0.2 interval=1
tui_see RUNNING "pins 1 · 2 in all"
tui_key '('
tui_see " PAST "
tui_key p
tui_see PAUSED "paused: p runs on"
tui_not_see " PAST "
quit

t_begin "the axis can be clicked, and ( goes no further than what is kept"
tui_start 120x40 "$FIXTURE" guests=9 sample=0.2 interval=1
tui_see RUNNING "pins 1 · 3 in all"
# The youngest columns stand before the scale: one of them is a decision's.
column=$(tui_screen | sed -n 4p | grep -bo ' [0-9]*, 60 s' | head -n 1 | cut -d: -f1)
line=$(tui_screen | sed -n 4p)
column=$(printf '%s' "${line%% [0-9]*, 60 s*}" | wc -m)
tui_type $'\033[<0;'"$column"$';4M'
tui_see " PAST "
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do tui_key '('; done
tui_see "the oldest decision that is kept"
quit

t_begin "the same for memory, beside the stairs"
tui_start 120x40 "$MEMORY_COORDINATOR" --replay "$TOP/docs/memory.recording" --speed 20 --tui --view memory
tui_see RUNNING "─ host memory ── left "
t_poll 10 eval "tui_screen | grep 'host memory' | grep -q '[▁▂▃▄▅▆▇█]'" || tui_because
tui_see "60 s ─" "a column is 1.2 s"
tui_key t
tui_see "a column is 6.2 s"
tui_key '('
tui_see " PAST " "to give" "decision of"
tui_key 5
tui_see "─ PAST: decision of" "MiB available"
quit

t_done
