/* SPDX-License-Identifier: MIT */
/*
 * Queues and interrupts that a guest sets up wrongly, in both modes: bases
 * outside RAM, absurd sizes and indexes, overflow, MSIs to anywhere (IHI 0070
 * 3.5, 3.18, 7.1 to 7.5).
 */
#include <string.h>

#include "../capi/examples/smmuv3_driver_internal.h"
#include "capi_soc.h"
#include "shim.h"

#define NOWHERE 0x10000000ull
#define IOVA    0x40000000ull

/* SMMU_GERROR (6.3.19) */
#define EVENTQ_ABT_ERR     (1u << 2)
#define MSI_CMDQ_ABT_ERR   (1u << 4)
#define MSI_EVENTQ_ABT_ERR (1u << 5)
#define MSI_GERROR_ABT_ERR (1u << 7)

/* SMMU_CMDQ_CONS.ERR (7.1) */
#define CERROR_ILL 1u
#define CERROR_ABT 2u

#define GERROR_IRQ_CFG0 0x68
#define EVENTQ_IRQ_CFG0 0xb0

#define LOG2_MAX 19 /* IDR1.CMDQS and EVENTQS of the default profile */

static uint32_t cerror(struct soc *s)
{
    return soc_reg(s, CMDQ_CONS) >> CMDQ_CONS_ERR & 0x7f;
}

/* Another Command queue, empty, at `base`; the SMMU is disabled meanwhile. */
static void command_queue(struct soc *s, uint64_t base, uint32_t index)
{
    soc_set_cr0(s, CR0_EVENTQEN);
    soc_set_reg(s, CMDQ_BASE, 8, base);
    soc_set_reg(s, CMDQ_PROD, 4, index);
    soc_set_reg(s, CMDQ_CONS, 4, index);
    soc_set_cr0(s, CR0_EVENTQEN | CR0_CMDQEN);
}

