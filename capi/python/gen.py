#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make what follows from the public headers: _iovp.py, the declarations for
ctypes, and iovp_dl.h, the types of functions for dlsym.

    gen.py            write both
    gen.py --check    are the files what would be written?
    gen.py --listing  C: prints constants, sizes and offsets; declares every
                      function once more, so that a wrong reading of the
                      header does not compile
    gen.py --layout   the same listing, from _iovp.py
    gen.py --stub     C: an empty body for every function (for abidw)

It reads C as those headers are written, and refuses what it does not know.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
HEADERS = ("models/common/iovp_attrs.h", "capi/iovp.h")
OUTPUT = os.path.join(HERE, "_iovp.py")
DL_OUTPUT = os.path.join(ROOT, "capi", "iovp_dl.h")

SCALARS = {"char": "c_char", "int": "c_int", "size_t": "c_size_t",
           **{f"{u}int{n}_t": f"c_{u}int{n}"
              for u in ("", "u") for n in (8, 16, 32, 64)}}
TOKEN = re.compile(r"\s*([A-Za-z_]\w*|0[xX][0-9a-fA-F]+[uUlL]*|\d+[uUlL]*"
                   r"|<<|>>|\.\.\.|\S)")
NUMBER = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]*\b")


class Unknown(Exception):
    """Something in a header that this program cannot read."""


# ---- preprocessor -----------------------------------------------------------

def condition(line):
    """Is this #if true for a C compiler?"""
    if re.fullmatch(r"#ifndef \w+_H", line) or "__GNUC__" in line:
        return True
    if line == "#ifdef __cplusplus":
        return False
    raise Unknown(line)


def preprocess(text):
    """(what is left of it, [(name, body)] of the #defines)"""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"\\\n", " ", text)
    kept, defines, active = [], [], [True]
    for line in text.splitlines():
        line = re.sub(r"^\s*#\s*", "#", line).rstrip()
        if line.startswith("#if"):
            active.append(active[-1] and condition(line))
        elif line.startswith("#else"):
            active[-1] = not active[-1]
        elif line.startswith("#endif"):
            active.pop()
        elif not active[-1]:
            pass
        elif match := re.match(r"#define (\w+)(.?)\s*(.*)", line):
            if match[2] == "(":
                raise Unknown(line)
            defines.append((match[1], match[3].strip()))
        elif not line.startswith("#include"):
            if line.startswith("#"):
                raise Unknown(line)
            kept.append(line)
    return "\n".join(kept), defines


# ---- C types: (kind, ...) ---------------------------------------------------
#
#   ("name", name, const)  ("ptr", type, const)  ("array", type, length)
#   ("func", result, [(type, name)])

class Parser:
    def __init__(self, text):
        self.tokens = TOKEN.findall(text)
        self.at = 0

    def peek(self, ahead=0):
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else ""

    def take(self, want=None):
        token = self.peek()
        if not token or (want is not None and token != want):
            raise Unknown(" ".join(
                self.tokens[max(self.at - 8, 0):self.at + 4])
                + f": expected {want or 'more'}")
        self.at += 1
        return token

    def accept(self, token):
        if self.peek() != token:
            return False
        self.at += 1
        return True

    def base(self):
        const = self.accept("const")
        self.accept("struct")
        name = self.take()
        if not re.match(r"[A-Za-z_]", name) or name in ("unsigned", "long",
                                                        "enum", "short"):
            raise Unknown(f"the type {name}")
        return ("name", name, self.accept("const") or const)

    def pointers(self, kind):
        while self.accept("*"):
            kind = ("ptr", kind, self.accept("const"))
        return kind

    def declarator(self, kind):
        """(type, name) of what follows a base type."""
        kind = self.pointers(kind)
        if self.peek() == "(" and self.peek(1) == "*":
            self.take(), self.take()
            name = self.take()
            self.take(")")
            return ("ptr", ("func", kind, self.parameters()), False), name
        named = re.match(r"[A-Za-z_]", self.peek())
        name = self.take() if named else ""
        if self.peek() == "(":
            return ("func", kind, self.parameters()), name
        lengths = []
        while self.accept("["):
            words = []
            while self.peek() != "]":
                words.append(self.take())
            self.take("]")
            lengths.append(python_value(" ".join(words)))
        for length in reversed(lengths):
            kind = ("array", kind, length)
        return kind, name

    def parameters(self):
        self.take("(")
        if self.peek() == "void" and self.peek(1) == ")":
            self.take(), self.take()
            return []
        found = []
        while True:
            found.append(self.declarator(self.base()))
            if not self.accept(","):
                break
        self.take(")")
        return found

    def members(self):
        """[(type, name)]; a nested aggregate is ("struct", kind, members)."""
        self.take("{")
        found = []
        while not self.accept("}"):
            if self.peek() in ("struct", "union") and self.peek(1) == "{":
                base = ("struct", self.take(), self.members())
            else:
                base = self.base()
            found.append(self.declarator(base))
            while self.accept(","):
                found.append(self.declarator(base))
            self.take(";")
            if not found[-1][1]:
                raise Unknown("a member without a name")
        return found

    def declaration(self, header):
        if not self.accept("typedef"):
            self.take("IOVP_API")
            kind, name = self.declarator(self.base())
            if kind[0] != "func":
                raise Unknown(f"{name} is no function")
            header.functions.append((name, kind))
        elif self.peek() == "struct" and self.peek(2) == "{":
            self.take()
            name = self.take()
            header.types.append(("struct", name, self.members()))
            self.take(name)
        elif self.peek() == "struct" and self.peek(1) == self.peek(2):
            self.take()
            header.types.append(("opaque", self.take(), None))
            self.take()
        else:
            kind, name = self.declarator(self.base())
            header.types.append(("typedef", name, kind))
        self.take(";")


