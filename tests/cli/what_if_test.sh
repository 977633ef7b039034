#!/usr/bin/env bash
# What is learned from a recording at once: what other settings would have changed, and what it advises.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"
without_sanitizers # what_if_test and advise_test of the unit tests run with, and so do replays

demo=$top/docs/demo.recording
short=$top/docs/memory.recording

# figures PROGRAM WORDS...: the comparison as JSON, in $work/out; the program said nothing else.
figures() {
    run "$@" --what-if --json
    expect status "$status" 0 && expect lines "$(lines_of "$work/out")" 1 && expect stderr "$(cat "$work/err")" ""
}
# holds FILTER: of the comparison.
holds() {
    jq -e "$1" "$work/out" >/dev/null || { echo "not so: $1"; head -c 2000 "$work/out"; return 1; }
}

# A day with a tolerance that nothing exceeds has no moves, and is less balanced.
tolerant() {
    figures vcpu_scheduler --replay "$demo" --tolerance 100 &&
        holds '.kind == "what-if" and .program == "vcpu_scheduler" and .settings == {"tolerance": {"recorded": 4, "what_if": 100}}' &&
        holds '.what_if.actions < .played.actions / 2 and .what_if.sd_mean_points > .played.sd_mean_points + 5' &&
        holds '.what_if.balanced_pct < .played.balanced_pct and .what_if.wait_mean_pct > .played.wait_mean_pct'
}
check "a larger tolerance moves less and is less balanced" tolerant
# What was recorded is in the recording: as many pins as its decisions have that were done.
recorded_side() {
    figures vcpu_scheduler --replay "$demo" || return 1
    local pins
    pins=$(jq -s '[.[] | select(.kind == "decision") | .plan.actions[] | select(.result == "done")] | length' "$demo")
    holds ".recorded.actions == $pins and .decisions == $(grep -c '"kind":"decision"' "$demo") and .settings == {}" &&
        holds '.played == .what_if'
}
check "the recorded side is as recorded, and equal settings differ in nothing" recorded_side
# A host like the recorded one, not another.
near_what_was() {
    figures "$1" --replay "$2" && holds "$3"
}
check "the host that pins are played on is like the recorded one" near_what_was vcpu_scheduler "$demo" \
    '(.played.sd_mean_points - .recorded.sd_mean_points | fabs) < 2 and (.played.wait_mean_pct / .recorded.wait_mean_pct - 1 | fabs) < 0.3'
check "and so is the one of sizes" near_what_was memory_coordinator "$short" \
    '(.played.size_mean_mib / .recorded.size_mean_mib - 1 | fabs) < 0.05 and (.played.slack_mean_mib / .recorded.slack_mean_mib - 1 | fabs) < 0.1'
floors() {
    figures memory_coordinator --replay "$short" --guest-floor 900 &&
        holds '.what_if.size_mean_mib > .played.size_mean_mib + 200 and .what_if.slack_mean_mib > .played.slack_mean_mib + 200' &&
        holds '.what_if.unmet_mean_mib > .played.unmet_mean_mib + 50 and .what_if.actions < .played.actions'
}
check "a high floor leaves more idle and those that grow short" floors
seldom() {
    figures memory_coordinator 20 --replay "$short" && holds '.settings == {"interval": {"recorded": 5, "what_if": 20}}' &&
        holds '.what_if.actions < .played.actions'
}
check "so does another interval" seldom
grouped() {
    figures vcpu_scheduler --replay "$demo" --pin-to llc && holds '.settings == {"pin-to": {"recorded": "cpu", "what_if": "llc"}}' &&
        holds '.what_if.actions < .played.actions' || return 1
    run vcpu_scheduler --replay "$demo" --what-if --pin-to llc
    grep -qx "pin-to llc instead of cpu" "$work/out"
}
check "groups of pCPUs are told in words" grouped
left_out() {
    figures vcpu_scheduler --replay "$demo" --exclude '*' && holds '.settings | has("exclude")' && holds '.what_if.actions == 0 and .played.actions > 0'
}
check "guests that are left out aren't moved" left_out

