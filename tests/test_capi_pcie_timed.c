/* SPDX-License-Identifier: MIT */
/*
 * PCI functions of timed platforms: the same driver does the same in both
 * modes, with the same results, counters and trace apart from time; and the
 * time is that of link, root complex, SMMU and RAM.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../models/pcie/link.h"
#include "../models/pcie/pcie_regs.h"
#include "capi_soc.h"
#include "pcie_soc.h"
#include "shim.h"

#define PATTERN 0x1122334455667788ull
#define IOVA    0x100000u
#define US      1000000ull
#define WORDS   64
#define RECORDS 4096
#define CA      ((uint32_t)TEP_ERROR_CA)

/* What a run leaves, in memory that a child shares with its parent. */
struct outcome {
    uint64_t word[WORDS];
    unsigned words;
    iovp_record record[RECORDS];
    unsigned records;
    uint64_t now;
    bool complete;
};

typedef void scenario_fn(struct ps *s, struct outcome *o);

struct run {
    const char *tree;
    uint32_t mode;
    struct outcome *out;
    scenario_fn *scenario;
};

static void note(struct outcome *o, uint64_t value)
{
    if (o->words < WORDS)
        o->word[o->words] = value;
    o->words++;
}

/* ---- a platform in either mode --------------------------------------------
 */

static bool sleep_a_while(void *ud)
{
    struct ps *s = ud;

    return iovp_run_until(s->p, iovp_now(s->p) + US, NULL) == IOVP_OK;
}

static bool driver(struct ps *s, iovp_device *d)
{
    bool ok = ps_driver(s, d);

    s->tep.sleep = sleep_a_while;
    return ok;
}

static bool open_mode(struct ps *s, const char *tree, uint32_t mode)
{
    if (!ps_create(s, tree, mode) || !ps_enumerate(s))
        return false;
    s->ram = (struct smmu_ram){PS_RAM, PS_DATA};
    s->drv = (struct smmu_driver){.platform = s->p,
                                  .base = PS_SMMU,
                                  .ram = &s->ram,
                                  .poll_ps = mode ? US : 0};
    if (!smmu_init(&s->drv))
        return true;
    shim_fail(__FILE__, __LINE__, "%s", s->drv.message);
    return false;
}

/* Everything but what processors do: how often they poll depends on time. */
static void keep(struct outcome *o, const iovp_record *r)
{
    bool wanted = r->kind == IOVP_RECORD_TRANSACTION ||
                  r->kind == IOVP_RECORD_FAULT ||
                  (r->kind == IOVP_RECORD_TLP && r->device != UINT32_MAX);

    if (!wanted)
        return;
    if (o->records < RECORDS)
        o->record[o->records] = *r;
    o->records++;
}

static void read_trace(const char *path, struct outcome *o)
{
    iovp_trace_reader *t = NULL;
    iovp_record r = IOVP_RECORD_INIT;

    CHECK_EQ(iovp_trace_open(&t, path), IOVP_OK);
    while (!iovp_trace_next(t, &r))
        keep(o, &r);
    iovp_trace_close(t);
}

static void run_child(void *ud)
{
    char path[] = "/tmp/iovp-pcie-XXXXXX";
    struct run *r = ud;
    int fd = mkstemp(path);
    struct ps s;

    REQUIRE(fd >= 0);
    close(fd);
    if (open_mode(&s, r->tree, r->mode)) {
        CHECK_EQ(iovp_trace_start(s.p, path), IOVP_OK);
        r->scenario(&s, r->out);
        iovp_run_until(s.p, iovp_now(s.p) + 10 * US, NULL);
        r->out->now = iovp_now(s.p);
        CHECK_EQ(iovp_trace_stop(s.p), IOVP_OK);
        read_trace(path, r->out);
        r->out->complete = true;
    }
    unlink(path);
    ps_close(&s);
}

static struct outcome *run(const char *tree, uint32_t mode,
                           scenario_fn *scenario)
{
    struct outcome *o = mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct run r = {tree, mode, o, scenario};

    if (o == MAP_FAILED)
        return NULL;
    soc_child(run_child, &r);
    CHECK(o->complete);
    CHECK(o->words <= WORDS && o->records <= RECORDS);
    return o;
}

