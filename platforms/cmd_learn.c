/* SPDX-License-Identifier: MIT */
#include "cmd_learn.h"

#include <inttypes.h>
#include <stdlib.h>

#define PAGE_LOG2 12u
#define PAGE      (1ull << PAGE_LOG2)

/* A page in the hash table: the space from 1 on, above the page number. */
#define KEY_SPACE_SHIFT 52u
#define KEY_PAGE_MASK   ((1ull << KEY_SPACE_SHIFT) - 1)

/* SMMUv3 commands (4.4): word 0 is in `iova`, word 1 in `pa`. */
#define TLBI_NH_ALL   0x10u
#define TLBI_NH_ASID  0x11u
#define TLBI_NH_VA    0x12u
#define TLBI_NH_VAA   0x13u
#define TLBI_NSNH_ALL 0x30u

#define F_PERMISSION 0x13u

/* ---- the hash table: linear probing ------------------------------------ */

static uint64_t key_of(size_t space, uint64_t iova)
{
    return (uint64_t)(space + 1) << KEY_SPACE_SHIFT | iova >> PAGE_LOG2;
}

static size_t home(const struct cmd_learn *l, uint64_t key)
{
    return (size_t)(key * 0x9e3779b97f4a7c15ull >> 20) & (l->room - 1);
}

/* Where it is, or the free place where it belongs. */
static size_t find(const struct cmd_learn *l, uint64_t key)
{
    size_t i = home(l, key);

    while (l->page[i] && l->page[i] != key)
        i = (i + 1) & (l->room - 1);
    return i;
}

static bool is_mapped(const struct cmd_learn *l, uint64_t key)
{
    return l->room && l->page[find(l, key)];
}

/* At least half of the table is free. */
static int grow(struct cmd_learn *l)
{
    uint64_t *old = l->page;
    size_t n = l->room;

    if (2 * (l->pages + 1) <= l->room)
        return CMD_OK;
    l->page = calloc(n ? 2 * n : 4096, sizeof(*l->page));
    if (!l->page) {
        l->page = old;
        return cmd_api_error("the trace's pages", IOVP_E_NOMEM);
    }
    l->room = n ? 2 * n : 4096;
    for (size_t i = 0; i < n; i++)
        if (old[i])
            l->page[find(l, old[i])] = old[i];
    free(old);
    return CMD_OK;
}

/* What follows moves up, if its home is not behind the gap. */
static void forget(struct cmd_learn *l, uint64_t key)
{
    size_t mask = l->room - 1, gap = find(l, key);

    for (size_t i = (gap + 1) & mask; l->page[i]; i = (i + 1) & mask) {
        if (((i - home(l, l->page[i])) & mask) < ((i - gap) & mask))
            continue;
        l->page[gap] = l->page[i];
        gap = i;
    }
    l->page[gap] = 0;
    l->pages--;
}

/* ---- streams and spaces ------------------------------------------------- */

static struct smmu_driver *driver_of(struct cmd_learn *l, size_t space)
{
    size_t stream = l->space[space].stream;

    return &l->soc->smmu[l->stream[stream].smmu].driver;
}

static int too_many(const iovp_device_info *info, unsigned n, const char *what)
{
    cmd_error("%s: the trace has more than %u %s", info->name, n, what);
    return CMD_FAIL;
}

static int failed(const iovp_device_info *info, const struct smmu_driver *d)
{
    cmd_error("%s: %s", info->name, d->message);
    return CMD_FAIL;
}

static int get_stream(struct cmd_learn *l, const iovp_device_info *info,
                      uint32_t sid, size_t *index)
{
    struct cmd_soc *s = l->soc;
    struct cmd_stream *st;
    size_t m = 0;

    while (m < s->smmus && s->smmu[m].driver.base != info->iommu_base)
        m++;
    if (m == s->smmus) {
        cmd_error("%s: its IOMMU is of no kind that this command can bring up",
                  info->name);
        return CMD_FAIL;
    }
    for (*index = 0; *index < l->streams; ++*index)
        if (l->stream[*index].smmu == m && l->stream[*index].stream.sid == sid)
            return CMD_OK;
    if (l->streams == CMD_LEARN_STREAMS)
        return too_many(info, CMD_LEARN_STREAMS, "streams");
    st = &l->stream[l->streams];
    st->smmu = m;
    if (smmu_attach(&s->smmu[m].driver, &st->stream, sid, info->pasid_bits,
                    SMMU_S1DSS_SSID0))
        return failed(info, &s->smmu[m].driver);
    l->streams++;
    return CMD_OK;
}

