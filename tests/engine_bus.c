/* SPDX-License-Identifier: MIT */
#include "engine_bus.h"

#include <stdlib.h>
#include <string.h>

#include "../models/common/bits.h"

static void bus_begin(void *opaque, const struct engine_access *a)
{
    struct engine_bus *b = (struct engine_bus *)opaque;

    b->access = *a;
    if (b->begins < ENGINE_LOG)
        b->log[b->begins] = *a;
    b->begins++;
}

static void bus_end(void *opaque)
{
    ((struct engine_bus *)opaque)->ends++;
}

static uint64_t bus_time(void *opaque)
{
    return ((struct engine_bus *)opaque)->now;
}

static void bus_wake(void *opaque, uint64_t t)
{
    struct engine_bus *b = (struct engine_bus *)opaque;

    if (t < b->due)
        b->due = t;
}

static enum engine_status fail(struct engine_result *r, uint8_t error,
                               uint64_t addr)
{
    r->error = error;
    r->fault_addr = addr;
    return ENGINE_FAILED;
}

static void atomic(struct engine_bus *b, uint8_t *data)
{
    uint8_t *at = &b->ram[b->access.addr];
    uint32_t n = b->access.bytes;
    uint64_t old = 0, first = 0, second = 0;

    memcpy(&old, at, n);
    memcpy(&first, data, n);
    memcpy(&second, data + n, n);
    if (b->access.kind == ENGINE_FETCH_ADD)
        second = old + first;
    else if (b->access.kind == ENGINE_SWAP)
        second = first;
    if (b->access.kind != ENGINE_CAS || old == first)
        memcpy(at, &second, n);
    memcpy(data, &old, n);
}

static enum engine_status bus_go_on(void *opaque, void *data,
                                    struct engine_result *r)
{
    struct engine_bus *b = (struct engine_bus *)opaque;
    const struct engine_access *a = &b->access;
    void (*inside)(struct engine_bus *) = b->inside;

    b->steps_most++;
    b->now += 1000;
    b->inside = NULL;
    if (inside)
        inside(b);
    if (b->fail_at >> 12 == a->addr >> 12 && b->fails)
        return fail(r, TEP_ERROR_DENIED, a->addr);
    if (b->fail_at >> 12 == a->addr >> 12 && b->stalls && !b->resumed) {
        r->again = b->again;
        return ENGINE_WAIT;
    }
    if (a->addr >= ENGINE_RAM || a->bytes > ENGINE_RAM - a->addr)
        return fail(r, TEP_ERROR_UR, a->addr);
    if (a->kind == ENGINE_READ)
        memcpy(data, &b->ram[a->addr], a->bytes);
    else if (a->kind == ENGINE_WRITE)
        memcpy(&b->ram[a->addr], data, a->bytes);
    else
        atomic(b, (uint8_t *)data);
    return ENGINE_DONE;
}

static bool bus_irq(void *opaque, uint32_t vector)
{
    struct engine_bus *b = (struct engine_bus *)opaque;

    if (vector >= 8)
        return false;
    b->irqs[vector]++;
    b->irq_count++;
    return true;
}

static const struct engine_ops bus_ops = {
    .begin = bus_begin,
    .go_on = bus_go_on,
    .end = bus_end,
    .time = bus_time,
    .wake = bus_wake,
    .irq = bus_irq,
};

uint32_t engine_bus_read(void *ud, uint32_t at)
{
    uint8_t v[4];

    engine_read(&((struct engine_bus *)ud)->e, at, v, 4);
    return iovp_le32(v);
}

void engine_bus_write(void *ud, uint32_t at, uint32_t value)
{
    uint8_t v[4];

    iovp_put_le32(v, value);
    engine_write(&((struct engine_bus *)ud)->e, at, v, 4);
}

bool engine_bus_work(void *ud)
{
    struct engine_bus *b = (struct engine_bus *)ud;
    uint64_t next;

    if (b->due == ENGINE_NEVER)
        return false;
    if (b->now < b->due)
        b->now = b->due;
    b->due = ENGINE_NEVER;
    b->steps_most = 0;
    next = engine_work(&b->e);
    if (b->steps_most > b->steps_seen)
        b->steps_seen = b->steps_most;
    bus_wake(b, next);
    return true;
}

static const struct engine_config platform = {
    .caps = 1u << TEP_FAULT_FAIL | 1u << TEP_FAULT_RETRY |
            1u << TEP_FAULT_STALL | TEP_CAPS_PASID | TEP_CAPS_EXECUTE |
            TEP_CAPS_PRIVILEGED | TEP_CAPS_SPACE | TEP_CAPS_ATOMICS |
            20u << TEP_CAPS_WIDTH_SHIFT,
    .vectors = 8,
    .spaces = 0x7,
};

struct engine_bus *engine_bus_new(void)
{
    struct engine_bus *b = (struct engine_bus *)calloc(1, sizeof(*b));

    b->due = b->fail_at = b->again = ENGINE_NEVER;
    b->d = (struct tep_driver){.read = engine_bus_read,
                               .write = engine_bus_write,
                               .sleep = engine_bus_work,
                               .ring = &b->ram[0x80000],
                               .ring_iova = 0x80000,
                               .ring_size = 8,
                               .ud = b};
    for (uint32_t i = 0; i < ENGINE_RAM / 2; i++)
        b->ram[i] = (uint8_t)(i * 7 + (i >> 8));
    engine_init(&b->e, &platform, &bus_ops, b);
    return b;
}
