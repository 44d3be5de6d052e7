/* SPDX-License-Identifier: MIT */
/* The test endpoint as a class: what it looks like, and its life. */
#include "test_endpoint_internal.h"

#include "../pcie_regs.h"

#include <string.h>

/* ---- configuration --------------------------------------------------------
 */

static void defaults(void *config)
{
    *(struct test_endpoint_config *)config = (struct test_endpoint_config){
        .bar0_bytes = 0x10000,
        .vectors = 16,
        .chunk_bytes = ENGINE_CHUNK,
        .speed = 4,
        .width = 4,
        .mps = 256,
        .atomics = true,
        .ats = true,
        .pri = true,
        .queue_depth = 32,
        .atc = {.cache = {.entries = 64, .ways = 4},
                .lookup_ps = 1000,
                .invalidate_ps = 100000},
        .page_requests = 32,
        .pasid_bits = 16,
        .execute = true,
        .privileged = true,
        .spaces = 0xf,
        .vf_first = 1,
        .vf_stride = 1,
    };
}

static const char *check(const void *config)
{
    const struct test_endpoint_config *c =
        (const struct test_endpoint_config *)config;

    if (c->personality >= TEST_ENDPOINT_PERSONALITIES)
        return "personality: no such";
    if (!iovp_is_pow2(c->bar0_bytes) || c->bar0_bytes < TEP_WINDOW ||
        c->bar0_bytes > 0x10000)
        return "bar0_bytes is a power of two, 8 KiB to 64 KiB";
    if (c->vectors < 1 || c->vectors > 2048)
        return "vectors is 1 to 2048";
    if (!iovp_is_pow2(c->chunk_bytes) || c->chunk_bytes < 512 ||
        c->chunk_bytes > ENGINE_CHUNK)
        return "chunk_bytes is a power of two, 512 to 16384";
    if (c->pri && !c->ats)
        return "pri: needs ats";
    if (c->ats && !iovp_cache_config_valid(&c->atc.cache))
        return "atc: not a geometry of a cache";
    if (c->pasid_bits > IOVP_PASID_BITS)
        return "pasid_bits is 0 to 20";
    if (c->spaces > 0xf)
        return "spaces: four bits";
    if (c->vfs && c->vf)
        return "vfs: a VF has none";
    return c->vfs > 256 ? "vfs is 0 to 256" : NULL;
}

/* ---- what it looks like ----------------------------------------------------
 */

struct identity {
    uint16_t vendor, device;
    uint32_t class_code, bar0;
};

static const struct identity identities[TEST_ENDPOINT_PERSONALITIES] = {
    /* Processing accelerator */
    [TEST_ENDPOINT_NATIVE] = {TEST_ENDPOINT_VENDOR, TEST_ENDPOINT_DEVICE,
                              0x120000, 0},
    [TEST_ENDPOINT_ATSDEV] = {0x1234, 0x11e9, 0xff0000, TEP_ATSDEV_SIZE},
    [TEST_ENDPOINT_ITD] = {0x1b36, 0x0005, 0xff0000, TEP_ITD_SIZE},
};

static uint32_t pow2_up(uint32_t v)
{
    return v < 2 ? 1 : 1u << (32 - __builtin_clz(v - 1));
}

/* BAR2: the table, then the PBA in its second half. */
static uint32_t msix_bar(const struct test_endpoint_config *c)
{
    uint32_t bytes = 2 * pow2_up(c->vectors * PCIE_MSIX_ENTRY);

    return bytes < 0x1000 ? 0x1000 : bytes;
}

static void add(struct pcie_ep_caps *room, uint32_t *n, bool wanted,
                struct pcie_cap_config cap)
{
    if (wanted)
        room->cap[(*n)++] = cap;
}

#define CAP(cap_, ...) ((struct pcie_cap_config){.cap = (cap_), __VA_ARGS__})

/* A VF has neither PRI nor PASID: those of the PF hold (9.3.7). */
static uint32_t add_caps(const struct test_endpoint_config *c, bool integrated,
                         struct pcie_ep_caps *room)
{
    uint32_t msi = pow2_up(c->vectors < 32 ? c->vectors : 32), n = 0;
    uint32_t bar = msix_bar(c);

