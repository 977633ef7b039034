#!/bin/bash
# What is sent to the terminal: nothing while nothing changes, little when something does.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

sent() { # bytes sent since tui_listen
    stat -c %s "$T_DIR/sent"
}

tui_listen() {
    : >"$T_DIR/sent"
    tui_mux pipe-pane "cat >>'$T_DIR/sent'"
}

has_sent() { # has_sent BYTES: at least that many
    [ "$(sent)" -ge "$1" ]
}

for view in 1 2 3 4 5; do
    t_begin "reports that change nothing send nothing in view $view"
    tui_start 120x40 "$FIXTURE" still=1 sample=0.1 guests=30
    tui_see RUNNING
    tui_key "$view"
    tui_see "q quit"
    # A key that changes something shows that the pipe works; then its message goes, and twenty reports come.
    tui_listen
    tui_key Y
    tui_see "Y does nothing here"
    tui_key Escape
    tui_not_see "Y does nothing here"
    t_ok has_sent 10
    tui_listen
    sleep 2
    t_eq "bytes sent" 0 "$(sent)"
    tui_key q
    tui_end
done

for program in cpu memory; do
    for size in 80x24 120x40 200x60; do
        t_begin "a refresh of 30 guests of the $program program sends less than 4 KB at $size"
        tui_start "$size" "$FIXTURE" program=$program guests=30 pcpus=16 sample=0.1 interval=1.2
        tui_see RUNNING
        tui_listen
        t_poll 20 has_sent 20000
        # When the newest decision was, by the log: not every size has room for their count.
        decided_s() {
            tui_screen | grep -oE '[0-9]{2}:[0-9]{2}:[0-9]{2}' | head -n 1 | awk -F: '{ print $1 * 3600 + $2 * 60 + $3 }'
        }
        # Ten refreshes a second.
        tui_listen
        from=$(decided_s)
        t_poll 30 eval '[ "$(decided_s)" -ge $((from + 5)) ]'
        t_between "bytes per refresh" 1 4096 $(($(sent) / (($(decided_s) - from) * 10)))
        tui_key q
        tui_end
    done
done

t_done
