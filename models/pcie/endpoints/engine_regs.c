/* SPDX-License-Identifier: MIT */
/* The register file of the test endpoint's engine. */
#include "engine_internal.h"

#include <string.h>

/* ---- the table ----------------------------------------------------------
 */

enum guard { OPEN = 0, RING_OFF };

typedef void written_fn(struct engine *e, uint32_t value, uint32_t bytes);

static written_fn write_cmd, write_status, write_ring_control, write_tail,
    write_ring_status, write_clear;

struct reg_row {
    uint32_t write; /* bits that software may write */
    uint8_t guard;  /* enum guard */
    /* `value` as written, where the bits of `bytes` are set. */
    written_fn *written;
};

#define RW(at, ...)         [(at) / 4] = {~0u, __VA_ARGS__}
#define RW64(at, ...)       RW(at, __VA_ARGS__), RW((at) + 4, __VA_ARGS__)
#define BITS(at, mask, ...) [(at) / 4] = {(mask), __VA_ARGS__}
#define HOOK(at, function)  [(at) / 4] = {0, OPEN, (function)}
#define PASID_BITS          (TEP_PASID_VALID | TEP_PASID_MASK)
#define ATTR_BITS           0x33ffu
#define IRQ_BITS            (TEP_IRQ_ENABLE | TEP_IRQ_VECTOR)

static const struct reg_row rows[TEP_REGISTERS / 4] = {
    RW64(TEP_SRC, OPEN, NULL),
    RW64(TEP_DST, OPEN, NULL),
    RW(TEP_LEN, OPEN, NULL),
    BITS(TEP_PASID, PASID_BITS, OPEN, NULL),
    BITS(TEP_ATTR, ATTR_BITS, OPEN, NULL),
    HOOK(TEP_CMD, write_cmd),
    HOOK(TEP_STATUS, write_status),
    BITS(TEP_IRQ, IRQ_BITS, OPEN, NULL),
    RW64(TEP_OPERAND0, OPEN, NULL),
    RW64(TEP_OPERAND1, OPEN, NULL),
    RW(TEP_RETRY, OPEN, NULL),
    RW64(TEP_LOAD_STRIDE, OPEN, NULL),
    RW64(TEP_LOAD_SEED, OPEN, NULL),
    RW(TEP_LOAD_COUNT, OPEN, NULL),
    BITS(TEP_LOAD_SPAN, 0x3f, OPEN, NULL),
    RW64(TEP_RING_BASE, RING_OFF, NULL),
    RW(TEP_RING_SIZE, RING_OFF, NULL),
    BITS(TEP_RING_CTRL, TEP_RING_ENABLE, OPEN, write_ring_control),
    RW(TEP_RING_HEAD, RING_OFF, NULL),
    RW(TEP_RING_TAIL, OPEN, write_tail),
    BITS(TEP_RING_PASID, PASID_BITS, RING_OFF, NULL),
    BITS(TEP_RING_ATTR, ATTR_BITS, RING_OFF, NULL),
    HOOK(TEP_RING_STATUS, write_ring_status),
    BITS(TEP_RING_IRQ, IRQ_BITS, RING_OFF, NULL),
    HOOK(TEP_COUNTERS_CLEAR, write_clear),
};

void engine_regs_reset(struct engine *e)
{
    memset(e->reg, 0, sizeof(e->reg));
    engine_set(e, TEP_ID, TEP_ID_VALUE);
    engine_set(e, TEP_VERSION, TEP_VERSION_VALUE);
    engine_set(e, TEP_CAPS, e->cfg.caps);
    engine_set(e, TEP_LIMITS,
               (uint32_t)__builtin_ctz(TEP_RING_SIZE_MAX) |
                   e->cfg.vectors << TEP_LIMITS_VECTORS);
    engine_set(e, TEP_RETRY, 1000u << TEP_RETRY_SHIFT | 16);
    engine_set(e, TEP_LOAD_COUNT, 1);
}

/* ---- counters ------------------------------------------------------------
 */

static void live(const struct engine *e, uint64_t *out)
{
    memcpy(out, e->count, sizeof(e->count));
    if (e->ops->stats)
        e->ops->stats(e->opaque, &out[TEP_ATC_HITS]);
}

uint64_t engine_counter(const struct engine *e, enum tep_counter c)
{
    uint64_t now[TEP_COUNTER_COUNT];

    if ((unsigned)c >= TEP_COUNTER_COUNT)
        return 0;
    live(e, now);
    return now[c] - e->base[c];
}

