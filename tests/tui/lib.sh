# shellcheck shell=bash
# Drives a program in a terminal of fixed size (tmux on a socket of its own) and looks at its screen. Source it after
# nothing else; the checks (t_begin, t_ok, t_poll, ...) are those of tests/lab/lib/test.sh.
#
#   tui_start WxH COMMAND...   runs COMMAND in a new terminal; its exit status goes to $T_DIR/status, the terminal's
#                              modes before and after to $T_DIR/before and $T_DIR/after
#   tui_key KEY...             types keys, named as tmux names them (Enter, Escape, Down, PPage, F1, ...)
#   tui_type TEXT              types TEXT as it is, escape sequences included
#   tui_see TEXT...            each must come to stand on the screen within 10 s
#   tui_not_see TEXT...        each must be gone from it within 10 s
#   tui_size WxH               resizes the terminal
#   tui_screen                 prints the screen
#   tui_end [STATUS]           the program must end within 10 s, with STATUS (0)
#   tui_stored NAME [SED]      the screen must be the stored one, screens/NAME.txt (UPDATE=1: stores it); SED: what isn't
#                              compared is edited out; TUI_STORED_WITH=-e: colours are stored, too
#
# TUI_CONFIG: where settings are kept, for more than one start. TUI_TERM, TUI_LOCALE: TERM and LC_ALL of the program (tmux-256color, C.UTF-8); TUI_ENV: further VAR=value words.

TUI_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=${TOP:-$(cd "$TUI_HERE/../.." && pwd)}
# shellcheck source=../lab/lib/test.sh
. "$TOP/tests/lab/lib/test.sh"
FIXTURE=${FIXTURE:-$TOP/build/tests/tui/fixture}
VCPU_SCHEDULER=${VCPU_SCHEDULER:-$TOP/vcpu_scheduler}
MEMORY_COORDINATOR=${MEMORY_COORDINATOR:-$TOP/memory_coordinator}
export RUNTIME_DIRECTORY=$T_DIR/sockets # so that those that run side by side don't meet
TUI_SOCKET=
TUI_NUMBER=0
TUI_ENV=()

tui_mux() {
    tmux -L "$TUI_SOCKET" -f "$T_DIR/tmux.conf" "$@"
}

# Ends the terminal. Each has a socket of its own, as a server that is about to go still answers.
tui_close() {
    [ -n "$TUI_SOCKET" ] || return 0
    tui_mux kill-server 2>/dev/null
    rm -f "${TMUX_TMPDIR:-/tmp}/tmux-$(id -u)/$TUI_SOCKET"
    TUI_SOCKET=
}

tui_leave() {
    local code=$?
    tui_close
    (exit "$code")
    t_exit
}
trap tui_leave EXIT

# What a test's terminal runs: the command, between two looks at the terminal's modes.
cat >"$T_DIR/run" <<'END'
ulimit -c 0
trap : INT QUIT
stty -a >"$T_DIR/before"
. "$T_DIR/command"
echo $? >"$T_DIR/status"
stty -a >"$T_DIR/after"
printf 'the program has ended\n'
exec sleep 10000
END

tui_start() {
    local size=$1
    shift
    tui_close
    TUI_NUMBER=$((TUI_NUMBER + 1))
    TUI_SOCKET=vmbalance-tui-$$-$TUI_NUMBER
    rm -f "$T_DIR/status" "$T_DIR/before" "$T_DIR/after"
    printf '%q ' "$@" >"$T_DIR/command"
    printf 'set -g %s\n' "default-terminal ${TUI_TERM:-tmux-256color}" 'status off' 'escape-time 0' 'history-limit 0' \
        >"$T_DIR/tmux.conf"
    # Each start has settings of its own, unless TUI_CONFIG names a folder for them.
    env -u TMUX -u NO_COLOR TZ=UTC XDG_CONFIG_HOME="${TUI_CONFIG:-$T_DIR/config-$TUI_NUMBER}" LC_ALL="${TUI_LOCALE:-C.UTF-8}" T_DIR="$T_DIR" "${TUI_ENV[@]}" \
        tmux -u -L "$TUI_SOCKET" -f "$T_DIR/tmux.conf" new-session -d -x "${size%x*}" -y "${size#*x}" \
        "${TUI_SHELL:-sh}" "$T_DIR/run" || t_fail "no terminal"
}

