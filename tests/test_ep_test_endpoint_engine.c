/* SPDX-License-Identifier: MIT */
/* The engine of the test endpoint: operations, waiting, failing. */
#include "shim.h"

#include <stdlib.h>
#include <string.h>

#include "../models/common/bits.h"
#include "engine_bus.h"

#define RAM       ENGINE_RAM
#define LOG       ENGINE_LOG
#define work      engine_bus_work
#define reg_read  engine_bus_read
#define reg_write engine_bus_write

#define REQ(...) ((struct tep_request){__VA_ARGS__})
#define BUS()                                \
    struct engine_bus *b = engine_bus_new(); \
    struct tep_outcome out;                  \
    (void)out;                               \
    REQUIRE(tep_probe(&b->d))

#define RUN(...) tep_run(&b->d, &REQ(__VA_ARGS__), &out)

/* ---- operations -----------------------------------------------------------
 */

TEST_CASE(TestEndpointEngine, CopyOfAnyLengthAndAlignment)
{
    static const uint32_t length[] = {0, 1, 63, 4096, 4097, 0x12345};
    BUS();
    for (unsigned i = 0; i < 6; i++) {
        memset(&b->ram[0x90000], 0xee, 0x14000);
        CHECK_EQ(0, RUN(.op = TEP_OP_MEMCPY, .src = 0x1003, .dst = 0x90ff1,
                        .len = length[i]));
        CHECK_EQ(length[i], out.bytes);
        CHECK_MEM(&b->ram[0x1003], &b->ram[0x90ff1], length[i]);
        CHECK_EQ(0xee, b->ram[0x90ff0]);
        CHECK_EQ(0xee, b->ram[0x90ff1 + length[i]]);
    }
    CHECK_EQ(b->begins, b->ends);
    /* An access does not cross what it reads a page of. */
    for (unsigned i = 0; i < b->begins && i < LOG; i++)
        CHECK(b->log[i].bytes <= 4096 && b->log[i].bytes > 0);
    free(b);
}

TEST_CASE(TestEndpointEngine, FillSumXorVerify)
{
    uint64_t sum = 0, lanes = 0;
    BUS();

    CHECK_EQ(0, RUN(.op = TEP_OP_FILL, .dst = 0x90001, .len = 9001,
                    .operand = {0x8877665544332211, 0}));
    CHECK_EQ(0x11, b->ram[0x90001]);
    CHECK_EQ(0x88, b->ram[0x90008]);
    CHECK_EQ(0x11, b->ram[0x90001 + 9000]);
    CHECK_EQ(0, b->ram[0x90001 + 9001]);
    CHECK_EQ(0, RUN(.op = TEP_OP_VERIFY, .src = 0x90001, .len = 9001,
                    .operand = {0x8877665544332211, 0}));
    b->ram[0x90001 + 5000] ^= 4;
    CHECK_EQ(TEP_ERROR_MISMATCH,
             RUN(.op = TEP_OP_VERIFY, .src = 0x90001, .len = 9001,
                 .operand = {0x8877665544332211, 0}));
    CHECK_EQ(0x90001 + 5000, out.fault_addr);
    CHECK_EQ(5000, out.bytes);
    for (uint32_t i = 0; i < 5003; i++) {
        sum += b->ram[0x1003 + i];
        lanes ^= (uint64_t)b->ram[0x1003 + i] << 8 * (i % 8);
    }
    CHECK_EQ(0, RUN(.op = TEP_OP_SUM, .src = 0x1003, .len = 5003));
    CHECK_EQ(sum, out.result);
    CHECK_EQ(0, RUN(.op = TEP_OP_XOR, .src = 0x1003, .len = 5003));
    CHECK_EQ(lanes, out.result);
    free(b);
}

