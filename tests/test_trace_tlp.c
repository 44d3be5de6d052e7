/* SPDX-License-Identifier: MIT */
/* PCIe packets in traces: traces/format.md, "Packets", there and back. */
#define _POSIX_C_SOURCE 200809L

#include "../models/pcie/pcie_regs.h"
#include "../models/pcie/trace.h"
#include "../traces/csv.h"
#include "cmd_files.h"
#include "trace_files.h"

static struct iovp_trace_record packed(const struct pcie_tlp *t, uint8_t status)
{
    const struct pcie_tlp_view v = {*t, 7, status, 1000, 2500};
    struct iovp_trace_record r;

    memset(&r, 0x55, sizeof(r));
    pcie_trace_record(&v, &r);
    return r;
}

/* The record as it comes out of a file that it was written to. */
static iovp_record through_a_file(const struct iovp_trace_record *t)
{
    const char *path = temp_path("tlp");
    iovp_record r = {.size = sizeof(r)};
    iovp_trace_reader *reader;

    CHECK_EQ(record(path, t, 1, NULL, 0), IOVP_OK);
    if (iovp_trace_open(&reader, path) == IOVP_OK) {
        CHECK_EQ(iovp_trace_next(reader, &r), IOVP_OK);
        iovp_trace_close(reader);
    }
    remove(path);
    return r;
}

static const char *csv(const iovp_record *r)
{
    static char text[1024];
    FILE *f = tmpfile();
    size_t n = 0;

    if (f) {
        CHECK_EQ(trace_csv_row(f, r), 0);
        rewind(f);
        n = fread(text, 1, sizeof(text) - 1, f);
        fclose(f);
    }
    text[n] = '\0';
    return text;
}

TEST_CASE(TraceTlp, EveryFieldOfAPacketSurvives)
{
    const struct pcie_tlp t = {
        .type = PCIE_TLP_MWR,
        .at = 2,
        .attr = PCIE_ATTR_RELAXED | PCIE_ATTR_ID_BASED,
        .tc = 5,
        .requester = 0x0308,
        .tag = 0x3a5,
        .target = 0xbeef,
        .message = 0x7e,
        .no_write = true,
        .pasid_valid = true,
        .execute = true,
        .privileged = true,
        .pasid = 0xfedcb,
        .space_valid = true,
        .space = 2,
        .addr = 0x123456789abcdef0,
        .length = 256,
    };
    struct iovp_trace_record p = packed(&t, PCIE_CA);
    iovp_record r = through_a_file(&p);

    CHECK_EQ(r.kind, IOVP_RECORD_TLP);
    CHECK_EQ(r.time_in, 1000);
    CHECK_EQ(r.time_out, 2500);
    CHECK_EQ(r.iova, 0x123456789abcdef0);
    /* target beef, traffic class 5, NW, attributes 6, message 7e, tag 3a5 */
    CHECK_EQ(r.pa, 0xbeef5e7e03a5);
    CHECK_EQ(r.device, UINT32_MAX);
    CHECK_EQ(r.iommu, UINT32_MAX);
    CHECK_EQ(r.stream_id, 0x0308);
    CHECK_EQ(r.pasid, 0xfedcb);
    CHECK_EQ(r.pasid_valid, 1);
    CHECK_EQ(r.space, 2);
    CHECK_EQ(r.privileged, 1);
    CHECK_EQ(r.instruction, 1);
    CHECK_EQ(r.addr_type, 2);
    CHECK_EQ(r.access, IOVP_ACCESS_WRITE);
    CHECK_EQ(r.bytes, 256);
    CHECK_EQ(r.result, 4);
    CHECK_EQ(r.event, 1);
}

/* What is not valid is zero, and a record has no other bits. */
TEST_CASE(TraceTlp, NothingElseIsInARecord)
{
    const struct pcie_tlp t = {
        .type = PCIE_TLP_MRD, .pasid = 77, .space = 3, .attr = 0xf8, .tc = 8};
    const struct pcie_tlp_view v = {t, 7, PCIE_SC, 0, 0};
    struct iovp_trace_record r, want;

    memset(&r, 0x55, sizeof(r));
    memset(&want, 0, sizeof(want));
    pcie_trace_record(&v, &r);
    want.kind = 6;
    want.flags = 1u << 3;
    want.initiator = want.iommu = 0xffff;
    CHECK_MEM(&r, &want, sizeof(r));
}

