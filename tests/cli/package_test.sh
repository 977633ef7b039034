#!/usr/bin/env bash
# The Debian package, where debhelper is there to make it: what it holds, what lintian says of it, and how its services do
# under a real systemd with a real journal, from being installed to being purged. tests/package/run installs it in a clean
# root besides, which takes minutes.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v dh >/dev/null; then
    echo "ok make deb makes a package # SKIP there is no debhelper"
    exit 0
fi

made() {
    env -u SANITIZE make -s -C "$top" deb >"$work/log" 2>&1 || {
        tail -n 30 "$work/log"
        return 1
    }
}
check "make deb makes a package" made
package=$(ls "$top"/build/deb/vmbalance_*.deb)

holds_everything() {
    local name
    dpkg-deb --fsys-tarfile "$package" | tar -tf - | sed 's,^\.,,' >"$work/files"
    for name in $programs; do
        for file in "/usr/sbin/$name" "/lib/systemd/system/$name.service" "/usr/share/man/man8/$name.8.gz" \
            "/etc/vmbalance/${name//_/-}.conf" "/usr/share/bash-completion/completions/$name" \
            "/usr/share/zsh/vendor-completions/_$name"; do
            grep -qx "$file" "$work/files" || { echo "$file is missing"; return 1; }
        done
    done
    dpkg-deb -I "$package" conffiles | sort | tr '\n' ' ' >"$work/conffiles"
    expect "files of settings" "$(cat "$work/conffiles")" "/etc/vmbalance/memory-coordinator.conf /etc/vmbalance/vcpu-scheduler.conf "
}
check "it holds programs, units, pages, completions and settings" holds_everything

# Unpacked anywhere, what is in it runs.
runs() {
    dpkg-deb -x "$package" "$work/root"
    "$work/root/usr/sbin/$1" --config "$work/root/etc/vmbalance/${1//_/-}.conf" --check-config &&
        "$work/root/usr/sbin/$1" 0.1 "${here[@]}" --once >"$work/out" && grep -q '  start  ' "$work/out"
}
for name in $programs; do
    check "its $name runs" runs "$name"
done
if command -v lintian >/dev/null; then
    check "lintian finds neither errors nor warnings" lintian --no-cfg --allow-root --fail-on error,warning "$package"
else
    echo "ok lintian finds neither errors nor warnings # SKIP there is no lintian"
fi

# ---- under systemd
box=$work/box
mkdir "$box"
"$top/tests/package/systemd" boot "$box" "$top" >"$work/why" 2>&1 # wherever it lies
case $? in
0) trap '"$top/tests/package/systemd" end "$box"; clean_up' EXIT ;;
77)
    echo "ok under systemd # SKIP $(head -n 1 "$work/why")"
    finish
    ;;
*)
    check "systemd boots" cat "$work/why" /nowhere
    finish
    ;;
esac
there() {
    "$top/tests/package/systemd" in "$box" "$@"
}
# of SERVICE PROPERTY: as systemd has it.
of() {
    there systemctl show -P "$2" "$1"
}
is() {
    [ "$(of "$1" "$2")" = "$3" ]
}
both_are() {
    for who in $programs; do
        is "$who" ActiveState "$1" || return 1
    done
}

installed() {
    there dpkg -i "$package" && both_are inactive && for who in $programs; do
        expect "$who after it was installed" "$(of "$who" LoadState) $(of "$who" UnitFileState)" "loaded disabled" || return 1
    done
}
check "installing it brings both services, and starts neither" installed
# On the hypervisor that is built into libvirt, made short of memory.
settings() { # settings NAME LINE...
    there tee "/etc/vmbalance/${1//_/-}.conf" >/dev/null < <(printf '%s\n' 'interval = 0.3' 'connect = test:///default' "${@:2}")
}
start() {
    there systemctl mask --runtime libvirtd.service
    settings vcpu_scheduler "metrics = /var/cache/vmbalance/vcpu_scheduler.prom"
    settings memory_coordinator 'host-reserve = 3000'
    there systemctl enable --now vcpu_scheduler memory_coordinator && both_are active && for who in $programs; do
        until_true 10 eval '[[ "$(of "$who" StatusText)" == running:* ]]' || { of "$who" StatusText; return 1; }
    done
}
check "both start, and tell systemd that they are ready and how they are" start