static int get_space(struct cmd_learn *l, const iovp_device_info *info,
                     const iovp_record *rec, size_t *index)
{
    uint32_t pasid = rec->pasid_valid ? rec->pasid : SMMU_NO_PASID;
    struct smmu_driver *d;
    size_t stream = 0;

    if (get_stream(l, info, rec->stream_id, &stream))
        return CMD_FAIL;
    for (*index = 0; *index < l->spaces; ++*index)
        if (l->space[*index].stream == stream &&
            l->space[*index].pasid == pasid)
            return CMD_OK;
    if (l->spaces == CMD_LEARN_SPACES)
        return too_many(info, CMD_LEARN_SPACES, "address spaces");
    l->space[*index] = (struct cmd_space){.stream = stream, .pasid = pasid};
    d = driver_of(l, *index);
    if (smmu_space_create(d, &l->space[*index].space) ||
        smmu_bind(d, &l->stream[stream].stream, pasid, &l->space[*index].space))
        return failed(info, d);
    l->spaces++;
    return CMD_OK;
}

/* ---- pages ----------------------------------------------------------------
 */

static int map(struct cmd_learn *l, const iovp_device_info *info, size_t space,
               uint64_t iova, unsigned rights)
{
    struct smmu_driver *d = driver_of(l, space);

    if (is_mapped(l, key_of(space, iova)))
        return CMD_OK;
    if (grow(l))
        return CMD_FAIL;
    if (smmu_map(d, &l->space[space].space, iova, cmd_soc_page(l->soc), PAGE,
                 rights))
        return failed(info, d);
    l->page[find(l, key_of(space, iova))] = key_of(space, iova);
    l->pages++;
    return CMD_OK;
}

static int unmap(struct cmd_learn *l, uint64_t key)
{
    size_t space = (size_t)(key >> KEY_SPACE_SHIFT) - 1;
    uint64_t iova = (key & KEY_PAGE_MASK) << PAGE_LOG2;
    struct smmu_driver *d;

    if (!is_mapped(l, key))
        return CMD_OK;
    d = driver_of(l, space);
    forget(l, key);
    if (!smmu_unmap(d, &l->space[space].space, iova, PAGE))
        return CMD_OK;
    cmd_error("%s", d->message);
    return CMD_FAIL;
}

int cmd_learn_transaction(struct cmd_learn *l, const iovp_device_info *info,
                          const iovp_record *rec)
{
    uint64_t last = rec->iova + (rec->bytes ? rec->bytes - 1 : 0);
    size_t space;
    int rc;

    if (last < rec->iova) {
        cmd_error("%s: a transaction wraps around", info->name);
        return CMD_FAIL;
    }
    rc = get_space(l, info, rec, &space);
    for (uint64_t at = rec->iova & ~(PAGE - 1); !rc; at += PAGE) {
        if (rec->result == IOVP_DMA_OK)
            rc = map(l, info, space, at, SMMU_WRITE);
        else
            rc = unmap(l, key_of(space, at));
        if (!rc && rec->event == F_PERMISSION)
            rc = map(l, info, space, at, 0);
        if (last - at < PAGE)
            break;
    }
    return rc;
}

/* ---- invalidations ----------------------------------------------------------
 */

/* Those of every space: a trace does not say whose an ASID is. */
static int unmap_range(struct cmd_learn *l, uint64_t first, uint64_t pages)
{
    int rc = CMD_OK;

    for (size_t space = 0; space < l->spaces; space++)
        for (uint64_t n = 0; n < pages && !rc; n++)
            rc = unmap(l, key_of(space, first + n * PAGE));
    return rc;
}

static int unmap_all(struct cmd_learn *l, uint64_t first, uint64_t pages)
{
    int rc = CMD_OK;

    for (size_t i = 0; i < l->room && !rc;) {
        uint64_t at = (l->page[i] & KEY_PAGE_MASK) - (first >> PAGE_LOG2);

        /* Another one may move to where this one was. */
        if (l->page[i] && at < pages)
            rc = unmap(l, l->page[i]);
        else
            i++;
    }
    return rc;
}

int cmd_learn_command(struct cmd_learn *l, const iovp_record *rec)
{
    uint32_t opcode = rec->iova & 0xff, granule = rec->pa >> 10 & 3;
    uint64_t first = rec->pa & ~(PAGE - 1), pages = 1;

    if (opcode == TLBI_NH_ALL || opcode == TLBI_NH_ASID ||
        opcode == TLBI_NSNH_ALL)
        return unmap_all(l, 0, UINT64_MAX);
    if (opcode != TLBI_NH_VA && opcode != TLBI_NH_VAA)
        return CMD_OK;
    /* 4.4.1.1: NUM and SCALE count granules of TG, 0: one address. */
    if (granule)
        pages = ((rec->iova >> 12 & 31) + 1)
                << (rec->iova >> 20 & 31) << 2 * (granule - 1);
    return pages > l->pages ? unmap_all(l, first, pages)
                            : unmap_range(l, first, pages);
}

void cmd_learn_close(struct cmd_learn *l)
{
    free(l->page);
}
