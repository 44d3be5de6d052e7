/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "shim.h"
#include "smmu_cases.h"

/* Tables are taken from here, CDs and L1CDs from there. */
#define ARENA      (BENCH_RAM + 0x400000)
#define ARENA_SIZE 0x100000u
#define CDS        (BENCH_RAM + 0x300000)
#define TREES      (BENCH_RAM + 0x600000)

/* ---- configurations ---------------------------------------------------- */

void case_config(struct smmuv3_config *c, unsigned profile)
{
    bench_config(c);
    switch (profile) {
    case 1: /* 52 bits */
        c->idr5 = (c->idr5 & ~7u) | 6 | 1u << 10;
        break;
    case 2: /* SMMUv3.0, 44 bits, no XNX, no HAD */
        c->aidr = 0;
        c->idr3 &= ~(1u << 4 | 1u << 2);
        c->idr5 = (c->idr5 & ~7u) | 4;
        break;
    case 3: /* either endianness, RAZ/WI and stall not supported */
        c->idr0 = (c->idr0 & ~(3u << 21)) | 1u << 26 | 1u << 24;
        c->idr5 &= 0xffff;
        break;
    case 4: /* small translation tables, 40 bits */
        c->idr3 |= 1u << 9;
        c->idr5 = (c->idr5 & ~7u) | 2;
        break;
    case 5: /* no EL2, no overrides, 8-bit ASID and VMID, stall forced */
        c->idr0 &= ~(1u << 9 | 1u << 12 | 1u << 18);
        c->idr0 |= 2u << 24;
        c->idr1 &= ~(3u << 26);
        break;
    case 6: /* stage 1 only, no substreams, one granule */
        c->idr0 &= ~(1u | 1u << 9);
        c->idr1 &= ~(0x1fu << 6);
        c->idr5 &= ~(3u << 5);
        break;
    case 7: /* stage 2 only */
        c->idr0 &= ~(2u | 1u << 9);
        c->idr3 &= ~(1u << 2);
        break;
    default:
        break;
    }
}

void case_no_caches(struct smmuv3_config *c)
{
    unsigned i;

    for (i = 0; i < IOVP_CACHES; i++)
        c->cache[i].entries = 0;
}

void case_tiny_caches(struct smmuv3_config *c)
{
    unsigned i;

    for (i = 0; i < IOVP_CACHES; i++) {
        c->cache[i].entries = 2u << i;
        c->cache[i].ways = 1u << (i & 1);
        c->cache[i].policy = i;
    }
    c->cache[1].ways = 2; /* PLRU */
}

/* ---- descriptors ------------------------------------------------------- */

static uint64_t arena_page(struct world *w)
{
    return ARENA + ((uint64_t)rnd_below(&w->rnd, ARENA_SIZE >> 12) << 12);
}

static uint64_t any_address(struct world *w)
{
    unsigned k = rnd_below(&w->rnd, 100);

    if (k < 88)
        return arena_page(w);
    if (k < 92)
        return NOWHERE | (rnd64(&w->rnd) & 0xfff000);
    if (k < 96)
        /* Not the queues: tables should not change while they are read. */
        return BENCH_FREE | (rnd64(&w->rnd) & 0xfff000);
    return rnd64(&w->rnd) & 0xfffffffff000ull;
}

static uint64_t any_desc(struct world *w)
{
    unsigned k = rnd_below(&w->rnd, 100);
    uint64_t bits = rnd64(&w->rnd);
    uint64_t d;

    if (k < 5)
        return bits & ~1ull;
    if (k < 8)
        return bits;
    d = any_address(w) | (k < 80 ? D_PAGE : D_BLOCK);
    /* AttrIndx and NS, AP, SH; nG; for 64KB with 52 bits [15:12] too. */
    d |= bits & (0x3fcull | D_NG);
    if (rnd_chance(&w->rnd, 93))
        d |= D_AF;
    if ((bits >> 40 & 3) == 0)
        d |= bits & (7ull << 52);
    if ((bits >> 42 & 3) == 0)
        d |= bits & (0x1full << 59);
    if ((bits >> 44 & 31) == 0)
        d |= bits & 0xf000;
    return d;
}

