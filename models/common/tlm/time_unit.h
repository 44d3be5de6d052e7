// SPDX-License-Identifier: MIT
// The cores count in picoseconds; the resolution of sc_time is a power of ten
// of a second, which may be finer or coarser.
#ifndef IOVP_TIME_UNIT_H
#define IOVP_TIME_UNIT_H

#include <cstdint>

#include <systemc>

namespace iovp
{

class time_unit
{
  public:
    // The resolution is fixed from here on.
    time_unit()
    {
        uint64_t ticks_per_ps = sc_core::sc_time(1, sc_core::SC_PS).value();

        if (ticks_per_ps)
            ticks_div_ = ticks_per_ps;
        else
            ps_mul_ = static_cast<uint64_t>(
                sc_core::sc_time::from_value(1).to_seconds() * 1e12 + 0.5);
        unit_ = ps_mul_ == ticks_div_;
    }

    uint64_t ps(const sc_core::sc_time &t) const
    {
        return unit_ ? t.value() : t.value() * ps_mul_ / ticks_div_;
    }

    // Rounded up, so that nothing is complete before its time.
    sc_core::sc_time time_of(uint64_t ps) const
    {
        if (unit_)
            return sc_core::sc_time::from_value(ps);
        return sc_core::sc_time::from_value((ps * ticks_div_ + ps_mul_ - 1) /
                                            ps_mul_);
    }

  private:
    uint64_t ps_mul_ = 1, ticks_div_ = 1; // ps = ticks * mul / div
    bool unit_ = true;                    // they are both 1
};

} // namespace iovp

#endif
