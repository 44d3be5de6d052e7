/* SPDX-License-Identifier: MIT */
/* The operations of the test endpoint's engine, cut into accesses. */
#include "engine_internal.h"

#include <string.h>

/* ---- what they need --------------------------------------------------------
 */

enum need {
    READS = 1,      /* at SRC */
    WRITES = 2,     /* at DST, after reading if it does */
    ATOMIC = 4,     /* at DST */
    TRANSLATES = 8, /* at SRC */
    NOW = 16,       /* no access */
    SCRATCH = 32,   /* LEN within the scratch memory */
    PASID = 64,
};

struct op_row {
    uint8_t need;
    uint8_t kind; /* of its access, unless READS or WRITES */
    uint32_t caps;
};

static const struct op_row rows[TEP_OP_COUNT] = {
    [TEP_OP_NOP] = {NOW, 0, 0},
    [TEP_OP_MEMCPY] = {READS | WRITES, 0, 0},
    [TEP_OP_FILL] = {WRITES, 0, 0},
    [TEP_OP_XOR] = {READS, 0, 0},
    [TEP_OP_SUM] = {READS, 0, 0},
    [TEP_OP_VERIFY] = {READS, 0, 0},
    [TEP_OP_LOAD] = {READS | SCRATCH, 0, 0},
    [TEP_OP_STORE] = {WRITES | SCRATCH, 0, 0},
    [TEP_OP_FETCH_ADD] = {ATOMIC, ENGINE_FETCH_ADD, TEP_CAPS_ATOMICS},
    [TEP_OP_SWAP] = {ATOMIC, ENGINE_SWAP, TEP_CAPS_ATOMICS},
    [TEP_OP_CAS] = {ATOMIC, ENGINE_CAS, TEP_CAPS_ATOMICS},
    [TEP_OP_PREFETCH] = {TRANSLATES, ENGINE_PREFETCH, TEP_CAPS_ATC},
    [TEP_OP_STOP_PASID] = {NOW | PASID, 0, TEP_CAPS_PASID},
    [TEP_OP_ATC_FLUSH] = {NOW, 0, TEP_CAPS_ATC},
};

static uint32_t op_of(const struct engine_job *j)
{
    return j->cmd & TEP_CMD_OP;
}

static uint32_t field(uint32_t attr, unsigned shift)
{
    return attr >> shift & 3;
}

static bool attr_ok(const struct engine *e, const struct engine_job *j)
{
    uint32_t caps = e->cfg.caps, at = field(j->attr, TEP_ATTR_AT_SHIFT);
    uint32_t policy = field(j->attr, TEP_ATTR_FAULT_SHIFT);

    if (at > TEP_AT_TRANSLATED || (at && !(caps & TEP_CAPS_ATC)) ||
        !iovp_bit(caps, TEP_CAPS_POLICY_SHIFT + policy) ||
        (policy == TEP_FAULT_PRI && at != TEP_AT_ATC))
        return false;
    if (j->attr & TEP_ATTR_SPACE_VALID &&
        !iovp_bit(e->cfg.spaces, field(j->attr, TEP_ATTR_SPACE_SHIFT)))
        return false;
    return !((j->pasid & TEP_PASID_VALID && !(caps & TEP_CAPS_PASID)) ||
             (j->attr & TEP_ATTR_EXECUTE && !(caps & TEP_CAPS_EXECUTE)) ||
             (j->attr & TEP_ATTR_PRIVILEGED && !(caps & TEP_CAPS_PRIVILEGED)));
}

static bool length_ok(const struct engine_job *j, uint8_t need)
{
    uint32_t count = j->load.count;

    if (count < 1 || count > TEP_LOAD_COUNT_MAX ||
        (uint64_t)count * j->len > UINT32_MAX)
        return false;
    if (need & SCRATCH)
        return j->len <= TEP_SCRATCH_SIZE;
    if (!(need & ATOMIC))
        return true;
    return (j->len == 4 || j->len == 8) &&
           !((j->dst | j->load.stride) & (j->len - 1));
}

uint8_t engine_check(const struct engine *e, const struct engine_job *j)
{
    const struct op_row *r = &rows[op_of(j) % TEP_OP_COUNT];

    if (op_of(j) >= TEP_OP_COUNT || (r->caps & ~e->cfg.caps))
        return TEP_ERROR_OP;
    if (!attr_ok(e, j) || (r->need & PASID && !(j->pasid & TEP_PASID_VALID)))
        return TEP_ERROR_ATTR;
    return length_ok(j, r->need) ? TEP_ERROR_NONE : TEP_ERROR_LEN;
}

