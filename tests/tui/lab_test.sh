#!/bin/bash
# The TUI on real guests: what its keys do to them, by the hypervisor's own account, and how it behaves while libvirtd
# hangs or is gone.
set -u
here=$(cd "$(dirname "$0")" && pwd)
[ -n "${LAB_DIR:-}" ] || exec "$here/../lab/lab" run "$0"
# shellcheck source=lib.sh
. "$here/lib.sh"

pcpus_used() {
    lab pins | awk '{ print $2 }' | sort -u | wc -l
}

pins_are() {
    [ "$(lab pins)" = "$1" ]
}

pins_differ_from() {
    [ "$(lab pins)" != "$1" ]
}

tui_cursor_on() {
    tui_screen | grep -qE "^(▸|>)[ L*] $1 "
}

# Moves the cursor to a guest.
choose() {
    local _
    tui_key Home
    for _ in 1 2 3 4 5 6; do
        tui_cursor_on "$1" && return
        tui_key Down
        sleep 0.2
    done
    t_fail "the cursor does not come to $1"
}

for vm in vm1 vm2 vm3; do
    lab guest $vm --pin 0=0 --memory 256 --max 512 --nowait
done
t_begin "guests are up"
t_ok lab wait vm1 vm2 vm3 || t_done
for vm in vm1 vm2 vm3; do
    lab load $vm busy # so that a move is worth it whatever else the machine does
done
found=$(lab pins)

t_begin "s takes one decision, which moves real vCPUs, and pauses; u takes it back"
# However long it takes until it is paused, nothing moves before.
tui_start 120x36 "$VCPU_SCHEDULER" 3 --tui --dry-run --state-dir "$T_DIR/state"
tui_see RUNNING vm1 vm2 vm3
tui_key '<' '<'
tui_see "sort NAME"
tui_key p
tui_see PAUSED " next "
tui_key d
tui_not_see "DRY RUN"
paused_at=$(lab pins)
t_eq "pins while it watches" "$found" "$paused_at"
# The preview follows what is measured: while paused the plan comes by itself.
tui_see "would move"
tui_key s
tui_see PAUSED "one step" "→"
t_poll 10 pins_differ_from "$found"
t_ok test "$(pcpus_used)" -gt 1
stepped=$(lab pins)
sleep 4
t_eq "pins after one step, an interval later" "$stepped" "$(lab pins)"
tui_key u
t_poll 10 pins_are "$found"
tui_see PAUSED

t_begin "d keeps it from changing anything"
tui_key d
tui_see "DRY RUN"
tui_key p
tui_see RUNNING "[dry run]"
t_eq "pins" "$found" "$(lab pins)"
tui_key p
tui_see PAUSED
tui_key d
tui_not_see "DRY RUN"

t_begin "a locked guest is left alone by r, an unlocked one is not"
for vm in vm1 vm2 vm3; do
    choose $vm
    tui_key l
    tui_see "L $vm "
done
tui_key r
tui_see "forced"
t_eq "pins" "$found" "$(lab pins)"
choose vm1
tui_key l
tui_not_see "L vm1 "
tui_key r
t_poll 10 pins_differ_from "$found"
t_eq "the pins of those that are locked" "$(grep -v vm1 <<<"$found")" "$(lab pins | grep -v vm1)"
tui_key p
tui_see RUNNING

t_begin "while libvirtd hangs, keys answer, and the screen says what is waited for"
tui_key p
tui_see PAUSED
lab daemon freeze
tui_see "waits for libvirt"
tui_key p
tui_see "running on… waits for libvirt"
for key in 2 3 4 5 '?' Escape 1; do
    tui_key "$key"
done
tui_see " pCPUs " "waits for libvirt"
lab daemon thaw
tui_see RUNNING
tui_not_see "waits for libvirt"

t_begin "when libvirtd dies it says so, and goes on when it is back"
lab daemon kill
tui_see DISCONNECTED "no connection" "figures" " old"
tui_key s
tui_see "no step: there is no connection"
lab daemon start
t_poll 30 tui_shows RUNNING || tui_because
tui_see vm1 vm2 vm3
tui_key q
tui_end
tui_modes_restored

