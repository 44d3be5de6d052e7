/* SPDX-License-Identifier: MIT */
/*
 * What an IOMMU and a PCI Express Root Complex tell each other about Address
 * Translation Services and page requests, in terms that no IOMMU architecture
 * owns: translation completions, invalidations, page requests and responses.
 */
#ifndef IOVP_ATS_H
#define IOVP_ATS_H

#include <stdbool.h>
#include <stdint.h>

/* ---- translation completions ------------------------------------------ */

enum iovp_ats_status {
    IOVP_ATS_SUCCESS = 0,
    IOVP_ATS_UR = 1, /* Unsupported Request */
    IOVP_ATS_CA = 4, /* Completer Abort */
};

/* iovp_ats_completion.flags */
#define IOVP_ATS_READ         (1u << 0)
#define IOVP_ATS_WRITE        (1u << 1)
#define IOVP_ATS_EXECUTE      (1u << 2)
#define IOVP_ATS_PRIVILEGED   (1u << 3) /* as requested */
#define IOVP_ATS_UNTRANSLATED (1u << 4) /* U: untranslated access only */
#define IOVP_ATS_NON_SNOOPED  (1u << 5) /* N */
#define IOVP_ATS_GLOBAL       (1u << 6)
#define IOVP_ATS_CXL_IO       (1u << 7) /* if the request is a CXL device's */

struct iovp_ats_completion {
    uint64_t address; /* translated; the base of the range */
    uint8_t status;   /* enum iovp_ats_status */
    uint8_t flags;    /* success: IOVP_ATS_*, without READ and WRITE the
                       * address means nothing */
    uint8_t log2;     /* the range has 2^log2 bytes, 12..63 */
};

/*
 * A range of 2^log2 bytes (12..64) as ATS encodes it in an address: with S,
 * bit 11, the lowest zero from bit 12 up tells the size.
 */
static inline uint64_t iovp_ats_encode(uint64_t address, unsigned log2)
{
    uint64_t span = log2 > 63 ? UINT64_MAX : (1ull << log2) - 1;

    address &= ~span;
    if (log2 <= 12)
        return address;
    return address | (span >> 1 & ~0xfffull) | 1ull << 11;
}

/* ---- invalidations ------------------------------------------------------ */

struct iovp_ats_invalidation {
    uint32_t token; /* for the core's completion; the ITag is the bus's */
    uint32_t stream_id;
    uint32_t pasid;
    bool pasid_valid;
    bool global;    /* Global Invalidate; only with a PASID */
    uint8_t log2;   /* 12..64: the range's size */
    uint64_t first; /* input addresses, inclusive */
    uint64_t last;
};

/* ---- page requests ------------------------------------------------------ */

struct iovp_page_request {
    uint64_t address; /* of the page; bits [11:0] do not count */
    uint32_t stream_id;
    uint32_t pasid;
    uint16_t prg_index; /* 9 bits */
    bool pasid_valid;
    bool read, write, execute, privileged;
    bool last; /* of its group; with a PASID and neither read nor write, it
                * is a Stop marker, which nobody answers */
};

/* Response Code of a PRG Response message. */
enum iovp_page_code {
    IOVP_PAGE_SUCCESS = 0x0,
    IOVP_PAGE_INVALID = 0x1,
    IOVP_PAGE_FAILURE = 0xf,
};

struct iovp_page_response {
    uint32_t stream_id;
    uint32_t pasid;
    uint16_t prg_index;
    bool pasid_valid;
    bool automatic; /* of the IOMMU itself, not of software */
    uint8_t code;   /* enum iovp_page_code */
};

#endif
