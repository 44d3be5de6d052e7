/* SPDX-License-Identifier: MIT */
/* Wrong arguments of functions about domains and processes. */
#include <string.h>

#include "misuse_scene.h"
#include "shim.h"

#define NONE      IOVP_NO_PASID
#define RUN(name) static void run_##name(struct misuse_scene *s)
#define CTX       (s->v.c)
#define DOM       ((iovp_domain *)s->h[K_DOMAIN])
#define PROC      ((iovp_process *)s->h[K_PROCESS])

/* No argument but a handle. */
RUN(destroy)
{
    CHECK(s);
}

/* ---- domains ------------------------------------------------------------ */

#define DOMAIN(want, field, value)                                        \
    do {                                                                  \
        iovp_domain_config c = good;                                      \
        c.field = (value);                                                \
        GIVES(want, iovp_domain_create(WORD(s, iovp_domain *), CTX, &c)); \
    } while (0)

RUN(domain_create)
{
    const iovp_domain_config good = {.size = sizeof(good),
                                     .stage = IOVP_STAGE_1};
    iovp_table t = misuse_binding().stage1;

    GIVES(IOVP_E_INVALID, iovp_domain_create(NULL, CTX, &good));
    GIVES(IOVP_E_INVALID,
          iovp_domain_create(WORD(s, iovp_domain *), CTX, NULL));
    DOMAIN(IOVP_E_INVALID, stage, 0);
    DOMAIN(IOVP_E_INVALID, stage, 3);
    DOMAIN(IOVP_E_INVALID, stage, UINT32_MAX);
    DOMAIN(IOVP_E_INVALID, flags, 2);
    DOMAIN(IOVP_E_INVALID, reserved, 1);
    DOMAIN(IOVP_E_UNSUPPORTED, page_bits, 1);
    DOMAIN(IOVP_E_UNSUPPORTED, page_bits, 13);
    DOMAIN(IOVP_E_UNSUPPORTED, page_bits, 256 + 12);
    DOMAIN(IOVP_E_UNSUPPORTED, page_bits, UINT32_MAX);
    DOMAIN(IOVP_E_UNSUPPORTED, input_bits, 1);
    DOMAIN(IOVP_E_UNSUPPORTED, input_bits, 65);
    DOMAIN(IOVP_E_UNSUPPORTED, input_bits, 256 + 48);
    DOMAIN(IOVP_E_UNSUPPORTED, input_bits, UINT32_MAX);
    t.type = IOVP_TABLE_SMMUV3_S2;
    DOMAIN(IOVP_E_UNSUPPORTED, table, &t);
    t = misuse_binding().stage1;
    t.word[0] = 0;
    DOMAIN(IOVP_E_INVALID, table, &t);
    t = misuse_binding().stage1;
    t.reserved[1] = 1;
    DOMAIN(IOVP_E_INVALID, table, &t);
}

RUN(domain_attach)
{
    iovp_domain *of_process = sva_domain(PROC);

#define ATTACH(d, pasid) iovp_domain_attach(DOM, d, pasid)
    GIVES(IOVP_E_BUSY, ATTACH(s->v.plain, NONE));
    GIVES(IOVP_E_INVALID, ATTACH(s->v.small, 0));
    GIVES(IOVP_E_INVALID, ATTACH(s->v.small, 4));
    GIVES(IOVP_E_INVALID, ATTACH(s->v.small, 1u << 20));
    GIVES(IOVP_E_INVALID, ATTACH(s->v.small, NONE - 1));
    GIVES(IOVP_E_UNSUPPORTED, ATTACH(s->v.plain, 1));
    GIVES(IOVP_E_BUSY, ATTACH(s->v.rigid, SCENE_GUEST));
    GIVES(IOVP_E_BUSY, ATTACH(s->v.twin, s->pasid));
    GIVES(IOVP_E_UNSUPPORTED, ATTACH(s->v.raw, NONE));
    GIVES(IOVP_E_INVALID, iovp_domain_attach(of_process, s->v.small, NONE));
}

