#!/bin/bash
# Pinned to groups of pCPUs: which pCPUs are one group, what is asked of it, which vCPUs are in it and where they ran.
set -u
TUI_TERM=xterm-256color
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

quit() {
    tui_key q
    tui_end
}
click() { # click X Y, from 1
    tui_type $'\033'"[<0;$1;$2M"$'\033'"[<0;$1;$2m"
}
shows() { # an extended regular expression
    tui_screen | grep -qE -- "$1"
}
see() {
    t_poll 10 shows "$1" || tui_because
}

t_begin "pCPUs of one core stand beside each other with a bracket and the core's load"
tui_start 120x40 "$FIXTURE" pcpus=8 nodes=1 guests=12 still=1 groups=core
tui_see RUNNING "─ pCPUs in groups: core ─"
t_ok eval '[ "$(tui_screen | grep -oE "^ +[0-9] [█▉▊▋▌▍▎▏▒░·]" | grep -oE "[0-9]" | head -n 4 | tr "\n" " ")" = "0 4 1 5 " ]' || tui_because
count() { tui_screen | grep -oE "$1" | wc -l; }
t_eq "groups begin and end" "4 4" "$(count '[0-9]%┐ *[0-9]+%') $(count '[0-9]%┘ ')"
# The load of the first core: both figures, of 1.3 pCPUs that it gets done.
read -r one other core < <(tui_screen | grep -oE '^ +[04] .*%[┐┘]( *[0-9]+%)?' | grep -oE '[0-9]+%' | tr -d '%' | tr '\n' ' ')
read -r one core other < <(echo "$one $other $core")
t_between "the core's load" $(((one + other) * 10 / 13 - 1)) $(((one + other) * 10 / 13 + 1)) "$core"
# Its balance is that of groups, not of pCPUs.
sd() { tui_screen | grep -oE 'sd [0-9.]+ now' | grep -oE '[0-9.]+'; }
expected=$(tui_screen | grep -oE '┐ *[0-9]+%' | grep -oE '[0-9]+' | awk '{ n++; s += $1; q += $1 * $1 } END { printf "%.1f", sqrt(q / n - s * s / n / n) }')
t_between "sd" "$(awk "BEGIN { print $expected - 0.6 }")" "$(awk "BEGIN { print $expected + 0.6 }")" "$(sd)"

t_begin "a vCPU's group is told where it is listed, and told apart from a rule of others' and from floating"
see ' [0-9]→[0-3],[4-7] '
see '[ %┐┘]~[a-z]+[0-9]*/'
see '[ %┐┘]=[a-z]+[0-9]*/'
tui_key 2
tui_see "vCPUs on pCPUs"
see '^   group +┌─+[0-9]+%─+┐'
see '─  '
see '[^─]=( |$)'
see '·  '
tui_key 1
tui_see "─ guests ─"
tui_key Enter
tui_see "what binds it"
see 'group [0-3],[4-7] '
tui_key Escape

t_begin "a click on a pCPU shows its group, and who is in it elsewhere"
row=$(tui_screen | grep -nE '^  0 ' | cut -d: -f1)
click 6 "$row"
tui_see "pCPU 0, node 0" "group 0,4: " "asked of it, where 100% is 1.3 pCPUs"
see ' 0 +[0-9]+% .* group'
see ' 4 +[0-9]+% .* group'
tui_key Escape
quit

t_begin "where a vCPU ran last follows the kernel, and its group stays"
tui_start 120x40 "$FIXTURE" pcpus=8 nodes=1 guests=4 vcpus=1 sample=0.2 interval=600 groups=core
tui_see RUNNING "in groups: core"
tui_key Enter
tui_see "what binds it" "group"
ran_on() { tui_screen | grep -E '^ +0 +[0-9]+ .*group' | awk '{ print $2 }'; }
before=$(ran_on)
group=$(tui_screen | grep -oE 'group [0-9],[0-9]')
t_poll 10 eval '[ -n "$(ran_on)" ] && [ "$(ran_on)" != "$before" ]' || tui_because
tui_see "$group"
quit

t_begin "groups of so many and of nodes, without Unicode and where there is little room"
tui_start 80x24 "$FIXTURE" pcpus=8 nodes=2 guests=12 still=1 groups=2
tui_see RUNNING "in groups of 2"
quit
TUI_LOCALE=C
tui_start 120x40 "$FIXTURE" pcpus=8 nodes=2 guests=12 still=1 groups=2
tui_see RUNNING "in groups of 2"
see '%[\\] *[0-9]+%'
see '%/ '
tui_key 2
see '^   group +\[-*[0-9]+%-*\]'
t_not eval 'tui_screen | LC_ALL=C grep -q "[^ -~]"' || tui_because
quit
TUI_LOCALE=C.UTF-8
tui_start 80x24 "$FIXTURE" pcpus=64 nodes=4 guests=12 still=1 groups=2
tui_see RUNNING
# A character a pCPU: groups are underlined in turn.
t_poll 10 eval "tui_screen -e | grep -qE $'\\033\\[[0-9;]*4[;m].*\\033'" || tui_because
quit
tui_start 120x40 "$FIXTURE" pcpus=8 nodes=2 guests=12 still=1 groups=node
tui_see RUNNING "in groups: node"
see ' [0-9]→[04]-[37] '
quit

t_begin "a recorded host that is pinned to cores shows them"
tui_start 132x43 "$VCPU_SCHEDULER" --replay "$TOP/docs/demo.recording" --speed max --pin-to core --tui
tui_see ENDED "in groups: core" "pinned to core"
t_ok eval '[ "$(tui_screen | grep -oE "%┐ *[0-9]+%" | wc -l)" -ge 20 ]' || tui_because
tui_key 2
tui_see " in " # which core of a node is the busiest
see '^   group +┌'
quit

t_done
