#!/bin/bash
# What comes from the keyboard and isn't a key: halves of characters, bytes that are none, pastes; and output that the
# terminal doesn't take. None of it ends the program or keeps it from ending, and none of it is taken for commands.
set -u
TUI_TERM=xterm-256color
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
PTY_RUN=${PTY_RUN:-$TOP/build/tests/tui/pty_run}
export TERM=xterm-256color LC_ALL=C.UTF-8
unset NO_COLOR HOME XDG_CONFIG_HOME

# run STEP... -- COMMAND...: its end goes to $T_DIR/end
run() {
    "$PTY_RUN" 100x30 "$@" >"$T_DIR/end" 2>"$T_DIR/end.err" || t_fail "$(cat "$T_DIR/end" "$T_DIR/end.err")"
}

ends_with() { # ends_with "exit 0": and less than a second after the last step
    local how status took
    read -r how status took <"$T_DIR/end"
    t_eq "the end" "$1" "$how $status"
}

fixture=("$FIXTURE" guests=30 still=1)

t_begin "an accented letter that arrives in two parts is one letter"
# \x0c, Ctrl-L, has the whole screen sent again and not what differs.
run wait=RUNNING send=/ wait=filter: 'slow=\xc3\xa9' 'send=\n\x0c' 'wait=filter "é"' send='\e\x0c' 'wait=1-11 of 30' \
    send=q -- "${fixture[@]}"
ends_with "exit 0"

for bytes in '\xe9' '\xff\xfe' '\xc3' '\x80\x80\x80' '\xf0\x9f' '\xe9t\xe9' 'h\x00e\x00l\x00p\x00'; do
    t_begin "bytes that are no characters ($bytes) don't end the program, at once or one by one"
    run wait=RUNNING "send=$bytes" "slow=$bytes" 'send=\e3\x0c' 'wait=1-22 of 30' send=q -- "${fixture[@]}"
    ends_with "exit 0"
    run wait=RUNNING send=/ wait=filter: "slow=$bytes" 'send=\e' send='3\x0c' 'wait=1-22 of 30' send=q -- "${fixture[@]}"
    ends_with "exit 0"
done

t_begin "in a Latin-1 locale an accented letter is one byte"
if locale -a 2>/dev/null | grep -qi 'iso88591$'; then
    LC_ALL=$(locale -a | grep -i 'iso88591$' | head -n 1) run wait=RUNNING send=/ wait=filter: 'send=\xe9' 'wait=0 of 30' \
        'send=\e' send=q -- "${fixture[@]}"
    ends_with "exit 0"
else
    t_note "no such locale here"
fi

t_begin "the terminal's hang-up ends the program"
run wait=RUNNING hang -- env --ignore-signal=HUP "${fixture[@]}"
ends_with "exit 1"

# 15 and 2: SIGTERM, SIGINT
for program in "$FIXTURE guests=30 sample=0.02 interval=1" \
    "$VCPU_SCHEDULER --replay $TOP/docs/demo.recording --speed 10 --tui"; do
    for end in send=q 'send=\x03' signal=15 signal=2; do
        t_begin "a terminal that takes nothing doesn't keep ${program##*/} from ending by $end"
        # shellcheck disable=SC2086 # words
        run wait=guests fill "$end" -- $program
        ends_with "exit 0"
        read -r _ _ took <"$T_DIR/end"
        t_note "ended $took ms later"
        t_ok test "$took" -lt 5000 # ten times what was seen on a busy machine; without this it hangs for ever
    done
done

# What terminals say by themselves: their kind, version, colours and modes, where the cursor is, that they have the
# focus or not, the mouse in three old manners, modified keys; and what of these comes in two parts. None is a command.
answers=('\e[?1;2c' '\e[>0;276;0c' '\e[24;80R' '\e[I' '\e[O' '\e[0n' '\e[8;24;80t' '\e[?2026;2$y' '\e[?62;4;22c'
    '\e[1;5R' '\e[97;5u' '\e[1;5A' '\e[3~' '\e[M !!' '\e[M`pp' '\e[32;10;20M' '\eOw' '\eP>|term 3.4\e\\'
    '\eP1$r0 q\e\\' '\e]11;rgb:1e1e/1e1e/dddd\e\\' '\e]10;rgb:dddd/dddd/pppp\x07' '\e_Gi=31;dpr\e\\')
