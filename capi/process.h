/* SPDX-License-Identifier: MIT */
/* Process-like address spaces that devices share.  Private to capi/. */
#ifndef IOVP_PROCESS_H
#define IOVP_PROCESS_H

#include "domain.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All processes of a context, before its domains. */
void processes_destroy(struct context *c);

#ifdef __cplusplus
}
#endif

#endif
