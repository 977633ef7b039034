#!/usr/bin/env bash
# No hypervisor at the start: tried again and again, unless the run is counted.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

gives_up() {
    local name=$1
    shift
    run "$name" 0.1 "${nowhere[@]}" "$@"
    cat "$work/err"
    # libvirt's XML parser has a word of its own about the missing file.
    expect status "$status" 1 && expect "lines on stdout" "$(lines_of "$work/out")" 0 &&
        expect "lines of the program" "$(grep -c "^$name: cannot connect to test:///nonexistent/nothing.xml: " "$work/err")" 1
}
for name in $programs; do
    check "$name --once gives up" gives_up "$name" --once
    check "$name -n 3 gives up" gives_up "$name" -n 3
    check "$name --once --json gives up" gives_up "$name" --once --json
done

bad_uri() {
    run "$1" 0.1 --once -c bogus://nowhere/x
    cat "$work/err"
    expect status "$status" 1 && grep -q "^$1: cannot connect to bogus://nowhere/x: ." "$work/err"
}
for name in $programs; do
    check "$name says what is wrong with a URI" bad_uri "$name"
done

retried() {
    [ "$(grep -c "cannot connect to .*; next try in [0-9]* s" "$work/err")" -ge 3 ]
}
tries_again() {
    local name=$1 pid
    "${program[$name]}" 0.1 "${nowhere[@]}" >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    until_true 30 retried
    local result=$?
    kill "$pid"
    wait "$pid"
    cat "$work/err"
    expect status $? 0 && expect "found out" "$result" 0
}
for name in $programs; do
    check "$name says so and tries again" tries_again "$name"
done

# The hypervisor comes after the program: test drivers are files, so one is put where it was missed.
comes_later() {
    local name=$1 pid file=$work/late.$1.xml
    "${program[$name]}" 0.2 -c "test://$file" >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
    until_true 30 grep -q "next try" "$work/err" || return 1
    cat >"$file.new" <<'XML'
<node><domain type='test'><name>late</name><memory>524288</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain></node>
XML
    mv "$file.new" "$file"
    until_true 60 grep -q "  running " "$work/out"
    local result=$?
    kill "$pid"
    wait "$pid"
    cat "$work/out" "$work/err"
    return "$result"
}
for name in $programs; do
    check "$name works once the hypervisor is there" comes_later "$name"
done

finish
