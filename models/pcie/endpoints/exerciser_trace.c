/* SPDX-License-Identifier: MIT */
/* Transaction monitoring: a FIFO of what arrives at the function. */
#include "exerciser_internal.h"

static uint32_t at(const struct exerciser *x, uint32_t i)
{
    return (x->trace.head + i) % (EXERCISER_TRACE_MAX * EX_RECORD);
}

uint32_t ex_trace_pop(struct exerciser *x)
{
    uint32_t word;

    if (!x->trace.count)
        return EX_TRACE_EMPTY;
    word = x->trace.word[x->trace.head];
    x->trace.head = at(x, 1);
    x->trace.count--;
    return word;
}

/* What is full loses what is new: the first transactions count. */
static void record(struct exerciser *x, uint32_t kind, uint64_t addr,
                   const uint8_t *data, uint32_t bytes)
{
    uint64_t value = 0;
    uint32_t word[EX_RECORD] = {kind | bytes << EX_TRACE_BYTES_SHIFT,
                                (uint32_t)addr, (uint32_t)(addr >> 32)};

    if (x->trace.count + EX_RECORD > x->cfg.trace_entries * EX_RECORD)
        return;
    for (uint32_t i = 0; i < bytes; i++)
        value |= (uint64_t)data[i] << (8 * i);
    word[3] = (uint32_t)value;
    word[4] = (uint32_t)(value >> 32);
    for (uint32_t i = 0; i < EX_RECORD; i++)
        x->trace.word[at(x, x->trace.count++)] = word[i];
}

static bool runs(struct exerciser *x)
{
    return *ex_reg(x, EX_TRACECTL) & EX_TRACECTL_RUN;
}

/* The largest naturally aligned piece of at most 8 bytes. */
static uint32_t beat(uint64_t addr, uint32_t left)
{
    uint32_t n = 8;

    while (n > left || addr & (n - 1))
        n /= 2;
    return n;
}

void ex_trace_memory(struct exerciser *x, const struct pcie_tlp *t,
                     const void *data)
{
    const uint8_t *bytes = (const uint8_t *)data;
    uint32_t kind = t->type == PCIE_TLP_MRD ? EX_TRACE_READ : 0;

    if (!runs(x))
        return;
    for (uint32_t done = 0, n; done < t->length; done += n) {
        n = beat(t->addr + done, t->length - done);
        record(x, kind, t->addr + done, bytes + done, n);
    }
}

void ex_trace_config(struct exerciser *x, const struct pcie_tlp *t,
                     uint64_t value)
{
    bool type1 = t->type == PCIE_TLP_CFGRD1 || t->type == PCIE_TLP_CFGWR1;
    bool reads = t->type == PCIE_TLP_CFGRD0 || t->type == PCIE_TLP_CFGRD1;
    uint8_t bytes[8];

    if (!runs(x) || t->length > sizeof(bytes))
        return;
    iovp_put_le64(bytes, value);
    record(x,
           EX_TRACE_CONFIG | (reads ? EX_TRACE_READ : 0) |
               (type1 ? EX_TRACE_TYPE1 : 0),
           (uint64_t)t->target << 12 | t->addr, bytes, t->length);
}
