# shellcheck shell=bash
# Load in guests, and what the hypervisor says of it.

# How much CPU time the measurement of a pCPU's speed takes, and how long it may take on a crowded one.
CALIBRATION_NS=1500000000
CALIBRATION_S=60
LOAD_PERIOD_MS=100
ANSWER_S=30

# "NAME/V" or "NAME": sets name and vcpu ("all" for the latter).
split_target() {
    name=${1%%/*}
    vcpu=all
    case $1 in
    */*) vcpu=${1#*/} ;;
    esac
    [ "$vcpu" = all ] || is_count "$vcpu" || bad_usage "'$1' is no guest or vCPU"
}

load_vcpu_ns() {
    lab_virsh domstats --raw --vcpu "$1" | sed -n "s/^ *vcpu\.$2\.time=//p"
}

load_ran_enough() {
    [ $(($(load_vcpu_ns "$1" "$2") - $3)) -ge "$CALIBRATION_NS" ]
}

# Work per ms of pCPU time, measured by the host's clock of that vCPU: other guests and programs on the same pCPU do not
# disturb it. Leaves the vCPU idle.
load_calibrate() {
    local name vcpu ns work
    split_target "${1:?}"
    [ "$vcpu" != all ] || vcpu=0
    say "$name" "$ANSWER_S" load "$vcpu" busy >/dev/null || exit 1
    ns=$(load_vcpu_ns "$name" "$vcpu")
    work=$(say "$name" "$ANSWER_S" work "$vcpu") || exit 1
    poll "$CALIBRATION_S" load_ran_enough "$name" "$vcpu" "$ns" || die "$name gets no CPU time"
    ns=$(($(load_vcpu_ns "$name" "$vcpu") - ns))
    work=$(($(say "$name" "$ANSWER_S" work "$vcpu") - work))
    say "$name" "$ANSWER_S" load "$vcpu" idle >/dev/null || exit 1
    awk -v work="$work" -v ns="$ns" 'BEGIN { printf "%.3f\n", work * 1e6 / ns }' >"$LAB_DIR/units_per_ms"
    cat "$LAB_DIR/units_per_ms"
}

# The lab's one figure, measured on $1 if nobody has yet.
load_units_per_ms() {
    local lock
    if [ -n "${LAB_UNITS_PER_MS:-}" ]; then
        echo "$LAB_UNITS_PER_MS"
        return
    fi
    exec {lock}>"$LAB_DIR/units_per_ms.lock" && flock "$lock"
    [ -s "$LAB_DIR/units_per_ms" ] || load_calibrate "$1" >/dev/null
    cat "$LAB_DIR/units_per_ms"
    exec {lock}>&-
}

load_load() {
    local name vcpu kind=${2:-} speed figures
    split_target "${1:?}"
    case $kind in
    '')
        say "$name" "$ANSWER_S" loads | sed 's/; /\n/g'
        return
        ;;
    idle | busy) say "$name" "$ANSWER_S" load "$vcpu" "$kind" >/dev/null ;;
    closed | open)
        speed=$(load_units_per_ms "$1") || exit 1
        figures=$(awk -v kind="$kind" -v pct="${3:-}" -v period="${4:-$LOAD_PERIOD_MS}" -v speed="$speed" 'BEGIN {
            if (pct !~ /^[0-9.]+$/ || period !~ /^[0-9.]+$/ || pct <= 0 || pct > 1000 || period <= 0 || (kind == "closed" && pct > 100)) exit 1
            printf "%d %d", pct / 100 * period * speed + 0.5, 1000 * (kind == "closed" ? period * (1 - pct / 100) : period) }') ||
            bad_usage "load: '$kind ${*:3}' is not '$kind PCT [PERIOD_MS]'"
        # Two figures: two words.
        # shellcheck disable=SC2086
        say "$name" "$ANSWER_S" load "$vcpu" "$kind" $figures >/dev/null
        ;;
    burst)
        { is_count "${3:-}" && is_count "${4:-}"; } || bad_usage "load: burst ON_MS OFF_MS"
        say "$name" "$ANSWER_S" load "$vcpu" burst $(($3 * 1000)) $(($4 * 1000)) >/dev/null
        ;;
    *) bad_usage "load: unknown kind '$kind'" ;;
    esac
}

