// SPDX-License-Identifier: MIT
// The non-blocking side of the bridge: phases, exclusion, memory management,
// ordering, and the same completion times as b_transport.
#include "bench.h"

#include <map>

using namespace bench;
using iovp::fault_extension;
using tlm::tlm_phase;
using tlm::tlm_sync_enum;

static const sc_time ns(1, sc_core::SC_NS);
static const sc_time us(1, sc_core::SC_US);

// An approximately-timed initiator.
class at_initiator
{
  public:
    enum ending { BY_PHASE, BY_COMPLETED, BY_UPDATED };

    at_initiator(platform &b, unsigned port = 0)
        : b_(b), socket_(b.dma[port]->socket)
    {
        b.dma[port]->on_bw = [this](payload &p, tlm_phase &ph, sc_time &t) {
            return bw(p, ph, t);
        };
    }

    // Send when the last request has ended.
    payload &send(tlm::tlm_command cmd, uint64_t iova, void *data,
                  unsigned length, sc_time delay = sc_time())
    {
        payload &p = pool_.take();

        while (requesting_)
            sc_core::wait(request_ended_);
        b_.setup(p, cmd, iova, data, length);
        post(p, delay);
        return p;
    }
    void post(payload &p, sc_time delay = sc_time())
    {
        tlm_phase ph = tlm::BEGIN_REQ;

        requesting_ = &p;
        under_way_++;
        tlm_sync_enum sync = socket_->nb_transport_fw(p, ph, delay);
        if (sync == tlm::TLM_UPDATED && ph == tlm::END_REQ)
            end_request(p);
        if (sync == tlm::TLM_COMPLETED) {
            end_request(p);
            done(p, sc_time_stamp() + delay);
        }
    }
    void wait_all()
    {
        while (under_way_)
            sc_core::wait(ended_);
    }

    ending how = BY_PHASE;
    sc_time accept_delay;                    // from BEGIN_RESP to END_RESP
    std::map<payload *, sc_time> completion; // time of BEGIN_RESP
    std::vector<payload *> order;            // of responses
    unsigned stalls = 0;                     // END_REQ came later
    bool keep = false;                       // do not release

    void release(payload &p)
    {
        p.release();
    }

  private:
    tlm_sync_enum bw(payload &p, tlm_phase &ph, sc_time &t)
    {
        if (ph == tlm::END_REQ) {
            stalls++;
            end_request(p);
            return tlm::TLM_ACCEPTED;
        }
        CHECK_EQ(ph, tlm::BEGIN_RESP);
        CHECK(p.get_response_status() != tlm::TLM_INCOMPLETE_RESPONSE);
        completion[&p] = sc_time_stamp() + t;
        order.push_back(&p);
        if (how == BY_PHASE) {
            sc_core::sc_spawn([this, &p] {
                tlm_phase end = tlm::END_RESP;
                sc_time zero;

                sc_core::wait(accept_delay);
                socket_->nb_transport_fw(p, end, zero);
                done(p, sc_time_stamp());
            });
            return tlm::TLM_ACCEPTED;
        }
        t += accept_delay;
        ph = tlm::END_RESP;
        // The bridge holds a reference of its own until it has seen this.
        done(p, sc_time_stamp() + t);
        return how == BY_UPDATED ? tlm::TLM_UPDATED : tlm::TLM_COMPLETED;
    }
    void end_request(payload &p)
    {
        CHECK(requesting_ == &p);
        requesting_ = nullptr;
        request_ended_.notify();
    }
    void done(payload &p, const sc_time &)
    {
        if (!keep)
            p.release();
        under_way_--;
        ended_.notify(sc_core::SC_ZERO_TIME);
    }

    platform &b_;
    tlm::tlm_initiator_socket<> &socket_;
    iovp::payload_pool pool_;
    payload *requesting_ = nullptr;
    unsigned under_way_ = 0;
    sc_core::sc_event request_ended_, ended_;
};

