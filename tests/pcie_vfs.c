/* SPDX-License-Identifier: MIT */
#include "pcie_vfs.h"

#include <stdlib.h>
#include <string.h>

/* ---- functions and host ---------------------------------------------------
 */

static enum pcie_status fn_read(void *opaque, unsigned bar, uint64_t offset,
                                const struct pcie_tlp *t, void *data)
{
    struct vfs_fn *f = (struct vfs_fn *)opaque;

    f->reads++;
    f->offset = (uint64_t)bar << 32 | offset;
    memset(data, 0x11, t->length);
    return PCIE_SC;
}

static void fn_reset(void *opaque, enum pcie_reset_kind kind)
{
    ((struct vfs_fn *)opaque)->resets++;
    ((struct vfs_fn *)opaque)->reset = kind;
}

static const struct pcie_fn_ops fn_ops = {.read = fn_read, .reset = fn_reset};

static enum pcie_status host(void *opaque, struct pcie_fn *f,
                             const struct pcie_tlp *t, void *data)
{
    struct vfs *s = (struct vfs *)opaque;

    (void)f;
    s->requests++;
    s->last = *t;
    if (t->type == PCIE_TLP_MWR && t->length >= 4)
        memcpy(&s->last_data, data, 4);
    return PCIE_SC;
}

static void renumbered(void *opaque, struct pcie_fn *f)
{
    (void)f;
    ((struct vfs *)opaque)->renumbers++;
}

/* ---- the tree -------------------------------------------------------------
 */

static struct pcie_cap_config port_caps[] = {
    {.cap = PCIE_CAP_EXP,
     .exp =
         {.speed = 4, .width = 4, .mps = 512, .ee_prefix = true, .ari = true}},
    {.cap = PCIE_CAP_AER},
};

#define DEVICE                        \
    {                                 \
        .cap = PCIE_CAP_EXP, .exp = { \
            .speed = 4,               \
            .width = 4,               \
            .mps = 512,               \
            .flr = true,              \
            .ee_prefix = true,        \
            .atomics = true           \
        }                             \
    }

struct pcie_cap_config vfs_pf_caps[3][7] = {
    {DEVICE,
     {.cap = PCIE_CAP_AER},
     {.cap = PCIE_CAP_ARI},
     {.cap = PCIE_CAP_SRIOV, .sriov = {4, 16, 1, 0x1001}},
     {.cap = PCIE_CAP_ATS, .ats = {8, false}},
     {.cap = PCIE_CAP_PRI, .pri = {16, true}},
     {.cap = PCIE_CAP_PASID, .pasid = {16, true, false}}},
    {DEVICE,
     {.cap = PCIE_CAP_ARI},
     {.cap = PCIE_CAP_SRIOV, .sriov = {4, 0xfe, 2, 0x1002}}},
    {DEVICE, {.cap = PCIE_CAP_SRIOV, .sriov = {2, 4, 2, 0x1003}}},
};

struct pcie_cap_config vfs_vf_caps[] = {
    DEVICE,
    {.cap = PCIE_CAP_MSIX, .msix = {2, 0, 0, 0, 0x800}},
    {.cap = PCIE_CAP_ARI},
    {.cap = PCIE_CAP_ATS, .ats = {8, false}},
    {.cap = PCIE_CAP_AER},
};

