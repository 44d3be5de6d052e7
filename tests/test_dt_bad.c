/* SPDX-License-Identifier: MIT */
/*
 * Device trees that are wrong: sources that contradict themselves, files that
 * are none, damaged and hostile blobs.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <libfdt.h>
#include <string.h>

#include "dt_files.h"

static iovp_status create(const void *dtb, size_t bytes)
{
    iovp_platform *p = NULL;
    iovp_status st = iovp_platform_create(&p, NULL, dtb, bytes);

    CHECK((p != NULL) == (st == IOVP_OK));
    if (st != IOVP_OK)
        CHECK(iovp_last_error()[0] != 0);
    iovp_platform_destroy(p);
    return st;
}

/* Create fails with IOVP_E_DT and a message that contains `expect`. */
static void expect_dt(size_t bytes, const char *expect)
{
    CHECK_EQ(create(blob, bytes), IOVP_E_DT);
    if (!strstr(iovp_last_error(), expect))
        shim_fail(__FILE__, __LINE__, "expected \"%s\", got \"%s\"", expect,
                  iovp_last_error());
}

/* ---- wrong trees ----------------------------------------------------- */

/* The text of the comment "expect: ..." of a .dts. */
static bool read_expect(const char *path, char *expect, size_t size)
{
    static const char before[] = "/* expect: ", after[] = " */";
    char line[512], *end;
    FILE *f = fopen(path, "r");
    bool found = false;

    while (f && !found && fgets(line, sizeof(line), f)) {
        if (strncmp(line, before, strlen(before)) != 0)
            continue;
        end = strstr(line, after);
        if (!end)
            break;
        *end = 0;
        snprintf(expect, size, "%s", line + strlen(before));
        found = *expect != 0;
    }
    if (f)
        fclose(f);
    return found;
}

static void check_bad(const char *name)
{
    char path[512], expect[512];
    iovp_platform *p = NULL;
    iovp_status st;

    snprintf(path, sizeof(path), DATA "%s", name);
    if (!read_expect(path, expect, sizeof(expect)))
        FAIL_TEST("%s has no comment \"expect:\"", name);
    st = iovp_platform_create_file(&p, NULL, path);
    CHECK(!p);
    if (st != IOVP_E_DT || !strstr(iovp_last_error(), expect))
        FAIL_TEST("%s: expected \"%s\", got %d, \"%s\"", name, expect, (int)st,
                  iovp_last_error());
}

TEST_CASE(DtBad, Sources)
{
    DIR *d = opendir(DATA);
    struct dirent *e;
    int files = 0;

    REQUIRE(d);
    while ((e = readdir(d))) {
        size_t len = strlen(e->d_name);

        if (strncmp(e->d_name, "bad-", 4) != 0 || len < 8 ||
            strcmp(e->d_name + len - 4, ".dts") != 0)
            continue;
        check_bad(e->d_name);
        files++;
    }
    closedir(d);
    CHECK(files >= 100);
}

/* What the others are changed from is right. */
TEST_CASE(DtBad, BaseIsGood)
{
    iovp_platform_destroy(load(DATA "good-base.dts"));
}

/* ---- files ----------------------------------------------------------- */

static void expect_file(const char *path, iovp_status status,
                        const char *expect)
{
    iovp_platform *p = NULL;

    CHECK_EQ(iovp_platform_create_file(&p, NULL, path), status);
    if (!strstr(iovp_last_error(), expect))
        shim_fail(__FILE__, __LINE__, "expected \"%s\", got \"%s\"", expect,
                  iovp_last_error());
    iovp_platform_destroy(p);
}

/* Write a file into the work directory and expect that it fails. */
static void expect_content(const char *name, const void *data, size_t bytes,
                           const char *expect)
{
    char path[512];
    FILE *f;

    REQUIRE(make_work_dir());
    snprintf(path, sizeof(path), "%s/%s", work_dir, name);
    f = fopen(path, "w");
    REQUIRE(f);
    CHECK_EQ(fwrite(data, 1, bytes, f), bytes);
    fclose(f);
    expect_file(path, IOVP_E_DT, expect);
    clean(path);
}

