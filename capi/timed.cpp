// SPDX-License-Identifier: MIT
// Timed platforms: the SystemC and TLM-2.0 side of the C API.
//
//   device threads -> iovp::smmuv3_module -> ram.data
//                       walk ------------> ram.walk
//
// SystemC allows one simulation in a process, so that the first timed platform
// is the last one.  Every function here is an exception barrier.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <systemc>
#include <tlm>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>

#include "../models/common/tlm/base_protocol_checker.h"
#include "../models/smmuv3/tlm/smmuv3_module.h"
#include "platform.h"

// libsystemc.so wants it; programs that use iovp have their own main().
extern "C" __attribute__((weak, visibility("default"))) int sc_main(int,
                                                                    char **)
{
    return 0;
}

namespace
{

using tlm::tlm_generic_payload;

// From the memory controller's port to the data and back.
constexpr std::uint64_t ram_latency_ps = 60000;
// A device issues at most one access in this time, whatever its rate: time
// goes on even if every access fails at once.
constexpr std::uint64_t issue_interval_ps = 1000;
// Simulated time ends here, so that sums of times do not wrap around.
constexpr std::uint64_t end_of_time_ps = 1ull << 62;

sc_core::sc_time from_ps(std::uint64_t ps)
{
    return sc_core::sc_time::from_value(ps);
}

std::uint64_t to_ps(const sc_core::sc_time &t)
{
    return t.value();
}

// RAM behind two ports: `data` takes the time of a memory access, `walk`
// leaves that to the IOMMU's profile and delivers its MSIs.
class ram : public sc_core::sc_module
{
  public:
    ram(sc_core::sc_module_name name, struct platform *p)
        : sc_module(name), data("data"), walk("walk"), p_(p)
    {
        data.register_b_transport(this, &ram::data_transport);
        data.register_transport_dbg(this, &ram::debug);
        walk.register_b_transport(this, &ram::walk_transport);
        walk.register_transport_dbg(this, &ram::debug);
    }

    // A tree may have no device, or no IOMMU.
    using socket = tlm_utils::multi_passthrough_target_socket<
        ram, 32, tlm::tlm_base_protocol_types, 0,
        sc_core::SC_ZERO_OR_MORE_BOUND>;
    socket data;
    socket walk;

  private:
    void data_transport(int, tlm_generic_payload &gp, sc_core::sc_time &delay)
    {
        access(gp);
        delay += from_ps(ram_latency_ps);
    }

    void walk_transport(int id, tlm_generic_payload &gp, sc_core::sc_time &)
    {
        // A core writes queue entries, which are longer, and MSIs.
        if (gp.is_write() && gp.get_data_length() == 4)
            msi(static_cast<unsigned>(id), gp);
        else
            access(gp);
    }

    unsigned debug(int, tlm_generic_payload &gp)
    {
        access(gp);
        return gp.is_response_ok() ? gp.get_data_length() : 0;
    }

    void msi(unsigned smmu, tlm_generic_payload &gp)
    {
        std::uint32_t value;

        std::memcpy(&value, gp.get_data_ptr(), sizeof(value));
        gp.set_response_status(
            smmu_msi(&p_->smmu[smmu], gp.get_address(), value) == IOVP_BUS_OK
                ? tlm::TLM_OK_RESPONSE
                : tlm::TLM_ADDRESS_ERROR_RESPONSE);
    }

