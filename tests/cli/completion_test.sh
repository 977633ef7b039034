#!/usr/bin/env bash
# The shells' completions are made from the programs' own help, and so know every option there is.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

# completed PROGRAM WORD...: what bash offers for the last word.
completed() {
    (
        # shellcheck disable=SC1091 # made by the test
        . "$work/$1.bash"
        # shellcheck disable=SC2034 # read by the completion
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        "_$1"
        printf '%s\n' "${COMPREPLY[@]}"
    )
}
written() {
    "$top/packaging/completion" bash "${program[$1]}" >"$work/$1.bash" && "$top/packaging/completion" zsh "${program[$1]}" >"$work/_$1"
}
offers_every_option() {
    local name=$1 option
    run "$name" --help
    grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' "$work/out" | grep -oE -- '--[a-z-]+' >"$work/options"
    [ "$(lines_of "$work/options")" -gt 15 ] || return 1
    completed "$name" -- >"$work/offered"
    while read -r option; do
        grep -qx -- "$option" "$work/offered" && grep -qE -- "'\*?$option(=|\[)" "$work/_$name" || {
            echo "$option is not offered"
            return 1
        }
    done <"$work/options"
}
begins_with_what_is_typed() {
    expect offered "$(completed "$1" --replay- | tr '\n' ' ')" "--replay-compare "
}
files_after_an_option_for_files() {
    : >"$work/a.recording"
    expect offered "$(completed "$1" --replay "$work/a.rec")" "$work/a.recording" &&
        expect "for a number" "$(completed "$1" --speed '')" ""
}
zsh_takes_it() {
    zsh -n "$work/_$1" && [ "$(head -n 1 "$work/_$1")" = "#compdef $1" ]
}
for name in $programs; do
    check "completions of $name are written" written "$name"
    check "bash offers every option of $name" offers_every_option "$name"
    check "bash offers $name's options that begin so" begins_with_what_is_typed "$name"
    check "bash offers files where $name takes one" files_after_an_option_for_files "$name"
    if command -v zsh >/dev/null; then
        check "zsh can read the completion of $name" zsh_takes_it "$name"
    fi
done

finish
