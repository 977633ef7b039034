#!/bin/bash
# What the command line and the file of settings say of the screen.
set -u
TUI_TERM=xterm-256color
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

DEMO=$TOP/docs/demo.recording

# demo SIZE OPTION...: the recorded host, standing still at its beginning
demo() {
    local size=$1
    shift
    tui_start "$size" "$VCPU_SCHEDULER" --replay "$DEMO" --speed 0.01 --tui "$@"
    tui_see RUNNING
}
quit() {
    tui_key q
    tui_end
}
file() { # the file of settings
    printf '%s\n' "$TUI_CONFIG/vmbalance/vcpu_scheduler.ini"
}
has_colours() {
    tui_screen -e | grep -qE $'\033\\[(3[0-7]|9[0-7]|38;)'
}

t_begin "--view, --sort and --filter say where the screen begins"
demo 120x40 --view guests --sort -name --filter web
tui_see 'filter "web"' "sort NAME"
tui_not_see "─ pCPUs ─"
names() { tui_screen | grep -oE '^...web[^ ]*' | tr -d ' '; }
t_ok eval '[ "$(names | wc -l)" -gt 1 ]' || tui_because
t_ok eval 'names | LC_ALL=C sort -rc' || tui_because
quit

t_begin "--color never shows none, and always shows them in spite of NO_COLOR"
demo 80x24 --color never
t_not has_colours
quit
TUI_ENV=(NO_COLOR=1)
demo 80x24
t_not has_colours
quit
demo 80x24 --color always
t_ok has_colours
quit
TUI_ENV=()

t_begin "--theme chooses the colours, and C goes to the next"
bars() { tui_screen -e | grep -q $'\033\\[[0-9;]*38;5;'"$1"m; }
demo 80x24 --theme light
t_poll 10 bars 25 || tui_because
t_not bars 32
tui_key C
tui_see "theme contrast"
t_poll 10 bars 33 || tui_because
tui_key C
tui_see "theme default"
t_poll 10 bars 32 || tui_because
quit

t_begin "--refresh lets figures stand still, but keys show at once"
tui_start 100x30 "$VCPU_SCHEDULER" --replay "$DEMO" --speed 20 --refresh 60 --record "$T_DIR/played" --tui
tui_see "q quit"
tui_key Down
tui_see RUNNING
screen=$(tui_screen)
lines() { wc -l <"$T_DIR/played"; }
before=$(lines)
has_played() { [ "$(lines)" -gt $((before + 5)) ]; }
t_poll 10 has_played
t_eq "the screen stands still" "$screen" "$(tui_screen)"
tui_key Down
moved() { [ "$(tui_screen)" != "$screen" ]; }
t_poll 1 moved || tui_because
quit

TUI_CONFIG=$T_DIR/rate
t_begin "D lets figures stand still for longer and longer, says so, and at last draws each sample again; it is kept"
rm -f "$T_DIR/played"
tui_start 100x30 "$VCPU_SCHEDULER" --replay "$DEMO" --speed 5 --record "$T_DIR/played" --tui
tui_see RUNNING
for seconds in 2 5 10 30 60; do
    tui_key D
    tui_see "drawn anew every $seconds s"
done
tui_not_see "drawn anew"
screen=$(tui_screen)
before=$(lines)
t_poll 10 has_played
t_eq "the screen stands still" "$screen" "$(tui_screen)"
quit
t_ok grep -qx "refresh = 60" "$(file)" || cat "$(file)"
tui_start 100x30 "$VCPU_SCHEDULER" --replay "$DEMO" --speed 5 --tui
tui_see "q quit"
tui_key D
tui_see RUNNING "drawn anew with every sample"
tui_not_see "drawn anew"
screen=$(tui_screen)
t_poll 10 moved || tui_because
quit
t_ok grep -qx "refresh = 0" "$(file)" || cat "$(file)"

TUI_CONFIG=$T_DIR/config
t_begin "columns can be moved, and their order, folds, colours and the graphs' window are kept"
demo 120x40
tui_key F6
tui_see "─ columns ─"
tui_key Home
tui_key '+' '+' Escape
tui_not_see "─ columns ─"
moved_right() { tui_screen | grep -qE 'NAME .*WAIT .*%CPU'; }
t_poll 10 moved_right || tui_because
tui_key C t 2 '*' 1 q
tui_end
for line in "theme = dark" "window = 300" "folding = none" "columns = name, id, wait, vcpus, cpu, balloon, size, used, unused, swap, last"; do
    t_ok grep -qx "$line" "$(file)" || cat "$(file)"
done
demo 120x40
t_poll 10 moved_right || tui_because
t_poll 10 bars 75 || tui_because
tui_key t
tui_see "graphs over the last 30 min"
quit

t_begin "a filter keeps the blanks and quotation marks at its ends"
for filter in ' w' '"w"'; do
    demo 120x40
    tui_key Escape / C-u
    tui_type "$filter"
    tui_key Enter
    tui_see "filter \"$filter\""
    quit
    demo 120x40
    tui_see "filter \"$filter\""
    quit
done

t_begin "the command line goes before the file, and isn't written to it"
printf '[screen]\nview = log\ntheme = light\nrefresh = 5\n' >"$(file)"
cp "$(file)" "$T_DIR/file"
demo 120x40 --view map --theme dark
tui_see "vCPUs on pCPUs"
t_poll 10 bars 75 || tui_because
quit
t_ok cmp "$T_DIR/file" "$(file)"

t_begin "a file that isn't understood is told of and left alone"
printf '[screen]\nview = guests\ncolumns = name, beauty\n' >"$(file)"
cp "$(file)" "$T_DIR/file"
demo 140x40
tui_see "vcpu_scheduler.ini: line 3 isn't understood"
tui_key 1 q
tui_end
t_ok cmp "$T_DIR/file" "$(file)"

t_begin "what can't be read as a file of settings keeps nothing waiting, is told and left alone"
for kind in pipe folder endless; do
    rm -rf "$(file)"
    case $kind in
    pipe) mkfifo "$(file)" ;;
    folder) mkdir "$(file)" ;;
    endless) truncate -s 2M "$(file)" ;;
    esac
    before=$(stat -c '%i %F %s' "$(file)")
    demo 140x40
    tui_see "no file of settings: it is left alone"
    tui_key 3 q
    tui_end
    t_eq "the $kind" "$before" "$(stat -c '%i %F %s' "$(file)")"
done
rm -rf "$(file)"

t_begin "a link to a file that is kept elsewhere stays one"
printf '[screen]\nview = log\n' >"$T_DIR/elsewhere"
ln -s "$T_DIR/elsewhere" "$(file)"
demo 140x40
tui_key 3 q
tui_end
t_ok test -L "$(file)"
t_ok grep -qx 'view = guests' "$T_DIR/elsewhere"
rm "$(file)"

t_begin "where nothing can be kept, that is told when the terminal is given back"
TUI_CONFIG=/dev/null
demo 140x40
tui_key 3 q
tui_end
tui_see "/dev/null/vmbalance/vcpu_scheduler.ini can't be written: Not a directory; what was chosen on the screen isn't kept"

t_done