    add(room, &n, !c->vf, CAP(PCIE_CAP_PM, .pm = {false}));
    add(room, &n, true,
        CAP(PCIE_CAP_EXP, .exp = {.speed = c->speed,
                                  .width = c->width,
                                  .mps = c->mps,
                                  .flr = true,
                                  .ee_prefix = c->pasid_bits != 0,
                                  .max_prefixes = 1,
                                  .atomics = c->atomics}));
    add(room, &n, !c->vf, CAP(PCIE_CAP_MSI, .msi = {(uint8_t)msi, true}));
    add(room, &n, true,
        CAP(PCIE_CAP_MSIX, .msix = {c->vectors, 2, 2, 0, bar / 2}));
    add(room, &n, true, CAP(PCIE_CAP_AER, .pm = {false}));
    add(room, &n, !integrated, CAP(PCIE_CAP_ARI, .pm = {false}));
    /* Functions of one device can reach each other (6.12.1.2). */
    add(room, &n, c->vfs || c->vf,
        CAP(PCIE_CAP_ACS, .acs = {PCIE_ACS_RR | PCIE_ACS_CR | PCIE_ACS_DT}));
    add(room, &n, c->ats, CAP(PCIE_CAP_ATS, .ats = {c->queue_depth, true}));
    add(room, &n, c->pri && !c->vf,
        CAP(PCIE_CAP_PRI, .pri = {c->page_requests, true}));
    add(room, &n, c->pasid_bits && !c->vf,
        CAP(PCIE_CAP_PASID,
            .pasid = {c->pasid_bits, c->execute, c->privileged}));
    add(room, &n, c->vfs != 0,
        CAP(PCIE_CAP_SRIOV, .sriov = {c->vfs, c->vf_first, c->vf_stride,
                                      TEST_ENDPOINT_VF_DEVICE}));
    return n;
}

static void describe(const void *config, struct pcie_fn_config *f,
                     struct pcie_ep_caps *room)
{
    const struct test_endpoint_config *c =
        (const struct test_endpoint_config *)config;
    const struct identity *i = &identities[c->personality];

    f->vendor_id = c->vendor_id ? c->vendor_id : i->vendor;
    f->device_id = c->device_id ? c->device_id : i->device;
    f->subsystem_vendor_id = f->vendor_id;
    f->subsystem_id = f->device_id;
    f->class_code = i->class_code;
    f->bar[0] = (struct pcie_bar){i->bar0 ? i->bar0 : c->bar0_bytes, 0};
    f->bar[2] = (struct pcie_bar){msix_bar(c), 0};
    f->caps = room->cap;
    f->cap_count = add_caps(c, f->kind == PCIE_RCIEP, room);
}

static void engine_settings(const struct test_endpoint_config *c,
                            struct engine_config *e)
{
    uint32_t policies = 1u << TEP_FAULT_FAIL | 1u << TEP_FAULT_RETRY |
                        (c->pri ? 1u << TEP_FAULT_PRI : 0);

    e->caps =
        TEP_CAPS_PCI | policies << TEP_CAPS_POLICY_SHIFT |
        (c->ats ? TEP_CAPS_ATC : 0) | (c->pasid_bits ? TEP_CAPS_PASID : 0) |
        (c->pasid_bits && c->execute ? TEP_CAPS_EXECUTE : 0) |
        (c->pasid_bits && c->privileged ? TEP_CAPS_PRIVILEGED : 0) |
        (c->spaces ? TEP_CAPS_SPACE : 0) | (c->atomics ? TEP_CAPS_ATOMICS : 0) |
        (uint32_t)c->pasid_bits << TEP_CAPS_WIDTH_SHIFT;
    e->vectors = c->vectors;
    e->chunk = c->chunk_bytes;
    e->spaces = c->spaces;
}

/* ---- its life ---------------------------------------------------------------
 */

static void destroy(void *self)
{
    struct test_endpoint *t = (struct test_endpoint *)self;
    struct iovp_heap heap;

    if (!t)
        return;
    heap = t->heap;
    pcie_atc_destroy(t->atc);
    iovp_heap_free(&heap, t);
}

static void *create(const void *config, struct pcie_ep *ep,
                    const struct iovp_heap *heap)
{
    struct test_endpoint *t =
        (struct test_endpoint *)iovp_heap_alloc(heap, sizeof(*t));
    struct engine_config e;

    if (!t)
        return NULL;
    t->cfg = *(const struct test_endpoint_config *)config;
    t->heap = *heap;
    t->ep = ep;
    t->group = -1;
    if (t->cfg.ats) {
        t->atc = pcie_atc_create(&t->cfg.atc, ep, heap);
        if (!t->atc) {
            destroy(t);
            return NULL;
        }
    }
    pcie_pri_init(&t->pri, ep);
    engine_settings(&t->cfg, &e);
    engine_init(&t->engine, &e, &test_endpoint_bus, t);
    test_endpoint_alias_reset(t);
    return t;
}

static void reset(void *self, enum pcie_reset_kind kind)
{
    struct test_endpoint *t = (struct test_endpoint *)self;

    (void)kind;
    engine_reset(&t->engine);
    test_endpoint_alias_reset(t);
    if (t->atc)
        pcie_atc_reset(t->atc);
    pcie_pri_reset(&t->pri);
}

