/* SPDX-License-Identifier: MIT */
/* The physical address map: RAM, IOMMU registers, PCIe, placeholders. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "engine_device.h"

static bool overlaps(const struct platform_range *a,
                     const struct platform_range *b)
{
    return a->base <= b->last && b->base <= a->last;
}

static const struct platform_range *clash_pcie(const struct platform *p,
                                               const struct platform_range *r)
{
    uint32_t i, w;

    for (i = 0; i < p->pcie_count; i++) {
        const struct platform_pcie *h = &p->pcie[i];

        if (overlaps(&h->ecam, r))
            return &h->ecam;
        for (w = 0; w < h->desc.root->window_count; w++)
            if (overlaps(&h->window[w], r))
                return &h->window[w];
    }
    return NULL;
}

static const struct platform_range *clash(const struct platform *p,
                                          const struct platform_range *r)
{
    uint32_t i;

    for (i = 0; i < p->ram_count; i++)
        if (overlaps(&p->ram[i].range, r))
            return &p->ram[i].range;
    for (i = 0; i < p->smmu_count; i++)
        if (overlaps(&p->smmu[i].range, r))
            return &p->smmu[i].range;
    for (i = 0; i < p->placeholder_count; i++)
        if (overlaps(&p->placeholder[i], r))
            return &p->placeholder[i];
    for (i = 0; i < p->engine_count; i++)
        if (overlaps(&p->engine[i]->range, r))
            return &p->engine[i]->range;
    return clash_pcie(p, r);
}

iovp_status memory_range(const struct platform *p, const char *node,
                         uint64_t base, uint64_t size, struct platform_range *r)
{
    const struct platform_range *other;

    if (size == 0 || base + size - 1 < base)
        return iovp_fail(IOVP_E_DT,
                         "%s: reg: empty or beyond the 64-bit address space",
                         node);
    r->base = base;
    r->last = base + size - 1;
    snprintf(r->node, sizeof(r->node), "%s", node);
    other = clash(p, r);
    if (other)
        return iovp_fail(IOVP_E_DT,
                         "%s: reg: 0x%llx..0x%llx overlaps %s at 0x%llx", node,
                         (unsigned long long)base, (unsigned long long)r->last,
                         other->node, (unsigned long long)other->base);
    return IOVP_OK;
}

/* The caller's memory, or pages of our own that appear when touched. */
static void *map_ram(struct platform *p, uint64_t base, uint64_t size)
{
    int nested = p->in_callback;
    void *host;

    if (!p->ram_ops.map) {
        host = mmap(NULL, size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        return host == MAP_FAILED ? NULL : host;
    }
    p->in_callback = CALLBACK_SIM;
    host = p->ram_ops.map(p->ram_ops.ud, base, size);
    p->in_callback = nested;
    return host;
}

static void unmap_ram(struct platform *p, const struct platform_ram *ram)
{
    uint64_t size = ram->range.last - ram->range.base + 1;

    if (!p->ram_ops.map)
        munmap(ram->host, size);
    else if (p->ram_ops.unmap)
        p->ram_ops.unmap(p->ram_ops.ud, ram->range.base, size, ram->host);
}

iovp_status platform_add_ram(struct platform *p, const char *node,
                             uint64_t base, uint64_t size)
{
    struct platform_ram *ram = &p->ram[p->ram_count];
    iovp_status st;
    void *host;

    if (p->ram_count == PLATFORM_RAM_MAX)
        return iovp_fail(IOVP_E_DT, "%s: more than %d memory regions", node,
                         PLATFORM_RAM_MAX);
    st = memory_range(p, node, base, size, &ram->range);
    if (st)
        return st;
    if (size > 1ull << 46)
        return iovp_fail(IOVP_E_DT, "%s: reg: more than 64 TiB of memory",
                         node);
    host = map_ram(p, base, size);
    if (!host)
        return iovp_fail(IOVP_E_NOMEM,
                         "%s: the host cannot map %llu MiB of memory", node,
                         (unsigned long long)(size >> 20));
    ram->host = host;
    p->ram_count++;
    return IOVP_OK;
}

iovp_status platform_add_placeholder(struct platform *p, const char *node,
                                     uint64_t base, uint64_t size)
{
    iovp_status st;

    if (p->placeholder_count == PLATFORM_PLACEHOLDER_MAX)
        return iovp_fail(IOVP_E_DT, "%s: more than %d reserved ranges", node,
                         PLATFORM_PLACEHOLDER_MAX);
    st = memory_range(p, node, base, size,
                      &p->placeholder[p->placeholder_count]);
    if (!st)
        p->placeholder_count++;
    return st;
}

iovp_status platform_add_smmuv3(struct platform *p,
                                const struct platform_smmuv3 *desc,
                                uint32_t *index)
{
    struct platform_smmu *s = &p->smmu[p->smmu_count];
    const char *why = smmuv3_config_check(&desc->config);
    iovp_status st;

    if (p->smmu_count == PLATFORM_SMMU_MAX)
        return iovp_fail(IOVP_E_DT, "%s: more than %d IOMMUs", desc->name,
                         PLATFORM_SMMU_MAX);
    if (why)
        return iovp_fail(IOVP_E_DT, "%s: %s", desc->name, why);
    st = memory_range(p, desc->name, desc->base, SMMUV3_MMIO_SIZE, &s->range);
    if (st)
        return st;
    s->p = p;
    s->coherent = desc->coherent;
    s->config = desc->config;
    s->config.iommu_index = (uint16_t)p->smmu_count;
    memcpy(s->irq, desc->irq, sizeof(s->irq));
    *index = p->smmu_count++;
    return IOVP_OK;
}

static uint8_t *in_ram(const struct platform_ram *r, uint64_t addr,
                       uint64_t bytes)
{
    if (addr < r->range.base || addr > r->range.last ||
        bytes - 1 > r->range.last - addr)
        return NULL;
    return r->host + (addr - r->range.base);
}

uint8_t *memory_at(struct platform *p, uint64_t addr, uint64_t bytes)
{
    uint8_t *host;
    uint32_t i;

    if (p->ram_count == 0)
        return NULL;
    host = in_ram(&p->ram[p->ram_last], addr, bytes);
    if (host)
        return host;
    for (i = 0; i < p->ram_count; i++) {
        host = in_ram(&p->ram[i], addr, bytes);
        if (host) {
            p->ram_last = i;
            return host;
        }
    }
    return NULL;
}

bool memory_window(struct platform *p, uint64_t addr, struct iovp_bus_window *w)
{
    const struct platform_ram *r;

    if (!memory_at(p, addr, 1))
        return false;
    r = &p->ram[p->ram_last];
    w->base = r->range.base;
    w->bytes = r->range.last - r->range.base + 1;
    w->host = r->host;
    return true;
}

bool memory_is_placeholder(const struct platform *p, uint64_t addr)
{
    uint32_t i;

    for (i = 0; i < p->placeholder_count; i++)
        if (addr >= p->placeholder[i].base && addr <= p->placeholder[i].last)
            return true;
    return false;
}

struct platform_smmu *memory_smmu_at(struct platform *p, uint64_t addr,
                                     uint32_t width)
{
    uint32_t i;

    for (i = 0; i < p->smmu_count; i++)
        if (addr >= p->smmu[i].range.base &&
            addr <= p->smmu[i].range.last - (width - 1))
            return &p->smmu[i];
    return NULL;
}

void memory_free(struct platform *p)
{
    uint32_t i;

    for (i = 0; i < p->ram_count; i++)
        unmap_ram(p, &p->ram[i]);
    p->ram_count = 0;
}

static iovp_status mem_access(iovp_platform *h, uint64_t addr, size_t bytes,
                              const void *buf, uint8_t **host)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_CALLBACK, &p);

    if (st)
        return st;
    if (!buf || bytes == 0)
        return iovp_fail(IOVP_E_INVALID, "no buffer, or no bytes to copy");
    *host = memory_at(p, addr, bytes);
    if (!*host)
        return iovp_fail(IOVP_E_BUS,
                         "0x%llx, %zu bytes: not within one RAM region",
                         (unsigned long long)addr, bytes);
    return IOVP_OK;
}

iovp_status iovp_mem_read(iovp_platform *h, uint64_t addr, void *buf,
                          size_t bytes)
{
    uint8_t *host;
    iovp_status st = mem_access(h, addr, bytes, buf, &host);

    if (!st)
        memcpy(buf, host, bytes);
    return st;
}

iovp_status iovp_mem_write(iovp_platform *h, uint64_t addr, const void *buf,
                           size_t bytes)
{
    uint8_t *host;
    iovp_status st = mem_access(h, addr, bytes, buf, &host);

    if (!st)
        memcpy(host, buf, bytes);
    return st;
}
