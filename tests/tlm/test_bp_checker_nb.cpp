// SPDX-License-Identifier: MIT
// As test_bp_checker.cpp, for non-blocking transport.
#include "checker_bench.h"

using namespace checker_bench;

static void respond(payload &p)
{
    p.set_response_status(tlm::TLM_OK_RESPONSE);
}

TEST_CASE(Checker, FourPhasesAreQuiet)
{
    expect(BP_RULES, [](ends &e) {
        payload &p = nb(), &q = nb();

        e.fw(p, tlm::BEGIN_REQ);
        e.bw(p, tlm::END_REQ);
        e.fw(q, tlm::BEGIN_REQ); // the next one, while p is under way
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        respond(q);
        e.bw(q, tlm::BEGIN_RESP); // implies END_REQ
        e.fw(q, tlm::END_RESP);
        p.release();
        q.release();
    });
}

TEST_CASE(Checker, ReturnPathIsQuiet)
{
    expect(BP_RULES, [](ends &e) {
        payload &p = nb();

        e.on_fw = [](payload &, tlm_phase &ph, sc_time &) {
            ph = tlm::END_REQ;
            return tlm::TLM_UPDATED;
        };
        e.on_bw = [](payload &, tlm_phase &ph, sc_time &) {
            ph = tlm::END_RESP;
            return tlm::TLM_UPDATED;
        };
        e.fw(p, tlm::BEGIN_REQ);
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        p.release();
    });
    expect(BP_RULES, [](ends &e) {
        payload &p = nb();

        e.on_fw = [](payload &q, tlm_phase &, sc_time &) {
            respond(q);
            return tlm::TLM_COMPLETED;
        };
        e.fw(p, tlm::BEGIN_REQ);
        p.release();
    });
}

TEST_CASE(Checker, NoMemoryManager)
{
    expect(BP_NO_MM, [](ends &e) {
        payload p;

        setup(p);
        e.on_fw = [](payload &q, tlm_phase &, sc_time &) {
            respond(q);
            return tlm::TLM_COMPLETED;
        };
        e.fw(p, tlm::BEGIN_REQ);
    });
}

TEST_CASE(Checker, RequestExclusion)
{
    expect(BP_REQUEST_EXCLUSION, [](ends &e) {
        payload &p = nb(), &q = nb();

        e.fw(p, tlm::BEGIN_REQ);
        e.fw(q, tlm::BEGIN_REQ);
        for (payload *r : {&p, &q}) {
            respond(*r);
            e.bw(*r, tlm::BEGIN_RESP);
            e.fw(*r, tlm::END_RESP);
            r->release();
        }
    });
}

TEST_CASE(Checker, ResponseExclusion)
{
    expect(BP_RESPONSE_EXCLUSION, [](ends &e) {
        payload &p = nb(), &q = nb();

        for (payload *r : {&p, &q}) {
            e.fw(*r, tlm::BEGIN_REQ);
            e.bw(*r, tlm::END_REQ);
            respond(*r);
        }
        e.bw(p, tlm::BEGIN_RESP);
        e.bw(q, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        e.fw(q, tlm::END_RESP);
        p.release();
        q.release();
    });
}

TEST_CASE(Checker, EarlyCompletionDuringAResponse)
{
    expect(BP_RESPONSE_EXCLUSION, [](ends &e) {
        payload &p = nb(), &q = nb();

        e.fw(p, tlm::BEGIN_REQ);
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.on_fw = [&q](payload &r, tlm_phase &, sc_time &) {
            if (&r != &q)
                return tlm::TLM_ACCEPTED;
            respond(r);
            return tlm::TLM_COMPLETED;
        };
        e.fw(q, tlm::BEGIN_REQ);
        e.fw(p, tlm::END_RESP);
        p.release();
        q.release();
    });
}

TEST_CASE(Checker, PhasesOutOfSequence)
{
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.bw(p, tlm::END_REQ); // of nothing
        p.release();
    });
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::BEGIN_REQ);
        e.bw(p, tlm::END_REQ);
        e.bw(p, tlm::END_REQ); // twice
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        p.release();
    });
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::BEGIN_REQ);
        e.fw(p, tlm::END_RESP); // too early
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        p.release();
    });
}

TEST_CASE(Checker, PhaseInTheWrongDirection)
{
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::END_REQ);
        p.release();
    });
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.bw(p, tlm::BEGIN_REQ);
        p.release();
    });
}

TEST_CASE(Checker, CompletedByTheInitiatorTooEarly)
{
    expect(BP_PHASE, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::BEGIN_REQ);
        respond(p);
        e.on_bw = [](payload &, tlm_phase &, sc_time &) {
            return tlm::TLM_COMPLETED;
        };
        e.bw(p, tlm::END_REQ);
        p.release();
    });
}

TEST_CASE(Checker, AcceptedButModified)
{
    expect(BP_ACCEPTED, [](ends &e) {
        payload &p = nb();

        e.on_fw = [](payload &, tlm_phase &ph, sc_time &) {
            if (ph == tlm::BEGIN_REQ)
                ph = tlm::END_REQ;
            return tlm::TLM_ACCEPTED;
        };
        e.fw(p, tlm::BEGIN_REQ);
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        p.release();
    });
}

TEST_CASE(Checker, Nested)
{
    expect(BP_NESTED, [](ends &e) {
        payload &p = nb();

        e.on_fw = [&e](payload &q, tlm_phase &ph, sc_time &) {
            if (ph == tlm::BEGIN_REQ)
                e.bw(q, tlm::END_REQ);
            return tlm::TLM_ACCEPTED;
        };
        e.fw(p, tlm::BEGIN_REQ);
        respond(p);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        p.release();
    });
}

TEST_CASE(Checker, NonBlockingCallWaits)
{
    expect(BP_WAIT, [](ends &e) {
        payload &p = nb();

        e.on_fw = [](payload &q, tlm_phase &, sc_time &) {
            sc_core::wait(sc_core::SC_ZERO_TIME);
            respond(q);
            return tlm::TLM_COMPLETED;
        };
        e.fw(p, tlm::BEGIN_REQ);
        p.release();
    });
}

TEST_CASE(Checker, PhaseTimesGoBack)
{
    expect(BP_TIME, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::BEGIN_REQ, sc_time(10, sc_core::SC_NS));
        e.bw(p, tlm::END_REQ, sc_time(5, sc_core::SC_NS));
        respond(p);
        e.bw(p, tlm::BEGIN_RESP, sc_time(10, sc_core::SC_NS));
        e.fw(p, tlm::END_RESP, sc_time(10, sc_core::SC_NS));
        p.release();
    });
}

TEST_CASE(Checker, ResponseWithoutStatus)
{
    expect(BP_RESPONSE_STATUS, [](ends &e) {
        payload &p = nb();

        e.fw(p, tlm::BEGIN_REQ);
        e.bw(p, tlm::BEGIN_RESP);
        e.fw(p, tlm::END_RESP);
        p.release();
    });
}

TEST_CASE(Checker, NoReference)
{
    expect(BP_REFERENCE, [](ends &e) {
        struct : tlm::tlm_mm_interface {
            void free(payload *) override
            {
            }
        } mm;
        payload p(&mm);

        setup(p); // has a memory manager, but nobody acquired it
        e.on_fw = [](payload &q, tlm_phase &, sc_time &) {
            respond(q);
            return tlm::TLM_COMPLETED;
        };
        e.fw(p, tlm::BEGIN_REQ);
    });
}