static void fill_arena(struct world *w)
{
    uint64_t *p = (uint64_t *)(void *)(w->sc->b.ram + (ARENA - BENCH_RAM));
    uint64_t ng = w->shared ? D_NG : 0;
    unsigned i;

    /* Each word is one of a few hundred, so that a world costs little. */
    for (i = 0; i < 512; i++)
        p[i] = any_desc(w) | ng;
    for (; i < ARENA_SIZE / 8; i++)
        p[i] = p[(i * 0x9e3779b1u + (i >> 9) * 77) >> 5 & 511];
    if (ng) /* big-endian tables see bit 11 elsewhere */
        for (i = 0; i < ARENA_SIZE / 8; i++)
            p[i] |= (uint64_t)8 << 48;
}

/* ---- stage 2 of nested streams ----------------------------------------- */

static uint64_t s2_attrs(struct world *w)
{
    uint64_t bits = rnd64(&w->rnd);
    uint64_t a = D_SH(bits >> 2 & 3) | D_AF | D_S2AP(3) | D_S2MEM(15);

    if (rnd_chance(&w->rnd, 85))
        return a;
    a = D_SH(bits >> 2 & 3) | D_S2AP(bits >> 4 & 3) | D_S2MEM(bits >> 8 & 15) |
        D_S2XN(bits >> 12 & 3);
    return rnd_chance(&w->rnd, 90) ? a | D_AF : a;
}

/* RAM at IPA == PA, but the arena's pages are shuffled. */
static void make_s2(struct world *w)
{
    static const unsigned granules[] = {12, 14, 16};
    unsigned g = granules[rnd_below(&w->rnd, 3)];
    unsigned oas = ref_oas(&(struct ref){.idr5 = w->sc->b.cfg.idr5});
    unsigned bits = oas < 48 ? oas : 48;
    int start = bits == 48 ? (g == 12 ? 0 : 1) : g == 12 ? 1 : 2;
    uint64_t step = 1ull << g, pa;

    if (bits == 44 && g == 12)
        start = 0;
    if (bits == 44 && g == 14)
        start = 1;
    tree_init(w->sc, &w->s2, g, bits, start);
    if (g == 12)
        for (pa = BENCH_RAM; pa < BENCH_RAM + BENCH_RAM_SIZE; pa += 1 << 21)
            if (pa >> 21 != ARENA >> 21)
                tree_set(w->sc, &w->s2, pa, 2, pa | D_BLOCK | s2_attrs(w));
    for (pa = BENCH_RAM; pa < BENCH_RAM + BENCH_RAM_SIZE; pa += step) {
        uint64_t to = pa;

        if (pa >= ARENA && pa < ARENA + ARENA_SIZE)
            to = arena_page(w) >> g << g;
        else if (g == 12)
            continue;
        tree_set(w->sc, &w->s2, pa, 3, to | D_PAGE | s2_attrs(w));
    }
}

/* Overwrite a few descriptors by anything at all. */
static void poison_s2(struct world *w)
{
    unsigned n = rnd_below(&w->rnd, 4);
    unsigned levels = (unsigned)(4 - w->s2.start);
    uint64_t ipa = arena_page(w);
    int level = 3;

    while (n--) {
        /* Streams that share a regime must keep their CDs and ASIDs. */
        if (!w->shared) {
            level = w->s2.start + (int)rnd_below(&w->rnd, levels);
            if (rnd_chance(&w->rnd, 30))
                ipa = CDS;
        }
        tree_set(w->sc, &w->s2, ipa, level, any_desc(w));
        if (level < 3) /* what tree_set would follow from here is gone */
            return;
        ipa = arena_page(w);
    }
}

/* ---- STE and CD -------------------------------------------------------- */

static void put_random(struct world *w, uint64_t *words, unsigned lsb,
                       unsigned width, unsigned percent)
{
    if (rnd_chance(&w->rnd, percent))
        tb_put(words, lsb, width, rnd64(&w->rnd));
}

