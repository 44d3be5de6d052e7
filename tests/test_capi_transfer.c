/* SPDX-License-Identifier: MIT */
/*
 * DMA that the IOMMU holds, with a guest that owns the SMMU: what the calls
 * answer while software thinks, and what becomes of the data.  Stall and its
 * answers: IHI 0070, 3.12.2, 4.6.1, 7.3.
 */
#include <string.h>

#include "../capi/examples/smmuv3_driver_internal.h"
#include "capi_soc.h"
#include "shim.h"

#define IOVA 0x10000u

#define CD0_S            (1ull << 44)
#define CMD_RESUME       0x44u
#define CMD_RESUME_RETRY (1ull << 12)
#define CMD_RESUME_ABORT (1ull << 13)
#define EVENT1_STALL     (1ull << 31)
#define EVENT1_STAG(w)   ((w)&0xffff)

struct held {
    struct soc s;
    struct soc_page m;
};

/* The display, one page mapped at IOVA, and its faults are held. */
static bool held_open(struct held *h, uint32_t mode)
{
    uint64_t cd;

    if (!soc_open(&h->s, mode, 0))
        return false;
    soc_map_page(&h->s, &h->m, IOVA, SOC_PAGE(0));
    cd = h->m.st.cd_table;
    smmu_begin(&h->s.drv);
    smmu_put64(&h->s.drv, cd, smmu_get64(&h->s.drv, cd) | CD0_S);
    smmu_cmd(&h->s.drv, CMD_CFGI_CD | CMD_SID(SOC_DISP_SID), CMD_LEAF);
    smmu_sync(&h->s.drv);
    CHECK_EQ(smmu_end(&h->s.drv), 0);
    return true;
}

static void answer(struct held *h, uint64_t action)
{
    const uint64_t *w = h->s.event.word;

    CHECK(w[1] & EVENT1_STALL);
    smmu_begin(&h->s.drv);
    smmu_cmd(&h->s.drv, CMD_RESUME | action | CMD_SID(SOC_DISP_SID),
             EVENT1_STAG(w[1]));
    smmu_sync(&h->s.drv);
    CHECK_EQ(smmu_end(&h->s.drv), 0);
    soc_settle(&h->s);
}

static void map_second(struct held *h)
{
    CHECK_EQ(smmu_map(&h->s.drv, &h->m.space, IOVA + PAGE_BYTES, SOC_PAGE(1),
                      PAGE_BYTES, SMMU_WRITE),
             0);
}

static iovp_transfer *submit(struct held *h, uint32_t access, void *buf,
                             size_t bytes)
{
    iovp_transfer_config c = IOVP_TRANSFER_CONFIG_INIT;
    iovp_transfer *t = NULL;

    c.access = access;
    c.iova = IOVA;
    c.buf = buf;
    c.bytes = bytes;
    CHECK_EQ(iovp_dma_submit(&t, h->s.disp, &c), IOVP_OK);
    soc_settle(&h->s);
    return t;
}

static iovp_dma_result poll(iovp_transfer *t)
{
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;

    CHECK_EQ(iovp_dma_poll(t, &r), IOVP_OK);
    return r;
}

static void gives_up(struct soc *unused, uint32_t mode)
{
    uint8_t buf[2 * PAGE_BYTES];
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    struct held h;

    (void)unused;
    if (!held_open(&h, mode))
        return;
    memset(buf, 7, sizeof(buf));
    CHECK_EQ(iovp_dma_write(h.s.disp, IOVP_NO_PASID, IOVA, buf, sizeof(buf),
                            NULL, &r),
             IOVP_OK);
    CHECK_EQ(r.status, IOVP_DMA_STALL);
    CHECK_EQ(r.done, PAGE_BYTES);
    CHECK_EQ(soc_events(&h.s), 1);
    CHECK_EQ(h.s.event.type, 0x10);
    CHECK_EQ(h.s.event.addr, IOVA + PAGE_BYTES);
    /* The device is gone; the answer has no effect. */
    map_second(&h);
    answer(&h, CMD_RESUME_RETRY);
    CHECK_EQ(soc_events(&h.s), 0);
    CHECK_EQ(iovp_mem_read(h.s.p, SOC_PAGE(1), buf, 1), IOVP_OK);
    CHECK_EQ(buf[0], 0);
    soc_close(&h.s);
}

