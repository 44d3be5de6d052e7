// SPDX-License-Identifier: MIT
// What the tests of stalled transactions at the bridge share.
#ifndef IOVP_STALL_BENCH_H
#define IOVP_STALL_BENCH_H

#include "bench.h"

namespace bench
{

static const sc_time us(1, sc_core::SC_US);

enum : uint64_t { AC = 1 << 12, AB = 1 << 13 }; // of CMD_RESUME (4.7.1)

// CD.S of the stream without PASID (5.4), and PAGE_NONE without a mapping.
inline void stall_on(platform &b)
{
    b.mem.put64(CDTAB, b.mem.get64(CDTAB) | 1ull << 44);
    b.mem.put64(TTB + 0x2000 + 8 * (PAGE_NONE >> 12), 0);
    b.invalidate();
    b.events();
}

// Take the oldest record: it must be a stall's.  Returns its STAG.
inline unsigned take_stall(platform &b, uint64_t iova)
{
    uint32_t cons = b.read32(0x100ac);
    uint64_t at = EVENTQ + 32 * (cons & 31);

    CHECK((b.read32(0x100a8) ^ cons) & 63);
    CHECK_EQ(b.mem.bytes[at], 0x10); // F_TRANSLATION
    CHECK_EQ(b.mem.get64(at + 8) >> 31 & 1, 1);
    CHECK_EQ(b.mem.get64(at + 16), iova);
    b.write32(0x100ac, (cons + 1) & 63);
    return static_cast<unsigned>(b.mem.get64(at + 8) & 0xffff);
}

inline void resume(platform &b, unsigned stag, uint64_t how)
{
    b.command(0x44 | how | static_cast<uint64_t>(SID_S1) << 32, stag);
}

} // namespace bench

#endif
