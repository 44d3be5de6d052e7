/* SPDX-License-Identifier: MIT */
/*
 * Structures and lists between callers and a library of different age.  The
 * expectations are those of the conventions at the top of iovp.h.
 */
#include <stdlib.h>
#include <string.h>

#include "../capi/abi.h"
#include "capi_soc.h"
#include "shim.h"

/* A structure as three releases knew it. */
struct first {
    uint32_t size, a;
};

struct known {
    uint32_t size, a, b, c;
};

struct later {
    uint32_t size, a, b, c, d, e;
};

#define IN(known, user) \
    abi_in((known), sizeof(*(known)), sizeof(struct first), (user), "it")

/* ---- the border itself ----------------------------------------------------
 */

TEST_CASE(Abi, ShorterStructureOfAnOlderCaller)
{
    struct first user = {sizeof(user), 1};
    struct known k = {9, 9, 9, 9};

    CHECK_EQ(IN(&k, &user), IOVP_OK);
    CHECK_EQ(k.a, 1);
    CHECK_EQ(k.b, 0);
    CHECK_EQ(k.c, 0);
}

TEST_CASE(Abi, LongerStructureOfANewerCaller)
{
    struct later user = {sizeof(user), 1, 2, 3, 0, 0};
    struct known k = {0};

    CHECK_EQ(IN(&k, &user), IOVP_OK);
    CHECK_EQ(k.a, 1);
    CHECK_EQ(k.c, 3);
    user.e = 1;
    k = (struct known){7, 7, 7, 7};
    CHECK_EQ(IN(&k, &user), IOVP_E_UNSUPPORTED);
    CHECK_EQ(k.a, 7);
    CHECK(strstr(iovp_last_error(), "it"));
}

TEST_CASE(Abi, NotASize)
{
    struct later user = {0};
    struct known k;

    CHECK_EQ(IN(&k, NULL), IOVP_E_INVALID);
    CHECK_EQ(IN(&k, &user), IOVP_E_INVALID);
    user.size = sizeof(struct first) - 1;
    CHECK_EQ(IN(&k, &user), IOVP_E_INVALID);
    /* What was never set is not read to its end. */
    user.size = 0xdeadbeef;
    CHECK_EQ(IN(&k, &user), IOVP_E_INVALID);
    CHECK_EQ(abi_out_check(&user, 4, "it"), IOVP_E_INVALID);
    user.size = sizeof(user);
    CHECK_EQ(abi_out_check(&user, 4, "it"), IOVP_OK);
}

TEST_CASE(Abi, FilledAsFarAsItIsKnown)
{
    struct known k = {0, 1, 2, 3};
    struct {
        struct first user;
        uint32_t behind;
    } old = {{sizeof(old.user), 0}, 0x55};
    struct later user = {sizeof(user), 0, 0, 0, 0x66, 0x66};

    abi_out(&old.user, &k, sizeof(k));
    CHECK_EQ(old.user.size, sizeof(old.user));
    CHECK_EQ(old.user.a, 1);
    CHECK_EQ(old.behind, 0x55);
    abi_out(&user, &k, sizeof(k));
    CHECK_EQ(user.size, sizeof(user));
    CHECK_EQ(user.c, 3);
    CHECK_EQ(user.d, 0);
    CHECK_EQ(user.e, 0);
}

TEST_CASE(Abi, Lists)
{
    struct later user[3];
    size_t count = 0;

    memset(user, 0, sizeof(user));
    CHECK_EQ(abi_list(NULL, NULL, 2, 8, "it"), IOVP_E_INVALID);
    CHECK_EQ(abi_list(NULL, &count, 2, 8, "it"), IOVP_E_SPACE);
    CHECK_EQ(count, 2);
    CHECK_EQ(abi_list(NULL, &count, 2, 8, "it"), IOVP_E_INVALID);
    CHECK_EQ(count, 2);
    count = 3;
    CHECK_EQ(abi_list(user, &count, 2, 8, "it"), IOVP_E_INVALID);
    CHECK_EQ(count, 3);
    user[0].size = user[1].size = sizeof(user[0]);
    CHECK_EQ(abi_list(user, &count, 2, 8, "it"), IOVP_OK);
    CHECK_EQ(count, 2);
    count = 2;
    user[1].size -= 4;
    CHECK_EQ(abi_list(user, &count, 2, 8, "it"), IOVP_E_INVALID);
    user[1].size += 4;
    count = 1;
    CHECK_EQ(abi_list(user, &count, 2, 8, "it"), IOVP_E_SPACE);
    CHECK_EQ(count, 2);
    CHECK(abi_at(user, 2) == &user[2]);
    count = 0;
    CHECK_EQ(abi_list(NULL, &count, 0, 8, "it"), IOVP_OK);
}

/* ---- public functions ------------------------------------------------------
 */

