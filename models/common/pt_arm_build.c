/* SPDX-License-Identifier: MIT */
#include "pt_arm_build.h"

#include "bits.h"
#include "iovp_attrs.h"

/* Descriptors (Arm ARM D8.3). */
#define DESC_LEAF   1ull /* a block; with DESC_PAGE the last level's page */
#define DESC_PAGE   2ull
#define DESC_TABLE  3ull
#define DESC_AP_EL0 (1ull << 6) /* stage 1 AP[1] */
#define DESC_AP_RO  (1ull << 7) /* stage 1 AP[2] */
#define DESC_SH_IS  (3ull << 8)
#define DESC_AF     (1ull << 10)
#define DESC_NG     (1ull << 11)
#define DESC_PXN    (1ull << 53)
#define DESC_UXN    (1ull << 54)
#define DESC_MEM_WB (15ull << 2) /* stage 2 MemAttr: Normal, Write-Back */
#define DESC_S2AP_R (1ull << 6)
#define DESC_S2AP_W (1ull << 7)
#define DESC_XN(n)  ((uint64_t)(n) << 53) /* stage 2 XN[1:0] */

#define LAST_LEVEL PT_ARM_LAST_LEVEL
#define LEVELS     (LAST_LEVEL + 1)

/* A table. */
struct pt_arm_node {
    uint64_t addr;
    struct pt_arm_node *next;    /* of those that are dead */
    struct pt_arm_node *child[]; /* one per descriptor, but of the last level */
};

/* ---- geometry ------------------------------------------------------------ */

bool pt_arm_build_geometry(struct pt_arm_table *t)
{
    int level;

    if (t->granule_log2 != 12 && t->granule_log2 != 14 && t->granule_log2 != 16)
        return false;
    if (t->input_bits <= t->granule_log2 ||
        t->input_bits > (t->granule_log2 == 16 ? 52 : 48))
        return false;
    if (t->stage == 1) {
        t->start_level = pt_arm_s1_start_level(t->granule_log2, t->input_bits);
        return t->input_bits <=
               pt_arm_level_shift(t, t->start_level) + t->granule_log2 - 3u;
    }
    /* SL0 counts up where levels count down: the smallest that can be. */
    for (unsigned sl0 = 0; sl0 < 3; sl0++) {
        level = pt_arm_s2_start_level(t->granule_log2, sl0, t->input_bits,
                                      t->output_bits, false);
        if (level < 0)
            continue;
        t->start_level = (uint8_t)level;
        return true;
    }
    return false;
}

uint64_t pt_arm_root_bytes(const struct pt_arm_table *t)
{
    uint64_t bytes =
        8ull << (t->input_bits - pt_arm_level_shift(t, t->start_level));

    /* IHI 0070 5.2 S2TTB, 5.4 TTB0: 52 bits of output want 64 bytes. */
    return t->output_bits == 52 && bytes < 64 ? 64 : bytes;
}

/* The entry of the table of a level that translates an address. */
static uint64_t entry(const struct pt_arm_table *t, int level, uint64_t va)
{
    va >>= pt_arm_level_shift(t, level);
    return level == t->start_level ? va : va & iovp_mask(t->granule_log2 - 3u);
}

unsigned pt_arm_block_log2(const struct pt_arm_table *t, uint64_t bytes)
{
    int level;

    for (level = t->start_level; level < LAST_LEVEL; level++)
        if (pt_arm_block_allowed(t, level) &&
            bytes >> pt_arm_level_shift(t, level))
            break;
    return pt_arm_level_shift(t, level);
}

/* The first level at which a leaf can be so large. */
static int leaf_level(const struct pt_arm_build *b, uint64_t va, uint64_t pa,
                      uint64_t bytes)
{
    const struct pt_arm_table *t = &b->table;
    int level = b->pages_only ? LAST_LEVEL : t->start_level;

    for (; level < LAST_LEVEL; level++) {
        unsigned shift = pt_arm_level_shift(t, level);

        if (pt_arm_block_allowed(t, level) && bytes >> shift &&
            !((va | pa) & iovp_mask(shift)))
            break;
    }
    return level;
}

/* ---- rights -------------------------------------------------------------- */

