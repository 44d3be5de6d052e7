/* SPDX-License-Identifier: MIT */
/* PCI Express: whatever software writes, nothing breaks, and what is read only
 * stays; and lspci, if installed, understands what we say. */
#define _POSIX_C_SOURCE 200809L
#include "shim.h"

#include "pcie_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t random64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* A request of any kind, right or wrong, up and down. */
static void any_request(struct ptree *s, struct pcie_fn *f, uint64_t where,
                        uint64_t *r)
{
    static uint8_t data[4096];
    uint64_t value = random64(r);
    struct pcie_tlp t = {.type = (uint8_t)(value % 15)};

    t.at = (uint8_t)(value >> 8 & 3);
    t.addr = value & 1 ? PTREE_MEM + where * 256 : random64(r);
    t.length = (uint32_t)(where % 600);
    t.pasid_valid = value >> 16 & 1;
    t.target = (uint16_t)random64(r);
    pcie_request(f, &t, data);
    pcie_send_down(s->p, &t, data);
}

/* One arbitrary thing that software or a function does. */
static void act(struct ptree *s, uint64_t *r)
{
    static uint8_t data[8192];
    struct pcie_fn *f =
        pcie_function(s->p, (uint32_t)(random64(r) % PTREE_COUNT));
    uint64_t value = random64(r), where = random64(r) & 0xfff;
    unsigned width = (unsigned)(random64(r) % 10);

    switch (random64(r) % 10) {
    case 0:
    case 1:
        where = pcie_cap_offset(f, (enum pcie_cap)(value % PCIE_CAPS)) +
                (where & 31);
        pcie_config_write(f, (uint32_t)where, width, random64(r));
        break;
    case 2:
        pcie_ecam_write(s->p, value % (1u << 24), width, random64(r));
        break;
    case 3: /* bus numbers and windows that point anywhere */
        pcie_config_write(f, 0x10 + (uint32_t)(where & 0x2f), 4, random64(r));
        pcie_config_write(f, 0x04, 2, 7);
        break;
    case 4:
        pcie_host_write(s->p, PTREE_MEM + value % 0x1000000, data,
                        where % 4200);
        break;
    case 5:
        pcie_host_read(s->p, PTREE_PREF + value % 0x1000000, data,
                       where % 4200);
        break;
    case 6:
        pcie_msi(f, (uint32_t)(value % 20));
        pcie_intx(f, value & 1);
        break;
    case 7:
        pcie_report(f, (unsigned)(value % 40), NULL);
        break;
    case 8:
        pcie_set_present(f, value & 15);
        break;
    default:
        any_request(s, f, where, r);
    }
}

TEST_CASE(PcieRandom, AnythingThatSoftwareDoes)
{
    uint64_t r = 0x9e3779b97f4a7c15ull;

    for (unsigned round = 0; round < 20; round++) {
        struct ptree *s = (struct ptree *)calloc(1, sizeof(*s));

        REQUIRE(s);
        s->peer_to_peer = round & 1;
        s->loop = round & 2;
        s->timed = round & 4;
        REQUIRE(ptree_open(s));
        s->fn[EP1].echo = (struct pcie_tlp){
            .type = PCIE_TLP_MWR, .addr = ptree_bar(s, EP2, 0), .length = 4};
        s->fn[EP2].echo = (struct pcie_tlp){
            .type = PCIE_TLP_MWR, .addr = ptree_bar(s, EP1, 0), .length = 4};
        for (unsigned i = 0; i < 10000; i++)
            act(s, &r);
        for (unsigned i = 0; i < PTREE_COUNT; i++) {
            struct pcie_fn *f = pcie_function(s->p, i);

            pcie_set_present(f, true);
            CHECK_EQ(0x10001234u + (i << 16), pcie_config_read(f, 0, 4));
            CHECK_EQ(0x40, pcie_config_read(f, 0x34, 1));
        }
        /* After a reset it is as new. */
        pcie_reset(s->p);
        for (unsigned l = 0; l < 4; l++)
            CHECK(!s->line[l]);
        pcie_enumerate(&s->e);
        CHECK(!s->e.error);
        CHECK_EQ(PTREE_COUNT, s->e.count);
        ptree_close(s);
    }
}

/* ---- lspci ------------------------------------------------------------------
 */

static void dump(struct ptree *s, FILE *file)
{
    for (unsigned i = 0; i < PTREE_COUNT; i++) {
        uint16_t id = ptree_id(i);

        fprintf(file, "%02x:%02x.%x function\n", id >> 8, id >> 3 & 31, id & 7);
        for (uint32_t at = 0; at < 0x1000; at++) {
            if (!(at & 15))
                fprintf(file, "%02x:", at);
            fprintf(file, " %02x%s", cfg_rd(s, i, at, 1),
                    (at & 15) == 15 ? "\n" : "");
        }
        fprintf(file, "\n");
    }
}

/* The text that `lspci -vv` prints of the dump; NULL: it cannot be run. */
static char *lspci(const char *path)
{
    static char text[1 << 16];
    char command[256];
    size_t n;
    FILE *pipe;

    snprintf(command, sizeof(command), "lspci -F %s -nvv 2>&1", path);
    pipe = popen(command, "r");
    if (!pipe)
        return NULL;
    n = fread(text, 1, sizeof(text) - 1, pipe);
    text[n] = 0;
    return pclose(pipe) ? NULL : text;
}

TEST_CASE(PcieLspci, DecodesEverything)
{
    static const char *const words[] = {
        "LnkSta:\tSpeed 8GT/s, Width x4",
        "MSI: Enable- Count=1/8 Maskable+ "
        "64bit+",
        "MSI-X: Enable- Count=16 Masked-",
        "Vector table: BAR=2 offset=00000000",
        "PBA: BAR=2 offset=00000800",
        "Advanced Error Reporting",
        "Device Serial Number 80-00-00-00",
        "Address Translation Service (ATS)",
        "Invalidate Queue Depth: 00",
        "Page Request Interface (PRI)",
        "Process Address Space ID (PASID)",
        "Max PASID Width: 10",
        "Access Control Services",
        "SrcValid+ TransBlk+ ReqRedir+ CmpltRedir+ UpstreamFwd+ EgressCtrl- "
        "DirectTrans+",
        "Alternative Routing-ID Interpretation (ARI)",
        "Designated Vendor-Specific: Vendor=1234 ID=0007 Rev=2 Len=16",
        "Root Port (Slot-)",
        "Upstream Port",
        "Downstream Port (Slot-)",
        "Root Complex Integrated Endpoint",
        "FLReset+",
    };
    char path[] = "/tmp/iovp_pcie_XXXXXX";
    struct ptree *s;
    char *text;
    FILE *file;
    int fd;

    if (system("command -v lspci >/dev/null 2>&1"))
        SKIP_TEST("lspci (pciutils) is not installed");
    s = (struct ptree *)calloc(1, sizeof(*s));
    REQUIRE(s && ptree_open(s));
    fd = mkstemp(path);
    REQUIRE(fd >= 0);
    file = fdopen(fd, "w");
    REQUIRE(file);
    dump(s, file);
    fclose(file);
    text = lspci(path);
    unlink(path);
    ptree_close(s);
    REQUIRE(text);
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (!strstr(text, words[i]))
            shim_fail(__FILE__, __LINE__, "lspci does not say: %s", words[i]);
    CHECK(!strstr(text, "nknown") && !strstr(text, "chain broken") &&
          !strstr(text, "chain looped") && !strstr(text, "!!!") &&
          !strstr(text, "<access denied>"));
    if (getenv("PCIE_LSPCI_SHOW"))
        fputs(text, stderr);
}
