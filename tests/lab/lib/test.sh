# shellcheck shell=bash disable=SC2034 # T_CODE is for the tests
# A small library for tests written in bash. Source it, then:
#
#   t_begin NAME                 starts a test; the one before is over
#   t_ok COMMAND...              COMMAND must succeed
#   t_not COMMAND...             COMMAND must fail
#   t_eq WHAT EXPECTED GOT       must be the same
#   t_between WHAT LOW HIGH GOT  a number, decimals allowed, within limits
#   t_poll SECONDS COMMAND...    COMMAND must succeed within SECONDS; asks at once, and then ever more seldom, up to every 0.2 s
#   t_fail REASON...             the test fails
#   t_note TEXT...               a comment in the report
#   t_spawn LABEL COMMAND...     runs COMMAND in the background; output to $T_DIR/LABEL.out and .err, its pid in T_PID
#   t_reap PID SECONDS           waits for it to end; its exit code in T_CODE; fails when it goes on
#   t_keep FILE                  shown when a test fails from now on
#   t_done                       reports, ends what was spawned, exits with 0 when nothing failed: the script's last line
#
# Checks return whether they held, so "t_poll 9 ready || t_done" gives up early. The report is TAP: "ok 1 - NAME" or
# "not ok 1 - NAME" with the reasons and the tails of the programs' output under it. A script that ends without t_done fails.

T_DIR=$(mktemp -d "${LAB_DIR:-${TMPDIR:-/tmp}}/test.XXXXXX") || exit 1
T_NAME=''
T_NUMBER=0
T_FAILED=0
T_REASONS=()
T_FILES=()
T_PIDS=()
T_FINISHED=''
T_PID=''
T_CODE=''
T_SINCE=0

# Sleeps without a process for it: nothing is ever written there.
exec {T_IDLE}<> <(:)
t_sleep() {
    read -rt "$1" -u "$T_IDLE"
    return 0
}

t_now_ms() {
    echo $((${EPOCHREALTIME/[.,]/} / 1000))
}

t_note() {
    echo "# $*"
}

t_finish() {
    [ -n "$T_NAME" ] || return 0
    local took file
    took=$(($(t_now_ms) - T_SINCE))
    T_NUMBER=$((T_NUMBER + 1))
    if [ "${#T_REASONS[@]}" -eq 0 ]; then
        echo "ok $T_NUMBER - $T_NAME # $((took / 1000)).$((took % 1000 / 100)) s"
    else
        T_FAILED=$((T_FAILED + 1))
        echo "not ok $T_NUMBER - $T_NAME"
        printf '#   %s\n' "${T_REASONS[@]}"
        for file in "${T_FILES[@]}"; do
            [ -s "$file" ] || continue
            echo "#   --- the last of ${file##*/}"
            tail -n 25 "$file" | sed 's/^/#   | /'
        done
    fi
    T_NAME=''
    T_REASONS=()
}

t_begin() {
    t_finish
    T_NAME=$1
    T_SINCE=$(t_now_ms)
}

t_fail() {
    T_REASONS+=("$*")
    return 1
}

t_ok() {
    "$@" || t_fail "failed ($?): $*"
}

t_not() {
    ! "$@" || t_fail "should have failed: $*"
}

t_eq() {
    [ "$2" = "$3" ] || t_fail "$1: expected '$2', got '$3'"
}

t_between() {
    awk -v low="$2" -v high="$3" -v got="$4" 'BEGIN { exit !(got ~ /^-?[0-9.]+$/ && got >= low && got <= high) }' ||
        t_fail "$1: expected $2 to $3, got '$4'"
}

t_poll() {
    local seconds=$1 until pauses=(0.02 0.03 0.05 0.1) n=0
    until=$((${EPOCHREALTIME/[.,]/} + seconds * 1000000))
    shift
    until "$@" >"$T_DIR/.poll" 2>&1; do
        if [ "${EPOCHREALTIME/[.,]/}" -ge "$until" ]; then
            t_fail "not within $seconds s: $* (at last: $(head -c 300 "$T_DIR/.poll" | tr '\n' ' '))"
            return 1
        fi
        t_sleep "${pauses[n++]:-0.2}"
    done
}

t_keep() {
    T_FILES+=("$@")
}

t_spawn() {
    local label=$1
    shift
    env --default-signal=INT,QUIT "$@" >"$T_DIR/$label.out" 2>"$T_DIR/$label.err" </dev/null &
    T_PID=$!
    T_PIDS+=("$T_PID")
    t_keep "$T_DIR/$label.out" "$T_DIR/$label.err"
}

t_is_gone() {
    ! kill -0 "$1" 2>/dev/null
}

t_reap() {
    T_CODE=''
    t_poll "$2" t_is_gone "$1" || return 1
    wait "$1" 2>/dev/null
    T_CODE=$?
    return 0
}

t_end_spawned() {
    local pid
    for pid in "${T_PIDS[@]}"; do
        kill "$pid" 2>/dev/null
    done
    for pid in "${T_PIDS[@]}"; do
        for _ in {1..100}; do
            t_is_gone "$pid" && break
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    T_PIDS=()
}

t_done() {
    t_finish
    T_FINISHED=yes
    echo "1..$T_NUMBER"
    echo "# passed $((T_NUMBER - T_FAILED)), failed $T_FAILED"
    [ "$T_FAILED" -eq 0 ] && [ "$T_NUMBER" -gt 0 ]
    exit
}

t_exit() {
    local code=$?
    if [ -z "$T_FINISHED" ]; then
        [ -n "$T_NAME" ] || T_NAME='the script itself'
        t_fail "the script ended early, with exit code $code"
        t_finish
        code=1
    fi
    t_end_spawned
    rm -rf "$T_DIR"
    exit "$code"
}

trap t_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
