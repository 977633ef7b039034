#!/bin/bash
# The terminal comes back as it was on every way out, and nothing but the TUI writes on the screen.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

# ends_by NAME STATUS ARGUMENTS... -- COMMAND...: the fixture with ARGUMENTS, ended by COMMAND.
ends_by() {
    local name=$1 status=$2 arguments=()
    shift 2
    while [ "$1" != -- ]; do
        arguments+=("$1")
        shift
    done
    shift
    t_begin "the terminal is restored by $name"
    tui_start 80x24 "$FIXTURE" "${arguments[@]}"
    tui_see RUNNING guests
    "$@"
    tui_end "$status"
    tui_modes_restored
    tui_see "the program has ended"
    tui_not_see RUNNING
}

signal() {
    kill "-$1" "$(tui_pid)"
}

ends_by "q" 0 -- tui_key q
ends_by "F10" 0 -- tui_key F10
ends_by "SIGINT" 0 -- tui_key C-c
ends_by "SIGTERM" 0 -- signal TERM
ends_by "SIGHUP" 0 -- signal HUP
ends_by "SIGSEGV" 139 -- signal SEGV
ends_by "SIGQUIT" 131 -- tui_key 'C-\'
ends_by "a segmentation fault" 139 undo=segv -- tui_key u
ends_by "an abort" 134 undo=abort -- tui_key u
tui_see "last words"
ends_by "an exit from the depths" 7 undo=exit -- tui_key u

