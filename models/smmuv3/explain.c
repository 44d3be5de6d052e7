/* SPDX-License-Identifier: MIT */
/*
 * What a feature needs of an SMMU, in the order in which it is met: what the
 * hardware is, what its control registers say, what the tables say.
 */
#include "../common/explain.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "inspect.h"

#define FOUND 96

#define ON(feature) (1u << IOVP_EXPLAIN_##feature)
#define ALL         ((1u << IOVP_EXPLAIN_FEATURES) - 1)
#define SUBSTREAM   (ON(PASID) | ON(SVA))
#define ENDPOINT    (ON(ATS) | ON(PRI))

struct look {
    struct smmuv3 *s;
    const struct iovp_explain_query *q;
    struct smmuv3_inspection i;
    uint32_t sid;
};

/* One condition; `found` gets what there is. */
struct row {
    unsigned features;
    const char *where;
    const char *need;
    bool (*met)(const struct look *k, char found[FOUND]);
    /* Instead, of a register's bits: all of them are set. */
    uint32_t reg, bits;
    /* False: the row does not apply. */
    bool (*applies)(const struct look *k);
    bool gate; /* if it fails, the rows after it cannot be looked at */
};

#define SAY(...) snprintf(found, FOUND, __VA_ARGS__)

/* ---- ID registers (6.3.1 to 6.3.6) ---------------------------------- */

static bool met_stages(const struct look *k, char found[FOUND])
{
    bool s1 = k->s->cfg.idr0 & SMMU_IDR0_S1P;
    bool s2 = k->s->cfg.idr0 & SMMU_IDR0_S2P;

    SAY("it has %s", s1 && s2 ? "both"
                     : s1     ? "stage 1"
                     : s2     ? "stage 2"
                              : "none");
    return s1 || s2;
}

static bool met_ssidsize(const struct look *k, char found[FOUND])
{
    unsigned bits = (unsigned)iovp_bits(k->s->cfg.idr1, 10, 6);

    SAY("it is %u", bits);
    return bits > 0;
}

static bool met_stall_model(const struct look *k, char found[FOUND])
{
    unsigned model = (unsigned)iovp_bits(k->s->cfg.idr0, 25, 24);

    SAY("it is 0b%u%u%s", model >> 1, model & 1,
        model == SMMU_IDR0_STALL_NONE ? ", terminate only" : "");
    return model == SMMU_IDR0_STALL_BOTH || model == SMMU_IDR0_STALL_FORCED;
}

static bool met_oas_ram(const struct look *k, char found[FOUND])
{
    unsigned oas = smmuv3_oas_bits(k->s);

    SAY("%u bits, and RAM ends at 0x%" PRIx64, oas, k->q->ram_last);
    return !(k->q->ram_last >> oas);
}

static bool has_cpu(const struct look *k)
{
    return k->q->cpu != NULL;
}

static bool met_oas_cpu(const struct look *k, char found[FOUND])
{
    unsigned oas = smmuv3_oas_bits(k->s);

    SAY("%u bits, and %s has %u", oas, k->q->cpu->name, k->q->cpu->pa_bits);
    return oas >= k->q->cpu->pa_bits;
}

static bool met_asid_cpu(const struct look *k, char found[FOUND])
{
    unsigned bits = k->s->cfg.idr0 & SMMU_IDR0_ASID16 ? 16 : 8;

    SAY("%u bits, and %s has %u", bits, k->q->cpu->name, k->q->cpu->asid_bits);
    return bits >= k->q->cpu->asid_bits;
}

static bool met_granule_cpu(const struct look *k, char found[FOUND])
{
    static const char *const name[8] = {
        "none",   "4 KiB",        "16 KiB",        "4 and 16 KiB",
        "64 KiB", "4 and 64 KiB", "16 and 64 KiB", "4, 16 and 64 KiB"};
    unsigned both = (k->s->cfg.idr5 >> 4) & k->q->cpu->granules & 7;

    SAY("it shares %s with %s", name[both], k->q->cpu->name);
    return both != 0;
}

/* ---- the Stream table (3.3.2, 5.2) ---------------------------------- */

static unsigned ste(const struct look *k, struct iovp_field f)
{
    return (unsigned)iovp_get_field(k->i.ste, f);
}

static bool met_covered(const struct look *k, char found[FOUND])
{
    uint32_t cfg = smmuv3_reg(k->s, SMMU_STRTAB_BASE_CFG);

    SAY("LOG2SIZE is %u, IDR1.SIDSIZE is %u", (unsigned)iovp_bits(cfg, 5, 0),
        (unsigned)iovp_bits(k->s->cfg.idr1, 5, 0));
    return k->i.covered;
}

