/* SPDX-License-Identifier: MIT */
/* The plugin in the hands of a QEMU that is played here. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../platforms/qemu/protocol.h"
#include "shim.h"

#define PLUGIN IOVP_BINARY_DIR "/iovp_qemu_plugin.so"
#define EXPORT __attribute__((visibility("default")))
#define BASE   0x7c000000u
#define LAST   0x7fffffffu
#define DEVICE 0xffff80000b000000u /* where a kernel maps a device */
#define LINEAR 0xffff00003c000000u /* where it has memory */
#define USER   0x0000aaaa00000000u

/* ---- QEMU ---------------------------------------------------------------- */

typedef void tb_fn(uint64_t id, void *tb);
typedef void exec_fn(unsigned vcpu, void *ud);
typedef void mem_fn(unsigned vcpu, uint32_t info, uint64_t vaddr, void *ud);

struct insn {
    uint32_t opcode;
    mem_fn *fn;
};

static struct insn insn;
static tb_fn *translate;
static uint64_t physical; /* of every address */
static bool is_store, is_io;

/* What the plugin calls. */
EXPORT void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_fn *fn);
EXPORT size_t qemu_plugin_tb_n_insns(const void *tb);
EXPORT void *qemu_plugin_tb_get_insn(const void *tb, size_t index);
EXPORT const void *qemu_plugin_insn_data(const void *i);
EXPORT void qemu_plugin_register_vcpu_mem_cb(void *i, mem_fn *fn, int flags,
                                             int rw, void *ud);
EXPORT unsigned qemu_plugin_mem_size_shift(uint32_t info);
EXPORT bool qemu_plugin_mem_is_store(uint32_t info);
EXPORT void *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr);
EXPORT bool qemu_plugin_hwaddr_is_io(const void *hw);
EXPORT uint64_t qemu_plugin_hwaddr_phys_addr(const void *hw);
EXPORT int qemu_plugin_n_vcpus(void);
EXPORT void qemu_plugin_register_vcpu_tb_exec_cb(void *tb, exec_fn *fn,
                                                 int flags, void *ud);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_fn *fn)
{
    CHECK_EQ(7, id);
    translate = fn;
}

size_t qemu_plugin_tb_n_insns(const void *tb)
{
    (void)tb;
    return 1;
}

void *qemu_plugin_tb_get_insn(const void *tb, size_t index)
{
    (void)tb;
    (void)index;
    return &insn;
}

const void *qemu_plugin_insn_data(const void *i)
{
    return &((const struct insn *)i)->opcode;
}

void qemu_plugin_register_vcpu_mem_cb(void *i, mem_fn *fn, int flags, int rw,
                                      void *ud)
{
    (void)ud;
    CHECK_EQ(0, flags);
    CHECK_EQ(2, rw);
    ((struct insn *)i)->fn = fn;
}

unsigned qemu_plugin_mem_size_shift(uint32_t info)
{
    return info;
}

bool qemu_plugin_mem_is_store(uint32_t info)
{
    (void)info;
    return is_store;
}

void *qemu_plugin_get_hwaddr(uint32_t info, uint64_t vaddr)
{
    (void)info;
    (void)vaddr;
    return physical ? &physical : NULL;
}

bool qemu_plugin_hwaddr_is_io(const void *hw)
{
    (void)hw;
    return is_io;
}

uint64_t qemu_plugin_hwaddr_phys_addr(const void *hw)
{
    return *(const uint64_t *)hw;
}

int qemu_plugin_n_vcpus(void)
{
    return 1;
}

/* Of a block of one instruction. */
static exec_fn *execute;
static void *execute_ud;

void qemu_plugin_register_vcpu_tb_exec_cb(void *tb, exec_fn *fn, int flags,
                                          void *ud)
{
    (void)tb;
    CHECK_EQ(0, flags);
    execute = fn;
    execute_ud = ud;
}

/* ---- the bridge ---------------------------------------------------------- */

static struct qemu_store told;
static unsigned stores;
static int sockets[2];

