// SPDX-License-Identifier: MIT
// Host bridges of timed platforms: the operations of functional mode
// (pcie_run.c) on SystemC modules.
//
//   cpu -> ecam, windows: iovp::pcie_module -> iovp::smmuv3_module -> ram.data
//                                           -> (no IOMMU) ---------> ram.data
//                                 peers, MSIs <-------------------------'
#include "timed_pcie.h"

#include <algorithm>
#include <cstring>

#include "../models/common/bits.h"
#include "../models/smmuv3/smmuv3_regs.h"

namespace timed_parts
{

// ---- construction ----

std::vector<std::uint32_t> bridge_outlets(const struct platform_pcie *h)
{
    const struct platform_pcie_maps &m = h->desc.streams;
    std::vector<std::uint32_t> out;

    for (std::uint32_t i = 0; i < m.count; i++)
        if (m.map[i].iommu != PLATFORM_NO_IOMMU &&
            std::find(out.begin(), out.end(), m.map[i].iommu) == out.end())
            out.push_back(m.map[i].iommu);
    out.push_back(PLATFORM_NO_IOMMU);
    return out;
}

// One for each function, and one for what the C API does in its name.
void count_bridge_ports(const struct platform *p, std::vector<unsigned> &ports)
{
    for (std::uint32_t i = 0; i < p->pcie_count; i++) {
        const struct platform_pcie *h = &p->pcie[i];

        for (std::uint32_t iommu : bridge_outlets(h))
            for (std::uint32_t f = 0;
                 iommu != PLATFORM_NO_IOMMU && f < h->desc.root->function_count;
                 f++)
                ports[iommu] += pcie_host_device(h, f) ? 2 : 1;
    }
}

void add_bridges(struct platform *p, struct timed &t)
{
    for (unsigned i = 0; i < p->pcie_count; i++)
        t.bridges.push_back(std::make_unique<host_bridge>(p, t, i));
    if (!p->pcie_count)
        return;
    t.memory->elsewhere = [&t](tlm_generic_payload &gp,
                               sc_core::sc_time &delay) {
        for (auto &b : t.bridges)
            if (b->elsewhere(gp, delay))
                return true;
        return false;
    };
}

// Without host bridges there is nobody to answer.
void join_bridges(struct platform_smmu *s, iovp::smmuv3_module &m)
{
    if (!s->p->pcie_count)
        return;
    m.on_atc_invalidate = [s](const iovp_ats_invalidation &i) {
        return pcie_host_invalidate(s, &i, timed_now(s->p));
    };
    m.on_pri_response = [s](const iovp_page_response &r) {
        pcie_host_page_response(s, &r, timed_now(s->p));
    };
}

static pcie_root_config timed_config(const struct platform_pcie *h)
{
    pcie_root_config c = *h->desc.root;

    c.timed = true;
    return c;
}

host_bridge::host_bridge(struct platform *p, struct timed &t, unsigned index)
    : p_(p), t_(t), h_(&p->pcie[index]), outlets_(bridge_outlets(h_)),
      pcie_(module_name("pcie", index).c_str(), timed_config(h_),
            static_cast<unsigned>(outlets_.size())),
      ecam_(module_name("pcie_ecam", index).c_str()),
      windows_(module_name("pcie_mmio", index).c_str())
{
    bind(t, ecam_.socket, pcie_.ecam);
    bind(t, windows_.socket, pcie_.windows);
    bind_functions(t);
    set_callbacks();
    h_->root = pcie_.root();
    for (std::uint32_t f = 0; f < pcie_.functions(); f++)
        pcie_host_renumbered(h_, f);
}

// Functions of PCIe may not be stalled (SMMU 16.4).
void host_bridge::bind_functions(struct timed &t)
{
    for (std::size_t k = 0; k < outlets_.size(); k++) {
        for (std::uint32_t f = 0; f < pcie_.functions(); f++) {
            const struct platform_device_state *d = pcie_host_device(h_, f);
            unsigned port =
                bind_up(t, pcie_.dma[k * pcie_.functions() + f], outlets_[k]);

            if (outlets_[k] == PLATFORM_NO_IOMMU)
                continue;
            t.smmu[outlets_[k]]->set_port_may_stall(port, false);
            if (d)
                t.smmu[outlets_[k]]->set_port_index(
                    port, static_cast<std::uint16_t>(d - p_->device));
        }
    }
}

void host_bridge::set_callbacks()
{
    pcie_.on_route = [this](std::uint32_t function, const pcie_tlp &t,
                            iovp_attrs *out) {
        return route(function, t, out);
    };
    pcie_.on_done = [this](const module::done &d) { done(d); };
    // Without ats-supported there is no Translation Agent.
    if (h_->desc.ats_supported)
        pcie_.on_page_request = [this](const iovp_page_request &r) {
            return page_request(r);
        };
    pcie_.on_invalidated = [this](std::uint32_t token, bool timeout) {
        return invalidated(token, timeout);
    };
    pcie_.on_intx = [this](unsigned line, bool level) {
        pcie_host_intx(h_, line, level);
    };
    pcie_.on_system_error = [this](std::uint8_t message, std::uint16_t source) {
        pcie_host_system_error(h_, message, source);
    };
    pcie_.on_renumbered = [this](std::uint32_t function) {
        if (h_->root)
            pcie_host_renumbered(h_, function);
    };
    pcie_.on_tlp = [this](const pcie_tlp_view &v) { pcie_host_tlp(h_, &v); };
}

void host_bridge::leave()
{
    h_->root = nullptr;
}

// ---- requests ----

int host_bridge::route(std::uint32_t function, const pcie_tlp &t,
                       iovp_attrs *out) const
{
    std::uint32_t iommu;

    pcie_host_attrs(h_, function, &t, out, &iommu);
    if (t.at == IOVP_AT_TRANSLATION_REQUEST &&
        (!h_->desc.ats_supported || iommu == PLATFORM_NO_IOMMU ||
         !(p_->smmu[iommu].config.idr0 & SMMU_IDR0_ATS)))
        return -1;
    return static_cast<int>(std::find(outlets_.begin(), outlets_.end(), iommu) -
                            outlets_.begin());
}

static unsigned access_of(const pcie_tlp &t)
{
    if (t.type == PCIE_TLP_MRD)
        return SMMUV3_READ;
    return t.type == PCIE_TLP_MWR ? SMMUV3_WRITE : SMMUV3_READ | SMMUV3_WRITE;
}

// The IOMMU's module records what passes it; this is for the rest.
void host_bridge::done(const module::done &d) const
{
    struct platform_device_state *dev = pcie_host_device(h_, d.function);
    struct iovp_trace_record rec;
    struct smmuv3_result res;

    if (dev)
        space_used(p_, dev, &d.attrs, d.status ? 0 : d.tlp.length);
    if (outlets_[d.outlet] != PLATFORM_NO_IOMMU)
        return;
    dma_identity(&d.attrs, d.tlp.addr, &res);
    smmuv3_describe(nullptr, &d.attrs, d.tlp.addr, d.tlp.length,
                    access_of(d.tlp), &res, &rec);
    rec.result = d.status ? IOVP_RESULT_BUS : IOVP_RESULT_OK;
    rec.time_in = d.time_in;
    rec.time_out = d.time_out;
    if (dev)
        rec.initiator = static_cast<std::uint16_t>(dev - p_->device);
    put_record(p_, rec);
}

// ---- where there is no RAM ----

bool host_bridge::elsewhere(tlm_generic_payload &gp, sc_core::sc_time &delay)
{
    std::uint32_t function;
    const pcie_tlp *t = pcie_.under_way(&function);

    return t && (peer(*t, gp, delay) || msi(function, *t, gp));
}

// The packet goes on as it is, from this time on.
bool host_bridge::peer(const pcie_tlp &t, tlm_generic_payload &gp,
                       sc_core::sc_time &delay)
{
    struct platform_pcie *to =
        pcie_host_at(p_, gp.get_address(), gp.get_data_length());
    auto *x = gp.get_extension<iovp::atomic_extension>();
    std::uint64_t now = to_ps(sc_core::sc_time_stamp());
    std::uint8_t operands[32] = {};
    struct pcie *here = pcie_root_hierarchy(h_->root), *there;
    std::uint64_t was = pcie_time(here), end;
    enum pcie_status s = PCIE_UR;
    pcie_tlp part = t;

    if (!to)
        return false;
    there = pcie_root_hierarchy(to->root);
    part.addr = gp.get_address();
    part.length = gp.get_data_length();
    if (x)
        iovp_atomic_get(&x->op, operands);
    pcie_set_time(here, now + to_ps(delay));
    pcie_host_peer(h_, &part, gp.get_address(),
                   x ? operands : gp.get_data_ptr(), &s);
    end = pcie_time(there);
    pcie_set_time(here, was);
    delay = from_ps(std::max(end, now + to_ps(delay)) - now);
    if (x && s == PCIE_SC) {
        std::memcpy(x->op.old, operands, x->op.width);
        std::memcpy(gp.get_data_ptr(), operands, x->op.width);
        x->done = true;
    }
    gp.set_response_status(s == PCIE_SC   ? tlm::TLM_OK_RESPONSE
                           : s == PCIE_UR ? tlm::TLM_ADDRESS_ERROR_RESPONSE
                                          : tlm::TLM_GENERIC_ERROR_RESPONSE);
    return true;
}

bool host_bridge::msi(std::uint32_t function, const pcie_tlp &t,
                      tlm_generic_payload &gp) const
{
    if (!gp.is_write() || gp.get_data_length() != 4 || gp.get_address() & 3 ||
        !pcie_host_msi(h_, function, t.requester, gp.get_address(),
                       iovp_le32(gp.get_data_ptr())))
        return false;
    gp.set_response_status(tlm::TLM_OK_RESPONSE);
    return true;
}

// ---- messages ----

// Nobody hears it without an IOMMU.
bool host_bridge::page_request(const iovp_page_request &r) const
{
    iovp_page_request own;
    std::uint32_t iommu;

    return !pcie_host_page_request(h_, &r, &own, &iommu) ||
           t_.smmu[iommu]->page_request(own);
}

bool host_bridge::invalidated(std::uint32_t token, bool timeout) const
{
    struct platform_smmu *s = pcie_host_invalidated(h_, &token);

    if (s)
        t_.smmu[s - p_->smmu]->atc_complete(token, timeout);
    return true;
}

// ---- processors ----

void host_bridge::access(std::uint64_t addr, unsigned width, bool write,
                         std::uint64_t *value, sc_core::sc_time &delay)
{
    bool config = addr >= h_->ecam.base && addr <= h_->ecam.last;
    sc_core::sc_time posted = delay;

    if (!write)
        *value = iovp_mask(8 * width);
    if (config)
        ecam_.access(addr - h_->ecam.base, width, IOVP_SPACE_NONSECURE, write,
                     value, delay);
    else
        windows_.access(addr, width, IOVP_SPACE_NONSECURE, write, value, delay);
    // Nobody waits for a memory write.
    if (write && !config)
        delay = posted;
}

void host_bridge::changed()
{
    pcie_.poke();
}

} // namespace timed_parts

using namespace timed_parts;

// A processor waits for the completion.
iovp_status timed_pcie_mmio(struct platform *p, struct platform_pcie *h,
                            uint64_t addr, uint32_t width, bool write,
                            uint64_t *value)
{
    return barrier("PCI access", [&]() -> iovp_status {
        sc_core::sc_time delay = sc_core::SC_ZERO_TIME;

        p->timed->bridges[h - p->pcie]->access(addr, width, write, value,
                                               delay);
        return delay == sc_core::SC_ZERO_TIME ? IOVP_OK
                                              : timed_wait(p, to_ps(delay));
    });
}

void timed_pcie_changed(struct platform *p, struct platform_pcie *h)
{
    if (p->timed)
        p->timed->bridges[h - p->pcie]->changed();
}
