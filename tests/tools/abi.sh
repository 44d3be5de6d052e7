#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Does iovp.h keep the ABI of its version's baseline?  Functions may be added.
#
#     abi.sh LIBRARY           compare; status 77: not possible here
#     abi.sh --update          write the baseline of this header's version, and
#                              remove those of others
#
# What abidw and abidiff look at is a library of empty functions, made from
# the header: its debugging information is that of the public interface only,
# whatever compiler and options the real one was built with.  That the real one
# has the same soname is compared here; that it exports the same symbols is
# symbols.py's affair.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# Before 1.0 each minor version is an ABI of its own.
version=$(sed -n 's/^#define IOVP_VERSION_M[AI][JN]OR *//p' capi/iovp.h |
    paste -sd.)
baseline=tests/data/abi/libiovp-$version.abi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip() {
    echo "$*"
    exit 77
}

make_stub() {
    capi/python/gen.py --stub >"$work/stub.c"
    # In its folder, so that no absolute path gets into the baseline.
    (root=$PWD && cd "$work" &&
        "${CC:-cc}" -std=c11 -g -O0 -fPIC -shared -Wall -Wextra -Werror \
            "-I$root/capi" "-I$root/models/common" stub.c -o libiovp.so \
            "-Wl,-soname,libiovp.so.$version" \
            "-Wl,--version-script=$root/capi/iovp.map")
}

soname() {
    objdump -p "$1" | sed -n 's/^ *SONAME *//p'
}

command -v abidiff >/dev/null ||
    skip "abidiff is not installed (package abigail-tools)"
make_stub
if [ "${1-}" = --update ]; then
    mkdir -p "$(dirname "$baseline")"
    rm -f tests/data/abi/libiovp-*.abi
    abidw --no-comp-dir-path --no-corpus-path --no-show-locs \
        --no-elf-needed --out-file "$baseline" "$work/libiovp.so"
    sed -i "1a <!-- SPDX-License-Identifier: MIT -->" "$baseline"
    exit
fi

if [ "$(soname "$1")" != "$(soname "$work/libiovp.so")" ]; then
    echo "$1 is $(soname "$1"), but iovp.h is of version $version"
    exit 1
fi
if [ ! -e "$baseline" ]; then
    echo "there is no $baseline: tests/tools/abi.sh --update"
    exit 1
fi
architecture=$(sed -n "s/.* architecture='\([^']*\)'.*/\1/p" "$baseline")
abidw --out-file "$work/now.abi" "$work/libiovp.so"
grep -q " architecture='$architecture'" "$work/now.abi" ||
    skip "the baseline is for $architecture"
if ! abidiff --no-added-syms --no-show-locs "$baseline" "$work/libiovp.so"; then
    echo "this breaks programs: CONTRIBUTING.md, Change the C API"
    exit 1
fi