RUN(domain_detach)
{
    iovp_domain *of_process = sva_domain(PROC);

#define DETACH(d, pasid) iovp_domain_detach(DOM, d, pasid)
    GIVES(IOVP_E_NOTFOUND, DETACH(s->v.plain, 1));
    GIVES(IOVP_E_NOTFOUND, DETACH(s->v.npu, s->pasid));
    GIVES(IOVP_E_NOTFOUND, DETACH(s->v.rigid, SCENE_GUEST));
    GIVES(IOVP_E_NOTFOUND, DETACH(s->v.raw, NONE));
    GIVES(IOVP_E_INVALID, DETACH(s->v.plain, 1u << 20));
    GIVES(IOVP_E_INVALID, iovp_domain_detach(of_process, s->v.npu, s->pasid));
    iovp_domain_destroy(of_process);
    CHECK(strstr(iovp_last_error(), "process"));
}

RUN(domain_windows)
{
    GIVES(IOVP_E_INVALID, iovp_domain_windows(DOM, LIST(s, iovp_window, 4),
                                              NULL, OUT(s, iovp_window_info)));
    GIVES(IOVP_E_INVALID, iovp_domain_windows(DOM, NULL, misuse_count(s, 1),
                                              OUT(s, iovp_window_info)));
}

#define REQUIRE_ONE(want, field, value)              \
    do {                                             \
        w[1] = w[0];                                 \
        w[1].field = (value);                        \
        GIVES(want, iovp_domain_require(DOM, w, 2)); \
    } while (0)

RUN(domain_require)
{
    static iovp_window w[65];

    for (size_t i = 0; i < 65; i++)
        w[i] = (iovp_window){sizeof(w[0]), IOVP_WINDOW_USABLE, SCENE_MAPPED,
                             SCENE_MAPPED + 0xfff};
    GIVES(IOVP_E_INVALID, iovp_domain_require(DOM, NULL, 1));
    GIVES(IOVP_E_LIMIT, iovp_domain_require(DOM, w, 65));
    GIVES(IOVP_E_LIMIT, iovp_domain_require(DOM, w, SIZE_MAX));
    REQUIRE_ONE(IOVP_E_INVALID, kind, IOVP_WINDOW_MSI);
    REQUIRE_ONE(IOVP_E_INVALID, kind, UINT32_MAX);
    REQUIRE_ONE(IOVP_E_INVALID, last, SCENE_MAPPED - 1);
    REQUIRE_ONE(IOVP_E_RANGE, last, UINT64_MAX);
    REQUIRE_ONE(IOVP_E_RANGE, first, 0); /* across that of interrupts */
    REQUIRE_ONE(IOVP_E_INVALID, size, sizeof(w[0]) + 8);
    REQUIRE_ONE(IOVP_E_INVALID, size, 0);
}

RUN(domain_reserve)
{
#define RESERVE(bytes, align) \
    iovp_domain_reserve(DOM, bytes, align, WORD(s, uint64_t))
    GIVES(IOVP_E_INVALID, iovp_domain_reserve(DOM, 1, 0, NULL));
    GIVES(IOVP_E_INVALID, RESERVE(0, 0));
    GIVES(IOVP_E_INVALID, RESERVE(1, 3));
    GIVES(IOVP_E_INVALID, RESERVE(1, 0x3000));
    GIVES(IOVP_E_INVALID, RESERVE(1, UINT64_MAX));
    GIVES(IOVP_E_RANGE, RESERVE(UINT64_MAX, 0));
    GIVES(IOVP_E_RANGE, RESERVE(1ull << 63, 1ull << 63));
    GIVES(IOVP_E_RANGE, RESERVE(1ull << 49, 0));
}

RUN(domain_unreserve)
{
    uint64_t at = s->reserved;

    GIVES(IOVP_E_NOTFOUND, iovp_domain_unreserve(DOM, at + 0x1000));
    GIVES(IOVP_E_NOTFOUND, iovp_domain_unreserve(DOM, at + 1));
    GIVES(IOVP_E_NOTFOUND, iovp_domain_unreserve(DOM, UINT64_MAX));
    GIVES(IOVP_E_NOTFOUND, iovp_domain_unreserve(DOM, SCENE_MAPPED));
}

