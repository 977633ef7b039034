#!/bin/bash
# What stands under the arrow of a sorted column is in that order, and figures that belong together agree.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

figures() { # the figures of %CPU, from top to bottom
    tui_screen | sed -n '/%CPU/,/─ log/p' | grep -oE '^.{3}[a-z]+[0-9]* +[0-9]+ +[0-9]+ ' | awk '{ print $NF }'
}

top() { # the name of the first guest
    tui_screen | sed -n '/ NAME .*%CPU/{n;p}' | grep -oE '[a-z]+[0-9]+' | head -n 1
}

# 24 guests whose loads are 3.5 points apart.
is_whole() {
    [ "$(figures | wc -l)" -ge 20 ]
}

# falls MARGIN: none is higher than one above it by more
falls() {
    figures | awk -v margin="$1" 'NR == 1 || $1 < least { least = $1 } $1 > least + margin { bad = 1 } END { exit bad || NR < 20 }'
}

t_begin "guests whose loads turn round come to stand in the order of the arrow again, and again"
tui_start 120x50 "$FIXTURE" guests=24 loads=mirror sample=1 interval=600
tui_see RUNNING "sort %CPU ▾"
for turn in 1 2; do
    name=$(top)
    t_poll 15 falls 4
    t_ok is_whole || tui_because
    # The loads turn round after twenty samples: another guest comes to the top.
    t_poll 40 eval '[ "$(top)" != "$name" ] && is_whole'
done
tui_key q
tui_end

t_begin "the balance is told as it is now, apart from what the last plan promised and brought"
tui_start 120x40 "$VCPU_SCHEDULER" --replay "$TOP/docs/demo.recording" --speed 20 --tui
tui_see "balance" "now" "last " " got "
tui_key q
tui_end

t_begin "the line of the host's memory adds up"
tui_start 120x40 "$MEMORY_COORDINATOR" --replay "$TOP/docs/memory.recording" --speed max --tui
tui_see ENDED "MiB to give"
line=$(tui_screen | grep -m 1 "MiB to give")
read -r available reserve kept give < <(sed -e 's/MiB to give.*//' <<<"$line" | grep -oE '[0-9]+ avail|[0-9]+ [rkm]|= [0-9]+' |
    grep -oE '[0-9]+' | tr '\n' ' ')
t_eq "available - reserve - may be touched" "$give" $((available - reserve - kept))
tui_key 4
tui_see " unused"
tui_key q
tui_end

t_begin "at 80 columns what was decided is told whole, as the sum stands above it"
tui_start 80x24 "$MEMORY_COORDINATOR" --replay "$TOP/docs/memory.recording" --speed max --tui
tui_see ENDED "MiB to give"
t_ok eval 'tui_screen | grep -E "^ last " | grep -qv "…"' || tui_because
tui_key q
tui_end

# units N: the units of the Nth column behind the balloons' bars
units() {
    tui_screen | grep '│ ' | sed 's/.*│ *//' | awk -v n="$1" '{ print $n }' | grep -oE '[KMGT]$' | sort -u | wc -l
}

t_begin "each column has one unit"
tui_start 200x60 "$FIXTURE" guests=30 still=1
tui_see RUNNING "SWAP/s"
for column in 1 2 3; do # size and maximum, used, unused
    t_eq "units of column $column" 1 "$(units $column)"
done
tui_key q
tui_end

t_done
