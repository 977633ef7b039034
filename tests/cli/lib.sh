# What the tests of the command lines share. Each test script sources this, calls `check` and ends with `finish`.
# shellcheck shell=bash
set -u
top=${TOP:-$(cd "$(dirname "$0")/../.." && pwd)}
: "${VCPU_SCHEDULER:=$top/vcpu_scheduler}" "${MEMORY_COORDINATOR:=$top/memory_coordinator}"
export LC_ALL=${LC_ALL:-C.UTF-8}
unset NO_COLOR
work=$(mktemp -d)
export VMBALANCE_JOURNAL_SOCKET=$work/no-journal # what is tested doesn't go into the machine's own
export RUNTIME_DIRECTORY=$work/run # so that those that run side by side don't meet
failures=0

# The programs by name, and the hypervisor that is built into libvirt: no daemon, one guest.
declare -A program=([vcpu_scheduler]=$VCPU_SCHEDULER [memory_coordinator]=$MEMORY_COORDINATOR)
programs="vcpu_scheduler memory_coordinator"
here=(-c test:///default)
# A hypervisor that isn't there.
nowhere=(-c test:///nonexistent/nothing.xml)

# without_sanitizers: from here on those programs run that are built without. For what takes a hundred starts or plays long
# recordings, which sanitizers make several times as long, where the same code runs under them in other tests.
without_sanitizers() {
    case $VCPU_SCHEDULER in
    */build-*/*) ;;
    *) return ;;
    esac
    flock "$top/build.mk" make -s -C "$top" all >/dev/null || { echo "not ok the build without sanitizers"; exit 1; }
    program=([vcpu_scheduler]=$top/vcpu_scheduler [memory_coordinator]=$top/memory_coordinator)
}

clean_up() {
    local job
    for job in $(jobs -p); do
        kill -KILL "$job" 2>/dev/null
    done
    wait 2>/dev/null
    rm -rf "$work"
}
trap clean_up EXIT

# check NAME COMMAND...: one test; the command's success is the result. What went wrong goes to stdout as comments.
check() {
    local name=$1
    shift
    if "$@" >"$work/check.log" 2>&1; then
        echo "ok $name"
    else
        failures=$((failures + 1))
        echo "not ok $name"
        sed 's/^/#   /' "$work/check.log"
    fi
}

finish() {
    exit $((failures > 0))
}

# run PROGRAM WORDS...: leaves its stdout, stderr and exit status in $work/out, $work/err and $status.
run() {
    local name=$1
    shift
    timeout 60 "${program[$name]}" "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
}

# expect WORD VALUE VALUE: says which differ.
expect() {
    [ "$2" = "$3" ] && return 0
    echo "$1: expected '$3', is '$2'"
    return 1
}

lines_of() {
    wc -l <"$1"
}

# until_true SECONDS COMMAND...: polls for it.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.02
    done
}

ended() {
    ! kill -0 "$1" 2>/dev/null
}
