// SPDX-License-Identifier: MIT
// Construction, settings and the register socket.
#include "smmuv3_module.h"

#include <stdexcept>
#include <string>

#include "../../common/tlm/register_access.h"
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
    irq_width_ =
        time_of(config.timing.clock_ps ? config.timing.clock_ps : 1000);
    spawn_processes();
}

smmuv3_module::~smmuv3_module()
{
    smmuv3_destroy(core_);
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

bool smmuv3_module::set_port_may_stall(unsigned port, bool may_stall)
{
    if (port >= upstream.size())
        return false;
    upstream[port].may_stall = may_stall;
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

// ---- ATS and PRI ----

// Not by waiting for the core: a message is posted, and who brings it may be
// no thread.
bool smmuv3_module::page_request(const iovp_page_request &r)
{
    sc_time delay = sc_core::SC_ZERO_TIME;
    bool taken;

    if (busy_ || !enter(delay))
        return false;
    taken = smmuv3_page_request(core_, &r);
    leave();
    return taken;
}

bool smmuv3_module::atc_complete(uint32_t token, bool timeout)
{
    return smmuv3_atc_complete(core_, token, timeout);
}

// ---- registers ----

bool smmuv3_module::regs_access(payload &p)
{
    iovp_attrs a = attrs_of(p, no_attrs());
    uint32_t offset = static_cast<uint32_t>(p.get_address());
    unsigned width = p.get_data_length();
    uint64_t v = 0;
    bool ok;

    if (p.is_write())
        return smmuv3_mmio_write(core_, offset, width, a.space,
                                 register_word(p));
    ok = smmuv3_mmio_read(core_, offset, width, a.space, &v);
    set_register_word(p, v);
    return ok;
}

void smmuv3_module::regs_transport(payload &p, sc_time &delay)
{
    tlm::tlm_response_status status = register_shape(p, SMMUV3_MMIO_SIZE);

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
    if (register_shape(p, SMMUV3_MMIO_SIZE) != tlm::TLM_OK_RESPONSE ||
        p.is_write() || busy_)
        return 0;
    return regs_access(p) ? p.get_data_length() : 0;
}

bool smmuv3_module::regs_dmi(payload &p, tlm::tlm_dmi &dmi)
{
    return deny_dmi(p, dmi);
}

} // namespace iovp