#define TAIL 24

/* A structure with the tail of a library to come, which a test may fill. */
static void *longer(const void *init, size_t bytes, uint8_t tail)
{
    uint32_t size = (uint32_t)bytes + TAIL;
    uint8_t *s = calloc(1, size);

    if (!s)
        return NULL;
    memcpy(s, init, bytes);
    memcpy(s, &size, sizeof(size));
    s[size - 1] = tail;
    return s;
}

static iovp_status create(const iovp_platform_config *c)
{
    iovp_platform *p = NULL;
    size_t bytes;
    const void *tree = soc_tree(&bytes);
    iovp_status st = iovp_platform_create(&p, c, tree, bytes);

    iovp_platform_destroy(p);
    return st;
}

TEST_CASE(Abi, PlatformConfig)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;
    iovp_allocator a = IOVP_ALLOCATOR_INIT;
    iovp_ram_ops r = IOVP_RAM_OPS_INIT;
    void *future;

    CHECK_EQ(create(&c), IOVP_OK);
    c.size--;
    CHECK_EQ(create(&c), IOVP_E_INVALID);
    c.size++;
    c.reserved[1] = 1;
    CHECK_EQ(create(&c), IOVP_E_INVALID);
    c.reserved[1] = 0;
    c.allocator = &a;
    c.ram = &r;
    CHECK_EQ(create(&c), IOVP_OK);
    a.size = 0;
    CHECK_EQ(create(&c), IOVP_E_INVALID);
    a.size = sizeof(a);
    r.reserved = 1;
    CHECK_EQ(create(&c), IOVP_E_INVALID);
    r.reserved = 0;
    future = longer(&c, sizeof(c), 0);
    CHECK_EQ(create(future), IOVP_OK);
    free(future);
    future = longer(&c, sizeof(c), 1);
    CHECK_EQ(create(future), IOVP_E_UNSUPPORTED);
    free(future);
    future = longer(&a, sizeof(a), 1);
    c.allocator = future;
    CHECK_EQ(create(&c), IOVP_E_UNSUPPORTED);
    free(future);
}

TEST_CASE(Abi, Workload)
{
    iovp_workload w = IOVP_WORKLOAD_INIT;
    struct soc s;
    void *future;

    w.window = w.bytes = 64;
    w.outstanding = 1;
    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    CHECK_EQ(iovp_workload_start(s.raw, &w), IOVP_OK);
    future = longer(&w, sizeof(w), 0);
    CHECK_EQ(iovp_workload_start(s.raw, future), IOVP_OK);
    free(future);
    future = longer(&w, sizeof(w), 1);
    CHECK_EQ(iovp_workload_start(s.raw, future), IOVP_E_UNSUPPORTED);
    free(future);
    w.size--;
    CHECK_EQ(iovp_workload_start(s.raw, &w), IOVP_E_INVALID);
    soc_close(&s);
}

/* A list of elements that are longer than this library knows. */
struct wide {
    const char *name;
    size_t bytes; /* of an element, as known */
    iovp_status (*call)(struct soc *s, void *list, size_t *count);
};

static iovp_status call_nodes(struct soc *s, void *list, size_t *count)
{
    return iovp_nodes(s->p, list, count);
}

static iovp_status call_stats(struct soc *s, void *list, size_t *count)
{
    return iovp_stats(s->p, list, count);
}

static iovp_status call_explain(struct soc *s, void *list, size_t *count)
{
    return iovp_explain(s->npu, IOVP_FEATURE_SVA, list, count);
}

static const struct wide wides[] = {
    {"iovp_nodes", sizeof(iovp_node), call_nodes},
    {"iovp_stats", sizeof(iovp_stream_stats), call_stats},
    {"iovp_explain", sizeof(iovp_condition), call_explain},
};

static void set_sizes(uint8_t *list, size_t count, uint32_t stride)
{
    memset(list, 0xee, count * stride);
    for (size_t i = 0; i < count; i++)
        memcpy(list + i * stride, &stride, sizeof(stride));
}

/* Element by element what a caller of this library's age gets. */
static void check_stride(struct soc *s, const struct wide *w)
{
    uint32_t stride = (uint32_t)w->bytes + TAIL;
    static const uint8_t zero[TAIL];
    uint8_t *plain, *list;
    size_t count = 0, i;

    CHECK_EQ(w->call(s, NULL, &count), IOVP_E_SPACE);
    CHECK(count > 1);
    plain = calloc(count, w->bytes);
    list = calloc(count, stride);
    if (plain && list) {
        set_sizes(plain, count, (uint32_t)w->bytes);
        set_sizes(list, count, stride);
        CHECK_EQ(w->call(s, plain, &count), IOVP_OK);
        CHECK_EQ(w->call(s, list, &count), IOVP_OK);
        for (i = 0; i < count; i++) {
            CHECK_MEM(list + i * stride + 4, plain + i * w->bytes + 4,
                      w->bytes - 4);
            CHECK_MEM(list + i * stride, &stride, 4);
            CHECK_MEM(list + i * stride + w->bytes, zero, TAIL);
        }
        memset(list + stride, 0, 4);
        CHECK_EQ(w->call(s, list, &count), IOVP_E_INVALID);
        CHECK(strstr(iovp_last_error(), "size"));
    }
    free(plain);
    free(list);
}

