/* SPDX-License-Identifier: MIT */
/* Most of these fail on purpose; shim_selftest.sh knows which. */
#include "shim.h"

TEST_CASE(Shim, Passes)
{
    CHECK(1);
    CHECK_EQ(-1, INT64_C(-1));
    CHECK_STR("a", "a");
    CHECK_STR(NULL, NULL);
    CHECK_MEM("ab", "ac", 1);
    CHECK_MEM(NULL, NULL, 0);
    REQUIRE(1);
}

TEST_CASE(Shim, GoesOnAfterCheck)
{
    CHECK(1 == 2);
    CHECK_EQ(-1, 2);
    CHECK_STR("a", NULL);
    CHECK_MEM("abcdefghijklmnopqrst", "abcdefghijklmnopqXst", 20);
}

TEST_CASE(Shim, Require)
{
    REQUIRE(2 == 3);
    FAIL_TEST("not reached");
}

TEST_CASE(Shim, Fail)
{
    FAIL_TEST("number %d", 42);
}

TEST_CASE(Shim, Skip)
{
    SKIP_TEST("on purpose");
}