static void event_queue(struct soc *s, uint64_t base, uint32_t index)
{
    soc_set_cr0(s, CR0_CMDQEN);
    soc_set_reg(s, EVENTQ_BASE, 8, base);
    soc_set_reg(s, EVENTQ_PROD, 4, index);
    soc_set_reg(s, EVENTQ_CONS, 4, index);
    soc_set_cr0(s, CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
}

/* C_BAD_STREAMID: nothing of this SMMU's streams is attached. */
static void fault(struct soc *s)
{
    iovp_dma_result r = soc_read(s->npu, NULL, IOVA, 8);

    CHECK_EQ(r.status, IOVP_DMA_ABORT);
    CHECK_EQ(r.event, 0x02);
}

static uint64_t get64(struct soc *s, uint64_t addr)
{
    uint64_t v = 0;

    CHECK_EQ(iovp_mem_read(s->p, addr, &v, 8), IOVP_OK);
    return v;
}

/* ---- bases --------------------------------------------------------------- */

static void command_base(struct soc *s, uint32_t mode)
{
    (void)mode;
    command_queue(s, NOWHERE | 8, 0);
    CHECK_EQ(soc_errors(s), 0);
    soc_set_reg(s, CMDQ_PROD, 4, 3);
    soc_settle(s);
    CHECK_EQ(soc_errors(s), GERROR_CMDQ_ERR);
    CHECK_EQ(cerror(s), CERROR_ABT);
    CHECK_EQ(soc_reg(s, CMDQ_CONS) & 0xfffff, 0);
    /* acknowledged, it is tried again */
    soc_set_reg(s, GERRORN, 4, soc_reg(s, GERROR));
    soc_settle(s);
    CHECK_EQ(soc_errors(s), GERROR_CMDQ_ERR);
    CHECK_EQ(soc_reg(s, CMDQ_CONS) & 0xfffff, 0);
}

TEST_CASE(BadQueues, CommandQueueOutsideRam)
{
    soc_both(command_base);
}

static void event_base(struct soc *s, uint32_t mode)
{
    (void)mode;
    event_queue(s, NOWHERE | 8, 0);
    fault(s);
    CHECK_EQ(soc_errors(s), EVENTQ_ABT_ERR);
    CHECK_EQ(soc_reg(s, EVENTQ_PROD), 0);
    /* 7.2: nothing is delivered until that is acknowledged */
    fault(s);
    CHECK_EQ(soc_reg(s, EVENTQ_PROD), 0);
    soc_set_reg(s, GERRORN, 4, soc_reg(s, GERROR));
    fault(s);
    CHECK_EQ(soc_errors(s), EVENTQ_ABT_ERR);
    /* up to the last byte of RAM: 2^8 records of 32 bytes */
    soc_set_reg(s, GERRORN, 4, soc_reg(s, GERROR));
    event_queue(s, (SOC_END - 0x2000) | 8, 0);
    for (unsigned i = 0; i < 200; i++)
        fault(s);
    CHECK_EQ(soc_errors(s), 0);
    CHECK_EQ(soc_reg(s, EVENTQ_PROD), 200);
}

TEST_CASE(BadQueues, EventQueueOutsideRam)
{
    soc_both(event_base);
}

/*
 * 6.3.26: LOG2SIZE is capped at what IDR1 tells, and the base is aligned to
 * the capped size.
 */
static void largest_queues(struct soc *s, uint32_t mode)
{
    const uint64_t aligned = SOC_DATA; /* to 256 MiB, so to 2^24 too */
    uint64_t sync = 0x46;

    (void)mode;
    event_queue(s, (aligned + 0x1000) | 31, 0);
    fault(s);
    CHECK_EQ(soc_reg(s, EVENTQ_PROD), 1);
    CHECK_EQ(get64(s, aligned) & 0xff, 0x02);
    CHECK_EQ(get64(s, aligned) >> 32, SOC_NPU_SID);
    /* the last entry, and the wrap: 2^19 entries of 32 bytes */
    event_queue(s, aligned | 31, (1u << LOG2_MAX) - 1);
    fault(s);
    CHECK_EQ(soc_reg(s, EVENTQ_PROD), 1u << LOG2_MAX);
    CHECK_EQ(get64(s, aligned + (32ull << LOG2_MAX) - 32) & 0xff, 0x02);
    command_queue(s, (aligned + 0x400000) | 31, (1u << LOG2_MAX) - 1);
    soc_put64(s, aligned + (16ull << LOG2_MAX) - 16, sync);
    soc_set_reg(s, CMDQ_PROD, 4, 1u << LOG2_MAX);
    soc_settle(s);
    CHECK_EQ(soc_reg(s, CMDQ_CONS), 1u << LOG2_MAX);
    CHECK_EQ(soc_errors(s), 0);
}

TEST_CASE(BadQueues, LargerThanItCanBe)
{
    soc_both(largest_queues);
}

/* ---- indexes
 * ------------------------------------------------------------------ */

static void command_indexes(struct soc *s, uint32_t mode)
{
    static const uint32_t garbage[] = {
        0x12345678, UINT32_MAX, 0x80000000, 0x00fffff0, 0x101, 0x1ff, 0xff};

    (void)mode;
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        command_queue(s, s->drv.cmdq.base | 8, 0);
        soc_set_reg(s, CMDQ_PROD, 4, garbage[i]);
        soc_settle(s);
        CHECK_EQ(soc_errors(s) & ~GERROR_CMDQ_ERR, 0);
        /* 3.5.1: more than 2^8 between the indexes: nothing is consumed */
        if ((garbage[i] & 0x1ff) > 0x100)
            CHECK_EQ(soc_reg(s, CMDQ_CONS) & 0xfffff, 0);
        soc_set_reg(s, GERRORN, 4, soc_reg(s, GERROR));
    }
    /* Opcode 0 is reserved (4.1.1). */
    soc_put64(s, SOC_DATA, 0);
    command_queue(s, SOC_DATA | 8, 0);
    soc_set_reg(s, CMDQ_PROD, 4, 0x100);
    soc_settle(s);
    CHECK_EQ(soc_errors(s), GERROR_CMDQ_ERR);
    CHECK_EQ(cerror(s), CERROR_ILL);
}

