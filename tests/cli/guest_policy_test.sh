#!/usr/bin/env bash
# What guests say of themselves in their metadata: the schema and the programs agree on what is understood, and what
# isn't is said once.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

schema=$top/docs/guest_policy.rng
policy_of() {
    echo "<policy xmlns='urn:vmbalance:policy:1' $1/>"
}
# A host with a guest that says so.
host_with() {
    cat >"$work/host.xml" <<XML
<node><cpu><mhz>2000</mhz><model>i686</model><active>4</active><nodes>1</nodes><sockets>1</sockets><cores>4</cores><threads>1</threads></cpu>
<domain type='test'><name>said</name><metadata>$1</metadata><memory>1048576</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain></node>
XML
}
fits_schema() {
    policy_of "$1" >"$work/policy.xml"
    xmllint --noout --relaxng "$schema" "$work/policy.xml" >"$work/lint" 2>&1
}
# understood NAME: nothing is said of metadata.
understood() {
    run "$1" 0.1 -c "test://$work/host.xml" -n 3
    expect status "$status" 0 && ! grep -q 'its metadata' "$work/out" "$work/err"
}
said_once() {
    run "$1" 0.1 -c "test://$work/host.xml" -n 3
    cat "$work/out" "$work/err"
    expect status "$status" 0 && expect "times said" "$(cat "$work/out" "$work/err" | grep -cF "said: its metadata $2")" 1
}

if command -v xmllint >/dev/null; then
    check "the schema is a schema" sh -c 'xmllint --noout "$1"' _ "$schema"
fi
while IFS= read -r attributes; do
    host_with "$(policy_of "$attributes")"
    check "understood: $attributes" understood vcpu_scheduler
    if command -v xmllint >/dev/null; then
        check "by the schema, too: $attributes" fits_schema "$attributes"
    fi
done <<'END'

leave-alone='yes'
leave-alone='Off' dedicated='TRUE'
weight='2.5' memory-least='512' memory-most='4096' pcpus='0-3,^2'
pcpus='1'
END
does_not_fit() {
    fits_schema "$1"
    expect "xmllint's status for what isn't valid" $? 3
}
while IFS='|' read -r attributes words; do
    host_with "$(policy_of "$attributes")"
    check "said once: $attributes" said_once memory_coordinator "$words"
    if command -v xmllint >/dev/null; then
        check "not by the schema, either: $attributes" does_not_fit "$attributes"
    fi
done <<'END'
leave-alone='please'|say leave-alone='please', which is taken as yes
weight='1000'|say weight='1000', which is taken as 100
memory-least='-1'|say memory-least='-1', which is taken as not said
memory-most='4 GiB'|say memory-most='4 GiB', which is taken as not said
pcpus='all'|say pcpus='all', which is taken as any
wieght='2'|say wieght, which isn't known: left out
END
host_with "<policy xmlns='urn:vmbalance:policy:2' weight='2'/>"
check "said once: a later version" said_once vcpu_scheduler "have a policy of urn:vmbalance:policy:2"

shown() {
    host_with "$(policy_of "memory-least='300' memory-most='600' pcpus='1-2' weight='3'")"
    run memory_coordinator 0.1 -c "test://$work/host.xml" --once --json
    expect "what the report has" "$(jq -c '.guests[0] | [.memory.least_kib, .memory.most_kib, .memory.weight, .allowed_cpus]' "$work/out")" \
        '[307200,614400,3,"1-2"]'
}
check "what is understood is in the report" shown

finish
