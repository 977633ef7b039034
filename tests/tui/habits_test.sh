#!/bin/bash
# What hands that know htop expect, and what keeps them from moving much by a slip.
set -u
TUI_TERM=xterm-256color
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

begin() { # begin NAME [ARGUMENT...]: a test on a new fixture at 100x30
    t_begin "$1"
    shift
    tui_start 100x30 "$FIXTURE" guests=30 interval=600 still=1 "$@"
    tui_see RUNNING "sort %CPU" "of 30"
}

begin "Space tags and goes on, l locks all that are tagged, T shows only them, U takes the tags away"
tui_key Space Space
tui_see " * web2 " " * cache2 " "2 tagged"
tui_key T
tui_see "tagged ·" "1-2 of 2"
tui_key l
locked() { # guests that are shown locked
    tui_screen | grep -cE '^.L  *(web2|cache2) '
}
tui_see "locking 2 tagged guests"
t_poll 10 eval '[ "$(locked)" -eq 2 ]' || tui_because
tui_key l
tui_see "unlocking 2 tagged guests"
t_poll 10 eval '[ "$(locked)" -eq 0 ]' || tui_because
tui_key U
tui_see "of 30"
tui_not_see " * web2" " * cache2" "tagged ·"
tui_key T
tui_see "no guest is tagged"
tui_key q
tui_end

begin "the cursor is a bar over its row"
# The blanks behind the last figure are in reverse, too, and so is no other row's.
reversed() { tui_screen -e | grep -cE $'\033\[[0-9;]*7m.*web2'; }
t_poll 10 eval '[ "$(reversed)" -eq 1 ]' || tui_because
tui_key Down
t_poll 10 eval '[ "$(reversed)" -eq 0 ]' || tui_because
tui_key q
tui_end

begin "F6 is a menu of columns that sorts, hides and shows"
tui_key F6
tui_see "─ columns ─" "[x] WAIT"
tui_key Down Enter
tui_see "sort WAIT" "sorted by WAIT"
tui_not_see "─ columns ─"
tui_key F6 Down Space
tui_see "[ ] vCPU→pCPU"
tui_key Escape
tui_not_see "vCPU→pCPU"
tui_key F6 Down Space Escape
tui_see "vCPU→pCPU"
tui_key q
tui_end

