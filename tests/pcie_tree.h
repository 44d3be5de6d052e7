/* SPDX-License-Identifier: MIT */
/*
 * A hierarchy to test on, enumerated, and a host that keeps what reaches it:
 *
 *   00:01.0 root port ---- 01:00.0 endpoint with every capability
 *   00:02.0 root port ---- 02:00.0 upstream port
 *                            03:00.0 downstream port --- 04:00.0 endpoint
 *                            03:01.0 downstream port --- 05:00.0, .1
 *   00:03.0 RCiEP
 */
#ifndef PCIE_TREE_H
#define PCIE_TREE_H

#include "../models/pcie/pcie.h"
#include "../models/pcie/pcie_regs.h"
#include "../platforms/cmd_pci_enum.h"

enum {
    RP0,
    EP0,
    RP1,
    SWU,
    SWD0,
    SWD1,
    EP1,
    EP2,
    EP2F1,
    RCI,
    PTREE_COUNT,
};

#define PTREE_VENDOR 0x1234 /* device ID: 0x1000 + index */
#define PTREE_MEM    0x40000000ull
#define PTREE_PREF   0x8000000000ull
#define PTREE_IO     0x3eff0000ull /* at the host; 0x1000.. on the bus */
#define PTREE_RAM    0x1000ull     /* what the host answers */

struct ptree;

struct ptree_fn {
    struct ptree *s;
    unsigned index;
    uint8_t memory[4096];
    unsigned bar; /* of the last access */
    uint64_t offset;
    struct pcie_tlp last;
    enum pcie_status answer;
    unsigned reads, writes, messages, resets, configs;
    enum pcie_reset_kind reset;
    struct pcie_tlp echo; /* length > 0: requested at every write */
};

struct ptree {
    struct pcie *p;
    struct pcie_enum e;
    struct ptree_fn fn[PTREE_COUNT];
    bool peer_to_peer;
    bool timed;
    const struct pcie_link_config *link; /* of all ports; NULL: defaults */

    /* The host. */
    uint8_t ram[4096];
    struct pcie_tlp last;
    uint32_t last_data;
    unsigned requests, messages;
    enum pcie_status answer;
    bool loop; /* it sends everything back down */
    bool line[4];
    unsigned edges;
    uint8_t error;
    uint16_t error_source;
    unsigned errors;
    uint64_t host_ps; /* that the host takes for a request */

    /* What the hierarchy has told: TLPs, IDs. */
    unsigned sents, renumbers;
    struct ptree_sent {
        int fn; /* index, -1: the root complex */
        struct pcie_tlp t;
        enum pcie_status s;
        uint64_t from, to;
    } sent;
    unsigned renumbered; /* index, the last one */
};

/* Create; not enumerated.  False: refused. */
bool ptree_create(struct ptree *s);
/* Create and enumerate. */
bool ptree_open(struct ptree *s);
void ptree_close(struct ptree *s);

struct pcie_fn *ptree_fn(struct ptree *s, unsigned index);
uint16_t ptree_id(unsigned index);
/* Address of a BAR as enumerated. */
uint64_t ptree_bar(const struct ptree *s, unsigned index, unsigned bar);

uint32_t cfg_rd(struct ptree *s, unsigned index, uint32_t at, unsigned width);
void cfg_wr(struct ptree *s, unsigned index, uint32_t at, unsigned width,
            uint32_t value);
/* In a capability. */
uint32_t cap_rd(struct ptree *s, unsigned index, enum pcie_cap cap, uint32_t at,
                unsigned width);
void cap_wr(struct ptree *s, unsigned index, enum pcie_cap cap, uint32_t at,
            unsigned width, uint32_t value);
/* A DMA of one piece. */
int ptree_dma(struct ptree *s, unsigned index, bool write, uint64_t addr,
              void *data, uint32_t length);

/* The table that the scene is made of: functions[PTREE_COUNT]. */
const struct pcie_fn_config *ptree_functions(void);

#endif
