#!/usr/bin/env bash
# Metrics for Prometheus: what is written is well-formed, whole at every moment, and what the report says; and the rules
# and the dashboard that come with the programs ask for nothing else. Prometheus's own tools judge, too, where they are.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

read_strictly=$top/tests/cli/check_metrics
rules=$top/docs/prometheus/alerts.yml
dashboard=$top/docs/prometheus/dashboard.json
prom=$work/made.prom

# A host with guests whose names are made to break out of quotes.
cat >"$work/host.xml" <<'XML'
<node>
<domain type='test'><name>a"b\c,{x="y"}</name><memory>1048576</memory><vcpu>2</vcpu><os><type>hvm</type></os></domain>
<domain type='test'><name>grün 日本</name><memory>524288</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>
</node>
XML
odd=(-c "test://$work/host.xml")

well_formed() {
    run "$1" 0.1 "${odd[@]}" -n 3 --metrics "$work/$1.prom"
    cat "$work/err"
    expect status "$status" 0 && expect "lines on stderr" "$(lines_of "$work/err")" 0 &&
        "$read_strictly" "$work/$1.prom" >"$work/samples" || return 1
    grep -F 'guest="a\"b\\c,{x=\"y\"}"' "$work/samples" && grep -F 'guest="grün 日本"' "$work/samples"
}
for name in $programs; do
    check "the metrics of $name are well-formed" well_formed "$name"
done
together() {
    "$read_strictly" "$work/vcpu_scheduler.prom" "$work/memory_coordinator.prom" >"$work/samples" && [ "$(lines_of "$work/samples")" -gt 100 ]
}
check "both programs' metrics can be collected side by side" together
strict_reader_is_strict() {
    local text
    while IFS= read -r text; do
        printf '%b' "# HELP a_total x\n# TYPE a_total counter\na_total 1\n$text" >"$work/wrong"
        if "$read_strictly" "$work/wrong" >/dev/null 2>&1; then
            echo "taken: $text"
            return 1
        fi
    done <<'END'
a_total 1\n
b 1\n
a_total{x="a"b"} 1\n
a_total{x="1",x="2"} 1\n
a_total{x="2"} -1\n
a_total{x="2"} 1 1700000000\n
a_total{x="2"} 1
# TYPE b gauge\nb 1\n
# HELP b_ms x\n# TYPE b_ms gauge\nb_ms 1\n
# HELP b x\n# TYPE b counter\nb 1\n
# HELP b x\n# TYPE b gauge\nb 1\na_total{x="2"} 2\n
# HELP b x\n# TYPE b histogram\nb_bucket{le="1"} 2\nb_bucket{le="+Inf"} 1\nb_sum 1\nb_count 1\n
# HELP b x\n# TYPE b histogram\nb_bucket{le="1"} 1\nb_sum 1\nb_count 1\n
END
}
check "what reads them takes nothing else" strict_reader_is_strict
if command -v promtool >/dev/null; then
    for name in $programs; do
        # shellcheck disable=SC2016 # for the inner shell
        check "promtool finds nothing in the metrics of $name" sh -c 'promtool check metrics <"$1"' _ "$work/$name.prom"
    done
else
    echo "ok promtool finds nothing in the metrics # SKIP there is no promtool"
fi

# value_of METRIC [LABELS]: of the file.
value_of() {
    "$read_strictly" "$prom" | awk -v name="vmbalance_$1{${2:-}}" 'index($0, name " ") == 1 { print $NF }'
}
# same METRIC LABELS JQ: the file says what the report does.
same() {
    local here there
    here=$(value_of "$1" "$2") there=$(tail -n 1 "$work/out" | jq "$3")
    # JSON has two decimals of a per cent.
    awk -v a="$here" -v b="$there" 'BEGIN { exit !(a != "" && b != "" && a - b <= 1e-4 && b - a <= 1e-4) }' ||
        expect "$1" "$here" "$there"
}
says_what_the_report_says() {
    local me='program="memory_coordinator"'
    run memory_coordinator 0.1 "${here[@]}" -n 3 --json --host-reserve 3000 --metrics "$prom"
    expect status "$status" 0 &&
        same interval_seconds "$me" .interval_s &&
        same decisions_total "$me" .counters.decisions &&
        same decision_duration_seconds_count "$me" .counters.decisions &&
        same actions_total "$me,result=\"done\"" .counters.actions_done &&
        same guest_actions_total "guest=\"test\",$me" .counters.actions_done &&
        same guest_managed "guest=\"test\",$me" 1 &&
        same guest_memory_size_bytes 'guest="test"' '.guests[0].memory.size_kib * 1024' &&
        same guest_memory_maximum_bytes 'guest="test"' '.guests[0].memory.max_kib * 1024' &&
        same guest_memory_need_bytes 'guest="test"' '.guests[0].decided.need_kib * 1024' &&
        same guest_memory_unused_bytes 'guest="test"' '.guests[0].memory.unused_kib * 1024' &&
        same host_memory_reserve_bytes '' '.plan.memory.host_reserve_kib * 1024' &&
        same host_memory_missing_bytes '' '.plan.memory.missing_kib * 1024' &&
        [ "$(value_of actions_total "$me,result=\"done\"")" -gt 0 ] || return 1
    me='program="vcpu_scheduler"'
    run vcpu_scheduler 0.1 "${here[@]}" -n 3 --json --metrics "$prom"
    expect status "$status" 0 &&
        same samples_total "$me" .counters.samples &&
        same load_deviation_ratio '' '.plan.balance.sd_now_points / 100' &&
        same load_deviation_tolerance_ratio '' '.plan.balance.tolerance_points / 100' &&
        same vcpu_run_seconds_total 'guest="test",vcpu="0"' '.guests[0].vcpus[0].run_ns / 1e9' &&
        same vcpu_demand_ratio 'guest="test",vcpu="1"' '.guests[0].vcpus[1].decided.demand_pct / 100' &&
        same pcpu_load_ratio 'cpu="0",kind="guest"' '.pcpus[0].interval.guest_pct / 100' &&
        same pcpu_online 'cpu="1"' 'if .pcpus[1].online then 1 else 0 end'
}
check "metrics say what the report says" says_what_the_report_says

# A reader that looks all the time sees one whole file after the other, which anybody may read, and nothing beside them.
whole_at_every_moment() {
    local before='' after i=0 seen=0 pid
    mkdir "$work/folder"
    (umask 077 && exec "${program[$1]}" 0.01 "${odd[@]}" -n 60 --metrics "$work/folder/x.prom" >"$work/out" 2>"$work/err") &
    pid=$!
    until_true 30 test -e "$work/folder/x.prom" || return 1
    until ended "$pid" && [ $((i += 1)) -gt 1 ]; do
        cat "$work/folder/x.prom" >"$work/copy"
        after=$(cksum <"$work/copy")
        [ "$after" != "$before" ] || continue
        before=$after seen=$((seen + 1))
        "$read_strictly" "$work/copy" >/dev/null || return 1
    done
    wait "$pid"
    echo "$seen files seen"
    expect "status at the end" $? 0 && [ "$seen" -gt 2 ] && expect mode "$(stat -c %a "$work/folder/x.prom")" 644 &&
        expect "files left" "$(ls -A "$work/folder")" x.prom && rm -rf "$work/folder"
}
goes_on_where_it_cannot_write() {
    local pid result
    "${program[$1]}" 0.02 "${here[@]}" --metrics "$work/later/x.prom" >"$work/out" 2>"$work/err" &
    pid=$!
    until_true 30 decided_often
    result=$?
    mkdir "$work/later"
    until_true 30 test -s "$work/later/x.prom"
    result=$((result + $?))
    kill "$pid"
    wait "$pid"
    cat "$work/err"
    expect "status at the end" $? 0 && expect "not seen" "$result" 0 && expect "lines on stderr" "$(lines_of "$work/err")" 1 &&
        grep -q "x.prom: No such file or directory; tried again" "$work/err" && rm -rf "$work/later"
}
decided_often() {
    [ "$(grep -cE '^[0-9:]{8}  (running|learning)' "$work/out")" -gt 5 ]
}
says_disconnected() {
    run "$1" 0.1 "${nowhere[@]}" --once --metrics "$prom"
    expect status "$status" 1 && "$read_strictly" "$prom" >"$work/samples" &&
        expect decisions "$(value_of decisions_total "program=\"$1\"")" 0
}
not_on_a_screen() {
    run "$1" 12 --tui --metrics "$prom"
    expect status "$status" 2 && grep -q -- "--metrics goes with headless" "$work/err"
}
for name in $programs; do
    check "the file of $name is whole at every moment" whole_at_every_moment "$name"
    check "$name goes on where no metrics can be written" goes_on_where_it_cannot_write "$name"
    check "$name writes metrics without a hypervisor, too" says_disconnected "$name"
    check "$name --metrics is for headless" not_on_a_screen "$name"
