# shellcheck shell=bash
# The private space a lab lives in: its own mounts and process numbers, a libvirtd of its own in it, and how both end.
#
# Everything a lab writes lies on file systems that only its own mount namespace sees, and every process it starts is
# in its own process namespace. When the first process there ends, for whatever reason, the kernel ends the others and
# nothing is left to clean up.

LAB_PRIVATE="/etc/libvirt /var/lib/libvirt /var/log/libvirt"

space_check() {
    need unshare:util-linux setpriv:util-linux flock:util-linux mount:mount qemu-system-x86_64:qemu-system-x86 \
        libvirtd:libvirt-daemon virsh:libvirt-clients
    local dir
    for dir in $LAB_PRIVATE; do
        [ -d "$dir" ] || die "no $dir: apt-get install --no-install-recommends libvirt-daemon-system"
    done
    compgen -G '/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so' >/dev/null ||
        die "missing driver: apt-get install --no-install-recommends libvirt-daemon-driver-qemu"
}

space_lock() {
    local how=$1
    mkdir -p "${LAB_LOCK%/*}" && exec 9>>"$LAB_LOCK" || exit 1
    flock "$how" -n 9 && return
    echo "lab: waiting for another lab to end" >&2
    flock "$how" 9 || exit 1
}

# The process that is number 1 in the space whose unshare is $1.
space_first() {
    local first=
    read -r first _ 2>/dev/null <"/proc/$1/task/$1/children"
    echo "$first"
}

gone() {
    ! kill -0 "$1" 2>/dev/null
}

# What a signal to "lab run" leads to. On a terminal COMMAND has had the signal too, so it is given time to end by
# itself before it is told to, and before it is made to.
space_down() {
    local code=$1 outer=$2 first
    trap '' INT TERM HUP
    first=$(space_first "$outer")
    if ! poll 1 gone "$outer"; then
        [ -n "$first" ] && kill -TERM "$first" 2>/dev/null
        poll 3 gone "$outer" || kill -KILL "$outer"
    fi
    wait "$outer" 2>/dev/null
    [ -z "$first" ] || poll 20 gone "$first"
    exit "$code"
}

space_run() {
    local how=-x outer
    case ${1:-} in
    --shared) how=-s && shift ;;
    esac
    [ "${1:-}" != -- ] || shift
    [ $# -gt 0 ] || bad_usage "run: no command given"
    [ -z "${LAB_DIR:-}" ] || die "already in a lab"
    [ "$(id -u)" = 0 ] || die "a lab needs root: use sudo"
    space_check
    setup_lab
    space_lock "$how"
    # Signals that bash ignores for commands in the background are set back for ours; setpriv makes the kernel end the
    # space even when this shell is killed.
    env --default-signal=INT,QUIT setpriv --pdeathsig KILL \
        unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
        "$LAB_SELF" --inside "$(setup_tools_dir)" "$@" <&0 &
    outer=$!
    trap 'space_down 130 $outer' INT
    trap 'space_down 143 $outer' TERM
    trap 'space_down 129 $outer' HUP
    wait "$outer"
}

space_shell() {
    local shared=()
    [ "${1:-}" != --shared ] || shared=(--shared)
    space_run "${shared[@]}" bash --rcfile "$LAB_HOME/lib/shellrc" -i
}

# Another terminal's way into a lab that runs.
space_enter() {
    local pid found=
    for pid in /proc/[0-9]*; do
        # Number 1 in a process namespace other than this one.
        grep -qs "^NSpid:.*[[:space:]]1$" "$pid/status" && tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | grep -q -- 'lab --inside ' || continue
        found=${pid#/proc/}
    done
    [ -n "$found" ] || die "no lab is running"
    [ $# -gt 0 ] || set -- bash --rcfile "$LAB_HOME/lib/shellrc" -i
    space_environment "$(tr '\0' '\n' <"/proc/$found/cmdline" | sed -n '/^--inside$/{n;p;q}')"
    exec nsenter --target "$found" --mount --pid --wd="$PWD" "$@"
}

space_environment() {
    export LAB_DIR=/run/lab LAB_TOOLS=$1 LAB_CACHE LIBVIRT_DEFAULT_URI=qemu:///system PATH="$LAB_HOME:$PATH"
}

space_mounts() {
    local dir
    for dir in $LAB_PRIVATE /run; do
        mount -t tmpfs -o mode=755 lab "$dir" || die "cannot mount on $dir"
    done
    # What libvirtd found out about QEMU keeps from lab to lab: it saves seconds, and checks itself.
    mkdir -p /run/libvirt /run/lock "$LAB_DIR/guests" "$LAB_DIR/consoles" "$LAB_CACHE/libvirt" &&
        mount --bind "$LAB_CACHE/libvirt" /var/cache/libvirt || die "cannot set up the lab's folders"
    cat >/etc/libvirt/qemu.conf <<'END'
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
END
    cat >/etc/libvirt/libvirtd.conf <<'END'
auth_unix_ro = "none"
auth_unix_rw = "none"
END
    # There is no polkit in here to ask for leave, and virsh on a terminal would say so each time.
    [ ! -e /usr/bin/pkttyagent ] || mount --bind /dev/null /usr/bin/pkttyagent
    # A disk that takes no room, the same for all guests: they only read it, to fill their page caches.
    truncate -s 16G "$LAB_DIR/disk"
}

# Number 1 of the space.
space_inside() {
    local child code signalled=1
    space_environment "$1"
    shift
    # Set before anything else: number 1 is deaf to signals it does not handle.
    trap 'signalled=1; [ -z "${child:-}" ] || kill -TERM "$child" 2>/dev/null' TERM
    trap 'signalled=1' INT HUP
    space_mounts
    space_daemon start || die "libvirtd does not come up"
    env --default-signal=INT,QUIT "$@" <&0 &
    child=$!
    while [ -n "$signalled" ]; do
        signalled=
        wait "$child"
        code=$?
    done
    exit "$code"
}

daemon_pid() {
    cat "$LAB_DIR/libvirtd.pid" 2>/dev/null
}

daemon_runs() {
    local pid
    pid=$(daemon_pid) && [ -n "$pid" ] && [ -d "/proc/$pid" ]
}

daemon_answers() {
    [ -S /run/libvirt/libvirt-sock ] && lab_virsh version >/dev/null 2>&1
}

daemon_start() {
    daemon_runs && die "libvirtd runs already"
    # A network of its own: it cannot reach the machine's firewall or bridges.
    setsid unshare --net libvirtd >>"$LAB_DIR/libvirtd.log" 2>&1 </dev/null 9>&- &
    echo "$!" >"$LAB_DIR/libvirtd.pid"
    disown
    poll 30 daemon_answers && return
    cat "$LAB_DIR/libvirtd.log" >&2
    return 1
}

daemon_end() {
    local pid
    pid=$(daemon_pid)
    kill "$1" "$pid" 2>/dev/null || die "libvirtd does not run"
    poll 10 gone "$pid"
}

space_daemon() {
    case ${1:-status} in
    start) daemon_start ;;
    stop) daemon_end -TERM ;;
    kill) daemon_end -KILL ;;
    freeze) kill -STOP "$(daemon_pid)" ;;
    thaw) kill -CONT "$(daemon_pid)" ;;
    status) if daemon_runs; then echo "runs, pid $(daemon_pid)"; else echo "does not run"; fi ;;
    *) bad_usage "daemon: unknown '$1'" ;;
    esac
}
