/* SPDX-License-Identifier: MIT */
/*
 * The traces in traces/samples, which drivers of a real kernel made: replayed
 * without those drivers they give the same totals.
 */
#define _POSIX_C_SOURCE 200809L
#include "cmd_files.h"

#define ARM_QEMU IOVP_SOURCE_DIR "/platforms/arm-qemu.dts"
#define SAMPLE   IOVP_SOURCE_DIR "/traces/samples/linux-arm-qemu.iovt"

/* "STREAM TRANSFERS BYTES FAULTS" of each stream; bytes of what did not fault.
 * Columns of the dump: 6 StreamID, 15 bytes, 16 result. */
#define OF_TRACE                                                  \
    "\"$IOVP\" dump " SAMPLE " | awk -F, '$1 == \"transaction\" " \
    "{ n[$6]++; if ($16 == \"ok\") b[$6] += $15; else f[$6]++ } " \
    "END { for (s in n) print s, n[s], b[s] + 0, f[s] + 0 }' | sort -n"

/* The same of the rows of the table in JSON. */
#define OF_TABLE                                                            \
    "\"$IOVP\" replay " ARM_QEMU " " SAMPLE " -m functional -j 2>/dev/null" \
    " | tr -d ' ,' | awk -F: '/\"stream_id\"/ { s = $2 } "                  \
    "/\"transfers\"/ && s { n = $2 } /\"bytes\"/ && s { b = $2 } "          \
    "/\"faults\"/ && s { print s, n, b, $2; s = 0 }' | sort -n"

TEST_CASE(CmdSamples, ReplayHasTheSameTotals)
{
    char *want;

    CHECK_EQ(shell(OF_TRACE), 0);
    want = strdup(output);
    REQUIRE(want);
    CHECK_EQ(shell(OF_TABLE), 0);
    CHECK_STR(want, output);
    /* As the kernel's events said: StreamID 0x1010 twice, 0x1200 three times.
     */
    printed("4112 2 0 2\n");
    CHECK(strstr(output, "4608 ") && strstr(output, " 3\n"));
    free(want);
}

/* What the kernel's driver invalidated is walked again. */
TEST_CASE(CmdSamples, ReplayUnmapsWhatWasInvalidated)
{
    long recorded;

    /* Columns 18 and 19: configuration cache and TLB. */
    CHECK_EQ(shell("\"$IOVP\" dump " SAMPLE " | awk -F, '$1 == "
                   "\"transaction\" && $19 == \"miss\"' | wc -l"),
             0);
    recorded = atol(output);
    CHECK(recorded > 4000);
    CHECK_EQ(shell("\"$IOVP\" replay " ARM_QEMU " " SAMPLE
                   " -m functional -j 2>/dev/null | sed -n "
                   "'/\"total\"/,$ s/.*\"walks\": \\([0-9]*\\).*/\\1/p'"),
             0);
    /* The kernel had blocks and contiguous pages, here are pages. */
    CHECK(labs(atol(output) - recorded) < recorded / 20);
}
