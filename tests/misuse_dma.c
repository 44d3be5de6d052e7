/* SPDX-License-Identifier: MIT */
/* Wrong arguments of functions about DMA and translation. */
#include "misuse_scene.h"
#include "shim.h"

#define NONE      IOVP_NO_PASID
#define RUN(name) static void run_##name(struct misuse_scene *s)
#define DEV       (s->v.plain)

/* ---- DMA ---------------------------------------------------------------- */

/* Attributes that are wrong for every call that takes them. */
static const iovp_attrs bad_attrs[] = {
    {.size = 0},
    {.size = sizeof(iovp_attrs) - 1},
    {.size = sizeof(iovp_attrs) + 1},
    {.size = UINT32_MAX},
    {.size = sizeof(iovp_attrs), .specified = IOVP_ATTR_ALL + 1},
    {.size = sizeof(iovp_attrs), .pasid = 1u << 20},
    {.size = sizeof(iovp_attrs), .pasid_valid = 2},
    {.size = sizeof(iovp_attrs), .space = 4},
    {.size = sizeof(iovp_attrs), .privileged = 2},
    {.size = sizeof(iovp_attrs), .instruction = 2},
    {.size = sizeof(iovp_attrs), .addr_type = 3},
    {.size = sizeof(iovp_attrs), .no_write = 2},
    {.size = sizeof(iovp_attrs), .shareability = 4},
    {.size = sizeof(iovp_attrs), .reserved = {1, 0}},
    {.size = sizeof(iovp_attrs), .reserved = {0, 1}},
};

#define BAD_ATTRS (sizeof(bad_attrs) / sizeof(bad_attrs[0]))

/* A PASID beside the attributes, and in them: another, or none. */
static const iovp_attrs with_pasid = {.size = sizeof(iovp_attrs),
                                      .specified = IOVP_ATTR_PASID,
                                      .pasid_valid = 1,
                                      .pasid = 5};
static const iovp_attrs without_pasid = {.size = sizeof(iovp_attrs),
                                         .specified = IOVP_ATTR_PASID};

#define RESULT OUT(s, iovp_dma_result)
#define DMA_READ(pasid, bytes, attrs)                                       \
    iovp_dma_read(s->v.npu, pasid, SCENE_MAPPED, misuse_word(s, 64), bytes, \
                  attrs, RESULT)
#define DMA_WRITE(pasid, bytes, attrs)                                       \
    iovp_dma_write(s->v.npu, pasid, SCENE_MAPPED, misuse_word(s, 64), bytes, \
                   attrs, RESULT)

RUN(dma_read)
{
    GIVES(IOVP_E_INVALID,
          iovp_dma_read(DEV, NONE, SCENE_MAPPED, NULL, 8, NULL, RESULT));
    GIVES(IOVP_E_INVALID, DMA_READ(NONE, 0, NULL));
    GIVES(IOVP_E_INVALID, DMA_READ(NONE, (1u << 30) + 1, NULL));
    GIVES(IOVP_E_INVALID, DMA_READ(NONE, SIZE_MAX, NULL));
    GIVES(IOVP_E_INVALID, DMA_READ(1u << 20, 8, NULL));
    GIVES(IOVP_E_INVALID, DMA_READ(NONE - 1, 8, NULL));
    GIVES(IOVP_E_INVALID, DMA_READ(NONE, 8, &with_pasid));
    GIVES(IOVP_E_INVALID, DMA_READ(0, 8, &with_pasid));
    GIVES(IOVP_E_INVALID, DMA_READ(5, 8, &without_pasid));
    for (size_t i = 0; i < BAD_ATTRS; i++)
        GIVES(IOVP_E_INVALID, DMA_READ(NONE, 8, &bad_attrs[i]));
}

RUN(dma_write)
{
    GIVES(IOVP_E_INVALID,
          iovp_dma_write(DEV, NONE, SCENE_MAPPED, NULL, 8, NULL, RESULT));
    GIVES(IOVP_E_INVALID, DMA_WRITE(NONE, 0, NULL));
    GIVES(IOVP_E_INVALID, DMA_WRITE(NONE, (1u << 30) + 1, NULL));
    GIVES(IOVP_E_INVALID, DMA_WRITE(NONE, SIZE_MAX, NULL));
    GIVES(IOVP_E_INVALID, DMA_WRITE(1u << 20, 8, NULL));
    GIVES(IOVP_E_INVALID, DMA_WRITE(NONE, 8, &with_pasid));
    GIVES(IOVP_E_INVALID, DMA_WRITE(5, 8, &without_pasid));
    for (size_t i = 0; i < BAD_ATTRS; i++)
        GIVES(IOVP_E_INVALID, DMA_WRITE(NONE, 8, &bad_attrs[i]));
}

