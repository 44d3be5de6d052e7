/* SPDX-License-Identifier: MIT */
/* VFs of the test endpoint: DMA of their own, and the page requests that they
 * share with their PF. */
#include "shim.h"

#include "tep_soc.h"

#define RAM RSOC_RAM
#define VA  0x7f0000001000ull
#define RW  (IOVP_ATS_READ | IOVP_ATS_WRITE)

#define ATC (TEP_AT_ATC << TEP_ATTR_AT_SHIFT)
#define PRI (ATC | TEP_FAULT_PRI << TEP_ATTR_FAULT_SHIFT)

#define VFS 3u

static void add_function(struct pcie_root_function *f,
                         struct pcie_ep_caps *room,
                         const struct test_endpoint_config *c, bool vf)
{
    f->cls = &test_endpoint_class;
    f->config = c;
    f->fn.kind = vf ? PCIE_VF : PCIE_ENDPOINT;
    f->fn.parent = 0;
    f->cls->describe(c, &f->fn, room);
}

static bool open_vfs(struct tsoc *t)
{
    static const struct pcie_cap_config port[] = {
        {.cap = PCIE_CAP_EXP,
         .exp = {.speed = 4,
                 .width = 4,
                 .mps = 256,
                 .ee_prefix = true,
                 .ari = true}},
    };
    static struct pcie_ep_caps room[VFS + 1];
    struct pcie_root_function f[VFS + 2] = {{.fn = {.kind = PCIE_ROOT_PORT,
                                                    .parent = -1,
                                                    .device = 1,
                                                    .caps = port,
                                                    .cap_count = 1}}};
    struct test_endpoint_config vf = t->cfg;

    t->cfg.vfs = VFS;
    vf.vf = true;
    add_function(&f[1], &room[0], &t->cfg, false);
    for (unsigned i = 0; i < VFS; i++)
        add_function(&f[2 + i], &room[1 + i], &vf, true);
    return !test_endpoint_class.check(&t->cfg) &&
           rsoc_open_functions(t->s, f, VFS + 2);
}

#define VF_BASE 0x4f000000u

/* PF, and VFs with memory from VF_BASE on, ATS and bus master. */
static bool enable_vfs(struct tsoc *t)
{
    struct rsoc *s = t->s;
    uint32_t cap;

    s->iommu = true;
    if (!open_vfs(t) || !tsoc_attach(t, 1))
        return false;
    rsoc_enable_sva(s, 1);
    cap = pcie_cap_offset(rsoc_fn(s, 1), PCIE_CAP_SRIOV);
    /* System Page Size 4 KiB, VF BAR0, NumVFs, VF Enable and VF MSE. */
    rsoc_cfg_wr(s, 1, cap + PCIE_SRIOV_SYSTEM_PAGE, 4, 1);
    rsoc_cfg_wr(s, 1, cap + PCIE_SRIOV_VF_BAR, 4, VF_BASE);
    rsoc_cfg_wr(s, 1, cap + PCIE_SRIOV_NUM_VFS, 2, VFS);
    rsoc_cfg_wr(s, 1, cap + PCIE_SRIOV_CONTROL, 2,
                PCIE_SRIOV_VF_ENABLE | PCIE_SRIOV_VF_MEMORY_SPACE);
    CHECK_EQ(TEST_ENDPOINT_VF_DEVICE,
             rsoc_cfg_rd(s, 1, cap + PCIE_SRIOV_VF_DEVICE_ID, 2));
    rsoc_cfg_wr(s, 0, PCIE_MEMORY_BASE, 4,
                (rsoc_cfg_rd(s, 0, PCIE_MEMORY_BASE, 4) & 0xffff) |
                    (VF_BASE & 0xfff00000));
    for (uint32_t i = 0; i < VFS; i++) {
        rsoc_cfg_wr(s, 2 + i, PCIE_COMMAND, 2, PCIE_COMMAND_BUS_MASTER);
        rsoc_cap_wr(s, 2 + i, PCIE_CAP_ATS, 6, 2, 0x8000);
    }
    return true;
}

static uint64_t vf_bar(const struct tsoc *t, uint32_t vf)
{
    return VF_BASE + vf * (uint64_t)t->cfg.bar0_bytes;
}

static uint32_t vf_rd(const struct tsoc *t, uint32_t vf, uint32_t at)
{
    uint32_t v = 0;

    CHECK_EQ(PCIE_SC, pcie_host_read(t->s->p, vf_bar(t, vf) + at, &v, 4));
    return v;
}

/* The sum of 64 bytes at VA of PASID 4. */
static void vf_start(const struct tsoc *t, uint32_t vf, uint32_t attr)
{
    const struct engine_word {
        uint32_t at, value;
    } words[] = {{TEP_SRC, (uint32_t)VA}, {TEP_SRC + 4, (uint32_t)(VA >> 32)},
                 {TEP_LEN, 64},           {TEP_PASID, TEP_PASID_OF(4)},
                 {TEP_ATTR, attr},        {TEP_CMD, TEP_OP_SUM}};

    for (unsigned n = 0; n < 6; n++)
        CHECK_EQ(PCIE_SC, pcie_host_write(t->s->p, vf_bar(t, vf) + words[n].at,
                                          &words[n].value, 4));
    CHECK(rsoc_run(t->s));
}

