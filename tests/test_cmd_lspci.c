/* SPDX-License-Identifier: MIT */
/*
 * iovp lspci on the tree of platforms/arm-pcie.dts, and lspci of pciutils, an
 * independent decoder, on what it dumps.
 */
#define _POSIX_C_SOURCE 200809L
#include "cmd_files.h"

#define ARM_PCIE IOVP_SOURCE_DIR "/platforms/arm-pcie.dts"

/* ---- our decoder ---------------------------------------------------- */

TEST_CASE(Lspci, ListsEveryFunction)
{
    CHECK_EQ(iovp("lspci -n " ARM_PCIE), 0);
    CHECK_STR(output, "00:00.0 0604: 1234:1053\n"
                      "00:01.0 1200: 1234:1057\n"
                      "01:00.0 0604: 1234:1054\n"
                      "02:00.0 0604: 1234:1055\n"
                      "02:01.0 0604: 1234:1055\n"
                      "02:02.0 0604: 1234:1055\n"
                      "03:00.0 1200: 1234:1057\n"
                      "04:00.0 ed00: 13b5:ed01\n"
                      "05:00.0 0108: 1234:0108\n");
}

TEST_CASE(Lspci, TreeIsIndented)
{
    CHECK_EQ(iovp("lspci -t " ARM_PCIE), 0);
    printed("00:00.0 PCI bridge: Device 1234:1053\n"
            "  01:00.0 PCI bridge: Device 1234:1054\n"
            "    02:00.0 PCI bridge: Device 1234:1055\n"
            "      03:00.0 Processing accelerators: Device 1234:1057\n"
            "    02:01.0 ");
    printed("\n00:01.0 Processing accelerators: Device 1234:1057\n");
}

/* Bridges open what is below them, in the windows of `ranges`. */
TEST_CASE(Lspci, WindowsAndBars)
{
    CHECK_EQ(iovp("lspci -v " ARM_PCIE), 0);
    printed("\tBus: primary=00, secondary=01, subordinate=05, sec-latency=0\n"
            "\tI/O behind bridge: [disabled] [32-bit]\n"
            "\tMemory behind bridge: 30000000-302fffff [size=3M] [32-bit]\n");
    printed("\tBus: primary=02, secondary=04, subordinate=04, sec-latency=0\n"
            "\tI/O behind bridge: [disabled] [32-bit]\n"
            "\tMemory behind bridge: 30100000-301fffff [size=1M] [32-bit]\n");
    printed("03:00.0 Processing accelerators: Device 1234:1057\n");
    printed("\tRegion 0: Memory at 30000000 (32-bit, non-prefetchable) "
            "[size=64K]\n");
    CHECK(strstr(output, "DevCap:") == NULL);
}

TEST_CASE(Lspci, RegistersOfCapabilities)
{
    CHECK_EQ(iovp("lspci -vv " ARM_PCIE), 0);
    printed("\tControl: I/O+ Mem+ BusMaster+ ");
    printed("Root Complex Integrated Endpoint, MSI 00\n");
    /* What the endpoints bear, though the ports bear 512. */
    printed("\t\tDevCap: MaxPayload 512 bytes ");
    printed("\t\t\tMaxPayload 256 bytes MaxReadReq 512 bytes\n");
    CHECK(strstr(output, "MaxPayload 512 bytes MaxReadReq") == NULL);
    printed("\t\tPASIDCap: Exec+ Priv+ Max PASID Width: 16\n");
    printed("\t\tPRISta: RF- UPRGI- Stopped+ PASIDReq+\n");
    printed("Page Request Capacity: 32\n");
    printed("\t\tATSCap: Invalidate Queue Depth: 00 PageAligned+ ");
    printed("Designated Vendor-Specific: Vendor=13b5 ID=0001 ");
    printed("\t\tACSCap: SrcValid+ TransBlk+ ReqRedir+ ");
    printed("\t\tLnkSta: Speed 16GT/s Width 8 ");
}

TEST_CASE(Lspci, DumpsAsManyBytesAsAsked)
{
    CHECK_EQ(shell("\"$IOVP\" lspci -x " ARM_PCIE " | grep -c :' '"), 0);
    CHECK_STR(output, "45\n"); /* 9 functions: a title and 4 lines each */
    CHECK_EQ(shell("\"$IOVP\" lspci -xxx " ARM_PCIE " | grep -c '^f0:'"), 0);
    CHECK_STR(output, "9\n");
    CHECK_EQ(shell("\"$IOVP\" lspci -xxxx " ARM_PCIE " | grep -c '^ff0:'"), 0);
    CHECK_STR(output, "9\n");
    scratch();
    CHECK_EQ(shell("\"$IOVP\" lspci -xxxx " ARM_PCIE " > $D/a &&"
                   "\"$IOVP\" lspci --dump-hex " ARM_PCIE " | cmp - $D/a"),
             0);
}

