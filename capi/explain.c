/* SPDX-License-Identifier: MIT */
/*
 * iovp_explain: what the device tree says here, what the IOMMU says beside its
 * model.
 */
#include <stdio.h>
#include <string.h>

#include "../models/common/explain.h"
#include "abi.h"
#include "explain_pci.h"
#include "platform.h"

#define ON EXPLAIN_ON

/* More than the conditions of a device with PLATFORM_STREAMS StreamIDs. */
#define ROWS 512

#define ALL ((1u << IOVP_EXPLAIN_FEATURES) - 1)

_Static_assert((int)IOVP_FEATURE_TRANSLATION == IOVP_EXPLAIN_TRANSLATION &&
                   (int)IOVP_FEATURE_NESTED == IOVP_EXPLAIN_NESTED &&
                   (int)IOVP_FEATURE_PASID == IOVP_EXPLAIN_PASID &&
                   (int)IOVP_FEATURE_STALL == IOVP_EXPLAIN_STALL &&
                   (int)IOVP_FEATURE_ATS == IOVP_EXPLAIN_ATS &&
                   (int)IOVP_FEATURE_PRI == IOVP_EXPLAIN_PRI &&
                   (int)IOVP_FEATURE_SVA == IOVP_EXPLAIN_SVA,
               "the header and the models number features alike");
_Static_assert((int)IOVP_CONDITION_MET == IOVP_EXPLAIN_MET &&
                   (int)IOVP_CONDITION_FAILS == IOVP_EXPLAIN_FAILS &&
                   (int)IOVP_CONDITION_UNKNOWN == IOVP_EXPLAIN_UNKNOWN,
               "and states too");
_Static_assert(sizeof(((iovp_condition *)0)->where) ==
                       sizeof(((struct iovp_explain_row *)0)->where) &&
                   sizeof(((iovp_condition *)0)->what) ==
                       sizeof(((struct iovp_explain_row *)0)->what),
               "and have the same room for text");

/* ---- the device tree ------------------------------------------------ */

struct tree {
    const struct platform_device_state *d;
    const struct platform_smmu *iommu; /* NULL: none */
};

/* One condition: false if it fails; `what` gets the sentence. */
struct tree_row {
    unsigned features;
    const char *property;
    bool (*met)(const struct tree *t, char *what, size_t size);
    enum { OF_DEVICE, OF_BRIDGE, OF_IOMMU } of; /* whose node it is about */
};

#define SAY(...) snprintf(what, size, __VA_ARGS__)

static bool met_iommus(const struct tree *t, char *what, size_t size)
{
    const struct platform_device *d = &t->d->desc;

    if (t->iommu)
        SAY("the device must be behind an IOMMU: it is behind %s, with %u "
            "StreamID%s, first 0x%x",
            t->iommu->range.node, d->stream_ids, d->stream_ids > 1 ? "s" : "",
            d->stream_id[0]);
    else
        SAY("the device must be behind an IOMMU: the node has no iommus, so "
            "its DMA passes untranslated");
    return t->iommu != NULL;
}

static bool met_one_stream(const struct tree *t, char *what, size_t size)
{
    uint32_t n = t->d->desc.stream_ids;

    SAY("a device that stalls must have one StreamID: it has %u", n);
    return n == 1;
}

static bool met_pasid_bits(const struct tree *t, char *what, size_t size)
{
    uint32_t bits = t->d->desc.pasid_bits;

    SAY("the device must send PASIDs: it has %u bits of them", bits);
    return bits > 0;
}

static bool met_can_stall(const struct tree *t, char *what, size_t size)
{
    SAY("the device must bear stalled DMA: dma-can-stall is %s",
        t->d->desc.can_stall ? "there" : "not there");
    return t->d->desc.can_stall;
}

static bool met_pci(const struct tree *t, char *what, size_t size)
{
    SAY("ATS and PRI are messages of PCI Express: the device is %s",
        t->d->desc.pci ? "a PCI function" : "none of its functions");
    return t->d->desc.pci;
}

static bool met_ats_supported(const struct tree *t, char *what, size_t size)
{
    bool is = t->d->desc.ats_supported;

    SAY("the device's host bridge must translate for it: ats-supported is %s",
        is ? "there" : "not there");
    return is;
}

static bool met_coherent(const struct tree *t, char *what, size_t size)
{
    bool is = t->iommu && t->iommu->coherent;

    SAY("walks of shared page tables must be coherent with processors: "
        "dma-coherent is %s",
        is ? "there" : "not there");
    return is;
}

static const struct tree_row tree_rows[] = {
    {ALL, "iommus", met_iommus, OF_DEVICE},
    {ON(PASID) | ON(SVA), "pasid-num-bits", met_pasid_bits, OF_DEVICE},
    {ON(STALL), "dma-can-stall", met_can_stall, OF_DEVICE},
    {ON(STALL), "iommus, its entries", met_one_stream, OF_DEVICE},
    {ON(ATS) | ON(PRI), "below a PCI host bridge", met_pci, OF_DEVICE},
    {ON(ATS) | ON(PRI), "host bridge's ats-supported", met_ats_supported,
     OF_BRIDGE},
    {ON(SVA), "dma-coherent", met_coherent, OF_IOMMU},
};