static void random_ttb(struct world *w, uint64_t cd[8], bool upper,
                       unsigned *bits)
{
    static const unsigned granules[] = {12, 14, 16};
    unsigned g = granules[rnd_below(&w->rnd, 3)];
    unsigned tsz =
        rnd_chance(&w->rnd, 60) ? 64 - *bits : 16 + rnd_below(&w->rnd, 24);
    uint64_t ttb = rnd_chance(&w->rnd, 97) ? arena_page(w) : any_address(w);

    if (w->sc->b.cfg.idr5 >> 10 & 3 && g == 16 && rnd_chance(&w->rnd, 30))
        tsz = 12 + rnd_below(&w->rnd, 4);
    if (!(w->sc->b.cfg.idr5 & 0x20) && rnd_chance(&w->rnd, 95))
        g = 12;
    *bits = 64 - tsz;
    if (rnd_chance(&w->rnd, 10)) /* small roots need not be at a page */
        ttb += 16 * rnd_below(&w->rnd, 256);
    if (!upper) {
        tb_put(cd, T_CD_TG0, tb_tg0(g));
        tb_put(cd, T_CD_T0SZ, tsz);
        tb_put(cd, T_CD_TTB0, ttb >> 4);
    } else {
        tb_put(cd, T_CD_TG1, tb_tg1(g));
        tb_put(cd, T_CD_T1SZ, tsz);
        tb_put(cd, T_CD_TTB1, ttb >> 4);
    }
}

/* CD.S and STE.S2S as STALL_MODEL has them, most of the time. */
static unsigned stalls(struct world *w)
{
    static const unsigned percent[4] = {25, 2, 97, 0};

    return rnd_chance(&w->rnd, percent[w->sc->b.cfg.idr0 >> 24 & 3]);
}

static void random_cd(struct world *w, uint64_t at, unsigned bits[2])
{
    uint64_t cd[8] = {0};

    random_ttb(w, cd, false, &bits[0]);
    random_ttb(w, cd, true, &bits[1]);
    tb_put(cd, T_CD_V, 1);
    tb_put(cd, T_CD_AA64, 1);
    tb_put(cd, T_CD_IPS, rnd_chance(&w->rnd, 70) ? 6 : rnd_below(&w->rnd, 8));
    tb_put(cd, T_CD_EPD0, rnd_chance(&w->rnd, 8));
    tb_put(cd, T_CD_EPD1, rnd_chance(&w->rnd, 20));
    tb_put(cd, T_CD_AFFD, rnd_chance(&w->rnd, 15));
    tb_put(cd, T_CD_WXN, rnd_chance(&w->rnd, 20));
    tb_put(cd, T_CD_PAN, rnd_chance(&w->rnd, 20));
    tb_put(cd, T_CD_TBI0, rnd_chance(&w->rnd, 30));
    tb_put(cd, T_CD_TBI1, rnd_chance(&w->rnd, 30));
    tb_put(cd, T_CD_HAD0, rnd_chance(&w->rnd, 20));
    tb_put(cd, T_CD_HAD1, rnd_chance(&w->rnd, 20));
    tb_put(cd, T_CD_R, rnd_chance(&w->rnd, 90));
    tb_put(cd, T_CD_A, rnd_chance(&w->rnd, 90));
    tb_put(cd, T_CD_ASID, ++w->asid);
    tb_put(cd, T_CD_S, stalls(w));
    tb_put(cd, T_CD_MAIR, rnd64(&w->rnd));
    if ((w->sc->b.cfg.idr0 >> 21 & 3) == 0)
        tb_put(cd, T_CD_ENDI, rnd_chance(&w->rnd, 10));
    /* Now and then anything in one place. */
    put_random(w, cd, rnd_below(&w->rnd, 8) * 64, 16, 2);
    put_random(w, cd, 64 * rnd_below(&w->rnd, 8) + 40, 8, 1);
    bench_put_words(&w->sc->b, at, cd, 8);
}

