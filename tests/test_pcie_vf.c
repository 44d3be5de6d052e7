/* SPDX-License-Identifier: MIT */
/* PCI Express: what a Virtual Function (9.3.4 to 9.3.7) has of its own, and
 * what of its PF. */
#include "shim.h"

#include "pcie_vfs.h"

/* ---- what a VF is ---------------------------------------------------------
 */

TEST_CASE(PcieVf, ConfigurationSpaceOfAVf)
{
    static const uint8_t zero[] = {0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x14, 0x18,
                                   0x1c, 0x20, 0x24, 0x30, 0x3c, 0x3d};
    uint32_t exp, ats, aer;

    VFS_OPEN();
    vfs_enable(s, PF0, 1);
    exp = pcie_cap_offset(vfs_fn(s, VF0), PCIE_CAP_EXP);
    ats = pcie_cap_offset(vfs_fn(s, VF0), PCIE_CAP_ATS);
    aer = pcie_cap_offset(vfs_fn(s, VF0), PCIE_CAP_AER);
    for (uint32_t at = 0; at < 0x1000; at += 4)
        if (at != exp + 0x08) /* Initiate FLR */
            vfs_wr(s, 0x0110, at, 4, 0xffffffff);
    CHECK_EQ(0xffffffff, vfs_rd(s, 0x0110, 0x00, 4));
    CHECK_EQ(0x0004, vfs_rd(s, 0x0110, 0x04, 2)); /* Bus Master only */
    CHECK_EQ(0x02000009, vfs_rd(s, 0x0110, 0x08, 4));
    CHECK_EQ(0x00775678, vfs_rd(s, 0x0110, 0x2c, 4));
    for (unsigned i = 0; i < sizeof(zero); i++)
        CHECK_EQ(0, vfs_rd(s, 0x0110, zero[i], 1));
    vfs_wr(s, 0x0110, exp + 0x08, 2, 0x7fff);
    CHECK_EQ(0, vfs_rd(s, 0x0110, exp + 0x08, 2));
    CHECK_EQ(0, vfs_rd(s, 0x0110, exp + 0x10, 4)); /* Link Control, Status */
    CHECK_EQ(0, vfs_rd(s, 0x0110, exp + 0x28, 2));
    CHECK_EQ(0, vfs_rd(s, 0x0110, exp + 0x30, 2));
    /* ATS: a queue and STU of the PF, an Enable of its own. */
    CHECK_EQ(0x0020, vfs_rd(s, 0x0110, ats + 4, 2));
    CHECK_EQ(0x8000, vfs_rd(s, 0x0110, ats + 6, 2));
    CHECK_EQ(0, vfs_rd(s, 0x0110, aer + 0x08, 4));
    CHECK_EQ(0, vfs_rd(s, 0x0110, aer + 0x0c, 4));
    CHECK_EQ(0, vfs_rd(s, 0x0110, aer + 0x14, 4));
    CHECK(!pcie_enum_ext(&s->e, 0x0110, 0x0010));
    /* The PF is not a device of many functions because of its VFs. */
    CHECK_EQ(0x00, vfs_rd(s, 0x0020, 0x0e, 1));
    CHECK_EQ(0x80, vfs_rd(s, 0x0100, 0x0e, 1)); /* PF1 */
    CHECK_EQ(1, vfs_rd(s, 0x0100,
                       pcie_cap_offset(vfs_fn(s, PF0), PCIE_CAP_ARI) + 5, 1));
    vfs_close(s);
}

TEST_CASE(PcieVf, RequestsHaveTheVfsId)
{
    struct pcie_tlp t = {.type = PCIE_TLP_SWAP, .addr = 0x1000, .length = 4};
    static uint8_t data[512];

    VFS_OPEN();
    vfs_enable(s, PF0, 2);
    CHECK_EQ(PCIE_REFUSED_BUS_MASTER, vfs_dma(s, VF0));
    vfs_wr(s, 0x0111, 0x04, 2, 4);
    CHECK_EQ(PCIE_REFUSED_BUS_MASTER, vfs_dma(s, VF0));
    CHECK_EQ(PCIE_SC, vfs_dma(s, VF0 + 1));
    CHECK_EQ(0x0111, s->last.requester);
    /* The PF's Bus Master Enable is another matter. */
    vfs_wr(s, 0x0100, 0x04, 2, 0);
    CHECK_EQ(PCIE_SC, vfs_dma(s, VF0 + 1));
    /* Its AtomicOp Requester Enable, MPS and MRRS are the VFs'. */
    CHECK_EQ(PCIE_REFUSED_ATOMIC, pcie_request(vfs_fn(s, VF0 + 1), &t, data));
    vfs_wr(s, 0x0100, pcie_cap_offset(vfs_fn(s, PF0), PCIE_CAP_EXP) + 0x28, 2,
           0x40);
    CHECK_EQ(PCIE_SC, pcie_request(vfs_fn(s, VF0 + 1), &t, data));
    vfs_wr(s, 0x0100, pcie_cap_offset(vfs_fn(s, PF0), PCIE_CAP_EXP) + 8, 2,
           0x1920);
    CHECK_EQ(256, pcie_max_payload(vfs_fn(s, VF0)));
    CHECK_EQ(256, pcie_max_read_request(vfs_fn(s, VF0)));
    /* 6.12.1.1: bus 2 is one of the port's. */
    vfs_enable(s, PF1, 4);
    vfs_wr(s, 0x0205, 0x04, 2, 4);
    CHECK_EQ(PCIE_SC, vfs_dma(s, VF1 + 3));
    CHECK_EQ(0x0205, s->last.requester);
    CHECK(pcie_physical(vfs_fn(s, VF1 + 3)) == vfs_fn(s, PF1));
    CHECK(pcie_physical(vfs_fn(s, PF1)) == vfs_fn(s, PF1));
    vfs_close(s);
}

