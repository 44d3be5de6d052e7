/* SPDX-License-Identifier: MIT */
/* MSI (7.7.1) and MSI-X (7.7.2): interrupts are memory writes like others. */
#include "pcie_internal.h"

static enum pcie_irq send(struct pcie_fn *f, uint64_t addr, uint32_t data)
{
    uint8_t bytes[4];
    struct pcie_tlp t = {.type = PCIE_TLP_MWR, .addr = addr, .length = 4};

    iovp_put_le32(bytes, data);
    if (pcie_request(f, &t, bytes) != PCIE_SC)
        return PCIE_IRQ_LOST;
    f->msi_sent++;
    return PCIE_IRQ_SENT;
}

/* ---- MSI-X ------------------------------------------------------------ */

static bool in_table(const struct pcie_fn *f, const struct pcie_target *to)
{
    return f->msix_vectors && to->bar == f->msix_table_bar &&
           to->offset - f->msix_table_offset <
               (uint64_t)f->msix_vectors * PCIE_MSIX_ENTRY;
}

static bool in_pba(const struct pcie_fn *f, const struct pcie_target *to)
{
    return f->msix_vectors && to->bar == f->msix_pba_bar &&
           to->offset - f->msix_pba_offset < (f->msix_vectors + 63u) / 64 * 8;
}

/* A byte of table or PBA; NULL behind their end. */
static uint8_t *msix_byte(struct pcie_fn *f, const struct pcie_target *to,
                          bool table, uint32_t i)
{
    uint64_t at = to->offset + i;

    if (table) {
        at -= f->msix_table_offset;
        return at < f->msix_vectors * PCIE_MSIX_ENTRY ? &f->msix_table[at]
                                                      : NULL;
    }
    at -= f->msix_pba_offset;
    return at < (f->msix_vectors + 63u) / 64 * 8 ? &f->msix_pba[at] : NULL;
}

bool pcie_msix_read(struct pcie_fn *f, const struct pcie_target *to,
                    uint32_t length, uint8_t *data)
{
    bool table = in_table(f, to);

    if (!table && !in_pba(f, to))
        return false;
    for (uint32_t i = 0; i < length; i++) {
        const uint8_t *b = msix_byte(f, to, table, i);

        data[i] = b ? *b : 0;
    }
    return true;
}

bool pcie_msix_write(struct pcie_fn *f, const struct pcie_target *to,
                     uint32_t length, const uint8_t *data)
{
    /* Bytes 0 and 12 to 15 of an entry have bits that are read only. */
    static const uint8_t mask[PCIE_MSIX_ENTRY] = {
        0xfc,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        0xff,
        PCIE_MSIX_ENTRY_MASK,
    };

    if (!in_table(f, to))
        return in_pba(f, to);
    for (uint32_t i = 0; i < length; i++) {
        uint8_t *b = msix_byte(f, to, true, i);
        uint8_t m =
            mask[(to->offset + i - f->msix_table_offset) % PCIE_MSIX_ENTRY];

        if (b)
            *b = (uint8_t)((*b & ~m) | (data[i] & m));
    }
    pcie_msi_unmasked(f);
    return true;
}

void pcie_msix_reset(struct pcie_fn *f)
{
    for (uint32_t i = 0; i < f->msix_vectors * PCIE_MSIX_ENTRY; i++)
        f->msix_table[i] = i % PCIE_MSIX_ENTRY == PCIE_MSIX_ENTRY_CONTROL
                               ? PCIE_MSIX_ENTRY_MASK
                               : 0;
    for (uint32_t i = 0; i < (f->msix_vectors + 63u) / 64 * 8; i++)
        f->msix_pba[i] = 0;
}

static enum pcie_irq msix_send(struct pcie_fn *f, uint32_t vector)
{
    const uint8_t *e = &f->msix_table[vector * PCIE_MSIX_ENTRY];
    uint8_t *pending = &f->msix_pba[vector / 8];
    uint8_t bit = (uint8_t)(1u << vector % 8);

    if (e[PCIE_MSIX_ENTRY_CONTROL] & PCIE_MSIX_ENTRY_MASK ||
        cap16(f, PCIE_CAP_MSIX, PCIE_MSIX_CONTROL) & PCIE_MSIX_FUNCTION_MASK) {
        *pending |= bit;
        return PCIE_IRQ_PENDING;
    }
    *pending &= (uint8_t)~bit;
    return send(f, iovp_le64(e), iovp_le32(e + PCIE_MSIX_ENTRY_DATA));
}

/* ---- MSI ---------------------------------------------------------------- */

static uint32_t msi_vectors(const struct pcie_fn *f)
{
    uint32_t control = cap16(f, PCIE_CAP_MSI, PCIE_MSI_CONTROL);
    uint32_t can = control >> PCIE_MSI_CAPABLE_SHIFT & 7;
    uint32_t may = control >> PCIE_MSI_MULTIPLE_SHIFT & 7;

    return 1u << (may < can ? may : can);
}

static enum pcie_irq msi_send(struct pcie_fn *f, uint32_t vector)
{
    uint32_t at = f->cap[PCIE_CAP_MSI], count = msi_vectors(f);
    uint32_t bit = 1u << vector, data = cfg16(f, at + PCIE_MSI_DATA);

    if (cfg16(f, at + PCIE_MSI_CONTROL) & PCIE_MSI_VECTOR_MASKING) {
        uint32_t pending = cfg32(f, at + PCIE_MSI_PENDING);

        if (cfg32(f, at + PCIE_MSI_MASK) & bit) {
            cfg_put32(f, at + PCIE_MSI_PENDING, pending | bit);
            return PCIE_IRQ_PENDING;
        }
        cfg_put32(f, at + PCIE_MSI_PENDING, pending & ~bit);
    }
    return send(f, iovp_le64(&f->config[at + PCIE_MSI_ADDRESS]),
                (data & ~(count - 1)) | vector);
}

/* ---- both -----------------------------------------------------------------
 */

uint32_t pcie_vectors(const struct pcie_fn *f)
{
    if (pcie_enabled(f, PCIE_CAP_MSIX))
        return f->msix_vectors;
    return pcie_enabled(f, PCIE_CAP_MSI) ? msi_vectors(f) : 0;
}

enum pcie_irq pcie_msi(struct pcie_fn *f, uint32_t vector)
{
    if (vector >= pcie_vectors(f))
        return PCIE_IRQ_NONE;
    return pcie_enabled(f, PCIE_CAP_MSIX) ? msix_send(f, vector)
                                          : msi_send(f, vector);
}

static bool pending(const struct pcie_fn *f, uint32_t vector)
{
    if (pcie_enabled(f, PCIE_CAP_MSIX))
        return iovp_bit(f->msix_pba[vector / 8], vector % 8);
    return cfg16(f, f->cap[PCIE_CAP_MSI] + PCIE_MSI_CONTROL) &
               PCIE_MSI_VECTOR_MASKING &&
           iovp_bit(cfg32(f, f->cap[PCIE_CAP_MSI] + PCIE_MSI_PENDING), vector);
}

/* Software may have unmasked something: send what waits for it. */
void pcie_msi_unmasked(struct pcie_fn *f)
{
    uint64_t now = f->p->time;

    /* What sends may change what is enabled: ask each time. */
    for (uint32_t v = 0; v < pcie_vectors(f); v++)
        if (pending(f, v))
            pcie_msi(f, v);
    /* The write that did it does not wait for them. */
    f->p->time = now;
}
