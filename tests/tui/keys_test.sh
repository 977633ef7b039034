#!/bin/bash
# Every key and the mouse, on a made-up host: what each shows and does.
set -u
TUI_TERM=xterm-256color
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

begin() { # begin NAME [ARGUMENT...]: a test on a new fixture at 100x30
    t_begin "$1"
    shift
    tui_start 100x30 "$FIXTURE" guests=30 interval=12 "$@"
    tui_see RUNNING "sort %CPU" "of 30"
}

cursor_on() {
    tui_screen | grep -qE "^▸[ L*] $1 "
}

cursor_must_be_on() {
    t_poll 10 cursor_on "$1" || tui_because
}

cursor_name() {
    tui_screen | sed -nE 's/^▸. ([a-z0-9]+) .*/\1/p'
}

# The cursor is to be seen, and on none of these. Keys are waited for by it: a screen may come between two of them.
cursor_off() {
    local name was
    name=$(cursor_name)
    [ -n "$name" ] || return 1
    for was in "$@"; do
        [ "$name" != "$was" ] || return 1
    done
}

cursor_must_be_off() {
    t_poll 10 cursor_off "$@" || tui_because
}

click() { # click X Y, from 1
    tui_type $'\033'"[<0;$1;$2M"$'\033'"[<0;$1;$2m"
}

begin "p and Z pause, preview the next plan, and run on"
for key in p Z; do
    tui_key "$key"
    tui_see PAUSED "paused: p runs on, s takes one step" " next " "would move" "p run on"
    tui_not_see RUNNING
    tui_key "$key"
    tui_see RUNNING "running on" "p pause"
    tui_not_see PAUSED "would move"
done
tui_key q
tui_end

begin "s takes one step and stays paused"
tui_key s
tui_see PAUSED "one step: "
tui_key q
tui_end

begin "r forces, without pausing"
tui_key r
tui_see "forced: 1 move" RUNNING
tui_key q
tui_end

begin "+ and - change the interval at once"
tui_key +
tui_see "a decision every 13 s" "13 s · next in"
tui_key + +
tui_see "a decision every 15 s"
tui_key -
tui_see "a decision every 14 s" "14 s · next in"
tui_key q
tui_end

begin "the interval ends where it can't be shorter" interval=0.2
tui_key -
tui_see "a decision every 0.1 s"
tui_key -
tui_see "the interval can't be shorter than 0.1 s"
tui_key q
tui_end

begin "d begins and ends a dry run"
tui_key d
tui_see "DRY RUN" "nothing is changed" RUNNING
tui_key d
tui_not_see "DRY RUN"
tui_see "decisions are carried out"
tui_key q
tui_end

begin "l locks the guest under the cursor, and unlocks it"
name=$(cursor_name)
tui_key l
tui_see "▸L $name " "locked"
tui_key l
tui_see " unlocked"
tui_not_see "▸L $name "
tui_key q
tui_end

begin "u undoes, or says why not"
tui_key u
tui_see "nothing to undo"
tui_key q
tui_end

begin "1 to 5 and Tab show the views"
tui_key 2
tui_see "vCPUs on pCPUs" "pCPU" "load"
tui_key 3
tui_see "1-22 of 30"
tui_key 4
tui_see "host memory" "guests' memory"
tui_key 5
tui_see " log " "lines"
tui_not_see "sort"
tui_key 1
tui_see " pCPUs " " guests " " log "
tui_key Tab
tui_see "vCPUs on pCPUs"
tui_key Tab Tab Tab
tui_see " log " " lines"
tui_key Tab
tui_see " pCPUs " " guests "
tui_key BTab
tui_see " log " " lines"
tui_key q
tui_end

begin "arrows, j, k, PgUp, PgDn, Home and End move the cursor" still=1
rows=()
for i in $(seq 0 29); do
    rows+=("$(cursor_name)")
    tui_key Down
    [ "$i" -eq 29 ] || cursor_must_be_off "${rows[-1]}"
