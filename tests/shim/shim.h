/* SPDX-License-Identifier: MIT */
/*
 * Tests are written in C; this shim hands them to googletest, or to a small
 * plain runner where there is no C++ compiler (shim_plain.c).
 *
 *     TEST_CASE(Suite, Name)
 *     {
 *         CHECK_EQ(1 + 1, 2);
 *     }
 *
 * A test file is one program: no main, no list of tests.  REQUIRE, FAIL_TEST
 * and SKIP_TEST return from the function that they stand in, which must be
 * void; the CHECKs record a failure and go on.
 */
#ifndef IOVP_SHIM_H
#define IOVP_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct shim_case {
    const char *suite;
    const char *name;
    void (*run)(void);
    const char *file;
    int line;
    struct shim_case *next;
};

#define TEST_CASE(Suite, Name)                                               \
    static void shim_run_##Suite##_##Name(void);                             \
    static struct shim_case shim_case_##Suite##_##Name = {                   \
        #Suite, #Name, shim_run_##Suite##_##Name, __FILE__, __LINE__, NULL}; \
    __attribute__((constructor)) static void shim_add_##Suite##_##Name(void) \
    {                                                                        \
        shim_register(&shim_case_##Suite##_##Name);                          \
    }                                                                        \
    static void shim_run_##Suite##_##Name(void)

#define CHECK(cond) \
    ((void)((cond) ? 1 : (shim_fail(__FILE__, __LINE__, "%s", #cond), 0)))

/* Integers, enums and booleans, compared as 64 bits (sign extended). */
#define CHECK_EQ(a, b) \
    shim_eq(__FILE__, __LINE__, #a, #b, (uint64_t)(a), (uint64_t)(b))

/* Strings; NULL equals only NULL. */
#define CHECK_STR(a, b) shim_str(__FILE__, __LINE__, #a, #b, (a), (b))

#define CHECK_MEM(a, b, n) shim_mem(__FILE__, __LINE__, #a, #b, (a), (b), (n))

#define REQUIRE(cond)                                   \
    do {                                                \
        if (!(cond)) {                                  \
            shim_fail(__FILE__, __LINE__, "%s", #cond); \
            return;                                     \
        }                                               \
    } while (0)

#define FAIL_TEST(...)                              \
    do {                                            \
        shim_fail(__FILE__, __LINE__, __VA_ARGS__); \
        return;                                     \
    } while (0)

#define SKIP_TEST(reason)                        \
    do {                                         \
        shim_skip(__FILE__, __LINE__, (reason)); \
        return;                                  \
    } while (0)

/* ---- what the macros call -------------------------------------------- */

void shim_register(struct shim_case *c);
void shim_fail(const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void shim_skip(const char *file, int line, const char *reason);
void shim_eq(const char *file, int line, const char *ea, const char *eb,
             uint64_t a, uint64_t b);
void shim_str(const char *file, int line, const char *ea, const char *eb,
              const char *a, const char *b);
void shim_mem(const char *file, int line, const char *ea, const char *eb,
              const void *a, const void *b, size_t n);

/* ---- between shim.c and the back ends -------------------------------- */

/* The cases in the order of registration. */
struct shim_case *shim_cases(void);

/* The last line of a test program's output, which ./check adds up. */
void shim_summary(int passed, int failed, int skipped);

/* A back end has these and main. */
void shim_backend_fail(const char *file, int line, const char *message);
void shim_backend_skip(const char *file, int line, const char *reason);

#ifdef __cplusplus
}
#endif

#endif
