/* SPDX-License-Identifier: MIT */
/*
 * Stream Table Entries and Context Descriptors for contexts.  Numbers in
 * comments are sections of IHI 0070.
 */
#include "../models/common/pt_arm_build.h"
#include "alloc.h"
#include "host_smmuv3.h"

#define VA_BITS    48
#define LEAST_BITS 25 /* T0SZ is 39 at most */

/* ---- geometry -------------------------------------------------------------
 */

/* By log2 of the page, less 12, halved. */
static const struct granule {
    uint32_t idr5;
    uint64_t tg; /* CD.TG0 and STE.S2TG */
} granules[] = {{IDR5_GRAN4K, 0}, {IDR5_GRAN16K, 2}, {IDR5_GRAN64K, 1}};

static const struct granule *granule_of(uint32_t page_bits)
{
    if (page_bits != 12 && page_bits != 14 && page_bits != 16)
        return NULL;
    return &granules[(page_bits - 12) / 2];
}

static uint32_t output_bits(const struct host *h)
{
    static const uint8_t bits[] = {32, 36, 40, 42, 44, 48};

    return bits[h->drv.oas];
}

/* STE.S2SL0 (5.2) for the first table that a domain makes, -1: it cannot. */
static int sl0(const struct host *h, uint32_t page_bits, uint32_t input_bits)
{
    struct pt_arm_table t = {.stage = 2,
                             .granule_log2 = (uint8_t)page_bits,
                             .input_bits = (uint8_t)input_bits,
                             .output_bits = (uint8_t)output_bits(h)};

    if (input_bits > 64 || !pt_arm_build_geometry(&t))
        return -1;
    return (page_bits == 12 ? 2 : 3) - t.start_level;
}

static uint32_t most_input_bits(const struct host *h,
                                const struct host_table *t)
{
    uint32_t bits = VA_BITS;

    if (t->stage == IOVP_STAGE_1)
        return bits;
    for (bits = output_bits(h); sl0(h, t->page_bits, bits) < 0; bits--)
        ;
    return bits;
}

static iovp_status check_words(const struct host *h, struct host_table *t)
{
    bool stage1 = t->stage == IOVP_STAGE_1;
    const uint64_t *w = t->words.word;
    uint64_t need = stage1 ? CD0_V | CD0_AA64 : STE2_S2AA64;

    if (t->words.type != (stage1 ? IOVP_TABLE_SMMUV3_CD : IOVP_TABLE_SMMUV3_S2))
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "%s: a table of stage %u is an SMMUv3 %s", h->name,
                         t->stage, stage1 ? "CD" : "S2");
    if ((w[0] & need) != need)
        return iovp_fail(IOVP_E_INVALID, "word[0] 0x%llx: %s must be 1",
                         (unsigned long long)w[0],
                         stage1 ? "CD.V and AA64" : "S2AA64");
    /* Invalidations go by the smallest page that may be there. */
    t->page_bits = 12;
    t->input_bits = 64 - (stage1 ? w[0] & 63 : w[0] >> STE2_S2T0SZ & 63);
    return IOVP_OK;
}

iovp_status host_smmuv3_table_check(struct host *h, struct host_table *t)
{
    const struct granule *g;

    if (t->stage == IOVP_STAGE_2 && !h->stage2)
        return iovp_fail(IOVP_E_UNSUPPORTED, "%s: SMMU_IDR0.S2P: no stage 2",
                         h->name);
    if (t->user)
        return check_words(h, t);
    if (!t->page_bits)
        t->page_bits = 12;
    g = granule_of(t->page_bits);
    if (!g || !(h->grans & g->idr5))
        return iovp_fail(IOVP_E_UNSUPPORTED, "%s: no pages of 2^%u bytes",
                         h->name, t->page_bits);
    if (!t->input_bits)
        t->input_bits = most_input_bits(h, t);
    if (t->input_bits < LEAST_BITS || t->input_bits > most_input_bits(h, t) ||
        (t->stage == IOVP_STAGE_2 && sl0(h, t->page_bits, t->input_bits) < 0))
        return iovp_fail(IOVP_E_UNSUPPORTED, "%s: %u bits of input: %u..%u",
                         h->name, t->input_bits, LEAST_BITS,
                         most_input_bits(h, t));
    return IOVP_OK;
}

/* ---- words ----------------------------------------------------------------
 */

#define CD0_HOST  (CD0_S | CD0_R | CD0_A | CD0_ASET | 0xffffull << CD0_ASID)
#define STE2_HOST (STE2_S2S | STE2_S2R | 0xffffull)

/* 5.5: terminated faults abort and are recorded; others are held. */
static bool stalls(const struct host *h, uint32_t flags)
{
    return h->stall_model == STALL_MODEL_FORCED ||
           ((flags & HOST_FAULTS) && h->stall_model == STALL_MODEL_BOTH);
}

