#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the library exports, what the headers declare, what the list says.

    symbols.py LIBRARY LIST HEADER...   are they the same?
    symbols.py --update LIST HEADER...  add to the list what is new, with the
                                        version of the first header; drop what
                                        is gone
    symbols.py --self-test              does it find what it must?

LIST has a line for each function: its name and the version that introduced it.
"""
import re
import subprocess
import sys

# libsystemc.so wants one from every program: weak, see capi/iovp.map.
ALSO = {"sc_main"}
HEAD = """\
# SPDX-License-Identifier: MIT
# What libiovp.so exports, and the version that introduced it.
"""


def read(path):
    with open(path) as file:
        return file.read()


def declared(text):
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    return set(re.findall(r"\bIOVP_API\b[^;()]*?\b(\w+)\s*\(", text))


def version(text):
    """MAJOR.MINOR of a header."""
    return ".".join(re.search(rf"IOVP_VERSION_{part} (\d+)", text)[1]
                    for part in ("MAJOR", "MINOR"))


def listed(text):
    """{name: version}, and what is wrong with the list."""
    rows = [line.split() for line in text.splitlines()
            if line and not line.startswith("#")]
    wrong = [f"the list: {' '.join(row)}" for row in rows
             if len(row) != 2 or not re.fullmatch(r"\d+\.\d+", row[1])]
    names = [row[0] for row in rows]
    if names != sorted(set(names)):
        wrong.append("the list is not sorted, or names something twice")
    return {row[0]: row[1] for row in rows if len(row) == 2}, wrong


def exported(path):
    """[(name, version node)] of a library; nodes themselves are left out."""
    out = subprocess.run(
        ["nm", "-D", "--defined-only", "--with-symbol-versions", path],
        check=True, capture_output=True, text=True).stdout
    rows = [line.split()[1:] for line in out.splitlines()]
    return [tuple(re.split("@+", name)) for kind, name in rows
            if kind != "A"]


def number(text):
    return [int(part) for part in text.split(".")]


def compare(library, listing, headers):
    names, wrong = listed(listing)
    now = version(headers[0])
    in_headers = set().union(*map(declared, headers))
    in_library = {name for name, *_ in library} - ALSO
    if not in_headers:
        wrong.append("the headers declare nothing")
    for what, a, b in (
            ("declared but not exported", in_headers, in_library),
            ("exported but not declared", in_library, in_headers),
            ("declared but not listed", in_headers, set(names)),
            ("listed but not declared", set(names), in_headers)):
        wrong += [f"{what}: {name}" for name in sorted(a - b)]
    wrong += [f"{name}: of a version to come" for name, v in names.items()
              if re.fullmatch(r"\d+\.\d+", v) and number(v) > number(now)]
    wrong += [f"{name}: version {''.join(node) or 'none'}, not IOVP_{now}"
              for name, *node in library if node != [f"IOVP_{now}"]]
    return wrong


def update(path, headers):
    names, _ = listed(read(path))
    now = version(headers[0])
    with open(path, "w") as file:
        file.write(HEAD)
        for name in sorted(set().union(*map(declared, headers))):
            file.write(f"{name} {names.get(name, now)}\n")
    return 0


def self_test():
    header = ("#define IOVP_VERSION_MAJOR 0\n#define IOVP_VERSION_MINOR 2\n"
              "IOVP_API int\niovp_a(void); /* IOVP_API int iovp_x(void); */\n")
    more = "IOVP_API const char *iovp_b(int (*fn)(void));\n"
    listing = "# list\niovp_a 0.1\niovp_b 0.2\n"
    library = [(name, "IOVP_0.2") for name in ("iovp_a", "iovp_b", "sc_main")]
    wrong = compare(library, listing, [header, more])
    for what, found in (
            ("a function that is not exported",
             compare(library[1:], listing, [header, more])),
            ("a function that is not declared",
             compare(library, listing, [header])),
            ("a function that is not listed",
             compare(library, "iovp_a 0.1\n", [header, more])),
            ("a function that is gone",
             compare(library, listing + "iovp_c 0.1\n", [header, more])),
            ("a version to come",
             compare(library, listing.replace("0.1", "0.3"),
                     [header, more])),
            ("a list that is not sorted",
             compare(library, "iovp_b 0.2\niovp_a 0.1\n", [header, more])),
            ("a line without version",
             compare(library, "iovp_a 0.1\niovp_b\n", [header, more])),
            ("another version node",
             compare([("iovp_a", "IOVP_0.1")] + library[1:], listing,
                     [header, more])),
            ("no version node",
             compare([("iovp_a",)] + library[1:], listing, [header, more]))):
        if not found:
            wrong.append(f"does not find {what}")
    print("\n".join(wrong))
    return 1 if wrong else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if len(sys.argv) < 4:
        print(__doc__)
        return 2
    first, listing, *headers = sys.argv[1:]
    headers = [read(path) for path in headers]
    if first == "--update":
        return update(listing, headers)
    wrong = compare(exported(first), read(listing), headers)
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