void vfs_describe(struct pcie_fn_config f[COUNT])
{
    static const unsigned pf[] = {PF0, PF1, PFR}, total[] = {4, 4, 2};
    static const unsigned caps[] = {7, 3, 2};

    memset(f, 0, COUNT * sizeof(*f));
    f[PORT] = (struct pcie_fn_config){.kind = PCIE_ROOT_PORT,
                                      .parent = -1,
                                      .device = 1,
                                      .vendor_id = 0x1234,
                                      .caps = port_caps,
                                      .cap_count = 2};
    for (unsigned i = 0; i < 3; i++) {
        f[pf[i]] =
            (struct pcie_fn_config){.kind = i < 2 ? PCIE_ENDPOINT : PCIE_RCIEP,
                                    .parent = i < 2 ? PORT : -1,
                                    .device = i < 2 ? 0 : 4,
                                    .function = i == 1,
                                    .vendor_id = 0x1234,
                                    .device_id = (uint16_t)(0x2000 + i),
                                    .subsystem_vendor_id = 0x5678,
                                    .class_code = 0x020000,
                                    .revision_id = 9,
                                    .caps = vfs_pf_caps[i],
                                    .cap_count = caps[i],
                                    .bar = {{0x1000, 0}}};
        for (unsigned n = 1; n <= total[i]; n++)
            f[pf[i] + n] = (struct pcie_fn_config){
                .kind = PCIE_VF,
                .parent = f[pf[i]].parent,
                .subsystem_id = 0x77,
                .caps = vfs_vf_caps,
                .cap_count = i ? 4 : 5,
                .bar = {{0x1000, 0},
                        {0, 0},
                        {0x4000, PCIE_BAR_64 | PCIE_BAR_PREFETCH}}};
    }
}

uint32_t vfs_rd(void *ud, uint16_t id, uint32_t at, unsigned width)
{
    uint64_t v;

    pcie_ecam_read(((struct vfs *)ud)->p, (uint64_t)id << 12 | at, width, &v);
    return (uint32_t)v;
}

void vfs_wr(void *ud, uint16_t id, uint32_t at, unsigned width, uint32_t value)
{
    pcie_ecam_write(((struct vfs *)ud)->p, (uint64_t)id << 12 | at, width,
                    value);
}

struct pcie_config vfs_config(struct vfs *s)
{
    static const struct pcie_window windows[] = {
        {MEM, MEM, 0x10000000, false}, {PREF, PREF, 1ull << 32, false}};
    struct pcie_config c = {.size = sizeof(c),
                            .bus_last = 255,
                            .windows = windows,
                            .window_count = 2,
                            .functions = s->config,
                            .function_count = COUNT};

    return c;
}

struct vfs *vfs_open(void)
{
    struct vfs *s = (struct vfs *)calloc(1, sizeof(*s));
    struct pcie_ops ops = {
        .size = sizeof(ops), .request = host, .renumbered = renumbered};
    struct pcie_config c;

    if (!s)
        return NULL;
    vfs_describe(s->config);
    for (unsigned i = 0; i < COUNT; i++) {
        s->config[i].ops = &fn_ops;
        s->config[i].opaque = &s->fn[i];
    }
    c = vfs_config(s);
    s->p = pcie_create(&c, &ops, s);
    s->e = (struct pcie_enum){.read = vfs_rd,
                              .write = vfs_wr,
                              .ud = s,
                              .bus_last = 255,
                              .features = true,
                              .pool = {{MEM, MEM + 0x10000000},
                                       {PREF, PREF + (1ull << 32)},
                                       {0x1000, 0x10000}}};
    if (s->p)
        pcie_enumerate(&s->e);
    return s;
}

void vfs_close(struct vfs *s)
{
    pcie_destroy(s->p);
    free(s);
}

struct pcie_fn *vfs_fn(struct vfs *s, unsigned i)
{
    return pcie_function(s->p, i);
}

uint32_t sriov_rd(struct vfs *s, unsigned pf, uint32_t at, unsigned width)
{
    return (uint32_t)pcie_config_read(
        vfs_fn(s, pf), pcie_cap_offset(vfs_fn(s, pf), PCIE_CAP_SRIOV) + at,
        width);
}

void sriov_wr(struct vfs *s, unsigned pf, uint32_t at, unsigned width,
              uint32_t value)
{
    vfs_wr(s, pcie_id(vfs_fn(s, pf)),
           pcie_cap_offset(vfs_fn(s, pf), PCIE_CAP_SRIOV) + at, width, value);
}

void vfs_enable(struct vfs *s, unsigned pf, unsigned count)
{
    sriov_wr(s, pf, 0x10, 2, count);
    sriov_wr(s, pf, 0x08, 2, 0x0009); /* VF Enable, VF MSE */
}

int vfs_dma(struct vfs *s, unsigned i)
{
    struct pcie_tlp t = {.type = PCIE_TLP_MRD, .addr = 0x1000, .length = 4};
    uint8_t v[4];

    return pcie_request(vfs_fn(s, i), &t, v);
}
