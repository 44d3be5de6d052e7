// SPDX-License-Identifier: MIT
// How the root complex reaches the world through the module.
#include "pcie_bus_internal.h"

#include <cstring>

#include "../../common/tlm/ats_extension.h"
#include "../../common/trace_record.h"
#include "pcie_module.h"

namespace iovp
{

using sc_core::sc_time;
using sc_core::sc_time_stamp;

// A payload with all that it carries.
struct pcie_module::request {
    request(payload_pool &pool, const pcie_tlp &t) : p(pool.take())
    {
        tlp.tlp = t;
        p.set_extension(&tlp);
        p.set_extension(&fault);
    }
    ~request()
    {
        p.clear_extension(&tlp);
        p.clear_extension(&fault);
        p.clear_extension(&ats);
        p.release();
    }
    request(const request &) = delete;
    request &operator=(const request &) = delete;

    bool atomic() const
    {
        return op.op.width;
    }

    pooled_payload &p;
    tlp_extension tlp;
    fault_extension fault;
    ats_extension ats;
    atomic_extension op;
    uint8_t old[16] = {}; // what an AtomicOp or Translation Request reads
    initiator *socket = nullptr;
    unsigned outlet = 0;
};

// What a callback throws goes on when the core has returned.
template <typename F> void pcie_module::guard(F f)
{
    try {
        f();
    } catch (...) {
        if (!thrown_)
            thrown_ = std::current_exception();
    }
}

// ---- requests ----

// What the packet says of attributes (2.2.10.2: without the prefix it is
// neither privileged nor an instruction fetch).
static iovp_attrs attrs_of_tlp(const pcie_tlp &t)
{
    iovp_attrs a = no_attrs();

    a.specified = IOVP_ATTR_STREAM_ID | IOVP_ATTR_PASID | IOVP_ATTR_PRIVILEGED |
                  IOVP_ATTR_INSTRUCTION | IOVP_ATTR_ADDR_TYPE |
                  IOVP_ATTR_NO_WRITE;
    a.stream_id = t.requester;
    a.pasid = t.pasid_valid ? t.pasid : 0;
    a.pasid_valid = t.pasid_valid;
    a.privileged = t.pasid_valid && t.privileged;
    a.instruction = t.pasid_valid && t.execute;
    a.addr_type = t.at;
    a.no_write = t.no_write;
    if (t.space_valid) {
        a.specified |= IOVP_ATTR_SPACE;
        a.space = t.space;
    }
    return a;
}

// False: it does not leave.
bool pcie_module::route(uint32_t function, request &r)
{
    const pcie_tlp &t = r.tlp.tlp;
    iovp_attrs &out = r.p.attrs();
    int outlet = 0;

    out = attrs_of_tlp(t);
    if (on_route) {
        outlet = -1;
        guard([&] { outlet = on_route(function, t, &out); });
    }
    if (outlet < 0 || static_cast<unsigned>(outlet) >= outlets_)
        return false;
    r.outlet = static_cast<unsigned>(outlet);
    r.socket = &dma[r.outlet * functions_ + function];
    return r.socket->size();
}

// False: it has thrown.
bool pcie_module::transport(uint32_t function, request &r, uint64_t *time)
{
    const pcie_tlp *outer = std::exchange(sent_, &r.tlp.tlp);
    uint64_t at = now();
    sc_time delay = *time > at ? unit_.time_of(*time - at) : sc_time();
    bool back = false;

    sender_ = function;
    guard([&] {
        (*r.socket)->b_transport(r.p, delay);
        back = true;
    });
    sent_ = outer;
    at = unit_.ps(sc_time_stamp() + delay);
    if (*time < at)
        *time = at;
    return back;
}

// An IOMMU's fault is a Completer Abort; where nothing answers, an Unsupported
// Request.
enum pcie_status pcie_module::status_of(const request &r) const
{
    if (r.p.is_response_ok())
        return r.atomic() && !r.op.done ? PCIE_UR : PCIE_SC;
    if (r.fault.result == IOVP_RESULT_ABORT ||
        r.fault.result == IOVP_RESULT_STALL)
        return PCIE_CA;
    return r.p.get_response_status() == tlm::TLM_ADDRESS_ERROR_RESPONSE
               ? PCIE_UR
               : PCIE_CA;
}

static bool is_atomic(const pcie_tlp &t)
{
    return t.type >= PCIE_TLP_FETCH_ADD && t.type <= PCIE_TLP_CAS;
}

enum pcie_status pcie_module::done_with(uint32_t function, const request &r,
                                        uint64_t time_in, uint64_t time_out)
{
    enum pcie_status s = status_of(r);

    if (on_done)
        guard([&] {
            on_done({function, r.tlp.tlp, r.p.attrs(), r.outlet, s, time_in,
                     time_out});
        });
    return s;
}

enum pcie_status pcie_module::send(uint32_t function, const pcie_tlp &t,
                                   void *data, uint64_t *time)
{
    request r(pool_, t);
    uint64_t time_in = *time;
    enum pcie_status s;

    if (!route(function, r))
        return PCIE_UR;
    if (is_atomic(t)) {
        iovp_atomic_set(&r.op.op, pcie_tlp_atomic_kind(&t), t.length, data);
        r.p.plain(tlm::TLM_READ_COMMAND, t.addr, r.old, t.length);
        r.p.set_extension(&r.op);
    } else {
        r.p.plain(t.type == PCIE_TLP_MWR ? tlm::TLM_WRITE_COMMAND
                                         : tlm::TLM_READ_COMMAND,
                  t.addr, static_cast<unsigned char *>(data), t.length);
    }
    if (!transport(function, r, time))
        return PCIE_UR;
    s = done_with(function, r, time_in, *time);
    if (r.atomic() && s == PCIE_SC)
        std::memcpy(data, r.op.op.old, t.length);
    return s;
}

void pcie_module::translate(uint32_t function, const pcie_tlp &t,
                            iovp_ats_completion *out, uint64_t *time)
{
    request r(pool_, t);

    *out = {0, IOVP_ATS_UR, 0, 0};
    if (!route(function, r))
        return;
    r.p.plain(tlm::TLM_READ_COMMAND, t.addr, r.old, 8);
    r.p.set_extension(&r.ats);
    if (transport(function, r, time) && r.ats.valid)
        *out = r.ats.completion;
}

// ---- the root complex's operations ----

static pcie_module *self(void *opaque)
{
    return static_cast<pcie_module *>(opaque);
}

enum pcie_status pcie_bus::request(void *opaque, uint32_t function,
                                   const struct pcie_tlp *t, void *data,
                                   uint64_t *time)
{
    return self(opaque)->send(function, *t, data, time);
}

void pcie_bus::translate(void *opaque, uint32_t function,
                         const struct pcie_tlp *t,
                         struct iovp_ats_completion *out, uint64_t *time)
{
    self(opaque)->translate(function, *t, out, time);
}

// Nobody takes it: the root complex answers, as without the operation.  A Stop
// marker, and what is not the last of its group, has no answer.
static void refuse(pcie_module &m, const iovp_page_request &r)
{
    iovp_page_response p = {};

    if (!r.last || (r.pasid_valid && !r.read && !r.write))
        return;
    p.stream_id = r.stream_id;
    p.pasid = r.pasid;
    p.pasid_valid = r.pasid_valid;
    p.prg_index = r.prg_index;
    p.automatic = true;
    p.code = IOVP_PAGE_FAILURE;
    m.page_response(static_cast<uint16_t>(r.stream_id), p);
}

bool pcie_bus::page_request(void *opaque, const struct iovp_page_request *r)
{
    pcie_module *m = self(opaque);
    bool taken = true;

    if (m->on_page_request)
        m->guard([&] { taken = m->on_page_request(*r); });
    else
        refuse(*m, *r);
    return taken;
}

bool pcie_bus::invalidated(void *opaque, uint32_t token, bool timeout)
{
    pcie_module *m = self(opaque);
    bool taken = true;

    if (m->on_invalidated)
        m->guard([&] { taken = m->on_invalidated(token, timeout); });
    return taken;
}

void pcie_bus::intx(void *opaque, unsigned line, bool level)
{
    pcie_module *m = self(opaque);

    m->level_[line & 3] = level;
    m->levels_.notify(sc_core::SC_ZERO_TIME);
    if (m->on_intx)
        m->guard([&] { m->on_intx(line, level); });
}

void pcie_bus::system_error(void *opaque, uint8_t message, uint16_t source)
{
    pcie_module *m = self(opaque);

    if (m->on_system_error)
        m->guard([&] { m->on_system_error(message, source); });
}

void pcie_bus::tlp(void *opaque, const struct pcie_tlp_view *v)
{
    pcie_module *m = self(opaque);

    if (m->on_tlp)
        m->guard([&] { m->on_tlp(*v); });
}

void pcie_bus::wake(void *opaque, uint64_t t)
{
    self(opaque)->arm(t);
}

void pcie_bus::renumbered(void *opaque, uint32_t function)
{
    pcie_module *m = self(opaque);

    if (m->on_renumbered)
        m->guard([&] { m->on_renumbered(function); });
}

struct pcie_root_ops pcie_bus::ops()
{
    struct pcie_root_ops o = {};

    o.size = sizeof o;
    o.request = request;
    o.translate = translate;
    o.page_request = page_request;
    o.invalidated = invalidated;
    o.intx = intx;
    o.system_error = system_error;
    o.tlp = tlp;
    o.wake = wake;
    o.renumbered = renumbered;
    return o;
}

} // namespace iovp
