/* SPDX-License-Identifier: MIT */
/* A trace as comma-separated values; docs/traces.md explains the columns. */
#ifndef IOVP_TRACE_CSV_H
#define IOVP_TRACE_CSV_H

#include <stdio.h>

#include "../capi/iovp.h"

/* One line each; 0, or -1 if it could not be written (errno says why). */
int trace_csv_header(FILE *to);
int trace_csv_row(FILE *to, const iovp_record *r);

#endif
