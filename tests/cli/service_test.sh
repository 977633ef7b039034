#!/usr/bin/env bash
# What is installed for systemd: units that it accepts, that start the program as it is, and that give it little to harm.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

root=$work/root
units=$root/usr/local/lib/systemd/system

installs() {
    local name
    make -s -C "$top" DESTDIR="$root" install >/dev/null
    for name in $programs; do
        [ -x "$root/usr/local/sbin/$name" ] && [ -s "$units/$name.service" ] &&
            [ -s "$root/usr/local/share/man/man8/$name.8" ] || return 1
    done
}
check "make install brings programs, man pages and units" installs

conf_of() {
    echo "$root/etc/vmbalance/${1//_/-}.conf"
}
# Every option of the program that a service may have is there, and fine once it isn't commented out.
settings() {
    local conf name=$1
    conf=$(conf_of "$name")
    run "$name" --check-config --config "$conf"
    expect status "$status" 0 && expect "options in it" "$([ "$(grep -c '^#[a-z]' "$conf")" -ge 20 ] && echo enough)" enough || return 1
    sed -E 's/^#(tolerance|host-reserve|exclude|json) = .*/\1 = 1/' "$conf" >"$work/edited.conf"
    run "$name" --check-config --config "$work/edited.conf"
    expect status "$status" 0
}
for name in $programs; do
    check "make install brings settings that $name understands" settings "$name"
done
keeps_settings() {
    echo '# mine' >>"$(conf_of vcpu_scheduler)"
    make -s -C "$top" DESTDIR="$root" install >/dev/null
    grep -q '^# mine' "$(conf_of vcpu_scheduler)"
}
check "make install leaves settings that are there" keeps_settings

# As in the unit, but for one decision on the hypervisor that is built into libvirt.
starts() {
    local line words
    line=$(sed -n 's/^ExecStart=//p' "$units/$1.service")
    line=${line/\/run\/vmbalance/$work/state}
    read -ra words <<<"$line"
    expect program "${words[0]}" "/usr/local/sbin/$1" || return 1
    sed 's/^interval = .*/interval = 0.1/' "$(conf_of "$1")" >"$work/fast.conf"
    "$root${words[0]}" "${words[@]:1}" "${here[@]}" --once --config "$work/fast.conf" >"$work/out" 2>"$work/err"
    expect status $? 0 && grep -qE '^[0-9:]{8}  (running|learning) ' "$work/out"
}
# systemd looks for the program that the unit names; here it is elsewhere.
accepted() {
    sed "s,^ExecStart=,&$root,; /^Documentation=/d" "$units/$1.service" >"$work/$1.service"
    systemd-analyze verify "$work/$1.service" >"$work/verified" 2>&1 && expect complaints "$(grep "$1.service" "$work/verified")" ""
}
exposed_little() {
    local level
    level=$(systemd-analyze security --offline=true "$units/$1.service" | sed -n 's/.*exposure level .*: \([0-9.]*\) .*/\1/p')
    echo "exposure level: $level"
    awk -v level="$level" 'BEGIN { exit !(level != "" && level <= 2.0) }'
}
# What the journal reads says how much it matters; here a file is what the manager says that the journal reads.
priorities() {
    : >"$work/journal"
    JOURNAL_STREAM=$(stat -c %d:%i "$work/journal") "${program[$1]}" 0.1 "${nowhere[@]}" -v >"$work/journal" 2>&1 &
    local pid=$!
    until_true 30 grep -q "next try" "$work/journal"
    kill "$pid"
    wait "$pid"
    JOURNAL_STREAM=$(stat -c %d:%i "$work/journal") "${program[$1]}" 0.1 "${here[@]}" -n 1 -v >>"$work/journal" 2>&1
    cat "$work/journal"
    grep -q '^<4>TROUBLE .*next try' "$work/journal" && grep -q '^<5>start ' "$work/journal" &&
        grep -q '^<6>running ' "$work/journal" && grep -q '^<7>  guest ' "$work/journal" || return 1
    run "$1" 0.1 "${here[@]}" -n 1 -v
    ! grep '^<' "$work/out"
}
for name in $programs; do
    check "$name tells the journal how much a line matters" priorities "$name"
    check "the unit starts $name with options that it knows" starts "$name"
    if command -v systemd-analyze >/dev/null; then
        check "systemd accepts the unit of $name" accepted "$name"
        check "$name as a service is exposed to little" exposed_little "$name"
    else
        echo "ok systemd accepts the unit of $name # SKIP there is no systemd-analyze"
    fi
done

finish
