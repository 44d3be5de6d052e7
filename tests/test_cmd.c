/* SPDX-License-Identifier: MIT */
/* The iovp command: its command line, its errors, its exit statuses. */
#define _POSIX_C_SOURCE 200809L
#include "cmd_files.h"

#define USAGE 2
#define FAIL  1

TEST_CASE(Command, VersionIsThatOfTheLibrary)
{
    CHECK_EQ(iovp("--version"), 0);
    CHECK_EQ(strncmp(output, "iovp 0.2.0 (", 12), 0);
}

TEST_CASE(Command, HelpTeaches)
{
    static const char *const commands[] = {
        "run", "replay", "dump", "dt", "explain", "lspci", "boot", "bench"};
    char line[64];

    CHECK_EQ(iovp("--help"), 0);
    printed("usage: iovp COMMAND");
    for (unsigned i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        printed(commands[i]);
        snprintf(line, sizeof(line), "%s --help", commands[i]);
        CHECK_EQ(iovp(line), 0);
        snprintf(line, sizeof(line), "usage: iovp %s ", commands[i]);
        printed(line);
        printed("\nExamples:\n  ");
        CHECK_EQ(iovp("--help"), 0);
    }
}

TEST_CASE(Command, WrongCommandLines)
{
    static const struct {
        const char *arguments, *message;
    } wrong[] = {
        {"",
         "say a command: run, replay, dump, dt, explain, lspci, boot or bench"},
        {"fly", "there is no command 'fly'; see iovp --help"},
        {"--fly", "there is no option --fly; see iovp --help"},
        {"run", "iovp run: say a device tree"},
        {"run a.dts b.dts", "one device tree only"},
        {"run --fly a.dts", "there is no option --fly; see iovp run --help"},
        {"run -x a.dts", "there is no option -x; see iovp run --help"},
        {"run a.dts --mode", "option --mode needs a value"},
        {"run a.dts --mode fast", "mode 'fast': say functional or timed"},
        {"run a.dts --transfers 0", "--transfers 0: say how many"},
        {"run a.dts --transfers -5", "--transfers -5: say how many"},
        {"run a.dts --transfers 5x", "--transfers 5x: say how many"},
        {"run a.dts --transfers 99999999999999999999", "say how many"},
        {"run a.dts --transfers 18446744073709551615k", "say how many"},
        {"run a.dts --seconds soon", "--seconds soon: say a time"},
        {"run a.dts --seconds -1", "--seconds -1: say a time"},
        {"run a.dts --seconds nan", "--seconds nan: say a time"},
        {"run a.dts --seconds 1e300", "--seconds 1e300: say a time"},
        {"run a.dts --seconds 1ms --mode functional",
         "--seconds needs --mode timed; use --transfers"},
        {"replay a.dts", "say a device tree and a trace"},
        {"replay a.dts b c", "say a device tree and a trace"},
        {"replay a.dts b --mode fast", "say functional or timed"},
        {"dump", "iovp dump: say one trace"},
        {"dump --fly t", "there is no option --fly"},
        {"dt", "iovp dt: say one device tree"},
        {"dt a b", "iovp dt: say one device tree"},
        {"explain", "iovp explain: say a device tree and a DMA master"},
        {"explain a.dts", "say a device tree and a DMA master"},
        {"explain a b sva d", "one feature only"},
        {"explain a b fly", "there is no feature 'fly'; there are:"},
        {"lspci", "iovp lspci: say one device tree"},
        {"lspci a b", "iovp lspci: say one device tree"},
        {"lspci -q a", "there is no option -q; see iovp lspci --help"},
        {"bench now", "'now' is no option"},
        {"bench --runs 16", "--runs 16: say 1 to 15"},
        {"bench --seconds x", "--seconds x: say a time"},
        {"bench --only speed", "there is no benchmark 'speed'; there are:"},
    };

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        CHECK_EQ(iovp(wrong[i].arguments), USAGE);
        printed(wrong[i].message);
    }
}

TEST_CASE(Command, ErrorsGoToStandardError)
{
    CHECK_EQ(shell("\"$IOVP\" run 2>/dev/null"), USAGE);
    CHECK_STR(output, "");
    CHECK_EQ(shell("\"$IOVP\" dt /nowhere.dtb 2>/dev/null"), FAIL);
    CHECK_STR(output, "");
}