t_begin "it ends while libvirtd hangs"
tui_start 80x24 "$VCPU_SCHEDULER" 3 --tui --state-dir "$T_DIR/state"
tui_see RUNNING vm1
lab daemon freeze
tui_see "waits for libvirt"
tui_key q
tui_end
tui_modes_restored
lab daemon thaw

t_begin "a screen attached to a headless program does to real guests what its own would, and that one stays"
"$VCPU_SCHEDULER" 3 --state-dir "$T_DIR/state" >"$T_DIR/service" 2>&1 </dev/null &
service=$!
t_poll 20 "$VCPU_SCHEDULER" --ctl pause
for vm in vm1 vm2 vm3; do
    virsh -q -c qemu:///system vcpupin $vm 0 0 --live </dev/null
done
crowded=$(lab pins)
tui_start 120x36 "$VCPU_SCHEDULER" --attach
tui_see "vcpu_scheduler attached" PAUSED vm1 vm2 vm3 "would move" # by the next decision
tui_key s
tui_see "one step"
t_poll 10 pins_differ_from "$crowded"
tui_key u
t_poll 10 pins_are "$crowded"
lab daemon freeze
tui_see "waits for libvirt"
lab daemon thaw
tui_see "sd "
tui_not_see "waits for libvirt"
tui_key q
tui_end
tui_modes_restored
t_ok "$VCPU_SCHEDULER" --ctl resume
t_poll 20 pins_differ_from "$crowded"
kill "$service"
wait "$service"
t_eq "the program's exit status" 0 $?

period_of() {
    virsh -q -c qemu:///system dumpxml "$1" </dev/null | sed -n "s/.*<stats period='\([0-9]*\)'.*/\1/p"
}
period_is() {
    [ "$(period_of vm1)" = "$1" ]
}

t_begin "guests tell the scheduler's screen of their memory, as often as suits the interval, and only for so long"
tui_start 120x36 "$VCPU_SCHEDULER" 3 --tui --state-dir "$T_DIR/state"
tui_see RUNNING vm1
tui_key 3
t_poll 10 period_is 1
told_now() { # the unused memory of vm1, without a question mark
    tui_screen | grep -E '^.{1,3}vm1 ' | grep -qv '[?]'
}
t_poll 10 told_now || tui_because
tui_key + + + + + + + + +
tui_see "a decision every 12 s"
t_poll 10 period_is 1
tui_key q
tui_end
t_poll 5 period_is ""

t_begin "two screens look at a service, one of them stopped: it goes on, and --ctl and keys act on real guests"
for vm in vm1 vm2 vm3; do
    t_ok virsh -q vcpupin $vm 0 0 --live
done
crowded=$(lab pins)
"$VCPU_SCHEDULER" 2 headless --state-dir "$T_DIR/state" >"$T_DIR/service" 2>&1 </dev/null &
service=$!
# ctl STATUS WORDS...: its exit status.
ctl() {
    local wanted=$1 status
    shift
    "$VCPU_SCHEDULER" --ctl "$@" >"$T_DIR/ctl" 2>&1 </dev/null
    status=$?
    [ "$status" -eq "$wanted" ] || { t_note "--ctl $*: $status: $(cat "$T_DIR/ctl")"; return 1; }
}
t_poll 20 ctl 0 pause
for vm in vm1 vm2 vm3; do # whatever it has decided until then
    t_ok virsh -q vcpupin $vm 0 0 --live
