/* SPDX-License-Identifier: MIT */
/* The example driver's Event queue (7.2 to 7.4 of IHI 0070). */
#include "smmuv3_driver_internal.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const event_names[256] = {
    [0x01] = "F_UUT",
    [0x02] = "C_BAD_STREAMID",
    [0x03] = "F_STE_FETCH",
    [0x04] = "C_BAD_STE",
    [0x05] = "F_BAD_ATS_TREQ",
    [0x06] = "F_STREAM_DISABLED",
    [0x07] = "F_TRANSL_FORBIDDEN",
    [0x08] = "C_BAD_SUBSTREAMID",
    [0x09] = "F_CD_FETCH",
    [0x0a] = "C_BAD_CD",
    [0x0b] = "F_WALK_EABT",
    [0x10] = "F_TRANSLATION",
    [0x11] = "F_ADDR_SIZE",
    [0x12] = "F_ACCESS",
    [0x13] = "F_PERMISSION",
    [0x20] = "F_TLB_CONFLICT",
    [0x21] = "F_CFG_CONFLICT",
    [0x24] = "E_PAGE_REQUEST",
    [0x25] = "F_VMS_FETCH",
};

const char *smmu_event_name(uint8_t type)
{
    return event_names[type] ? event_names[type] : "unknown event";
}

/* Fields of 7.3 that most records share. */
static void decode(struct smmu_event *e)
{
    const uint64_t *w = e->word;

    e->type = (uint8_t)w[0];
    e->ssv = w[0] >> 11 & 1;
    e->ssid = (uint32_t)(w[0] >> 12 & 0xfffff);
    e->sid = (uint32_t)(w[0] >> 32);
    e->privileged = w[1] >> 33 & 1;
    e->instruction = w[1] >> 34 & 1;
    e->read = w[1] >> 35 & 1;
    e->s2 = w[1] >> 39 & 1;
    e->class_ = (unsigned)(w[1] >> 40 & 3);
    e->addr = w[2];
    e->addr2 = w[3];
}

void smmu_event_text(const struct smmu_event *e, char *buf, size_t size)
{
    static const char *const classes[] = {"CD fetch", "table walk", "input",
                                          "class 3"};
    char pasid[24] = "";
    int n;

    if (e->ssv)
        snprintf(pasid, sizeof(pasid), ", PASID 0x%x", e->ssid);
    n = snprintf(buf, size, "%s: StreamID 0x%x%s", smmu_event_name(e->type),
                 e->sid, pasid);
    /* The records of walks and translations have these fields. */
    if (n > 0 && (size_t)n < size && (e->type == 0x0b || e->type >> 4 == 1))
        snprintf(buf + n, size - (size_t)n,
                 ", %sprivileged %s of 0x%" PRIx64 ", stage %d (%s)",
                 e->privileged ? "" : "un",
                 e->instruction ? "fetch"
                 : e->read      ? "read"
                                : "write",
                 e->addr, e->s2 ? 2 : 1, classes[e->class_]);
}

/* Take the oldest record; there is one. */
static void take(struct smmu_driver *d, struct smmu_event *e)
{
    struct smmu_queue *q = &d->eventq;

    for (unsigned i = 0; i < 4; i++)
        e->word[i] = smmu_get64(d, smmu_queue_entry(q, q->cons) + 8 * i);
    decode(e);
    d->events++;
    q->cons = smmu_queue_next(q, q->cons);
}

bool smmu_queue_look(struct smmu_driver *d, struct smmu_queue *q, uint32_t reg)
{
    uint32_t prod = smmu_rd32(d, reg);

    q->prod = d->failed ? q->cons : prod;
    return q->cons != (q->prod & ((2u << q->log2) - 1));
}

/* 7.4: an overflow is acknowledged by making the flags equal. */
void smmu_queue_taken(struct smmu_driver *d, const struct smmu_queue *q,
                      uint32_t reg)
{
    smmu_wr32(d, reg, q->cons | (q->prod & EVENTQ_OVFLG));
}

static bool look(struct smmu_driver *d)
{
    uint32_t flag = d->eventq.prod & EVENTQ_OVFLG;
    bool more = smmu_queue_look(d, &d->eventq, EVENTQ_PROD);

    /* 7.4: an overflow shows by unequal flags. */
    if (!d->failed && (d->eventq.prod & EVENTQ_OVFLG) != flag)
        d->overflows++;
    return more;
}

static void consumed(struct smmu_driver *d)
{
    smmu_queue_taken(d, &d->eventq, EVENTQ_CONS);
}

int smmu_events(struct smmu_driver *d, smmu_event_fn *fn, void *ud)
{
    struct smmu_queue *q = &d->eventq;
    struct smmu_event e;
    uint32_t index;

    smmu_begin(d);
    look(d);
    index = q->prod & ((2u << q->log2) - 1);
    while (q->cons != index && !d->failed) {
        take(d, &e);
        if (fn && !d->failed)
            fn(ud, &e);
    }
    consumed(d);
    return smmu_end(d);
}

bool smmu_event_next(struct smmu_driver *d, struct smmu_event *e)
{
    struct smmu_queue *q = &d->eventq;
    uint32_t mask = (2u << q->log2) - 1, flag = q->prod & EVENTQ_OVFLG;

    smmu_begin(d);
    if (q->cons == (q->prod & mask) && !look(d)) {
        if ((q->prod & EVENTQ_OVFLG) != flag)
            consumed(d);
        return false;
    }
    take(d, e);
    if (q->cons == (q->prod & mask))
        consumed(d);
    return !d->failed;
}
