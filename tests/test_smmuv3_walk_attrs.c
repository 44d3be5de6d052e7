/* SPDX-License-Identifier: MIT */
/*
 * Attributes of the SMMU's own accesses: S1CIR, S1COR, S1CSH, IRx, ORx, SHx,
 * S2IR0, S2OR0, S2SH0 (5.2, 5.4).
 */
#include "shim.h"
#include "smmu_scene.h"

#define VA    0x1000ull
#define NON   0u
#define OUTER 2u
#define INNER 3u

struct seen {
    uint64_t addr;
    struct iovp_bus_attrs attrs;
    unsigned count;
};

static void look(struct bench *b, uint64_t addr, uint32_t len)
{
    struct seen *s = b->user;

    (void)len;
    if (addr != s->addr)
        return;
    s->attrs = b->last_read;
    s->count++;
}

static void expect_read(struct scene *sc, struct acc a, uint64_t addr,
                        unsigned type, unsigned sh)
{
    struct seen s = {.addr = addr};

    sc->b.user = &s;
    sc->b.on_read = look;
    scene_invalidate(sc);
    scene_do(sc, a);
    sc->b.on_read = NULL;
    CHECK_EQ(sc->r.status, IOVP_RESULT_OK);
    CHECK_EQ(s.count, 1);
    CHECK_EQ(s.attrs.mem_type, type);
    CHECK_EQ(s.attrs.shareability, sh);
}

/* Cacheability: NC, WB RA WA, WT RA, WB RA no WA. */
static const uint8_t region[4] = {0x4, 0xf, 0xa, 0xe};

/* SH: reserved 0b01 behaves as 0b00; iNC-oNC is Outer Shareable. */
static unsigned region_sh(unsigned ic, unsigned oc, unsigned sh)
{
    return ic == 0 && oc == 0 ? OUTER : sh == 1 ? NON : sh;
}

TEST_CASE(WalkAttrs, Stage1TableWalk)
{
    struct scene sc;
    struct stream st;
    unsigned i;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    tree_set(&sc, &st.s1, VA, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    for (i = 0; i < 64; i++) {
        unsigned ic = i & 3, oc = i >> 2 & 3, sh = i >> 4;

        tb_put(st.cd, T_CD_IR0, ic);
        tb_put(st.cd, T_CD_OR0, oc);
        tb_put(st.cd, T_CD_SH0, sh);
        stream_write(&sc, &st);
        expect_read(&sc, acc(5, VA, "r"), tree_slot(&sc, &st.s1, VA, 2),
                    (unsigned)region[oc] << 4 | region[ic],
                    region_sh(ic, oc, sh));
    }
    scene_close(&sc);
}

TEST_CASE(WalkAttrs, Stage2TableWalk)
{
    struct scene sc;
    struct stream st;
    unsigned i;

    scene_open(&sc);
    stream_s2(&sc, &st, 6, 12, 40, 1);
    tree_set(&sc, &st.s2, VA, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    for (i = 0; i < 64; i++) {
        unsigned ic = i & 3, oc = i >> 2 & 3, sh = i >> 4;

        tb_put(st.ste, T_STE_S2IR0, ic);
        tb_put(st.ste, T_STE_S2OR0, oc);
        tb_put(st.ste, T_STE_S2SH0, sh);
        stream_write(&sc, &st);
        expect_read(&sc, acc(6, VA, "r"), tree_slot(&sc, &st.s2, VA, 3),
                    (unsigned)region[oc] << 4 | region[ic],
                    region_sh(ic, oc, sh));
    }
    scene_close(&sc);
}

/* S1CIR, S1COR: the same but for the write hint, which is our choice. */
TEST_CASE(WalkAttrs, CdFetch)
{
    struct scene sc;
    struct stream st;

    scene_open(&sc);
    stream_s1(&sc, &st, 5, 12, 48);
    tree_set(&sc, &st.s1, VA, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    tb_put(st.ste, T_STE_S1CIR, 0);
    tb_put(st.ste, T_STE_S1COR, 0);
    tb_put(st.ste, T_STE_S1CSH, 3);
    stream_write(&sc, &st);
    expect_read(&sc, acc(5, VA, "r"), st.cd_at, 0x44, OUTER);
    tb_put(st.ste, T_STE_S1COR, 2);
    tb_put(st.ste, T_STE_S1CSH, 1);
    stream_write(&sc, &st);
    expect_read(&sc, acc(5, VA, "r"), st.cd_at, 0xa4, NON);
    scene_close(&sc);
}

/* 5.2 S1CIR: with stage 2 combined with the page that maps the structure. */
TEST_CASE(WalkAttrs, NestedReadsCombineWithStage2)
{
    struct scene sc;
    struct stream st;
    uint64_t block;

    scene_open(&sc);
    stream_nested(&sc, &st, 7, 12, 12);
    tree_set(&sc, &st.s1, VA, 3, 0x5000 | D_PAGE | D_S1_RW);
    tree_set(&sc, &st.s2, 0x5000, 3, SOMEWHERE | D_PAGE | D_S2_RW);
    stream_write(&sc, &st);
    expect_read(&sc, acc(7, VA, "r"), st.cd_at, 0xff, INNER);
    expect_read(&sc, acc(7, VA, "r"), tree_slot(&sc, &st.s1, VA, 1), 0xff,
                INNER);
    /* The block of RAM that holds both: write-through, Outer Shareable. */
    block = st.cd_at & ~0x1fffffull;
    tree_set(&sc, &st.s2, block + NEST_BIAS, 2,
             block | D_BLOCK | D_AF | D_S2AP(3) | D_S2MEM(0xa) | D_SH(2));
    expect_read(&sc, acc(7, VA, "r"), st.cd_at, 0xbb, OUTER);
    expect_read(&sc, acc(7, VA, "r"), tree_slot(&sc, &st.s1, VA, 1), 0xbb,
                OUTER);
    /* Non-cacheable at stage 2. */
    tree_set(&sc, &st.s2, block + NEST_BIAS, 2,
             block | D_BLOCK | D_AF | D_S2AP(3) | D_S2MEM(5));
    expect_read(&sc, acc(7, VA, "r"), st.cd_at, 0x44, OUTER);
    scene_close(&sc);
}