# has SERVICE JQ: the journal has an entry of it for which that holds.
has() {
    there journalctl -u "$1" -o json | jq -s -e "map(select(._SYSTEMD_UNIT == \"$1.service\") | select($2)) | length > 0" >/dev/null
}
in_the_journal() {
    local entry
    for entry in "$@"; do
        until_true 10 has "$who" "$entry" || { echo "no entry with $entry"; there journalctl -u "$who" -o verbose | tail -n 60; return 1; }
    done
}
# Identifiers and fields are those of docs/journal.md.
id_of() {
    sed -n "s/^| \`\([0-9a-f]*\)\` .*| $1 |.*/\1/p" "$top/docs/journal.md"
}
entries() {
    who=vcpu_scheduler
    in_the_journal ".MESSAGE_ID == \"$(id_of 'the start')\" and .PRIORITY == \"5\" and .VMBALANCE_URI == \"test:///default\"" \
        ".MESSAGE_ID == \"$(id_of 'a decision, or what was done early')\" and .PRIORITY == \"6\" and .VMBALANCE_DECISION == \"2\" and
            .VMBALANCE_SD_POINTS and .SYSLOG_IDENTIFIER == \"vcpu_scheduler\" and (.MESSAGE | startswith(\"running \"))" || return 1
    who=memory_coordinator
    in_the_journal ".MESSAGE_ID == \"$(id_of 'a balloon size')\" and .PRIORITY == \"5\" and .VMBALANCE_GUEST == \"test\" and
        .VMBALANCE_FROM_KIB == \"2097152\" and .VMBALANCE_RESULT == \"done\" and .VMBALANCE_REASON" || return 1
    # As docs/journal.md has it looked for.
    there journalctl -t memory_coordinator VMBALANCE_GUEST=test -o cat | grep -q '^ *size  *test '
}
check "the journal has starts, decisions and sizes with priorities and fields" entries

confined() {
    local pid
    for who in $programs; do
        pid=$(of "$who" MainPID)
        there cat "/proc/$pid/status" >"$work/status"
        expect "$who's rights" "$(sed -nE 's/^(CapEff|CapBnd|NoNewPrivs|Seccomp):\t0*/\1 /p' "$work/status" | tr '\n' ' ')" \
            "CapEff  CapBnd  NoNewPrivs 1 Seccomp 2 " || return 1
        there cat "/proc/$pid/mountinfo" | awk '$6 ~ /^rw/ && $5 !~ "^/(proc|dev|tmp|var/tmp)(/|$)" { print $5 }' | sort >"$work/writable"
        expect "where it may write" "$(tr '\n' ' ' <"$work/writable")" "/run/vmbalance /var/cache/vmbalance " || return 1
        expect "interfaces" "$(there nsenter -t "$pid" -n cat /proc/net/dev | sed -n 's/^ *\([^ ]*\):.*/\1/p')" lo || return 1
    done
}
check "they have no rights, and may write where they need to alone" confined
metrics() {
    until_true 10 there test -s /var/cache/vmbalance/vcpu_scheduler.prom && there cat /var/cache/vmbalance/vcpu_scheduler.prom >"$work/made.prom" &&
        "$top/tests/cli/check_metrics" "$work/made.prom" >/dev/null &&
        there setpriv --reuid 65534 --clear-groups head -n 1 /var/cache/vmbalance/vcpu_scheduler.prom
}
check "the exporter's user may read their metrics" metrics

