/* SPDX-License-Identifier: MIT */
/*
 * A driver of the test endpoint: buffers behind the SMMU, one operation at a
 * time through its registers, and the handler of its page faults.
 */
#include "cmd_pcie.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VENDOR 0x1234
#define DEVICE 0x1057

/* Registers, in BAR 0. */
#define ID              0x000
#define ID_VALUE        0x70766f69u
#define SRC             0x010
#define DST             0x018
#define LEN             0x020
#define PASID           0x024
#define PASID_VALID     (1u << 31)
#define ATTR            0x028
#define ATTR_ATC        (1u << 2)
#define ATTR_PRI        (1u << 12)
#define CMD             0x02c
#define CMD_MEMCPY_LOAD (1u | 1u << 8)
#define STATUS          0x030
#define STATUS_DONE     (1u << 1)
#define STATUS_FAILED   (1u << 2)
#define STATUS_ERROR    8
#define IRQ             0x034
#define IRQ_ENABLE      (1u << 31) /* vector 0 */
#define FAULT_ADDR      0x048
#define RETRY           0x06c
#define LOAD_STRIDE     0x070
#define LOAD_SEED       0x078
#define LOAD_COUNT      0x080
#define LOAD_SPAN       0x084

#define PAGE       0x1000ull
#define SRC_IOVA   0x40000000ull
#define DST_IOVA   0x50000000ull
#define BYTES      1024u /* of an operation */
#define SPAN       16    /* log2 of the pages' bytes */
#define OPERATIONS 256u
#define MOST       (1u << 20)
#define STEP_PS    10000000ull /* 10 us: the driver's turn */
#define TURNS      100000

_Static_assert(CMD_PCIE_PAGES *PAGE == 1ull << SPAN, "SPAN");

struct phase {
    const char *name;
    uint32_t attr;
    uint32_t pasid; /* 0: none */
    bool lazy;      /* nothing is mapped until it is asked for */
};

/* What the driver wants to show; those that the function cannot do are left
 * out. */
static const struct phase phases[CMD_PCIE_PHASES] = {
    {"untranslated", 0, 0, false},
    {"ATS", ATTR_ATC, 0, false},
    {"ATS + PASID", ATTR_ATC, 1, false},
    {"ATS + PASID + PRI", ATTR_ATC | ATTR_PRI, 2, true},
};

struct tep {
    struct cmd_pcie *p;
    struct cmd_pcie_fn *f;
    uint64_t bar; /* where processors find the registers */
    uint64_t src[CMD_PCIE_PAGES], dst[CMD_PCIE_PAGES]; /* physical pages */
    const struct phase *now;
    bool src_mapped[CMD_PCIE_PAGES], dst_mapped[CMD_PCIE_PAGES];
};

bool cmd_tep_is(const struct pcie_enum_fn *f)
{
    return f->vendor == VENDOR && f->device == DEVICE && f->bar[0];
}

/* ---- messages ------------------------------------------------------- */

static int fail(const struct tep *t, const char *text)
{
    cmd_error("%s, %s: %s", t->f->info.name, t->now ? t->now->name : "start",
              text);
    return CMD_FAIL;
}

static int smmu_failed(const struct tep *t)
{
    return fail(t, t->f->smmu->driver.message);
}

static const char *error_name(unsigned code)
{
    static const char *const names[] = {
        "no error",           "Unsupported Request",
        "Completer Abort",    "translation denied",
        "page not available", "page request failed",
        "may not send",       "aborted",
        "no such operation",  "wrong length",
        "wrong attributes",
    };

    return code < sizeof(names) / sizeof(*names) ? names[code] : "error";
}

/* ---- registers ------------------------------------------------------ */

static void put(const struct tep *t, uint32_t reg, uint32_t width, uint64_t v)
{
    iovp_mmio_write(t->p->soc->platform, t->bar + reg, width,
                    IOVP_SPACE_NONSECURE, v);
}

static uint64_t get(const struct tep *t, uint32_t reg, uint32_t width)
{
    uint64_t v = 0;

    iovp_mmio_read(t->p->soc->platform, t->bar + reg, width,
                   IOVP_SPACE_NONSECURE, &v);
    return v;
}

/* ---- memory --------------------------------------------------------- */

static void fill(uint8_t *page, unsigned n)
{
    for (unsigned i = 0; i < PAGE; i++)
        page[i] = (uint8_t)(n * 37 + i * 11 + i / 256);
}

