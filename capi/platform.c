/* SPDX-License-Identifier: MIT */
/* Life of a platform, register access, running, tracing. */
#include "abi.h"
#include "alloc.h"
#include "context.h"
#include "engine_device.h"
#include "notify.h"
#include "pcie.h"
#include "space.h"
#include "transfer.h"

#include <stdlib.h>
#include <string.h>

/* A tree has a header of 40 bytes, and sizes in it have 31 bits. */
#define DTB_MIN 40
#define DTB_MAX INT32_MAX

static void platform_end(struct platform *p)
{
    if (!p)
        return;
    notifiers_free(p);
    /* Waiting transfers end with the contexts. */
    contexts_destroy(p);
    transfers_destroy(p);
    if (p->trace)
        port_trace_finish(p->trace);
    if (p->timed) {
        timed_destroy(p);
    } else {
        pcie_destroy_all(p);
        smmu_destroy_all(p);
    }
    platform_free_ud(p, p->irq_free, p->irq_ud);
    memory_free(p);
    stats_destroy(p->stats);
    spaces_free(p);
    objects_free(p);
    pcie_free(p);
    engine_devices_free(p);
    platform_free(p, p->nodes);
    platform_free(p, p->dtb);
    alloc_platform_end(p);
}

/* What a caller configured, in full. */
struct setup {
    iovp_platform_config config;
    iovp_allocator allocator;
    iovp_ram_ops ram;
};

static const char *setup_check(const struct setup *s)
{
    if (s->config.mode > IOVP_MODE_TIMED)
        return "config->mode is unknown";
    if (s->config.reserved[0] || s->config.reserved[1])
        return "config->reserved is not zero";
    if (!s->allocator.alloc != !s->allocator.release || s->allocator.reserved)
        return "config->allocator has one of two functions, or is not zero "
               "where it must be";
    if ((s->ram.unmap && !s->ram.map) || s->ram.reserved)
        return "config->ram has unmap only, or is not zero where it must be";
    return NULL;
}

static iovp_status setup_take(struct setup *s, const iovp_platform_config *c)
{
    const iovp_platform_config *config = &s->config;
    iovp_status st = IOVP_OK;
    const char *why;

    if (c)
        st = abi_in(&s->config, sizeof(*c), sizeof(*c), c, "config");
    if (!st && config->allocator)
        st = ABI_IN(&s->allocator, config->allocator);
    if (!st && config->ram)
        st = ABI_IN(&s->ram, config->ram);
    why = st ? NULL : setup_check(s);
    return why ? iovp_fail(IOVP_E_INVALID, "%s", why) : st;
}

static iovp_status create_timed(struct platform *p)
{
    iovp_status st = timed_create(p);

    for (uint32_t i = 0; !st && i < p->pcie_count; i++)
        if (!p->pcie[i].root && p->pcie[i].desc.root->function_count)
            st = iovp_fail(IOVP_E_UNSUPPORTED,
                           "%s: PCI functions are in functional mode only",
                           p->pcie[i].desc.path);
    if (!st)
        smmu_attach_devices(p);
    return st;
}

static iovp_status platform_build(struct platform *p, const void *dtb,
                                  size_t bytes)
{
    iovp_status st;

    p->stats = stats_create(p);
    p->dtb = platform_alloc(p, 1, bytes);
    p->nodes = platform_alloc(p, PLATFORM_NODE_MAX, sizeof(*p->nodes));
    if (!p->stats || !p->dtb || !p->nodes)
        return iovp_fail(IOVP_E_NOMEM, "no memory for the platform");
    memcpy(p->dtb, dtb, bytes);
    p->dtb_bytes = bytes;
    st = port_dt_build(p, p->dtb, p->dtb_bytes);
    if (st)
        return st;
    if (p->mode == IOVP_MODE_TIMED)
        return create_timed(p);
    st = smmu_create_all(p);
    if (!st)
        st = pcie_create_all(p);
    if (!st)
        smmu_attach_devices(p);
    return st;
}

