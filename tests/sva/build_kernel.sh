#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Build the distribution's kernel source, as it is, for the SVA test, and the
# test's module with it.
#
#     tests/sva/build_kernel.sh
#
# Prints the folder with Image and iovp_sva.ko.  The package with the source is
# fetched with this machine's apt, verified by it, and unpacked; nothing is
# installed.  Sources and results are kept in $IOVP_CACHE/sva (default:
# ${XDG_CACHE_HOME:-~/.cache}/iovp/sva), 1.6 GB, per version of the package and
# kernel.config: the first build takes minutes, later ones seconds.  JOBS says
# how many compilers run at a time.
#
# Exit status 77: not possible here; the last line on stderr says why.
set -euo pipefail

PACKAGE=linux-source-6.1
MODULE=tests/sva/module
REGISTERS=models/pcie/endpoints/test_endpoint_regs.h
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fragment=$root/tests/sva/kernel.config
cache=${IOVP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/iovp}/sva
log=$cache/log
export ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-

skip() {
    echo "$*" >&2
    exit 77
}

# need PROGRAM PACKAGE
need() {
    command -v "$1" >/dev/null || skip "no $1: install $2"
}

# What the kernel's own tools are compiled with.
need_header() {
    printf '#include <%s>\n' "$1" | gcc -E - >/dev/null 2>&1 ||
        skip "no $1: install $2"
}

newest() {
    apt-cache policy $PACKAGE 2>/dev/null | sed -n 's/^ *Candidate: //p'
}

# fetch VERSION: the unpacked source becomes $cache/source-VERSION.
fetch() {
    local to=$cache/source-$1 work

    [ ! -e "$to" ] || return 0
    work=$(mktemp -d "$cache/unpack-XXXXXX")
    # shellcheck disable=SC2064 # its name is wanted now
    trap "rm -rf '$work'" EXIT
    (cd "$work" && timeout 900 apt-get download -q "$PACKAGE=$1") \
        >>"$log" 2>&1 || return 1
    mkdir "$work/tree"
    dpkg-deb --fsys-tarfile "$work"/*.deb |
        tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
        tar -xJ -C "$work/tree" --strip-components=1
    mv "$work/tree" "$to"
    rm -rf "$work"
}

# build SOURCE RESULT
build() {
    local kernel=$2/kernel
    local kbuild=(nice make -s -C "$1" "O=$kernel" -j "${JOBS:-$(nproc)}")

    mkdir -p "$kernel"
    if [ ! -e "$2/Image" ]; then
        "${kbuild[@]}" KCONFIG_ALLCONFIG="$fragment" allnoconfig
        "${kbuild[@]}" Image modules
    fi
    # Not in the tree, where the compiler would leave its files.
    (cd "$root" && cp -u --parents $MODULE/* $REGISTERS "$2")
    "${kbuild[@]}" M="$2/$MODULE" modules
    cp "$2/$MODULE/iovp_sva.ko" "$2"
    cp "$kernel/arch/arm64/boot/Image" "$2"
}

need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
for tool in gcc make flex bison bc; do
    need $tool $tool
done
for tool in apt-get dpkg-deb; do
    need $tool "apt and dpkg: the source comes as a Debian package"
done
need xz xz-utils
need flock util-linux
need_header openssl/evp.h libssl-dev

mkdir -p "$cache" || skip "cannot write $cache (set IOVP_CACHE)"
exec 9>"$cache/lock"
flock 9
: >"$log"
version=$(newest)
[[ $version == [0-9]* ]] ||
    skip "apt knows no package $PACKAGE (apt-get update?)"
fetch "$version" || skip "no package $PACKAGE from here (no network?), see $log"
config=$(grep -v '^#' "$fragment" | sha256sum | cut -c 1-8)
result=$cache/$version-$config
build "$cache/source-$version" "$result" >>"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    exit 1
}
echo "$result"
