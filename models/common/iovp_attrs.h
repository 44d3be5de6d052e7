/* SPDX-License-Identifier: MIT */
/*
 * The one attribute record of a transaction.
 *
 * The same structure is the argument of the C API, the input of every IOMMU
 * core and the payload of the TLM-2.0 extension, so that nothing is lost
 * between the three.  It is part of the public interface: iovp.h includes it.
 */
#ifndef IOVP_ATTRS_H
#define IOVP_ATTRS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A PASID (PCIe) or SubstreamID (Arm) has at most 20 bits. */
#define IOVP_PASID_BITS 20
#define IOVP_PASID_MAX  ((1u << IOVP_PASID_BITS) - 1)

/* iovp_attrs.space: security space of the transaction. */
#define IOVP_SPACE_NONSECURE 0u
#define IOVP_SPACE_SECURE    1u
#define IOVP_SPACE_REALM     2u
#define IOVP_SPACE_ROOT      3u

/* iovp_attrs.addr_type: PCIe AT field. */
#define IOVP_AT_UNTRANSLATED        0u
#define IOVP_AT_TRANSLATION_REQUEST 1u
#define IOVP_AT_TRANSLATED          2u

/* iovp_attrs.shareability, encoded as the SH field of VMSAv8-64. */
#define IOVP_SH_NON   0u
#define IOVP_SH_OUTER 2u
#define IOVP_SH_INNER 3u

/* Rights of a mapping, for both privilege levels at once. */
#define IOVP_RIGHT_UR (1u << 0) /* unprivileged read */
#define IOVP_RIGHT_UW (1u << 1)
#define IOVP_RIGHT_UX (1u << 2)
#define IOVP_RIGHT_PR (1u << 3) /* privileged read */
#define IOVP_RIGHT_PW (1u << 4)
#define IOVP_RIGHT_PX (1u << 5)

/* Stages of translation. */
#define IOVP_STAGE_1 1u
#define IOVP_STAGE_2 2u

/*
 * iovp_attrs.specified: which fields the issuer set.  A field whose bit is
 * clear takes the default of the device or socket that the transaction
 * enters by; "all clear on purpose" and "not given" are thus different.
 */
#define IOVP_ATTR_STREAM_ID    (1u << 0)
#define IOVP_ATTR_PASID        (1u << 1) /* pasid and pasid_valid */
#define IOVP_ATTR_SPACE        (1u << 2)
#define IOVP_ATTR_PRIVILEGED   (1u << 3)
#define IOVP_ATTR_INSTRUCTION  (1u << 4)
#define IOVP_ATTR_ADDR_TYPE    (1u << 5)
#define IOVP_ATTR_NO_WRITE     (1u << 6)
#define IOVP_ATTR_MEM_TYPE     (1u << 7)
#define IOVP_ATTR_SHAREABILITY (1u << 8)
#define IOVP_ATTR_ALL          0x1ffu

/** The attributes of a transaction.  This record keeps its size. */
typedef struct iovp_attrs {
    uint32_t size;        /* sizeof(struct iovp_attrs) as compiled */
    uint32_t specified;   /* mask of IOVP_ATTR_* */
    uint32_t stream_id;   /* StreamID (Arm) or requester ID (PCIe) */
    uint32_t pasid;       /* PASID / SubstreamID, if pasid_valid */
    uint8_t pasid_valid;  /* 0: no PASID, which is not PASID 0 */
    uint8_t space;        /* IOVP_SPACE_* */
    uint8_t privileged;   /* 1: privileged (PnU) */
    uint8_t instruction;  /* 1: instruction fetch / execute (InD) */
    uint8_t addr_type;    /* IOVP_AT_* */
    uint8_t no_write;     /* translation request that will not write */
    uint8_t mem_type;     /* memory type, encoded as a byte of MAIR_ELx */
    uint8_t shareability; /* IOVP_SH_* */
    uint32_t reserved[2]; /* zero */
} iovp_attrs;

/* clang-format off */
#define IOVP_ATTRS_INIT \
    {sizeof(iovp_attrs), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}}
/* clang-format on */

#ifdef __cplusplus
}
#endif

#endif
