/* SPDX-License-Identifier: MIT */
/*
 * Stage 1 permissions in each StreamWorld (13.4.1, Arm ARM D8.4), worked out
 * by hand: what an access may do is a string of r, w, x.
 */
#include <string.h>

#include "shim.h"
#include "smmu_scene.h"

#define SID 5u
#define VA  0x40201000ull /* indexes 0, 1, 1, 1 */

#define WXN 1u
#define PAN 2u
#define HAD 4u

struct perm_case {
    uint64_t leaf;   /* AP, PXN, UXN */
    uint64_t table1; /* limits in the level 1 table descriptor */
    uint64_t table2; /* and in that of level 2 */
    unsigned cd;     /* WXN, PAN, HAD */
    const char *priv, *user;
};

static void put_table(struct scene *sc, struct stream *st, int level,
                      uint64_t limits)
{
    uint64_t at = tree_slot(sc, &st->s1, VA, level);
    uint64_t desc = bench_get64(&sc->b, at) & ~(0x1full << 59);

    bench_put64(&sc->b, at, desc | limits);
}

static void check_access(struct scene *sc, const struct perm_case *k,
                         const char *how, bool allowed)
{
    struct acc a = acc(SID, VA + 0x18, how);

    if (allowed) {
        EXPECT_OK(sc, a, SOMEWHERE + 0x18);
        /* And again, from the TLB. */
        EXPECT_OK(sc, a, SOMEWHERE + 0x18);
    } else {
        EXPECT_EVENT(sc, a, E_PERMISSION, EV_CLASS_IN, 0);
        EXPECT_EVENT(sc, a, E_PERMISSION, EV_CLASS_IN, 0);
    }
    if ((sc->r.status == IOVP_RESULT_OK) != allowed)
        REPORT("leaf %#llx tables %#llx %#llx cd %u: %s",
               (unsigned long long)k->leaf, (unsigned long long)k->table1,
               (unsigned long long)k->table2, k->cd, how);
}

static void check_perms(struct scene *sc, struct stream *st,
                        const struct perm_case *k)
{
    static const char *const what[3] = {"r", "w", "x"};
    static const char *const priv[3] = {"rp", "wp", "xp"};
    unsigned i;

    tree_set(sc, &st->s1, VA, 3, SOMEWHERE | D_PAGE | D_AF | D_NG | k->leaf);
    put_table(sc, st, 1, k->table1);
    put_table(sc, st, 2, k->table2);
    tb_put(st->cd, T_CD_WXN, (k->cd & WXN) != 0);
    tb_put(st->cd, T_CD_PAN, (k->cd & PAN) != 0);
    tb_put(st->cd, T_CD_HAD0, (k->cd & HAD) != 0);
    stream_write(sc, st);
    for (i = 0; i < 3; i++) {
        check_access(sc, k, priv[i], strchr(k->priv, what[i][0]) != NULL);
        check_access(sc, k, what[i], strchr(k->user, what[i][0]) != NULL);
    }
    /* Reading and writing at once needs both. */
    check_access(sc, k, "rwp", strstr(k->priv, "rw") != NULL);
    check_access(sc, k, "rw", strstr(k->user, "rw") != NULL);
}

static void run(const struct perm_case *rows, unsigned n, unsigned strw,
                uint32_t cr2, uint32_t idr3_off)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;
    unsigned i;

    bench_config(&c);
    c.idr3 &= ~idr3_off;
    if (idr3_off)
        c.aidr = 0; /* SMMUv3.1 has HAD */
    scene_open_with(&sc, &c);
    scene_cr2(&sc, cr2);
    stream_s1(&sc, &st, SID, 12, 48);
    tb_put(st.ste, T_STE_STRW, strw);
    for (i = 0; i < n; i++)
        check_perms(&sc, &st, &rows[i]);
    scene_close(&sc);
}

#define ROWS(t) t, sizeof(t) / sizeof(t[0])

/* ---- EL1&0 and EL2&0 --------------------------------------------------- */

