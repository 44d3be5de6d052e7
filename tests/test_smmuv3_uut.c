/* SPDX-License-Identifier: MIT */
/*
 * What a client may send and this SMMU does not support: ATS address types
 * without IDR0.ATS (16.7.1), and Secure streams without Secure state (3.10.1).
 */
#include "shim.h"
#include "smmu_scene.h"

#define SID 4u
#define VA  0x80001238ull

static void bypass(struct scene *sc)
{
    struct stream st;

    scene_open(sc);
    stream_bypass(&st, SID);
    stream_write(sc, &st);
}

static struct acc with_at(unsigned at, const char *how)
{
    struct acc a = acc(SID, VA, how);

    a.addr_type = (uint8_t)at;
    return a;
}

TEST_CASE(Uut, AtsTypesWithoutAts)
{
    struct scene sc;

    bypass(&sc);
    EXPECT_EVENT(&sc, with_at(IOVP_AT_TRANSLATION_REQUEST, "r"), E_UUT, 0, 0);
    EXPECT_EVENT(&sc, with_at(IOVP_AT_TRANSLATED, "w"), E_UUT, 0, 0);
    EXPECT_OK(&sc, with_at(IOVP_AT_UNTRANSLATED, "r"), VA);
    scene_close(&sc);
}

/* 7.3.2: the incoming InD and PnU, and no STE is looked for. */
TEST_CASE(Uut, RecordsTheIncomingAttributes)
{
    struct acc a = with_at(IOVP_AT_TRANSLATED, "rpx");
    struct scene sc;

    bypass(&sc);
    EXPECT_EVENT(&sc, a, E_UUT, 0, 0);
    a.sid = 0xffffffffu;
    EXPECT_EVENT(&sc, a, E_UUT, 0, 0);
    a.sid = SID;
    a.ssid = 0x12345;
    EXPECT_EVENT(&sc, a, E_UUT, 0, 0);
    scene_close(&sc);
}

/* 3.10.1: SEC_SID is treated as 0; every output is Non-secure. */
TEST_CASE(Secure, StreamIsTheNonSecureOne)
{
    struct acc a = acc(SID, VA, "r");
    struct scene sc;

    bypass(&sc);
    a.space = IOVP_SPACE_SECURE;
    EXPECT_OK(&sc, a, VA);
    CHECK_EQ(sc.r.space, IOVP_SPACE_NONSECURE);
    a.sid = 5;
    EXPECT_EVENT(&sc, a, E_BAD_STE, 0, 0);
    scene_close(&sc);
}
