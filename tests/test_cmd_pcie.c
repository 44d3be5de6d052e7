/* SPDX-License-Identifier: MIT */
/*
 * iovp run on platforms/arm-pcie.dts: the test endpoints are driven through
 * their registers, without ATS, with it, with a PASID and with page requests.
 *
 * Each phase copies 256 times 1 KiB, four times over 16 pages to 16 others;
 * iovp run itself compares what was copied.
 */
#define _POSIX_C_SOURCE 200809L
#include "cmd_files.h"

#include "../capi/iovp.h"

#define ARM_PCIE IOVP_SOURCE_DIR "/platforms/arm-pcie.dts"
#define BEHIND   "03:00.0" /* the switch; an ATC of 64 entries */
#define ON_ROOT  "00:01.0" /* an ATC of 16 entries */
#define PLAIN    "untranslated"
#define ATS      "ATS"
#define PASID    "ATS + PASID"
#define PRI      "ATS + PASID + PRI"

/* A number of a phase (NULL: of all) of a function in the JSON output. */
static long long figure(const char *function, const char *phase,
                        const char *name)
{
    char key[96];
    const char *p;

    snprintf(key, sizeof(key), "\"function\": \"%s\"", function);
    p = strstr(output, key);
    if (p && phase) {
        snprintf(key, sizeof(key), "\"name\": \"%s\"", phase);
        p = strstr(p, key);
    }
    snprintf(key, sizeof(key), "\"%s\": ", name);
    p = p ? strstr(p, key) : NULL;
    if (p)
        return strtoll(p + strlen(key), NULL, 10);
    shim_fail(__FILE__, __LINE__, "%s, %s: no %s", function,
              phase ? phase : "all", name);
    return -1;
}

static void run_json(const char *mode)
{
    char line[256];

    snprintf(line, sizeof(line), "run %s --json -m %s", ARM_PCIE, mode);
    CHECK_EQ(iovp_stdout(line), 0);
    CHECK(json_valid(output));
}

/* 2 x 16 pages, 4 KiB; a copy asks for a source and for a destination. */
static void check_ats(const char *function)
{
    CHECK_EQ(figure(function, PLAIN, "atc_hits"), 0);
    CHECK_EQ(figure(function, PLAIN, "atc_misses"), 0);
    CHECK_EQ(figure(function, PLAIN, "ats_requests"), 0);
    CHECK_EQ(figure(function, ATS, "pri_requests"), 0);
    CHECK_EQ(figure(function, PRI, "pri_requests"), 32);
    CHECK_EQ(figure(function, PRI, "pri_success"), 32);
    CHECK_EQ(figure(function, PRI, "pri_round_trips"), 32);
}

static void check_bytes(const char *function, const char *phase)
{
    CHECK_EQ(figure(function, phase, "copies"), 256);
    CHECK_EQ(figure(function, phase, "bytes_read"), 256 * 1024);
    CHECK_EQ(figure(function, phase, "bytes_written"), 256 * 1024);
    CHECK_EQ(figure(function, phase, "errors"), 0);
    CHECK_EQ(figure(function, phase, "msis"), 1);
    CHECK_EQ(figure(function, phase, "msi_sent"), 1);
    /* Source and destination, when they are unmapped. */
    CHECK_EQ(figure(function, phase, "invalidations"), 2);
}

static void check_all(void)
{
    static const char *const phases[] = {PLAIN, ATS, PASID, PRI};

    for (unsigned i = 0; i < 4; i++) {
        check_bytes(BEHIND, phases[i]);
        check_bytes(ON_ROOT, phases[i]);
    }
    check_ats(BEHIND);
    check_ats(ON_ROOT);
    /* All 32 pages fit: each misses once, and again after a page request. */
    CHECK_EQ(figure(BEHIND, ATS, "atc_misses"), 32);
    CHECK_EQ(figure(BEHIND, ATS, "atc_hits"), 512 - 32);
    CHECK_EQ(figure(BEHIND, PASID, "atc_misses"), 32);
    CHECK_EQ(figure(BEHIND, PRI, "ats_requests"), 64);
    CHECK_EQ(figure(BEHIND, PRI, "ats_denied"), 32);
    /* Half of them fit: what is used in turn is never there again. */
    CHECK_EQ(figure(ON_ROOT, ATS, "atc_misses"), 4 * 32);
    CHECK_EQ(figure(ON_ROOT, ATS, "atc_hits"), 512 - 4 * 32);
    CHECK(strstr(output, "\"page_requests\": 64") != NULL);
}

TEST_CASE(RunPcie, FiguresOfEachPhase)
{
    run_json("functional");
    check_all();
}

TEST_CASE(RunPcie, TimeChangesNoFigure)
{
    if (iovp("--version") || !strstr(output, "timed mode"))
        SKIP_TEST("built without SystemC");
    run_json("timed");
    check_all();
    CHECK(figure(BEHIND, PLAIN, "ps") > 0);
    CHECK(figure(BEHIND, PRI, "ps") > figure(BEHIND, PASID, "ps"));
    /* The driver takes no time, but the way through the switch does. */
    CHECK(figure(BEHIND, PRI, "pri_round_trip_ps") >
          figure(ON_ROOT, PRI, "pri_round_trip_ps"));
}

