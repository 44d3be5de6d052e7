/* SPDX-License-Identifier: MIT */
/*
 * TCG plugin: a store into the window goes to the bridge, and the vCPU goes on
 * when the bridge has made the device's registers what they now are.  QEMU
 * calls back behind the store and before the next instruction, so that to the
 * guest it is a store to a device.
 *
 *     -plugin iovp_qemu_plugin.so,fd=N,base=ADDR,last=ADDR[,filter=kernel]
 *             [,clock=N]
 *
 * fd: a socket, see protocol.h.  filter=kernel: only stores that the drivers of
 * an arm64 kernel may do to a device are looked at, which spares most; firmware
 * and drivers in user space do others.  clock: a memory file in which executed
 * instructions are counted.
 *
 * QEMU's header is not needed: the few functions used are the same in every
 * version of the interface.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "protocol.h"

/* As long as this a vCPU looks for an answer without sleeping. */
#define AWAKE_NS     1000000u
#define LATE_NS      200000u /* between two looks */
#define TIRED_STORES 16u     /* that sleep at once */

/* ---- QEMU's plugin interface ---------------------------------------------
 */

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_info_t {
    const char *target_name;
    struct {
        int min, cur; /* versions of the interface */
    } version;
};
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;

#define CB_NO_REGS 0
#define MEM_W      2

typedef void tb_fn(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void mem_fn(unsigned int vcpu, qemu_plugin_meminfo_t info,
                    uint64_t vaddr, void *ud);

typedef void exec_fn(unsigned int vcpu, void *ud);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, tb_fn *fn);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
                                          exec_fn *fn, int flags, void *ud);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *
qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
/* One function: before version 3 it returned a pointer to the instruction. */
#define INSN_COPIED 3
const void *
insn_data_pointer(const struct qemu_plugin_insn *insn) __asm__("qemu_plugin_"
                                                               "insn_data");
size_t insn_data_copy(const struct qemu_plugin_insn *insn, void *to,
                      size_t bytes) __asm__("qemu_plugin_insn_data");
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, mem_fn *fn,
                                      int flags, int rw, void *ud);
unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info,
                                                  uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *addr);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *addr);
/* Gone in version 2 of the interface, the least that QEMU 9.0 and later take;
 * QEMU before that has version 1. */
int qemu_plugin_n_vcpus(void) __attribute__((weak));

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                               const struct qemu_info_t *info, int argc,
                               char **argv);

/* QEMU looks at the version after it has loaded the file. */
__attribute__((constructor)) static void choose_version(void)
{
    if (!qemu_plugin_n_vcpus)
        qemu_plugin_version = 2;
}

/*
 * Where an arm64 kernel maps devices: its part of the address space has two
 * halves, of which the lower has all memory (VA_BITS = 48 and 52; with less,
 * all is above this).
 */
#define KERNEL_IO 0xffff800000000000u

/* ---- stores ----------------------------------------------------------------
 */

static struct {
    int fd;
    uint64_t base, last;
    bool kernel;
    int version;              /* of QEMU's interface */
    struct qemu_clock *clock; /* NULL: nobody counts */
    uint64_t last_ns;
    unsigned tired;       /* stores that do not look before sleeping */
    pthread_mutex_t lock; /* one store of all vCPUs at a time */
} bridge = {.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER};

