/* SPDX-License-Identifier: MIT */
/* Between the files of the engine. */
#ifndef ENGINE_INTERNAL_H
#define ENGINE_INTERNAL_H

#include "../../common/bits.h"
#include "engine.h"

static inline uint32_t engine_reg(const struct engine *e, uint32_t at)
{
    return iovp_le32(&e->reg[at]);
}

static inline uint64_t engine_reg64(const struct engine *e, uint32_t at)
{
    return iovp_le64(&e->reg[at]);
}

static inline void engine_set(struct engine *e, uint32_t at, uint32_t v)
{
    iovp_put_le32(&e->reg[at], v);
}

static inline void engine_set64(struct engine *e, uint32_t at, uint64_t v)
{
    iovp_put_le64(&e->reg[at], v);
}

/* ---- engine_regs.c ------------------------------------------------------ */

void engine_regs_reset(struct engine *e);
/* The outcome of the registers' operation. */
void engine_regs_done(struct engine *e, const struct engine_job *j);
uint32_t engine_status_word(const struct engine_job *j);

/* ---- engine_ring.c ------------------------------------------------------ */

/* Is there a descriptor to carry out? */
bool engine_ring_ready(struct engine *e);
void engine_ring_fetch(const struct engine *e, struct engine_access *a);
void engine_ring_parse(struct engine *e);
/* The completion record of the job, in e->data. */
void engine_ring_record(struct engine *e, struct engine_access *a);
void engine_ring_advance(struct engine *e);
void engine_ring_stop(struct engine *e, uint8_t error);
/* RING_CTRL was written. */
void engine_ring_control(struct engine *e);

/* ---- engine_ops.c ------------------------------------------------------- */

/* TEP_ERROR_*: can the engine do it? */
uint8_t engine_check(const struct engine *e, const struct engine_job *j);
void engine_access_of(const struct engine_job *j, struct engine_access *a);
void engine_first(struct engine *e);
/* The next access of the job, with its data; false: there is none left. */
bool engine_next(struct engine *e, struct engine_access *a);
/* The access is done.  TEP_ERROR_*. */
uint8_t engine_took(struct engine *e, const struct engine_result *r);
/* It has failed. */
void engine_failed(struct engine *e, const struct engine_result *r);
/* Operations without an access: false if it has some.  TEP_ERROR_*. */
bool engine_at_once(struct engine *e, uint8_t *error);

void engine_interrupt(struct engine *e, uint32_t irq);

#endif
