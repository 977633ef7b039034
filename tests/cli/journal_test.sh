#!/usr/bin/env bash
# Started by systemd, what is told goes to its journal as entries with fields; here a socket of the test's own stands in
# for the journal's, and a file for the stream that the manager says the journal reads.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

if ! perl -MIO::Socket::UNIX -e1 2>/dev/null; then
    echo "ok journal # SKIP there is no perl to listen with"
    exit 0
fi
export VMBALANCE_JOURNAL_SOCKET=$work/socket
# listen: writes each datagram to $work/entries, between lines of "--". To be run in the background.
listen() {
    exec perl -MIO::Socket::UNIX -MSocket -e '
        my $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => $ARGV[0]) or die;
        open my $out, ">", $ARGV[1] or die;
        $out->autoflush(1);
        while (defined $s->recv(my $entry, 65536)) { print $out $entry, "--\n" }
    ' "$VMBALANCE_JOURNAL_SOCKET" "$work/entries"
}
listen &
until_true 20 test -S "$VMBALANCE_JOURNAL_SOCKET"

# under_systemd PROGRAM WORDS...: its lines go to $work/journal, which the journal is said to read.
under_systemd() {
    local name=$1
    shift
    : >"$work/journal"
    JOURNAL_STREAM=$(stat -c %d:%i "$work/journal") timeout 60 "${program[$name]}" "$@" >>"$work/journal" 2>&1 </dev/null
    status=$?
}
# entries FIELD=PATTERN...: how many entries have all of these.
entries() {
    awk -v wanted="$(printf '%s\034' "$@")" '
        BEGIN { n = split(wanted, patterns, "\034") - 1 }
        $0 == "--" {
            for (i = 1; i <= n && entry ~ ("\n" patterns[i] "\n"); i++);
            found += i > n;
            entry = "";
            next;
        }
        { entry = (entry == "" ? "\n" : entry) $0 "\n" }
        END { print found + 0 }' "$work/entries"
}
has() {
    [ "$(entries "$@")" -gt 0 ] || { echo "no entry with $*"; head -c 3000 "$work/entries"; return 1; }
}
all_came() {
    [ "$(entries 'MESSAGE_ID=[0-9a-f]+' 'VMBALANCE_DECISION=[0-9]+' "SYSLOG_IDENTIFIER=$1")" -ge "$2" ]
}

sizes() {
    under_systemd memory_coordinator 0.1 "${here[@]}" -n 3 --host-reserve 3000
    expect status "$status" 0 && expect "lines of text" "$(lines_of "$work/journal")" 0 && until_true 10 all_came memory_coordinator 3 &&
        has SYSLOG_IDENTIFIER=memory_coordinator PRIORITY=5 'MESSAGE=start .*' 'MESSAGE_ID=[0-9a-f]+' &&
        has PRIORITY=6 'MESSAGE=running .*' 'MESSAGE_ID=[0-9a-f]+' VMBALANCE_DECISION=1 'VMBALANCE_ACTIONS=[0-9]+' \
            'VMBALANCE_MISSING_KIB=[0-9]+' &&
        has PRIORITY=5 'MESSAGE=  size .*' 'MESSAGE_ID=[0-9a-f]+' VMBALANCE_GUEST=test \
            VMBALANCE_GUEST_UUID=6695eb01-f6a4-8304-79aa-97f2502e193f VMBALANCE_FROM_KIB=2097152 'VMBALANCE_TO_KIB=[0-9]+' \
            VMBALANCE_RESULT=done 'VMBALANCE_REASON=.+'
}
check "sizes and decisions come with their fields" sizes
pins() {
    under_systemd vcpu_scheduler --replay "$top/docs/demo.recording" --speed max -n 8
    expect status "$status" 0 && until_true 10 all_came vcpu_scheduler 8 &&
        has SYSLOG_IDENTIFIER=vcpu_scheduler PRIORITY=6 VMBALANCE_DECISION=8 'VMBALANCE_SD_POINTS=[0-9.]+' &&
        has PRIORITY=5 'MESSAGE=  pin .*' 'VMBALANCE_GUEST=[a-z0-9-]+' 'VMBALANCE_VCPU=[0-9]+' 'VMBALANCE_PCPU=[0-9]+' \
            VMBALANCE_RESULT=done
    # As many as the recording has.
    expect "entries of pins" "$(entries 'VMBALANCE_PCPU=[0-9]+' VMBALANCE_RESULT=done)" \
        "$(jq -s '[map(select(.kind == "decision"))[:8][].plan.actions[] | select(.result == "done")] | length' "$top/docs/demo.recording")"
}
check "pins come with guest, vCPU and pCPU" pins
trouble() {
    under_systemd memory_coordinator 0.1 "${nowhere[@]}" --once
    expect status "$status" 1
    local journal
    : >"$work/journal"
    JOURNAL_STREAM=$(stat -c %d:%i "$work/journal") "${program[vcpu_scheduler]}" 0.1 "${nowhere[@]}" >>"$work/journal" 2>&1 </dev/null &
    journal=$!
    until_true 20 has SYSLOG_IDENTIFIER=vcpu_scheduler PRIORITY=4 'MESSAGE=TROUBLE .*next try.*' 'MESSAGE_ID=[0-9a-f]+' >/dev/null
    local result=$?
    kill "$journal"
    wait "$journal"
    return "$result"
}
check "so does trouble, with its priority" trouble

plain_without_it() {
    export VMBALANCE_JOURNAL_SOCKET=$work/nothing
    under_systemd memory_coordinator 0.1 "${here[@]}" -n 1
    cat "$work/journal"
    expect status "$status" 0 && grep -q '^<5>start ' "$work/journal" && grep -qE '^<6>(running|learning) ' "$work/journal" &&
        ! grep -q 'VMBALANCE_\|^MESSAGE' "$work/journal"
}
check "where it doesn't listen, lines go with their priorities as ever" plain_without_it
json_stays() {
    export VMBALANCE_JOURNAL_SOCKET=$work/socket
    under_systemd memory_coordinator 0.1 "${here[@]}" -n 1 --json
    expect status "$status" 0 && jq -e '.kind == "decision"' "$work/journal" >/dev/null
}
check "JSON stays JSON" json_stays

finish
