/* SPDX-License-Identifier: MIT */
/*
 * Top to bottom: access, queues, reset, streams, faults.  The page tables are
 * in smmuv3_driver_pt.c.  Numbers in comments are sections of IHI 0070.
 */
#include "smmuv3_driver_internal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- access ----------------------------------------------------------- */

void smmu_fail(struct smmu_driver *d, const char *fmt, ...)
{
    va_list ap;

    if (d->failed)
        return;
    d->failed = true;
    va_start(ap, fmt);
    vsnprintf(d->message, sizeof(d->message), fmt, ap);
    va_end(ap);
}

void smmu_begin(struct smmu_driver *d)
{
    d->failed = false;
    d->message[0] = '\0';
}

int smmu_end(const struct smmu_driver *d)
{
    return d->failed ? -1 : 0;
}

static void api(struct smmu_driver *d, iovp_status s)
{
    if (s != IOVP_OK)
        smmu_fail(d, "%s: %s", iovp_strerror(s), iovp_last_error());
}

static uint32_t rd32(struct smmu_driver *d, uint32_t reg)
{
    uint64_t v = 0;

    if (!d->failed)
        api(d, iovp_mmio_read(d->platform, d->base + reg, 4,
                              IOVP_SPACE_NONSECURE, &v));
    return d->failed ? 0 : (uint32_t)v;
}

static void write_reg(struct smmu_driver *d, uint32_t reg, uint32_t width,
                      uint64_t v)
{
    if (!d->failed)
        api(d, iovp_mmio_write(d->platform, d->base + reg, width,
                               IOVP_SPACE_NONSECURE, v));
}

static void wr32(struct smmu_driver *d, uint32_t reg, uint32_t v)
{
    write_reg(d, reg, 4, v);
}

static void wr64(struct smmu_driver *d, uint32_t reg, uint64_t v)
{
    write_reg(d, reg, 8, v);
}

/* Structures are little-endian in memory whatever the host is. */
uint64_t smmu_get64(struct smmu_driver *d, uint64_t addr)
{
    uint8_t b[8] = {0};
    uint64_t v = 0;

    if (!d->failed)
        api(d, iovp_mem_read(d->platform, addr, b, 8));
    for (int i = 7; i >= 0; i--)
        v = v << 8 | b[i];
    return d->failed ? 0 : v;
}

