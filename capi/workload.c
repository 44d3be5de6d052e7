/* SPDX-License-Identifier: MIT */
/* Patterns of DMA accesses: which address comes next.  Deterministic. */
#include <string.h>

#include "abi.h"
#include "platform.h"

const char *workload_check(const iovp_workload *w, uint32_t pasid_bits)
{
    uint32_t i;

    if (w->pattern > IOVP_PATTERN_STRIDED)
        return "pattern is unknown";
    if (w->bytes < 1 || w->bytes > 4096)
        return "bytes must be 1..4096";
    if (w->window < w->bytes || w->base + (w->window - 1) < w->base)
        return "window must hold a transfer and not wrap around";
    if (w->outstanding < 1 || w->outstanding > 256)
        return "outstanding must be 1..256";
    if (w->read_percent > 100)
        return "read_percent must be 0..100";
    if (w->pattern == IOVP_PATTERN_STRIDED && w->stride == 0)
        return "a strided pattern needs a stride";
    if (w->pasids > IOVP_WORKLOAD_PASIDS)
        return "too many PASIDs";
    if (w->pasids && !pasid_bits)
        return "the device has no PASIDs";
    for (i = 0; i < w->pasids; i++)
        if (w->pasid[i] >> pasid_bits)
            return "a PASID exceeds the device's pasid-num-bits";
    if (w->reserved)
        return "reserved is not zero";
    return NULL;
}

void workload_begin(struct workload *s, const iovp_workload *w)
{
    s->w = *w;
    s->issued = 0;
    s->position = 0;
    s->random =
        (uint64_t)w->seed * 0x9e3779b97f4a7c15ull + 0x632be59bd9b4e019ull;
    s->active = true;
}

static uint64_t next_random(struct workload *s)
{
    uint64_t x = s->random;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    s->random = x;
    return x * 0x2545f4914f6cdd1dull;
}

/* A value below n, n > 0, without a division. */
static uint64_t below(struct workload *s, uint64_t n)
{
    return (uint64_t)((unsigned __int128)next_random(s) * n >> 64);
}

static uint64_t next_offset(struct workload *s)
{
    const iovp_workload *w = &s->w;
    uint64_t room = w->window - w->bytes;
    uint64_t step = w->pattern == IOVP_PATTERN_STRIDED ? w->stride : w->bytes;
    uint64_t at = s->position;

    if (w->pattern == IOVP_PATTERN_RANDOM)
        return below(s, room / w->bytes + 1) * w->bytes;
    if (at > room)
        at = 0;
    s->position = step > room - at ? 0 : at + step;
    return at;
}

bool workload_pending(struct workload *s)
{
    if (s->w.transfers && s->issued >= s->w.transfers)
        s->active = false;
    return s->active;
}

bool workload_next(struct workload *s, struct workload_access *a)
{
    const iovp_workload *w = &s->w;

    if (!workload_pending(s))
        return false;
    a->iova = w->base + next_offset(s);
    a->bytes = w->bytes;
    a->access =
        below(s, 100) < w->read_percent ? IOVP_ACCESS_READ : IOVP_ACCESS_WRITE;
    a->pasid_valid = w->pasids != 0;
    a->pasid = w->pasids ? w->pasid[s->issued % w->pasids] : 0;
    s->issued++;
    return true;
}

void workload_attrs(const struct platform_device_state *d,
                    const struct workload_access *a, iovp_attrs *out)
{
    *out = d->attrs;
    out->pasid_valid = a->pasid_valid;
    out->pasid = a->pasid;
}

iovp_status iovp_workload_start(iovp_device *h, const iovp_workload *w)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_NORMAL, &p, &d);
    iovp_workload given;
    const char *why;

    if (!st && w)
        st = abi_in(&given, sizeof(given), sizeof(given), w, "workload");
    if (st)
        return st;
    if (!w && !d->desc.has_workload)
        return iovp_fail(IOVP_E_INVALID,
                         "%s: the device tree describes no workload", d->name);
    w = w ? &given : &d->desc.workload;
    why = workload_check(w, d->desc.pasid_bits);
    if (why)
        return iovp_fail(IOVP_E_INVALID, "workload: %s", why);
    workload_begin(&d->workload, w);
    if (p->timed)
        timed_workload_changed(p, d);
    return IOVP_OK;
}

iovp_status iovp_workload_stop(iovp_device *h)
{
    struct platform *p;
    struct platform_device_state *d;
    iovp_status st = handle_enter_device(h, ENTER_NORMAL, &p, &d);

    if (st)
        return st;
    d->workload.active = false;
    if (p->timed)
        timed_workload_changed(p, d);
    return IOVP_OK;
}
