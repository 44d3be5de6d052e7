#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""symbols.py LIBRARY HEADER: does it export what the header declares?"""
import re
import subprocess
import sys

# libsystemc.so wants one from every program: weak, see capi/iovp.map.
ALSO = {"sc_main", "IOVP_0"}


def declared(path):
    with open(path) as header:
        text = re.sub(r"/\*.*?\*/", " ", header.read(), flags=re.S)
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    return set(re.findall(r"\bIOVP_API\b[^;()]*?\b(\w+)\s*\(", text))


def exported(path):
    out = subprocess.run(["nm", "-D", "--defined-only", path], check=True,
                         capture_output=True, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in out.splitlines()}


def main():
    header, library = declared(sys.argv[2]), exported(sys.argv[1]) - ALSO
    for name in sorted(header - library):
        print(f"declared but not exported: {name}")
    for name in sorted(library - header):
        print(f"exported but not declared: {name}")
    if not header:
        print("the header declares nothing")
    return 0 if header and header == library else 1


sys.exit(main())
