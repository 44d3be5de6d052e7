/* SPDX-License-Identifier: MIT */
/* The namespace's blocks, in the storage of the configuration or in memory, and
 * the time that the medium takes. */
#include "nvme_internal.h"

uint64_t nvme_capacity(const struct nvme *n)
{
    return n->cfg.blocks << n->cfg.block_log2;
}

bool nvme_media_create(struct nvme *n)
{
    if (n->cfg.storage)
        return true;
    n->memory = iovp_heap_alloc(&n->heap, nvme_capacity(n));
    return n->memory != NULL;
}

void nvme_media_destroy(struct nvme *n)
{
    iovp_heap_free(&n->heap, n->memory);
}

static bool result(struct nvme *n, bool ok)
{
    n->media_errors += !ok;
    return ok;
}

bool nvme_media_read(struct nvme *n, uint64_t at, void *data, uint32_t bytes)
{
    const struct nvme_storage_ops *s = n->cfg.storage;

    if (s)
        return result(n, s->read(n->cfg.storage_opaque, at, data, bytes));
    memcpy(data, n->memory + at, bytes);
    return true;
}

bool nvme_media_write(struct nvme *n, uint64_t at, const void *data,
                      uint32_t bytes)
{
    const struct nvme_storage_ops *s = n->cfg.storage;

    if (s)
        return result(n, s->write(n->cfg.storage_opaque, at, data, bytes));
    memcpy(n->memory + at, data, bytes);
    return true;
}

bool nvme_media_can_discard(const struct nvme *n)
{
    return !n->cfg.read_only && (!n->cfg.storage || n->cfg.storage->discard);
}

bool nvme_media_discard(struct nvme *n, uint64_t at, uint64_t bytes)
{
    const struct nvme_storage_ops *s = n->cfg.storage;

    if (!nvme_media_can_discard(n))
        return true;
    if (s)
        return result(n, s->discard(n->cfg.storage_opaque, at, bytes));
    memset(n->memory + at, 0, bytes);
    return true;
}

bool nvme_media_zero(struct nvme *n, uint64_t at, uint64_t bytes)
{
    static const uint8_t zeros[NVME_PAGE];

    if (nvme_media_can_discard(n))
        return nvme_media_discard(n, at, bytes);
    while (bytes) {
        uint32_t piece = bytes < NVME_PAGE ? (uint32_t)bytes : NVME_PAGE;

        if (!nvme_media_write(n, at, zeros, piece))
            return false;
        at += piece;
        bytes -= piece;
    }
    return true;
}

bool nvme_media_flush(struct nvme *n)
{
    const struct nvme_storage_ops *s = n->cfg.storage;

    return !s || !s->flush || result(n, s->flush(n->cfg.storage_opaque));
}

/* Picoseconds of `bytes`; in two steps, so that nothing overflows. */
static uint64_t duration(const struct nvme *n, uint64_t bytes)
{
    uint64_t per = n->cfg.bandwidth, ps;

    if (!per)
        return 0;
    ps = bytes / per * 1000000000000ull;
    bytes %= per;
    for (unsigned i = 0; i < 4; i++) {
        /* Three decimal digits at a time: bytes < per < 2^50. */
        ps +=
            bytes * 1000 / per * (uint64_t[]){1000000000, 1000000, 1000, 1}[i];
        bytes = bytes * 1000 % per;
    }
    return ps;
}

void nvme_take_time(struct nvme *n, uint64_t latency_ps, uint64_t bytes)
{
    uint64_t t = pcie_ep_time(n->ep) + latency_ps;

    if (bytes && n->cfg.bandwidth) {
        uint64_t ps = duration(n, bytes);

        if (t < n->medium_free)
            t = n->medium_free;
        t += ps;
        n->medium_free = t;
        n->busy_ps += ps;
    }
    pcie_ep_set_time(n->ep, t);
}
