// SPDX-License-Identifier: MIT
// The end of a simulation in which transactions are still stalled.
#include "bench.h"

using namespace bench;

TEST_CASE(BridgeStall, DestroyedWhileProcessesWait)
{
    unsigned char data[3][8];
    payload p[3]; // the stacks of those processes are never unwound
    platform *b = new platform("b");
    unsigned done = 0;

    b->settle();
    CHECK(b->execute([&] {
        b->bring_up();
        b->mem.put64(CDTAB, b->mem.get64(CDTAB) | 1ull << 44); // CD.S
        b->invalidate();
        for (unsigned i = 0; i < 3; i++)
            sc_core::sc_spawn([&, i] {
                b->setup(p[i], tlm::TLM_READ_COMMAND, PAGE_NONE + 8 * i,
                         data[i], 8);
                b->send(p[i]);
                done++;
            });
        sc_core::wait(10, sc_core::SC_US);
    }));
    CHECK_EQ(smmuv3_stalls(b->smmu.core()), 3);
    CHECK_EQ(done, 0);
    delete b;
    CHECK_EQ(done, 0);
}