static void write_pages(struct tep *t)
{
    uint8_t page[PAGE];

    for (unsigned i = 0; i < CMD_PCIE_PAGES; i++) {
        fill(page, i);
        iovp_mem_write(t->p->soc->platform, t->src[i], page, PAGE);
        memset(page, 0, PAGE);
        iovp_mem_write(t->p->soc->platform, t->dst[i], page, PAGE);
    }
}

/* As far as `bytes` go. */
static int check_pages(const struct tep *t, uint64_t bytes)
{
    uint8_t want[PAGE], page[PAGE];

    for (unsigned i = 0; i < CMD_PCIE_PAGES && i * PAGE < bytes; i++) {
        uint64_t n = bytes - i * PAGE < PAGE ? bytes - i * PAGE : PAGE;

        fill(want, i);
        iovp_mem_read(t->p->soc->platform, t->dst[i], page, PAGE);
        if (memcmp(want, page, n))
            return fail(t, "what was copied is not what was there");
    }
    return CMD_OK;
}

static int map_page(struct tep *t, uint64_t iova, uint64_t pa, bool *mapped)
{
    if (*mapped)
        return CMD_OK;
    if (smmu_map(&t->f->smmu->driver, &t->f->space[t->now->pasid], iova, pa,
                 PAGE, SMMU_WRITE))
        return smmu_failed(t);
    *mapped = true;
    return CMD_OK;
}

static int map_all(struct tep *t)
{
    for (unsigned i = 0; i < CMD_PCIE_PAGES; i++)
        if (map_page(t, SRC_IOVA + i * PAGE, t->src[i], &t->src_mapped[i]) ||
            map_page(t, DST_IOVA + i * PAGE, t->dst[i], &t->dst_mapped[i]))
            return CMD_FAIL;
    return CMD_OK;
}

static int unmap_window(struct tep *t, uint64_t iova, bool *mapped)
{
    struct smmu_driver *d = &t->f->smmu->driver;
    uint32_t pasid = t->now->pasid ? t->now->pasid : SMMU_NO_PASID;

    for (unsigned i = 0; i < CMD_PCIE_PAGES; i++) {
        if (mapped[i] &&
            smmu_unmap(d, &t->f->space[t->now->pasid], iova + i * PAGE, PAGE))
            return smmu_failed(t);
        mapped[i] = false;
    }
    if (t->f->stream.ats && smmu_atc_invalidate(d, &t->f->stream, pasid, iova,
                                                CMD_PCIE_PAGES * PAGE))
        return smmu_failed(t);
    return CMD_OK;
}

/* A page fault: the page is there, only not mapped yet. */
uint32_t cmd_tep_page(struct tep *t, const struct smmu_page_request *r)
{
    uint64_t src = r->addr - SRC_IOVA, dst = r->addr - DST_IOVA;
    unsigned i = (unsigned)(src / PAGE), k = (unsigned)(dst / PAGE);
    int rc = CMD_FAIL;

    if (!t->now || !t->now->lazy || !r->ssv || r->ssid != t->now->pasid ||
        r->sid != t->f->stream.sid)
        return SMMU_PRI_INVALID;
    if (src < CMD_PCIE_PAGES * PAGE)
        rc = map_page(t, r->addr, t->src[i], &t->src_mapped[i]);
    else if (dst < CMD_PCIE_PAGES * PAGE)
        rc = map_page(t, r->addr, t->dst[k], &t->dst_mapped[k]);
    return rc ? SMMU_PRI_INVALID : SMMU_PRI_SUCCESS;
}

/* ---- operations ----------------------------------------------------- */

static void start(const struct tep *t, uint32_t count)
{
    put(t, SRC, 8, SRC_IOVA);
    put(t, DST, 8, DST_IOVA);
    put(t, LEN, 4, BYTES);
    put(t, PASID, 4, t->now->pasid ? t->now->pasid | PASID_VALID : 0);
    put(t, ATTR, 4, t->now->attr);
    put(t, RETRY, 4, 16);
    put(t, LOAD_STRIDE, 8, BYTES);
    put(t, LOAD_SEED, 8, 0);
    put(t, LOAD_COUNT, 4, count);
    put(t, LOAD_SPAN, 4, SPAN);
    put(t, IRQ, 4, IRQ_ENABLE);
    put(t, CMD, 4, CMD_MEMCPY_LOAD);
}

