#!/bin/bash
# The hypervisor side against a real libvirtd and real QEMUs: what it reads, changes and puts back, and what it does when
# others change things, when libvirtd goes and comes back, and when a QEMU hangs.
# shellcheck disable=SC2317 # functions that t_poll calls
set -u

here=$(cd "$(dirname "$0")" && pwd)
lab=$here/lab
probe=${HOST_PROBE:-$here/../../build/lab/host_probe}
if [ "${1:-}" != --inside ]; then
    if [ ! -x "$probe" ]; then
        echo "not ok 1 - $probe is not built: make test-programs"
        exit 1
    fi
    exec "$lab" run -- "$0" --inside
fi
# shellcheck source=lib/test.sh
. "$here/lib/test.sh"
state=$T_DIR/state
# A probe that is gone is told by its answer that doesn't come.
trap '' PIPE

v() {
    virsh -q -c qemu:///system "$@" </dev/null
}

# bare NAME [VCPUS [MAX [EXTRA [DEVICES]]]]: a QEMU without a system in it: a second to start, next to no load.
bare() {
    cat >"$T_DIR/$1.xml" <<END
<domain type='qemu'>
  <name>$1</name>
  <memory unit='MiB'>64</memory>
  <vcpu current='${2:-1}'>${3:-${2:-1}}</vcpu>
  ${4:-}
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <devices><controller type='usb' model='none'/><memballoon model='virtio'/>${5:-}</devices>
</domain>
END
    v create "$T_DIR/$1.xml" >/dev/null || t_fail "cannot start $1"
}

# start OPTIONS...: a probe that waits for commands, run by what P_AS says. p COMMAND: runs one; its answer in P_OUT, the
# seconds in P_TIME.
P_AS=()
start() {
    begin "$@"
    p connect
    t_eq "connecting" "connect ok" "$P_OUT"
}

begin() {
    rm -f "$T_DIR/to" "$T_DIR/from"
    mkfifo "$T_DIR/to" "$T_DIR/from"
    "${P_AS[@]}" "$probe" -s "$state" "$@" <"$T_DIR/to" >"$T_DIR/from" 2>&1 &
    P_PID=$!
    exec {P_TO}>"$T_DIR/to" {P_FROM}<"$T_DIR/from"
}

p() {
    local line
    P_OUT='' P_TIME=''
    echo "$*" >&"$P_TO"
    while read -r -t 120 line <&"$P_FROM"; do
        case $line in
        done\ *) P_TIME=${line#done } && return ;;
        esac
        P_OUT=$P_OUT${P_OUT:+$'\n'}$line
    done
    t_fail "the probe gave no answer to '$*': $P_OUT"
}

# finish: an orderly end, which must leave no references.
finish() {
    local rest
    # A libvirtd started meanwhile holds the pipe open, too.
    echo quit >&"$P_TO"
    exec {P_TO}>&-
    rest=$(cat <&"$P_FROM")
    wait "$P_PID"
    t_eq "the probe's end" "0" "$?$rest"
    exec {P_FROM}<&-
}

killed() {
    kill -KILL "$P_PID"
    wait "$P_PID" 2>/dev/null
    exec {P_TO}>&- {P_FROM}<&-
}

# of LINE-START KEY: a word of the line in P_OUT that begins so.
of() {
    sed -n "s|^$1 .*\b$2=\([^ ]*\).*|\1|p" <<<"$P_OUT" | head -n 1
}

# What the kernel says: the pCPUs that vCPU $2 of guest $1 may use.
kernel_affinity() {
    local task
    for task in /proc/"$(cat "/run/libvirt/qemu/$1.pid")"/task/*; do
        case $(cat "$task/comm") in
        "CPU $2/"*) sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "$task/status" ;;
        esac
    done
}

period_of() {
    local period
    period=$(v dumpxml "$1" | sed -n "s/.*<stats period='\([0-9]*\)'.*/\1/p")
    echo "${period:-0}"
}

