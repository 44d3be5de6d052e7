/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create, ppoll */
#endif
#include "bridge.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define AWAKE_NS     1000000u /* a store is often followed by another */
#define LATE_NS      200000u  /* between two looks */
#define TIRED_STORES 16u      /* that find the bridge asleep */
#define END_S        5        /* for QEMU to end when it was told to */

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- memory ---------------------------------------------------------------
 */

void *bridge_map(void *ud, uint64_t base, uint64_t bytes)
{
    struct bridge *b = ud;
    int flags = MAP_SHARED, fd;
    void *host;

    (void)base;
    fd = b->memory < 0 ? memfd_create("iovp-ram", MFD_CLOEXEC) : -1;
    if (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0)
        b->memory = fd;
    else
        flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    host = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
    return host == MAP_FAILED ? NULL : host;
}

bool bridge_open(struct bridge *b, iovp_platform *p, const void *dtb,
                 char why[QEMU_WHY])
{
    struct qemu_layout *l = &b->layout;
    void *host = MAP_FAILED;

    b->p = p;
    b->pid = -1;
    b->stores = b->test.fd = b->monitor.fd = b->messages.fd = -1;
    if (!qemu_layout(dtb, l, why))
        return false;
    if (b->memory >= 0 &&
        ftruncate(b->memory, (off_t)(l->ram_bytes + l->window_bytes)) == 0)
        host = mmap(NULL, l->window_bytes, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_POPULATE, b->memory, (off_t)l->ram_bytes);
    if (host == MAP_FAILED) {
        snprintf(why, QEMU_WHY, "no memory for the guest: %s", strerror(errno));
        return false;
    }
    b->host = host;
    if (image_open(&b->image, p, l, b->host))
        return true;
    snprintf(why, QEMU_WHY, "no memory for the registers' image");
    return false;
}

void bridge_close(struct bridge *b)
{
    image_close(&b->image);
    if (b->host)
        munmap(b->host, b->layout.window_bytes);
    if (b->clock)
        munmap(b->clock, sizeof(*b->clock));
    if (b->memory >= 0)
        close(b->memory);
    b->host = NULL;
    b->clock = NULL;
    b->memory = -1;
}

/* ---- interrupts ----------------------------------------------------------
 */

static void wire(struct bridge *b, uint32_t spi, unsigned level)
{
    line_send(&b->test, "set_irq_in %s unnamed-gpio-in %" PRIu32 " %u\n",
              b->gic, spi, level);
}

static void on_irq(void *ud, const iovp_irq_event *e)
{
    struct bridge *b = ud;
    bool pin = !strncmp(e->line, "int", 3); /* inta to intd have levels */

    /* An MSI to memory is there already; to write it once more would be too
     * late. */
    if (e->kind == IOVP_IRQ_SEV || !b->gic[0] ||
        (e->kind == IOVP_IRQ_MSI &&
         e->addr - b->layout.ram_base < b->layout.ram_bytes))
        return;
    b->stats.interrupts++;
    if (e->kind == IOVP_IRQ_MSI) {
        line_send(&b->test, "writel 0x%" PRIx64 " 0x%" PRIx32 "\n", e->addr,
                  e->data);
    } else if (e->number != UINT32_MAX) {
        wire(b, e->number, e->level);
        if (!pin)
            wire(b, e->number, 0);
    }
}

static void on_test(void *ud, const char *text)
{
    struct bridge *b = ud;

    if (strncmp(text, "OK", 2) && !b->failed) {
        fprintf(stderr, "iovp boot: QEMU's test socket: %s\n", text);
        b->failed = "QEMU did not take an interrupt";
    }
}

/* ---- monitor --------------------------------------------------------------
 */

