/* SPDX-License-Identifier: MIT */
/* The engine of the test endpoint: load generator, ring, registers. */
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

/* ---- load generator --------------------------------------------------------
 */

TEST_CASE(TestEndpointEngine, LoadByStride)
{
    BUS();
    tep_write64(&b->d, TEP_LOAD_STRIDE, 0x3000);
    reg_write(b, TEP_LOAD_COUNT, 5);
    reg_write(b, TEP_LOAD_SPAN, 15);
    CHECK_EQ(0,
             RUN(.op = TEP_OP_SUM | TEP_CMD_LOAD, .src = 0x10000, .len = 64));
    CHECK_EQ(5 * 64, out.bytes);
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(0x10000 + (i * 0x3000 & 0x7fff), b->log[i].addr);
    /* Without LOAD the registers do not count. */
    CHECK_EQ(0, RUN(.op = TEP_OP_SUM, .src = 0x10000, .len = 64));
    CHECK_EQ(64, out.bytes);
    CHECK(tep_memcpy_start(&b->d, 0x1000, 0x90000, 256, 100));
    CHECK(tep_memcpy_wait(&b->d));
    CHECK_MEM(&b->ram[0x1000], &b->ram[0x90000], 256);
    CHECK_EQ(5 * 64 + 64 + 25600, tep_counter(&b->d, TEP_BYTES_READ));
    free(b);
}

TEST_CASE(TestEndpointEngine, LoadAtRandomStaysInItsSpan)
{
    uint64_t first[LOG];
    unsigned differ = 0;
    BUS();

    for (unsigned turn = 0; turn < 2; turn++) {
        b->begins = 0;
        tep_write64(&b->d, TEP_LOAD_STRIDE, 0);
        tep_write64(&b->d, TEP_LOAD_SEED, 0x12345);
        reg_write(b, TEP_LOAD_COUNT, LOG);
        reg_write(b, TEP_LOAD_SPAN, 16);
        CHECK_EQ(
            0, RUN(.op = TEP_OP_SUM | TEP_CMD_LOAD, .src = 0x10000, .len = 64));
        for (unsigned i = 0; i < LOG; i++) {
            CHECK(b->log[i].addr >= 0x10000 && b->log[i].addr < 0x20000);
            CHECK_EQ(0, b->log[i].addr % 64);
            if (turn)
                CHECK_EQ(first[i], b->log[i].addr);
            else
                first[i] = b->log[i].addr;
            differ += first[i] != first[0];
        }
    }
    CHECK(differ > LOG);
    reg_write(b, TEP_LOAD_COUNT, TEP_LOAD_COUNT_MAX + 1);
    CHECK_EQ(TEP_ERROR_LEN, RUN(.op = TEP_OP_SUM | TEP_CMD_LOAD));
    reg_write(b, TEP_LOAD_COUNT, 2);
    CHECK_EQ(TEP_ERROR_LEN,
             RUN(.op = TEP_OP_SUM | TEP_CMD_LOAD, .len = 0x80000000));
    free(b);
}

/* ---- the ring ---------------------------------------------------------------
 */