static bool met_ste_read(const struct look *k, char found[FOUND])
{
    if (k->i.ste_fault == C_BAD_STREAMID)
        SAY("L1STD.Span leaves it out (C_BAD_STREAMID)");
    else if (k->i.ste_fault)
        SAY("0x%" PRIx64 " cannot be read (%s)", k->i.ste_addr,
            smmuv3_event_name(k->i.ste_fault));
    else
        SAY("it has");
    return !k->i.ste_fault;
}

static bool met_ste_v(const struct look *k, char found[FOUND])
{
    SAY("it is %u", ste(k, STE_V));
    return ste(k, STE_V);
}

static bool met_config(const struct look *k, char found[FOUND])
{
    static const char *const name[8] = {
        "abort",  "abort",   "abort",   "abort",
        "bypass", "stage 1", "stage 2", "stage 1 and 2",
    };
    unsigned config = ste(k, STE_CONFIG);
    unsigned f = 1u << k->q->feature;

    SAY("it is 0b%u%u%u, %s", config >> 2, config >> 1 & 1, config & 1,
        name[config]);
    if (f & ON(NESTED))
        return config == STE_CONFIG_NESTED;
    if (f & SUBSTREAM)
        return (config & 5) == 5;
    return config > STE_CONFIG_BYPASS;
}

static bool met_s1cdmax(const struct look *k, char found[FOUND])
{
    unsigned ssidsize = (unsigned)iovp_bits(k->s->cfg.idr1, 10, 6);

    SAY("it is %u", ste(k, STE_S1CDMAX));
    return ste(k, STE_S1CDMAX) > 0 && ste(k, STE_S1CDMAX) <= ssidsize;
}

static bool met_s1fmt(const struct look *k, char found[FOUND])
{
    unsigned fmt = ste(k, STE_S1FMT);
    bool cd2l = k->s->cfg.idr0 & SMMU_IDR0_CD2L;

    SAY("S1Fmt is 0b%u%u, CD2L is %u", fmt >> 1, fmt & 1, cd2l);
    return cd2l || (fmt != STE_S1FMT_4K_L2 && fmt != STE_S1FMT_64K_L2);
}

static bool met_s1dss(const struct look *k, char found[FOUND])
{
    static const char *const name[4] = {
        "0b00, it is terminated",
        "0b01, it bypasses stage 1",
        "0b10, it uses CD 0",
        "0b11, which is reserved",
    };

    SAY("it is %s", name[ste(k, STE_S1DSS)]);
    return ste(k, STE_S1DSS) != 3;
}

static bool has_s1(const struct look *k)
{
    return ste(k, STE_CONFIG) != STE_CONFIG_S2;
}

static bool has_only_s2(const struct look *k)
{
    return !has_s1(k);
}

static bool met_s1stalld(const struct look *k, char found[FOUND])
{
    SAY("it is %u", ste(k, STE_S1STALLD));
    return !ste(k, STE_S1STALLD);
}

static bool met_s2s(const struct look *k, char found[FOUND])
{
    SAY("it is %u", ste(k, STE_S2S));
    return ste(k, STE_S2S);
}

static bool met_eats(const struct look *k, char found[FOUND])
{
    unsigned eats = ste(k, STE_EATS);

    SAY("it is 0b%u%u", eats >> 1, eats & 1);
    return eats == 1 || eats == 2;
}

static bool met_ste_legal(const struct look *k, char found[FOUND])
{
    SAY("%s", k->i.ste_legal ? "they are" : "C_BAD_STE");
    return k->i.ste_legal;
}

/* ---- Context Descriptors (3.3.3, 5.4) ------------------------------- */

/* "PASID 3", or what else the CD belongs to. */
static const char *whose(const struct look *k, char buf[32])
{
    if (k->i.ssv)
        snprintf(buf, 32, "of PASID %" PRIu32, k->i.ssid);
    else
        snprintf(buf, 32, "of DMA without PASID");
    return buf;
}

static bool met_cd_read(const struct look *k, char found[FOUND])
{
    char buf[32];

    if (k->i.cd_grade == SMMUV3_CD_NONE)
        SAY("S1CDMax, S1DSS and %u bits of PASID leave none", k->q->pasid_bits);
    else if (k->i.cd_grade == SMMUV3_CD_UNREADABLE)
        SAY("that %s cannot be read (%s)", whose(k, buf),
            smmuv3_event_name(k->i.cd_fault));
    else
        SAY("that %s can be read", whose(k, buf));
    return k->i.cd_grade > SMMUV3_CD_UNREADABLE;
}

static bool met_cd_v(const struct look *k, char found[FOUND])
{
    char buf[32];
    bool v = k->i.cd_grade >= SMMUV3_CD_VALID;

    if (v || !k->i.ssv)
        SAY("it is %u in that %s", v, whose(k, buf));
    else
        SAY("it is 0 in the CD of every PASID");
    return v;
}