table() {
    run vcpu_scheduler --replay "$demo" --what-if --tolerance 100
    cat "$work/out"
    expect status "$status" 0 && grep -qx "tolerance 100 instead of 4" "$work/out" &&
        grep -qE '^ +recorded +played again +what if$' "$work/out" &&
        grep -qE '^moves \(pins that were set\) +[0-9]+ +[0-9]+ +[0-9]+$' "$work/out" &&
        grep -qE '^spread .*, mean, points( +[0-9.]+){3}$' "$work/out" && grep -qE '^wait of all vCPUs.*( +[0-9.]+){3}$' "$work/out" || return 1
    run memory_coordinator --replay "$short" --what-if --burst 0
    cat "$work/out"
    expect status "$status" 0 && grep -qE '^sizes of all guests.*( +[0-9]+){3}$' "$work/out" &&
        grep -qE '^slack .*( +[0-9]+){3}$' "$work/out" && grep -qE '^unmet .*, mean, MiB( +[0-9.]+){3}$' "$work/out"
}
check "the table has moves, spread and wait; sizes, unmet and slack" table
ends_with_it() {
    run memory_coordinator --replay "$short" --speed max --guest-floor 900
    expect status "$status" 0 && grep -q '  running ' "$work/out" && grep -qx "guest-floor 900 instead of 200" "$work/out" || return 1
    run memory_coordinator --replay "$short" --speed max
    expect "tables without other settings" "$(grep -c 'what if' "$work/out")" 0
}
check "a replay with other settings ends with the table" ends_with_it

# The examples of docs/tuning.md are what comes out today: the same words, and figures within a third or 5 of each other, as
# they change a little with each change of the policy. Which guests cost most changes with it, too.
examples() {
    mkdir -p "$work/bin"
    ln -sf "${program[vcpu_scheduler]}" "${program[memory_coordinator]}" "$work/bin"
    sed -n 's/^    \$ //p' "$top/docs/tuning.md" >"$work/commands"
    [ "$(lines_of "$work/commands")" -ge 2 ] || return 1
    while IFS= read -r command; do
        awk -v command="    \$ $command" '$0 == command { on = 1; next } on && !/^    / && !/^$/ { exit } on { sub(/^    /, ""); print }' \
            "$top/docs/tuning.md" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' >"$work/documented"
        (cd "$top" && PATH=$work/bin:$PATH bash -c "$command") >"$work/today" 2>"$work/err" </dev/null
        awk '
            NR == FNR { was[NR] = $0; n = NR; next }
            { m = FNR }
            $1 ~ "/" && was[FNR] ~ "^[^ ]*/" { next }
            {
                same = split(was[FNR], old) == NF;
                for (i = 1; i <= NF && same; i++) {
                    off = $i - old[i];
                    if ($i !~ /^[0-9.]+$/ || old[i] !~ /^[0-9.]+$/)
                        same = $i == old[i];
                    else
                        same = off * off <= 25 || off * off <= old[i] * old[i] / 9;
                }
                if (!same) { print "documented: " was[FNR]; print "today:      " $0; bad = 1 }
            }
            END { exit bad || n != m }' "$work/documented" "$work/today" || { echo "$command"; return 1; }
    done <"$work/commands"
}
check "the examples of docs/tuning.md are what comes out" examples

damaged() {
    sed '20s/{/[/' "$demo" >"$work/damaged"
    run vcpu_scheduler --replay "$work/damaged" --what-if --json
    cat "$work/err"
    expect status "$status" 1 && grep -q "line 20 of the recording" "$work/err" && holds '.seconds > 100'
}
check "a damaged line is told, and the rest counts" damaged
refused() {
    local words=$1
    shift
    run memory_coordinator "$@"
    cat "$work/err"
    expect status "$status" "$wanted" && expect "lines on stderr" "$(lines_of "$work/err")" 1 && grep -qF -- "$words" "$work/err"
}
wanted=2
check "--what-if needs a recording" refused "--what-if needs --replay" 12 --what-if
check "and has no screen" refused "doesn't go with --tui" --replay "$short" --what-if --tui
check "and records nothing" refused "doesn't go with --record" --replay "$short" --what-if --record "$work/x"
wanted=1
check "the other program's recording is refused" refused "recording of the other program" --replay "$demo" --what-if


