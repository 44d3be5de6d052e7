/* SPDX-License-Identifier: MIT */
/* ops.invalidated: what is told of each command, and which regimes and
 * addresses iovp_iommu_ops.touches finds in it. */
#include <stdlib.h>
#include <string.h>

#include "shim.h"
#include "smmu_scene.h"

#define TOLD 16

static struct {
    unsigned count;
    struct iovp_invalidation i[TOLD];
    uint64_t dropped; /* entries of all caches, when told */
    unsigned smmuen;
} told;

static uint64_t dropped(const struct bench *b)
{
    uint64_t n = 0;
    unsigned i;

    for (i = 0; i < IOVP_CACHES; i++)
        n += smmuv3_cache_stats(b->s, (enum iovp_cache_id)i)->invalidations;
    return n;
}

static void on_invalidated(struct bench *b, const struct iovp_invalidation *i)
{
    static const struct iovp_attrs a = {.stream_id = 1};
    struct iovp_regime r;

    if (told.count < TOLD)
        told.i[told.count] = *i;
    told.count++;
    told.dropped = dropped(b);
    /* The operations may be called from here. */
    smmuv3_iommu_ops.regime(b->s, &a, &r);
    told.smmuen = r.state != IOVP_STATE_OFF && r.state != IOVP_STATE_BLOCKED;
}

static void open_told(struct scene *sc)
{
    scene_open(sc);
    sc->b.on_invalidated = on_invalidated;
    told.count = 0;
}

static const struct iovp_invalidation *command(struct scene *sc, uint64_t w0,
                                               uint64_t w1)
{
    told.count = 0;
    memset(told.i, 0, sizeof(told.i));
    CHECK_EQ(bench_command(&sc->b, w0, w1), SMMU_CERROR_NONE);
    return told.i;
}

/* ---- configuration (4.3)
 * ------------------------------------------------------ */

static void expect_config(struct scene *sc, uint64_t w0, uint64_t w1,
                          unsigned kind, uint32_t first, uint32_t last,
                          uint32_t pasid)
{
    const struct iovp_invalidation *i = command(sc, w0, w1);

    CHECK_EQ(told.count, 1);
    CHECK_EQ(i->kind, kind);
    CHECK_EQ(i->stream_first, first);
    CHECK_EQ(i->stream_last, last);
    CHECK_EQ(i->pasid, pasid);
}

TEST_CASE(Invalidated, Configuration)
{
    const uint64_t sid = 0x123456ull << 32;
    struct scene sc;

    open_told(&sc);
    expect_config(&sc, 0x03 | sid, 1, IOVP_INVALIDATE_STREAMS, 0x123456,
                  0x123456, 0);
    /* Range 3: 2^4 StreamIDs; 31: all of them. */
    expect_config(&sc, 0x04 | sid, 3, IOVP_INVALIDATE_STREAMS, 0x123450,
                  0x12345f, 0);
    expect_config(&sc, 0x04 | sid, 31, IOVP_INVALIDATE_STREAMS, 0, UINT32_MAX,
                  0);
    expect_config(&sc, 0x05 | sid | 0xabcdeull << 12, 1, IOVP_INVALIDATE_PASID,
                  0x123456, 0x123456, 0xabcde);
    expect_config(&sc, 0x06 | sid, 0, IOVP_INVALIDATE_PASID_ALL, 0x123456,
                  0x123456, 0);
    scene_close(&sc);
}

TEST_CASE(Invalidated, CachesAreCleanByThen)
{
    static const uint64_t commands[][2] = {
        {0x03 | 3ull << 32, 0}, {0x05 | 3ull << 32, 0}, {0x30, 0}};
    struct scene sc;
    struct stream st;
    unsigned i;

    open_told(&sc);
    stream_s1(&sc, &st, 3, 12, 48);
    tree_set(&sc, &st.s1, 0x1000, 3, 0x90001000 | D_PAGE | D_S1_RW);
    stream_write(&sc, &st);
    for (i = 0; i < 3; i++) {
        uint64_t before;

        EXPECT_OK(&sc, acc(3, 0x1000, "r"), 0x90001000);
        before = dropped(&sc.b);
        command(&sc, commands[i][0], commands[i][1]);
        CHECK_EQ(told.count, 1);
        CHECK(told.dropped > before);
        CHECK_EQ(told.dropped, dropped(&sc.b));
    }
    scene_close(&sc);
}

