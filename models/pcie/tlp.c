/* SPDX-License-Identifier: MIT */
/* A packet's header and prefix as words, for the Header Log (2.2, 7.8.4.8):
 * byte 0 of a word is in its bits 31:24. */
#include "pcie_internal.h"

#define FMT_4DW  1u
#define FMT_DATA 2u

static const struct {
    uint8_t type;
    bool data;
} code[PCIE_TLP_TYPES] = {
    [PCIE_TLP_MRD] = {0x00, false},      [PCIE_TLP_MWR] = {0x00, true},
    [PCIE_TLP_FETCH_ADD] = {0x0c, true}, [PCIE_TLP_SWAP] = {0x0d, true},
    [PCIE_TLP_CAS] = {0x0e, true},       [PCIE_TLP_IORD] = {0x02, false},
    [PCIE_TLP_IOWR] = {0x02, true},      [PCIE_TLP_CFGRD0] = {0x04, false},
    [PCIE_TLP_CFGWR0] = {0x04, true},    [PCIE_TLP_CFGRD1] = {0x05, false},
    [PCIE_TLP_CFGWR1] = {0x05, true},    [PCIE_TLP_MSG] = {0x10, false},
    [PCIE_TLP_MSGD] = {0x10, true},
};

/* 2.2.8.9, 2.2.8.10: what routes a message: 0 to the root complex, 2 by ID. */
static uint32_t routing(uint8_t message)
{
    return message == PCIE_MSG_INVALIDATE_REQUEST ||
                   message == PCIE_MSG_INVALIDATE_COMPLETION ||
                   message == PCIE_MSG_PRG_RESPONSE
               ? 2
               : 0;
}

/* 2.2.5: first and last byte enables in bits 3:0 and 7:4. */
static uint32_t byte_enables(const struct pcie_tlp *t)
{
    unsigned head = t->addr & 3, end = (head + t->length - 1) & 3;
    uint32_t first = 0xfu << head & 0xf, last = 0xfu >> (3 - end);

    return head + t->length <= 4 ? first & last : first | last << 4;
}

void pcie_tlp_header(const struct pcie_tlp *t, uint32_t dw[4])
{
    bool message = t->type == PCIE_TLP_MSG || t->type == PCIE_TLP_MSGD;
    bool config = t->type >= PCIE_TLP_CFGRD0 && t->type <= PCIE_TLP_CFGWR1;
    bool wide = message || (!config && t->addr >> 32);
    uint32_t words, fmt, type;

    dw[0] = dw[1] = dw[2] = dw[3] = 0;
    if (t->type >= PCIE_TLP_TYPES)
        return;
    fmt = (code[t->type].data ? FMT_DATA : 0) | (wide ? FMT_4DW : 0);
    type = code[t->type].type | (message ? routing(t->message) : 0);
    words = (uint32_t)(((t->addr & 3) + t->length + 3) / 4);
    if (t->type == PCIE_TLP_CAS)
        words *= 2;
    if (t->type == PCIE_TLP_MSG)
        words = 0;
    dw[0] = fmt << 29 | type << 24 | (t->tag >> 9 & 1u) << 23 |
            (t->tc & 7u) << 20 | (t->tag >> 8 & 1u) << 19 |
            (t->attr & PCIE_ATTR_ID_BASED ? 1u << 18 : 0) |
            (t->attr & PCIE_ATTR_RELAXED ? 1u << 13 : 0) |
            (t->attr & PCIE_ATTR_NO_SNOOP ? 1u << 12 : 0) | (t->at & 3u) << 10 |
            (words & 0x3ff);
    dw[1] = (uint32_t)t->requester << 16 | (t->tag & 0xffu) << 8;
    if (message) {
        dw[1] |= t->message;
        dw[2] = (uint32_t)t->target << 16;
        return;
    }
    /* Translation requests and atomics enable no single bytes. */
    if (t->at != 1 && (t->type < PCIE_TLP_FETCH_ADD || t->type > PCIE_TLP_CAS))
        dw[1] |= byte_enables(t);
    if (config) {
        dw[2] = (uint32_t)t->target << 16 | (uint32_t)(t->addr & 0xffc);
    } else if (wide) {
        dw[2] = (uint32_t)(t->addr >> 32);
        dw[3] = (uint32_t)t->addr & ~3u;
    } else {
        dw[2] = (uint32_t)t->addr & ~3u;
    }
    /* 10.2.2: No Write is bit 0 of the untranslated address. */
    if (t->at == 1 && t->no_write)
        dw[wide ? 3 : 2] |= 1;
}

/* 6.20.2.2: the PASID TLP Prefix; 0: none. */
uint32_t pcie_tlp_prefix(const struct pcie_tlp *t)
{
    if (!t->pasid_valid)
        return 0;
    return 0x91u << 24 | (t->privileged ? 1u << 21 : 0) |
           (t->execute ? 1u << 20 : 0) | (t->pasid & 0xfffff);
}