done
t_eq "different guests" 30 "$(printf '%s\n' "${rows[@]}" | sort -u | wc -l)"
tui_key Home
cursor_must_be_on "${rows[0]}"
tui_key j
cursor_must_be_on "${rows[1]}"
tui_key k
cursor_must_be_on "${rows[0]}"
tui_key Up
cursor_must_be_on "${rows[0]}"
tui_key G
cursor_must_be_on "${rows[29]}"
tui_see "of 30"
tui_key g
cursor_must_be_on "${rows[0]}"
tui_key End
cursor_must_be_on "${rows[29]}"
tui_key PPage
cursor_must_be_off "${rows[29]}"
tui_key NPage
cursor_must_be_on "${rows[29]}"
tui_key q
tui_end

begin "another order shows its top; with F the cursor's guest is followed instead" still=1
top=$(cursor_name)
for _ in 1 2 3; do
    name=$(cursor_name)
    tui_key Down
    cursor_must_be_off "$name"
done
tui_key N
tui_see "sorted by NAME" "1-11 of 30" "batch1 "
cursor_must_be_on batch1
tui_key P
tui_see "sorted by %CPU"
cursor_must_be_on "$top"
for _ in 1 2 3; do
    name=$(cursor_name)
    tui_key Down
    cursor_must_be_off "$name"
done
name=$(cursor_name)
tui_key F
tui_see "following $name"
for key in N P M W '>' I; do
    tui_key "$key"
    tui_see "sorted by"
    cursor_must_be_on "$name"
    tui_key Escape
    tui_not_see "sorted by"
done
tui_key F N
tui_see "sorted by NAME"
cursor_must_be_on batch1
tui_key q
tui_end

begin "Enter shows a guest in detail, Esc goes back"
name=$(cursor_name)
tui_key Enter
tui_see " $name " "uuid, id" "what binds it" "vCPUs" "lines 1-"
tui_key NPage
tui_not_see "lines 1-"
tui_see "swapped in" " old"
tui_key Escape
tui_see " guests " "sort %CPU"
cursor_must_be_on "$name"
tui_key q
tui_end

begin "/ filters by name while one types"
tui_key /
tui_see "filter:" "30 of 30 guests"
tui_type "WEB"
tui_see "filter: WEB" "3 of 30 guests" "1-3 of 3"
tui_key BSpace BSpace
tui_see "filter: W" "3 of 30"
tui_type "q"
tui_see "no guest has these letters"
tui_key C-u
tui_see "30 of 30"
tui_type "ca"
tui_see "3 of 30"
tui_key Enter
tui_see 'filter "ca"' "1-3 of 3"
tui_key Escape
tui_see "of 30"
tui_not_see 'filter "ca"'
tui_key / c Escape
tui_see "1-" "of 30"
tui_key q
tui_end

begin "< > F6 and i sort"
tui_key '>'
tui_see "sort WAIT" "sorted by WAIT, highest first"
tui_key '<' '<'
tui_see "sort ID" "lowest first"
tui_key F6 Down Down Down Enter # from the column that sorts now, past CPU and WAIT
tui_see "sort vCPU"
tui_key i
tui_see "lowest first"
tui_key q
tui_end

begin "f and * fold guests in the map" still=1
folded() { # rows of guests that are folded
    tui_screen | grep -cE ' x[0-9]+ '
}
tui_key 2
tui_see "vCPUs on pCPUs"
before=$(folded)
tui_key '*'
t_poll 10 eval '[ "$(folded)" -ne "$before" ]'
tui_key '*'
t_poll 10 eval '[ "$(folded)" -eq "$before" ]'
tui_key f
t_poll 10 eval '[ "$(folded)" -ne "$before" ]'
tui_key q
tui_end

begin "the map scrolls sideways where pCPUs don't fit" pcpus=200 nodes=4
tui_key 2
tui_see "pCPUs 1-"
tui_key Right
tui_see "pCPUs 9-"
tui_key Left
tui_see "pCPUs 1-"
tui_key q
tui_end

