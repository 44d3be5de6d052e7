/* SPDX-License-Identifier: MIT */
/* The Event queue, global errors and interrupts (3.5, 3.18, 7.2, 7.4, 7.5). */
#include "../models/smmuv3/smmuv3_internal.h"
#include "shim.h"
#include "smmu_fixture.h"

#define PROD (SMMU_PAGE1 + SMMU_EVENTQ_PROD)
#define CONS (SMMU_PAGE1 + SMMU_EVENTQ_CONS)

/* An Event queue of 2^log2 records at `base`, interrupts enabled. */
static void enable_at(struct bench *b, uint64_t base, unsigned log2)
{
    bench_w64(b, SMMU_EVENTQ_BASE, base | log2);
    bench_w32(b, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_EVENTQ | SMMU_IRQ_CTRL_GERROR);
    bench_w32(b, SMMU_CR0, SMMU_CR0_EVENTQEN);
}

static void create_evtq(struct bench *b, unsigned log2)
{
    bench_create(b);
    enable_at(b, BENCH_EVENTQ, log2);
}

/* A record that tells its number. */
static void record(struct bench *b, uint32_t n)
{
    uint64_t ev[EVENT_WORDS] = {F_TRANSLATION | (uint64_t)n << 32, 0,
                                0x1000ull + n, 0x2000ull + n};

    smmuv3_eventq_write(b->s, ev);
}

static uint32_t number(const uint64_t *ev)
{
    return (uint32_t)(ev[0] >> 32);
}

static struct smmuv3_stats stats(struct bench *b)
{
    struct smmuv3_stats st;

    smmuv3_get_stats(b->s, &st);
    return st;
}

/* ---- records ----------------------------------------------------------- */

TEST_CASE(Evtq, RecordIsLittleEndianInMemory)
{
    static const uint8_t want[32] = {
        0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, 0x18, 0x17, 0x16,
        0x15, 0x14, 0x13, 0x12, 0x11, 0x28, 0x27, 0x26, 0x25, 0x24, 0x23,
        0x22, 0x21, 0x38, 0x37, 0x36, 0x35, 0x34, 0x33, 0x32, 0x31};
    uint64_t ev[EVENT_WORDS] = {0x0102030405060708, 0x1112131415161718,
                                0x2122232425262728, 0x3132333435363738};
    struct bench b;

    create_evtq(&b, 4);
    smmuv3_eventq_write(b.s, ev);
    CHECK_MEM(b.ram + (BENCH_EVENTQ - BENCH_RAM), want, 32);
    CHECK_EQ(bench_r32(&b, PROD), 1);
    CHECK_EQ(b.writes, 1);
    CHECK_EQ(stats(&b).events_recorded, 1);
    bench_destroy(&b);
}

TEST_CASE(Evtq, QueueAttributesOfCr1)
{
    struct bench b;

    bench_create(&b);
    bench_w32(&b, SMMU_CR1, 0x35 | 0x2a << 6); /* tables: other attributes */
    enable_at(&b, BENCH_EVENTQ, 4);
    record(&b, 1);
    CHECK_EQ(b.last_write.mem_type, 0xff);
    CHECK_EQ(b.last_write.shareability, IOVP_SH_INNER);
    CHECK_EQ(b.last_write.space, IOVP_SPACE_NONSECURE);
    bench_destroy(&b);
}

/* From a transaction to the record: a StreamID beyond the table. */
TEST_CASE(Evtq, TransactionMakesARecord)
{
    struct iovp_attrs a = {.size = sizeof(a), .stream_id = 0x1234};
    struct smmuv3_result r;
    uint64_t ev[EVENT_WORDS];
    struct bench b;

    bench_create(&b);
    bench_enable(&b);
    smmuv3_translate(b.s, &a, 0x1000, SMMUV3_READ, SMMUV3_NORMAL, &r);
    CHECK_EQ(r.status, IOVP_RESULT_ABORT);
    REQUIRE(bench_event(&b, ev));
    CHECK_EQ(ev[0], C_BAD_STREAMID | 0x1234ull << 32);
    CHECK_EQ(ev[1], 0);
    CHECK(!bench_event(&b, ev));
    bench_destroy(&b);
}