/* The GIC among the objects that QEMU lists: the name is before the type. */
static void find_gic(struct bridge *b, const char *text)
{
    static const char name[] = "\"name\": \"", type[] = "\"child<arm_gic>\"";
    const char *gic = strstr(text, type), *at = text, *found = NULL;
    int n;

    while (gic && (at = strstr(at, name)) != NULL && at < gic) {
        at += sizeof(name) - 1;
        found = at;
    }
    if (!found) {
        b->failed = "this QEMU has no GICv2 where it is expected";
        return;
    }
    n = (int)strcspn(found, "\"");
    snprintf(b->gic, sizeof(b->gic), "/machine/unattached/%.*s", n, found);
    line_send(&b->monitor, "{\"execute\": \"cont\"}\n");
}

static void on_monitor(void *ud, const char *text)
{
    struct bridge *b = ud;

    if (strstr(text, "\"QMP\"")) {
        line_send(&b->monitor, "{\"execute\": \"qmp_capabilities\"}\n");
    } else if (strstr(text, "\"error\"")) {
        fprintf(stderr, "iovp boot: QEMU's monitor: %s\n", text);
        b->failed = "QEMU refused a command";
    } else if (strstr(text, "\"return\"") && !b->asked) {
        b->asked = true;
        line_send(&b->monitor, "{\"execute\": \"qom-list\", \"arguments\": "
                               "{\"path\": \"/machine/unattached\"}}\n");
    } else if (strstr(text, "\"return\"") && !b->gic[0]) {
        find_gic(b, text);
    }
}

static void on_message(void *ud, const char *text)
{
    struct bridge *b = ud;

    fprintf(stderr, "%s\n", text);
    if (strstr(text, "-plugin: invalid option"))
        b->failed = "this QEMU was built without plugins (--enable-plugins); "
                    "Debian's has them";
}

/* ---- time -----------------------------------------------------------------
 */

/* While the guest is idle devices go on in steps of this. */
#define IDLE_STEP_PS 10000000u

static uint64_t most_instructions(const struct qemu_clock *c)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < QEMU_CLOCK_VCPUS; i++) {
        uint64_t n =
            __atomic_load_n(&c->vcpu[i].instructions, __ATOMIC_RELAXED);

        most = n > most ? n : most;
    }
    return most;
}

/* Until when the models may work: as far as the guest has come meanwhile. */
static uint64_t horizon(struct bridge *b, uint64_t least_ps)
{
    uint64_t n, ps;

    if (!b->clock)
        return UINT64_MAX;
    n = most_instructions(b->clock);
    ps = (n - b->counted) * b->instruction_ps;
    b->counted = n;
    return iovp_now(b->p) + (ps > least_ps ? ps : least_ps);
}

static void run_models(struct bridge *b, uint64_t least_ps)
{
    uint32_t reason = IOVP_RUN_IDLE;

    if (iovp_run_until(b->p, horizon(b, least_ps), &reason) != IOVP_OK)
        b->failed = iovp_last_error();
    b->busy = reason != IOVP_RUN_IDLE;
}

/* ---- work -----------------------------------------------------------------
 */

static void work(struct bridge *b)
{
    run_models(b, b->clock ? IDLE_STEP_PS : 0);
    image_refresh(&b->image);
}

/* What the vCPU says of its last store. */
static void count_wait(struct bridge_stats *s, uint64_t ns)
{
    uint64_t us = ns > s->last_work_ns ? (ns - s->last_work_ns) / 1000 : 0;

    s->wait_ns += ns;
    if (ns > s->wait_max_ns)
        s->wait_max_ns = ns;
    s->ways[us < BRIDGE_WAY_US ? us : BRIDGE_WAY_US - 1]++;
}

