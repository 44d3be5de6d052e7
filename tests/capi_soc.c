/* SPDX-License-Identifier: MIT */
#include "capi_soc.h"

#include "../capi/examples/smmuv3_driver_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#if SANITIZED
#include <pthread.h>
#include <sanitizer/lsan_interface.h>
#endif

/* A child that takes longer hangs: a guard, far above what any needs. */
#define CHILD_SECONDS 300

static const char tree[] =
    "/dts-v1/;\n"
    "/ { #address-cells = <2>; #size-cells = <2>;\n"
    "memory@80000000 { device_type = \"memory\";\n"
    "  reg = <0 0x80000000 0 0x20000000>; };\n"
    "its@8080000 { compatible = \"arm,gic-v3-its\"; msi-controller;\n"
    "  #msi-cells = <1>; reg = <0 0x8080000 0 0x20000>; };\n"
    "serial@9000000 { compatible = \"arm,pl011\";\n"
    "  reg = <0 0x9000000 0 0x1000>; };\n"
    "smmu: iommu@9050000 { compatible = \"arm,smmu-v3\";\n"
    "  reg = <0 0x9050000 0 0x20000>; #iommu-cells = <1>; dma-coherent; };\n"
    "npu@a000000 { compatible = \"iovp,dma\"; reg = <0 0xa000000 0 0x1000>;\n"
    "  iommus = <&smmu 0x10>; pasid-num-bits = <16>;\n"
    "  iovp,window = <0 0x40000000 0 0x10000>; iovp,transfers = <100>; };\n"
    "display@a010000 { compatible = \"iovp,dma\";\n"
    "  reg = <0 0xa010000 0 0x1000>; iommus = <&smmu 0x20>; };\n"
    "raw@a020000 { compatible = \"iovp,dma\"; reg = <0 0xa020000 0 0x1000>; "
    "};\n"
    "};\n";

void soc_path(char *path, size_t bytes, const char *name)
{
    const char *dir = getenv("TMPDIR");

    snprintf(path, bytes, "%s/iovp-capi-%ld-%s", dir ? dir : "/tmp",
             (long)getpid(), name);
}

static bool write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    bool ok = f && fputs(text, f) >= 0;

    if (f && fclose(f))
        ok = false;
    return ok;
}

bool soc_compile(const char *dts, void **blob, size_t *bytes)
{
    iovp_platform *p = NULL;
    iovp_status st;
    char path[256];

    *blob = NULL;
    *bytes = 0;
    soc_path(path, sizeof(path), "soc.dts");
    CHECK(write_text(path, dts));
    st = iovp_platform_create_file(&p, NULL, path);
    unlink(path);
    if (st) {
        shim_fail(__FILE__, __LINE__, "%s", iovp_last_error());
        return false;
    }
    CHECK_EQ(iovp_platform_dtb(p, NULL, bytes), IOVP_E_SPACE);
    *blob = malloc(*bytes);
    if (*blob)
        CHECK_EQ(iovp_platform_dtb(p, *blob, bytes), IOVP_OK);
    iovp_platform_destroy(p);
    return *blob != NULL;
}

const void *soc_tree(size_t *bytes)
{
    static void *blob;
    static size_t size;

    if (!blob && !soc_compile(tree, &blob, &size))
        return NULL;
    *bytes = size;
    return blob;
}

static void find(struct soc *s, const char *name, iovp_device **d)
{
    CHECK_EQ(iovp_device_find(s->p, name, d), IOVP_OK);
}

bool soc_create(struct soc *s, uint32_t mode, uint64_t quantum_ps)
{
    iovp_platform_config c = IOVP_PLATFORM_CONFIG_INIT;

    c.mode = mode;
    c.quantum_ps = quantum_ps;
    return soc_create_as(s, &c);
}

bool soc_create_as(struct soc *s, const iovp_platform_config *c)
{
    size_t bytes = 0;
    const void *blob = soc_tree(&bytes);
    iovp_status st;

    memset(s, 0, sizeof(*s));
    if (!blob)
        return false;
    st = iovp_platform_create(&s->p, c, blob, bytes);
    if (st) {
        shim_fail(__FILE__, __LINE__, "create: %d, %s", (int)st,
                  iovp_last_error());
        return false;
    }
    find(s, "npu@a000000", &s->npu);
    find(s, "display@a010000", &s->disp);
    find(s, "raw@a020000", &s->raw);
    s->ram.next = SOC_RAM;
    s->ram.end = SOC_DATA;
    s->drv.platform = s->p;
    s->drv.base = SOC_SMMU;
    s->drv.ram = &s->ram;
    s->drv.poll_ps = c->mode == IOVP_MODE_TIMED ? 1000000 : 0;
    return true;
}

bool soc_open(struct soc *s, uint32_t mode, uint64_t quantum_ps)
{
    return soc_create(s, mode, quantum_ps) && soc_bring_up(s);
}

bool soc_bring_up(struct soc *s)
{
    if (smmu_init(&s->drv)) {
        shim_fail(__FILE__, __LINE__, "driver: %s", s->drv.message);
        iovp_platform_destroy(s->p);
        return false;
    }
    return true;
}

void soc_close(struct soc *s)
{
    iovp_platform_destroy(s->p);
    s->p = NULL;
}

uint32_t soc_reg(struct soc *s, uint32_t offset)
{
    uint64_t v = 0;

    CHECK_EQ(
        iovp_mmio_read(s->p, SOC_SMMU + offset, 4, IOVP_SPACE_NONSECURE, &v),
        IOVP_OK);
    return (uint32_t)v;
}

