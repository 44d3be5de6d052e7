/* SPDX-License-Identifier: MIT */
/* Checking a blob, and the index of its nodes and phandles. */
#include <libfdt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dt_tree.h"

/* ---- failing --------------------------------------------------------- */

iovp_status dt_fail(const struct dt *t, uint32_t node, const char *property,
                    const char *fmt, ...)
{
    char path[DT_PATH], text[320];
    va_list ap;

    if (t->quiet)
        return IOVP_E_DT;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return iovp_fail(IOVP_E_DT, "%s: %s%s%s",
                     dt_path(t, node, path, sizeof(path)),
                     property ? property : "", property ? ": " : "", text);
}

/* ---- names ----------------------------------------------------------- */

const char *dt_name(const struct dt *t, uint32_t node)
{
    const char *name = fdt_get_name(t->fdt, t->node[node].offset, NULL);

    return name ? name : "";
}

static size_t append(char *buf, size_t size, size_t at, const char *s)
{
    for (; *s && at + 1 < size; s++)
        buf[at++] = *s >= 0x20 && *s < 0x7f ? *s : '?';
    buf[at] = 0;
    return at;
}

char *dt_path(const struct dt *t, uint32_t node, char *buf, size_t size)
{
    uint32_t chain[DT_MAX_DEPTH];
    unsigned depth = 0;
    size_t at = 0;

    for (; node != DT_ROOT && depth < DT_MAX_DEPTH; node = t->node[node].parent)
        chain[depth++] = node;
    if (!depth)
        append(buf, size, 0, "/");
    while (depth) {
        at = append(buf, size, at, "/");
        at = append(buf, size, at, dt_name(t, chain[--depth]));
    }
    return buf;
}

/* ---- the blob -------------------------------------------------------- */

/*
 * fdt_check_full looks for the end of each property's name from its start,
 * so that one long name would make it quadratic.
 */
static bool names_are_short(const void *fdt)
{
    const char *s = (const char *)fdt + fdt_off_dt_strings(fdt);
    uint32_t size = fdt_size_dt_strings(fdt), run = 0;

    for (uint32_t i = 0; i < size; i++) {
        run = s[i] ? run + 1 : 0;
        if (run > DT_MAX_NAME)
            return false;
    }
    return true;
}

static iovp_status check_blob(const void *fdt, size_t bytes)
{
    int err;

    if (bytes < FDT_V17_SIZE)
        return iovp_fail(IOVP_E_DT,
                         "device tree blob: %zu bytes are less than a header",
                         bytes);
    err = fdt_check_header(fdt);
    if (err)
        return iovp_fail(IOVP_E_DT, "device tree blob: bad header (%s)",
                         fdt_strerror(err));
    if (fdt_version(fdt) < 17)
        return iovp_fail(IOVP_E_DT,
                         "device tree blob: version %u is too old, 17 is "
                         "understood",
                         fdt_version(fdt));
    if (fdt_totalsize(fdt) > bytes)
        return iovp_fail(IOVP_E_DT,
                         "device tree blob: truncated, %zu of %u bytes", bytes,
                         fdt_totalsize(fdt));
    if (!names_are_short(fdt))
        return iovp_fail(IOVP_E_DT,
                         "device tree blob: a property's name is longer than "
                         "%u bytes",
                         DT_MAX_NAME);
    err = fdt_check_full(fdt, bytes);
    if (err)
        return iovp_fail(IOVP_E_DT, "device tree blob: damaged (%s)",
                         fdt_strerror(err));
    return IOVP_OK;
}

/* ---- the index ------------------------------------------------------- */

/* How many nodes there are; more than DT_MAX_NODES are not counted. */
static iovp_status count_nodes(const void *fdt, uint32_t *nodes)
{
    int depth = 0, offset = 0;

    *nodes = 0;
    while (offset >= 0 && depth >= 0) {
        if (depth >= DT_MAX_DEPTH)
            return iovp_fail(IOVP_E_DT,
                             "device tree: nodes deeper than %d levels",
                             DT_MAX_DEPTH);
        if (++*nodes > DT_MAX_NODES)
            return iovp_fail(IOVP_E_DT, "device tree: more than %u nodes",
                             DT_MAX_NODES);
        offset = fdt_next_node(fdt, offset, &depth);
    }
    return IOVP_OK;
}

/*
 * The Devicetree Specification (2.3.5) gives absent cell counts a default;
 * Linux takes those of the next node above that has them.  Where the two
 * differ, what a `reg` below says is unclear.
 */
