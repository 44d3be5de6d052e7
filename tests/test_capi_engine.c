/* SPDX-License-Identifier: MIT */
/* iovp,dma-engine: a DMA master that is no PCI function, driven by its
 * registers; its page faults are recovered by the SMMU's stall. */
#include <string.h>

#include "io_soc.h"
#include "shim.h"

/* ---- without translation --------------------------------------------------
 */

static void operations(struct io *io)
{
    struct tep_driver *d = &io->engine.drv;
    struct tep_request r = {.op = TEP_OP_MEMCPY,
                            .src = IO_PA(0),
                            .dst = IO_PA(8),
                            .len = 2 * IO_PAGE,
                            .irq = TEP_IRQ_OF(0)};
    struct tep_outcome out;

    io_fill(io, 0, 0x5a);
    io_fill(io, 1, 0xa5);
    CHECK_EQ(TEP_ERROR_NONE, tep_run(d, &r, &out));
    CHECK_EQ(2 * IO_PAGE, out.bytes);
    CHECK(io_holds(io, 8, 0x5a));
    CHECK(io_holds(io, 9, 0xa5));
    CHECK_EQ(1, io->irqs);
    CHECK_EQ(IOVP_IRQ_WIRED, io->irq.kind);
    CHECK_EQ(IO_ENGINE_SPI, io->irq.number);
    CHECK_STR("engine@a000000", io->irq.source);

    r = (struct tep_request){
        .op = TEP_OP_FETCH_ADD, .dst = IO_PA(0), .len = 4, .operand = {1}};
    CHECK_EQ(TEP_ERROR_NONE, tep_run(d, &r, &out));
    CHECK_EQ(0x5a5a5a5a, out.result);
    r.op = TEP_OP_CAS;
    r.operand[0] = 0x5a5a5a5b;
    r.operand[1] = 0x12345678;
    CHECK_EQ(TEP_ERROR_NONE, tep_run(d, &r, &out));
    CHECK_EQ(0x5a5a5a5b, out.result);
    r = (struct tep_request){.op = TEP_OP_SUM, .src = IO_PA(0), .len = 4};
    CHECK_EQ(TEP_ERROR_NONE, tep_run(d, &r, &out));
    CHECK_EQ(0x12 + 0x34 + 0x56 + 0x78, out.result);
    CHECK_EQ(4, io_counter(io->engine.d, "operations"));
}

TEST_CASE(CapiEngine, OperationsAndInterrupts)
{
    io_both(operations);
}

static void nothing_there(struct io *io)
{
    struct tep_driver *d = &io->engine.drv;
    struct tep_request r = {
        .op = TEP_OP_MEMCPY, .src = IO_PA(0), .dst = 0x1000, .len = 64};
    struct tep_outcome out;

    CHECK_EQ(TEP_ERROR_UR, tep_run(d, &r, &out));
    CHECK_EQ(0x1000, out.fault_addr);
    CHECK_EQ(0, out.bytes);
    CHECK(out.fault_info & TEP_FAULT_INFO_WRITE);
    /* There is no ATC, and PRI is a thing of PCI Express. */
    r = (struct tep_request){.op = TEP_OP_PREFETCH, .src = IO_PA(0), .len = 1};
    r.attr = TEP_AT_ATC << TEP_ATTR_AT_SHIFT;
    CHECK(tep_run(d, &r, &out) != TEP_ERROR_NONE);
    r = (struct tep_request){.op = TEP_OP_SUM, .src = IO_PA(0), .len = 8};
    r.attr = TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT;
    CHECK_EQ(TEP_ERROR_ATTR, tep_run(d, &r, &out));
    /* Nor can this one bear a stall. */
    r.attr = TEP_FAULT_STALL << TEP_ATTR_FAULT_SHIFT;
    CHECK_EQ(TEP_ERROR_ATTR, tep_run(&io->rigid.drv, &r, &out));
}

TEST_CASE(CapiEngine, ErrorsOfAccesses)
{
    io_both(nothing_there);
}