static bool serve_store(struct bridge *b)
{
    struct qemu_store s;
    uint64_t begin;
    ssize_t n = recv(b->stores, &s, sizeof(s), MSG_DONTWAIT);

    if (n != (ssize_t)sizeof(s)) {
        if (n >= 0) {
            close(b->stores);
            b->stores = -1;
        }
        return false;
    }
    begin = now_ns();
    b->stats.stores++;
    if (s.last_ns)
        count_wait(&b->stats, s.last_ns);
    /* The store is where its instruction is in time.  The image follows with
     * it: what the guest has stored is still to be taken from there. */
    if (b->clock)
        run_models(b, 0);
    image_store(&b->image, s.addr, s.bytes);
    b->stats.last_work_ns = now_ns() - begin;
    b->stats.work_ns += b->stats.last_work_ns;
    send(b->stores, "", 1, MSG_NOSIGNAL);
    b->busy = true;
    if (b->tired)
        b->tired--;
    else
        b->awake_until = now_ns() + AWAKE_NS;
    return true;
}

/* ---- the loop -------------------------------------------------------------
 */

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    (void)sig;
    interrupted = 1;
}

static void end_qemu(struct bridge *b)
{
    if (b->quit)
        return;
    b->quit = true;
    line_send(&b->monitor, "{\"execute\": \"quit\"}\n");
    kill(b->pid, SIGTERM);
}

static short wants(const struct line *l)
{
    return (short)(POLLIN | (l->waiting ? POLLOUT : 0));
}

/* Somebody else had this processor meanwhile: being awake only hinders. */
static void rest_if_late(struct bridge *b, bool awake)
{
    uint64_t now = now_ns();

    if (awake && !b->busy && b->looked && now - b->looked > LATE_NS) {
        b->tired = TIRED_STORES;
        b->awake_until = 0;
    }
    b->looked = awake && !b->busy ? now : 0;
}

/* False: QEMU takes too long to end. */
static bool wait_for_qemu(struct bridge *b, const sigset_t *mask)
{
    struct line *lines[] = {&b->test, &b->monitor, &b->messages};
    struct pollfd fds[4] = {{.fd = b->stores, .events = POLLIN}};
    struct timespec none = {0}, end = {.tv_sec = END_S};
    bool awake = b->busy || now_ns() < b->awake_until;
    int n;

    for (int i = 0; i < 3; i++) {
        line_flush(lines[i]);
        fds[i + 1] =
            (struct pollfd){.fd = lines[i]->fd, .events = wants(lines[i])};
    }
    rest_if_late(b, awake);
    n = ppoll(fds, 4, awake ? &none : b->quit ? &end : NULL, mask);
    if (n == 0 && b->quit && !awake)
        return false;
    if (n > 0 && fds[0].revents)
        serve_store(b);
    for (int i = 0; i < 3; i++)
        if (n > 0 && fds[i + 1].revents)
            line_read(lines[i]);
    return true;
}

static void loop(struct bridge *b, const sigset_t *mask)
{
    /* QEMU holds the other end of its messages until it ends. */
    while (b->messages.fd >= 0) {
        if (interrupted || b->failed)
            end_qemu(b);
        if (b->busy)
            work(b);
        if (!wait_for_qemu(b, mask)) {
            kill(b->pid, SIGKILL);
            break;
        }
    }
    while (waitpid(b->pid, &b->status, 0) < 0 && errno == EINTR)
        ;
}

/* ---- start -----------------------------------------------------------------
 */

enum { STORES, TEST, MONITOR, SOCKETS };

