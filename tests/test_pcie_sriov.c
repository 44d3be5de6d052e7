/* SPDX-License-Identifier: MIT */
/* PCI Express: Single Root I/O Virtualization (9): the capability, which VFs
 * exist, and their place.  Offsets by number: 9.3.3. */
#include "shim.h"

#include "pcie_vfs.h"

#include <stdlib.h>
#include <string.h>

/* ---- registers ------------------------------------------------------------
 */

TEST_CASE(PcieSriov, Capability)
{
    VFS_OPEN();
    CHECK_EQ(pcie_cap_offset(vfs_fn(s, PF0), PCIE_CAP_SRIOV),
             pcie_enum_ext(&s->e, 0x0100, 0x0010));
    CHECK_EQ(0, sriov_rd(s, PF0, 0x04, 4));
    CHECK_EQ(0x00040004, sriov_rd(s, PF0, 0x0c, 4)); /* TotalVFs, InitialVFs */
    CHECK_EQ(0x00000000, sriov_rd(s, PF0, 0x10, 4));
    CHECK_EQ(0x01, sriov_rd(s, PF1, 0x12, 1)); /* Function Dependency Link */
    CHECK_EQ(0x00010010, sriov_rd(s, PF0, 0x14, 4)); /* stride, offset */
    CHECK_EQ(0x10010000, sriov_rd(s, PF0, 0x18, 4));
    CHECK_EQ(0x00000553, sriov_rd(s, PF0, 0x1c, 4));
    CHECK_EQ(0x00000001, sriov_rd(s, PF0, 0x20, 4));
    sriov_wr(s, PF0, 0x14, 4, 0xffffffff);
    sriov_wr(s, PF0, 0x0c, 4, 0);
    CHECK_EQ(0x00010010, sriov_rd(s, PF0, 0x14, 4));
    CHECK_EQ(0x00040004, sriov_rd(s, PF0, 0x0c, 4));
    /* ARI Capable Hierarchy is in the device's first PF only. */
    sriov_wr(s, PF0, 0x08, 2, 0xfffe);
    sriov_wr(s, PF1, 0x08, 2, 0xfffe);
    sriov_wr(s, PFR, 0x08, 2, 0xfffe);
    CHECK_EQ(0x0018, sriov_rd(s, PF0, 0x08, 2));
    CHECK_EQ(0x0008, sriov_rd(s, PF1, 0x08, 2));
    CHECK_EQ(0x0018, sriov_rd(s, PFR, 0x08, 2));
    /* NumVFs stays while VF Enable is set. */
    vfs_enable(s, PF0, 2);
    sriov_wr(s, PF0, 0x10, 2, 4);
    CHECK_EQ(2, sriov_rd(s, PF0, 0x10, 2));
    sriov_wr(s, PF0, 0x20, 4, 2);
    CHECK_EQ(1, sriov_rd(s, PF0, 0x20, 4));
    vfs_close(s);
}

TEST_CASE(PcieSriov, VfBarsAreSizedByTheSystemsPage)
{
    static const struct {
        uint32_t page, got, bar0, bar2;
    } row[] = {
        {1, 1, 0xfffff000, 0xffffc00c},
        {0x10, 0x10, 0xffff0000, 0xffff000c},
        {4, 0x10, 0xffff0000, 0xffff000c}, /* 16 KiB is not supported */
        {0x11, 0x10, 0xffff0000, 0xffff000c},
        {0, 0x10, 0xffff0000, 0xffff000c},
        {0x400, 0x400, 0xffc00000, 0xffc0000c},
        {2, 2, 0xffffe000, 0xffffc00c},
    };

    VFS_OPEN();
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        sriov_wr(s, PF0, 0x20, 4, row[i].page);
        CHECK_EQ(row[i].got, sriov_rd(s, PF0, 0x20, 4));
        for (unsigned at = 0x24; at < 0x3c; at += 4)
            sriov_wr(s, PF0, at, 4, 0xffffffff);
        CHECK_EQ(row[i].bar0, sriov_rd(s, PF0, 0x24, 4));
        CHECK_EQ(0, sriov_rd(s, PF0, 0x28, 4));
        CHECK_EQ(row[i].bar2, sriov_rd(s, PF0, 0x2c, 4));
        CHECK_EQ(0xffffffff, sriov_rd(s, PF0, 0x30, 4));
        CHECK_EQ(0, sriov_rd(s, PF0, 0x34, 4));
    }
    pcie_reset(s->p);
    CHECK_EQ(1, sriov_rd(s, PF0, 0x20, 4));
    pcie_config_write(vfs_fn(s, PF0),
                      pcie_cap_offset(vfs_fn(s, PF0), PCIE_CAP_SRIOV) + 0x24, 4,
                      0xffffffff);
    CHECK_EQ(0xfffff000, sriov_rd(s, PF0, 0x24, 4));
    vfs_close(s);
}

