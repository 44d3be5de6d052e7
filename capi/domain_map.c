/* SPDX-License-Identifier: MIT */
/* Domains: what is mapped and reserved, and the tables that say so. */
#include "domain_map.h"

#include "../models/common/bits.h"
#include "../models/common/pt_arm_build.h"
#include "alloc.h"
#include "pool.h"
#include "ranges.h"

struct mappings {
    struct ranges maps;     /* one for each successful iovp_domain_map */
    struct ranges reserved; /* independent of the maps, which may lie inside */
    struct ranges direct;   /* to themselves; not the caller's */
    struct pt_arm_build tables;
};

/* A normal, coherent master's: Normal Write-Back. */
#define MEM_TYPE_WB 0xff

#define RIGHTS                                                       \
    (IOVP_RIGHT_UR | IOVP_RIGHT_UW | IOVP_RIGHT_UX | IOVP_RIGHT_PR | \
     IOVP_RIGHT_PW | IOVP_RIGHT_PX)

#define DIRECT_RIGHTS \
    (IOVP_RIGHT_UR | IOVP_RIGHT_UW | IOVP_RIGHT_PR | IOVP_RIGHT_PW)

/* ---- the builder's memory ------------------------------------------------ */

static struct platform *platform_of(const struct domain *m)
{
    return m->c->p;
}

static uint64_t table_alloc(void *opaque, uint64_t bytes)
{
    return pool_alloc(platform_of(opaque), bytes, bytes);
}

static void table_free(void *opaque, uint64_t addr, uint64_t bytes)
{
    pool_free(platform_of(opaque), addr, bytes);
}

static void table_write(void *opaque, uint64_t addr, uint64_t desc)
{
    uint8_t *host = memory_at(platform_of(opaque), addr, sizeof(desc));

    if (host)
        iovp_put_le64(host, desc);
}

static void *host_alloc(void *opaque, uint64_t bytes)
{
    void *block = platform_alloc(platform_of(opaque), 1, (size_t)bytes);

    if (!block)
        iovp_fail(IOVP_E_NOMEM, "no memory for a table's record");
    return block;
}

static void host_free(void *opaque, void *block)
{
    platform_free(platform_of(opaque), block);
}

/* Of pages and blocks, bit n: 2^n. */
static uint64_t leaf_sizes(const struct pt_arm_build *b)
{
    uint64_t sizes = 1ull << b->table.granule_log2, most = UINT64_MAX;

    while (!b->pages_only && most >= 1ull << b->table.granule_log2) {
        unsigned log2 = pt_arm_block_log2(&b->table, most);

        sizes |= 1ull << log2;
        most = iovp_mask(log2);
    }
    return sizes;
}

/* ---- life ---------------------------------------------------------------- */

iovp_status mappings_create(struct domain *m, const struct iovp_iommu_caps *c)
{
    static const struct pt_arm_build_ops ops = {table_alloc, table_free,
                                                table_write};
    /* What CD.IPS and STE.S2PS say: 52 bits want another format. */
    uint32_t output_bits = c->output_bits < 48 ? c->output_bits : 48;
    struct pt_arm_build b = {
        .table = {.granule_log2 = (uint8_t)m->table.page_bits,
                  .input_bits = (uint8_t)m->table.input_bits,
                  .output_bits = (uint8_t)output_bits,
                  .stage = (uint8_t)m->table.stage},
        .pages_only = m->flags & IOVP_DOMAIN_PAGES_ONLY,
        .heap = {host_alloc, host_free, m},
        .ops = &ops,
        .opaque = m};

    if (!pt_arm_build_geometry(&b.table))
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "VMSAv8-64 has no stage %u of 2^%u bytes with pages "
                         "of 2^%u",
                         m->table.stage, m->table.input_bits,
                         m->table.page_bits);
    m->map = platform_alloc(platform_of(m), 1, sizeof(*m->map));
    if (!m->map)
        return iovp_fail(IOVP_E_NOMEM, "no memory for a domain's mappings");
    m->map->tables = b;
    if (!pt_arm_build_create(&m->map->tables)) {
        platform_free(platform_of(m), m->map);
        m->map = NULL;
        return IOVP_E_NOMEM; /* with the sentence of who had none */
    }
    m->table.root = m->map->tables.table.base;
    m->page_sizes = leaf_sizes(&m->map->tables);
    return IOVP_OK;
}

static void forget(struct domain *m, struct ranges *t)
{
    while (t->root) {
        struct range *r = t->root;

        ranges_remove(t, r);
        platform_free(platform_of(m), r);
    }
}

void mappings_destroy(struct domain *m)
{
    if (!m->map)
        return;
    pt_arm_build_destroy(&m->map->tables);
    forget(m, &m->map->maps);
    forget(m, &m->map->reserved);
    forget(m, &m->map->direct);
    platform_free(platform_of(m), m->map);
    m->map = NULL;
}

