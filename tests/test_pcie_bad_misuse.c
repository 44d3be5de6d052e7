/* SPDX-License-Identifier: MIT */
/*
 * The host's calls about PCI functions, made wrongly: from callbacks and other
 * threads, of what is no function, with structures of other versions.
 */
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "../models/pcie/pcie_regs.h"
#include "pcie_arm.h"
#include "shim.h"

/* ---- callbacks -------------------------------------------------------------
 */

struct answers {
    struct pa *a;
    unsigned calls;
    iovp_status unplug, plug, counters, write, run, info;
};

static void call_all(struct answers *w)
{
    iovp_device_info info = IOVP_DEVICE_INFO_INIT;
    size_t n = 0;

    w->calls++;
    w->unplug = iovp_device_unplug(w->a->s.far);
    w->plug = iovp_device_plug(w->a->s.far);
    w->counters = iovp_device_counters(w->a->s.far, NULL, &n);
    w->write = iovp_mmio_write(w->a->s.p, PS_ECAM + 4, 2, 0, 0);
    w->run = iovp_run_until(w->a->s.p, 0, NULL);
    w->info = iovp_device_get_info(w->a->s.far, &info);
}

static void check_all(const struct answers *w, iovp_status st)
{
    CHECK(w->calls);
    CHECK_EQ(w->unplug, st);
    CHECK_EQ(w->plug, st);
    CHECK_EQ(w->counters, st);
    CHECK_EQ(w->write, st);
    CHECK_EQ(w->run, st);
    CHECK_EQ(w->info, st);
}

static void on_irq(void *ud, const iovp_irq_event *e)
{
    (void)e;
    call_all(ud);
}

