// SPDX-License-Identifier: MIT
// DMA engines of timed platforms.  Private to capi/.
#ifndef IOVP_TIMED_ENGINE_H
#define IOVP_TIMED_ENGINE_H

#include <algorithm>

#include "engine_device.h"
#include "timed_ram.h"

// The process of an engine: it works when something is due.  It never waits:
// its accesses are transfers with processes of their own.
struct timed_engine : public sc_core::sc_module {
    SC_HAS_PROCESS(timed_engine);
    timed_engine(sc_core::sc_module_name name, struct platform_engine *e)
        : sc_module(name), e_(e)
    {
        SC_METHOD(run);
        sensitive << due_;
        dont_initialize();
        e->timed = this;
    }

    void wake(std::uint64_t t)
    {
        std::uint64_t now = timed_parts::to_ps(sc_core::sc_time_stamp());

        // An event keeps the earlier of two notifications.
        due_.notify(timed_parts::from_ps(t > now ? t - now : 0));
    }

  private:
    void run()
    {
        std::uint64_t next = engine_device_work(e_);

        if (next != ENGINE_NEVER)
            wake(next);
    }

    struct platform_engine *e_;
    sc_core::sc_event due_;
};

#endif