TEST_CASE(PcieVf, PasidAndPriArePfs)
{
    struct pcie_tlp t = {
        .type = PCIE_TLP_MRD, .length = 4, .pasid_valid = true, .pasid = 9};
    struct pcie_tlp page = {.type = PCIE_TLP_MSG, .message = 0x04};
    uint32_t pasid, pri, ats;
    uint8_t v[8];

    VFS_OPEN();
    vfs_enable(s, PF0, 1);
    vfs_wr(s, 0x0110, 0x04, 2, 4);
    pasid = pcie_cap_offset(vfs_fn(s, PF0), PCIE_CAP_PASID);
    pri = pcie_cap_offset(vfs_fn(s, PF0), PCIE_CAP_PRI);
    ats = pcie_cap_offset(vfs_fn(s, VF0), PCIE_CAP_ATS);
    CHECK_EQ(PCIE_REFUSED_PASID, pcie_request(vfs_fn(s, VF0), &t, v));
    CHECK_EQ(PCIE_REFUSED_PRI, pcie_request(vfs_fn(s, VF0), &page, NULL));
    CHECK(!pcie_enabled(vfs_fn(s, VF0), PCIE_CAP_PASID));
    vfs_wr(s, 0x0100, pasid + 6, 2, 1);
    vfs_wr(s, 0x0100, pri + 4, 2, 1);
    CHECK(pcie_enabled(vfs_fn(s, VF0), PCIE_CAP_PASID));
    CHECK(pcie_enabled(vfs_fn(s, VF0), PCIE_CAP_PRI));
    CHECK_EQ(PCIE_SC, pcie_request(vfs_fn(s, VF0), &t, v));
    CHECK_EQ(0x0110, s->last.requester);
    CHECK_EQ(9, s->last.pasid);
    t.pasid = 0x10000;
    CHECK_EQ(PCIE_REFUSED_PASID, pcie_request(vfs_fn(s, VF0), &t, v));
    CHECK_EQ(PCIE_SC, pcie_request(vfs_fn(s, VF0), &page, NULL));
    CHECK_EQ(0x0110, s->last.requester);
    /* ATS is enabled in each function. */
    t = (struct pcie_tlp){.type = PCIE_TLP_MRD, .length = 8, .at = 1};
    CHECK_EQ(PCIE_REFUSED_AT, pcie_request(vfs_fn(s, VF0), &t, v));
    vfs_wr(s, 0x0110, ats + 6, 2, 0x8000);
    CHECK_EQ(PCIE_SC, pcie_request(vfs_fn(s, VF0), &t, v));
    CHECK(!pcie_enabled(vfs_fn(s, PF0), PCIE_CAP_ATS));
    vfs_close(s);
}

TEST_CASE(PcieVf, EachVfHasItsInterrupts)
{
    uint32_t msix, addr = 0x8000, word = 0x42, on = 0;
    uint64_t bar;

    VFS_OPEN();
    bar = s->e.fn[1].vf_bar[0] + 0x1000; /* of the second */
    vfs_enable(s, PF0, 2);
    msix = pcie_cap_offset(vfs_fn(s, VF0), PCIE_CAP_MSIX);
    for (uint16_t id = 0x0110; id < 0x0112; id++) {
        vfs_wr(s, id, 0x04, 2, 4);
        vfs_wr(s, id, msix + 2, 2, 0x8000);
    }
    pcie_host_write(s->p, bar + 0x10, &addr, 4);
    pcie_host_write(s->p, bar + 0x18, &word, 4);
    pcie_host_write(s->p, bar + 0x1c, &on, 4);
    CHECK_EQ(PCIE_IRQ_PENDING, pcie_msi(vfs_fn(s, VF0), 1));
    CHECK_EQ(PCIE_IRQ_SENT, pcie_msi(vfs_fn(s, VF0 + 1), 1));
    CHECK_EQ(0x0111, s->last.requester);
    CHECK_EQ(0x8000, s->last.addr);
    CHECK_EQ(0x42, s->last_data);
    CHECK_EQ(PCIE_IRQ_NONE, pcie_msi(vfs_fn(s, VF0 + 2), 1));
    vfs_close(s);
}

