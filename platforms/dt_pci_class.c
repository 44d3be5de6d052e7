/* SPDX-License-Identifier: MIT */
/*
 * PCI functions by `compatible`: what class they are, and their properties,
 * as tables.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../models/common/bits.h"
#include "../models/pcie/endpoints/exerciser.h"
#include "../models/pcie/endpoints/nvme.h"
#include "../models/pcie/endpoints/test_endpoint.h"
#include "../models/pcie/pcie_regs.h"
#include "dt_pci.h"

/* Namespaces in memory, of a tree. */
#define MEDIA_MAX (4ull << 30)

/* ---- properties ------------------------------------------------------------
 */

enum type {
    NUMBER, /* one cell, or two if the field has 8 bytes */
    SWITCH, /* empty, or <1>; <0> */
    POWER,  /* a number that is a power of two; the field is its logarithm */
    TEXT,
};

/* Where it goes in the class's configuration, and what it may be. */
struct property {
    const char *name;
    uint8_t type, bytes;
    uint16_t offset;
    uint64_t least, most;
};

#define FIELD(s, f) sizeof(((struct s *)0)->f), offsetof(struct s, f)

/* ---- ports -----------------------------------------------------------------
 */

struct port_config {
    uint8_t speed, width;
    uint16_t mps;
    bool acs, dpc, atomics;
};

static void port_defaults(void *config)
{
    *(struct port_config *)config = (struct port_config){.speed = 4,
                                                         .width = 4,
                                                         .mps = 512,
                                                         .acs = true,
                                                         .dpc = true,
                                                         .atomics = true};
}

#define PORT_VENDOR 0x1234
#define PORT_DEVICE 0x1050 /* and the kind of port */

static void port_describe(const void *config, struct pcie_fn_config *f,
                          struct pcie_ep_caps *room)
{
    const struct port_config *c = config;
    bool down = f->kind != PCIE_UPSTREAM_PORT;
    uint32_t n = 0;

    f->vendor_id = PORT_VENDOR;
    f->device_id = (uint16_t)(PORT_DEVICE + f->kind);
    f->interrupt_pin = down;
    room->cap[n++] = (struct pcie_cap_config){.cap = PCIE_CAP_PM};
    room->cap[n++] = (struct pcie_cap_config){.cap = PCIE_CAP_EXP,
                                              .exp = {.speed = c->speed,
                                                      .width = c->width,
                                                      .mps = c->mps,
                                                      .ee_prefix = true,
                                                      .max_prefixes = 1,
                                                      .atomics = c->atomics,
                                                      .ari = down}};
    if (down)
        room->cap[n++] =
            (struct pcie_cap_config){.cap = PCIE_CAP_MSI, .msi = {1, true}};
    room->cap[n++] = (struct pcie_cap_config){.cap = PCIE_CAP_AER};
    if (c->acs && down)
        room->cap[n++] = (struct pcie_cap_config){
            .cap = PCIE_CAP_ACS,
            .acs = {PCIE_ACS_SV | PCIE_ACS_TB | PCIE_ACS_RR | PCIE_ACS_CR |
                    PCIE_ACS_UF | PCIE_ACS_DT}};
    if (c->dpc && down)
        room->cap[n++] = (struct pcie_cap_config){.cap = PCIE_CAP_DPC};
    f->caps = room->cap;
    f->cap_count = n;
}

/* Not an endpoint: what it has of one is how it is described. */
static const struct pcie_ep_class port_class = {
    .name = "port",
    .config_bytes = sizeof(struct port_config),
    .defaults = port_defaults,
    .describe = port_describe,
};

/* Of every function, ports included. */
#define LINK_PROPERTIES(s)                                   \
    {"max-link-speed", NUMBER, FIELD(s, speed), 1, 6},       \
        {"num-lanes", NUMBER, FIELD(s, width), 1, 32},       \
    {                                                        \
        "iovp,max-payload", NUMBER, FIELD(s, mps), 128, 4096 \
    }

static const struct property port_properties[] = {
    LINK_PROPERTIES(port_config),
    {"iovp,acs", SWITCH, FIELD(port_config, acs), 0, 1},
    {"iovp,dpc", SWITCH, FIELD(port_config, dpc), 0, 1},
    {"iovp,atomics", SWITCH, FIELD(port_config, atomics), 0, 1},
};