TEST_CASE(DtFile, NotThere)
{
    expect_file("/no/such/file.dts", IOVP_E_IO, "No such file");
    expect_file("/", IOVP_E_IO, "is a directory");
}

TEST_CASE(DtFile, Contents)
{
    static const uint8_t magic[40] = {0xd0, 0x0d, 0xfe, 0xed};
    static const char binary[] = "\x7f"
                                 "ELF\0\0\0";

    expect_content("empty.dts", "", 0, "the file is empty");
    expect_content("x.dtb", "/dts-v1/;", 9, "bad magic");
    expect_content("x.dts", binary, sizeof(binary), "neither");
    expect_content("x.dts", magic, sizeof(magic), "bad header");
}

/* A blob under any name is a blob; a name is never an option or a command. */
TEST_CASE(DtFile, Names)
{
    static const char *const name[] = {"-h", "-", "a b;$(c)'\".dts", "x.dts"};
    size_t bytes = compile(ARM_SOC);
    char here[512];

    REQUIRE(bytes);
    REQUIRE(getcwd(here, sizeof(here)));
    REQUIRE(make_work_dir());
    REQUIRE(chdir(work_dir) == 0);
    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        FILE *f = fopen(name[i], "w");

        if (f && i == 3)
            CHECK_EQ(fwrite(blob, 1, bytes, f), bytes);
        else if (f)
            fputs("/dts-v1/; / { compatible = \"x\"; };", f);
        CHECK(f && fclose(f) == 0);
        iovp_platform_destroy(load(name[i]));
        unlink(name[i]);
    }
    CHECK_EQ(chdir(here), 0);
    rmdir(work_dir);
}

TEST_CASE(DtFile, NoDtc)
{
    const char *path = getenv("PATH");
    char *old = strdup(path ? path : "");

    setenv("PATH", "/nonexistent", 1);
    expect_file(ARM_SOC, IOVP_E_IO, "device-tree-compiler");
    setenv("PATH", old, 1);
    free(old);
}

/* ---- damaged and hostile blobs --------------------------------------- */

TEST_CASE(DtBlob, NoTree)
{
    iovp_platform *p = NULL;

    CHECK_EQ(iovp_platform_create(&p, NULL, NULL, 100), IOVP_E_INVALID);
    CHECK_EQ(iovp_platform_create(&p, NULL, blob, 0), IOVP_E_INVALID);
    memset(blob, 0, 100);
    expect_dt(100, "bad header");
}

TEST_CASE(DtBlob, EveryTruncation)
{
    size_t bytes = compile(ARM_SOC);

    REQUIRE(bytes > 1000);
    for (size_t n = 1; n < bytes; n++) {
        iovp_status st = create(blob, n);

        if (st != IOVP_E_DT && st != IOVP_E_INVALID)
            FAIL_TEST("%zu of %zu bytes: %d", n, bytes, (int)st);
    }
}

