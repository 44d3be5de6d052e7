/* SPDX-License-Identifier: MIT */
/* From StreamID to record: 3.3, 3.4, chapter 5, 7.3.22, chapter 13. */
#include <string.h>

#include "ref_smmu.h"

struct ref_job {
    struct ref_run run;
    const struct acc *a;
    uint64_t ste[8], cd[8];
    bool record1, abort1, stall1; /* CD.R, CD.A, CD.S */
    bool silent;                  /* no record whatever the type */
};

static unsigned ste(const struct ref_job *j, unsigned lsb, unsigned width)
{
    return (unsigned)tb_get(j->ste, lsb, width);
}

static unsigned cd(const struct ref_job *j, unsigned lsb, unsigned width)
{
    return (unsigned)tb_get(j->cd, lsb, width);
}

static bool stop(struct ref_job *j, unsigned type, unsigned flags,
                 uint64_t addr)
{
    j->run.stop.type = type;
    j->run.stop.flags = flags;
    j->run.stop.addr = addr;
    return false;
}

static unsigned idr(uint32_t reg, unsigned lsb, unsigned width)
{
    return reg >> lsb & ((1u << width) - 1);
}

static bool fetch(const struct ref_job *j, uint64_t at, unsigned bytes,
                  uint64_t *words)
{
    return at < 1ull << ref_oas(j->run.r) &&
           j->run.r->read(j->run.r->ud, at, bytes, words);
}

/* ---- what STE and CD have in common ------------------------------------ */

static unsigned granule(const struct ref *r, unsigned tg)
{
    if (tg == 0)
        return r->idr5 & 0x10 ? 12 : 0;
    if (tg == 1)
        return r->idr5 & 0x40 ? 16 : 0;
    if (tg == 2)
        return r->idr5 & 0x20 ? 14 : 0;
    return 0;
}

static unsigned granule1(const struct ref *r, unsigned tg1)
{
    return granule(r, tg1 == 1 ? 2 : tg1 == 2 ? 0 : tg1 == 3 ? 1 : 3);
}

static unsigned ps(const struct ref *r, unsigned field)
{
    static const unsigned bits[] = {32, 36, 40, 42, 44, 48, 52, 52};
    unsigned oas = ref_oas(r);

    return bits[field] < oas ? bits[field] : oas;
}

static unsigned largest_tsz(const struct ref *r, unsigned g)
{
    if (!(r->idr3 & 1u << 9))
        return 39;
    return g == 16 ? 47 : 48;
}

/* A table base must lie within the output range, 48 bits below 64KB. */
static bool base_in_range(uint64_t base, unsigned g, unsigned range)
{
    if (g < 16 && range > 48)
        range = 48;
    return base < 1ull << range;
}

static bool endian_ok(const struct ref *r, unsigned endi)
{
    unsigned ttendian = idr(r->idr0, 21, 2);

    return ttendian == 0 || (ttendian == 2 ? !endi : endi);
}

/* ---- STE --------------------------------------------------------------- */

static bool find_ste(struct ref_job *j)
{
    const struct ref *r = j->run.r;
    unsigned literal = idr(r->strtab_cfg, 0, 6), split;
    unsigned size = literal < idr(r->idr1, 0, 6) ? literal : idr(r->idr1, 0, 6);
    uint64_t base = r->strtab_base & 0x00ffffffffffffc0ull;
    uint64_t sid = j->a->sid, at, desc, bytes, span;

    if (sid >= 1ull << size)
        goto bad_sid;
    if (idr(r->strtab_cfg, 16, 2) != 1 || idr(r->idr0, 27, 2) != 1) {
        bytes = literal < 58 ? 64ull << literal : 0;
        at = (bytes ? base / bytes * bytes : 0) + 64 * sid;
        goto read;
    }
    split = idr(r->strtab_cfg, 6, 5);
    if (split != 8 && split != 10)
        split = 6;
    bytes = literal > split + 3 ? 8ull << (literal - split) : 64;
    at = base / bytes * bytes + 8 * (sid >> split);
    if (!fetch(j, at, 8, &desc))
        return stop(j, E_STE_FETCH, 0, at);
    span = desc & 31;
    if (span < 1 || span > 11 || span > split + 1)
        goto bad_sid;
    sid %= 1ull << split;
    if (sid >= 1ull << (span - 1))
        goto bad_sid;
    bytes = 64ull << (span - 1);
    at = (desc & 0x00ffffffffffffc0ull) / bytes * bytes + 64 * sid;
read:
    if (fetch(j, at, 64, j->ste))
        return true;
    /* 7.3.4: bits of FetchAddr above the OAS are RES0. */
    return stop(j, E_STE_FETCH, 0, at % (1ull << ref_oas(r)));
bad_sid:
    j->silent = !(r->cr2 & 2);
    return stop(j, E_BAD_STREAMID, 0, 0);
}

