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


def broken(path, command, **options):
    """What of a source's promise a command does not keep; None: nothing."""
    want = promised(path)
    if not want:
        return f"{path} promises nothing"
    run = subprocess.run(command, capture_output=True, text=True, timeout=60,
                         **options)
    got = run.stdout.split("\n")[:-1]
    if run.returncode or run.stderr:
        return f"exit status {run.returncode}: {run.stderr}"
    for i in range(max(len(want), len(got))):
        w = want[i] if i < len(want) else "(nothing)"
        g = got[i] if i < len(got) else "(nothing)"
        if not same(w, g):
            return f"line {i + 1}\n  promised: {w}\n  printed:  {g}"
    return None


def main():
    found = broken(sys.argv[1], [sys.argv[2]])
    if found:
        print(found)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