static void cd_words(const struct host *h, const struct host_table *t,
                     uint32_t flags, uint64_t word[CD_BYTES / 8])
{
    struct smmu_space space = {.ttb = t->root};

    if (t->user) {
        for (unsigned i = 0; i < CD_BYTES / 8; i++)
            word[i] = t->words.word[i];
    } else {
        smmu_cd_words(&h->drv, &space, word);
        word[0] &= ~(63ull | 3ull << CD0_TG0);
        word[0] |= (64 - t->input_bits) | granule_of(t->page_bits)->tg
                                              << CD0_TG0;
    }
    word[0] &= ~CD0_HOST;
    word[0] |= CD0_A | CD0_ASET | (uint64_t)t->id << CD0_ASID;
    if (flags & HOST_QUIET) {
        word[0] |= CD0_EPD0 | CD0_EPD1;
        flags &= ~HOST_FAULTS;
    } else {
        word[0] |= CD0_R;
    }
    if (stalls(h, flags))
        word[0] |= CD0_S;
}

/* Words 1 to 3. */
static void s2_words(const struct host *h, const struct host_table *t,
                     uint32_t flags, uint64_t word[STE_BYTES / 8])
{
    word[1] |= STE1_SHCFG_IN;
    if (t->user) {
        word[2] = t->words.word[0] & ~STE2_HOST;
        word[3] = t->words.word[1];
    } else {
        word[2] = (uint64_t)(64 - t->input_bits) << STE2_S2T0SZ |
                  (uint64_t)sl0(h, t->page_bits, t->input_bits) << STE2_S2SL0 |
                  STE2_WB_ISH | granule_of(t->page_bits)->tg << STE2_S2TG |
                  (uint64_t)h->drv.oas << STE2_S2PS | STE2_S2AA64 | STE2_S2PTW;
        word[3] = t->root;
    }
    word[2] |= STE2_S2R | t->id;
    if (stalls(h, flags))
        word[2] |= STE2_S2S;
}

/* What of its STE is a guest's to say. */
#define STE0_GUEST (0x00ffffffffffffc0ull | 3ull << 4 | 31ull << STE0_S1CDMAX)
#define STE1_GUEST (0xffull | STE1_S1STALLD) /* S1DSS S1CIR S1COR S1CSH */

static void guest_words(const struct host *h, const iovp_table *stage1,
                        uint32_t flags, uint64_t word[STE_BYTES / 8])
{
    word[0] = STE0_V | (stage1->word[0] & STE0_GUEST);
    word[1] = STE1_SHCFG_IN | (stage1->word[1] & STE1_GUEST);
    if (h->stall_model != STALL_MODEL_BOTH)
        word[1] &= ~STE1_S1STALLD;
    else if (!(flags & HOST_FAULTS))
        word[1] |= STE1_S1STALLD;
}

/* ---- groups ----------------------------------------------------------------
 */

static struct smmu_group *open_group(struct host *h, struct host_group *g)
{
    struct smmu_group *x = platform_alloc(h->p, 1, sizeof(*x));

    if (!x) {
        iovp_fail(IOVP_E_NOMEM, "no memory for a group of devices");
        return NULL;
    }
    x->st.sid = g->stream_id[0];
    x->st.others = g->streams - 1;
    x->st.other = g->stream_id + 1;
    x->st.s1dss = SMMU_S1DSS_SSID0;
    x->g = g;
    x->st.ats = g->ats && h->drv.ats;
    x->st.ppar = g->pri && h->drv.ssid_bits;
    g->priv = x;
    return x;
}

/* Tables of STEs first: then nothing can fail halfway. */
static void write_stes(struct host *h, const struct host_group *g,
                       const uint64_t word[STE_BYTES / 8])
{
    struct blocks *owner = h->owner;

    h->owner = &h->own;
    for (uint32_t i = 0; i < g->streams; i++)
        smmu_ste_address(&h->drv, g->stream_id[i]);
    for (uint32_t i = 0; i < g->streams && !h->drv.failed; i++)
        smmu_ste_write(&h->drv, g->stream_id[i], word);
    h->owner = owner;
}

static void close_group(struct host *h, struct host_group *g)
{
    struct smmu_group *x = g->priv;

    if (!x)
        return;
    if (x->vmid_is_own)
        host_smmuv3_id_free(h, IOVP_STAGE_2, x->vmid);
    host_smmuv3_atc_close(h, x);
    host_smmuv3_free(h, &x->blocks);
    platform_free(h->p, x);
    g->priv = NULL;
}

iovp_status host_smmuv3_block(struct host *h, struct host_group *g)
{
    static const uint64_t closed[STE_BYTES / 8] = {STE0_V | STE0_ABORT};
    const struct smmu_group *x = g->priv;
    iovp_status st;

    host_smmuv3_begin(h, &h->own);
    write_stes(h, g, closed);
    if (x && x->guest) {
        smmu_cmd(&h->drv, CMD_TLBI_NH_ALL | CMD_VMID(x->vmid), 0);
        smmu_sync(&h->drv);
    }
    st = host_smmuv3_end(h);
    close_group(h, g);
    return st;
}

/* Done, or undone. */
static iovp_status finish(struct host *h, struct host_group *g)
{
    iovp_status st = host_smmuv3_end(h);

    if (st)
        host_smmuv3_block(h, g);
    return st;
}

