/* SPDX-License-Identifier: MIT */
#include "pcie_root_soc.h"

#include <stdlib.h>
#include <string.h>

#include "../models/common/bits.h"

#define STEPS 1000000u

/* ---- the host ------------------------------------------------------------ */

uint8_t *rsoc_ram(struct rsoc *s, uint64_t pa, uint64_t length)
{
    uint64_t at = pa - RSOC_RAM;

    return at < RSOC_RAM_SIZE && length <= RSOC_RAM_SIZE - at ? s->ram + at
                                                              : NULL;
}

/* CAS: the compare value, then what is swapped in. */
static void atomic(const struct pcie_tlp *t, uint8_t *at, uint8_t *data)
{
    uint8_t old[16];
    uint64_t a = 0, b = 0;

    memcpy(old, at, t->length);
    if (t->type == PCIE_TLP_SWAP) {
        memcpy(at, data, t->length);
    } else if (t->type == PCIE_TLP_FETCH_ADD) {
        memcpy(&a, at, t->length);
        memcpy(&b, data, t->length);
        a += b;
        memcpy(at, &a, t->length);
    } else if (!memcmp(at, data, t->length)) {
        memcpy(at, data + t->length, t->length);
    }
    memcpy(data, old, t->length);
}

/* What the IOMMU has translated to a peer. */
static enum pcie_status send_back(struct rsoc *s, const struct pcie_tlp *t,
                                  void *data, uint64_t pa)
{
    struct pcie_tlp down = *t;

    down.addr = pa;
    down.at = IOVP_AT_UNTRANSLATED;
    down.pasid_valid = down.privileged = down.execute = false;
    return pcie_send_down(s->p, &down, data);
}

static enum pcie_status on_request(void *opaque, uint32_t function,
                                   const struct pcie_tlp *t, void *data,
                                   uint64_t *time)
{
    struct rsoc *s = (struct rsoc *)opaque;
    uint64_t pa;
    uint8_t *at;

    (void)function;
    s->last = *t;
    *time += s->memory_ps;
    if (!rsoc_physical(s, t, *time, &pa)) {
        s->faults++;
        return PCIE_UR;
    }
    if (t->type == PCIE_TLP_MWR && t->length == 4 && pa - RSOC_MSI < 0x10000) {
        if (s->msis < RSOC_LIST)
            s->msi[s->msis] = (struct rsoc_msi){
                pa, iovp_le32((const uint8_t *)data), t->requester};
        s->msis++;
        return PCIE_SC;
    }
    at = rsoc_ram(s, pa, t->length);
    if (!at && s->peer_to_peer)
        return send_back(s, t, data, pa);
    if (!at)
        return PCIE_UR;
    if (t->type == PCIE_TLP_MRD)
        memcpy(data, at, t->length);
    else if (t->type == PCIE_TLP_MWR)
        memcpy(at, data, t->length);
    else
        atomic(t, at, (uint8_t *)data);
    return PCIE_SC;
}

static void on_intx(void *opaque, unsigned line, bool level)
{
    ((struct rsoc *)opaque)->line[line] = level;
}

static void on_error(void *opaque, uint8_t message, uint16_t source)
{
    struct rsoc *s = (struct rsoc *)opaque;

    (void)source;
    s->error = message;
    s->errors++;
}

static void on_tlp(void *opaque, const struct pcie_tlp_view *v)
{
    struct rsoc *s = (struct rsoc *)opaque;

    if (s->tlps < RSOC_LIST)
        s->tlp[s->tlps] = *v;
    s->tlps++;
}

static void on_wake(void *opaque, uint64_t t)
{
    struct rsoc *s = (struct rsoc *)opaque;

    s->wakes++;
    if (t < s->due)
        s->due = t;
}

/* ---- open and close -------------------------------------------------------
 */

static uint32_t enum_read(void *ud, uint16_t id, uint32_t at, unsigned width)
{
    uint64_t v;

    pcie_ecam_read(((struct rsoc *)ud)->p, (uint64_t)id << 12 | at, width, &v);
    return (uint32_t)v;
}

static void enum_write(void *ud, uint16_t id, uint32_t at, unsigned width,
                       uint32_t value)
{
    pcie_ecam_write(((struct rsoc *)ud)->p, (uint64_t)id << 12 | at, width,
                    value);
}

struct rsoc *rsoc_new(void)
{
    struct rsoc *s = (struct rsoc *)calloc(1, sizeof(*s));

    s->ram = (uint8_t *)calloc(1, RSOC_RAM_SIZE);
    s->memory_ps = 100000;
    s->translate_ps = 200000;
    s->latency_ps = 50000;
    s->invalidate_timeout_ps = 1000000000000ull;
    s->due = PCIE_NEVER;
    s->next_page = RSOC_RAM + RSOC_RAM_SIZE / 2;
    return s;
}