/* The header agrees with the length: the structure block just stops. */
TEST_CASE(DtBlob, StructureStops)
{
    size_t bytes = compile(ARM_SOC);
    uint32_t size;

    REQUIRE(bytes);
    size = fdt_size_dt_struct(blob);
    for (uint32_t n = 0; n < size; n++) {
        fdt_set_size_dt_struct(blob, n);
        if (create(blob, bytes) != IOVP_E_DT)
            FAIL_TEST("a structure block of %u bytes is accepted", n);
    }
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Whatever it says: a platform, or an error with a sentence. */
TEST_CASE(DtBlob, ByteFlips)
{
    static uint64_t copy[8192];
    size_t bytes = compile(ARM_SOC);
    uint64_t seed = 1;
    int good = 0, bad = 0;

    REQUIRE(bytes && bytes <= sizeof(copy));
    memcpy(copy, blob, bytes);
    for (int i = 0; i < 4000; i++) {
        uint32_t flips = 1 + next_random(&seed) % 3;
        iovp_status st;

        memcpy(blob, copy, bytes);
        while (flips--)
            blob[next_random(&seed) % bytes] ^=
                (uint8_t)(1u << next_random(&seed) % 8);
        st = create(blob, bytes);
        if (st != IOVP_OK && st != IOVP_E_DT && st != IOVP_E_NOMEM)
            FAIL_TEST("flip %d: status %d, %s", i, (int)st, iovp_last_error());
        good += st == IOVP_OK;
        bad += st != IOVP_OK;
    }
    /* Both kinds were met. */
    CHECK(good > 100);
    CHECK(bad > 100);
}

/* Build a tree in `blob`; the caller adds what it likes, then `finish`. */
static void begin(void)
{
    CHECK_EQ(fdt_create(blob, sizeof(blob_words)), 0);
    CHECK_EQ(fdt_finish_reservemap(blob), 0);
    CHECK_EQ(fdt_begin_node(blob, ""), 0);
}

static size_t finish(void)
{
    CHECK_EQ(fdt_end_node(blob), 0);
    CHECK_EQ(fdt_finish(blob), 0);
    return fdt_totalsize(blob);
}

TEST_CASE(DtBlob, TooDeep)
{
    begin();
    for (int i = 0; i < 40; i++)
        CHECK_EQ(fdt_begin_node(blob, "n"), 0);
    for (int i = 0; i < 40; i++)
        CHECK_EQ(fdt_end_node(blob), 0);
    expect_dt(finish(), "deeper than 32 levels");
}

static void many_nodes(unsigned n, bool compatible)
{
    begin();
    for (unsigned i = 0; i < n; i++) {
        char name[16];

        snprintf(name, sizeof(name), "n%u", i);
        fdt_begin_node(blob, name);
        if (compatible)
            fdt_property_string(blob, "compatible", "x");
        fdt_end_node(blob);
    }
}

TEST_CASE(DtBlob, TooManyNodes)
{
    many_nodes(16384, false);
    expect_dt(finish(), "more than 16384 nodes");
    many_nodes(4097, true);
    expect_dt(finish(), "more than 4096 nodes");
    many_nodes(4096, true);
    CHECK_EQ(create(blob, finish()), IOVP_OK);
}

TEST_CASE(DtBlob, PhandleTwice)
{
    begin();
    fdt_begin_node(blob, "a");
    fdt_property_u32(blob, "phandle", 1);
    fdt_end_node(blob);
    fdt_begin_node(blob, "b");
    fdt_property_u32(blob, "phandle", 1);
    fdt_end_node(blob);
    expect_dt(finish(), "/b: phandle: 0x1 is also that of /a");
}

TEST_CASE(DtBlob, LongPropertyName)
{
    char name[300];

    memset(name, 'p', sizeof(name));
    name[256] = 0;
    begin();
    fdt_property_u32(blob, name, 1);
    expect_dt(finish(), "longer than 255 bytes");
    name[255] = 0;
    begin();
    fdt_property_u32(blob, name, 1);
    CHECK_EQ(create(blob, finish()), IOVP_OK);
}

TEST_CASE(DtBlob, LongCompatible)
{
    static const char strings[4097];

    begin();
    fdt_begin_node(blob, "n");
    fdt_property(blob, "compatible", strings, sizeof(strings));
    fdt_end_node(blob);
    expect_dt(finish(), "/n: compatible: longer than 4096 bytes");
}

TEST_CASE(DtBlob, UnprintableNames)
{
    begin();
    fdt_begin_node(blob, "a\x01\xff");
    fdt_property_string(blob, "compatible", "iovp,dma");
    fdt_end_node(blob);
    expect_dt(finish(), "/a?\?: the name has an illegal character");
}

TEST_CASE(DtBlob, TooManyProperties)
{
    begin();
    fdt_begin_node(blob, "dma");
    fdt_property_string(blob, "compatible", "iovp,dma");
    for (unsigned i = 0; i < 1100; i++) {
        char name[16];

        snprintf(name, sizeof(name), "p%u", i);
        fdt_property(blob, name, NULL, 0);
    }
    fdt_end_node(blob);
    expect_dt(finish(), "/dma: more than 1024 properties");
}
