/* SPDX-License-Identifier: MIT */
#include "pcie_tree.h"

#include <stdlib.h>
#include <string.h>

/* ---- the tree --------------------------------------------------------------
 */

#define LINK(speed_, width_)          \
    {                                 \
        .cap = PCIE_CAP_EXP, .exp = { \
            .speed = (speed_),        \
            .width = (width_),        \
            .mps = 512,               \
            .flr = true,              \
            .ee_prefix = true,        \
            .max_prefixes = 1,        \
            .atomics = true,          \
            .ari = true,              \
            .message = 0              \
        }                             \
    }
#define ACS_ALL                                                     \
    {                                                               \
        .cap = PCIE_CAP_ACS, .acs = {                               \
            PCIE_ACS_SV | PCIE_ACS_TB | PCIE_ACS_RR | PCIE_ACS_CR | \
            PCIE_ACS_UF | PCIE_ACS_DT                               \
        }                                                           \
    }
#define AER                 \
    {                       \
        .cap = PCIE_CAP_AER \
    }
#define PM                 \
    {                      \
        .cap = PCIE_CAP_PM \
    }

static const struct pcie_cap_config port_caps[] = {
    PM,  LINK(4, 8), {.cap = PCIE_CAP_MSI, .msi = {1, false}},
    AER, ACS_ALL,    {.cap = PCIE_CAP_DPC},
};

static const struct pcie_cap_config upstream_caps[] = {PM, LINK(4, 8), AER};

static const uint8_t dvsec_bytes[6] = {1, 2, 3, 4, 5, 6};
static const uint8_t dvsec_write[6] = {0, 0xff, 0, 0, 0, 0x0f};
static const uint8_t serial[8] = {1, 0, 0, 0, 0, 0, 0, 0x80};

static const struct pcie_cap_config all_caps[] = {
    PM,
    {.cap = PCIE_CAP_MSI, .msi = {8, true}},
    LINK(3, 4),
    {.cap = PCIE_CAP_MSIX, .msix = {16, 2, 2, 0, 0x800}},
    AER,
    {.cap = PCIE_CAP_RAW,
     .raw = {.id = PCIE_EXT_DSN, .version = 1, .length = 8, .bytes = serial}},
    {.cap = PCIE_CAP_ATS, .ats = {32, true}},
    {.cap = PCIE_CAP_PRI, .pri = {64, true}},
    {.cap = PCIE_CAP_PASID, .pasid = {16, true, true}},
    {.cap = PCIE_CAP_ARI},
    {.cap = PCIE_CAP_DVSEC,
     .raw = {.id = 7,
             .version = 2,
             .vendor = PTREE_VENDOR,
             .length = 6,
             .bytes = dvsec_bytes,
             .write = dvsec_write}},
};

static const struct pcie_cap_config plain_caps[] = {
    {.cap = PCIE_CAP_PM, .pm = {true}},
    LINK(5, 16),
    AER,
    {.cap = PCIE_CAP_ATS, .ats = {1, false}},
    {.cap = PCIE_CAP_PASID, .pasid = {20, false, false}},
};

#define COUNT(a) (uint32_t)(sizeof(a) / sizeof((a)[0]))
#define CAPS(a)  .caps = (a), .cap_count = COUNT(a)
#define IDS(index)                                            \
    .vendor_id = PTREE_VENDOR, .device_id = 0x1000 + (index), \
    .subsystem_vendor_id = PTREE_VENDOR, .subsystem_id = (index)
#define PORT(index, kind_, parent_, device_, caps_)                          \
    [index] = {IDS(index),          .kind = (kind_),    .parent = (parent_), \
               .device = (device_), .interrupt_pin = 1, CAPS(caps_)}

