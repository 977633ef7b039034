#!/bin/bash
# Tests of the lab itself: what it promises of guests, loads, memory and of its own end.
# shellcheck disable=SC2317 # functions that t_poll calls
set -u

here=$(cd "$(dirname "$0")" && pwd)
lab=$here/lab
# shellcheck source=lib/test.sh
. "$here/lib/test.sh"

# What a lab could leave behind outside.
traces() {
    find /etc/libvirt /var/lib/libvirt /var/log/libvirt /run/libvirt /run/lab 2>/dev/null | sort
    cat /proc/self/mounts
}

# The COMMAND of a lab that is to be ended: boots a guest of its own name, says so outside, and waits.
resident() {
    lab guest "$1" --nowait && touch "$2" && exec sleep 1000
}

processes_of() {
    # The brackets keep the pattern from finding itself.
    grep -lsz -- "guest[=]$1" /proc/[0-9]*/cmdline
}

nothing_of() {
    ! processes_of "$1" >/dev/null
}

ends_by() {
    local signal=$1 code=$2 name=labend$$$1 before
    t_begin "a lab ended by SIG$signal leaves nothing"
    before=$(traces)
    t_spawn "end-$signal" "$lab" run --shared -- "$here/selftest.sh" --resident "$name" "$T_DIR/up-$signal"
    t_poll 120 test -e "$T_DIR/up-$signal" || return
    t_ok processes_of "$name" >/dev/null
    kill "-$signal" "$T_PID"
    t_reap "$T_PID" 30
    t_eq "exit code" "$code" "$T_CODE"
    t_poll 60 nothing_of "$name"
    t_eq "files and mounts" "$before" "$(traces)"
}

outside() {
    local before
    before=$(traces)
    t_begin "COMMAND's exit code is passed on"
    "$lab" run --shared -- sh -c 'exit 7'
    t_eq "exit code" 7 $?
    "$lab" run --shared true
    t_eq "exit code" 0 $?
    t_eq "files and mounts" "$before" "$(traces)"

    t_begin "COMMAND gets the lab's input, output and folder"
    t_eq "echo" "$(printf 'hello\n%s' "$PWD")" "$(echo hello | "$lab" run --shared -- sh -c 'head -n 1; pwd')"

    t_begin "bad usage is told"
    "$lab" bogus 2>"$T_DIR/usage"
    t_eq "exit code of a wrong word" 2 $?
    "$lab" run 2>"$T_DIR/usage"
    t_eq "exit code without a command" 2 $?
    t_not "$lab" guest vm1 2>"$T_DIR/usage"
    t_ok grep -q 'not in a lab' "$T_DIR/usage"

    ends_by TERM 143
    ends_by INT 130
    ends_by KILL 137

    t_begin "two shared labs run side by side"
    t_spawn one "$lab" run --shared -- "$here/selftest.sh" --resident "labone$$" "$T_DIR/one"
    t_spawn two "$lab" run --shared -- "$here/selftest.sh" --resident "labtwo$$" "$T_DIR/two"
    t_poll 120 test -e "$T_DIR/one"
    t_poll 120 test -e "$T_DIR/two"
    t_end_spawned

}

inside_a_lab() {
    t_begin "everything inside a lab"
    "$lab" run "$here/selftest.sh" --inside >"$T_DIR/inside" 2>&1
    t_eq "exit code" 0 $?
    sed 's/^/    /' "$T_DIR/inside"
}

# column TABLE ROW COLUMN
cell() {
    awk -v row="$2" -v column="$3" '$1 == row { print $column }' <<<"$1"
}

# Demand in percent of a pCPU: the share of the time it did not have to wait. Holds on a crowded machine too.
demand() {
    awk -v row="$1" '$1 == row { printf "%.1f", 100 * $2 / (100 - $3) }' <<<"$2"
}

# memory KEY: of vm1, from the hypervisor, in MiB.
memory() {
    virsh -q dommemstat vm1 | awk -v key="$1" '$1 == key { print int($2 / 1024) }'
}

