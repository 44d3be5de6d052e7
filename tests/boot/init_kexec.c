/* SPDX-License-Identifier: MIT */
/*
 * A second kernel that finds the SMMU enabled: the first one crashes, so that
 * no driver is shut down, and kexec starts the second in memory that
 * crashkernel= kept free.  It is loaded as kexec-tools does: the image, its
 * initramfs, a device tree and a few instructions that pass that on.
 */
#include "init.h"

#include <linux/kexec.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MIB       (1ull << 20)
#define IMAGE     "/second/vmlinuz"
#define INITRAMFS "/second/initramfs"
#define TREE_ROOM (1u << 20)

/* Offsets in the header of an arm64 Image (Documentation/arm64/booting). */
#define IMAGE_TEXT_OFFSET 8
#define IMAGE_SIZE        16

/* ---- device tree
 * ----------------------------------------------------------------- */

#define FDT_MAGIC      0xd00dfeedu
#define FDT_BEGIN_NODE 1u
#define FDT_PROP       3u
#define FDT_HEADER     40u

/* What the second kernel reads of /chosen. */
struct chosen {
    char arguments[1024];
    uint64_t initramfs, initramfs_end;
    uint64_t usable, usable_bytes;
};

struct tree {
    uint8_t *data;
    size_t at;
};

static uint32_t get32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
           p[3];
}

