/* SPDX-License-Identifier: MIT */
/* The workload of a DMA master: the iovp,* properties that no standard has. */
#include <inttypes.h>
#include <string.h>

#include "dt_tree.h"

static const char *const pattern_name[] = {
    [IOVP_PATTERN_SEQUENTIAL] = "sequential",
    [IOVP_PATTERN_RANDOM] = "random",
    [IOVP_PATTERN_STRIDED] = "strided",
};

#define PATTERNS (sizeof(pattern_name) / sizeof(pattern_name[0]))

/* Numbers of one cell, and of one or two. */
static const struct number {
    const char *property;
    size_t offset;
    uint64_t min, max, absent;
    bool wide;
} number[] = {
    {"iovp,transfer-bytes", offsetof(iovp_workload, bytes), 1, 4096, 64, false},
    {"iovp,outstanding", offsetof(iovp_workload, outstanding), 1, 256, 1,
     false},
    {"iovp,read-percent", offsetof(iovp_workload, read_percent), 0, 100, 100,
     false},
    {"iovp,seed", offsetof(iovp_workload, seed), 0, UINT32_MAX, 1, false},
    {"iovp,stride", offsetof(iovp_workload, stride), 1, UINT64_MAX, 0, true},
    {"iovp,rate-bytes-per-second", offsetof(iovp_workload, rate), 0, UINT64_MAX,
     0, true},
    {"iovp,transfers", offsetof(iovp_workload, transfers), 0, UINT64_MAX, 0,
     true},
};

#define NUMBERS (sizeof(number) / sizeof(number[0]))

static const char *const other[] = {"iovp,pattern", "iovp,window",
                                    "iovp,pasids"};

#define OTHERS (sizeof(other) / sizeof(other[0]))

static const char *property_name(unsigned i)
{
    return i < NUMBERS ? number[i].property : other[i - NUMBERS];
}

bool dt_workload_knows(const char *property)
{
    for (unsigned i = 0; i < NUMBERS + OTHERS; i++) {
        if (!strcmp(property, property_name(i)))
            return true;
    }
    return false;
}

/* The first property of a workload that the node has, NULL if none. */
static const char *any_property(const struct dt *t, uint32_t node)
{
    for (unsigned i = 0; i < NUMBERS + OTHERS; i++) {
        if (dt_has(t, node, property_name(i)))
            return property_name(i);
    }
    return NULL;
}

static iovp_status read_pattern(const struct dt *t, uint32_t node,
                                iovp_workload *w)
{
    const char *name = pattern_name[IOVP_PATTERN_SEQUENTIAL];
    iovp_status st = dt_get_string(t, node, "iovp,pattern", &name);

    if (st != IOVP_OK)
        return st;
    for (uint32_t i = 0; i < PATTERNS; i++) {
        if (!strcmp(name, pattern_name[i])) {
            w->pattern = i;
            return IOVP_OK;
        }
    }
    return dt_fail(t, node, "iovp,pattern",
                   "must be sequential, random or strided");
}

static iovp_status read_number(const struct dt *t, uint32_t node,
                               const struct number *n, iovp_workload *w)
{
    char *field = (char *)w + n->offset;
    uint64_t value = n->absent;
    uint32_t narrow = (uint32_t)n->absent;
    iovp_status st = n->wide ? dt_get_u64(t, node, n->property, &value)
                             : dt_get_u32(t, node, n->property, &narrow);

    if (st != IOVP_OK)
        return st;
    if (!n->wide)
        value = narrow;
    if (dt_has(t, node, n->property) && (value < n->min || value > n->max))
        return dt_fail(t, node, n->property,
                       "%" PRIu64 " is not in %" PRIu64 "..%" PRIu64, value,
                       n->min, n->max);
    if (n->wide)
        memcpy(field, &value, sizeof(value));
    else
        memcpy(field, &narrow, sizeof(narrow));
    return IOVP_OK;
}

static iovp_status read_window(const struct dt *t, uint32_t node,
                               const char *because, iovp_workload *w)
{
    struct dt_prop p;

    if (!dt_get(t, node, "iovp,window", &p))
        return dt_fail(t, node, "iovp,window", "missing, but there is %s",
                       because);
    if (p.len != 16)
        return dt_fail(t, node, "iovp,window",
                       "needs 4 cells, a base and a size of two each, not %u "
                       "bytes",
                       p.len);
    w->base = dt_number(&p, 0, 2);
    w->window = dt_number(&p, 2, 2);
    if (w->window && w->base + (w->window - 1) < w->base)
        return dt_fail(t, node, "iovp,window",
                       "0x%" PRIx64 " + 0x%" PRIx64
                       " wraps around the address space",
                       w->base, w->window);
    if (w->window < w->bytes)
        return dt_fail(t, node, "iovp,window",
                       "0x%" PRIx64 " bytes hold no transfer of %u bytes",
                       w->window, w->bytes);
    return IOVP_OK;
}

static iovp_status check_stride(const struct dt *t, uint32_t node,
                                const iovp_workload *w)
{
    if (w->pattern == IOVP_PATTERN_STRIDED && !w->stride)
        return dt_fail(t, node, "iovp,stride",
                       "missing, but the pattern is strided");
    if (w->pattern != IOVP_PATTERN_STRIDED && w->stride)
        return dt_fail(t, node, "iovp,stride", "the pattern is not strided");
    if (w->stride > w->window)
        return dt_fail(t, node, "iovp,stride",
                       "0x%" PRIx64 " is more than the window, 0x%" PRIx64,
                       w->stride, w->window);
    return IOVP_OK;
}

static iovp_status read_pasids(const struct dt *t, uint32_t node,
                               uint32_t pasid_bits, iovp_workload *w)
{
    struct dt_prop p;

    if (!dt_get(t, node, "iovp,pasids", &p))
        return IOVP_OK;
    if (!p.len || p.len % 4 || p.len / 4 > IOVP_WORKLOAD_PASIDS)
        return dt_fail(t, node, "iovp,pasids", "needs 1 to %d cells",
                       IOVP_WORKLOAD_PASIDS);
    for (uint32_t i = 0; i < p.len / 4; i++) {
        uint32_t pasid = dt_cell(&p, i);

        /* pasid_bits is at most 20 */
        if (!pasid_bits || pasid >> pasid_bits)
            return dt_fail(t, node, "iovp,pasids",
                           "PASID 0x%x does not fit pasid-num-bits = <%u>",
                           pasid, pasid_bits);
        for (uint32_t k = 0; k < i; k++) {
            if (w->pasid[k] == pasid)
                return dt_fail(t, node, "iovp,pasids",
                               "PASID 0x%x is there twice", pasid);
        }
        w->pasid[w->pasids++] = pasid;
    }
    return IOVP_OK;
}

iovp_status dt_workload(const struct dt *t, uint32_t node, uint32_t pasid_bits,
                        iovp_workload *w, bool *has)
{
    const char *because = any_property(t, node);
    iovp_status st;

    memset(w, 0, sizeof(*w));
    w->size = sizeof(*w);
    *has = because != NULL;
    if (!because)
        return IOVP_OK;
    st = read_pattern(t, node, w);
    for (unsigned i = 0; st == IOVP_OK && i < NUMBERS; i++)
        st = read_number(t, node, &number[i], w);
    if (st == IOVP_OK)
        st = read_window(t, node, because, w);
    if (st == IOVP_OK)
        st = check_stride(t, node, w);
    if (st == IOVP_OK)
        st = read_pasids(t, node, pasid_bits, w);
    return st;
}
