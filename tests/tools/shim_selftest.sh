#!/bin/sh
# SPDX-License-Identifier: MIT
# Does the shim report what fails, with place and values?  $1: the program.
out=$("$1" 2>&1)
status=$?

expect() {
    if ! printf '%s\n' "$out" | grep -q -e "$1"; then
        printf 'missing in the output of %s: %s\n' "$program" "$1"
        exit 1
    fi
}

program=$1
[ "$status" -eq 1 ] || { echo "exit status $status, not 1"; exit 1; }
expect 'shim_selftest.c:[0-9]'
expect '1 == 2'
expect 'left:  0xffffffffffffffff (-1)'
expect 'right: 0x2 (2)'
expect 'right: "(null)"'
expect 'differ at byte 17 of 20'
expect 'left  from 16: 71 72 73 74'
expect '2 == 3'
expect 'number 42'
expect 'on purpose'
[ "$(printf '%s\n' "$out" | tail -n 1)" = \
    'shim: passed=1 failed=3 skipped=1' ] || {
    echo 'wrong totals'
    exit 1
}
if printf '%s\n' "$out" | grep -q 'not reached'; then
    echo 'REQUIRE did not return'
    exit 1
fi