# advice PROGRAM FILE: as JSON, in $work/out.
advice() {
    run "$1" --advise "$2" --json
    expect status "$status" 0 && expect lines "$(lines_of "$work/out")" 1 && expect stderr "$(cat "$work/err")" ""
}
# Levels lie in their order around what was seen.
in_order() {
    advice "$1" "$2" && holds '.kind == "advice" and (.guests | length > 5)' &&
        holds '[.guests[] | .memory_mib, .cpu_pct | select(. != null)] | length > 5 and
            all(.most_99 <= .most_99_9 and .least_99_9 <= .least_99 and .least_99 <= .most_99)' &&
        holds '.memory_fit | .needs_99 <= .needs_99_9 and .more_guests_99 >= .more_guests_99_9' &&
        holds '.cpu_fit | .needs_99 <= .needs_99_9 and .more_guests_99 >= .more_guests_99_9'
}
for name in $programs; do
    check "$name --advise has levels in their order" in_order "$name" "$demo"
done
# What is enough for 99 % of the time to come was enough for most of the time seen.
enough_for_what_was() {
    advice memory_coordinator "$short" || return 1
    # used: of each sample its size less what is usable, as the engine counts it
    run memory_coordinator --replay "$short" --speed max --json
    jq -s --slurpfile advice <(memory_coordinator_advice) '
        [.[].guests[] | select(.memory.used_kib != null) | {uuid, used: (.memory.used_kib / 1024)}] as $seen
        | [$advice[0].guests[] | select(.memory_mib) | . as $g | [$seen[] | select(.uuid == $g.uuid)] |
            (map(select(.used + 100 > $g.memory_mib.most_99)) | length) / length] | length > 5 and all(. <= 0.05)' "$work/out" | grep -qx true
}
memory_coordinator_advice() {
    "${program[memory_coordinator]}" --advise "$short" --json
}
check "a maximum for 99 % is enough for what was seen" enough_for_what_was
says_who_is_short() {
    advice memory_coordinator "$short" && holds '.memory_fit.more_guests_99 < 0' &&
        holds '[.guests[] | select(.short_pct > 5) | .name] == ["db1", "build2"]'
}
check "a host that is short of memory is said to have too many guests, and which were short" says_who_is_short
pins() {
    advice vcpu_scheduler "$demo" && holds '.pins.sd_best_points < .pins.sd_points and .pins.decisions > 10' &&
        holds '.pins.costs | length > 5 and ([.[].cost_points] | . == (sort | reverse)) and all(has("vcpu") != has("rule"))' || return 1
    advice memory_coordinator "$demo" && holds 'has("pins") | not'
}
check "vcpu_scheduler says which pins cost most, dearest first" pins
tables() {
    run "$1" --advise "$demo"
    cat "$work/out" "$work/err"
    expect status "$status" 0 && grep -qE '^db-1 +[0-9]+ +[0-9]+( +[0-9]+){4} +[0-9.]+$' "$work/out" &&
        grep -qE '^memory: of [0-9]+ MiB, [0-9.]+ guests need .* more like these fit$' "$work/out" &&
        grep -qE '^CPU: of 6400 % of a pCPU, ' "$work/out" || return 1
    expect "lines on pins" "$(grep -c 'pinned to pCPU' "$work/out" | sed 's/^[1-9][0-9]*$/some/')" "$2"
}
check "the tables have guests, fits and pins" tables vcpu_scheduler some
check "the coordinator's have no pins" tables memory_coordinator 0
too_short() {
    head -n 50 "$demo" >"$work/short"
    run vcpu_scheduler --advise "$work/short"
    cat "$work/out"
    expect status "$status" 0 && grep -q "too short to say how much is enough: that takes 80 samples" "$work/out" && grep -q "not known how many more guests fit" "$work/out"
}
check "of a short recording it says that it is" too_short
wanted=2
check "--advise goes with no screen" refused "doesn't go with --tui" --advise "$short" --tui
check "nor with a replay" refused "doesn't go with --replay" --advise "$short" --replay "$short"
check "nor with a hypervisor" refused "doesn't go with --connect" --advise "$short" -c test:///default
wanted=1
check "what is no recording can't advise" refused "no recording that can be read" --advise "$top/README.md"

finish