/* ---- what is where ------------------------------------------------------- */

static struct range *overlap(const struct ranges *t, uint64_t first,
                             uint64_t last)
{
    struct range *r = ranges_from(t, first);

    return r && r->first <= last ? r : NULL;
}

bool mappings_within(const struct domain *m, const struct window_list *w)
{
    uint64_t first = 0;

    if (!m->map)
        return true;
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->at[i].first > first &&
            overlap(&m->map->maps, first, w->at[i].first - 1))
            return false;
        if (w->at[i].last == UINT64_MAX)
            return true;
        first = w->at[i].last + 1;
    }
    return !overlap(&m->map->maps, first, UINT64_MAX);
}

/* The lowest room in the windows that is neither mapped nor reserved. */
static bool find_room(const struct domain *m, const struct range_want *want,
                      uint64_t *iova)
{
    const struct mappings *map = m->map;

    for (uint32_t i = 0; i < m->windows.count; i++) {
        uint64_t at = m->windows.at[i].first, last = m->windows.at[i].last;

        while (ranges_room(&map->maps, at, last, want, &at)) {
            *iova = at;
            if (!ranges_room(&map->reserved, at, last, want, &at))
                break;
            if (at == *iova)
                return true;
        }
    }
    return false;
}

/* The unmapped addresses around a range. */
static struct pt_arm_room room_around(const struct mappings *map,
                                      uint64_t first, uint64_t last)
{
    const struct ranges *const sets[] = {&map->maps, &map->direct};
    struct pt_arm_room room = {0, UINT64_MAX};

    for (int i = 0; i < 2; i++) {
        const struct range *below = ranges_below(sets[i], first);
        const struct range *above = ranges_from(sets[i], last + 1);

        if (below && below->last >= room.first)
            room.first = below->last + 1;
        if (above && above->first <= room.last)
            room.last = above->first - 1;
    }
    return room;
}

static struct range *range_new(struct domain *m, uint64_t first, uint64_t bytes)
{
    struct range *r = platform_alloc(platform_of(m), 1, sizeof(*r));

    if (!r) {
        iovp_fail(IOVP_E_NOMEM, "no memory for a mapping's record");
        return NULL;
    }
    r->first = first;
    r->last = first + (bytes - 1);
    return r;
}

/* A domain whose tables are the library's. */
static iovp_status enter(iovp_domain *h, struct domain **m)
{
    iovp_status st = domain_enter(h, ENTER_SERVICE, m);

    if (!st && !(*m)->map)
        st = iovp_fail(IOVP_E_UNSUPPORTED, "the caller keeps this domain's "
                                           "table and maps there");
    return st;
}

/* ---- map ----------------------------------------------------------------- */

struct request {
    uint32_t flags; /* IOVP_MAP_* */
    uint64_t iova, pa, bytes;
    uint32_t rights;
    uint64_t attrs; /* of descriptors */
};

static iovp_status check_addresses(const struct domain *m,
                                   const struct request *r)
{
    const struct pt_arm_table *t = &m->map->tables.table;
    uint64_t fixed = r->flags & IOVP_MAP_FIXED ? r->iova : 0;

    if (!r->bytes || ((r->bytes | r->pa | fixed) & iovp_mask(t->granule_log2)))
        return iovp_fail(IOVP_E_INVALID,
                         "0x%llx + 0x%llx to 0x%llx: not pages of 0x%llx bytes",
                         (unsigned long long)fixed,
                         (unsigned long long)r->bytes,
                         (unsigned long long)r->pa, 1ull << t->granule_log2);
    if (r->pa > iovp_mask(t->output_bits) ||
        r->bytes - 1 > iovp_mask(t->output_bits) - r->pa)
        return iovp_fail(IOVP_E_INVALID,
                         "0x%llx + 0x%llx: physical addresses have %u bits",
                         (unsigned long long)r->pa,
                         (unsigned long long)r->bytes, t->output_bits);
    return IOVP_OK;
}

static iovp_status check(const struct domain *m, struct request *r)
{
    const char *why;
    iovp_status st;

    if (r->flags & ~IOVP_MAP_FIXED)
        return iovp_fail(IOVP_E_INVALID, "flags: unknown ones");
    if (!r->rights || (r->rights & ~RIGHTS))
        return iovp_fail(IOVP_E_INVALID, "rights: none, or unknown ones");
    st = check_addresses(m, r);
    if (st)
        return st;
    why = pt_arm_build_rights(m->table.stage, false, r->rights, &r->attrs);
    return why ? iovp_fail(IOVP_E_UNSUPPORTED, "%s", why) : IOVP_OK;
}