TEST_CASE(RunPcie, TableIsReadable)
{
    CHECK_EQ(iovp("run " ARM_PCIE " -q -m functional"), 0);
    printed("function                phase             copies data rate     "
            "ATC  ATC  ATS page     PRI inv. MSIs errors  TLPs\n");
    printed("03:00.0 accelerator@0,0 ATS                  256 524k    -     "
            "512 93.8   32    0       -    2    1      0 ");
    printed("00:01.0 accelerator@1,0 ATS + PASID + PRI    256 524k    -     "
            "544 70.6  160   32 ");
    printed("  page requests      64\n");
    printed("iommu@12000000: 0 events, ");
}

TEST_CASE(RunPcie, TransfersAreCopies)
{
    CHECK_EQ(iovp_stdout("run " ARM_PCIE " -j -m functional -n 3"), 0);
    CHECK_EQ(figure(BEHIND, PLAIN, "copies"), 3);
    CHECK_EQ(figure(BEHIND, PRI, "bytes_read"), 3 * 1024);
    CHECK_EQ(figure(BEHIND, PRI, "pri_requests"), 2);
}

/* The trace tells the same independently of the counters. */
TEST_CASE(RunPcie, TraceHasThePackets)
{
    static const struct {
        const char *pattern;
        int count;
    } rows[] = {
        {",Msg Page Request,", 2 * 32},
        {",Msg PRG Response,", 2 * 32},
        {",MsgD Invalidate Request,", 2 * 4 * 2},
        {",Msg Invalidate Completion,", 2 * 4 * 2},
        /* Requester 3:00.0, Translation Requests of the phase with PASID 1 */
        {",768,1,nonsecure,0,0,request,read,.*,MRd,", 32},
    };
    char line[256], want[16];

    scratch();
    CHECK_EQ(iovp("run " ARM_PCIE " -q -m functional -t $D/pcie"), 0);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        snprintf(line, sizeof(line),
                 "\"$IOVP\" dump $D/pcie | grep -c '^tlp.*%s'",
                 rows[i].pattern);
        CHECK_EQ(shell(line), 0);
        snprintf(want, sizeof(want), "%d\n", rows[i].count);
        CHECK_STR(output, want);
    }
}

/* Of functions without drivers: all that needs no ATC, and nothing with time.
 */
TEST_CASE(RunPcie, ReplayLearnsThePages)
{
    char want[64];

    scratch();
    CHECK_EQ(iovp("run " ARM_PCIE " -q -m functional -t $D/learn"), 0);
    CHECK_EQ(shell("\"$IOVP\" dump $D/learn | "
                   "grep -c '^transaction,.*,untranslated,'"),
             0);
    snprintf(want, sizeof(want), "\"transfers\": %ld,", atol(output));
    CHECK(atol(output) > 1000);
    CHECK_EQ(iovp("replay " ARM_PCIE " $D/learn -m functional --json"), 0);
    printed(want);
    printed(" transactions were left out");
    printed("\"faults\": 0,");
    CHECK_EQ(shell("\"$IOVP\" replay " ARM_PCIE " $D/learn -m functional "
                   "--json 2>/dev/null | grep -c '\"faults\": [1-9]'"),
             1);
    if (iovp_has_systemc()) {
        CHECK_EQ(iovp("replay " ARM_PCIE " $D/learn -m timed"), 0);
        printed("no transfers\n");
    }
}

/* One that is not there to be driven is no reason to fail. */
TEST_CASE(RunPcie, WithoutAnIommu)
{
    scratch();
    CHECK_EQ(shell("sed '/iommu-map =/d; /ats-supported/d' " ARM_PCIE
                   " > $D/none.dts"),
             0);
    CHECK_EQ(iovp("run $D/none.dts -m functional"), 0);
    printed(
        "accelerator@0,0 has no StreamID of its own at an SMMU: not driven");
    printed("no transfers\n");
}

TEST_CASE(RunPcie, WithoutAts)
{
    scratch();
    CHECK_EQ(shell("sed 's/0x84d761b 0xe734d18/0x84c721b 0xe730518/; "
                   "/ats-supported/d' " ARM_PCIE " > $D/plain.dts"),
             0);
    CHECK_EQ(iovp("run $D/plain.dts -q -m functional"), 0);
    printed(" untranslated ");
    CHECK(strstr(output, " ATS + ") == NULL);
}

/* What explain looks at is brought up as run does it. */
TEST_CASE(RunPcie, ExplainSaysThatItWorks)
{
    CHECK_EQ(iovp("explain " ARM_PCIE " accelerator@0,0"), 0);
    printed("\npasid        works\n");
    printed("\nats          works\npri          works\nsva          works\n");
    CHECK_EQ(iovp("explain " ARM_PCIE " accelerator@0,0 --bare"), 0);
    CHECK(strstr(output, "works") == NULL);
    CHECK_EQ(iovp("explain " ARM_PCIE " nvme@0,0"), 0);
    printed("translation  works\n");
}
