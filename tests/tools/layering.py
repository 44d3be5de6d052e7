#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules that keep the rooms of this house apart.

    layering.py [RULE...]   check the tree; each finding is file:line: text
    layering.py --list      the names of the rules
    layering.py --self-test does each rule find what it must?
"""
import fnmatch
import os
import re
import sys
import tempfile

C_FILES = (".c", ".h")
CPP_FILES = (".cpp", ".hpp", ".cc")
CODE_FILES = C_FILES + CPP_FILES + (".py", ".sh")
MAX_LINES = 1000
# The one public header, and what is made from it.
LONG = ("capi/iovp.h", "capi/python/_iovp.py")


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = sorted(self._walk())
        self._texts = {}

    def _walk(self):
        for folder, names, files in os.walk(self.root):
            names[:] = [n for n in names
                        if n not in (".git", "__pycache__")
                        and not n.startswith("build")]
            for name in files:
                path = os.path.join(folder, name)
                yield os.path.relpath(path, self.root)

    def text(self, path):
        if path not in self._texts:
            with open(os.path.join(self.root, path), "rb") as file:
                data = file.read()
            binary = b"\0" in data
            self._texts[path] = "" if binary else data.decode(errors="replace")
        return self._texts[path]

    def lines(self, path):
        return enumerate(self.text(path).splitlines(), 1)


def code(text):
    """Comments and literals blanked; the lines stay where they are."""
    token = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(token, lambda m: re.sub(r"[^\n]", " ", m[0]), text,
                  flags=re.S)


# ---- include: only downwards ----------------------------------------------

def room(path):
    """The room that a file belongs to."""
    parts = path.split("/")
    if re.match(r"platforms/(cmd|iovp_main|qemu/)", path):
        return "iovp command"
    if parts[0] != "models":
        return parts[0]
    if len(parts) > 3 and parts[2] == "tlm":
        return f"models/{parts[1]}/tlm"
    return "/".join(parts[:2])


def allowed(user, used):
    """May a file of room `user` include one of room `used`?"""
    if user == used or user == "tests":
        return True
    if user == "models/common":
        return False
    if user.endswith("/tlm"):
        core = user[:-len("/tlm")]
        return used in (core, "models/common", "models/common/tlm")
    if user.startswith("models/"):
        return used == "models/common"
    if user == "capi":
        return used.startswith("models/")
    if user == "iovp command":
        return used in ("capi", "traces", "models/common")
    if user in ("platforms", "traces"):
        return used == "capi" or used.startswith("models/")
    return False


def resolve(tree, path, name):
    """The file in the tree that an #include "name" in `path` means."""
    folders = (os.path.dirname(path), "capi", "models/common", "tests/shim",
               "capi/examples")
    for folder in folders:
        found = os.path.normpath(os.path.join(folder, name))
        if os.path.isfile(os.path.join(tree.root, found)):
            return found
    return None


def rule_include(tree):
    pattern = re.compile(r'\s*#\s*include\s+"([^"]+)"')
    for path in tree.files:
        if not path.endswith(C_FILES + CPP_FILES):
            continue
        for number, line in tree.lines(path):
            match = pattern.match(line)
            found = resolve(tree, path, match[1]) if match else None
            if match and not found:
                yield path, number, f'"{match[1]}" is not in this tree'
            elif found and not allowed(room(path), room(found)):
                yield (path, number,
                       f"{room(path)} may not include {room(found)}")


# ---- fatal: no input ends the process -------------------------------------

def rule_fatal(tree):
    # Not a member of that name.
    pattern = re.compile(r"(?<!\w|[.>])(abort|assert|_?[eE]xit|quick_exit)\s*\(")
    for path in tree.files:
        if path.startswith("capi/examples/") or \
                not path.startswith(("models/", "capi/")) or \
                not path.endswith(C_FILES + CPP_FILES):
            continue
        for number, line in enumerate(code(tree.text(path)).splitlines(), 1):
            if match := pattern.search(line):
                yield path, number, f"{match[1]}() in the library"


# ---- language: C++ only where SystemC forces it ---------------------------

def rule_language(tree):
    header = re.compile(r"\s*#\s*include\s*<(systemc|tlm|tlm_utils/|sysc/)")
    for path in tree.files:
        cpp_room = "/tlm/" in path or path.startswith(("capi/", "tests/"))
        if path.endswith(CPP_FILES) and not cpp_room:
            yield path, 1, "C++ outside */tlm/, capi/ and tests/"
        if not path.endswith(C_FILES + CPP_FILES) or cpp_room:
            continue
        for number, line in tree.lines(path):
            if match := header.match(line):
                yield path, number, f"<{match[1]}> outside */tlm/ and capi/"


