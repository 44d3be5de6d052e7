/* SPDX-License-Identifier: MIT */
/*
 * The controller's registers (3.1), doorbells, and its states.  Accesses are
 * made of whole, aligned doublewords; what is not is read as such, and ignored
 * by writes.
 */
#include "nvme_internal.h"

/* ---- reads ---------------------------------------------------------- */

static uint64_t capabilities(const struct nvme *n)
{
    return NVME_CAP_MQES(n->cfg.queue_entries - 1) | NVME_CAP_CQR |
           NVME_CAP_TO(40) | NVME_CAP_CSS_NVM | NVME_CAP_MPSMAX(n->cfg.mpsmax);
}

/* A register; the last is ACQ. */
static uint32_t register32(const struct nvme *n, uint32_t offset)
{
    const struct {
        uint8_t offset;
        uint32_t value;
    } table[] = {
        {NVME_CAP, (uint32_t)capabilities(n)},
        {NVME_CAP + 4, (uint32_t)(capabilities(n) >> 32)},
        {NVME_VS, NVME_VS_1_4},
        {NVME_INTMS, n->masked},
        {NVME_INTMC, n->masked},
        {NVME_CC, n->cc},
        {NVME_CSTS, n->csts},
        {NVME_AQA, n->aqa},
        {NVME_ASQ, (uint32_t)n->asq},
        {NVME_ASQ + 4, (uint32_t)(n->asq >> 32)},
        {NVME_ACQ, (uint32_t)n->acq},
        {NVME_ACQ + 4, (uint32_t)(n->acq >> 32)},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].offset == offset)
            return table[i].value;
    return 0;
}

static uint32_t read32(const struct nvme *n, uint64_t offset)
{
    return offset <= NVME_ACQ + 4 ? register32(n, (uint32_t)offset) : 0;
}

enum pcie_status nvme_bar_read(void *self, unsigned bar, uint64_t offset,
                               const struct pcie_tlp *t, void *data)
{
    uint8_t *out = data;
    uint32_t word = 0;

    (void)bar;
    for (uint32_t i = 0; i < t->length; i++) {
        uint64_t at = offset + i;

        if (!i || at % 4 == 0)
            word = read32(self, at & ~3ull);
        out[i] = (uint8_t)(word >> at % 4 * 8);
    }
    return PCIE_SC;
}

/* ---- interrupts of the pin ------------------------------------------ */

/* 7.5.1: while a queue that interrupts by vector 0 has entries. */
void nvme_update_pin(struct nvme *n)
{
    struct pcie_fn *f = pcie_ep_function(n->ep);
    bool level = false;

    if (!f)
        return; /* create has not come that far */
    for (uint32_t i = 0; i <= n->cfg.queues; i++) {
        const struct nvme_cq *q = &n->cq[i];

        if (q->valid && q->interrupts && !q->vector && q->head != q->tail)
            level = true;
    }
    pcie_intx(f, level && !(n->masked & 1));
}

/* ---- doorbells (3.1.24, 3.1.25) ------------------------------------- */

static void wake(struct nvme *n)
{
    pcie_ep_wake(n->ep, pcie_ep_time(n->ep));
}

static void invalid(struct nvme *n, uint16_t queue, unsigned info)
{
    struct nvme_error e = {
        .sqid = queue,
        .cid = 0xffff,
        .param = 0xffff,
    };

    nvme_log_error(n, &e);
    nvme_event(n, NVME_EVENT_ERROR, info, NVME_LOG_ERROR);
    wake(n);
}

static void ring_sq(struct nvme *n, uint16_t id, uint32_t tail)
{
    struct nvme_sq *q = &n->sq[id];

    if (id > n->cfg.queues || !q->valid) {
        invalid(n, id, NVME_EVENT_INVALID_DOORBELL);
        return;
    }
    if (tail >= q->entries) {
        invalid(n, id, NVME_EVENT_INVALID_VALUE);
        return;
    }
    q->tail = tail;
    wake(n);
}

/* The head may go as far as the tail. */
static void ring_cq(struct nvme *n, uint16_t id, uint32_t head)
{
    struct nvme_cq *q = &n->cq[id];
    uint32_t used, taken;

    if (id > n->cfg.queues || !q->valid) {
        invalid(n, id, NVME_EVENT_INVALID_DOORBELL);
        return;
    }
    used = (q->tail + q->entries - q->head) % q->entries;
    taken = (head + q->entries - q->head) % q->entries;
    if (head >= q->entries || taken > used) {
        invalid(n, id, NVME_EVENT_INVALID_VALUE);
        return;
    }
    q->head = head;
    nvme_update_pin(n);
    wake(n);
}

static void ring(struct nvme *n, uint64_t offset, uint32_t value)
{
    uint64_t index = (offset - NVME_DOORBELL) / 4;

    if (!nvme_ready(n) || index >= 2 * (NVME_QUEUES_MAX + 1))
        return;
    if (index % 2)
        ring_cq(n, (uint16_t)(index / 2), value & NVME_DOORBELL_MASK);
    else
        ring_sq(n, (uint16_t)(index / 2), value & NVME_DOORBELL_MASK);
}

/* ---- writes --------------------------------------------------------- */

