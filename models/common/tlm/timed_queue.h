// SPDX-License-Identifier: MIT
// Payloads waiting for their time: a payload event queue that keeps its
// memory, so that the steady state allocates nothing.
#ifndef IOVP_TIMED_QUEUE_H
#define IOVP_TIMED_QUEUE_H

#include <algorithm>
#include <cstdint>
#include <vector>

#include <tlm>

namespace iovp
{

class timed_queue
{
  public:
    // Queue `p` for the absolute time `when`; equal times keep their order.
    void push(tlm::tlm_generic_payload &p, const sc_core::sc_time &when)
    {
        heap_.push_back({when, seq_++, &p});
        std::push_heap(heap_.begin(), heap_.end(), later);
        arm();
    }

    // The payload whose time has come, NULL if there is none.
    tlm::tlm_generic_payload *front() const
    {
        if (heap_.empty() || heap_.front().when > sc_core::sc_time_stamp())
            return nullptr;
        return heap_.front().payload;
    }

    void pop()
    {
        std::pop_heap(heap_.begin(), heap_.end(), later);
        heap_.pop_back();
        arm();
    }

    // Notified, once, when the first payload's time comes.
    sc_core::sc_event &event()
    {
        return event_;
    }

  private:
    struct entry {
        sc_core::sc_time when;
        uint64_t seq;
        tlm::tlm_generic_payload *payload;
    };

    static bool later(const entry &a, const entry &b)
    {
        return a.when != b.when ? a.when > b.when : a.seq > b.seq;
    }

    void arm()
    {
        sc_core::sc_time now = sc_core::sc_time_stamp();

        // A delta notification that is pending would swallow a timed one.
        event_.cancel();
        if (heap_.empty())
            return;
        if (heap_.front().when > now)
            event_.notify(heap_.front().when - now);
        else
            event_.notify(sc_core::SC_ZERO_TIME);
    }

    std::vector<entry> heap_;
    uint64_t seq_ = 0;
    sc_core::sc_event event_;
};

} // namespace iovp

#endif