const char *engine_counter_name(enum tep_counter c)
{
    static const char *const names[TEP_COUNTER_COUNT] = {
        [TEP_OPERATIONS] = "operations",
        [TEP_ERRORS] = "errors",
        [TEP_DESCRIPTORS] = "descriptors",
        [TEP_BYTES_READ] = "bytes_read",
        [TEP_BYTES_WRITTEN] = "bytes_written",
        [TEP_BUSY_PS] = "busy_ps",
        [TEP_WAITS] = "waits",
        [TEP_INTERRUPTS] = "interrupts",
        [TEP_ATC_HITS] = "atc_hits",
        [TEP_ATC_MISSES] = "atc_misses",
        [TEP_ATS_REQUESTS] = "ats_requests",
        [TEP_ATS_DENIED] = "ats_denied",
        [TEP_INVALIDATIONS] = "invalidations",
        [TEP_INVALIDATED] = "invalidated",
        [TEP_PRI_REQUESTS] = "pri_requests",
        [TEP_PRI_SUCCESS] = "pri_success",
        [TEP_PRI_INVALID] = "pri_invalid",
        [TEP_PRI_FAILURE] = "pri_failure",
    };

    return (unsigned)c < TEP_COUNTER_COUNT ? names[c] : NULL;
}

static void show_counters(struct engine *e)
{
    uint64_t now[TEP_COUNTER_COUNT];

    live(e, now);
    for (uint32_t i = 0; i < TEP_COUNTER_COUNT; i++)
        engine_set64(e, TEP_COUNTERS + 8 * i, now[i] - e->base[i]);
}

static void write_clear(struct engine *e, uint32_t value, uint32_t bytes)
{
    (void)value;
    (void)bytes;
    live(e, e->base);
}

/* ---- the operation --------------------------------------------------------
 */

static void latch(const struct engine *e, struct engine_job *j)
{
    uint32_t retry = engine_reg(e, TEP_RETRY);

    memset(j, 0, sizeof(*j));
    j->cmd = engine_reg(e, TEP_CMD);
    j->attr = engine_reg(e, TEP_ATTR);
    j->pasid = engine_reg(e, TEP_PASID);
    j->len = engine_reg(e, TEP_LEN);
    j->irq = engine_reg(e, TEP_IRQ);
    j->src = engine_reg64(e, TEP_SRC);
    j->dst = engine_reg64(e, TEP_DST);
    j->operand[0] = engine_reg64(e, TEP_OPERAND0);
    j->operand[1] = engine_reg64(e, TEP_OPERAND1);
    j->retries = (uint16_t)(retry & TEP_RETRY_TRIES);
    j->retry_ps = (retry >> TEP_RETRY_SHIFT) * 1000;
    j->load.count = 1;
    if (!(j->cmd & TEP_CMD_LOAD))
        return;
    j->load.count = engine_reg(e, TEP_LOAD_COUNT);
    j->load.stride = engine_reg64(e, TEP_LOAD_STRIDE);
    j->load.seed = engine_reg64(e, TEP_LOAD_SEED);
    j->load.span = (uint8_t)engine_reg(e, TEP_LOAD_SPAN);
}

static bool regs_busy(const struct engine *e)
{
    return (e->queued && e->next_source != ENGINE_RING) ||
           (e->phase != ENGINE_IDLE && e->source != ENGINE_RING);
}

/* Only its lowest byte starts something; CMD reads as it was written. */
static void write_cmd(struct engine *e, uint32_t value, uint32_t bytes)
{
    uint32_t cmd = (engine_reg(e, TEP_CMD) & ~bytes) | (value & bytes);

    if (bytes & TEP_CMD_OP && (cmd & TEP_CMD_OP) == TEP_OP_ABORT) {
        e->abort = engine_busy(e);
        e->ops->wake(e->opaque, e->ops->time(e->opaque));
        return;
    }
    if (regs_busy(e))
        return;
    engine_set(e, TEP_CMD, cmd & (TEP_CMD_OP | TEP_CMD_LOAD));
    if (!(bytes & TEP_CMD_OP))
        return;
    latch(e, &e->next);
    e->next_source = ENGINE_REGS;
    e->queued = true;
    engine_set(e, TEP_STATUS, TEP_STATUS_BUSY);
    e->ops->wake(e->opaque, e->ops->time(e->opaque));
}

bool engine_submit(struct engine *e, const struct engine_job *j)
{
    if (regs_busy(e))
        return false;
    e->next = *j;
    e->next_source = ENGINE_ALIAS;
    e->queued = true;
    e->ops->wake(e->opaque, e->ops->time(e->opaque));
    return true;
}

uint32_t engine_status_word(const struct engine_job *j)
{
    return TEP_STATUS_DONE |
           (j->error ? TEP_STATUS_FAILED | (uint32_t)j->error
                                               << TEP_STATUS_ERROR_SHIFT
                     : 0);
}

