/* SPDX-License-Identifier: MIT */
/* The header of type 0 or 1 (7.5.1). */
#include "cmd_lspci.h"

#include <inttypes.h>

static const struct {
    uint16_t class_code;
    const char *name;
} classes[] = {
    {0x0108, "Non-Volatile memory controller"},
    {0x0200, "Ethernet controller"},
    {0x0580, "Memory controller"},
    {0x0604, "PCI bridge"},
    {0x0880, "System peripheral"},
    {0x0b40, "Co-processor"},
    {0x1200, "Processing accelerators"},
    {0x1300, "Non-Essential Instrumentation"},
};

static const struct {
    uint32_t class_code; /* with the programming interface */
    const char *name;
} interfaces[] = {
    {0x010802, "NVM Express"},
    {0x060400, "Normal decode"},
    {0x060401, "Subtractive decode"},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

void lspci_print_id(const struct lspci *l)
{
    uint16_t id = l->fn->id;

    if (l->show_domain)
        printf("%04x:", l->domain);
    printf("%02x:%02x.%x", id >> 8, id >> 3 & 31, id & 7);
}

static void print_class(const struct lspci *l, uint16_t class_code)
{
    for (size_t i = 0; !l->numeric && i < COUNT(classes); i++)
        if (classes[i].class_code == class_code) {
            printf("%s", classes[i].name);
            return;
        }
    printf(l->numeric ? "%04x" : "Class [%04x]", class_code);
}

void lspci_title(const struct lspci *l)
{
    uint32_t class_code = lspci_get(l, 0x08, 4) >> 8;
    unsigned revision = lspci_get(l, 0x08, 1), interface = class_code & 0xff;

    lspci_print_id(l);
    putchar(' ');
    print_class(l, (uint16_t)(class_code >> 8));
    printf(l->numeric ? ": %04x:%04x" : ": Device %04x:%04x",
           lspci_get(l, 0x00, 2), lspci_get(l, 0x02, 2));
    if (revision)
        printf(" (rev %02x)", revision);
    for (size_t i = 0; l->verbose && i < COUNT(interfaces); i++)
        if (interfaces[i].class_code == class_code) {
            printf(" (prog-if %02x [%s])", interface, interfaces[i].name);
            return;
        }
    if (l->verbose && interface)
        printf(" (prog-if %02x)", interface);
}

/* ---- BARs and windows ----------------------------------------------- */

void lspci_size(uint64_t bytes)
{
    static const char units[] = " KMGTPE";
    unsigned u = 0;

    while (bytes >= 1024 && bytes % 1024 == 0) {
        bytes /= 1024;
        u++;
    }
    printf(u ? " [size=%" PRIu64 "%c]" : " [size=%" PRIu64 "]", bytes,
           units[u]);
}

void lspci_region(const char *indent, unsigned index, uint32_t flags,
                  uint64_t address, uint64_t size, bool enabled)
{
    bool io = flags & 1;

    printf("%sRegion %u: %s at ", indent, index, io ? "I/O ports" : "Memory");
    if (address)
        printf(io ? "%04" PRIx64 : "%08" PRIx64, address);
    else
        printf("<unassigned>");
    if (!io)
        printf(" (%u-bit, %sprefetchable)", flags & 4 ? 64 : 32,
               flags & 8 ? "" : "non-");
    if (!enabled)
        printf(" [disabled]");
    lspci_size(size);
    putchar('\n');
}

static void regions(const struct lspci *l)
{
    uint32_t command = lspci_get(l, 0x04, 2);
    bool bridge = l->fn->header == 1;
    uint32_t rom = lspci_get(l, bridge ? 0x38 : 0x30, 4);

    for (unsigned i = 0; i < (bridge ? 2 : 6); i++) {
        uint32_t low = lspci_get(l, 0x10 + 4 * i, 4);
        uint64_t at = low & (low & 1 ? ~3u : ~15u);

        if (!l->fn->size[i])
            continue;
        if ((low & 7) == 4)
            at |= (uint64_t)lspci_get(l, 0x14 + 4 * i, 4) << 32;
        lspci_region("\t", i, low, at, l->fn->size[i],
                     command & (low & 1 ? 1 : 2));
    }
    if (!l->fn->size[6])
        return;
    printf("\tExpansion ROM at %08x%s", rom & ~0x7ffu,
           rom & 1 ? "" : " [disabled]");
    lspci_size(l->fn->size[6]);
    putchar('\n');
}

static void window(const char *what, uint64_t base, uint64_t limit, int digits,
                   int bits)
{
    printf("\t%s behind bridge: ", what);
    if (base > limit) {
        printf("[disabled]");
    } else {
        printf("%0*" PRIx64 "-%0*" PRIx64, digits, base, digits, limit);
        lspci_size(limit - base + 1);
    }
    printf(" [%d-bit]\n", bits);
}

static void windows(const struct lspci *l)
{
    uint32_t io = lspci_get(l, 0x1c, 2), mem = lspci_get(l, 0x20, 4);
    uint32_t pref = lspci_get(l, 0x24, 4), up = lspci_get(l, 0x30, 4);
    bool io32 = (io & 0xf) == 1, pref64 = (pref & 0xf) == 1;
    uint64_t io_base = (io & 0xf0) << 8, io_limit = io & 0xf000;
    uint64_t base = (pref & 0xfff0ull) << 16, limit = pref & 0xfff00000;

    printf("\tBus: primary=%02x, secondary=%02x, subordinate=%02x, "
           "sec-latency=%u\n",
           l->cfg[0x18], l->cfg[0x19], l->cfg[0x1a], l->cfg[0x1b]);
    if (io32) {
        io_base |= (uint64_t)(up & 0xffff) << 16;
        io_limit |= up & 0xffff0000;
    }
    if (pref64) {
        base |= (uint64_t)lspci_get(l, 0x28, 4) << 32;
        limit |= (uint64_t)lspci_get(l, 0x2c, 4) << 32;
    }
    window("I/O", io_base, io_limit | 0xfff, io32 ? 8 : 4, io32 ? 32 : 16);
    window("Memory", (mem & 0xfff0ull) << 16, (mem & 0xfff00000) | 0xfffff, 8,
           32);
    window("Prefetchable memory", base, limit | 0xfffff, pref64 ? 16 : 8,
           pref64 ? 64 : 32);
}

/* ---- the rest ------------------------------------------------------- */

/* clang-format off */
static const struct lspci_field common[] = {
    LSPCI_LINE("\tControl", 0x04, 2),
    LSPCI_BIT("I/O", 0), LSPCI_BIT("Mem", 1), LSPCI_BIT("BusMaster", 2),
    LSPCI_BIT("ParErr", 6), LSPCI_BIT("SERR", 8), LSPCI_BIT("DisINTx", 10),
    LSPCI_LINE("\tStatus", 0x06, 2),
    LSPCI_BIT("Cap", 4), LSPCI_BIT("ParErr", 8), LSPCI_BIT(">TAbort", 11),
    LSPCI_BIT("<TAbort", 12), LSPCI_BIT("<MAbort", 13), LSPCI_BIT(">SERR", 14),
    LSPCI_BIT("<PERR", 15), LSPCI_BIT("INTx", 3),
};

static const struct lspci_field bridge[] = {
    LSPCI_LINE("\tSecondary status", 0x1e, 2),
    LSPCI_BIT("ParErr", 8), LSPCI_BIT(">TAbort", 11), LSPCI_BIT("<TAbort", 12),
    LSPCI_BIT("<MAbort", 13), LSPCI_BIT("<SERR", 14), LSPCI_BIT("<PERR", 15),
    LSPCI_LINE("\tBridgeCtl", 0x3e, 2),
    LSPCI_BIT("Parity", 0), LSPCI_BIT("SERR", 1), LSPCI_BIT(">Reset", 6),
};
/* clang-format on */

void lspci_header(const struct lspci *l)
{
    unsigned pin = l->cfg[0x3d];

    if (l->fn->header == 0 && lspci_get(l, 0x2c, 4))
        printf("\tSubsystem: %s%04x:%04x\n", l->numeric ? "" : "Device ",
               lspci_get(l, 0x2c, 2), lspci_get(l, 0x2e, 2));
    LSPCI_FIELDS(l, 0, common);
    if (pin)
        printf("\tInterrupt: pin %c routed to IRQ %u\n",
               (int)('A' + ((pin - 1) & 3)), l->cfg[0x3c]);
    regions(l);
    if (l->fn->header != 1)
        return;
    windows(l);
    LSPCI_FIELDS(l, 0, bridge);
}