static bool strw_counts(const struct ref_job *j)
{
    const struct ref *r = j->run.r;

    return ste(j, T_STE_CONFIG) == CONFIG_S1 && (r->idr0 & 1u << 1) &&
           (r->idr0 & 1u << 9);
}

/* 5.5: S of a CD or S2S of an STE under each STALL_MODEL. */
static bool stall_ok(const struct ref *r, unsigned s)
{
    switch (idr(r->idr0, 24, 2)) {
    case 1:
        return s == 0;
    case 2:
        return s == 1;
    default:
        return true;
    }
}

static bool ste_stage1_ok(const struct ref_job *j)
{
    const struct ref *r = j->run.r;
    unsigned ssidsize = idr(r->idr1, 6, 5);
    unsigned fmt = ste(j, T_STE_S1FMT);

    if (!(r->idr0 & 1u << 1))
        return false;
    if (ste(j, T_STE_S1STALLD) && idr(r->idr0, 24, 2) != 0)
        return false;
    if (ssidsize && ste(j, T_STE_S1CDMAX) > ssidsize)
        return false;
    if (ssidsize && ste(j, T_STE_S1CDMAX) && !(r->idr0 & 1u << 19) &&
        (fmt == 1 || fmt == 2))
        return false;
    return tb_get(j->ste, T_STE_S1CPTR) << 6 < 1ull << ref_oas(r);
}

/* Initial level of stage 2, -1 if TG, SL0 and T0SZ do not fit together. */
static int s2_start(const struct ref_job *j)
{
    const struct ref *r = j->run.r;
    unsigned g = granule(r, ste(j, T_STE_S2TG));
    unsigned sl0 = ste(j, T_STE_S2SL0);
    unsigned bits = 64 - ste(j, T_STE_S2T0SZ), least;
    int level;

    if (g == 12)
        level = sl0 == 3 ? (r->idr3 & 1u << 9 ? 3 : -1) : 2 - (int)sl0;
    else
        level = sl0 == 3 ? -1 : 3 - (int)sl0;
    if (level < 0)
        return -1;
    if (sl0 == 2 && ref_oas(r) < (g == 14 ? 42u : 44u))
        return -1;
    least = tb_shift(g, level) + 1;
    /* One table, times at most 16. */
    if (bits < least || bits > least - 1 + g - 3 + 4)
        return -1;
    return level;
}

static bool ste_stage2_ok(const struct ref_job *j)
{
    const struct ref *r = j->run.r;
    unsigned g = granule(r, ste(j, T_STE_S2TG));
    unsigned t0sz = ste(j, T_STE_S2T0SZ);
    unsigned least = g == 16 ? 12 : 16;

    if (!(r->idr0 & 1) || !ste(j, T_STE_S2AA64) ||
        !stall_ok(r, ste(j, T_STE_S2S)) || ste(j, T_STE_S2HA) ||
        ste(j, T_STE_S2HD) || !g)
        return false;
    if (64 - ref_oas(r) > least)
        least = 64 - ref_oas(r);
    if (t0sz < least || t0sz > largest_tsz(r, g))
        return false;
    if (!base_in_range(tb_get(j->ste, T_STE_S2TTB) << 4, g,
                       ps(r, ste(j, T_STE_S2PS))))
        return false;
    return endian_ok(r, ste(j, T_STE_S2ENDI)) && s2_start(j) >= 0;
}

static bool ste_ok(const struct ref_job *j)
{
    unsigned config = ste(j, T_STE_CONFIG);
    unsigned strw = ste(j, T_STE_STRW);
    bool el1 = config != CONFIG_BYPASS && (!strw_counts(j) || strw == 0);

    if (!ste(j, T_STE_V))
        return false;
    if (config < 4)
        return true;
    if (strw_counts(j) && (strw == 1 || strw == 3))
        return false;
    if ((config & 1) && !ste_stage1_ok(j))
        return false;
    if ((config & 2) && !ste_stage2_ok(j))
        return false;
    if (el1 && (j->run.r->idr0 & 1) && !(j->run.r->idr0 & 1u << 18) &&
        ste(j, T_STE_S2VMID) > 255)
        return false;
    return true;
}

