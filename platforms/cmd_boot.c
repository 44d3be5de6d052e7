/* SPDX-License-Identifier: MIT */
/* iovp boot: a kernel on QEMU's processors with the devices of a platform. */
#define _POSIX_C_SOURCE 200809L
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu/bridge.h"

static const char help[] =
    "usage: iovp boot FILE.dts|FILE.dtb --kernel IMAGE [options] [-- QEMU "
    "ARGS]\n"
    "       iovp boot FILE.dts|FILE.dtb --firmware FILE [options] [-- QEMU "
    "ARGS]\n"
    "\n"
    "Boot an operating system on the processors of an unmodified QEMU, "
    "machine\n"
    "virt, with the SMMUs, PCI Express buses and DMA engines of a device "
    "tree:\n"
    "the guest's drivers store to their registers, they read and write its\n"
    "memory and interrupt it.  The console is this terminal.  At the end a\n"
    "table with one row a stream and PASID is printed.\n"
    "\n"
    "  -k, --kernel IMAGE     an arm64 Linux Image, compressed or not\n"
    "  -i, --initrd FILE      its initial file system\n"
    "  -a, --append TEXT      its command line; mem= is added, which keeps it\n"
    "                         out of the devices' addresses\n"
    "  -f, --firmware FILE    instead of a kernel: an ELF file, or an image\n"
    "                         that begins at address 0\n"
    "  -m, --mode functional|timed   functional if not said; with time, "
    "devices\n"
    "                         work while instructions are executed\n"
    "  -r, --rate N           timed: instructions a processor executes in a\n"
    "                         second; 1G if not said\n"
    "  -c, --smp N            processors, 1 to 8; 1 if not said\n"
    "  -u, --user             drivers in the guest's user space, too (uio, "
    "vfio,\n"
    "                         /dev/mem): their stores are looked for, which\n"
    "                         makes the guest slower\n"
    "  -Q, --qemu PATH        qemu-system-aarch64 if not said\n"
    "  -g, --gdb PORT         let a debugger control the processors\n"
    "  -t, --trace OUT        record every transaction; see iovp replay, dump\n"
    "  -j, --json             print the result as JSON\n"
    "  -h, --help\n"
    "\n"
    "Ctrl-C ends QEMU and prints the table.  What is behind -- goes to QEMU "
    "as\n"
    "it is.  A guest that resets ends the run.\n"
    "\n"
    "Examples:\n"
    "  iovp boot platforms/arm-qemu.dts --kernel vmlinuz --initrd initrd.img\n"
    "  iovp boot platforms/arm-qemu.dts -k Image -c 4 -t boot.iovt -- -cpu "
    "max\n";

#define SMP_MAX  8
/* An instruction takes whole picoseconds. */
#define RATE_MAX UINT64_C(1000000000000)

struct boot {
    const char *file, *kernel, *initrd, *append, *firmware, *qemu, *trace;
    uint32_t mode;
    uint64_t smp, gdb, rate;
    bool json, user;
    char **more; /* arguments of QEMU */
    int mores;
    char plugin[PATH_MAX];
    char dtb[PATH_MAX]; /* the guest's tree, "": there is no file */
};