static bool met_cd_aa64(const struct look *k, char found[FOUND])
{
    char buf[32];
    bool aa64 = k->i.cd_grade >= SMMUV3_CD_AA64;

    SAY("it is %u in that %s", aa64, whose(k, buf));
    return aa64;
}

static bool met_cd_s(const struct look *k, char found[FOUND])
{
    char buf[32];
    bool stall = iovp_get_field(k->i.cd, CD_S);

    SAY("it is %u in that %s", stall, whose(k, buf));
    return stall;
}

static bool met_cd_legal(const struct look *k, char found[FOUND])
{
    char buf[32];
    bool legal = k->i.cd_grade >= SMMUV3_CD_LEGAL;

    SAY("that %s %s", whose(k, buf), legal ? "is" : "gives C_BAD_CD");
    return legal;
}

/* ---- the lists ------------------------------------------------------ */

static const struct row id_rows[] = {
    {ON(TRANSLATION), "SMMU_IDR0.S1P, S2P", "a stage of translation must exist",
     .met = met_stages},
    {ON(NESTED) | SUBSTREAM, "SMMU_IDR0.S1P", "stage 1 must exist",
     .reg = SMMU_IDR0, .bits = SMMU_IDR0_S1P},
    {ON(NESTED), "SMMU_IDR0.S2P", "stage 2 must exist", .reg = SMMU_IDR0,
     .bits = SMMU_IDR0_S2P},
    {SUBSTREAM, "SMMU_IDR1.SSIDSIZE", "SubstreamIDs must have bits",
     .met = met_ssidsize},
    {ON(STALL), "SMMU_IDR0.STALL_MODEL", "must be 0b00 or 0b10 (stall)",
     .met = met_stall_model},
    {ENDPOINT, "SMMU_IDR0.ATS", "ATS must be implemented", .reg = SMMU_IDR0,
     .bits = SMMU_IDR0_ATS},
    {ON(PRI), "SMMU_IDR0.PRI", "page requests must be implemented",
     .reg = SMMU_IDR0, .bits = SMMU_IDR0_PRI},
    {ON(SVA), "SMMU_IDR0.COHACC", "walks must see the processors' caches",
     .reg = SMMU_IDR0, .bits = SMMU_IDR0_COHACC},
    {ON(TRANSLATION), "SMMU_IDR5.OAS", "addresses must reach all RAM",
     .met = met_oas_ram},
    {ON(SVA), "SMMU_IDR5.OAS", "addresses must be as wide as the processors'",
     .met = met_oas_cpu, .applies = has_cpu},
    {ON(SVA), "SMMU_IDR0.ASID16", "ASIDs must be as wide as the processors'",
     .met = met_asid_cpu, .applies = has_cpu},
    {ON(SVA), "SMMU_IDR5.GRAN4K, GRAN16K, GRAN64K",
     "a granule must be one of the processors'", .met = met_granule_cpu,
     .applies = has_cpu},
};

static const struct row control_rows[] = {
    {ALL, "SMMU_CR0.SMMUEN", "must be 1, or no DMA is translated",
     .reg = SMMU_CR0ACK, .bits = SMMU_CR0_SMMUEN},
    {ON(STALL), "SMMU_CR0.EVENTQEN", "must be 1, to record stalled faults",
     .reg = SMMU_CR0ACK, .bits = SMMU_CR0_EVENTQEN},
    {ON(STALL) | ON(PRI) | ON(SVA), "SMMU_CR0.CMDQEN",
     "must be 1, to answer faults and to invalidate", .reg = SMMU_CR0ACK,
     .bits = SMMU_CR0_CMDQEN},
    {ENDPOINT, "SMMU_CR0.ATSCHK", "must be 1, or translated DMA is not checked",
     .reg = SMMU_CR0ACK, .bits = SMMU_CR0_ATSCHK},
    {ON(PRI), "SMMU_CR0.PRIQEN", "must be 1, to take page requests",
     .reg = SMMU_CR0ACK, .bits = SMMU_CR0_PRIQEN},
};