void smmu_put64(struct smmu_driver *d, uint64_t addr, uint64_t v)
{
    uint8_t b[8];

    for (int i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    if (!d->failed)
        api(d, iovp_mem_write(d->platform, addr, b, 8));
}

uint64_t smmu_alloc(struct smmu_driver *d, uint64_t bytes, uint64_t align)
{
    static const uint8_t zero[PAGE];
    uint64_t mask = (align < PAGE ? PAGE : align) - 1;
    uint64_t addr = (d->ram->next + mask) & ~mask;

    bytes = (bytes + PAGE - 1) & ~(PAGE - 1);
    if (addr < d->ram->next || addr > d->ram->end ||
        d->ram->end - addr < bytes) {
        smmu_fail(d, "no guest RAM left for %" PRIu64 " bytes of tables",
                  bytes);
        return 0;
    }
    d->ram->next = addr + bytes;
    for (uint64_t i = 0; i < bytes && !d->failed; i += PAGE)
        api(d, iovp_mem_write(d->platform, addr + i, zero, PAGE));
    return d->failed ? 0 : addr;
}

/* In timed mode registers change only while time passes. */
static void let_time_pass(struct smmu_driver *d)
{
    if (d->poll_ps && !d->failed)
        api(d, iovp_run_until(d->platform, iovp_now(d->platform) + d->poll_ps,
                              NULL));
}

static void poll32(struct smmu_driver *d, uint32_t reg, uint32_t mask,
                   uint32_t want, const char *name)
{
    uint32_t v = 0;

    for (int i = 0; i < POLLS && !d->failed; i++) {
        v = rd32(d, reg) & mask;
        if (v == want)
            return;
        let_time_pass(d);
    }
    smmu_fail(d, "%s reads 0x%x, not 0x%x, after %d polls", name, v, want,
              POLLS);
}

/* ---- Command queue (3.5, 4) ------------------------------------------- */

static void queue_create(struct smmu_driver *d, struct smmu_queue *q,
                         unsigned log2, unsigned bytes)
{
    uint64_t size = (uint64_t)bytes << log2;

    q->base = smmu_alloc(d, size, size); /* aligned to its size */
    q->log2 = log2;
    q->bytes = bytes;
    q->prod = q->cons = 0;
}

static uint32_t queue_next(const struct smmu_queue *q, uint32_t index)
{
    return (index + 1) & ((2u << q->log2) - 1);
}

static uint64_t queue_entry(const struct smmu_queue *q, uint32_t index)
{
    return q->base + (uint64_t)(index & ((1u << q->log2) - 1)) * q->bytes;
}

/*
 * 7.1: consumption stopped at a bad command.  Put a CMD_SYNC in its place, so
 * that the others go on when the error is acknowledged.
 */
static uint32_t cmdq_skip(struct smmu_driver *d, uint32_t cons)
{
    uint64_t at = queue_entry(&d->cmdq, cons);
    uint64_t bad = smmu_get64(d, at);

    smmu_put64(d, at, CMD_SYNC);
    smmu_put64(d, at + 8, 0);
    return (uint32_t)(bad & 0xff);
}

static void gerror(struct smmu_driver *d)
{
    uint32_t flags = rd32(d, GERROR);
    uint32_t active = flags ^ rd32(d, GERRORN);
    uint32_t cons = rd32(d, CMDQ_CONS), opcode = 0;

    if (!active || d->failed)
        return;
    if (active & GERROR_CMDQ_ERR)
        opcode = cmdq_skip(d, cons);
    wr32(d, GERRORN, flags);
    d->gerrors++;
    if (active & GERROR_CMDQ_ERR)
        smmu_fail(d, "GERROR 0x%x: command 0x%02x refused, CMDQ_CONS.ERR = %u",
                  active, opcode, cons >> CMDQ_CONS_ERR & 0x7f);
    else
        smmu_fail(d, "GERROR 0x%x", active);
}

/* Ring the doorbell and wait until everything is consumed. */
static void cmdq_drain(struct smmu_driver *d)
{
    struct smmu_queue *q = &d->cmdq;
    uint32_t cons;

    wr32(d, CMDQ_PROD, q->prod);
    for (int i = 0; i < POLLS && !d->failed; i++) {
        cons = rd32(d, CMDQ_CONS);
        q->cons = cons & ((2u << q->log2) - 1);
        if (q->cons == q->prod)
            return;
        if (cons >> CMDQ_CONS_ERR & 0x7f)
            gerror(d);
        let_time_pass(d);
    }
    smmu_fail(d, "the Command queue stands still: PROD 0x%x, CONS 0x%x",
              q->prod, q->cons);
}

void smmu_cmd(struct smmu_driver *d, uint64_t word0, uint64_t word1)
{
    struct smmu_queue *q = &d->cmdq;
    uint64_t at = queue_entry(q, q->prod);

    /* Full: indexes equal, wrap bits different (3.5.1). */
    if ((q->prod ^ q->cons) == 1u << q->log2)
        cmdq_drain(d);
    smmu_put64(d, at, word0);
    smmu_put64(d, at + 8, word1);
    if (!d->failed)
        q->prod = queue_next(q, q->prod);
}

/* 4.7.3: when the SYNC is consumed, what was before it is complete. */
void smmu_sync(struct smmu_driver *d)
{
    smmu_cmd(d, CMD_SYNC, 0);
    cmdq_drain(d);
}

/* ---- reset ------------------------------------------------------------ */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static void probe(struct smmu_driver *d)
{
    uint32_t idr0 = rd32(d, IDR0), idr1 = rd32(d, IDR1), idr5 = rd32(d, IDR5);

    if (!(idr0 & IDR0_S1P) || !(idr0 & IDR0_TTF_AA64))
        smmu_fail(d, "IDR0 0x%x: no stage 1 with AArch64 tables", idr0);
    if (!(idr5 & IDR5_GRAN4K))
        smmu_fail(d, "IDR5 0x%x: no 4 KiB granule", idr5);
    if (idr1 & IDR1_PRESETS)
        smmu_fail(d, "IDR1 0x%x: preset tables or queues", idr1);
    d->sid_bits = idr1 >> IDR1_SIDSIZE & 0x3f;
    d->ssid_bits = idr1 >> IDR1_SSIDSIZE & 0x1f;
    d->eventqs = least(idr1 >> IDR1_EVENTQS & 0x1f, EVENTQ_MAX);
    d->cmdqs = least(idr1 >> IDR1_CMDQS & 0x1f, CMDQ_MAX);
    d->oas = least(idr5 & 7, 5); /* 48 bits are enough for this driver */
    d->asids = idr0 & IDR0_ASID16 ? 1u << 16 : 1u << 8;
    d->cd_2level = idr0 & IDR0_CD2L;
    d->st_2level = (idr0 >> IDR0_ST_LEVEL & 3) == 1 && d->sid_bits > ST_SPLIT;
}

/* 3.11: abort what comes in while there are no tables. */
static void gbpa_abort(struct smmu_driver *d)
{
    poll32(d, GBPA, GBPA_UPDATE, 0, "GBPA");
    wr32(d, GBPA, rd32(d, GBPA) | GBPA_ABORT | GBPA_UPDATE);
    poll32(d, GBPA, GBPA_UPDATE, 0, "GBPA");
}

static void set_cr0(struct smmu_driver *d, uint32_t v)
{
    d->cr0 = v;
    wr32(d, CR0, v);
    poll32(d, CR0ACK, UINT32_MAX, v, "CR0ACK");
}

static void set_irq_ctrl(struct smmu_driver *d, uint32_t v)
{
    wr32(d, IRQ_CTRL, v);
    poll32(d, IRQ_CTRLACK, UINT32_MAX, v, "IRQ_CTRLACK");
}

static void ste_abort(struct smmu_driver *d, uint64_t table, unsigned log2)
{
    for (uint64_t i = 0; i < 1ull << log2 && !d->failed; i++)
        smmu_put64(d, table + i * STE_BYTES, STE0_V | STE0_ABORT);
}

static void strtab_create(struct smmu_driver *d)
{
    uint64_t bytes;
    uint32_t cfg;

    d->strtab_log2 = least(d->sid_bits, d->st_2level ? ST_MAX : ST_SPLIT);
    cfg = d->strtab_log2;
    if (d->st_2level) {
        bytes = (uint64_t)L1STD_BYTES << (d->strtab_log2 - ST_SPLIT);
        cfg |= STRTAB_2LEVEL | ST_SPLIT << STRTAB_SPLIT;
    } else {
        bytes = (uint64_t)STE_BYTES << d->strtab_log2;
    }
    d->strtab = smmu_alloc(d, bytes, bytes);
    if (!d->st_2level)
        ste_abort(d, d->strtab, d->strtab_log2);
    wr64(d, STRTAB_BASE, d->strtab | BASE_HINT);
    wr32(d, STRTAB_BASE_CFG, cfg);
}

static void cmdq_start(struct smmu_driver *d)
{
    queue_create(d, &d->cmdq, d->cmdqs, 16);
    wr64(d, CMDQ_BASE, d->cmdq.base | BASE_HINT | d->cmdq.log2);
    wr32(d, CMDQ_PROD, 0);
    wr32(d, CMDQ_CONS, 0);
    set_cr0(d, d->cr0 | CR0_CMDQEN);
    smmu_cmd(d, CMD_CFGI_ALL, 31);
    smmu_sync(d);
    smmu_cmd(d, CMD_TLBI_NSNH_ALL, 0);
    smmu_sync(d);
}

static void eventq_start(struct smmu_driver *d)
{
    queue_create(d, &d->eventq, d->eventqs, 32);
    wr64(d, EVENTQ_BASE, d->eventq.base | BASE_HINT | d->eventq.log2);
    wr32(d, EVENTQ_PROD, 0);
    wr32(d, EVENTQ_CONS, 0);
    set_cr0(d, d->cr0 | CR0_EVENTQEN);
}

int smmu_init(struct smmu_driver *d)
{
    smmu_begin(d);
    d->next_asid = 1;
    d->events = d->overflows = d->gerrors = 0;
    probe(d);
    gbpa_abort(d);
    set_cr0(d, 0);
    wr32(d, CR1, CR1_WB_ISH);
    wr32(d, CR2, CR2_PTM | CR2_RECINVSID);
    strtab_create(d);
    cmdq_start(d);
    eventq_start(d);
    set_irq_ctrl(d, 0);
    set_irq_ctrl(d, IRQ_CTRL_EVENTQ | IRQ_CTRL_GERROR);
    set_cr0(d, d->cr0 | CR0_SMMUEN);
    return smmu_end(d);
}

/* ---- streams ---------------------------------------------------------- */

static uint64_t ste_address(struct smmu_driver *d, uint32_t sid)
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
        ste_abort(d, l2, ST_SPLIT);
        l2 |= ST_SPLIT + 1; /* Span */
        smmu_put64(d, l1, l2);
        smmu_cmd(d, CMD_CFGI_STE | CMD_SID(sid), 0);
    }
    return (l2 & ~(bytes - 1)) + (sid % (1u << ST_SPLIT)) * STE_BYTES;
}