// ---- one transaction ----

static void one_of_each(platform &b, at_initiator::ending how)
{
    unsigned char out[64], in[64] = {};
    at_initiator at(b);

    at.how = how;
    for (unsigned i = 0; i < 64; i++)
        out[i] = static_cast<unsigned char>(i + how);
    at.send(tlm::TLM_WRITE_COMMAND, PAGE_B - 32, out, 64);
    at.wait_all();
    at.send(tlm::TLM_READ_COMMAND, PAGE_B - 32, in, 64);
    at.wait_all();
    CHECK_MEM(in, out, 64);
    CHECK_EQ(at.order.size(), 2);
    sc_core::wait(us);
}

SIM_TEST(NonBlocking, FourPhases)
{
    one_of_each(b, at_initiator::BY_PHASE);
}

SIM_TEST(NonBlocking, InitiatorCompletesByReturn)
{
    one_of_each(b, at_initiator::BY_COMPLETED);
}

SIM_TEST(NonBlocking, InitiatorUpdatesByReturn)
{
    one_of_each(b, at_initiator::BY_UPDATED);
}

SIM_TEST(NonBlocking, FaultIsAResponse)
{
    unsigned char in[8];
    at_initiator at(b);
    fault_extension f;
    uint8_t type = 0;

    at.keep = true;
    payload &p = at.send(tlm::TLM_READ_COMMAND, PAGE_NONE, in, 8);
    at.wait_all();
    CHECK_EQ(p.get_response_status(), tlm::TLM_ADDRESS_ERROR_RESPONSE);
    CHECK_EQ(b.events(&type), 1);
    CHECK_EQ(type, 0x10);
    CHECK_EQ(p.get_ref_count(), 1); // the bridge let go of it
    at.release(p);
}

SIM_TEST(NonBlocking, WithoutMemoryManagerItIsRefused)
{
    tlm_phase ph = tlm::BEGIN_REQ;
    unsigned char in[8];
    payload p;
    sc_time t;

    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_A, in, 8);
    CHECK_EQ(b.smmu.upstream[0].get_base_interface().nb_transport_fw(p, ph, t),
             tlm::TLM_COMPLETED);
    CHECK_EQ(p.get_response_status(), tlm::TLM_GENERIC_ERROR_RESPONSE);
}

// ---- the same times as b_transport ----

struct step {
    uint64_t gap_ns; // waited before
    tlm::tlm_command cmd;
    uint64_t iova;
    unsigned length;
    uint64_t delay_ns; // annotated
};

static const step steps[] = {
    {0, tlm::TLM_READ_COMMAND, PAGE_A, 64, 0},
    {0, tlm::TLM_READ_COMMAND, PAGE_A + 64, 64, 0}, // merges with the fill
    {3, tlm::TLM_WRITE_COMMAND, PAGE_B - 16, 64, 0},
    {1000, tlm::TLM_READ_COMMAND, PAGE_A, 8, 0},
    {0, tlm::TLM_READ_COMMAND, PAGE_A + 128, 8, 7},
    {20, tlm::TLM_READ_COMMAND, BLOCK_2M + 0x1ff0, 64, 0},
    {1, tlm::TLM_WRITE_COMMAND, PAGE_RO, 8, 0},
    {1, tlm::TLM_READ_COMMAND, PAGE_NONE, 8, 2},
    {500, tlm::TLM_READ_COMMAND, PAGE_C, 256, 11},
};
static const unsigned STEPS = sizeof steps / sizeof steps[0];

static void start(platform &b)
{
    b.smmu.reset();
    b.mem.table_latency = b.mem.client_latency = sc_time();
    b.bring_up();
    // The same phase of everything that counts from time zero.
    sc_core::wait(us -
                  sc_time::from_value(sc_time_stamp().value() % us.value()));
    b.mem.table_latency = 80 * ns;
    b.mem.client_latency = 25 * ns;
}