/* One CD or a table of them; the STE's S1Fmt, S1CDMax and S1DSS fit it. */
static void random_cds(struct world *w, uint64_t ste[8], unsigned i)
{
    struct world_stream *st = &w->stream[i];
    uint64_t at = CDS + 0x20000ull * i, cds = at;
    unsigned fmt = rnd_below(&w->rnd, 4), k;

    tb_put(ste, T_STE_S1CPTR, at >> 6);
    if (rnd_chance(&w->rnd, 50) || !w->shared || tb_get(ste, T_STE_STRW)) {
        random_cd(w, at, st->bits);
        return;
    }
    st->cdmax = 1 + rnd_below(&w->rnd, 3);
    st->dss = rnd_below(&w->rnd, 4);
    if (fmt == 1 || fmt == 2) {
        cds = at + 0x10000;
        bench_put64(&w->sc->b, at,
                    rnd_chance(&w->rnd, 95)   ? cds | 1
                    : rnd_chance(&w->rnd, 50) ? NOWHERE | 1
                                              : cds);
    }
    for (k = 0; k < 1u << st->cdmax; k++)
        random_cd(w, cds + 64 * k, st->bits);
    tb_put(ste, T_STE_S1FMT, fmt);
    tb_put(ste, T_STE_S1CDMAX, st->cdmax);
    tb_put(ste, T_STE_S1DSS, st->dss);
}

static void random_s2(struct world *w, uint64_t ste[8], bool nested,
                      unsigned *bits)
{
    static const unsigned granules[] = {12, 14, 16};
    const struct tree *t = &w->s2;
    unsigned g = granules[rnd_below(&w->rnd, 3)];
    unsigned sl0 = rnd_below(&w->rnd, 3);

    tb_put(ste, T_STE_S2AA64, 1);
    tb_put(ste, T_STE_S2PS,
           rnd_chance(&w->rnd, 80) ? 6 : rnd_below(&w->rnd, 8));
    tb_put(ste, T_STE_S2R, rnd_chance(&w->rnd, 90));
    tb_put(ste, T_STE_S2S, stalls(w));
    tb_put(ste, T_STE_S2PTW, rnd_chance(&w->rnd, 30));
    tb_put(ste, T_STE_S2AFFD, rnd_chance(&w->rnd, 10));
    if ((w->sc->b.cfg.idr0 >> 21 & 3) == 0 && !nested)
        tb_put(ste, T_STE_S2ENDI, rnd_chance(&w->rnd, 10));
    if (nested || rnd_chance(&w->rnd, 40)) {
        tb_put(ste, T_STE_S2TG, tb_tg0(t->granule));
        tb_put(ste, T_STE_S2SL0, tb_sl0(t->granule, t->start));
        tb_put(ste, T_STE_S2T0SZ, 64 - t->bits);
        tb_put(ste, T_STE_S2TTB, t->root >> 4);
        if (!nested)
            bits[0] = t->bits;
        return;
    }
    /* Tables straight from the arena; not every geometry is legal. */
    tb_put(ste, T_STE_S2TG, tb_tg0(g));
    tb_put(ste, T_STE_S2SL0, sl0);
    bits[0] = tb_shift(g, g == 12 ? 2 - (int)sl0 : 3 - (int)sl0) + 1 +
              rnd_below(&w->rnd, g - 3 + 4);
    tb_put(ste, T_STE_S2T0SZ, 64 - bits[0]);
    tb_put(ste, T_STE_S2TTB, arena_page(w) >> 4);
}

static unsigned random_config(struct world *w)
{
    static const unsigned char often[8] = {4, 5, 5, 5, 6, 6, 7, 7};
    unsigned idr0 = w->sc->b.cfg.idr0;
    unsigned config = often[rnd_below(&w->rnd, 8)];

    if (rnd_chance(&w->rnd, 4))
        return rnd_below(&w->rnd, 8);
    if (!(idr0 & 1))
        config = 5;
    if (!(idr0 & 2))
        config = 6;
    return config;
}

