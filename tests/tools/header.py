#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The rules of the public headers.

    header.py FILE...       check them; each finding is file:line: text
    header.py --use FILE... C and C++: a variable of each structure with its
                            initialiser
    header.py --self-test   does each rule find what it must?
"""
import os
import re
import sys

INCLUDES = {"<stddef.h>", "<stdint.h>", '"iovp_attrs.h"', '"iovp.h"'}


class Item:
    """A declaration with the comment before it."""

    def __init__(self, line, text, doc):
        self.line, self.text, self.doc = line, text, doc
        self.callback = re.match(r"typedef\s[^({;]*?(\w+)\s*\(", text)
        self.function = re.match(r"IOVP_API\s+(.*?)(\w+)\s*\(", text, re.S)
        self.struct = re.match(r"typedef\s+struct\s+(\w+)\s*\{(.*)\}", text,
                               re.S)
        self.name = (self.function[2] if self.function else
                     (self.struct or self.callback or
                      re.search(r"(\w+)\s*;", text))[1])


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]), text,
                  flags=re.S)


def end_of_declaration(code, at):
    """Behind the ; that is in no braces."""
    depth = 0
    while at < len(code):
        depth += (code[at] == "{") - (code[at] == "}")
        at += 1
        if code[at - 1] == ";" and not depth:
            break
    return at


def items(text):
    """Declarations; one comment serves those that follow it at once."""
    code = without_comments(text)
    at, doc = 0, ""
    while at < len(text):
        if text[at] == "\n" and text[at:at + 2] == "\n\n":
            doc = ""
        if text[at].isspace():
            at += 1
        elif text.startswith("/*", at):
            end = text.index("*/", at) + 2
            doc, at = text[at:end], end
        elif match := re.compile(r"#(?:[^\n]*\\\n)*[^\n]*").match(text, at):
            at = match.end()
        elif match := re.compile(r'extern "C" \{|\}').match(text, at):
            at = match.end()
        else:
            end = end_of_declaration(code, at)
            yield Item(text.count("\n", 0, at) + 1, code[at:end], doc)
            at = end


def macros(text):
    """(line, name, body)"""
    code = without_comments(text)
    for match in re.finditer(r"^#\s*define\s+(\w+)((?:[^\n]*\\\n)*[^\n]*)",
                             code, re.M):
        yield text.count("\n", 0, match.start()) + 1, match[1], match[2]


# ---- language: what C99 and C++11 read alike, and what bindings can read ----

BANNED = (
    (r"\b(?:static|inline|__inline__)\b", "a function with a body"),
    (r"\b(?:union|enum|long|short|unsigned|float|double|bool|_Bool)\b",
     "a type that compilers or languages see differently"),
    (r"\.\.\.", "variable arguments"),
    (r"\w\s*:\s*\d+\s*;", "a bit-field"),
    (r"\[\s*\]", "an array without length"),
)


def rule_language(text):
    for number, line in enumerate(without_comments(text).splitlines(), 1):
        if include := re.match(r"\s*#\s*include\s+(\S+)", line):
            if include[1] not in INCLUDES:
                yield number, f"includes {include[1]}"
        elif re.match(r"\s*#\s*pragma", line):
            yield number, "#pragma"
        elif not line.startswith("#"):
            for pattern, what in BANNED:
                if found := re.search(pattern, line):
                    yield number, f"{found[0]}: {what}"


def rule_names(text):
    for number, name, _ in macros(text):
        if not name.startswith("IOVP_"):
            yield number, f"{name} has not the prefix IOVP_"
    for item in items(text):
        if not item.name.startswith("iovp_"):
            yield item.line, f"{item.name} has not the prefix iovp_"


# ---- structures -------------------------------------------------------------

def rule_structures(text):
    inits = {name for _, name, body in macros(text)
             if name.endswith("_INIT") and "sizeof" in body}
    for item in items(text):
        if not item.struct:
            continue
        name, members = item.name, item.struct[2].split()
        if members[:2] != ["uint32_t", "size;"]:
            yield item.line, f"{name} does not begin with uint32_t size"
        if name.upper() + "_INIT" not in inits:
            yield item.line, f"{name} has no {name.upper()}_INIT"


# ---- functions --------------------------------------------------------------

GETTERS = {"const char *", "uint32_t", "uint64_t", "int"}


def rule_functions(text):
    for item in items(text):
        if not item.function:
            continue
        result = " ".join(item.function[1].split())
        name = item.name
        if result not in GETTERS | {"void", "iovp_status"}:
            yield item.line, f"{name} returns {result}"
        if result == "void" and "NULL" not in item.doc:
            yield item.line, f"{name} does not say what it does with NULL"
        if name.endswith("_create") and not re.search(
                r"\(\s*iovp_\w+ \*\*out\b", item.text):
            yield item.line, f"{name} does not begin with **out"


def rule_callbacks(text):
    for item in items(text):
        if item.callback and not re.search(r"\(\s*void \*ud\b", item.text):
            yield item.line, f"{item.name} does not begin with ud"


# ---- comments ---------------------------------------------------------------

def said_by(item):
    """What a comment has to tell, and does not."""
    if not item.doc.startswith("/**"):
        return "has no comment /** ... */"
    if item.callback and not re.search(r"\b(?:SIM|SERVICE)\b", item.doc):
        return "says neither SIM nor SERVICE"
    if not item.function:
        return None
    if not re.search(r"\b(?:ANY|OWNER)\b", item.doc):
        return "says neither ANY nor OWNER"
    if item.function[1].strip() == "iovp_status" and not re.search(
            r"\b(?:Errors:|[Nn]ever\s+(?:\*\s+)?fails)", item.doc):
        return "names no errors, and does not say that it never fails"
    return None


def rule_comments(text):
    for item in items(text):
        if wrong := said_by(item):
            yield item.line, f"{item.name} {wrong}"


RULES = {name[len("rule_"):]: function
         for name, function in list(globals().items())
         if name.startswith("rule_")}


# ---- self-test --------------------------------------------------------------

GOOD = '''\
/* SPDX-License-Identifier: MIT */
#ifndef IOVP_H
#define IOVP_H
#include <stdint.h>
#include "iovp_attrs.h"
#ifdef __cplusplus
extern "C" {
#endif

#define IOVP_A 1u /* long, enum, static ... */

/** A status. */
typedef int32_t iovp_status;
/** Opaque. */
typedef struct iovp_d iovp_d;

/** Called.  SIM. */
typedef void iovp_d_fn(void *ud, uint32_t n);

/** A structure. */
typedef struct iovp_s {
    uint32_t size; /* a : 1; */
    uint8_t text[4];
} iovp_s;

#define IOVP_S_INIT \\
    { sizeof(iovp_s), {0} }

/** Two at once.  Errors: INVALID.  OWNER. */
IOVP_API iovp_status iovp_d_create(iovp_d **out,
                                   const iovp_s *s);
IOVP_API iovp_status iovp_d_use(iovp_d *d, iovp_d_fn *fn);
/** NULL is ignored.  OWNER. */
IOVP_API void iovp_d_destroy(iovp_d *d);

/** The version.  ANY. */
IOVP_API uint32_t iovp_version(void);

#ifdef __cplusplus
}
#endif
#endif
'''
BAD = [
    ("language", "uint8_t text[4];", "uint8_t a : 4;"),
    ("language", "uint8_t text[4];", "unsigned long a;"),
    ("language", "uint8_t text[4];", "union { int a; } u;"),
    ("language", "uint8_t text[4];", "uint8_t text[];"),
    ("language", "<stdint.h>", "<stdio.h>"),
    ("language", "iovp_version(void);", "iovp_version(int a, ...);"),
    ("language", "/** A status. */",
     "/** Static. */\nstatic inline int iovp_f(void) { return 0; };\n"
     "/** A status. */"),
    ("names", "#define IOVP_A", "#define A"),
    ("names", "iovp_version(void)", "version(void)"),
    ("structures", "uint32_t size;", "uint64_t size;"),
    ("structures", "IOVP_S_INIT", "IOVP_T_INIT"),
    ("functions", "uint32_t iovp_version", "char iovp_version"),
    ("functions", "NULL is ignored.", "It is gone."),
    ("functions", "iovp_d **out,\n", "iovp_d **d,\n"),
    ("callbacks", "void *ud, uint32_t n", "uint32_t n, void *ud"),
    ("comments", "/** A structure. */", "/* A structure. */"),
    ("comments", "/** The version.  ANY. */", ""),
    ("comments", "version.  ANY.", "version."),
    ("comments", "Called.  SIM.", "Called."),
    ("comments", "Errors: INVALID.", ""),
    ("comments", "IOVP_API iovp_status iovp_d_use",
     "\nIOVP_API iovp_status iovp_d_use"),
]


def self_test():
    wrong = []
    for name, rule in RULES.items():
        wrong += [f"{name} in a clean header: {f}" for f in rule(GOOD)]
        if name not in (bad[0] for bad in BAD):
            wrong.append(f"{name} has no test")
    for name, old, new in BAD:
        if GOOD.count(old) != 1:
            wrong.append(f"{old!r} is not there once")
        if not list(RULES[name](GOOD.replace(old, new))):
            wrong.append(f"{name} does not find {new!r}")
    print("\n".join(wrong))
    return 1 if wrong else 0


def use(paths):
    print("#define IOVP_USE_UNSTABLE")
    for path in paths:
        print(f"#include <iovp/{os.path.basename(path)}>")
    for path in paths:
        with open(path) as file:
            for item in items(file.read()):
                if item.struct:
                    print(f"{item.name} a_{item.name} = "
                          f"{item.name.upper()}_INIT;")
    return 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    if sys.argv[1:2] == ["--use"]:
        return use(sys.argv[2:])
    if len(sys.argv) < 2:
        print(__doc__)
        return 2
    count = 0
    for path in sys.argv[1:]:
        if not os.path.exists(path):
            print(f"{path}: is not there")
            count += 1
            continue
        with open(path) as file:
            text = file.read()
        for rule in RULES.values():
            for line, what in rule(text):
                print(f"{path}:{line}: {what}")
                count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
