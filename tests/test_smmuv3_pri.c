/* SPDX-License-Identifier: MIT */
/* Page requests: chapter 8, 6.3.36, 4.5.2. */
#include "ats_scene.h"
#include "shim.h"

#define SID    5u
#define PRIQ   (BENCH_RAM + 0x020000)
#define LOG2   2u /* entries */
#define CR0    (ATS_CR0 | SMMU_CR0_PRIQEN)
#define PROD   (SMMU_PAGE1 + SMMU_PRIQ_PROD)
#define CONS   (SMMU_PAGE1 + SMMU_PRIQ_CONS)
#define OVFLG  (1u << 31)
#define T_PPAR 82, 1

static void enable(struct scene *sc)
{
    struct bench *b = &sc->b;

    bench_w64(b, SMMU_PRIQ_BASE, PRIQ | LOG2);
    bench_w32(b, PROD, 0);
    bench_w32(b, CONS, 0);
    bench_w32(b, SMMU_IRQ_CTRL,
              SMMU_IRQ_CTRL_EVENTQ | SMMU_IRQ_CTRL_GERROR | SMMU_IRQ_CTRL_PRIQ);
    bench_w32(b, SMMU_CR0, CR0);
}

static void pri_open(struct scene *sc)
{
    ats_open(sc);
    enable(sc);
}

/* `how`: l last, w, r, x, p; pasid -1: none. */
static struct iovp_page_request ppr(int32_t pasid, unsigned index,
                                    const char *how)
{
    return (struct iovp_page_request){
        .address = 0x123456789abc,
        .stream_id = SID,
        .pasid = pasid >= 0 ? (uint32_t)pasid : 0,
        .prg_index = (uint16_t)index,
        .pasid_valid = pasid >= 0,
        .read = strchr(how, 'r'),
        .write = strchr(how, 'w'),
        .execute = strchr(how, 'x'),
        .privileged = strchr(how, 'p'),
        .last = strchr(how, 'l'),
    };
}

static void send(struct scene *sc, int32_t pasid, unsigned index,
                 const char *how)
{
    struct iovp_page_request r = ppr(pasid, index, how);

    CHECK(smmuv3_page_request(sc->b.s, &r));
}

static void expect_record(struct scene *sc, unsigned slot, uint64_t w0,
                          uint64_t w1)
{
    CHECK_EQ(w0, bench_get64(&sc->b, PRIQ + 16ull * slot));
    CHECK_EQ(w1, bench_get64(&sc->b, PRIQ + 16ull * slot + 8));
}

/* The latest answer; pasid -1: it has none. */
static void expect_response(struct scene *sc, unsigned count, unsigned code,
                            int32_t pasid, unsigned index)
{
    const struct iovp_page_response *r = &sc->b.response[count - 1];

    REQUIRE(sc->b.responses == count);
    CHECK_EQ(SID, r->stream_id);
    CHECK_EQ(code, r->code);
    CHECK_EQ(pasid >= 0, r->pasid_valid);
    CHECK_EQ(pasid >= 0 ? (uint32_t)pasid : 0, r->pasid);
    CHECK_EQ(index, r->prg_index);
    CHECK_EQ(1, r->automatic);
}

static void fill(struct scene *sc)
{
    for (unsigned i = 0; i < 1u << LOG2; i++)
        send(sc, -1, i, "r");
    CHECK_EQ(1u << LOG2, bench_r32(&sc->b, PROD));
    CHECK_EQ(0, sc->b.responses);
}

TEST_CASE(Pri, Records)
{
    const uint64_t page = 0x123456789000;
    struct scene sc;

    pri_open(&sc);
    send(&sc, -1, 0x1ff, "r");
    send(&sc, 0xabcde, 3, "lwx");
    send(&sc, 1, 0, "rp");
    send(&sc, -1, 7, "lwrxp"); /* X and Priv come with a PASID */
    CHECK_EQ(4, bench_r32(&sc.b, PROD));
    expect_record(&sc, 0, 1ull << 60 | SID, page | 0x1ff);
    expect_record(&sc, 1,
                  1ull << 63 | 1ull << 62 | 1ull << 61 | 1ull << 59 |
                      0xabcdeull << 32 | SID,
                  page | 3);
    expect_record(
        &sc, 2, 1ull << 63 | 1ull << 60 | 1ull << 58 | 1ull << 32 | SID, page);
    expect_record(&sc, 3, 7ull << 60 | SID, page | 7);
    CHECK_EQ(0, sc.b.responses);
    CHECK_EQ(1, sc.b.irq[IOVP_IRQ_PRIQ]); /* when it was empty */
    scene_close(&sc);
}