TEST_CASE(TraceTlp, AccessAndNameOfEveryType)
{
    static const struct {
        uint8_t type;
        uint32_t access;
        const char *name;
    } types[] = {
        {PCIE_TLP_MRD, 1, ",MRd,"},
        {PCIE_TLP_MWR, 2, ",MWr,"},
        {PCIE_TLP_FETCH_ADD, 3, ",FetchAdd,"},
        {PCIE_TLP_SWAP, 3, ",Swap,"},
        {PCIE_TLP_CAS, 3, ",CAS,"},
        {PCIE_TLP_IORD, 1, ",IORd,"},
        {PCIE_TLP_IOWR, 2, ",IOWr,"},
        {PCIE_TLP_CFGRD0, 1, ",CfgRd0,"},
        {PCIE_TLP_CFGWR0, 2, ",CfgWr0,"},
        {PCIE_TLP_CFGRD1, 1, ",CfgRd1,"},
        {PCIE_TLP_CFGWR1, 2, ",CfgWr1,"},
        {PCIE_TLP_MSG, 0, ",Msg 0x0,"},
        {PCIE_TLP_MSGD, 0, ",MsgD 0x0,"},
    };

    CHECK_EQ(sizeof(types) / sizeof(*types), PCIE_TLP_TYPES);
    for (unsigned i = 0; i < PCIE_TLP_TYPES; i++) {
        const struct pcie_tlp t = {.type = types[i].type};
        struct iovp_trace_record p = packed(&t, PCIE_SC);
        iovp_record r = through_a_file(&p);

        CHECK_EQ(types[i].type, i);
        CHECK_EQ(r.access, types[i].access);
        if (!strstr(csv(&r), types[i].name))
            FAIL_TEST("%s is not in %s", types[i].name, csv(&r));
    }
}

/* The codes of PCI Express 2.2.8. */
TEST_CASE(TraceTlp, NamesOfMessages)
{
    static const struct {
        uint8_t type, code;
        const char *name;
    } messages[] = {
        {PCIE_TLP_MSGD, 0x01, ",MsgD Invalidate Request,"},
        {PCIE_TLP_MSG, 0x02, ",Msg Invalidate Completion,"},
        {PCIE_TLP_MSG, 0x04, ",Msg Page Request,"},
        {PCIE_TLP_MSG, 0x05, ",Msg PRG Response,"},
        {PCIE_TLP_MSG, 0x20, ",Msg Assert_INTA,"},
        {PCIE_TLP_MSG, 0x27, ",Msg Deassert_INTD,"},
        {PCIE_TLP_MSG, 0x31, ",Msg ERR_NONFATAL,"},
        {PCIE_TLP_MSG, 0x32, ",Msg 0x32,"},
        {PCIE_TLP_MSG, 0xff, ",Msg 0xff,"},
    };

    for (unsigned i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
        const struct pcie_tlp t = {
            .type = messages[i].type, .message = messages[i].code, .tag = 31};
        struct iovp_trace_record p = packed(&t, PCIE_SC);
        iovp_record r = through_a_file(&p);

        if (!strstr(csv(&r), messages[i].name))
            FAIL_TEST("%s is not in %s", messages[i].name, csv(&r));
    }
}