static void connect_qemu(struct bridge *b, struct qemu_args *a,
                         const char *plugin, bool kernel_only,
                         const int theirs[SOCKETS], int clock)
{
    const struct qemu_layout *l = &b->layout;
    uint64_t bytes = l->ram_bytes + l->window_bytes;
    char counts[32] = "";

    if (b->clock)
        snprintf(counts, sizeof(counts), ",clock=%d", clock);

    args_add(a, "-object");
    args_add(a,
             "memory-backend-file,id=iovp-ram,share=on,size=%" PRIu64
             ",mem-path=/proc/self/fd/%d",
             bytes, b->memory);
    args_add(a, "-plugin");
    args_add(a, "%s,fd=%d,base=0x%" PRIx64 ",last=0x%" PRIx64 ",filter=%s%s",
             plugin, theirs[STORES], l->window_base,
             l->window_base + l->window_bytes - 1,
             kernel_only ? "kernel" : "none", counts);
    args_add(a, "-chardev");
    args_add(a, "socket,id=iovp-test,fd=%d", theirs[TEST]);
    args_add(a, "-object");
    args_add(a, "qtest,id=iovp-qtest,chardev=iovp-test,log=/dev/null");
    args_add(a, "-chardev");
    args_add(a, "socket,id=iovp-monitor,fd=%d", theirs[MONITOR]);
    args_add(a, "-mon");
    args_add(a, "chardev=iovp-monitor,mode=control");
    args_add(a, "-S");
}

/* -1: there is no time, or no memory for it. */
static int make_clock(struct bridge *b)
{
    int fd = b->instruction_ps ? memfd_create("iovp-clock", MFD_CLOEXEC) : -1;
    void *clock = MAP_FAILED;

    if (fd >= 0 && ftruncate(fd, sizeof(*b->clock)) == 0)
        clock = mmap(NULL, sizeof(*b->clock), PROT_READ, MAP_SHARED, fd, 0);
    b->clock = clock == MAP_FAILED ? NULL : clock;
    return fd;
}

static bool make_sockets(int ours[SOCKETS], int theirs[SOCKETS])
{
    for (int i = 0; i < SOCKETS; i++)
        ours[i] = theirs[i] = -1;
    for (int i = 0; i < SOCKETS; i++) {
        int type = i == STORES ? SOCK_SEQPACKET : SOCK_STREAM, pair[2];

        if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair))
            return false;
        ours[i] = pair[0];
        theirs[i] = pair[1];
    }
    return true;
}

static void close_all(const int fd[SOCKETS])
{
    for (int i = 0; i < SOCKETS; i++)
        if (fd[i] >= 0)
            close(fd[i]);
}

static bool start(struct bridge *b, struct qemu_args *a, const char *plugin,
                  bool kernel_only)
{
    int ours[SOCKETS], theirs[SOCKETS], keep[SOCKETS + 2], err = -1;
    int clock = make_clock(b);

    if (make_sockets(ours, theirs) && !b->clock == !b->instruction_ps) {
        connect_qemu(b, a, plugin, kernel_only, theirs, clock);
        memcpy(keep, theirs, sizeof(theirs));
        keep[SOCKETS] = b->memory;
        keep[SOCKETS + 1] = clock;
        b->pid =
            qemu_start(a, keep, clock < 0 ? SOCKETS + 1 : SOCKETS + 2, &err);
    }
    close_all(theirs);
    if (clock >= 0)
        close(clock);
    if (b->pid < 0) {
        close_all(ours);
        return false;
    }
    b->stores = ours[STORES];
    line_open(&b->test, ours[TEST], on_test, b);
    line_open(&b->monitor, ours[MONITOR], on_monitor, b);
    line_open(&b->messages, err, on_message, b);
    return true;
}

bool bridge_run(struct bridge *b, struct qemu_args *args, const char *plugin,
                bool kernel_only)
{
    struct sigaction act = {.sa_handler = on_signal};
    sigset_t block, old;

    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigaddset(&block, SIGTERM);
    sigprocmask(SIG_BLOCK, &block, &old);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    if (iovp_irq_handler(b->p, on_irq, NULL, b) != IOVP_OK ||
        !start(b, args, plugin, kernel_only))
        return false;
    loop(b, &old);
    sigprocmask(SIG_SETMASK, &old, NULL);
    iovp_irq_handler(b->p, NULL, NULL, NULL);
    line_close(&b->test);
    line_close(&b->monitor);
    line_close(&b->messages);
    if (b->stores >= 0)
        close(b->stores);
    return true;
}