# Putting back gives up where a step makes no progress for 8 s. With 25 processes to 2 pCPUs a guest's balloon took longer:
# the rest is left to another time, which is what is done here until all is back, or it is the guest's use that ends it.
as_far_as_it_can() {
    p restore
    [[ $P_OUT != *"makes no progress"* && $P_OUT != *"time is up"* ]]
}

all=0-$(($(nproc --all) - 1))

t_begin "affinities are read, and written so that the kernel has them"
bare a
bare b
start
p sample
t_eq "affinity of a" "$all" "$(of vcpu\ a/0 affinity)"
p pin a 0 1
t_eq "pinning" "apply a returns=0 result=done error=" "$P_OUT"
t_eq "the kernel's" 1 "$(kernel_affinity a 0)"
p pin a 0 1
t_eq "pinning again" "apply a returns=0 result=skipped error=it is so already" "$P_OUT"
p light
t_eq "affinity at once" 1 "$(of vcpu\ a/0 affinity)"
t_eq "pCPU at once" 1 "$(of vcpu\ a/0 cpu)"
t_eq "found" "$all" "$(of vcpu\ a/0 found)"

t_begin "what others pin is noticed, by an event, at the cost of one call"
p calls 3
t_eq "calls of a sample" calls=1 "$P_OUT"
v vcpupin a 0 0 --live >/dev/null
p idle 500
p sample
t_eq "affinity" 0 "$(of vcpu\ a/0 affinity)"
t_eq "found" 0 "$(of vcpu\ a/0 found)"
# One more where a guest is looked at in turn, too.
t_between "calls" 2 3 "$(of sample calls)"
p calls 1
t_eq "calls after that" calls=1 "$P_OUT"

t_begin "an own pin costs no calls afterwards"
p pin b 0 0
p idle 500
p calls 1
t_eq "calls" calls=1 "$P_OUT"

t_begin "what others pin between the sample and the change stays"
p sample
v vcpupin b 0 "$all" --live >/dev/null
p pin b 0 1
t_eq "pinning" "apply b returns=0 result=skipped error=its affinity was changed meanwhile" "$P_OUT"
t_eq "the kernel's" "$all" "$(kernel_affinity b 0)"

t_begin "what others do behind libvirt's back is noticed, too"
for task in /proc/"$(cat /run/libvirt/qemu/b.pid)"/task/*; do
    [[ $(cat "$task/comm") != "CPU 0/"* ]] || taskset -pc 1 "${task##*/}" >/dev/null
done
moved() {
    p sample
    [ "$(of vcpu\ b/0 affinity)" = 1 ]
}
t_poll 10 moved
t_eq "found" 1 "$(of vcpu\ b/0 found)"

t_begin "vCPU numbers may have holes"
bare plug 2 5
v setvcpu plug 3 --enable --live >/dev/null
p sample
t_eq "vCPUs" "plug/0 plug/1 plug/3" "$(grep -o '^vcpu plug/[0-9]*' <<<"$P_OUT" | cut -d' ' -f2 | xargs)"
p pin plug 3 1
t_eq "the kernel's, of 3" 1 "$(kernel_affinity plug 3)"
t_eq "the kernel's, of 1" "$all" "$(kernel_affinity plug 1)"
p pin plug 2 1
t_eq "pinning one that isn't there" "apply plug returns=0 result=skipped error=the vCPU is gone" "$P_OUT"
p idle 500
p calls 2
t_eq "calls" calls=1 "$P_OUT"
v setvcpu plug 2 --enable --live >/dev/null
p sample
t_eq "affinity of one plugged in later" "$all" "$(of vcpu\ plug/2 affinity)"