/* Where *iova must stay as it is. */
static void map(struct misuse_scene *s, iovp_status want, uint32_t flags,
                uint64_t iova, uint64_t pa, uint64_t bytes, uint32_t rights)
{
    uint64_t at = iova;

    GIVES(want, iovp_domain_map(DOM, flags, &at, pa, bytes, rights));
    CHECK_EQ(iova, at);
}

RUN(domain_map)
{
    const uint64_t at = SCENE_HOLE, pa = SVA_PA(3), page = SVA_PAGE;
    uint64_t iova = at;

    GIVES(IOVP_E_INVALID, iovp_domain_map(DOM, 0, NULL, pa, page, SVA_RW));
    for (uint32_t fixed = 0; fixed <= IOVP_MAP_FIXED; fixed++) {
        map(s, IOVP_E_INVALID, fixed | 2, at, pa, page, SVA_RW);
        map(s, IOVP_E_INVALID, fixed | 1u << 31, at, pa, page, SVA_RW);
        map(s, IOVP_E_INVALID, fixed, at, pa + 1, page, SVA_RW);
        map(s, IOVP_E_INVALID, fixed, at, UINT64_MAX, page, SVA_RW);
        map(s, IOVP_E_INVALID, fixed, at, 1ull << 52, page, SVA_RW);
        map(s, IOVP_E_INVALID, fixed, at, UINT64_MAX - 0xfff, page, SVA_RW);
        map(s, IOVP_E_INVALID, fixed, at, pa, 0, SVA_RW);
        map(s, IOVP_E_INVALID, fixed, at, pa, 1, SVA_RW);
        map(s, IOVP_E_INVALID, fixed, at, pa, page - 1, SVA_RW);
        map(s, IOVP_E_INVALID, fixed, at, pa, UINT64_MAX, SVA_RW);
        map(s, IOVP_E_INVALID, fixed, at, pa, UINT64_MAX - 0xfff, SVA_RW);
        map(s, IOVP_E_INVALID, fixed, at, pa, page, 0);
        map(s, IOVP_E_INVALID, fixed, at, pa, page, 64);
        map(s, IOVP_E_INVALID, fixed, at, pa, page, UINT32_MAX);
    }
    map(s, IOVP_E_INVALID, IOVP_MAP_FIXED, at + 8, pa, page, SVA_RW);
    map(s, IOVP_E_RANGE, IOVP_MAP_FIXED, UINT64_MAX - 0xfff, pa, page, SVA_RW);
    map(s, IOVP_E_RANGE, IOVP_MAP_FIXED, UINT64_MAX - 0xfff, pa, 2 * page,
        SVA_RW);
    map(s, IOVP_E_RANGE, IOVP_MAP_FIXED, 1ull << 48, pa, page, SVA_RW);
    map(s, IOVP_E_RANGE, IOVP_MAP_FIXED, 0x8000000, pa, page, SVA_RW);
    map(s, IOVP_E_RANGE, IOVP_MAP_FIXED, SCENE_MAPPED, pa, page, SVA_RW);
    map(s, IOVP_E_RANGE, IOVP_MAP_FIXED, SCENE_MAPPED - page, pa, 2 * page,
        SVA_RW);
    GIVES(IOVP_E_STALE, iovp_domain_map(sva_domain(s->ended), IOVP_MAP_FIXED,
                                        &iova, pa, page, SVA_RW));
}

RUN(domain_unmap)
{
#define UNMAP(first, last) \
    iovp_domain_unmap(DOM, first, last, WORD(s, uint64_t))
    const uint64_t at = SCENE_MAPPED;

    GIVES(IOVP_E_INVALID, UNMAP(1, 0));
    GIVES(IOVP_E_INVALID, UNMAP(UINT64_MAX, 0));
    GIVES(IOVP_E_INVALID, UNMAP(at + 0x1fff, at));
    GIVES(IOVP_E_RANGE, UNMAP(at, at));
    GIVES(IOVP_E_RANGE, UNMAP(at + 1, at + 0x1fff));
    GIVES(IOVP_E_RANGE, UNMAP(at, at + 0x1ffe));
    GIVES(IOVP_E_RANGE, UNMAP(0, at));
    GIVES(IOVP_E_RANGE, UNMAP(at + 0x1fff, UINT64_MAX));
}

/* ---- processes ---------------------------------------------------------- */