static const struct option options[] = {
    {"kernel", required_argument, NULL, 'k'},
    {"initrd", required_argument, NULL, 'i'},
    {"append", required_argument, NULL, 'a'},
    {"firmware", required_argument, NULL, 'f'},
    {"mode", required_argument, NULL, 'm'},
    {"rate", required_argument, NULL, 'r'},
    {"smp", required_argument, NULL, 'c'},
    {"user", no_argument, NULL, 'u'},
    {"qemu", required_argument, NULL, 'Q'},
    {"gdb", required_argument, NULL, 'g'},
    {"trace", required_argument, NULL, 't'},
    {"json", no_argument, NULL, 'j'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* ---- arguments ---------------------------------------------------------- */

static int number(const char *option, uint64_t most, uint64_t *v)
{
    if (cmd_parse_count(optarg, v) && *v && *v <= most)
        return CMD_OK;
    cmd_error("%s %s: say a number, 1 to %" PRIu64, option, optarg, most);
    return CMD_USAGE;
}

/* CMD_OK, CMD_USAGE, or -1 after --help. */
static int option(struct boot *b, int c, char **argv)
{
    const char **text = c == 'k'   ? &b->kernel
                        : c == 'i' ? &b->initrd
                        : c == 'a' ? &b->append
                        : c == 'f' ? &b->firmware
                        : c == 'Q' ? &b->qemu
                        : c == 't' ? &b->trace
                                   : NULL;

    if (text) {
        *text = optarg;
        return CMD_OK;
    }
    switch (c) {
    case 'm':
        b->mode = CMD_MODE_DEFAULT;
        return cmd_parse_mode(optarg, &b->mode) ? CMD_OK : CMD_USAGE;
    case 'r':
        return number("--rate", RATE_MAX, &b->rate);
    case 'c':
        return number("--smp", SMP_MAX, &b->smp);
    case 'g':
        return number("--gdb", 65535, &b->gdb);
    case 'j':
        b->json = true;
        return CMD_OK;
    case 'u':
        b->user = true;
        return CMD_OK;
    case 'h':
        fputs(help, stdout);
        return -1;
    default:
        return cmd_bad_option(c, argv);
    }
}

static int judge(const struct boot *b)
{
    const char *why = NULL;

    if (!b->file)
        why = "say a device tree, e.g. platforms/arm-qemu.dts";
    else if (!b->kernel == !b->firmware)
        why = "say --kernel IMAGE, or --firmware FILE, and not both";
    else if (b->firmware && (b->initrd || b->append))
        why = "--initrd and --append are of a kernel, not of --firmware";
    if (!why)
        return CMD_OK;
    cmd_error("%s; see iovp boot --help", why);
    return CMD_USAGE;
}

static int parse(struct boot *b, int argc, char **argv)
{
    int own = 0, c, rc;

    while (own < argc && strcmp(argv[own], "--"))
        own++;
    b->more = argv + own + 1;
    b->mores = own < argc ? argc - own - 1 : 0;
    while ((c = getopt_long(own, argv, ":k:i:a:f:m:r:c:uQ:g:t:jh", options,
                            NULL)) != -1) {
        rc = option(b, c, argv);
        if (rc)
            return rc;
    }
    if (optind < own)
        b->file = argv[optind++];
    if (optind < own) {
        cmd_error("one device tree only; what is for QEMU goes behind --");
        return CMD_USAGE;
    }
    return judge(b);
}

/* ---- what must be there -------------------------------------------------- */

static int readable(const char *option, const char *path)
{
    if (!path || access(path, R_OK) == 0)
        return CMD_OK;
    cmd_error("%s %s: %s", option, path, strerror(errno));
    return CMD_FAIL;
}

static bool plugin_in(struct boot *b, const char *folder, const char *below)
{
    return snprintf(b->plugin, sizeof(b->plugin), "%s/%s%siovp_qemu_plugin.so",
                    folder, below,
                    *below ? "/" : "") < (int)sizeof(b->plugin) &&
           access(b->plugin, R_OK) == 0;
}

/* A comma ends a value in QEMU's arguments. */
static int no_comma(const char *path)
{
    if (!strchr(path, ','))
        return CMD_OK;
    cmd_error("%s: QEMU cannot be given a path with a comma", path);
    return CMD_FAIL;
}

/* Beside the command, as it is built, or where it is installed. */
static int find_plugin(struct boot *b)
{
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

    exe[n > 0 ? n : 0] = '\0';
    if (strrchr(exe, '/'))
        *strrchr(exe, '/') = '\0';
    if (plugin_in(b, exe, "") || plugin_in(b, exe, IOVP_PLUGIN_FOLDER))
        return no_comma(b->plugin);
    cmd_error("%s is not there: it is built and installed with iovp",
              b->plugin);
    return CMD_FAIL;
}

static int find_files(struct boot *b)
{
    int rc = readable("--kernel", b->kernel);

    if (!rc)
        rc = readable("--initrd", b->initrd);
    if (!rc)
        rc = readable("--firmware", b->firmware);
    return rc ? rc : find_plugin(b);
}

static bool is_elf(const char *path)
{
    FILE *f = fopen(path, "rb");
    char magic[4] = {0};
    bool elf = f && fread(magic, 1, 4, f) == 4 && !memcmp(magic, "\177ELF", 4);

    if (f)
        fclose(f);
    return elf;
}

/* ---- the guest's tree -----------------------------------------------------
 */

static void *read_file(const char *path, size_t *bytes)
{
    FILE *f = fopen(path, "rb");
    struct stat s;
    void *data = NULL;

    if (f && fstat(fileno(f), &s) == 0 && s.st_size > 0 &&
        s.st_size < 1 << 26 && (data = malloc((size_t)s.st_size)) != NULL) {
        *bytes = fread(data, 1, (size_t)s.st_size, f);
        if (*bytes != (size_t)s.st_size) {
            free(data);
            data = NULL;
        }
    }
    if (f)
        fclose(f);
    return data;
}

/* What decides how the machine looks; `more` are for the tree, too. */
static void machine(struct qemu_args *a, const struct boot *b,
                    const struct qemu_layout *l, const char *extra)
{
    args_add(a, "%s", b->qemu);
    args_add(a, "-M");
    args_add(a, "virt,gic-version=2,%s", extra);
    args_add(a, "-cpu");
    args_add(a, "cortex-a72");
    args_add(a, "-smp");
    args_add(a, "%" PRIu64, b->smp);
    args_add(a, "-m");
    args_add(a, "%" PRIu64 "M", (l->ram_bytes + l->window_bytes) >> 20);
    args_add(a, "-nodefaults");
    args_add(a, "-display");
    args_add(a, "none");
}

static int dump(struct boot *b, const struct qemu_layout *l)
{
    struct qemu_args a = {0};
    char text[600], extra[PATH_MAX + 16];
    int rc;

    snprintf(extra, sizeof(extra), "dumpdtb=%s", b->dtb);
    machine(&a, b, l, extra);
    for (int i = 0; i < b->mores; i++)
        args_add(&a, "%s", b->more[i]);
    rc = qemu_run(&a, text, sizeof(text));
    args_free(&a);
    if (!rc)
        return CMD_OK;
    text[strcspn(text, "\n")] = '\0';
    if (rc == 127)
        cmd_error("%s: install QEMU (Debian: qemu-system-arm), or say --qemu "
                  "PATH",
                  text);
    else
        cmd_error("QEMU does not tell its device tree: %s", text);
    return CMD_FAIL;
}

/* Write `blob`, a device tree, to b->dtb. */
static int write_tree(const struct boot *b, const void *blob)
{
    const uint8_t *head = blob;
    size_t bytes =
        (size_t)head[4] << 24 | head[5] << 16 | head[6] << 8 | head[7];
    FILE *f = fopen(b->dtb, "wb");
    bool ok = f && fwrite(blob, 1, bytes, f) == bytes;

    if (f && fclose(f))
        ok = false;
    if (ok)
        return CMD_OK;
    cmd_error("%s: %s", b->dtb, strerror(errno));
    return CMD_FAIL;
}

static int make_tree(struct boot *b, const struct qemu_layout *l,
                     const void *platform)
{
    const char *folder = getenv("TMPDIR");
    char why[QEMU_WHY];
    void *qemu, *guest;
    size_t bytes;
    int fd, rc;

    snprintf(b->dtb, sizeof(b->dtb), "%s/iovp-boot-XXXXXX",
             folder ? folder : "/tmp");
    fd = mkstemp(b->dtb);
    if (fd < 0) {
        cmd_error("%s: %s", b->dtb, strerror(errno));
        b->dtb[0] = '\0';
        return CMD_FAIL;
    }
    close(fd);
    rc = no_comma(b->dtb);
    if (!rc)
        rc = dump(b, l);
    if (rc)
        return rc;
    qemu = read_file(b->dtb, &bytes);
    guest = qemu ? qemu_merge(qemu, bytes, platform, why) : NULL;
    if (!qemu)
        cmd_error("QEMU has not written its device tree");
    else if (!guest)
        cmd_error("%s: %s", b->file, why);
    rc = guest ? write_tree(b, guest) : CMD_FAIL;
    free(guest);
    free(qemu);
    return rc;
}

/* ---- run ------------------------------------------------------------------
 */

static void guest_arguments(struct qemu_args *a, const struct boot *b,
                            const struct qemu_layout *l)
{
    char mem[32];

    machine(a, b, l, "memory-backend=iovp-ram");
    args_add(a, "-no-reboot");
    args_add(a, "-serial");
    args_add(a, "stdio");
    args_add(a, "-dtb");
    args_add(a, "%s", b->dtb);
    if (b->firmware) {
        args_add(a, is_elf(b->firmware) ? "-kernel" : "-bios");
        args_add(a, "%s", b->firmware);
    } else {
        qemu_mem_argument(l, mem, sizeof(mem));
        args_add(a, "-kernel");
        args_add(a, "%s", b->kernel);
        args_add(a, "-append");
        args_add(a, "%s%s%s", mem, b->append ? " " : "",
                 b->append ? b->append : "");
    }
    if (b->initrd) {
        args_add(a, "-initrd");
        args_add(a, "%s", b->initrd);
    }
    if (b->gdb) {
        args_add(a, "-gdb");
        args_add(a, "tcp::%" PRIu64, b->gdb);
    }
    for (int i = 0; i < b->mores; i++)
        args_add(a, "%s", b->more[i]);
}

static int outcome(const struct bridge *q)
{
    if (q->failed)
        cmd_error("%s", q->failed);
    else if (q->quit || (WIFEXITED(q->status) && !WEXITSTATUS(q->status)))
        return CMD_OK;
    else if (WIFEXITED(q->status))
        cmd_error("QEMU ended with status %d; what it said last is above",
                  WEXITSTATUS(q->status));
    else
        cmd_error("QEMU was ended by signal %d; what it said last is above",
                  WTERMSIG(q->status));
    return CMD_FAIL;
}

/* Half of the guest's stores took no longer on their way, in microseconds. */
static unsigned median(const struct bridge_stats *s)
{
    uint64_t seen = 0;
    unsigned us = 0;

    while (us < BRIDGE_WAY_US - 1 && (seen += s->ways[us]) * 2 < s->stores)
        us++;
    return us;
}

static void print_bridge(const struct bridge_stats *s)
{
    double n = s->stores ? (double)s->stores : 1;

    printf("registers: %" PRIu64 " stores of the guest, %.0f us each, of which "
           "models worked %.0f us; the longest %.0f us; to the models and back "
           "%u us (median); %" PRIu64 " interrupts\n",
           s->stores, (double)s->wait_ns / 1e3 / n,
           (double)s->work_ns / 1e3 / n, (double)s->wait_max_ns / 1e3,
           median(s), s->interrupts);
}

static int report(struct cmd_soc *s, const struct boot *b,
                  const struct bridge *q, double wall)
{
    struct cmd_report r = {"boot", b->trace, wall, b->json, NULL};
    iovp_status st = b->trace ? iovp_trace_stop(s->platform) : IOVP_OK;

    if (st != IOVP_OK)
        return cmd_api_error(b->trace, st);
    if (!b->json)
        putchar('\n');
    if (cmd_report(s, &r))
        return CMD_FAIL;
    if (!b->json)
        print_bridge(&q->stats);
    return CMD_OK;
}

/* STRTAB_BASE stays when the guest switches the SMMU off as it ends. */
static void note_unused(struct cmd_soc *s)
{
    iovp_node *nodes;
    size_t count;

    if (cmd_nodes(s->platform, &nodes, &count) != IOVP_OK)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t strtab = 1;

        if (nodes[i].state != IOVP_NODE_BUILT ||
            strcmp(nodes[i].compatible, "arm,smmu-v3"))
            continue;
        iovp_mmio_read(s->platform, nodes[i].reg_base + 0x80, 8,
                       IOVP_SPACE_NONSECURE, &strtab);
        if (!strtab)
            cmd_note("%s: the guest has not set it up: has its kernel the "
                     "driver (CONFIG_ARM_SMMU_V3), and did it come that far?",
                     nodes[i].path);
    }
    free(nodes);
}

static int run(struct cmd_soc *s, struct boot *b, struct bridge *q)
{
    double begin = cmd_wall_seconds();
    struct qemu_args a = {0};
    bool ran;
    int rc;

    if (b->trace && iovp_trace_start(s->platform, b->trace) != IOVP_OK) {
        cmd_error("the trace cannot be written: %s", iovp_last_error());
        return CMD_FAIL;
    }
    guest_arguments(&a, b, &q->layout);
    ran = bridge_run(q, &a, b->plugin, b->kernel && !b->user);
    args_free(&a);
    if (!ran) {
        cmd_error("%s cannot be started: %s", b->qemu, strerror(errno));
        return CMD_FAIL;
    }
    rc = outcome(q);
    note_unused(s);
    return report(s, b, q, cmd_wall_seconds() - begin) ? CMD_FAIL : rc;
}

static int boot(struct cmd_soc *s, struct boot *b, struct bridge *q)
{
    char why[QEMU_WHY];
    size_t bytes = 0;
    void *tree;
    int rc;

    iovp_platform_dtb(s->platform, NULL, &bytes);
    tree = malloc(bytes);
    if (!tree || iovp_platform_dtb(s->platform, tree, &bytes) != IOVP_OK) {
        free(tree);
        return cmd_api_error(b->file, IOVP_E_NOMEM);
    }
    if (bridge_open(q, s->platform, tree, why)) {
        rc = make_tree(b, &q->layout, tree);
    } else {
        cmd_error("%s: %s", b->file, why);
        rc = CMD_FAIL;
    }
    free(tree);
    return rc ? rc : run(s, b, q);
}

int cmd_boot(int argc, char **argv)
{
    struct boot b = {.qemu = "qemu-system-aarch64",
                     .mode = IOVP_MODE_FUNCTIONAL,
                     .smp = 1,
                     .rate = 1000000000};
    struct bridge q = {.memory = -1};
    iovp_ram_ops ram = IOVP_RAM_OPS_INIT;
    struct cmd_soc s;
    int rc = parse(&b, argc, argv);

    if (rc)
        return rc < 0 ? cmd_finish_output() : rc;
    rc = find_files(&b);
    if (rc)
        return rc;
    ram.map = bridge_map;
    ram.ud = &q;
    if (b.mode == IOVP_MODE_TIMED)
        q.instruction_ps = RATE_MAX / b.rate;
    rc = cmd_soc_open_ram(&s, b.file, b.mode, &ram);
    if (!rc)
        rc = boot(&s, &b, &q);
    if (b.dtb[0])
        unlink(b.dtb);
    bridge_close(&q);
    cmd_soc_close(&s);
    return cmd_finish_output() ? CMD_FAIL : rc;
}