static const struct perm_case el1[] = {
    /* AP[2:1]; what EL0 may write, EL1 may not execute. */
    {D_AP(0), 0, 0, 0, "rwx", "x"},
    {D_AP(1), 0, 0, 0, "rw", "rwx"},
    {D_AP(2), 0, 0, 0, "rx", "x"},
    {D_AP(3), 0, 0, 0, "rx", "rx"},
    {D_AP(0) | D_PXN, 0, 0, 0, "rw", "x"},
    {D_AP(0) | D_UXN, 0, 0, 0, "rwx", ""},
    {D_AP(1) | D_PXN, 0, 0, 0, "rw", "rwx"},
    {D_AP(1) | D_UXN, 0, 0, 0, "rw", "rw"},
    {D_AP(2) | D_PXN | D_UXN, 0, 0, 0, "r", ""},
    {D_AP(3) | D_PXN, 0, 0, 0, "r", "rx"},
    {D_AP(3) | D_UXN, 0, 0, 0, "rx", "r"},
    {D_AP(3) | D_PXN | D_UXN, 0, 0, 0, "r", "r"},
    /* APTable[0]: no access from EL0, which may still execute. */
    {D_AP(1), D_APTABLE(1), 0, 0, "rwx", "x"},
    {D_AP(3), D_APTABLE(1), 0, 0, "rx", "x"},
    {D_AP(1), 0, D_APTABLE(1), 0, "rwx", "x"},
    /* APTable[1]: no write at all. */
    {D_AP(0), D_APTABLE(2), 0, 0, "rx", "x"},
    {D_AP(1), D_APTABLE(2), 0, 0, "rx", "rx"},
    {D_AP(1), 0, D_APTABLE(2), 0, "rx", "rx"},
    {D_AP(1), D_APTABLE(1), D_APTABLE(2), 0, "rx", "x"},
    {D_AP(1), D_APTABLE(3), 0, 0, "rx", "x"},
    /* A level below cannot give back what one above took. */
    {D_AP(1), D_APTABLE(3), D_APTABLE(0), 0, "rx", "x"},
    {D_AP(0), D_PXNTABLE, 0, 0, "rw", "x"},
    {D_AP(0), 0, D_PXNTABLE, 0, "rw", "x"},
    {D_AP(3), D_UXNTABLE, 0, 0, "rx", "r"},
    {D_AP(3), D_UXNTABLE, D_PXNTABLE, 0, "r", "r"},
    /* WXN: writable is not executable, each privilege for itself. */
    {D_AP(0), 0, 0, WXN, "rw", "x"},
    {D_AP(1), 0, 0, WXN, "rw", "rw"},
    {D_AP(2), 0, 0, WXN, "rx", "x"},
    {D_AP(3), 0, 0, WXN, "rx", "rx"},
    {D_AP(1), D_APTABLE(2), 0, WXN, "rx", "rx"},
    {D_AP(1), D_APTABLE(1), 0, WXN, "rw", "x"},
    /* PAN: no privileged data access where EL0 has one. */
    {D_AP(0), 0, 0, PAN, "rwx", "x"},
    {D_AP(1), 0, 0, PAN, "", "rwx"},
    {D_AP(2), 0, 0, PAN, "rx", "x"},
    {D_AP(3), 0, 0, PAN, "x", "rx"},
    {D_AP(1), D_APTABLE(1), 0, PAN, "rwx", "x"},
    {D_AP(3), D_APTABLE(1), 0, PAN, "rx", "x"},
    {D_AP(3), 0, 0, PAN | WXN, "x", "rx"},
    /* HAD: the limits of tables are IGNORED. */
    {D_AP(1), D_APTABLE(3), D_PXNTABLE, HAD, "rw", "rwx"},
    {D_AP(0), D_UXNTABLE, D_PXNTABLE, HAD, "rwx", "x"},
    {D_AP(1), D_APTABLE(1), 0, HAD | PAN, "", "rwx"},
};

TEST_CASE(Permissions, El1)
{
    run(ROWS(el1), 0, 2, 0);
}

TEST_CASE(Permissions, El2E2h)
{
    run(ROWS(el1), 2, 3, 0);
}