static int wait_done(const struct tep *t)
{
    iovp_platform *platform = t->p->soc->platform;
    char text[128];
    uint64_t status;

    for (int n = 0; n < TURNS; n++) {
        cmd_soc_service(t->p->soc);
        status = get(t, STATUS, 4);
        if ((status & STATUS_DONE) && !(status & STATUS_FAILED))
            return CMD_OK;
        if (status & STATUS_DONE) {
            snprintf(text, sizeof(text), "%s at 0x%" PRIx64,
                     error_name(status >> STATUS_ERROR & 0xff),
                     get(t, FAULT_ADDR, 8));
            return fail(t, text);
        }
        if (iovp_run_until(platform, iovp_now(platform) + STEP_PS, NULL) !=
            IOVP_OK)
            return fail(t, iovp_last_error());
    }
    return fail(t, "it does not finish");
}

/* What was counted since `before`. */
static int note(struct tep *t, struct cmd_pcie_phase *r,
                const struct cmd_pcie_counters *before)
{
    iovp_status st = cmd_pcie_count(t->f, &r->counters);

    if (st != IOVP_OK)
        return cmd_api_error(t->f->info.name, st);
    for (size_t i = 0; i < r->counters.count && i < before->count; i++)
        r->counters.counter[i].value -= before->counter[i].value;
    return CMD_OK;
}

static int run_phase(struct tep *t, const struct phase *ph, uint64_t operations)
{
    struct cmd_pcie_phase *r = &t->p->phase[t->p->phases];
    uint32_t count = !operations         ? OPERATIONS
                     : operations < MOST ? (uint32_t)operations
                                         : MOST;
    struct cmd_pcie_counters before;
    uint64_t msis = t->f->msis, began;

    t->now = ph;
    write_pages(t);
    if (!ph->lazy && map_all(t))
        return CMD_FAIL;
    if (cmd_pcie_count(t->f, &before) != IOVP_OK)
        return fail(t, iovp_last_error());
    began = iovp_now(t->p->soc->platform);
    start(t, count);
    if (wait_done(t) || check_pages(t, (uint64_t)count * BYTES))
        return CMD_FAIL;
    r->ps = iovp_now(t->p->soc->platform) - began;
    if (unmap_window(t, SRC_IOVA, t->src_mapped) ||
        unmap_window(t, DST_IOVA, t->dst_mapped) || note(t, r, &before))
        return CMD_FAIL;
    r->fn = (size_t)(t->f - t->p->fn);
    r->name = ph->name;
    r->copies = count;
    r->msis = t->f->msis - msis;
    t->p->phases++;
    return CMD_OK;
}

static bool can(const struct tep *t, const struct phase *ph)
{
    const iovp_device_info *i = &t->f->info;

    return (!(ph->attr & ATTR_ATC) || (i->ats && t->f->smmu->driver.ats)) &&
           (!(ph->attr & ATTR_PRI) || (i->pri && t->f->smmu->driver.pri)) &&
           ph->pasid >> i->pasid_bits == 0;
}

/* ---- the function --------------------------------------------------- */

static int drive(struct tep *t, uint64_t operations)
{
    int rc;

    if (!cmd_pci_address(t->f->host, t->f->fn->bar[0], &t->bar) ||
        get(t, ID, 4) != ID_VALUE)
        return fail(t, "BAR 0 does not answer as a test endpoint's");
    rc = cmd_pcie_attach(t->p, t->f);
    if (rc)
        return rc;
    if (!t->f->smmu) {
        cmd_note("%s has no StreamID of its own at an SMMU: not driven",
                 t->f->info.name);
        return CMD_OK;
    }
    for (unsigned i = 0; i < CMD_PCIE_PAGES; i++) {
        t->src[i] = cmd_soc_page(t->p->soc);
        t->dst[i] = cmd_soc_page(t->p->soc);
    }
    for (unsigned i = 0; !rc && i < CMD_PCIE_PHASES; i++)
        if (can(t, &phases[i]))
            rc = run_phase(t, &phases[i], operations);
    return rc;
}

int cmd_tep_run(struct cmd_pcie *p, size_t fn, uint64_t operations)
{
    struct tep *t = calloc(1, sizeof(*t));
    int rc;

    if (!t)
        return cmd_api_error(p->soc->file, IOVP_E_NOMEM);
    t->p = p;
    t->f = &p->fn[fn];
    p->driven = t;
    rc = drive(t, operations);
    p->driven = NULL;
    free(t);
    return rc;
}
