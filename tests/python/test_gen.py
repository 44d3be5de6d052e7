#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What gen.py reads, with what ctypes makes of it; and what it refuses."""
import ctypes
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "capi", "python"), HERE]

import gen  # noqa: E402
from runner import main  # noqa: E402


def module(text):
    """The names that the declarations of a header become."""
    names = {}
    exec(gen.emit(gen.Header([text])), names)
    return names


class Reads(unittest.TestCase):
    def test_constants(self):
        names = module("#define IOVP_A 0x10u\n#define IOVP_B (IOVP_A << 2)\n"
                       "#define IOVP_C (-3)\n#define IOVP_D UINT32_MAX\n"
                       "#define IOVP_E /* why */ \\\n    5ull\n")
        self.assertEqual([names["IOVP_" + c] for c in "ABCDE"],
                         [16, 64, -3, 0xffffffff, 5])

    def test_structure(self):
        names = module("#define IOVP_N 3\ntypedef struct iovp_s {\n"
                       "uint32_t size; uint8_t a[IOVP_N][2], b;\n"
                       "const void *p; char text[8]; } iovp_s;")
        s = names["iovp_s"]()
        # 4 + 6 + 1 and padding up to 16, a pointer, the text
        self.assertEqual((s.size, ctypes.sizeof(s)), (32, 32))
        self.assertEqual((names["iovp_s"].b.offset, len(s.a), len(s.a[0])),
                         (10, 3, 2))

    def test_nested(self):
        names = module("typedef struct iovp_s { uint32_t size; union {\n"
                       "struct { uint64_t x; } one; uint8_t raw[9]; } u;\n"
                       "} iovp_s;")
        s = names["iovp_s"]()
        s.u.one.x = 0x0201
        self.assertEqual((s.u.raw[0], s.u.raw[1], ctypes.sizeof(s)),
                         (1, 2, 24))

    def test_callbacks(self):
        names = module("typedef struct iovp_d iovp_d;\n"
                       "typedef int32_t iovp_fn(void *ud, uint64_t at);\n"
                       "typedef struct iovp_ops { uint32_t size;\n"
                       "iovp_fn *one; int32_t (*two)(iovp_d *d, int n); }\n"
                       "iovp_ops;\n"
                       "IOVP_API void iovp_f(const iovp_ops *ops);")
        ops = names["iovp_ops"]()
        ops.one = names["iovp_fn"](lambda ud, at: at % 1000)
        ops.two = type(ops.two)(lambda d, n: n + 1)
        self.assertEqual((ops.one(None, 1234), ops.two(None, 1)), (234, 2))

    def test_functions(self):
        functions = module(
            "typedef struct iovp_d iovp_d;\n"
            "IOVP_API const char *iovp_a(void);\n"
            "IOVP_API void iovp_b(iovp_d **out, const uint8_t id[4]);"
        )["FUNCTIONS"]
        self.assertEqual(functions["iovp_a"], (ctypes.c_char_p,))
        result, out, identifier = functions["iovp_b"]
        self.assertIsNone(result)
        self.assertEqual(out._type_._type_.__name__, "iovp_d")
        self.assertIs(identifier, ctypes.POINTER(ctypes.c_uint8))

    def test_initialiser(self):
        names = module("#define IOVP_M 7u\n#define IOVP_S_INIT \\\n"
                       "    { sizeof(iovp_s), IOVP_M, 0, { 0, 0 }, NULL }\n"
                       "typedef struct iovp_s { uint32_t size, mode, x;\n"
                       "uint32_t reserved[2]; void *ud; } iovp_s;")
        s = names["iovp_s"]()
        self.assertEqual((s.size, s.mode, s.x, s.ud), (32, 7, 0, None))
        self.assertEqual(names["iovp_s"](mode=1).mode, 1)

    def test_initialiser_of_nested_structures(self):
        names = module("#define IOVP_IN_INIT { sizeof(iovp_in), 5 }\n"
                       "#define IOVP_S_INIT { sizeof(iovp_s), IOVP_IN_INIT, \\"
                       "\n    {IOVP_IN_INIT, IOVP_IN_INIT}, NULL }\n"
                       "typedef struct iovp_in { uint32_t size, x; } iovp_in;"
                       "typedef struct iovp_s { uint32_t size; iovp_in one;"
                       "iovp_in two[2]; const iovp_in *p; } iovp_s;")
        s = names["iovp_s"]()
        self.assertEqual((s.one.size, s.one.x), (8, 5))
        self.assertEqual([(i.size, i.x) for i in s.two], [(8, 5)] * 2)
        s.one.x = 6
        self.assertEqual(names["iovp_s"]().one.x, 5)

    def test_functions_of_another_library(self):
        names = module("IOVP_API int iovp_there(void);\n"
                       "IOVP_API int iovp_missing(int a);")

        class Library:
            def __init__(self):
                self.iovp_there = lambda: 0

        library = names["bind"](Library())
        self.assertIs(library.iovp_there.restype, ctypes.c_int)
        self.assertFalse(hasattr(library, "iovp_missing"))

    def test_types_for_dlsym(self):
        text = gen.dl_header(gen.Header([
            "typedef struct iovp_d iovp_d;\n"
            "IOVP_API const char *iovp_a(iovp_d **out, const void *buf, "
            "int (*fn)(void *ud));"]))
        self.assertIn("typedef const char *iovp_dl_a(iovp_d **out, "
                      "const void *buf,\n    int (*fn)(void *ud));", text)

    def test_c_repeats_what_was_read(self):
        text = ("IOVP_API const char *iovp_a(int32_t (*fn)(void *ud), "
                "const void *buf, size_t *n);")
        header = gen.Header([text])
        self.assertIn("const char *iovp_a(int32_t (*fn)(void *ud), "
                      "const void *buf, size_t *n);",
                      gen.listing(header))
        self.assertIn("return 0;", gen.stub(header))


class Refuses(unittest.TestCase):
    def test_what_it_does_not_know(self):
        for text in ("typedef enum iovp_e { IOVP_X } iovp_e;",
                     "typedef struct iovp_s { uint32_t a : 3; } iovp_s;",
                     "typedef struct iovp_s { unsigned a; } iovp_s;",
                     "typedef struct iovp_s { union { int a; }; } iovp_s;",
                     "IOVP_API int iovp_f(const char *text, ...);",
                     "IOVP_API long iovp_f(void);",
                     "int iovp_f(void);",
                     "IOVP_API int iovp_x;",
                     "typedef struct iovp_s { struct { int a; } b[2]; }"
                     " iovp_s;",
                     "static inline int iovp_f(void) { return 0; }",
                     "#if IOVP_UNSTABLE\n#endif",
                     "#define IOVP_MIN(a, b) a",
                     "#define IOVP_A ~0u",
                     "#pragma pack(1)"):
            with self.subTest(text), self.assertRaises(gen.Unknown):
                gen.emit(gen.Header([text]))


if __name__ == "__main__":
    sys.exit(main())
