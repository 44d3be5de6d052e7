/* SPDX-License-Identifier: MIT */
/* The `iovp` command: picks the subcommand. */
#include "cmd.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>

static const char help[] =
    "usage: iovp COMMAND [options]\n"
    "\n"
    "IOMMU and PCIe models for virtual platforms: a device tree becomes a "
    "SoC,\n"
    "its SMMUv3 is brought up, DMA flows through it and is timed and traced.\n"
    "\n"
    "  run FILE           bring the SoC of a device tree up, run its DMA\n"
    "                     workloads, print a table per stream and PASID\n"
    "  replay FILE TRACE  feed a recorded trace back\n"
    "  dump TRACE         print a trace as comma-separated values\n"
    "  dt FILE            show what a device tree becomes\n"
    "  explain FILE DEVICE [FEATURE]\n"
    "                     why PASID, stall, ATS or SVA is off for a device\n"
    "  lspci FILE         enumerate the PCI Express buses and list what is "
    "there\n"
    "  boot FILE --kernel K  boot a kernel on QEMU with the devices of a "
    "tree\n"
    "  bench              measure the speed of the models on this machine\n"
    "\n"
    "  iovp COMMAND --help explains a command.\n"
    "  -h, --help\n"
    "  -V, --version\n"
    "\n"
    "FILE is a device tree: a .dtb, or a .dts if dtc is installed.\n"
    "\n"
    "Examples:\n"
    "  iovp dt platforms/arm-soc.dts\n"
    "  iovp run platforms/arm-soc.dts --trace soc.iovt\n"
    "  iovp replay platforms/arm-soc.dts soc.iovt\n"
    "  iovp dump soc.iovt | head\n"
    "\n"
    "Exit status: 0 all went well; 1 it did not work (a file, a device tree, "
    "a\n"
    "trace); 2 the command line is wrong.\n";

static const struct {
    const char *name;
    int (*fn)(int argc, char **argv);
} commands[] = {
    {"run", cmd_run},   {"replay", cmd_replay},   {"dump", cmd_dump},
    {"dt", cmd_dt},     {"explain", cmd_explain}, {"lspci", cmd_lspci},
    {"boot", cmd_boot}, {"bench", cmd_bench},
};

static int version(void)
{
    uint32_t v = iovp_version();

    printf("iovp %u.%u.%u (%s)\n", v / 10000, v / 100 % 100, v % 100,
           iovp_has_systemc() ? "functional and timed mode"
                              : "functional mode; built without SystemC");
    return cmd_finish_output();
}

static int command(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (strcmp(argv[0], commands[i].name))
            continue;
        cmd_set_name(commands[i].name);
        optind = 0; /* start afresh on the rest */
        return commands[i].fn(argc, argv);
    }
    cmd_error("there is no command '%s'; see iovp --help", argv[0]);
    return CMD_USAGE;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int c;

    /* A reader that goes away ends a dump; it kills nobody. */
    signal(SIGPIPE, SIG_IGN);
    opterr = 0;
    /* '+': stop at the subcommand */
    while ((c = getopt_long(argc, argv, "+:hV", options, NULL)) != -1) {
        if (c == 'V')
            return version();
        if (c != 'h')
            return cmd_bad_option(c, argv);
        fputs(help, stdout);
        return cmd_finish_output();
    }
    if (optind == argc) {
        cmd_error("say a command: run, replay, dump, dt, explain, lspci, "
                  "boot or bench; see iovp --help");
        return CMD_USAGE;
    }
    return command(argc - optind, argv + optind);
}