TEST_CASE(TestEndpointEngine, Atomics)
{
    BUS();
    iovp_put_le64(&b->ram[0x90000], 0x1ffffffffull);
    CHECK_EQ(0, RUN(.op = TEP_OP_FETCH_ADD, .dst = 0x90000, .len = 8,
                    .operand = {2, 0}));
    CHECK_EQ(0x1ffffffffull, out.result);
    CHECK_EQ(0x200000001ull, iovp_le64(&b->ram[0x90000]));
    CHECK_EQ(0, RUN(.op = TEP_OP_SWAP, .dst = 0x90004, .len = 4,
                    .operand = {0xabcd, 0}));
    CHECK_EQ(2, out.result);
    CHECK_EQ(0xabcd00000001ull, iovp_le64(&b->ram[0x90000]));
    CHECK_EQ(
        0, RUN(.op = TEP_OP_CAS, .dst = 0x90000, .len = 4, .operand = {7, 9}));
    CHECK_EQ(1, iovp_le32(&b->ram[0x90000]));
    CHECK_EQ(
        0, RUN(.op = TEP_OP_CAS, .dst = 0x90000, .len = 4, .operand = {1, 9}));
    CHECK_EQ(1, out.result);
    CHECK_EQ(9, iovp_le32(&b->ram[0x90000]));
    CHECK_EQ(TEP_ERROR_LEN, RUN(.op = TEP_OP_SWAP, .dst = 0x90002, .len = 4));
    CHECK_EQ(TEP_ERROR_LEN, RUN(.op = TEP_OP_SWAP, .dst = 0x90000, .len = 16));
    free(b);
}

TEST_CASE(TestEndpointEngine, ScratchMemory)
{
    uint8_t v[16];
    BUS();

    CHECK_EQ(0, RUN(.op = TEP_OP_LOAD, .src = 0x1234, .len = 4096));
    engine_read(&b->e, TEP_SCRATCH + 5, v, 16);
    CHECK_MEM(&b->ram[0x1239], v, 16);
    memset(v, 0x5a, 16);
    engine_write(&b->e, TEP_SCRATCH + 0xff8, v, 16); /* half of it is beyond */
    CHECK_EQ(0, RUN(.op = TEP_OP_STORE, .dst = 0x90000, .len = 4096));
    CHECK_MEM(&b->ram[0x1234], &b->ram[0x90000], 0xff8);
    CHECK_EQ(0x5a, b->ram[0x90fff]);
    CHECK_EQ(TEP_ERROR_LEN, RUN(.op = TEP_OP_LOAD, .len = 4097));
    iovp_put_le32(v, 3);
    CHECK(engine_atomic(&b->e, TEP_SCRATCH + 0xffc, ENGINE_FETCH_ADD, v, 4));
    CHECK_EQ(0x5a5a5a5a, iovp_le32(v));
    iovp_put_le64(v, 7);
    iovp_put_le64(v + 8, 9);
    CHECK(engine_atomic(&b->e, TEP_SCRATCH + 8, ENGINE_SWAP, v, 8));
    for (uint64_t was = 8; was > 6; was--) { /* not equal, equal */
        iovp_put_le64(v, was);
        CHECK(engine_atomic(&b->e, TEP_SCRATCH + 8, ENGINE_CAS, v, 8));
        CHECK_EQ(7, iovp_le64(v));
    }
    engine_read(&b->e, TEP_SCRATCH + 8, v, 8);
    CHECK_EQ(9, iovp_le64(v));
    CHECK(!engine_atomic(&b->e, TEP_SCRATCH + 2, ENGINE_SWAP, v, 4));
    CHECK(!engine_atomic(&b->e, TEP_WINDOW, ENGINE_SWAP, v, 4));
    CHECK(!engine_atomic(&b->e, 0x10, ENGINE_SWAP, v, 4));
    free(b);
}

