#!/bin/bash
# Guests' names with wide, combining, control and invalid characters.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

columns() { # of each row, the column in which its balloon's bar ends
    local line
    tui_screen | grep '│ ' | while IFS= read -r line; do
        printf '%s' "${line%%│*}" | wc -L
    done
}

for size in 200x60 120x40 80x24 40x10; do
    t_begin "odd names at $size stay in their column and never steer the terminal"
    tui_start "$size" "$FIXTURE" names=odd still=1
    tui_see RUNNING "数据" "esc�["
    t_not eval "tui_screen -e | grep -q $'\\033\\[2J'"
    t_not eval 'tui_screen | grep -qE "^(new|line|red)"'
    t_ok eval 'tui_screen | tail -n 1 | grep -q "q quit"' || tui_because
    case $size in
    120x40 | 80x24) t_eq "columns where bars end" 1 "$(columns | sort -u | wc -l)" ;;
    esac
    for key in 2 3 4 Enter; do
        tui_key "$key"
        tui_see RUNNING
        t_ok eval 'tui_screen | tail -n 1 | grep -qE "q quit|help"' || tui_because
    done
    tui_key q
    tui_end
done

# Nine names of 70 bytes and more, of which three differ in their middle and the others at their end, too.
for size in 200x60 120x40 80x24 40x10; do
    t_begin "long names at $size are cut in the middle, and no two are the same"
    tui_start "$size" "$FIXTURE" names=long still=1
    tui_see RUNNING "prod" "…"
    for key in 1 3 4; do
        tui_key "$key"
        tui_see RUNNING
        [ "$size" = 40x10 ] && continue
        tui_screen | grep -oE 'pro[^ │]*…[^ │]*' | grep -v / | sort | uniq -d >"$T_DIR/same"
        t_eq "names seen twice, view $key" "" "$(cat "$T_DIR/same")"
    done
    tui_key q
    tui_end
done

t_begin "without Unicode they are shown in ASCII"
TUI_LOCALE=C
tui_start 120x40 "$FIXTURE" names=odd still=1
tui_see RUNNING "????????" "esc?[31mred" "bad??utf8"
t_not eval 'tui_screen | LC_ALL=C grep -q "[^ -~]"' || tui_because
tui_key q
tui_end

t_begin "a wide name can be filtered by a part of it"
TUI_LOCALE=C.UTF-8
tui_start 120x40 "$FIXTURE" names=odd still=1
tui_see RUNNING
tui_key /
tui_type "据库"
tui_see "1 of 9 guests"
tui_key BSpace
tui_see "filter: 据" "1 of 9 guests"
tui_key Escape q
tui_key q
tui_end

t_done