begin "h, ? and F1 show help, which scrolls and closes"
for key in h '?' F1; do
    tui_key "$key"
    tui_see "help: vcpu_scheduler" "p Z" "lines above"
    tui_key End
    tui_see "standard deviation" " 0 below"
    tui_key Escape
    tui_not_see "help: vcpu_scheduler"
done
tui_key '?'
tui_see "help: vcpu_scheduler"
tui_key q
tui_not_see "help: vcpu_scheduler"
tui_see RUNNING
tui_key q
tui_end

begin "a key that does nothing says so"
for key in "Y Y" "F5 F5" "F9 F9" "C-g Ctrl-G"; do
    tui_key "${key% *}"
    tui_see "${key#* } does nothing here"
done
tui_key q
tui_end

begin "the mouse chooses rows, sorts by column heads, scrolls and presses the footer's keys" still=1
first=$(cursor_name)
row=$(tui_screen | grep -n "^▸" | cut -d: -f1)
click 6 $((row + 2))
cursor_must_be_off "$first"
second=$(cursor_name)
tui_type $'\033'"[<64;6;${row}M"
cursor_must_be_on "$first"
tui_type $'\033'"[<65;6;${row}M"
cursor_must_be_off "$first" "$second"
click 5 $((row - 1))
tui_see "sort NAME"
click 5 $((row - 1))
tui_see "sorted by NAME, highest first"
click 3 30
tui_see PAUSED
tui_key q
tui_end

begin "the wheel moves what the pointer is on" still=1 log=40
name=$(cursor_name)
log=$(tui_screen | grep -n "─ log ─" | cut -d: -f1)
tui_see "line 40"
tui_type $'\033'"[<65;6;$((log + 2))M"
tui_not_see "line 40"
cursor_must_be_on "$name"
tui_type $'\033'"[<65;6;7M"
cursor_must_be_on "$name"
tui_type $'\033'"[<64;6;$((log + 2))M"
tui_see "line 40"
tui_key q
tui_end

begin "a click on a pCPU shows who is on it" still=1
tui_type $'\033[<0;6;8M\033[<0;6;8m'
tui_see "pCPU 1, node 0" "host's own" "want" "web1"
tui_key Escape
tui_not_see "pCPU 1, node 0"
tui_key 2
tui_see "vCPUs on pCPUs"
click 14 6 # in the strip of a character a pCPU, whose labels take ten columns
tui_see "pCPU 3, node 0"
tui_key Escape
tui_not_see "pCPU 3, node 0"
row=$(tui_screen | grep -n "^   load" | cut -d: -f1)
before=$(tui_screen | sed -n "${row}s/284.*//p")
click "${#before}" "$row" # the load of pCPU 3 above the matrix
tui_see "pCPU 3, node 0"
tui_key q
tui_not_see "pCPU 3, node 0"
tui_key q
tui_end

begin "p is told apart from the connection, the next try is counted down, and c tries now" undo=lose
tui_key u
tui_see DISCONNECTED "no connection" "next try in 2" "c: now"
tui_not_see RUNNING PAUSED
tui_key p
tui_see "PAUSED  DISCONNECTED" "paused by the operator"
tui_key s
tui_see "no step: there is no connection to the hypervisor"
tui_key p
tui_see "not paused any more" DISCONNECTED
tui_not_see "PAUSED  DISCONNECTED"
tui_key p
tui_see "PAUSED  DISCONNECTED"
tui_key c
tui_not_see DISCONNECTED
tui_see PAUSED " next "
tui_key c
tui_see "c does nothing here"
tui_key q
tui_end

begin "keys answer while the hypervisor hangs" undo=hang
tui_key u
tui_see "taking back what was done last" "waits for libvirt" "WAITING" "libvirt hangs"
tui_not_see RUNNING "next in"
tui_key p
tui_see "pausing… waits for libvirt" "reading the guests"
tui_key 3
tui_see "1-22 of 30"
tui_key '?'
tui_see "help: "
tui_key Escape q
tui_end

t_done
