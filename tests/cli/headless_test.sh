#!/usr/bin/env bash
# The headless face, on the hypervisor that is built into libvirt.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

decisions() {
    grep -cE '^[0-9:]{8}  (running|learning|dry run|forced) ' "$1"
}

spelled() {
    local name=$1
    shift
    run "$name" "$@" "${here[@]}" -n 2
    cat "$work/out" "$work/err"
    expect status "$status" 0 && expect "lines on stderr" "$(lines_of "$work/err")" 0 &&
        expect decisions "$(decisions "$work/out")" 2 && grep -q '  start  .*test:///default' "$work/out"
}
for name in $programs; do
    check "$name 0.1 is headless" spelled "$name" 0.1
    check "$name 0.1 headless" spelled "$name" 0.1 headless
    check "$name --headless 0.1" spelled "$name" --headless 0.1
done

# libvirt would warn, in three lines, that the host can't resolve its own name.
nameless() {
    unshare --uts sh -c 'hostname no-such-name && exec "$@"' _ \
        "${program[$1]}" 0.1 "${here[@]}" --once >"$work/out" 2>"$work/err"
    expect status $? 0 && expect "lines on stderr" "$(lines_of "$work/err")" 0 && grep -q no-such-name "$work/out"
}
for name in $programs; do
    check "$name prints none of libvirt's warnings" nameless "$name"
done

once() {
    run "$1" 0.1 "${here[@]}" --once
    expect status "$status" 0 && expect decisions "$(decisions "$work/out")" 1
}
for name in $programs; do
    check "$name --once decides once" once "$name"
done

json() {
    local name=$1
    run "$name" 0.1 "${here[@]}" -n 5 --json
    cat "$work/err"
    expect status "$status" 0 && expect "lines on stderr" "$(lines_of "$work/err")" 0 &&
        expect "lines on stdout" "$(lines_of "$work/out")" 5 || return 1
    expect "objects of a decision each" "$(jq -s 'map(select(.counters.decisions)) | map(.counters.decisions) | tojson' \
        "$work/out")" '"[1,2,3,4,5]"' &&
        expect program "$(jq -rs 'map(.program) | unique | join(" ")' "$work/out")" "$name"
}
for name in $programs; do
    check "$name --json: one object a line and a decision" json "$name"
done

# A reader sees each interval's line while the program still runs.
flushed() {
    local name=$1 line n=0 pid
    mkfifo "$work/fifo.$name"
    "${program[$name]}" 0.1 "${here[@]}" >"$work/fifo.$name" &
    pid=$!
    exec 9<"$work/fifo.$name"
    while [ "$n" -lt 3 ] && IFS= read -r -t 30 line <&9; do
        [[ $line =~ ^[0-9:]{8}\ \ running ]] && n=$((n + 1))
    done
    exec 9<&-
    expect "lines seen" "$n" 3 && until_true 30 ended "$pid"
}
for name in $programs; do
    check "$name flushes each line" flushed "$name"
done

# The guest of test:///default can give memory, and the host is made short of it: there is something to do.
acts() {
    run memory_coordinator 0.1 "${here[@]}" -n 2 --host-reserve 3000 "$@"
    cat "$work/out" "$work/err"
}
a_line_for_each_action() {
    acts && grep -qE '^[0-9:]{8}    size +test +2048 -> [0-9]+ +MiB +-[0-9]+  .+' "$work/out"
}
check "an action has a line with its reason" a_line_for_each_action
dry_runs_change_nothing() {
    acts --dry-run && ! grep -q '    size ' "$work/out" &&
        expect "lines with the same first step" "$(grep -c '    would  *test  *2048 -> ' "$work/out")" 2
}
check "a dry run says what it would do, and finds it undone" dry_runs_change_nothing
excluded() {
    acts "$@" --json && expect reasons "$(jq -rs '[.[].guests[].leave_alone] | unique | join(" ")' "$work/out")" excluded &&
        expect actions "$(jq -s 'map(.plan.actions | length) | add' "$work/out")" 0
}
check "--exclude leaves a guest alone" excluded --exclude 't*'
check "--only leaves the others alone" excluded --only nobody --only none
not_excluded() {
    acts --only 'x*' --only 'te?t' --exclude other && grep -q '    size  *test ' "$work/out"
}
check "--only takes patterns, any of them" not_excluded