static void *answer(void *ud)
{
    while (recv(sockets[0], &told, sizeof(told), 0) == sizeof(told)) {
        stores++;
        send(sockets[0], "", 1, 0);
    }
    return ud;
}

struct info {
    const char *target_name;
    struct {
        int min, cur;
    } version;
};

typedef int install_fn(uint64_t id, const struct info *info, int argc,
                       char **argv);

static int install(void *plugin, const char *filter)
{
    static const struct info info = {"aarch64", {0, 1}};
    char fd[32], base[32], last[32], kind[32];
    char *argv[] = {fd, base, last, kind};
    install_fn *fn = (install_fn *)dlsym(plugin, "qemu_plugin_install");

    snprintf(fd, sizeof(fd), "fd=%d", sockets[1]);
    snprintf(base, sizeof(base), "base=0x%x", BASE);
    snprintf(last, sizeof(last), "last=0x%x", LAST);
    snprintf(kind, sizeof(kind), "filter=%s", filter);
    return fn(7, &info, 4, argv);
}

/* Is an instruction looked at? */
static bool looked_at(uint32_t opcode)
{
    insn = (struct insn){.opcode = opcode};
    translate(7, NULL);
    return insn.fn != NULL;
}

#define STR_W0_X1 0xb9000020u

/* A store of 2^info bytes; how many the bridge was told of. */
static unsigned told_of(uint64_t vaddr, uint64_t pa, unsigned info)
{
    unsigned before = stores;

    physical = pa;
    insn = (struct insn){.opcode = STR_W0_X1};
    translate(7, NULL);
    insn.fn(3, info, vaddr, NULL);
    return stores - before;
}

/* ---- tests --------------------------------------------------------------- */

static void stores_of(void *plugin)
{
    REQUIRE(install(plugin, "kernel") == 0);
    is_store = true;
    CHECK_EQ(1, told_of(DEVICE, BASE + 0x20, 2));
    CHECK_EQ(BASE + 0x20, told.addr);
    CHECK_EQ(4, told.bytes);
    CHECK_EQ(3, told.vcpu);
    CHECK_EQ(1, told_of(DEVICE, LAST - 7, 3));
    CHECK_EQ(8, told.bytes);
    CHECK(told.last_ns > 0);
    CHECK_EQ(0, told_of(DEVICE, BASE - 4, 2));
    CHECK_EQ(0, told_of(DEVICE, LAST + 1, 2));
    CHECK_EQ(0, told_of(DEVICE, 0, 2)); /* QEMU has no address for it */
    CHECK_EQ(0, told_of(LINEAR, BASE, 2));
    CHECK_EQ(0, told_of(USER, BASE, 2));
    is_io = true;
    CHECK_EQ(0, told_of(DEVICE, BASE, 2));
    is_io = false;
    is_store = false;
    CHECK_EQ(0, told_of(DEVICE, BASE, 2));
    is_store = true;
    REQUIRE(install(plugin, "none") == 0);
    CHECK_EQ(1, told_of(USER, BASE, 0));
    CHECK_EQ(1, told.bytes);
    CHECK_EQ(1, told_of(LINEAR, BASE, 4));
    CHECK_EQ(16, told.bytes);
}