/* An MSI in the middle of a function's DMA. */
TEST_CASE(PcieBadMisuse, FromAnInterrupt)
{
    struct answers w = {0};
    struct pa a;

    REQUIRE(pa_open(&a));
    w.a = &a;
    CHECK_EQ(iovp_irq_handler(a.s.p, on_irq, NULL, &w), IOVP_OK);
    REQUIRE(ps_map(&a.s, &a.stream[PA_FAR], 0x60000000, PA_ITS & ~0xfffull,
                   PS_PAGE, SMMU_WRITE));
    REQUIRE(pa_driver(&a, PA_FAR));
    ps_msix(&a.s, a.s.far, 0x60000000 + (PA_ITS & 0xfff), 5);
    CHECK(tep_send_msi(&a.s.tep, 0));
    check_all(&w, IOVP_E_REENTRY);
    /* The level of a pin is told out of a write to configuration space. */
    w.calls = 0;
    ps_cfg_set(&a.s, ps_id(a.s.far1), PCIE_COMMAND, 2, 6);
    ps_wr(&a.s, ps_bar(&a.s, a.s.far1, 0) + 4, 4, 1);
    check_all(&w, IOVP_E_REENTRY);
    w.calls = 0;
    ps_cfg_set(&a.s, ps_id(a.s.far1), PCIE_COMMAND, 2, 0x406);
    check_all(&w, IOVP_E_REENTRY);
    /* And out of unplugging: it was asserted. */
    ps_cfg_set(&a.s, ps_id(a.s.far1), PCIE_COMMAND, 2, 6);
    w.calls = 0;
    CHECK_EQ(iovp_device_unplug(a.s.far1), IOVP_OK);
    check_all(&w, IOVP_E_REENTRY);
    CHECK_EQ(iovp_device_plug(a.s.far1), IOVP_OK);
    CHECK_EQ(iovp_irq_handler(a.s.p, NULL, NULL, NULL), IOVP_OK);
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

static void on_notification(void *ud, const iovp_notification *n)
{
    (void)n;
    call_all(ud);
}

/* Bus numbers that change tell who watches translations. */
TEST_CASE(PcieBadMisuse, FromANotifier)
{
    iovp_notifier_config c = IOVP_NOTIFIER_CONFIG_INIT;
    iovp_notifier *n = NULL;
    struct answers w = {0};
    struct pa a;

    REQUIRE(pa_open(&a));
    w.a = &a;
    c.events = IOVP_NOTIFY_UNMAP | IOVP_NOTIFY_DROP;
    c.understands = IOVP_ATTR_ALL;
    c.fn = on_notification;
    c.ud = &w;
    CHECK_EQ(iovp_notifier_register(&n, a.s.far, &c), IOVP_OK);
    w.calls = 0;
    ps_cfg_set(&a.s, 0x0200, PCIE_SUBORDINATE_BUS, 1, 9);
    ps_cfg_set(&a.s, 0x0100, PCIE_SUBORDINATE_BUS, 1, 9);
    ps_cfg_set(&a.s, 0x0000, PCIE_SUBORDINATE_BUS, 1, 9);
    ps_cfg_set(&a.s, 0x0200, PCIE_SECONDARY_BUS, 1, 9);
    ps_cfg_set(&a.s, 0x0900, PCIE_COMMAND, 2, 6);
    check_all(&w, IOVP_E_REENTRY);
    iovp_notifier_unregister(n);
    CHECK(pa_recovers(&a));
    pa_close(&a);
}

static void *in_a_thread(void *ud)
{
    call_all(ud);
    return NULL;
}

TEST_CASE(PcieBadMisuse, FromAnotherThread)
{
    struct answers w = {0};
    pthread_t t;
    struct pa a;

    REQUIRE(pa_open(&a));
    w.a = &a;
    REQUIRE(!pthread_create(&t, NULL, in_a_thread, &w));
    pthread_join(t, NULL);
    check_all(&w, IOVP_E_THREAD);
    CHECK(pa_works(&a, PA_FAR));
    pa_close(&a);
}

/* ---- handles ---------------------------------------------------------------
 */

TEST_CASE(PcieBadMisuse, Handles)
{
    iovp_device *far;
    size_t n = 0;
    struct pa a;

    REQUIRE(pa_open(&a));
    far = a.s.far;
    CHECK_EQ(iovp_device_unplug(NULL), IOVP_E_HANDLE);
    CHECK_EQ(iovp_device_plug((iovp_device *)a.s.p), IOVP_E_HANDLE);
    CHECK_EQ(iovp_device_unplug((iovp_device *)(uintptr_t)0x1234),
             IOVP_E_HANDLE);
    CHECK_EQ(iovp_device_counters(NULL, NULL, &n), IOVP_E_HANDLE);
    pa_close(&a);
    CHECK_EQ(iovp_device_unplug(far), IOVP_E_HANDLE);
    CHECK_EQ(iovp_device_plug(far), IOVP_E_HANDLE);
    CHECK_EQ(iovp_device_counters(far, NULL, &n), IOVP_E_HANDLE);
}

/* ---- structures of other versions ------------------------------------------
 */

/* Of 0.1, which ended with `workload` and is another ABI (CONTRIBUTING.md,
 * Versions); and of a later version. */
TEST_CASE(PcieBadMisuse, SizesOfDeviceInfo)
{
    struct {
        iovp_device_info info;
        uint64_t more[2];
    } big;
    iovp_device_info i = IOVP_DEVICE_INFO_INIT;
    struct pa a;

    REQUIRE(pa_open(&a));
    memset(&i, 0xee, sizeof(i));
    i.size = offsetof(iovp_device_info, pci);
    CHECK_EQ(iovp_device_get_info(a.s.far, &i), IOVP_E_INVALID);
    CHECK_EQ(i.index, 0xeeeeeeee);
    CHECK_EQ(i.pri, 0xeeeeeeee);
    i.size = 3;
    CHECK_EQ(iovp_device_get_info(a.s.far, &i), IOVP_E_INVALID);
    i.size = offsetof(iovp_device_info, workload);
    CHECK_EQ(iovp_device_get_info(a.s.far, &i), IOVP_E_INVALID);
    memset(&big, 0, sizeof(big));
    big.info.size = sizeof(big);
    CHECK_EQ(iovp_device_get_info(a.s.far, &big.info), IOVP_OK);
    CHECK_EQ(big.info.requester_id, 0x0300);
    CHECK_EQ(big.info.ats, 1);
    pa_close(&a);
}

TEST_CASE(PcieBadMisuse, CountersOfOtherSizes)
{
    struct {
        iovp_counter c;
        uint64_t more;
    } big[64];
    iovp_counter c[64];
    size_t n = 0, have;
    struct pa a;

    REQUIRE(pa_open(&a));
    CHECK_EQ(iovp_device_counters(a.s.far, NULL, &n), IOVP_E_SPACE);
    have = n;
    REQUIRE(have && have <= 64);
    memset(c, 0, sizeof(c));
    CHECK_EQ(iovp_device_counters(a.s.far, c, &n), IOVP_E_INVALID);
    for (size_t i = 0; i < 64; i++)
        c[i] = (iovp_counter){.size = sizeof(c[i]), .value = 0xeeeeeeee};
    n = have - 1;
    CHECK_EQ(iovp_device_counters(a.s.far, c, &n), IOVP_E_SPACE);
    CHECK_EQ(n, have);
    CHECK_EQ(c[0].value, 0xeeeeeeee);
    memset(big, 0, sizeof(big));
    for (size_t i = 0; i < 64; i++)
        big[i].c.size = sizeof(big[0]);
    CHECK_EQ(iovp_device_counters(a.s.far, &big[0].c, &n), IOVP_OK);
    CHECK_STR(big[have - 1].c.name, "bytes");
    CHECK_EQ(iovp_device_counters(a.s.far, c, NULL), IOVP_E_INVALID);
    pa_close(&a);
}
