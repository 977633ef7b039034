#!/bin/bash
# Whole screens of the recorded hosts, compared with those stored in screens/: every view at every size, in UTF-8 and
# ASCII, with and without colours. The replays are paused at a decision, so that nothing moves. After a change that is
# meant to show, in a screen or in what is decided: UPDATE=1 tests/tui/screens_test.sh, and look at what git says.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# replay NAME WxH RECORDING STEPS: plays it, hardly moving by itself, paused before the decision after so many steps
replay() {
    local program=$VCPU_SCHEDULER i
    case $1 in memory*) program=$MEMORY_COORDINATOR ;; esac
    t_begin "$1 comes up at $2"
    mkdir -p "$T_DIR/sockets" && chmod 700 "$T_DIR/sockets"
    tui_start "$2" "$program" --replay "$TOP/docs/$3.recording" --speed 0.01 --tui --socket "$T_DIR/sockets/$1"
    tui_see RUNNING
    tui_key p
    tui_see PAUSED "paused:"
    for ((i = 0; i < $4; i++)); do
        t_ok "$program" --ctl step --socket "$T_DIR/sockets/$1" >"$T_DIR/ctl" || return
    done
    tui_key Escape
    tui_not_see "paused:"
    tui_see "next  would "
}

# views NAME: the views of what is on the screen, one after the other
views() {
    t_begin "the overview, $1"
    tui_key 1 Home
    tui_stored "$1-overview"
    t_begin "the map, $1"
    tui_key 2
    tui_stored "$1-map"
    t_begin "the guests, $1"
    tui_key 3
    tui_stored "$1-guests"
    t_begin "memory, $1"
    tui_key 4
    tui_stored "$1-memory"
    t_begin "the log, $1"
    tui_key 5
    tui_stored "$1-log"
    t_begin "a guest in detail, $1"
    tui_key 1 Enter
    tui_stored "$1-detail"
    t_begin "help, $1"
    tui_key Escape '?'
    tui_stored "$1-help"
    tui_key Escape
    tui_not_see "help: "
}

quit() {
    tui_key q
    tui_end
}

# Each size follows the one before in the same run.
sizes() { # sizes NAME WxH...
    local name=$1 size
    shift
    for size in "$@"; do
        tui_size "$size"
        views "$name-$size"
    done
    t_begin "$name, too small"
    tui_size 30x5
    tui_stored "$name-30x5"
    tui_size 80x24
    tui_stored "$name-80x24-overview"
    quit
}

replay cpu 200x60 demo 2
sizes cpu 200x60 120x40 80x24 40x10
replay memory 200x60 memory 35
sizes memory 200x60 120x40 80x24 40x10

TUI_LOCALE=C
replay cpu 80x24 demo 2
views cpu-80x24-ascii
quit
replay memory 80x24 memory 35
views memory-80x24-ascii
quit
TUI_LOCALE=C.UTF-8

replay cpu 120x40 demo 2
t_begin "the map of 64 pCPUs and 189 vCPUs, unfolded, and further down"
tui_key 2 '*'
tui_stored cpu-120x40-map-unfolded
tui_key NPage NPage
tui_stored cpu-120x40-map-below
quit

t_begin "the overview of a recording at its end"
tui_start 120x40 "$VCPU_SCHEDULER" --replay "$TOP/docs/demo.recording" --speed max --tui
tui_see ENDED
tui_stored cpu-120x40-ended
quit

# Colours are in the stored screen, too. Those of blanks depend on what was there before, unless all is drawn anew.
colours() { # colours NAME TERM [VAR=VALUE]
    TUI_TERM=$2 TUI_ENV=("${@:3}")
    TUI_STORED_WITH=-e
    replay memory 80x24 memory 35
    t_begin "memory at 80x24, $1"
    tui_key 4
    tui_see "guests' memory"
    tui_key C-l
    tui_stored "memory-80x24-$1"
    quit
    replay cpu 80x24 demo 2
    t_begin "the overview at 80x24, $1"
    tui_key C-l
    tui_stored "cpu-80x24-$1"
    quit
    TUI_TERM=tmux-256color TUI_ENV=() TUI_STORED_WITH=
}
colours 256-colours tmux-256color
colours 8-colours screen
colours no-color tmux-256color NO_COLOR=1
colours vt100 vt100

t_done
