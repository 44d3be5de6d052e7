/* SPDX-License-Identifier: MIT */
/* What exerciser*.c share. */
#ifndef EXERCISER_INTERNAL_H
#define EXERCISER_INTERNAL_H

#include "../../common/ats.h"
#include "../../common/bits.h"
#include "../../common/iovp_attrs.h"
#include "../pcie_regs.h"
#include "../pri.h"
#include "exerciser.h"
#include "exerciser_regs.h"

#define EX_REGS   (EX_REGS_END / 4)
#define EX_RECORD EX_TRACE_WORDS

/* A translation. */
struct ex_entry {
    bool valid;
    uint64_t input, output; /* of the range */
    uint8_t log2;
    uint8_t flags; /* IOVP_ATS_* */
    bool pasid_valid;
    uint32_t pasid;
};

enum ex_dma_state { EX_DMA_IDLE = 0, EX_DMA_STARTS, EX_DMA_RUNS, EX_DMA_ENDS };

/* A DMA, with its registers as they were when it was triggered. */
struct ex_dma {
    uint8_t state;  /* enum ex_dma_state */
    uint8_t status; /* EX_DMA_* */
    bool use_atc, requester_valid;
    struct pcie_tlp tlp;
    uint32_t offset, left; /* in the memory; bytes */
    struct ex_entry entry; /* that it uses */
    uint64_t end;          /* ENDS: when */
};

enum ex_ats_state { EX_ATS_IDLE = 0, EX_ATS_ASKS, EX_ATS_FLIES };

struct ex_ats {
    uint8_t state; /* enum ex_ats_state */
    bool retry;    /* what is in flight has been invalidated */
    struct pcie_tlp tlp;
    struct iovp_ats_completion completion;
    uint64_t end;          /* FLIES: when */
    struct ex_entry entry; /* the one that is kept */
    /* Invalidate Requests, by ITag. */
    uint32_t answer;  /* to be completed */
    uint32_t waiting; /* for the DMA that uses the entry */
    uint16_t root;    /* who asked */
};

struct ex_trace {
    uint32_t word[EXERCISER_TRACE_MAX * EX_RECORD];
    uint32_t head, count; /* words */
};

struct exerciser {
    struct exerciser_config cfg;
    struct iovp_heap heap;
    struct pcie_ep *ep;
    uint8_t *memory;
    uint32_t reg[EX_REGS];
    struct ex_dma dma;
    struct ex_ats ats;
    struct ex_trace trace;
    struct pcie_pri pri; /* it asks for nothing, but answers may come */
    bool poisoned;       /* a read or write met the poison mode */
    uint64_t dmas, dma_bytes, dma_failed, ats_requests, invalidations,
        interrupts, errors;
};

static inline uint32_t *ex_reg(struct exerciser *x, uint32_t at)
{
    return &x->reg[at / 4];
}

static inline uint64_t ex_reg64(const struct exerciser *x, uint32_t at)
{
    return x->reg[at / 4] | (uint64_t)x->reg[at / 4 + 1] << 32;
}

static inline void ex_put64(struct exerciser *x, uint32_t at, uint64_t v)
{
    x->reg[at / 4] = (uint32_t)v;
    x->reg[at / 4 + 1] = (uint32_t)(v >> 32);
}

static inline struct pcie_fn *ex_fn(const struct exerciser *x)
{
    return pcie_ep_function(x->ep);
}

/* Work is due at once. */
static inline void ex_wake(struct exerciser *x)
{
    pcie_ep_wake(x->ep, pcie_ep_time(x->ep));
}

static inline uint64_t ex_sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- exerciser_dma.c -------------------------------------------------------
 */

void ex_dma_trigger(struct exerciser *x);
uint64_t ex_dma_work(struct exerciser *x, uint64_t now);

/* ---- exerciser_ats.c -------------------------------------------------------
 */

void ex_ats_trigger(struct exerciser *x);
void ex_ats_clear(struct exerciser *x);
void ex_ats_message(struct exerciser *x, const struct pcie_tlp *t,
                    const void *data);
uint64_t ex_ats_work(struct exerciser *x, uint64_t now);
/* Software may have disabled ATS. */
void ex_ats_control(struct exerciser *x);

/* ---- exerciser_trace.c -----------------------------------------------------
 */

/* The next word, or EX_TRACE_EMPTY. */
uint32_t ex_trace_pop(struct exerciser *x);
void ex_trace_memory(struct exerciser *x, const struct pcie_tlp *t,
                     const void *data);
void ex_trace_config(struct exerciser *x, const struct pcie_tlp *t,
                     uint64_t value);

/* ---- exerciser_error.c -----------------------------------------------------
 */

/* The DVSEC's control register; 0 without it. */
uint32_t ex_error_control(const struct exerciser *x);
/* Device Control. */
uint32_t ex_devctl(const struct exerciser *x);
void ex_error_work(struct exerciser *x);

#endif