/*
 * Word 0 last, because it makes the entry valid: the change is from or to
 * abort, so that nothing uses the words in between.
 */
static void write_ste(struct smmu_driver *d, uint32_t sid, uint64_t word0,
                      uint64_t word1)
{
    uint64_t ste = ste_address(d, sid);

    smmu_put64(d, ste + 8, word1);
    smmu_put64(d, ste, word0);
    smmu_cmd(d, CMD_CFGI_STE | CMD_SID(sid), CMD_LEAF);
    smmu_sync(d);
}

int smmu_attach(struct smmu_driver *d, struct smmu_stream *st, uint32_t sid,
                unsigned pasid_bits, uint32_t s1dss)
{
    uint64_t bytes, word0;

    smmu_begin(d);
    if (pasid_bits > d->ssid_bits)
        smmu_fail(d, "%u bits of PASID: the SMMU has %u", pasid_bits,
                  d->ssid_bits);
    st->sid = sid;
    st->cd_log2 = pasid_bits;
    st->s1dss = s1dss;
    st->cd_2level = d->cd_2level && pasid_bits > CD_LEAF_LOG2;
    if (st->cd_2level)
        bytes = (uint64_t)L1CD_BYTES << (pasid_bits - CD_LEAF_LOG2);
    else
        bytes = (uint64_t)CD_BYTES << pasid_bits;
    st->cd_table = smmu_alloc(d, bytes, bytes);
    word0 =
        STE0_V | STE0_S1 | st->cd_table | (uint64_t)pasid_bits << STE0_S1CDMAX;
    if (st->cd_2level)
        word0 |= STE0_S1FMT_64K;
    write_ste(d, sid, word0, STE1_WB_ISH | s1dss);
    return smmu_end(d);
}

