// SPDX-License-Identifier: MIT
// Child payloads of a transaction bridge, reused so that the steady state
// allocates nothing.
#ifndef IOVP_PAYLOAD_POOL_H
#define IOVP_PAYLOAD_POOL_H

#include <memory>
#include <vector>

#include <tlm>

#include "atomic_extension.h"
#include "attrs_extension.h"

namespace iovp
{

// A payload with an attribute extension of its own, always attached.
class pooled_payload : public tlm::tlm_generic_payload
{
  public:
    explicit pooled_payload(tlm::tlm_mm_interface *mm)
        : tlm::tlm_generic_payload(mm)
    {
        set_extension(&ext_);
    }
    // ~tlm_generic_payload would delete the member.
    ~pooled_payload() override
    {
        clear_extension<attrs_extension>();
        clear_extension<atomic_extension>();
    }

    iovp_attrs &attrs()
    {
        return ext_.attrs;
    }

    // A plain access without byte enables or streaming.
    void plain(tlm::tlm_command cmd, uint64_t addr, unsigned char *data,
               unsigned length);

    // The access that does bytes [offset, offset + length) of `parent` at
    // `addr`; the data array is shared, never copied, and so is an atomic
    // operation.
    void part_of(const tlm::tlm_generic_payload &parent, uint64_t addr,
                 unsigned offset, unsigned length, unsigned streaming_width);

  private:
    void enables_of(const tlm::tlm_generic_payload &parent, unsigned offset,
                    unsigned length);

    attrs_extension ext_;
    std::vector<unsigned char> enables_; // only if they cannot be shared
};

class payload_pool : private tlm::tlm_mm_interface
{
  public:
    payload_pool() = default;
    payload_pool(const payload_pool &) = delete;
    payload_pool &operator=(const payload_pool &) = delete;

    // A payload with a reference count of one; release() gives it back.
    pooled_payload &take()
    {
        pooled_payload *p;

        if (free_.empty())
            grow();
        p = free_.back();
        free_.pop_back();
        p->acquire();
        return *p;
    }

    // Payloads ever made.
    size_t size() const
    {
        return all_.size();
    }

  private:
    void grow();
    void free(tlm::tlm_generic_payload *p) override;

    std::vector<std::unique_ptr<pooled_payload>> all_;
    std::vector<pooled_payload *> free_;
};

} // namespace iovp

#endif
