/* SPDX-License-Identifier: MIT */
/* NVM commands (chapter 6). */
#include "nvme_internal.h"

/* Of the blocks that a command names: bytes. */
struct range {
    uint64_t at;
    uint32_t bytes;
};

static uint16_t check_blocks(const struct nvme *n, uint64_t first,
                             uint64_t count)
{
    return first > n->cfg.blocks || count > n->cfg.blocks - first
               ? NVME_SC_LBA_RANGE
               : NVME_SC_SUCCESS;
}

static uint16_t find_range(const struct nvme *n, const struct nvme_command *c,
                           struct range *r)
{
    uint64_t first = c->cdw[10] | (uint64_t)c->cdw[11] << 32;
    uint32_t blocks = (c->cdw[12] & 0xffff) + 1;

    if (c->nsid != 1)
        return NVME_SC_INVALID_NS;
    r->at = first << n->cfg.block_log2;
    r->bytes = blocks << n->cfg.block_log2;
    return check_blocks(n, first, blocks);
}

/* As find_range, for commands that move data, which MDTS limits. */
static uint16_t find_data(const struct nvme *n, const struct nvme_command *c,
                          struct range *r)
{
    uint16_t s = find_range(n, c, r);

    if (s == NVME_SC_INVALID_NS)
        return s;
    return r->bytes > nvme_data_max(n) ? NVME_SC_INVALID_FIELD : s;
}

/* Without a volatile write cache, or with FUA, data are safe at completion. */
static bool make_safe(struct nvme *n, const struct nvme_command *c)
{
    if (n->feature[NVME_FEAT_VWC] && !(c->cdw[12] & NVME_RW_FUA))
        return true;
    return nvme_media_flush(n);
}

static uint16_t do_read(struct nvme *n, struct nvme_command *c)
{
    struct range r;
    uint16_t s = find_data(n, c, &r);

    if (s)
        return s;
    nvme_take_time(n, n->cfg.read_ps, r.bytes);
    if (!nvme_media_read(n, r.at, n->buffer, r.bytes))
        return NVME_SC_READ_ERROR;
    s = nvme_transfer(n, c, true, n->buffer, r.bytes);
    n->count[NVME_COUNT_BYTES_READ] += s ? 0 : r.bytes;
    return s;
}

static uint16_t do_write(struct nvme *n, struct nvme_command *c)
{
    struct range r;
    uint16_t s = find_data(n, c, &r);

    if (!s && n->cfg.read_only)
        s = NVME_SC_WRITE_PROTECTED;
    if (!s)
        s = nvme_transfer(n, c, false, n->buffer, r.bytes);
    if (s)
        return s;
    nvme_take_time(n, n->cfg.write_ps, r.bytes);
    if (!nvme_media_write(n, r.at, n->buffer, r.bytes) || !make_safe(n, c))
        return NVME_SC_WRITE_FAULT;
    n->count[NVME_COUNT_BYTES_WRITTEN] += r.bytes;
    return NVME_SC_SUCCESS;
}

/* 6.6: the host's data are in the buffer, the medium's come in pages. */
static uint16_t do_compare(struct nvme *n, struct nvme_command *c)
{
    uint8_t page[NVME_PAGE];
    struct range r;
    uint16_t s = find_data(n, c, &r);

    if (!s)
        s = nvme_transfer(n, c, false, n->buffer, r.bytes);
    if (s)
        return s;
    nvme_take_time(n, n->cfg.read_ps, r.bytes);
    for (uint32_t done = 0; done < r.bytes; done += NVME_PAGE) {
        uint32_t left = r.bytes - done;
        uint32_t piece = left < NVME_PAGE ? left : NVME_PAGE;

        if (!nvme_media_read(n, r.at + done, page, piece))
            return NVME_SC_READ_ERROR;
        if (memcmp(page, n->buffer + done, piece))
            return NVME_SC_COMPARE_FAILURE;
    }
    return NVME_SC_SUCCESS;
}

