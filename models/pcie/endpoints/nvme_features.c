/* SPDX-License-Identifier: MIT */
/* Set Features and Get Features (5.21, 5.9). */
#include "nvme_internal.h"

enum kind {
    ABSENT = 0,
    PLAIN,       /* the bits of `mask` are kept */
    TEMPERATURE, /* by sensor and threshold type */
    QUEUES,
    VECTOR,
};

struct feature {
    uint8_t kind;
    uint8_t flags; /* NVME_FEATURE_NS and CHANGEABLE */
    uint32_t mask, initial;
};

static const struct feature features[NVME_FEATURES] = {
    [NVME_FEAT_ARBITRATION] = {PLAIN, NVME_FEATURE_CHANGEABLE, 0xffffff07, 0},
    [NVME_FEAT_POWER] = {PLAIN, NVME_FEATURE_CHANGEABLE, 0xe0, 0},
    [NVME_FEAT_TEMPERATURE] = {TEMPERATURE, NVME_FEATURE_CHANGEABLE, 0, 0},
    [NVME_FEAT_ERROR_RECOVERY] = {PLAIN,
                                  NVME_FEATURE_CHANGEABLE | NVME_FEATURE_NS,
                                  0xffff, 0},
    [NVME_FEAT_VWC] = {PLAIN, NVME_FEATURE_CHANGEABLE, 1, 1},
    [NVME_FEAT_QUEUES] = {QUEUES, NVME_FEATURE_CHANGEABLE, 0, 0},
    [NVME_FEAT_COALESCING] = {PLAIN, NVME_FEATURE_CHANGEABLE, 0xffff, 0},
    [NVME_FEAT_VECTOR] = {VECTOR, NVME_FEATURE_CHANGEABLE, 0, 0},
    [NVME_FEAT_ATOMICITY] = {PLAIN, NVME_FEATURE_CHANGEABLE, 1, 0},
    [NVME_FEAT_ASYNC_EVENT] = {PLAIN, NVME_FEATURE_CHANGEABLE, 0x1ff, 0},
};

void nvme_reset_features(struct nvme *n)
{
    for (uint32_t i = 0; i < NVME_FEATURES; i++)
        n->feature[i] = features[i].initial;
    memset(n->vector_config, 0, sizeof(n->vector_config));
    memset(n->host_id, 0, sizeof(n->host_id));
    n->over = NVME_TEMPERATURE_OVER;
    n->under = 0;
    n->queues = n->cfg.queues;
}

static const struct feature *find(uint32_t id)
{
    static const struct feature host_id = {PLAIN, NVME_FEATURE_CHANGEABLE, 0,
                                           0};

    if (id == NVME_FEAT_HOST_ID)
        return &host_id;
    if (id >= NVME_FEATURES || !features[id].kind)
        return NULL;
    return &features[id];
}

/* 5.21: which namespaces a feature may be asked of. */
static uint16_t check_nsid(const struct feature *f, uint32_t nsid)
{
    if (f->flags & NVME_FEATURE_NS)
        return nsid == 1 || nsid == NVME_NSID_ALL ? NVME_SC_SUCCESS
                                                  : NVME_SC_INVALID_NS;
    if (nsid && nsid != NVME_NSID_ALL)
        return nsid == 1 ? NVME_SC_NOT_NS_SPECIFIC : NVME_SC_INVALID_NS;
    return NVME_SC_SUCCESS;
}

/* ---- temperature thresholds (5.21.1.4) ------------------------------ */

/* The one that CDW11 selects; there is the composite sensor only. */
static uint32_t *threshold(struct nvme *n, uint32_t cdw11, bool all)
{
    uint32_t sensor = cdw11 >> 16 & 15, type = cdw11 >> 20 & 3;

    if (type > 1 || (sensor && !(all && sensor == 15)))
        return NULL;
    return type ? &n->under : &n->over;
}

/* ---- number of queues (5.21.1.7) ------------------------------------ */

static bool has_io_queues(const struct nvme *n)
{
    for (uint32_t i = 1; i <= n->cfg.queues; i++)
        if (n->cq[i].valid || n->sq[i].valid)
            return true;
    return false;
}

static uint32_t queues_value(uint32_t queues)
{
    return (queues - 1) | (queues - 1) << 16;
}

/* As many of both are given as of that of which more is asked. */
static uint16_t set_queues(struct nvme *n, struct nvme_command *c)
{
    uint32_t sq = c->cdw[11] & 0xffff, cq = c->cdw[11] >> 16;
    uint32_t most = (sq > cq ? sq : cq) + 1;

    if (sq == 0xffff || cq == 0xffff)
        return NVME_SC_INVALID_FIELD;
    if (has_io_queues(n))
        return NVME_SC_SEQUENCE;
    n->queues = (uint16_t)(most < n->cfg.queues ? most : n->cfg.queues);
    c->result = queues_value(n->queues);
    return NVME_SC_SUCCESS;
}