static void set32(uint8_t *p, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put(struct tree *t, const void *bytes, size_t n)
{
    memcpy(t->data + t->at, bytes, n);
    t->at += n;
    while (t->at % 4)
        t->data[t->at++] = 0;
}

static void put32(struct tree *t, uint32_t value)
{
    set32(t->data + t->at, value);
    t->at += 4;
}

/* The names are behind the old ones, in this order. */
static const char names[] = "bootargs\0linux,initrd-start\0linux,initrd-end\0"
                            "linux,usable-memory-range";

static void put_property(struct tree *t, uint32_t strings, const char *name,
                         const void *value, size_t n)
{
    const char *at = names;

    while (strcmp(at, name))
        at += strlen(at) + 1;
    put32(t, FDT_PROP);
    put32(t, (uint32_t)n);
    put32(t, strings + (uint32_t)(at - names));
    put(t, value, n);
}

static void put_number(struct tree *t, uint32_t strings, const char *name,
                       uint64_t value)
{
    uint64_t swapped = __builtin_bswap64(value);

    put_property(t, strings, name, &swapped, 8);
}

static void put_chosen(struct tree *t, uint32_t strings, const struct chosen *c)
{
    uint64_t range[2] = {__builtin_bswap64(c->usable),
                         __builtin_bswap64(c->usable_bytes)};

    put_property(t, strings, "bootargs", c->arguments,
                 strlen(c->arguments) + 1);
    put_number(t, strings, "linux,initrd-start", c->initramfs);
    put_number(t, strings, "linux,initrd-end", c->initramfs_end);
    put_property(t, strings, "linux,usable-memory-range", range, 16);
}

static bool is_named(const char *name)
{
    for (const char *at = names; at < names + sizeof(names);
         at += strlen(at) + 1) {
        if (!strcmp(at, name))
            return true;
    }
    return false;
}

/*
 * The tree that this kernel was started with, with another /chosen.  The order
 * of the blocks is header, reservations, structure, strings.
 */
static size_t change_tree(uint8_t *out, const uint8_t *in,
                          const struct chosen *c)
{
    const uint8_t *from = in + get32(in + 8), *end = from + get32(in + 36);
    const uint8_t *old = in + get32(in + 12);
    uint32_t old_bytes = get32(in + 32), start = get32(in + 16);
    struct tree t = {.data = out, .at = FDT_HEADER};
    size_t structure;

    memcpy(out, in, FDT_HEADER);
    set32(out + 16, (uint32_t)t.at);
    do
        put(&t, in + start, 16);
    while (memcmp(in + (start += 16) - 16, (uint8_t[16]){0}, 16));
    structure = t.at;
    while (from < end) {
        size_t n = 4;
        uint32_t token = get32(from);

        if (token == FDT_BEGIN_NODE)
            n = 4 + (strlen((const char *)from + 4) + 4) / 4 * 4;
        else if (token == FDT_PROP)
            n = 12 + (get32(from + 4) + 3) / 4 * 4;
        /* No other node has properties of these names. */
        if (token != FDT_PROP || !is_named((const char *)old + get32(from + 8)))
            put(&t, from, n);
        if (token == FDT_BEGIN_NODE &&
            !strcmp((const char *)from + 4, "chosen"))
            put_chosen(&t, old_bytes, c);
        from += n;
    }
    set32(out + 8, (uint32_t)structure);
    set32(out + 36, (uint32_t)(t.at - structure));
    set32(out + 12, (uint32_t)t.at);
    memcpy(out + t.at, old, old_bytes);
    memcpy(out + t.at + old_bytes, names, sizeof(names));
    set32(out + 32, old_bytes + (uint32_t)sizeof(names));
    t.at += old_bytes + sizeof(names);
    set32(out + 4, (uint32_t)t.at);
    return t.at;
}

/* ---- the way to the second kernel
 * --------------------------------------------------- */

/* x0: the tree, x1 to x3: 0, as a boot loader leaves them. */
struct stub {
    uint32_t code[6];
    uint64_t entry, tree;
};

static const struct stub stub = {.code = {
                                     0x580000c4, /* ldr x4, entry */
                                     0x580000e0, /* ldr x0, tree */
                                     0xaa1f03e1, /* mov x1, xzr */
                                     0xaa1f03e2, /* mov x2, xzr */
                                     0xaa1f03e3, /* mov x3, xzr */
                                     0xd61f0080, /* br x4 */
                                 }};

static bool crash_memory(uint64_t *start, uint64_t *bytes)
{
    char *map = read_whole("/proc/iomem", NULL), *at, *line;
    unsigned long first = 0, last = 0;

    at = map ? strstr(map, " : Crash kernel") : NULL;
    for (line = at; line && line > map && line[-1] != '\n'; line--)
        ;
    if (at && sscanf(line, " %lx-%lx", &first, &last) != 2)
        at = NULL;
    free(map);
    *start = first;
    *bytes = last - first + 1;
    return at;
}

/* This kernel's arguments, with the checks of iovp.second= and no crash. */
static void second_arguments(char *to, size_t room)
{
    static char line[2048];
    char *rest = line, *word;
    size_t n = 0;

    read_text("/proc/cmdline", line, sizeof(line));
    while ((word = strsep(&rest, " ")) && n < room) {
        if (!strncmp(word, "iovp.second=", 12))
            n += (size_t)snprintf(to + n, room - n, "iovp.test=%s ", word + 12);
        else if (strncmp(word, "iovp.test=", 10) &&
                 strncmp(word, "crashkernel=", 12) && strncmp(word, "mem=", 4))
            n += (size_t)snprintf(to + n, room - n, "%s ", word);
    }
}

struct second {
    uint8_t *image, *initramfs, *tree, *changed;
    size_t image_bytes, initramfs_bytes, tree_bytes;
};

static uint64_t align(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

static bool read_second(struct second *s)
{
    s->image = read_whole(IMAGE, &s->image_bytes);
    s->initramfs = read_whole(INITRAMFS, &s->initramfs_bytes);
    s->tree = read_whole("/sys/firmware/fdt", &s->tree_bytes);
    s->changed = calloc(1, TREE_ROOM);
    return s->image && s->image_bytes > IMAGE_SIZE + 8 && s->initramfs &&
           s->tree && s->changed && s->tree_bytes > FDT_HEADER &&
           get32(s->tree) == FDT_MAGIC &&
           get32(s->tree + 32) + get32(s->tree + 36) < TREE_ROOM / 2;
}

static struct kexec_segment segment(const void *data, size_t bytes, uint64_t at,
                                    uint64_t room)
{
    return (struct kexec_segment){data, bytes, (void *)at, align(room, 4096)};
}

/* One behind the other: image, initramfs, tree, stub. */
static bool load(struct report *r, uint64_t start, uint64_t bytes)
{
    struct chosen c = {.usable = start, .usable_bytes = bytes};
    struct kexec_segment segments[4];
    struct second s = {0};
    struct stub way = stub;
    uint64_t offset, size, stub_at;

    if (!read_second(&s)) {
        failed(r, "cannot read the second kernel");
        return false;
    }
    memcpy(&offset, s.image + IMAGE_TEXT_OFFSET, 8);
    memcpy(&size, s.image + IMAGE_SIZE, 8);
    way.entry = align(start, 2 * MIB) + offset;
    c.initramfs = align(way.entry + size, 2 * MIB);
    c.initramfs_end = c.initramfs + s.initramfs_bytes;
    way.tree = align(c.initramfs_end, 2 * MIB);
    stub_at = way.tree + TREE_ROOM;
    second_arguments(c.arguments, sizeof(c.arguments));
    s.tree_bytes = change_tree(s.changed, s.tree, &c);
    segments[0] = segment(s.image, s.image_bytes, way.entry, size);
    segments[1] =
        segment(s.initramfs, s.initramfs_bytes, c.initramfs, s.initramfs_bytes);
    segments[2] = segment(s.changed, s.tree_bytes, way.tree, s.tree_bytes);
    segments[3] = segment(&way, sizeof(way), stub_at, sizeof(way));
    if (syscall(SYS_kexec_load, stub_at, 4ul, segments,
                KEXEC_ON_CRASH | KEXEC_ARCH_AARCH64)) {
        failed(r, "kexec_load: %m");
        return false;
    }
    return true;
}

/* Passes by never coming back: the second kernel's init goes on. */
enum verdict check_kexec(struct report *r)
{
    uint64_t start, bytes;

    if (access(IMAGE, R_OK))
        return skipped(r, "no second kernel in the initramfs");
    if (!crash_memory(&start, &bytes))
        return failed(r, "no memory for the second kernel: crashkernel=");
    if (!load(r, start, bytes))
        return FAILED;
    say("ok kexec loaded");
    rest(200);
    write_text("/proc/sysrq-trigger", "c");
    rest(5000);
    return failed(r, "the kernel did not crash");
}
