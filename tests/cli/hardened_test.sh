#!/usr/bin/env bash
# What a built program shows of its hardening, read from its ELF file. A build without sanitizers is looked at, whichever
# is under test: with them the compiler checks more by itself, and less of this.
# shellcheck source=tests/cli/lib.sh
. "$(dirname "$0")/lib.sh"

built() {
    flock "$top/build.mk" make -s -C "$top" all
}
check "the programs are built" built

elf() {
    readelf -W "$@"
}
# Loaded anywhere.
independent() {
    elf -h "$1" | grep -qE 'Type: +DYN' && elf -d "$1" | grep -q 'FLAGS_1.* PIE'
}
# All that the linker fills in is filled in at the start, and read-only from then on.
bound() {
    elf -l "$1" | grep -q GNU_RELRO && elf -d "$1" | grep -q 'FLAGS.*BIND_NOW' && elf -d "$1" | grep -q 'FLAGS_1.* NOW'
}
no_stack_to_run() {
    elf -l "$1" | grep GNU_STACK | grep -q ' RW ' && ! elf -l "$1" | grep -qE 'LOAD.* RWE '
}
# Calls that write into arrays of known size are the ones that check it.
fortified() {
    elf --dyn-syms "$1" | grep -oE ' __[a-z]+_chk@' | sort -u >"$work/checking"
    cat "$work/checking"
    [ "$(lines_of "$work/checking")" -gt 3 ] && grep -q snprintf_chk "$work/checking"
}
guarded() {
    elf --dyn-syms "$1" | grep -q ' __stack_chk_fail@'
}
# How every source was compiled is noted beside it by gcc. $2: an option it must have been compiled with.
compiled_with() {
    elf --debug-dump=info "$1" 2>/dev/null | grep 'DW_AT_producer.*GNU C' >"$work/producers"
    [ -s "$work/producers" ] && ! grep -v -e "$2" "$work/producers"
}
takes() {
    echo 'int main(void) { return 0; }' | "${CC:-gcc}" -Werror "$1" -x c -c -o /dev/null - 2>/dev/null
}
for name in $programs; do
    file=$top/$name
    check "$name is position-independent" independent "$file"
    check "$name has full RELRO and is bound at the start" bound "$file"
    check "$name has no stack or segment that is written to and run" no_stack_to_run "$file"
    check "$name checks the sizes of what calls write to" fortified "$file"
    check "$name guards its stack" guarded "$file"
    for option in -fstack-clash-protection -fcf-protection; do
        if elf --debug-dump=info "$file" 2>/dev/null | grep -q 'DW_AT_producer.*GNU C' && takes $option; then
            check "$name is compiled with $option" compiled_with "$file" "$option"
        fi
    done
done

finish