static const struct pcie_fn_config functions[PTREE_COUNT] = {
    PORT(RP0, PCIE_ROOT_PORT, -1, 1, port_caps),
    PORT(RP1, PCIE_ROOT_PORT, -1, 2, port_caps),
    PORT(SWU, PCIE_UPSTREAM_PORT, RP1, 0, upstream_caps),
    PORT(SWD0, PCIE_DOWNSTREAM_PORT, SWU, 0, port_caps),
    PORT(SWD1, PCIE_DOWNSTREAM_PORT, SWU, 1, port_caps),
    [EP0] = {IDS(EP0), .kind = PCIE_ENDPOINT, .parent = RP0,
             .class_code = 0x010802, .revision_id = 3, .interrupt_pin = 2,
             .bar = {{0x1000, 0},
                     {64, PCIE_BAR_IO},
                     {0x100000, PCIE_BAR_64 | PCIE_BAR_PREFETCH},
                     {0, 0},
                     {256, 0},
                     {0x20000, PCIE_BAR_PREFETCH}},
             .rom = 0x10000, CAPS(all_caps)},
    [EP1] = {IDS(EP1), .kind = PCIE_ENDPOINT, .parent = SWD0,
             .class_code = 0xff0000, .interrupt_pin = 1, .bar = {{0x1000, 0}},
             CAPS(plain_caps)},
    [EP2] = {IDS(EP2), .kind = PCIE_ENDPOINT, .parent = SWD1,
             .class_code = 0xff0000, .interrupt_pin = 1,
             .bar = {{0x1000, 0},
                     {0, 0},
                     {0x10000, PCIE_BAR_64 | PCIE_BAR_PREFETCH}},
             CAPS(plain_caps)},
    [EP2F1] = {IDS(EP2F1), .kind = PCIE_ENDPOINT, .parent = SWD1, .function = 1,
               .class_code = 0xff0000, .interrupt_pin = 2, .bar = {{0x1000, 0}},
               CAPS(plain_caps)},
    [RCI] = {IDS(RCI), .kind = PCIE_RCIEP, .parent = -1, .device = 3,
             .class_code = 0xff0000, .interrupt_pin = 1, .bar = {{0x1000, 0}},
             CAPS(plain_caps)},
};

const struct pcie_fn_config *ptree_functions(void)
{
    return functions;
}

/* ---- the functions ------------------------------------------------------- */

static void remember(struct ptree_fn *f, unsigned bar, uint64_t offset,
                     const struct pcie_tlp *t)
{
    f->bar = bar;
    f->offset = offset;
    f->last = *t;
}

static enum pcie_status fn_read(void *opaque, unsigned bar, uint64_t offset,
                                const struct pcie_tlp *t, void *data)
{
    struct ptree_fn *f = (struct ptree_fn *)opaque;

    remember(f, bar, offset, t);
    f->reads++;
    for (uint32_t i = 0; i < t->length; i++)
        ((uint8_t *)data)[i] = f->memory[(offset + i) % sizeof(f->memory)];
    return f->answer;
}

static enum pcie_status fn_write(void *opaque, unsigned bar, uint64_t offset,
                                 const struct pcie_tlp *t, const void *data)
{
    struct ptree_fn *f = (struct ptree_fn *)opaque;
    uint8_t word[64] = {0};

    remember(f, bar, offset, t);
    f->writes++;
    for (uint32_t i = 0; i < t->length; i++)
        f->memory[(offset + i) % sizeof(f->memory)] =
            ((const uint8_t *)data)[i];
    if (f->echo.length)
        pcie_request(ptree_fn(f->s, f->index), &f->echo, word);
    return f->answer;
}

static enum pcie_status fn_atomic(void *opaque, unsigned bar, uint64_t offset,
                                  const struct pcie_tlp *t, void *data)
{
    struct ptree_fn *f = (struct ptree_fn *)opaque;
    uint8_t *at = &f->memory[offset % (sizeof(f->memory) - 16)], old[16];

    remember(f, bar, offset, t);
    memcpy(old, at, t->length);
    memcpy(at, data, t->length);
    memcpy(data, old, t->length);
    return f->answer;
}