    void access(tlm_generic_payload &gp)
    {
        unsigned length = gp.get_data_length();
        unsigned width = std::min(gp.get_streaming_width(), length);
        std::uint8_t *host =
            width ? memory_at(p_, gp.get_address(), width) : nullptr;

        if (gp.get_command() == tlm::TLM_IGNORE_COMMAND) {
            gp.set_response_status(tlm::TLM_OK_RESPONSE);
            return;
        }
        if (!host) {
            gp.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        if (gp.get_byte_enable_ptr() || width != length)
            copy_bytes(gp, host, width);
        else if (gp.is_read())
            std::memcpy(gp.get_data_ptr(), host, length);
        else
            std::memcpy(host, gp.get_data_ptr(), length);
        gp.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    static void copy_bytes(tlm_generic_payload &gp, std::uint8_t *host,
                           unsigned width)
    {
        const unsigned char *be = gp.get_byte_enable_ptr();
        unsigned be_length = gp.get_byte_enable_length();

        for (unsigned i = 0; i < gp.get_data_length(); i++) {
            if (be && be[i % be_length] != TLM_BYTE_ENABLED)
                continue;
            if (gp.is_read())
                gp.get_data_ptr()[i] = host[i % width];
            else
                host[i % width] = gp.get_data_ptr()[i];
        }
    }

    struct platform *p_;
};

// A payload with the extensions that say who sends it and what became of it.
struct request {
    tlm_generic_payload gp;
    iovp::attrs_extension attrs;
    iovp::fault_extension fault;

    request()
    {
        gp.set_extension(&attrs);
        gp.set_extension(&fault);
    }
    ~request()
    {
        gp.clear_extension(&attrs);
        gp.clear_extension(&fault);
    }
    request(const request &) = delete;
    request &operator=(const request &) = delete;

    void set(const iovp_attrs &a, std::uint64_t address, void *data,
             unsigned bytes, bool write)
    {
        attrs.attrs = a;
        fault.reset();
        gp.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
        gp.set_address(address);
        gp.set_data_ptr(static_cast<unsigned char *>(data));
        gp.set_data_length(bytes);
        gp.set_streaming_width(bytes);
        gp.set_byte_enable_ptr(nullptr);
        gp.set_dmi_allowed(false);
        gp.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    }
};

// A DMA master: its workload, and what the C API does on its behalf.
class device : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<device> socket;

    SC_HAS_PROCESS(device);
    device(sc_core::sc_module_name name, struct platform *p, unsigned index)
        : sc_module(name), socket("socket"), p_(p), index_(index),
          state_(&p->device[index]), zeros_(4096), sink_(4096)
    {
        SC_THREAD(run);
    }

    // One transfer that enters `delay` after now; *delay becomes its end.
    // Without a buffer zeros are written, and what is read is lost.
    void transfer(request &r, const iovp_attrs &a, std::uint64_t iova,
                  void *buf, unsigned bytes, bool write,
                  sc_core::sc_time &delay)
    {
        sc_core::sc_time in = sc_core::sc_time_stamp() + delay;

        if (!buf)
            buf = write ? zeros_.data() : sink_.data();
        r.set(a, iova, buf, bytes, write);
        socket->b_transport(r.gp, delay);
        if (state_->desc.iommu == PLATFORM_NO_IOMMU)
            record(r, in, sc_core::sc_time_stamp() + delay);
    }

    // A workload was started or stopped.
    void changed()
    {
        if (state_->workload.active) {
            free_at_.assign(state_->workload.w.outstanding, 0);
            interval_ = interval();
            next_issue_ = 0;
        }
        changed_.notify(sc_core::SC_ZERO_TIME);
    }

  private:
    // The bridge records what passes it; this is for devices without one.
    void record(request &r, const sc_core::sc_time &in,
                const sc_core::sc_time &out)
    {
        struct iovp_trace_record rec;
        struct smmuv3_result res = {};

        res.pa = r.gp.get_address();
        smmuv3_describe(
            nullptr, &r.attrs.attrs, r.gp.get_address(), r.gp.get_data_length(),
            r.gp.is_write() ? IOVP_ACCESS_WRITE : IOVP_ACCESS_READ, &res, &rec);
        rec.initiator = static_cast<std::uint16_t>(index_);
        rec.time_in = to_ps(in);
        rec.time_out = to_ps(out);
        rec.result = r.gp.is_response_ok() ? IOVP_RESULT_OK : IOVP_RESULT_BUS;
        platform_record(p_, &rec);
    }

    void run()
    {
        for (;;) {
            if (workload_pending(&state_->workload))
                issue();
            else
                finish();
        }
    }

    // Let the last transfers complete, then sleep until there is more.
    void finish()
    {
        std::uint64_t now = to_ps(sc_core::sc_time_stamp());
        std::uint64_t end = now;

        for (std::uint64_t t : free_at_)
            end = std::max(end, t);
        if (end > now)
            wait(from_ps(end - now), changed_);
        else
            wait(changed_);
    }

    // Rounded up: the rate is a maximum.  Below 2^53.
    std::uint64_t interval() const
    {
        const iovp_workload &w = state_->workload.w;
        std::uint64_t ps = issue_interval_ps;

        if (w.rate) {
            std::uint64_t scaled = w.bytes * 1000000000000u;

            ps = std::max(ps, scaled / w.rate + (scaled % w.rate != 0));
        }
        return ps;
    }

    // Run ahead of the others as far as the quantum allows, and not beyond
    // the time for which the simulation was asked.
    bool may_run_ahead(std::uint64_t now, std::uint64_t at) const
    {
        return at == now ||
               (at - now <= p_->quantum_ps && at < p_->run_until_ps);
    }

    // Issue when a slot is free and the rate allows it.  The access is taken
    // from the workload last: that may change while this waits.
    void issue()
    {
        auto free = std::min_element(free_at_.begin(), free_at_.end());
        std::size_t slot = static_cast<std::size_t>(free - free_at_.begin());
        std::uint64_t now = to_ps(sc_core::sc_time_stamp());
        std::uint64_t at = std::max({now, *free, next_issue_});
        struct workload_access a;
        iovp_attrs attrs;

        if (at >= end_of_time_ps) {
            wait(changed_);
            return;
        }
        if (!may_run_ahead(now, at)) {
            wait(from_ps(at - now), changed_);
            return;
        }
        if (!workload_next(&state_->workload, &a))
            return;
        workload_attrs(state_, &a, &attrs);
        sc_core::sc_time delay = from_ps(at - now);
        transfer(request_, attrs, a.iova, nullptr, a.bytes,
                 a.access == IOVP_ACCESS_WRITE, delay);
        next_issue_ = at + interval_;
        if (slot < free_at_.size()) // another workload may have fewer
            free_at_[slot] = to_ps(sc_core::sc_time_stamp() + delay);
    }

    struct platform *p_;
    unsigned index_;
    struct platform_device_state *state_;
    request request_;
    std::vector<std::uint8_t> zeros_, sink_; // 4096: the longest transfer
    std::vector<std::uint64_t> free_at_;     // end of each one in flight
    std::uint64_t next_issue_ = 0;
    std::uint64_t interval_ = 0;
    sc_core::sc_event changed_;
};

// The processor's side of the register files.
class cpu : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<cpu> socket;

