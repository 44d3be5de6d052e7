/* SPDX-License-Identifier: MIT */
/* Reading properties: cells, numbers, flags and strings. */
#include <libfdt.h>
#include <string.h>

#include "dt_tree.h"

bool dt_get(const struct dt *t, uint32_t node, const char *name,
            struct dt_prop *p)
{
    int len = 0;
    const void *data = fdt_getprop(t->fdt, t->node[node].offset, name, &len);

    p->data = data;
    p->len = data && len > 0 ? (uint32_t)len : 0;
    return data != NULL;
}

bool dt_has(const struct dt *t, uint32_t node, const char *name)
{
    struct dt_prop p;

    return dt_get(t, node, name, &p);
}

uint32_t dt_cell(const struct dt_prop *p, uint32_t i)
{
    return fdt32_ld((const fdt32_t *)(const void *)(p->data + 4 * (size_t)i));
}

uint64_t dt_number(const struct dt_prop *p, uint32_t i, unsigned cells)
{
    if (cells == 0)
        return 0;
    if (cells == 1)
        return dt_cell(p, i);
    return (uint64_t)dt_cell(p, i) << 32 | dt_cell(p, i + 1);
}

iovp_status dt_get_u32(const struct dt *t, uint32_t node, const char *name,
                       uint32_t *value)
{
    struct dt_prop p;

    if (!dt_get(t, node, name, &p))
        return IOVP_OK;
    if (p.len != 4)
        return dt_fail(t, node, name, "one cell is needed, not %u bytes",
                       p.len);
    *value = dt_cell(&p, 0);
    return IOVP_OK;
}

iovp_status dt_get_u64(const struct dt *t, uint32_t node, const char *name,
                       uint64_t *value)
{
    struct dt_prop p;

    if (!dt_get(t, node, name, &p))
        return IOVP_OK;
    if (p.len != 4 && p.len != 8)
        return dt_fail(t, node, name,
                       "one or two cells are needed, not %u bytes", p.len);
    *value = dt_number(&p, 0, p.len / 4);
    return IOVP_OK;
}

iovp_status dt_get_flag(const struct dt *t, uint32_t node, const char *name,
                        bool *value)
{
    struct dt_prop p;

    *value = dt_get(t, node, name, &p);
    if (p.len)
        return dt_fail(t, node, name,
                       "its presence means true, it cannot have a value");
    return IOVP_OK;
}

iovp_status dt_get_coherent(const struct dt *t, uint32_t node, bool *coherent)
{
    bool against = false;
    iovp_status st = IOVP_OK;

    *coherent = false;
    for (int i = 0; i < DT_MAX_DEPTH && st == IOVP_OK; i++) {
        st = dt_get_flag(t, node, "dma-coherent", coherent);
        if (st == IOVP_OK)
            st = dt_get_flag(t, node, "dma-noncoherent", &against);
        if (st == IOVP_OK && *coherent && against)
            st = dt_fail(t, node, "dma-coherent",
                         "dma-noncoherent is there too");
        if (*coherent || against || node == DT_ROOT)
            break;
        node = t->node[node].parent;
    }
    return st;
}

iovp_status dt_get_string(const struct dt *t, uint32_t node, const char *name,
                          const char **s)
{
    struct dt_prop p;

    if (!dt_get(t, node, name, &p))
        return IOVP_OK;
    if (!p.len || memchr(p.data, 0, p.len) != p.data + p.len - 1)
        return dt_fail(t, node, name, "one string is needed");
    *s = (const char *)p.data;
    return IOVP_OK;
}

const char *dt_string(const struct dt_prop *p, uint32_t i)
{
    const uint8_t *s = p->data, *end = p->data + p->len;

    while (s < end) {
        const uint8_t *nul = memchr(s, 0, (size_t)(end - s));

        if (!nul)
            return NULL;
        if (!i--)
            return (const char *)s;
        s = nul + 1;
    }
    return NULL;
}