static uint64_t work(void *self, uint64_t now)
{
    struct test_endpoint *t = (struct test_endpoint *)self;
    uint64_t next = t->atc ? pcie_atc_work(t->atc, now) : PCIE_NEVER;
    uint64_t mine;

    pcie_ep_set_time(t->ep, now);
    mine = engine_work(&t->engine);
    return mine < next ? mine : next;
}

static uint32_t counters(const void *self, struct pcie_counter *out,
                         uint32_t max)
{
    const struct test_endpoint *t = (const struct test_endpoint *)self;

    const struct pcie_counter pri[] = {
        {"pri_round_trips", t->pri.round_trips},
        {"pri_round_trip_ps", t->pri.round_trip_ps},
        {"pri_round_trip_max_ps", t->pri.round_trip_max_ps},
    };
    uint32_t n = 0;

    for (; n < TEP_COUNTER_COUNT; n++)
        if (n < max)
            out[n] = (struct pcie_counter){
                engine_counter_name((enum tep_counter)n),
                engine_counter(&t->engine, (enum tep_counter)n)};
    for (uint32_t i = 0; i < sizeof(pri) / sizeof(pri[0]); i++, n++)
        if (n < max)
            out[n] = pri[i];
    return n;
}

/* ---- what it is told --------------------------------------------------------
 */

/* Behind the MSI-X structures, which the hierarchy answers, BAR2 is empty. */
static enum pcie_status bar_read(void *self, unsigned bar, uint64_t offset,
                                 const struct pcie_tlp *tlp, void *data)
{
    struct test_endpoint *t = (struct test_endpoint *)self;

    memset(data, 0, tlp->length);
    if (bar != 0)
        return PCIE_SC;
    if (t->cfg.personality == TEST_ENDPOINT_NATIVE)
        engine_read(&t->engine, offset, data, tlp->length);
    else
        test_endpoint_alias_read(t, offset, data, tlp->length, tlp->peek);
    return PCIE_SC;
}

static enum pcie_status bar_write(void *self, unsigned bar, uint64_t offset,
                                  const struct pcie_tlp *tlp, const void *data)
{
    struct test_endpoint *t = (struct test_endpoint *)self;

    if (bar != 0)
        return PCIE_SC;
    if (t->cfg.personality == TEST_ENDPOINT_NATIVE)
        engine_write(&t->engine, offset, data, tlp->length);
    else
        test_endpoint_alias_write(t, offset, data, tlp->length);
    return PCIE_SC;
}

static enum pcie_status bar_atomic(void *self, unsigned bar, uint64_t offset,
                                   const struct pcie_tlp *tlp, void *data)
{
    static const uint8_t kind[PCIE_TLP_TYPES] = {
        [PCIE_TLP_FETCH_ADD] = ENGINE_FETCH_ADD,
        [PCIE_TLP_SWAP] = ENGINE_SWAP,
        [PCIE_TLP_CAS] = ENGINE_CAS,
    };
    struct test_endpoint *t = (struct test_endpoint *)self;

    if (bar != 0 || t->cfg.personality != TEST_ENDPOINT_NATIVE ||
        !t->cfg.atomics ||
        !engine_atomic(&t->engine, offset, kind[tlp->type], data, tlp->length))
        return PCIE_UR;
    return PCIE_SC;
}

static void config_written(void *self, uint32_t offset)
{
    struct test_endpoint *t = (struct test_endpoint *)self;

    (void)offset;
    if (t->atc)
        pcie_atc_update(t->atc);
    pcie_pri_update(&t->pri);
    engine_wake(&t->engine);
}

static void message(void *self, const struct pcie_tlp *tlp, const void *data)
{
    struct test_endpoint *t = (struct test_endpoint *)self;

    if (t->atc)
        pcie_atc_message(t->atc, tlp, data);
    pcie_pri_message(&t->pri, tlp);
    engine_wake(&t->engine);
}

static void pri_changed(void *self)
{
    struct test_endpoint *t = (struct test_endpoint *)self;

    pcie_pri_changed(&t->pri);
    engine_wake(&t->engine);
}

static const struct pcie_fn_ops ops = {
    .read = bar_read,
    .write = bar_write,
    .atomic = bar_atomic,
    .config_written = config_written,
    .message = message,
    .reset = reset,
};

const struct pcie_ep_class test_endpoint_class = {
    .name = "test-endpoint",
    .config_bytes = sizeof(struct test_endpoint_config),
    .defaults = defaults,
    .check = check,
    .describe = describe,
    .create = create,
    .destroy = destroy,
    .ops = &ops,
    .work = work,
    .pri_changed = pri_changed,
    .counters = counters,
};
