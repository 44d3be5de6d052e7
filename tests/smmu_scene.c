/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "smmu_scene.h"

/* ---- life -------------------------------------------------------------- */

void scene_open_with(struct scene *sc, const struct smmuv3_config *c)
{
    memset(sc, 0, sizeof(*sc));
    bench_create_with(&sc->b, c);
    if (!sc->b.s)
        abort();
    bench_enable(&sc->b);
    sc->next = BENCH_FREE;
}

void scene_open(struct scene *sc)
{
    struct smmuv3_config c;

    bench_config(&c);
    scene_open_with(sc, &c);
}

void scene_close(struct scene *sc)
{
    bench_destroy(&sc->b);
}

uint64_t scene_alloc(struct scene *sc, uint64_t bytes, unsigned log2)
{
    uint64_t mask = (1ull << log2) - 1;
    uint64_t at = (sc->next + mask) & ~mask;

    sc->next = at + bytes;
    if (sc->next > BENCH_RAM + BENCH_RAM_SIZE)
        abort();
    memset(sc->b.ram + (at - BENCH_RAM), 0, bytes);
    return at;
}

/* Only commands that the ID registers allow: no CERROR_ILL. */
void scene_invalidate(struct scene *sc)
{
    const uint32_t s1p_hyp = 1u << 1 | 1u << 9;

    bench_command(&sc->b, 0x04, 31); /* CMD_CFGI_ALL */
    bench_command(&sc->b, 0x30, 0);  /* CMD_TLBI_NSNH_ALL */
    if ((sc->b.cfg.idr0 & s1p_hyp) == s1p_hyp)
        bench_command(&sc->b, 0x20, 0); /* CMD_TLBI_EL2_ALL */
    bench_command(&sc->b, 0x46, 0);     /* CMD_SYNC */
}

#define CR0_SMMUEN 1u

static void smmuen(struct scene *sc, bool on)
{
    uint32_t cr0 = bench_r32(&sc->b, 0x20) & ~CR0_SMMUEN;

    bench_w32(&sc->b, 0x20, cr0 | (on ? CR0_SMMUEN : 0));
}

void scene_strtab(struct scene *sc, uint64_t base, uint32_t cfg)
{
    smmuen(sc, false);
    bench_w64(&sc->b, 0x80, base);
    bench_w32(&sc->b, 0x88, cfg);
    smmuen(sc, true);
    scene_invalidate(sc);
}

void scene_cr2(struct scene *sc, uint32_t cr2)
{
    smmuen(sc, false);
    bench_w32(&sc->b, 0x2c, cr2);
    smmuen(sc, true);
    scene_invalidate(sc);
}

/* ---- tables ------------------------------------------------------------ */

int tree_s1_start(unsigned granule, unsigned bits)
{
    int level = 3;

    /* The deepest level whose one table covers the input. */
    while (level > 0 && tb_shift(granule, level) + granule - 3 < bits)
        level--;
    return level;
}

void tree_init(struct scene *sc, struct tree *t, unsigned granule,
               unsigned bits, int start)
{
    unsigned shift = tb_shift(granule, start);
    unsigned log2 = bits - shift + 3;

    memset(t, 0, sizeof(*t));
    t->granule = granule;
    t->bits = bits;
    t->start = start;
    t->root = scene_alloc(sc, 1ull << log2, log2 < 12 ? 12 : log2);
}

static void put_desc(struct scene *sc, const struct tree *t, uint64_t at,
                     uint64_t desc)
{
    bench_put64(&sc->b, at, t->big_endian ? __builtin_bswap64(desc) : desc);
}

static uint64_t get_desc(struct scene *sc, const struct tree *t, uint64_t at)
{
    uint64_t desc = bench_get64(&sc->b, at);

    return t->big_endian ? __builtin_bswap64(desc) : desc;
}