#define PROCESS(want, field, value)                                         \
    do {                                                                    \
        iovp_process_config c = good;                                       \
        c.field = (value);                                                  \
        GIVES(want, iovp_process_create(WORD(s, iovp_process *), CTX, &c)); \
    } while (0)

RUN(process_create)
{
    const iovp_process_config good = IOVP_PROCESS_CONFIG_INIT;
    iovp_table t = misuse_binding().stage1;

    GIVES(IOVP_E_INVALID, iovp_process_create(NULL, CTX, &good));
    GIVES(IOVP_E_INVALID,
          iovp_process_create(WORD(s, iovp_process *), CTX, NULL));
    PROCESS(IOVP_E_INVALID, reserved, 1);
    t.type = IOVP_TABLE_SMMUV3_S2;
    PROCESS(IOVP_E_UNSUPPORTED, table, &t);
    t.type = IOVP_TABLE_VTD_FIRST;
    PROCESS(IOVP_E_UNSUPPORTED, table, &t);
    t = misuse_binding().stage1;
    t.size = 0;
    PROCESS(IOVP_E_INVALID, table, &t);
}

RUN(process_domain)
{
    GIVES(IOVP_E_INVALID, iovp_process_domain(PROC, NULL));
}

RUN(process_invalidate)
{
    GIVES(IOVP_E_INVALID, iovp_process_invalidate(PROC, 1, 0));
    GIVES(IOVP_E_INVALID, iovp_process_invalidate(PROC, UINT64_MAX, 0));
}

RUN(process_exit)
{
    GIVES(IOVP_E_STALE, iovp_process_exit(s->ended));
}

RUN(sva_bind)
{
    iovp_sva_config c = {.size = sizeof(c), .flags = IOVP_SVA_NO_FAULTS};

#define SVA(d, config) iovp_sva_bind(PROC, d, config, WORD(s, uint32_t))
    GIVES(IOVP_E_INVALID, iovp_sva_bind(PROC, s->v.rigid, &c, NULL));
    GIVES(IOVP_E_BUSY, SVA(s->v.npu, NULL));
    GIVES(IOVP_E_UNSUPPORTED, SVA(s->v.rigid, NULL));
    GIVES(IOVP_E_UNSUPPORTED, SVA(s->v.plain, &c));
    GIVES(IOVP_E_UNSUPPORTED, SVA(s->v.raw, &c));
    GIVES(IOVP_E_UNSUPPORTED, SVA(s->v.far, &c));
    GIVES(IOVP_E_STALE,
          iovp_sva_bind(s->ended, s->v.rigid, &c, WORD(s, uint32_t)));
    c.flags = 4;
    GIVES(IOVP_E_INVALID, SVA(s->v.rigid, &c));
    c.flags = UINT32_MAX;
    GIVES(IOVP_E_INVALID, SVA(s->v.rigid, &c));
    c.flags = IOVP_SVA_NO_PASID | IOVP_SVA_NO_FAULTS;
    GIVES(IOVP_E_BUSY, SVA(s->v.plain, &c));
}

RUN(sva_unbind)
{
    GIVES(IOVP_E_NOTFOUND, iovp_sva_unbind(PROC, s->v.twin));
    GIVES(IOVP_E_NOTFOUND, iovp_sva_unbind(PROC, s->v.raw));
    GIVES(IOVP_E_NOTFOUND, iovp_sva_unbind(s->ended, s->v.npu));
}

#define ROW(name)                 \
    {                             \
        "iovp_" #name, run_##name \
    }

const struct misuse misuse_domain[] = {
    {"iovp_domain_destroy", run_destroy},
    {"iovp_process_destroy", run_destroy},
    ROW(domain_create),
    ROW(domain_attach),
    ROW(domain_detach),
    ROW(domain_windows),
    ROW(domain_require),
    ROW(domain_reserve),
    ROW(domain_unreserve),
    ROW(domain_map),
    ROW(domain_unmap),
    ROW(process_create),
    ROW(process_domain),
    ROW(process_invalidate),
    ROW(process_exit),
    ROW(sva_bind),
    ROW(sva_unbind),
};

const size_t misuse_domain_count =
    sizeof(misuse_domain) / sizeof(misuse_domain[0]);
