#!/usr/bin/env bash
# The manual pages say what --help says, and are well made.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# "-c --connect", one option a line, as --help has them.
options_of_help() {
    "${program[$1]}" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | tr -d ',' | sed 's/^ *//' | sort
}
# The same of the page: the heads of its list items.
options_of_page() {
    sed 's/\\f[BIR]//g; s/\\-/-/g' "$top/docs/$1.8" | grep -A1 -E '^\.TP' |
        grep -oE '^(\.BI? )?(-[a-zA-Z], )?--[a-z-]+' | sed 's/^\.BI* //' | tr -d ',' | sort
}
same_options() {
    expect "options in --help" "$([ "$(options_of_help "$1" | wc -l)" -ge 20 ] && echo enough)" enough &&
        diff <(options_of_help "$1") <(options_of_page "$1")
}
# Every option that takes an argument has it in both.
same_arguments() {
    expect "arguments in --help" "$("${program[$1]}" --help | grep -cE -- '--[a-z-]+ [A-Z]' | sed 's/^[12][0-9]$/enough/')" enough &&
        diff <("${program[$1]}" --help | grep -oE -- '--[a-z-]+ [A-Z][A-Z/]*( |$)' | sed 's/ $//' | sort) \
        <(sed 's/\\f[BIR]//g; s/\\-/-/g' "$top/docs/$1.8" | grep -A1 -E '^\.TP' | tr -d '"' |
            grep -oE -- '--[a-z-]+ +[A-Z][A-Z/]*$' | tr -s ' ' | sort)
}
same_defaults() { # what --help calls "(default N)" the page says, too
    local option value bad=0
    while read -r option value; do
        sed 's/\\f[BIR]//g; s/\\-/-/g' "$top/docs/$1.8" | grep -A6 -E -- "(^|[ ])$option( |$)" |
            grep -qiE "default: *$value\.$" || { echo "$option: default $value is not in the page"; bad=1; }
    done < <("${program[$1]}" --help | sed -nE 's/^ +(-., )?(--[a-z-]+) .*\(default ([0-9.]+)\)$/\2 \3/p')
    return "$bad"
}
well_made() {
    command -v groff >/dev/null || return 0
    groff -man -Tutf8 -ww "$top/docs/$1.8" 2>&1 >/dev/null | tee "$work/groff"
    expect "warnings" "$(lines_of "$work/groff")" 0
}
for name in $programs; do
    check "every option of $name is in its page, and no other" same_options "$name"
    check "options of $name take the same arguments in both" same_arguments "$name"
    check "defaults of $name are the same in both" same_defaults "$name"
    check "the page of $name is well made" well_made "$name"
done

finish
