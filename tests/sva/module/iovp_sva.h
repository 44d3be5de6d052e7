/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What /dev/iovp-sva offers.  A test's device: for root, and one at a time. */
#ifndef IOVP_SVA_H
#define IOVP_SVA_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* One operation of the engine; names and values of test_endpoint_regs.h. */
struct iovp_sva_run {
    __u64 src; /* addresses of the process whose PASID this is */
    __u64 dst;
    __u64 operand;
    __u32 bytes;
    __u32 pasid;
    __u16 op;
    __u16 on_fault;
    /* Of that size each, one behind the other; 0: one. */
    __u32 repeat;
    /* Results, complete if STATUS.DONE is set. */
    __u32 status;
    __u32 info;
    __u64 fault_addr;
    __u64 result;
    __u64 bytes_done;
    __u64 waits; /* accesses that had to wait */
};

/* Give the engine this process's address space; its PASID.  Until UNBIND, or
 * until the file is closed, which is later than the end of the process if
 * another one has the file, too. */
#define IOVP_SVA_BIND   _IOR('i', 1, __u32)
#define IOVP_SVA_UNBIND _IO('i', 2)
/* ETIMEDOUT: it was not done after some seconds, and has been aborted. */
#define IOVP_SVA_RUN    _IOWR('i', 3, struct iovp_sva_run)
#define IOVP_SVA_START  _IOW('i', 4, struct iovp_sva_run)
#define IOVP_SVA_LOOK   _IOR('i', 5, struct iovp_sva_run)

#endif