    explicit cpu(sc_core::sc_module_name name)
        : sc_module(name), socket("socket")
    {
    }

    bool access(std::uint64_t offset, unsigned width, std::uint32_t space,
                bool write, std::uint64_t *value)
    {
        iovp_attrs a = iovp::no_attrs();
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
        std::uint64_t word = write ? *value : 0;

        a.space = static_cast<std::uint8_t>(space);
        a.specified = IOVP_ATTR_SPACE;
        // TLM data is in host byte order: the first bytes of a word.
        request_.set(a, offset, &word, width, write);
        socket->b_transport(request_.gp, delay);
        if (!request_.gp.is_response_ok())
            return false;
        if (!write)
            *value = word;
        return true;
    }

  private:
    request request_;
};

} // namespace

struct timed {
    std::vector<std::unique_ptr<iovp::base_protocol_checker>> checkers;
    std::unique_ptr<ram> memory;
    std::vector<std::unique_ptr<iovp::smmuv3_module>> smmu;
    std::vector<std::unique_ptr<cpu>> regs;
    std::vector<std::unique_ptr<device>> devices;
    request api;
};

namespace
{

std::atomic<bool> simulation_used{false};

template <typename F> iovp_status barrier(const char *what, F f)
{
    try {
        return f();
    } catch (const std::bad_alloc &) {
        return iovp_fail(IOVP_E_NOMEM, "%s: no memory", what);
    } catch (const std::exception &e) {
        return iovp_fail(IOVP_E_INTERNAL, "%s: %s", what, e.what());
    } catch (...) {
        return iovp_fail(IOVP_E_INTERNAL, "%s: an unknown exception", what);
    }
}

std::string module_name(const char *kind, std::size_t index)
{
    return std::string(kind) + std::to_string(index);
}

// In test builds a base-protocol checker sits on both sides of the bridge; a
// violation is an SC_REPORT_ERROR, which the exception barrier turns into
// IOVP_E_INTERNAL.
template <typename I, typename T>
void bind(struct timed &t, I &initiator, T &target)
{
#ifdef IOVP_TLM_CHECKER
    std::string name = module_name("checker", t.checkers.size());

    t.checkers.emplace_back(
        iovp::bind_checked(initiator, target, name.c_str()));
#else
    (void)t;
    initiator.bind(target);
#endif
}

void add_smmu(struct platform *p, struct timed &t, unsigned i, unsigned ports)
{
    struct platform_smmu *s = &p->smmu[i];
    auto m = std::make_unique<iovp::smmuv3_module>(
        module_name("smmu", i).c_str(), s->config, ports);
    auto c = std::make_unique<cpu>(module_name("cpu", i).c_str());

    bind(t, m->downstream, t.memory->data);
    bind(t, m->walk, t.memory->walk);
    bind(t, c->socket, m->regs);
    m->on_irq = [s](enum iovp_irq_line line) { smmu_irq(s, line); };
    m->on_sev = [s]() { smmu_sev(s); };
    m->on_trace = [p](const iovp_trace_record &r) { platform_record(p, &r); };
    s->core = m->core();
    t.smmu.push_back(std::move(m));
    t.regs.push_back(std::move(c));
}

// A port per device of each IOMMU, in device order.
void add_devices(struct platform *p, struct timed &t)
{
    std::vector<unsigned> used(p->smmu_count, 0);

    for (unsigned i = 0; i < p->device_count; i++) {
        auto d =
            std::make_unique<device>(module_name("device", i).c_str(), p, i);
        std::uint32_t iommu = p->device[i].desc.iommu;

        if (iommu == PLATFORM_NO_IOMMU) {
            bind(t, d->socket, t.memory->data);
        } else {
            iovp::smmuv3_module &m = *t.smmu[iommu];
            unsigned port = used[iommu]++;

            bind(t, d->socket, m.upstream[port]);
            m.set_port_attrs(port, p->device[i].attrs);
            m.set_port_index(port, static_cast<std::uint16_t>(i));
        }
        t.devices.push_back(std::move(d));
    }
}

void build(struct platform *p, struct timed &t)
{
    std::vector<unsigned> ports(p->smmu_count, 0);

    for (unsigned i = 0; i < p->device_count; i++)
        if (p->device[i].desc.iommu != PLATFORM_NO_IOMMU)
            ports[p->device[i].desc.iommu]++;
    t.memory = std::make_unique<ram>("ram", p);
    for (unsigned i = 0; i < p->smmu_count; i++)
        add_smmu(p, t, i, ports[i]);
    add_devices(p, t);
    // Elaborate: sockets work from here on.
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
}

} // namespace