TEST_CASE(PcieVf, ErrorsOfAVfAreAsThePfSays)
{
    uint32_t of_vf, of_pf, exp, root;

    VFS_OPEN();
    vfs_enable(s, PF0, 1);
    of_vf = pcie_cap_offset(vfs_fn(s, VF0), PCIE_CAP_AER);
    of_pf = pcie_cap_offset(vfs_fn(s, PF0), PCIE_CAP_AER);
    exp = pcie_cap_offset(vfs_fn(s, VF0), PCIE_CAP_EXP);
    vfs_wr(s, 0x0100, of_pf + 0x0c, 4, 1 << 14); /* timeout is fatal */
    pcie_report(vfs_fn(s, VF0), PCIE_UNCOR_TIMEOUT, NULL);
    CHECK_EQ(1 << 14, vfs_rd(s, 0x0110, of_vf + 4, 4));
    CHECK_EQ(0, vfs_rd(s, 0x0100, of_pf + 4, 4));
    CHECK_EQ(4, vfs_rd(s, 0x0110, exp + 0x0a, 2)); /* fatal */
    /* Masked: no header, no first error. */
    vfs_wr(s, 0x0100, of_pf + 0x08, 4, 1 << 16);
    vfs_wr(s, 0x0110, of_vf + 4, 4, 1 << 14);
    pcie_report(vfs_fn(s, VF0), PCIE_UNCOR_UNEXPECTED, NULL);
    CHECK_EQ(1 << 16, vfs_rd(s, 0x0110, of_vf + 4, 4));
    CHECK_EQ(14, vfs_rd(s, 0x0110, of_vf + 0x18, 4) & 31);
    /* Correctable ones: Receiver Error, masked, then not. */
    exp = pcie_cap_offset(vfs_fn(s, PF0), PCIE_CAP_EXP);
    vfs_wr(s, 0x0100, exp + 0x08, 2, 0x2001);
    vfs_wr(s, 0x0100, of_pf + 0x14, 4, 1);
    exp = pcie_cap_offset(vfs_fn(s, PORT), PCIE_CAP_EXP);
    root = pcie_cap_offset(vfs_fn(s, PORT), PCIE_CAP_AER) + 0x30;
    vfs_wr(s, 0x0008, exp + 0x08, 2, 0x2001);
    vfs_wr(s, 0x0008, 0x3e, 2, 2);
    pcie_report_cor(vfs_fn(s, VF0), 0);
    CHECK_EQ(1, vfs_rd(s, 0x0110, of_vf + 0x10, 4));
    CHECK_EQ(0, vfs_rd(s, 0x0008, root, 4));
    vfs_wr(s, 0x0100, of_pf + 0x14, 4, 0);
    pcie_report_cor(vfs_fn(s, VF0), 0);
    CHECK_EQ(1, vfs_rd(s, 0x0008, root, 4));
    vfs_close(s);
}

/* ---- resets and presence ----------------------------------------------------
 */

TEST_CASE(PcieVf, ResetsOfVfAndPf)
{
    uint32_t exp;

    VFS_OPEN();
    exp = pcie_cap_offset(vfs_fn(s, VF0), PCIE_CAP_EXP);
    vfs_enable(s, PF0, 2);
    vfs_wr(s, 0x0110, 0x04, 2, 4);
    vfs_wr(s, 0x0111, 0x04, 2, 4);
    vfs_wr(s, 0x0110, exp + 8, 2, 0x8000);
    CHECK_EQ(PCIE_RESET_FLR, s->fn[VF0].reset);
    CHECK_EQ(1, s->fn[VF0 + 1].resets);
    CHECK_EQ(0, vfs_rd(s, 0x0110, 0x04, 2));
    CHECK_EQ(4, vfs_rd(s, 0x0111, 0x04, 2));
    CHECK(pcie_present(vfs_fn(s, VF0)));
    /* Of the PF: there are no VFs any more. */
    exp = pcie_cap_offset(vfs_fn(s, PF0), PCIE_CAP_EXP);
    vfs_wr(s, 0x0100, exp + 8, 2, 0x8000);
    CHECK_EQ(0, sriov_rd(s, PF0, 0x08, 2));
    CHECK(!pcie_present(vfs_fn(s, VF0)));
    CHECK_EQ(PCIE_RESET_FLR, s->fn[VF0 + 1].reset);
    CHECK_EQ(2, s->fn[VF0 + 1].resets);
    vfs_enable(s, PF0, 2);
    CHECK_EQ(0, vfs_rd(s, 0x0111, 0x04, 2));
    /* With the device they go. */
    pcie_set_present(vfs_fn(s, VF0), false); /* not without it */
    CHECK(pcie_present(vfs_fn(s, VF0)));
    pcie_set_present(vfs_fn(s, PF1), false);
    CHECK(!pcie_present(vfs_fn(s, VF0)));
    CHECK(!pcie_find(s->p, 0x0110));
    CHECK_EQ(PCIE_REFUSED_ABSENT, vfs_dma(s, VF0));
    pcie_set_present(vfs_fn(s, PF0), true);
    CHECK(!pcie_present(vfs_fn(s, VF0)));
    CHECK_EQ(PCIE_RESET_COLD, s->fn[VF0].reset);
    vfs_close(s);
}