static void run_gives_up(void *ud)
{
    gives_up(NULL, *(uint32_t *)ud);
}

/* Functional here, timed in a process of its own. */
static void both(void (*fn)(void *ud))
{
    uint32_t functional = IOVP_MODE_FUNCTIONAL, timed = IOVP_MODE_TIMED;

    fn(&functional);
    if (iovp_has_systemc())
        soc_child(fn, &timed);
}

TEST_CASE(transfer, a_call_gives_up_if_nobody_answers)
{
    both(run_gives_up);
}

static void run_retry(void *ud)
{
    static uint8_t buf[2 * PAGE_BYTES];
    iovp_transfer *t;
    iovp_dma_result r;
    struct held h;
    uint8_t byte = 1;

    if (!held_open(&h, *(uint32_t *)ud))
        return;
    memset(buf, 7, sizeof(buf));
    t = submit(&h, IOVP_ACCESS_WRITE, buf, sizeof(buf));
    r = poll(t);
    CHECK_EQ(r.status, IOVP_DMA_STALL);
    CHECK_EQ(r.done, PAGE_BYTES);
    CHECK_EQ(soc_events(&h.s), 1);
    CHECK_EQ(poll(t).status, IOVP_DMA_STALL);
    map_second(&h);
    answer(&h, CMD_RESUME_RETRY);
    r = poll(t);
    CHECK_EQ(r.status, IOVP_DMA_OK);
    CHECK_EQ(r.done, sizeof(buf));
    CHECK_EQ(r.stalls, 1);
    CHECK_EQ(iovp_mem_read(h.s.p, SOC_PAGE(2) - 1, &byte, 1), IOVP_OK);
    CHECK_EQ(byte, 7);
    iovp_dma_release(t);
    CHECK_EQ(iovp_dma_poll(t, &r), IOVP_E_HANDLE);
    soc_close(&h.s);
}

TEST_CASE(transfer, goes_on_when_it_is_retried)
{
    both(run_retry);
}

/* A retry without a mapping is held again, with another event. */
static void run_abort(void *ud)
{
    static uint8_t buf[2 * PAGE_BYTES];
    iovp_transfer *t;
    iovp_dma_result r;
    struct held h;

    if (!held_open(&h, *(uint32_t *)ud))
        return;
    t = submit(&h, IOVP_ACCESS_READ, buf, sizeof(buf));
    CHECK_EQ(soc_events(&h.s), 1);
    answer(&h, CMD_RESUME_RETRY);
    CHECK_EQ(poll(t).status, IOVP_DMA_STALL);
    CHECK_EQ(soc_events(&h.s), 1);
    answer(&h, CMD_RESUME_ABORT);
    r = poll(t);
    CHECK_EQ(r.status, IOVP_DMA_ABORT);
    CHECK_EQ(r.event, 0x10); /* F_TRANSLATION */
    CHECK_EQ(r.done, PAGE_BYTES);
    CHECK_EQ(r.stalls, 2);
    iovp_dma_release(t);
    soc_close(&h.s);
}

TEST_CASE(transfer, is_aborted_after_a_retry)
{
    both(run_abort);
}

/* What the caller took back is not touched when the access goes on. */
static void run_release(void *ud)
{
    static uint8_t buf[2 * PAGE_BYTES];
    iovp_transfer *t;
    struct held h;

    if (!held_open(&h, *(uint32_t *)ud))
        return;
    memset(buf, 7, sizeof(buf));
    t = submit(&h, IOVP_ACCESS_READ, buf, sizeof(buf));
    CHECK_EQ(soc_events(&h.s), 1);
    iovp_dma_release(t);
    memset(buf, 9, sizeof(buf));
    map_second(&h);
    answer(&h, CMD_RESUME_RETRY);
    CHECK_EQ(iovp_run_until(h.s.p, iovp_now(h.s.p) + 1000000000, NULL),
             IOVP_OK);
    for (size_t i = 0; i < sizeof(buf); i++)
        if (buf[i] != 9)
            FAIL_TEST("the buffer was touched");
    soc_close(&h.s);
}

TEST_CASE(transfer, released_while_held)
{
    both(run_release);
}