#define ATOMIC(a, pasid, iova, attrs) \
    iovp_dma_atomic(s->v.npu, pasid, iova, &(a), attrs, RESULT)

RUN(dma_atomic)
{
    const iovp_atomic good = {.size = sizeof(good), .width = 8};
    iovp_atomic a = good;

    GIVES(IOVP_E_INVALID,
          iovp_dma_atomic(DEV, NONE, SCENE_MAPPED, NULL, NULL, RESULT));
    a.op = IOVP_ATOMIC_CAS + 1;
    GIVES(IOVP_E_INVALID, ATOMIC(a, NONE, SCENE_MAPPED, NULL));
    for (uint32_t w = 0; w < 33; w++) {
        a = good;
        a.width = w;
        if (w != 4 && w != 8)
            GIVES(IOVP_E_INVALID, ATOMIC(a, NONE, SCENE_MAPPED, NULL));
    }
    a = good;
    a.reserved = 1;
    GIVES(IOVP_E_INVALID, ATOMIC(a, NONE, SCENE_MAPPED, NULL));
    a = good;
    GIVES(IOVP_E_INVALID, ATOMIC(a, NONE, SCENE_MAPPED + 4, NULL));
    GIVES(IOVP_E_INVALID, ATOMIC(a, NONE, UINT64_MAX, NULL));
    GIVES(IOVP_E_INVALID, ATOMIC(a, 1u << 20, SCENE_MAPPED, NULL));
    GIVES(IOVP_E_INVALID, ATOMIC(a, NONE, SCENE_MAPPED, &with_pasid));
    for (size_t i = 0; i < BAD_ATTRS; i++)
        GIVES(IOVP_E_INVALID, ATOMIC(a, NONE, SCENE_MAPPED, &bad_attrs[i]));
}

#define REPLAY(bytes, access, attrs) \
    iovp_dma_replay(DEV, attrs, SCENE_MAPPED, bytes, access, 0, RESULT)

RUN(dma_replay)
{
    GIVES(IOVP_E_INVALID, REPLAY(0, 1, NULL));
    GIVES(IOVP_E_INVALID, REPLAY(4097, 1, NULL));
    GIVES(IOVP_E_INVALID, REPLAY(UINT32_MAX, 1, NULL));
    GIVES(IOVP_E_INVALID, REPLAY(8, 0, NULL));
    GIVES(IOVP_E_INVALID, REPLAY(8, 3, NULL));
    GIVES(IOVP_E_INVALID, REPLAY(8, 4, NULL));
    for (size_t i = 0; i < BAD_ATTRS; i++)
        GIVES(IOVP_E_INVALID, REPLAY(8, 1, &bad_attrs[i]));
}

#define SUBMIT(field, value)                                            \
    do {                                                                \
        iovp_transfer_config c = good;                                  \
        c.field = (value);                                              \
        GIVES(IOVP_E_INVALID,                                           \
              iovp_dma_submit(WORD(s, iovp_transfer *), s->v.npu, &c)); \
    } while (0)

RUN(dma_submit)
{
    const iovp_transfer_config good = {.size = sizeof(good),
                                       .access = IOVP_ACCESS_READ,
                                       .pasid = NONE,
                                       .iova = SCENE_MAPPED,
                                       .buf = s->out,
                                       .bytes = 8};

    GIVES(IOVP_E_INVALID, iovp_dma_submit(NULL, DEV, &good));
    GIVES(IOVP_E_INVALID, iovp_dma_submit(WORD(s, iovp_transfer *), DEV, NULL));
    SUBMIT(access, 0);
    SUBMIT(access, 3);
    SUBMIT(access, UINT32_MAX);
    SUBMIT(pasid, 1u << 20);
    SUBMIT(reserved, 1);
    SUBMIT(buf, NULL);
    SUBMIT(bytes, 0);
    SUBMIT(bytes, (1u << 30) + 1);
    SUBMIT(bytes, SIZE_MAX);
    SUBMIT(attrs, &with_pasid);
    for (size_t i = 0; i < BAD_ATTRS; i++)
        SUBMIT(attrs, &bad_attrs[i]);
}

RUN(dma_poll)
{
    GIVES(IOVP_E_INVALID, iovp_dma_poll(s->h[K_TRANSFER], NULL));
}

