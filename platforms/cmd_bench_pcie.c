/* SPDX-License-Identifier: MIT */
/* `iovp bench`: DMA of a PCI function, packet by packet. */
#include <libfdt.h>
#include <string.h>

#include "cmd_bench.h"
#include "cmd_pci.h"

#define RAM_BASE   0x80000000ull
#define RAM_BYTES  0x10000000ull
#define ECAM       0x40000000ull
#define BUSES      4u
#define WINDOW     0x50000000ull
#define TREE_BYTES 4096
#define COPY_BYTES 65536u
#define STEP_PS    100000000ull
#define TURNS      100000

/* The test endpoint's registers that a copy needs. */
#define SRC         0x010
#define DST         0x018
#define LEN         0x020
#define CMD         0x02c
#define CMD_MEMCPY  1u
#define STATUS      0x030
#define STATUS_DONE (1u << 1)
#define STATUS_FAIL (1u << 2)

struct bench_pcie {
    iovp_platform *platform;
    struct cmd_pci pci;
    uint64_t bar; /* where the registers are */
};

/* ---- the platform --------------------------------------------------------
 */

/* Device 0 of its bus. */
static int function(void *fdt, const char *name, const char *compatible)
{
    static const fdt32_t cells[5];

    return fdt_begin_node(fdt, name) ||
           fdt_property_string(fdt, "compatible", compatible) ||
           fdt_property(fdt, "reg", cells, sizeof(cells));
}

static int host_node(void *fdt)
{
    fdt32_t ranges[7] = {
        cpu_to_fdt32(0x02000000),       0, cpu_to_fdt32((uint32_t)WINDOW), 0,
        cpu_to_fdt32((uint32_t)WINDOW), 0, cpu_to_fdt32(0x10000000)};
    fdt32_t buses[2] = {0, cpu_to_fdt32(BUSES - 1)};

    return fdt_begin_node(fdt, "pcie@40000000") ||
           fdt_property_string(fdt, "compatible", "pci-host-ecam-generic") ||
           fdt_property_string(fdt, "device_type", "pci") ||
           bench_reg(fdt, ECAM, (uint64_t)BUSES << 20) ||
           fdt_property(fdt, "bus-range", buses, sizeof(buses)) ||
           fdt_property_u32(fdt, "#address-cells", 3) ||
           fdt_property_u32(fdt, "#size-cells", 2) ||
           fdt_property(fdt, "ranges", ranges, sizeof(ranges)) ||
           function(fdt, "port@0,0", "iovp,pcie-root-port") ||
           fdt_property_u32(fdt, "#address-cells", 3) ||
           fdt_property_u32(fdt, "#size-cells", 2) ||
           fdt_property(fdt, "ranges", NULL, 0) ||
           function(fdt, "dma@0,0", "iovp,test-endpoint") ||
           fdt_end_node(fdt) || fdt_end_node(fdt) || fdt_end_node(fdt);
}

static int make_tree(void *fdt)
{
    return fdt_create(fdt, TREE_BYTES) || fdt_finish_reservemap(fdt) ||
           fdt_begin_node(fdt, "") ||
           fdt_property_u32(fdt, "#address-cells", 2) ||
           fdt_property_u32(fdt, "#size-cells", 2) ||
           fdt_begin_node(fdt, "memory@80000000") ||
           fdt_property_string(fdt, "device_type", "memory") ||
           bench_reg(fdt, RAM_BASE, RAM_BYTES) || fdt_end_node(fdt) ||
           host_node(fdt) || fdt_end_node(fdt) || fdt_finish(fdt);
}

static int find_bar(struct bench_pcie *s)
{
    const struct cmd_pci_host *h = s->pci.host;

    for (unsigned i = 0; s->pci.hosts && i < h->bus.count; i++)
        if (!h->bus.fn[i].header && h->bus.fn[i].bar[0] &&
            cmd_pci_address(h, h->bus.fn[i].bar[0], &s->bar))
            return CMD_OK;
    cmd_error("the benchmark's endpoint did not appear");
    return CMD_FAIL;
}

static int open_soc(struct bench_pcie *s, uint32_t mode)
{
    iovp_platform_config config = IOVP_PLATFORM_CONFIG_INIT;
    char tree[TREE_BYTES];
    int rc;

    memset(s, 0, sizeof(*s));
    config.mode = mode;
    if (make_tree(tree) || iovp_platform_create(&s->platform, &config, tree,
                                                fdt_totalsize(tree))) {
        cmd_error("the benchmark's platform: %s", iovp_last_error());
        return CMD_FAIL;
    }
    rc = cmd_pci_open(&s->pci, s->platform, "the benchmark's tree");
    return rc ? rc : find_bar(s);
}

/* ---- a copy ---------------------------------------------------------------
 */

static iovp_status write_reg(struct bench_pcie *s, uint32_t at, uint32_t width,
                             uint64_t v)
{
    return iovp_mmio_write(s->platform, s->bar + at, width,
                           IOVP_SPACE_NONSECURE, v);
}

static iovp_status wait_done(struct bench_pcie *s)
{
    uint64_t v = 0;
    iovp_status st = IOVP_OK;

    for (int i = 0; !st && i < TURNS && !(v & STATUS_DONE); i++) {
        if (i)
            st = iovp_run_until(s->platform, iovp_now(s->platform) + STEP_PS,
                                NULL);
        if (!st)
            st = iovp_mmio_read(s->platform, s->bar + STATUS, 4,
                                IOVP_SPACE_NONSECURE, &v);
    }
    if (!st && (!(v & STATUS_DONE) || (v & STATUS_FAIL)))
        st = IOVP_E_BUS;
    return st;
}

static iovp_status copy(void *ud, uint64_t n)
{
    struct bench_pcie *s = ud;
    uint64_t at = RAM_BASE + n % 64 * COPY_BYTES;
    iovp_status st = write_reg(s, SRC, 8, at);

    if (!st)
        st = write_reg(s, DST, 8, at + RAM_BYTES / 2);
    if (!st)
        st = write_reg(s, LEN, 4, COPY_BYTES);
    if (!st)
        st = write_reg(s, CMD, 4, CMD_MEMCPY);
    return st ? st : wait_done(s);
}

static int run(const struct bench *b, double *value, uint32_t mode)
{
    struct bench_pcie s;
    int rc = open_soc(&s, mode);

    if (!rc)
        rc = bench_rates(b, value, copy, &s);
    for (unsigned i = 0; !rc && i < b->runs; i++)
        value[i] *= COPY_BYTES;
    cmd_pci_close(&s.pci);
    iovp_platform_destroy(s.platform);
    return rc;
}

int bench_pcie_copy(const struct bench *b, double *value)
{
    return run(b, value, IOVP_MODE_FUNCTIONAL);
}

int bench_pcie_copy_timed(const struct bench *b, double *value)
{
    return run(b, value, IOVP_MODE_TIMED);
}