/* Up to the first dot: the structure, which gets the StreamID. */
static const struct row stream_rows[] = {
    {ALL, "SMMU_STRTAB_BASE_CFG", "the table must reach the StreamID",
     .met = met_covered, .gate = true},
    {ALL, "STE", "the table must have an STE", .met = met_ste_read,
     .gate = true},
    {ALL, "STE.V", "must be 1", .met = met_ste_v, .gate = true},
    {ALL & ~(ON(NESTED) | SUBSTREAM), "STE.Config", "must translate",
     .met = met_config, .gate = true},
    {ON(NESTED), "STE.Config", "must have stage 1 and stage 2",
     .met = met_config, .gate = true},
    {SUBSTREAM, "STE.Config", "must have stage 1", .met = met_config,
     .gate = true},
    {SUBSTREAM, "STE.S1CDMax", "must be 1 to SSIDSIZE, to have PASIDs",
     .met = met_s1cdmax, .gate = true},
    {SUBSTREAM, "STE.S1Fmt", "two levels of CDs need SMMU_IDR0.CD2L",
     .met = met_s1fmt, .gate = true},
    {SUBSTREAM, "STE.S1DSS", "must say what becomes of DMA without PASID",
     .met = met_s1dss},
    {ON(STALL), "STE.S1STALLD", "must be 0, to let CDs stall",
     .met = met_s1stalld, .applies = has_s1},
    {ON(STALL), "STE.S2S", "must be 1, to stall at stage 2", .met = met_s2s,
     .applies = has_only_s2},
    {ENDPOINT, "STE.EATS", "must be 0b01 or 0b10", .met = met_eats},
    {ALL, "STE", "its fields must be legal together", .met = met_ste_legal,
     .gate = true},
};

static const struct row cd_rows[] = {
    {ALL, "CD", "the device's DMA must select a CD", .met = met_cd_read,
     .gate = true},
    {ALL, "CD.V", "must be 1", .met = met_cd_v, .gate = true},
    {ALL, "CD.AA64", "must be 1 (VMSAv8-64)", .met = met_cd_aa64, .gate = true},
    {ON(STALL), "CD.S", "must be 1, to stall", .met = met_cd_s},
    {ALL, "CD", "its fields must be legal together", .met = met_cd_legal},
};

static bool row_met(const struct look *k, const struct row *r,
                    char found[FOUND])
{
    bool set;

    if (r->met)
        return r->met(k, found);
    set = (smmuv3_reg(k->s, r->reg) & r->bits) == r->bits;
    SAY("it is %u", set);
    return set;
}

/* "STE.V" becomes "STE[0x10].V"; registers stay as they are. */
static void place(const struct look *k, const char *where, char buf[64])
{
    int n = (int)strcspn(where, ".");

    if (!strncmp(where, "SMMU", 4))
        snprintf(buf, 64, "%s", where);
    else
        snprintf(buf, 64, "%.*s[0x%" PRIx32 "]%s", n, where, k->sid, where + n);
}

/* Whether what depends on these rows can be looked at. */
static bool walk_rows(const struct look *k, const struct row *r, size_t rows,
                      bool open, struct iovp_explain_list *out)
{
    char where[64], found[FOUND];

    for (const struct row *end = r + rows; r < end; r++) {
        bool met;

        if (!(r->features & 1u << k->q->feature) ||
            (r->applies && !r->applies(k)))
            continue;
        place(k, r->where, where);
        if (!open) {
            iovp_explain_add(out, IOVP_EXPLAIN_UNKNOWN, where, "%s", r->need);
            continue;
        }
        met = row_met(k, r, found);
        iovp_explain_add(out, met ? IOVP_EXPLAIN_MET : IOVP_EXPLAIN_FAILS,
                         where, "%s: %s", r->need, found);
        open = met || !r->gate;
    }
    return open;
}

#define ROWS(list) (list), sizeof(list) / sizeof((list)[0])

/* A stream without stage 1 needs no CD, unless the feature needs stage 1. */
static bool needs_cd(const struct look *k)
{
    unsigned f = 1u << k->q->feature;

    return has_s1(k) || (f & (ON(NESTED) | SUBSTREAM));
}

static void walk_stream(struct look *k, bool open,
                        struct iovp_explain_list *out)
{
    unsigned f = 1u << k->q->feature;
    struct smmuv3_cd_search search = {.pasid_only = f & SUBSTREAM,
                                      .stalls = f & ON(STALL),
                                      .pasid_bits = k->q->pasid_bits};

    memset(&k->i, 0, sizeof(k->i));
    if (open)
        smmuv3_inspect_ste(k->s, k->sid, &k->i);
    open = walk_rows(k, ROWS(stream_rows), open, out);
    if (!needs_cd(k))
        return;
    if (open)
        smmuv3_inspect_cd(k->s, k->sid, &search, &k->i);
    walk_rows(k, ROWS(cd_rows), open, out);
}

void smmuv3_explain(struct smmuv3 *s, const struct iovp_explain_query *q,
                    struct iovp_explain_list *out)
{
    struct look k = {.s = s, .q = q};
    /* A debug access of ours that came back: no recursion. */
    bool open =
        (smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_SMMUEN) && !s->engaged_debug;

    walk_rows(&k, ROWS(id_rows), true, out);
    walk_rows(&k, ROWS(control_rows), true, out);
    for (uint32_t i = 0; i < q->streams; i++) {
        bool busy = s->engaged_debug;

        k.sid = q->stream_id[i];
        s->engaged_debug = true;
        walk_stream(&k, open, out);
        s->engaged_debug = busy;
    }
}