static void add_tree_row(const struct tree *t, const struct tree_row *r,
                         struct iovp_explain_list *out)
{
    char what[sizeof(out->row->what)], where[sizeof(out->row->where)];
    enum iovp_explain_state state = IOVP_EXPLAIN_UNKNOWN;
    bool there = r->of == OF_DEVICE || (r->of == OF_BRIDGE && t->d->desc.pci) ||
                 (r->of == OF_IOMMU && t->iommu);

    if (r->met(t, what, sizeof(what)))
        state = IOVP_EXPLAIN_MET;
    else if (there)
        state = IOVP_EXPLAIN_FAILS;
    snprintf(where, sizeof(where), "%s %s",
             r->of != OF_IOMMU ? t->d->name
             : t->iommu        ? t->iommu->range.node
                               : "IOMMU",
             r->property);
    iovp_explain_add(out, state, where, "%s", what);
}

static void explain_tree(const struct tree *t, uint32_t feature,
                         struct iovp_explain_list *out)
{
    for (size_t i = 0; i < sizeof(tree_rows) / sizeof(tree_rows[0]); i++)
        if (tree_rows[i].features & 1u << feature)
            add_tree_row(t, &tree_rows[i], out);
}

/* ---- processors ----------------------------------------------------- */

#define GRANULES_4K_64K 5
#define GRANULES_ALL    7

/* ID_AA64MMFR0_EL1 of cores, from their technical reference manuals. */
static const struct iovp_explain_cpu cores[] = {
    {"arm,cortex-a53", 40, 16, GRANULES_4K_64K},
    {"arm,cortex-a57", 44, 16, GRANULES_4K_64K},
    {"arm,cortex-a72", 44, 16, GRANULES_4K_64K},
    {"arm,cortex-a76", 40, 16, GRANULES_ALL},
    {"arm,neoverse-n1", 48, 16, GRANULES_ALL},
    {"arm,neoverse-v1", 48, 16, GRANULES_ALL},
    {"arm,neoverse-n2", 48, 16, GRANULES_ALL},
};

static const struct iovp_explain_cpu *core_of(const iovp_node *n)
{
    if (!strncmp(n->path, "/cpus/", 6))
        for (size_t i = 0; i < sizeof(cores) / sizeof(cores[0]); i++)
            if (!strcmp(n->compatible, cores[i].name))
                return &cores[i];
    return NULL;
}

/* What serves all processors that are known; false: none is. */
static bool find_cpu(const struct platform *p, struct iovp_explain_cpu *out)
{
    bool found = false;

    for (size_t i = 0; i < p->node_count; i++) {
        const struct iovp_explain_cpu *c = core_of(&p->nodes[i]);
        unsigned granules = found ? out->granules : GRANULES_ALL;

        if (!c)
            continue;
        if (!found || c->pa_bits > out->pa_bits)
            *out = *c;
        out->granules = (uint8_t)(granules & c->granules);
        found = true;
    }
    return found;
}

static uint64_t ram_last(const struct platform *p)
{
    uint64_t last = 0;

    for (uint32_t i = 0; i < p->ram_count; i++)
        if (p->ram[i].range.last > last)
            last = p->ram[i].range.last;
    return last;
}

/* ---- the call ------------------------------------------------------- */

static void explain(struct platform *p, const struct platform_device_state *d,
                    uint32_t feature, struct iovp_explain_list *out)
{
    struct tree t = {.d = d};
    struct iovp_explain_cpu cpu;
    struct iovp_explain_query q = {.feature = (uint8_t)feature,
                                   .pasid_bits = (uint8_t)d->desc.pasid_bits,
                                   .streams = d->desc.stream_ids,
                                   .stream_id = d->desc.stream_id,
                                   .ram_last = ram_last(p)};

    if (d->desc.iommu != PLATFORM_NO_IOMMU)
        t.iommu = &p->smmu[d->desc.iommu];
    if (find_cpu(p, &cpu))
        q.cpu = &cpu;
    explain_tree(&t, feature, out);
    explain_pci(p, d, feature, out);
    if (d->core)
        smmuv3_explain(d->core, &q, out);
}

static iovp_status give(const struct iovp_explain_list *l,
                        iovp_condition *conditions, size_t *count)
{
    iovp_status st;
    size_t i;

    if (l->count > l->room)
        return iovp_fail(IOVP_E_INTERNAL, "%u conditions", l->count);
    st = abi_list(conditions, count, l->count, sizeof(*conditions),
                  "conditions");
    for (i = 0; !st && i < l->count; i++) {
        iovp_condition c = {.state = l->row[i].state};

        memcpy(c.where, l->row[i].where, sizeof(c.where));
        memcpy(c.what, l->row[i].what, sizeof(c.what));
        abi_out(abi_at(conditions, i), &c, sizeof(c));
    }
    return st;
}

iovp_status iovp_explain(iovp_device *h, uint32_t feature,
                         iovp_condition *conditions, size_t *count)
{
    struct iovp_explain_list l = {.room = ROWS};
    struct platform_device_state *d;
    struct platform *p;
    iovp_status st = handle_enter_device(h, ENTER_NORMAL, &p, &d);

    if (st)
        return st;
    if (feature > IOVP_FEATURE_SVA)
        return iovp_fail(IOVP_E_INVALID, "feature %u is unknown", feature);
    l.row = platform_alloc(p, l.room, sizeof(*l.row));
    if (!l.row)
        return iovp_fail(IOVP_E_NOMEM, "no memory for the conditions");
    explain(p, d, feature, &l);
    st = give(&l, conditions, count);
    platform_free(p, l.row);
    return st;
}