bool engine_at_once(struct engine *e, uint8_t *error)
{
    const struct engine_job *j = &e->job;
    bool valid = j->pasid & TEP_PASID_VALID;
    uint32_t pasid = j->pasid & TEP_PASID_MASK;

    *error = TEP_ERROR_NONE;
    if (!(rows[op_of(j)].need & NOW))
        return false;
    if (op_of(j) == TEP_OP_NOP)
        return true;
    if (e->ops->flush)
        e->ops->flush(e->opaque, valid, pasid);
    if (op_of(j) == TEP_OP_STOP_PASID && e->ops->stop)
        *error = e->ops->stop(e->opaque, pasid);
    return true;
}

/* ---- cutting ---------------------------------------------------------------
 */

void engine_access_of(const struct engine_job *j, struct engine_access *a)
{
    memset(a, 0, sizeof(*a));
    a->at = (uint8_t)field(j->attr, TEP_ATTR_AT_SHIFT);
    a->policy = (uint8_t)field(j->attr, TEP_ATTR_FAULT_SHIFT);
    a->space = (uint8_t)field(j->attr, TEP_ATTR_SPACE_SHIFT);
    a->space_valid = j->attr & TEP_ATTR_SPACE_VALID;
    a->pasid_valid = j->pasid & TEP_PASID_VALID;
    a->pasid = j->pasid & TEP_PASID_MASK;
    a->execute = j->attr & TEP_ATTR_EXECUTE;
    a->privileged = j->attr & TEP_ATTR_PRIVILEGED;
    a->no_write = j->attr & TEP_ATTR_NO_WRITE;
    a->no_snoop = j->attr & TEP_ATTR_NO_SNOOP;
    a->relaxed = j->attr & TEP_ATTR_RELAXED;
    a->retries = j->retries;
    a->retry_ps = j->retry_ps;
}

/* xorshift64: the state is never 0. */
static uint64_t random_next(struct engine *e)
{
    e->random ^= e->random << 13;
    e->random ^= e->random >> 7;
    e->random ^= e->random << 17;
    return e->random;
}

static void place(struct engine *e)
{
    const struct engine_job *j = &e->job;
    uint64_t unit = j->load.stride;
    uint64_t n = e->turn;

    if (j->load.seed) {
        n = random_next(e);
        unit = unit ? unit : 64;
    }
    e->offset = n * unit;
    if (j->load.span)
        e->offset &= iovp_mask(j->load.span);
}

void engine_first(struct engine *e)
{
    e->turn = 0;
    e->at = 0;
    e->half = false;
    e->random = e->job.load.seed;
    place(e);
}

static uint32_t chunk(const struct engine *e, uint64_t addr)
{
    uint64_t left = e->job.len - e->at;
    uint32_t page = e->cfg.chunk - (uint32_t)(addr & (e->cfg.chunk - 1));

    return left < page ? (uint32_t)left : page;
}

static uint8_t pattern(const struct engine *e, uint32_t i)
{
    return (uint8_t)(e->job.operand[0] >> 8 * ((e->at + i) % 8));
}

/* What is written, unless it was read before. */
static void prepare(struct engine *e, const struct engine_access *a)
{
    uint32_t op = op_of(&e->job);

    if (op == TEP_OP_FILL)
        for (uint32_t i = 0; i < a->bytes; i++)
            e->data[i] = pattern(e, i);
    else if (op == TEP_OP_STORE)
        memcpy(e->data, &e->scratch[e->at], a->bytes);
    else if (rows[op].need & ATOMIC) {
        uint32_t second = e->job.len;

        iovp_put_le64(&e->data[0], e->job.operand[0]);
        iovp_put_le64(&e->data[second], e->job.operand[1]);
    }
}

bool engine_next(struct engine *e, struct engine_access *a)
{
    const struct engine_job *j = &e->job;
    const struct op_row *r = &rows[op_of(j)];
    uint64_t src = j->src + e->offset + e->at;
    uint64_t dst = j->dst + e->offset + e->at;

    if (!j->len || e->turn >= j->load.count)
        return false;
    engine_access_of(j, a);
    a->kind = r->kind;
    if (r->need & READS)
        a->kind = ENGINE_READ;
    if (r->need & WRITES && (e->half || !(r->need & READS)))
        a->kind = ENGINE_WRITE;
    a->addr = a->kind == ENGINE_READ || a->kind == ENGINE_PREFETCH ? src : dst;
    a->bytes = chunk(e, r->need & (READS | TRANSLATES) ? src : dst);
    if (a->kind != ENGINE_READ && a->kind != ENGINE_PREFETCH)
        a->execute = a->no_write = false;
    if (a->kind != ENGINE_READ && a->kind != ENGINE_PREFETCH && !e->half)
        prepare(e, a);
    return true;
}