TEST_CASE(Lspci, WithoutAHost)
{
    write_machine("one.dts", 0);
    CHECK_EQ(iovp("lspci $D/one.dts"), 0);
    printed("one.dts has no PCI Express host");
    CHECK_EQ(iovp("lspci $D/none.dts"), 1);
    printed("none.dts: No such file or directory");
}

/* ---- the other one -------------------------------------------------- */

#define LINES_MAX 512

struct lines {
    char text[OUTPUT_MAX];
    char *line[LINES_MAX];
    unsigned count;
};

/* Lines about which both programs must agree. */
static bool is_key(const char *line)
{
    static const char *const keys[] = {
        "Subsystem:", "Bus: ",     "Region ",          "Expansion ROM",
        "I/O behind", "Memory be", "Prefetchable mem", "Capabilities:",
    };

    if (*line != '\t')
        return strchr(line, ':') != NULL;
    for (unsigned i = 0; i < sizeof(keys) / sizeof(*keys); i++)
        if (!strncmp(line + 1, keys[i], strlen(keys[i])))
            return true;
    return false;
}

/* The upper half of a 64-bit BAR, as pciutils shows it without sizes. */
static bool is_half(const char *line)
{
    return strstr(line, "<unassigned>") != NULL;
}

static void keep_key_lines(struct lines *l)
{
    char *save = NULL;

    memcpy(l->text, output, sizeof(output));
    l->count = 0;
    for (char *s = strtok_r(l->text, "\n", &save); s && l->count < LINES_MAX;
         s = strtok_r(NULL, "\n", &save))
        if (is_key(s) && !is_half(s))
            l->line[l->count++] = s;
}

static void cut(char *line, const char *from)
{
    char *s = strstr(line, from);

    if (s)
        *s = '\0';
}

/* Of a device tree: does the other program say the same? */
static void compare(const char *tree)
{
    static struct lines ours, theirs;

    char line[640];

    snprintf(line, sizeof(line), "\"$IOVP\" lspci -xxxx %s > $D/dump", tree);
    CHECK_EQ(shell(line), 0);
    REQUIRE(shell("lspci -F $D/dump -n -vv 2> $D/err") == 0);
    keep_key_lines(&theirs);
    /* It says so if a chain loops, or a header is unknown or unreadable. */
    CHECK(strstr(output, "chain") == NULL);
    CHECK(strstr(output, "!!!") == NULL);
    CHECK(strstr(output, "denied") == NULL);
    CHECK_EQ(shell("grep -v kmod $D/err"), 1);
    CHECK_STR(output, "");
    snprintf(line, sizeof(line), "lspci -n -vv %s", tree);
    CHECK_EQ(iovp(line), 0);
    keep_key_lines(&ours);
    CHECK(theirs.count > 90);
    CHECK_EQ(theirs.count, ours.count);
    /* Ours say more: sizes, the first of all. */
    for (unsigned i = 0; i < ours.count && i < theirs.count; i++) {
        cut(theirs.line[i], " <?>");
        if (strncmp(ours.line[i], theirs.line[i], strlen(theirs.line[i])))
            FAIL_TEST("line %u: we say\n%s\nlspci says\n%s", i, ours.line[i],
                      theirs.line[i]);
    }
}

TEST_CASE(Lspci, PciutilsReadsTheDump)
{
    if (shell("lspci --version"))
        SKIP_TEST("there is no lspci; it is in the package pciutils");
    scratch();
    compare(ARM_PCIE);
}

/* 9.3.3: the addresses of all VFs are side by side. */
TEST_CASE(Lspci, VirtualFunctionsHaveRoom)
{
    scratch();
    CHECK_EQ(shell("sed 's/iovp,atc-ways/iovp,vfs = <3>; &/' " ARM_PCIE
                   " > $D/vfs.dts"),
             0);
    CHECK_EQ(iovp("lspci -vv $D/vfs.dts"), 0);
    printed("\t\tVFs: Initial 3, Total 3, Number 0\n"
            "\t\tVF offset: 1, stride: 1, Device ID: 1058\n");
    printed("\t\tRegion 0: Memory at 30320000 (32-bit, non-prefetchable) "
            "[disabled] [size=64K]\n"
            "\t\tRegion 2: Memory at 30350000 ");
    if (!shell("lspci --version"))
        compare("$D/vfs.dts");
}