static uint16_t do_verify(struct nvme *n, struct nvme_command *c)
{
    uint32_t most = nvme_data_max(n);
    struct range r;
    uint16_t s = find_range(n, c, &r);

    if (s)
        return s;
    nvme_take_time(n, n->cfg.read_ps, r.bytes);
    for (uint32_t done = 0; done < r.bytes; done += most) {
        uint32_t left = r.bytes - done;

        if (!nvme_media_read(n, r.at + done, n->buffer,
                             left < most ? left : most))
            return NVME_SC_READ_ERROR;
    }
    return NVME_SC_SUCCESS;
}

static uint16_t do_write_zeroes(struct nvme *n, struct nvme_command *c)
{
    struct range r;
    uint16_t s = find_range(n, c, &r);

    if (!s && n->cfg.read_only)
        s = NVME_SC_WRITE_PROTECTED;
    if (s)
        return s;
    nvme_take_time(n, n->cfg.write_ps, 0);
    if (!nvme_media_zero(n, r.at, r.bytes) || !make_safe(n, c))
        return NVME_SC_WRITE_FAULT;
    return NVME_SC_SUCCESS;
}

/* 6.8 */
static uint16_t do_flush(struct nvme *n, struct nvme_command *c)
{
    if (c->nsid != 1 && c->nsid != NVME_NSID_ALL)
        return NVME_SC_INVALID_NS;
    nvme_take_time(n, n->cfg.flush_ps, 0);
    return nvme_media_flush(n) ? NVME_SC_SUCCESS : NVME_SC_WRITE_FAULT;
}

/* ---- Dataset Management (6.7) --------------------------------------- */

/*
 * Deallocation is a hint: beyond as many blocks as there are (ranges may
 * overlap) the rest of the command is not taken.
 */
static uint16_t deallocate(struct nvme *n, const uint8_t *ranges,
                           uint32_t count)
{
    uint64_t budget = n->cfg.blocks;

    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *r = ranges + i * NVME_DSM_SIZE;
        uint64_t blocks = iovp_le32(r + 4);

        if (blocks > budget)
            break;
        budget -= blocks;
        if (blocks &&
            !nvme_media_discard(n, iovp_le64(r + 8) << n->cfg.block_log2,
                                blocks << n->cfg.block_log2))
            return NVME_SC_WRITE_FAULT;
    }
    return NVME_SC_SUCCESS;
}

static uint16_t do_dsm(struct nvme *n, struct nvme_command *c)
{
    uint32_t count = (c->cdw[10] & 0xff) + 1;
    uint16_t s;

    if (c->nsid != 1)
        return NVME_SC_INVALID_NS;
    s = nvme_transfer(n, c, false, n->buffer, count * NVME_DSM_SIZE);
    for (uint32_t i = 0; !s && i < count; i++) {
        const uint8_t *r = n->buffer + i * NVME_DSM_SIZE;

        s = check_blocks(n, iovp_le64(r + 8), iovp_le32(r + 4));
    }
    if (s || !(c->cdw[11] & NVME_DSM_AD))
        return s;
    if (n->cfg.read_only)
        return NVME_SC_WRITE_PROTECTED;
    nvme_take_time(n, n->cfg.write_ps, 0);
    return deallocate(n, n->buffer, count);
}

#define READS  NVME_EFFECT_CSUPP
#define WRITES (NVME_EFFECT_CSUPP | NVME_EFFECT_LBCC)

const struct nvme_opcode nvme_io_commands[] = {
    {NVME_CMD_FLUSH, READS, NVME_COUNT_FLUSH, do_flush},
    {NVME_CMD_WRITE, WRITES, NVME_COUNT_WRITE, do_write},
    {NVME_CMD_READ, READS, NVME_COUNT_READ, do_read},
    {NVME_CMD_COMPARE, READS, NVME_COUNT_COMPARE, do_compare},
    {NVME_CMD_WRITE_ZEROES, WRITES, NVME_COUNT_WRITE_ZEROES, do_write_zeroes},
    {NVME_CMD_DSM, WRITES, NVME_COUNT_DSM, do_dsm},
    {NVME_CMD_VERIFY, READS, NVME_COUNT_VERIFY, do_verify},
    {0},
};