/* ---- writable or not (7.2.1) ------------------------------------------- */

TEST_CASE(Evtq, WrapsAtEverySize)
{
    for (unsigned log2 = 0; log2 <= 12; log2++) {
        uint32_t size = 1u << log2;
        uint64_t ev[EVENT_WORDS];
        struct bench b;

        bench_create(&b);
        enable_at(&b, BENCH_FREE, log2);
        for (uint32_t i = 0; i < 2 * size + 1; i++) {
            record(&b, i);
            CHECK_EQ(bench_r32(&b, PROD), (i + 1) & (2 * size - 1));
            REQUIRE(bench_event(&b, ev));
            CHECK_EQ(number(ev), i);
            CHECK_EQ(ev[2], 0x1000ull + i);
            CHECK_EQ(ev[3], 0x2000ull + i);
        }
        CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 2 * size + 1);
        bench_destroy(&b);
    }
}

TEST_CASE(Evtq, FillsToTheLastEntryAtEverySize)
{
    for (unsigned log2 = 0; log2 <= 12; log2++) {
        uint32_t size = 1u << log2;
        uint64_t ev[EVENT_WORDS];
        struct bench b;

        bench_create(&b);
        enable_at(&b, BENCH_FREE, log2);
        for (uint32_t i = 0; i < size + 1; i++)
            record(&b, i);
        CHECK_EQ(bench_r32(&b, PROD), 0x80000000 | size);
        for (uint32_t i = 0; i < size; i++) {
            REQUIRE(bench_event(&b, ev));
            CHECK_EQ(number(ev), i);
        }
        CHECK(!bench_event(&b, ev));
        bench_destroy(&b);
    }
}

TEST_CASE(Evtq, LargestSizeIsThatOfIdr1)
{
    struct smmuv3_config c;
    struct bench b;

    bench_config(&c);
    c.idr1 = (c.idr1 & ~(0x1fu << 16)) | 2u << 16; /* EVENTQS: 4 records */
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    enable_at(&b, BENCH_FREE, 31);
    for (uint32_t i = 0; i < 5; i++)
        record(&b, i);
    CHECK_EQ(bench_r32(&b, PROD), 0x80000004);
    CHECK_EQ(bench_get64(&b, BENCH_FREE + 3 * 32) >> 32, 3);
    CHECK_EQ(bench_get64(&b, BENCH_FREE + 4 * 32), 0);
    bench_destroy(&b);
}

/* 6.3.29: ADDR is aligned to the size of the queue in bytes. */
TEST_CASE(Evtq, BaseIsAlignedToTheSize)
{
    struct bench b;

    bench_create(&b);
    enable_at(&b, BENCH_FREE + 0x1fe0, 8); /* 8 KiB */
    record(&b, 77);
    CHECK_EQ(bench_get64(&b, BENCH_FREE) >> 32, 77);
    bench_destroy(&b);
}

/* Disabled: discarded, no overflow, no interrupt, nothing written. */
TEST_CASE(Evtq, DisabledDiscards)
{
    struct bench b;

    create_evtq(&b, 1);
    bench_w32(&b, SMMU_CR0, 0);
    for (uint32_t i = 0; i < 5; i++)
        record(&b, i);
    CHECK_EQ(b.writes, 0);
    CHECK_EQ(bench_r32(&b, PROD), 0);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 0);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    CHECK_EQ(stats(&b).events_lost, 5);
    bench_destroy(&b);
}

