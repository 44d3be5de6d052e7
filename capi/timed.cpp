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

#include "context.h"
#include "pcie.h"
#include "timed_internal.h"
#include "timed_pcie.h"

// libsystemc.so wants it; programs that use iovp have their own main().
extern "C" __attribute__((weak, visibility("default"))) int sc_main(int,
                                                                    char **)
{
    return 0;
}

using namespace timed_parts;

// The software that owns IOMMUs: contexts that look after their faults.
class timed_parts::software : public sc_core::sc_module
{
  public:
    SC_HAS_PROCESS(software);
    software(sc_core::sc_module_name name, struct platform *p)
        : sc_module(name), p_(p)
    {
        SC_THREAD(run);
    }

    void notify()
    {
        event_.notify(sc_core::SC_ZERO_TIME);
    }

    bool busy = false; // in the middle of something

  private:
    void run()
    {
        for (;;) {
            std::uint64_t now = to_ps(sc_core::sc_time_stamp());
            std::uint64_t due = contexts_deadline(p_);

            if (due == UINT64_MAX)
                wait(event_);
            else if (due > now)
                wait(from_ps(due - now), event_);
            busy = true;
            contexts_service(p_);
            busy = false;
        }
    }

    struct platform *p_;
    sc_core::sc_event event_;
};

timed::timed() = default;

timed::~timed()
{
    for (auto &b : bridges)
        b->leave();
}

namespace
{

std::atomic<bool> simulation_used{false};

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
    m->on_invalidated = [s](const iovp_invalidation &what) {
        smmu_invalidated(s, &what);
    };
    m->on_trace = [p](const iovp_trace_record &r) { put_record(p, r); };
    join_bridges(s, *m);
    s->core = m->core();
    t.smmu.push_back(std::move(m));
    t.regs.push_back(std::move(c));
}

// A device may have to choose: that of a PCI function is as its requester ID,
// which software numbers.
void add_devices(struct platform *p, struct timed &t)
{
    for (unsigned i = 0; i < p->device_count; i++) {
        const struct platform_device_state *s = &p->device[i];
        std::vector<std::uint32_t> ways = {s->desc.iommu};

        if (s->pcie != PLATFORM_NO_PCIE)
            ways = bridge_outlets(&p->pcie[s->pcie]);
        t.devices.push_back(std::make_unique<device>(
            module_name("device", i).c_str(), p, i, ways));
        for (std::size_t k = 0; k < ways.size(); k++) {
            unsigned port = bind_up(t, t.devices[i]->sockets[k], ways[k]);

            if (ways[k] == PLATFORM_NO_IOMMU)
                continue;
            t.smmu[ways[k]]->set_port_attrs(port, s->attrs);
            t.smmu[ways[k]]->set_port_index(port,
                                            static_cast<std::uint16_t>(i));
        }
    }
}

void build(struct platform *p, struct timed &t)
{
    std::vector<unsigned> ports(p->smmu_count, 0);

    for (unsigned i = 0; i < p->device_count; i++)
        if (p->device[i].pcie == PLATFORM_NO_PCIE &&
            p->device[i].desc.iommu != PLATFORM_NO_IOMMU)
            ports[p->device[i].desc.iommu]++;
    count_bridge_ports(p, ports);
    t.memory = std::make_unique<ram>("ram", p);
    for (unsigned i = 0; i < p->smmu_count; i++)
        add_smmu(p, t, i, ports[i]);
    t.ports.assign(p->smmu_count, 0);
    add_bridges(p, t);
    add_devices(p, t);
    for (unsigned i = 0; i < p->engine_count; i++)
        t.engines.push_back(std::make_unique<timed_engine>(
            module_name("engine", i).c_str(), p->engine[i]));
    t.soft = std::make_unique<software>("software", p);
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
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

        if (p->timed->regs[s - p->smmu]->access(offset, width, space, write,
                                                value, delay))
            return IOVP_OK;
        return iovp_fail(IOVP_E_BUS, "%s: offset 0x%x refuses %u bytes",
                         s->range.node, offset, width);
    });
}