static void set_stage2(struct ref_job *j)
{
    const struct ref *r = j->run.r;
    struct ref_stage *s = &j->run.s2;

    s->on = true;
    s->second = true;
    s->granule = granule(r, ste(j, T_STE_S2TG));
    s->in_bits = 64 - ste(j, T_STE_S2T0SZ);
    s->out_bits = ps(r, ste(j, T_STE_S2PS));
    s->start = s2_start(j);
    s->ttb = tb_get(j->ste, T_STE_S2TTB) << 4;
    s->big_endian = ste(j, T_STE_S2ENDI);
    s->affd = ste(j, T_STE_S2AFFD);
    j->run.s2ptw = ste(j, T_STE_S2PTW);
}

/* ---- CD ---------------------------------------------------------------- */

static bool get_cd(struct ref_job *j, uint64_t at, unsigned bytes,
                   uint64_t *words)
{
    if (j->run.s2.on && !ref_stage2_read(&j->run, at, EV_CLASS_CD, &at))
        return false;
    if (fetch(j, at, bytes, words))
        return true;
    return stop(j, E_CD_FETCH, 0, at);
}

static bool find_cd(struct ref_job *j, uint32_t ssid)
{
    const struct ref *r = j->run.r;
    uint64_t at = tb_get(j->ste, T_STE_S1CPTR) << 6, bytes, l1;
    unsigned max = idr(r->idr1, 6, 5) ? ste(j, T_STE_S1CDMAX) : 0;
    unsigned fmt = ste(j, T_STE_S1FMT), leaf;

    if (!max)
        return get_cd(j, at, 64, j->cd);
    if (fmt == 0 || fmt == 3) {
        bytes = 64ull << max;
        return get_cd(j, at / bytes * bytes + 64ull * ssid, 64, j->cd);
    }
    leaf = fmt == 1 ? 64 : 1024;
    bytes = 8ull * ((1ull << max) / leaf);
    if (bytes < 64)
        bytes = 64;
    if (!get_cd(j, at / bytes * bytes + 8ull * (ssid / leaf), 8, &l1))
        return false;
    at = (l1 & 0x00fffffffffff000ull) / (64 * leaf) * (64 * leaf);
    if (!(l1 & 1) || (!j->run.s2.on && at >= 1ull << ref_oas(r)))
        return stop(j, E_BAD_SUBSTREAMID, 0, 0);
    return get_cd(j, at + 64ull * (ssid % leaf), 64, j->cd);
}

static bool ttb_ok(const struct ref_job *j, unsigned g, unsigned tsz,
                   uint64_t ttb)
{
    const struct ref *r = j->run.r;
    unsigned least = g == 16 && idr(r->idr5, 10, 2) ? 12 : 16;

    return g && tsz >= least && tsz <= largest_tsz(r, g) &&
           base_in_range(ttb, g, ps(r, cd(j, T_CD_IPS)));
}

static bool cd_ok(const struct ref_job *j)
{
    const struct ref *r = j->run.r;
    bool use0 = j->run.el2 || !cd(j, T_CD_EPD0);
    bool use1 = !j->run.el2 && !cd(j, T_CD_EPD1);

    if (!cd(j, T_CD_V) || !cd(j, T_CD_AA64) || cd(j, T_CD_HA) || cd(j, T_CD_HD))
        return false;
    if (!stall_ok(r, cd(j, T_CD_S)) ||
        (cd(j, T_CD_S) && ste(j, T_STE_S1STALLD)))
        return false;
    if ((r->idr0 & 1u << 26) && !cd(j, T_CD_A))
        return false;
    if ((use0 || use1) && !endian_ok(r, cd(j, T_CD_ENDI)))
        return false;
    if (!j->run.el2 && !(r->idr0 & 1u << 12) && cd(j, T_CD_ASID) > 255)
        return false;
    if (use0 && !ttb_ok(j, granule(r, cd(j, T_CD_TG0)), cd(j, T_CD_T0SZ),
                        tb_get(j->cd, T_CD_TTB0) << 4))
        return false;
    return !use1 || ttb_ok(j, granule1(r, cd(j, T_CD_TG1)), cd(j, T_CD_T1SZ),
                           tb_get(j->cd, T_CD_TTB1) << 4);
}

static int s1_start(unsigned g, unsigned bits)
{
    int level = 3;

    while (level > 0 && bits > tb_shift(g, level) + g - 3)
        level--;
    return level;
}

