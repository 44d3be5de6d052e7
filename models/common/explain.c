/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include <stdarg.h>
#include <stdio.h>

void iovp_explain_add(struct iovp_explain_list *l,
                      enum iovp_explain_state state, const char *where,
                      const char *fmt, ...)
{
    struct iovp_explain_row *r;
    va_list ap;

    if (l->count++ >= l->room)
        return;
    r = &l->row[l->count - 1];
    r->state = (uint8_t)state;
    snprintf(r->where, sizeof(r->where), "%s", where);
    va_start(ap, fmt);
    vsnprintf(r->what, sizeof(r->what), fmt, ap);
    va_end(ap);
}