class Header:
    """What the headers declare, in their order."""

    def __init__(self, texts):
        self.constants, self.types, self.functions = [], [], []
        self.inits = {}
        for source in texts:
            text, defines = preprocess(source)
            for name, body in defines:
                self.define(name, body)
            parser = Parser(text)
            while parser.peek():
                parser.declaration(self)
        for kind, name, _ in list(self.types):
            forward = ("opaque", name, None)
            if kind == "struct" and forward in self.types:
                raise Unknown(f"{name} is declared before it is defined")

    def define(self, name, body):
        if body.startswith("{"):
            self.inits[name] = body
        elif body and name != "IOVP_API":
            self.constants.append((name, python_value(body)))

    def struct_names(self):
        return [name for kind, name, _ in self.types if kind == "struct"]


def read_headers():
    texts = []
    for path in HEADERS:
        with open(os.path.join(ROOT, path)) as file:
            texts.append(file.read())
    return Header(texts)


def python_value(body):
    """A constant expression of C as one of Python."""
    text = NUMBER.sub(lambda m: m[1], body)
    text = text.replace("UINT32_MAX", "0xffffffff")
    text = text.replace("UINT64_MAX", "0xffffffffffffffff")
    text = " ".join(text.split())
    if not re.fullmatch(r"[\w\s()+*|&<>-]*", text):
        raise Unknown(f"the value {body}")
    while re.fullmatch(r"\([^()]*\)", text):
        text = text[1:-1]
    return text


# ---- ctypes -----------------------------------------------------------------

def ctype(kind, functions):
    """The expression for a type; `functions` are typedefs of functions."""
    if kind[0] == "name":
        return "None" if kind[1] == "void" else SCALARS.get(kind[1], kind[1])
    if kind[0] == "array":
        return f"{ctype(kind[1], functions)} * {kind[2]}"
    if kind[0] == "func":
        args = [kind[1]] + [t for t, _ in kind[2]]
        args = ", ".join(ctype(decay(t), functions) for t in args)
        return f"CFUNCTYPE({args})"
    if kind[0] != "ptr":
        raise Unknown("an array of, or a pointer to, a nested structure")
    to = kind[1]
    if to[0] == "func":
        return ctype(to, functions)
    if to[0] == "name" and to[1] in functions:
        return to[1]
    if to[0] == "name" and to[1] == "void":
        return "c_void_p"
    if to == ("name", "char", True):
        return "c_char_p"
    return f"POINTER({ctype(to, functions)})"


def decay(kind):
    return ("ptr", kind[1], False) if kind[0] == "array" else kind


def defaults(header, name, members):
    """{member: value} from the structure's IOVP_*_INIT, without zeros."""
    body = header.inits.get(name.upper() + "_INIT", "")
    values, depth, word = [], 0, ""
    for c in body:
        depth += (c in "{(") - (c in "})")
        if (c == "," and depth == 1) or (c == "}" and depth == 0):
            values.append(word.strip())
            word = ""
        elif not (c == "{" and depth == 1):
            word += c
    found = {}
    for (_, member), value in zip(members, values):
        if value.startswith("sizeof") or value == "NULL":
            continue
        if nested := re.findall(r"\b(\w+)_INIT\b", value):
            found[member] = nested_default(name, member, value, nested)
        elif value.startswith("{"):
            if re.search(r"[^{}\s,0]", value):
                raise Unknown(f"{name}.{member} is initialised with {value}")
        elif (text := python_value(value)) != "0":
            found[member] = text
    return found


def nested_default(name, member, value, nested):
    """Structures in a structure: their defaults are those of their class."""
    if re.sub(r"\w+_INIT|[{}\s,]", "", value) or len(set(nested)) > 1:
        raise Unknown(f"{name}.{member} is initialised with {value}")
    cls, count = nested[0].lower(), len(nested)
    if not value.startswith("{"):
        return f"{cls}()"
    return f"({cls} * {count})(*[{cls}()] * {count})"