t_begin "paused, gone, started again"
v suspend b >/dev/null
p sample
t_eq "state" paused "$(of guest\ b state)"
v resume b >/dev/null
p sample
t_eq "state" running "$(of guest\ b state)"
v destroy b >/dev/null
p pin b 0 1
t_eq "pinning" "apply b returns=0 result=skipped error=the guest is gone" "$P_OUT"
p sample
t_eq "guest" '' "$(of guest\ b id)"
bare b
p sample

t_begin "calls don't grow with guests"
v destroy plug >/dev/null
v destroy b >/dev/null
p calls 2
one=$P_OUT
for i in 1 2 3 4 5 6 7; do
    bare "n$i"
    # A program that answers none of libvirtd's keepalives for 30 s is cut off: on a crowded machine starting takes longer.
    p idle 200
done
p sample
t_eq "guests" 8 "$(of sample guests)"
p calls 2
t_eq "calls at 8 guests, as at 1" "$one" "$P_OUT"
t_note "libvirt calls of a sample: $one at 1 guest, $P_OUT at 8 guests"
for i in 5 6 7; do
    v destroy "n$i" >/dev/null
done

t_begin "libvirtd goes and comes back: nothing is forgotten"
p sample
p pin n1 0 1
"$lab" daemon kill
p sample
t_eq "sample" "sample fails=ENOTCONN" "${P_OUT%% error=*}"
p connect
t_eq "connect" "connect fails" "${P_OUT%%:*}"
"$lab" daemon start
v vcpupin a 0 1 --live >/dev/null
p reconnect
p sample
t_eq "affinity" 1 "$(of vcpu\ n1/0 affinity)"
t_eq "found" "$all" "$(of vcpu\ n1/0 found)"
t_eq "affinity set meanwhile" 1 "$(of vcpu\ a/0 affinity)"
t_eq "found of that" 1 "$(of vcpu\ a/0 found)"
p calls 1
t_eq "calls" calls=1 "$P_OUT"

t_begin "a libvirtd that goes while nothing is asked of it is noticed"
"$lab" daemon kill
p until-lost
t_eq "noticed" '' "$P_OUT"
"$lab" daemon start
p reconnect
p calls 1
t_eq "sample" "calls=" "${P_OUT:0:6}"

t_begin "a libvirtd that hangs holds nothing up for ever"
"$lab" daemon freeze
p sample
t_eq "sample" "sample fails=ENOTCONN" "${P_OUT%% error=*}"
t_note "given up after $P_TIME s"
p connect
t_eq "connect" "connect fails: qemu:///system: no answer" "$P_OUT"
"$lab" daemon thaw
p reconnect
p sample
t_eq "guests" 5 "$(of sample guests)"

t_begin "a guest that a job owns is let alone, and nobody waits for it"
# A dump is written by a helper of libvirt's, which is made to wait until it may.
cp /usr/lib/libvirt/libvirt_iohelper "$T_DIR/helper"
cat >"$T_DIR/held" <<END
#!/bin/sh
until [ -e "$T_DIR/may" ]; do sleep 0.1; done
exec "$T_DIR/helper" "\$@"
END
chmod +x "$T_DIR/held"
mount --bind "$T_DIR/held" /usr/lib/libvirt/libvirt_iohelper
p reconnect
p sample
v dump a "$T_DIR/a.dump" --memory-only >/dev/null &
dump=$!
owned() {
    [[ $(v domjobinfo a | head -n 1) != *None* ]]
}
t_poll 20 owned
p sample
# As paused or as busy, whichever libvirt tells first.
t_not test "$(of guest\ a state)" = running
p pin n1 0 0
t_eq "pinning another" "apply n1 returns=0 result=done error=" "$P_OUT"
p calls 1
t_note "a sample takes $P_TIME s meanwhile"
t_ok owned
touch "$T_DIR/may"
wait "$dump" || t_fail "the dump failed"
umount /usr/lib/libvirt/libvirt_iohelper
p sample
t_eq "state afterwards" running "$(of guest\ a state)"
p pin a 0 0
t_eq "pinning it afterwards" "apply a returns=0 result=done error=" "$P_OUT"
p pin n1 0 1