TEST_CASE(TestEndpointSriov, VfsDoDmaWithTheirOwnIds)
{
    struct tsoc *t = tsoc_new();
    struct rsoc *s = t->s;

    REQUIRE(enable_vfs(t));
    for (uint32_t i = 0; i < VFS; i++) {
        rsoc_map(s, 2 + i, 4, VA, RAM + 0x1000 * i, 12, RW);
        rsoc_ram_wr(s, RAM + 0x1000 * i, 1, 10 + i);
        vf_start(t, i, ATC);
        CHECK_EQ(TEP_STATUS_DONE, vf_rd(t, i, TEP_STATUS));
        CHECK_EQ(10 + i, vf_rd(t, i, TEP_RESULT));
        CHECK_EQ(pcie_id(rsoc_fn(s, 1)) + 1 + i, s->last.requester);
    }
    CHECK_EQ(0, s->violations);
    tsoc_close(t);
}

/* Who asked for page n: the VF. */
static uint32_t asker(const struct rsoc *s, uint32_t n)
{
    return s->request[n].stream_id - pcie_id(pcie_function(s->p, 2));
}

static void answer(struct rsoc *s, uint32_t n, uint8_t code)
{
    rsoc_map(s, 2 + asker(s, n), 4, VA, RAM, 12, RW);
    CHECK(rsoc_respond(s, 2 + asker(s, n), 4, s->request[n].prg_index, code));
    CHECK(rsoc_run(s));
}

static uint32_t pri_status(struct rsoc *s)
{
    return rsoc_cap_rd(s, 1, PCIE_CAP_PRI, PCIE_PRI_STATUS, 2);
}

/* 9.3.7: the PF's Outstanding Page Request Allocation is that of all. */
TEST_CASE(TestEndpointSriov, VfsShareTheCreditsOfTheirPf)
{
    struct tsoc *t = tsoc_new();
    struct rsoc *s = t->s;

    t->cfg.page_requests = 2;
    REQUIRE(enable_vfs(t));
    for (uint32_t i = 0; i < VFS; i++)
        vf_start(t, i, PRI);
    REQUIRE(s->requests == 2);
    CHECK_EQ(0, asker(s, 0));
    CHECK_EQ(1, asker(s, 1));
    CHECK(vf_rd(t, 2, TEP_STATUS) & TEP_STATUS_WAITING);
    answer(s, 1, IOVP_PAGE_SUCCESS);
    CHECK_EQ(TEP_STATUS_DONE, vf_rd(t, 1, TEP_STATUS));
    /* That was what the third waited for. */
    REQUIRE(s->requests == 3);
    CHECK_EQ(2, asker(s, 2));
    /* 10.5.2.3: Stopped when none is outstanding, whose ever. */
    rsoc_cap_wr(s, 1, PCIE_CAP_PRI, PCIE_PRI_CONTROL, 2, 0);
    answer(s, 0, IOVP_PAGE_SUCCESS);
    CHECK(!(pri_status(s) & PCIE_PRI_STOPPED));
    answer(s, 2, IOVP_PAGE_SUCCESS);
    CHECK(pri_status(s) & PCIE_PRI_STOPPED);
    CHECK_EQ(TEP_STATUS_DONE, vf_rd(t, 2, TEP_STATUS));
    tsoc_close(t);
}

/* 10.4.2.2: it is the interface that a Response Failure ends. */
TEST_CASE(TestEndpointSriov, AFailureIsOneOfAll)
{
    struct tsoc *t = tsoc_new();
    struct rsoc *s = t->s;

    REQUIRE(enable_vfs(t));
    for (uint32_t i = 0; i < VFS; i++)
        vf_start(t, i, PRI);
    REQUIRE(s->requests == 3);
    answer(s, 1, IOVP_PAGE_FAILURE);
    CHECK(pri_status(s) & PCIE_PRI_RESPONSE_FAILURE);
    for (uint32_t i = 0; i < VFS; i++)
        CHECK_EQ(TEP_STATUS_DONE | TEP_STATUS_FAILED |
                     TEP_ERROR_PRI << TEP_STATUS_ERROR_SHIFT,
                 vf_rd(t, i, TEP_STATUS));
    answer(s, 0, IOVP_PAGE_SUCCESS);
    CHECK(!(pri_status(s) & PCIE_PRI_UNEXPECTED_PRGI));
    /* A configuration write to a VF does not enable it again. */
    rsoc_cap_wr(s, 2, PCIE_CAP_ATS, 6, 2, 0x8000);
    CHECK(pri_status(s) & PCIE_PRI_RESPONSE_FAILURE);
    /* Reset, Enable: all may ask again, with all credits. */
    rsoc_cap_wr(s, 1, PCIE_CAP_PRI, PCIE_PRI_CONTROL, 2, 0);
    rsoc_cap_wr(s, 1, PCIE_CAP_PRI, PCIE_PRI_CONTROL, 2, PCIE_PRI_RESET);
    rsoc_cap_wr(s, 1, PCIE_CAP_PRI, PCIE_PRI_CONTROL, 2, PCIE_PRI_ENABLE);
    vf_start(t, 2, PRI);
    CHECK_EQ(4, s->requests);
    tsoc_close(t);
}