HEAD = '''\
# SPDX-License-Identifier: MIT
"""Declarations of libiovp for ctypes, without any convenience.

Made by gen.py from {headers}; do not edit.
Names, units, errors and threads are those of the header.
"""
{imports}'''

SIZED = '''\
class Sized(Structure):
    """A structure that begins with its size."""
    _defaults_ = {}

    def __init__(self, **values):
        super().__init__(**{"size": sizeof(self), **self._defaults_,
                            **values})'''

BIND = '''\
def bind(library):
    """Give the functions of a CDLL their types.  One that it lacks is not
    there: AttributeError when it is used."""
    for name, (result, *arguments) in FUNCTIONS.items():
        function = getattr(library, name, None)
        if function is None:
            continue
        function.restype = result
        function.argtypes = arguments
    return library'''


def fill(first, words, indent, end):
    """Words with commas in lines of 79 columns."""
    lines = [first]
    for at, word in enumerate(words):
        word += end if at == len(words) - 1 else ","
        if len(lines[-1]) + len(word) > 78:
            lines.append(" " * (indent - 1))
        lines[-1] += ("" if lines[-1][-1] == "(" else " ") + word
    return "\n".join(lines)


def emit_aggregate(header, name, kind, members, functions):
    """The classes of a structure: nested ones first."""
    blocks, out = [], []
    for base, label in members:
        if base[0] == "struct":
            inner = f"{name}_{label}"
            blocks += emit_aggregate(header, inner, base[1], base[2],
                                     functions)
            base = ("name", inner, False)
        elif base[0] == "func":
            raise Unknown(f"{name}.{label}")
        out.append(f'        ("{label}", {ctype(base, functions)}),')
    sized = kind == "struct" and members[0][1] == "size"
    parent = "Sized" if sized else "Structure" if kind == "struct" else "Union"
    out = [f"class {name}({parent}):", "    _fields_ = [", *out, "    ]"]
    if values := defaults(header, name, members):
        text = ", ".join(f'"{k}": {v}' for k, v in values.items())
        out.append(f"    _defaults_ = {{{text}}}")
    return blocks + ["\n".join(out)]


def emit_type(header, kind, name, what, functions):
    if kind == "struct":
        return emit_aggregate(header, name, kind, what, functions)
    if kind == "typedef":
        return [fill(f"{name} =", ctype(what, functions).split(", "), 4, "")]
    return [f"class {name}(Structure):\n"
            '    """Opaque: only POINTER of it exists."""']


def emit_functions(header, functions):
    out = ["FUNCTIONS = {"]
    for name, (_, result, arguments) in header.functions:
        types = [result] + [decay(t) for t, _ in arguments]
        types = [ctype(t, functions) for t in types]
        end = ",)," if len(types) == 1 else "),"
        out.append(fill(f'    "{name}": (', types, 8, end))
    return "\n".join(out + ["}"])


def emit(header):
    functions = {name for kind, name, t in header.types
                 if kind == "typedef" and t[0] == "func"}
    constants = [f"{name} = {value}" if len(name + value) < 77 else
                 fill(f"{name} = (", value.split(" "), 4, ")").replace(",", "")
                 for name, value in header.constants]
    blocks = [SIZED, "\n".join(constants)]
    for kind, name, what in header.types:
        blocks += emit_type(header, kind, name, what, functions)
    blocks += [emit_functions(header, functions), BIND]
    used = set(re.findall(r"\b(?:c_\w+|CFUNCTYPE|POINTER|Structure|Union"
                          r"|sizeof)\b", "\n".join(blocks)))
    imports = fill("from ctypes import (", sorted(used), 20, ")")
    head = HEAD.format(imports=imports, headers=" and ".join(
        os.path.basename(path) for path in reversed(HEADERS)))
    return "\n\n\n".join([head] + blocks) + "\n"


# ---- C ----------------------------------------------------------------------

def c_type(kind, name=""):
    if kind[0] == "name":
        return f"{'const ' if kind[2] else ''}{kind[1]} {name}".rstrip()
    if kind[0] == "array":
        return c_type(kind[1], f"{name}[{kind[2]}]")
    if kind[0] == "func":
        arguments = ", ".join(c_type(t, n) for t, n in kind[2]) or "void"
        return c_type(kind[1], f"{name}({arguments})")
    star = f"*{'const ' if kind[2] else ''}{name}"
    return c_type(kind[1], f"({star})" if kind[1][0] == "func" else star)