t_begin "a disk that is being committed keeps nothing from its guest"
truncate -s 128M "$T_DIR/base"
bare block 1 1 '' "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$T_DIR/base'/>
    <target dev='vda' bus='virtio'/></disk>"
v snapshot-create-as block --disk-only --no-metadata --diskspec "vda,file=$T_DIR/overlay" >/dev/null
v qemu-monitor-command block --hmp \
    "qemu-io -d /machine/peripheral/virtio-disk0/virtio-backend \"write 0 64M\"" >/dev/null
# A minute of it, of which it takes two seconds.
v blockcommit block vda --active --bandwidth 1 >/dev/null
committing() {
    v blockjob block vda 2>&1 | grep -q 'Commit: \[ *[0-9]\{1,2\} '
}
t_poll 10 committing
p sample
t_eq "state" running "$(of guest\ block state)"
p pin block 0 1
t_eq "pinning it" "apply block returns=0 result=done error=" "$P_OUT"
t_eq "the kernel's" 1 "$(kernel_affinity block 0)"
t_ok committing
v destroy block >/dev/null
p sample

t_begin "a QEMU that hangs is set aside, the others go on"
bare hung
p sample
p pin hung 0 0
p sample
before=$(of guest\ hung rss)
"$lab" freeze hung
p sample
t_eq "leave alone" stale "$(of guest\ hung leave)"
t_eq "leave alone, another" no "$(of guest\ n1 leave)"
t_eq "last figures" "${before:-none}" "$(of guest\ hung rss)"
t_eq "found" "$all" "$(of vcpu\ hung/0 found)"
t_note "the sample that found it took $P_TIME s and $(of sample calls) calls"
p calls 2
t_eq "calls while it hangs" calls=2 "$P_OUT"
t_note "samples after that take $P_TIME s"
p sample
p pin hung 0 1
t_eq "pinning it" "apply hung returns=0 result=failed error=its QEMU hangs" "$P_OUT"
p pin n1 0 0
t_eq "pinning another" "apply n1 returns=0 result=done error=" "$P_OUT"
"$lab" thaw hung
thawed() {
    p sample
    [ "$(of guest\ hung leave)" = no ]
}
t_poll 10 thawed
p pin hung 0 1
t_eq "pinning it" "apply hung returns=0 result=done error=" "$P_OUT"

t_begin "one that hung before the start keeps nobody waiting"
finish
"$lab" freeze hung
start
at_last() {
    p reconnect
    p sample
    [ "$(of guest\ hung leave)" = stale ]
}
t_poll 60 at_last
t_eq "another" no "$(of guest\ n1 leave)"
p pin n1 0 1
t_eq "pinning another" "apply n1 returns=0 result=done error=" "$P_OUT"
p calls 3
t_note "samples after that take $P_TIME s"
p sample
t_eq "leave alone" stale "$(of guest\ hung leave)"
"$lab" thaw hung
t_poll 10 thawed

t_begin "four that hang at once"
for i in a n2 n3 n4; do
    "$lab" freeze "$i"
done
p sample
for i in a n2 n3 n4; do
    t_eq "leave alone $i" stale "$(of guest\ $i leave)"
done
t_eq "leave alone, others" "no no" "$(of guest\ hung leave) $(of guest\ n1 leave)"
t_note "found in $P_TIME s"
p pin n1 0 0
t_eq "pinning another" "apply n1 returns=0 result=done error=" "$P_OUT"
for i in a n2 n3 n4; do
    "$lab" thaw "$i"
done
for i in 2 3 4; do
    v destroy "n$i" >/dev/null
done

t_begin "a call that hangs is broken off from another thread"
t_poll 10 thawed
p calls 1
"$lab" freeze hung
p interrupt 500
t_eq "sample" "interrupted returns=ENOTCONN" "${P_OUT%% error=*}"
"$lab" thaw hung

