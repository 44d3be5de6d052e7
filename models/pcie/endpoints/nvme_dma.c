/* SPDX-License-Identifier: MIT */
/* Access to the host's memory: plain, and by PRP entries (4.3). */
#include "nvme_internal.h"

static enum nvme_dma status_of(struct nvme *n, int s)
{
    if (s >= 0)
        return s == PCIE_SC ? NVME_DMA_OK : NVME_DMA_FAILED;
    n->refused = true;
    return NVME_DMA_REFUSED;
}

static enum nvme_dma translated(struct nvme *n, const struct pcie_tlp *t,
                                void *data)
{
    struct pcie_xfer_config c = {
        .tlp = *t,
        .bytes = t->length,
        .mode = PCIE_XFER_ATC,
        .policy = PCIE_XFER_FAIL,
    };
    struct pcie_xfer x;

    pcie_xfer_begin(&x, &c, n->ep, n->atc, NULL);
    switch (pcie_xfer_continue(&x, data)) {
    case PCIE_XFER_DONE:
        return NVME_DMA_OK;
    case PCIE_XFER_FAILED:
        return status_of(n, x.error == PCIE_XFER_REFUSED ? -1 : PCIE_UR);
    default:
        pcie_xfer_end(&x);
        return NVME_DMA_FAILED;
    }
}

enum nvme_dma nvme_dma(struct nvme *n, bool write, uint64_t addr, void *data,
                       uint32_t bytes)
{
    struct pcie_fn *f = pcie_ep_function(n->ep);
    struct pcie_tlp t = {
        .type = write ? PCIE_TLP_MWR : PCIE_TLP_MRD,
        .addr = addr,
        .length = bytes,
    };

    if (n->atc && pcie_enabled(f, PCIE_CAP_ATS))
        return translated(n, &t, data);
    return status_of(n, pcie_dma(f, &t, data));
}

/* ---- PRP entries ---------------------------------------------------- */

/* Where a command's data are: what is left of them. */
struct walk {
    struct nvme *n;
    bool to_host;
    uint8_t *data;
    uint32_t left;
    uint64_t begin, end; /* of the transfers, which overlap */
};

static uint16_t status_of_data(enum nvme_dma d)
{
    return d == NVME_DMA_OK ? NVME_SC_SUCCESS : NVME_SC_DATA_TRANSFER;
}

/* 4.3: but for the first entry, offsets are zero. */
static uint16_t move_page(struct walk *w, uint64_t addr, bool first)
{
    uint32_t page = nvme_page(w->n), offset = addr & (page - 1);
    uint32_t bytes = page - offset < w->left ? page - offset : w->left;
    enum nvme_dma d;

    if (offset && (!first || addr & 3))
        return NVME_SC_PRP_OFFSET;
    pcie_ep_set_time(w->n->ep, w->begin);
    d = nvme_dma(w->n, w->to_host, addr, w->data, bytes);
    if (pcie_ep_time(w->n->ep) > w->end)
        w->end = pcie_ep_time(w->n->ep);
    w->data += bytes;
    w->left -= bytes;
    return status_of_data(d);
}

static uint16_t move_listed(struct walk *w, uint32_t entries)
{
    for (uint32_t i = 0; i < entries; i++) {
        uint16_t s = move_page(w, iovp_le64(&w->n->list[8 * i]), false);

        if (s)
            return s;
    }
    return NVME_SC_SUCCESS;
}

/*
 * The last entry of a full page of the list points to the next one if more than
 * one page of data is left.  Only the first list may begin within a page, so
 * every further one moves data: it ends.
 */
static uint16_t move_by_list(struct walk *w, uint64_t list)
{
    struct nvme *n = w->n;
    uint32_t page = nvme_page(n);

    for (bool first = true; w->left; first = false) {
        uint32_t offset = list & (page - 1), fit = (page - offset) / 8;
        uint32_t need = (w->left + page - 1) / page;
        uint32_t count = need < fit ? need : fit;
        uint16_t s;

        if (offset && (!first || offset & 7))
            return NVME_SC_PRP_OFFSET;
        pcie_ep_set_time(n->ep, w->begin);
        if (nvme_dma(n, false, list, n->list, 8 * count) != NVME_DMA_OK)
            return NVME_SC_DATA_TRANSFER;
        w->begin = pcie_ep_time(n->ep);
        if (need > fit) {
            count--;
            list = iovp_le64(&n->list[8 * count]);
        }
        s = move_listed(w, count);
        if (s)
            return s;
    }
    return NVME_SC_SUCCESS;
}

uint16_t nvme_transfer(struct nvme *n, const struct nvme_command *c,
                       bool to_host, uint8_t *data, uint32_t bytes)
{
    struct walk w = {.n = n, .to_host = to_host, .data = data, .left = bytes};
    uint16_t s;

    w.begin = w.end = pcie_ep_time(n->ep);
    s = move_page(&w, c->prp1, true);
    if (!s && w.left)
        s = w.left <= nvme_page(n) ? move_page(&w, c->prp2, false)
                                   : move_by_list(&w, c->prp2);
    pcie_ep_set_time(n->ep, w.end > w.begin ? w.end : w.begin);
    return s;
}
