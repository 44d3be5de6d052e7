/* SPDX-License-Identifier: MIT */
/*
 * The example driver's streams and PASIDs: Stream Table Entries, tables of
 * Context Descriptors (3.3, 5.2, 5.4 of IHI 0070).
 */
#include "smmuv3_driver_internal.h"

uint64_t smmu_ste_address(struct smmu_driver *d, uint32_t sid)
{
    uint64_t bytes = (uint64_t)STE_BYTES << ST_SPLIT;
    uint64_t l1, l2;

    if ((uint64_t)sid >> d->strtab_log2)
        smmu_fail(d, "StreamID 0x%x: the table ends at 2^%u", sid,
                  d->strtab_log2);
    if (!d->st_2level)
        return d->strtab + (uint64_t)sid * STE_BYTES;
    l1 = d->strtab + (uint64_t)(sid >> ST_SPLIT) * L1STD_BYTES;
    l2 = smmu_get64(d, l1);
    if (!l2) {
        l2 = smmu_alloc(d, bytes, bytes);
        smmu_ste_abort(d, l2, ST_SPLIT);
        l2 |= ST_SPLIT + 1; /* Span */
        smmu_put64(d, l1, l2);
        smmu_cmd(d, CMD_CFGI_STE | CMD_SID(sid), 0);
    }
    return (l2 & ~(bytes - 1)) + (sid % (1u << ST_SPLIT)) * STE_BYTES;
}

static void write_word0(struct smmu_driver *d, uint32_t sid, uint64_t ste,
                        uint64_t word0)
{
    smmu_put64(d, ste, word0);
    smmu_cmd(d, CMD_CFGI_STE | CMD_SID(sid), CMD_LEAF);
    smmu_sync(d);
}

/*
 * Word 0 last, because it makes the entry valid: the other words change while
 * it aborts, so that nothing uses a mixture.
 */
void smmu_ste_write(struct smmu_driver *d, uint32_t sid,
                    const uint64_t word[STE_BYTES / 8])
{
    uint64_t ste = smmu_ste_address(d, sid);
    uint64_t closed = STE0_V | STE0_ABORT;

    if (smmu_get64(d, ste) != closed)
        write_word0(d, sid, ste, closed);
    if (word[0] == closed)
        return;
    for (unsigned i = STE_BYTES / 8 - 1; i; i--)
        smmu_put64(d, ste + 8 * i, word[i]);
    write_word0(d, sid, ste, word[0]);
}

void smmu_cd_table(struct smmu_driver *d, struct smmu_stream *st,
                   unsigned pasid_bits)
{
    uint64_t bytes;

    if (pasid_bits > d->ssid_bits)
        smmu_fail(d, "%u bits of PASID: the SMMU has %u", pasid_bits,
                  d->ssid_bits);
    st->cd_log2 = pasid_bits;
    st->cd_2level = d->cd_2level && pasid_bits > CD_LEAF_LOG2;
    if (st->cd_2level)
        bytes = (uint64_t)L1CD_BYTES << (pasid_bits - CD_LEAF_LOG2);
    else
        bytes = (uint64_t)CD_BYTES << pasid_bits;
    st->cd_table = smmu_alloc(d, bytes, bytes);
}

void smmu_ste_stage1(const struct smmu_stream *st, uint64_t word[STE_BYTES / 8])
{
    word[0] =
        STE0_V | STE0_S1 | st->cd_table | (uint64_t)st->cd_log2 << STE0_S1CDMAX;
    if (st->cd_2level)
        word[0] |= STE0_S1FMT_64K;
    word[1] = STE1_WB_ISH | st->s1dss | (st->ats ? STE1_EATS : 0) |
              (st->ppar ? STE1_PPAR : 0);
}

int smmu_attach(struct smmu_driver *d, struct smmu_stream *st, uint32_t sid,
                unsigned pasid_bits, uint32_t s1dss)
{
    uint64_t word[STE_BYTES / 8] = {0};

    smmu_begin(d);
    st->sid = sid;
    st->others = 0;
    st->s1dss = s1dss;
    st->ats = st->ppar = false;
    smmu_cd_table(d, st, pasid_bits);
    smmu_ste_stage1(st, word);
    smmu_ste_write(d, sid, word);
    return smmu_end(d);
}

int smmu_detach(struct smmu_driver *d, struct smmu_stream *st)
{
    static const uint64_t closed[STE_BYTES / 8] = {STE0_V | STE0_ABORT};

    smmu_begin(d);
    smmu_ste_write(d, st->sid, closed);
    return smmu_end(d);
}