/* The platform goes while an access is held. */
static void run_destroy(void *ud)
{
    static uint8_t buf[2 * PAGE_BYTES];
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    iovp_transfer *t;
    struct held h;

    if (!held_open(&h, *(uint32_t *)ud))
        return;
    t = submit(&h, IOVP_ACCESS_READ, buf, sizeof(buf));
    CHECK_EQ(poll(t).status, IOVP_DMA_STALL);
    soc_close(&h.s);
    CHECK_EQ(iovp_dma_poll(t, &r), IOVP_E_HANDLE);
}

TEST_CASE(transfer, platform_destroyed_while_held)
{
    both(run_destroy);
}

/* A workload waits at the access that is held; other devices go on. */
static void run_workload(void *ud)
{
    iovp_workload w = IOVP_WORKLOAD_INIT;
    iovp_stream_stats row[4];
    size_t n = 4;
    struct held h;

    if (!held_open(&h, *(uint32_t *)ud))
        return;
    w.base = IOVA;
    w.window = 2 * PAGE_BYTES;
    w.bytes = PAGE_BYTES;
    w.outstanding = 1;
    w.read_percent = 100;
    w.transfers = 4;
    CHECK_EQ(iovp_workload_start(h.s.disp, &w), IOVP_OK);
    CHECK_EQ(iovp_run_until(h.s.p, iovp_now(h.s.p) + 1000000000, NULL),
             IOVP_OK);
    CHECK_EQ(soc_events(&h.s), 1);
    map_second(&h);
    answer(&h, CMD_RESUME_RETRY);
    CHECK_EQ(iovp_run_until(h.s.p, iovp_now(h.s.p) + 1000000000, NULL),
             IOVP_OK);
    for (size_t i = 0; i < n; i++)
        row[i].size = sizeof(row[i]);
    CHECK_EQ(iovp_stats(h.s.p, row, &n), IOVP_OK);
    REQUIRE(n == 1);
    CHECK_EQ(row[0].transfers, 4);
    CHECK_EQ(row[0].faults, 0);
    CHECK_EQ(soc_events(&h.s), 0);
    soc_close(&h.s);
}

TEST_CASE(transfer, a_workload_waits_for_the_answer)
{
    both(run_workload);
}

TEST_CASE(transfer, arguments)
{
    iovp_transfer_config c = IOVP_TRANSFER_CONFIG_INIT;
    iovp_transfer *t = NULL, *many[1024];
    iovp_attrs a = soc_pasid(3);
    uint8_t buf[8] = {0};
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    c.access = IOVP_ACCESS_READ;
    c.iova = SOC_DATA;
    c.buf = buf;
    c.bytes = 8;
    CHECK_EQ(iovp_dma_submit(NULL, s.raw, &c), IOVP_E_INVALID);
    CHECK_EQ(iovp_dma_submit(&t, s.raw, NULL), IOVP_E_INVALID);
    c.bytes = 0;
    CHECK_EQ(iovp_dma_submit(&t, s.raw, &c), IOVP_E_INVALID);
    c.bytes = (1u << 30) + 1;
    CHECK_EQ(iovp_dma_submit(&t, s.raw, &c), IOVP_E_INVALID);
    c.bytes = 8;
    c.access = 3;
    CHECK_EQ(iovp_dma_submit(&t, s.raw, &c), IOVP_E_INVALID);
    c.access = IOVP_ACCESS_READ;
    c.pasid = 4;
    c.attrs = &a; /* says 3 */
    CHECK_EQ(iovp_dma_submit(&t, s.raw, &c), IOVP_E_INVALID);
    c.pasid = 1u << 20;
    c.attrs = NULL;
    CHECK_EQ(iovp_dma_submit(&t, s.raw, &c), IOVP_E_INVALID);
    c.pasid = IOVP_NO_PASID;
    c.buf = NULL;
    CHECK_EQ(iovp_dma_submit(&t, s.raw, &c), IOVP_E_INVALID);
    CHECK(!t);
    c.buf = buf;
    for (int i = 0; i < 1024; i++)
        CHECK_EQ(iovp_dma_submit(&many[i], s.raw, &c), IOVP_OK);
    CHECK_EQ(iovp_dma_submit(&t, s.raw, &c), IOVP_E_LIMIT);
    iovp_dma_release(many[5]);
    CHECK_EQ(iovp_dma_submit(&many[5], s.raw, &c), IOVP_OK);
    CHECK_EQ(poll(many[5]).status, IOVP_DMA_OK);
    iovp_dma_release(NULL);
    soc_close(&s);
}