/* Neither commands that invalidate nothing, nor translations, nor looks. */
TEST_CASE(Invalidated, NothingElseIsTold)
{
    struct scene sc;
    struct stream st;

    open_told(&sc);
    stream_bypass(&st, 3);
    stream_write(&sc, &st);
    told.count = 0;
    scene_do(&sc, acc(3, 0x1000, "r"));
    scene_debug(&sc, acc(3, 0x1000, "r"));
    bench_command(&sc.b, 0x01 | 3ull << 32, 0); /* CMD_PREFETCH_CONFIG */
    bench_command(&sc.b, 0x46, 0);              /* CMD_SYNC */
    bench_w32(&sc.b, SMMU_GBPA, SMMU_GBPA_UPDATE);
    bench_w32(&sc.b, SMMU_IRQ_CTRL, 1);
    CHECK_EQ(told.count, 0);
    scene_close(&sc);
}

/* ---- TLB (4.4)
 * ------------------------------------------------------------------ */

#define VMID(n) ((uint64_t)(n) << 32)
#define ASID(n) ((uint64_t)(n) << 48)

/* The regimes that a command is tried on. */
enum { S1, S1_OTHER_ASID, S1_OTHER_VMID, NESTED, S2, EL2, E2H, REGIMES };

#define IN(n) (1u << (n))
#define EL1   (IN(S1) | IN(S1_OTHER_ASID) | IN(S1_OTHER_VMID) | IN(NESTED))

static void make_regimes(struct scene *sc, struct iovp_regime r[REGIMES])
{
    unsigned i;

    for (i = 0; i < REGIMES; i++) {
        struct acc how = acc(i + 1, 0, "r");
        struct iovp_attrs a = acc_attrs(&how);
        struct stream st;

        if (i == S2)
            stream_s2(sc, &st, i + 1, 12, 44, 0);
        else if (i == NESTED)
            stream_nested(sc, &st, i + 1, 12, 12);
        else
            stream_s1(sc, &st, i + 1, 12, 48);
        tb_put(st.ste, T_STE_S2VMID, i == S1_OTHER_VMID ? 2 : 1);
        tb_put(st.cd, T_CD_ASID, i == S1_OTHER_ASID ? 8 : 7);
        if (i == EL2 || i == E2H)
            tb_put(st.ste, T_STE_STRW, 2);
        scene_cr2(sc, i == E2H);
        stream_write(sc, &st);
        smmuv3_iommu_ops.regime(sc->b.s, &a, &r[i]);
        CHECK_EQ(r[i].state, IOVP_STATE_TRANSLATED);
    }
}

struct row {
    uint64_t w0, w1;
    unsigned e2h; /* CR2.E2H */
    unsigned in;  /* the regimes that it covers */
    uint64_t first, last;
};

#define VA   0x12345678000ull
#define TOP  0xffffffffffffull /* of 48 bits */
#define TOP2 0xfffffffffffull  /* of stage 2 alone */

/* A regime answers with what it can translate of the range. */
static void expect_row(struct scene *sc, const struct iovp_regime *r,
                       const struct row *row)
{
    unsigned in = 0, i, k;
    uint64_t first, last;

    scene_cr2(sc, row->e2h);
    command(sc, row->w0, row->w1);
    CHECK(told.count >= 1 && told.count <= 2);
    for (k = 0; k < told.count; k++) {
        CHECK_EQ(told.i[k].kind, IOVP_INVALIDATE_TLB);
        for (i = 0; i < REGIMES; i++) {
            uint64_t top = i == S2 ? TOP2 : TOP;

            if (!smmuv3_iommu_ops.touches(&told.i[k], &r[i], &first, &last))
                continue;
            in |= IN(i);
            if (i == NESTED && (row->w0 & 0xff) == 0x2a)
                continue; /* see StageTwoAloneIsEverything */
            CHECK_EQ(first, row->first);
            CHECK_EQ(last, row->last < top ? row->last : top);
        }
    }
    if (in != row->in)
        REPORT("command %#llx: %#x, not %#x", (unsigned long long)row->w0, in,
               row->in);
}

