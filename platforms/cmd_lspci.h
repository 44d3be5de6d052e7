/* SPDX-License-Identifier: MIT */
/*
 * Configuration space for people.  The decoder knows 4096 bytes and what
 * enumeration has learnt, not where they come from; registers are tables of
 * fields.  Section numbers are those of PCI Express Base Specification 5.0.
 */
#ifndef CMD_LSPCI_H
#define CMD_LSPCI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "cmd_pci_enum.h"

#define LSPCI_BYTES 4096u

struct lspci {
    const struct pcie_enum_fn *fn;
    bool numeric;     /* classes and IDs as numbers only */
    bool show_domain; /* there is more than one host */
    uint32_t domain;
    unsigned verbose; /* 0 a line, 1 capabilities, 2 their registers */
    uint8_t cfg[LSPCI_BYTES];
};

/* ---- fields (cmd_lspci_field.c) ------------------------------------- */

enum lspci_how {
    LSPCI_FLAG,  /* "name+" or "name-" */
    LSPCI_DEC,   /* "name 5" */
    LSPCI_HEX,   /* "name 0005" */
    LSPCI_NAME,  /* "name text", of `names`; `name` may be NULL */
    LSPCI_SHIFT, /* "name 128 bytes": 128 shifted left */
};

struct lspci_field {
    const char *line; /* begins a line with this label */
    const char *name;
    uint16_t at; /* in the capability */
    uint8_t bytes, lo, bits, how;
    const char *const *names; /* up to NULL */
};

#define LSPCI_LINE(label, at_, bytes_)                                     \
    {                                                                      \
        .line = (label), .at = (at_), .bytes = (bytes_), .how = LSPCI_FLAG \
    }
#define LSPCI_BIT(name_, bit)                                      \
    {                                                              \
        .name = (name_), .lo = (bit), .bits = 1, .how = LSPCI_FLAG \
    }
#define LSPCI_NUM(name_, lo_, bits_, how_)                           \
    {                                                                \
        .name = (name_), .lo = (lo_), .bits = (bits_), .how = (how_) \
    }
#define LSPCI_TEXT(name_, lo_, bits_, names_)                             \
    {                                                                     \
        .name = (name_), .lo = (lo_), .bits = (bits_), .how = LSPCI_NAME, \
        .names = (names_)                                                 \
    }

/* The bytes at `at`, little-endian; beyond the end: 0. */
uint32_t lspci_get(const struct lspci *l, uint32_t at, unsigned bytes);
/* Fields of the register that the last LSPCI_LINE named, `at` from there. */
void lspci_fields(const struct lspci *l, uint32_t at,
                  const struct lspci_field *fields, size_t count);
#define LSPCI_FIELDS(l, at, table) \
    lspci_fields((l), (at), (table), sizeof(table) / sizeof((table)[0]))

/* ---- parts of the output -------------------------------------------- */

/* "01:00.0" */
void lspci_print_id(const struct lspci *l);
/* The line of a function, without newline. */
void lspci_title(const struct lspci *l);
/* Command, status, BARs or windows (cmd_lspci_header.c). */
void lspci_header(const struct lspci *l);
/* " [size=4K]" */
void lspci_size(uint64_t bytes);
/* A BAR; `flags` are its low bits. */
void lspci_region(const char *indent, unsigned index, uint32_t flags,
                  uint64_t address, uint64_t size, bool enabled);
/* cmd_lspci_caps.c, cmd_lspci_ext.c */
void lspci_capabilities(const struct lspci *l);
void lspci_extended(const struct lspci *l);
/* Device/Port Type of the PCI Express capability (7.5.3.2), or ~0. */
unsigned lspci_port_type(const struct lspci *l);

#define LSPCI_ENDPOINT   0x0u
#define LSPCI_ROOT_PORT  0x4u
#define LSPCI_UPSTREAM   0x5u
#define LSPCI_DOWNSTREAM 0x6u
#define LSPCI_RCIEP      0x9u

#endif