void engine_regs_done(struct engine *e, const struct engine_job *j)
{
    engine_set64(e, TEP_FAULT_ADDR, j->fault_addr);
    engine_set(e, TEP_FAULT_INFO, j->fault_info);
    engine_set64(e, TEP_RESULT, j->result);
    engine_set64(e, TEP_BYTES_DONE, j->bytes_done);
    engine_set(e, TEP_RESULT_INFO, j->info);
    engine_set(e, TEP_STATUS, engine_status_word(j));
}

static void write_status(struct engine *e, uint32_t value, uint32_t bytes)
{
    if (value & bytes & TEP_STATUS_DONE &&
        engine_reg(e, TEP_STATUS) & TEP_STATUS_DONE)
        engine_set(e, TEP_STATUS, 0);
}

/* ---- the ring ------------------------------------------------------------ */

static void write_ring_control(struct engine *e, uint32_t value, uint32_t bytes)
{
    (void)value;
    if (bytes & TEP_RING_ENABLE)
        engine_ring_control(e);
}

static void write_tail(struct engine *e, uint32_t value, uint32_t bytes)
{
    (void)value;
    (void)bytes;
    e->ops->wake(e->opaque, e->ops->time(e->opaque));
}

static void write_ring_status(struct engine *e, uint32_t value, uint32_t bytes)
{
    if (value & bytes & TEP_RING_STOPPED)
        engine_set(e, TEP_RING_STATUS,
                   engine_reg(e, TEP_RING_STATUS) & TEP_RING_RUNNING);
}

/* ---- accesses ------------------------------------------------------------ */

static void write_word(struct engine *e, uint32_t at, uint32_t value,
                       uint32_t bytes)
{
    const struct reg_row *r = &rows[at / 4];
    uint32_t mask = r->write & bytes;

    if (r->guard == RING_OFF &&
        engine_reg(e, TEP_RING_STATUS) & TEP_RING_RUNNING)
        return;
    engine_set(e, at, (engine_reg(e, at) & ~mask) | (value & mask));
    if (r->written)
        r->written(e, value, bytes);
}

/* The part of [offset, offset + *length) from `from` up to `to`. */
static bool overlap(uint64_t offset, uint32_t length, uint32_t from,
                    uint32_t to, uint32_t *first, uint32_t *last)
{
    if (!length || offset >= to || offset + length <= from)
        return false;
    *first = offset < from ? from : (uint32_t)offset;
    *last = offset + length > to ? to - 1 : (uint32_t)(offset + length - 1);
    return true;
}

void engine_write(struct engine *e, uint64_t offset, const void *data,
                  uint32_t length)
{
    const uint8_t *bytes = (const uint8_t *)data;
    uint32_t first, last;

    if (overlap(offset, length, 0, TEP_REGISTERS, &first, &last)) {
        for (uint32_t at = first & ~3u; at <= last; at += 4) {
            uint32_t value = 0, mask = 0;

            for (uint32_t i = 0; i < 4; i++)
                if (at + i >= first && at + i <= last) {
                    value |= (uint32_t)bytes[at + i - offset] << (8 * i);
                    mask |= 0xffu << (8 * i);
                }
            write_word(e, at, value, mask);
        }
    }
    if (overlap(offset, length, TEP_SCRATCH, TEP_WINDOW, &first, &last))
        memcpy(&e->scratch[first - TEP_SCRATCH], &bytes[first - offset],
               last - first + 1);
}

void engine_read(struct engine *e, uint64_t offset, void *data, uint32_t length)
{
    uint8_t *bytes = (uint8_t *)data;
    uint32_t first, last;

    memset(data, 0, length);
    if (overlap(offset, length, 0, TEP_REGISTERS, &first, &last)) {
        if (last >= TEP_COUNTERS)
            show_counters(e);
        memcpy(&bytes[first - offset], &e->reg[first], last - first + 1);
    }
    if (overlap(offset, length, TEP_SCRATCH, TEP_WINDOW, &first, &last))
        memcpy(&bytes[first - offset], &e->scratch[first - TEP_SCRATCH],
               last - first + 1);
}

_Static_assert(ENGINE_SWAP - ENGINE_FETCH_ADD == IOVP_ATOMIC_KIND_SWAP &&
                   ENGINE_CAS - ENGINE_FETCH_ADD == IOVP_ATOMIC_KIND_CAS,
               "engine_atomic_kind");

bool engine_atomic(struct engine *e, uint64_t offset, uint8_t kind, void *data,
                   uint32_t length)
{
    struct iovp_atomic_op op;

    if ((length != 4 && length != 8) || offset & (length - 1) ||
        offset < TEP_SCRATCH || offset >= TEP_WINDOW ||
        kind < ENGINE_FETCH_ADD || kind > ENGINE_CAS)
        return false;
    iovp_atomic_set(&op, engine_atomic_kind(kind), length, data);
    iovp_atomic_apply(&op, &e->scratch[offset - TEP_SCRATCH]);
    memcpy(data, op.old, length);
    return true;
}