static const char *stage1_rights(uint32_t r, uint64_t *attrs)
{
    bool ur = r & IOVP_RIGHT_UR, uw = r & IOVP_RIGHT_UW;

    /* D8.4.1: AP[2:1] says who else than EL1 has access, and whether all that
     * have it may write. */
    if (!(r & IOVP_RIGHT_PR))
        return "stage 1 of VMSAv8-64 always has the right of privileged reads";
    if (uw && !ur)
        return "stage 1 of VMSAv8-64 has no unprivileged writes without reads";
    if (uw && !(r & IOVP_RIGHT_PW))
        return "stage 1 of VMSAv8-64 has no unprivileged writes without "
               "privileged ones";
    if (ur && !uw && (r & IOVP_RIGHT_PW))
        return "stage 1 of VMSAv8-64 has no privileged writes of what is only "
               "read without privilege";
    if (uw && (r & IOVP_RIGHT_PX))
        return "stage 1 of VMSAv8-64 has no privileged execution of what can "
               "be written without privilege";
    *attrs = DESC_NG | (ur ? DESC_AP_EL0 : 0) |
             (r & IOVP_RIGHT_PW ? 0 : DESC_AP_RO) |
             (r & IOVP_RIGHT_UX ? 0 : DESC_UXN) |
             (r & IOVP_RIGHT_PX ? 0 : DESC_PXN);
    return NULL;
}

static const char *stage2_rights(bool xnx, uint32_t r, uint64_t *attrs)
{
    /* D8.4.2 XN[1:0] by who may execute: unprivileged, privileged. */
    static const uint8_t xn[2][2] = {{2, 3}, {1, 0}};
    bool ux = r & IOVP_RIGHT_UX, px = r & IOVP_RIGHT_PX;
    uint32_t data = IOVP_RIGHT_UR | IOVP_RIGHT_UW;

    if ((r & data) != (r >> 3 & data))
        return "stage 2 of VMSAv8-64 does not tell reads and writes apart by "
               "privilege";
    if (ux != px && !xnx)
        return "stage 2 of VMSAv8-64 without FEAT_XNX does not tell execution "
               "apart by privilege";
    *attrs = DESC_MEM_WB | (r & IOVP_RIGHT_UR ? DESC_S2AP_R : 0) |
             (r & IOVP_RIGHT_UW ? DESC_S2AP_W : 0) | DESC_XN(xn[ux][px]);
    return NULL;
}

const char *pt_arm_build_rights(unsigned stage, bool xnx, uint32_t rights,
                                uint64_t *attrs)
{
    const char *why = stage == 1 ? stage1_rights(rights, attrs)
                                 : stage2_rights(xnx, rights, attrs);

    if (!why)
        *attrs |= DESC_AF | DESC_SH_IS;
    return why;
}

/* ---- tables -------------------------------------------------------------- */

static struct pt_arm_node *node_create(struct pt_arm_build *b, int level,
                                       uint64_t bytes)
{
    uint64_t children = level == LAST_LEVEL ? 0 : bytes / 8;
    struct pt_arm_node *n =
        iovp_heap_alloc(&b->heap, sizeof(*n) + children * sizeof(n->child[0]));

    if (!n)
        return NULL;
    n->addr = b->ops->alloc(b->opaque, bytes);
    if (n->addr)
        return n;
    iovp_heap_free(&b->heap, n);
    return NULL;
}

static void node_free(struct pt_arm_build *b, struct pt_arm_node *n,
                      uint64_t bytes)
{
    b->ops->free(b->opaque, n->addr, bytes);
    iovp_heap_free(&b->heap, n);
}

/* Address bits [51:48] of a 64 KB granule are in [15:12]. */
static uint64_t output(const struct pt_arm_table *t, uint64_t pa)
{
    return t->lpa ? (pa & iovp_mask(48)) | pa >> 48 << 12 : pa;
}

static void write_entry(struct pt_arm_build *b, const struct pt_arm_node *n,
                        uint64_t i, uint64_t desc)
{
    b->ops->write64(b->opaque, n->addr + 8 * i, desc);
}

/* The table of a level on the way to an address, made if need be. */
static struct pt_arm_node *reach(struct pt_arm_build *b, uint64_t va, int level)
{
    const struct pt_arm_table *t = &b->table;
    struct pt_arm_node *n = b->root;
    int at;

    for (at = t->start_level; n && at < level; at++) {
        uint64_t i = entry(t, at, va);
        struct pt_arm_node *child = n->child[i];

        if (!child) {
            child = node_create(b, at + 1, 1ull << t->granule_log2);
            if (!child)
                return NULL;
            n->child[i] = child;
            write_entry(b, n, i, output(t, child->addr) | DESC_TABLE);
        }
        n = child;
    }
    return n;
}

bool pt_arm_build_create(struct pt_arm_build *b)
{
    b->dead = NULL;
    b->root =
        node_create(b, b->table.start_level, pt_arm_root_bytes(&b->table));
    b->table.base = b->root ? b->root->addr : 0;
    return b->root;
}

