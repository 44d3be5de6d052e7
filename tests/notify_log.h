/* SPDX-License-Identifier: MIT */
/* What a notifier was told. */
#ifndef NOTIFY_LOG_H
#define NOTIFY_LOG_H

#include "views_soc.h"

#define LOG_MAX 64

struct log {
    struct views *v;
    unsigned count; /* since log_clear */
    iovp_notification n[LOG_MAX];
    bool free_ud; /* set before: count in `freed`; it outlives the platform */
    unsigned freed;
    void (*in)(struct log *l, const iovp_notification *n);
    uint64_t seen; /* of `in` */
};

void log_fn(void *ud, const iovp_notification *n);
void log_free(void *ud);
void log_clear(struct log *l);

/* All addresses of a regime, with what the SMMU distinguishes. */
iovp_notifier_config log_config(struct log *l, uint32_t index, uint32_t events);
/* Register it; a failure is recorded. */
iovp_notifier *log_register(struct log *l, iovp_device *d, uint32_t index,
                            uint32_t events);

/* The n-th notification since log_clear. */
void log_expect(const struct log *l, unsigned n, uint32_t kind, uint32_t index,
                uint64_t first, uint64_t last);
/* The same, a MAP of what the driver maps writable. */
void log_expect_map(const struct log *l, unsigned n, uint32_t index,
                    uint64_t first, uint64_t last, uint64_t pa);

#endif