static iovp_status place_fixed(const struct domain *m, const struct request *r)
{
    uint64_t first = r->iova, last = first + (r->bytes - 1);
    const struct range *other;

    if (last < first || !window_holds(&m->windows, first, last))
        return iovp_fail(IOVP_E_RANGE, "0x%llx + 0x%llx: not within one window",
                         (unsigned long long)first,
                         (unsigned long long)r->bytes);
    other = overlap(&m->map->maps, first, last);
    if (other)
        return iovp_fail(IOVP_E_RANGE, "0x%llx..0x%llx is mapped already",
                         (unsigned long long)other->first,
                         (unsigned long long)other->last);
    other = overlap(&m->map->reserved, first, last);
    if (other && (first < other->first || last > other->last))
        return iovp_fail(
            IOVP_E_RANGE, "0x%llx..0x%llx is reserved: it holds a part only",
            (unsigned long long)other->first, (unsigned long long)other->last);
    return IOVP_OK;
}

/* As blocks are used where addresses agree, the largest that fits decides. */
static iovp_status place(const struct domain *m, struct request *r)
{
    const struct pt_arm_table *t = &m->map->tables.table;
    uint64_t bytes = r->bytes;

    if (r->flags & IOVP_MAP_FIXED)
        return place_fixed(m, r);
    for (;;) {
        unsigned log2 = pt_arm_block_log2(t, bytes);
        const struct range_want want = {r->bytes, 1ull << log2,
                                        r->pa & iovp_mask(log2)};

        if (find_room(m, &want, &r->iova))
            return IOVP_OK;
        if (log2 == t->granule_log2)
            break;
        bytes = (1ull << log2) - 1;
    }
    return iovp_fail(IOVP_E_RANGE, "no room for 0x%llx bytes",
                     (unsigned long long)r->bytes);
}

/* As a member of `set`. */
static iovp_status map(struct domain *m, struct ranges *set,
                       const struct request *r)
{
    struct range *range = range_new(m, r->iova, r->bytes);
    struct pt_arm_room room;

    if (!range)
        return IOVP_E_NOMEM;
    room = room_around(m->map, range->first, range->last);
    if (!pt_arm_build_map(&m->map->tables, r->iova, r->pa, r->bytes, r->attrs,
                          &room)) {
        platform_free(platform_of(m), range);
        return IOVP_E_NOMEM; /* with the sentence of who had none */
    }
    ranges_insert(set, range);
    domain_tell_mapped(m,
                       &(struct iovp_mapping){.first = range->first,
                                              .last = range->last,
                                              .pa = r->pa,
                                              .rights = (uint8_t)r->rights,
                                              .mem_type = MEM_TYPE_WB,
                                              .shareability = IOVP_SH_INNER,
                                              .space = IOVP_SPACE_NONSECURE});
    return IOVP_OK;
}

iovp_status iovp_domain_map(iovp_domain *h, uint32_t flags, uint64_t *iova,
                            uint64_t pa, uint64_t bytes, uint32_t rights)
{
    struct request r = {flags, iova ? *iova : 0, pa, bytes, rights, 0};
    struct domain *m;
    iovp_status st = enter(h, &m);

    if (!st && !iova)
        st = iovp_fail(IOVP_E_INVALID, "no place for the address");
    if (!st && m->quiet)
        st = iovp_fail(IOVP_E_STALE, "the process has ended");
    if (!st)
        st = check(m, &r);
    if (!st)
        st = place(m, &r);
    if (!st)
        st = map(m, &m->map->maps, &r);
    if (!st)
        *iova = r.iova;
    return st;
}

/* ---- unmap --------------------------------------------------------------- */

/* Mappings that begin or end outside are not to be split. */
static iovp_status check_whole(const struct domain *m, uint64_t first,
                               uint64_t last)
{
    const struct range *low = overlap(&m->map->maps, first, last);
    const struct range *high = overlap(&m->map->maps, last, last);

    if (low && low->first >= first)
        low = NULL;
    if (high && high->last > last)
        low = high;
    if (!low)
        return IOVP_OK;
    return iovp_fail(IOVP_E_RANGE, "0x%llx..0x%llx is one mapping",
                     (unsigned long long)low->first,
                     (unsigned long long)low->last);
}

static void remove_one(struct domain *m, struct ranges *set, struct range *r)
{
    struct pt_arm_room room;

    ranges_remove(set, r);
    room = room_around(m->map, r->first, r->last);
    pt_arm_build_unmap(&m->map->tables, r->first, r->last, &room);
    platform_free(platform_of(m), r);
}

