/* SPDX-License-Identifier: MIT */
/* What processors do: ECAM, windows of the host bridge, requests by address. */
#include "pcie_internal.h"

#include <string.h>

/* ---- configuration requests ------------------------------------------------
 */

uint64_t pcie_ecam_size(const struct pcie *p)
{
    return p ? (p->bus_last - p->bus_first + 1ull) << 20 : 0;
}

struct access {
    struct pcie_tlp t;
    struct pcie_path path;
    struct pcie_fn *f; /* NULL: nothing answers it */
    uint64_t begin;
};

/* False: what is asked for is not a request. */
static bool begin(struct pcie *p, uint64_t offset, unsigned width, bool write,
                  struct access *a)
{
    struct pcie_fn *blame;

    if (!p || offset >= pcie_ecam_size(p) || width < 1 || width > 8 ||
        (offset & 0xfff) + width > PCIE_CONFIG_SIZE)
        return false;
    a->t = (struct pcie_tlp){
        .type = (uint8_t)(write ? PCIE_TLP_CFGWR0 : PCIE_TLP_CFGRD0),
        .target = (uint16_t)((offset >> 12) + ((unsigned)p->bus_first << 8)),
        .requester = (uint16_t)((unsigned)p->bus_first << 8),
        .addr = offset & 0xfff,
        .length = width,
    };
    a->begin = p->time;
    a->f = pcie_route_id(p, a->t.target, &blame);
    a->path.count = 0;
    pcie_cross_down(&a->path, NULL, a->f, blame, &a->t);
    if (!a->f)
        pcie_unsupported(blame, &a->t);
    return true;
}

static void end(struct pcie *p, struct access *a, uint64_t value)
{
    enum pcie_status s = a->f ? PCIE_SC : PCIE_UR;

    if (a->f && a->f->ops && a->f->ops->config_request)
        a->f->ops->config_request(a->f->opaque, &a->t, value);
    pcie_cross_back(p, &a->path, &a->t, s);
    pcie_sent(p, NULL, &a->t, s, a->begin);
}

void pcie_ecam_read(struct pcie *p, uint64_t offset, unsigned width,
                    uint64_t *value)
{
    uint64_t v = iovp_mask(8 * (width < 8 ? width : 8));
    struct access a;

    if (begin(p, offset, width, false, &a)) {
        if (a.f)
            v = pcie_config_read(a.f, (uint32_t)a.t.addr, width);
        end(p, &a, v);
    }
    if (value)
        *value = v;
}

void pcie_ecam_write(struct pcie *p, uint64_t offset, unsigned width,
                     uint64_t value)
{
    struct access a;

    if (!begin(p, offset, width, true, &a))
        return;
    if (a.f) {
        /* 2.2.6.2: a function learns its bus number from every such request;
         * a VF has that of its PF (9.2.1.2). */
        if (!a.f->pf)
            pcie_set_bus(a.f, (uint8_t)(a.t.target >> 8));
        pcie_config_write(a.f, (uint32_t)a.t.addr, width, value);
    }
    end(p, &a, value);
}

/* ---- by address ------------------------------------------------------------
 */

/* A root port is the requester of what the host sends through it. */
static void received(struct pcie_fn *root_port, enum pcie_status s)
{
    if (root_port && s == PCIE_UR)
        cfg_set16(root_port, PCIE_SECONDARY_STATUS,
                  PCIE_STATUS_RECEIVED_MASTER_ABORT);
    if (root_port && s == PCIE_CA)
        cfg_set16(root_port, PCIE_SECONDARY_STATUS,
                  PCIE_STATUS_RECEIVED_TARGET_ABORT);
}

static enum pcie_status send_memory(struct pcie *p, const struct pcie_tlp *t,
                                    void *data)
{
    uint64_t begin = p->time;
    struct pcie_path path;
    struct pcie_target to;
    enum pcie_status s;

    path.count = 0;
    s = pcie_complete(p, NULL, NULL, t, data, &to, &path);
    pcie_cross_back(p, &path, t, s);
    if (!pcie_tlp_posted(t))
        received(to.root_port, s);
    pcie_sent(p, NULL, t, s, begin);
    return s;
}

static enum pcie_status send_message(struct pcie *p, const struct pcie_tlp *t,
                                     void *data)
{
    struct pcie_fn *blame;
    struct pcie_fn *f = pcie_route_id(p, t->target, &blame);
    enum pcie_status s = PCIE_UR;
    uint64_t begin = p->time;
    struct pcie_path path;

    path.count = 0;
    pcie_cross_down(&path, NULL, f, blame, t);
    if (f && f->ops && f->ops->message) {
        f->ops->message(f->opaque, t, data);
        s = PCIE_SC;
    } else if (f) {
        pcie_report(f, PCIE_UNCOR_UR, t);
    } else {
        pcie_unsupported(blame, t);
    }
    pcie_sent(p, NULL, t, s, begin);
    return s;
}

static bool fits(const struct pcie_tlp *t)
{
    if (is_atomic(t))
        return atomic_fits(t);
    return t->length >= 1 && t->length <= PCIE_PAGE &&
           (t->addr & (PCIE_PAGE - 1)) + t->length <= PCIE_PAGE;
}