static void compare_record(unsigned i, const iovp_record *f,
                           const iovp_record *t)
{
    bool same = f->kind == t->kind && f->iova == t->iova && f->pa == t->pa &&
                f->device == t->device && f->iommu == t->iommu &&
                f->stream_id == t->stream_id && f->pasid == t->pasid &&
                f->pasid_valid == t->pasid_valid && f->space == t->space &&
                f->addr_type == t->addr_type && f->access == t->access &&
                f->bytes == t->bytes && f->result == t->result &&
                f->event == t->event;

    if (!same)
        shim_fail(__FILE__, __LINE__,
                  "record %u: functional kind %u iova %llx pa %llx device %u "
                  "bytes %u result %u event %u, timed kind %u iova %llx pa "
                  "%llx device %u bytes %u result %u event %u",
                  i, f->kind, (unsigned long long)f->iova,
                  (unsigned long long)f->pa, f->device, f->bytes, f->result,
                  f->event, t->kind, (unsigned long long)t->iova,
                  (unsigned long long)t->pa, t->device, t->bytes, t->result,
                  t->event);
}

/* In both modes, and the same. */
static void both(const char *tree, scenario_fn *scenario)
{
    struct outcome *f, *t;

    if (!iovp_has_systemc())
        SKIP_TEST("built without SystemC");
    f = run(tree, IOVP_MODE_FUNCTIONAL, scenario);
    t = run(tree, IOVP_MODE_TIMED, scenario);
    REQUIRE(f && t);
    CHECK_EQ(f->now, 0);
    CHECK(t->now > 0);
    CHECK(f->words > 0);
    CHECK_EQ(t->words, f->words);
    for (unsigned i = 0; i < f->words && i < WORDS; i++)
        CHECK_EQ(t->word[i], f->word[i]);
    CHECK_EQ(t->records, f->records);
    for (unsigned i = 0; i < f->records && i < t->records; i++)
        compare_record(i, &f->record[i], &t->record[i]);
    for (unsigned i = 0; i < t->records; i++)
        CHECK(t->record[i].time_out >= t->record[i].time_in);
    munmap(f, sizeof(*f));
    munmap(t, sizeof(*t));
}

static void note_counters(struct outcome *o, iovp_device *d)
{
    static const char *const name[] = {"operations", "bytes_read",
                                       "bytes_written", "tlps", "bytes"};

    for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++)
        note(o, ps_counter(d, name[i]));
}

/* ---- DMA, faults, peers, interrupts ----------------------------------------
 */