TEST_CASE(Command, MissingFiles)
{
    scratch();
    CHECK_EQ(iovp("run $D/none.dts"), FAIL);
    printed("/none.dts: No such file or directory\n");
    CHECK_EQ(iovp("dt $D/none.dtb"), FAIL);
    printed("/none.dtb: No such file or directory\n");
    CHECK_EQ(iovp("dump $D/none"), FAIL);
    printed("/none: No such file or directory\n");
    CHECK_EQ(iovp("replay " ARM_SOC " $D/none"), FAIL);
    printed("/none: No such file or directory\n");
    CHECK_EQ(iovp("run " ARM_SOC " --trace $D/none/t"), FAIL);
    printed("/none/t: No such file or directory\n");
}

TEST_CASE(Command, NoDtc)
{
    CHECK_EQ(shell("PATH=/nowhere \"$IOVP\" dt " ARM_SOC " 2>&1"), FAIL);
    printed("dtc");
    printed("device-tree-compiler"); /* the package to install */
}

TEST_CASE(Command, FilesThatAreNeitherTreeNorTrace)
{
    scratch();
    CHECK_EQ(shell("echo 'not a tree' > $D/x.dts"), 0);
    CHECK_EQ(iovp("dt $D/x.dts"), FAIL);
    printed("x.dts");
    CHECK_EQ(iovp("dump " ARM_SOC), FAIL);
    printed("not an iovp trace");
    CHECK_EQ(shell(": > $D/empty.dtb"), 0);
    CHECK_EQ(iovp("run $D/empty.dtb"), FAIL);
    printed("empty.dtb");
    CHECK_EQ(iovp("dump $D/empty.dtb"), FAIL);
    printed("empty.dtb");
}

TEST_CASE(Command, FullDiskIsAnError)
{
    if (access("/dev/full", W_OK))
        SKIP_TEST("there is no /dev/full");
    CHECK_EQ(shell("\"$IOVP\" dt " ARM_SOC " 2>&1 >/dev/full"), FAIL);
    printed("the output could not be written: No space left on device");
    CHECK_EQ(shell("\"$IOVP\" --help 2>/dev/null >/dev/full"), FAIL);
}

TEST_CASE(Command, DtShowsNodesAndMasters)
{
    write_machine("one.dts", 0x10000);
    CHECK_EQ(iovp("dt $D/one.dts"), 0);
    printed("  memory@80000000               built  0x80000000  "
            "0x10000000  RAM, 256 MiB");
    printed("  iommu@12000000   arm,smmu-v3  built  0x12000000     "
            "0x20000  SMMUv3, profile mmu-600");
    printed("dma@13000000  iommu@12000000    0x10        1           0  ns     "
            "sequential  0x40000000      0x10000       0");
}

TEST_CASE(Command, ExplainSaysWhy)
{
    CHECK_EQ(iovp("explain " ARM_SOC " npu@13010000"), 0);
    printed("pasid        works\n");
    printed(
        "nested       no   STE[0x20].Config: must have stage 1 and stage 2");
    printed("stall        no   npu@13010000 dma-can-stall: ");
    CHECK_EQ(iovp("explain " ARM_SOC " npu@13010000 stall"), 0);
    printed("\nok       SMMU_IDR0.STALL_MODEL ");
    printed("\nnpu@13010000: stall does not work: see npu@13010000 "
            "dma-can-stall\n");
    CHECK_EQ(iovp("explain --bare " ARM_SOC " npu@13010000 pasid"), 0);
    printed("\nunknown  STE[0x20].S1CDMax ");
    printed("pasid does not work: see SMMU_CR0.SMMUEN\n");
    CHECK_EQ(iovp("explain " ARM_SOC " npu@13010000 nested --json"), 0);
    CHECK(json_valid(output));
    printed("\"first_failure\": \"STE[0x20].Config\"");
    CHECK_EQ(iovp("explain " ARM_SOC " nobody"), FAIL);
    printed("has no DMA master 'nobody'; iovp dt ");
}

TEST_CASE(Command, BenchMeasures)
{
    CHECK_EQ(iovp("bench --only translate_hit --only memory_functional "
                  "--seconds 20ms --runs 2 --json"),
             0);
    CHECK(json_valid(output));
    printed("\"translate_hit\": {");
    printed("\"target_at_least\": 30000000");
    printed("\"memory_functional\": {");
    printed("\"target_below\": 64");
    printed("\"status\": \"ok\"");
    CHECK(!strstr(output, "translate_miss"));
    CHECK_EQ(iovp("bench --only translate_miss --seconds 20ms --runs 1"), 0);
    printed("translate_miss  1/s ");
    printed(">= 8.00M");
}