/* Encodings as an assembler makes them. */
static void instructions_of(void *plugin)
{
    static const struct {
        uint32_t opcode;
        bool store;
        const char *text;
    } table[] = {
        {0xb9000020, true, "str w0, [x1]"},
        {0xf9000020, true, "str x0, [x1]"},
        {0x39000020, true, "strb w0, [x1]"},
        {0x79000020, true, "strh w0, [x1]"},
        {0xb8004420, true, "str w0, [x1], #4"},
        {0xb8226820, true, "str w0, [x1, x2]"},
        {0xb8000020, true, "stur w0, [x1]"},
        {0xa9000820, true, "stp x0, x2, [x1]"},
        {0xa8810820, true, "stp x0, x2, [x1], #16"},
        {0x3d800020, true, "str q0, [x1]"},
        {0xad000420, true, "stp q0, q1, [x1]"},
        {0x889ffc20, true, "stlr w0, [x1]"},
        {0x88027c20, true, "stxr w2, w0, [x1]"},
        {0xb8220020, true, "ldadd w2, w0, [x1]"},
        {0xb8228020, true, "swp w2, w0, [x1]"},
        {0x4c007020, true, "st1 {v0.16b}, [x1]"},
        {0xb9400020, false, "ldr w0, [x1]"},
        {0xf9400020, false, "ldr x0, [x1]"},
        {0x39400020, false, "ldrb w0, [x1]"},
        {0xb9800020, false, "ldrsw x0, [x1]"},
        {0x39800020, false, "ldrsb x0, [x1]"},
        {0x39c00020, false, "ldrsb w0, [x1]"},
        {0xf8408420, false, "ldr x0, [x1], #8"},
        {0xa9400820, false, "ldp x0, x2, [x1]"},
        {0x3dc00020, false, "ldr q0, [x1]"},
        {0x18000040, false, "ldr w0, <literal>"},
        {0xf90003e0, false, "str x0, [sp]"},
        {0xa9bf7bfd, false, "stp x29, x30, [sp, #-16]!"},
    };

    REQUIRE(install(plugin, "kernel") == 0);
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        if (looked_at(table[i].opcode) != table[i].store)
            FAIL_TEST("%s", table[i].text);
    REQUIRE(install(plugin, "none") == 0);
    CHECK(looked_at(0xf90003e0));
}

static void counts_of(void *plugin)
{
    static const struct info info = {"aarch64", {0, 1}};
    install_fn *fn = (install_fn *)dlsym(plugin, "qemu_plugin_install");
    int fd = memfd_create("clock", 0);
    const struct qemu_clock *clock;
    char arg[32];
    char *argv[] = {arg};

    CHECK(execute == NULL);
    REQUIRE(fd >= 0 && ftruncate(fd, sizeof(*clock)) == 0);
    snprintf(arg, sizeof(arg), "clock=%d", fd);
    CHECK_EQ(0, fn(7, &info, 1, argv));
    clock = mmap(NULL, sizeof(*clock), PROT_READ, MAP_SHARED, fd, 0);
    translate(7, NULL);
    REQUIRE(execute != NULL);
    for (unsigned i = 0; i < 5; i++)
        execute(i == 0 ? 0 : 3, execute_ud);
    CHECK_EQ(1, clock->vcpu[0].instructions);
    CHECK_EQ(4, clock->vcpu[3].instructions);
    execute(UINT32_MAX, execute_ud);
    CHECK_EQ(1, clock->vcpu[63].instructions);
    munmap((void *)(uintptr_t)clock, sizeof(*clock));
    close(fd);
}

static void arguments_of(void *plugin)
{
    static const struct info info = {"aarch64", {0, 1}};
    install_fn *fn = (install_fn *)dlsym(plugin, "qemu_plugin_install");
    char *unknown[] = {"speed=1"}, *bare[] = {"filter"};
    int *version = (int *)dlsym(plugin, "qemu_plugin_version");

    CHECK_EQ(-1, fn(7, &info, 1, unknown));
    CHECK_EQ(-1, fn(7, &info, 1, bare));
    REQUIRE(version);
    CHECK_EQ(1, *version);
}

TEST_CASE(QemuPlugin, WhatItDoes)
{
    void *plugin = dlopen(PLUGIN, RTLD_NOW | RTLD_LOCAL);
    pthread_t bridge;

    if (!plugin)
        FAIL_TEST("%s", dlerror());
    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets) == 0);
    REQUIRE(pthread_create(&bridge, NULL, answer, NULL) == 0);
    arguments_of(plugin);
    stores_of(plugin);
    instructions_of(plugin);
    counts_of(plugin);
    close(sockets[1]);
    pthread_join(bridge, NULL);
    close(sockets[0]);
}