TEST_CASE(Invalidated, TlbCommandsAndRegimes)
{
    static const struct row rows[] = {
        /* NH_ALL, NH_ASID, NH_VA, NH_VAA */
        {0x10 | VMID(1), 0, 0, EL1 & ~IN(S1_OTHER_VMID), 0, UINT64_MAX},
        {0x10 | VMID(2), 0, 0, IN(S1_OTHER_VMID), 0, UINT64_MAX},
        {0x11 | VMID(1) | ASID(8), 0, 0, IN(S1_OTHER_ASID), 0, UINT64_MAX},
        {0x11 | VMID(2) | ASID(8), 0, 0, 0, 0, 0},
        /* by VA global entries go, which every ASID may have */
        {0x12 | VMID(1) | ASID(8), VA, 0, EL1 & ~IN(S1_OTHER_VMID), VA,
         VA + 0xfff},
        {0x13 | VMID(1), VA | 1, 0, EL1 & ~IN(S1_OTHER_VMID), VA, VA + 0xfff},
        /* EL2_ALL, EL2_ASID, EL2_VA, EL2_VAA */
        {0x20, 0, 0, IN(EL2) | IN(E2H), 0, UINT64_MAX},
        {0x21 | ASID(7), 0, 1, IN(E2H), 0, UINT64_MAX},
        {0x21 | ASID(6), 0, 1, 0, 0, 0},
        {0x22 | ASID(6), VA, 0, IN(EL2), VA, VA + 0xfff},
        {0x22 | ASID(7), VA, 1, IN(E2H), VA, VA + 0xfff},
        {0x23, VA, 0, IN(EL2), VA, VA + 0xfff},
        {0x23, VA, 1, IN(E2H), VA, VA + 0xfff},
        /* S12_VMALL, S2_IPA, NSNH_ALL */
        {0x28 | VMID(1), 0, 0, (EL1 & ~IN(S1_OTHER_VMID)) | IN(S2), 0,
         UINT64_MAX},
        {0x2a | VMID(1), 0x5000, 0, IN(S2) | IN(NESTED), 0x5000, 0x5fff},
        {0x2a | VMID(2), 0x5000, 0, 0, 0, 0},
        {0x30, 0, 0, EL1 | IN(S2), 0, UINT64_MAX},
        /* 4.4.1.1: NUM 3, SCALE 1, TG 4KB: 4 << 1 pages */
        {0x13 | VMID(1) | 3ull << 12 | 1ull << 20, VA | 1ull << 10, 0,
         EL1 & ~IN(S1_OTHER_VMID), VA, VA + 0x7fff},
    };
    struct iovp_regime r[REGIMES];
    struct scene sc;
    unsigned i;

    open_told(&sc);
    make_regimes(&sc, r);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_row(&sc, r, &rows[i]);
    scene_close(&sc);
}

TEST_CASE(Invalidated, StageTwoAloneIsEverything)
{
    struct iovp_regime r[REGIMES];
    const struct iovp_invalidation *i;
    uint64_t first, last;
    struct scene sc;

    open_told(&sc);
    make_regimes(&sc, r);
    i = command(&sc, 0x2a | VMID(1), 0x5000);
    CHECK(smmuv3_iommu_ops.touches(i, &r[NESTED], &first, &last));
    CHECK_EQ(first, 0);
    CHECK_EQ(last, TOP);
    scene_close(&sc);
}

/* Addresses that the regime does not translate, and regimes without tables. */
TEST_CASE(Invalidated, NothingIsTouched)
{
    struct iovp_regime r[REGIMES], other;
    const struct iovp_invalidation *i;
    uint64_t first, last;
    struct scene sc;

    open_told(&sc);
    make_regimes(&sc, r);
    i = command(&sc, 0x13 | VMID(1), 1ull << 48);
    CHECK(!smmuv3_iommu_ops.touches(i, &r[S1], &first, &last));
    i = command(&sc, 0x2a | VMID(1), 1ull << 44);
    CHECK(!smmuv3_iommu_ops.touches(i, &r[S2], &first, &last));
    i = command(&sc, 0x30, 0);
    CHECK(smmuv3_iommu_ops.touches(i, &r[S1], &first, &last));
    other = r[S1];
    other.state = IOVP_STATE_INVALID;
    CHECK(!smmuv3_iommu_ops.touches(i, &other, &first, &last));
    i = command(&sc, 0x03, 0);
    CHECK(!smmuv3_iommu_ops.touches(i, &r[S1], &first, &last));
    scene_close(&sc);
}