uint64_t tree_slot(struct scene *sc, const struct tree *t, uint64_t va,
                   int level)
{
    uint64_t table = t->root;
    uint64_t input = va & ((1ull << t->bits) - 1);
    int l;

    for (l = t->start;; l++) {
        uint64_t index = input >> tb_shift(t->granule, l);
        uint64_t at = table + 8 * index;
        uint64_t desc;

        if (l == level)
            return at;
        input &= (1ull << tb_shift(t->granule, l)) - 1;
        desc = get_desc(sc, t, at);
        if ((desc & 3) != D_TABLE) {
            uint64_t sub = scene_alloc(sc, 1ull << t->granule, t->granule);

            desc = (sub + t->bias) | D_TABLE;
            put_desc(sc, t, at, desc);
        }
        table = (desc & 0xfffffffff000ull) - t->bias;
    }
}

void tree_set(struct scene *sc, const struct tree *t, uint64_t va, int level,
              uint64_t desc)
{
    put_desc(sc, t, tree_slot(sc, t, va, level), desc);
}

/* ---- streams ----------------------------------------------------------- */

void stream_bypass(struct stream *st, uint32_t sid)
{
    memset(st, 0, sizeof(*st));
    st->sid = sid;
    tb_put(st->ste, T_STE_V, 1);
    tb_put(st->ste, T_STE_CONFIG, CONFIG_BYPASS);
    tb_put(st->ste, T_STE_SHCFG, 1); /* use incoming */
}

void cd_init(uint64_t cd[8], const struct tree *t, unsigned asid)
{
    memset(cd, 0, 64);
    tb_put(cd, T_CD_T0SZ, 64 - t->bits);
    tb_put(cd, T_CD_TG0, tb_tg0(t->granule));
    tb_put(cd, T_CD_IR0, 1);
    tb_put(cd, T_CD_OR0, 1);
    tb_put(cd, T_CD_SH0, 3);
    tb_put(cd, T_CD_EPD1, 1);
    tb_put(cd, T_CD_V, 1);
    tb_put(cd, T_CD_IPS, 5);
    tb_put(cd, T_CD_AA64, 1);
    tb_put(cd, T_CD_R, 1);
    tb_put(cd, T_CD_A, 1);
    tb_put(cd, T_CD_ASID, asid);
    tb_put(cd, T_CD_TTB0, (t->root + t->bias) >> 4);
    tb_put(cd, T_CD_ENDI, t->big_endian);
    /* 0 WB, 1 NC, 2 Device-nGnRE, 3 WT, 4 Device-nGnRnE, 5 .. */
    tb_put(cd, T_CD_MAIR, 0x0c08ee00bb0444ffull);
}

void cd_ttb1(uint64_t cd[8], const struct tree *t)
{
    tb_put(cd, T_CD_EPD1, 0);
    tb_put(cd, T_CD_T1SZ, 64 - t->bits);
    tb_put(cd, T_CD_TG1, tb_tg1(t->granule));
    tb_put(cd, T_CD_TTB1, (t->root + t->bias) >> 4);
}

static void ste_s1(struct stream *st)
{
    tb_put(st->ste, T_STE_S1CPTR, (st->cd_at + st->s1.bias) >> 6);
    tb_put(st->ste, T_STE_S1CIR, 1);
    tb_put(st->ste, T_STE_S1COR, 1);
    tb_put(st->ste, T_STE_S1CSH, 3);
    tb_put(st->ste, T_STE_S2VMID, st->sid);
}

void stream_s1(struct scene *sc, struct stream *st, uint32_t sid,
               unsigned granule, unsigned bits)
{
    stream_bypass(st, sid);
    tree_init(sc, &st->s1, granule, bits, tree_s1_start(granule, bits));
    st->cd_at = scene_alloc(sc, 64, 6);
    tb_put(st->ste, T_STE_CONFIG, CONFIG_S1);
    ste_s1(st);
    cd_init(st->cd, &st->s1, sid);
}