iovp_status iovp_platform_create(iovp_platform **out,
                                 const iovp_platform_config *config,
                                 const void *dtb, size_t bytes)
{
    struct setup s = {.config = IOVP_PLATFORM_CONFIG_INIT};
    iovp_status st = setup_take(&s, config);
    struct platform *p;

    if (st)
        return st;
    if (!out || !dtb || bytes < DTB_MIN || bytes > DTB_MAX)
        return iovp_fail(IOVP_E_INVALID, "no place for the handle, or no tree");
    if (s.config.mode == IOVP_MODE_TIMED && !timed_available())
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "this libiovp was built without SystemC, so only "
                         "functional platforms exist");
    p = alloc_platform(&s.allocator);
    if (!p)
        return iovp_fail(IOVP_E_NOMEM, "no memory for the platform");
    p->mode = s.config.mode;
    p->quantum_ps = s.config.quantum_ps;
    p->log = s.config.log;
    p->log_ud = s.config.log_ud;
    p->ram_ops = s.ram;
    st = platform_build(p, dtb, bytes);
    if (!st)
        st = handle_register(p, out);
    if (st)
        platform_end(p);
    return st;
}

iovp_status iovp_platform_create_file(iovp_platform **out,
                                      const iovp_platform_config *config,
                                      const char *path)
{
    void *blob = NULL;
    size_t bytes = 0;
    iovp_status st;

    if (!out || !path)
        return iovp_fail(IOVP_E_INVALID, "no place for the handle, or no path");
    st = port_dt_load(path, &blob, &bytes);
    if (!st)
        st = iovp_platform_create(out, config, blob, bytes);
    free(blob);
    return st;
}

void iovp_platform_destroy(iovp_platform *h)
{
    struct platform *p;

    if (!h || handle_enter(h, ENTER_NORMAL, &p))
        return;
    /* Handlers that are at work still have their handles. */
    timed_settle(p);
    platform_end(handle_release(h));
}

iovp_status iovp_platform_dtb(iovp_platform *h, void *buf, size_t *bytes)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);

    if (!st)
        st = abi_list(buf, bytes, p->dtb_bytes, 0, "buf");
    if (!st)
        memcpy(buf, p->dtb, p->dtb_bytes);
    return st;
}

iovp_status platform_add_node(struct platform *p, const iovp_node *node)
{
    if (p->node_count == PLATFORM_NODE_MAX)
        return iovp_fail(IOVP_E_DT, "%s: more than %d nodes", node->path,
                         PLATFORM_NODE_MAX);
    p->nodes[p->node_count] = *node;
    p->nodes[p->node_count++].size = sizeof(*node);
    if (node->state == IOVP_NODE_UNMODELLED)
        platform_log(p, IOVP_LOG_INFO, "%s (%s): not modelled", node->path,
                     node->compatible);
    return IOVP_OK;
}

iovp_status iovp_nodes(iovp_platform *h, iovp_node *nodes, size_t *count)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);
    size_t i;

    if (!st)
        st = abi_list(nodes, count, p->node_count, sizeof(*nodes), "nodes");
    for (i = 0; !st && i < p->node_count; i++)
        abi_out(abi_at(nodes, i), &p->nodes[i], sizeof(p->nodes[i]));
    return st;
}

uint64_t iovp_now(iovp_platform *h)
{
    struct platform *p;

    if (handle_enter(h, ENTER_CALLBACK, &p))
        return 0;
    return p->timed ? timed_now(p) : 0;
}

/* ---- registers -------------------------------------------------------- */

static iovp_status ram_mmio(struct platform *p, uint64_t addr, uint32_t width,
                            bool write, uint64_t *value)
{
    uint8_t *host = memory_at(p, addr, width);
    uint32_t i;

    if (!host)
        return iovp_fail(IOVP_E_BUS, "nothing answers at 0x%llx",
                         (unsigned long long)addr);
    if (write) {
        for (i = 0; i < width; i++)
            host[i] = (uint8_t)(*value >> (8 * i));
        return IOVP_OK;
    }
    *value = 0;
    for (i = 0; i < width; i++)
        *value |= (uint64_t)host[i] << (8 * i);
    return IOVP_OK;
}