TEST_CASE(TestEndpointEngine, RingWithRecordsAndInterrupts)
{
    BUS();
    REQUIRE(tep_ring_open(&b->d, TEP_PASID_OF(5), TEP_ATTR_PRIVILEGED,
                          TEP_IRQ_OF(3)));
    for (unsigned turn = 0; turn < 4; turn++) {
        for (uint32_t i = 0; i < 5; i++)
            tep_ring_push(&b->d, &REQ(.op = TEP_OP_MEMCPY, .len = 100,
                                      .src = 0x1000 + 100 * i,
                                      .dst = 0x90000 + 100 * i,
                                      .pasid = TEP_PASID_OF(9),
                                      .completion = 0xa0000 + 32 * i,
                                      .irq = i == 2 ? TEP_IRQ_OF(1) : 0,
                                      .tag = 0x100 * turn + i));
        tep_ring_kick(&b->d);
        CHECK(tep_ring_drain(&b->d));
        CHECK_MEM(&b->ram[0x1000], &b->ram[0x90000], 500);
        CHECK_EQ(turn + 1, b->irqs[1]);
        CHECK_EQ(turn + 1, b->irqs[3]);
        for (uint32_t i = 0; i < 5; i++) {
            const uint8_t *c = &b->ram[0xa0000 + 32 * i];

            CHECK_EQ(TEP_STATUS_DONE, iovp_le32(c + TEP_DONE_STATUS));
            CHECK_EQ(0x100 * turn + i, iovp_le32(c + TEP_DONE_TAG));
            CHECK_EQ(100, iovp_le64(c + TEP_DONE_BYTES));
        }
    }
    CHECK_EQ(20, tep_counter(&b->d, TEP_DESCRIPTORS));
    /* Descriptor and record are the ring's, data the descriptor's. */
    CHECK_EQ(5, b->log[0].pasid);
    CHECK(b->log[0].privileged);
    CHECK_EQ(TEP_DESC_SIZE, b->log[0].bytes);
    CHECK_EQ(9, b->log[1].pasid);
    CHECK(!b->log[1].privileged);
    CHECK_EQ(5, b->log[3].pasid);
    CHECK_EQ(TEP_DONE_SIZE, b->log[3].bytes);
    free(b);
}

TEST_CASE(TestEndpointEngine, DescriptorThatFailsDoesNotStopTheRing)
{
    const uint8_t *c;
    BUS();

    c = &b->ram[0xa0000];
    REQUIRE(tep_ring_open(&b->d, 0, 0, 0));
    tep_ring_push(&b->d, &REQ(.op = TEP_OP_SUM, .src = RAM - 10, .len = 20,
                              .completion = 0xa0000));
    tep_ring_push(&b->d, &REQ(.op = 0x77, .completion = 0xa0020));
    tep_ring_push(&b->d, &REQ(.op = TEP_OP_SUM, .src = 0x1000, .len = 20,
                              .completion = 0xa0040));
    tep_ring_kick(&b->d);
    CHECK(tep_ring_drain(&b->d));
    CHECK_EQ(TEP_STATUS_DONE | TEP_STATUS_FAILED |
                 TEP_ERROR_UR << TEP_STATUS_ERROR_SHIFT,
             iovp_le32(c));
    CHECK_EQ(RAM, iovp_le64(c + TEP_DONE_FAULT_ADDR));
    CHECK_EQ(10, iovp_le64(c + TEP_DONE_BYTES));
    CHECK_EQ(TEP_STATUS_DONE | TEP_STATUS_FAILED |
                 TEP_ERROR_OP << TEP_STATUS_ERROR_SHIFT,
             iovp_le32(c + 32));
    CHECK_EQ(TEP_STATUS_DONE, iovp_le32(c + 64));
    CHECK(iovp_le64(c + 64 + TEP_DONE_RESULT) > 0);
    /* No record is wanted. */
    memset(b->ram, 0x11, TEP_DONE_SIZE);
    tep_ring_push(&b->d, &REQ(.op = TEP_OP_NOP));
    tep_ring_kick(&b->d);
    CHECK(tep_ring_drain(&b->d));
    CHECK_EQ(0x11111111, iovp_le32(b->ram));
    free(b);
}

static uint32_t ring_error(struct engine_bus *b)
{
    uint32_t s = reg_read(b, TEP_RING_STATUS);

    CHECK(s & TEP_RING_STOPPED && !(s & TEP_RING_RUNNING));
    CHECK_EQ(0, reg_read(b, TEP_RING_CTRL));
    return s >> TEP_RING_ERROR_SHIFT;
}