/* Unmap what lies in first..last, which become its bounds. */
static uint64_t remove_all(struct domain *m, uint64_t *first, uint64_t *last)
{
    struct mappings *map = m->map;
    uint64_t end = *last, bytes = 0;
    struct range *r = overlap(&map->maps, *first, end);

    if (r)
        *first = r->first;
    for (; r; r = overlap(&map->maps, *first, end)) {
        *last = r->last;
        bytes += r->last - r->first + 1;
        remove_one(m, &map->maps, r);
    }
    return bytes;
}

/* All that was removed lies in first..last. */
static iovp_status removed(struct domain *m, uint64_t first, uint64_t last)
{
    iovp_status st = domain_flush(m, first, last, !m->map->tables.dead);

    /* If it did not work, tables may still be walked: later. */
    if (!st)
        pt_arm_build_reap(&m->map->tables);
    return st;
}

static iovp_status unmap(struct domain *m, uint64_t first, uint64_t last,
                         uint64_t *bytes)
{
    *bytes = remove_all(m, &first, &last);
    return *bytes ? removed(m, first, last) : IOVP_OK;
}

iovp_status iovp_domain_unmap(iovp_domain *h, uint64_t first, uint64_t last,
                              uint64_t *bytes)
{
    struct domain *m;
    iovp_status st = enter(h, &m);
    uint64_t unmapped = 0;

    if (!st && first > last)
        st = iovp_fail(IOVP_E_INVALID, "0x%llx..0x%llx is no range",
                       (unsigned long long)first, (unsigned long long)last);
    if (!st)
        st = check_whole(m, first, last);
    if (st)
        return st;
    st = unmap(m, first, last, &unmapped);
    if (bytes)
        *bytes = unmapped;
    return st;
}

/* ---- mapped to themselves ------------------------------------------------ */

uint64_t mappings_direct_most(const struct domain *m)
{
    const struct pt_arm_table *t = &m->map->tables.table;

    return iovp_mask(t->input_bits < t->output_bits ? t->input_bits
                                                    : t->output_bits);
}

iovp_status mappings_direct_add(struct domain *m, uint64_t first, uint64_t last)
{
    struct request r = {.iova = first,
                        .pa = first,
                        .bytes = last - first + 1,
                        .rights = DIRECT_RIGHTS};

    if (overlap(&m->map->direct, first, last))
        return IOVP_OK;
    pt_arm_build_rights(m->table.stage, false, r.rights, &r.attrs);
    return map(m, &m->map->direct, &r);
}

iovp_status mappings_direct_trim(struct domain *m)
{
    struct range *r = m->map ? ranges_from(&m->map->direct, 0) : NULL, *next;
    uint64_t first = UINT64_MAX, last = 0;

    for (; r; r = next) {
        next = ranges_from(&m->map->direct, r->last + 1);
        if (direct_wanted(m, r->first, r->last))
            continue;
        first = r->first < first ? r->first : first;
        last = r->last;
        remove_one(m, &m->map->direct, r);
    }
    return first > last ? IOVP_OK : removed(m, first, last);
}

/* ---- reservations -------------------------------------------------------- */

iovp_status iovp_domain_reserve(iovp_domain *h, uint64_t bytes, uint64_t align,
                                uint64_t *iova)
{
    struct domain *m;
    struct range_want want;
    struct range *r;
    iovp_status st = enter(h, &m);
    uint64_t page, at;

    if (st)
        return st;
    page = iovp_mask(m->table.page_bits);
    if (!bytes || !iova || (align && !iovp_is_pow2(align)))
        return iovp_fail(IOVP_E_INVALID,
                         "no bytes, no place for the address, or an alignment "
                         "that is no power of two");
    want = (struct range_want){(bytes + page) & ~page,
                               align > page ? align : page + 1, 0};
    /* 0: rounded up it is more than there can be. */
    if (!want.bytes || !find_room(m, &want, &at))
        return iovp_fail(IOVP_E_RANGE, "no room for 0x%llx bytes",
                         (unsigned long long)bytes);
    r = range_new(m, at, want.bytes);
    if (!r)
        return IOVP_E_NOMEM;
    ranges_insert(&m->map->reserved, r);
    *iova = at;
    return IOVP_OK;
}

iovp_status iovp_domain_unreserve(iovp_domain *h, uint64_t iova)
{
    struct domain *m;
    struct range *r;
    iovp_status st = enter(h, &m);

    if (st)
        return st;
    r = overlap(&m->map->reserved, iova, iova);
    if (!r || r->first != iova)
        return iovp_fail(IOVP_E_NOTFOUND, "no reservation begins at 0x%llx",
                         (unsigned long long)iova);
    if (overlap(&m->map->maps, r->first, r->last))
        return iovp_fail(IOVP_E_BUSY, "something is mapped in it");
    ranges_remove(&m->map->reserved, r);
    platform_free(platform_of(m), r);
    return IOVP_OK;
}
