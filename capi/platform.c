/* SPDX-License-Identifier: MIT */
/* Life of a platform, register access, running, tracing. */
#include "platform.h"

#include <stdlib.h>
#include <string.h>

/* A tree has a header of 40 bytes, and sizes in it have 31 bits. */
#define DTB_MIN 40
#define DTB_MAX INT32_MAX

static void platform_free(struct platform *p)
{
    if (!p)
        return;
    if (p->trace)
        port_trace_finish(p->trace);
    if (p->timed)
        timed_destroy(p);
    else
        smmu_destroy_all(p);
    memory_free(p);
    stats_destroy(p->stats);
    free(p->nodes);
    free(p->dtb);
    free(p);
}

static const char *config_check(const iovp_platform_config *c)
{
    if (c->size != sizeof(*c))
        return "config->size is not that of iovp_platform_config";
    if (c->mode > IOVP_MODE_TIMED)
        return "config->mode is unknown";
    if (c->reserved[0] || c->reserved[1])
        return "config->reserved is not zero";
    return NULL;
}

static iovp_status platform_build(struct platform *p, const void *dtb,
                                  size_t bytes)
{
    iovp_status st;

    p->stats = stats_create();
    p->dtb = malloc(bytes);
    p->nodes = calloc(PLATFORM_NODE_MAX, sizeof(*p->nodes));
    if (!p->stats || !p->dtb || !p->nodes)
        return iovp_fail(IOVP_E_NOMEM, "no memory for the platform");
    memcpy(p->dtb, dtb, bytes);
    p->dtb_bytes = bytes;
    st = port_dt_build(p, p->dtb, p->dtb_bytes);
    if (st)
        return st;
    st = p->mode == IOVP_MODE_TIMED ? timed_create(p) : smmu_create_all(p);
    if (!st)
        smmu_attach_devices(p);
    return st;
}

iovp_status iovp_platform_create(iovp_platform **out,
                                 const iovp_platform_config *config,
                                 const void *dtb, size_t bytes)
{
    static const iovp_platform_config defaults = IOVP_PLATFORM_CONFIG_INIT;
    const char *why;
    struct platform *p;
    iovp_status st;

    if (!config)
        config = &defaults;
    why = config_check(config);
    if (!out || !dtb || bytes < DTB_MIN || bytes > DTB_MAX || why)
        return iovp_fail(IOVP_E_INVALID, "%s",
                         why ? why : "no place for the handle, or no tree");
    if (config->mode == IOVP_MODE_TIMED && !timed_available())
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "this libiovp was built without SystemC, so only "
                         "functional platforms exist");
    p = calloc(1, sizeof(*p));
    if (!p)
        return iovp_fail(IOVP_E_NOMEM, "no memory for the platform");
    p->mode = config->mode;
    p->quantum_ps = config->quantum_ps;
    p->log = config->log;
    p->log_ud = config->log_ud;
    st = platform_build(p, dtb, bytes);
    if (!st)
        st = handle_register(p, out);
    if (st)
        platform_free(p);
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
    platform_free(handle_release(h));
}

iovp_status iovp_platform_dtb(iovp_platform *h, void *buf, size_t *bytes)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);
    size_t room;

    if (st)
        return st;
    if (!bytes || (!buf && *bytes))
        return iovp_fail(IOVP_E_INVALID, "no count, or no buffer for it");
    room = *bytes;
    *bytes = p->dtb_bytes;
    if (room < p->dtb_bytes)
        return iovp_fail(IOVP_E_SPACE, "%zu bytes", p->dtb_bytes);
    memcpy(buf, p->dtb, p->dtb_bytes);
    return IOVP_OK;
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
    size_t room, i;

    if (st)
        return st;
    if (!count || (!nodes && *count))
        return iovp_fail(IOVP_E_INVALID, "no count, or no buffer for it");
    room = *count;
    for (i = 0; i < p->node_count && i < room; i++)
        if (nodes[i].size != sizeof(nodes[i]))
            return iovp_fail(IOVP_E_INVALID, "nodes[%zu].size is not set", i);
    *count = p->node_count;
    if (room < p->node_count)
        return iovp_fail(IOVP_E_SPACE, "%zu nodes", p->node_count);
    memcpy(nodes, p->nodes, p->node_count * sizeof(*nodes));
    return IOVP_OK;
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

static iovp_status mmio(iovp_platform *h, uint64_t addr, uint32_t width,
                        uint32_t space, bool write, uint64_t *value)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);
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
        return ram_mmio(p, addr, width, write, value);
    offset = (uint32_t)(addr - s->range.base);
    if (p->timed)
        return timed_mmio(p, s, offset, width, space, write, value);
    if (write)
        ok = smmuv3_mmio_write(s->core, offset, width, (uint8_t)space, *value);
    else
        ok = smmuv3_mmio_read(s->core, offset, width, (uint8_t)space, &word);
    smmu_work(p);
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

iovp_status iovp_irq_handler(iovp_platform *h, iovp_irq_fn *fn, void *ud)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);

    if (st)
        return st;
    p->irq = fn;
    p->irq_ud = ud;
    return IOVP_OK;
}

/* ---- running ----------------------------------------------------------- */

#define RUN_BATCH 65536

/* One access of the next device whose turn it is; false: none has any. */
static bool run_one(struct platform *p)
{
    uint32_t i;

    for (i = 0; i < p->device_count; i++) {
        struct platform_device_state *d =
            &p->device[p->next_device % p->device_count];
        struct workload_access a;
        iovp_dma_result r;
        iovp_attrs attrs;

        p->next_device = (p->next_device + 1) % p->device_count;
        if (!workload_next(&d->workload, &a))
            continue;
        workload_attrs(d, &a, &attrs);
        dma_functional(p, d, &attrs, a.iova, NULL, a.bytes, a.access, &r);
        return true;
    }
    return false;
}

static uint32_t run_functional(struct platform *p)
{
    uint32_t n;

    smmu_work(p);
    for (n = 0; n < RUN_BATCH; n++)
        if (!run_one(p))
            return IOVP_RUN_IDLE;
    return IOVP_RUN_TIME;
}

iovp_status iovp_run_until(iovp_platform *h, uint64_t time_ps, uint32_t *reason)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);
    uint32_t why = IOVP_RUN_IDLE;

    if (st)
        return st;
    if (p->timed)
        st = timed_run_until(p, time_ps, &why);
    else
        why = run_functional(p);
    if (!st && reason)
        *reason = why;
    return st;
}

/* ---- trace -------------------------------------------------------------- */

iovp_status iovp_trace_start(iovp_platform *h, const char *path)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);

    if (st)
        return st;
    if (!path)
        return iovp_fail(IOVP_E_INVALID, "no path");
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
