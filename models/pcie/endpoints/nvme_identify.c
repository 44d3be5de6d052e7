/* SPDX-License-Identifier: MIT */
/* Identify (5.15): the controller, its one namespace, and lists of it. */
#include "nvme_internal.h"

#include <stdio.h>

/* 1.6.1: padded with spaces, not terminated. */
static void put_text(uint8_t *at, const char *text, size_t size)
{
    memset(at, ' ', size);
    memcpy(at, text, strlen(text)); /* check: it is not longer */
}

static const char *subsystem_name(const struct nvme *n, char *name, size_t size)
{
    const struct nvme_config *c = &n->cfg;

    /* 7.9: the form for controllers that have no better name. */
    snprintf(name, size, "nqn.2014.08.org.nvmexpress:%04x%04x%-20s%-40s",
             c->vendor_id, c->vendor_id, c->serial, c->model);
    return name;
}

static void features_of_controller(const struct nvme *n, uint8_t *id)
{
    uint16_t oncs = NVME_ONCS_COMPARE | NVME_ONCS_DSM | NVME_ONCS_WRITE_ZEROES |
                    NVME_ONCS_SELECT | NVME_ONCS_VERIFY;

    id[NVME_ID_MDTS] = n->cfg.mdts;
    iovp_put_le32(id + NVME_ID_OAES, NVME_OAES_NS);
    iovp_put_le32(id + NVME_ID_CTRATT, NVME_CTRATT_HOSTID_128);
    id[NVME_ID_ACL] = 3;
    id[NVME_ID_AERL] = NVME_AER_LIMIT - 1;
    id[NVME_ID_FRMW] = NVME_FRMW_ONE_SLOT;
    id[NVME_ID_LPA] = NVME_LPA_EFFECTS | NVME_LPA_EXTENDED;
    id[NVME_ID_ELPE] = NVME_ERROR_LOG - 1;
    iovp_put_le16(id + NVME_ID_WCTEMP, NVME_TEMPERATURE_OVER);
    iovp_put_le16(id + NVME_ID_CCTEMP, NVME_TEMPERATURE_OVER + 10);
    iovp_put_le16(id + NVME_ID_ONCS, oncs);
    id[NVME_ID_VWC] = NVME_VWC_PRESENT | NVME_VWC_FLUSH_ALL;
}

static void controller(const struct nvme *n, uint8_t *id)
{
    const struct nvme_config *c = &n->cfg;
    char name[128];

    iovp_put_le16(id + NVME_ID_VID, c->vendor_id);
    iovp_put_le16(id + NVME_ID_SSVID, c->vendor_id);
    put_text(id + NVME_ID_SN, c->serial, 20);
    put_text(id + NVME_ID_MN, c->model, 40);
    put_text(id + NVME_ID_FR, c->firmware, 8);
    iovp_put_le32(id + NVME_ID_VER, NVME_VS_1_4);
    id[NVME_ID_CNTRLTYPE] = 1;
    features_of_controller(n, id);
    id[NVME_ID_SQES] = NVME_SQE_LOG2 << 4 | NVME_SQE_LOG2;
    id[NVME_ID_CQES] = NVME_CQE_LOG2 << 4 | NVME_CQE_LOG2;
    iovp_put_le32(id + NVME_ID_NN, 1);
    subsystem_name(n, name, sizeof(name));
    memcpy(id + NVME_ID_SUBNQN, name, strlen(name));
    /* One power state; 1.00 W at most, so that it is not "not reported". */
    iovp_put_le16(id + NVME_ID_PSD0, 100);
}

/* FNV-1a: serial numbers that differ give identifiers that do. */
static uint64_t eui64(const struct nvme *n)
{
    uint64_t hash = 0xcbf29ce484222325ull;

    if (n->cfg.eui64)
        return n->cfg.eui64;
    for (const char *s = n->cfg.serial; *s; s++)
        hash = (hash ^ (uint8_t)*s) * 0x100000001b3ull;
    /* Locally administered, so that it is nobody's. */
    return (hash & ~(3ull << 56)) | 2ull << 56;
}

static void put_eui64(const struct nvme *n, uint8_t *at)
{
    uint64_t id = eui64(n);

    for (unsigned i = 0; i < NVME_EUI64_SIZE; i++)
        at[i] = (uint8_t)(id >> (56 - 8 * i));
}

static void namespace_1(const struct nvme *n, uint8_t *id)
{
    iovp_put_le64(id + NVME_NS_NSZE, n->cfg.blocks);
    iovp_put_le64(id + NVME_NS_NCAP, n->cfg.blocks);
    iovp_put_le64(id + NVME_NS_NUSE, n->cfg.blocks);
    id[NVME_NS_DLFEAT] =
        nvme_media_can_discard(n) ? NVME_DLFEAT_ZEROES | NVME_DLFEAT_DEAC : 0;
    iovp_put_le64(id + NVME_NS_NVMCAP, nvme_capacity(n));
    id[NVME_NS_NSATTR] = n->cfg.read_only ? NVME_NSATTR_WP : 0;
    put_eui64(n, id + NVME_NS_EUI64);
    id[NVME_NS_LBAF0 + NVME_LBAF_LBADS] = n->cfg.block_log2;
}

uint16_t nvme_identify(struct nvme *n, struct nvme_command *c)
{
    uint8_t *id = n->buffer;
    uint8_t cns = (uint8_t)c->cdw[10];

    memset(id, 0, NVME_IDENTIFY_SIZE);
    switch (cns) {
    case NVME_CNS_CTRL:
        controller(n, id);
        break;
    case NVME_CNS_NS:
    case NVME_CNS_NS_DESC:
        if (c->nsid != 1)
            return NVME_SC_INVALID_NS;
        if (cns == NVME_CNS_NS) {
            namespace_1(n, id);
            break;
        }
        id[0] = NVME_NIDT_EUI64;
        id[1] = NVME_EUI64_SIZE;
        put_eui64(n, id + 4);
        break;
    case NVME_CNS_NS_LIST:
        if (c->nsid >= NVME_NSID_ALL - 1)
            return NVME_SC_INVALID_NS;
        iovp_put_le32(id, c->nsid < 1);
        break;
    default:
        return NVME_SC_INVALID_FIELD;
    }
    return nvme_transfer(n, c, true, id, NVME_IDENTIFY_SIZE);
}