TEST_CASE(BadQueues, CommandIndexesOfGarbage)
{
    soc_both(command_indexes);
}

static void event_indexes(struct soc *s, uint32_t mode)
{
    (void)mode;
    soc_set_cr0(s, CR0_CMDQEN);
    soc_set_reg(s, EVENTQ_BASE, 8, SOC_DATA | 4);
    soc_set_reg(s, EVENTQ_PROD, 4, 0x7ffffff7); /* [3:0] is 7, wrap 1 */
    soc_set_reg(s, EVENTQ_CONS, 4, 0);
    soc_set_cr0(s, CR0_CMDQEN | CR0_EVENTQEN | CR0_SMMUEN);
    /* 23 entries between the indexes of a queue of 16: as if full */
    fault(s);
    CHECK_EQ(soc_reg(s, EVENTQ_PROD) >> 31, 1);
    CHECK_EQ(soc_reg(s, EVENTQ_PROD) & 0x1f, 0x17);
    /* CONS that makes sense, and acknowledges: it goes on */
    soc_set_reg(s, EVENTQ_CONS, 4, 0x80000017);
    fault(s);
    CHECK_EQ(soc_reg(s, EVENTQ_PROD) & 0x1f, 0x18);
    CHECK_EQ(get64(s, SOC_DATA + 7 * 32) & 0xff, 0x02);
}

TEST_CASE(BadQueues, EventIndexesOfGarbage)
{
    soc_both(event_indexes);
}

/* ---- overflow
 * --------------------------------------------------------------------- */

/* Faults beyond the queue are lost but for the flag; DMA that is right goes on.
 */
static void overflow(struct soc *s, uint32_t mode)
{
    struct smmu_stream st;
    struct soc_page m;
    iovp_stream_stats row[2] = {{.size = sizeof(row[0])},
                                {.size = sizeof(row[0])}};
    size_t n = 2;

    (void)mode;
    soc_map_page(s, &m, IOVA, SOC_DATA);
    /* without a Context Descriptor: C_BAD_CD */
    CHECK_EQ(smmu_attach(&s->drv, &st, SOC_NPU_SID, 0, 0), 0);
    CHECK_EQ(s->drv.eventq.log2, 12);
    for (unsigned i = 0; i < 5000; i++) {
        CHECK_EQ(soc_read(s->npu, NULL, i, 1).status, IOVP_DMA_ABORT);
        CHECK_EQ(soc_read(s->disp, NULL, IOVA, 8).status, IOVP_DMA_OK);
    }
    CHECK_EQ(soc_reg(s, EVENTQ_PROD), 0x80001000);
    CHECK_EQ(soc_events(s), 4096);
    CHECK_EQ(s->drv.overflows, 1);
    CHECK_EQ(s->event.type, 0x0a);
    CHECK_EQ(soc_read(s->npu, NULL, 0, 1).status, IOVP_DMA_ABORT);
    CHECK_EQ(soc_events(s), 1);
    /* what is lost in the queue is not lost in the figures */
    CHECK_EQ(iovp_stats(s->p, row, &n), IOVP_OK);
    CHECK_EQ(n, 2);
    CHECK_EQ(row[0].faults, 5001);
    CHECK_EQ(row[1].transfers, 5000);
    CHECK_EQ(row[1].faults, 0);
    CHECK_EQ(soc_errors(s), 0);
}

TEST_CASE(BadQueues, OverflowWhileDmaGoesOn)
{
    soc_both(overflow);
}

/* ---- MSIs
 * ------------------------------------------------------------------------- */

struct msi {
    unsigned count;
    uint64_t addr;
    uint32_t data;
};

static void on_irq(void *ud, const iovp_irq_event *e)
{
    struct msi *m = ud;

    if (e->kind != IOVP_IRQ_MSI)
        return;
    m->count++;
    m->addr = e->addr;
    m->data = e->data;
}

