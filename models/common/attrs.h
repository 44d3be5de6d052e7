/* SPDX-License-Identifier: MIT */
/* What every entry of a transaction does with its attribute record. */
#ifndef IOVP_COMMON_ATTRS_H
#define IOVP_COMMON_ATTRS_H

#include <stdbool.h>

#include "iovp_attrs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Every field is in its range, `size` is set and what is reserved is zero. */
bool iovp_attrs_valid(const iovp_attrs *a);

/*
 * The fields that `a` specifies over those of `defaults`; specified in the
 * result is what either of them specifies.
 */
iovp_attrs iovp_attrs_merge(const iovp_attrs *a, const iovp_attrs *defaults);

#ifdef __cplusplus
}
#endif

#endif