static uint8_t cells(const struct dt *t, uint32_t node, const char *name,
                     uint8_t absent)
{
    struct dt_prop p;
    uint8_t above;

    if (dt_get(t, node, name, &p))
        return p.len == 4 && dt_cell(&p, 0) <= 4 ? (uint8_t)dt_cell(&p, 0)
                                                 : DT_CELLS_BAD;
    if (node == DT_ROOT)
        return absent;
    above = *name == '#' && name[1] == 'a'
                ? t->node[t->node[node].parent].address_cells
                : t->node[t->node[node].parent].size_cells;
    return above == absent ? absent : DT_CELLS_UNCLEAR;
}

static iovp_status enabled(const struct dt *t, uint32_t node, bool *on)
{
    const char *status = "okay";
    iovp_status st = dt_get_string(t, node, "status", &status);

    *on = (!strcmp(status, "okay") || !strcmp(status, "ok")) &&
          (node == DT_ROOT || t->node[t->node[node].parent].enabled);
    return st;
}

static iovp_status index_node(struct dt *t, uint32_t node, int offset,
                              uint32_t parent)
{
    struct dt_node *n = &t->node[node];
    uint32_t phandle;
    iovp_status st;

    n->offset = offset;
    n->parent = parent;
    n->smmu = DT_NONE;
    n->state = IOVP_NODE_UNMODELLED;
    n->address_cells = cells(t, node, "#address-cells", 2);
    n->size_cells = cells(t, node, "#size-cells", 1);
    st = enabled(t, node, &n->enabled);
    phandle = fdt_get_phandle(t->fdt, offset);
    if (phandle && phandle != UINT32_MAX)
        t->phandle[t->phandles++] = (struct dt_phandle){phandle, node};
    return st;
}

static iovp_status index_nodes(struct dt *t)
{
    uint32_t above[DT_MAX_DEPTH] = {DT_ROOT};
    int depth = 0, offset = 0;
    iovp_status st = IOVP_OK;

    for (uint32_t i = 0; i < t->nodes && st == IOVP_OK; i++) {
        above[depth] = i;
        st = index_node(t, i, offset, depth ? above[depth - 1] : DT_ROOT);
        offset = fdt_next_node(t->fdt, offset, &depth);
    }
    return st;
}

static int by_phandle(const void *a, const void *b)
{
    const struct dt_phandle *x = a, *y = b;

    if (x->phandle != y->phandle)
        return x->phandle < y->phandle ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

static iovp_status sort_phandles(struct dt *t)
{
    char path[DT_PATH];

    qsort(t->phandle, t->phandles, sizeof(*t->phandle), by_phandle);
    for (uint32_t i = 1; i < t->phandles; i++) {
        if (t->phandle[i].phandle == t->phandle[i - 1].phandle)
            return dt_fail(
                t, t->phandle[i].node, "phandle", "0x%x is also that of %s",
                t->phandle[i].phandle,
                dt_path(t, t->phandle[i - 1].node, path, sizeof(path)));
    }
    return IOVP_OK;
}

uint32_t dt_by_phandle(const struct dt *t, uint32_t phandle)
{
    uint32_t low = 0, high = t->phandles;

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;

        if (t->phandle[mid].phandle == phandle)
            return t->phandle[mid].node;
        if (t->phandle[mid].phandle < phandle)
            low = mid + 1;
        else
            high = mid;
    }
    return DT_NONE;
}

iovp_status dt_open(struct dt *t, const void *fdt, size_t bytes)
{
    struct platform *p = t->platform;
    iovp_status st = check_blob(fdt, bytes);

    if (st != IOVP_OK)
        return st;
    t->fdt = fdt;
    st = count_nodes(fdt, &t->nodes);
    if (st != IOVP_OK)
        return st;
    t->node = platform_alloc(p, t->nodes, sizeof(*t->node));
    t->phandle = platform_alloc(p, t->nodes, sizeof(*t->phandle));
    t->region = platform_alloc(p, DT_MAX_REGIONS, sizeof(*t->region));
    t->streams = platform_alloc(p, DT_MAX_STREAMS, sizeof(*t->streams));
    if (!t->node || !t->phandle || !t->region || !t->streams)
        return iovp_fail(IOVP_E_NOMEM, "no memory to index the device tree");
    st = index_nodes(t);
    return st == IOVP_OK ? sort_phandles(t) : st;
}

void dt_close(struct dt *t)
{
    platform_free(t->platform, t->node);
    platform_free(t->platform, t->phandle);
    platform_free(t->platform, t->region);
    platform_free(t->platform, t->streams);
}
