/* SPDX-License-Identifier: MIT */
/*
 * The ATS interface (3.9.1, 13.6, 13.7): Translation Requests of an endpoint,
 * and its Translated transactions.
 */
#include "translate.h"

static bool atschk(const struct smmuv3 *s)
{
    return smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_ATSCHK;
}

bool smmuv3_ats_records(const struct smmuv3 *s)
{
    return smmuv3_reg(s, SMMU_CR2) & SMMU_CR2_REC_CFG_ATS;
}

/*
 * 5.2: Split-stage ATS without ATSCHK is no ATS.  ATSCHK may be cached with
 * the STE; here it is not.
 */
static unsigned effective_eats(const struct smmuv3 *s,
                               const struct smmuv3_stream *st)
{
    return st->eats == STE_EATS_SPLIT && !atschk(s) ? STE_EATS_NONE : st->eats;
}

/* ---- Translation Requests (3.9.1.2) -------------------------------------- */

/* 3.9: the Smallest Translation Unit is the smallest granule. */
static unsigned stu_log2(const struct smmuv3 *s)
{
    if (s->cfg.idr5 & SMMU_IDR5_GRAN4K)
        return 12;
    return s->cfg.idr5 & SMMU_IDR5_GRAN16K ? 14 : 16;
}

/* What an endpoint asks for: without a PASID it has no Exe and Priv (13.7.1).
 */
static bool asks(const struct iovp_attrs *a, bool flag)
{
    return a->pasid_valid && flag;
}

static uint8_t priv_flag(const struct iovp_attrs *a)
{
    return asks(a, a->privileged) ? IOVP_ATS_PRIVILEGED : 0;
}

/* Success, but nothing is granted. */
static void deny(const struct smmuv3_job *j, struct smmuv3_result *out)
{
    out->status = IOVP_RESULT_OK;
    out->pa = 0;
    out->log2 = (uint8_t)stu_log2(j->s);
    out->perms = 0;
    out->ats = (struct iovp_ats_completion){.status = IOVP_ATS_SUCCESS,
                                            .flags = priv_flag(j->attrs),
                                            .log2 = out->log2};
}

/* UR or CA, and the event of job->fault. */
static bool refuse(struct smmuv3_result *out, enum iovp_ats_status status)
{
    out->ats = (struct iovp_ats_completion){.status = (uint8_t)status};
    return false;
}

static bool disallowed(struct smmuv3_job *j, struct smmuv3_result *out)
{
    j->fault = (struct iovp_fault){.code = F_BAD_ATS_TREQ};
    return refuse(out, IOVP_ATS_UR);
}

/*
 * What would fault: no rights if it is for translation to say, else Completer
 * Abort, and an event only if software asks for it.
 */
static bool failed(struct smmuv3_job *j, struct smmuv3_result *out)
{
    switch (j->fault.code) {
    case F_TRANSLATION:
    case F_ADDR_SIZE:
    case F_ACCESS:
    case F_PERMISSION:
        deny(j, out);
        return true;
    default:
        j->fault.silent |= !smmuv3_ats_records(j->s);
        return refuse(out, IOVP_ATS_CA);
    }
}

/* Rights of which one lets stage 1 go on to stage 2: those that a completion
 * may grant. */
static uint8_t useful(const struct smmuv3_stream *st, bool privileged)
{
    unsigned read = st->instcfg == STE_INSTCFG_INST ? PT_ARM_UX : PT_ARM_UR;

    return (uint8_t)((read | PT_ARM_UW) << (privileged ? 3 : 0));
}

/* 13.7.1: `perms` of all stages, `exe` is requested. */
static uint8_t granted(const struct smmuv3_stream *st, unsigned perms,
                       bool privileged, bool exe)
{
    unsigned p = privileged ? perms >> 3 : perms;
    bool r = p & (st->instcfg == STE_INSTCFG_INST ? PT_ARM_UX : PT_ARM_UR);
    /* An override makes execution the same as reading. */
    bool x = r && ((st->instcfg & 2) || (p & PT_ARM_UX));

    /* Write is granted whatever NW says: an endpoint that is to write later
     * is spared a second request (13.7). */
    return (r ? IOVP_ATS_READ : 0) | (p & PT_ARM_UW ? IOVP_ATS_WRITE : 0) |
           (exe && x ? IOVP_ATS_EXECUTE : 0);
}

