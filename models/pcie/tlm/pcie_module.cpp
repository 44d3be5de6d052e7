// SPDX-License-Identifier: MIT
// Construction, work, and what processors access.
#include "pcie_module.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "../../common/tlm/register_access.h"
#include "pcie_bus_internal.h"

namespace iovp
{

using sc_core::sc_time;
using sc_core::sc_time_stamp;

// What is due at once again is due after this: time goes on, whatever software
// has made the endpoints do.
static const uint64_t pause_ps = 1000;

// Before the base is built: a module that throws later leaves its callbacks
// behind in SystemC 3.0.
static const pcie_root_config &check(const pcie_root_config &config,
                                     unsigned outlets)
{
    int32_t index = -1;
    const char *wrong = pcie_root_check(&config, &index);

    if (!wrong && !outlets)
        wrong = "there is no outlet";
    if (wrong && index >= 0)
        throw std::invalid_argument("pcie: function " + std::to_string(index) +
                                    ": " + wrong);
    if (wrong)
        throw std::invalid_argument(std::string("pcie: ") + wrong);
    return config;
}

pcie_module::pcie_module(sc_core::sc_module_name name,
                         const pcie_root_config &config, unsigned outlets)
    : sc_core::sc_module((check(config, outlets), name)), ecam("ecam"),
      windows("windows"), dma("dma", outlets * config.function_count),
      intx("intx", 4), functions_(config.function_count), outlets_(outlets),
      bus_first_(config.bus_first)
{
    struct pcie_root_ops ops = pcie_bus::ops();

    if (config.window_count)
        map_.assign(config.windows, config.windows + config.window_count);
    ecam.register_b_transport(this, &pcie_module::ecam_transport);
    ecam.register_transport_dbg(this, &pcie_module::ecam_debug);
    ecam.register_get_direct_mem_ptr(this, &pcie_module::no_dmi);
    windows.register_b_transport(this, &pcie_module::window_transport);
    windows.register_transport_dbg(this, &pcie_module::no_debug);
    windows.register_get_direct_mem_ptr(this, &pcie_module::no_dmi);
    root_ = pcie_root_create(&config, &ops, this);
    if (!root_)
        throw std::bad_alloc();
    method("work", due_, [this] { work(); });
    method("levels", levels_, [this] { drive(); });
}

pcie_module::~pcie_module()
{
    pcie_root_destroy(root_);
}

void pcie_module::method(const char *name, const sc_core::sc_event &event,
                         const std::function<void()> &f)
{
    sc_core::sc_spawn_options o;

    o.spawn_method();
    o.set_sensitivity(&event);
    sc_core::sc_spawn(f, sc_core::sc_gen_unique_name(name), &o);
}

// ---- work ----

void pcie_module::arm(uint64_t t)
{
    uint64_t at = now();

    if (t == PCIE_NEVER)
        return;
    due_.notify(t > at ? unit_.time_of(t - at) : sc_core::SC_ZERO_TIME);
}

void pcie_module::poke()
{
    arm(now());
}

// The first time, when the simulation begins, is for what was due before.
void pcie_module::work()
{
    uint64_t at = now(), next = pcie_root_work(root_, at);

    arm(next <= at ? at + pause_ps : next);
    rethrow();
}

// Nothing may be thrown through the C core.
void pcie_module::rethrow()
{
    if (thrown_)
        std::rethrow_exception(std::exchange(thrown_, nullptr));
}

// One process writes to the signals.
void pcie_module::drive()
{
    for (unsigned line = 0; line < 4; line++)
        for (int i = 0; i < intx[line].size(); i++)
            intx[line][i]->write(level_[line]);
}

bool pcie_module::invalidate(uint16_t id, const iovp_ats_invalidation &i)
{
    return pcie_root_invalidate(root_, id, &i, now());
}

bool pcie_module::page_response(uint16_t id, const iovp_page_response &r)
{
    return pcie_root_page_response(root_, id, &r, now());
}

// ---- processors ----

// They may come while a request of a function is under way: to a peer.
template <typename F> void pcie_module::access(sc_time &delay, F f)
{
    struct pcie *h = pcie_root_hierarchy(root_);
    uint64_t was = pcie_time(h), in = unit_.ps(sc_time_stamp() + delay), out;

    pcie_set_time(h, in);
    f(h);
    out = pcie_time(h);
    pcie_set_time(h, was);
    if (out > in)
        delay += unit_.time_of(out - in);
    rethrow();
}

void pcie_module::ecam_transport(payload &p, sc_time &delay)
{
    uint64_t size = pcie_ecam_size(pcie_root_hierarchy(root_));
    tlm::tlm_response_status status = register_shape(p, size);

    p.set_dmi_allowed(false);
    p.set_response_status(status);
    if (status != tlm::TLM_OK_RESPONSE)
        return;
    access(delay, [&p](struct pcie *h) {
        unsigned width = p.get_data_length();
        uint64_t v = 0;

        if (p.is_write()) {
            pcie_ecam_write(h, p.get_address(), width, register_word(p));
            return;
        }
        pcie_ecam_read(h, p.get_address(), width, &v);
        set_register_word(p, v);
    });
}

// By the function itself, as routing logs errors and takes time.
unsigned pcie_module::ecam_debug(payload &p)
{
    struct pcie *h = pcie_root_hierarchy(root_);
    uint64_t at = p.get_address(), v = UINT64_MAX;
    unsigned width = p.get_data_length();
    struct pcie_fn *f;

    if (!p.is_read() ||
        register_shape(p, pcie_ecam_size(h)) != tlm::TLM_OK_RESPONSE)
        return 0;
    f = pcie_find(
        h, static_cast<uint16_t>((at >> 12) + (uint64_t(bus_first_) << 8)));
    if (f && (at & 0xfff) + width <= 0x1000)
        v = pcie_config_read(f, at & 0xfff, width);
    set_register_word(p, v);
    return width;
}

static tlm::tlm_response_status window_shape(const tlm::tlm_generic_payload &p)
{
    if (!p.get_data_length() || p.get_streaming_width() < p.get_data_length())
        return tlm::TLM_BURST_ERROR_RESPONSE;
    if (!p.get_data_ptr())
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    return bytes_disabled(p) ? tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE
                             : tlm::TLM_OK_RESPONSE;
}

void pcie_module::window_transport(payload &p, sc_time &delay)
{
    tlm::tlm_response_status status = tlm::TLM_OK_RESPONSE;
    enum pcie_status s = PCIE_SC;

    p.set_dmi_allowed(false);
    if (p.get_command() != tlm::TLM_IGNORE_COMMAND) {
        status = window_shape(p);
        if (status == tlm::TLM_OK_RESPONSE)
            access(delay, [&](struct pcie *) { s = window_access(p); });
    }
    if (s != PCIE_SC)
        status = s == PCIE_UR ? tlm::TLM_ADDRESS_ERROR_RESPONSE
                              : tlm::TLM_GENERIC_ERROR_RESPONSE;
    p.set_response_status(status);
}

enum pcie_status pcie_module::window_access(payload &p)
{
    struct pcie *h = pcie_root_hierarchy(root_);

