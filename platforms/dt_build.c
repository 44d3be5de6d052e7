/* SPDX-License-Identifier: MIT */
/* port_dt_build: from `compatible` to what is built. */
#include <libfdt.h>
#include <string.h>

#include "dt_tree.h"

#define PREFIX "iovp,"

/* Node names (Devicetree Specification 2.2.1); iovp_device_info.name too. */
#define NAME_MAX_BYTES 31

static bool knows_none(const char *property)
{
    (void)property;
    return false;
}

static const struct dt_factory factories[] = {
    {"arm,smmu-v3", 0, dt_build_smmuv3, dt_smmuv3_knows},
    {"pci-host-ecam-generic", 1, dt_build_pci, dt_pci_knows},
    {"arm,gic-v3-its", 1, dt_build_msi, knows_none},
    {"arm,gic-v2m-frame", 1, dt_build_msi, knows_none},
    {"iovp,dma", 1, dt_build_dma, dt_dma_knows},
    {"iovp,dma-engine", 1, dt_build_engine, dt_engine_knows},
};

/* By device_type, as the Devicetree Specification 3.4 has it. */
static const struct dt_factory memory = {"memory", 0, dt_build_memory,
                                         knows_none};

#define PASSES 2u

static const struct dt_factory *factory_of(const char *compatible)
{
    for (size_t i = 0; i < sizeof(factories) / sizeof(factories[0]); i++) {
        if (!strcmp(compatible, factories[i].compatible))
            return &factories[i];
    }
    return dt_pci_factory(compatible);
}

/* The first string of `compatible` that is known decides. */
static iovp_status find_factory(struct dt *t, uint32_t node)
{
    const struct dt_factory **f = &t->node[node].factory;
    struct dt_prop p;
    const char *s;

    if (node == DT_ROOT)
        return IOVP_OK;
    if (dt_get(t, node, "device_type", &p) && p.len == sizeof("memory") &&
        !memcmp(p.data, "memory", sizeof("memory")))
        *f = &memory;
    if (!dt_get(t, node, "compatible", &p))
        return IOVP_OK;
    if (p.len > DT_MAX_COMPAT)
        return dt_fail(t, node, "compatible", "longer than %u bytes",
                       DT_MAX_COMPAT);
    while (!*f && (s = dt_string(&p, 0))) {
        *f = factory_of(s);
        if (!*f && !strncmp(s, PREFIX, strlen(PREFIX)))
            return dt_fail(t, node, "compatible",
                           "iovp has no binding of that name");
        p.len -= (uint32_t)strlen(s) + 1;
        p.data += strlen(s) + 1;
    }
    return IOVP_OK;
}

static iovp_status check_property(const struct dt *t, uint32_t node,
                                  const char *name)
{
    const struct dt_factory *f = t->node[node].factory;

    if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
        return IOVP_OK;
    if (!f)
        return dt_fail(t, node, name, "the node is not one that is modelled");
    if (!f->knows(name))
        return dt_fail(t, node, name, "no such property for %s nodes",
                       f->compatible);
    return IOVP_OK;
}

/* A mistyped property would otherwise be a silent default. */
static iovp_status check_properties(const struct dt *t, uint32_t node)
{
    uint32_t count = 0;
    iovp_status st = IOVP_OK;
    int offset;

    fdt_for_each_property_offset(offset, t->fdt, t->node[node].offset)
    {
        const char *name = NULL;

        if (!fdt_getprop_by_offset(t->fdt, offset, &name, NULL) || !name)
            continue;
        st = check_property(t, node, name);
        if (t->node[node].factory && ++count > DT_MAX_PROPS)
            return dt_fail(t, node, NULL, "more than %u properties",
                           DT_MAX_PROPS);
        if (st != IOVP_OK)
            break;
    }
    return st;
}

static iovp_status check_name(const struct dt *t, uint32_t node)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "0123456789,._+-@";
    const char *name = dt_name(t, node);
    size_t len = strlen(name);

    if (node != DT_ROOT && (!len || len > NAME_MAX_BYTES))
        return dt_fail(t, node, NULL, "the name must have 1 to %d characters",
                       NAME_MAX_BYTES);
    if (strspn(name, legal) != len)
        return dt_fail(t, node, NULL, "the name has an illegal character");
    return IOVP_OK;
}

static iovp_status prepare(struct dt *t)
{
    iovp_status st = IOVP_OK;

    for (uint32_t i = 0; st == IOVP_OK && i < t->nodes; i++) {
        st = find_factory(t, i);
        if (st == IOVP_OK && t->node[i].enabled)
            st = check_properties(t, i);
        if (st == IOVP_OK && t->node[i].enabled && t->node[i].factory)
            st = check_name(t, i);
    }
    return st;
}

static iovp_status build(struct dt *t, unsigned pass)
{
    iovp_status st = IOVP_OK;

    for (uint32_t i = 0; st == IOVP_OK && i < t->nodes; i++) {
        const struct dt_node *n = &t->node[i];

        if (n->factory && n->enabled && n->factory->pass == pass)
            st = n->factory->build(t, i);
    }
    return st;
}

iovp_status port_dt_build(struct platform *p, const void *fdt, size_t bytes)
{
    struct dt t = {.platform = p};
    iovp_status st = dt_open(&t, fdt, bytes);

    if (st == IOVP_OK)
        st = prepare(&t);
    for (unsigned pass = 0; st == IOVP_OK && pass < PASSES; pass++)
        st = build(&t, pass);
    if (st == IOVP_OK)
        st = dt_list_nodes(&t);
    dt_close(&t);
    return st;
}