t_begin "an orderly end leaves no references"
finish
v destroy hung >/dev/null

t_begin "after SIGKILL it is known what was found, and can be put back"
rm -rf "$state"
v vcpupin a 0 "$all" --live >/dev/null
v vcpupin n1 0 "$all" --live >/dev/null
start
p sample
p pin a 0 0
p sample
p pin a 0 1
p pin n1 0 0
killed
start
p sample
t_eq "affinity" 1 "$(of vcpu\ a/0 affinity)"
t_eq "found" "$all" "$(of vcpu\ a/0 found)"
killed
v vcpupin n1 0 1 --live >/dev/null
v destroy a >/dev/null
bare a
start
p restore
t_eq "put back: not of others' pins, not of guests that are gone" "restore returns=0" "$P_OUT"
t_eq "the kernel's" 1 "$(kernel_affinity n1 0)"
p sample
p pin a 0 1
killed
start
p restore
t_eq "put back" "restore returns=1" "$P_OUT"
t_eq "the kernel's" "$all" "$(kernel_affinity a 0)"
p restore
t_eq "put back again" "restore returns=0" "$P_OUT"
finish

t_begin "a dry run changes nothing"
rm -rf "$state"
start -m -d
p calls 2
t_eq "period" 0 "$(period_of a)"
t_ok test ! -e "$state"
finish

t_begin "the statistics period is set where there is none, and put back"
v dommemstat n1 --period 7 --live
start -m -i 3
p sample
t_eq "period" 3 "$(period_of a)"
t_eq "period in the snapshot" 3 "$(of guest\ a period)"
t_eq "period that was set" 7 "$(period_of n1)"
finish
t_eq "period afterwards" 0 "$(period_of a)"
t_eq "period that was set" 7 "$(period_of n1)"
start -m -i 3
p sample
killed
t_eq "period after SIGKILL" 3 "$(period_of a)"
start -m -i 60
p sample
finish
t_eq "period after the next run" 0 "$(period_of a)"
start
p sample
t_eq "period under a program that doesn't need it" 0 "$(period_of a)"
finish
start -f -i 3
p sample
t_eq "period under a program that shows memory" 3 "$(period_of a)"
finish
t_eq "period afterwards" 0 "$(period_of a)"

t_begin "the statistics period follows the time between samples"
start -m -i 3
p sample
p sampling 6
p sample
t_eq "period" 6 "$(period_of a)"
t_eq "period that was set" 7 "$(period_of n1)"
p sampling 1
p sample
t_eq "period of finer samples" 1 "$(period_of a)"
finish
t_eq "period afterwards" 0 "$(period_of a)"
start -f -i 6
p sample
p sampling 3
p sample
killed
t_eq "period after SIGKILL" 3 "$(period_of a)"
start
p sample
finish
t_eq "period after the next run" 0 "$(period_of a)"

t_begin "a statistics period that others take away is set again, one that they set is theirs"
start -m -i 1
p sample
v dommemstat a --period 0 --live
set_again() {
    p sample
    [ "$(period_of a)" = 1 ]
}
t_poll 60 set_again
v dommemstat a --period 9 --live
theirs() {
    p sample
    [ "$(of guest\ a period)" = 9 ]
}
t_poll 60 theirs
finish
t_eq "period that was set" 9 "$(period_of a)"
v dommemstat a --period 0 --live