/* Where the Event queue's MSI goes, by its registers. */
static void event_msi(struct soc *s, uint64_t addr, uint32_t data)
{
    soc_set_reg(s, IRQ_CTRL, 4, 0);
    soc_settle(s);
    soc_set_reg(s, EVENTQ_IRQ_CFG0, 8, addr);
    soc_set_reg(s, EVENTQ_IRQ_CFG0 + 8, 4, data);
    soc_set_reg(s, IRQ_CTRL, 4, IRQ_CTRL_EVENTQ);
    soc_settle(s);
    CHECK_EQ(soc_reg(s, IRQ_CTRLACK), IRQ_CTRL_EVENTQ);
}

static void event_msis(struct soc *s, uint32_t mode)
{
    static const uint64_t nowhere[] = {
        NOWHERE,     SOC_SMMU + CR0, SOC_SMMU + 0x100ac,
        SOC_RAM - 4, SOC_END,        0xfffffffffffc};
    struct msi got = {.count = 0};
    uint32_t cr0 = soc_reg(s, CR0);

    (void)mode;
    CHECK_EQ(iovp_irq_handler(s->p, on_irq, NULL, &got), IOVP_OK);
    for (size_t i = 0; i < sizeof(nowhere) / sizeof(nowhere[0]); i++) {
        event_msi(s, nowhere[i], 0xffffffff);
        fault(s);
        CHECK_EQ(soc_errors(s), MSI_EVENTQ_ABT_ERR);
        CHECK_EQ(soc_events(s), 1); /* the record is there all the same */
        soc_set_reg(s, GERRORN, 4, soc_reg(s, GERROR));
    }
    CHECK_EQ(got.count, 0);
    CHECK_EQ(soc_reg(s, CR0), cr0);
    event_msi(s, SOC_DATA + 0x44, 0xcafe);
    fault(s);
    CHECK_EQ(got.count, 1);
    CHECK_EQ(got.addr, SOC_DATA + 0x44);
    CHECK_EQ(get64(s, SOC_DATA + 0x40), 0xcafeull << 32);
    CHECK_EQ(soc_events(s), 1);
    event_msi(s, SOC_ITS + 0x40, 0xbeef);
    fault(s);
    CHECK_EQ(got.count, 2);
    CHECK_EQ(got.addr, SOC_ITS + 0x40);
    CHECK_EQ(got.data, 0xbeef);
    CHECK_EQ(soc_errors(s), 0);
    /* into the Event queue itself: the guest's own loss */
    CHECK_EQ(soc_events(s), 1);
    event_msi(s, s->drv.eventq.base, 0x12);
    fault(s);
    CHECK_EQ(soc_errors(s), 0);
}

TEST_CASE(BadQueues, EventMsisToAnywhere)
{
    soc_both(event_msis);
}

/* 7.5.1: a GERROR MSI that aborts is told, and does not cause another. */
static void error_msis(struct soc *s, uint32_t mode)
{
    uint64_t sync = 0x46ull | 1ull << 12 | 0x77ull << 32; /* CS = IRQ */
    uint32_t prod;

    (void)mode;
    soc_set_reg(s, IRQ_CTRL, 4, 0);
    soc_settle(s);
    soc_set_reg(s, GERROR_IRQ_CFG0, 8, NOWHERE);
    soc_set_reg(s, IRQ_CTRL, 4, IRQ_CTRL_GERROR);
    soc_settle(s);
    prod = soc_reg(s, CMDQ_PROD);
    soc_put64(s, s->drv.cmdq.base + 16 * (prod & 0xff), sync);
    soc_put64(s, s->drv.cmdq.base + 16 * (prod & 0xff) + 8, SOC_SMMU + 0x60);
    soc_set_reg(s, CMDQ_PROD, 4, prod + 1);
    soc_settle(s);
    CHECK_EQ(soc_reg(s, CMDQ_CONS), prod + 1);
    CHECK_EQ(soc_errors(s), MSI_CMDQ_ABT_ERR | MSI_GERROR_ABT_ERR);
}

TEST_CASE(BadQueues, ErrorMsisToNowhere)
{
    soc_both(error_msis);
}