/* 3.9.3: a CXL device may cache but shareable Write-Back memory. */
static bool cxl_io(unsigned eats, uint8_t mem_type, uint8_t sh)
{
    /* Inner and outer nibbles: 0b11xx, or 0b01xx with a hint. */
    bool inner = (mem_type & 4) && (mem_type & 0xf) != 4;
    bool outer = (mem_type & 0x40) && (mem_type & 0xf0) != 0x40;

    return eats == STE_EATS_SPLIT || !inner || !outer || sh == IOVP_SH_NON;
}

/* *out has the translation, *e what it came of; grant it. */
static void grant(const struct smmuv3_job *j, const struct smmuv3_stream *st,
                  const struct smmuv3_input *in, struct smmuv3_result *out)
{
    const struct iovp_attrs *a = j->attrs;
    unsigned eats = effective_eats(j->s, st);
    uint8_t flags =
        granted(st, out->perms, in->privileged, asks(a, a->instruction));

    if (!(flags & (IOVP_ATS_READ | IOVP_ATS_WRITE))) {
        deny(j, out);
        return;
    }
    if (cxl_io(eats, out->mem_type, out->shareability))
        flags |= IOVP_ATS_CXL_IO;
    out->ats = (struct iovp_ats_completion){
        .status = IOVP_ATS_SUCCESS,
        .flags = flags | priv_flag(a),
        .log2 = out->log2,
        .address = iovp_align_down(out->pa, out->log2)};
}

static bool translate_request(struct smmuv3_job *j, struct smmuv3_stream *st,
                              const struct smmuv3_input *in, uint64_t iova,
                              struct smmuv3_result *out)
{
    struct smmuv3_tlbe local;
    const struct smmuv3_tlbe *e;

    if (!st->s1 && !st->s2) {
        if (!smmuv3_bypass_fits(j, iova))
            return failed(j, out);
        smmuv3_set_bypass(j->s, out, in, iova);
        grant(j, st, in, out);
        return true;
    }
    j->useful = useful(st, in->privileged);
    e = smmuv3_find_entry(j, st, iova, &local, out);
    if (!e)
        return failed(j, out);
    smmuv3_finish_entry(st, in, e, iova, out);
    /* 13.6.3: only the address is another one. */
    if (effective_eats(j->s, st) == STE_EATS_SPLIT)
        out->pa = e->ipa | (iova & iovp_mask(e->log2));
    grant(j, st, in, out);
    return true;
}

static bool request(struct smmuv3_job *j, struct smmuv3_input *in,
                    uint64_t iova, struct smmuv3_result *out)
{
    const struct iovp_attrs *a = j->attrs;
    struct smmuv3 *s = j->s;
    struct smmuv3_stream scratch;
    struct smmuv3_stream *st;

    if (!(smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_SMMUEN))
        return disallowed(j, out);
    /* 3.9.3: what an endpoint sends later has these attributes. */
    *in = (struct smmuv3_input){.privileged = asks(a, a->privileged),
                                .instruction = asks(a, a->instruction),
                                .mem_type = 0xff,
                                .shareability = IOVP_SH_INNER};
    scratch.config = 0;
    scratch.overrides = false;
    switch (smmuv3_config_lookup(j, &scratch, &st)) {
    case SMMUV3_CFG_EVENT:
        /* EATS is of an STE that was read, whatever became of the CD. */
        if (scratch.config && effective_eats(s, &scratch) == STE_EATS_NONE)
            return disallowed(j, out);
        smmuv3_override(in, &scratch);
        return failed(j, out);
    case SMMUV3_CFG_ABORT:
        j->fault.silent = true;
        return refuse(out, IOVP_ATS_UR);
    default:
        break;
    }
    if (st != &scratch)
        out->config_ready = &st->ready_at;
    if (effective_eats(s, st) == STE_EATS_NONE)
        return disallowed(j, out);
    smmuv3_override(in, st);
    return translate_request(j, st, in, iova, out);
}

/* ---- Translated transactions (3.9.1.3) ----------------------------------- */

static bool forbidden(struct smmuv3_job *j)
{
    j->fault.code = F_TRANSL_FORBIDDEN;
    return false;
}

/* 3.9.1.1: what exceeds the OAS is aborted, not truncated, and not told. */
static bool pass(struct smmuv3_job *j, const struct smmuv3_input *in,
                 uint64_t pa, struct smmuv3_result *out)
{
    if (pa >> smmuv3_oas_bits(j->s)) {
        j->fault.silent = true;
        return false;
    }
    smmuv3_set_bypass(j->s, out, in, pa);
    return true;
}