t_begin "balloons: sizes, statistics, putting back"
"$lab" guest big --memory 192 --max 256
rm -rf "$state"
start -m
reported() {
    p sample
    [ "$(of guest\ big unused)" != - ] && [ "$(of guest\ big last-update)" != 0 ]
}
sized() {
    p sample
    [ "$(of guest\ big size)" = "$1" ]
}
t_poll 30 sized $((192 * 1024))
t_poll 30 reported
t_eq "maximum" $((256 * 1024)) "$(of guest\ big max)"
t_between "unused" 1 $((192 * 1024)) "$(of guest\ big unused)"
p size big 184320
t_eq "setting" "apply big returns=0 result=done error=" "$P_OUT"
t_poll 60 sized 184320
p size big 184320
t_eq "setting again" "apply big returns=0 result=skipped error=it is so already" "$P_OUT"
p size big 999999999
t_eq "setting above the maximum" "apply big returns=0 result=done error=" "$P_OUT"
t_poll 60 sized $((256 * 1024))
p calls 1
t_eq "calls" calls=1 "$P_OUT"
"$lab" freeze big
p size big 190000
t_eq "setting while its QEMU hangs" "apply big returns=0 result=failed error=no answer: its QEMU seems to hang" "$P_OUT"
t_note "given up after $P_TIME s"
p sample
t_eq "leave alone" stale "$(of guest\ big leave)"
t_between "unused, as last reported" 1 $((256 * 1024)) "$(of guest\ big unused)"
"$lab" thaw big
killed
start -m
t_poll 120 as_far_as_it_can
t_eq "put back" "restore returns=1" "$P_OUT"
t_poll 60 sized $((192 * 1024))
finish

t_begin "a size is put back as far as the guest can spare it"
"$lab" stop big
"$lab" guest grown --memory 192 --max 512
rm -rf "$state"
start -m -i 1
grown() {
    p sample
    [ "$(of guest\ grown size)" = "$1" ]
}
t_poll 30 grown $((192 * 1024))
p size grown $((512 * 1024))
t_poll 60 grown $((512 * 1024))
"$lab" mem grown touch 250
touched() {
    p sample
    [ "$(of guest\ grown unused)" -lt $((250 * 1024)) ]
}
t_poll 30 touched
finish
start -m -i 1
t_poll 120 as_far_as_it_can
t_eq "putting back" "restore returns=-5" "${P_OUT%% error=*}"
t_ok grep -q "it uses" <<<"$P_OUT"
t_note "$P_OUT in $P_TIME s"
p sample
t_between "size" $((340 * 1024)) $((480 * 1024)) "$(of guest\ grown size)"
t_between "unused" $((60 * 1024)) $((512 * 1024)) "$(of guest\ grown unused)"
"$lab" mem grown release
released() {
    p sample
    [ "$(of guest\ grown unused)" -gt $((250 * 1024)) ]
}
t_poll 30 released
t_poll 120 as_far_as_it_can
t_eq "putting back what was left" "restore returns=1" "$P_OUT"
t_poll 60 grown $((192 * 1024))
finish

t_begin "a user of the socket's group can do it all, another can't connect"
chmod o+x "$LAB_DIR" "$T_DIR"
chgrp 64000 /run/libvirt/libvirt-sock
chmod 0770 /run/libvirt/libvirt-sock
cp "$probe" "$T_DIR/probe"
probe=$T_DIR/probe
state=$T_DIR/theirs
mkdir -m 0700 "$state"
chown 65534 "$state"
P_AS=(setpriv --reuid 65534 --regid 65534 --groups 64000 --inh-caps=-all --bounding-set=-all)
start
p sample
p pin a 0 1
t_eq "pinning" "apply a returns=0 result=done error=" "$P_OUT"
t_eq "the kernel's" 1 "$(kernel_affinity a 0)"
p restore
t_eq "putting back" "restore returns=1" "$P_OUT"
finish
start -m -i 1
p sample
t_eq "period" 1 "$(period_of a)"
p size grown $((200 * 1024))
t_eq "a size" "apply grown returns=0 result=done error=" "$P_OUT"
t_poll 60 grown $((200 * 1024))
killed
t_eq "whose the ledger is" "65534 600" "$(stat -c '%u %a' "$state"/found-memory-* | sort -u | tail -n 1)"
P_AS=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all)
begin
p connect
t_ok grep -q '^connect fails: .*Permission denied' <<<"$P_OUT"
finish

t_done