SIM_TEST(NonBlocking, SameCompletionTimesAsBlocking)
{
    unsigned char data[256] = {};
    sc_time blocking[STEPS], base;
    std::vector<payload *> sent;
    at_initiator at(b);

    start(b);
    base = sc_time_stamp();
    for (unsigned i = 0; i < STEPS; i++) {
        sc_time t = steps[i].delay_ns * ns;

        sc_core::wait(steps[i].gap_ns * ns);
        b.access(steps[i].cmd, steps[i].iova, data, steps[i].length, &t);
        blocking[i] = sc_time_stamp() + t - base;
    }
    sc_core::wait(100 * us);
    start(b);
    base = sc_time_stamp();
    at.keep = true;
    at.how = at_initiator::BY_COMPLETED;
    for (unsigned i = 0; i < STEPS; i++) {
        sc_core::wait(steps[i].gap_ns * ns);
        sent.push_back(&at.send(steps[i].cmd, steps[i].iova, data,
                                steps[i].length, steps[i].delay_ns * ns));
    }
    at.wait_all();
    for (unsigned i = 0; i < STEPS; i++) {
        CHECK_EQ((at.completion[sent[i]] - base).value(), blocking[i].value());
        at.release(*sent[i]);
    }
    b.events();
}

// ---- many at once ----

// A miss does not hold up the hits behind it: responses overtake.
SIM_TEST(NonBlocking, ResponsesComeInOrderOfCompletion)
{
    unsigned char x[8], y[8];
    at_initiator at(b);

    b.read(PAGE_A, x, 8);
    sc_core::wait(us);
    b.mem.table_latency = us;
    at.keep = true;
    payload &miss = at.send(tlm::TLM_READ_COMMAND, PAGE_B, x, 8);
    payload &hit = at.send(tlm::TLM_READ_COMMAND, PAGE_A, y, 8);
    at.wait_all();
    REQUIRE(at.order.size() == 2);
    CHECK(at.order[0] == &hit);
    CHECK(at.order[1] == &miss);
    at.release(miss);
    at.release(hit);
}

// One response at a time, each as long as the initiator takes for it.
static void slow_responses(platform &b, at_initiator::ending how)
{
    unsigned char x[4][8];
    payload *p[4];
    at_initiator at(b);

    b.read(PAGE_A, x[0], 8);
    sc_core::wait(us);
    at.how = how;
    at.keep = true;
    at.accept_delay = 100 * ns;
    for (unsigned i = 0; i < 4; i++)
        p[i] = &at.send(tlm::TLM_READ_COMMAND, PAGE_A + 8 * i, x[i], 8);
    at.wait_all();
    sc_core::wait(us);
    for (unsigned i = 1; i < 4; i++)
        CHECK_EQ((at.completion[p[i]] - at.completion[p[i - 1]]).value(),
                 (100 * ns).value());
    for (unsigned i = 0; i < 4; i++)
        at.release(*p[i]);
}

SIM_TEST(NonBlocking, ResponseExclusionByPhase)
{
    slow_responses(b, at_initiator::BY_PHASE);
}

SIM_TEST(NonBlocking, ResponseExclusionByReturn)
{
    slow_responses(b, at_initiator::BY_UPDATED);
}

// A memory that waits: several are under way in it, not one after another.
SIM_TEST(NonBlocking, WaitingMemoryIsNotSerialised)
{
    unsigned char x[16][8];
    at_initiator at(b);
    sc_time start;

    b.read(PAGE_A, x[0], 8);
    sc_core::wait(us);
    b.mem.client_wait = 10 * us;
    at.how = at_initiator::BY_COMPLETED;
    start = sc_time_stamp();
    for (unsigned i = 0; i < 16; i++)
        at.send(tlm::TLM_READ_COMMAND, PAGE_A + 8 * i, x[i], 8);
    at.wait_all();
    CHECK_EQ(at.order.size(), 16);
    CHECK(sc_time_stamp() - start < 11 * us);
}