TEST_CASE(Abi, ListsHaveTheCallersStride)
{
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    soc_read(s.raw, NULL, SOC_DATA, 64);
    soc_read(s.disp, NULL, SOC_DATA, 64);
    soc_read(s.npu, NULL, SOC_DATA, 64);
    for (size_t i = 0; i < sizeof(wides) / sizeof(wides[0]); i++)
        check_stride(&s, &wides[i]);
    soc_close(&s);
}

TEST_CASE(Abi, ResultsOfANewerCaller)
{
    struct {
        iovp_dma_result r;
        uint8_t tail[TAIL];
    } dma;
    struct {
        iovp_device_info i;
        uint8_t tail[TAIL];
    } info;
    static const uint8_t zero[TAIL];
    uint8_t buf[64];
    struct soc s;

    REQUIRE(soc_create(&s, IOVP_MODE_FUNCTIONAL, 0));
    memset(&dma, 0xee, sizeof(dma));
    memset(&info, 0xee, sizeof(info));
    dma.r.size = sizeof(dma);
    info.i.size = sizeof(info);
    CHECK_EQ(
        iovp_dma_read(s.raw, IOVP_NO_PASID, SOC_DATA, buf, 64, NULL, &dma.r),
        IOVP_OK);
    CHECK_EQ(dma.r.size, sizeof(dma));
    CHECK_EQ(dma.r.done, 64);
    CHECK_MEM(dma.tail, zero, TAIL);
    CHECK_EQ(iovp_device_get_info(s.npu, &info.i), IOVP_OK);
    CHECK_EQ(info.i.stream_id, SOC_NPU_SID);
    CHECK_MEM(info.tail, zero, TAIL);
    soc_close(&s);
}

/* ---- initialisers and versions
 * ----------------------------------------------- */

TEST_CASE(Abi, Initialisers)
{
    iovp_notifier_config n = IOVP_NOTIFIER_CONFIG_INIT;
    iovp_transfer_config t = IOVP_TRANSFER_CONFIG_INIT;
    iovp_regime_info r = IOVP_REGIME_INFO_INIT;
    iovp_binding b = IOVP_BINDING_INIT;
    iovp_attrs a = IOVP_ATTRS_INIT;

    CHECK_EQ(n.index, IOVP_REGIME_ALL);
    CHECK_EQ(n.first, 0);
    CHECK_EQ(n.last, UINT64_MAX);
    CHECK_EQ(t.pasid, IOVP_NO_PASID);
    CHECK_EQ(r.table[2].size, sizeof(iovp_regime_table));
    CHECK_EQ(b.stage1.size, sizeof(iovp_table));
    CHECK_EQ(a.size, sizeof(a));
    CHECK_EQ(a.specified, 0);
}

TEST_CASE(Abi, CheckAbi)
{
    const uint32_t v = IOVP_VERSION_NUM;
    const size_t a = sizeof(iovp_attrs), d = sizeof(iovp_dma_result),
                 r = sizeof(iovp_record);

    CHECK_EQ(iovp_version(), v);
    CHECK_EQ(iovp_check_abi(v, a, d, r), IOVP_OK);
    /* Patches do not matter; below 1.0 the second number does. */
    CHECK_EQ(iovp_check_abi(v + 1, a, d, r), IOVP_OK);
    CHECK_EQ(iovp_check_abi(v + 100, a, d, r), IOVP_E_UNSUPPORTED);
    CHECK_EQ(iovp_check_abi(v - 100, a, d, r), IOVP_E_UNSUPPORTED);
    CHECK(strstr(iovp_last_error(), "version"));
    CHECK_EQ(iovp_check_abi(v, a + 4, d, r), IOVP_E_UNSUPPORTED);
    CHECK_EQ(iovp_check_abi(v, a - 4, d, r), IOVP_E_UNSUPPORTED);
    /* A caller may know less, but not more. */
    CHECK_EQ(iovp_check_abi(v, a, d - 8, r - 8), IOVP_OK);
    CHECK_EQ(iovp_check_abi(v, a, d + 8, r), IOVP_E_UNSUPPORTED);
    CHECK_EQ(iovp_check_abi(v, a, d, r + 8), IOVP_E_UNSUPPORTED);
    CHECK(strstr(iovp_last_error(), "structures"));
}
