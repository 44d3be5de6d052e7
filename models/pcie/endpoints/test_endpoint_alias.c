/* SPDX-License-Identifier: MIT */
/* Registers of two test devices of QEMU, on the test endpoint's engine. */
#include "test_endpoint_internal.h"

#include <string.h>

static uint32_t get(const struct test_endpoint *t, uint32_t at)
{
    return iovp_le32(&t->alias[at]);
}

static void set(struct test_endpoint *t, uint32_t at, uint32_t v)
{
    iovp_put_le32(&t->alias[at], v);
}

static bool submit(struct test_endpoint *t, struct engine_job *j)
{
    j->retries = 16;
    j->retry_ps = 1000000;
    j->load.count = 1;
    return engine_submit(&t->engine, j);
}

/* ---- pcie-ats-testdev ------------------------------------------------------
 */

/* By ATS and PRI as far as software has enabled them. */
static uint32_t best_attr(const struct test_endpoint *t)
{
    const struct pcie_fn *f = pcie_ep_function(t->ep);

    if (!t->cfg.ats || !pcie_enabled(f, PCIE_CAP_ATS))
        return TEP_AT_UNTRANSLATED << TEP_ATTR_AT_SHIFT;
    return TEP_AT_ATC << TEP_ATTR_AT_SHIFT |
           (t->cfg.pri && pcie_enabled(f, PCIE_CAP_PRI) ? TEP_FAULT_PRI
                                                        : TEP_FAULT_FAIL)
               << TEP_ATTR_FAULT_SHIFT;
}

static void atsdev_command(struct test_endpoint *t)
{
    uint32_t cmd = get(t, TEP_ATSDEV_CMD);
    bool read = cmd & TEP_ATSDEV_READ;
    uint64_t addr = iovp_le64(&t->alias[TEP_ATSDEV_ADDR]);
    struct engine_job j = {.cmd = read ? TEP_OP_LOAD : TEP_OP_STORE,
                           .attr = best_attr(t),
                           .src = addr,
                           .dst = addr,
                           .len = TEP_SCRATCH_SIZE};

    if (cmd & TEP_ATSDEV_RUN)
        submit(t, &j);
}

/* ---- iommu-testdev ----------------------------------------------------------
 */

/* Its spaces are those of the Arm architecture: Secure 0 .. Realm 3. */
static const uint8_t itd_spaces[4] = {
    IOVP_SPACE_SECURE,
    IOVP_SPACE_NONSECURE,
    IOVP_SPACE_ROOT,
    IOVP_SPACE_REALM,
};

static bool itd_attrs_ok(const struct test_endpoint *t, uint8_t *space)
{
    uint32_t attrs = get(t, TEP_ITD_ATTRS);
    uint32_t wanted = attrs >> TEP_ITD_ATTRS_SPACE_SHIFT & 3;
    bool secure = attrs & TEP_ITD_ATTRS_SECURE;

    *space = itd_spaces[wanted];
    return !(attrs & TEP_ITD_ATTRS_SPACE_VALID) || wanted > 1 ||
           secure == !wanted;
}

static void itd_submit(struct test_endpoint *t, uint32_t op)
{
    uint64_t gva = iovp_le64(&t->alias[TEP_ITD_GVA]);
    struct engine_job j = {
        .cmd = op,
        .src = gva,
        .dst = gva,
        .len = get(t, TEP_ITD_LEN),
        .operand = {(uint64_t)TEP_ITD_PATTERN << 32 | TEP_ITD_PATTERN, 0},
    };
    uint8_t space;

    itd_attrs_ok(t, &space);
    if (get(t, TEP_ITD_ATTRS) & TEP_ITD_ATTRS_SPACE_VALID)
        j.attr = TEP_ATTR_SPACE_VALID | (uint32_t)space << TEP_ATTR_SPACE_SHIFT;
    t->verifying = op == TEP_OP_VERIFY;
    submit(t, &j);
}

static void itd_result(struct test_endpoint *t, uint32_t result)
{
    set(t, TEP_ITD_RESULT, result);
    set(t, TEP_ITD_DBELL, 0);
}