load_work() {
    local name vcpu
    split_target "${1:?}"
    say "$name" "$ANSWER_S" work "$vcpu"
}

load_mem() {
    local name=${1:-} what=${2:-status} answer
    shift 2 2>/dev/null || shift
    case $what in
    status)
        answer=$(say "$name" "$ANSWER_S" mem status) || exit 1
        if [ $# -gt 0 ]; then
            case " $answer " in
            *" $1="*) answer=${answer##*" $1="} answer=${answer##"$1="} && echo "${answer%% *}" ;;
            *) bad_usage "mem: status has no '$1'" ;;
            esac
        else
            echo "$answer"
        fi
        ;;
    grow | touch | hold | release | cache | drop) say "$name" "$ANSWER_S" mem "$what" "$@" >/dev/null ;;
    *) bad_usage "mem: unknown '$what'" ;;
    esac
}

# Those that answer: asking libvirt about one that hangs, or about all, would hang as well.
running_guests() {
    local name
    for name in $(lab_virsh list --name); do
        guest_is_frozen "$name" || echo "$name"
    done
}

# Lines of "NAME/V CPUS".
load_pins() {
    local name
    for name in $(running_guests); do
        lab_virsh vcpuinfo "$name" --pretty | awk -v name="$name" '/^VCPU:/ { v = $2 } /^CPU Affinity:/ { print name "/" v, $3 }'
    done
}

# Lines of "NAME SIZE_MIB MAX_MIB".
load_sizes() {
    local names
    mapfile -t names < <(running_guests)
    [ "${#names[@]}" -gt 0 ] || return 0
    lab_virsh domstats --raw --balloon "${names[@]}" | awk -F"[='']" '
        /^Domain/ { name = $2 }
        /balloon.current=/ { current[name] = $2 }
        /balloon.maximum=/ { print name, int(current[name] / 1024), int($2 / 1024) }'
}

# Lines of "NAME/V RUN_NS DELAY_NS", and the time in ns as "at N".
load_times() {
    local names began
    mapfile -t names < <(running_guests)
    [ "${#names[@]}" -gt 0 ] || return 0
    began=${EPOCHREALTIME/[.,]/}
    lab_virsh domstats --raw --vcpu "${names[@]}" | awk -F"[=']" '
        /^Domain/ { name = $2 }
        /vcpu\.[0-9]+\.(time|delay)=/ {
            split($1, part, ".")
            if (part[3] == "time") run[name "/" part[2]] = $2
            else delay[name "/" part[2]] = $2
        }
        END { for (v in run) print v, run[v], delay[v] + 0 }'
    # The middle of asking: on a crowded machine an answer takes its time.
    echo "at $(((began + ${EPOCHREALTIME/[.,]/}) / 2))000 0"
}

# Lines of "NAME/V USE_PCT WAIT_PCT CPUS" over some seconds.
load_use() {
    local seconds=${1:-2} before
    before=$(load_times)
    sleep "$seconds"
    { echo "$before"; echo after; load_times; echo pins; load_pins; } | awk '
        $1 == "after" || $1 == "pins" { part = $1; next }
        part == "" { run[$1] = $2; delay[$1] = $3; next }
        part == "after" { run2[$1] = $2; delay2[$1] = $3; next }
        ($1 in run) && ($1 in run2) {
            span = (run2["at"] - run["at"]) / 100
            printf "%s %.1f %.1f %s\n", $1, (run2[$1] - run[$1]) / span, (delay2[$1] - delay[$1]) / span, $2
        }'
}

# Lines of "pcpu N LOAD_PCT VCPUS", then "sd POINTS" and "floating N": only vCPUs pinned to one pCPU count.
load_spread() {
    load_use "$@" | awk -v cpus="$(lab_virsh nodeinfo | sed -n 's/^CPU(s): *//p')" '
        $4 ~ /^[0-9]+$/ { sum[$4] += $2; who[$4] = who[$4] " " $1; next }
        { floating++ }
        END {
            for (i = 0; i < cpus; i++) { printf "pcpu %d %.1f%s\n", i, sum[i], who[i]; mean += sum[i] / cpus }
            for (i = 0; i < cpus; i++) square += (sum[i] - mean) ^ 2 / cpus
            printf "sd %.2f\nfloating %d\n", sqrt(square), floating
        }'
}
