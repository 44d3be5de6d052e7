/* SPDX-License-Identifier: MIT */
/* A guest's CDs one by one, in a table of the host's: its invalidations. */
#include "ctx_soc.h"
#include "shim.h"

#define IOVA        0x40000000u
#define TLBI_NH_ALL 0x10u

static void cds(struct cx *x)
{
    struct cx_tables t = cx_tables(x, 1, 0), u = cx_tables(x, 1, 0);
    iovp_binding b = cx_cd_binding(&t, 1), b2 = cx_cd_binding(&u, 1);
    iovp_inval e = {.size = sizeof(e)};
    size_t n = 1;

    cx_map(x, &t, IOVA, CX_PA(1));
    cx_map(x, &u, IOVA, CX_PA(2));
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 1, &b), IOVP_OK);
    CHECK_EQ(iovp_context_bind(x->c, x->npu, 2, &b2), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_MARK(1));
    CHECK_EQ(cx_see(x->npu, 2, IOVA), CX_MARK(2));
    cx_map(x, &t, IOVA, CX_PA(3));
    cx_map(x, &u, IOVA, CX_PA(4));
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_MARK(1));
    e.kind = IOVP_INVAL_RANGE;
    e.pasid = 1;
    e.first = e.last = IOVA;
    CHECK_EQ(iovp_context_invalidate(x->c, x->npu, &e, &n), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_MARK(3));
    CHECK_EQ(cx_see(x->npu, 2, IOVA), CX_MARK(2));
    e.kind = IOVP_INVAL_PASID;
    e.pasid = 2;
    CHECK_EQ(iovp_context_invalidate(x->c, x->npu, &e, &n), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, 2, IOVA), CX_MARK(4));
    e.pasid = 3;
    CX_FAILS(IOVP_E_NOTFOUND, iovp_context_invalidate(x->c, x->npu, &e, &n));
    CHECK_EQ(n, 0);
    cx_map(x, &t, IOVA, CX_PA(5));
    cx_map(x, &u, IOVA, CX_PA(6));
    e.kind = IOVP_INVAL_ALL;
    n = 1;
    CHECK_EQ(iovp_context_invalidate(x->c, x->npu, &e, &n), IOVP_OK);
    CHECK_EQ(cx_see(x->npu, 1, IOVA), CX_MARK(5));
    CHECK_EQ(cx_see(x->npu, 2, IOVA), CX_MARK(6));
    e.kind = IOVP_INVAL_RAW;
    e.raw_type = IOVP_RAW_SMMUV3_COMMAND;
    e.word[0] = TLBI_NH_ALL;
    CX_FAILS(IOVP_E_UNSUPPORTED, iovp_context_invalidate(x->c, x->npu, &e, &n));
}

TEST_CASE(NestedCd, InvalidationsOfSingleCds)
{
    cx_both(cds, NULL);
}