TEST_CASE(Evtq, EnabledFromItsUpdateOn)
{
    struct smmuv3_config c;
    struct bench b;

    bench_config(&c);
    c.timing.clock_ps = 1000;
    c.timing.ack_cycles = 10;
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    enable_at(&b, BENCH_EVENTQ, 4);
    record(&b, 1);
    CHECK_EQ(b.writes, 0);
    b.now += 10000;
    record(&b, 2); /* without any register access in between */
    CHECK_EQ(b.writes, 1);
    CHECK_EQ(bench_get64(&b, BENCH_EVENTQ) >> 32, 2);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 1);
    bench_destroy(&b);
}

/* ---- overflow (7.4) ----------------------------------------------------- */

TEST_CASE(Evtq, OverflowTogglesOnceUntilAcknowledged)
{
    uint64_t ev[EVENT_WORDS];
    struct bench b;

    create_evtq(&b, 1);
    record(&b, 0);
    record(&b, 1);
    CHECK_EQ(bench_r32(&b, PROD), 2); /* full is not yet overflow */
    record(&b, 2);
    CHECK_EQ(bench_r32(&b, PROD), 0x80000002);
    record(&b, 3);
    CHECK_EQ(bench_r32(&b, PROD), 0x80000002);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    CHECK_EQ(stats(&b).events_lost, 2);
    CHECK_EQ(stats(&b).events_recorded, 2);
    /* Freed but not acknowledged: recorded, a new overflow is invisible. */
    CHECK(bench_event(&b, ev));
    CHECK_EQ(number(ev), 0);
    record(&b, 4);
    CHECK_EQ(bench_r32(&b, PROD), 0x80000003);
    record(&b, 5);
    CHECK_EQ(bench_r32(&b, PROD), 0x80000003);
    /* Acknowledged: the next one toggles back to 0. */
    bench_w32(&b, CONS, 0x80000001);
    record(&b, 6);
    CHECK_EQ(bench_r32(&b, PROD), 0x00000003);
    CHECK(bench_event(&b, ev));
    CHECK_EQ(number(ev), 1);
    CHECK(bench_event(&b, ev));
    CHECK_EQ(number(ev), 4);
    CHECK(!bench_event(&b, ev));
    bench_destroy(&b);
}

/* 3.5.1: indexes that no consumer can produce count as a full queue. */
TEST_CASE(Evtq, InconsistentIndexesAreFull)
{
    struct bench b;

    create_evtq(&b, 2);
    bench_w32(&b, CONS, 1); /* CONS ahead of PROD */
    record(&b, 0);
    CHECK_EQ(b.writes, 0);
    CHECK_EQ(bench_r32(&b, PROD), 0x80000000);
    bench_destroy(&b);
}

/* ---- abort (7.2.2) ------------------------------------------------------- */

TEST_CASE(Evtq, WriteAbort)
{
    uint64_t ev[EVENT_WORDS];
    struct bench b;

    create_evtq(&b, 4);
    record(&b, 0);
    bench_fault(&b, BENCH_EVENTQ + 32 + 31, false, true);
    bench_forget(&b);
    record(&b, 1);
    CHECK_EQ(bench_r32(&b, PROD), 1);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), SMMU_GERROR_EVENTQ_ABT_ERR);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 1);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 0);
    /* Active: not written at all, and no overflow either. */
    for (uint32_t i = 0; i < 40; i++)
        record(&b, 2);
    CHECK_EQ(b.writes, 1);
    CHECK_EQ(bench_r32(&b, PROD), 1);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 1);
    /* What was there before is still good. */
    CHECK(bench_event(&b, ev));
    CHECK_EQ(number(ev), 0);
    bench_clear_faults(&b);
    CHECK_EQ(bench_ack(&b), SMMU_GERROR_EVENTQ_ABT_ERR);
    record(&b, 3);
    CHECK(bench_event(&b, ev));
    CHECK_EQ(number(ev), 3);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 1);
    bench_destroy(&b);
}