/* ---- existence and routing -------------------------------------------------
 */

TEST_CASE(PcieSriov, VfsExistWhileEnabled)
{
    VFS_OPEN();
    CHECK(!pcie_present(vfs_fn(s, VF0)));
    CHECK_EQ(PCIE_REFUSED_ABSENT, vfs_dma(s, VF0));
    CHECK_EQ(0xffffffff, pcie_config_read(vfs_fn(s, VF0), 8, 4));
    CHECK(!pcie_find(s->p, 0x0110));
    s->renumbers = 0;
    vfs_enable(s, PF0, 3);
    CHECK_EQ(3, s->renumbers);
    for (unsigned n = 0; n < 4; n++) {
        CHECK_EQ(n < 3, pcie_present(vfs_fn(s, VF0 + n)));
        CHECK(pcie_find(s->p, (uint16_t)(0x0110 + n)) ==
              (n < 3 ? vfs_fn(s, VF0 + n) : NULL));
    }
    CHECK_EQ(0x0112, pcie_id(vfs_fn(s, VF0 + 2)));
    /* Off: they are gone, and reset. */
    sriov_wr(s, PF0, 0x08, 2, 0x0008);
    CHECK(!pcie_find(s->p, 0x0110));
    CHECK_EQ(2, s->fn[VF0].resets);
    CHECK_EQ(PCIE_RESET_FLR, s->fn[VF0].reset);
    /* More than there are. */
    vfs_enable(s, PF0, 0xffff);
    CHECK(pcie_find(s->p, 0x0113) == vfs_fn(s, VF0 + 3));
    CHECK(!pcie_find(s->p, 0x0114));
    vfs_close(s);
}

TEST_CASE(PcieSriov, IdsGoOnBehindThePfsBus)
{
    static const uint16_t id[] = {0x01ff, 0x0201, 0x0203, 0x0205};

    VFS_OPEN();
    vfs_enable(s, PF1, 4);
    vfs_enable(s, PFR, 2);
    for (unsigned n = 0; n < 4; n++) {
        CHECK_EQ(id[n], pcie_id(vfs_fn(s, VF1 + n)));
        CHECK(pcie_find(s->p, id[n]) == vfs_fn(s, VF1 + n));
        CHECK_EQ(0xffffffff, vfs_rd(s, id[n], 0, 4));
        CHECK_EQ(0x02000009, vfs_rd(s, id[n], 8, 4));
    }
    CHECK(!pcie_find(s->p, 0x0200));
    CHECK(!pcie_find(s->p, 0x0202));
    CHECK(pcie_find(s->p, 0x0024) == vfs_fn(s, VFR));
    CHECK(pcie_find(s->p, 0x0026) == vfs_fn(s, VFR + 1));
    /* A write does not tell a VF another bus number. */
    s->renumbers = 0;
    vfs_wr(s, 0x0201, 0x3c, 1, 1);
    CHECK_EQ(0, s->renumbers);
    /* The bridge must lead there. */
    vfs_wr(s, 0x0008, 0x1a, 1, 1);
    CHECK(!pcie_find(s->p, 0x0201));
    CHECK(pcie_find(s->p, 0x01ff) == vfs_fn(s, VF1));
    vfs_wr(s, 0x0008, 0x1a, 1, 2);
    /* On the bus itself they are behind device 0 of a link: ARI. */
    vfs_wr(s, 0x0008, pcie_cap_offset(vfs_fn(s, PORT), PCIE_CAP_EXP) + 0x28, 2,
           0);
    CHECK(!pcie_find(s->p, 0x01ff));
    CHECK(pcie_find(s->p, 0x0201) == vfs_fn(s, VF1 + 1));
    /* They follow their PF to another bus. */
    vfs_wr(s, 0x0008, 0x18, 4, 0x00fffe00);
    vfs_wr(s, 0xfe01, 0x3c, 1, 0);
    CHECK_EQ(5, s->renumbers);
    CHECK_EQ(0xff01, pcie_id(vfs_fn(s, VF1 + 1)));
    CHECK(pcie_find(s->p, 0xff01) == vfs_fn(s, VF1 + 1));
    /* Behind the last bus there is none. */
    vfs_wr(s, 0x0008, 0x18, 4, 0x00ffff00);
    vfs_wr(s, 0xff01, 0x3c, 1, 0);
    CHECK(pcie_present(vfs_fn(s, VF1)));
    CHECK(!pcie_present(vfs_fn(s, VF1 + 1)));
    CHECK(!pcie_find(s->p, 0x0001));
    vfs_close(s);
}

