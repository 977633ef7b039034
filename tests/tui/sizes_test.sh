#!/bin/bash
# Every view at every size of terminal, with and without Unicode and colour, and resizes while it runs.
set -u
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

views=("1 guests" "2 pCPU" "3 NAME" "4 free" "5 :")

# all_views WxH: each view shows what it is for; nothing ever wraps into the footer's place.
all_views() {
    local height=${1#*x} view
    for view in "${views[@]}"; do
        tui_key "${view%% *}"
        tui_see "${view#* }" RUNNING
        t_ok eval 'tui_screen | tail -n 1 | grep -q "q quit"' || tui_because
        t_eq "rows" "$height" "$(tui_screen | wc -l)"
    done
    tui_key 1
}

# A terminal of sixteen colours, which Debian's base doesn't describe.
infocmp -x xterm-256color | sed -e 's/^xterm-256color|[^,]*/test-16color|sixteen colours/' -e 's/colors#0x100/colors#16/' \
    -e 's/pairs#0x10000/pairs#256/' >"$T_DIR/test-16color"
export TERMINFO=$T_DIR/terminfo
tic -x -o "$TERMINFO" "$T_DIR/test-16color" || t_note "no terminal of sixteen colours"

# Colours change nothing of where things are: each size has those of most terminals and none, one size has all kinds.
colors_at() {
    [ "$1" = 120x40 ] && echo xterm-256color test-16color xterm vt100 NO_COLOR || echo xterm-256color NO_COLOR
}

for size in 200x60 120x40 80x24 40x10; do
    for locale in C.UTF-8 C; do
        for colors in $(colors_at "$size"); do
            t_begin "all views at $size in $locale with $colors"
            TUI_LOCALE=$locale TUI_ENV=()
            if [ "$colors" = NO_COLOR ]; then
                tui_start "$size" env NO_COLOR=1 "$FIXTURE"
            elif infocmp "$colors" >/dev/null 2>&1; then
                tui_start "$size" env "TERM=$colors" "$FIXTURE"
            else
                t_note "no description of $colors here"
                continue
            fi
            tui_see RUNNING
            [ "$size" = 40x10 ] && views[0]="1 NAME" || views[0]="1 guests"
            # There a guest and its chart take the rows; the host's legend has none.
            [ "$size" = 40x10 ] && views[3]="4 unused" || views[3]="4 free"
            all_views "$size"
            if [ "$locale" = C ]; then
                t_not eval 'tui_screen | LC_ALL=C grep -q "[^ -~]"' || tui_because
            else
                t_ok eval 'tui_screen | grep -q "·"' || tui_because
            fi
            case $colors in
            vt100 | NO_COLOR) t_not eval "tui_screen -e | grep -qE $'\\033\\[(3[0-7]|9[0-7]|38;)'" || tui_because ;;
            *) t_ok eval "tui_screen -e | grep -qE $'\\033\\[(3[0-7]|9[0-7]|38;)'" || tui_because ;;
            esac
            tui_key q
            tui_end
        done
    done
done
TUI_LOCALE=C.UTF-8

t_begin "a terminal that is too small says so and recovers"
tui_start 30x5 "$FIXTURE"
tui_see "terminal too small"
tui_size 80x24
tui_see RUNNING guests "q quit"
tui_size 30x5
tui_see "terminal too small"
tui_not_see RUNNING
tui_size 1x1
tui_size 5x60
tui_size 200x3
tui_see "terminal too small"
# What isn't seen isn't done: neither keys nor clicks.
tui_key p d l r Enter /
tui_type $'\033[<0;2;2M\033[<0;2;2m'
tui_size 40x10
tui_see RUNNING "q quit"
tui_not_see PAUSED "DRY RUN" filter:
tui_key d
tui_see "DRY RUN"
tui_size 30x5
tui_see "q ends"
tui_key q
tui_end

t_begin "resizing while it runs, on every view and over help and detail"
tui_start 80x24 "$FIXTURE" guests=30
tui_see RUNNING
for key in 1 2 3 4 5 Enter '?'; do
    tui_key 1 "$key"
    for size in 200x60 40x10 120x40 30x5 80x24; do
        tui_size "$size"
        if [ "$size" = 30x5 ]; then
            tui_see "terminal too small"
            tui_key Down PPage NPage Home End Left Right
        elif [ "$key" = '?' ]; then
            tui_see "help: vcpu_scheduler"
        else
            tui_see RUNNING "q quit"
        fi
    done
done
tui_key Escape q
tui_end

t_begin "what a wide terminal adds"
tui_start 80x24 "$FIXTURE" guests=9
tui_see RUNNING "NAME"
tui_not_see "SWAP/s"
tui_size 200x60
tui_see "SWAP/s" "UNUSED" "LAST" "vCPU→pCPU (demand)" "best possible" "nova7"
tui_key q
tui_end

t_begin "64 pCPUs and some 200 vCPUs are readable at 80x24 and 200x60"
tui_start 80x24 "$FIXTURE" pcpus=64 nodes=4 guests=60 vcpus=4
tui_see "node 0" "node 3"
tui_key 2
tui_see "vCPUs on pCPUs" "pCPUs 1-"
tui_size 200x60
tui_see "pCPUs 1-64 of 64"
tui_key 1
tui_see "node 3  mean" " 63 "
tui_key q
tui_end

t_done