static void write_cc(struct nvme *n, uint32_t value)
{
    uint32_t was = n->cc;

    n->cc = value & NVME_CC_WRITABLE;
    if (was & NVME_CC_EN && !(n->cc & NVME_CC_EN))
        nvme_reset_controller(n, false);
    if ((was ^ n->cc) & NVME_CC_EN) {
        n->ready_at = pcie_ep_time(n->ep) + n->cfg.ready_ps;
        pcie_ep_wake(n->ep, n->ready_at);
    }
    /* 3.1.5, 3.1.6: SHST stays until the next reset. */
    if (!(n->cc & NVME_CC_SHN) && !(was & NVME_CC_EN))
        n->csts &= ~NVME_CSTS_SHST;
    if (n->cc & NVME_CC_SHN && !(n->csts & NVME_CSTS_SHST)) {
        n->csts |= NVME_CSTS_SHST_BUSY;
        wake(n);
    }
}

static uint64_t half(uint64_t was, bool high, uint32_t value)
{
    return high ? iovp_set_bits(was, 63, 32, value)
                : iovp_set_bits(was, 31, 0, value & ~(NVME_PAGE - 1));
}

/* Where the admin queues are may change while CC.EN is 0 (3.1.8 to 3.1.10). */
static void write_admin(struct nvme *n, uint64_t offset, uint32_t value)
{
    if (n->cc & NVME_CC_EN)
        return;
    if (offset == NVME_AQA)
        n->aqa = value & NVME_AQA_WRITABLE;
    else if (offset >= NVME_ACQ)
        n->acq = half(n->acq, offset != NVME_ACQ, value);
    else
        n->asq = half(n->asq, offset != NVME_ASQ, value);
}

static void write32(struct nvme *n, uint64_t offset, uint32_t value)
{
    if (offset >= NVME_DOORBELL) {
        ring(n, offset, value);
        return;
    }
    switch (offset) {
    case NVME_INTMS:
        n->masked |= value;
        break;
    case NVME_INTMC:
        n->masked &= ~value;
        wake(n);
        break;
    case NVME_CC:
        write_cc(n, value);
        return;
    case NVME_AQA:
    case NVME_ASQ:
    case NVME_ASQ + 4:
    case NVME_ACQ:
    case NVME_ACQ + 4:
        write_admin(n, offset, value);
        return;
    default:
        return;
    }
    nvme_update_pin(n);
}

enum pcie_status nvme_bar_write(void *self, unsigned bar, uint64_t offset,
                                const struct pcie_tlp *t, const void *data)
{
    (void)bar;
    for (uint32_t i = (uint32_t)(-offset & 3); i + 4 <= t->length; i += 4)
        write32(self, offset + i, iovp_le32((const uint8_t *)data + i));
    return PCIE_SC;
}

/* ---- states --------------------------------------------------------- */

/* 7.3.2 */
void nvme_reset_controller(struct nvme *n, bool registers)
{
    if (nvme_ready(n) && !(n->csts & NVME_CSTS_SHST))
        n->unsafe_shutdowns++;
    n->epoch++;
    memset(n->sq, 0, sizeof(n->sq));
    memset(n->cq, 0, sizeof(n->cq));
    memset(n->done, 0, sizeof(n->done));
    memset(n->event_masked, 0, sizeof(n->event_masked));
    n->done_count = n->aer_count = n->event_count = 0;
    n->last_sq = 0;
    n->masked = n->unsignaled = 0;
    n->refused = false;
    n->csts &= NVME_CSTS_RDY; /* until it has followed CC.EN */
    nvme_reset_features(n);
    if (registers) {
        n->cc = n->csts = n->aqa = 0;
        n->asq = n->acq = 0;
        n->ready_at = PCIE_NEVER;
    }
    nvme_update_pin(n);
}

void nvme_fatal(struct nvme *n)
{
    n->csts |= NVME_CSTS_CFS;
}

/* 7.6.1: what the host has set up before it sets CC.EN. */
static bool can_start(const struct nvme *n)
{
    uint32_t page = nvme_page(n), sqes = NVME_CC_IOSQES(n->cc);
    uint32_t cqes = NVME_CC_IOCQES(n->cc);

    return !(n->cc & (NVME_CC_CSS | NVME_CC_AMS)) &&
           NVME_CC_MPS(n->cc) <= n->cfg.mpsmax && NVME_AQA_ASQS(n->aqa) &&
           NVME_AQA_ACQS(n->aqa) && !((n->asq | n->acq) & (page - 1)) &&
           (!sqes || sqes == NVME_SQE_LOG2) && (!cqes || cqes == NVME_CQE_LOG2);
}

static void start(struct nvme *n)
{
    if (!can_start(n)) {
        nvme_fatal(n);
        return;
    }
    n->sq[0] = (struct nvme_sq){
        .valid = true,
        .base = n->asq,
        .entries = NVME_AQA_ASQS(n->aqa) + 1,
    };
    n->cq[0] = (struct nvme_cq){
        .valid = true,
        .interrupts = true,
        .phase = true,
        .base = n->acq,
        .entries = NVME_AQA_ACQS(n->aqa) + 1,
        .users = 1,
    };
    n->csts |= NVME_CSTS_RDY;
}

static void follow_enable(struct nvme *n)
{
    n->ready_at = PCIE_NEVER;
    if (!(n->cc & NVME_CC_EN)) {
        n->csts &= ~NVME_CSTS_RDY;
    } else if (!n->sq[0].valid) {
        n->csts &= ~NVME_CSTS_RDY;
        start(n);
    }
}

uint64_t nvme_update_status(struct nvme *n, uint64_t now)
{
    if (now >= n->ready_at)
        follow_enable(n);
    /* 7.6.2: when everything is done and safe. */
    if ((n->csts & NVME_CSTS_SHST) == NVME_CSTS_SHST_BUSY &&
        (!n->done_count || !nvme_ready(n))) {
        nvme_media_flush(n);
        n->csts ^= NVME_CSTS_SHST_BUSY | NVME_CSTS_SHST_COMPLETE;
    }
    return n->ready_at;
}
