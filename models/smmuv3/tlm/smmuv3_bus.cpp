// SPDX-License-Identifier: MIT
// How the core reaches the world through the module, and how processes share
// the core.
#include "smmuv3_bus_internal.h"

#include <utility>

#include "smmuv3_module.h"

namespace iovp
{

using sc_core::sc_time;
using sc_core::sc_time_stamp;

static uint64_t get_le(const unsigned char *b, unsigned n)
{
    uint64_t v = 0;

    while (n--)
        v = v << 8 | b[n];
    return v;
}

static void put_le(unsigned char *b, unsigned n, uint64_t v)
{
    for (unsigned i = 0; i < n; i++, v >>= 8)
        b[i] = static_cast<unsigned char>(v);
}

// ---- one process at a time ----

bool can_wait()
{
    sc_core::sc_curr_proc_kind kind =
        sc_core::sc_get_current_process_handle().proc_kind();

    return kind == sc_core::SC_THREAD_PROC_ ||
           kind == sc_core::SC_CTHREAD_PROC_;
}

// False if the calling process is inside the core already: a table walk that
// was pointed at this SMMU's own sockets, or a callback.  It must not wait
// for itself.  Nor can an SC_METHOD wait for the process that is.
bool smmuv3_module::enter(sc_time &delay)
{
    if (busy_) {
        sc_time entry = sc_time_stamp() + delay;
        sc_core::sc_process_handle me =
            sc_core::sc_get_current_process_handle();

        if (!owner_known_ || !me.valid() || me == owner_ || !can_wait())
            return false;
        while (busy_) {
            waiting_ = true;
            sc_core::wait(free_);
        }
        delay = entry > sc_time_stamp() ? entry - sc_time_stamp()
                                        : sc_core::SC_ZERO_TIME;
    }
    busy_ = true;
    owner_known_ = false;
    local_ = sc_time_stamp() + delay;
    return true;
}

void smmuv3_module::leave()
{
    busy_ = false;
    if (waiting_)
        free_.notify();
    waiting_ = false;
    if (unwinding_)
        std::rethrow_exception(std::exchange(unwinding_, nullptr));
}

// Before a call that may wait, or come back: from here on it matters who is in
// the core.
void smmuv3_module::call_out()
{
    if (!busy_ || owner_known_)
        return;
    owner_ = sc_core::sc_get_current_process_handle();
    owner_known_ = true;
}

// ---- memory ----

// The core cannot be unwound: if the process is killed in the target, leave()
// goes on with that.
bool smmuv3_module::bus_wait(payload &p, uint64_t *latency_ps)
{
    sc_time start = local_ > sc_time_stamp() ? local_ : sc_time_stamp();
    sc_time t = timed_ ? start - sc_time_stamp() : sc_core::SC_ZERO_TIME;

    call_out();
    try {
        walk->b_transport(p, t);
    } catch (...) {
        unwinding_ = std::current_exception();
        return false;
    }
    if (timed_) {
        local_ = sc_time_stamp() + t;
        *latency_ps += ps(local_) - ps(start);
    }
    return p.is_response_ok();
}

// What a killed process has left to do in the core is done by debug accesses:
// nothing half done stays behind.
enum iovp_bus_status smmuv3_module::bus_access(tlm::tlm_command cmd,
                                               const struct iovp_bus_attrs *a,
                                               uint64_t addr, void *buf,
                                               uint32_t len,
                                               uint64_t *latency_ps)
{
    pooled_payload &p = pool_.take();
    iovp_attrs &at = p.attrs();
    bool ok = false;

    p.plain(cmd, addr, static_cast<unsigned char *>(buf), len);
    at = no_attrs();
    at.specified =
        IOVP_ATTR_SPACE | IOVP_ATTR_MEM_TYPE | IOVP_ATTR_SHAREABILITY;
    at.space = a->space;
    at.mem_type = a->mem_type;
    at.shareability = a->shareability;
    if (!a->debug && !unwinding_)
        ok = bus_wait(p, latency_ps);
    if (a->debug || unwinding_) {
        p.set_address(addr);
        ok = walk->transport_dbg(p) == len;
    }
    p.release();
    return ok ? IOVP_BUS_OK : IOVP_BUS_ABORT;
}

// ---- interrupts ----

void smmuv3_module::raise(enum iovp_irq_line line)
{
    call_out();
    if (on_irq)
        on_irq(line);
    if (static_cast<unsigned>(line) < irq.size() && irq[line].size()) {
        lines_[line].pending = true;
        lines_[line].event.notify(sc_core::SC_ZERO_TIME);
    }
}

// A pulse of irq_width_; if edges came meanwhile, as long low and one more.
void smmuv3_module::pulse(unsigned line)
{
    irq_line &l = lines_[line];
    bool level = l.high;

    if (l.high && sc_time_stamp() >= l.until)
        level = false;
    else if (!l.high && l.pending)
        level = true;
    if (level != l.high) {
        for (int i = 0; i < irq[line].size(); i++)
            irq[line][i]->write(level);
        l.high = level;
        l.pending = l.pending && !level;
        l.until = sc_time_stamp() + irq_width_;
    }
    if (l.high)
        l.event.notify(l.until - sc_time_stamp());
    else if (l.pending)
        l.event.notify(irq_width_);
}

// ---- queue work ----

void smmuv3_module::work()
{
    for (;;) {
        bool more = true;

        while (!woken_)
            sc_core::wait(wake_);
        woken_ = false;
        while (more)
            work_batch(&more);
    }
}

// The batch's time includes what its memory accesses waited for already.
void smmuv3_module::work_batch(bool *more)
{
    static const uint32_t batch = 16;
    sc_time delay = sc_core::SC_ZERO_TIME;
    sc_time end;

    enter(delay); // cannot fail: this process is not in the core
    end = sc_time_stamp();
    smmuv3_work(core_, batch, more);
    if (timed_)
        end += time_of(smmuv3_work_time(core_));
    leave();
    sc_core::wait(end > sc_time_stamp() ? end - sc_time_stamp()
                                        : sc_core::SC_ZERO_TIME);
}

// ---- the core's ops ----

enum iovp_bus_status smmuv3_bus::read(void *opaque,
                                      const struct iovp_bus_attrs *a,
                                      uint64_t addr, void *buf, uint32_t len,
                                      uint64_t *latency_ps)
{
    return static_cast<smmuv3_module *>(opaque)->bus_access(
        tlm::TLM_READ_COMMAND, a, addr, buf, len, latency_ps);
}

enum iovp_bus_status smmuv3_bus::write(void *opaque,
                                       const struct iovp_bus_attrs *a,
                                       uint64_t addr, const void *buf,
                                       uint32_t len, uint64_t *latency_ps)
{
    // A target does not write to the data array of a write command.
    return static_cast<smmuv3_module *>(opaque)->bus_access(
        tlm::TLM_WRITE_COMMAND, a, addr, const_cast<void *>(buf), len,
        latency_ps);
}

// TLM-2.0 has no atomic access: a read and a write, between which another
// initiator comes only if the target waits.
enum iovp_bus_status smmuv3_bus::cas64(void *opaque,
                                       const struct iovp_bus_attrs *a,
                                       uint64_t addr, uint64_t expect,
                                       uint64_t value, uint64_t *seen,
                                       uint64_t *latency_ps)
{
    unsigned char word[8];
    enum iovp_bus_status st = read(opaque, a, addr, word, 8, latency_ps);

    if (st != IOVP_BUS_OK)
        return st;
    *seen = get_le(word, 8);
    if (*seen != expect)
        return IOVP_BUS_OK;
    put_le(word, 8, value);
    return write(opaque, a, addr, word, 8, latency_ps);
}

enum iovp_bus_status smmuv3_bus::msi(void *opaque,
                                     const struct iovp_bus_attrs *a,
                                     uint64_t addr, uint32_t data)
{
    smmuv3_module *m = static_cast<smmuv3_module *>(opaque);
    unsigned char word[4];
    uint64_t latency = 0;

    if (m->on_msi) {
        m->call_out();
        m->on_msi(addr, data);
        return IOVP_BUS_OK;
    }
    put_le(word, 4, data);
    return write(opaque, a, addr, word, 4, &latency);
}

void smmuv3_bus::irq(void *opaque, enum iovp_irq_line line)
{
    static_cast<smmuv3_module *>(opaque)->raise(line);
}

void smmuv3_bus::sev(void *opaque)
{
    smmuv3_module *m = static_cast<smmuv3_module *>(opaque);

    m->call_out();
    if (m->on_sev)
        m->on_sev();
}

void smmuv3_bus::trace(void *opaque, const struct iovp_trace_record *r)
{
    smmuv3_module *m = static_cast<smmuv3_module *>(opaque);

    if (!m->on_trace)
        return;
    m->call_out();
    m->on_trace(*r);
}

void smmuv3_bus::wake(void *opaque)
{
    smmuv3_module *m = static_cast<smmuv3_module *>(opaque);

    m->woken_ = true;
    m->wake_.notify(sc_core::SC_ZERO_TIME);
}

void smmuv3_bus::invalidated(void *opaque, const struct iovp_invalidation *i)
{
    smmuv3_module *m = static_cast<smmuv3_module *>(opaque);

    if (!m->on_invalidated)
        return;
    m->call_out();
    m->on_invalidated(*i);
}

void smmuv3_bus::resumed(void *opaque, uint32_t stall)
{
    smmuv3_module *m = static_cast<smmuv3_module *>(opaque);

    if (m->answered_[stall % SMMUV3_STALLS])
        m->answered_[stall % SMMUV3_STALLS]->notify(sc_core::SC_ZERO_TIME);
    if (!m->on_resumed)
        return;
    m->call_out();
    m->on_resumed(stall);
}

void smmuv3_bus::atc_invalidate(void *opaque,
                                const struct iovp_ats_invalidation *i)
{
    smmuv3_module *m = static_cast<smmuv3_module *>(opaque);
    bool sent = false;

    if (m->on_atc_invalidate) {
        m->call_out();
        sent = m->on_atc_invalidate(*i);
    }
    if (!sent)
        m->atc_complete(i->token, bool(m->on_atc_invalidate));
}

void smmuv3_bus::pri_response(void *opaque, const struct iovp_page_response *r)
{
    smmuv3_module *m = static_cast<smmuv3_module *>(opaque);

    if (!m->on_pri_response)
        return;
    m->call_out();
    m->on_pri_response(*r);
}

uint64_t smmuv3_bus::now(void *opaque)
{
    const smmuv3_module *m = static_cast<const smmuv3_module *>(opaque);

    return m->ps(m->busy_ ? m->local_ : sc_time_stamp());
}

// No window: memory is reached through `walk` only, where its time counts.
struct iovp_bus_ops smmuv3_bus::ops()
{
    struct iovp_bus_ops o = {};

    o.size = sizeof o;
    o.read = read;
    o.write = write;
    o.cas64 = cas64;
    o.msi = msi;
    o.irq = irq;
    o.sev = sev;
    o.trace = trace;
    o.wake = wake;
    o.invalidated = invalidated;
    o.resumed = resumed;
    o.atc_invalidate = atc_invalidate;
    o.pri_response = pri_response;
    o.now = now;
    return o;
}

} // namespace iovp