enum pcie_status pcie_send_down(struct pcie *p, const struct pcie_tlp *t,
                                void *data)
{
    if (!p || !t)
        return PCIE_UR;
    if (t->type == PCIE_TLP_MSG || t->type == PCIE_TLP_MSGD)
        return send_message(p, t, data);
    if (t->type > PCIE_TLP_IOWR || !data || !fits(t))
        return PCIE_UR;
    return send_memory(p, t, data);
}

/* ---- windows ----------------------------------------------------------- */

static const struct pcie_window *window_at(const struct pcie *p, uint64_t host)
{
    for (uint32_t i = 0; i < p->window_count; i++)
        if (host - p->windows[i].host < p->windows[i].size)
            return &p->windows[i];
    return NULL;
}

/* As much of an access at `host` as one request can do; `w` may be NULL. */
static uint64_t piece(const struct pcie_window *w, uint64_t host,
                      uint64_t length)
{
    uint64_t n = PCIE_PAGE - (host & (PCIE_PAGE - 1)), most, pci;

    n = n < length ? n : length;
    if (!w)
        return n;
    if (w->size - (host - w->host) < n)
        n = w->size - (host - w->host);
    /* A window need not be aligned alike on both sides; I/O has doublewords
     * (2.2.7.1). */
    pci = host - w->host + w->pci;
    most = w->io ? 4 - (pci & 3) : PCIE_PAGE - (pci & (PCIE_PAGE - 1));
    return most < n ? most : n;
}

static enum pcie_status host_access(struct pcie *p, bool write, uint64_t host,
                                    uint8_t *data, uint64_t length)
{
    enum pcie_status first = PCIE_SC;

    while (length) {
        const struct pcie_window *w = window_at(p, host);
        uint64_t n = piece(w, host, length);
        enum pcie_status s = PCIE_UR;
        struct pcie_tlp t = {
            .type = (uint8_t)(write ? PCIE_TLP_MWR : PCIE_TLP_MRD),
            .requester = (uint16_t)((unsigned)p->bus_first << 8),
        };

        if (w && w->io)
            t.type = write ? PCIE_TLP_IOWR : PCIE_TLP_IORD;
        if (w) {
            t.addr = host - w->host + w->pci;
            t.length = (uint32_t)n;
            s = send_memory(p, &t, data);
        }
        if (s != PCIE_SC && !write)
            memset(data, 0xff, (size_t)n);
        if (first == PCIE_SC)
            first = s;
        host += n;
        data += n;
        length -= n;
    }
    return first;
}

enum pcie_status pcie_host_read(struct pcie *p, uint64_t host, void *data,
                                uint64_t length)
{
    return p && data ? host_access(p, false, host, (uint8_t *)data, length)
                     : PCIE_UR;
}

enum pcie_status pcie_host_write(struct pcie *p, uint64_t host,
                                 const void *data, uint64_t length)
{
    return p && data ? host_access(p, true, host, (uint8_t *)data, length)
                     : PCIE_UR;
}

/* ---- without a request ------------------------------------------------- */

void pcie_ecam_peek(struct pcie *p, uint64_t offset, void *data,
                    uint64_t length)
{
    uint8_t *out = (uint8_t *)data;
    uint64_t size = pcie_ecam_size(p);

    while (length) {
        uint64_t at = offset & (PCIE_CONFIG_SIZE - 1);
        uint64_t n = PCIE_CONFIG_SIZE - at;
        struct pcie_fn *blame, *f = NULL;

        n = n < length ? n : length;
        if (offset < size)
            f = pcie_route_id(
                p, (uint16_t)((offset >> 12) + ((unsigned)p->bus_first << 8)),
                &blame);
        if (f && pcie_present(f))
            memcpy(out, &f->config[at], (size_t)n);
        else
            memset(out, 0xff, (size_t)n);
        offset += n;
        out += n;
        length -= n;
    }
}

static bool peek(struct pcie *p, const struct pcie_window *w, uint64_t host,
                 uint8_t *data, uint64_t length)
{
    struct pcie_tlp t = {
        .type = (uint8_t)(w->io ? PCIE_TLP_IORD : PCIE_TLP_MRD),
        .requester = (uint16_t)((unsigned)p->bus_first << 8),
        .peek = true,
        .addr = host - w->host + w->pci,
        .length = (uint32_t)length,
    };
    struct pcie_target to;

    pcie_route_down(p, NULL, NULL, &t, &to);
    return to.f && pcie_deliver(&to, &t, data) == PCIE_SC;
}

void pcie_host_peek(struct pcie *p, uint64_t host, void *data, uint64_t length)
{
    uint8_t *out = (uint8_t *)data;

    while (length) {
        const struct pcie_window *w = p ? window_at(p, host) : NULL;
        uint64_t n = piece(w, host, length);

        if (!w || !peek(p, w, host, out, n))
            memset(out, 0xff, (size_t)n);
        host += n;
        out += n;
        length -= n;
    }
}
