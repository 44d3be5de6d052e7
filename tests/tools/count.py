#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""count.py LOG NAME: add up the test cases of `ctest -V` output.

Programs that use the shim say how many cases they ran; any other test counts
as one.  Prints the output of what failed and the reasons of what was skipped;
the last line is "PASSED FAILED SKIPPED".
"""
import re
import sys

OUTPUT = re.compile(r"^(\d+): (.*)$")
RESULT = re.compile(r"^\s*\d+/\d+ Test\s+#(\d+): (\S+) \.*\s*(.*)$")
SUMMARY = re.compile(r"^shim: passed=(\d+) failed=(\d+) skipped=(\d+)$")
NOISE = re.compile(r"\[[ =-]*(RUN|OK|PASSED)? *[ =-]*\] |Test command: "
                   r"|Working Directory: |Environment variables: | IOVP_"
                   r"|Test timeout computed")
SKIPPED = re.compile(r"^\S+:\d+: (Skipped|skipped: .*)$")


def read(lines):
    """{number: output lines}, {number: (name, result)}"""
    outputs, results = {}, {}
    for line in lines:
        if match := OUTPUT.match(line):
            outputs.setdefault(int(match[1]), []).append(match[2])
        elif match := RESULT.match(line):
            results[int(match[1])] = (match[2], match[3])
    return outputs, results


def counts(output, result):
    passed = result.lstrip("*").startswith("Passed")
    if result.startswith("***Skipped"):
        return 0, 0, 1
    for line in output:
        if match := SUMMARY.match(line):
            p, f, s = (int(n) for n in match.groups())
            # A sanitizer or a crash at exit fails no case of its own.
            return p, f if passed else max(f, 1), s
    return (1, 0, 0) if passed else (0, 1, 0)


def explain(name, output, result, count):
    if count[1]:
        print(f"FAILED  {name}: {result}")
        said = [line for line in output if not NOISE.match(line)]
        for line in said[:60] or output[-3:]:
            print(f"    {line}")
    for at, line in enumerate(output):
        if match := SKIPPED.match(line):
            why = line
            if match[1] == "Skipped" and at + 1 < len(output):
                why += ": " + output[at + 1]
            print(f"skipped {name}: {why}")


def main():
    with open(sys.argv[1], errors="replace") as log:
        outputs, results = read(log.read().splitlines())
    total = [0, 0, 0]
    for number, (name, result) in sorted(results.items()):
        output = outputs.get(number, [])
        count = counts(output, result)
        explain(f"{sys.argv[2]}/{name}", output, result, count)
        total = [a + b for a, b in zip(total, count)]
    if not results:
        print(f"FAILED  {sys.argv[2]}: no test ran, see {sys.argv[1]}")
        total[1] += 1
    print(*total)


main()
