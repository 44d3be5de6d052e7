/* SPDX-License-Identifier: MIT */
/* Extended capabilities, from 0x100 on (7.6.3). */
#include "cmd_lspci.h"

#include <inttypes.h>

#define FIRST       0x100u
#define MOST        960u /* that fit */
/* Bytes of a DVSEC that are printed. */
#define DVSEC_SHOWN 32u

/* clang-format off */

/* ---- Advanced Error Reporting (7.8.4) ------------------------------- */

#define UNCORRECTABLE                                                          \
    LSPCI_BIT("DLP", 4), LSPCI_BIT("SDES", 5), LSPCI_BIT("TLP", 12),           \
    LSPCI_BIT("FCP", 13), LSPCI_BIT("CmpltTO", 14), LSPCI_BIT("CmpltAbrt", 15), \
    LSPCI_BIT("UnxCmplt", 16), LSPCI_BIT("RxOF", 17), LSPCI_BIT("MalfTLP", 18), \
    LSPCI_BIT("ECRC", 19), LSPCI_BIT("UnsupReq", 20), LSPCI_BIT("ACSViol", 21)
#define CORRECTABLE                                                       \
    LSPCI_BIT("RxErr", 0), LSPCI_BIT("BadTLP", 6), LSPCI_BIT("BadDLLP", 7), \
    LSPCI_BIT("Rollover", 8), LSPCI_BIT("Timeout", 12),                   \
    LSPCI_BIT("AdvNonFatalErr", 13)

static const struct lspci_field aer[] = {
    LSPCI_LINE("\t\tUESta", 0x04, 4), UNCORRECTABLE,
    LSPCI_LINE("\t\tUEMsk", 0x08, 4), UNCORRECTABLE,
    LSPCI_LINE("\t\tUESvrt", 0x0c, 4), UNCORRECTABLE,
    LSPCI_LINE("\t\tCESta", 0x10, 4), CORRECTABLE,
    LSPCI_LINE("\t\tCEMsk", 0x14, 4), CORRECTABLE,
    LSPCI_LINE("\t\tAERCap", 0x18, 4),
    LSPCI_NUM("First Error Pointer", 0, 5, LSPCI_HEX),
    LSPCI_BIT("ECRCGenCap", 5), LSPCI_BIT("ECRCChkCap", 7),
    LSPCI_BIT("MultHdrRecCap", 9), LSPCI_BIT("TLPPfxPres", 11),
};

static const struct lspci_field aer_root[] = {
    LSPCI_LINE("\t\tRootCmd", 0x2c, 4),
    LSPCI_BIT("CERptEn", 0), LSPCI_BIT("NFERptEn", 1), LSPCI_BIT("FERptEn", 2),
    LSPCI_LINE("\t\tRootSta", 0x30, 4),
    LSPCI_BIT("CERcvd", 0), LSPCI_BIT("MultCERcvd", 1), LSPCI_BIT("UERcvd", 2),
    LSPCI_BIT("MultUERcvd", 3), LSPCI_BIT("FirstFatal", 4),
    LSPCI_BIT("NonFatalMsg", 5), LSPCI_BIT("FatalMsg", 6),
    LSPCI_NUM("IntMsg", 27, 5, LSPCI_DEC),
    LSPCI_LINE("\t\tErrorSrc", 0x34, 4),
    LSPCI_NUM("ERR_COR:", 0, 16, LSPCI_HEX),
    LSPCI_NUM("ERR_FATAL/NONFATAL:", 16, 16, LSPCI_HEX),
};

/* ---- Access Control Services (7.7.8) -------------------------------- */

#define SERVICES                                                             \
    LSPCI_BIT("SrcValid", 0), LSPCI_BIT("TransBlk", 1),                      \
    LSPCI_BIT("ReqRedir", 2), LSPCI_BIT("CmpltRedir", 3),                    \
    LSPCI_BIT("UpstreamFwd", 4), LSPCI_BIT("EgressCtrl", 5),                 \
    LSPCI_BIT("DirectTrans", 6)

static const struct lspci_field acs[] = {
    LSPCI_LINE("\t\tACSCap", 0x04, 2), SERVICES,
    LSPCI_LINE("\t\tACSCtl", 0x06, 2), SERVICES,
};

/* ---- ARI (7.8.7), ATS and PRI (10.5), PASID (7.8.8) ----------------- */

static const struct lspci_field ari[] = {
    LSPCI_LINE("\t\tARICap", 0x04, 2),
    LSPCI_BIT("MFVC", 0), LSPCI_BIT("ACS", 1),
    LSPCI_NUM("Next Function:", 8, 8, LSPCI_DEC),
    LSPCI_LINE("\t\tARICtl", 0x06, 2),
    LSPCI_BIT("MFVC", 0), LSPCI_BIT("ACS", 1),
    LSPCI_NUM("Function Group:", 4, 3, LSPCI_DEC),
};