/* ---- translation -------------------------------------------------------- */

#define TRANSLATE(access, flags, attrs)                     \
    iovp_translate(DEV, attrs, SCENE_MAPPED, access, flags, \
                   OUT(s, iovp_translation))

RUN(translate)
{
    GIVES(IOVP_E_INVALID, iovp_translate(DEV, NULL, 0, 1, 0, NULL));
    GIVES(IOVP_E_INVALID, TRANSLATE(4, 0, NULL));
    GIVES(IOVP_E_INVALID, TRANSLATE(UINT32_MAX, 0, NULL));
    GIVES(IOVP_E_INVALID, TRANSLATE(1, 2, NULL));
    GIVES(IOVP_E_INVALID, TRANSLATE(1, UINT32_MAX, NULL));
    for (size_t i = 0; i < BAD_ATTRS; i++)
        GIVES(IOVP_E_INVALID, TRANSLATE(1, 0, &bad_attrs[i]));
}

RUN(regime_attrs)
{
    GIVES(IOVP_E_INVALID, iovp_regime_attrs(DEV, NULL));
}

RUN(regime_index)
{
    iovp_attrs a = IOVP_ATTRS_INIT;

    GIVES(IOVP_E_INVALID, iovp_regime_index(DEV, NULL, NULL));
    for (size_t i = 0; i < BAD_ATTRS; i++)
        GIVES(IOVP_E_INVALID,
              iovp_regime_index(DEV, &bad_attrs[i], WORD(s, uint32_t)));
    a.specified = IOVP_ATTR_STREAM_ID;
    a.stream_id = UINT32_MAX;
    GIVES(IOVP_E_NOTFOUND, iovp_regime_index(DEV, &a, WORD(s, uint32_t)));
    /* "small" has two bits of PASID */
    GIVES(IOVP_E_INVALID,
          iovp_regime_index(s->v.small, &with_pasid, WORD(s, uint32_t)));
}

RUN(regime_count)
{
    GIVES(IOVP_E_INVALID, iovp_regime_count(DEV, NULL));
}

RUN(regime_get_info)
{
    GIVES(IOVP_E_INVALID, iovp_regime_get_info(DEV, 0, NULL));
    for (unsigned bit = 0; bit < 32; bit++)
        GIVES(IOVP_E_NOTFOUND,
              iovp_regime_get_info(DEV, 1u << bit, OUT(s, iovp_regime_info)));
    GIVES(IOVP_E_NOTFOUND,
          iovp_regime_get_info(DEV, IOVP_REGIME_ALL, OUT(s, iovp_regime_info)));
}

#define BY_REGIME(index, access, flags, attrs)                            \
    iovp_regime_translate(DEV, index, attrs, SCENE_MAPPED, access, flags, \
                          OUT(s, iovp_translation))

RUN(regime_translate)
{
    iovp_attrs other = IOVP_ATTRS_INIT;

    other.specified = IOVP_ATTR_STREAM_ID;
    other.stream_id = 0x10;
    GIVES(IOVP_E_INVALID, iovp_regime_translate(DEV, 0, NULL, 0, 1, 0, NULL));
    GIVES(IOVP_E_NOTFOUND, BY_REGIME(1, 1, 0, NULL));
    GIVES(IOVP_E_NOTFOUND, BY_REGIME(IOVP_REGIME_ALL, 1, 0, NULL));
    GIVES(IOVP_E_INVALID, BY_REGIME(0, 4, 0, NULL));
    GIVES(IOVP_E_INVALID, BY_REGIME(0, 1, 2, NULL));
    GIVES(IOVP_E_INVALID, BY_REGIME(0, 1, 0, &other));
    for (size_t i = 0; i < BAD_ATTRS; i++)
        GIVES(IOVP_E_INVALID, BY_REGIME(0, 1, 0, &bad_attrs[i]));
}

#define ROW(name)                 \
    {                             \
        "iovp_" #name, run_##name \
    }

const struct misuse misuse_dma[] = {
    ROW(dma_read),     ROW(dma_write),       ROW(dma_atomic),
    ROW(dma_replay),   ROW(dma_submit),      ROW(dma_poll),
    ROW(translate),    ROW(regime_attrs),    ROW(regime_index),
    ROW(regime_count), ROW(regime_get_info), ROW(regime_translate),
};

const size_t misuse_dma_count = sizeof(misuse_dma) / sizeof(misuse_dma[0]);
