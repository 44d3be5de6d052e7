// SPDX-License-Identifier: MIT
// DMA masters of a timed platform.  Private to capi/.
#ifndef IOVP_TIMED_DEVICE_H
#define IOVP_TIMED_DEVICE_H

#include <list>
#include <memory>
#include <vector>

#include <tlm_utils/simple_initiator_socket.h>

#include "../models/common/tlm/attrs_extension.h"
#include "space.h"
#include "timed_ram.h"
#include "transfer.h"

namespace timed_parts
{

// A device issues at most one access in this time, whatever its rate: time
// goes on even if every access fails at once.
constexpr std::uint64_t issue_interval_ps = 1000;
// Simulated time ends here, so that sums of times do not wrap around.
constexpr std::uint64_t end_of_time_ps = 1ull << 62;

// A payload with the extensions that say who sends it and what became of it.
struct request {
    tlm_generic_payload gp;
    iovp::attrs_extension attrs;
    iovp::fault_extension fault;
    iovp::atomic_extension atomic; // attached by set_atomic only

    request()
    {
        gp.set_extension(&attrs);
        gp.set_extension(&fault);
    }
    ~request()
    {
        gp.clear_extension(&attrs);
        gp.clear_extension(&fault);
        gp.clear_extension(&atomic);
    }
    request(const request &) = delete;
    request &operator=(const request &) = delete;

    void set(const iovp_attrs &a, std::uint64_t address, void *data,
             unsigned bytes, bool write)
    {
        attrs.attrs = a;
        fault.reset();
        gp.clear_extension(&atomic);
        gp.set_command(write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
        gp.set_address(address);
        gp.set_data_ptr(static_cast<unsigned char *>(data));
        gp.set_data_length(bytes);
        gp.set_streaming_width(bytes);
        gp.set_byte_enable_ptr(nullptr);
        gp.set_dmi_allowed(false);
        gp.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    }

    // After set(): the access is this operation.
    void set_atomic(const iovp_atomic_op &op)
    {
        atomic.op = op;
        atomic.done = false;
        gp.set_extension(&atomic);
    }
};

// A DMA master: its workload, and what the C API does on its behalf.
class device : public sc_core::sc_module
{
  public:
    using initiator = tlm_utils::simple_initiator_socket<device>;
    sc_core::sc_vector<initiator> sockets; // one for each way

    // `ways`: the IOMMUs that it may be behind.
    SC_HAS_PROCESS(device);
    device(sc_core::sc_module_name name, struct platform *p, unsigned index,
           std::vector<std::uint32_t> ways)
        : sc_module(name), sockets("socket", ways.size()), p_(p), index_(index),
          state_(&p->device[index]), ways_(std::move(ways)), zeros_(4096),
          sink_(4096)
    {
        SC_THREAD(run);
    }

    // One transfer that enters `delay` after now; *delay becomes its end.
    // Without a buffer zeros are written, and what is read is lost.
    void transfer(request &r, const dma_job &job, void *buf, unsigned bytes,
                  std::uint64_t iova, sc_core::sc_time &delay)
    {
        sc_core::sc_time in = sc_core::sc_time_stamp() + delay;
        bool write = job.access == IOVP_ACCESS_WRITE;

        if (!buf)
            buf = write ? zeros_.data() : sink_.data();
        r.set(job.attrs, iova, buf, bytes, write);
        if (job.atomic)
            r.set_atomic(*job.atomic);
        way()->b_transport(r.gp, delay);
        if (job.atomic)
            *job.atomic = r.atomic.op;
        if (state_->desc.iommu == PLATFORM_NO_IOMMU)
            direct(r, in, sc_core::sc_time_stamp() + delay);
    }

