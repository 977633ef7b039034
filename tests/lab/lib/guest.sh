# shellcheck shell=bash
# Guests: making, waiting for, listing, hanging and ending them.

# Without huge pages the kernel keeps back little memory for itself, and figures are exact to the MiB. The last line
# saves a quarter of the boot's CPU time: probes, self tests and mitigations that nothing here needs.
GUEST_CMDLINE="console=ttyS0 quiet loglevel=1 panic=1 transparent_hugepage=never \
mitigations=off nokaslr edd=off cryptomgr.notests no_timer_check audit=0 apparmor=0 8250.nr_uarts=1 rcupdate.rcu_expedited=1"
GUEST_BOOT_S=120

guest_xml() {
    cat <<END
<domain type='qemu'>
  <name>$name</name>
  <metadata>$metadata</metadata>
  <memory unit='MiB'>$max</memory>
  <currentMemory unit='MiB'>$memory</currentMemory>
  <vcpu placement='static'$cpuset current='$vcpus'>$max_vcpus</vcpu>
  ${pins:+<cputune>$pins</cputune>}
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>$LAB_CACHE/kernel/vmlinuz</kernel>
    <initrd>$LAB_TOOLS/initrd</initrd>
    <cmdline>$GUEST_CMDLINE $driver $append</cmdline>
  </os>
  <features><acpi/></features>
  <cpu mode='maximum'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>destroy</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='$LAB_DIR/disk'/>
      <target dev='vda' bus='virtio'/>
      <readonly/>
      <shareable/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='unix'>
      <source mode='bind' path='$LAB_DIR/consoles/$name'/>
      <log file='$LAB_DIR/consoles/$name.log' append='off'/>
      <target port='0'/>
    </serial>
    <memballoon model='$balloon'/>
    $devices
  </devices>
  $extra
</domain>
END
}

guest_guest() {
    local name=${1:-} vcpus=1 memory=128 balloon=virtio how=create waits=1
    local max_vcpus='' max='' pins='' cpuset='' driver='' metadata='' extra='' devices='' append=''
    case $name in
    '' | -* | *[!A-Za-z0-9_.-]*) bad_usage "guest: a name of letters, digits, '_', '.' and '-' is needed" ;;
    esac
    shift
    while [ $# -gt 0 ]; do
        case $1 in
        --no-balloon) balloon=none ;;
        --no-driver) driver=lab.nodriver ;;
        --define) how=define ;;
        --nowait) waits= ;;
        --vcpus | --max-vcpus | --memory | --max | --pin | --cpuset | --metadata | --xml-extra | --device | --append)
            [ $# -gt 1 ] || bad_usage "guest: $1 needs a value"
            case $1 in
            --vcpus) vcpus=$2 ;;
            --max-vcpus) max_vcpus=$2 ;;
            --memory) memory=$2 ;;
            --max) max=$2 ;;
            --pin) pins="$pins<vcpupin vcpu='${2%%=*}' cpuset='${2#*=}'/>" ;;
            --cpuset) cpuset=" cpuset='$2'" ;;
            --append) append=$2 ;;
            --metadata) metadata=$2 ;;
            --xml-extra) extra=$extra$2 ;;
            --device) devices=$devices$2 ;;
            esac
            shift
            ;;
        *) bad_usage "guest: unknown '$1'" ;;
        esac
        shift
    done
    max=${max:-$memory}
    max_vcpus=${max_vcpus:-$vcpus}
    guest_xml >"$LAB_DIR/guests/$name.xml"
    lab_virsh "$how" "$LAB_DIR/guests/$name.xml" >/dev/null || exit 1
    [ "$how" != define ] || lab_virsh start "$name" >/dev/null || exit 1
    [ -z "$driver" ] || touch "$LAB_DIR/guests/$name.nodriver"
    [ -z "$waits" ] || guest_wait "$name"
}

guest_balloon_at_target() {
    local name=$1 actual target
    actual=$(lab_virsh dommemstat "$name" | sed -n 's/^actual //p')
    # The target as told at start: libvirt's own idea of it follows the balloon.
    target=$(sed -n "s|.*<currentMemory unit='MiB'>\([0-9]*\)<.*|\1|p" "$LAB_DIR/guests/$name.xml")
    [ -n "$actual" ] && [ "$actual" -le $((target * 1024)) ]
}

guest_wait() {
    local name
    for name; do
        say "$name" "$GUEST_BOOT_S" ping >/dev/null || die "$name does not come up; its console: $LAB_DIR/consoles/$name.log"
    done
    for name; do
        grep -q "memballoon model='none'" "$LAB_DIR/guests/$name.xml" && continue
        [ ! -f "$LAB_DIR/guests/$name.nodriver" ] || continue
        poll "$GUEST_BOOT_S" guest_balloon_at_target "$name" || die "the balloon of $name does not reach its size"
    done
}

guest_stop() {
    local name
    for name; do
        lab_virsh destroy "$name" >/dev/null || exit 1
        lab_virsh undefine "$name" >/dev/null 2>&1
        rm -f "$LAB_DIR/guests/$name.nodriver" "$LAB_DIR/consoles/$name.lock"
    done
}

guest_list() {
    lab_virsh list --all
}

guest_pid() {
    cat "/run/libvirt/qemu/$1.pid" 2>/dev/null || die "no guest '$1'"
}

# Stopped by guest_freeze, or otherwise.
guest_is_frozen() {
    local stat
    read -r stat 2>/dev/null <"/proc/$(cat "/run/libvirt/qemu/$1.pid" 2>/dev/null)/stat"
    case ${stat##*) } in
    T*) return 0 ;;
    esac
    return 1
}

guest_freeze() {
    local pid
    pid=$(guest_pid "${1:-}") && kill -STOP "$pid"
}

guest_thaw() {
    local pid
    pid=$(guest_pid "${1:-}") && kill -CONT "$pid"
}