verbose() {
    run "$1" 0.1 "${here[@]}" -n 1 -v
    cat "$work/out"
    expect status "$status" 0 && grep -qE '^[0-9:]{8}    guest +test +[0-9]+ ' "$work/out"
}
for name in $programs; do
    check "$name -v shows the guests" verbose "$name"
done

plain_ascii() {
    LC_ALL=C run "$1" 0.1 "${here[@]}" -n 2 -v
    expect status "$status" 0 && ! LC_ALL=C grep -q '[^ -~]' "$work/out"
}
for name in $programs; do
    check "$name writes ASCII in the C locale" plain_ascii "$name"
done

# On a terminal (made by script) there is colour, unless NO_COLOR asks for none; in a pipe there never is.
on_a_terminal() {
    TERM=xterm script -qec "$1 0.1 ${here[*]} -n 1" /dev/null </dev/null >"$work/out"
}
coloured() {
    on_a_terminal "${program[$1]}" && grep -q $'\033\\[' "$work/out" || return 1
    NO_COLOR=1 on_a_terminal "${program[$1]}" && ! grep -q $'\033' "$work/out" || return 1
    run "$1" 0.1 "${here[@]}" -n 1
    ! grep -q $'\033' "$work/out"
}
for name in $programs; do
    check "$name is coloured on terminals only" coloured "$name"
done

# Two runs into one file: the names stand in it once.
csv() {
    rm -f "$work/values"
    run "$1" 0.1 "${here[@]}" -n 2 --csv "$work/values" && expect status "$status" 0 || return 1
    run "$1" 0.1 "${here[@]}" -n 1 --csv "$work/values"
    expect status "$status" 0 && expect lines "$(lines_of "$work/values")" 4 &&
        expect "lines of names" "$(grep -c '^Hostname,' "$work/values")" 1 && sed -n 2,4p "$work/values" | grep -c ',test,'
}
csv_nowhere() {
    run "$1" 0.1 "${here[@]}" -n 1 --csv /nowhere/at/all
    expect status "$status" 1 && grep -q "/nowhere/at/all: No such file" "$work/err"
}
# Under the names of another version its values would mean something else; and a file of another kind is not spoilt.
csv_of_others() {
    local first
    for first in "Hostname,Time,Domain ID" "root:x:0:0:root:/root:/bin/bash" "" "$(yes Hostname, | tr -d '\n' | head -c 10000)"; do
        printf '%s\n1,2,3\n' "$first" >"$work/values"
        cp "$work/values" "$work/before"
        run "$1" 0.1 "${here[@]}" -n 1 --csv "$work/values"
        expect status "$status" 1 && grep -q "values: it begins with other columns" "$work/err" &&
            cmp "$work/before" "$work/values" || return 1
    done
}
# The last line was cut off where the disk was full: what is appended is no part of it.
csv_cut_off() {
    rm -f "$work/values"
    run "$1" 0.1 "${here[@]}" -n 1 --csv "$work/values"
    printf 'half,a,li' >>"$work/values"
    run "$1" 0.1 "${here[@]}" -n 1 --csv "$work/values"
    expect status "$status" 0 && expect lines "$(lines_of "$work/values")" 4 && grep -qx 'half,a,li' "$work/values"
}
for name in $programs; do
    check "$name --csv refuses a file of other columns, and leaves it as it is" csv_of_others "$name"
    check "$name --csv goes on behind a line that was cut off" csv_cut_off "$name"
    check "$name --csv appends a line for each decision" csv "$name"
    check "$name --csv into nothing is refused" csv_nowhere "$name"
done

# A stand-in for the service manager listens to what it is told.
notified() {
    perl - "$work/notify-$1" "${program[$1]}" 0.1 "${here[@]}" -n 2 >/dev/null <<'PERL'
use Socket;
my ($path, @command) = @ARGV;
socket(my $manager, PF_UNIX, SOCK_DGRAM, 0) or die "no socket: $!";
bind($manager, sockaddr_un($path)) or die "not bound: $!";
$ENV{NOTIFY_SOCKET} = $path;
system(@command) == 0 or die "the program failed";
alarm 30;
my ($told, $text) = ("", "");
until ($told =~ /STOPPING=1/) {
    recv($manager, $text, 4096, 0);
    $told .= "$text\n";
}
$told =~ /^READY=1\nSTATUS=/ && $told =~ /STATUS=running/ or die "told: $told";
PERL
}
for name in $programs; do
    check "$name tells the service manager how it is" notified "$name"
done

finish