/* ---- endpoints -------------------------------------------------------------
 */

static const struct property test_properties[] = {
    LINK_PROPERTIES(test_endpoint_config),
    {"iovp,bar0-bytes", NUMBER, FIELD(test_endpoint_config, bar0_bytes), 8192,
     65536},
    {"iovp,msix-vectors", NUMBER, FIELD(test_endpoint_config, vectors), 1,
     2048},
    {"iovp,atomics", SWITCH, FIELD(test_endpoint_config, atomics), 0, 1},
    {"iovp,ats", SWITCH, FIELD(test_endpoint_config, ats), 0, 1},
    {"iovp,pri", SWITCH, FIELD(test_endpoint_config, pri), 0, 1},
    {"iovp,invalidate-queue-depth", NUMBER,
     FIELD(test_endpoint_config, queue_depth), 1, 32},
    {"iovp,atc-entries", NUMBER, FIELD(test_endpoint_config, atc.cache.entries),
     1, 65536},
    {"iovp,atc-ways", NUMBER, FIELD(test_endpoint_config, atc.cache.ways), 0,
     65536},
    {"iovp,atc-invalidate-ps", NUMBER,
     FIELD(test_endpoint_config, atc.invalidate_ps), 0, UINT32_MAX},
    {"iovp,pri-capacity", NUMBER, FIELD(test_endpoint_config, page_requests), 1,
     65536},
    {"iovp,pasid-bits", NUMBER, FIELD(test_endpoint_config, pasid_bits), 0,
     IOVP_PASID_BITS},
    {"iovp,vfs", NUMBER, FIELD(test_endpoint_config, vfs), 0, 256},
};

static iovp_status test_finish(struct dt *t, uint32_t node, void *config)
{
    static const char *const name[TEST_ENDPOINT_PERSONALITIES] = {
        [TEST_ENDPOINT_NATIVE] = "native",
        [TEST_ENDPOINT_ATSDEV] = "pcie-ats-testdev",
        [TEST_ENDPOINT_ITD] = "iommu-testdev",
    };
    struct test_endpoint_config *c = config;
    const char *s = name[TEST_ENDPOINT_NATIVE];
    iovp_status st = dt_get_string(t, node, "iovp,personality", &s);

    if (st != IOVP_OK)
        return st;
    while (c->personality < TEST_ENDPOINT_PERSONALITIES &&
           strcmp(name[c->personality], s) != 0)
        c->personality++;
    if (c->personality == TEST_ENDPOINT_PERSONALITIES)
        return dt_fail(t, node, "iovp,personality",
                       "is none of native, pcie-ats-testdev, iommu-testdev");
    if (!c->ats && !dt_has(t, node, "iovp,pri"))
        c->pri = false;
    return IOVP_OK;
}

static void test_vf(void *config)
{
    struct test_endpoint_config *c = config;

    c->vfs = 0;
    c->vf = true;
}

static const struct property exerciser_properties[] = {
    LINK_PROPERTIES(exerciser_config),
    {"iovp,memory-bytes", NUMBER, FIELD(exerciser_config, memory_bytes), 4096,
     EXERCISER_MEMORY_MAX},
    {"iovp,msix-vectors", NUMBER, FIELD(exerciser_config, msix_vectors), 1,
     2048},
    {"iovp,trace-entries", NUMBER, FIELD(exerciser_config, trace_entries), 1,
     EXERCISER_TRACE_MAX},
    {"iovp,pasid-bits", NUMBER, FIELD(exerciser_config, pasid_bits), 0,
     IOVP_PASID_BITS},
    {"iovp,interrupt-pin", NUMBER, FIELD(exerciser_config, interrupt_pin), 0,
     4},
    {"iovp,ats", SWITCH, FIELD(exerciser_config, ats), 0, 1},
    {"iovp,pri", SWITCH, FIELD(exerciser_config, pri), 0, 1},
    {"iovp,acs", SWITCH, FIELD(exerciser_config, acs), 0, 1},
    {"iovp,ari", SWITCH, FIELD(exerciser_config, ari), 0, 1},
    {"iovp,error-injection", SWITCH, FIELD(exerciser_config, error_injection),
     0, 1},
};

