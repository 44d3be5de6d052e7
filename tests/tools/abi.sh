#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Does a library keep the ABI of the baseline?  Functions may be added.
#
#     abi.sh LIBRARY           compare; status 77: not possible here
#     abi.sh --update          write the baseline of this header
#
# What abidw and abidiff look at is a library of empty functions, made from
# the header: its debugging information is that of the public interface only,
# whatever compiler and options the real one was built with.  That the real one
# exports the same symbols with the same versions, and has the same soname, is
# compared here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

baseline=tests/data/abi/libiovp-0.1.abi
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
            -Wl,-soname,libiovp.so.0 \
            "-Wl,--version-script=$root/capi/iovp.map")
}

# Names and versions, and the soname.  Weak sc_main: see capi/iovp.map.
exports() {
    nm -D --defined-only --with-symbol-versions "$1" |
        sed -n 's/^[0-9a-f]* [TDBR] //p' | sort
    objdump -p "$1" | sed -n 's/^ *SONAME */soname /p'
}

command -v abidiff >/dev/null ||
    skip "abidiff is not installed (package abigail-tools)"
make_stub
if [ "${1-}" = --update ]; then
    mkdir -p "$(dirname "$baseline")"
    abidw --no-comp-dir-path --no-corpus-path --no-show-locs \
        --no-elf-needed --out-file "$baseline" "$work/libiovp.so"
    sed -i "1a <!-- SPDX-License-Identifier: MIT -->" "$baseline"
    exit
fi

exports "$1" >"$work/real"
exports "$work/libiovp.so" >"$work/header"
if ! diff "$work/header" "$work/real"; then
    echo "$1 does not export what iovp.h and iovp.map say (<)"
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
