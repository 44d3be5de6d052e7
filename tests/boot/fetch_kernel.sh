#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fetch the distribution's arm64 kernel as a package and unpack what the boot
# tests need of it.  Nothing is installed: apt works on a state of its own, with
# the package sources of this machine, and checks signatures and sums as ever.
#
#     tests/boot/fetch_kernel.sh [--refresh]
#
# Prints the folder with vmlinuz, config, and modules/: NAME.ko in the order of
# modules/order.  It is kept in $IOVP_CACHE (default: ${XDG_CACHE_HOME:-~/.cache}
# /iovp) and looked for again after a week, or with --refresh.  IOVP_KERNEL_DIR
# names such a folder that is used as it is.
#
# Exit status 77: not possible here; the last line on stderr says why.
set -euo pipefail

PACKAGE=linux-image-arm64
MODULES="nvme pci-stub vfio vfio_iommu_type1 vfio_pci arm_smmuv3_pmu"
DAYS=7

cache=${IOVP_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/iovp}
state=$cache/apt
current=$cache/kernel-arm64

skip() {
    echo "$*" >&2
    exit 77
}

# apt_do COMMAND ARGUMENT...: an apt that knows of arm64 only.
apt_do() {
    local command=$1
    shift
    timeout 600 "$command" -q \
        -o APT::Architecture=arm64 -o APT::Architectures::=arm64 \
        -o APT::Sandbox::User= \
        -o Dir::State="$state" -o Dir::State::Lists="$state/lists" \
        -o Dir::State::status="$state/status" -o Dir::Cache="$state/cache" \
        -o Acquire::Languages=none -o Acquire::Retries=1 \
        -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@"
}

# depends PACKAGE PATTERN: those that it depends on and whose name matches.
depends() {
    apt_do apt-cache depends "$1" |
        sed -n "s/^ *|*Depends: \($2\)\$/\1/p" | sort -u
}

# The .modinfo of a module has "depends=a,b" between zero bytes.
depends_of_module() {
    tr '\0' '\n' <"$1" | sed -n 's/^depends=//p' | tr ',' '\n'
}

# take_module ROOT NAME FOLDER: it, behind what it needs.
take_module() {
    local root=$1 name=$2 to=$3 path needed pattern

    [ ! -e "$to/$name.ko" ] || return 0
    pattern=${name//[-_]/[-_]}
    path=$(find "$root" -name "$pattern.ko*" -print -quit)
    # Not a module of this kernel: built in, or not there at all.
    [ -n "$path" ] || return 0
    case $path in
    *.xz) xz -dc "$path" ;;
    *.zst) zstd -qdc "$path" ;;
    *.gz) gzip -dc "$path" ;;
    *) cat "$path" ;;
    esac >"$to/$name.ko"
    for needed in $(depends_of_module "$to/$name.ko"); do
        take_module "$root" "$needed" "$to"
    done
    echo "$name" >>"$to/order"
}

# unpack IMAGE: the packages in ./ become the folder $cache/IMAGE.
unpack() {
    local image=$1 package name

    for package in ./*.deb; do
        dpkg-deb -x "$package" root
    done
    mkdir -p result/modules
    cp root/boot/vmlinuz-* result/vmlinuz
    cp root/boot/config-* result/config
    : >result/modules/order
    for name in $MODULES; do
        take_module root "$name" result/modules
    done
    echo "$MODULES" >result/wanted
    rm -rf "${cache:?}/$image"
    mv result "$cache/$image"
}

# complete FOLDER: has it what this script wants?
complete() {
    [ "$(cat "$1/wanted" 2>/dev/null)" = "$MODULES" ]
}

# fetch: the newest kernel, if it is not there yet, becomes the current one.
fetch() {
    local image packages work

    mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
    : >"$state/status"
    # A source of something else may fail: what counts is the package.
    apt_do apt-get update >"$state/log" 2>&1 || true
    image=$(depends $PACKAGE 'linux-image-.*' | tail -n 1)
    [ -n "$image" ] || return 1
    if ! complete "$cache/$image"; then
        packages=$(depends "$image" 'linux-\(modules\|binary\)-.*')
        work=$(mktemp -d "$cache/unpack-XXXXXX")
        # shellcheck disable=SC2064 # its name is wanted now
        trap "rm -rf '$work'" EXIT
        # shellcheck disable=SC2086 # words are wanted
        (cd "$work" && apt_do apt-get download "$image" $packages \
            >>"$state/log" 2>&1 && unpack "$image") || return 1
    fi
    ln -sfn "$image" "$current"
    touch "$cache/fetched"
}

if [ -n "${IOVP_KERNEL_DIR:-}" ]; then
    echo "$IOVP_KERNEL_DIR"
    exit 0
fi
for tool in apt-get dpkg-deb xz flock; do
    command -v $tool >/dev/null ||
        skip "no $tool: the kernel comes as a Debian package" \
            "(or set IOVP_KERNEL_DIR)"
done
mkdir -p "$cache" || skip "cannot write $cache (set IOVP_CACHE)"
exec 9>"$cache/lock"
flock 9
if [ "${1:-}" = --refresh ] || ! complete "$current" ||
    [ -n "$(find "$cache/fetched" -mtime +$DAYS)" ]; then
    # An old kernel is better than none.
    fetch || [ -e "$current/vmlinuz" ] ||
        skip "no package $PACKAGE from here (no network?), see $state/log"
fi
readlink -f "$current"
