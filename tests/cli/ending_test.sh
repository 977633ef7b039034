#!/usr/bin/env bash
# How the programs end: asked by a signal, when nobody reads, when nothing can be written.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# ends_on SIGNAL NAME READY ARGUMENT...: started, READY (a word in its output) seen, signalled: it must end with status
# 0 and soon. A second is what is promised; a machine under load gets several tries at it.
ends_on() {
    local signal=$1 name=$2 ready=$3 try pid began took status
    shift 3
    for try in 1 2 3; do
        : >"$work/both"
        "${program[$name]}" "$@" >"$work/both" 2>&1 </dev/null &
        pid=$!
        until_true 30 grep -q "$ready" "$work/both" || { cat "$work/both"; return 1; }
        began=${EPOCHREALTIME/./}
        kill "-$signal" "$pid"
        wait "$pid"
        status=$?
        took=$((${EPOCHREALTIME/./} - began))
        cat "$work/both"
        expect status "$status" 0 || return 1
        [ "$took" -le 1000000 ] && return 0
        echo "try $try: it took $took us to end"
    done
    return 1
}
for name in $programs; do
    for signal in TERM INT; do
        # In the background SIGINT is ignored unless job control is on.
        set -m
        check "$name ends on SIG$signal" ends_on $signal "$name" "  start " 3600 "${here[@]}"
        set +m
    done
    check "$name ends on SIGTERM while disconnected" ends_on TERM "$name" "next try" 3600 "${nowhere[@]}"
    check "$name --json ends on SIGTERM while disconnected" ends_on TERM "$name" "next try" 3600 --json "${nowhere[@]}"
done

# A server that takes connections and never answers. To be run in the background.
silent_server() {
    exec perl -MIO::Socket::UNIX -e '
        my $s = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $ARGV[0], Listen => 5) or die;
        my @kept; while (my $c = $s->accept) { push @kept, $c; open my $f, ">>", $ARGV[1]; print $f "x\n"; close $f; }
    ' "$1" "$2"
}
# ends_in_a_hung_call NAME: as ends_on, but ready when the server has been called.
ends_in_a_hung_call() {
    local name=$1 pid began took try status
    for try in 1 2 3; do
        : >"$work/called"
        "${program[$name]}" 3600 -c "qemu+unix:///system?socket=$work/socket" >"$work/both" 2>&1 </dev/null &
        pid=$!
        until_true 30 test -s "$work/called" || { cat "$work/both"; return 1; }
        began=${EPOCHREALTIME/./}
        kill -TERM "$pid"
        wait "$pid"
        status=$?
        took=$((${EPOCHREALTIME/./} - began))
        cat "$work/both"
        expect status "$status" 0 || return 1
        [ "$took" -le 1000000 ] && return 0
        echo "try $try: it took $took us to end"
    done
    return 1
}
silent_server "$work/socket" "$work/called" &
until_true 30 test -S "$work/socket"
for name in $programs; do
    check "$name ends on SIGTERM while a call hangs" ends_in_a_hung_call "$name"
done

# nohup keeps SIGHUP ignored.
ignores() {
    local pid
    (trap '' HUP && exec "${program[$1]}" 3600 "${here[@]}") >"$work/both" 2>&1 </dev/null &
    pid=$!
    until_true 30 grep -q "  start " "$work/both" || return 1
    kill -HUP "$pid"
    kill -TERM "$pid"
    wait "$pid"
    expect status $? 0
}
for name in $programs; do
    check "$name leaves SIGHUP ignored where it was" ignores "$name"
done

# The reader goes after the first line, an hour before the next would be written.
reader_goes() {
    local name=$1
    shift
    { "${program[$name]}" "$@" "${here[@]}" </dev/null 2>"$work/err"; echo $? >"$work/status"; } | head -n 1 >"$work/out"
    cat "$work/err"
    expect status "$(cat "$work/status")" 0 && expect "lines on stderr" "$(lines_of "$work/err")" 0 &&
        expect "lines on stdout" "$(lines_of "$work/out")" 1
}
for name in $programs; do
    check "$name ends quietly when its reader goes" reader_goes "$name" 3600
    check "$name ends quietly when its reader goes while it writes" reader_goes "$name" 0.05 -v
    check "$name --json ends quietly when its reader goes" reader_goes "$name" 0.05 --json
done

# A reader that stays but reads nothing: the pipe is full, and a signal must still end the program.
has_decided() {
    [ "$(lines_of "$work/stalled.record")" -ge 5 ]
}
reader_stalls() {
    local name=$1 pid reader result fifo=$work/stalled.$1
    mkfifo "$fifo"
    # shellcheck disable=SC2217 # that it reads nothing is the point
    sleep 1000 <"$fifo" &
    reader=$!
    exec 8>"$fifo"
    dd if=/dev/zero of="$fifo" oflag=nonblock bs=4096 2>/dev/null # until it is full
    rm -f "$work/stalled.record"
    : >"$work/stalled.record"
    "${program[$name]}" 0.05 "${here[@]}" --record "$work/stalled.record" >&8 2>"$work/err" </dev/null &
    pid=$!
    exec 8>&-
    until_true 30 has_decided
    result=$?
    kill -TERM "$pid"
    until_true 30 ended "$pid" || kill -KILL "$pid"
    wait "$pid"
    status=$?
    kill "$reader"
    cat "$work/err"
    expect "decided" "$result" 0 && expect status "$status" 0
}
for name in $programs; do
    check "$name ends although its reader stalls" reader_stalls "$name"
done

# A descriptor that was closed isn't given to anything of the program's, which would then get its output.
closed_at_start() {
    timeout 60 "${program[$1]}" 0.1 "${here[@]}" -n 3 0<&- >&- 2>&-
    expect status $? 0
}
for name in $programs; do
    check "$name works with its descriptors closed" closed_at_start "$name"
done

disk_full() {
    "${program[$1]}" 0.1 "${here[@]}" -n 3 >/dev/full 2>"$work/err" </dev/null
    expect status $? 1 && expect "lines on stderr" "$(lines_of "$work/err")" 1 && grep -q "cannot write" "$work/err"
}
for name in $programs; do
    check "$name says that it can't write, and fails" disk_full "$name"
done

finish
