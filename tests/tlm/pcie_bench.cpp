// SPDX-License-Identifier: MIT
#include "pcie_bench.h"

namespace bench
{

gadget *gadgets[FUNCTIONS];

static pcie_bench *the_pcie;

// ---- the gadget ----

static void *create(const void *config, struct pcie_ep *ep,
                    const struct iovp_heap *)
{
    gadget *g = new gadget();

    g->ep = ep;
    gadgets[*static_cast<const int *>(config)] = g;
    return g;
}

static void destroy(void *self)
{
    delete static_cast<gadget *>(self);
}

static enum pcie_status read(void *self, unsigned, uint64_t offset,
                             const struct pcie_tlp *t, void *data)
{
    if (offset >= 0x800)
        return PCIE_CA;
    std::memset(data, 0, t->length);
    std::memcpy(data, &static_cast<gadget *>(self)->word,
                t->length < 4 ? t->length : 4);
    return PCIE_SC;
}

static enum pcie_status write(void *self, unsigned, uint64_t,
                              const struct pcie_tlp *t, const void *data)
{
    gadget *g = static_cast<gadget *>(self);

    std::memcpy(&g->word, data, t->length < 4 ? t->length : 4);
    pcie_ep_wake(g->ep, pcie_ep_time(g->ep));
    return PCIE_SC;
}

static enum pcie_status atomic(void *self, unsigned, uint64_t,
                               const struct pcie_tlp *t, void *data)
{
    gadget *g = static_cast<gadget *>(self);
    uint32_t old = g->word, operand;

    if (t->type != PCIE_TLP_FETCH_ADD || t->length != 4)
        return PCIE_CA;
    std::memcpy(&operand, data, 4);
    g->word += operand;
    std::memcpy(data, &old, 4);
    return PCIE_SC;
}

static void message(void *self, const struct pcie_tlp *t, const void *data)
{
    gadget *g = static_cast<gadget *>(self);

    g->messages++;
    g->message = *t;
    if (data)
        std::memcpy(g->message_data, data, t->length < 8 ? t->length : 8);
}

static uint64_t work(void *self, uint64_t now)
{
    gadget *g = static_cast<gadget *>(self);
    struct pcie_fn *f = pcie_ep_function(g->ep);

    g->works++;
    if (g->endless)
        return now;
    if (g->result != -100)
        return PCIE_NEVER;
    g->began = now;
    g->result =
        g->vector < 0
            ? pcie_request(f, &g->tlp, g->data)
            : static_cast<int>(pcie_msi(f, static_cast<uint32_t>(g->vector)));
    g->ended = pcie_ep_time(g->ep);
    return PCIE_NEVER;
}

static const struct pcie_fn_ops *ops()
{
    static struct pcie_fn_ops o = {};

    o.read = read;
    o.write = write;
    o.atomic = atomic;
    o.message = message;
    return &o;
}

static pcie_ep_class gadget_class()
{
    pcie_ep_class c = {};

    c.name = "gadget";
    c.config_bytes = sizeof(int);
    c.create = create;
    c.destroy = destroy;
    c.ops = ops();
    c.work = work;
    return c;
}

// ---- the configuration ----

static pcie_cap_config capability(enum pcie_cap which)
{
    pcie_cap_config c = {};

    c.cap = static_cast<uint8_t>(which);
    if (which == PCIE_CAP_EXP) {
        c.exp.speed = 3;
        c.exp.width = 4;
        c.exp.mps = 256;
        c.exp.ee_prefix = true;
        c.exp.max_prefixes = 1;
        c.exp.atomics = true;
    }
    if (which == PCIE_CAP_MSI)
        c.msi.vectors = 1;
    if (which == PCIE_CAP_ATS)
        c.ats.queue_depth = 32;
    if (which == PCIE_CAP_PRI)
        c.pri.capacity = 8;
    return c;
}

struct description {
    pcie_ep_class cls = gadget_class();
    pcie_cap_config caps[4] = {
        capability(PCIE_CAP_EXP), capability(PCIE_CAP_MSI),
        capability(PCIE_CAP_ATS), capability(PCIE_CAP_PRI)};
    int index[FUNCTIONS] = {RP, EP, RCI};
    pcie_window window = {WINDOW, WINDOW, WINDOW_BYTES, false};
    pcie_root_function fn[FUNCTIONS] = {};
    pcie_root_config c = {};