namespace
{

enum class answer { none, retry, end };

// The bridge cannot wait outside of a process: it has left the rest of a
// transfer to its caller, who lets the software look after it.
answer ask(struct platform *p, struct platform_device_state *d,
           std::uint32_t stall, iovp_dma_result *r)
{
    enum smmuv3_stall_state state;

    do {
        state = smmuv3_stall_state(d->core, stall);
    } while (state == SMMUV3_STALL_WAITING && contexts_service(p));
    smmuv3_stall_end(d->core, stall);
    if (state == SMMUV3_STALL_WAITING)
        return answer::none;
    r->stalls++;
    if (state == SMMUV3_STALL_RETRY)
        return answer::retry;
    r->status = state == SMMUV3_STALL_RAZWI ? IOVP_DMA_RAZWI : IOVP_DMA_ABORT;
    return answer::end;
}

// What is left of a job from run.at on.  True: try again.
bool do_rest(struct platform *p, struct platform_device_state *d, dma_run &run,
             sc_core::sc_time delay)
{
    struct timed *t = p->timed;
    device &dev = *t->devices[d - p->device];
    iovp_dma_result *r = &run.result;
    void *buf = run.job.buf ? run.job.buf + run.at : nullptr;

    dev.transfer(t->api, run.job, buf,
                 static_cast<unsigned>(run.job.bytes - run.at),
                 run.job.iova + run.at, delay);
    r->time_out = to_ps(sc_core::sc_time_stamp() + delay);
    r->status = t->api.fault.result;
    r->event = t->api.fault.event;
    run.at += t->api.fault.done;
    r->done = run.at;
    if (r->status != IOVP_DMA_STALL)
        return false;
    return ask(p, d, t->api.fault.stall, r) == answer::retry;
}

} // namespace

iovp_status timed_dma(struct platform *p, struct platform_device_state *d,
                      const struct dma_job *job, uint64_t time_ps,
                      iovp_dma_result *r)
{
    return barrier("DMA", [&]() -> iovp_status {
        std::uint64_t now = timed_now(p);
        dma_run run;

        if (time_ps < now || time_ps > end_of_time_ps)
            return iovp_fail(IOVP_E_INVALID,
                             "the time at which it enters has passed, or is "
                             "after the end of time, 2^62 ps");
        // It may have to wait for the software that is at work now.
        timed_settle(p);
        now = timed_now(p);
        time_ps = std::max(time_ps, now);
        sc_core::sc_time delay = from_ps(time_ps - now);
        run.job = *job;
        dma_begin(&run);
        run.result.time_in = time_ps;
        while (do_rest(p, d, run, delay) && !dma_hopeless(&run))
            delay = sc_core::SC_ZERO_TIME;
        *r = run.result;
        space_used(p, d, &job->attrs, r->done);
        if (r->event)
            timed_notify(p);
        return IOVP_OK;
    });
}

iovp_status timed_transfer(struct platform *p, struct transfer *t)
{
    return barrier("transfer", [&]() -> iovp_status {
        device *dev = p->timed->devices[t->d - p->device].get();

        sc_core::sc_spawn([dev, t]() { dev->run_transfer(t); });
        return IOVP_OK;
    });
}

void timed_give_up(struct platform *p, const struct platform_device_state *d,
                   uint32_t stall)
{
    barrier("transfer", [&]() -> iovp_status {
        p->timed->smmu[d->desc.iommu]->give_up(stall);
        return IOVP_OK;
    });
}

iovp_status timed_wait(struct platform *p, uint64_t ps)
{
    return barrier("waiting", [&]() -> iovp_status {
        int nested = p->in_callback;

        if (!in_process()) {
            p->run_until_ps = timed_now(p) + ps;
            sc_core::sc_start(from_ps(ps));
            return IOVP_OK;
        }
        // The simulation may be left here, and its user is in no callback.
        p->in_callback = CALLBACK_NONE;
        sc_core::wait(from_ps(ps));
        p->in_callback = nested;
        return IOVP_OK;
    });
}

// A driver polls some thousand times at most.
void timed_settle(struct platform *p)
{
    constexpr unsigned steps = 1u << 16;

    if (!p->timed || in_process())
        return;
    for (unsigned i = 0; i < steps && p->timed->soft->busy; i++)
        timed_wait(p, 1000000);
}

void timed_notify(struct platform *p)
{
    if (p->timed && p->timed->soft)
        p->timed->soft->notify();
}

void timed_engine_wake(struct platform_engine *e, uint64_t t)
{
    // Before its process is there, nothing is due.
    if (e->timed)
        e->timed->wake(t);
}

void timed_workload_changed(struct platform *p, struct platform_device_state *d)
{
    p->timed->devices[d - p->device]->changed();
}
