#!/usr/bin/env bash
# The hand-in: an archive of two folders, of which each is all that its program needs.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

archive=$work/vmbalance-submission.tar.gz

packed() {
    make -s -C "$top" submission_name="$archive" BUILD="$work/build" submission
}
check "make submission makes the archive" packed

exactly_these() {
    expect files "$(tar -tzf "$archive" | grep -v '/$' | sort | tr '\n' ' ')" \
        "cpu/Makefile cpu/Readme.md cpu/vcpu_scheduler.c memory/Makefile memory/Readme.md memory/memory_coordinator.c "
}
check "it holds a source, a Makefile and a Readme for each program" exactly_these

# The main file is the first source of each, whole, so that a reader begins where the program does.
main_first() {
    local folder=$1 name=$2
    tar -xzOf "$archive" "$folder/$name.c" | grep -m1 '^#line' >"$work/first"
    expect "first source" "$(cat "$work/first")" "#line 1 \"$folder/$name.c\"" &&
        tar -xzOf "$archive" "$folder/$name.c" | sed -n '/^#line 1 /,$p' | grep -v '^/\* ====' |
        sed -n "2,$(($(wc -l <"$top/$folder/$name.c") + 1))p" |
            sed -E 's,^/\* (#include "[^"]*") \*/$,\1,' | cmp - "$top/$folder/$name.c"
}

# A copy of nothing but the one folder, somewhere else. One of them is built as its Makefile has it; the other, most of whose
# sources are the same, with no optimisation, as that takes half of the time.
builds_alone() {
    local folder=$1 name=$2 flags=()
    [ "$folder" = cpu ] || flags=(CFLAGS=-O0)
    mkdir "$work/$name"
    tar -xzf "$archive" -C "$work/$name" "$folder" || return 1
    mv "$work/$name/$folder" "$work/$name/here"
    env -u MAKEFLAGS -u MFLAGS -u CFLAGS -u CC make -j"$(nproc)" -C "$work/$name/here" "${flags[@]}" >"$work/$name/log" 2>&1 || {
        tail -n 30 "$work/$name/log"
        return 1
    }
    grep -qi warning "$work/$name/log" && return 1
    program[$name]=$work/$name/here/$name
    [ -x "${program[$name]}" ]
}
warnings_are_errors() {
    make -n -C "$work/$1/here" V=1 -B 2>/dev/null | grep -c -- '-Werror.*-DPART=' >"$work/count"
    [ "$(cat "$work/count")" -gt 10 ]
}
works() {
    local name=$1
    run "$name" --version && expect version "$(cat "$work/out")" "$("$top/$name" --version)" &&
        run "$name" --help && expect status "$status" 0 && grep -q "Usage: $name INTERVAL" "$work/out"
}
decides() {
    run "$1" 0.1 --dry-run "${here[@]}" -n 2
    cat "$work/out" "$work/err"
    expect status "$status" 0 && grep -q '  start  .*test:///default' "$work/out" &&
        expect decisions "$(grep -cE '^[0-9:]{8}  (learning|dry run) ' "$work/out")" 2
}
for pair in "cpu vcpu_scheduler" "memory memory_coordinator"; do
    read -r folder name <<<"$pair"
    check "$folder/$name.c begins with the main file, unchanged" main_first "$folder" "$name"
    check "make in a copy of $folder/ alone builds $name without a warning" builds_alone "$folder" "$name"
    check "warnings are errors in $folder/" warnings_are_errors "$name"
    check "the $name of the hand-in tells its version and options" works "$name"
    check "the $name of the hand-in decides" decides "$name"
done

finish