int timed_available(void)
{
    return 1;
}

iovp_status timed_create(struct platform *p)
{
    if (simulation_used.exchange(true))
        return iovp_fail(IOVP_E_BUSY,
                         "this process already has, or had, a timed platform: "
                         "SystemC allows one simulation per process");
    return barrier("timed platform", [&]() -> iovp_status {
        // The library is a guest in its user's terminal: no banner.
        setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
        setenv("SC_COPYRIGHT_MESSAGE", "DISABLE", 0);
        // Polling a model that has nothing to do is no mistake.
        sc_core::sc_report_handler::set_actions(
            sc_core::SC_ID_NO_SC_START_ACTIVITY_, sc_core::SC_DO_NOTHING);
        auto t = std::make_unique<timed>();
        build(p, *t);
        p->timed = t.release();
        return IOVP_OK;
    });
}

void timed_destroy(struct platform *p)
{
    struct timed *t = p->timed;

    p->timed = nullptr;
    barrier("timed platform", [&]() -> iovp_status {
        delete t;
        return IOVP_OK;
    });
}

uint64_t timed_now(const struct platform *)
{
    return to_ps(sc_core::sc_time_stamp());
}

iovp_status timed_run_until(struct platform *p, uint64_t time_ps,
                            uint32_t *reason)
{
    return barrier("run", [&]() -> iovp_status {
        std::uint64_t now = timed_now(p);

        if (time_ps < now)
            return iovp_fail(IOVP_E_INVALID, "the time has passed");
        time_ps = std::min(time_ps, end_of_time_ps);
        p->run_until_ps = time_ps;
        sc_core::sc_start(from_ps(time_ps - now),
                          sc_core::SC_EXIT_ON_STARVATION);
        *reason =
            sc_core::sc_pending_activity() ? IOVP_RUN_TIME : IOVP_RUN_IDLE;
        // That ends at the last event; what is left lies after `time_ps`.
        now = timed_now(p);
        if (*reason == IOVP_RUN_TIME && now < time_ps)
            sc_core::sc_start(from_ps(time_ps - now), sc_core::SC_RUN_TO_TIME);
        return IOVP_OK;
    });
}