static void fn_config(void *opaque, uint32_t offset)
{
    (void)offset;
    ((struct ptree_fn *)opaque)->configs++;
}

static void fn_message(void *opaque, const struct pcie_tlp *t, const void *data)
{
    struct ptree_fn *f = (struct ptree_fn *)opaque;

    (void)data;
    f->last = *t;
    f->messages++;
}

static void fn_reset(void *opaque, enum pcie_reset_kind kind)
{
    struct ptree_fn *f = (struct ptree_fn *)opaque;

    f->resets++;
    f->reset = kind;
}

static const struct pcie_fn_ops fn_ops = {
    .read = fn_read,
    .write = fn_write,
    .atomic = fn_atomic,
    .config_written = fn_config,
    .message = fn_message,
    .reset = fn_reset,
};

/* ---- the host ------------------------------------------------------------ */

static enum pcie_status host_request(void *opaque, struct pcie_fn *f,
                                     const struct pcie_tlp *t, void *data)
{
    struct ptree *s = (struct ptree *)opaque;

    (void)f;
    s->requests++;
    s->last = *t;
    pcie_set_time(s->p, pcie_time(s->p) + s->host_ps);
    if (t->type == PCIE_TLP_MSG || t->type == PCIE_TLP_MSGD) {
        s->messages++;
        return PCIE_SC;
    }
    if (s->loop)
        return pcie_send_down(s->p, t, data);
    s->last_data = 0;
    for (uint32_t i = 0; i < t->length; i++) {
        uint8_t *at = &s->ram[(t->addr + i) % sizeof(s->ram)];

        if (t->type == PCIE_TLP_MRD)
            ((uint8_t *)data)[i] = *at;
        else
            *at = ((uint8_t *)data)[i];
        if (i < 4)
            s->last_data |= (uint32_t)*at << (8 * i);
    }
    return s->answer;
}

static void host_intx(void *opaque, unsigned line, bool level)
{
    struct ptree *s = (struct ptree *)opaque;

    s->line[line] = level;
    s->edges++;
}

static void host_error(void *opaque, uint8_t message, uint16_t source)
{
    struct ptree *s = (struct ptree *)opaque;

    s->errors++;
    s->error = message;
    s->error_source = source;
}

static int index_of(const struct ptree *s, const struct pcie_fn *f)
{
    for (unsigned i = 0; i < PTREE_COUNT; i++)
        if (f && pcie_function(s->p, i) == f)
            return (int)i;
    return -1;
}

static void host_sent(void *opaque, struct pcie_fn *f, const struct pcie_tlp *t,
                      enum pcie_status status, uint64_t from)
{
    struct ptree *s = (struct ptree *)opaque;

    s->sents++;
    s->sent = (struct ptree_sent){.fn = index_of(s, f),
                                  .t = *t,
                                  .s = status,
                                  .from = from,
                                  .to = pcie_time(s->p)};
}

static void host_renumbered(void *opaque, struct pcie_fn *f)
{
    struct ptree *s = (struct ptree *)opaque;

    s->renumbers++;
    s->renumbered = (unsigned)index_of(s, f);
}

/* ---- create and enumerate ---------------------------------------------- */

static uint32_t enum_read(void *ud, uint16_t id, uint32_t at, unsigned width)
{
    uint64_t v;

    pcie_ecam_read(((struct ptree *)ud)->p, (uint64_t)id << 12 | at, width, &v);
    return (uint32_t)v;
}

static void enum_write(void *ud, uint16_t id, uint32_t at, unsigned width,
                       uint32_t value)
{
    pcie_ecam_write(((struct ptree *)ud)->p, (uint64_t)id << 12 | at, width,
                    value);
}