TEST_CASE(TestEndpointEngine, AttributesOfTheAccess)
{
    const struct engine_access *a;
    BUS();

    a = &b->log[0];
    CHECK_EQ(0, RUN(.op = TEP_OP_MEMCPY, .src = 0x1000, .dst = 0x90000,
                    .len = 8, .pasid = TEP_PASID_OF(0xfffff),
                    .attr = TEP_ATTR_PRIVILEGED | TEP_ATTR_EXECUTE |
                            TEP_ATTR_SPACE_VALID | 2u << TEP_ATTR_SPACE_SHIFT |
                            TEP_ATTR_NO_SNOOP | TEP_ATTR_RELAXED |
                            TEP_ATTR_NO_WRITE |
                            TEP_FAULT_STALL << TEP_ATTR_FAULT_SHIFT));
    CHECK(a->pasid_valid && a->privileged && a->execute && a->space_valid);
    CHECK(a->no_snoop && a->relaxed && a->no_write);
    CHECK_EQ(0xfffff, a->pasid);
    CHECK_EQ(2, a->space);
    CHECK_EQ(TEP_FAULT_STALL, a->policy);
    /* Nobody executes what he writes. */
    CHECK(b->log[1].privileged && !b->log[1].execute && !b->log[1].no_write);
    CHECK_EQ(ENGINE_WRITE, b->log[1].kind);
    /* Not in the configuration: Root, ATS, PRI. */
    CHECK_EQ(TEP_ERROR_ATTR,
             RUN(.op = TEP_OP_SUM, .len = 1,
                 .attr = TEP_ATTR_SPACE_VALID | 3u << TEP_ATTR_SPACE_SHIFT));
    CHECK_EQ(TEP_ERROR_ATTR,
             RUN(.op = TEP_OP_SUM, .len = 1, .attr = 1u << TEP_ATTR_AT_SHIFT));
    CHECK_EQ(TEP_ERROR_ATTR,
             RUN(.op = TEP_OP_SUM, .len = 1,
                 .attr = TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT));
    CHECK_EQ(TEP_ERROR_OP, RUN(.op = TEP_OP_PREFETCH, .len = 1));
    CHECK_EQ(TEP_ERROR_OP, RUN(.op = TEP_OP_COUNT));
    CHECK_EQ(2, b->begins);
    free(b);
}

/* ---- waiting and failing --------------------------------------------------
 */

TEST_CASE(TestEndpointEngine, StalledAccessWaitsUntilItIsWoken)
{
    BUS();
    b->stalls = true;
    b->fail_at = 0x2000;
    REQUIRE(
        tep_start(&b->d, &REQ(.op = TEP_OP_SUM, .src = 0x1800, .len = 0x1800)));
    while (work(b))
        ;
    CHECK_EQ(TEP_STATUS_BUSY | TEP_STATUS_WAITING, reg_read(b, TEP_STATUS));
    CHECK_EQ(2, b->begins);
    CHECK_EQ(1, b->ends);
    b->due = b->now + 1000000; /* for nothing: it is not asked again */
    while (work(b))
        ;
    CHECK_EQ(1, tep_counter(&b->d, TEP_WAITS));
    engine_wake(&b->e); /* asked, and it still waits */
    while (work(b))
        ;
    CHECK_EQ(2, tep_counter(&b->d, TEP_WAITS));
    b->resumed = true;
    engine_wake(&b->e);
    REQUIRE(tep_wait(&b->d, &out));
    CHECK_EQ(TEP_STATUS_DONE, out.status);
    CHECK_EQ(0x1800, out.bytes);
    CHECK_EQ(2, b->begins);
    CHECK_EQ(2, b->ends);
    free(b);
}

TEST_CASE(TestEndpointEngine, WaitWithATime)
{
    BUS();
    b->stalls = true;
    b->fail_at = 0x2000;
    b->again = 5000000;
    REQUIRE(tep_start(&b->d, &REQ(.op = TEP_OP_SUM, .src = 0x2000, .len = 4)));
    work(b);
    CHECK_EQ(5000000, b->due);
    b->resumed = true;
    REQUIRE(tep_wait(&b->d, &out));
    CHECK_EQ(0, out.error);
    CHECK(b->now >= 5000000);
    free(b);
}

