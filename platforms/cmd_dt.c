/* SPDX-License-Identifier: MIT */
/* iovp dt: what a device tree becomes. */
#include "cmd.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: iovp dt FILE.dts|FILE.dtb\n"
    "\n"
    "Print what the device tree becomes: every node that has a compatible\n"
    "string or is memory, and every DMA master.\n"
    "\n"
    "  built        it behaves\n"
    "  placeholder  its addresses are reserved, nothing answers there yet\n"
    "  not modelled it is not there; the guest's accesses fail\n"
    "\n"
    "Examples:\n"
    "  iovp dt platforms/arm-soc.dts\n"
    "  qemu-system-aarch64 -M virt,iommu=smmuv3,dumpdtb=virt.dtb\n"
    "  iovp dt virt.dtb\n";

static const char *name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

/* Two columns a level below the root. */
static int indent(const char *path)
{
    int depth = 0;

    for (const char *c = path; *c; c++)
        depth += *c == '/' && c[1];
    return 2 * depth;
}

void cmd_print_nodes(const iovp_node *nodes, size_t count)
{
    static const char *const head[] = {"<node", "<compatible", "<state",
                                       "base",  "size",        "<what"};
    static const char *const states[] = {"built", "placeholder",
                                         "not modelled"};
    struct cmd_table t;

    cmd_table_init(&t, 6, head, NULL);
    for (size_t i = 0; i < count; i++) {
        const iovp_node *n = &nodes[i];

        cmd_table_add(&t, "%*s%s", indent(n->path), "", name(n->path));
        cmd_table_add(&t, "%s", n->compatible);
        cmd_table_add(&t, "%s", n->state < 3 ? states[n->state] : "?");
        cmd_table_add(&t, n->reg_size ? "0x%" PRIx64 : "-", n->reg_base);
        cmd_table_add(&t, n->reg_size ? "0x%" PRIx64 : "-", n->reg_size);
        cmd_table_add(&t, "%s",
                      n->state == IOVP_NODE_UNMODELLED ? "" : n->what);
    }
    cmd_table_print(&t, stdout, false);
}

static void pattern(struct cmd_table *t, const iovp_device_info *i)
{
    static const char *const names[] = {"sequential", "random", "strided"};
    const iovp_workload *w = &i->workload;

    if (!i->has_workload) {
        for (unsigned c = 0; c < 4; c++)
            cmd_table_add(t, "-");
        return;
    }
    cmd_table_add(t, "%s", w->pattern < 3 ? names[w->pattern] : "?");
    cmd_table_add(t, "0x%" PRIx64, w->base);
    cmd_table_add(t, "0x%" PRIx64, w->window);
    cmd_table_add(t, "%u", w->pasids);
}

static void print_devices(const struct cmd_soc *s)
{
    static const char *const head[] = {
        "<DMA master", "<iommu",    "stream", "streams",     "pasid bits",
        "<space",      "<workload", "window", "window size", "pasids"};
    struct cmd_table t;

    cmd_table_init(&t, 10, head, NULL);
    for (size_t i = 0; i < s->devices; i++) {
        const iovp_device_info *d = &s->info[i];

        cmd_table_add(&t, "%s", d->name);
        cmd_table_add(&t, "%s", d->iommu[0] ? d->iommu : "-");
        cmd_table_add(&t, d->iommu[0] ? "0x%x" : "-", d->stream_id);
        cmd_table_add(&t, "%u", d->stream_ids);
        cmd_table_add(&t, "%u", d->pasid_bits);
        cmd_table_add(&t, "%s", cmd_space_name(d->space));
        pattern(&t, d);
    }
    cmd_table_print(&t, stdout, false);
}

static int show(struct cmd_soc *s)
{
    iovp_node *nodes;
    size_t count;
    iovp_status st = cmd_nodes(s->platform, &nodes, &count);

    if (st == IOVP_OK)
        cmd_print_nodes(nodes, count);
    free(nodes);
    if (st != IOVP_OK)
        return cmd_api_error(s->file, st);
    putchar('\n');
    if (s->devices)
        print_devices(s);
    else
        puts("no DMA masters");
    return CMD_OK;
}

int cmd_dt(int argc, char **argv)
{
    static const struct option options[] = {
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct cmd_soc s;
    int c, rc;

    while ((c = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (c != 'h')
            return cmd_bad_option(c, argv);
        fputs(help, stdout);
        return cmd_finish_output();
    }
    if (argc - optind != 1) {
        cmd_error("say one device tree; see iovp dt --help");
        return CMD_USAGE;
    }
    rc = cmd_soc_open(&s, argv[optind], IOVP_MODE_FUNCTIONAL);
    if (!rc)
        rc = show(&s);
    cmd_soc_close(&s);
    return cmd_finish_output() ? CMD_FAIL : rc;
}