TEST_CASE(PcieSriov, EachVfHasItsPartOfTheBars)
{
    uint64_t bar0, bar2;
    uint8_t v[4];

    VFS_OPEN();
    bar0 = s->e.fn[1].vf_bar[0];
    bar2 = s->e.fn[1].vf_bar[2];
    CHECK_EQ(0x1000, s->e.fn[1].vf_size[0]);
    CHECK_EQ(0x4000, s->e.fn[1].vf_size[2]);
    REQUIRE(bar0 && bar2);
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, bar2, v, 4));
    sriov_wr(s, PF0, 0x10, 2, 3);
    sriov_wr(s, PF0, 0x08, 2, 1); /* no VF MSE */
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, bar2, v, 4));
    sriov_wr(s, PF0, 0x08, 2, 9);
    for (unsigned n = 0; n < 4; n++) {
        CHECK_EQ(n < 3 ? PCIE_SC : PCIE_UR,
                 pcie_host_read(s->p, bar2 + n * 0x4000 + 0x3ffc, v, 4));
        CHECK_EQ(n < 3, s->fn[VF0 + n].reads);
        CHECK_EQ(n < 3 ? 2ull << 32 | 0x3ffc : 0, s->fn[VF0 + n].offset);
        /* Behind the MSI-X table. */
        CHECK_EQ(n < 3 ? PCIE_SC : PCIE_UR,
                 pcie_host_read(s->p, bar0 + n * 0x1000 + 0x900, v, 4));
        CHECK_EQ(n < 3 ? 0x900 : 0, s->fn[VF0 + n].offset);
    }
    /* The PF's own Memory Space Enable does not count, its power does. */
    vfs_wr(s, 0x0100, 0x04, 2, 0x4);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, bar2, v, 4));
    sriov_wr(s, PF0, 0x08, 2, 8);
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, bar2, v, 4));
    /* Larger pages move them apart; behind a VF's bytes is nothing. */
    sriov_wr(s, PF0, 0x20, 4, 0x10);
    sriov_wr(s, PF0, 0x24, 4, (uint32_t)MEM + 0x80000);
    vfs_wr(s, 0x0008, 0x20, 4, 0x40f04000);
    sriov_wr(s, PF0, 0x08, 2, 9);
    CHECK_EQ(PCIE_SC, pcie_host_read(s->p, MEM + 0x90900, v, 4));
    CHECK_EQ(0x900, s->fn[VF0 + 1].offset);
    CHECK_EQ(PCIE_UR, pcie_host_read(s->p, MEM + 0x91000, v, 4));
    vfs_close(s);
}

/* ---- bad input ------------------------------------------------------------
 */

/* Of the legal table `f` with a change. */
#define REFUSED(index_, word, ...)           \
    do {                                     \
        struct pcie_cap_config was = *sriov; \
        const char *why;                     \
        int32_t at = -2;                     \
                                             \
        vfs_describe(f);                     \
        c.function_count = COUNT;            \
        __VA_ARGS__;                         \
        why = pcie_config_check(&c, &at);    \
        *sriov = was;                        \
        CHECK(why &&strstr(why, word));      \
        CHECK_EQ(index_, at);                \
    } while (0)

