/* SPDX-License-Identifier: MIT */
/* iovp lspci: enumerate the PCI Express buses of a platform and show them. */
#include "cmd_lspci.h"

#include <getopt.h>
#include <stdlib.h>

#include "cmd.h"
#include "cmd_pci.h"

static const char help[] =
    "usage: iovp lspci FILE.dts|FILE.dtb [-v|-vv] [-n] [-t] [-x|-xxx|-xxxx]\n"
    "\n"
    "Build the SoC that a device tree describes, enumerate its PCI Express\n"
    "buses as firmware would (bus numbers, BARs, bridge windows, payload\n"
    "size, memory and bus mastering enabled) and list what is there.\n"
    "\n"
    "  -v              capabilities, BARs and bridge windows; -vv their\n"
    "                  registers, too\n"
    "  -n, --numeric   classes as numbers\n"
    "  -t, --tree      below a bridge indented\n"
    "  -x              hexadecimal dump of the first 64 bytes; -xxx of 256;\n"
    "                  -xxxx of all 4096, which lspci -F of pciutils reads\n"
    "      --dump-hex  the same as -xxxx\n"
    "  -h, --help\n"
    "\n"
    "Examples:\n"
    "  iovp lspci platforms/arm-pcie.dts -t\n"
    "  iovp lspci platforms/arm-pcie.dts -vv\n"
    "  iovp lspci platforms/arm-pcie.dts --dump-hex > dump\n"
    "  lspci -F dump -vv\n";

struct options {
    unsigned verbose, hex;
    bool numeric, tree;
    const char *file;
};

/* Bytes that -x, -xx, -xxx and -xxxx show. */
static const unsigned dumps[] = {0, 64, 64, 256, LSPCI_BYTES};
#define HEX_MOST 4u

static void read_space(const struct cmd_pci_host *h, struct lspci *l)
{
    for (uint32_t at = 0; at < LSPCI_BYTES; at += 4) {
        uint32_t v = cmd_pci_read(h, l->fn->id, at, 4);

        for (unsigned i = 0; i < 4; i++)
            l->cfg[at + i] = (uint8_t)(v >> 8 * i);
    }
}

static void dump(const struct lspci *l, unsigned bytes)
{
    for (unsigned at = 0; at < bytes; at++) {
        if (at % 16 == 0)
            printf("%02x:", at);
        printf(" %02x", l->cfg[at]);
        if (at % 16 == 15)
            putchar('\n');
    }
}

static unsigned depth(const struct pcie_enum *e, const struct pcie_enum_fn *f)
{
    unsigned n = 0;

    for (; f->parent >= 0; f = &e->fn[f->parent])
        n++;
    return n;
}

static void show_function(const struct cmd_pci_host *h, struct lspci *l,
                          const struct options *o)
{
    read_space(h, l);
    if (o->tree)
        printf("%*s", (int)(2 * depth(&h->bus, l->fn)), "");
    lspci_title(l);
    putchar('\n');
    if (o->verbose) {
        lspci_header(l);
        lspci_capabilities(l);
    }
    dump(l, dumps[o->hex]);
    if (o->verbose || o->hex)
        putchar('\n');
}

static int by_id(const void *a, const void *b)
{
    const struct pcie_enum_fn *const *x = a, *const *y = b;

    return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

/* A tree in the order of enumeration, else by bus, device and function. */
static void show(const struct cmd_pci_host *h, const struct options *o,
                 bool domain)
{
    const struct pcie_enum_fn *order[PCIE_ENUM_MAX];
    static struct lspci l;

    for (unsigned i = 0; i < h->bus.count; i++)
        order[i] = &h->bus.fn[i];
    if (!o->tree)
        qsort(order, h->bus.count, sizeof(*order), by_id);
    l.numeric = o->numeric;
    l.show_domain = domain;
    l.domain = h->domain;
    l.verbose = o->verbose;
    for (unsigned i = 0; i < h->bus.count; i++) {
        l.fn = order[i];
        show_function(h, &l, o);
    }
}

static int lspci(const struct options *o)
{
    struct cmd_soc s;
    struct cmd_pci p = {NULL, 0};
    int rc = cmd_soc_open(&s, o->file, IOVP_MODE_FUNCTIONAL);

    if (!rc)
        rc = cmd_pci_open(&p, s.platform, o->file);
    if (!rc && !p.hosts)
        cmd_note("%s has no PCI Express host (docs/bindings.md says how to "
                 "describe one)",
                 o->file);
    for (size_t i = 0; !rc && i < p.hosts; i++)
        show(&p.host[i], o, p.hosts > 1);
    cmd_pci_close(&p);
    cmd_soc_close(&s);
    return cmd_finish_output() ? CMD_FAIL : rc;
}

/* CMD_OK, CMD_USAGE, or -1 after --help. */
static int option(struct options *o, int c, char **argv)
{
    switch (c) {
    case 'v':
        o->verbose++;
        return CMD_OK;
    case 'x':
        if (o->hex < HEX_MOST)
            o->hex++;
        return CMD_OK;
    case 'X':
        o->hex = HEX_MOST;
        return CMD_OK;
    case 'n':
        o->numeric = true;
        return CMD_OK;
    case 't':
        o->tree = true;
        return CMD_OK;
    case 'h':
        fputs(help, stdout);
        return -1;
    default:
        return cmd_bad_option(c, argv);
    }
}

int cmd_lspci(int argc, char **argv)
{
    static const struct option options[] = {
        {"numeric", no_argument, NULL, 'n'},
        {"tree", no_argument, NULL, 't'},
        {"dump-hex", no_argument, NULL, 'X'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options o = {0};
    int c, rc;

    while ((c = getopt_long(argc, argv, ":vxnth", options, NULL)) != -1) {
        rc = option(&o, c, argv);
        if (rc)
            return rc < 0 ? cmd_finish_output() : rc;
    }
    if (argc - optind != 1) {
        cmd_error("say one device tree; see iovp lspci --help");
        return CMD_USAGE;
    }
    o.file = argv[optind];
    return lspci(&o);
}