static iovp_status device_or_ram(struct platform *p, uint64_t addr,
                                 uint32_t width, bool write, uint64_t *value)
{
    struct platform_pcie *h = pcie_host_at(p, addr, width);
    struct platform_engine *e = engine_device_at(p, addr, width);

    if (e) {
        engine_device_access(e, addr, width, write, value);
        return IOVP_OK;
    }
    if (!h)
        return ram_mmio(p, addr, width, write, value);
    if (p->timed)
        return timed_pcie_mmio(p, h, addr, width, write, value);
    pcie_mmio(h, addr, width, write, value);
    return IOVP_OK;
}

static iovp_status mmio(iovp_platform *h, uint64_t addr, uint32_t width,
                        uint32_t space, bool write, uint64_t *value)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_SERVICE, &p);
    struct platform_smmu *s;
    uint64_t word = 0;
    uint32_t offset;
    bool ok;

    if (st)
        return st;
    if ((width != 1 && width != 2 && width != 4 && width != 8) ||
        (addr & (width - 1)) || space > IOVP_SPACE_ROOT || !value)
        return iovp_fail(IOVP_E_INVALID, "width, alignment, space or value");
    s = memory_smmu_at(p, addr, width);
    if (!s)
        return device_or_ram(p, addr, width, write, value);
    offset = (uint32_t)(addr - s->range.base);
    if (p->timed)
        return timed_mmio(p, s, offset, width, space, write, value);
    if (write)
        ok = smmuv3_mmio_write(s->core, offset, width, (uint8_t)space, *value);
    else
        ok = smmuv3_mmio_read(s->core, offset, width, (uint8_t)space, &word);
    pcie_work(p);
    if (!ok)
        return iovp_fail(IOVP_E_BUS, "%s: offset 0x%x refuses %u bytes",
                         s->range.node, offset, width);
    if (!write)
        *value = word;
    return IOVP_OK;
}

iovp_status iovp_mmio_read(iovp_platform *p, uint64_t addr, uint32_t width,
                           uint32_t space, uint64_t *value)
{
    return mmio(p, addr, width, space, false, value);
}

iovp_status iovp_mmio_write(iovp_platform *p, uint64_t addr, uint32_t width,
                            uint32_t space, uint64_t value)
{
    return mmio(p, addr, width, space, true, &value);
}

/* The last use of a callback's argument. */
void platform_free_ud(struct platform *p, iovp_free_fn *free_ud, void *ud)
{
    int nested = p->in_callback;

    if (!free_ud)
        return;
    p->in_callback = CALLBACK_SIM;
    free_ud(ud);
    p->in_callback = nested;
}

iovp_status iovp_irq_handler(iovp_platform *h, iovp_irq_fn *fn,
                             iovp_free_fn *free_ud, void *ud)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);
    iovp_free_fn *old_free;
    void *old;

    if (st)
        return st;
    old_free = p->irq_free;
    old = p->irq_ud;
    p->irq = fn;
    p->irq_free = free_ud;
    p->irq_ud = ud;
    platform_free_ud(p, old_free, old);
    return IOVP_OK;
}

/* ---- trace -------------------------------------------------------------- */

iovp_status iovp_trace_start(iovp_platform *h, const char *path)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);

    if (st)
        return st;
    if (!path)
        return iovp_fail(IOVP_E_INVALID, "no path of a file");
    if (p->trace)
        return iovp_fail(IOVP_E_BUSY, "a trace is being written already");
    return port_trace_create(&p->trace, path, p->dtb, p->dtb_bytes);
}

iovp_status iovp_trace_stop(iovp_platform *h)
{
    struct platform *p;
    struct trace_writer *w;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);

    if (st)
        return st;
    if (!p->trace)
        return iovp_fail(IOVP_E_INVALID, "no trace is being written");
    w = p->trace;
    p->trace = NULL;
    return port_trace_finish(w);
}

iovp_status iovp_trace_marker(iovp_platform *h, uint64_t number)
{
    struct platform *p;
    struct iovp_trace_record r = {.kind = IOVP_TRACE_MARKER,
                                  .initiator = 0xffff,
                                  .iommu = 0xffff,
                                  .iova = number};
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);

    if (st)
        return st;
    r.time_in = r.time_out = p->timed ? timed_now(p) : 0;
    platform_record(p, &r);
    return IOVP_OK;
}