static void random_ste(struct world *w, unsigned i)
{
    uint64_t ste[8] = {0};
    unsigned config = random_config(w);
    unsigned eight = (w->sc->b.cfg.idr0 >> 18 & 1) == 0;

    tb_put(ste, T_STE_V, rnd_chance(&w->rnd, 99));
    tb_put(ste, T_STE_CONFIG, config);
    tb_put(ste, T_STE_S2VMID, i + 1 + (eight ? 0 : 0x100 * (i + 1)));
    put_random(w, ste, T_STE_MTCFG, 30);
    put_random(w, ste, T_STE_MEMATTR, 30);
    tb_put(ste, T_STE_SHCFG,
           rnd_chance(&w->rnd, 50) ? 1 : rnd_below(&w->rnd, 4));
    put_random(w, ste, T_STE_PRIVCFG, 25);
    put_random(w, ste, T_STE_INSTCFG, 25);
    /* The EL2 regime is one for all: only one stream may have it. */
    if (i == 0 && rnd_chance(&w->rnd, 35))
        tb_put(ste, T_STE_STRW, rnd_chance(&w->rnd, 90) ? 2 : 1);
    w->stream[i].config = config;
    w->stream[i].bits[0] = 25 + rnd_below(&w->rnd, 24);
    w->stream[i].bits[1] = 25 + rnd_below(&w->rnd, 24);
    random_cds(w, ste, i);
    random_s2(w, ste, config == CONFIG_NESTED, w->stream[i].bits);
    /* Now and then anything, but neither regime, VMID nor S1ContextPtr. */
    if (rnd_chance(&w->rnd, 3))
        tb_put(ste, (w->shared ? 3 : rnd_below(&w->rnd, 5)) * 64, 64,
               rnd64(&w->rnd));
    bench_put_words(&w->sc->b, BENCH_STRTAB + 64 * i, ste, 8);
}

/* ---- worlds ------------------------------------------------------------ */

void world_make(struct world *w, struct scene *sc, uint64_t seed)
{
    unsigned i;

    memset(w, 0, sizeof(*w));
    w->sc = sc;
    w->rnd.state = seed * 0x9e3779b97f4a7c15ull | 1;
    for (i = 0; i < 8; i++)
        rnd64(&w->rnd);
    w->shared = rnd_chance(&w->rnd, 60);
    w->streams = w->shared ? WORLD_STREAMS : 1;
    sc->next = TREES;
    fill_arena(w);
    make_s2(w);
    poison_s2(w);
    for (i = 0; i < w->streams; i++)
        random_ste(w, i);
    for (i = 0; i < WORLD_PLACES; i++)
        w->place[i] = rnd64(&w->rnd);
    scene_invalidate(sc);
}

static uint64_t world_va(struct world *w, const struct world_stream *st)
{
    uint64_t va = w->place[rnd_below(&w->rnd, WORLD_PLACES)];
    bool upper = rnd_chance(&w->rnd, 30) && (st->config & 1);
    unsigned bits = st->bits[upper];
    uint64_t mask = (1ull << bits) - 1;
    unsigned k = rnd_below(&w->rnd, 100);

    if (k < 2)
        return rnd64(&w->rnd);
    if (k < 4)
        mask = mask * 2 + 1; /* one bit too many */
    if (k < 30 && !upper)    /* where nested stage 2 maps something */
        return arena_page(w) + (va & 0xfff);
    va = (va & mask) ^ (rnd64(&w->rnd) & 0x1fff);
    if (upper)
        va |= ~mask;
    if (k > 95)
        va ^= rnd64(&w->rnd) & 0xff00000000000000ull;
    return va;
}

struct acc world_access(struct world *w)
{
    uint64_t bits = rnd64(&w->rnd);
    struct acc a = {.sid = rnd_below(&w->rnd, w->streams), .ssid = -1};
    const struct world_stream *st = &w->stream[a.sid];