static iovp_status exerciser_finish(struct dt *t, uint32_t node, void *config)
{
    struct exerciser_config *c = config;

    if (!c->ats && !dt_has(t, node, "iovp,pri"))
        c->pri = false;
    return IOVP_OK;
}

static const struct property nvme_properties[] = {
    LINK_PROPERTIES(nvme_config),
    {"iovp,serial", TEXT, FIELD(nvme_config, serial), 0, 0},
    {"iovp,model", TEXT, FIELD(nvme_config, model), 0, 0},
    {"iovp,ats", SWITCH, FIELD(nvme_config, ats), 0, 1},
    {"iovp,atc-entries", NUMBER, FIELD(nvme_config, atc.cache.entries), 1,
     65536},
    {"iovp,atc-ways", NUMBER, FIELD(nvme_config, atc.cache.ways), 0, 65536},
    {"iovp,queues", NUMBER, FIELD(nvme_config, queues), 1, NVME_QUEUES_MAX},
    {"iovp,queue-entries", NUMBER, FIELD(nvme_config, queue_entries), 2, 65536},
    {"iovp,mdts", NUMBER, FIELD(nvme_config, mdts), 1, NVME_MDTS_MAX},
    {"iovp,block-size", POWER, FIELD(nvme_config, block_log2), 512, 4096},
    {"iovp,read-only", SWITCH, FIELD(nvme_config, read_only), 0, 1},
    {"iovp,command-ps", NUMBER, FIELD(nvme_config, command_ps), 0, UINT32_MAX},
    {"iovp,read-ps", NUMBER, FIELD(nvme_config, read_ps), 0, 1ull << 50},
    {"iovp,write-ps", NUMBER, FIELD(nvme_config, write_ps), 0, 1ull << 50},
    {"iovp,flush-ps", NUMBER, FIELD(nvme_config, flush_ps), 0, 1ull << 50},
    {"iovp,bytes-per-second", NUMBER, FIELD(nvme_config, bandwidth), 0,
     1ull << 50},
};

static iovp_status nvme_file(struct dt *t, uint32_t node, const char *path,
                             uint64_t *bytes, struct nvme_config *c)
{
    char name[DT_PATH];
    uint64_t have;
    iovp_status st =
        platform_open_file(t->platform, dt_path(t, node, name, sizeof(name)),
                           path, c->read_only, &c->storage_opaque, &have);

    if (st != IOVP_OK)
        return st;
    if (*bytes > have)
        return dt_fail(t, node, "iovp,size-bytes",
                       "%" PRIu64 " is more than the %" PRIu64
                       " bytes of iovp,backing-file",
                       *bytes, have);
    c->storage = &platform_file_storage;
    if (!*bytes)
        *bytes = have;
    return IOVP_OK;
}

static iovp_status nvme_finish(struct dt *t, uint32_t node, void *config)
{
    struct nvme_config *c = config;
    uint64_t bytes = 0, old = c->blocks << 9;
    const char *path = NULL;
    iovp_status st = dt_get_u64(t, node, "iovp,size-bytes", &bytes);

    if (st == IOVP_OK)
        st = dt_get_string(t, node, "iovp,backing-file", &path);
    if (st == IOVP_OK && path)
        st = nvme_file(t, node, path, &bytes, c);
    if (st != IOVP_OK)
        return st;
    if (!path && !dt_has(t, node, "iovp,size-bytes"))
        bytes = old;
    if (bytes >> c->block_log2 == 0 || bytes > 1ull << 50)
        return dt_fail(t, node,
                       path && !dt_has(t, node, "iovp,size-bytes")
                           ? "iovp,backing-file"
                           : "iovp,size-bytes",
                       "at least a block and at most 2^50 bytes, please");
    if (!path && (bytes > MEDIA_MAX || (t->media += bytes) > MEDIA_MAX))
        return dt_fail(t, node, "iovp,size-bytes",
                       "namespaces without iovp,backing-file are in memory, "
                       "at most 4 GiB together");
    c->blocks = bytes >> c->block_log2;
    return IOVP_OK;
}

/* ---- classes ---------------------------------------------------------------
 */