begin "w writes the guests as CSV, in their order"
folder=$(mktemp -d "$T_DIR/csv.XXXXXX")
tui_key q
tui_end
cd "$folder" || exit 1
tui_start 100x30 "$FIXTURE" guests=30 interval=600 still=1
cd "$OLDPWD" || exit 1
tui_see RUNNING
tui_key w
tui_see "30 guests written"
t_eq "rows" 31 "$(cat "$folder"/*.csv | wc -l)"
t_eq "the head" "name,id,cpu_pct,wait_pct" "$(head -qn 1 "$folder"/*.csv | cut -d, -f1-4)"
t_ok eval 'tail -qn +2 "$folder"/*.csv | cut -d, -f3 | sort -rnc' || cat "$folder"/*.csv
tui_key w w w
written() { [ "$(find "$folder" -name '*.csv' | wc -l)" = 4 ]; }
t_poll 10 written || tui_because
tui_key q
tui_end

TUI_CONFIG=$T_DIR/config
begin "what is chosen is kept for the next time"
tui_key 3 N
tui_see "sorted by NAME" "1-22 of 30"
tui_key / w e b Enter F6
tui_see "─ columns ─"
tui_key Down Down Down Space Escape
tui_see "▸  web1 "
tui_not_see WAIT
tui_key q
tui_end
t_begin "and is there when it starts again, at once with F2, too"
tui_start 100x30 "$FIXTURE" guests=30 still=1
tui_see 'filter "web"' "sort NAME" "1-3 of 3"
tui_not_see WAIT "─ pCPUs ─"
tui_key P F2
tui_see "is kept"
t_ok grep -qx "sort = cpu" "$TUI_CONFIG/vmbalance/vcpu_scheduler.ini"
tui_key q
tui_end

t_begin "settings that aren't understood are told of and left alone"
printf '[screen]\nview = guests\nsort = beauty\n' >"$TUI_CONFIG/vmbalance/vcpu_scheduler.ini"
cp "$TUI_CONFIG/vmbalance/vcpu_scheduler.ini" "$T_DIR/broken"
tui_start 140x30 "$FIXTURE" guests=30 still=1
tui_see "vcpu_scheduler.ini: line 3 isn't understood" "of 30"
tui_key 1 F2
tui_see "left alone"
tui_key q
tui_end
t_ok cmp "$T_DIR/broken" "$TUI_CONFIG/vmbalance/vcpu_scheduler.ini"

t_begin "how much is asked about can be set"
printf '[screen]\nask = 100\n' >"$TUI_CONFIG/vmbalance/vcpu_scheduler.ini"
tui_start 100x30 "$FIXTURE" guests=30 still=1 moves=40
tui_see RUNNING
tui_key r
tui_see "forced:"
tui_key q
tui_end
TUI_CONFIG=

t_begin "graphs of the balance and of a guest, over a window that t changes"
tui_start 120x40 "$FIXTURE" guests=30 sample=0.2 interval=2
tui_see RUNNING "─ pCPUs ── sd " "60 s"
tui_key t
tui_see "graphs over the last 5 min" "5 min"
tui_key Enter
tui_see "CPU over the last 5 min"
t_poll 10 eval "tui_screen | grep -E '^ run ' | grep -q '[▁▂▃▄▅▆▇█]'" || tui_because
tui_key q
tui_end

begin "a rebalance that would move many asks first; r again does it" moves=40
tui_key r
tui_see "40 moves: sd 9.9 to 0.1" "r again within 5 s"
tui_not_see "forced:"
tui_key r
tui_see "forced:"
tui_key q
tui_end

t_begin "what is asked for is told whole at 80x24 and 40x20, however much would be done"
tui_start 80x24 /bin/sh -c "exec '$FIXTURE' guests=30 interval=600 still=1 moves=40 'asks=14 vCPUs adopted, 26 moves: sd 13.6 -> 15.5 (best possible 0.0); of cores 65.1 -> 20.3'"
tui_see RUNNING
tui_key r
tui_see "14 vCPUs adopted, 26 moves: sd 13.6 -> 15.5 …? r again within 5 s"
tui_size 40x20
tui_key Escape r
tui_see "14 vCPUs adopted …? r again within 5 s"
tui_key r
tui_see "forced:"
tui_key q
tui_end

begin "what was asked is forgotten after a while, and by another command" moves=40
tui_key r
tui_see "r again within 5 s"
tui_not_see "r again within 5 s"
tui_key r
tui_see "r again within 5 s"
tui_not_see "forced:"
tui_key q
tui_end

begin "one that moves few asks nothing" moves=2
tui_key r
tui_see "forced:"
tui_key q
tui_end

begin "undo says what it takes back" undo=hang still=0
tui_key u
tui_see "taking back what was done last: 1 change of" "vCPU"
tui_key q
tui_end

for signal in SEGV BUS FPE ILL ABRT TRAP; do
    t_begin "SIG$signal gives the terminal back, also without an alternate screen"
    for term in xterm-256color vt100; do
        TUI_TERM=tmux-256color
        tui_start 80x24 env "TERM=$term" "$FIXTURE"
        tui_see RUNNING
        kill "-$signal" "$(tui_pid)"
        tui_end $((128 + $(kill -l $signal)))
        tui_modes_restored
        # The line after the program's last is one of its own.
        t_ok eval 'tui_screen | grep -qx "the program has ended"' || tui_because
    done
done

t_begin "q leaves the prompt on a line of its own where there is no alternate screen"
tui_start 80x24 env TERM=vt100 "$FIXTURE"
tui_see RUNNING
tui_key q
tui_end
t_ok eval 'tui_screen | grep -qx "the program has ended"' || tui_because

t_done