static void set_stage1(struct ref_job *j, unsigned n)
{
    const struct ref *r = j->run.r;
    struct ref_stage *s = &j->run.s1[n];

    s->on =
        n ? !j->run.el2 && !cd(j, T_CD_EPD1) : j->run.el2 || !cd(j, T_CD_EPD0);
    if (!s->on)
        return;
    s->granule = n ? granule1(r, cd(j, T_CD_TG1)) : granule(r, cd(j, T_CD_TG0));
    s->in_bits = 64 - (n ? cd(j, T_CD_T1SZ) : cd(j, T_CD_T0SZ));
    s->out_bits = ps(r, cd(j, T_CD_IPS));
    s->start = s1_start(s->granule, s->in_bits);
    s->ttb = (n ? tb_get(j->cd, T_CD_TTB1) : tb_get(j->cd, T_CD_TTB0)) << 4;
    s->big_endian = cd(j, T_CD_ENDI);
    s->affd = cd(j, T_CD_AFFD);
    s->had = (r->idr3 & 4) && (n ? cd(j, T_CD_HAD1) : cd(j, T_CD_HAD0));
}

/* Which CD, or none: *bypass.  False: stopped. */
static bool choose_cd(struct ref_job *j, bool *bypass)
{
    bool ssv = j->a->ssid >= 0;
    uint32_t ssid = ssv ? (uint32_t)j->a->ssid : 0;
    unsigned dss = ste(j, T_STE_S1DSS);
    unsigned max = idr(j->run.r->idr1, 6, 5) ? ste(j, T_STE_S1CDMAX) : 0;

    if (ssv && (max == 0 || ssid >= 1u << max))
        return stop(j, E_BAD_SUBSTREAMID, 0, 0);
    if (max) {
        if (!ssv && dss == 1) {
            *bypass = true;
            return true;
        }
        if (ssv ? dss == 2 && ssid == 0 : dss != 2)
            return stop(j, E_STREAM_DISABLED, 0, 0);
    }
    if (!find_cd(j, ssid))
        return false;
    if (!cd_ok(j))
        return stop(j, E_BAD_CD, 0, 0);
    set_stage1(j, 0);
    set_stage1(j, 1);
    j->record1 = cd(j, T_CD_R);
    j->abort1 = cd(j, T_CD_A);
    j->stall1 = cd(j, T_CD_S);
    j->run.wxn = cd(j, T_CD_WXN);
    j->run.pan = cd(j, T_CD_PAN);
    return true;
}

/* ---- translation ------------------------------------------------------- */

struct client {
    bool priv, inst;
    uint8_t type, sh;
};

static void client_attrs(const struct ref_job *j, struct client *c)
{
    const struct ref *r = j->run.r;
    unsigned v;

    c->priv = j->a->priv;
    c->inst = j->a->inst && !j->a->write;
    c->type = j->a->mem_type;
    c->sh = j->a->sh;
    if (r->idr1 & 1u << 26) {
        v = ste(j, T_STE_PRIVCFG);
        if (v >= 2)
            c->priv = v == 3;
        v = ste(j, T_STE_INSTCFG);
        if (v >= 2 && !j->a->write)
            c->inst = v == 3;
    }
    if (r->idr1 & 1u << 27) {
        if (ste(j, T_STE_MTCFG))
            c->type = ref_memattr(ste(j, T_STE_MEMATTR));
        v = ste(j, T_STE_SHCFG);
        if (v != 1)
            c->sh = (uint8_t)v;
    }
}

/* Write permission is asked for before read permission (13.1.1). */
static bool check(struct ref_job *j, const struct client *c, bool second,
                  const struct ref_stage *s, const struct ref_leaf *leaf,
                  uint64_t ipa)
{
    static const char kinds[] = "wrx";
    const char *k;

    for (k = kinds; *k; k++) {
        bool wanted = *k == 'w'   ? j->a->write
                      : *k == 'r' ? j->a->read && !c->inst
                                  : c->inst;
        bool ok = second ? ref_s2_allows(&j->run, leaf, *k, c->priv)
                         : ref_s1_allows(&j->run, s, leaf, *k, c->priv);

        if (wanted && !ok)
            return stop(j, E_PERMISSION,
                        (second ? EV_S2 : 0) | EV_CLASS_IN |
                            (*k == 'r' ? EV_RNW : 0),
                        ipa);
    }
    return true;
}

