// SPDX-License-Identifier: MIT
#include "upstream_port.h"

#include "register_access.h"

namespace iovp
{

using sc_core::sc_time;
using sc_core::sc_time_stamp;

upstream_port::upstream_port(const char *name, transaction_sink &sink,
                             unsigned index_, unsigned slots)
    : tlm::tlm_target_socket<>(name), index(index_), defaults(no_attrs()),
      sink_(sink), slots_(slots ? slots : 1)
{
    bind(static_cast<tlm::tlm_fw_transport_if<> &>(*this));
}

void upstream_port::b_transport(payload &p, sc_time &delay)
{
    sink_.transact(*this, p, delay);
}

unsigned upstream_port::transport_dbg(payload &p)
{
    return sink_.debug(*this, p);
}

bool upstream_port::get_direct_mem_ptr(payload &p, tlm::tlm_dmi &dmi)
{
    return deny_dmi(p, dmi);
}

tlm::tlm_sync_enum
upstream_port::nb_transport_fw(payload &p, tlm::tlm_phase &phase, sc_time &t)
{
    if (phase == tlm::BEGIN_REQ)
        return begin_request(p, phase, t);
    if (phase == tlm::END_RESP && response_ == &p) {
        end_response(sc_time_stamp() + t);
        return tlm::TLM_COMPLETED;
    }
    return tlm::TLM_ACCEPTED; // an ignorable phase
}

tlm::tlm_sync_enum
upstream_port::begin_request(payload &p, tlm::tlm_phase &phase, sc_time &t)
{
    // No memory manager, or a request before the last one's END_REQ: the
    // initiator breaks the protocol, and nothing can be kept for later.
    if (!p.has_mm() || stalled_) {
        p.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
        return tlm::TLM_COMPLETED;
    }
    start_processes();
    p.acquire();
    if (used_ == slots_) {
        stalled_ = &p;
        stalled_at_ = sc_time_stamp() + t;
        return tlm::TLM_ACCEPTED;
    }
    used_++;
    requests_.push(p, sc_time_stamp() + t);
    phase = tlm::END_REQ;
    return tlm::TLM_UPDATED;
}

// The response in progress is over; the next one may begin at `free_at`.
void upstream_port::end_response(const sc_time &free_at)
{
    payload *p = response_;

    response_ = nullptr;
    response_free_at_ = free_at;
    used_--;
    p->release();
    retry_.notify(sc_core::SC_ZERO_TIME);
}

void upstream_port::start_processes()
{
    sc_core::sc_spawn_options d, r;

    if (started_)
        return;
    started_ = true;
    d.spawn_method();
    d.dont_initialize();
    d.set_sensitivity(&requests_.event());
    d.set_sensitivity(&again_);
    sc_core::sc_spawn([this] { dispatch(); },
                      sc_core::sc_gen_unique_name("dispatch"), &d);
    r.spawn_method();
    r.dont_initialize();
    r.set_sensitivity(&responses_.event());
    r.set_sensitivity(&retry_);
    sc_core::sc_spawn([this] { respond(); },
                      sc_core::sc_gen_unique_name("respond"), &r);
}

// A request is due: see that a thread is there for it.
void upstream_port::dispatch()
{
    if (!requests_.front() && blocked_.empty())
        return;
    if (idle_) {
        work_.notify();
    } else if (workers_ < slots_) {
        workers_++;
        sc_core::sc_spawn([this] { serve(); },
                          sc_core::sc_gen_unique_name("serve"));
    }
}

void upstream_port::serve()
{
    for (;;) {
        payload *p = next_request();
        sc_time delay = sc_core::SC_ZERO_TIME;

        if (!p) {
            idle_++;
            sc_core::wait(work_);
            idle_--;
            continue;
        }
        // If the sink waits, another thread takes what else is due.
        again_.notify(sc_core::SC_ZERO_TIME);
        sink_.transact(*this, *p, delay);
        active_.erase(
            std::find_if(active_.begin(), active_.end(),
                         [p](const window &w) { return w.owner == p; }));
        responses_.push(*p, sc_time_stamp() + delay);
    }
}

upstream_port::window upstream_port::window_of(payload &p)
{
    unsigned n = std::min(p.get_data_length(), p.get_streaming_width());

    return {&p, p.get_address(), p.get_address() + (n ? n - 1 : 0)};
}

// Of those in the sink, or of the first `n` that wait for one of them.
bool upstream_port::overlaps(const window &w, size_t n) const
{
    auto hit = [&w](const window &a) {
        return w.first <= a.last && a.first <= w.last;
    };

    return std::any_of(active_.begin(), active_.end(), hit) ||
           std::any_of(blocked_.begin(), blocked_.begin() + n, hit);
}

// Take the first request that is due and overlaps no earlier one; the thread
// that ends the other takes those that do.
tlm::tlm_generic_payload *upstream_port::next_request()
{
    for (size_t i = 0; i < blocked_.size(); i++) {
        window w = blocked_[i];

        if (overlaps(w, i))
            continue;
        blocked_.erase(blocked_.begin() + i);
        active_.push_back(w);
        return w.owner;
    }
    while (payload *p = requests_.front()) {
        window w = window_of(*p);
        bool wait = overlaps(w, blocked_.size());

        requests_.pop();
        (wait ? blocked_ : active_).push_back(w);
        if (!wait)
            return p;
    }
    return nullptr;
}

void upstream_port::respond()
{
    while (send_end_request() || send_response())
        ;
}

// The stalled request enters when a slot is free, not before its own time.
bool upstream_port::send_end_request()
{
    tlm::tlm_phase phase = tlm::END_REQ;
    sc_time t = sc_core::SC_ZERO_TIME;
    payload *p = stalled_;

    if (!p || used_ == slots_)
        return false;
    if (stalled_at_ > sc_time_stamp())
        t = stalled_at_ - sc_time_stamp();
    stalled_ = nullptr;
    used_++;
    requests_.push(*p, sc_time_stamp() + t);
    (*this)->nb_transport_bw(*p, phase, t);
    return true;
}

bool upstream_port::send_response()
{
    tlm::tlm_phase phase = tlm::BEGIN_RESP;
    sc_time t = sc_core::SC_ZERO_TIME;
    payload *p = responses_.front();
    tlm::tlm_sync_enum sync;

    if (response_ || !p)
        return false;
    if (response_free_at_ > sc_time_stamp()) {
        retry_.notify(response_free_at_ - sc_time_stamp());
        return false;
    }
    responses_.pop();
    response_ = p;
    sync = (*this)->nb_transport_bw(*p, phase, t);
    if (response_ == p &&
        (sync == tlm::TLM_COMPLETED ||
         (sync == tlm::TLM_UPDATED && phase == tlm::END_RESP)))
        end_response(sc_time_stamp() + t);
    return true;
}

} // namespace iovp