TEST_CASE(TraceTlp, APageRequestShowsWhatItAsksFor)
{
    struct pcie_tlp t = {.type = PCIE_TLP_MSG,
                         .message = PCIE_MSG_PAGE_REQUEST,
                         .requester = 0x18,
                         .pasid_valid = true,
                         .pasid = 9,
                         /* group 3, last, write */
                         .addr = 0x4000 | 3 << 3 | 4 | 2};
    struct iovp_trace_record p = packed(&t, PCIE_SC);
    iovp_record r = through_a_file(&p);

    CHECK_STR(csv(&r), "tlp,1000,2500,,,24,9,nonsecure,0,0,untranslated,write,"
                       "0x401e,0x40000,0,SC,Msg Page Request,unused,unused,"
                       "unused,unused,0,0,0,0,0,0,0\n");
    t.addr = 0x4000 | 4; /* a Stop marker */
    p = packed(&t, PCIE_SC);
    CHECK_EQ(through_a_file(&p).access, 0);
}

TEST_CASE(TraceTlp, StatusesAndUnknownValuesArePrinted)
{
    static const char *const names[] = {",SC,", ",UR,", ",RRS,",
                                        ",3,",  ",CA,", ",5,"};
    struct iovp_trace_record p = {.kind = IOVP_TRACE_TLP};
    iovp_record r;

    for (uint8_t i = 0; i < 6; i++) {
        p.result = i;
        r = through_a_file(&p);
        if (!strstr(csv(&r), names[i]))
            FAIL_TEST("%s is not in %s", names[i], csv(&r));
    }
    p.event = 13; /* no such type */
    r = through_a_file(&p);
    CHECK(strstr(csv(&r), ",5,13,") != NULL);
    p.kind = 7; /* no such kind */
    r = through_a_file(&p);
    CHECK_EQ(r.kind, 7);
    CHECK_EQ(strncmp(csv(&r), "7,", 2), 0);
    CHECK(strstr(csv(&r), ",5,0xd,") != NULL);
}

TEST_CASE(TraceTlp, TheLongestRowFits)
{
    iovp_record r;

    memset(&r, 0xff, sizeof(r));
    r.kind = IOVP_RECORD_TLP;
    r.device = r.iommu = 0xfffffffe;
    r.event = PCIE_TLP_MSGD;
    r.pa = ~0xfdull << 16 | 0xffff; /* the longest name */
    CHECK(strstr(csv(&r), ",MsgD Invalidate Completion,") != NULL);
    CHECK_EQ(csv(&r)[strlen(csv(&r)) - 1], '\n');
}

/* ---- programs ------------------------------------------------------- */

static void write_packets(const char *name)
{
    const struct pcie_tlp t = {
        .type = PCIE_TLP_MRD, .at = 1, .requester = 0x100, .length = 8};
    const struct pcie_tlp prs = {.type = PCIE_TLP_MSG,
                                 .message = PCIE_MSG_PRG_RESPONSE,
                                 .requester = 0x100};
    struct iovp_trace_record r[3] = {packed(&t, PCIE_SC), packed(&t, PCIE_UR),
                                     packed(&prs, PCIE_SC)};
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", scratch(), name);
    r[0].initiator = 0; /* what replay would take for device 0 */
    REQUIRE(record(path, r, 3, NULL, 0) == IOVP_OK);
}

TEST_CASE(TraceTlp, DumpPrintsThem)
{
    write_packets("packets");
    CHECK_EQ(iovp("dump $D/packets"), 0);
    printed(
        "tlp,1000,2500,0,,256,,nonsecure,0,0,request,read,0x0,0x0,8,SC,MRd,");
    printed(
        "tlp,1000,2500,,,256,,nonsecure,0,0,request,read,0x0,0x0,8,UR,MRd,");
    printed(",Msg PRG Response,");
}

TEST_CASE(TraceTlp, ReplayIgnoresThem)
{
    write_packets("packets");
    write_machine("one.dts", 0x10000);
    CHECK_EQ(iovp("replay $D/one.dts $D/packets --mode functional"), 0);
    printed("no transfers\n");
}

TEST_CASE(TraceTlp, PythonReadsThem)
{
    if (shell("python3 --version"))
        SKIP_TEST("there is no python3");
    write_packets("packets");
    CHECK_EQ(shell("python3 -B " IOVP_SOURCE_DIR
                   "/traces/read_trace.py $D/packets 2>&1"),
             0);
    CHECK_STR(output, "01:00.0: 2 MRd\n01:00.0: 1 Msg PRG Response\n");
}
