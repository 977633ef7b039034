# shellcheck shell=bash
# What all parts of the lab share: complaints, polling, talking to libvirt and to guests.

die() {
    echo "lab: $*" >&2
    exit 1
}

bad_usage() {
    echo "lab: $*; see 'lab help'" >&2
    exit 2
}

need_lab() {
    [ -d "${LAB_DIR:-}/guests" ] || die "not in a lab: use 'lab shell' or 'lab run COMMAND'"
}

is_count() {
    case $1 in
    '' | *[!0-9]*) return 1 ;;
    esac
}

now_ms() {
    local t=$EPOCHREALTIME
    echo $((${t/[.,]/} / 1000))
}

# poll SECONDS COMMAND...: until COMMAND succeeds; fails when it doesn't in time.
poll() {
    local until=$(($(now_ms) + $1 * 1000))
    shift
    until "$@"; do
        [ "$(now_ms)" -lt "$until" ] || return 1
        sleep 0.1
    done
}

lab_virsh() {
    virsh -q -c qemu:///system "$@" </dev/null
}

# say NAME TIMEOUT_S REQUEST...: prints the answer of NAME's agent.
say() {
    local name=$1 timeout=$2
    shift 2
    [ -S "$LAB_DIR/consoles/$name" ] || die "no guest '$name'"
    "$LAB_TOOLS/console" "$LAB_DIR/consoles/$name" "$timeout" "$@"
}

# peek NAME FILE: the beginning of a file in NAME, for whoever wants to know more.
peek() {
    say "$1" 30 peek "$2" | tr '|' '\n'
}