bool rsoc_open_functions(struct rsoc *s, const struct pcie_root_function *f,
                         uint32_t count)
{
    static const struct pcie_window windows[] = {
        {RSOC_MEM, RSOC_MEM, 0x10000000, false},
        {RSOC_PREF, RSOC_PREF, 1ull << 32, false},
        {RSOC_IO, 0x1000, 0xf000, true},
    };
    struct pcie_root_config c = {
        .size = sizeof(c),
        .bus_last = 255,
        .peer_to_peer = s->peer_to_peer,
        .timed = s->timed,
        .windows = windows,
        .window_count = 3,
        .functions = f,
        .function_count = count,
        .latency_ps = s->latency_ps,
        .invalidate_timeout_ps = s->invalidate_timeout_ps,
        .page_requests = s->page_requests,
    };
    struct pcie_root_ops ops = {
        .size = sizeof(ops),
        .request = on_request,
        .translate = s->no_translate ? NULL : rsoc_translate,
        .page_request = s->no_page_request ? NULL : rsoc_page_request,
        .invalidated = rsoc_invalidated,
        .intx = on_intx,
        .system_error = on_error,
        .tlp = on_tlp,
        .wake = on_wake,
    };

    s->root = pcie_root_create(&c, &ops, s);
    if (!s->root)
        return false;
    s->p = pcie_root_hierarchy(s->root);
    s->e = (struct pcie_enum){
        .read = enum_read,
        .write = enum_write,
        .ud = s,
        .bus_last = 255,
        .pool = {{RSOC_MEM, RSOC_MEM + 0x10000000},
                 {RSOC_PREF, RSOC_PREF + (1ull << 32)},
                 {0x1000, 0x10000}},
    };
    pcie_enumerate(&s->e);
    return !s->e.error;
}

static void add_port(struct pcie_root_function *f, unsigned device)
{
    static const struct pcie_cap_config caps[] = {
        {.cap = PCIE_CAP_PM},
        {.cap = PCIE_CAP_EXP,
         .exp = {.speed = 4,
                 .width = 16,
                 .mps = 512,
                 .ee_prefix = true,
                 .atomics = true,
                 .ari = true}},
        {.cap = PCIE_CAP_AER},
    };

    f->fn = (struct pcie_fn_config){.kind = PCIE_ROOT_PORT,
                                    .parent = -1,
                                    .device = (uint8_t)device,
                                    .vendor_id = 0x1234,
                                    .device_id = 0x10,
                                    .caps = caps,
                                    .cap_count = 3};
}

bool rsoc_open(struct rsoc *s, const struct rsoc_device *d, uint32_t count)
{
    struct pcie_root_function f[2 * RSOC_DEVICES] = {0};
    struct pcie_ep_caps *room =
        (struct pcie_ep_caps *)calloc(RSOC_DEVICES, sizeof(*room));
    void *defaults[RSOC_DEVICES] = {0};
    uint32_t n = 0;
    bool ok;

    if (count > RSOC_DEVICES)
        abort();
    for (uint32_t i = 0; i < count; i++) {
        const struct pcie_ep_class *cls = d[i].cls;
        struct pcie_root_function *e;

        defaults[i] = calloc(1, cls->config_bytes + 1u);
        cls->defaults(defaults[i]);
        if (!d[i].integrated)
            add_port(&f[n++], i + 1);
        e = &f[n];
        e->cls = cls;
        e->config = d[i].config ? d[i].config : defaults[i];
        e->fn.kind = d[i].integrated ? PCIE_RCIEP : PCIE_ENDPOINT;
        e->fn.parent = d[i].integrated ? -1 : (int32_t)n - 1;
        e->fn.device = d[i].integrated ? (uint8_t)(i + 1) : 0;
        cls->describe(e->config, &e->fn, &room[i]);
        s->dev[i] = n++;
    }
    ok = rsoc_open_functions(s, f, n);
    for (uint32_t i = 0; i < count; i++)
        free(defaults[i]);
    free(room);
    return ok;
}

void rsoc_close(struct rsoc *s)
{
    pcie_root_destroy(s->root);
    free(s->ram);
    free(s);
}

/* ---- time ---------------------------------------------------------------- */

bool rsoc_step(struct rsoc *s)
{
    uint64_t next;

    if (s->due == PCIE_NEVER)
        return false;
    if (s->due > s->now)
        s->now = s->due;
    s->due = PCIE_NEVER;
    next = pcie_root_work(s->root, s->now);
    s->due = next < s->due ? next : s->due;
    return true;
}

bool rsoc_run_until(struct rsoc *s, uint64_t t)
{
    for (uint32_t n = 0; n < STEPS; n++)
        if (s->due > t || !rsoc_step(s)) {
            if (t != PCIE_NEVER && t > s->now)
                s->now = t;
            return true;
        }
    return false;
}

bool rsoc_run(struct rsoc *s)
{
    return rsoc_run_until(s, PCIE_NEVER);
}

/* ---- registers ----------------------------------------------------------- */