/* For every StreamID that uses the table. */
static void invalidate_cd(struct smmu_driver *d, const struct smmu_stream *st,
                          uint32_t ssid, uint64_t leaf)
{
    smmu_cmd(d, CMD_CFGI_CD | CMD_SID(st->sid) | CMD_SSID(ssid), leaf);
    for (unsigned i = 0; i < st->others; i++)
        smmu_cmd(d, CMD_CFGI_CD | CMD_SID(st->other[i]) | CMD_SSID(ssid), leaf);
}

static uint64_t cd_address(struct smmu_driver *d, const struct smmu_stream *st,
                           uint32_t ssid)
{
    uint64_t l1, leaf, bytes = (uint64_t)CD_BYTES << CD_LEAF_LOG2;

    if (!st->cd_2level)
        return st->cd_table + (uint64_t)ssid * CD_BYTES;
    l1 = st->cd_table + (uint64_t)(ssid >> CD_LEAF_LOG2) * L1CD_BYTES;
    leaf = smmu_get64(d, l1);
    if (!leaf && !d->failed) {
        leaf = smmu_alloc(d, bytes, bytes) | L1CD_V;
        smmu_put64(d, l1, leaf);
        invalidate_cd(d, st, ssid, 0);
    }
    return (leaf & ~L1CD_V) + (ssid % (1u << CD_LEAF_LOG2)) * CD_BYTES;
}

static void write_cd0(struct smmu_driver *d, const struct smmu_stream *st,
                      uint32_t ssid, uint64_t cd, uint64_t word0)
{
    smmu_put64(d, cd, word0);
    invalidate_cd(d, st, ssid, CMD_LEAF);
    smmu_sync(d);
}

/* As smmu_ste_write; a change of word 0 alone leaves no gap. */
void smmu_cd_write(struct smmu_driver *d, const struct smmu_stream *st,
                   uint32_t ssid, const uint64_t word[CD_BYTES / 8])
{
    uint64_t cd = cd_address(d, st, ssid);
    bool same = true;

    if (word[0] & CD0_V) {
        for (unsigned i = 1; i < CD_BYTES / 8; i++)
            same = same && smmu_get64(d, cd + 8 * i) == word[i];
        if (!same && smmu_get64(d, cd) & CD0_V)
            write_cd0(d, st, ssid, cd, 0);
        for (unsigned i = 1; i < CD_BYTES / 8 && !same; i++)
            smmu_put64(d, cd + 8 * i, word[i]);
    }
    write_cd0(d, st, ssid, cd, word[0]);
}

void smmu_cd_words(const struct smmu_driver *d, const struct smmu_space *s,
                   uint64_t word[CD_BYTES / 8])
{
    word[0] = CD0_T0SZ | CD0_WB_ISH | CD0_EPD1 | CD0_V | CD0_AA64 | CD0_R |
              CD0_A | CD0_ASET | (uint64_t)d->oas << CD0_IPS |
              (uint64_t)s->asid << CD0_ASID;
    word[1] = s->ttb;
    word[3] = CD3_MAIR;
}

/* 5.2, S1DSS: CD 0 belongs to PASID 0 or to transactions without PASID. */
static void check_pasid(struct smmu_driver *d, const struct smmu_stream *st,
                        uint32_t pasid)
{
    bool none = pasid == SMMU_NO_PASID;

    if (!none && !st->cd_log2)
        smmu_fail(d, "StreamID 0x%x has no PASIDs", st->sid);
    else if (!none && (uint64_t)pasid >> st->cd_log2)
        smmu_fail(d, "PASID 0x%x: StreamID 0x%x has %u bits", pasid, st->sid,
                  st->cd_log2);
    else if (st->cd_log2 && (none || !pasid) &&
             none != (st->s1dss == SMMU_S1DSS_SSID0))
        smmu_fail(d, "StreamID 0x%x: S1DSS %u gives CD 0 to %s", st->sid,
                  st->s1dss, none ? "PASID 0" : "transactions without PASID");
}

static void bind(struct smmu_driver *d, const struct smmu_stream *st,
                 uint32_t pasid, const struct smmu_space *s)
{
    uint64_t word[CD_BYTES / 8] = {0};

    check_pasid(d, st, pasid);
    if (d->failed)
        return;
    if (s)
        smmu_cd_words(d, s, word);
    smmu_cd_write(d, st, pasid == SMMU_NO_PASID ? 0 : pasid, word);
}

int smmu_bind(struct smmu_driver *d, struct smmu_stream *st, uint32_t pasid,
              const struct smmu_space *s)
{
    smmu_begin(d);
    bind(d, st, pasid, s);
    return smmu_end(d);
}

int smmu_unbind(struct smmu_driver *d, struct smmu_stream *st, uint32_t pasid,
                const struct smmu_space *s)
{
    smmu_begin(d);
    bind(d, st, pasid, NULL);
    smmu_cmd(d, CMD_TLBI_NH_ASID | CMD_ASID(s->asid), 0);
    smmu_sync(d);
    return smmu_end(d);
}