/* Nobody is there to answer: the guest must not go on. */
static void lost(void)
{
    fputs("iovp plugin: the simulator has gone: stopping\n", stderr);
    raise(SIGTERM);
    for (;;)
        pause();
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/*
 * Look for the answer for a while before sleeping: waking up takes longer than
 * most answers.  But if somebody else had this processor meanwhile, processors
 * are short: then the next stores sleep at once.
 */
static ssize_t look(char *done)
{
    uint64_t begin = now_ns(), now = begin, last;
    ssize_t n = -1;

    if (bridge.tired) {
        bridge.tired--;
        return n;
    }
    do {
        n = recv(bridge.fd, done, 1, MSG_DONTWAIT);
        if (n >= 0 || (errno != EAGAIN && errno != EINTR))
            return n;
        sched_yield();
        last = now;
        now = now_ns();
        if (now - last > LATE_NS)
            bridge.tired = TIRED_STORES;
    } while (!bridge.tired && now - begin < AWAKE_NS);
    return n;
}

static bool ask(const struct qemu_store *s)
{
    char done;
    ssize_t n;

    do {
        n = send(bridge.fd, s, sizeof(*s), MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n <= 0)
        return false;
    n = look(&done);
    if (n < 0)
        while ((n = recv(bridge.fd, &done, 1, 0)) < 0 && errno == EINTR)
            ;
    return n == 1;
}

static void tell(struct qemu_store *s)
{
    uint64_t begin;

    pthread_mutex_lock(&bridge.lock);
    begin = now_ns();
    s->last_ns = bridge.last_ns;
    if (!ask(s))
        lost();
    bridge.last_ns = now_ns() - begin;
    pthread_mutex_unlock(&bridge.lock);
}

static void on_store(unsigned int vcpu, qemu_plugin_meminfo_t info,
                     uint64_t vaddr, void *ud)
{
    struct qemu_plugin_hwaddr *hw;
    struct qemu_store s;

    (void)ud;
    if ((bridge.kernel && vaddr < KERNEL_IO) || !qemu_plugin_mem_is_store(info))
        return;
    hw = qemu_plugin_get_hwaddr(info, vaddr);
    if (!hw || qemu_plugin_hwaddr_is_io(hw))
        return;
    s.addr = qemu_plugin_hwaddr_phys_addr(hw);
    if (s.addr < bridge.base || s.addr > bridge.last)
        return;
    s.bytes = 1u << qemu_plugin_mem_size_shift(info);
    s.vcpu = vcpu;
    tell(&s);
}

/* ---- translation ----------------------------------------------------------
 */

static uint32_t opcode(const struct qemu_plugin_insn *insn)
{
    uint32_t op = 0;

    if (bridge.version >= INSN_COPIED)
        insn_data_copy(insn, &op, sizeof(op));
    else
        memcpy(&op, insn_data_pointer(insn), sizeof(op));
    return op;
}

/*
 * Can this A64 instruction (Arm ARM C4.1, "Loads and Stores") be a driver's
 * store to a device?  No: single registers and pairs that are loaded, or that
 * are stored to the stack.  What is not sure is yes.
 */
static bool may_store(uint32_t op)
{
    bool pair = (op & 0x3a000000) == 0x28000000;
    bool single = (op & 0x3a000000) == 0x38000000;
    bool literal = (op & 0x3b000000) == 0x18000000;
    bool atomic = single && (op & 0x01200c00) == 0x00200000;
    bool load = pair ? op & 1u << 22 : op & 1u << 22 || (op >> 23 & 9) == 1;
    bool stack = (op >> 5 & 31) == 31;

    if (literal)
        return false;
    return !(pair || single) || atomic || !(load || stack);
}

/* Each counter has one writer. */
static void on_block(unsigned int vcpu, void *ud)
{
    uint64_t *n = &bridge.clock->vcpu[vcpu % QEMU_CLOCK_VCPUS].instructions;

    __atomic_store_n(n, *n + (uintptr_t)ud, __ATOMIC_RELAXED);
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t n = qemu_plugin_tb_n_insns(tb);

    (void)id;
    if (bridge.clock)
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CB_NO_REGS,
                                             (void *)(uintptr_t)n);
    for (size_t i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

        if (!bridge.kernel || may_store(opcode(insn)))
            qemu_plugin_register_vcpu_mem_cb(insn, on_store, CB_NO_REGS, MEM_W,
                                             NULL);
    }
}

/* ---- arguments -------------------------------------------------------------
 */

/* The value of NAME=value; NULL: it is another argument. */
static const char *value_of(const char *arg, const char *name)
{
    size_t n = strlen(name);

    return strncmp(arg, name, n) || arg[n] != '=' ? NULL : arg + n + 1;
}

static struct qemu_clock *map_clock(int fd)
{
    void *clock = mmap(NULL, sizeof(struct qemu_clock), PROT_READ | PROT_WRITE,
                       MAP_SHARED, fd, 0);

    return clock == MAP_FAILED ? NULL : clock;
}

static bool argument(const char *arg)
{
    const char *value;

    if ((value = value_of(arg, "fd")) != NULL)
        bridge.fd = (int)strtol(value, NULL, 0);
    else if ((value = value_of(arg, "base")) != NULL)
        bridge.base = strtoull(value, NULL, 0);
    else if ((value = value_of(arg, "last")) != NULL)
        bridge.last = strtoull(value, NULL, 0);
    else if ((value = value_of(arg, "filter")) != NULL)
        bridge.kernel = !strcmp(value, "kernel");
    else if ((value = value_of(arg, "clock")) != NULL)
        bridge.clock = map_clock((int)strtol(value, NULL, 0));
    return value != NULL;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info,
                        int argc, char **argv)
{
    bridge.version = info->version.cur;
    for (int i = 0; i < argc; i++) {
        if (!argument(argv[i])) {
            fprintf(stderr, "iovp plugin: there is no argument %s\n", argv[i]);
            return -1;
        }
    }
    if (bridge.fd < 0 || bridge.last <= bridge.base) {
        fputs("iovp plugin: fd, base and last are needed; iovp boot gives "
              "them\n",
              stderr);
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return 0;
}
