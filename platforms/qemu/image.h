/* SPDX-License-Identifier: MIT */
/*
 * The window's image: what the guest loads from device registers.  It is memory
 * that QEMU shares, and has what the models have whenever a store's vCPU goes
 * on.
 *
 * Only what changed in a model is written: a vCPU may just have stored to
 * another register, whose value nobody has looked at yet.
 */
#ifndef IOVP_QEMU_IMAGE_H
#define IOVP_QEMU_IMAGE_H

#include "../../capi/iovp.h"
#include "tree.h"

/* Looked at after every store and every piece of work. */
#define IMAGE_HOT 1024

struct qemu_image {
    iovp_platform *p;
    const struct qemu_layout *layout;
    uint8_t *host;    /* the window in QEMU's memory */
    uint8_t **shadow; /* what was put there or stored, of each page; NULL:
                       * all ones */
    uint8_t *scratch;
    uint8_t *present; /* of each page of the window: a BAR is there */
    struct {
        uint64_t base;
        uint32_t bytes;
    } hot[IMAGE_HOT];
    unsigned hots, fixed; /* the first are there whatever happens */
    unsigned fns;         /* and behind them are functions */
    bool renumbered;      /* functions may be elsewhere */
    uint64_t decode;      /* a sum of what says where BARs are */
};

/* The image of a platform at reset; false: no memory. */
bool image_open(struct qemu_image *i, iovp_platform *p,
                const struct qemu_layout *l, uint8_t *host);
void image_close(struct qemu_image *i);

/* The guest has stored: the models get it. */
void image_store(struct qemu_image *i, uint64_t addr, uint32_t bytes);
/* What is hot becomes what the models have. */
void image_refresh(struct qemu_image *i);

#endif
