/* SPDX-License-Identifier: MIT */
/* A scene whose SMMU has ATS and PRI, and what an endpoint asks of it. */
#ifndef IOVP_ATS_SCENE_H
#define IOVP_ATS_SCENE_H

#include <string.h>

#include "smmu_scene.h"

#define ATS_IDS \
    (SMMU_IDR0_ATS | SMMU_IDR0_PRI | SMMU_IDR0_ATSRECERR | SMMU_IDR0_MSI)
#define ATS_CR0 \
    (SMMU_CR0_SMMUEN | SMMU_CR0_EVENTQEN | SMMU_CR0_CMDQEN | SMMU_CR0_ATSCHK)

static inline void ats_config(struct smmuv3_config *c)
{
    bench_config(c);
    c->idr0 |= ATS_IDS;
    c->idr1 |= 4u << 11; /* PRIQS */
}

/* ATSCHK is on. */
static inline void ats_open(struct scene *sc)
{
    struct smmuv3_config c;

    ats_config(&c);
    scene_open_with(sc, &c);
    bench_w32(&sc->b, SMMU_CR0, ATS_CR0);
}

static inline struct acc ats_acc(uint32_t sid, int32_t ssid, uint64_t va,
                                 unsigned at, const char *how)
{
    struct acc a = acc_ss(sid, ssid, va, how);

    a.addr_type = (uint8_t)at;
    return a;
}

/* A Translation Request; `how`: w will write, x Exe, p Priv. */
static inline void ats_request(struct scene *sc, uint32_t sid, int32_t ssid,
                               uint64_t va, const char *how)
{
    struct acc a = ats_acc(sid, ssid, va, IOVP_AT_TRANSLATION_REQUEST, how);
    struct iovp_attrs at = acc_attrs(&a);

    at.no_write = strchr(how, 'w') == NULL;
    memset(sc->ev, 0, sizeof(sc->ev));
    memset(&sc->r.ats, 0x5a, sizeof(sc->r.ats));
    smmuv3_translate(sc->b.s, &at, va, SMMUV3_READ, SMMUV3_NORMAL, &sc->r);
    sc->events = bench_event(&sc->b, sc->ev);
}

static inline void ats_eats(struct scene *sc, struct stream *st, unsigned eats)
{
    tb_put(st->ste, T_STE_EATS, eats);
    stream_write(sc, st);
}

/* A success without an event. */
#define EXPECT_ATS(sc, want_address, want_log2, want_flags) \
    do {                                                    \
        CHECK_EQ(IOVP_RESULT_OK, (sc)->r.status);           \
        CHECK_EQ(0, (sc)->events);                          \
        CHECK_EQ(IOVP_ATS_SUCCESS, (sc)->r.ats.status);     \
        CHECK_EQ((want_address), (sc)->r.ats.address);      \
        CHECK_EQ((want_log2), (sc)->r.ats.log2);            \
        CHECK_EQ((want_flags), (sc)->r.ats.flags);          \
    } while (0)

/* UR or CA, and the type of the event, 0: none. */
#define EXPECT_REFUSED(sc, want_status, want_event)    \
    do {                                               \
        unsigned refused_event = (want_event);         \
                                                       \
        CHECK_EQ(IOVP_RESULT_ABORT, (sc)->r.status);   \
        CHECK_EQ((want_status), (sc)->r.ats.status);   \
        CHECK_EQ(0, (sc)->r.ats.flags);                \
        CHECK_EQ(refused_event ? 1 : 0, (sc)->events); \
        CHECK_EQ(refused_event, (sc)->r.event);        \
        CHECK_EQ(refused_event, (sc)->ev[0] & 0xff);   \
    } while (0)

#endif