bool ptree_create(struct ptree *s)
{
    static const struct pcie_window windows[] = {
        {PTREE_MEM, PTREE_MEM, 0x10000000, false},
        {PTREE_PREF, PTREE_PREF, 1ull << 32, false},
        {PTREE_IO, 0x1000, 0xf000, true},
    };
    struct pcie_fn_config fns[PTREE_COUNT];
    struct pcie_config c = {
        .size = sizeof(c),
        .bus_last = 255,
        .peer_to_peer = s->peer_to_peer,
        .timed = s->timed,
        .windows = windows,
        .window_count = COUNT(windows),
        .functions = fns,
        .function_count = PTREE_COUNT,
    };
    struct pcie_ops ops = {.size = sizeof(ops),
                           .request = host_request,
                           .sent = host_sent,
                           .renumbered = host_renumbered,
                           .intx = host_intx,
                           .system_error = host_error};

    memcpy(fns, functions, sizeof(fns));
    for (unsigned i = 0; i < PTREE_COUNT; i++) {
        s->fn[i].s = s;
        s->fn[i].index = i;
        fns[i].ops = &fn_ops;
        fns[i].opaque = &s->fn[i];
        if (fns[i].kind == PCIE_ROOT_PORT ||
            fns[i].kind == PCIE_DOWNSTREAM_PORT)
            fns[i].link = s->link;
    }
    s->e = (struct pcie_enum){
        .read = enum_read,
        .write = enum_write,
        .ud = s,
        .bus_last = 255,
        .pool = {{PTREE_MEM, PTREE_MEM + 0x10000000},
                 {PTREE_PREF, PTREE_PREF + (1ull << 32)},
                 {0x1000, 0x10000}},
    };
    s->p = pcie_create(&c, &ops, s);
    return s->p != NULL;
}

bool ptree_open(struct ptree *s)
{
    if (!ptree_create(s))
        return false;
    pcie_enumerate(&s->e);
    return !s->e.error && s->e.count == PTREE_COUNT;
}

void ptree_close(struct ptree *s)
{
    pcie_destroy(s->p);
    free(s);
}

struct pcie_fn *ptree_fn(struct ptree *s, unsigned index)
{
    return pcie_function(s->p, index);
}

uint16_t ptree_id(unsigned index)
{
    static const uint16_t id[PTREE_COUNT] = {
        [RP0] = 0x0008,   [EP0] = 0x0100,  [RP1] = 0x0010, [SWU] = 0x0200,
        [SWD0] = 0x0300,  [SWD1] = 0x0308, [EP1] = 0x0400, [EP2] = 0x0500,
        [EP2F1] = 0x0501, [RCI] = 0x0018,
    };

    return id[index];
}

uint64_t ptree_bar(const struct ptree *s, unsigned index, unsigned bar)
{
    const struct pcie_enum_fn *f =
        pcie_enum_find(&s->e, PTREE_VENDOR, (uint16_t)(0x1000 + index));

    return f ? f->bar[bar] : 0;
}

uint32_t cfg_rd(struct ptree *s, unsigned index, uint32_t at, unsigned width)
{
    return enum_read(s, ptree_id(index), at, width);
}

void cfg_wr(struct ptree *s, unsigned index, uint32_t at, unsigned width,
            uint32_t value)
{
    enum_write(s, ptree_id(index), at, width, value);
}

uint32_t cap_rd(struct ptree *s, unsigned index, enum pcie_cap cap, uint32_t at,
                unsigned width)
{
    return cfg_rd(s, index, pcie_cap_offset(ptree_fn(s, index), cap) + at,
                  width);
}

void cap_wr(struct ptree *s, unsigned index, enum pcie_cap cap, uint32_t at,
            unsigned width, uint32_t value)
{
    cfg_wr(s, index, pcie_cap_offset(ptree_fn(s, index), cap) + at, width,
           value);
}

int ptree_dma(struct ptree *s, unsigned index, bool write, uint64_t addr,
              void *data, uint32_t length)
{
    struct pcie_tlp t = {.type = (uint8_t)(write ? PCIE_TLP_MWR : PCIE_TLP_MRD),
                         .addr = addr,
                         .length = length};

    return pcie_request(ptree_fn(s, index), &t, data);
}