def c_members(name, members, prefix=""):
    for kind, label in members:
        yield (f'    printf("field {name} {prefix}{label} %zu %zu\\n", '
               f"offsetof({name}, {prefix}{label}), "
               f"sizeof((({name} *)0)->{prefix}{label}));")
        if kind[0] == "struct":
            yield from c_members(name, kind[2], f"{prefix}{label}.")


def listing(header):
    out = ["#include <stdio.h>", '#include "iovp.h"', ""]
    out += [c_type(kind, name) + ";" for name, kind in header.functions]
    out += ["", "int main(void)", "{"]
    for name, _ in header.constants:
        out.append(f'    printf("const {name} %lld\\n", (long long){name});')
    for kind, name, what in header.types:
        if kind == "struct":
            out.append(f'    printf("size {name} %zu\\n", sizeof({name}));')
            out += c_members(name, what)
            init = name.upper() + "_INIT"
            if init in header.inits:
                out += ["    {", f"        static const {name} v = {init};",
                        f'        printf("init {name} ");',
                        "        for (size_t i = 0; i < sizeof(v); i++)",
                        '            printf("%02x", '
                        "((const unsigned char *)&v)[i]);",
                        '        printf("\\n");', "    }"]
    for name in sorted(SCALARS):
        out.append(f'    printf("scalar {name} %zu\\n", sizeof({name}));')
    return "\n".join(out + ["    return 0;", "}"])


def stub(header):
    out = ['#include "iovp.h"']
    for name, kind in header.functions:
        out.append(f"\n{c_type(kind, name)}\n{{")
        out += [f"    (void){n};" for _, n in kind[2] if n]
        if kind[1][:2] != ("name", "void"):
            out.append("    return 0;")
        out.append("}")
    return "\n".join(out)


DL_HEAD = '''\
/* SPDX-License-Identifier: MIT */
/*
 * Types of the functions of iovp.h, for programs that load libiovp by dlopen:
 *
 *     iovp_dl_version *version =
 *         (iovp_dl_version *)dlsym(library, "iovp_version");
 *
 * Made from iovp.h by python/gen.py; do not edit.
 */
#ifndef IOVP_DL_H
#define IOVP_DL_H

#include "iovp.h"

/* The library of this header's version. */
#define IOVP_DL_SONAME "libiovp.so.{soname}"

#ifdef __cplusplus
extern "C" {{
#endif

/* clang-format off */
{types}
/* clang-format on */

#ifdef __cplusplus
}}
#endif

#endif
'''


def dl_header(header):
    constants = dict(header.constants)
    types = []
    for name, kind in header.functions:
        text = c_type(kind, name.replace("iovp_", "iovp_dl_", 1)) + ";"
        types.append(fill("typedef", text.split(", "), 4, ""))
    return DL_HEAD.format(types="\n".join(types), soname=".".join(
        constants.get(f"IOVP_VERSION_{part}", "0")
        for part in ("MAJOR", "MINOR")))


def python_layout(header):
    """What the C listing prints, from the module as it is imported."""
    sys.path.insert(0, HERE)
    sys.dont_write_bytecode = True
    import _iovp as module
    import ctypes

    def members(name, cls, base, prefix=""):
        for label, kind, *_ in cls._fields_:
            at = base + getattr(cls, label).offset
            yield f"field {name} {prefix}{label} {at} {ctypes.sizeof(kind)}"
            if hasattr(kind, "_fields_") and \
                    kind.__name__ not in header.struct_names():
                yield from members(name, kind, at, f"{prefix}{label}.")

    for name, _ in header.constants:
        value = getattr(module, name)
        yield f"const {name} {ctypes.c_int64(value).value}"
    for name in header.struct_names():
        cls = getattr(module, name)
        yield f"size {name} {ctypes.sizeof(cls)}"
        yield from members(name, cls, 0)
        if name.upper() + "_INIT" in header.inits:
            yield f"init {name} {bytes(cls()).hex()}"
    for name in sorted(SCALARS):
        kind = getattr(ctypes, SCALARS[name])
        yield f"scalar {name} {ctypes.sizeof(kind)}"


def check(texts):
    status = 0
    for path, text in texts.items():
        if not os.path.exists(path) or open(path).read() != text:
            print(f"{os.path.relpath(path, ROOT)} is not made from this "
                  "header: run capi/python/gen.py")
            status = 1
    return status


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        header = read_headers()
        texts = {OUTPUT: emit(header), DL_OUTPUT: dl_header(header)}
    except Unknown as error:
        print(f"gen.py cannot read the header: {error}")
        return 1
    if mode == "--check":
        return check(texts)
    if mode == "--listing":
        print(listing(header))
    elif mode == "--layout":
        print("\n".join(python_layout(header)))
    elif mode == "--stub":
        print(stub(header))
    elif mode:
        print(__doc__)
        return 2
    else:
        for path, text in texts.items():
            with open(path, "w") as file:
                file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