void soc_set_reg(struct soc *s, uint32_t offset, uint32_t width, uint64_t value)
{
    CHECK_EQ(iovp_mmio_write(s->p, SOC_SMMU + offset, width,
                             IOVP_SPACE_NONSECURE, value),
             IOVP_OK);
}

void soc_run(struct soc *s, uint64_t ps)
{
    CHECK_EQ(iovp_run_until(s->p, iovp_now(s->p) + ps, NULL), IOVP_OK);
}

void soc_settle(struct soc *s)
{
    soc_run(s, 100000000);
}

void soc_set_cr0(struct soc *s, uint32_t v)
{
    soc_set_reg(s, CR0, 4, v);
    soc_settle(s);
    CHECK_EQ(soc_reg(s, CR0ACK), v);
}

uint32_t soc_errors(struct soc *s)
{
    return soc_reg(s, GERROR) ^ soc_reg(s, GERRORN);
}

static void on_event(void *ud, const struct smmu_event *e)
{
    struct soc *s = ud;

    s->event = *e;
    s->events++;
}

unsigned soc_events(struct soc *s)
{
    s->events = 0;
    CHECK_EQ(smmu_events(&s->drv, on_event, s), 0);
    return s->events;
}

void soc_put64(struct soc *s, uint64_t addr, uint64_t v)
{
    CHECK_EQ(iovp_mem_write(s->p, addr, &v, 8), IOVP_OK);
}

iovp_dma_result soc_read(iovp_device *d, const iovp_attrs *a, uint64_t iova,
                         size_t bytes)
{
    static uint8_t buf[0x4000];
    iovp_dma_result r = {.size = sizeof(r), .status = 99};

    CHECK(bytes <= sizeof(buf));
    CHECK_EQ(iovp_dma_read(d, soc_pasid_of(a), iova, buf, bytes, a, &r),
             IOVP_OK);
    return r;
}

void soc_map_page(struct soc *s, struct soc_page *m, uint64_t iova, uint64_t pa)
{
    CHECK_EQ(smmu_attach(&s->drv, &m->st, SOC_DISP_SID, 0, 0), 0);
    CHECK_EQ(smmu_space_create(&s->drv, &m->space), 0);
    CHECK_EQ(smmu_bind(&s->drv, &m->st, SMMU_NO_PASID, &m->space), 0);
    CHECK_EQ(smmu_map(&s->drv, &m->space, iova, pa, PAGE, SMMU_WRITE), 0);
    CHECK_STR(s->drv.message, "");
}

uint32_t soc_pasid_of(const iovp_attrs *a)
{
    return a && a->pasid_valid ? a->pasid : IOVP_NO_PASID;
}

iovp_attrs soc_pasid(uint32_t pasid)
{
    iovp_attrs a = {.size = sizeof(a), .specified = IOVP_ATTR_PASID};

    a.pasid = pasid;
    a.pasid_valid = 1;
    return a;
}

void *soc_shared(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        shim_fail(__FILE__, __LINE__, "no shared memory");
        return NULL;
    }
    return p;
}

/* A failed check prints; tests print nothing else. */
static void forward(FILE *out)
{
    char text[900];
    size_t n;

    rewind(out);
    n = fread(text, 1, sizeof(text) - 1, out);
    text[n] = '\0';
    if (n)
        shim_fail(__FILE__, __LINE__, "in the child:\n%s", text);
}

struct call {
    void (*fn)(void *ud);
    void *ud;
};

#if SANITIZED
static void *run_call(void *at)
{
    struct call *c = at;

    c->fn(c->ud);
    return NULL;
}

/*
 * A child ends without the check for leaks that a program ends with.  What the
 * parent had is found on this thread's stack, whose bounds the sanitizer
 * loses when SystemC switches between stacks: it does so on another thread.
 */
static void run_checked(struct call *c)
{
    pthread_t t;

    if (pthread_create(&t, NULL, run_call, c) || pthread_join(t, NULL))
        shim_fail(__FILE__, __LINE__, "no thread");
    CHECK_EQ(__lsan_do_recoverable_leak_check(), 0);
}
#else
static void run_checked(struct call *c)
{
    c->fn(c->ud);
}
#endif

void soc_child(void (*fn)(void *ud), void *ud)
{
    struct call c = {fn, ud};
    FILE *out = tmpfile();
    int status = 0;
    pid_t pid;

    if (!out)
        FAIL_TEST("no temporary file");
    fflush(NULL);
    pid = fork();
    if (pid == 0) {
        dup2(fileno(out), STDOUT_FILENO);
        alarm(CHILD_SECONDS);
        run_checked(&c);
        fflush(NULL);
        _exit(0);
    }
    CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
    if (WIFSIGNALED(status))
        shim_fail(__FILE__, __LINE__, "the child died of signal %d",
                  WTERMSIG(status));
    else
        CHECK_EQ(WEXITSTATUS(status), 0);
    forward(out);
    fclose(out);
}

/* ---- both modes ------------------------------------------------------ */

struct job {
    void (*fn)(struct soc *s, uint32_t mode);
    uint32_t mode;
};

static void one_mode(void *ud)
{
    struct job *j = ud;
    struct soc s;

    REQUIRE(soc_open(&s, j->mode, 0));
    j->fn(&s, j->mode);
    soc_close(&s);
}

void soc_both(void (*fn)(struct soc *s, uint32_t mode))
{
    struct job j = {fn, IOVP_MODE_FUNCTIONAL};
    size_t bytes;

    REQUIRE(soc_tree(&bytes));
    one_mode(&j);
    j.mode = IOVP_MODE_TIMED;
    if (iovp_has_systemc())
        soc_child(one_mode, &j);
}

bool soc_sanitized(void)
{
    return SANITIZED;
}
