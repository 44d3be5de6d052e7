# SPDX-License-Identifier: MIT
"""What the examples share: a platform, and what its device tree says."""
import pathlib
import sys

import iovp

SMMU = 0x9050000
TABLES, TABLES_BYTES = 0x80000000, 0x4000000  # guest RAM for tables
DATA = 0x84000000  # and for data
RIGHTS = iovp.RIGHT_UR | iovp.RIGHT_UW | iovp.RIGHT_PR | iovp.RIGHT_PW


def build(name="soc.dts"):
    """A Platform of the program's argument, or else of a tree of iovp."""
    return iovp.Platform(sys.argv[1] if len(sys.argv) > 1 else _find(name))


def _find(name):
    """Installed, the trees are beside this file."""
    here = pathlib.Path(__file__).resolve().parent
    capi = here.parent.parent
    for folder in (here, capi / "examples", capi.parent / "platforms"):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(name)