iovp_status timed_mmio(struct platform *p, struct platform_smmu *s,
                       uint32_t offset, uint32_t width, uint32_t space,
                       bool write, uint64_t *value)
{
    return barrier("register access", [&]() -> iovp_status {
        if (p->timed->regs[s - p->smmu]->access(offset, width, space, write,
                                                value))
            return IOVP_OK;
        return iovp_fail(IOVP_E_BUS, "%s: offset 0x%x refuses %u bytes",
                         s->range.node, offset, width);
    });
}

iovp_status timed_dma(struct platform *p, struct platform_device_state *d,
                      const iovp_attrs *a, uint64_t iova, void *buf,
                      uint64_t bytes, uint32_t access, uint64_t time_ps,
                      iovp_dma_result *r)
{
    return barrier("DMA", [&]() -> iovp_status {
        struct timed *t = p->timed;
        device &dev = *t->devices[d - p->device];
        std::uint64_t now = timed_now(p);

        if (time_ps < now || time_ps > end_of_time_ps)
            return iovp_fail(IOVP_E_INVALID,
                             "the time at which it enters has passed, or is "
                             "after the end of time, 2^62 ps");
        sc_core::sc_time delay = from_ps(time_ps - now);
        dev.transfer(t->api, *a, iova, buf, static_cast<unsigned>(bytes),
                     access == IOVP_ACCESS_WRITE, delay);
        *r = {};
        r->size = sizeof(*r);
        r->time_in = time_ps;
        r->time_out = to_ps(sc_core::sc_time_stamp() + delay);
        r->status = t->api.fault.result;
        r->event = t->api.fault.event;
        r->done = t->api.fault.done;
        if (d->desc.iommu == PLATFORM_NO_IOMMU) {
            r->status = t->api.gp.is_response_ok() ? IOVP_DMA_OK : IOVP_DMA_BUS;
            r->done = t->api.gp.is_response_ok() ? bytes : 0;
        }
        return IOVP_OK;
    });
}

void timed_workload_changed(struct platform *p, struct platform_device_state *d)
{
    p->timed->devices[d - p->device]->changed();
}