done
tui_start 120x36 "$VCPU_SCHEDULER" --attach
tui_see "vcpu_scheduler attached" PAUSED vm1 vm2 vm3
# The second one, on a terminal made by script, is stopped as soon as it draws.
TERM=xterm script -qec "exec sh -c 'echo \$\$ >$T_DIR/second.pid; exec $VCPU_SCHEDULER --attach'" "$T_DIR/second" >/dev/null </dev/null &
second=$!
t_poll 20 grep -qa "attached" "$T_DIR/second"
t_ok kill -STOP "$(cat "$T_DIR/second.pid")"
decided() {
    "$VCPU_SCHEDULER" --ctl status --json | jq .counters.decisions
}
tui_see "would move"
t_ok ctl 0 step
t_poll 10 pins_differ_from "$crowded"
tui_see "0→1"
t_ok ctl 0 undo
t_poll 10 pins_are "$crowded"
t_ok ctl 0 lock vm1
tui_see "L vm1 "
t_ok ctl 1 lock nobody
t_ok ctl 2 nonsense
t_ok ctl 0 unlock vm1
t_ok ctl 0 force
t_poll 10 pins_differ_from "$crowded"
t_ok ctl 0 resume
before=$(decided)
t_poll 20 eval '[ "$(decided)" -gt $((before + 2)) ]'
tui_key p
tui_see PAUSED
t_poll 10 eval 'ctl 0 status && grep -q ^paused "$T_DIR/ctl"'
t_ok kill -CONT "$second" # script, which stops with what it runs and has it go on
t_poll 10 eval '! grep -q "^State:.T" "/proc/$(cat "$T_DIR/second.pid")/status"'
tui_key q
tui_end
tui_modes_restored
t_ok kill "$(cat "$T_DIR/second.pid")"
wait "$second"
t_ok kill "$service"
wait "$service"
t_eq "the service's exit status" 0 $?
t_ok ctl 3 status

t_begin "r sets real balloons"
lab load vm1 idle
lab load vm2 idle
lab load vm3 idle
sizes=$(lab sizes)
tui_start 120x36 "$MEMORY_COORDINATOR" 2 --tui --guest-floor 100 --unused-floor 20 --burst 0 \
    --state-dir "$T_DIR/state"
tui_see RUNNING vm1 "MAX"
tui_key p
tui_see PAUSED
t_poll 20 told_now || tui_because # nothing is taken from guests that never told of their memory
paused=$(lab sizes)
tui_key r
sizes_differ() {
    [ "$(lab sizes)" != "$paused" ]
}
t_poll 20 sizes_differ
t_note "sizes at first: $(tr '\n' ';' <<<"$sizes"); after r: $(lab sizes | tr '\n' ';')"
tui_key q
tui_end
tui_modes_restored

# ---- Both as services, under a systemd of their own, on the same guests.
box=$T_DIR/box
there() {
    "$TOP/tests/package/systemd" in "$box" "$@"
}
# status PROGRAM JQ: of the service.
status() {
    there "$1" --ctl status --json | jq -r "$2"
}
settings() { # settings PROGRAM LINE...
    there tee "/etc/vmbalance/${1//_/-}.conf" >/dev/null < <(printf '%s\n' "interval = 2" "${@:2}")
}
memory_of() {
    lab sizes | awk -v vm="$1" '$1 == vm { print $2 }'
}
all_tell() {
    [ "$(status memory_coordinator '[.guests[] | select(.memory.usable_kib)] | length')" = 3 ]
}
# The programs without sanitizers, which systemd's confinement would keep from working.
services_start() {
    flock "$TOP/build.mk" make -s -C "$TOP" all && there make -s -C "$TOP" install UNITDIR=/etc/systemd/system &&
        there systemctl mask --runtime libvirtd.service && there systemctl daemon-reload || return 1
    settings vcpu_scheduler
    settings memory_coordinator "guest-floor = 100" "unused-floor = 20"
    there systemctl start vcpu_scheduler memory_coordinator
}
side_by_side() {
    local vm crowded own rest
    for vm in vm1 vm2 vm3; do
        lab load $vm busy
        virsh -q vcpupin $vm 0 0 --live
        virsh -q setmem $vm 200M --live
    done
    crowded=$(lab pins)
    t_ok services_start >"$T_DIR/start" 2>&1 || { t_keep "$T_DIR/start"; return; }
    t_poll 60 pins_differ_from "$crowded"
    t_poll 60 all_tell
    lab mem vm1 touch 200
    t_poll 60 eval '[ "$(memory_of vm1)" -gt 250 ]'
    t_eq "trouble that both tell of" "0 0" "$(status vcpu_scheduler .counters.errors) $(status memory_coordinator .counters.errors)"
    t_eq "guests that are left alone" no "$(status vcpu_scheduler '[.guests[].leave_alone // "no"] | unique | join(" ")')"

    t_begin "what a guest says of itself counts live: pCPUs that are dedicated to it are its own"
    own=$(lab pins | awk '$2 == 0 { sub("/.*", "", $1); print $1; exit }')
    rest=$(lab pins | awk -v own="$own/0" '$1 != own { print $1, 0 }')
    t_ok virsh -q metadata "$own" urn:vmbalance:policy:1 --key vmbalance --live --set "<policy dedicated='yes' pcpus='1'/>"
    t_poll 60 pins_are "$(printf '%s\n' "$own/0 1" "$rest" | sort)"
    t_ok virsh -q metadata "$own" urn:vmbalance:policy:1 --live --remove

    t_begin "the coordinator's screen shows the scheduler where that runs, attached to its service"
    tui_start 140x40 "$TOP/tests/package/systemd" in "$box" memory_coordinator --attach
    tui_see "memory_coordinator attached" RUNNING "vcpu_scheduler running" vm1
    t_ok there vcpu_scheduler --ctl pause >"$T_DIR/ctl"
    tui_see "vcpu_scheduler paused"
    t_ok there systemctl stop vcpu_scheduler
    tui_not_see "vcpu_scheduler paused"
    tui_key q
    tui_end
    t_ok there systemctl stop memory_coordinator
    in_journal() {
        there journalctl -o json -u "$1" | jq -se "map(select($2)) | length > 0" >/dev/null
    }
    t_ok in_journal vcpu_scheduler '.VMBALANCE_GUEST and .VMBALANCE_PCPU == "1" and .VMBALANCE_RESULT == "done"'
    t_ok in_journal memory_coordinator '.VMBALANCE_GUEST == "vm1" and (.VMBALANCE_TO_KIB | tonumber? // 0) > 250 * 1024'
}
t_begin "two services on the same guests, under a real systemd: vCPUs are spread, and memory goes where it is needed"
mkdir "$box"
"$TOP/tests/package/systemd" boot "$box" /run/libvirt "$TOP" >"$T_DIR/why" 2>&1
booted=$?
if [ $booted -eq 77 ]; then
    t_note "not here: $(head -n 1 "$T_DIR/why")"