/* ---- what came back --------------------------------------------------------
 */

static uint8_t consume(struct engine *e, uint32_t bytes)
{
    struct engine_job *j = &e->job;
    uint32_t op = op_of(j);

    if (op == TEP_OP_LOAD)
        memcpy(&e->scratch[e->at], e->data, bytes);
    for (uint32_t i = 0; op == TEP_OP_XOR && i < bytes; i++)
        j->result ^= (uint64_t)e->data[i] << 8 * ((e->at + i) % 8);
    for (uint32_t i = 0; op == TEP_OP_SUM && i < bytes; i++)
        j->result += e->data[i];
    for (uint32_t i = 0; op == TEP_OP_VERIFY && i < bytes; i++)
        if (e->data[i] != pattern(e, i)) {
            j->fault_addr = e->access.addr + i;
            j->bytes_done += i;
            return TEP_ERROR_MISMATCH;
        }
    return TEP_ERROR_NONE;
}

static void translated(struct engine *e, const struct engine_result *r)
{
    struct engine_job *j = &e->job;
    unsigned log2 = r->range ? 63u - (unsigned)__builtin_clzll(r->range) : 0;

    if (e->turn || e->at)
        return;
    j->result = r->address;
    j->info = r->info | log2 << TEP_INFO_SHIFT;
}

static void advance(struct engine *e, uint64_t bytes)
{
    e->half = false;
    e->at += bytes;
    e->job.bytes_done += bytes;
    if (e->at < e->job.len)
        return;
    e->at = 0;
    e->turn++;
    place(e);
}

uint8_t engine_took(struct engine *e, const struct engine_result *r)
{
    uint64_t n = e->access.bytes, left = e->job.len - e->at;
    uint8_t error;

    switch ((enum engine_kind)e->access.kind) {
    case ENGINE_READ:
        e->count[TEP_BYTES_READ] += n;
        e->half = rows[op_of(&e->job)].need & WRITES;
        if (e->half)
            return TEP_ERROR_NONE;
        error = consume(e, (uint32_t)n);
        if (error)
            return error;
        break;
    case ENGINE_PREFETCH:
        translated(e, r);
        /* Less or more than was wanted. */
        n = r->range ? r->range : n;
        n = n < left ? n : left;
        break;
    case ENGINE_WRITE:
    case ENGINE_FETCH_ADD:
    case ENGINE_SWAP:
    case ENGINE_CAS:
        e->count[TEP_BYTES_WRITTEN] += n;
        if (e->access.kind != ENGINE_WRITE)
            e->job.result = n == 4 ? iovp_le32(e->data) : iovp_le64(e->data);
        break;
    }
    advance(e, n);
    return TEP_ERROR_NONE;
}

void engine_failed(struct engine *e, const struct engine_result *r)
{
    const struct engine_access *a = &e->access;
    struct engine_job *j = &e->job;
    uint32_t done = r->done < a->bytes ? r->done : a->bytes;
    bool write = a->kind != ENGINE_READ && a->kind != ENGINE_PREFETCH;

    j->error = r->error;
    j->fault_addr = r->fault_addr;
    j->fault_info = r->error | (write ? TEP_FAULT_INFO_WRITE : 0) |
                    (a->execute ? TEP_FAULT_INFO_EXECUTE : 0) |
                    (a->privileged ? TEP_FAULT_INFO_PRIVILEGED : 0) |
                    (a->pasid_valid ? TEP_FAULT_INFO_PASID : 0) |
                    (uint32_t)r->refusal << TEP_FAULT_INFO_REFUSAL_SHIFT;
    if (e->phase != ENGINE_RUNNING)
        return;
    if (a->kind == ENGINE_READ)
        e->count[TEP_BYTES_READ] += done;
    if (a->kind == ENGINE_WRITE)
        e->count[TEP_BYTES_WRITTEN] += done;
    if (write || !(rows[op_of(j)].need & WRITES))
        j->bytes_done += done;
}

void engine_interrupt(struct engine *e, uint32_t irq)
{
    if (irq & TEP_IRQ_ENABLE && e->ops->irq(e->opaque, irq & TEP_IRQ_VECTOR))
        e->count[TEP_INTERRUPTS]++;
}
