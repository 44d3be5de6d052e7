#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fail if the output that README.md shows is not what the demo printed.

    readme_output.py README.md build/demo-run.txt
"""
import difflib
import sys


def lines(text):
    # All but what depends on the speed of this machine.
    return [line for line in text.splitlines() if " host " not in line]


readme = open(sys.argv[1], encoding="utf-8").read()
printed = open(sys.argv[2], encoding="utf-8").read()
blocks = [b for b in readme.split("```\n") if b.startswith("device ")]
if len(blocks) != 1:
    sys.exit(f"{sys.argv[1]}: {len(blocks)} blocks begin with the table's head")
diff = list(
    difflib.unified_diff(
        lines(blocks[0]), lines(printed), sys.argv[1], "printed", lineterm=""
    )
)
print("\n".join(diff))
sys.exit(bool(diff))