TEST_CASE(TestEndpointEngine, RingsThatCannotBe)
{
    static const uint32_t sizes[] = {0, TEP_RING_SIZE_MAX + 1, 0xffffffff};
    BUS();

    for (unsigned i = 0; i < 3; i++) {
        reg_write(b, TEP_RING_SIZE, sizes[i]);
        reg_write(b, TEP_RING_TAIL, 1);
        reg_write(b, TEP_RING_CTRL, 1);
        while (work(b))
            ;
        CHECK_EQ(TEP_ERROR_RING, ring_error(b));
    }
    CHECK_EQ(0, b->begins);
    /* The tail beyond the end. */
    REQUIRE(tep_ring_open(&b->d, 0, 0, TEP_IRQ_OF(4)));
    reg_write(b, TEP_RING_TAIL, 8);
    while (work(b))
        ;
    CHECK_EQ(TEP_ERROR_RING, ring_error(b));
    CHECK_EQ(1, b->irqs[4]);
    /* Descriptors outside of memory. */
    b->d.ring_iova = 0xffffffffffffff00;
    REQUIRE(tep_ring_open(&b->d, 0, 0, 0));
    reg_write(b, TEP_RING_TAIL, 1);
    while (work(b))
        ;
    CHECK_EQ(TEP_ERROR_UR, ring_error(b));
    CHECK_EQ(0xffffffffffffff00, tep_read64(&b->d, TEP_FAULT_ADDR));
    CHECK_EQ(TEP_ERROR_UR | TEP_FAULT_INFO_RING, reg_read(b, TEP_FAULT_INFO));
    /* A completion record outside of memory. */
    b->d.ring_iova = 0x80000;
    REQUIRE(tep_ring_open(&b->d, 0, 0, 0));
    tep_ring_push(&b->d, &REQ(.op = TEP_OP_NOP, .completion = RAM));
    tep_ring_kick(&b->d);
    CHECK(!tep_ring_drain(&b->d));
    CHECK_EQ(TEP_ERROR_UR, ring_error(b));
    CHECK_EQ(0, reg_read(b, TEP_RING_HEAD));
    free(b);
}

TEST_CASE(TestEndpointEngine, RingRegistersAreKeptWhileItRuns)
{
    BUS();
    REQUIRE(tep_ring_open(&b->d, 0, 0, 0));
    reg_write(b, TEP_RING_BASE, 0x1234);
    reg_write(b, TEP_RING_SIZE, 3);
    reg_write(b, TEP_RING_HEAD, 2);
    CHECK_EQ(0x80000, reg_read(b, TEP_RING_BASE));
    CHECK_EQ(8, reg_read(b, TEP_RING_SIZE));
    CHECK_EQ(0, reg_read(b, TEP_RING_HEAD));
    /* Disabled in the middle of a descriptor: that is done first. */
    b->stalls = true;
    b->fail_at = 0x2000;
    tep_ring_push(&b->d, &REQ(.op = TEP_OP_SUM, .src = 0x2000, .len = 4));
    tep_ring_push(&b->d, &REQ(.op = TEP_OP_NOP));
    tep_ring_kick(&b->d);
    while (work(b))
        ;
    reg_write(b, TEP_RING_CTRL, 0);
    CHECK_EQ(TEP_RING_RUNNING, reg_read(b, TEP_RING_STATUS));
    b->resumed = true;
    engine_wake(&b->e);
    while (work(b))
        ;
    CHECK_EQ(0, reg_read(b, TEP_RING_STATUS));
    CHECK_EQ(1, reg_read(b, TEP_RING_HEAD));
    reg_write(b, TEP_RING_SIZE, 3);
    CHECK_EQ(3, reg_read(b, TEP_RING_SIZE));
    free(b);
}

/* ---- registers
 * --------------------------------------------------------------- */