# The programs themselves, with engine and signals as they are.
for how in "0 tui_key q" "0 tui_key C-c" "0 signal TERM" "139 signal SEGV"; do
    for program in "$VCPU_SCHEDULER" "$MEMORY_COORDINATOR"; do
        t_begin "${program##*/} restores the terminal at: ${how#* }"
        tui_start 80x24 "$program" 1 --tui -c test:///default --state-dir "$T_DIR/state"
        tui_see RUNNING test
        ${how#* }
        tui_end "${how%% *}"
        tui_modes_restored
        tui_not_see RUNNING
    done
done

t_begin "^Z stops the program and gives the terminal back; fg brings the screen back"
TUI_SHELL=bash
cat >"$T_DIR/shell" <<'END'
set -m
PS1='prompt> '
END
tui_start 80x24 bash --rcfile "$T_DIR/shell" --noprofile -i
TUI_SHELL=
tui_see 'prompt>'
tui_type "stty -a >$T_DIR/shell-before; $FIXTURE; stty -a >$T_DIR/shell-after"$'\n'
tui_see RUNNING
for _ in 1 2; do
    tui_key C-z
    tui_see Stopped 'prompt>'
    tui_not_see RUNNING
    tui_type "stty -a >$T_DIR/shell-stopped; echo 'looked'\" at it\""$'\n'
    tui_see "looked at it"
    t_eq "modes while stopped" "$(cat "$T_DIR/shell-before")" "$(cat "$T_DIR/shell-stopped")"
    tui_type $'fg\n'
    tui_see RUNNING
    tui_key p
    tui_see PAUSED
    tui_key p
    tui_see RUNNING
done
tui_key q
tui_see 'prompt>'
tui_not_see RUNNING
t_poll 5 test -s "$T_DIR/shell-after"
tui_type $'exit\n'
tui_end 0

t_begin "stopped and continued from outside, in another size, it draws itself anew"
tui_start 80x24 "$FIXTURE"
tui_see RUNNING
pid=$(tui_pid)
kill -STOP "$pid"
stty -F "$(tui_mux list-panes -F '#{pane_tty}')" sane
tui_size 100x30
kill -CONT "$pid"
tui_see "sort %CPU"
tui_key p
tui_see PAUSED
tui_key q
tui_end

t_begin "what libraries print goes to the log, not on the screen"
tui_start 80x24 "$FIXTURE" undo=print
tui_see RUNNING
tui_key u
tui_see "a library complains: " "and another prints"
tui_not_see $'\033[31m'
tui_shows "RUNNING" || tui_because
tui_key q
tui_end

t_begin "Ctrl-L draws a spoilt screen anew"
tui_start 80x24 "$FIXTURE" still=1
tui_see "RUNNING" "1 move: sd"
tui_screen >"$T_DIR/clean"
printf '\033[5;1Hrubbish from elsewhere\033[12;1Hmore of it' >"$(tui_mux list-panes -F '#{pane_tty}')"
tui_see "rubbish from elsewhere" "more of it"
tui_key C-l
tui_not_see "rubbish from elsewhere" "more of it"
t_eq "the screen" "$(cat "$T_DIR/clean")" "$(tui_screen)"
tui_key q
tui_end

# One that hears of it by SIGHUP, one of another session that doesn't, and one that ignores the signal.
for how in "" "setsid --wait" "env --ignore-signal=HUP"; do
    t_begin "a terminal that vanishes ends the program${how:+ under $how}"
    # shellcheck disable=SC2086
    tui_start 80x24 $how "$FIXTURE" "seed=$$"
    tui_see RUNNING
    pid=$(pgrep -f "^$FIXTURE seed=$$\$" | head -n 1)
    t_ok kill -0 "$pid"
    tui_mux kill-server
    t_poll 5 t_is_gone "$pid"
done

# Nothing is written any more.
stands_still() {
    local now
    now=$(grep wchar "/proc/$pid/io")
    sleep 1.5
    [ "$now" = "$(grep wchar "/proc/$pid/io")" ]
}
cpu_ticks() {
    awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# The terminal's other side stops reading, so that what is drawn fills its buffer.
for how in "the fixture" "a replay"; do
    t_begin "a terminal that takes no more output neither hangs nor burns the program: $how"
    case $how in
    "the fixture") tui_start 200x60 "$FIXTURE" seed=$$ guests=30 sample=0.02 interval=1 ;;
    *) tui_start 200x60 "$VCPU_SCHEDULER" --replay "$TOP/docs/demo.recording" --speed 10 --tui ;;
    esac
    tui_see guests
    pid=$(tui_pid)
    reader=$(tui_mux display-message -p '#{pid}')
    kill -STOP "$reader"
    t_poll 60 stands_still
    before=$(cpu_ticks "$pid")
    sleep 2
    t_note "clock ticks of CPU in 2 s: $(($(cpu_ticks "$pid") - before))"
    t_ok test $(($(cpu_ticks "$pid") - before)) -lt 100
    kill -TERM "$pid"
    t_poll 5 t_is_gone "$pid"
    kill -CONT "$reader"
    tui_end
    t_eq "terminal modes" "$(cat "$T_DIR/before")" "$(cat "$T_DIR/after")"
done

t_begin "a terminal that takes output again is drawn again, and keys work"
tui_start 200x60 "$FIXTURE" seed=$$ guests=30 sample=0.02 interval=1
tui_see guests
reader=$(tui_mux display-message -p '#{pid}')
pid=$(tui_pid)
kill -STOP "$reader"
t_poll 60 stands_still
kill -CONT "$reader"
tui_key p
tui_see PAUSED
tui_key q
tui_end
tui_modes_restored

t_begin "without a terminal there is one line and exit status 1"
"$VCPU_SCHEDULER" 1 --tui -c test:///default --state-dir "$T_DIR" >"$T_DIR/out" 2>&1 </dev/null
t_eq "exit status" 1 $?
t_eq "lines" 1 "$(wc -l <"$T_DIR/out")"

for term in dumb nonsense ""; do
    t_begin "on a terminal of type '$term' there is one line and exit status 1"
    TUI_ENV=("TERM=$term")
    tui_start 80x24 env "TERM=$term" "$FIXTURE"
    tui_end 1
    tui_see "the TUI can't work on a terminal of type '$term'"
    tui_modes_restored
    TUI_ENV=()
done

t_done