// 15.2.9: overlapping addresses are served in order.
SIM_TEST(NonBlocking, OverlapIsServedInOrder)
{
    unsigned char out[8], in[8] = {}, other[8];
    at_initiator at(b);
    sc_time start;

    b.read(PAGE_A, in, 8);
    sc_core::wait(us);
    for (unsigned i = 0; i < 8; i++)
        out[i] = static_cast<unsigned char>(0xa0 + i);
    b.mem.put64(DATA, 0);
    b.mem.client_wait = 10 * us;
    at.how = at_initiator::BY_COMPLETED;
    at.keep = true;
    start = sc_time_stamp();
    payload &w = at.send(tlm::TLM_WRITE_COMMAND, PAGE_A, out, 8);
    payload &r = at.send(tlm::TLM_READ_COMMAND, PAGE_A + 4, in, 8);
    payload &o = at.send(tlm::TLM_READ_COMMAND, PAGE_A + 64, other, 8);
    at.wait_all();
    CHECK_MEM(in, out + 4, 4);
    CHECK(at.completion[&w] < start + 11 * us);
    CHECK(at.completion[&r] >= start + 20 * us);
    CHECK(at.completion[&o] < start + 21 * us);
    at.release(w);
    at.release(r);
    at.release(o);
}

// 64 slots: the 65th request waits for its END_REQ until one is free.
SIM_TEST(NonBlocking, RequestsStallWhenSlotsAreTaken)
{
    static unsigned char x[200][8];
    at_initiator at(b);

    b.read(PAGE_A, x[0], 8);
    sc_core::wait(us);
    b.mem.client_wait = us;
    for (unsigned i = 0; i < 200; i++)
        at.send(tlm::TLM_READ_COMMAND, PAGE_A + 8 * i, x[i], 8);
    at.wait_all();
    CHECK_EQ(at.order.size(), 200);
    CHECK(at.stalls > 0);
    CHECK_EQ(b.mem.log.size(), 201);
}

SIM_TEST(NonBlocking, TwoPortsAtOnce)
{
    unsigned char x[8], y[8];
    at_initiator first(b, 0), second(b, 1);

    b.mem.put64(DATA, 0x11);
    b.mem.put64(DATA + 0x5000, 0x22);
    first.send(tlm::TLM_READ_COMMAND, PAGE_A, x, 8);
    second.send(tlm::TLM_READ_COMMAND, PAGE_B, y, 8);
    first.wait_all();
    second.wait_all();
    CHECK_EQ(x[0], 0x11);
    CHECK_EQ(y[0], 0x22);
    sc_core::wait(us);
}

// Blocking and non-blocking calls may be mixed (15.2.10).
SIM_TEST(NonBlocking, MixedWithBlocking)
{
    unsigned char x[8], y[8];
    at_initiator at(b);

    b.mem.client_wait = us;
    for (unsigned i = 0; i < 10; i++) {
        at.send(tlm::TLM_READ_COMMAND, PAGE_A + 8 * i, x, 8);
        CHECK_EQ(b.read(PAGE_B, y, 8), tlm::TLM_OK_RESPONSE);
    }
    at.wait_all();
    CHECK_EQ(at.order.size(), 10);
    sc_core::wait(us);
}

// An ignorable phase is accepted and changes nothing (15.2.4).
DECLARE_EXTENDED_PHASE(internal_phase);

SIM_TEST(NonBlocking, IgnorablePhaseIsIgnored)
{
    tlm_phase ph = internal_phase;
    iovp::payload_pool pool;
    unsigned char x[8];
    sc_time t;

    payload &p = pool.take();
    b.setup(p, tlm::TLM_READ_COMMAND, PAGE_A, x, 8);
    CHECK_EQ(b.dma[0]->socket->nb_transport_fw(p, ph, t), tlm::TLM_ACCEPTED);
    CHECK(ph == internal_phase);
    p.release();
}
