// SPDX-License-Identifier: MIT
// The transaction bridge: it ends the incoming payload as its target and
// issues payloads of its own, one per translated part.
#include "smmuv3_module.h"

#include "../smmuv3_fmt.h"
#include "smmuv3_bus_internal.h"

namespace iovp
{

using sc_core::sc_time;
using sc_core::sc_time_stamp;

// A transaction in progress.  It lives on the stack: b_transport is
// re-entrant.
struct smmuv3_module::burst {
    upstream_port &port;
    payload &p;
    sc_time &delay;
    fault_extension *fault;
    ats_extension *ats; // gets the answer of a Translation Request
    iovp_attrs attrs;
    unsigned access; // SMMUV3_READ, SMMUV3_WRITE
    bool request;    // a Translation Request
    bool moves;      // data
    unsigned length;
    unsigned width;  // of the streamed window; length if not streaming
    unsigned offset; // bytes done
    tlm::tlm_response_status status;
};

// The base protocol's demands on a request (14.9 to 14.17).
static tlm::tlm_response_status shape_of(const tlm::tlm_generic_payload &p)
{
    if (p.get_command() == tlm::TLM_IGNORE_COMMAND)
        return tlm::TLM_OK_RESPONSE;
    if (!p.get_data_length() || !p.get_streaming_width())
        return tlm::TLM_BURST_ERROR_RESPONSE;
    if (!p.get_data_ptr())
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    if (p.get_byte_enable_ptr() && !p.get_byte_enable_length())
        return tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
    return tlm::TLM_OK_RESPONSE;
}

static unsigned access_of(const tlm::tlm_generic_payload &p)
{
    if (p.get_extension<atomic_extension>())
        return SMMUV3_READ | SMMUV3_WRITE;
    if (p.is_read())
        return SMMUV3_READ;
    return p.is_write() ? SMMUV3_WRITE : 0;
}

// RAZ/WI: reads are zero where bytes are enabled, writes are gone.
static void read_zero(tlm::tlm_generic_payload &p, unsigned offset,
                      unsigned length)
{
    const unsigned char *be = p.get_byte_enable_ptr();
    unsigned n = p.get_byte_enable_length();

    if (!p.is_read())
        return;
    for (unsigned i = offset; i < offset + length; i++)
        if (!be || be[i % n] == TLM_BYTE_ENABLED)
            p.get_data_ptr()[i] = 0;
}

// Attributes after the SMMU (chapter 13).  The identity travels on: an ITS
// or an observer downstream wants to know whose access it is.
static void output_attrs(iovp_attrs &out, const iovp_attrs &in,
                         const smmuv3_result &res)
{
    out = in;
    out.specified = IOVP_ATTR_ALL;
    out.addr_type = IOVP_AT_UNTRANSLATED;
    out.no_write = 0;
    out.space = res.space;
    out.privileged = res.privileged;
    out.instruction = res.instruction;
    out.mem_type = res.mem_type;
    out.shareability = res.shareability;
}

// Bytes from `iova` on that are translated alike; after a fault, to the end
// of the smallest granule.
static uint64_t span_of(const smmuv3_result &res, uint64_t iova)
{
    unsigned log2 = res.status == IOVP_RESULT_OK ? res.log2 : 12;
    uint64_t granule = 1ull << log2;

    return granule - (iova & (granule - 1));
}

void smmuv3_module::transact(upstream_port &port, payload &p, sc_time &delay)
{
    burst b = {port,
               p,
               delay,
               p.get_extension<fault_extension>(),
               p.get_extension<ats_extension>(),
               attrs_of(p, port.defaults),
               access_of(p),
               false,
               false,
               p.get_data_length(),
               p.get_streaming_width(),
               0,
               shape_of(p)};

    p.set_dmi_allowed(false);
    if (b.fault)
        b.fault->reset();
    if (b.ats)
        b.ats->reset();
    b.request = b.attrs.addr_type == IOVP_AT_TRANSLATION_REQUEST;
    b.moves = b.access && !b.request;
    if (b.width > b.length || !b.moves)
        b.width = b.length;
    if (b.status == tlm::TLM_OK_RESPONSE)
        while (part(b) && b.offset < b.length)
            ;
    p.set_response_status(b.status);
}

// Remember why the first part that failed did so.
static void note(fault_extension *f, unsigned result, unsigned event,
                 unsigned done)
{
    if (!f || f->result != IOVP_RESULT_OK)
        return;
    f->result = static_cast<uint8_t>(result);
    f->event = static_cast<uint8_t>(event);
    f->done = done;
}

// Translate and do the bytes from b.offset that lie in one granule.  False:
// the transaction ends here.
bool smmuv3_module::part(burst &b)
{
    uint64_t in_window = b.offset ? b.offset % b.width : 0;
    uint64_t iova = b.p.get_address() + in_window;
    smmuv3_result res;
    unsigned token = 0, length, width;
    uint64_t time_in;

    if (!translate(b, iova, res, &token, &time_in)) {
        b.status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
        note(b.fault, IOVP_RESULT_ABORT, 0, b.offset);
        return false;
    }
    if (res.status == IOVP_RESULT_STALL) {
        b.status = tlm::TLM_ADDRESS_ERROR_RESPONSE;
        return false;
    }
    length = part_length(b, res, iova, &width);
    if (res.status == IOVP_RESULT_OK && b.moves)
        access(b, res, length, width, token);
    else if (res.status == IOVP_RESULT_RAZWI)
        read_zero(b.p, b.offset, b.moves ? length : 0);
    else if (res.status != IOVP_RESULT_OK && !(b.request && b.ats))
        b.status = res.event == F_PERMISSION ? tlm::TLM_COMMAND_ERROR_RESPONSE
                                             : tlm::TLM_ADDRESS_ERROR_RESPONSE;
    if (res.status != IOVP_RESULT_OK)
        note(b.fault, res.status, res.event, b.offset);
    if (on_trace)
        record(b, iova, length, time_in, res);
    if (b.status != tlm::TLM_OK_RESPONSE || !b.moves)
        return false;
    b.offset += length;
    if (b.fault && b.fault->result == IOVP_RESULT_OK)
        b.fault->done = b.offset;
    return true;
}

// Beats of a streaming access repeat the same addresses: if the window lies
// in one granule, all beats that are left are one part; if not, each beat is
// split (14.15).
unsigned smmuv3_module::part_length(const burst &b, const smmuv3_result &res,
                                    uint64_t iova, unsigned *width) const
{
    uint64_t span = span_of(res, iova);
    unsigned in_window = b.offset ? b.offset % b.width : 0;
    unsigned left = b.length - b.offset;
    unsigned beat = b.width - in_window;

    if (!in_window && beat < left && beat <= span) {
        *width = b.width;
        return left;
    }
    if (beat > left)
        beat = left;
    *width = beat < span ? beat : static_cast<unsigned>(span);
    return *width;
}

// As a new one, or as software has answered.  False: it is terminated.
bool smmuv3_module::ask(const burst &b, uint64_t iova, uint32_t stall,
                        smmuv3_result &res)
{
    if (!stall) {
        res.ats = {0, IOVP_ATS_UR, 0, 0}; // an SMMU without ATS sets nothing
        smmuv3_translate(core_, &b.attrs, iova, b.access, SMMUV3_NORMAL, &res);
        return true;
    }
    switch (smmuv3_stall_state(core_, stall)) {
    case SMMUV3_STALL_RETRY:
        smmuv3_retry(core_, stall, &res);
        return true;
    case SMMUV3_STALL_RAZWI:
        res.status = IOVP_RESULT_RAZWI;
        break;
    default: // or the SMMU was reset
        res.status = IOVP_RESULT_ABORT;
        break;
    }
    smmuv3_stall_end(core_, stall);
    return false;
}

// Let the core's time pass, and wait as often as the transaction is stalled.
// False: this process is in the core.
bool smmuv3_module::translate(burst &b, uint64_t iova, smmuv3_result &res,
                              unsigned *token, uint64_t *time_in)
{
    uint32_t stall = 0;

    try {
        do {
            if (!enter(b.delay)) {
                smmuv3_stall_end(core_, stall);
                return false;
            }
            if (!stall)
                *time_in = ps(local_);
            pass(b, iova, &stall, res, token);
        } while (stall && hold(b, res));
    } catch (...) {
        // The process was killed or reset, wherever it waited.
        smmuv3_stall_end(core_, stall);
        throw;
    }
    return true;
}

// A Translation Request is answered; it moves no data.
void smmuv3_module::answer(burst &b, smmuv3_result &res)
{
    if (b.ats) {
        b.ats->completion = res.ats;
        b.ats->valid = true;
    } else if (b.access) {
        res.status = IOVP_RESULT_ABORT;
    }
}

// Once through the core, which this process has entered.  *stall: of the
// transaction before and after.
void smmuv3_module::pass(burst &b, uint64_t iova, uint32_t *stall,
                         smmuv3_result &res, unsigned *token)
{
    sc_time entry = local_, out;

    if (ask(b, iova, *stall, res) && timed_) {
        smmuv3_time(core_, ps(entry), &res);
    } else {
        res.time_out = ps(entry);
        for (uint32_t &w : res.wait)
            w = 0;
    }
    if (b.request)
        answer(b, res);
    if (res.status == IOVP_RESULT_STALL && !b.port.may_stall) {
        smmuv3_stall_end(core_, res.stall);
        res.status = IOVP_RESULT_ABORT;
    }
    *stall = res.status == IOVP_RESULT_STALL ? res.stall : 0;
    // Before anyone else comes: from here on a CMD_SYNC waits for us.
    if (res.status == IOVP_RESULT_OK && b.moves && !unwinding_)
        *token = smmuv3_txn_begin(core_);
    leave();
    out = time_of(res.time_out);
    if (out < entry)
        out = entry; // sc_time may be finer than a picosecond
    b.delay =
        out > sc_time_stamp() ? out - sc_time_stamp() : sc_core::SC_ZERO_TIME;
}

// Wait until software has answered.  False: nobody can wait here, and the
// initiator has to.
bool smmuv3_module::hold(burst &b, const smmuv3_result &res)
{
    sc_time since = sc_time_stamp() + b.delay;
    fault_extension was;

    if (b.fault) {
        was.copy_from(*b.fault);
        b.fault->result = IOVP_RESULT_STALL;
        b.fault->event = res.event;
        b.fault->done = b.offset;
        b.fault->stall = res.stall;
    }
    if (!can_wait())
        return false;
    wait_answer(res.stall);
    b.delay = since > sc_time_stamp() ? since - sc_time_stamp()
                                      : sc_core::SC_ZERO_TIME;
    if (b.fault) {
        was.stalls++;
        b.fault->copy_from(was);
    }
    return true;
}

void smmuv3_module::wait_answer(uint32_t stall)
{
    std::unique_ptr<sc_core::sc_event> &e = answered_[stall % SMMUV3_STALLS];

    if (!e)
        e = std::make_unique<sc_core::sc_event>();
    while (smmuv3_stall_state(core_, stall) == SMMUV3_STALL_WAITING)
        sc_core::wait(*e);
}

void smmuv3_module::give_up(uint32_t stall)
{
    smmuv3_stall_end(core_, stall);
    if (answered_[stall % SMMUV3_STALLS])
        answered_[stall % SMMUV3_STALLS]->notify(sc_core::SC_ZERO_TIME);
}

void smmuv3_module::access(burst &b, const smmuv3_result &res, unsigned length,
                           unsigned width, unsigned token)
{
    pooled_payload &c = pool_.take();
    // Also if the process is killed in the target.
    struct finally {
        struct smmuv3 *core;
        unsigned token;
        pooled_payload &c;

        ~finally()
        {
            smmuv3_txn_end(core, token);
            c.release();
        }
    } end = {core_, token, c};

    c.part_of(b.p, res.pa, b.offset, length, width);
    output_attrs(c.attrs(), b.attrs, res);
    downstream->b_transport(c, b.delay);
    if (c.is_response_error()) {
        b.status = c.get_response_status();
        if (b.status == tlm::TLM_INCOMPLETE_RESPONSE)
            b.status = tlm::TLM_GENERIC_ERROR_RESPONSE;
        note(b.fault, IOVP_RESULT_BUS, 0, b.offset);
    }
}

void smmuv3_module::record(const burst &b, uint64_t iova, unsigned length,
                           uint64_t time_in, const smmuv3_result &res)
{
    iovp_trace_record r = {};

    smmuv3_describe(core_, &b.attrs, iova, length, b.access, &res, &r);
    r.time_in = time_in;
    r.time_out = ps(sc_time_stamp() + b.delay);
    r.initiator = b.port.initiator;
    if (res.status == IOVP_RESULT_OK && b.status != tlm::TLM_OK_RESPONSE)
        r.result = IOVP_RESULT_BUS;
    on_trace(r);
}

// ---- debug transport: no waiting, no trace of it anywhere ----

unsigned smmuv3_module::debug(upstream_port &port, payload &p)
{
    iovp_attrs attrs = attrs_of(p, port.defaults);
    unsigned access = access_of(p);
    unsigned done = 0;

    if (!access || !p.get_data_ptr() ||
        attrs.addr_type == IOVP_AT_TRANSLATION_REQUEST)
        return 0;
    while (done < p.get_data_length()) {
        uint64_t iova = p.get_address() + done;
        unsigned want = p.get_data_length() - done, got;
        smmuv3_result res;

        smmuv3_translate(core_, &attrs, iova, access, SMMUV3_DEBUG, &res);
        if (res.status != IOVP_RESULT_OK)
            break;
        if (want > span_of(res, iova))
            want = static_cast<unsigned>(span_of(res, iova));
        pooled_payload &c = pool_.take();
        c.plain(p.get_command(), res.pa, p.get_data_ptr() + done, want);
        output_attrs(c.attrs(), attrs, res);
        got = downstream->transport_dbg(c);
        c.release();
        done += got < want ? got : want;
        if (got < want)
            break;
    }
    return done;
}

} // namespace iovp
