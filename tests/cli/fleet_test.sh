#!/usr/bin/env bash
# Two hosts as docs/fleet.md has them: a real Prometheus, where there is one, scrapes what both write and answers the
# dashboard's queries. A few lines stand in for node_exporter, which hands out the files of its folder.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

if ! command -v prometheus >/dev/null || ! perl -MHTTP::Tiny -MIO::Socket::INET -e1 2>/dev/null; then
    echo "ok Prometheus scrapes both programs of two hosts # SKIP there is no prometheus, or no perl to hand out files with"
    exit 0
fi
dashboard=$top/docs/prometheus/dashboard.json

# exporter FOLDER: hands out all that is in FOLDER, on a port that it writes to FOLDER.port. To be run in the background.
exporter() {
    exec perl -MIO::Socket::INET -e '
        my $dir = $ARGV[0];
        my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", ReuseAddr => 1) or die;
        open my $port, ">", "$dir.new"; print $port $s->sockport, "\n"; close $port; rename "$dir.new", "$dir.port";
        while (my $c = $s->accept) {
            while (defined(my $line = <$c>)) { last if $line =~ /^\r?\n$/ }
            my $text = join "", map { open my $f, "<", $_ or die; local $/; <$f> } glob "$dir/*.prom";
            print $c "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close\r\nContent-Length: ", length $text, "\r\n\r\n$text";
            close $c;
        }
    ' "$1"
}
# ask QUERY: Prometheus's answer as JSON.
ask() {
    perl -MHTTP::Tiny -e '
        my $http = HTTP::Tiny->new(timeout => 10);
        my $r = $http->get("$ARGV[0]/api/v1/query?" . $http->www_form_urlencode({query => $ARGV[1]}));
        print $r->{content}; exit !$r->{success}' "$url" "$1"
}
answers() {
    [ "$(ask "$1" 2>/dev/null | jq -r '.data.result | length')" = "$2" ]
}

for host in one two; do
    mkdir "$work/$host"
    # shellcheck disable=SC2086 # words
    "${program[vcpu_scheduler]}" 0.2 "${here[@]}" --metrics "$work/$host/v.prom" >/dev/null 2>&1 &
    "${program[memory_coordinator]}" 0.2 "${here[@]}" --host-reserve 3000 --metrics "$work/$host/m.prom" >/dev/null 2>&1 &
    exporter "$work/$host" &
    until_true 30 test -s "$work/$host.port"
done
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
url=http://127.0.0.1:$port
cat >"$work/prometheus.yml" <<END
global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 1s}
scrape_configs:
  - job_name: node
    static_configs:
      - targets: [127.0.0.1:$(cat "$work/one.port"), 127.0.0.1:$(cat "$work/two.port")]
rule_files: [$top/docs/prometheus/alerts.yml]
END
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" --web.listen-address="127.0.0.1:$port" \
    >"$work/prometheus.log" 2>&1 &

scraped() {
    until_true 60 answers 'up == 1' 2 && until_true 60 answers 'vmbalance_decisions_total > 2' 4 && return 0
    tail -n 20 "$work/prometheus.log"
    ask up
    return 1
}
check "Prometheus scrapes both programs of two hosts" scraped
keeps_hosts_apart() {
    expect hosts "$(ask 'count by (instance) (vmbalance_info)' | jq -c '[.data.result[].value[1]]')" '["2","2"]' &&
        expect guests "$(ask 'count(vmbalance_guest_memory_size_bytes{guest="test"})' | jq -r '.data.result[0].value[1]')" 2
}
check "hosts and programs are told apart" keeps_hosts_apart
rates_are_there() {
    answers 'rate(vmbalance_vcpu_run_seconds_total[30s])' 4
}
check "counters have rates" until_true 60 rates_are_there
answered() {
    local query reply n=0 empty=0
    while IFS= read -r query; do
        reply=$(ask "$query")
        expect "$query" "$(jq -r .status <<<"$reply")" success || { echo "$reply"; return 1; }
        n=$((n + 1))
        [ "$(jq '.data.result | length' <<<"$reply")" -gt 0 ] || { empty=$((empty + 1)) && echo "nothing: $query"; }
    done < <(jq -r '.panels[].targets[].expr' "$dashboard" | sed 's/\$__rate_interval/30s/g; s/\$instance/.+/g')
    # Of the guests of this hypervisor nobody waits, swaps or is in need.
    echo "$n queries, $empty of them of what doesn't happen here"
    [ "$n" -gt 20 ] && [ "$empty" -le 3 ]
}
check "it answers every query of the dashboard" answered
rules_are_loaded() {
    local reply
    reply=$(perl -MHTTP::Tiny -e 'print HTTP::Tiny->new->get("$ARGV[0]/api/v1/rules")->{content}' "$url")
    expect "rules that are well" "$(jq '[.data.groups[].rules[] | select(.health != "err")] | length' <<<"$reply")" \
        "$(grep -c ' alert: ' "$top/docs/prometheus/alerts.yml")"
}
check "it has taken the alert rules" rules_are_loaded

finish