    // A transfer of the C API, in a process of its own.
    void run_transfer(struct transfer *t)
    {
        auto at =
            carriers_.insert(carriers_.end(), std::make_unique<carrier>());
        carrier &c = **at;
        dma_run &run = t->run;

        t->progress = &c.r.fault.result;
        t->held = &c.r.fault.stall;
        run.result.time_in = to_ps(sc_core::sc_time_stamp());
        while (t->wanted && run.at < run.job.bytes && do_page(c, t))
            ;
        run.result.time_out = to_ps(sc_core::sc_time_stamp());
        t->progress = nullptr;
        carriers_.erase(at);
        space_used(p_, state_, &run.job.attrs, run.result.done);
        transfer_ended(t);
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
    static constexpr unsigned page_bytes = 4096;

    // What a transfer's process works with: the device's, as the stack of a
    // process that never ends is not unwound.
    struct carrier {
        request r;
        std::uint8_t page[page_bytes];
    };

    initiator &way()
    {
        auto at = std::find(ways_.begin(), ways_.end(), state_->desc.iommu);

        return sockets[at == ways_.end() ? 0 : at - ways_.begin()];
    }

    // What of a transfer's bytes arrived.
    static std::size_t got(const request &r, unsigned bytes)
    {
        bool whole = r.fault.result == IOVP_RESULT_OK ||
                     r.fault.result == IOVP_RESULT_RAZWI;

        return whole ? bytes : r.fault.done;
    }

    // The bytes of a transfer up to the next page; its buffer is the
    // caller's, who may take it back while the bridge holds the access.
    // False: the transfer ends here.
    bool do_page(carrier &c, struct transfer *t)
    {
        request &r = c.r;
        dma_run &run = t->run;
        const dma_job &job = run.job;
        std::uint64_t iova = job.iova + run.at;
        bool write = job.access == IOVP_ACCESS_WRITE;
        unsigned bytes = static_cast<unsigned>(std::min<std::uint64_t>(
            page_bytes - iova % page_bytes, job.bytes - run.at));
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

        if (write)
            std::memcpy(c.page, job.buf + run.at, bytes);
        transfer(r, job, c.page, bytes, iova, delay);
        wait(delay);
        if (!write && t->wanted && job.buf)
            std::memcpy(job.buf + run.at, c.page, got(r, bytes));
        run.result.stalls += r.fault.stalls;
        if (r.fault.result != IOVP_RESULT_OK &&
            run.result.status == IOVP_DMA_OK) {
            run.result.status = r.fault.result;
            run.result.event = r.fault.event;
            run.result.done = run.at + r.fault.done;
        }
        if (r.fault.result != IOVP_RESULT_OK &&
            r.fault.result != IOVP_RESULT_RAZWI)
            return false;
        run.at += bytes;
        if (run.result.status == IOVP_DMA_OK)
            run.result.done = run.at;
        return true;
    }

    // The bridge records what passes it, and says what became of it; this is
    // for devices without one.
    void direct(request &r, const sc_core::sc_time &in,
                const sc_core::sc_time &out)
    {
        bool ok = r.gp.is_response_ok();

        r.fault.result = ok ? IOVP_RESULT_OK : IOVP_RESULT_BUS;
        r.fault.done = ok ? r.gp.get_data_length() : 0;
        record(r, in, out);
    }

    void record(request &r, const sc_core::sc_time &in,
                const sc_core::sc_time &out)
    {
        struct iovp_trace_record rec;
        struct smmuv3_result res = {};

        res.pa = r.gp.get_address();
        smmuv3_describe(nullptr, &r.attrs.attrs, r.gp.get_address(),
                        r.gp.get_data_length(), access_of(r), &res, &rec);
        rec.initiator = static_cast<std::uint16_t>(index_);
        rec.time_in = to_ps(in);
        rec.time_out = to_ps(out);
        rec.result = r.fault.result;
        platform_record(p_, &rec);
    }

    static std::uint32_t access_of(request &r)
    {
        if (r.gp.get_extension<iovp::atomic_extension>())
            return IOVP_ACCESS_READ | IOVP_ACCESS_WRITE;
        return r.gp.is_write() ? IOVP_ACCESS_WRITE : IOVP_ACCESS_READ;
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
        workload_attrs(state_, &a, &job_.attrs);
        job_.access = a.access;
        sc_core::sc_time delay = from_ps(at - now);
        transfer(request_, job_, nullptr, a.bytes, a.iova, delay);
        space_used(p_, state_, &job_.attrs, request_.fault.done);
        next_issue_ = at + interval_;
        if (slot < free_at_.size()) // another workload may have fewer
            free_at_[slot] = to_ps(sc_core::sc_time_stamp() + delay);
    }

    struct platform *p_;
    unsigned index_;
    struct platform_device_state *state_;
    std::vector<std::uint32_t> ways_;
    std::list<std::unique_ptr<carrier>> carriers_;
    request request_;
    dma_job job_ = {};                       // of the workload
    std::vector<std::uint8_t> zeros_, sink_; // 4096: the longest transfer
    std::vector<std::uint64_t> free_at_;     // end of each one in flight
    std::uint64_t next_issue_ = 0;
    std::uint64_t interval_ = 0;
    sc_core::sc_event changed_;
};

} // namespace timed_parts

#endif