static void ste_s2(struct stream *st)
{
    const struct tree *t = &st->s2;

    tb_put(st->ste, T_STE_S2VMID, st->sid);
    tb_put(st->ste, T_STE_S2T0SZ, 64 - t->bits);
    tb_put(st->ste, T_STE_S2SL0, tb_sl0(t->granule, t->start));
    tb_put(st->ste, T_STE_S2IR0, 1);
    tb_put(st->ste, T_STE_S2OR0, 1);
    tb_put(st->ste, T_STE_S2SH0, 3);
    tb_put(st->ste, T_STE_S2TG, tb_tg0(t->granule));
    tb_put(st->ste, T_STE_S2PS, 5);
    tb_put(st->ste, T_STE_S2AA64, 1);
    tb_put(st->ste, T_STE_S2R, 1);
    tb_put(st->ste, T_STE_S2TTB, t->root >> 4);
}

void stream_s2(struct scene *sc, struct stream *st, uint32_t sid,
               unsigned granule, unsigned bits, int start)
{
    stream_bypass(st, sid);
    tree_init(sc, &st->s2, granule, bits, start);
    tb_put(st->ste, T_STE_CONFIG, CONFIG_S2);
    ste_s2(st);
}

void stream_nested(struct scene *sc, struct stream *st, uint32_t sid,
                   unsigned granule1, unsigned granule2)
{
    uint64_t block = 1ull << tb_shift(granule2, 2);
    uint64_t pa;

    stream_bypass(st, sid);
    tree_init(sc, &st->s2, granule2, 48, granule2 == 12 ? 0 : 1);
    tree_init(sc, &st->s1, granule1, 48, tree_s1_start(granule1, 48));
    st->s1.bias = NEST_BIAS;
    st->cd_at = scene_alloc(sc, 64, 6);
    tb_put(st->ste, T_STE_CONFIG, CONFIG_NESTED);
    ste_s1(st);
    ste_s2(st);
    cd_init(st->cd, &st->s1, sid);
    for (pa = BENCH_RAM; pa < BENCH_RAM + BENCH_RAM_SIZE; pa += block)
        tree_set(sc, &st->s2, pa + NEST_BIAS, 2, pa | D_BLOCK | D_S2_RW);
}

void stream_write(struct scene *sc, struct stream *st)
{
    bench_put_words(&sc->b, BENCH_STRTAB + 64ull * st->sid, st->ste, 8);
    if (st->cd_at)
        bench_put_words(&sc->b, st->cd_at, st->cd, 8);
    scene_invalidate(sc);
}

/* ---- accesses ---------------------------------------------------------- */

struct iovp_attrs acc_attrs(const struct acc *a)
{
    struct iovp_attrs at;

    memset(&at, 0, sizeof(at));
    at.size = sizeof(at);
    at.specified = IOVP_ATTR_ALL;
    at.stream_id = a->sid;
    at.pasid_valid = a->ssid >= 0;
    at.pasid = a->ssid >= 0 ? (uint32_t)a->ssid : 0;
    at.privileged = a->priv;
    at.instruction = a->inst;
    at.mem_type = a->mem_type;
    at.shareability = a->sh;
    at.addr_type = a->addr_type;
    at.space = a->space;
    return at;
}

static unsigned access_mask(const struct acc *a)
{
    return (a->read ? SMMUV3_READ : 0) | (a->write ? SMMUV3_WRITE : 0);
}

void scene_do(struct scene *sc, struct acc a)
{
    struct iovp_attrs at = acc_attrs(&a);
    uint64_t more[4];

    sc->events = 0;
    memset(sc->ev, 0, sizeof(sc->ev));
    smmuv3_translate(sc->b.s, &at, a.va, access_mask(&a), SMMUV3_NORMAL,
                     &sc->r);
    if (!bench_event(&sc->b, sc->ev))
        return;
    sc->events = 1;
    while (bench_event(&sc->b, more))
        sc->events++;
}

void scene_unstall(struct scene *sc)
{
    if (sc->r.status != IOVP_RESULT_STALL)
        return;
    bench_command(&sc->b, CMD_STALL_TERM | sc->ev[0] >> 32 << 32, 0);
    smmuv3_stall_end(sc->b.s, sc->r.stall);
    tb_put(sc->ev, 64, 16, 0);
}

void scene_debug(struct scene *sc, struct acc a)
{
    struct iovp_attrs at = acc_attrs(&a);

    smmuv3_translate(sc->b.s, &at, a.va, access_mask(&a), SMMUV3_DEBUG, &sc->r);
}