/* LO: the last of a group; wire and MSI. */
TEST_CASE(Pri, InterruptOfTheLast)
{
    struct scene sc;

    ats_open(&sc);
    bench_w64(&sc.b, SMMU_PRIQ_IRQ_CFG0, BENCH_FREE);
    bench_w32(&sc.b, SMMU_PRIQ_IRQ_CFG1, 0x77);
    bench_w32(&sc.b, SMMU_PRIQ_IRQ_CFG2, SMMU_PRIQ_IRQ_CFG2_LO | 0xf);
    enable(&sc);
    send(&sc, -1, 0, "r");
    CHECK_EQ(0, sc.b.irq[IOVP_IRQ_PRIQ]);
    send(&sc, -1, 0, "lr");
    CHECK_EQ(1, sc.b.irq[IOVP_IRQ_PRIQ]);
    CHECK_EQ(1, sc.b.msi_count);
    CHECK_EQ(BENCH_FREE, sc.b.msi[0].addr);
    CHECK_EQ(0x77, sc.b.msi[0].data);
    send(&sc, -1, 0, "r");
    send(&sc, -1, 0, "r");
    CHECK_EQ(1, sc.b.irq[IOVP_IRQ_PRIQ]);
    /* Lost in an overflow. */
    send(&sc, -1, 0, "r");
    CHECK_EQ(1, sc.b.irq[IOVP_IRQ_PRIQ]);
    send(&sc, -1, 0, "lr");
    CHECK_EQ(2, sc.b.irq[IOVP_IRQ_PRIQ]);
    /* Not otherwise. */
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0);
    send(&sc, -1, 0, "lr");
    CHECK_EQ(2, sc.b.irq[IOVP_IRQ_PRIQ]);
    scene_close(&sc);
}

TEST_CASE(Pri, MsiAbort)
{
    struct scene sc;

    ats_open(&sc);
    bench_w64(&sc.b, SMMU_PRIQ_IRQ_CFG0, NOWHERE);
    enable(&sc);
    send(&sc, -1, 0, "r");
    CHECK_EQ(SMMU_GERROR_MSI_PRIQ_ABT_ERR, bench_ack(&sc.b));
    scene_close(&sc);
}

/* 8.1: nothing is written until software acknowledges, room or not. */
TEST_CASE(Pri, Overflow)
{
    struct scene sc;

    pri_open(&sc);
    fill(&sc);
    send(&sc, -1, 9, "r"); /* ignored, but it is an overflow */
    CHECK_EQ(4 | OVFLG, bench_r32(&sc.b, PROD));
    CHECK_EQ(0, sc.b.responses);
    send(&sc, -1, 9, "lr");
    expect_response(&sc, 1, IOVP_PAGE_SUCCESS, -1, 9);
    CHECK_EQ(4 | OVFLG, bench_r32(&sc.b, PROD));
    bench_w32(&sc.b, CONS, 4); /* empty, not acknowledged */
    send(&sc, -1, 10, "lw");
    expect_response(&sc, 2, IOVP_PAGE_SUCCESS, -1, 10);
    CHECK_EQ(4 | OVFLG, bench_r32(&sc.b, PROD));
    bench_w32(&sc.b, CONS, 4 | OVFLG);
    send(&sc, -1, 11, "lw");
    CHECK_EQ(5 | OVFLG, bench_r32(&sc.b, PROD));
    expect_record(&sc, 0, 3ull << 61 | SID, 0x123456789000 | 11);
    CHECK_EQ(2, sc.b.responses);
    scene_close(&sc);
}

/* 8.1, 8.2: which PASID an answer to an overflow has. */
TEST_CASE(Pri, OverflowWithPasidAsksPpar)
{
    struct stream st;
    struct scene sc;

    pri_open(&sc);
    stream_bypass(&st, SID);
    stream_write(&sc, &st);
    fill(&sc);
    send(&sc, 6, 1, "lr");
    expect_response(&sc, 1, IOVP_PAGE_SUCCESS, -1, 1);
    tb_put(st.ste, T_PPAR, 1);
    stream_write(&sc, &st);
    send(&sc, 6, 2, "lr");
    expect_response(&sc, 2, IOVP_PAGE_SUCCESS, 6, 2);
    send(&sc, -1, 3, "lr");
    expect_response(&sc, 3, IOVP_PAGE_SUCCESS, -1, 3);
    /* No STE: nothing is known, and nothing recorded. */
    tb_put(st.ste, T_STE_V, 0);
    stream_write(&sc, &st);
    send(&sc, 6, 4, "lr");
    expect_response(&sc, 4, IOVP_PAGE_FAILURE, -1, 4);
    CHECK(!bench_event(&sc.b, sc.ev));
    /* Without a PASID it does not matter. */
    send(&sc, -1, 5, "lr");
    expect_response(&sc, 5, IOVP_PAGE_SUCCESS, -1, 5);
    scene_close(&sc);
}

