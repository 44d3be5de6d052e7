#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""initramfs.py OUT NAME=FILE... : a cpio archive (newc) with these files.

Folders above them and /dev/console are made.  Every file can be executed, the
times are 0, so that the same files give the same bytes.
"""
import os
import sys

DIRECTORY, REGULAR, CHARACTER = 0o040755, 0o100755, 0o020600


def entry(number, name, mode, data=b"", device=(0, 0)):
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, *device,
              len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08x" % field for field in fields)
    head += name.encode() + b"\0"
    return pad(head) + pad(data)


def pad(data):
    return data + b"\0" * (-len(data) % 4)


def folders(names):
    found = {"dev"}
    for name in names:
        while name := os.path.dirname(name):
            found.add(name)
    return sorted(found)


def build(files):
    """The archive of {name: bytes}."""
    parts = [entry(n, name, DIRECTORY)
             for n, name in enumerate(folders(files), 1)]
    parts.append(entry(1000, "dev/console", CHARACTER, device=(5, 1)))
    parts += [entry(n, name, REGULAR, data)
              for n, (name, data) in enumerate(sorted(files.items()), 2000)]
    return b"".join(parts) + entry(0, "TRAILER!!!", 0)


def main():
    files = {}
    for argument in sys.argv[2:]:
        name, path = argument.split("=", 1)
        with open(path, "rb") as file:
            files[name] = file.read()
    with open(sys.argv[1], "wb") as file:
        file.write(build(files))


if __name__ == "__main__":
    main()