    description()
    {
        for (int i = 0; i < FUNCTIONS; i++) {
            pcie_fn_config &f = fn[i].fn;

            f.parent = -1;
            f.vendor_id = 0x1234;
            f.device_id = static_cast<uint16_t>(0x1000 + i);
            f.caps = caps;
            f.cap_count = i == RP ? 2 : 4;
            f.interrupt_pin = i == RP ? 0 : 1;
            if (i == RP)
                continue;
            f.class_code = 0xff0000;
            f.bar[0].size = 0x1000;
            fn[i].cls = &cls;
            fn[i].config = &index[i];
        }
        fn[RP].fn.kind = PCIE_ROOT_PORT;
        fn[RP].fn.device = 1;
        fn[EP].fn.kind = PCIE_ENDPOINT;
        fn[EP].fn.parent = RP;
        fn[RCI].fn.kind = PCIE_RCIEP;
        fn[RCI].fn.device = 2;
        c.size = sizeof c;
        c.bus_last = 3;
        c.timed = true;
        c.windows = &window;
        c.window_count = 1;
        c.functions = fn;
        c.function_count = FUNCTIONS;
        c.latency_ps = LATENCY_PS;
    }
};

// Classes are not copied.
static const description &soc()
{
    static const description d;

    return d;
}

pcie_bench::pcie_bench(platform &b_)
    : b(b_), pcie("pcie", soc().c, OUTLETS), host("host"), mmio("mmio"),
      up("up"), other("other"), spare("spare"), intx("intx", 4)
{
    b.join(host.socket, pcie.ecam, "ecam");
    b.join(mmio.socket, pcie.windows, "windows");
    b.join(pcie.dma[BY_SMMU * FUNCTIONS + EP], up.in, "dma_ep");
    up.out.bind(b.smmu.upstream[2]);
    b.join(pcie.dma[PAST_IT * FUNCTIONS + RCI], other.client, "dma_rci");
    spare.socket.bind(other.table);
    for (unsigned i = 0; i < 4; i++)
        pcie.intx[i].bind(intx[i]);
    pcie.on_page_request = [this](const iovp_page_request &r) {
        iovp_page_request own = r;

        own.stream_id = SID_S1;
        return b.smmu.page_request(own);
    };
    pcie.on_invalidated = [this](uint32_t token, bool timeout) {
        b.smmu.atc_complete(token, timeout);
        return true;
    };
}

// ---- processors ----

tlm::tlm_response_status pcie_bench::cfg(bool w, uint64_t offset, void *data,
                                         unsigned width)
{
    payload p;
    sc_time t;

    platform::setup(p, w ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND,
                    offset, data, width);
    host.socket->b_transport(p, t);
    return p.get_response_status();
}

uint32_t pcie_bench::cfg_rd(uint16_t id, uint32_t at, unsigned width)
{
    uint32_t v = 0;

    CHECK_EQ(cfg(false, (uint64_t(id) << 12) + at, &v, width),
             tlm::TLM_OK_RESPONSE);
    return v;
}

void pcie_bench::cfg_wr(uint16_t id, uint32_t at, unsigned width, uint32_t v)
{
    CHECK_EQ(cfg(true, (uint64_t(id) << 12) + at, &v, width),
             tlm::TLM_OK_RESPONSE);
}

uint64_t pcie_bench::bar_address(unsigned fn, unsigned bar) const
{
    const struct pcie_enum_fn *f =
        pcie_enum_find(&e, 0x1234, static_cast<uint16_t>(0x1000 + fn));

    return f ? f->bar[bar] : 0;
}

tlm::tlm_response_status pcie_bench::bar(bool w, unsigned fn, uint64_t at,
                                         void *data, unsigned length,
                                         sc_time *delay)
{
    payload p;
    sc_time t;

    platform::setup(p, w ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND,
                    bar_address(fn) + at, data, length);
    mmio.socket->b_transport(p, delay ? *delay : t);
    return p.get_response_status();
}

uint32_t pcie_bench::cap(enum pcie_cap c) const
{
    return pcie_cap_offset(pcie_function(pcie_root_hierarchy(pcie.root()), EP),
                           c);
}

int pcie_bench::go(unsigned fn)
{
    uint32_t v = 1;

    gadgets[fn]->result = -100;
    CHECK_EQ(bar(true, fn, 0, &v, 4), tlm::TLM_OK_RESPONSE);
    sc_core::wait(10, sc_core::SC_US);
    return gadgets[fn]->result;
}

// ---- a test's start ----

static uint32_t enum_read(void *ud, uint16_t id, uint32_t at, unsigned width)
{
    return static_cast<pcie_bench *>(ud)->cfg_rd(id, at, width);
}

static void enum_write(void *ud, uint16_t id, uint32_t at, unsigned width,
                       uint32_t value)
{
    static_cast<pcie_bench *>(ud)->cfg_wr(id, at, width, value);
}

void pcie_bench::settle()
{
    if (!enumerated) {
        e.read = enum_read;
        e.write = enum_write;
        e.ud = this;
        e.bus_last = 3;
        e.pool[ENUM_MEM] = {WINDOW, WINDOW + WINDOW_BYTES};
        pcie_enumerate(&e);
        CHECK(!e.error);
        CHECK_EQ(e.count, FUNCTIONS);
        enumerated = true;
    }
    pcie.on_route = [](uint32_t function, const pcie_tlp &,
                       iovp_attrs *out) -> int {
        out->stream_id = function == EP ? SID_S1 : 7;
        return function == EP ? BY_SMMU : PAST_IT;
    };
    pcie.on_done = nullptr;
    pcie.on_tlp = nullptr;
    pcie.on_intx = nullptr;
    b.smmu.set_port_may_stall(2, false);
    b.smmu.set_port_index(2, 2);
    up.seen = 0;
    up.on_seen = nullptr;
    other.log.clear();
    for (gadget *g : gadgets) {
        if (!g)
            continue;
        struct pcie_ep *ep = g->ep;
        *g = gadget();
        g->ep = ep;
    }
}

pcie_bench &pcie_of(platform &)
{
    the_pcie->settle();
    return *the_pcie;
}

[[maybe_unused]] static bool extended = [] {
    more_ports = 1;
    adjust_config = [](smmuv3_config &c) {
        c.idr0 |= 1u << 10 | 1u << 16; // ATS, PRI
        c.idr1 |= 4u << 11;            // PRIQS
    };
    extend = [](platform &b) { the_pcie = new pcie_bench(b); };
    return true;
}();

} // namespace bench