else
    trap '"$TOP/tests/package/systemd" end "$box"; tui_leave' EXIT
    t_eq "systemd boots" 0 $booted && side_by_side
fi

# ---- From another host: a real sshd on the loopback, with keys of its own.
from_afar() {
    local keys=$T_DIR/ssh uri sshd name
    mkdir -m 700 "$keys" && mkdir -p -m 755 /run/sshd
    ssh-keygen -q -t ed25519 -N '' -f "$keys/host" && ssh-keygen -q -t ed25519 -N '' -f "$keys/user"
    /usr/sbin/sshd -f /dev/null -D -e -o Port=2222 -o ListenAddress=127.0.0.1 -o HostKey="$keys/host" -o PidFile=none \
        -o AuthorizedKeysFile="$keys/user.pub" -o StrictModes=no -o PermitRootLogin=prohibit-password 2>"$T_DIR/sshd" &
    sshd=$!
    t_keep "$T_DIR/sshd"
    t_poll 10 grep -q "Server listening" "$T_DIR/sshd"
    uri="qemu+ssh://root@127.0.0.1:2222/system?keyfile=$keys/user&no_verify=1&no_tty=1"
    t_keep "$T_DIR/afar.log"
    for name in "$VCPU_SCHEDULER" "$MEMORY_COORDINATOR"; do
        t_ok timeout 120 "$name" 1 --dry-run -n 2 --state-dir "$T_DIR/afar" -c "$uri" >"$T_DIR/afar.log" 2>&1
        t_ok grep -q "start  .*qemu+ssh://root@127.0.0.1:2222/.* 3 guests with 3 vCPUs" "$T_DIR/afar.log"
    done
    tui_start 120x36 "$VCPU_SCHEDULER" 2 --tui --dry-run --state-dir "$T_DIR/afar" -c "$uri"
    t_poll 60 tui_shows vm3
    tui_see "DRY RUN" RUNNING vm1 vm2
    # shellcheck disable=SC2046 # words
    kill -KILL "$sshd" $(ps -o pid= --ppid "$sshd")
    wait "$sshd"
    tui_see DISCONNECTED "lost the connection to qemu+ssh"
    tui_key q
    tui_end
    tui_modes_restored
}
t_begin "a host is looked at from another by qemu+ssh, until the connection is gone"
if [ -x /usr/sbin/sshd ] && command -v ssh-keygen >/dev/null; then
    from_afar
else
    t_note "not here: there is no sshd"
fi

t_done