memory_above() {
    [ "$(memory "$1")" -gt "$2" ]
}

memory_below() {
    [ "$(memory "$1")" -lt "$2" ]
}

status_is() {
    [ "$(lab mem vm1 status "$1")" = "$2" ]
}

# The hypervisor's statistics have caught up with what the guest says itself.
statistics_agree() {
    local gap=$(($(memory unused) - $(lab mem vm1 status free)))
    [ "${gap#-}" -le 4 ]
}

allocated_above() {
    [ "$(lab mem vm1 status allocated)" -gt "$1" ]
}

loads() {
    local pct table before after since
    t_begin "a busy vCPU wants a whole pCPU, an idle one nothing"
    lab load vm2/0 busy
    table=$(lab use 3)
    t_between "busy vm2/0" 80 130 "$(demand vm2/0 "$table")"
    t_between "idle vm2/1" 0 5 "$(demand vm2/1 "$table")"
    t_between "idle vm1/0" 0 5 "$(demand vm1/0 "$table")"
    t_eq "affinity" 0 "$(cell "$table" vm2/0 4)"

    for pct in 20 40 70; do
        t_begin "a closed load of $pct % wants that much"
        lab load vm1 closed $pct
        table=$(lab use 4)
        # How fast a pCPU works changes by a tenth with what its neighbours do; the limits of the three don't overlap.
        t_between "demand of vm1/0" $((pct * 8 / 10 - 3)) $((pct * 12 / 10 + 3)) "$(demand vm1/0 "$table")"
    done

    t_begin "work of an open load is done as it arrives"
    lab load vm2/0 idle
    lab load vm1 open 30
    since=$(t_now_ms) before=$(lab work vm1)
    sleep 3
    after=$(lab work vm1) since=$(($(t_now_ms) - since))
    t_between "work done, in % of the time" 24 38 \
        "$(awk -v d=$((after - before)) -v speed="$(cat "$LAB_DIR/units_per_ms")" -v ms=$since 'BEGIN { print 100 * d / speed / ms }')"

    t_begin "a closed load that shares its pCPU uses less and wants as much as before"
    lab load vm1 closed 60
    lab load vm2/0 busy
    table=$(lab use 4)
    t_between "use of closed 60" 1 58 "$(cell "$table" vm1/0 2)"
    t_between "wait of closed 60" 10 99 "$(cell "$table" vm1/0 3)"
    t_between "demand of closed 60" 45 75 "$(demand vm1/0 "$table")"

    t_begin "loads are per vCPU and can be asked for"
    lab load vm2/1 burst 100 300
    t_ok grep -q '^0 kind=busy' <(lab load vm2)
    t_ok grep -q '^1 kind=burst' <(lab load vm2)
    t_not lab load vm2/7 busy 2>/dev/null
    t_not lab load vm2 closed 200 2>/dev/null
    t_not lab load nobody busy 2>/dev/null
    lab load vm1 idle
    lab load vm2 idle
}

memories() {
    local unused usable pages
    virsh -q dommemstat vm1 --period 1 --live
    t_begin "the balloon shrinks and grows a guest"
    t_eq "size at start" "vm1 256 768" "$(lab sizes | grep '^vm1 ')"
    virsh -q setmem vm1 384M
    t_poll 30 size_is 384
    virsh -q setmem vm1 320M
    t_poll 30 size_is 320
    virsh -q setmem vm1 512M
    t_poll 30 size_is 512

    t_begin "memory grows at a rate, holds, and is released"
    t_poll 30 statistics_agree
    unused=$(memory unused)
    lab mem vm1 grow 20 100
    t_poll 10 status_is state growing
    t_poll 60 status_is state holding
    t_eq "allocated" 100 "$(lab mem vm1 status allocated)"
    t_poll 10 memory_below unused $((unused - 90))
    lab mem vm1 release
    t_eq "allocated" 0 "$(lab mem vm1 status allocated)"
    t_poll 10 memory_above unused $((unused - 10))
    t_eq "swap in the guest" 0 "$(lab mem vm1 status swap)"

    t_begin "the page cache fills and stays usable"
    t_poll 30 statistics_agree
    unused=$(memory unused) usable=$(memory usable)
    lab mem vm1 cache 200
    t_poll 60 status_is cached 200
    t_poll 10 memory_below unused $((unused - 180))
    t_ok memory_above usable $((usable - 20))
    t_ok memory_above disk_caches 180
    lab mem vm1 drop
    t_poll 10 memory_above unused $((unused - 20))

    t_begin "growth stops before the OOM killer and goes on with more memory"
    lab mem vm1 touch 700
    t_poll 60 status_is state paused
    t_between "available" 30 60 "$(lab mem vm1 status available)"
    pages=$(lab mem vm1 status allocated)
    virsh -q setmem vm1 640M
    t_poll 60 allocated_above $((pages + 80))
    t_poll 60 status_is state paused
    lab mem vm1 release
    t_eq "OOM kills" 0 "$(lab mem vm1 status oom_kills)"
}