TEST_CASE(TestEndpointEngine, FailureSaysWhereAndWhat)
{
    BUS();
    b->fails = true;
    b->fail_at = 0x91000;
    CHECK_EQ(TEP_ERROR_DENIED,
             RUN(.op = TEP_OP_MEMCPY, .src = 0x1000, .dst = 0x90000,
                 .len = 0x3000, .pasid = TEP_PASID_OF(3),
                 .attr = TEP_ATTR_PRIVILEGED, .irq = TEP_IRQ_OF(2)));
    CHECK_EQ(TEP_STATUS_DONE | TEP_STATUS_FAILED |
                 TEP_ERROR_DENIED << TEP_STATUS_ERROR_SHIFT,
             out.status);
    CHECK_EQ(0x91000, out.fault_addr);
    CHECK_EQ(0x1000, out.bytes);
    CHECK_EQ(TEP_ERROR_DENIED | TEP_FAULT_INFO_WRITE | TEP_FAULT_INFO_PASID |
                 TEP_FAULT_INFO_PRIVILEGED,
             out.fault_info);
    CHECK_EQ(1, b->irqs[2]);
    CHECK_EQ(1, tep_counter(&b->d, TEP_ERRORS));
    CHECK_EQ(0x2000, tep_counter(&b->d, TEP_BYTES_READ));
    CHECK_EQ(0x1000, tep_counter(&b->d, TEP_BYTES_WRITTEN));
    free(b);
}

TEST_CASE(TestEndpointEngine, AbortEndsTheLongest)
{
    BUS();
    REQUIRE(
        tep_start(&b->d, &REQ(.op = TEP_OP_SUM, .src = 0, .len = 0xffffffff)));
    work(b);
    CHECK_EQ(ENGINE_STEPS, b->begins + 1); /* the first step starts it */
    CHECK_EQ(TEP_STATUS_BUSY, reg_read(b, TEP_STATUS));
    reg_write(b, TEP_CMD, TEP_OP_ABORT);
    REQUIRE(tep_wait(&b->d, &out));
    CHECK_EQ(TEP_ERROR_ABORTED, out.error);
    CHECK_EQ(0x1000ull * (ENGINE_STEPS - 1), out.bytes);
    /* While an access waits for ever, too. */
    b->stalls = true;
    b->fail_at = 0x2000;
    REQUIRE(tep_start(&b->d, &REQ(.op = TEP_OP_SUM, .src = 0x2000, .len = 1)));
    while (work(b))
        ;
    reg_write(b, TEP_CMD, TEP_OP_ABORT);
    REQUIRE(tep_wait(&b->d, &out));
    CHECK_EQ(TEP_ERROR_ABORTED, out.error);
    CHECK_EQ(b->begins, b->ends);
    /* It is not kept for the next one. */
    reg_write(b, TEP_CMD, TEP_OP_ABORT);
    CHECK_EQ(0, RUN(.op = TEP_OP_SUM, .src = 0, .len = 1));
    free(b);
}

static void reset_inside(struct engine_bus *b)
{
    engine_reset(&b->e);
}

TEST_CASE(TestEndpointEngine, ResetAtAnyTime)
{
    BUS();
    for (unsigned i = 0; i < 2; i++) {
        b->inside = i ? reset_inside : NULL;
        REQUIRE(
            tep_start(&b->d, &REQ(.op = TEP_OP_SUM, .src = 0, .len = 0xffffffff,
                                  .irq = TEP_IRQ_OF(1))));
        work(b);
        if (!i)
            engine_reset(&b->e);
        while (work(b))
            ;
        CHECK(!engine_busy(&b->e));
        CHECK_EQ(0, reg_read(b, TEP_STATUS));
        CHECK_EQ(0, reg_read(b, TEP_LEN));
        CHECK_EQ(0, tep_counter(&b->d, TEP_BYTES_READ));
        CHECK_EQ(b->begins, b->ends);
        CHECK_EQ(0, b->irq_count);
    }
    CHECK_EQ(0, RUN(.op = TEP_OP_SUM, .src = 0, .len = 1));
    free(b);
}

static void write_cmd_inside(struct engine_bus *b)
{
    reg_write(b, TEP_SRC, 0x99);
    reg_write(b, TEP_CMD, TEP_OP_FILL);
}

TEST_CASE(TestEndpointEngine, CommandWhileBusyIsIgnored)
{
    BUS();
    b->inside = write_cmd_inside;
    CHECK_EQ(0, RUN(.op = TEP_OP_LOAD, .src = 0x1000, .len = 0x800));
    CHECK_EQ(1, tep_counter(&b->d, TEP_OPERATIONS));
    CHECK_EQ(0x1000, b->log[0].addr);
    CHECK_EQ(TEP_OP_LOAD, reg_read(b, TEP_CMD));
    free(b);
}