static bool translated(struct smmuv3_job *j, struct smmuv3_input *in,
                       uint64_t addr, unsigned access,
                       struct smmuv3_result *out)
{
    struct smmuv3 *s = j->s;
    struct smmuv3_stream scratch;
    struct smmuv3_stream *st;

    if (!(smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_SMMUEN))
        return forbidden(j);
    if (!atschk(s))
        return pass(j, in, addr, out);
    switch (smmuv3_config_ste(j, &scratch, &st)) {
    case SMMUV3_CFG_EVENT:
        /* RECINVSID does not count here. */
        j->fault.silent = !smmuv3_ats_records(s);
        return false;
    case SMMUV3_CFG_ABORT:
        j->fault.silent = true;
        return false;
    default:
        break;
    }
    if (st != &scratch)
        out->config_ready = &st->ready_at;
    if (effective_eats(s, st) == STE_EATS_NONE)
        return forbidden(j);
    /* Tables 13.4 and 13.5: no other override applies. */
    smmuv3_override_perms(in, st);
    if (effective_eats(s, st) == STE_EATS_FULL)
        return pass(j, in, addr, out);
    return smmuv3_translate_stages(j, st, in, addr, access, out);
}

/* ---- the entry ----------------------------------------------------------- */

/* Without IDR3.PASIDTT: PnU == 0, InD == 0, SSV == 0. */
static struct iovp_attrs without_pasid(const struct iovp_attrs *a)
{
    struct iovp_attrs plain = *a;

    plain.pasid_valid = 0;
    plain.privileged = 0;
    plain.instruction = 0;
    return plain;
}

void smmuv3_ats(struct smmuv3_job *j, uint64_t iova, unsigned access,
                struct smmuv3_result *out)
{
    struct smmuv3 *s = j->s;
    struct iovp_attrs plain = without_pasid(j->attrs);
    struct smmuv3_input in;
    bool done = false;

    if (j->attrs->addr_type == IOVP_AT_TRANSLATED &&
        (s->cfg.idr0 & SMMU_IDR0_ATS))
        j->attrs = &plain;
    in = smmuv3_input_of(j->attrs, access & SMMUV3_WRITE);
    if (!(s->cfg.idr0 & SMMU_IDR0_ATS)) {
        /* 16.7.1; 6.3.9.6: without a record if SMMUEN is 0. */
        j->fault.code = F_UUT;
        j->fault.silent = !(smmuv3_reg(s, SMMU_CR0ACK) & SMMU_CR0_SMMUEN);
    } else if (j->attrs->addr_type == IOVP_AT_TRANSLATION_REQUEST) {
        access = SMMUV3_READ;
        done = request(j, &in, iova, out);
    } else if (j->attrs->addr_type == IOVP_AT_TRANSLATED) {
        done = translated(j, &in, iova, access, out);
    } else {
        j->fault.code = F_UUT; /* a reserved AT */
    }
    if (!done)
        smmuv3_finish_fault(j, &in, iova, access, out);
}

/* ---- invalidations of endpoints (4.5.1) ---------------------------------- */

bool smmuv3_atc_ready(struct smmuv3 *s)
{
    s->atc_waiting = s->atc_used == SMMUV3_ATC_SLOTS;
    return !s->atc_waiting;
}

/* A token tells its slot, and differs from earlier ones of that slot. */
void smmuv3_atc_send(struct smmuv3 *s, const struct iovp_ats_invalidation *i)
{
    struct iovp_ats_invalidation sent = *i;
    uint32_t slot = 0;

    if (!s->ops.atc_invalidate)
        return; /* IGNORED: the system has no ATS */
    while (slot < SMMUV3_ATC_SLOTS - 1 && s->atc[slot])
        slot++;
    do
        sent.token = ++s->atc_count * SMMUV3_ATC_SLOTS | slot;
    while (!sent.token);
    s->atc[slot] = sent.token;
    s->atc_used++;
    s->ops.atc_invalidate(s->opaque, &sent);
}

bool smmuv3_atc_complete(struct smmuv3 *s, uint32_t token, bool timeout)
{
    uint32_t *slot = &s->atc[token % SMMUV3_ATC_SLOTS];

    if (!token || *slot != token)
        return false;
    *slot = 0;
    s->atc_used--;
    s->atc_failed |= timeout;
    if (s->ops.wake && (s->atc_waiting || (s->sync_waiting && !s->atc_used)))
        s->ops.wake(s->opaque);
    return true;
}
