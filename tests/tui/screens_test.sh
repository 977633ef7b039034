#!/bin/bash
# Whole screens of a made-up host that stands still, compared with those stored in screens/. After a change that is
# meant to show: UPDATE=1 tests/tui/screens_test.sh, and look at what git says has changed.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

views() { # views NAME
    t_begin "the overview, $1"
    tui_stored "$1-overview"
    t_begin "the map, $1"
    tui_key 2
    tui_see load
    tui_stored "$1-map"
    t_begin "the guests, $1"
    tui_key 3
    tui_not_see load
    tui_stored "$1-guests"
    t_begin "memory, $1"
    tui_key 4
    tui_stored "$1-memory"
    t_begin "the log, $1"
    tui_key 5
    tui_stored "$1-log"
    t_begin "a guest in detail, $1"
    tui_key 1 Enter
    tui_see uuid
    tui_stored "$1-detail"
    t_begin "help, $1"
    tui_key Escape 1 '?'
    tui_see "help:"
    tui_stored "$1-help"
    tui_key Escape
    tui_not_see "help:"
    t_begin "paused, $1"
    tui_key p
    tui_see PAUSED "paused:"
    tui_key Escape
    tui_not_see "paused:"
    tui_stored "$1-paused"
    tui_key q
    tui_end
}

for size in 200x60 120x40 80x24 40x10; do
    t_begin "vcpu_scheduler comes up at $size"
    tui_start "$size" "$FIXTURE" still=1 guests=12
    tui_see RUNNING
    views "cpu-$size"
done
for size in 120x40 80x24; do
    t_begin "memory_coordinator comes up at $size"
    tui_start "$size" "$FIXTURE" still=1 program=memory guests=12
    tui_see RUNNING
    views "memory-$size"
done
t_begin "vcpu_scheduler comes up in ASCII"
TUI_LOCALE=C
tui_start 80x24 "$FIXTURE" still=1 guests=12
tui_see RUNNING
views "cpu-80x24-ascii"
TUI_LOCALE=C.UTF-8

t_begin "64 pCPUs and 200 vCPUs"
tui_start 120x40 "$FIXTURE" still=1 guests=60 vcpus=4 pcpus=64 nodes=4
tui_see RUNNING
tui_stored "wide-overview"
tui_key 2
tui_see load
tui_stored "wide-map"
tui_key F
tui_stored "wide-map-unfolded"
tui_key q
tui_end

t_done
