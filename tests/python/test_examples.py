#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Python examples: each prints what the C example of its name promises."""
import os
import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PYTHON = ROOT / "capi" / "python"
C_EXAMPLES = ROOT / "capi" / "examples"
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "tools")]

import example_output  # noqa: E402
from runner import main  # noqa: E402

SHARED = {"smmu", "soc"}
MOST_LINES = 100


def programs():
    return {path.stem: path for path in (PYTHON / "examples").glob("*.py")
            if path.stem not in SHARED}


class Examples(unittest.TestCase):
    def test_each_of_c(self):
        promising = {path.stem for path in C_EXAMPLES.glob("*.c")
                     if example_output.promised(path)}
        self.assertEqual(set(programs()), promising)

    def test_are_short(self):
        for name, path in programs().items():
            with self.subTest(name):
                self.assertLess(len(path.read_text().splitlines()),
                                MOST_LINES)

    def keeps(self, name):
        environment = dict(os.environ, PYTHONPATH=str(PYTHON),
                           PYTHONDONTWRITEBYTECODE="1")
        # The folder does not matter.
        found = example_output.broken(
            C_EXAMPLES / f"{name}.c",
            [sys.executable, programs()[name]], env=environment, cwd="/")
        self.assertIsNone(found, f"{name}: {found}")


def _add(name):
    setattr(Examples, f"test_{name}", lambda self: self.keeps(name))


for _name in programs():
    _add(_name)

if __name__ == "__main__":
    sys.exit(main())