static void itd_trigger(struct test_endpoint *t)
{
    uint8_t space;

    if (engine_busy(&t->engine))
        return;
    if (!(get(t, TEP_ITD_DBELL) & 1))
        itd_result(t, TEP_ITD_ERROR_NOT_ARMED);
    else if (!get(t, TEP_ITD_LEN))
        itd_result(t, TEP_ITD_ERROR_LEN);
    else if (!itd_attrs_ok(t, &space))
        itd_result(t, TEP_ITD_ERROR_ATTRS);
    else
        itd_submit(t, TEP_OP_FILL);
}

static void itd_finished(struct test_endpoint *t, const struct engine_job *j)
{
    if (!j->error && !t->verifying)
        itd_submit(t, TEP_OP_VERIFY);
    else if (!j->error)
        itd_result(t, TEP_ITD_RESULT_OK);
    else if (j->error == TEP_ERROR_MISMATCH)
        itd_result(t, TEP_ITD_ERROR_MISMATCH);
    else if (j->error == TEP_ERROR_ATTR)
        itd_result(t, TEP_ITD_ERROR_ATTRS);
    else
        itd_result(t, t->verifying ? TEP_ITD_ERROR_READ : TEP_ITD_ERROR_WRITE);
}

static void itd_doorbell(struct test_endpoint *t)
{
    uint32_t armed = get(t, TEP_ITD_DBELL) & 1;

    set(t, TEP_ITD_DBELL, armed);
    if (!engine_busy(&t->engine))
        set(t, TEP_ITD_RESULT,
            armed ? TEP_ITD_RESULT_BUSY : TEP_ITD_RESULT_IDLE);
}

/* ---- both ------------------------------------------------------------------
 */

static bool is_itd(const struct test_endpoint *t)
{
    return t->cfg.personality == TEST_ENDPOINT_ITD;
}

void test_endpoint_alias_reset(struct test_endpoint *t)
{
    memset(t->alias, 0, sizeof(t->alias));
    t->verifying = false;
    if (is_itd(t))
        set(t, TEP_ITD_RESULT, TEP_ITD_RESULT_IDLE);
}

void test_endpoint_alias_finished(struct test_endpoint *t,
                                  const struct engine_job *j)
{
    if (is_itd(t))
        itd_finished(t, j);
    else
        set(t, TEP_ATSDEV_CMD, get(t, TEP_ATSDEV_CMD) & ~TEP_ATSDEV_RUN);
}

static bool touches(uint64_t offset, uint32_t length, uint32_t at)
{
    return offset < at + 4 && offset + length > at;
}

void test_endpoint_alias_read(struct test_endpoint *t, uint64_t offset,
                              void *data, uint32_t length, bool peek)
{
    uint8_t *bytes = (uint8_t *)data;

    if (!peek && is_itd(t) && touches(offset, length, TEP_ITD_TRIGGER))
        itd_trigger(t);
    for (uint32_t i = 0; i < length; i++)
        bytes[i] = offset + i < ALIAS_REGISTERS ? t->alias[offset + i] : 0;
}

/* Bytes that software may write. */
static bool writable(const struct test_endpoint *t, uint64_t at)
{
    if (is_itd(t))
        return at >= TEP_ITD_GVA && at < ALIAS_REGISTERS &&
               (at < TEP_ITD_RESULT || at >= TEP_ITD_DBELL);
    return at < TEP_ATSDEV_CMD + 4;
}

void test_endpoint_alias_write(struct test_endpoint *t, uint64_t offset,
                               const void *data, uint32_t length)
{
    const uint8_t *bytes = (const uint8_t *)data;

    /* What runs is not changed. */
    if (engine_busy(&t->engine))
        return;
    for (uint32_t i = 0; i < length; i++)
        if (writable(t, offset + i))
            t->alias[offset + i] = bytes[i];
    if (is_itd(t) && touches(offset, length, TEP_ITD_DBELL))
        itd_doorbell(t);
    if (!is_itd(t) && touches(offset, length, TEP_ATSDEV_CMD))
        atsdev_command(t);
}
