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

# As in the unit, but for one decision on the hypervisor that is built into libvirt.
starts() {
    local line words
    line=$(sed -n 's/^ExecStart=//p' "$units/$1.service")
    line=${line//\$INTERVAL/0.1}
    line=${line//\$OPTIONS/}
    line=${line/\/run\/vmbalance/$work/state}
    read -ra words <<<"$line"
    expect program "${words[0]}" "/usr/local/sbin/$1" || return 1
    "$root${words[0]}" "${words[@]:1}" "${here[@]}" --once >"$work/out" 2>"$work/err"
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
for name in $programs; do
    check "the unit starts $name with options that it knows" starts "$name"
    if command -v systemd-analyze >/dev/null; then
        check "systemd accepts the unit of $name" accepted "$name"
        check "$name as a service is exposed to little" exposed_little "$name"
    fi
done

finish