TEST_CASE(PcieSriov, IllegalConfigurationsAreRefusedByName)
{
    struct vfs *s = (struct vfs *)calloc(1, sizeof(*s));
    struct pcie_cap_config *sriov = &vfs_pf_caps[0][3], bad[3];
    struct pcie_fn_config *f;
    struct pcie_config c;

    REQUIRE(s);
    c = vfs_config(s);
    f = s->config;
    vfs_describe(f);
    CHECK(!pcie_config_check(&c, NULL));
    REFUSED(PF0, "total", sriov->sriov.total = 0);
    REFUSED(PF0, "total", sriov->sriov.total = 257);
    REFUSED(PF0, "right behind", sriov->sriov.total = 5);
    REFUSED(VF0 + 3, "behind a PF", sriov->sriov.total = 3);
    REFUSED(PF0, "first", sriov->sriov.first = 0);
    REFUSED(PF0, "stride", sriov->sriov.stride = 0);
    REFUSED(PF0, "bus number", sriov->sriov.stride = 0x5555);
    REFUSED(PFR, "bus number", f[PFR].device = 31, f[PFR].function = 3);
    REFUSED(PFR, "right behind", c.function_count = COUNT - 1);
    REFUSED(PORT, "endpoints", f[PORT].caps = vfs_pf_caps[0],
            f[PORT].cap_count = 4);
    REFUSED(VF0, "parent", f[VF0].parent = -1);
    REFUSED(VF0, "interrupt_pin", f[VF0].interrupt_pin = 1);
    REFUSED(VF0, "rom", f[VF0].rom = 2048);
    REFUSED(VF0 + 1, "alike", f[VF0 + 1].bar[0].size = 0x2000);
    REFUSED(VF0, "I/O", f[VF0].bar[1] = (struct pcie_bar){64, PCIE_BAR_IO});
    REFUSED(VF0, "Function Level Reset", f[VF0].cap_count = 0);
    bad[0] = vfs_vf_caps[0];
    bad[1] = vfs_pf_caps[0][6];
    REFUSED(VF0, "PASID", f[VF0].caps = bad, f[VF0].cap_count = 2);
    REFUSED(VF1, "AER", f[VF1].cap_count = 5);
    /* 0x0001 is the second PF, 0x00ff one of its VFs. */
    REFUSED(VF0, "one ID", sriov->sriov.first = 1);
    REFUSED(VF0 + 2, "one ID", sriov->sriov.first = 0xfd);
    free(s);
}

static uint64_t random64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* One arbitrary thing that software or a function does. */
static void act(struct vfs *s, uint64_t *r)
{
    static uint8_t data[256];
    struct pcie_fn *f = vfs_fn(s, (unsigned)(random64(r) % COUNT));
    uint64_t v = random64(r);
    uint32_t at = (uint32_t)(random64(r) & 0x3f);

    switch (v >> 60) {
    case 0:
        pcie_ecam_write(s->p, v & 0x3ffffff, 4, random64(r));
        break;
    case 1:
        pcie_config_write(vfs_fn(s, PORT), 0x18, 4, v);
        break;
    case 2:
        pcie_set_present(f, v & 3);
        break;
    case 3:
    case 4:
        pcie_host_read(s->p, MEM + (v & 0xffffff), data, at);
        break;
    case 5:
        pcie_host_write(s->p, PREF + (v & 0xffffff), data, at);
        break;
    case 6:
        pcie_msi(f, at);
        vfs_dma(s, (unsigned)(v % COUNT));
        break;
    case 7:
        pcie_report(f, at, NULL);
        break;
    default:
        pcie_config_write(f, pcie_cap_offset(f, PCIE_CAP_SRIOV) + at, 4,
                          v & 1 ? random64(r) : random64(r) & 0x1f);
    }
}

TEST_CASE(PcieSriov, AnythingThatSoftwareDoes)
{
    uint64_t r = 0x123456789abcdefull;

    VFS_OPEN();
    for (unsigned i = 0; i < 100000; i++)
        act(s, &r);
    for (unsigned i = 0; i < COUNT; i++)
        pcie_set_present(vfs_fn(s, i), true);
    pcie_reset(s->p);
    s->e.pool[0].next = MEM;
    s->e.pool[1].next = PREF;
    pcie_enumerate(&s->e);
    CHECK(!s->e.error);
    CHECK_EQ(4, s->e.count);
    vfs_enable(s, PF1, 4);
    CHECK(pcie_find(s->p, 0x0205) == vfs_fn(s, VF1 + 3));
    vfs_close(s);
}