TEST_CASE(Evtq, BaseOutsideMemory)
{
    static const uint64_t bases[] = {0, 0x1000, 0xfffffffffffe0};

    for (int i = 0; i < 3; i++) {
        for (unsigned log2 = 0; log2 < 32; log2 += 31) {
            struct bench b;

            bench_create(&b);
            enable_at(&b, bases[i], log2);
            record(&b, 1);
            CHECK_EQ(bench_r32(&b, PROD), 0);
            CHECK_EQ(bench_ack(&b), SMMU_GERROR_EVENTQ_ABT_ERR);
            bench_destroy(&b);
        }
    }
}

/* The queue on top of our own registers: refused, not re-entered. */
TEST_CASE(Evtq, BaseInOwnRegisters)
{
    struct bench b;

    bench_create(&b);
    enable_at(&b, BENCH_MMIO + 0x20, 0);
    record(&b, 1);
    CHECK_EQ(bench_ack(&b), SMMU_GERROR_EVENTQ_ABT_ERR);
    CHECK_EQ(bench_r32(&b, SMMU_CR0), SMMU_CR0_EVENTQEN);
    /* The core answers again afterwards. */
    CHECK_EQ(bench_r32(&b, SMMU_IDR0), b.cfg.idr0);
    bench_destroy(&b);
}

/* ---- interrupts (3.18) -------------------------------------------------- */

static void see_record(struct bench *b, enum iovp_irq_line line)
{
    CHECK_EQ(line, IOVP_IRQ_EVENTQ);
    CHECK_EQ(b->s->reg[SMMU_EVENTQ_PROD / 4], 1);
    CHECK_EQ(bench_get64(b, BENCH_EVENTQ) >> 32, 9);
}

TEST_CASE(Evtq, InterruptWhenTheQueueBecomesNonEmpty)
{
    uint64_t ev[EVENT_WORDS];
    struct bench b;

    create_evtq(&b, 4);
    b.on_irq = see_record;
    record(&b, 9);
    b.on_irq = NULL;
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 1);
    record(&b, 1);
    record(&b, 2);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 1);
    bench_event(&b, ev);
    record(&b, 3); /* not empty in between */
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 1);
    while (bench_event(&b, ev))
        ;
    record(&b, 4);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 2);
    CHECK_EQ(b.msi_count, 0);
    bench_destroy(&b);
}

TEST_CASE(Evtq, InterruptsNeedTheirEnable)
{
    struct bench b;

    create_evtq(&b, 4);
    bench_w32(&b, SMMU_IRQ_CTRL, 0);
    bench_w64(&b, SMMU_EVENTQ_IRQ_CFG0, BENCH_FREE);
    bench_w64(&b, SMMU_GERROR_IRQ_CFG0, BENCH_FREE + 8);
    record(&b, 1);
    bench_fault(&b, BENCH_EVENTQ + 32, false, true);
    record(&b, 2);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), SMMU_GERROR_EVENTQ_ABT_ERR);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 0);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 0);
    CHECK_EQ(b.msi_count, 0);
    /* Enabling later does not raise what happened before (6.3.16). */
    bench_w32(&b, SMMU_IRQ_CTRL, 5);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ] + b.irq[IOVP_IRQ_GERROR], 0);
    bench_destroy(&b);
}

TEST_CASE(Evtq, InterruptsStartWithTheUpdateOfTheirEnable)
{
    struct smmuv3_config c;
    uint64_t ev[EVENT_WORDS];
    struct bench b;

    bench_config(&c);
    c.timing.clock_ps = 1000;
    c.timing.ack_cycles = 10;
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    enable_at(&b, BENCH_EVENTQ, 4);
    b.now += 10000;
    bench_w32(&b, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_GERROR);
    record(&b, 1); /* the old value still counts */
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 1);
    b.now += 10000;
    bench_event(&b, ev);
    record(&b, 1);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 1);
    bench_w32(&b, SMMU_IRQ_CTRL, 5);
    bench_event(&b, ev);
    record(&b, 1);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 1);
    b.now += 10000;
    bench_event(&b, ev);
    record(&b, 1);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 2);
    bench_destroy(&b);
}

