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

t_done
