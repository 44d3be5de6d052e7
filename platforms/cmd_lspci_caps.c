/* SPDX-License-Identifier: MIT */
/* The list of capabilities below 0x100: PM, MSI, PCI Express, MSI-X. */
#include "cmd_lspci.h"

#include <inttypes.h>

#define POINTER 0x34
#define LISTED  0x10 /* Status: Capabilities List */
#define MOST    48u  /* that fit */

/* clang-format off */

/* ---- Power Management (7.5.2) --------------------------------------- */

static const char *const states[] = {"D0", "D1", "D2", "D3hot", NULL};

static const struct lspci_field pm[] = {
    LSPCI_LINE("\t\tFlags", 0x02, 2),
    LSPCI_BIT("DSI", 5), LSPCI_BIT("D1", 9), LSPCI_BIT("D2", 10),
    LSPCI_NUM("PME", 11, 5, LSPCI_HEX),
    LSPCI_LINE("\t\tStatus", 0x04, 2),
    LSPCI_TEXT(NULL, 0, 2, states), LSPCI_BIT("NoSoftRst", 3),
    LSPCI_BIT("PME-Enable", 8), LSPCI_BIT("PME", 15),
};

/* ---- PCI Express (7.5.3) -------------------------------------------- */

static const char *const types[] = {
    "Endpoint", "Legacy Endpoint", "(2)", "(3)", "Root Port", "Upstream Port",
    "Downstream Port", "PCI-Express to PCI/PCI-X Bridge",
    "PCI/PCI-X to PCI-Express Bridge", "Root Complex Integrated Endpoint",
    "Root Complex Event Collector", NULL};
static const char *const speeds[] = {"unknown", "2.5GT/s", "5GT/s", "8GT/s",
                                     "16GT/s", "32GT/s", "64GT/s", NULL};

static const struct lspci_field device[] = {
    LSPCI_LINE("\t\tDevCap", 0x04, 4),
    LSPCI_NUM("MaxPayload", 0, 3, LSPCI_SHIFT), LSPCI_BIT("ExtTag", 5),
    LSPCI_BIT("RBE", 15), LSPCI_BIT("FLReset", 28),
    LSPCI_LINE("\t\tDevCtl", 0x08, 2),
    LSPCI_BIT("CorrErr", 0), LSPCI_BIT("NonFatalErr", 1),
    LSPCI_BIT("FatalErr", 2), LSPCI_BIT("UnsupReq", 3), LSPCI_BIT("RlxdOrd", 4),
    LSPCI_BIT("ExtTag", 8), LSPCI_BIT("NoSnoop", 11),
    LSPCI_NUM("MaxPayload", 5, 3, LSPCI_SHIFT),
    LSPCI_NUM("MaxReadReq", 12, 3, LSPCI_SHIFT),
    LSPCI_LINE("\t\tDevSta", 0x0a, 2),
    LSPCI_BIT("CorrErr", 0), LSPCI_BIT("NonFatalErr", 1),
    LSPCI_BIT("FatalErr", 2), LSPCI_BIT("UnsupReq", 3),
    LSPCI_BIT("TransPend", 5),
    LSPCI_LINE("\t\tDevCap2", 0x24, 4),
    LSPCI_BIT("ARIFwd", 5), LSPCI_BIT("AtomicRouting", 6),
    LSPCI_BIT("Atomic32", 7), LSPCI_BIT("Atomic64", 8),
    LSPCI_BIT("Atomic128CAS", 9), LSPCI_BIT("10BitTagComp", 16),
    LSPCI_BIT("10BitTagReq", 17), LSPCI_BIT("ExtFmt", 20),
    LSPCI_BIT("EETLPPrefix", 21),
    LSPCI_NUM("MaxEETLPPrefixes", 22, 2, LSPCI_DEC),
    LSPCI_LINE("\t\tDevCtl2", 0x28, 2),
    LSPCI_BIT("ARIFwd", 5), LSPCI_BIT("AtomicReqEn", 6),
    LSPCI_BIT("AtomicEgressBlck", 7), LSPCI_BIT("IDOReq", 8),
    LSPCI_BIT("IDOCompl", 9), LSPCI_BIT("10BitTagReq", 12),
};

static const struct lspci_field link[] = {
    LSPCI_LINE("\t\tLnkCap", 0x0c, 4),
    LSPCI_NUM("Port", 24, 8, LSPCI_DEC), LSPCI_TEXT("Speed", 0, 4, speeds),
    LSPCI_NUM("Width", 4, 6, LSPCI_DEC), LSPCI_BIT("LLActRep", 20),
    LSPCI_BIT("ASPMOptComp", 22),
    LSPCI_LINE("\t\tLnkCtl", 0x10, 2),
    LSPCI_BIT("RCB128", 3), LSPCI_BIT("Disabled", 4), LSPCI_BIT("CommClk", 6),
    LSPCI_LINE("\t\tLnkSta", 0x12, 2),
    LSPCI_TEXT("Speed", 0, 4, speeds), LSPCI_NUM("Width", 4, 6, LSPCI_DEC),
    LSPCI_BIT("Train", 11), LSPCI_BIT("DLActive", 13),
    LSPCI_LINE("\t\tLnkCap2", 0x2c, 4),
    LSPCI_NUM("SpeedVector", 1, 7, LSPCI_HEX),
    LSPCI_LINE("\t\tLnkCtl2", 0x30, 2),
    LSPCI_TEXT("Target Link Speed", 0, 4, speeds),
};

