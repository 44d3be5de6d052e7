/* SPDX-License-Identifier: MIT */
/*
 * A process's table behind another IOMMU than its context's: the same memory,
 * under a number of that IOMMU's.
 */
#include "domain.h"

static struct domain_part *part_of(const struct domain *m,
                                   const struct context *c)
{
    struct domain_part *part = m->parts;

    while (part && part->c != c)
        part = part->next;
    return part;
}

const struct host_table *domain_table(const struct domain *m,
                                      const struct context *c)
{
    const struct domain_part *part = part_of(m, c);

    if (c == m->c)
        return &m->table;
    return part ? &part->table : NULL;
}

iovp_status domain_extend(struct domain *m, struct context *c)
{
    struct host_table table = m->table;
    struct domain_part *part;
    iovp_status st;

    if (domain_table(m, c))
        return IOVP_OK;
    st = c->ops->table_check(c->host, &table);
    if (st)
        return st;
    part = platform_alloc(m->c->p, 1, sizeof(*part));
    if (!part)
        return iovp_fail(IOVP_E_NOMEM, "no memory for a second IOMMU");
    st = c->ops->id_alloc(c->host, table.stage, &table.id);
    if (st) {
        platform_free(m->c->p, part);
        return st;
    }
    *part = (struct domain_part){m->parts, c, table};
    m->parts = part;
    return IOVP_OK;
}

iovp_status domain_flush(struct domain *m, uint64_t first, uint64_t last,
                         bool leaf)
{
    iovp_status st = m->c->ops->flush(m->c->host, &m->table, first, last, leaf);

    for (struct domain_part *part = m->parts; part; part = part->next) {
        struct context *c = part->c;
        iovp_status one =
            c->ops->flush(c->host, &part->table, first, last, leaf);

        st = st ? st : one;
    }
    return st;
}

void domain_leave(struct domain *m, struct context *c)
{
    struct domain_part *part = part_of(m, c), **at = &m->parts;

    if (!part)
        return;
    while (*at != part)
        at = &(*at)->next;
    *at = part->next;
    c->ops->id_free(c->host, part->table.stage, part->table.id);
    platform_free(m->c->p, part);
}