struct dt_pci_class {
    struct dt_factory factory; /* first: a node's factory is its class */
    enum pcie_kind kind;
    const struct pcie_ep_class *cls;
    const struct property *property;
    size_t properties;
    const char *more[4]; /* properties that `finish` reads */
    iovp_status (*finish)(struct dt *t, uint32_t node, void *config);
    void (*vf)(void *config); /* that of a PF becomes that of its VFs */
};

/* The host bridge above builds it. */
static iovp_status build_function(struct dt *t, uint32_t node)
{
    const struct dt_node *up = &t->node[t->node[node].parent];

    if (up->factory && (up->factory->build == dt_build_pci ||
                        up->factory->build == build_function))
        return IOVP_OK;
    return dt_fail(t, node, "compatible",
                   "a PCI function is a child of a PCI host bridge, or of a "
                   "port");
}

static bool knows(const struct dt_pci_class *c, const char *property);

#define CLASSES(X) X(ROOT) X(UP) X(DOWN) X(TEST) X(EXERCISER) X(NVME)
#define ENUM(c)    CLASS_##c,
enum { CLASSES(ENUM) };

static const struct dt_pci_class classes[];

#define KNOWS(c)                              \
    static bool knows_##c(const char *p)      \
    {                                         \
        return knows(&classes[CLASS_##c], p); \
    }
CLASSES(KNOWS)

#define PROPERTIES(p) (p), sizeof(p) / sizeof((p)[0])
#define FACTORY(n, c)                     \
    {                                     \
        (n), 1, build_function, knows_##c \
    }
#define PORT(n, c, k)                                                        \
    [CLASS_##                                                                \
        c] = {FACTORY(n, c), (k),  &port_class, PROPERTIES(port_properties), \
              {NULL},        NULL, NULL}

static const struct dt_pci_class classes[] = {
    PORT("iovp,pcie-root-port", ROOT, PCIE_ROOT_PORT),
    PORT("iovp,pcie-switch-upstream", UP, PCIE_UPSTREAM_PORT),
    PORT("iovp,pcie-switch-downstream", DOWN, PCIE_DOWNSTREAM_PORT),
    [CLASS_TEST] = {FACTORY("iovp,test-endpoint", TEST),
                    PCIE_ENDPOINT,
                    &test_endpoint_class,
                    PROPERTIES(test_properties),
                    {"iovp,personality"},
                    test_finish,
                    test_vf},
    [CLASS_EXERCISER] = {FACTORY("iovp,pcie-exerciser", EXERCISER),
                         PCIE_ENDPOINT,
                         &exerciser_class,
                         PROPERTIES(exerciser_properties),
                         {NULL},
                         exerciser_finish,
                         NULL},
    [CLASS_NVME] = {FACTORY("iovp,nvme", NVME),
                    PCIE_ENDPOINT,
                    &nvme_class,
                    PROPERTIES(nvme_properties),
                    {"iovp,size-bytes", "iovp,backing-file"},
                    nvme_finish,
                    NULL},
};

_Static_assert(sizeof(struct test_endpoint_config) <= PCI_CONFIG_BYTES &&
                   sizeof(struct exerciser_config) <= PCI_CONFIG_BYTES &&
                   sizeof(struct nvme_config) <= PCI_CONFIG_BYTES,
               "there is room for each class's configuration");

static bool knows(const struct dt_pci_class *c, const char *property)
{
    for (size_t i = 0; i < c->properties; i++)
        if (!strcmp(c->property[i].name, property))
            return true;
    for (size_t i = 0; i < sizeof(c->more) / sizeof(c->more[0]); i++)
        if (c->more[i] && !strcmp(c->more[i], property))
            return true;
    return false;
}

const struct dt_factory *dt_pci_factory(const char *compatible)
{
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        if (!strcmp(compatible, classes[i].factory.compatible))
            return &classes[i].factory;
    return NULL;
}

const struct dt_pci_class *dt_pci_class_of(const struct dt *t, uint32_t node)
{
    const struct dt_factory *f = t->node[node].factory;

    if (!f || !t->node[node].enabled || f->build != build_function)
        return NULL;
    return (const struct dt_pci_class *)(const void *)f;
}

enum pcie_kind dt_pci_kind(const struct dt_pci_class *c)
{
    return c->kind;
}

/* ---- reading ---------------------------------------------------------------
 */

static void put(uint8_t *config, const struct property *p, uint64_t v)
{
    uint8_t byte = (uint8_t)v;
    uint16_t half = (uint16_t)v;
    uint32_t word = (uint32_t)v;
    const void *from = p->bytes == 1   ? (const void *)&byte
                       : p->bytes == 2 ? (const void *)&half
                       : p->bytes == 4 ? (const void *)&word
                                       : (const void *)&v;

    memcpy(config + p->offset, from, p->bytes);
}

static iovp_status read_text(const struct dt *t, uint32_t node,
                             const struct property *p, uint8_t *config)
{
    const char *s = NULL;
    iovp_status st = dt_get_string(t, node, p->name, &s);
    size_t len = s ? strlen(s) : 0;

    if (st != IOVP_OK || !s)
        return st;
    if (!len || len >= p->bytes ||
        strspn(s, " !\"#$%&'()*+,-./0123456789:;<=>?"
                  "@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"
                  "`abcdefghijklmnopqrstuvwxyz{|}~") != len)
        return dt_fail(t, node, p->name, "1 to %d printable characters",
                       p->bytes - 1);
    memcpy(config + p->offset, s, len + 1);
    return IOVP_OK;
}

static iovp_status read_property(const struct dt *t, uint32_t node,
                                 const struct property *p, uint8_t *config)
{
    struct dt_prop value;
    uint64_t v = 1;
    iovp_status st = IOVP_OK;

    if (!dt_get(t, node, p->name, &value))
        return IOVP_OK;
    if (p->type == TEXT)
        return read_text(t, node, p, config);
    if (p->type != SWITCH || value.len)
        st = dt_get_u64(t, node, p->name, &v);
    if (st != IOVP_OK)
        return st;
    if (v < p->least || v > p->most)
        return dt_fail(t, node, p->name,
                       "%" PRIu64 " is not %" PRIu64 " to %" PRIu64, v,
                       p->least, p->most);
    if (p->type == POWER && !iovp_is_pow2(v))
        return dt_fail(t, node, p->name, "%" PRIu64 " is no power of two", v);
    for (; p->type == POWER && v > 1 && !(v & 1); v >>= 1)
        config[p->offset]++;
    if (p->type != POWER)
        put(config, p, v);
    return IOVP_OK;
}

static iovp_status read_config(struct dt *t, uint32_t node,
                               const struct dt_pci_class *c, void *config)
{
    iovp_status st = IOVP_OK;
    const char *wrong;

    c->cls->defaults(config);
    for (size_t i = 0; st == IOVP_OK && i < c->properties; i++)
        st = read_property(t, node, &c->property[i], config);
    if (st == IOVP_OK && c->finish)
        st = c->finish(t, node, config);
    if (st != IOVP_OK)
        return st;
    wrong = c->cls->check ? c->cls->check(config) : NULL;
    return wrong ? dt_fail(t, node, dt_pci_property(wrong), "%s", wrong)
                 : IOVP_OK;
}

iovp_status dt_pci_vfs(const struct dt *t, uint32_t node, uint32_t *vfs)
{
    const struct dt_pci_class *c = dt_pci_class_of(t, node);

    *vfs = 0;
    if (!c->vf)
        return IOVP_OK;
    return dt_get_u32(t, node, "iovp,vfs", vfs);
}

iovp_status dt_pci_describe(struct dt_pci *h, uint32_t index)
{
    struct pcie_root_function *f = &h->function[index];
    struct dt_pci_room *room = &h->room[index];
    const struct dt_pci_class *c = dt_pci_class_of(h->t, h->node_of[index]);
    iovp_status st;

    if (f->fn.kind == PCIE_VF) {
        memcpy(room->config, h->room[index - 1].config, sizeof(room->config));
        c->vf(room->config);
    } else {
        st = read_config(h->t, h->node_of[index], c, room->config);
        if (st != IOVP_OK)
            return st;
    }
    f->config = room->config;
    if (c->cls != &port_class)
        f->cls = c->cls;
    c->cls->describe(room->config, &f->fn, &room->caps);
    return IOVP_OK;
}