static const struct lspci_field root[] = {
    LSPCI_LINE("\t\tRootCtl", 0x1c, 2),
    LSPCI_BIT("ErrCorrectable", 0), LSPCI_BIT("ErrNon-Fatal", 1),
    LSPCI_BIT("ErrFatal", 2), LSPCI_BIT("PMEIntEna", 3),
    LSPCI_LINE("\t\tRootSta", 0x20, 4),
    LSPCI_NUM("PME ReqID", 0, 16, LSPCI_HEX), LSPCI_BIT("PMEStatus", 16),
};
/* clang-format on */

static void show_pm(const struct lspci *l, uint32_t at)
{
    printf("Power Management version %u\n", lspci_get(l, at + 2, 2) & 7);
    if (l->verbose > 1)
        LSPCI_FIELDS(l, at, pm);
}

static void show_express(const struct lspci *l, uint32_t at)
{
    uint32_t flags = lspci_get(l, at + 2, 2);
    unsigned type = flags >> 4 & 15;

    printf("Express (v%u) %s", flags & 15,
           type < 11 ? types[type] : "of unknown type");
    if (type == LSPCI_ROOT_PORT || type == LSPCI_DOWNSTREAM)
        printf(" (Slot%c)", flags & 0x100 ? '+' : '-');
    printf(", MSI %02x\n", flags >> 9 & 31);
    if (l->verbose < 2)
        return;
    LSPCI_FIELDS(l, at, device);
    if (type < LSPCI_RCIEP)
        LSPCI_FIELDS(l, at, link);
    if (type == LSPCI_ROOT_PORT)
        LSPCI_FIELDS(l, at, root);
}

/* 7.7.1 */
static void show_msi(const struct lspci *l, uint32_t at)
{
    uint32_t control = lspci_get(l, at + 2, 2);
    bool wide = control & 0x80, masking = control & 0x100;
    uint32_t data = at + (wide ? 0x0c : 0x08);

    printf("MSI: Enable%c Count=%u/%u Maskable%c 64bit%c\n",
           control & 1 ? '+' : '-', 1u << (control >> 4 & 7),
           1u << (control >> 1 & 7), masking ? '+' : '-', wide ? '+' : '-');
    if (l->verbose < 2)
        return;
    printf("\t\tAddress: ");
    if (wide)
        printf("%08x", lspci_get(l, at + 8, 4));
    printf("%08x  Data: %04x\n", lspci_get(l, at + 4, 4),
           lspci_get(l, data, 2));
    if (masking)
        printf("\t\tMasking: %08x  Pending: %08x\n", lspci_get(l, data + 4, 4),
               lspci_get(l, data + 8, 4));
}

/* 7.7.2 */
static void show_msix(const struct lspci *l, uint32_t at)
{
    uint32_t control = lspci_get(l, at + 2, 2);
    uint32_t table = lspci_get(l, at + 4, 4), pba = lspci_get(l, at + 8, 4);

    printf("MSI-X: Enable%c Count=%u Masked%c\n", control & 0x8000 ? '+' : '-',
           (control & 0x7ff) + 1, control & 0x4000 ? '+' : '-');
    if (l->verbose < 2)
        return;
    printf("\t\tVector table: BAR=%u offset=%08x\n", table & 7, table & ~7u);
    printf("\t\tPBA: BAR=%u offset=%08x\n", pba & 7, pba & ~7u);
}

static const struct {
    uint8_t id;
    void (*show)(const struct lspci *l, uint32_t at);
} known[] = {
    {0x01, show_pm},
    {0x05, show_msi},
    {0x10, show_express},
    {0x11, show_msix},
};

/* The offset of the n-th capability, 0: none. */
static uint32_t nth(const struct lspci *l, unsigned n)
{
    uint32_t at = lspci_get(l, 0x06, 2) & LISTED ? l->cfg[POINTER] & ~3u : 0;

    while (n-- && at >= 0x40)
        at = l->cfg[at + 1] & ~3u;
    return at >= 0x40 ? at : 0;
}

unsigned lspci_port_type(const struct lspci *l)
{
    uint32_t at;

    for (unsigned n = 0; n < MOST && (at = nth(l, n)) != 0; n++)
        if (l->cfg[at] == 0x10)
            return lspci_get(l, at + 2, 2) >> 4 & 15;
    return ~0u;
}

void lspci_capabilities(const struct lspci *l)
{
    uint32_t at;

    for (unsigned n = 0; n < MOST && (at = nth(l, n)) != 0; n++) {
        size_t i = 0;

        printf("\tCapabilities: [%02x] ", at);
        while (i < sizeof(known) / sizeof(*known) && known[i].id != l->cfg[at])
            i++;
        if (i < sizeof(known) / sizeof(*known))
            known[i].show(l, at);
        else
            printf("#%02x\n", l->cfg[at]);
    }
    lspci_extended(l);
}