/* ---- host identifier (5.21.1.25) ------------------------------------ */

static uint32_t host_id_size(const struct nvme_command *c)
{
    return c->cdw[11] & 1 ? 16 : 8;
}

static uint16_t set_host_id(struct nvme *n, struct nvme_command *c)
{
    uint32_t size = host_id_size(c);
    uint16_t s = nvme_transfer(n, c, false, n->buffer, size);

    if (s)
        return s;
    memset(n->host_id, 0, sizeof(n->host_id));
    memcpy(n->host_id, n->buffer, size);
    return NVME_SC_SUCCESS;
}

/* ---- the commands --------------------------------------------------- */

static uint16_t set_value(struct nvme *n, struct nvme_command *c,
                          const struct feature *f, uint32_t id)
{
    uint32_t value = c->cdw[11];
    uint32_t *t;

    switch (f->kind) {
    case QUEUES:
        return set_queues(n, c);
    case TEMPERATURE:
        t = threshold(n, value, true);
        if (!t)
            return NVME_SC_INVALID_FIELD;
        *t = value & 0xffff;
        nvme_check_temperature(n);
        return NVME_SC_SUCCESS;
    case VECTOR:
        if ((value & 0xffff) > n->cfg.queues)
            return NVME_SC_INVALID_FIELD;
        n->vector_config[value & 0xffff] = value >> 16 & 1;
        return NVME_SC_SUCCESS;
    default:
        /* There is power state 0 only. */
        if (id == NVME_FEAT_POWER && value & 31)
            return NVME_SC_INVALID_FIELD;
        n->feature[id] = value & f->mask;
        if (id == NVME_FEAT_ASYNC_EVENT)
            nvme_check_temperature(n);
        return NVME_SC_SUCCESS;
    }
}

uint16_t nvme_set_features(struct nvme *n, struct nvme_command *c)
{
    uint32_t id = c->cdw[10] & 0xff;
    const struct feature *f = find(id);
    uint16_t s;

    if (!f)
        return NVME_SC_INVALID_FIELD;
    s = check_nsid(f, c->nsid);
    if (s)
        return s;
    if (c->cdw[10] & NVME_FEATURE_SAVE)
        return NVME_SC_NOT_SAVEABLE;
    return id == NVME_FEAT_HOST_ID ? set_host_id(n, c) : set_value(n, c, f, id);
}

/* The current value, or that after a reset. */
static uint16_t get_value(struct nvme *n, struct nvme_command *c,
                          const struct feature *f, uint32_t id, bool initial)
{
    uint32_t vector = c->cdw[11] & 0xffff;
    const uint32_t *t;

    switch (f->kind) {
    case QUEUES:
        c->result = queues_value(initial ? n->cfg.queues : n->queues);
        return NVME_SC_SUCCESS;
    case TEMPERATURE:
        t = threshold(n, c->cdw[11], false);
        if (!t)
            return NVME_SC_INVALID_FIELD;
        c->result = *t;
        if (initial)
            c->result = t == &n->over ? NVME_TEMPERATURE_OVER : 0;
        return NVME_SC_SUCCESS;
    case VECTOR:
        if (vector > n->cfg.queues)
            return NVME_SC_INVALID_FIELD;
        c->result = vector | (initial ? 0 : n->vector_config[vector] << 16);
        return NVME_SC_SUCCESS;
    default:
        c->result = initial ? f->initial : n->feature[id];
        return NVME_SC_SUCCESS;
    }
}

uint16_t nvme_get_features(struct nvme *n, struct nvme_command *c)
{
    uint32_t id = c->cdw[10] & 0xff, select = c->cdw[10] >> 8 & 7;
    const struct feature *f = find(id);
    uint16_t s;

    if (!f || select > NVME_SELECT_SUPPORTED)
        return NVME_SC_INVALID_FIELD;
    s = check_nsid(f, c->nsid);
    if (s)
        return s;
    if (select == NVME_SELECT_SUPPORTED) {
        c->result = f->flags;
        return NVME_SC_SUCCESS;
    }
    if (id != NVME_FEAT_HOST_ID)
        return get_value(n, c, f, id, select != NVME_SELECT_CURRENT);
    memset(n->buffer, 0, sizeof(n->host_id));
    if (select == NVME_SELECT_CURRENT)
        memcpy(n->buffer, n->host_id, sizeof(n->host_id));
    return nvme_transfer(n, c, true, n->buffer, host_id_size(c));
}
