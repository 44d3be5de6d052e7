# SPDX-License-Identifier: MIT
"""unittest, with the last line that tests/tools/count.py reads."""
import sys
import unittest


def main():
    program = unittest.main(module="__main__", exit=False)
    result = program.result
    for case, reason in result.skipped:
        print(f"{sys.argv[0]}:1: skipped: {case}: {reason}")
    # A subtest that fails is a failure of its test.
    failed = len({getattr(case, "test_case", case).id()
                  for case, _ in result.failures + result.errors})
    skipped = len(result.skipped)
    sys.stderr.flush()
    print(f"shim: passed={result.testsRun - failed - skipped} "
          f"failed={failed} skipped={skipped}")
    return 1 if failed or not result.testsRun else 0