TEST_CASE(TestEndpointEngine, EveryWidthAndAlignment)
{
    uint8_t v[16], all[TEP_WINDOW];
    BUS();

    for (uint32_t i = 0; i < 16; i++)
        v[i] = (uint8_t)(0x10 + i);
    engine_write(&b->e, TEP_SRC + 3, v, 7); /* SRC 3..7, DST 0..1 */
    CHECK_EQ(0x1413121110000000, tep_read64(&b->d, TEP_SRC));
    CHECK_EQ(0x1615, tep_read64(&b->d, TEP_DST));
    engine_write(&b->e, TEP_ID, v, 8);
    CHECK_EQ(TEP_ID_VALUE, reg_read(b, TEP_ID));
    reg_write(b, TEP_PASID, 0xffffffff);
    CHECK_EQ(TEP_PASID_VALID | TEP_PASID_MASK, reg_read(b, TEP_PASID));
    /* Only the low byte of CMD starts something. */
    engine_write(&b->e, TEP_CMD + 1, v, 3);
    CHECK_EQ(ENGINE_NEVER, b->due);
    engine_read(&b->e, 0, all, sizeof(all));
    engine_read(&b->e, UINT64_MAX - 3, v, 4);
    CHECK_EQ(0, iovp_le32(v));
    engine_write(&b->e, UINT64_MAX - 3, v, 16);
    engine_read(&b->e, TEP_WINDOW - 2, v, 16);
    CHECK_EQ(0, v[15]);
    free(b);
}

TEST_CASE(TestEndpointEngine, CountersCanBeCleared)
{
    BUS();
    CHECK_EQ(0, RUN(.op = TEP_OP_MEMCPY, .src = 0, .dst = 0x90000, .len = 100,
                    .irq = TEP_IRQ_OF(0)));
    CHECK_EQ(1, tep_counter(&b->d, TEP_OPERATIONS));
    CHECK_EQ(100, tep_counter(&b->d, TEP_BYTES_WRITTEN));
    CHECK_EQ(2000, tep_counter(&b->d, TEP_BUSY_PS)); /* two accesses */
    CHECK_EQ(1, tep_counter(&b->d, TEP_INTERRUPTS));
    CHECK_EQ(1, engine_counter(&b->e, TEP_INTERRUPTS));
    CHECK_STR("busy_ps", engine_counter_name(TEP_BUSY_PS));
    reg_write(b, TEP_COUNTERS_CLEAR, 0);
    for (unsigned c = 0; c < TEP_COUNTER_COUNT; c++) {
        CHECK_EQ(0, tep_counter(&b->d, (enum tep_counter)c));
        CHECK(engine_counter_name((enum tep_counter)c));
    }
    CHECK(!engine_counter_name(TEP_COUNTER_COUNT));
    CHECK(tep_send_msi(&b->d, 7));
    CHECK_EQ(1, tep_counter(&b->d, TEP_INTERRUPTS));
    CHECK(tep_send_msi(&b->d, 9)); /* there are 8 */
    CHECK_EQ(1, tep_counter(&b->d, TEP_INTERRUPTS));
    free(b);
}

/* Anything that a guest writes: each call of work stays bounded (see `work`),
 * and the engine can always be aborted, reset and used again. */
TEST_CASE(TestEndpointEngine, RandomRegisters)
{
    uint64_t x = 0x9e3779b97f4a7c15ull;
    BUS();

    for (unsigned n = 0; n < 200000; n++) {
        uint8_t v[16];
        uint32_t at, length;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        at = (uint32_t)(x % (n % 3 ? 0xc0 : TEP_WINDOW + 16));
        length = (uint32_t)(x >> 20) % 16 + 1;
        for (uint32_t i = 0; i < 16; i++)
            v[i] = (uint8_t)(x >> 32 >> (i % 4 * 8)) &
                   (uint8_t)(x >> 12 & 1 ? 0xff : 0x0f);
        b->stalls = x >> 13 & 1;
        b->fails = x >> 14 & 1;
        b->fail_at = x >> 15 & 0xff000;
        if (x >> 50 & 1)
            engine_write(&b->e, at, v, length);
        else
            engine_read(&b->e, at, v, length);
        if (x >> 51 & 1)
            work(b);
        if ((x >> 52 & 0xff) == 0)
            engine_reset(&b->e);
    }
    engine_reset(&b->e);
    CHECK(b->steps_seen > 1 && b->steps_seen <= ENGINE_STEPS);
    CHECK_EQ(b->begins, b->ends);
    b->stalls = b->fails = false;
    CHECK_EQ(0, RUN(.op = TEP_OP_SUM, .src = 0x1000, .len = 16));
    free(b);
}