size_is() {
    [ "$(lab sizes | awk '$1 == "vm1" { print $2 }')" = "$1" ]
}

others() {
    t_begin "a guest without driver does not shrink, and one without balloon has none"
    virsh -q setmem vm3 100M
    sleep 1
    t_eq "size of vm3" 128 "$(lab sizes | awk '$1 == "vm3" { print $2 }')"
    t_not virsh -q setmem vm4 100M 2>/dev/null

    t_begin "guests are made as told"
    virsh dumpxml vm4 >"$T_DIR/vm4.xml"
    t_keep "$T_DIR/vm4.xml"
    t_ok grep -q "<vcpu .*cpuset='0' current='1'>2<" "$T_DIR/vm4.xml"
    t_ok grep -q '<mark:x' "$T_DIR/vm4.xml"
    t_ok grep -q '<description>told<' "$T_DIR/vm4.xml"
    t_eq "pins" "vm4/0 0" "$(lab pins | grep '^vm4/')"
    virsh -q setvcpus vm4 2 --live
    # The guest has to notice first.
    t_poll 30 lab load vm4/1 busy
    t_between "use of a plugged-in vCPU" 20 100 "$(cell "$(lab use 2)" vm4/1 2)"

    t_begin "a frozen QEMU hangs alone and comes back"
    lab freeze vm4
    t_not "$LAB_TOOLS/console" "$LAB_DIR/consoles/vm4" 1 ping 2>/dev/null
    t_ok grep -q '^vm1/0 ' <(lab use 1)
    t_not grep -q '^vm4/' <(lab use 1)
    lab thaw vm4
    t_ok lab work vm4 >/dev/null
    lab stop vm4
    t_not grep -q vm4 <(lab list)

    t_begin "libvirtd can be killed, and finds its guests again"
    lab daemon kill
    t_not virsh -q list >/dev/null 2>&1
    lab daemon start
    t_eq "guests" "vm1 vm2 vm3" "$(virsh list --name | sort | xargs)"
    lab daemon freeze
    t_not timeout 1 virsh -q list >/dev/null
    lab daemon thaw
    t_ok virsh -q list >/dev/null
}

inside() {
    t_begin "guests boot side by side"
    t_ok lab guest vm1 --memory 256 --max 768 --pin 0=0 --nowait
    t_ok lab guest vm2 --vcpus 2 --pin 0=0 --pin 1=1 --nowait
    t_ok lab guest vm3 --no-driver --nowait
    t_ok lab guest vm4 --no-balloon --vcpus 1 --max-vcpus 2 --cpuset 0 --define --nowait \
        --metadata '<mark:x xmlns:mark="urn:mark"/>' --xml-extra '<description>told</description>'
    t_ok lab wait vm1 vm2 vm3 vm4
    loads
    memories
    others
}

case ${1:-} in
--resident)
    rm -rf "$T_DIR"
    resident "$2" "$3"
    exit
    ;;
--inside) inside ;;
--outside) outside ;;
*)
    outside
    inside_a_lab
    ;;
esac
t_done
