#!/usr/bin/env bash
# Memory that is out: the program says so and ends with status 1.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

recording=$top/docs/memory.recording
"${CC:-cc}" -shared -fPIC -O1 -o "$work/starve.so" "$(dirname "$0")/starve.c" -ldl || exit 1

# AddressSanitizer wants to be loaded first, and may: what is asked of the library here is passed on to it.
# starved VARIABLE=VALUE... -- WORDS...: plays the recording, with allocations failing.
starved() {
    local settings=()
    while [ "$1" != -- ]; do
        settings+=("$1")
        shift
    done
    shift
    timeout 20 env LD_PRELOAD="$work/starve.so" ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" "${settings[@]}" "$MEMORY_COORDINATOR" --replay "$recording" --speed max "$@" \
        >"$work/out" 2>"$work/err" </dev/null
    status=$?
}

# The moments are spread over the run, close together where it begins.
moments() {
    local at=1
    while [ "$at" -lt "$1" ]; do
        echo "$at"
        at=$((at + 1 + at / 2))
    done
}

for_good() {
    local at
    for at in $(moments 60000); do
        starved STARVE_AFTER="$at" -- "$@"
        if [ "$status" != 0 ] && { [ "$status" != 1 ] || ! grep -qiE "memory|descriptor" "$work/err"; }; then
            echo "from allocation $at on: status $status"
            cat "$work/err"
            return 1
        fi
    done
}
check "memory that is out for good ends the program with status 1, and is told" for_good

check "as lines of JSON, too" for_good --json

# One allocation that fails: all goes on, or the program ends as above; what is printed is whole.
once() {
    local at
    for at in $(moments 60000); do
        starved STARVE_AFTER="$at" STARVE_ONCE=1 -- --json
        if [ "$status" != 0 ] && { [ "$status" != 1 ] || ! grep -qiE "memory|descriptor" "$work/err"; }; then
            echo "at allocation $at: status $status"
            cat "$work/err"
            return 1
        fi
        jq -e -s 'all(has("format") and has("guests") and has("log"))' "$work/out" >/dev/null || {
            echo "at allocation $at: lines that aren't whole"
            return 1
        }
    done
}
check "an allocation that fails leaves no line of JSON in pieces" once

finish