struct pcie_fn *rsoc_fn(struct rsoc *s, uint32_t fn)
{
    return pcie_function(s->p, fn);
}

static uint64_t config_of(struct rsoc *s, uint32_t fn)
{
    pcie_set_time(s->p, s->now);
    return (uint64_t)pcie_id(rsoc_fn(s, fn)) << 12;
}

uint32_t rsoc_cfg_rd(struct rsoc *s, uint32_t fn, uint32_t at, unsigned width)
{
    uint64_t v;

    pcie_ecam_read(s->p, config_of(s, fn) | at, width, &v);
    return (uint32_t)v;
}

void rsoc_cfg_wr(struct rsoc *s, uint32_t fn, uint32_t at, unsigned width,
                 uint32_t value)
{
    pcie_ecam_write(s->p, config_of(s, fn) | at, width, value);
}

uint32_t rsoc_cap_rd(struct rsoc *s, uint32_t fn, enum pcie_cap cap,
                     uint32_t at, unsigned width)
{
    return rsoc_cfg_rd(s, fn, pcie_cap_offset(rsoc_fn(s, fn), cap) + at, width);
}

void rsoc_cap_wr(struct rsoc *s, uint32_t fn, enum pcie_cap cap, uint32_t at,
                 unsigned width, uint32_t value)
{
    rsoc_cfg_wr(s, fn, pcie_cap_offset(rsoc_fn(s, fn), cap) + at, width, value);
}

void rsoc_enable_sva(struct rsoc *s, uint32_t fn)
{
    struct pcie_fn *f = rsoc_fn(s, fn);

    if (pcie_cap_offset(f, PCIE_CAP_PASID))
        rsoc_cap_wr(s, fn, PCIE_CAP_PASID, 6, 2,
                    1 | (rsoc_cap_rd(s, fn, PCIE_CAP_PASID, 4, 2) & 6));
    if (pcie_cap_offset(f, PCIE_CAP_ATS))
        rsoc_cap_wr(s, fn, PCIE_CAP_ATS, 6, 2, 0x8000);
    if (pcie_cap_offset(f, PCIE_CAP_PRI)) {
        rsoc_cap_wr(s, fn, PCIE_CAP_PRI, 12, 4,
                    rsoc_cap_rd(s, fn, PCIE_CAP_PRI, 8, 4));
        rsoc_cap_wr(s, fn, PCIE_CAP_PRI, 4, 2, 1);
    }
}

void rsoc_enable_msix(struct rsoc *s, uint32_t fn, uint32_t n, uint32_t data)
{
    uint32_t table = rsoc_cap_rd(s, fn, PCIE_CAP_MSIX, 4, 4);

    for (uint32_t i = 0; i < n; i++) {
        uint64_t at = (table & ~7u) + 16 * i;

        rsoc_bar_wr(s, fn, table & 7, at, 4, (uint32_t)RSOC_MSI);
        rsoc_bar_wr(s, fn, table & 7, at + 4, 4, 0);
        rsoc_bar_wr(s, fn, table & 7, at + 8, 4, data + i);
        rsoc_bar_wr(s, fn, table & 7, at + 12, 4, 0);
    }
    rsoc_cap_wr(s, fn, PCIE_CAP_MSIX, 2, 2, 0x8000);
}

uint64_t rsoc_bar(const struct rsoc *s, uint32_t fn, unsigned bar)
{
    uint16_t id = pcie_id(pcie_function(s->p, fn));

    for (unsigned i = 0; i < s->e.count; i++)
        if (s->e.fn[i].id == id)
            return s->e.fn[i].bar[bar] +
                   (s->e.fn[i].bar[bar] < 0x10000 ? RSOC_IO - 0x1000 : 0);
    return 0;
}

uint64_t rsoc_bar_rd(struct rsoc *s, uint32_t fn, unsigned bar, uint64_t at,
                     unsigned width)
{
    uint8_t data[8] = {0};

    pcie_set_time(s->p, s->now);
    pcie_host_read(s->p, rsoc_bar(s, fn, bar) + at, data, width);
    return iovp_le64(data);
}

void rsoc_bar_wr(struct rsoc *s, uint32_t fn, unsigned bar, uint64_t at,
                 unsigned width, uint64_t value)
{
    uint8_t data[8];

    iovp_put_le64(data, value);
    pcie_set_time(s->p, s->now);
    pcie_host_write(s->p, rsoc_bar(s, fn, bar) + at, data, width);
}

uint64_t rsoc_ram_rd(struct rsoc *s, uint64_t pa, unsigned width)
{
    uint8_t data[8] = {0};

    memcpy(data, rsoc_ram(s, pa, width), width);
    return iovp_le64(data);
}

void rsoc_ram_wr(struct rsoc *s, uint64_t pa, unsigned width, uint64_t value)
{
    uint8_t data[8];

    iovp_put_le64(data, value);
    memcpy(rsoc_ram(s, pa, width), data, width);
}