# ---- length ---------------------------------------------------------------

def rule_length(tree):
    for path in tree.files:
        lines = len(tree.text(path).splitlines())
        if path.endswith(CODE_FILES) and lines > MAX_LINES and \
                path not in LONG:
            yield path, lines, f"{lines} lines, at most {MAX_LINES}"


# ---- licence: SPDX line first, or behind #! -------------------------------

LICENSED = CODE_FILES + (".md", ".cmake", ".in", ".map", ".json", ".dts",
                         ".dtsi", ".yml", "CMakeLists.txt", ".clang-format")


def rule_licence(tree):
    for path in tree.files:
        text = tree.text(path)
        if not path.endswith(LICENSED) and not text.startswith("#!"):
            continue
        if not text:
            continue
        # JSON has no comments: a property near the top.
        first = 5 if path.endswith(".json") else 2
        head = text.splitlines()[:first]
        if not path.endswith(".json") and not head[0].startswith("#!"):
            head = head[:1]
        if not any("SPDX-License-Identifier" in line and "MIT" in line
                   for line in head):
            yield path, 1, "no SPDX-License-Identifier: MIT"


# ---- names: every test case has a name of its own -------------------------

def test_cases(tree):
    """(path, line, Suite.Name)"""
    for path in tree.files:
        if not path.startswith("tests/test_") and \
                not path.startswith("tests/tlm/test_"):
            continue
        for number, line in tree.lines(path):
            match = re.match(r"\w*TEST\w*\(\s*(\w+)\s*,\s*(\w+)\s*\)", line)
            if match:
                yield path, number, f"{match[1]}.{match[2]}"


def rule_names(tree):
    seen = {}
    for path, number, name in test_cases(tree):
        if name in seen:
            yield path, number, f"{name} is also in {seen[name]}"
        seen[name] = path


# ---- proofs: every test that a compliance table names exists --------------

def rule_proofs(tree):
    names = {name for _, _, name in test_cases(tree)}
    for path in tree.files:
        if not path.endswith("/compliance.md"):
            continue
        for number, line in tree.lines(path):
            named = re.findall(r"`([A-Z]\w*\.\w*\*?)`", line)
            for test in named if line.startswith("|") else []:
                if not fnmatch.filter(names, test):
                    yield path, number, f"there is no test {test}"


# ---- links: documents point to what is there ------------------------------

def anchors(text):
    """The anchors of a document's headings."""
    heads = re.findall(r"^#+ (.*)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", head).lower().replace(" ", "-")
            for head in heads}


def rule_links(tree):
    for path in tree.files:
        if not path.endswith(".md"):
            continue
        for number, line in tree.lines(path):
            for link in re.findall(r"\]\(([^)\s]+)\)", line):
                if "://" in link:
                    continue
                name, _, anchor = link.partition("#")
                found = path if not name else os.path.normpath(
                    os.path.join(os.path.dirname(path), name))
                if not os.path.exists(os.path.join(tree.root, found)):
                    yield path, number, f"{link} leads nowhere"
                elif anchor and anchor not in anchors(tree.text(found)):
                    yield path, number, f"{found} has no heading #{anchor}"


RULES = {name[len("rule_"):]: function
         for name, function in list(globals().items())
         if name.startswith("rule_")}


# ---- self-test -------------------------------------------------------------