/* ---- shared virtual addresses ---------------------------------------------
 */

static void faulted_in(struct io *io)
{
    struct tep_driver *d = &io->engine.drv;
    struct io_pager p = {0};
    uint32_t pasid = io_bind(io, &p, io->engine.d);
    struct tep_request r = {
        .op = TEP_OP_MEMCPY,
        .attr = TEP_FAULT_STALL << TEP_ATTR_FAULT_SHIFT,
        .pasid = TEP_PASID_OF(pasid),
        .src = IO_VA,
        .dst = IO_VA + 2 * IO_PAGE,
        .len = 2 * IO_PAGE,
    };
    struct tep_outcome out;

    io_fill(io, 0, 0x11);
    io_fill(io, 1, 0x22);
    CHECK_EQ(TEP_ERROR_NONE, tep_run(d, &r, &out));
    CHECK_EQ(4, p.calls);
    CHECK_EQ(IOVP_FAULT_STALL, p.last.kind);
    CHECK_EQ(pasid, p.last.pasid);
    CHECK(io_holds(io, 2, 0x11));
    CHECK(io_holds(io, 3, 0x22));
    /* Now they are there. */
    CHECK_EQ(TEP_ERROR_NONE, tep_run(d, &r, &out));
    CHECK_EQ(4, p.calls);
    /* Nobody gives this one. */
    p.refuse = true;
    r.src = IO_VA + 16 * IO_PAGE;
    CHECK_EQ(TEP_ERROR_UR, tep_run(d, &r, &out));
    CHECK_EQ(5, p.calls);
    CHECK_EQ(r.src, out.fault_addr);
    /* The process ends: its PASID is nobody's. */
    CHECK_EQ(IOVP_OK, iovp_process_exit(p.s));
    r.src = IO_VA;
    CHECK_EQ(TEP_ERROR_UR, tep_run(d, &r, &out));
    CHECK_EQ(5, p.calls);
}

TEST_CASE(CapiEngine, PagesAreFaultedInByStall)
{
    io_both(faulted_in);
}

/* Held, nobody answers, and the driver gives up. */
static void aborted(struct io *io)
{
    iovp_context_config cc = IOVP_CONTEXT_CONFIG_INIT;
    iovp_process_config pc = IOVP_PROCESS_CONFIG_INIT;
    iovp_sva_config sc = IOVP_SVA_CONFIG_INIT;
    struct tep_driver *d = &io->engine.drv;
    struct tep_request r = {
        .op = TEP_OP_SUM,
        .attr = TEP_FAULT_STALL << TEP_ATTR_FAULT_SHIFT,
        .src = IO_VA,
        .len = 64,
    };
    struct tep_outcome out;
    iovp_context *c = NULL;
    iovp_process *s = NULL;
    uint32_t pasid = 0;

    CHECK_EQ(IOVP_OK, iovp_memory_donate(io->p, IO_RAM, IO_POOL));
    CHECK_EQ(IOVP_OK, iovp_context_create(&c, io->p, &cc));
    CHECK_EQ(IOVP_OK, iovp_process_create(&s, c, &pc));
    CHECK_EQ(IOVP_OK, iovp_sva_bind(s, io->engine.d, &sc, &pasid));
    r.pasid = TEP_PASID_OF(pasid);
    REQUIRE(tep_start(d, &r));
    CHECK_EQ(IOVP_OK, iovp_run_until(io->p, iovp_now(io->p) + 50000000, NULL));
    CHECK(d->read(d->ud, TEP_STATUS) & TEP_STATUS_WAITING);
    d->write(d->ud, TEP_CMD, TEP_OP_ABORT);
    REQUIRE(tep_wait(d, &out));
    CHECK_EQ(TEP_ERROR_ABORTED, out.error);
    /* It can be used again. */
    r.op = TEP_OP_NOP;
    CHECK_EQ(TEP_ERROR_NONE, tep_run(d, &r, &out));
}

TEST_CASE(CapiEngine, AStalledAccessIsGivenUp)
{
    io_both(aborted);
}