TEST_CASE(Pri, OverflowRecordsErrorsIfAsked)
{
    struct scene sc;

    ats_open(&sc);
    scene_cr2(&sc, SMMU_CR2_REC_CFG_ATS);
    enable(&sc);
    fill(&sc);
    send(&sc, 6, 1, "lr"); /* an STE of zeros */
    expect_response(&sc, 1, IOVP_PAGE_FAILURE, -1, 1);
    REQUIRE(bench_event(&sc.b, sc.ev));
    CHECK_EQ((uint64_t)SID << 32 | 6u << 12 | 1u << 11 | C_BAD_STE, sc.ev[0]);
    bench_fault(&sc.b, BENCH_STRTAB + 64 * SID, true, false);
    send(&sc, 6, 1, "lr");
    REQUIRE(bench_event(&sc.b, sc.ev));
    CHECK_EQ(F_STE_FETCH, sc.ev[0] & 0xff);
    CHECK_EQ(BENCH_STRTAB + 64 * SID, sc.ev[3]);
    /* C_BAD_STREAMID needs RECINVSID too. */
    scene_strtab(&sc, BENCH_STRTAB, 1);
    send(&sc, 6, 1, "lr");
    CHECK(!bench_event(&sc.b, sc.ev));
    scene_cr2(&sc, SMMU_CR2_REC_CFG_ATS | SMMU_CR2_RECINVSID);
    send(&sc, 6, 1, "lr");
    REQUIRE(bench_event(&sc.b, sc.ev));
    CHECK_EQ(C_BAD_STREAMID, sc.ev[0] & 0xff);
    scene_close(&sc);
}

/* IDR3.PPS: the PASID, whatever the STE. */
TEST_CASE(Pri, OverflowWithPps)
{
    struct smmuv3_config c;
    struct scene sc;

    ats_config(&c);
    c.idr3 |= SMMU_IDR3_PPS;
    scene_open_with(&sc, &c);
    enable(&sc);
    fill(&sc);
    send(&sc, 6, 1, "lr");
    expect_response(&sc, 1, IOVP_PAGE_SUCCESS, 6, 1);
    scene_close(&sc);
}

/* 8: SSV is 0 without SubstreamIDs, and there are no Stop markers. */
TEST_CASE(Pri, WithoutSubstreams)
{
    struct smmuv3_config c;
    struct scene sc;

    ats_config(&c);
    c.idr1 &= ~(0x1fu << 6);
    scene_open_with(&sc, &c);
    enable(&sc);
    send(&sc, 6, 1, "rxp");
    expect_record(&sc, 0, 1ull << 60 | SID, 0x123456789000 | 1);
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0);
    send(&sc, 6, 1, "l");
    expect_response(&sc, 1, IOVP_PAGE_FAILURE, -1, 1);
    scene_close(&sc);
}

/* 8.2: everything is refused, each request by itself. */
TEST_CASE(Pri, DisabledQueue)
{
    struct scene sc;

    pri_open(&sc);
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0);
    send(&sc, 6, 1, "r");
    expect_response(&sc, 1, IOVP_PAGE_FAILURE, -1, 1);
    send(&sc, 6, 2, "lr");
    expect_response(&sc, 2, IOVP_PAGE_FAILURE, -1, 2);
    bench_w32(&sc.b, SMMU_CR0, CR0 & ~SMMU_CR0_SMMUEN);
    send(&sc, -1, 3, "lr");
    expect_response(&sc, 3, IOVP_PAGE_FAILURE, -1, 3);
    send(&sc, 6, 3, "l"); /* a Stop marker */
    CHECK_EQ(3, sc.b.responses);
    CHECK_EQ(0, bench_r32(&sc.b, PROD));
    scene_close(&sc);
}

TEST_CASE(Pri, StopMarkers)
{
    struct scene sc;

    pri_open(&sc);
    send(&sc, 6, 3, "l");
    expect_record(&sc, 0, 3ull << 62 | 6ull << 32 | SID, 0x123456789000 | 3);
    for (unsigned i = 0; i < 4; i++)
        send(&sc, 6, 3, "l");
    CHECK_EQ(4 | OVFLG, bench_r32(&sc.b, PROD));
    CHECK_EQ(0, sc.b.responses);
    /* Without a PASID it is a request. */
    send(&sc, -1, 3, "l");
    expect_response(&sc, 1, IOVP_PAGE_SUCCESS, -1, 3);
    scene_close(&sc);
}