iovp_status host_smmuv3_stage2(struct host *h, struct host_group *g,
                               const struct host_table *t, uint32_t flags)
{
    uint64_t word[STE_BYTES / 8] = {STE0_V | STE0_S2};
    struct smmu_group *x;

    if (!g->priv && !open_group(h, g))
        return IOVP_E_NOMEM;
    x = g->priv;
    if (!host_smmuv3_atc_set(h, x, IOVP_NO_PASID, t))
        return iovp_fail(IOVP_E_NOMEM, "no memory for an attachment");
    host_smmuv3_begin(h, &h->own);
    if (flags & HOST_QUIET)
        word[0] = STE0_V | STE0_ABORT;
    else
        s2_words(h, t, g->pri ? flags & ~HOST_FAULTS : flags, word);
    if (x->st.ats && !(flags & HOST_QUIET))
        word[1] |= STE1_EATS | (x->st.ppar ? STE1_PPAR : 0);
    write_stes(h, g, word);
    host_smmuv3_atc_flush_pasid(h, x, IOVP_NO_PASID);
    return finish(h, g);
}

/*
 * The guest's ASIDs are its own: they are kept apart from the host's by a VMID,
 * that of the second stage or one for the purpose (5.2, S2VMID).
 */
static iovp_status guest_vmid(struct host *h, struct smmu_group *x,
                              const struct host_table *stage2)
{
    iovp_status st;

    x->guest = true;
    if (stage2) {
        x->vmid = stage2->id;
        return IOVP_OK;
    }
    if (!h->stage2)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "%s: SMMU_IDR0.S2P: there are no VMIDs, which would "
                         "keep a guest's ASIDs apart",
                         h->name);
    st = host_smmuv3_id_alloc(h, IOVP_STAGE_2, &x->vmid);
    x->vmid_is_own = !st;
    return st;
}

static iovp_status guest_stage1(struct host *h, struct host_group *g,
                                const iovp_table *stage1,
                                const struct host_table *stage2, uint32_t flags)
{
    uint64_t word[STE_BYTES / 8] = {0};
    struct smmu_group *x = open_group(h, g);
    iovp_status st = x ? guest_vmid(h, x, stage2) : IOVP_E_NOMEM;

    if (st) {
        close_group(h, g);
        return st;
    }
    host_smmuv3_begin(h, &x->blocks);
    guest_words(h, stage1, flags, word);
    if (stage2)
        s2_words(h, stage2, flags, word);
    word[0] |= stage2 ? STE0_NESTED : STE0_S1;
    word[2] |= x->vmid;
    write_stes(h, g, word);
    return finish(h, g);
}

iovp_status host_smmuv3_guest(struct host *h, struct host_group *g,
                              const iovp_table *stage1,
                              const struct host_table *stage2, uint32_t flags)
{
    uint64_t config = stage1->word[0] & STE0_CONFIG(7);

    if (stage1->type != IOVP_TABLE_SMMUV3_STE)
        return iovp_fail(IOVP_E_UNSUPPORTED, "%s: not an SMMUv3 STE", h->name);
    /* A guest's stream that is not set up, or closed, stays blocked. */
    if (!(stage1->word[0] & STE0_V) || !(config & STE0_BYPASS))
        return IOVP_OK;
    if (config == STE0_S1)
        return guest_stage1(h, g, stage1, stage2, flags);
    if (config != STE0_BYPASS)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "STE.Config %u: the second stage is not the guest's",
                         (unsigned)(config >> 1));
    if (!stage2)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "STE.Config 4 without a second stage would give the "
                         "guest all of memory");
    return host_smmuv3_stage2(h, g, stage2, flags);
}

iovp_status host_smmuv3_pasids(struct host *h, struct host_group *g)
{
    uint64_t word[STE_BYTES / 8] = {0};
    struct smmu_group *x = open_group(h, g);

    if (!x)
        return IOVP_E_NOMEM;
    host_smmuv3_begin(h, &x->blocks);
    smmu_cd_table(&h->drv, &x->st, g->pasid_bits);
    smmu_ste_stage1(&x->st, word);
    write_stes(h, g, word);
    return finish(h, g);
}

iovp_status host_smmuv3_pasid(struct host *h, struct host_group *g,
                              uint32_t pasid, const struct host_table *t,
                              uint32_t flags)
{
    struct smmu_group *x = g->priv;
    uint64_t word[CD_BYTES / 8] = {0};

    if (t && !host_smmuv3_atc_set(h, x, pasid, t))
        return iovp_fail(IOVP_E_NOMEM, "no memory for an attachment");
    host_smmuv3_begin(h, &x->blocks);
    /* What is on PCI Express may not be held (3.12). */
    if (t)
        cd_words(h, t, g->pri ? flags & ~HOST_FAULTS : flags, word);
    smmu_cd_write(&h->drv, &x->st, pasid == IOVP_NO_PASID ? 0 : pasid, word);
    host_smmuv3_atc_flush_pasid(h, x, pasid);
    if (!t)
        host_smmuv3_atc_set(h, x, pasid, NULL);
    return host_smmuv3_end(h);
}
