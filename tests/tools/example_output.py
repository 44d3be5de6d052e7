#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""example_output.py SOURCE PROGRAM: does it print what its comment promises?

The promise is what follows the line `Prints:` in the first comment, up to its
end.  A line that ends with `...` promises its beginning only.
"""
import re
import subprocess
import sys


def promised(path):
    with open(path) as source:
        comment = re.search(r"Prints:\n(.*?)\n \*/", source.read(), re.S)
    if not comment:
        return []
    return [re.sub(r"^ \*(   )?", "", line)
            for line in comment[1].split("\n")]


def same(want, got):
    if want.endswith("..."):
        return got.startswith(want[:-len("...")].rstrip())
    return want == got


def main():
    want = promised(sys.argv[1])
    run = subprocess.run([sys.argv[2]], capture_output=True, text=True,
                         timeout=60)
    got = run.stdout.split("\n")[:-1]
    if run.returncode or run.stderr:
        print(f"exit status {run.returncode}: {run.stderr}")
        return 1
    for i in range(max(len(want), len(got))):
        w = want[i] if i < len(want) else "(nothing)"
        g = got[i] if i < len(got) else "(nothing)"
        if not same(w, g):
            print(f"line {i + 1}\n  promised: {w}\n  printed:  {g}")
            return 1
    return 0 if want else 1


sys.exit(main())
