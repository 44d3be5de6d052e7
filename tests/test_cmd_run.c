/* SPDX-License-Identifier: MIT */
/* iovp run, replay and dump: figures, traces, damage. */
#define _POSIX_C_SOURCE 200809L
#include "cmd_files.h"

#define FAIL 1

/* Modes of this build; functional is the first. */
static const char *const modes[] = {"functional", "timed"};

static unsigned mode_count(void)
{
    CHECK_EQ(iovp("--version"), 0);
    return strstr(output, "timed") ? 2 : 1;
}

/* A line with $M for the mode; what it prints on standard output is kept. */
static int with_mode(const char *line, const char *mode)
{
    setenv("M", mode, 1);
    return iovp_stdout(line);
}

/* Cut the text from `from` to before `to` out of the last output. */
static char *cut(const char *from, const char *to)
{
    const char *a = strstr(output, from);
    const char *b = a ? strstr(a, to) : NULL;
    size_t n = b ? (size_t)(b - a) : 0;
    char *copy = malloc(n + 1);

    if (!n)
        shim_fail(__FILE__, __LINE__, "no %s ... %s in:\n%.1000s", from, to,
                  output);
    if (copy) {
        memcpy(copy, a ? a : "", n);
        copy[n] = '\0';
    }
    return copy;
}

/*
 * 1024 transfers of 64 bytes are 16 pages.  The first transfer of each page
 * misses the TLB.  The first of all reads L1STD, STE, CD (3) and descriptors
 * of 4 levels; the other 15 pages' tables are in the walk cache: 1 read each.
 */
TEST_CASE(Run, FiguresOfAKnownWorkload)
{
    write_machine("one.dts", 0x10000);
    CHECK_EQ(iovp("run $D/one.dts --mode functional --json"), 0);
    CHECK(json_valid(output));
    printed("\"device\": \"dma@13000000\"");
    printed("\"stream_id\": 16");
    printed("\"pasid\": null");
    printed("\"space\": \"ns\"");
    printed("\"transfers\": 1024");
    printed("\"bytes\": 65536");
    printed("\"faults\": 0");
    printed("\"config\": {\n          \"lookups\": 1024,\n"
            "          \"hits\": 1023");
    printed("\"tlb\": {\n          \"lookups\": 1024,\n"
            "          \"hits\": 1008");
    printed("\"walk\": {\n          \"lookups\": 16,\n"
            "          \"hits\": 15");
    printed("\"walks\": 16");
    printed("\"accesses\": 22");
}

TEST_CASE(Run, TransfersAndSecondsLimit)
{
    write_machine("one.dts", 0x10000);
    CHECK_EQ(iovp("run $D/one.dts --mode functional --json -n 2k"), 0);
    printed("\"transfers\": 2000");
    if (mode_count() < 2)
        return;
    CHECK_EQ(iovp("run $D/one.dts --mode timed --json -n 1000M -s 20us"), 0);
    printed("\"faults\": 0");
    CHECK(!strstr(output, "\"transfers\": 1000000000"));
    CHECK(!strstr(output, "\"transfers\": 0"));
}

TEST_CASE(Run, TraceDoesNotReplaceTheTree)
{
    write_machine("one.dts", 0x10000);
    CHECK_EQ(iovp("run $D/one.dts --trace $D/one.dts"), 1);
    printed("overwrite the device tree");
    CHECK_EQ(iovp("dt $D/one.dts"), 0);
}

TEST_CASE(Run, TableIsReadable)
{
    unsigned lines = 0;

    CHECK_EQ(iovp("run " ARM_SOC " --mode functional -n 1000 --quiet"), 0);
    printed("device           stream pasid space ");
    printed("\ndisplay@13000000   0x10     - ns ");
    printed("\nnpu@13010000       0x20     1 ns ");
    printed("\nnpu@13010000       0x20     4 ns ");
    printed("\ncrypto@13020000    0x30     - secure ");
    printed("\nisp@13030000       0x40     - ns ");
    printed("\ntotal ");
    printed("iommu@12000000: 0 events, 0 interrupts, 0 queue overflows");
    for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n")) {
        lines++;
        CHECK(strlen(line) <= 120);
        for (const char *c = line; *c; c++)
            CHECK(*c >= ' ' && *c <= '~');
    }
    CHECK(lines >= 13);
}

TEST_CASE(Run, WithoutMasters)
{
    write_machine("none.dts", 0);
    CHECK_EQ(iovp("run $D/none.dts"), 0);
    printed("has no DMA master with a workload");
    printed("iommu@12000000 was brought up");
    CHECK_EQ(iovp_stdout("run $D/none.dts --json"), 0);
    CHECK(json_valid(output));
    printed("\"streams\": []");
}

TEST_CASE(Run, EndlessWorkloadIsStopped)
{
    write_machine("one.dts", 0x10000);
    CHECK_EQ(shell("sed 's/transfers = <1024>/transfers = <0>/' "
                   "$D/one.dts > $D/endless.dts"),
             0);
    CHECK_EQ(iovp("run $D/endless.dts --mode functional"), 0);
    printed("a workload has no end: stopping all after 100000 transfers");
}

TEST_CASE(Run, MemoryTooSmallForTheTables)
{
    write_machine("one.dts", 0x10000);
    CHECK_EQ(shell("sed 's/0x10000000>/0x100000>/' $D/one.dts > $D/tiny.dts"),
             0);
    CHECK_EQ(iovp("run $D/tiny.dts --mode functional"), FAIL);
    printed("the largest memory, /memory@80000000, has 1 MiB");
    printed("make it larger or the windows smaller");
}