SPDX = "/* SPDX-License-Identifier: MIT */\n"
GOOD = {
    "models/common/a.h": SPDX + "_Static_assert(1, \"\");\n",
    "models/common/a.c": SPDX + "#include \"a.h\"\n/* exit(1) */\n",
    "models/smmuv3/b.h": SPDX + "#include \"../common/a.h\"\n",
    "models/smmuv3/tlm/c.cpp": SPDX + "#include <systemc>\n"
                                      "#include \"../b.h\"\n",
    "capi/iovp.h": SPDX + "#include \"a.h\"\n",
    "capi/d.c": SPDX + "#include \"../models/smmuv3/b.h\"\n"
                       "const char *s = \"abort()\"; static_assert(1);\n"
                       "void g(struct h *h) { h->exit(1); }\n",
    "platforms/e.c": SPDX + "#include \"../capi/iovp.h\"\n",
    "tests/test_f.c": SPDX + "#include \"../platforms/g.h\"\n"
                             "TEST_CASE(F, One)\n",
    "platforms/cmd_h.c": SPDX + "#include \"../traces/i.h\"\n",
    "platforms/g.h": SPDX,
    "traces/i.h": SPDX,
    "models/a/compliance.md": "<!-- SPDX-License-Identifier: MIT -->\n"
                              "| A | done | `F.One`, `F.*` |\n",
    "docs/j.md": "<!-- SPDX-License-Identifier: MIT -->\n## On `it`, now\n"
                 "[a](../capi/iovp.h) [b](#on-it-now) [c](http://d)\n",
    "demo": "#!/bin/sh\n# SPDX-License-Identifier: MIT\n",
    "data.dtb": "\0binary",
    "capi/python/_iovp.py": "# SPDX-License-Identifier: MIT\n" +
                            "\n" * MAX_LINES,
    "out.txt": "ok\n",
}
BAD = [
    ("include", "models/common/x.h", SPDX + "#include \"../smmuv3/b.h\"\n"),
    ("include", "models/smmuv3/x.c", SPDX + "#include \"../../capi/d.h\"\n"),
    ("include", "models/smmuv3/x.c", SPDX + "#include \"iovp.h\"\n"),
    ("include", "models/vtd/x.c", SPDX + "#include \"../smmuv3/b.h\"\n"),
    ("include", "capi/x.c", SPDX + "#include \"../platforms/g.h\"\n"),
    ("include", "traces/x.c", SPDX + "#include \"../platforms/g.h\"\n"),
    ("include", "platforms/x.c", SPDX + "#include \"../traces/i.h\"\n"),
    ("include", "platforms/cmd.c", SPDX + "#include \"g.h\"\n"),
    ("include", "traces/x.c", SPDX + "#include \"../tests/y.h\"\n"),
    ("fatal", "models/smmuv3/x.c", SPDX + "void f(void) { abort(); }\n"),
    ("fatal", "models/common/x.h", SPDX + "#define A(x) assert(x)\n"),
    ("fatal", "capi/x.cpp", SPDX + "void f() { std::exit (1); }\n"),
    ("language", "models/smmuv3/x.cpp", SPDX),
    ("language", "traces/x.cpp", SPDX),
    ("language", "models/common/x.h", SPDX + "#include <systemc>\n"),
    ("length", "traces/x.c", SPDX + "\n" * MAX_LINES),
    ("licence", "docs/x.md", "# Title\n"),
    ("licence", "x.json", "{}\n"),
    ("licence", "x", "#!/bin/sh\n"),
    ("licence", "traces/x.c", "\n" + SPDX),
    ("names", "tests/test_x.c", SPDX + "TEST_CASE(F, One)\n"),
    ("proofs", "models/x/compliance.md",
     "<!-- SPDX-License-Identifier: MIT -->\n| A | done | `F.Two` |\n"),
    ("links", "docs/x.md",
     "<!-- SPDX-License-Identifier: MIT -->\n[a](nothing.md)\n"),
    ("links", "docs/x.md",
     "<!-- SPDX-License-Identifier: MIT -->\n[a](j.md#elsewhere)\n"),
]


def findings_of(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w") as file:
                file.write(text)
        tree = Tree(root)
        return {name for name, rule in RULES.items() if list(rule(tree))}


def self_test():
    wrong = []
    if found := findings_of(GOOD):
        wrong.append(f"a clean tree breaks {sorted(found)}")
    for rule, path, text in BAD:
        found = findings_of({**GOOD, path: text})
        if found != {rule}:
            wrong.append(f"{path} {text!r}: {sorted(found)}, not {rule}")
    for rule in RULES:
        if rule not in (bad[0] for bad in BAD):
            wrong.append(f"{rule} has no test")
    print("\n".join(wrong))
    return 1 if wrong else 0


def main():
    root = os.path.dirname(os.path.abspath(__file__)) + "/../.."
    if sys.argv[1:] == ["--list"]:
        print("\n".join(RULES))
        return 0
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    tree, count = Tree(os.path.normpath(root)), 0
    for name in sys.argv[1:] or RULES:
        for path, line, text in RULES[name](tree):
            print(f"{path}:{line}: {text}")
            count += 1
    return 1 if count else 0


sys.exit(main())
