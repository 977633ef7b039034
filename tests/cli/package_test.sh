#!/usr/bin/env bash
# The Debian package, where debhelper is there to make it: what it holds, and what lintian says of it. tests/package/run
# installs it in a clean root besides, which takes minutes.
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

finish
