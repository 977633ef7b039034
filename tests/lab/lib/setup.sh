# shellcheck shell=bash
# What a lab needs on disk: the guests' kernel, fetched once, and their initrd and the lab's two programs, built once
# for each state of their sources. All of it lies in LAB_CACHE; nothing is installed.

LAB_KERNEL_PACKAGE=linux-image-cloud-amd64
LAB_MODULES="virtio virtio_ring virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_balloon virtio_blk"

# need PROGRAM:PACKAGE...: one line that names the packages of all missing programs.
need() {
    local pair missing=
    for pair; do
        command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
    done
    [ -z "$missing" ] || die "missing programs: apt-get install --no-install-recommends$missing"
}

setup_tools_dir() {
    local sum
    sum=$(cat "$LAB_HOME"/guest/*.[ch] "$LAB_HOME/lab.mk" "$LAB_HOME/lib/setup.sh" | sha256sum)
    echo "$LAB_CACHE/tools-${sum:0:12}"
}

# Makes the kernel's tree of files and prints its folder.
setup_kernel() {
    local tree=$LAB_CACHE/kernel part=$LAB_CACHE/kernel.part package deb
    if [ -f "$tree/complete" ]; then
        echo "$tree"
        return
    fi
    echo "lab: fetching the guests' kernel (once)" >&2
    rm -rf "$part" && mkdir -p "$part/deb" || return
    package=$(setup_kernel_package)
    if [ -z "$package" ]; then
        apt-get -qq update >&2
        package=$(setup_kernel_package)
    fi
    [ -n "$package" ] || die "apt knows no $LAB_KERNEL_PACKAGE: run 'apt-get update', or check its sources"
    (cd "$part/deb" && apt-get -qq -o APT::Sandbox::User=root download "$package") >&2 || die "cannot fetch $package"
    for deb in "$part"/deb/*.deb; do
        dpkg-deb -x "$deb" "$part" || die "cannot unpack $deb"
    done
    cp "$part"/boot/vmlinuz-* "$part/vmlinuz" && rm -rf "$part/deb" && touch "$part/complete" || die "no kernel in $package"
    rm -rf "$tree" && mv "$part" "$tree" || die "cannot write $tree"
    echo "$tree"
}

# The package that the meta-package stands for.
setup_kernel_package() {
    apt-cache depends --important "$LAB_KERNEL_PACKAGE" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1
}

setup_initrd() {
    local kernel=$1 out=$2 root module
    root=$(mktemp -d) || return
    mkdir -p "$root/dev" "$root/modules"
    cp "$out/lab/agent" "$root/init" && mknod "$root/dev/console" c 5 1 2>/dev/null
    for module in $LAB_MODULES; do
        find "$kernel/lib/modules" -name "$module.ko" -exec cp {} "$root/modules/" \;
        [ -f "$root/modules/$module.ko" ] || die "the kernel has no module $module"
    done
    (cd "$root" && find . | cpio --quiet -o -H newc -R 0:0) >"$out/initrd" || die "cannot make the initrd"
    rm -rf "$root"
}

# Fetches and builds what is missing; two setups at a time wait for each other.
setup_lab() {
    local tools kernel lock
    [ "$(uname -m)" = x86_64 ] || die "guests need an x86_64 machine"
    tools=$(setup_tools_dir)
    [ -f "$tools/complete" ] && [ -f "$LAB_CACHE/kernel/complete" ] && return
    need apt-get:apt dpkg-deb:dpkg cpio:cpio cc:gcc make:make flock:util-linux
    mkdir -p "$LAB_CACHE" || exit 1
    exec {lock}>"$LAB_CACHE/lock" && flock "$lock"
    kernel=$(setup_kernel) || exit 1
    if [ ! -f "$tools/complete" ]; then
        rm -rf "$LAB_CACHE"/tools-*.part
        # Not at once: another lab may still use what an older tree built.
        find "$LAB_CACHE" -maxdepth 1 -name 'tools-*' -mtime +7 -exec rm -rf {} +
        make -s -f "$LAB_HOME/lab.mk" BUILD="$tools.part" lab-tools >&2 || die "cannot build the lab's programs"
        setup_initrd "$kernel" "$tools.part"
        ln "$tools.part/lab/console" "$tools.part/console"
        touch "$tools.part/complete"
        rm -rf "$tools" && mv "$tools.part" "$tools" || exit 1
    fi
    exec {lock}>&-
}
