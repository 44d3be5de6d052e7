/* SPDX-License-Identifier: MIT */
#include "notify_log.h"

#include "shim.h"

void log_fn(void *ud, const iovp_notification *n)
{
    struct log *l = ud;

    CHECK_EQ(n->size, sizeof(*n));
    CHECK_EQ(n->time_ps, iovp_now(l->v->s.p));
    if (l->in)
        l->in(l, n);
    if (l->count < LOG_MAX)
        l->n[l->count] = *n;
    l->count++;
}

void log_free(void *ud)
{
    struct log *l = ud;

    l->freed++;
}

void log_clear(struct log *l)
{
    l->count = 0;
}

iovp_notifier_config log_config(struct log *l, uint32_t index, uint32_t events)
{
    return (iovp_notifier_config){.size = sizeof(iovp_notifier_config),
                                  .index = index,
                                  .events = events,
                                  .understands = IOVP_ATTR_ALL,
                                  .last = UINT64_MAX,
                                  .fn = log_fn,
                                  .free_ud = l->free_ud ? log_free : NULL,
                                  .ud = l};
}

iovp_notifier *log_register(struct log *l, iovp_device *d, uint32_t index,
                            uint32_t events)
{
    iovp_notifier_config c = log_config(l, index, events);
    iovp_notifier *n = NULL;

    CHECK_EQ(iovp_notifier_register(&n, d, &c), IOVP_OK);
    return n;
}

void log_expect(const struct log *l, unsigned n, uint32_t kind, uint32_t index,
                uint64_t first, uint64_t last)
{
    if (n >= l->count || n >= LOG_MAX) {
        shim_fail(__FILE__, __LINE__, "only %u notifications, not %u", l->count,
                  n + 1);
        return;
    }
    CHECK_EQ(l->n[n].kind, kind);
    CHECK_EQ(l->n[n].index, index);
    CHECK_EQ(l->n[n].first, first);
    CHECK_EQ(l->n[n].last, last);
}

void log_expect_map(const struct log *l, unsigned n, uint32_t index,
                    uint64_t first, uint64_t last, uint64_t pa)
{
    log_expect(l, n, IOVP_NOTIFY_MAP, index, first, last);
    if (n >= l->count || n >= LOG_MAX)
        return;
    CHECK_EQ(l->n[n].pa, pa);
    CHECK_EQ(l->n[n].rights,
             IOVP_RIGHT_UR | IOVP_RIGHT_UW | IOVP_RIGHT_PR | IOVP_RIGHT_PW);
    CHECK_EQ(l->n[n].mem_type, 0xff); /* write-back, CD3_MAIR */
    CHECK_EQ(l->n[n].shareability, IOVP_SH_INNER);
    CHECK_EQ(l->n[n].output_space, IOVP_SPACE_NONSECURE);
}