/* ---- traces ------------------------------------------------------------ */

TEST_CASE(Replay, GivesTheTableOfTheRun)
{
    for (unsigned m = 0, n = mode_count(); m < n; m++) {
        char *run, *replay;

        scratch();
        CHECK_EQ(with_mode("run " ARM_SOC " --mode $M -n 5000 --json "
                           "--trace $D/t",
                           modes[m]),
                 0);
        CHECK(json_valid(output));
        run = cut("\"streams\"", "\"smmus\"");
        CHECK_EQ(
            with_mode("replay " ARM_SOC " $D/t --mode $M --json", modes[m]), 0);
        CHECK(json_valid(output));
        replay = cut("\"streams\"", "\"smmus\"");
        CHECK_STR(run, replay);
        free(run);
        free(replay);
    }
}

TEST_CASE(Trace, IsTheSameTwice)
{
    for (unsigned m = 0, n = mode_count(); m < n; m++) {
        scratch();
        for (unsigned i = 0; i < 2; i++) {
            setenv("T", i ? "t2" : "t1", 1);
            CHECK_EQ(with_mode("run " ARM_SOC " --mode $M -n 5000 "
                               "--trace $D/$T",
                               modes[m]),
                     0);
        }
        CHECK_EQ(shell("cmp $D/t1 $D/t2 2>&1"), 0);
    }
}

/* The first 8 of 16 pages are mapped: every second half faults. */
TEST_CASE(Replay, OnAnotherTreeFaults)
{
    for (unsigned m = 0, n = mode_count(); m < n; m++) {
        write_machine("one.dts", 0x10000);
        write_machine("half.dts", 0x8000);
        CHECK_EQ(with_mode("run $D/one.dts --mode $M --trace $D/t", modes[m]),
                 0);
        CHECK_EQ(iovp("replay $D/half.dts $D/t --mode $M"), 0);
        printed("was recorded on another device tree than");
        printed("iommu@12000000: 512 events");
        printed("  F_TRANSLATION      512\n");
        printed("the last was F_TRANSLATION: StreamID 0x10, unprivileged read "
                "of 0x4000ffc0, stage 1 (input)");
        CHECK_EQ(
            with_mode("replay $D/half.dts $D/t --mode $M --json", modes[m]), 0);
        CHECK(json_valid(output));
        printed("\"transfers\": 1024");
        printed("\"faults\": 512");
        printed("\"bytes\": 32768");
        printed("\"F_TRANSLATION\": 512");
    }
}

TEST_CASE(Replay, OfAnotherMachinesDevices)
{
    write_machine("one.dts", 0x10000);
    CHECK_EQ(iovp("run " ARM_SOC " --mode functional -n 10 --trace $D/t"), 0);
    CHECK_EQ(iovp("replay $D/one.dts $D/t --mode functional"), FAIL);
    printed("which ");
    printed("does not have; give the device tree of the recording");
}

TEST_CASE(Dump, PrintsEveryRecord)
{
    write_machine("one.dts", 0x10000);
    CHECK_EQ(iovp("run $D/one.dts --mode functional --trace $D/t"), 0);
    CHECK_EQ(shell("\"$IOVP\" dump $D/t | grep -c '^transaction,'"), 0);
    CHECK_STR(output, "1024\n");
    CHECK_EQ(iovp("dump --csv $D/t"), 0);
    CHECK_EQ(strncmp(output, "kind,time_in_ps,", 16), 0);
    /* device 0, no PASID; the first misses everything: 3 and 4 reads */
    printed("\ntransaction,0,0,0,0,16,,nonsecure,0,0,untranslated,read,"
            "0x40000000,");
    printed(",64,ok,,miss,miss,miss,unused,3,4,0,0,0,0,0\n");
}

TEST_CASE(Dump, ReaderThatGoesAwayIsNoError)
{
    scratch();
    CHECK_EQ(iovp("run " ARM_SOC " --mode functional -n 20k --trace $D/t"), 0);
    CHECK_EQ(shell("(\"$IOVP\" dump $D/t; echo $? > $D/status) 2>&1 | head -1"),
             0);
    CHECK_EQ(strncmp(output, "kind,", 5), 0);
    CHECK_EQ(shell("cat $D/status"), 0);
    CHECK_STR(output, "0\n");
}

TEST_CASE(Dump, DamagedTrace)
{
    scratch();
    CHECK_EQ(iovp("run " ARM_SOC " --mode functional -n 20k --trace $D/t"), 0);
    CHECK_EQ(shell("head -c $(($(wc -c < $D/t) - 100)) $D/t > $D/cut"), 0);
    /* what precedes the damage is there, the rest is told */
    CHECK_EQ(shell("\"$IOVP\" dump $D/cut 2>$D/err >$D/csv"), FAIL);
    CHECK_EQ(shell("cat $D/err; grep -c '^transaction' $D/csv"), 0);
    printed("iovp dump: ");
    printed(" records before it are printed\n");
    CHECK(!strstr(output, "the 0 records"));
    CHECK_EQ(iovp("replay " ARM_SOC " $D/cut --mode functional"), FAIL);
    printed(" transactions before the damage were replayed");
    printed("\ntotal ");
}
