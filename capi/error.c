/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "platform.h"

static _Thread_local char last_error[512];

iovp_status iovp_fail(iovp_status status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(last_error, sizeof(last_error), fmt, ap);
    va_end(ap);
    return status;
}

const char *iovp_last_error(void)
{
    return last_error;
}

void platform_log(struct platform *p, uint32_t level, const char *fmt, ...)
{
    char line[512];
    int nested = p->in_callback;
    va_list ap;

    if (!p->log)
        return;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    p->in_callback = CALLBACK_SIM;
    p->log(p->log_ud, level, line);
    p->in_callback = nested;
}

const char *iovp_strerror(iovp_status status)
{
    static const char *const text[] = {
        [-IOVP_OK] = "success",
        [-IOVP_E_INVALID] = "an argument is invalid",
        [-IOVP_E_HANDLE] = "the handle is not, or no longer, valid",
        [-IOVP_E_NOMEM] = "host memory is exhausted",
        [-IOVP_E_SPACE] = "the caller's buffer is too small",
        [-IOVP_E_NOTFOUND] = "no such object",
        [-IOVP_E_BUSY] = "already in use",
        [-IOVP_E_UNSUPPORTED] = "not supported by this build or mode",
        [-IOVP_E_THREAD] = "called from a thread that is not the owner",
        [-IOVP_E_REENTRY] = "not allowed inside a callback",
        [-IOVP_E_DT] = "the device tree is malformed or contradictory",
        [-IOVP_E_IO] = "a host file or program failed",
        [-IOVP_E_BUS] = "nothing answers at this physical address",
        [-IOVP_E_FORMAT] = "the trace file is damaged or not a trace",
        [-IOVP_E_END] = "no more records",
        [-IOVP_E_INTERNAL] = "internal error of the library",
        [-IOVP_E_STALE] = "the handle's configuration changed, get it again",
        [-IOVP_E_LIMIT] = "a limit is reached",
        [-IOVP_E_RANGE] = "outside of the valid address windows",
        [-IOVP_E_REFUSED] = "the host's callback refused",
        [-IOVP_E_ATTRS] = "the IOMMU tells apart more than is understood",
    };

    if (status == IOVP_PASS)
        return "left to the library";
    if (status > 0 || status < IOVP_E_ATTRS)
        return "unknown status";
    return text[-status];
}

uint32_t iovp_version(void)
{
    return IOVP_VERSION_NUM;
}

int iovp_has_systemc(void)
{
    return timed_available();
}

iovp_status iovp_check_abi(uint32_t version, size_t attrs_size,
                           size_t dma_result_size, size_t record_size)
{
    /* Below 1.0 the second number counts as the first. */
    if (version / 100 != IOVP_VERSION_NUM / 100)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "compiled for version %u.%u, the library is %u.%u",
                         version / 10000, version / 100 % 100,
                         IOVP_VERSION_MAJOR, IOVP_VERSION_MINOR);
    if (attrs_size != sizeof(iovp_attrs) ||
        dma_result_size > sizeof(iovp_dma_result) ||
        record_size > sizeof(iovp_record))
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "compiled with structures that this library does not "
                         "know");
    return IOVP_OK;
}