done

# What the rules and the dashboard ask for, against what is written.
asked_for() {
    { cat "$rules"; jq -r '.. | objects | (.expr?, .query?) | strings' "$dashboard"; } | grep -oE 'vmbalance_[a-z0-9_]+' | sort -u
}
written() {
    cat "$work/vcpu_scheduler.prom" "$work/memory_coordinator.prom" | awk '
        $2 == "TYPE" { print $3 } $2 == "TYPE" && $4 == "histogram" { print $3 "_bucket"; print $3 "_sum"; print $3 "_count" }' | sort -u
}
all_asked_for_is_written() {
    expect "asked for enough" "$([ "$(asked_for | wc -l)" -gt 20 ] && echo yes)" yes &&
        expect "asked for and not written" "$(comm -23 <(asked_for) <(written))" ""
}
documented() {
    local names
    names=$(written | sed -E 's/^(vmbalance_decision_duration_seconds)_.*/\1/' | sort -u)
    expect "written and not in docs/metrics.md" "$(comm -23 <(echo "$names") <(grep -oE 'vmbalance_[a-z0-9_]+' "$top/docs/metrics.md" | sort -u))" "" &&
        expect "in docs/metrics.md and not written" \
            "$(comm -13 <(echo "$names") <(grep -oE '^\| `vmbalance_[a-z0-9_]+' "$top/docs/metrics.md" | tr -d '|` ' | sort -u))" ""
}
check "rules and dashboard ask for what is written" all_asked_for_is_written
check "docs/metrics.md lists what is written" documented
check "the dashboard is JSON with queries" jq -e '[.panels[].targets[].expr] | length > 8' "$dashboard"
if command -v promtool >/dev/null; then
    check "promtool finds nothing in the alert rules" promtool check rules "$rules"
    check "the alerts fire when they should" promtool test rules "$top/docs/prometheus/alerts_test.yml"
    # Each query of the dashboard as a rule of its own, for what may vary put something fixed.
    queries() {
        jq -r '["groups:", "- name: dashboard", "  rules:"][], ([.panels[].targets[].expr] | to_entries[] | "  - record: query:\(.key)\n    expr: \(.value | tojson)")' \
            "$dashboard" | sed 's/\$__rate_interval/5m/g; s/\$[a-z]*/x/g' >"$work/queries.yml"
        promtool check rules "$work/queries.yml"
    }
    check "promtool understands every query of the dashboard" queries
else
    echo "ok promtool finds nothing in the alert rules # SKIP there is no promtool"
fi

finish