int smmu_detach(struct smmu_driver *d, struct smmu_stream *st)
{
    smmu_begin(d);
    write_ste(d, st->sid, STE0_V | STE0_ABORT, 0);
    return smmu_end(d);
}

static uint64_t cd_address(struct smmu_driver *d, const struct smmu_stream *st,
                           uint32_t ssid)
{
    uint64_t l1, leaf, bytes = (uint64_t)CD_BYTES << CD_LEAF_LOG2;

    if (!st->cd_2level)
        return st->cd_table + (uint64_t)ssid * CD_BYTES;
    l1 = st->cd_table + (uint64_t)(ssid >> CD_LEAF_LOG2) * L1CD_BYTES;
    leaf = smmu_get64(d, l1);
    if (!leaf) {
        leaf = smmu_alloc(d, bytes, bytes) | L1CD_V;
        smmu_put64(d, l1, leaf);
        smmu_cmd(d, CMD_CFGI_CD | CMD_SID(st->sid) | CMD_SSID(ssid), 0);
    }
    return (leaf & ~L1CD_V) + (ssid % (1u << CD_LEAF_LOG2)) * CD_BYTES;
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

static void write_cd(struct smmu_driver *d, struct smmu_stream *st,
                     uint32_t pasid, const struct smmu_space *s)
{
    uint32_t ssid = pasid == SMMU_NO_PASID ? 0 : pasid;
    uint64_t cd, word0 = 0;

    check_pasid(d, st, pasid);
    if (d->failed)
        return;
    cd = cd_address(d, st, ssid);
    if (s) {
        word0 = CD0_T0SZ | CD0_WB_ISH | CD0_EPD1 | CD0_V | CD0_AA64 | CD0_R |
                CD0_A | CD0_ASET | (uint64_t)d->oas << CD0_IPS |
                (uint64_t)s->asid << CD0_ASID;
        smmu_put64(d, cd + 8, s->ttb);
        smmu_put64(d, cd + 24, CD3_MAIR);
    }
    smmu_put64(d, cd, word0);
    smmu_cmd(d, CMD_CFGI_CD | CMD_SID(st->sid) | CMD_SSID(ssid), CMD_LEAF);
    smmu_sync(d);
}

int smmu_bind(struct smmu_driver *d, struct smmu_stream *st, uint32_t pasid,
              const struct smmu_space *s)
{
    smmu_begin(d);
    write_cd(d, st, pasid, s);
    return smmu_end(d);
}

int smmu_unbind(struct smmu_driver *d, struct smmu_stream *st, uint32_t pasid,
                const struct smmu_space *s)
{
    smmu_begin(d);
    write_cd(d, st, pasid, NULL);
    smmu_cmd(d, CMD_TLBI_NH_ASID | CMD_ASID(s->asid), 0);
    smmu_sync(d);
    return smmu_end(d);
}

/* ---- faults ----------------------------------------------------------- */

static const char *const event_names[256] = {
    [0x01] = "F_UUT",
    [0x02] = "C_BAD_STREAMID",
    [0x03] = "F_STE_FETCH",
    [0x04] = "C_BAD_STE",
    [0x05] = "F_BAD_ATS_TREQ",
    [0x06] = "F_STREAM_DISABLED",
    [0x07] = "F_TRANSL_FORBIDDEN",
    [0x08] = "C_BAD_SUBSTREAMID",
    [0x09] = "F_CD_FETCH",
    [0x0a] = "C_BAD_CD",
    [0x0b] = "F_WALK_EABT",
    [0x10] = "F_TRANSLATION",
    [0x11] = "F_ADDR_SIZE",
    [0x12] = "F_ACCESS",
    [0x13] = "F_PERMISSION",
    [0x20] = "F_TLB_CONFLICT",
    [0x21] = "F_CFG_CONFLICT",
    [0x24] = "E_PAGE_REQUEST",
    [0x25] = "F_VMS_FETCH",
};

const char *smmu_event_name(uint8_t type)
{
    return event_names[type] ? event_names[type] : "unknown event";
}

/* Fields of 7.3 that most records share. */
static void decode(struct smmu_event *e)
{
    const uint64_t *w = e->word;

    e->type = (uint8_t)w[0];
    e->ssv = w[0] >> 11 & 1;
    e->ssid = (uint32_t)(w[0] >> 12 & 0xfffff);
    e->sid = (uint32_t)(w[0] >> 32);
    e->privileged = w[1] >> 33 & 1;
    e->instruction = w[1] >> 34 & 1;
    e->read = w[1] >> 35 & 1;
    e->s2 = w[1] >> 39 & 1;
    e->class_ = (unsigned)(w[1] >> 40 & 3);
    e->addr = w[2];
    e->addr2 = w[3];
}

void smmu_event_text(const struct smmu_event *e, char *buf, size_t size)
{
    static const char *const classes[] = {"CD fetch", "table walk", "input",
                                          "class 3"};
    char pasid[24] = "";
    int n;

    if (e->ssv)
        snprintf(pasid, sizeof(pasid), ", PASID 0x%x", e->ssid);
    n = snprintf(buf, size, "%s: StreamID 0x%x%s", smmu_event_name(e->type),
                 e->sid, pasid);
    /* The records of walks and translations have these fields. */
    if (n > 0 && (size_t)n < size && (e->type == 0x0b || e->type >> 4 == 1))
        snprintf(buf + n, size - (size_t)n,
                 ", %sprivileged %s of 0x%" PRIx64 ", stage %d (%s)",
                 e->privileged ? "" : "un",
                 e->instruction ? "fetch"
                 : e->read      ? "read"
                                : "write",
                 e->addr, e->s2 ? 2 : 1, classes[e->class_]);
}

int smmu_events(struct smmu_driver *d, smmu_event_fn *fn, void *ud)
{
    struct smmu_queue *q = &d->eventq;
    struct smmu_event e;
    uint32_t prod, index;

    smmu_begin(d);
    prod = rd32(d, EVENTQ_PROD);
    index = prod & ((2u << q->log2) - 1);
    for (; q->cons != index && !d->failed; q->cons = queue_next(q, q->cons)) {
        for (unsigned i = 0; i < 4; i++)
            e.word[i] = smmu_get64(d, queue_entry(q, q->cons) + 8 * i);
        decode(&e);
        d->events++;
        if (fn && !d->failed)
            fn(ud, &e);
    }
    /* 7.4: an overflow is acknowledged by making the flags equal. */
    if ((prod ^ q->prod) & EVENTQ_OVFLG)
        d->overflows++;
    q->prod = prod;
    wr32(d, EVENTQ_CONS, q->cons | (prod & EVENTQ_OVFLG));
    return smmu_end(d);
}

int smmu_gerror(struct smmu_driver *d)
{
    smmu_begin(d);
    gerror(d);
    return smmu_end(d);
}