void pt_arm_build_destroy(struct pt_arm_build *b)
{
    const struct pt_arm_room all = {0, iovp_mask(b->table.input_bits)};

    if (!b->root)
        return;
    pt_arm_build_unmap(b, all.first, all.last, &all);
    pt_arm_build_reap(b);
    node_free(b, b->root, pt_arm_root_bytes(&b->table));
    b->root = NULL;
}

void pt_arm_build_reap(struct pt_arm_build *b)
{
    while (b->dead) {
        struct pt_arm_node *n = b->dead;

        b->dead = n->next;
        node_free(b, n, 1ull << b->table.granule_log2);
    }
}

/* ---- map ----------------------------------------------------------------- */

/* Leaves of one table, as many as are wanted and fit.  Returns their bytes. */
static uint64_t fill(struct pt_arm_build *b, struct pt_arm_node *n, int level,
                     uint64_t va, uint64_t pa, uint64_t bytes, uint64_t attrs)
{
    const struct pt_arm_table *t = &b->table;
    unsigned shift = pt_arm_level_shift(t, level);
    uint64_t i = entry(t, level, va), count = bytes >> shift, k;
    uint64_t room = 1ull << (t->granule_log2 - 3u);

    /* The first table ends where the input addresses do. */
    if (level != t->start_level && count > room - i)
        count = room - i;
    attrs |= level == LAST_LEVEL ? DESC_PAGE | DESC_LEAF : DESC_LEAF;
    for (k = 0; k < count; k++)
        write_entry(b, n, i + k, output(t, pa + (k << shift)) | attrs);
    return count << shift;
}

bool pt_arm_build_map(struct pt_arm_build *b, uint64_t va, uint64_t pa,
                      uint64_t bytes, uint64_t attrs,
                      const struct pt_arm_room *room)
{
    uint64_t done = 0;

    while (done < bytes) {
        int level = leaf_level(b, va + done, pa + done, bytes - done);
        struct pt_arm_node *n = reach(b, va + done, level);

        if (!n) {
            pt_arm_build_unmap(b, va, va + bytes - 1, room);
            pt_arm_build_reap(b);
            return false;
        }
        done += fill(b, n, level, va + done, pa + done, bytes - done, attrs);
    }
    return true;
}

/* ---- unmap --------------------------------------------------------------- */

/* The deepest table for an address, and those above it by level. */
static int path_to(const struct pt_arm_build *b, uint64_t va,
                   struct pt_arm_node *path[LEVELS])
{
    const struct pt_arm_table *t = &b->table;
    int level = t->start_level;
    struct pt_arm_node *n = b->root;

    for (;;) {
        path[level] = n;
        if (level == LAST_LEVEL)
            return level;
        n = n->child[entry(t, level, va)];
        if (!n)
            return level;
        level++;
    }
}

/* Clear entries of one table from `va` on.  Returns where to go on: beyond
 * `last`, in another table, or at a table below. */
static uint64_t clear(struct pt_arm_build *b, struct pt_arm_node *n, int level,
                      uint64_t va, uint64_t last)
{
    const struct pt_arm_table *t = &b->table;
    unsigned shift = pt_arm_level_shift(t, level);
    uint64_t i = entry(t, level, va);

    va = iovp_align_down(va, shift);
    do {
        write_entry(b, n, i, 0);
        va += 1ull << shift;
        i++;
    } while (va <= last && entry(t, level, va) == i &&
             (level == LAST_LEVEL || !n->child[i]));
    return va;
}

/* Cut off the tables on the path to `va` that serve nothing any more, as the
 * next address to look at is `next`. */
static void leave(struct pt_arm_build *b, struct pt_arm_node *path[LEVELS],
                  int level, uint64_t va, uint64_t next,
                  const struct pt_arm_room *room)
{
    const struct pt_arm_table *t = &b->table;

    for (; level > t->start_level; level--) {
        unsigned shift = pt_arm_level_shift(t, level - 1);
        uint64_t first = iovp_align_down(va, shift);
        uint64_t last = first | iovp_mask(shift);
        uint64_t i = entry(t, level - 1, va);

        if (next <= last || first < room->first || last > room->last)
            return;
        write_entry(b, path[level - 1], i, 0);
        path[level - 1]->child[i] = NULL;
        path[level]->next = b->dead;
        b->dead = path[level];
    }
}

void pt_arm_build_unmap(struct pt_arm_build *b, uint64_t first, uint64_t last,
                        const struct pt_arm_room *room)
{
    struct pt_arm_node *path[LEVELS];
    uint64_t next;

    for (; first <= last; first = next) {
        int level = path_to(b, first, path);

        next = clear(b, path[level], level, first, last);
        leave(b, path, level, first, next > last ? UINT64_MAX : next, room);
    }
}
