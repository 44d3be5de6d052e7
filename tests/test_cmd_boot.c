/* SPDX-License-Identifier: MIT */
/* iovp boot without QEMU: its command line, and a QEMU that fails. */
#define _POSIX_C_SOURCE 200809L
#include "../capi/iovp.h"
#include "cmd_files.h"

#define USAGE    2
#define FAIL     1
#define ARM_QEMU IOVP_SOURCE_DIR "/platforms/arm-qemu.dts"
#define VIRT     IOVP_SOURCE_DIR "/tests/data/qemu/virt.dts"

/* A program $D/qemu that tells QEMU's tree, and else does this. */
static void write_qemu(const char *does)
{
    char path[512];
    FILE *f;

    snprintf(path, sizeof(path), "%s/qemu", scratch());
    f = fopen(path, "w");
    if (!f)
        return;
    fprintf(f,
            "#!/bin/sh\n"
            "for word; do case $word in *dumpdtb=*)\n"
            "  exec dtc -q -O dtb -o \"${word##*dumpdtb=}\" %s;;\n"
            "esac; done\n"
            "%s\n",
            VIRT, does);
    fclose(f);
    CHECK_EQ(0, shell("chmod +x $D/qemu; : > $D/kernel"));
}

TEST_CASE(Boot, WrongCommandLines)
{
    static const struct {
        const char *arguments, *message;
    } wrong[] = {
        {"", "say a device tree"},
        {"-- a.dts", "say a device tree"},
        {"a.dts", "say --kernel IMAGE, or --firmware FILE"},
        {"a.dts -k k -f f", "and not both"},
        {"a.dts -f f -i i", "--initrd and --append are of a kernel"},
        {"a.dts -f f -a quiet", "--initrd and --append are of a kernel"},
        {"a.dts b.dts -k k", "one device tree only"},
        {"a.dts -k k --smp 0", "--smp 0: say a number, 1 to 8"},
        {"a.dts -k k --smp 9", "--smp 9: say a number, 1 to 8"},
        {"a.dts -k k --gdb here", "--gdb here: say a number, 1 to 65535"},
        {"a.dts -k k --mode fast", "mode 'fast': say functional or timed"},
        {"a.dts -k k --rate 0", "--rate 0: say a number"},
        {"a.dts --fly", "there is no option --fly; see iovp boot --help"},
        {"a.dts --kernel", "option --kernel needs a value"},
    };

    for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        char line[256];

        snprintf(line, sizeof(line), "boot %s", wrong[i].arguments);
        CHECK_EQ(USAGE, iovp(line));
        printed(wrong[i].message);
    }
}

TEST_CASE(Boot, MissingFiles)
{
    write_qemu("exit 0");
    CHECK_EQ(FAIL, iovp("boot " ARM_QEMU " -k $D/none"));
    printed("--kernel ");
    printed("/none: No such file or directory\n");
    CHECK_EQ(FAIL, iovp("boot " ARM_QEMU " -k $D/kernel -i $D/none"));
    printed("--initrd ");
    CHECK_EQ(FAIL, iovp("boot " ARM_QEMU " -f $D/none"));
    printed("--firmware ");
    CHECK_EQ(FAIL, iovp("boot $D/none.dts -k $D/kernel"));
    printed("/none.dts: No such file or directory\n");
    CHECK_EQ(FAIL, iovp("boot " ARM_QEMU " -k $D/kernel -Q $D/none"));
    printed("/none: No such file or directory: install QEMU (Debian: "
            "qemu-system-arm), or say --qemu PATH\n");
    CHECK_EQ(FAIL, iovp("boot " ARM_QEMU " -k $D/kernel -Q $D/qemu -t $D/x/y"));
    printed("the trace cannot be written");
    CHECK_EQ(FAIL, shell("mkdir $D/a,b; TMPDIR=$D/a,b \"$IOVP\" boot " ARM_QEMU
                         " -k $D/kernel -Q $D/qemu 2>&1"));
    printed("QEMU cannot be given a path with a comma\n");
}

/* Its devices are below the memory. */
TEST_CASE(Boot, TreeThatDoesNotFit)
{
    write_qemu("exit 0");
    CHECK_EQ(FAIL, iovp("boot " ARM_SOC " -k $D/kernel -Q $D/qemu"));
    printed("directly below the root, a device above the memory\n");
}

TEST_CASE(Boot, QemuThatFails)
{
    write_qemu("echo no such machine >&2; exit 3");
    CHECK_EQ(FAIL, iovp("boot " ARM_QEMU " -k $D/kernel -Q $D/qemu"));
    printed("no such machine\n");
    printed("QEMU ended with status 3; what it said last is above\n");
    printed("/iommu@7c000000: the guest has not set it up");
    write_qemu("echo qemu: -plugin: invalid option >&2; exit 1");
    CHECK_EQ(FAIL, iovp("boot " ARM_QEMU " -k $D/kernel -Q $D/qemu"));
    printed("this QEMU was built without plugins");
    write_qemu("kill -9 $$");
    CHECK_EQ(FAIL, iovp("boot " ARM_QEMU " -k $D/kernel -Q $D/qemu"));
    printed("QEMU was ended by signal 9");
    CHECK_EQ(FAIL, iovp("boot " ARM_QEMU " -k $D/kernel -Q /bin/true"));
    printed("QEMU has not written its device tree\n");
    CHECK_EQ(FAIL, iovp("boot " ARM_QEMU " -k $D/kernel -Q /bin/false"));
    printed("QEMU does not tell its device tree");
}

/* What QEMU is started with; it reads the merged tree. */
TEST_CASE(Boot, ArgumentsOfQemu)
{
    write_qemu("dtc -q -I dtb -O dts \"$(echo \"$*\" |"
               " sed 's/.*-dtb \\([^ ]*\\).*/\\1/')\"; echo \"$@\"");
    CHECK_EQ(0, iovp("boot " ARM_QEMU " -k $D/kernel -a quiet -c 4 -g 1234 "
                     "-Q $D/qemu -- -cpu max"));
    printed("iommu@7c000000 {");
    printed("-M virt,gic-version=2,memory-backend=iovp-ram ");
    printed("-smp 4 -m 1024M ");
    printed("-append mem=960M quiet ");
    printed("-gdb tcp::1234 -cpu max ");
    printed("base=0x7c000000,last=0x7fffffff,filter=kernel ");
    CHECK_EQ(0, iovp("boot " ARM_QEMU " -f $D/kernel -Q $D/qemu"));
    printed("-bios ");
    printed("filter=none ");
    if (strstr(output, "clock="))
        FAIL_TEST("functional mode counts instructions");
    if (iovp_has_systemc()) {
        CHECK_EQ(0, iovp("boot " ARM_QEMU " -k $D/kernel -Q $D/qemu -m timed"));
        printed(",filter=kernel,clock=");
    }
    CHECK_EQ(0, shell("printf '\\177ELF' > $D/elf"));
    CHECK_EQ(0, iovp("boot " ARM_QEMU " -f $D/elf -Q $D/qemu --json"));
    printed("/elf ");
    printed("\"command\": \"boot\"");
}

/* The tree that QEMU reads is a file; nobody is left to look for it. */
TEST_CASE(Boot, LeavesNothing)
{
    write_qemu("exit 3");
    CHECK_EQ(0, shell("mkdir $D/tmp; TMPDIR=$D/tmp \"$IOVP\" boot " ARM_QEMU
                      " -k $D/kernel -Q $D/qemu 2>&1; ls $D/tmp | wc -l |"
                      " grep -qx 0"));
}