    a.va = world_va(w, st);
    if (st->cdmax && (st->config & 1) && rnd_chance(&w->rnd, 80))
        a.ssid = (int32_t)rnd_below(&w->rnd, 1u << st->cdmax);
    if (rnd_chance(&w->rnd, 3))
        a.ssid = (int32_t)rnd_below(&w->rnd, 9);
    a.write = bits >> 13 & 1;
    a.read = !a.write || (bits >> 14 & 3) == 0;
    a.priv = bits >> 16 & 1;
    a.inst = (bits >> 17 & 3) == 0;
    a.mem_type = ref_mair((uint8_t)(bits >> 20));
    a.sh = bits >> 30 & 3;
    if (a.sh == 1)
        a.sh = 0;
    return a;
}

/* ---- comparing --------------------------------------------------------- */

static bool ref_read(void *ud, uint64_t pa, unsigned bytes, uint64_t *words)
{
    const struct bench *b = ud;
    unsigned i;

    if (pa < BENCH_RAM || pa > BENCH_RAM + BENCH_RAM_SIZE - bytes)
        return false;
    for (i = 0; i < b->faults; i++)
        if (b->fault[i].reads && b->fault[i].addr >= pa &&
            b->fault[i].addr < pa + bytes)
            return false;
    for (i = 0; i < bytes / 8; i++)
        words[i] = bench_get64(b, pa + 8 * i);
    return true;
}

void case_ref(struct ref *r, struct scene *sc)
{
    memset(r, 0, sizeof(*r));
    r->idr0 = sc->b.cfg.idr0;
    r->idr1 = sc->b.cfg.idr1;
    r->idr3 = sc->b.cfg.idr3;
    r->idr5 = sc->b.cfg.idr5;
    r->strtab_base = bench_r64(&sc->b, 0x80);
    r->strtab_cfg = bench_r32(&sc->b, 0x88);
    r->cr2 = bench_r32(&sc->b, 0x2c);
    r->read = ref_read;
    r->ud = &sc->b;
}

const char *case_differs(const struct scene *sc, const struct ref_result *want)
{
    if (sc->r.status != want->status)
        return "status";
    if (sc->r.event != want->type)
        return "event type";
    if (sc->events != (want->type != 0))
        return "number of records";
    if (want->type && memcmp(sc->ev, want->ev, 32) != 0)
        return "record";
    if (want->status != REF_OK)
        return NULL;
    if (sc->r.pa != want->pa)
        return "PA";
    if (sc->r.log2 != want->log2)
        return "size";
    if (sc->r.mem_type != want->mem_type)
        return "memory type";
    if (sc->r.shareability != want->sh)
        return "shareability";
    if (sc->r.privileged != want->priv || sc->r.instruction != want->inst)
        return "privilege or instruction";
    return NULL;
}

bool case_check(struct scene *sc, const struct ref *r, struct acc a,
                const char *what)
{
    struct ref_result want;
    const char *diff;

    scene_do(sc, a);
    scene_unstall(sc);
    ref_translate(r, &a, &want);
    diff = case_differs(sc, &want);
    if (!diff)
        return true;
    REPORT("%s: sid %u ssid %d va %#llx %s%s%s%s: %s differs\n"
           "  model: status %u event %#x pa %#llx log2 %u type %#x sh %u "
           "record %016llx %016llx %016llx %016llx\n"
           "  spec:  status %u event %#x pa %#llx log2 %u type %#x sh %u "
           "record %016llx %016llx %016llx %016llx",
           what, a.sid, a.ssid, (unsigned long long)a.va, a.read ? "r" : "",
           a.write ? "w" : "", a.priv ? "p" : "", a.inst ? "x" : "", diff,
           sc->r.status, sc->r.event, (unsigned long long)sc->r.pa, sc->r.log2,
           sc->r.mem_type, sc->r.shareability, (unsigned long long)sc->ev[0],
           (unsigned long long)sc->ev[1], (unsigned long long)sc->ev[2],
           (unsigned long long)sc->ev[3], want.status, want.type,
           (unsigned long long)want.pa, want.log2, want.mem_type, want.sh,
           (unsigned long long)want.ev[0], (unsigned long long)want.ev[1],
           (unsigned long long)want.ev[2], (unsigned long long)want.ev[3]);
    return false;
}