/* MSIs for both sources, as an ITS and as memory would see them. */
static void enable_msis(struct bench *b)
{
    bench_w32(b, SMMU_IRQ_CTRL, 0);
    bench_w64(b, SMMU_EVENTQ_IRQ_CFG0, BENCH_FREE);
    bench_w32(b, SMMU_EVENTQ_IRQ_CFG1, 0x11);
    bench_w32(b, SMMU_EVENTQ_IRQ_CFG2, 0x3f);
    bench_w64(b, SMMU_GERROR_IRQ_CFG0, BENCH_FREE + 8);
    bench_w32(b, SMMU_GERROR_IRQ_CFG1, 0x22);
    bench_w32(b, SMMU_GERROR_IRQ_CFG2, 0x01);
    bench_w32(b, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_EVENTQ | SMMU_IRQ_CTRL_GERROR);
}

TEST_CASE(Evtq, Msi)
{
    struct bench b;

    create_evtq(&b, 4);
    enable_msis(&b);
    record(&b, 1);
    CHECK_EQ(b.msi_count, 1);
    CHECK_EQ(b.msi[0].addr, BENCH_FREE);
    CHECK_EQ(b.msi[0].data, 0x11);
    CHECK_EQ(b.msi[0].attrs.mem_type, 0xff);
    CHECK_EQ(b.msi[0].attrs.shareability, IOVP_SH_INNER);
    bench_fault(&b, BENCH_EVENTQ + 32, false, true);
    record(&b, 2);
    CHECK_EQ(b.msi_count, 2);
    CHECK_EQ(b.msi[1].addr, BENCH_FREE + 8);
    CHECK_EQ(b.msi[1].data, 0x22);
    CHECK_EQ(b.msi[1].attrs.mem_type, 0x04);
    CHECK_EQ(b.msi[1].attrs.shareability, IOVP_SH_OUTER);
    /* 3.18.2: the wires pulse as well; the system uses one of the two. */
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 1);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 1);
    bench_destroy(&b);
}

/* An aborted MSI is a global error; one of GERROR's own raises no more. */
TEST_CASE(Evtq, MsiAbort)
{
    uint64_t ev[EVENT_WORDS];
    struct bench b;

    create_evtq(&b, 4);
    enable_msis(&b);
    bench_fault(&b, BENCH_FREE, false, true);
    bench_fault(&b, BENCH_FREE + 8, false, true);
    record(&b, 1);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR),
             SMMU_GERROR_MSI_EVENTQ_ABT_ERR | SMMU_GERROR_MSI_GERROR_ABT_ERR);
    CHECK_EQ(b.msi_count, 2);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 1);
    CHECK_EQ(bench_r32(&b, PROD), 1);
    /* Active errors neither toggle again nor stop MSIs and records. */
    CHECK(bench_event(&b, ev));
    record(&b, 2);
    CHECK_EQ(b.msi_count, 3);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR),
             SMMU_GERROR_MSI_EVENTQ_ABT_ERR | SMMU_GERROR_MSI_GERROR_ABT_ERR);
    /* Acknowledged, they toggle back. */
    bench_ack(&b);
    CHECK(bench_event(&b, ev));
    record(&b, 3);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0);
    CHECK_EQ(bench_ack(&b),
             SMMU_GERROR_MSI_EVENTQ_ABT_ERR | SMMU_GERROR_MSI_GERROR_ABT_ERR);
    bench_destroy(&b);
}

TEST_CASE(Evtq, NoMsiWithoutIdr0Msi)
{
    struct smmuv3_config c;
    struct bench b;

    bench_config(&c);
    c.idr0 &= ~SMMU_IDR0_MSI;
    bench_create_with(&b, &c);
    REQUIRE(b.s != NULL);
    enable_at(&b, BENCH_EVENTQ, 4);
    enable_msis(&b);
    record(&b, 1);
    CHECK_EQ(b.msi_count, 0);
    CHECK_EQ(b.irq[IOVP_IRQ_EVENTQ], 1);
    bench_destroy(&b);
}