/* STRW is IGNORED and the world is EL1 where Hyp is not implemented. */
TEST_CASE(Permissions, HadNotImplemented)
{
    static const struct perm_case rows[] = {
        {D_AP(1), D_APTABLE(3), 0, HAD, "rx", "x"},
        {D_AP(0), D_UXNTABLE, D_PXNTABLE, HAD, "rw", ""},
    };

    run(ROWS(rows), 0, 2, 1u << 2);
}

/* ---- EL2 --------------------------------------------------------------- */

/*
 * One privilege: AP[1] counts as 1, bit 54 is XN, PXN, APTable[0], PXNTable
 * and PAN mean nothing, and PnU does not matter.
 */
static const struct perm_case el2[] = {
    {D_AP(0), 0, 0, 0, "rwx", "rwx"},
    {D_AP(1), 0, 0, 0, "rwx", "rwx"},
    {D_AP(2), 0, 0, 0, "rx", "rx"},
    {D_AP(3), 0, 0, 0, "rx", "rx"},
    {D_AP(0) | D_UXN, 0, 0, 0, "rw", "rw"},
    {D_AP(2) | D_UXN, 0, 0, 0, "r", "r"},
    {D_AP(0) | D_PXN, 0, 0, 0, "rwx", "rwx"},
    {D_AP(1), D_APTABLE(2), 0, 0, "rx", "rx"},
    {D_AP(1), D_APTABLE(1), D_PXNTABLE, 0, "rwx", "rwx"},
    {D_AP(3), D_UXNTABLE, 0, 0, "r", "r"},
    {D_AP(1), 0, 0, WXN, "rw", "rw"},
    {D_AP(3), 0, 0, WXN, "rx", "rx"},
    {D_AP(1), 0, 0, PAN, "rwx", "rwx"},
    {D_AP(1), D_APTABLE(3), D_UXNTABLE, HAD, "rwx", "rwx"},
};

TEST_CASE(Permissions, El2)
{
    run(ROWS(el2), 2, 2, 0);
}

/* STE.STRW == EL2 is IGNORED where IDR0.Hyp == 0. */
TEST_CASE(Permissions, NoHypMeansEl1)
{
    struct smmuv3_config c;
    struct scene sc;
    struct stream st;
    unsigned i;

    bench_config(&c);
    c.idr0 &= ~(1u << 9);
    scene_open_with(&sc, &c);
    stream_s1(&sc, &st, SID, 12, 48);
    tb_put(st.ste, T_STE_STRW, 2);
    for (i = 0; i < 4; i++)
        check_perms(&sc, &st, &el1[i]);
    scene_close(&sc);
}

/* ---- the worlds' tables ------------------------------------------------ */

/* EL2 has TTB0 alone: bit 55 does not select TTB1. */
TEST_CASE(Worlds, El2HasOneTable)
{
    struct scene sc;
    struct stream st;
    struct tree hi;

    scene_open(&sc);
    stream_s1(&sc, &st, SID, 12, 48);
    tree_init(&sc, &hi, 12, 48, 0);
    tree_set(&sc, &st.s1, VA, 3, SOMEWHERE | D_PAGE | D_S1_RW);
    tree_set(&sc, &hi, VA, 3, (SOMEWHERE + 0x1000) | D_PAGE | D_S1_RW);
    cd_ttb1(st.cd, &hi);
    tb_put(st.cd, T_CD_TBI0, 1);
    tb_put(st.ste, T_STE_STRW, 2);
    stream_write(&sc, &st);
    EXPECT_OK(&sc, acc(SID, VA, "r"), SOMEWHERE);
    EXPECT_OK(&sc, acc(SID, VA | 0xabull << 56, "r"), SOMEWHERE);
    EXPECT_EVENT(&sc, acc(SID, VA | 0xffffull << 48, "r"), E_TRANSLATION,
                 EV_CLASS_IN, 0);
    scene_cr2(&sc, 3);
    EXPECT_OK(&sc, acc(SID, VA | 0xffffull << 48, "r"), SOMEWHERE + 0x1000);
    scene_close(&sc);
}