tui_screen() {
    tui_mux capture-pane -p "$@"
}

tui_key() {
    tui_mux send-keys "$@"
}

tui_type() {
    tui_mux send-keys -l "$1"
}

tui_size() {
    tui_mux resize-window -x "${1%x*}" -y "${1#*x}"
}

tui_shows() {
    tui_screen | grep -qF -- "$1"
}

tui_lacks() {
    ! tui_shows "$1"
}

# On failure the screen goes into the report.
tui_because() {
    tui_screen >"$T_DIR/screen" 2>&1
    T_REASONS+=("the screen:" "$(sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$T_DIR/screen" | sed 's/^/#     | /')")
    return 1
}

# One look at the screen is for all that is still waited for, which is in TUI_LEFT.
tui_shows_left() {
    local screen text left=()
    screen=$(tui_screen)
    for text in "${TUI_LEFT[@]}"; do
        [[ $screen == *"$text"* ]] || left+=("$text")
    done
    TUI_LEFT=("${left[@]}")
    [ ${#left[@]} -eq 0 ] || { printf 'not there: %s\n' "${left[@]}"; false; }
}

tui_lacks_left() {
    local screen text left=()
    screen=$(tui_screen)
    for text in "${TUI_LEFT[@]}"; do
        [[ $screen != *"$text"* ]] || left+=("$text")
    done
    TUI_LEFT=("${left[@]}")
    [ ${#left[@]} -eq 0 ] || { printf 'still there: %s\n' "${left[@]}"; false; }
}

tui_see() {
    TUI_LEFT=("$@")
    t_poll 10 tui_shows_left || tui_because
}

tui_not_see() {
    TUI_LEFT=("$@")
    t_poll 10 tui_lacks_left || tui_because
}

tui_has_ended() {
    [ -s "$T_DIR/after" ]
}

tui_end() {
    t_poll 10 tui_has_ended || tui_because
    t_eq "exit status" "${1:-0}" "$(cat "$T_DIR/status" 2>/dev/null)"
}

# The terminal is as it was: its modes, its first screen, cursor shown, no mouse reports, plain keypad.
tui_modes_restored() {
    t_eq "alternate screen, cursor, mouse, keypad" "0 1 0 0" \
        "$(tui_mux display-message -p '#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag}')"
    t_eq "terminal modes" "$(cat "$T_DIR/before")" "$(cat "$T_DIR/after")"
}

tui_is_stored() {
    # shellcheck disable=SC2086 # one word, or none
    tui_screen ${TUI_STORED_WITH:-} | sed -e 's/ *$//' -e "$2" >"$T_DIR/now"
    cmp -s "$1" "$T_DIR/now"
}

tui_stored() {
    local file=$TUI_HERE/screens/$1.txt
    if [ -n "${UPDATE:-}" ]; then
        sleep 0.5
        mkdir -p "$TUI_HERE/screens"
        tui_is_stored "$file" "${2:-}"
        cp "$T_DIR/now" "$file"
    fi
    t_poll 5 tui_is_stored "$file" "${2:-}" && return
    diff -u "$file" "$T_DIR/now" >"$T_DIR/difference"
    T_REASONS+=("$(sed 's/^/#     | /' "$T_DIR/difference")")
    return 1
}

# The program's pid, to signal it.
tui_pid() {
    local shell
    shell=$(tui_mux list-panes -F '#{pane_pid}')
    pgrep -P "$shell" | head -n 1
}
