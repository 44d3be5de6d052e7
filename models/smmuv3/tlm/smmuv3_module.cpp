// SPDX-License-Identifier: MIT
// Construction, settings and the register socket.
#include "smmuv3_module.h"

#include <cstring>
#include <stdexcept>
#include <string>

#include "smmuv3_bus_internal.h"

namespace iovp
{

using sc_core::sc_time;

// Before the base is built: a module that throws later leaves its callbacks
// behind in SystemC 3.0.
static void check(const smmuv3_config &config)
{
    const char *wrong = smmuv3_config_check(&config);

    if (wrong)
        throw std::invalid_argument(std::string("smmuv3: ") + wrong);
}

smmuv3_module::smmuv3_module(sc_core::sc_module_name name,
                             const smmuv3_config &config,
                             unsigned upstream_ports)
    : sc_core::sc_module((check(config), name)), upstream("upstream"),
      regs("regs"), downstream("downstream"), walk("walk"),
      irq("irq", IOVP_IRQ_LINES)
{
    struct iovp_bus_ops ops = smmuv3_bus::ops();

    core_ = smmuv3_create(&config, &ops, this);
    if (!core_)
        throw std::bad_alloc();
    upstream.init(upstream_ports, [this](const char *n, size_t i) {
        return new upstream_port(n, *this, static_cast<unsigned>(i));
    });
    regs.register_b_transport(this, &smmuv3_module::regs_transport);
    regs.register_transport_dbg(this, &smmuv3_module::regs_debug);
    regs.register_get_direct_mem_ptr(this, &smmuv3_module::regs_dmi);
    set_units();
    irq_width_ =
        time_of(config.timing.clock_ps ? config.timing.clock_ps : 1000);
    spawn_processes();
}

smmuv3_module::~smmuv3_module()
{
    smmuv3_destroy(core_);
}

// The resolution of sc_time is a power of ten of a second.
void smmuv3_module::set_units()
{
    uint64_t ticks_per_ps = sc_time(1, sc_core::SC_PS).value();

    if (ticks_per_ps)
        ticks_div_ = ticks_per_ps;
    else
        ps_mul_ = static_cast<uint64_t>(
            sc_time::from_value(1).to_seconds() * 1e12 + 0.5);
    unit_ = ps_mul_ == ticks_div_;
}

// Rounded up, so that nothing is complete before its time.
sc_time smmuv3_module::time_of(uint64_t ps) const
{
    if (unit_)
        return sc_time::from_value(ps);
    return sc_time::from_value((ps * ticks_div_ + ps_mul_ - 1) / ps_mul_);
}

void smmuv3_module::spawn_processes()
{
    sc_core::sc_spawn([this] { work(); }, "work");
    for (unsigned i = 0; i < IOVP_IRQ_LINES; i++) {
        sc_core::sc_spawn_options o;

        o.spawn_method();
        o.dont_initialize();
        o.set_sensitivity(&lines_[i].event);
        sc_core::sc_spawn([this, i] { pulse(i); },
                          sc_core::sc_gen_unique_name("pulse"), &o);
    }
}

bool smmuv3_module::set_port_attrs(unsigned port, const iovp_attrs &attrs)
{
    if (port >= upstream.size())
        return false;
    upstream[port].defaults = attrs;
    upstream[port].defaults.size = sizeof attrs;
    return true;
}

bool smmuv3_module::set_port_index(unsigned port, uint16_t initiator_index)
{
    if (port >= upstream.size())
        return false;
    upstream[port].initiator = initiator_index;
    return true;
}

void smmuv3_module::set_timed(bool timed)
{
    timed_ = timed;
}

void smmuv3_module::reset()
{
    smmuv3_reset(core_);
}

// ---- registers ----

static tlm::tlm_response_status regs_shape(const tlm::tlm_generic_payload &p)
{
    unsigned n = p.get_data_length();
    const unsigned char *be = p.get_byte_enable_ptr();

    if (!p.is_read() && !p.is_write())
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    if (!p.get_data_ptr())
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    if ((n != 1 && n != 2 && n != 4 && n != 8) || p.get_streaming_width() < n)
        return tlm::TLM_BURST_ERROR_RESPONSE;
    if (be && !p.get_byte_enable_length())
        return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    for (unsigned i = 0; be && i < p.get_byte_enable_length() && i < n; i++)
        if (be[i] != TLM_BYTE_ENABLED)
            return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    if (p.get_address() >= SMMUV3_MMIO_SIZE)
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    return tlm::TLM_OK_RESPONSE;
}

// Data arrays hold words in the byte order of the host.
template <typename T> static uint64_t get(const unsigned char *data)
{
    T v;

    std::memcpy(&v, data, sizeof v);
    return v;
}

template <typename T> static void put(unsigned char *data, uint64_t value)
{
    T v = static_cast<T>(value);

    std::memcpy(data, &v, sizeof v);
}

static uint64_t get_word(const unsigned char *data, unsigned width)
{
    switch (width) {
    case 8:
        return get<uint64_t>(data);
    case 4:
        return get<uint32_t>(data);
    case 2:
        return get<uint16_t>(data);
    default:
        return *data;
    }
}

static void put_word(unsigned char *data, unsigned width, uint64_t v)
{
    switch (width) {
    case 8:
        return put<uint64_t>(data, v);
    case 4:
        return put<uint32_t>(data, v);
    case 2:
        return put<uint16_t>(data, v);
    default:
        *data = static_cast<unsigned char>(v);
    }
}

bool smmuv3_module::regs_access(payload &p)
{
    iovp_attrs a = attrs_of(p, no_attrs());
    uint32_t offset = static_cast<uint32_t>(p.get_address());
    unsigned width = p.get_data_length();
    uint64_t v = 0;
    bool ok;

    if (p.is_write())
        return smmuv3_mmio_write(core_, offset, width, a.space,
                                 get_word(p.get_data_ptr(), width));
    ok = smmuv3_mmio_read(core_, offset, width, a.space, &v);
    put_word(p.get_data_ptr(), width, v);
    return ok;
}

void smmuv3_module::regs_transport(payload &p, sc_time &delay)
{
    tlm::tlm_response_status status = regs_shape(p);

    p.set_dmi_allowed(false);
    if (status == tlm::TLM_OK_RESPONSE) {
        if (!enter(delay)) {
            status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
        } else {
            if (!regs_access(p))
                status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
            leave();
        }
    }
    p.set_response_status(status);
}

// Reads only: writing a register has effects that a debug access must not.
unsigned smmuv3_module::regs_debug(payload &p)
{
    if (regs_shape(p) != tlm::TLM_OK_RESPONSE || p.is_write() || busy_)
        return 0;
    return regs_access(p) ? p.get_data_length() : 0;
}

bool smmuv3_module::regs_dmi(payload &p, tlm::tlm_dmi &dmi)
{
    dmi.init();
    dmi.set_start_address(p.get_address() & ~0xfffull);
    dmi.set_end_address(p.get_address() | 0xfffull);
    dmi.allow_read_write();
    return false;
}

} // namespace iovp