static const struct lspci_field ats[] = {
    LSPCI_LINE("\t\tATSCap", 0x04, 2),
    LSPCI_NUM("Invalidate Queue Depth:", 0, 5, LSPCI_HEX),
    LSPCI_BIT("PageAligned", 5), LSPCI_BIT("GlobalInv", 6),
    LSPCI_LINE("\t\tATSCtl", 0x06, 2),
    LSPCI_BIT("Enable", 15),
    LSPCI_NUM("Smallest Translation Unit:", 0, 5, LSPCI_HEX),
};

static const struct lspci_field pri[] = {
    LSPCI_LINE("\t\tPRICtl", 0x04, 2),
    LSPCI_BIT("Enable", 0), LSPCI_BIT("Reset", 1),
    LSPCI_LINE("\t\tPRISta", 0x06, 2),
    LSPCI_BIT("RF", 0), LSPCI_BIT("UPRGI", 1), LSPCI_BIT("Stopped", 8),
    LSPCI_BIT("PASIDReq", 15),
    LSPCI_LINE("\t\tPRICap", 0x08, 4),
    LSPCI_NUM("Page Request Capacity:", 0, 32, LSPCI_DEC),
    LSPCI_LINE("\t\tPRIAll", 0x0c, 4),
    LSPCI_NUM("Page Request Allocation:", 0, 32, LSPCI_DEC),
};

static const struct lspci_field pasid[] = {
    LSPCI_LINE("\t\tPASIDCap", 0x04, 2),
    LSPCI_BIT("Exec", 1), LSPCI_BIT("Priv", 2),
    LSPCI_NUM("Max PASID Width:", 8, 5, LSPCI_DEC),
    LSPCI_LINE("\t\tPASIDCtl", 0x06, 2),
    LSPCI_BIT("Enable", 0), LSPCI_BIT("Exec", 1), LSPCI_BIT("Priv", 2),
};

/* ---- Downstream Port Containment (7.9.15) --------------------------- */

static const struct lspci_field dpc[] = {
    LSPCI_LINE("\t\tDpcCap", 0x04, 2),
    LSPCI_NUM("IntMsg", 0, 5, LSPCI_DEC), LSPCI_BIT("RPExt", 5),
    LSPCI_BIT("PoisonedTLP", 6), LSPCI_BIT("SwTrigger", 7),
    LSPCI_LINE("\t\tDpcCtl", 0x06, 2),
    LSPCI_NUM("Trigger:", 0, 2, LSPCI_DEC), LSPCI_BIT("Cmpl", 2),
    LSPCI_BIT("INT", 3), LSPCI_BIT("ErrCor", 4),
    LSPCI_LINE("\t\tDpcSta", 0x08, 2),
    LSPCI_BIT("Trigger", 0), LSPCI_NUM("Reason:", 1, 2, LSPCI_DEC),
    LSPCI_BIT("INT", 3), LSPCI_BIT("RPBusy", 4),
    LSPCI_NUM("TriggerExt:", 5, 2, LSPCI_DEC),
    LSPCI_LINE("\t\tSource", 0x0a, 2),
    LSPCI_NUM("ID:", 0, 16, LSPCI_HEX),
};

/* ---- Single Root I/O Virtualization (9.3.3) ------------------------- */

static const struct lspci_field sriov[] = {
    LSPCI_LINE("\t\tIOVCap", 0x04, 4),
    LSPCI_BIT("Migration", 0), LSPCI_BIT("ARIHierarchy", 1),
    LSPCI_LINE("\t\tIOVCtl", 0x08, 2),
    LSPCI_BIT("Enable", 0), LSPCI_BIT("MSE", 3), LSPCI_BIT("ARIHierarchy", 4),
};
/* clang-format on */

typedef void show_fn(const struct lspci *l, uint32_t at);

static void show_aer(const struct lspci *l, uint32_t at)
{
    LSPCI_FIELDS(l, at, aer);
    printf("\t\tHeaderLog: %08x %08x %08x %08x\n", lspci_get(l, at + 0x1c, 4),
           lspci_get(l, at + 0x20, 4), lspci_get(l, at + 0x24, 4),
           lspci_get(l, at + 0x28, 4));
    if (lspci_port_type(l) == LSPCI_ROOT_PORT)
        LSPCI_FIELDS(l, at, aer_root);
}

