/* SPDX-License-Identifier: MIT */
#include "capi_plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"

const iovp_workload plan_basic = {.size = sizeof(plan_basic),
                                  .base = PLAN_IOVA,
                                  .window = PLAN_WINDOW,
                                  .bytes = 64,
                                  .outstanding = 8,
                                  .read_percent = 50,
                                  .seed = 7,
                                  .transfers = 5000};

struct plan *plan_new(const char *name)
{
    static struct plan *p;

    if (!p)
        p = soc_shared(sizeof(*p));
    if (p) {
        memset(p, 0, sizeof(*p));
        soc_path(p->path, sizeof(p->path), name);
        p->mode = IOVP_MODE_TIMED;
    }
    return p;
}

/* ---- in the child -----------------------------------------------------------
 */

void plan_map(struct soc *s)
{
    struct smmu_stream npu, disp;
    struct smmu_space space;
    struct smmu_driver *d = &s->drv;

    CHECK_EQ(smmu_attach(d, &npu, SOC_NPU_SID, 8, SMMU_S1DSS_SSID0), 0);
    CHECK_EQ(smmu_attach(d, &disp, SOC_DISP_SID, 0, 0), 0);
    CHECK_EQ(smmu_space_create(d, &space), 0);
    CHECK_EQ(smmu_map(d, &space, PLAN_IOVA, SOC_DATA, PLAN_WINDOW / 2,
                      SMMU_WRITE | SMMU_BLOCKS),
             0);
    CHECK_EQ(smmu_map(d, &space, PLAN_IOVA + PLAN_WINDOW / 2,
                      SOC_DATA + PLAN_WINDOW / 2, PLAN_WINDOW / 2, SMMU_WRITE),
             0);
    CHECK_EQ(smmu_bind(d, &npu, SMMU_NO_PASID, &space), 0);
    for (uint32_t pasid = 1; pasid < 4; pasid++)
        CHECK_EQ(smmu_bind(d, &npu, pasid, &space), 0);
    CHECK_EQ(smmu_bind(d, &disp, SMMU_NO_PASID, &space), 0);
    CHECK_STR(d->message, "");
}

static void start(struct soc *s, struct plan *p)
{
    iovp_device *d[PLAN_DEVICES] = {s->npu, s->disp, s->raw};

    for (int i = 0; i < PLAN_DEVICES; i++)
        if (p->w[i].transfers)
            CHECK_EQ(iovp_workload_start(d[i], &p->w[i]), IOVP_OK);
}

void plan_run(void *ud)
{
    struct plan *p = ud;
    struct soc s;

    REQUIRE(soc_open(&s, p->mode, p->quantum));
    if (!p->unmapped)
        plan_map(&s);
    CHECK_EQ(iovp_stats_reset(s.p), IOVP_OK);
    CHECK_EQ(iovp_trace_start(s.p, p->path), IOVP_OK);
    start(&s, p);
    do {
        uint64_t until = p->step ? iovp_now(s.p) + p->step : UINT64_MAX;

        CHECK_EQ(iovp_run_until(s.p, until, &p->why), IOVP_OK);
    } while (p->step && p->why == IOVP_RUN_TIME);
    p->end = iovp_now(s.p);
    CHECK_EQ(iovp_trace_stop(s.p), IOVP_OK);
    p->rows = 16;
    for (size_t i = 0; i < 16; i++)
        p->row[i].size = sizeof(p->row[i]);
    CHECK_EQ(iovp_stats(s.p, p->row, &p->rows), IOVP_OK);
    soc_close(&s);
}

/* ---- in the parent
 * ------------------------------------------------------------ */

iovp_record *plan_records;
size_t plan_count;

void plan_load(const char *path, uint32_t device)
{
    iovp_trace_reader *r = NULL;
    iovp_record rec = {.size = sizeof(rec)};
    size_t room = 0;

    free(plan_records);
    plan_records = NULL;
    plan_count = 0;
    CHECK_EQ(iovp_trace_open(&r, path), IOVP_OK);
    while (!iovp_trace_next(r, &rec)) {
        if (rec.kind != IOVP_RECORD_TRANSACTION ||
            (device != UINT32_MAX && rec.device != device))
            continue;
        if (plan_count == room) {
            room = room ? 2 * room : 1024;
            plan_records = realloc(plan_records, room * sizeof(rec));
        }
        plan_records[plan_count++] = rec;
    }
    CHECK_EQ(iovp_trace_next(r, &rec), IOVP_E_END);
    iovp_trace_close(r);
    unlink(path);
}