    if (p.get_extension<atomic_extension>())
        return window_atomic(p);
    if (p.is_read())
        return pcie_host_read(h, p.get_address(), p.get_data_ptr(),
                              p.get_data_length());
    return pcie_host_write(h, p.get_address(), p.get_data_ptr(),
                           p.get_data_length());
}

static_assert(PCIE_TLP_SWAP - PCIE_TLP_FETCH_ADD == IOVP_ATOMIC_KIND_SWAP &&
                  PCIE_TLP_CAS - PCIE_TLP_FETCH_ADD == IOVP_ATOMIC_KIND_CAS,
              "AtomicOps and atomic operations have the same order");

enum pcie_status pcie_module::window_atomic(payload &p)
{
    atomic_extension &x = *p.get_extension<atomic_extension>();
    uint8_t data[2 * sizeof x.op.operand] = {};
    pcie_tlp t = {};

    if (x.op.width != p.get_data_length())
        return PCIE_UR;
    t.type = static_cast<uint8_t>(PCIE_TLP_FETCH_ADD + x.op.kind);
    t.requester = static_cast<uint16_t>(bus_first_ << 8);
    t.length = x.op.width;
    for (const pcie_window &w : map_) {
        enum pcie_status s;

        if (p.get_address() - w.host >= w.size)
            continue;
        t.addr = p.get_address() - w.host + w.pci;
        iovp_atomic_get(&x.op, data);
        s = pcie_send_down(pcie_root_hierarchy(root_), &t, data);
        if (s != PCIE_SC)
            return s;
        std::memcpy(x.op.old, data, x.op.width);
        std::memcpy(p.get_data_ptr(), data, x.op.width);
        x.done = true;
        return s;
    }
    return PCIE_UR;
}

unsigned pcie_module::no_debug(payload &)
{
    return 0;
}

bool pcie_module::no_dmi(payload &p, tlm::tlm_dmi &dmi)
{
    return deny_dmi(p, dmi);
}

} // namespace iovp