spoken_to() {
    there vcpu_scheduler --ctl pause -c test:///default && there vcpu_scheduler --ctl status -c test:///default | grep -q '^paused' &&
        there vcpu_scheduler --ctl resume -c test:///default || return 1
    there vcpu_scheduler 1 -c test:///default --state-dir /run/vmbalance --once >"$work/out" 2>&1
    expect "a second one's status" $? 1 && grep -q "another instance is at work on this host: process $(of vcpu_scheduler MainPID) " "$work/out"
}
check "they are spoken to from outside, and a second one is told who is at work" spoken_to

reload() {
    local pid
    pid=$(of vcpu_scheduler MainPID)
    who=vcpu_scheduler
    settings vcpu_scheduler 'tolerance = 7'
    there systemctl reload vcpu_scheduler && in_the_journal '.MESSAGE | contains("settings read anew: tolerance 7")' || return 1
    settings vcpu_scheduler 'tolerance = 9' 'nonsense = 3'
    there systemctl reload vcpu_scheduler && in_the_journal '.PRIORITY == "4" and (.MESSAGE | contains(
        "settings stay as they are: /etc/vmbalance/vcpu-scheduler.conf:4: unknown key"))' || return 1
    there vcpu_scheduler --ctl status --json -c test:///default | jq -e '.plan.balance.tolerance_points == 7' >/dev/null || return 1
    settings vcpu_scheduler
    expect process "$(of vcpu_scheduler MainPID)" "$pid"
}
check "systemctl reload has settings read anew; a bad file is told as a warning, and changes nothing" reload

bitten() {
    local first
    there mkdir -p /run/systemd/system/vcpu_scheduler.service.d
    printf '[Service]\nWatchdogSec=1\nRestartSec=0.1\n' | there tee /run/systemd/system/vcpu_scheduler.service.d/soon.conf
    # Signs of life come as often as the manager says at the start.
    there systemctl daemon-reload && there systemctl restart vcpu_scheduler && first=$(of vcpu_scheduler MainPID) || return 1
    there sleep 2.5
    expect "process while it works" "$(of vcpu_scheduler MainPID)" "$first" && there kill -STOP "$first" || return 1
    until_true 15 eval 'is vcpu_scheduler NRestarts 1 && is vcpu_scheduler ActiveState active' || { there systemctl status vcpu_scheduler; return 1; }
    there journalctl -u vcpu_scheduler -o cat | grep -q "Failed with result 'watchdog'"
}
check "one that stands still is ended by the watchdog and started again; one that works isn't" bitten

upgraded() {
    local before after
    before="$(of vcpu_scheduler MainPID) $(of memory_coordinator MainPID)"
    there systemctl disable vcpu_scheduler
    there dpkg -i "$package" && both_are active || return 1
    after="$(of vcpu_scheduler MainPID) $(of memory_coordinator MainPID)"
    echo "processes: $before, then $after"
    [ "${before% *}" != "${after% *}" ] && [ "${before#* }" != "${after#* }" ] && there test -s /run/vmbalance/found-memory-test____default
}
check "an upgrade starts what runs anew, and leaves what was found" upgraded
purged() {
    local pids
    pids="$(of vcpu_scheduler MainPID) $(of memory_coordinator MainPID)"
    there dpkg --purge vmbalance || return 1
    for pid in $pids; do
        ! there test -e "/proc/$pid" || { echo "process $pid goes on"; return 1; }
    done
    there journalctl -o cat _SYSTEMD_UNIT=memory_coordinator.service | tail -n 3
    expect "how they ended" "$(there journalctl -o cat -u vcpu_scheduler -u memory_coordinator | tail -n 20 | grep -c 'service: Deactivated successfully')" 2 &&
        expect "what is left" "$(there find /etc /usr/sbin /usr/share /lib/systemd /run/vmbalance /var/cache /var/lib/systemd -xdev \( -name '*vmbalance*' -o \
            -name '*vcpu_scheduler*' -o -name '*memory_coordinator*' \) ! -name vmbalance-lab)" ""
}
check "purging it ends them and leaves nothing" purged

finish