/* 4.4: TBI may apply to the parameter; 3.4.1: what the address means then. */
TEST_CASE(Invalidated, TaggedAddresses)
{
    struct scene sc;
    struct stream st;
    struct tree upper;
    struct acc how = acc(3, 0, "r");
    struct iovp_attrs a = acc_attrs(&how);
    const struct iovp_invalidation *i;
    struct iovp_regime r;
    uint64_t first, last;

    open_told(&sc);
    stream_s1(&sc, &st, 3, 12, 48);
    tree_init(&sc, &upper, 12, 39, 1);
    cd_ttb1(st.cd, &upper);
    tb_put(st.cd, T_CD_TBI1, 1);
    stream_write(&sc, &st);
    smmuv3_iommu_ops.regime(sc.b.s, &a, &r);
    i = command(&sc, 0x13 | VMID(3), 0x5affff8000005000ull);
    CHECK(smmuv3_iommu_ops.touches(i, &r, &first, &last));
    CHECK_EQ(first, 0xffffff8000005000ull);
    CHECK_EQ(last, 0xffffff8000005fffull);
    /* TBI0 is clear. */
    i = command(&sc, 0x13 | VMID(3), 0x5a00000000005000ull);
    CHECK(!smmuv3_iommu_ops.touches(i, &r, &first, &last));
    /* Both ranges at once. */
    i = command(&sc, 0x10 | VMID(3), 0);
    CHECK(smmuv3_iommu_ops.touches(i, &r, &first, &last));
    CHECK_EQ(first, 0);
    CHECK_EQ(last, UINT64_MAX);
    scene_close(&sc);
}

/* ---- everything
 * ------------------------------------------------------------------ */

static void expect_reset(unsigned smmuen)
{
    CHECK_EQ(told.count, 1);
    CHECK_EQ(told.i[0].kind, IOVP_INVALIDATE_RESET);
    CHECK_EQ(told.i[0].stream_first, 0);
    CHECK_EQ(told.i[0].stream_last, UINT32_MAX);
    CHECK_EQ(told.i[0].first, 0);
    CHECK_EQ(told.i[0].last, UINT64_MAX);
    CHECK_EQ(told.smmuen, smmuen);
    told.count = 0;
}

TEST_CASE(Invalidated, SmmuenAndReset)
{
    struct scene sc;
    uint32_t cr0;

    open_told(&sc);
    cr0 = bench_r32(&sc.b, SMMU_CR0);
    bench_w32(&sc.b, SMMU_CR0, cr0 & ~SMMU_CR0_SMMUEN);
    expect_reset(0);
    bench_w32(&sc.b, SMMU_CR0, cr0 & ~SMMU_CR0_SMMUEN & ~SMMU_CR0_EVENTQEN);
    CHECK_EQ(told.count, 0);
    /* 6.3.14: this is what happens while SMMUEN is 0. */
    bench_w32(&sc.b, SMMU_GBPA, SMMU_GBPA_UPDATE | SMMU_GBPA_ABORT);
    expect_reset(0);
    bench_w32(&sc.b, SMMU_CR0, cr0);
    expect_reset(1);
    smmuv3_reset(sc.b.s);
    expect_reset(0);
    scene_close(&sc);
}

/* 6.3.9: CR0 takes effect when CR0ACK says so. */
TEST_CASE(Invalidated, SmmuenTakesItsTime)
{
    struct smmuv3_config c;
    struct scene sc;
    uint32_t cr0;
    bool more;

    bench_config(&c);
    c.timing.ack_cycles = 100;
    memset(&sc, 0, sizeof(sc));
    bench_create_with(&sc.b, &c);
    sc.b.on_invalidated = on_invalidated;
    told.count = 0;
    cr0 = SMMU_CR0_SMMUEN;
    bench_w32(&sc.b, SMMU_CR0, cr0);
    CHECK_EQ(told.count, 0);
    sc.b.now += 100 * (uint64_t)c.timing.clock_ps;
    smmuv3_work(sc.b.s, 1, &more);
    expect_reset(1);
    scene_close(&sc);
}
