/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "mapping_list.h"

static bool keep(void *ud, const struct iovp_mapping *m)
{
    struct mapping_list *l = ud;

    if (l->count == MAPPINGS)
        abort();
    l->m[l->count++] = *m;
    return l->count != l->stop_at;
}

bool list_range(struct mapping_list *l, struct scene *sc,
                const struct iovp_attrs *a, uint64_t first, uint64_t last,
                uint32_t budget, uint64_t *next)
{
    struct iovp_mapping_walk w = {.first = first,
                                  .last = last,
                                  .budget = budget,
                                  .fn = keep,
                                  .ud = l,
                                  .next = 0xdead};
    bool all = smmuv3_iommu_ops.mappings(sc->b.s, a, &w);

    if (next)
        *next = w.next;
    return all;
}

void list_all(struct mapping_list *l, struct scene *sc, struct acc how)
{
    struct iovp_attrs a = acc_attrs(&how);

    l->count = 0;
    l->stop_at = 0;
    if (!list_range(l, sc, &a, 0, UINT64_MAX, 1u << 24, NULL))
        abort();
}

const struct iovp_mapping *list_find(const struct mapping_list *l,
                                     uint64_t addr)
{
    unsigned i;

    for (i = 0; i < l->count; i++)
        if (addr >= l->m[i].first && addr <= l->m[i].last)
            return &l->m[i];
    return NULL;
}

static bool joins(const struct iovp_mapping *a, const struct iovp_mapping *b)
{
    return b->first == a->last + 1 && b->pa == a->pa + (b->first - a->first) &&
           a->rights == b->rights && a->mem_type == b->mem_type &&
           a->shareability == b->shareability && a->space == b->space;
}

void list_join(struct mapping_list *l)
{
    unsigned i, n = 0;

    for (i = 0; i < l->count; i++)
        if (n && joins(&l->m[n - 1], &l->m[i]))
            l->m[n - 1].last = l->m[i].last;
        else
            l->m[n++] = l->m[i];
    l->count = n;
}

const char *list_wrong(const struct mapping_list *l)
{
    unsigned i;

    for (i = 0; i < l->count; i++) {
        if (l->m[i].first > l->m[i].last)
            return "empty";
        if (!l->m[i].rights)
            return "no rights";
        if (i && l->m[i].first <= l->m[i - 1].last)
            return "not ascending";
        if (i && joins(&l->m[i - 1], &l->m[i]))
            return "not joined";
    }
    return NULL;
}