t_begin "what a terminal answers or reports is not taken for keys, also in parts"
steps=()
for answer in "${answers[@]}"; do
    [ "$answer" = '\e[M`pp' ] && continue # its bytes are letters once it is in an old manner that curses knows
    steps+=("send=$answer" "send=${answer:0:5}" "slow=${answer:5}")
done
run wait=RUNNING "${steps[@]}" 'send=\x0c' "wait=1-11 of 30" 'send=3\x0c' 'wait=1-22 of 30' send=q -- "${fixture[@]}"
ends_with "exit 0"
run wait=RUNNING send=/ wait=filter: "${steps[@]}" 'send=web\x0a\x0c' 'wait=filter "web"' send=q -- "${fixture[@]}"
ends_with "exit 0"
t_begin "none of them pauses, tags, locks, folds or moves anything"
tui_start 100x30 "$FIXTURE" guests=30 still=1
tui_see RUNNING "of 30" "1-11 of 30"
before=$(tui_screen)
for answer in "${answers[@]}"; do
    # shellcheck disable=SC2059 # the escapes are meant
    tui_type "$(printf "${answer//\\e/\\033}")"
done
# The last is known to have been read by the key after it.
tui_key Y
tui_see "Y does nothing here"
tui_not_see "Y does nothing here"
t_eq "the screen" "$before" "$(tui_screen)"
tui_key q
tui_end

begin() {
    t_begin "$1"
    tui_start 100x30 "$FIXTURE" guests=30 still=1
    tui_see RUNNING "of 30"
}

paste() {
    tui_type $'\033[200~'"$1"$'\033[201~'
}

begin "a paste is not taken for commands"
for view in 1 2 3 4 5; do
    tui_key "$view"
    paste 'prod: drop? quit pls'
    tui_see "what is pasted is ignored" RUNNING
    tui_key Escape
    tui_not_see "what is pasted is ignored"
done
tui_key p
tui_see PAUSED
tui_key q
tui_end

begin "a paste goes to the line that is open, its line ends left out"
tui_key /
tui_see "filter:"
paste $'w\neb\r'
tui_see "filter: web" "3 of 30 guests"
tui_key Enter
tui_see 'filter "web"'
tui_key q
tui_end

begin "keys work again after a paste whose end got lost"
tui_type $'\033[200~lost'
tui_see "what is pasted is ignored"
tui_not_see "what is pasted is ignored"
tui_key p
tui_see PAUSED
tui_key q
tui_end

begin "/ looks for letters in the log and in detail, n and N go on"
tui_key 5 /
tui_see "find:"
tui_type "CARRIES"
tui_see "find: CARRIES"
tui_key Enter
tui_not_see "find:"
# The fixture's log has the word once in its one line of an action.
t_poll 10 eval "tui_screen -e | grep -qE $'\\033\\[[0-9;]*7m.*carries.*284'" || tui_because
tui_key n
tui_not_see "nowhere"
tui_key / q q q
tui_see "find: qqq" RUNNING
tui_key Enter
tui_see '"qqq" is nowhere here'
tui_key 1 Enter
tui_see "uuid, id" "lines 1-"
tui_key / s w a p p
tui_see "find: swapp"
tui_key Enter
tui_see "swapped in" "swapped out"
tui_not_see "lines 1-"
tui_key Home
tui_see "lines 1-"
tui_key n
tui_see "swapped in"
tui_not_see "lines 1-"
tui_key Escape
t_poll 10 eval "! tui_screen -e | grep -qE $'7mswapp'" || tui_because
tui_see "swapped in"
tui_key Escape
tui_see "sort %CPU"
tui_key q
tui_end

begin "Ctrl-C closes the line that is open and leaves the text as it was; without one it ends the program"
tui_key / w e b Enter
tui_see 'filter "web"'
tui_key / x
tui_see "filter: webx"
tui_key C-c
tui_not_see "filter: webx"
tui_see 'filter "web"' RUNNING
tui_key C-c
tui_end

t_done