static void dma(struct ps *s, struct outcome *o)
{
    const struct tep_request copy = {
        .op = TEP_OP_MEMCPY, .src = IOVA, .dst = IOVA + 0x1804, .len = 0x900};
    const struct tep_request sum = {
        .op = TEP_OP_SUM, .src = IOVA + 0x9000, .len = 64};
    const struct tep_request nowhere = {
        .op = TEP_OP_SUM, .src = IOVA + 0x4000, .len = 64};
    struct tep_outcome out;
    struct smmu_event e;
    struct ps_stream a;

    REQUIRE(ps_attach(s, &a, s->near, 0));
    REQUIRE(ps_map(s, &a, IOVA, PS_PA(7), PS_PAGE, 0));
    REQUIRE(ps_map(s, &a, IOVA + 0x1000, PS_PA(3), PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_map(s, &a, IOVA + 0x2000, PS_PA(9), PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_map(s, &a, IOVA + 0x4000, 0x4000000000ull, PS_PAGE, SMMU_WRITE));
    REQUIRE(driver(s, s->near));
    for (unsigned i = 0; i < 512; i++)
        ps_put(s, PS_PA(7) + 8 * i, PATTERN * (i + 1));
    note(o, tep_run(&s->tep, &copy, &out));
    note(o, out.bytes);
    note(o, ps_word(s, PS_PA(3) + 0x808));
    note(o, ps_word(s, PS_PA(9)));
    note(o, ps_word(s, PS_PA(9) + 0x100));
    CHECK_EQ(o->word[0], TEP_ERROR_NONE);
    CHECK_EQ(o->word[1], 0x900);
    note(o, tep_run(&s->tep, &sum, &out));
    CHECK_EQ(o->word[5], CA);
    note(o, out.fault_addr);
    REQUIRE(smmu_event_next(&s->drv, &e));
    note(o, e.type);
    note(o, e.sid);
    note(o, tep_run(&s->tep, &nowhere, &out));
    CHECK_EQ(o->word[9], TEP_ERROR_UR);
    note_counters(o, s->near);
}

TEST_CASE(CapiPcieTimed, DmaAndFaults)
{
    both(ps_tree(""), dma);
}

/* Requester IDs of a VF's or endpoint's stream, PASID, atomics. */
static void attributes(struct ps *s, struct outcome *o)
{
    struct tep_request add = {
        .op = TEP_OP_FETCH_ADD, .dst = IOVA + 16, .len = 8, .operand = {5}};
    struct tep_outcome out;
    struct smmu_space own;
    struct ps_stream a;
    uint32_t exp;

    REQUIRE(ps_attach(s, &a, s->inside, 4));
    REQUIRE(smmu_space_create(&s->drv, &own) == 0);
    CHECK_EQ(smmu_map(&s->drv, &own, IOVA, PS_PA(9), PS_PAGE, SMMU_WRITE), 0);
    CHECK_EQ(smmu_bind(&s->drv, &a.st, 5, &own), 0);
    REQUIRE(ps_map(s, &a, IOVA, PS_PA(4), PS_PAGE, SMMU_WRITE));
    REQUIRE(driver(s, s->inside));
    ps_ext_set(s, s->inside, PCIE_EXT_PASID, PCIE_PASID_CONTROL, 2,
               PCIE_PASID_ENABLE);
    note(o, ps_fill(s, IOVA, 8, PATTERN, 0, TEP_PASID_OF(5)));
    note(o, ps_word(s, PS_PA(9)));
    CHECK_EQ(o->word[0], TEP_ERROR_NONE);
    CHECK_EQ(o->word[1], PATTERN);
    exp = pcie_enum_cap(&s->e, ps_id(s->inside), PCIE_ID_EXP);
    ps_cfg_set(s, ps_id(s->inside), exp + PCIE_DEVCTL2, 2,
               PCIE_DEVCTL2_ATOMIC_REQUESTER);
    ps_put(s, PS_PA(4) + 16, 100);
    note(o, tep_run(&s->tep, &add, &out));
    note(o, out.result);
    note(o, ps_word(s, PS_PA(4) + 16));
    CHECK_EQ(o->word[3], 100);
    CHECK_EQ(o->word[4], 105);
    add.op = TEP_OP_CAS;
    add.operand[0] = 105;
    add.operand[1] = 77;
    note(o, tep_run(&s->tep, &add, &out));
    note(o, out.result);
    note(o, ps_word(s, PS_PA(4) + 16));
    CHECK_EQ(o->word[7], 77);
    note_counters(o, s->inside);
}

TEST_CASE(CapiPcieTimed, PasidAndAtomics)
{
    both(ps_tree(""), attributes);
}

static void peers(struct ps *s, struct outcome *o)
{
    struct ps_stream a, b;
    uint64_t peer;

    REQUIRE(ps_attach(s, &a, s->near, 0));
    REQUIRE(ps_attach(s, &b, s->far, 0));
    peer = ps_bar(s, s->far, 0) + TEP_SCRATCH;
    REQUIRE(ps_map(s, &a, IOVA, peer & ~0xfffull, PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_map(s, &b, IOVA, PS_ITS + 0x10000, PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_map(s, &b, IOVA + 0x1000, PS_PA(2), PS_PAGE, SMMU_WRITE));
    REQUIRE(driver(s, s->near));
    note(o, ps_fill(s, IOVA + (peer & 0xfff) + 0x20, 16, PATTERN, 0, 0));
    note(o, ps_rd(s, peer + 0x20, 8));
    CHECK_EQ(o->word[1], PATTERN);
    REQUIRE(driver(s, s->far));
    ps_msix(s, s->far, IOVA + 0x40, 0x77);
    ps_forget(s);
    note(o, tep_send_msi(&s->tep, 0));
    sleep_a_while(s);
    note(o, s->irqs);
    REQUIRE(s->irqs == 1);
    note(o, s->irq[0].addr);
    note(o, s->irq[0].data);
    note(o, s->irq[0].device_id);
    CHECK_EQ(s->irq[0].kind, IOVP_IRQ_MSI);
    CHECK_EQ(s->irq[0].addr, PS_ITS + 0x10040);
    ps_msix(s, s->far, IOVA + 0x1004, 0x1234);
    note(o, tep_send_msi(&s->tep, 0));
    sleep_a_while(s);
    note(o, ps_word(s, PS_PA(2)));
    CHECK_EQ(ps_word(s, PS_PA(2)), 0x123400000000ull);
}

TEST_CASE(CapiPcieTimed, PeersAndInterrupts)
{
    both(ps_tree(""), peers);
}

/* CD.S (SMMU 5.4): the event tells a stall, but a function cannot wait. */
static void stalls(struct ps *s, struct outcome *o)
{
    const struct tep_request sum = {.op = TEP_OP_SUM, .src = IOVA, .len = 16};
    struct tep_outcome out;
    struct smmu_event e;
    struct ps_stream a;

    REQUIRE(ps_attach(s, &a, s->near, 0));
    REQUIRE(!a.st.cd_2level);
    ps_put(s, a.st.cd_table, ps_word(s, a.st.cd_table) | 1ull << 44);
    REQUIRE(driver(s, s->near));
    note(o, tep_run(&s->tep, &sum, &out));
    CHECK_EQ(o->word[0], CA);
    REQUIRE(smmu_event_next(&s->drv, &e));
    note(o, e.type);
    note(o, e.word[1] >> 31 & 1);
    CHECK_EQ(o->word[2], 1);
    note_counters(o, s->near);
}

TEST_CASE(CapiPcieTimed, FunctionsAreNotStalled)
{
    both(ps_tree(""), stalls);
}

/* What the C API does in the name of a function, and functions that no
 * iommu-map names: their requests go to RAM as they are. */
static void past_the_smmu(struct ps *s, struct outcome *o)
{
    iovp_dma_result r = IOVP_DMA_RESULT_INIT;
    struct ps_stream a;
    uint64_t word = PATTERN;

    REQUIRE(ps_attach(s, &a, s->inside, 0));
    REQUIRE(ps_map(s, &a, IOVA, PS_PA(8), PS_PAGE, SMMU_WRITE));
    CHECK_EQ(iovp_dma_write(s->inside, IOVP_NO_PASID, IOVA, &word, 8, NULL, &r),
             IOVP_OK);
    note(o, r.status);
    note(o, ps_word(s, PS_PA(8)));
    CHECK_EQ(o->word[1], PATTERN);
    CHECK_EQ(
        iovp_dma_write(s->near, IOVP_NO_PASID, PS_PA(10), &word, 8, NULL, &r),
        IOVP_OK);
    note(o, r.status);
    CHECK_EQ(ps_word(s, PS_PA(10)), PATTERN);
    CHECK_EQ(iovp_dma_read(s->near, IOVP_NO_PASID, IOVA, &word, 8, NULL, &r),
             IOVP_OK);
    note(o, r.status);
    CHECK_EQ(r.status, IOVP_DMA_BUS);
    REQUIRE(driver(s, s->near));
    note(o, ps_fill(s, PS_PA(5), 64, ~PATTERN, 0, 0));
    note(o, ps_word(s, PS_PA(5)));
    CHECK_EQ(o->word[5], ~PATTERN);
    note(o, ps_fill(s, IOVA, 64, PATTERN, 0, 0)); /* posted, and lost */
    note_counters(o, s->near);
}

TEST_CASE(CapiPcieTimed, PastTheSmmu)
{
    static const char all[] = "<0 &smmu 0x1000 0x1000>";
    static const char one[] = "<0x18 &smmu 0x1018 0x1>";
    char tree[16384];
    char *at;

    snprintf(tree, sizeof(tree), "%s", ps_tree(""));
    at = strstr(tree, all);
    REQUIRE(at && sizeof(all) == sizeof(one));
    memcpy(at, one, sizeof(one) - 1);
    both(tree, past_the_smmu);
}

/* Where nothing answers a processor, and a function that is taken away. */
static void absent(struct ps *s, struct outcome *o)
{
    const struct tep_request sum = {
        .op = TEP_OP_SUM, .src = PS_PA(1), .len = 0x10000};
    uint64_t bar = ps_bar(s, s->near, 0), v = 0;
    struct tep_outcome out;

    note(o, ps_rd(s, PS_ECAM + 0xf00000, 4));
    note(o, ps_rd(s, PS_MEM + 0xfff0000, 4));
    note(o, ps_rd(s, PS_PREF + 0xfff0000, 8));
    CHECK_EQ(o->word[2], UINT64_MAX);
    REQUIRE(driver(s, s->near));
    CHECK(tep_start(&s->tep, &sum));
    CHECK_EQ(iovp_device_unplug(s->near), IOVP_OK);
    sleep_a_while(s);
    note(o, ps_rd(s, bar + TEP_ID, 4));
    CHECK_EQ(o->word[3], UINT32_MAX);
    CHECK_EQ(iovp_device_plug(s->near), IOVP_OK);
    sleep_a_while(s);
    note(o, ps_rd(s, bar + TEP_ID, 4)); /* its BAR has to be placed again */
    REQUIRE(driver(s, s->far));
    note(o, tep_run(&s->tep, &sum, &out));
    CHECK_EQ(iovp_mmio_read(s->p, PS_MEM + 0x10000000ull - 2, 4, 0, &v),
             IOVP_E_INVALID);
}

static void absent_once(void *ud)
{
    struct outcome *o = ud;
    struct ps s;

    REQUIRE(open_mode(&s, ps_tree(""), IOVP_MODE_TIMED));
    absent(&s, o);
    o->complete = true;
    ps_close(&s);
}

/* How far the function gets is a matter of time: in timed mode only. */
TEST_CASE(CapiPcieTimed, AbsentFunctions)
{
    struct outcome *o;

    if (!iovp_has_systemc())
        SKIP_TEST("built without SystemC");
    o = mmap(NULL, sizeof(*o), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(o != MAP_FAILED);
    soc_child(absent_once, o);
    CHECK(o->complete);
    munmap(o, sizeof(*o));
}

/* ---- ATS and PRI -----------------------------------------------------------
 */

static void ats(struct ps *s, struct outcome *o)
{
    struct tep_request fill = {.op = TEP_OP_FILL,
                               .attr = TEP_AT_ATC << TEP_ATTR_AT_SHIFT,
                               .dst = IOVA,
                               .len = 0x2000,
                               .operand = {PATTERN}};
    struct smmu_page_request q;
    struct tep_outcome out;
    struct ps_stream a;

    REQUIRE(ps_attach(s, &a, s->near, 0));
    REQUIRE(ps_map(s, &a, IOVA, PS_PA(6), PS_PAGE, SMMU_WRITE));
    REQUIRE(ps_map(s, &a, IOVA + 0x1000, PS_PA(2), PS_PAGE, SMMU_WRITE));
    REQUIRE(smmu_ats(&s->drv, &a.st, true) == 0);
    ps_ext_set(s, s->near, PCIE_EXT_ATS, PCIE_ATS_CONTROL, 2, PCIE_ATS_ENABLE);
    ps_ext_set(s, s->near, PCIE_EXT_PRI, PCIE_PRI_ALLOCATION, 4, 8);
    ps_ext_set(s, s->near, PCIE_EXT_PRI, PCIE_PRI_CONTROL, 2, PCIE_PRI_ENABLE);
    REQUIRE(driver(s, s->near));
    note(o, tep_run(&s->tep, &fill, &out));
    note(o, tep_run(&s->tep, &fill, &out));
    CHECK_EQ(o->word[1], TEP_ERROR_NONE);
    note(o, ps_word(s, PS_PA(2) + 0xff8));
    CHECK_EQ(o->word[2], PATTERN);
    /* Unmapped and invalidated: the endpoint asks again, and has no right. */
    CHECK_EQ(smmu_unmap(&s->drv, &a.space, IOVA, PS_PAGE), 0);
    CHECK_EQ(smmu_atc_invalidate(&s->drv, &a.st, SMMU_NO_PASID, IOVA, PS_PAGE),
             0);
    note(o, tep_run(&s->tep, &fill, &out));
    CHECK_EQ(o->word[3], TEP_ERROR_DENIED);
    /* With page requests it waits for the page. */
    fill.attr |= TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT;
    CHECK(tep_start(&s->tep, &fill));
    sleep_a_while(s);
    REQUIRE(smmu_page_request_next(&s->drv, &q));
    note(o, q.addr);
    note(o, q.group);
    note(o, q.sid);
    CHECK_EQ(q.addr, IOVA);
    CHECK(q.last && q.write);
    REQUIRE(ps_map(s, &a, IOVA, PS_PA(11), PS_PAGE, SMMU_WRITE));
    CHECK_EQ(smmu_page_respond(&s->drv, &q, SMMU_PRI_SUCCESS), 0);
    CHECK(tep_wait(&s->tep, &out));
    note(o, out.error);
    note(o, ps_word(s, PS_PA(11)));
    CHECK_EQ(ps_word(s, PS_PA(11)), PATTERN);
    note(o, ps_counter(s->near, "atc_hits"));
    note_counters(o, s->near);
    CHECK_EQ(s->drv.gerrors, 0);
}

TEST_CASE(CapiPcieTimed, AtsAndPageRequests)
{
    both(ps_tree(""), ats);
}

/* ---- time ------------------------------------------------------------------
 */

#define LATENCY_PS 100000u

/* A read of 64 bytes at IOVA, when all caches are warm. */
static void one_read(struct ps *s, struct outcome *o)
{
    const struct tep_request sum = {.op = TEP_OP_SUM, .src = IOVA, .len = 64};
    struct tep_outcome out;
    struct ps_stream a;
    uint16_t id = ps_id(s->near);
    uint32_t exp = pcie_enum_cap(&s->e, id, PCIE_ID_EXP);

    REQUIRE(ps_attach(s, &a, s->near, 0));
    REQUIRE(ps_map(s, &a, IOVA, PS_PA(1), PS_PAGE, SMMU_WRITE));
    REQUIRE(driver(s, s->near));
    CHECK_EQ(tep_run(&s->tep, &sum, &out), TEP_ERROR_NONE);
    CHECK_EQ(tep_run(&s->tep, &sum, &out), TEP_ERROR_NONE);
    note(o, ps_cfg(s, id, exp + 0x12, 2)); /* Link Status (7.5.3.8) */
}

static const iovp_record *last_of(const struct outcome *o, uint32_t kind)
{
    const iovp_record *r = NULL;

    for (unsigned i = 0; i < o->records && i < RECORDS; i++)
        if (o->record[i].kind == kind)
            r = &o->record[i];
    return r;
}

/* What the link takes by itself, up and down, at Max_Payload_Size 128. */
static bool link_alone(uint32_t status, uint64_t *up, uint64_t *down)
{
    static struct pcie_link link;
    struct pcie_transfer x = {
        .type = PCIE_TLP_MRD, .direction = PCIE_UP, .length = 64, .addr = IOVA};
    struct pcie_link_config c;
    struct pcie_link_time time;

    pcie_link_config_default(&c, status & 15, status >> 4 & 0x3f);
    c.mps = 128;
    if (!pcie_link_init(&link, &c) || !pcie_link_send(&link, &x, 0, &time))
        return false;
    *up = time.arrived;
    if (!pcie_link_complete(&link, &x, *up, &time))
        return false;
    *down = time.done - *up;
    return true;
}

/* Earlier packets leave fractions of a picosecond on a link. */
static bool close_to(uint64_t got, uint64_t want)
{
    return got + 2 >= want && got <= want + 2;
}

TEST_CASE(CapiPcieTimed, LatencyOfARead)
{
    const iovp_record *packet, *smmu;
    uint64_t up = 0, down = 0;
    struct outcome *o;

    if (!iovp_has_systemc())
        SKIP_TEST("built without SystemC");
    o = run(ps_tree("iovp,latency-ps = <100000>;"), IOVP_MODE_TIMED, one_read);
    REQUIRE(o != NULL);
    packet = last_of(o, IOVP_RECORD_TLP);
    smmu = last_of(o, IOVP_RECORD_TRANSACTION);
    REQUIRE(packet && smmu && link_alone((uint32_t)o->word[0], &up, &down));
    /* SMMU: lookup of 2 clocks of 1 ns; RAM: 60 ns (docs/timing.md). */
    CHECK_EQ(smmu->time_out - smmu->time_in, 2000 + 60000);
    CHECK(close_to(smmu->time_in - packet->time_in, up + LATENCY_PS));
    CHECK(close_to(packet->time_out - smmu->time_out, down + LATENCY_PS));
    munmap(o, sizeof(*o));
}