/* An MSI that would write our own registers is an abort (no re-entry). */
TEST_CASE(Evtq, MsiToOwnRegisters)
{
    struct bench b;

    create_evtq(&b, 4);
    bench_w32(&b, SMMU_IRQ_CTRL, 0);
    bench_w64(&b, SMMU_EVENTQ_IRQ_CFG0, BENCH_MMIO + SMMU_IRQ_CTRL);
    bench_w32(&b, SMMU_IRQ_CTRL, SMMU_IRQ_CTRL_EVENTQ);
    record(&b, 1);
    CHECK_EQ(b.msi_count, 1);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), SMMU_GERROR_MSI_EVENTQ_ABT_ERR);
    CHECK_EQ(bench_r32(&b, SMMU_IRQ_CTRL), SMMU_IRQ_CTRL_EVENTQ);
    bench_destroy(&b);
}

/* ---- global errors (7.5) --------------------------------------------------
 */

TEST_CASE(Evtq, GlobalErrorsAreIndependent)
{
    struct bench b;

    create_evtq(&b, 4);
    smmuv3_gerror(b.s, SMMU_GERROR_CMDQ_ERR);
    smmuv3_gerror(b.s, SMMU_GERROR_EVENTQ_ABT_ERR);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 5);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 2);
    smmuv3_gerror(b.s, SMMU_GERROR_CMDQ_ERR | SMMU_GERROR_EVENTQ_ABT_ERR);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 5);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 2);
    bench_w32(&b, SMMU_GERRORN, 1); /* acknowledge one of them */
    smmuv3_gerror(b.s, SMMU_GERROR_CMDQ_ERR | SMMU_GERROR_EVENTQ_ABT_ERR);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 4);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 3);
    smmuv3_gerror(b.s, SMMU_GERROR_MSI_GERROR_ABT_ERR);
    CHECK_EQ(bench_r32(&b, SMMU_GERROR), 0x84);
    CHECK_EQ(b.irq[IOVP_IRQ_GERROR], 3);
    bench_destroy(&b);
}

/* ---- trace ------------------------------------------------------------------
 */

TEST_CASE(Evtq, Trace)
{
    uint64_t ev[EVENT_WORDS] = {F_PERMISSION | 1ull << 11 | 0x54321ull << 12 |
                                    0xabcdull << 32,
                                0, 0x1122334455667788, 0x99aabbcc000};
    struct bench b;

    create_evtq(&b, 0);
    b.now = 42;
    smmuv3_eventq_write(b.s, ev);
    REQUIRE(b.traces == 2);
    CHECK_EQ(b.trace[0].kind, IOVP_TRACE_FAULT);
    CHECK_EQ(b.trace[0].result, F_PERMISSION);
    CHECK_EQ(b.trace[0].event, F_PERMISSION);
    CHECK_EQ(b.trace[0].stream_id, 0xabcd);
    CHECK_EQ(b.trace[0].pasid, 0x54321);
    CHECK_EQ(b.trace[0].flags & IOVP_TRACE_PASID_VALID, IOVP_TRACE_PASID_VALID);
    CHECK_EQ(b.trace[0].iova, 0x1122334455667788);
    CHECK_EQ(b.trace[0].pa, 0x99aabbcc000);
    CHECK_EQ(b.trace[0].time_in, 42);
    CHECK_EQ(b.trace[1].kind, IOVP_TRACE_INTERRUPT);
    CHECK_EQ(b.trace[1].result, IOVP_IRQ_EVENTQ);
    /* A record that is lost is traced all the same. */
    smmuv3_eventq_write(b.s, ev);
    REQUIRE(b.traces == 3);
    CHECK_EQ(b.trace[2].kind, IOVP_TRACE_FAULT);
    CHECK_EQ(b.trace[2].result, F_PERMISSION);
    CHECK_EQ(b.trace[2].event, 0);
    bench_destroy(&b);
}