/* 8.2: the abort is synchronous. */
TEST_CASE(Pri, WriteAbort)
{
    struct scene sc;

    pri_open(&sc);
    send(&sc, -1, 0, "r");
    bench_fault(&sc.b, PRIQ + 16, false, true);
    send(&sc, 6, 1, "r");
    expect_response(&sc, 1, IOVP_PAGE_FAILURE, -1, 1);
    CHECK_EQ(1, bench_r32(&sc.b, PROD));
    CHECK_EQ(1, sc.b.irq[IOVP_IRQ_GERROR]);
    bench_clear_faults(&sc.b);
    send(&sc, -1, 2, "lr"); /* while the error is active */
    expect_response(&sc, 2, IOVP_PAGE_FAILURE, -1, 2);
    CHECK_EQ(SMMU_GERROR_PRIQ_ABT_ERR, bench_ack(&sc.b));
    send(&sc, -1, 3, "lr");
    CHECK_EQ(2, bench_r32(&sc.b, PROD));
    CHECK_EQ(2, sc.b.responses);
    scene_close(&sc);
}

static struct iovp_page_request again;
static bool taken;

static void from_irq(struct bench *b, enum iovp_irq_line line)
{
    (void)line;
    taken = smmuv3_page_request(b->s, &again);
}

TEST_CASE(Pri, NotFromACallback)
{
    struct scene sc;

    pri_open(&sc);
    again = ppr(-1, 1, "lr");
    taken = true;
    sc.b.on_irq = from_irq;
    send(&sc, -1, 0, "r");
    CHECK(!taken);
    CHECK_EQ(1, bench_r32(&sc.b, PROD));
    scene_close(&sc);
}

static uint64_t resp(int32_t ssid)
{
    return CMD_PRI_RESP | (uint64_t)SID << 32 |
           (ssid >= 0 ? 1ull << 11 | (uint64_t)ssid << 12 : 0);
}

TEST_CASE(Pri, ResponsesOfSoftware)
{
    static const struct {
        unsigned resp, code;
    } codes[] = {
        {0, IOVP_PAGE_FAILURE}, {1, IOVP_PAGE_INVALID}, {2, IOVP_PAGE_SUCCESS}};
    struct scene sc;

    scene_open(&sc);
    CHECK_EQ(SMMU_CERROR_ILL, bench_command(&sc.b, resp(-1), 0));
    scene_close(&sc);
    pri_open(&sc);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(0, bench_command(&sc.b, resp(i ? (int32_t)i : -1),
                                  codes[i].resp << 12 | (0x1ff - i)));
        REQUIRE(sc.b.responses == i + 1);
        CHECK_EQ(SID, sc.b.response[i].stream_id);
        CHECK_EQ(codes[i].code, sc.b.response[i].code);
        CHECK_EQ(0x1ff - i, sc.b.response[i].prg_index);
        CHECK_EQ(i != 0, sc.b.response[i].pasid_valid);
        CHECK_EQ(i, sc.b.response[i].pasid);
        CHECK_EQ(0, sc.b.response[i].automatic);
    }
    bench_w32(&sc.b, SMMU_CR0, CR0 & ~SMMU_CR0_SMMUEN);
    CHECK_EQ(0, bench_command(&sc.b, resp(-1), 2 << 12));
    CHECK_EQ(3, sc.b.responses);
    CHECK_EQ(SMMU_CERROR_ILL, bench_command(&sc.b, resp(-1), 3 << 12));
    scene_close(&sc);
}

/* 6.3.33, 6.3.34: the registers are there, and guarded by PRIQEN. */
TEST_CASE(Pri, Registers)
{
    struct scene sc;

    pri_open(&sc);
    CHECK_EQ(PRIQ | LOG2, bench_r64(&sc.b, SMMU_PRIQ_BASE));
    bench_w64(&sc.b, SMMU_PRIQ_BASE, 0);
    bench_w32(&sc.b, PROD, 7);
    CHECK_EQ(PRIQ | LOG2, bench_r64(&sc.b, SMMU_PRIQ_BASE));
    CHECK_EQ(0, bench_r32(&sc.b, PROD));
    CHECK_EQ(CR0, bench_r32(&sc.b, SMMU_CR0ACK));
    bench_w32(&sc.b, SMMU_CR0, ATS_CR0);
    bench_w32(&sc.b, PROD, 0xfffff);
    CHECK_EQ(7, bench_r32(&sc.b, PROD)); /* two bits and the wrap bit */
    scene_close(&sc);
    scene_open(&sc); /* without IDR0.PRI */
    bench_w64(&sc.b, SMMU_PRIQ_BASE, PRIQ | LOG2);
    CHECK_EQ(0, bench_r64(&sc.b, SMMU_PRIQ_BASE));
    scene_close(&sc);
}