static bool first_stage(struct ref_job *j, const struct client *c,
                        struct ref_leaf *leaf)
{
    uint64_t va = j->a->va;
    bool upper = !j->run.el2 && (va >> 55 & 1);
    const struct ref_stage *s = &j->run.s1[upper];
    bool tbi = upper ? cd(j, T_CD_TBI1) : cd(j, T_CD_TBI0);
    int64_t wide = tbi ? (int64_t)(va << 8) >> 8 : (int64_t)va;
    /* In EL2 there is one range, which begins at 0. */
    if (j->run.el2 && tbi)
        wide = (int64_t)(va & 0x00ffffffffffffffull);
    if (!s->on || wide >> s->in_bits != (upper ? -1 : 0))
        return stop(j, E_TRANSLATION, EV_CLASS_IN, 0);
    return ref_stage1(&j->run, s, va, leaf) && check(j, c, false, s, leaf, 0);
}

static bool run_stages(struct ref_job *j, bool s1, struct client *c,
                       struct ref_result *out)
{
    uint64_t at = j->a->va;
    struct ref_leaf leaf;

    /* 3.4: what passes is below the OAS. */
    out->log2 = ref_oas(j->run.r);
    if (s1) {
        if (!first_stage(j, c, &leaf))
            return false;
        at = leaf.out;
        out->log2 = leaf.log2;
        c->type = ref_mair(
            (uint8_t)(tb_get(j->cd, T_CD_MAIR) >> (leaf.desc >> 2 & 7) * 8));
        c->sh = leaf.desc >> 8 & 3;
        c->sh = ref_output_sh(c->type, c->sh);
    } else if (at >= 1ull << ref_oas(j->run.r)) {
        j->record1 = j->abort1 = true;
        return stop(j, E_ADDR_SIZE, EV_CLASS_IN, 0);
    }
    if (j->run.s2.on) {
        if (!ref_stage2(&j->run, at, EV_CLASS_IN, &leaf) ||
            !check(j, c, true, NULL, &leaf, at))
            return false;
        at = leaf.out;
        if (leaf.log2 < out->log2)
            out->log2 = leaf.log2;
        ref_combine(&c->type, &c->sh, ref_memattr(leaf.desc >> 2 & 15),
                    leaf.desc >> 8 & 3);
    }
    out->pa = at;
    return true;
}

static bool translate(struct ref_job *j, struct client *c,
                      struct ref_result *out)
{
    unsigned config;
    bool bypass = false, s1;

    if (!find_ste(j))
        return false;
    if (!ste_ok(j))
        return stop(j, E_BAD_STE, 0, 0);
    config = ste(j, T_STE_CONFIG);
    if (config < 4) {
        j->silent = true;
        return stop(j, E_STREAM_DISABLED, 0, 0);
    }
    client_attrs(j, c);
    if (config & 2)
        set_stage2(j);
    j->run.el2 =
        strw_counts(j) && ste(j, T_STE_STRW) == 2 && !(j->run.r->cr2 & 1);
    s1 = config & 1;
    if (!s1 && j->a->ssid >= 0)
        return stop(j, E_BAD_SUBSTREAMID, 0, 0);
    if (s1 && !choose_cd(j, &bypass))
        return false;
    return run_stages(j, s1 && !bypass, c, out);
}

/* 5.5: which faults the A, R and S flags of a stage govern. */
static void report(struct ref_job *j, const struct client *c,
                   struct ref_result *out)
{
    struct ref_stop *s = &j->run.stop;
    bool four = s->type >= E_TRANSLATION && s->type <= E_PERMISSION;
    bool stall = four && (s->flags & EV_S2 ? ste(j, T_STE_S2S) : j->stall1);

    out->status = stall ? REF_STALL : REF_ABORT;
    if (stall)
        j->silent = false;
    else if (four && (s->flags & EV_S2))
        j->silent = !ste(j, T_STE_S2R);
    else if (four) {
        j->silent = !j->record1;
        out->status = j->abort1 ? REF_ABORT : REF_RAZWI;
    }
    if (j->silent)
        return;
    s->flags |= c->priv ? EV_PNU : EV_NO_PNU;
    s->flags |= c->inst ? EV_IND : EV_NO_IND;
    out->type = s->type;
    tb_event(out->ev, s->type, j->a, s->flags, s->addr);
    tb_put(out->ev, 95, 1, stall);
}

void ref_translate(const struct ref *r, const struct acc *a,
                   struct ref_result *out)
{
    struct ref_job j;
    struct client c;

    memset(&j, 0, sizeof(j));
    memset(&c, 0, sizeof(c));
    memset(out, 0, sizeof(*out));
    j.run.r = r;
    j.a = a;
    if (!translate(&j, &c, out)) {
        report(&j, &c, out);
        return;
    }
    out->status = REF_OK;
    out->mem_type = c.type;
    out->sh = ref_output_sh(c.type, c.sh);
    out->priv = c.priv;
    out->inst = c.inst;
}