static void show_sriov(const struct lspci *l, uint32_t at)
{
    LSPCI_FIELDS(l, at, sriov);
    printf("\t\tVFs: Initial %u, Total %u, Number %u\n",
           lspci_get(l, at + 0x0c, 2), lspci_get(l, at + 0x0e, 2),
           lspci_get(l, at + 0x10, 2));
    printf("\t\tVF offset: %u, stride: %u, Device ID: %04x\n",
           lspci_get(l, at + 0x14, 2), lspci_get(l, at + 0x16, 2),
           lspci_get(l, at + 0x1a, 2));
    printf("\t\tSupported Page Size: %08x, System Page Size: %08x\n",
           lspci_get(l, at + 0x1c, 4), lspci_get(l, at + 0x20, 4));
    for (unsigned i = 0; i < 6; i++)
        if (l->fn->vf_size[i])
            lspci_region("\t\t", i, lspci_get(l, at + 0x24 + 4 * i, 4) & 15,
                         l->fn->vf_bar[i], l->fn->vf_size[i],
                         lspci_get(l, at + 8, 2) & 8);
}

#define SHOW(name)                                              \
    static void show_##name(const struct lspci *l, uint32_t at) \
    {                                                           \
        LSPCI_FIELDS(l, at, name);                              \
    }
SHOW(acs)
SHOW(ari)
SHOW(ats)
SHOW(pri)
SHOW(pasid)
SHOW(dpc)

static const struct {
    uint16_t id;
    const char *name;
    show_fn *show; /* NULL: it has a line only */
} known[] = {
    {0x0001, "Advanced Error Reporting", show_aer},
    {0x000b, "Vendor Specific Information", NULL},
    {0x000d, "Access Control Services", show_acs},
    {0x000e, "Alternative Routing-ID Interpretation (ARI)", show_ari},
    {0x000f, "Address Translation Service (ATS)", show_ats},
    {0x0010, "Single Root I/O Virtualization (SR-IOV)", show_sriov},
    {0x0013, "Page Request Interface (PRI)", show_pri},
    {0x0018, "Latency Tolerance Reporting", NULL},
    {0x0019, "Secondary PCI Express", NULL},
    {0x001b, "Process Address Space ID (PASID)", show_pasid},
    {0x001d, "Downstream Port Containment", show_dpc},
    {0x001e, "L1 PM Substates", NULL},
    {0x001f, "Precision Time Measurement", NULL},
    {0x0025, "Data Link Feature", NULL},
    {0x0026, "Physical Layer 16.0 GT/s", NULL},
    {0x002a, "Physical Layer 32.0 GT/s", NULL},
};

/* 7.9.3: the EUI-64, highest byte first. */
static void show_serial(const struct lspci *l, uint32_t at)
{
    printf("Device Serial Number ");
    for (unsigned i = 8; i-- > 0;)
        printf("%02x%s", lspci_get(l, at + 4 + i, 1), i ? "-" : "\n");
}

/* 7.9.6 */
static void show_dvsec(const struct lspci *l, uint32_t at)
{
    uint32_t header = lspci_get(l, at + 4, 4);
    uint32_t bytes = header >> 20;

    printf("Designated Vendor-Specific: Vendor=%04x ID=%04x Rev=%u Len=%u\n",
           header & 0xffff, lspci_get(l, at + 8, 2), header >> 16 & 15, bytes);
    if (l->verbose < 2)
        return;
    printf("\t\tData:");
    for (uint32_t i = 10; i < bytes && i < 10 + DVSEC_SHOWN; i++)
        printf(" %02x", lspci_get(l, at + i, 1));
    puts(bytes > 10 + DVSEC_SHOWN ? " ..." : "");
}

static void show(const struct lspci *l, uint32_t at, uint16_t id)
{
    size_t i = 0;

    if (id == 0x0003) {
        show_serial(l, at);
        return;
    }
    if (id == 0x0023) {
        show_dvsec(l, at);
        return;
    }
    while (i < sizeof(known) / sizeof(*known) && known[i].id != id)
        i++;
    if (i == sizeof(known) / sizeof(*known)) {
        printf("Extended Capability ID %#x\n", id);
        return;
    }
    puts(known[i].name);
    if (known[i].show && l->verbose > 1)
        known[i].show(l, at);
}

void lspci_extended(const struct lspci *l)
{
    uint32_t at = FIRST, header;

    for (unsigned n = 0; n < MOST && at >= FIRST; n++) {
        header = lspci_get(l, at, 4);
        if (!header || header == 0xffffffff)
            return;
        printf("\tCapabilities: [%03x v%u] ", at, header >> 16 & 15);
        show(l, at, (uint16_t)header);
        at = header >> 20 & ~3u;
    }
}
