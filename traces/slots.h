/* SPDX-License-Identifier: MIT */
/*
 * Handles of trace readers.  A handle is not a pointer but a slot and the
 * slot's generation, so that one that was closed is recognised for good
 * without reading freed memory.  Safe from any thread.
 */
#ifndef IOVP_TRACE_SLOTS_H
#define IOVP_TRACE_SLOTS_H

/* Readers that can be open at a time in a process. */
#define TRACE_SLOTS 256u

/* A handle for `object`; NULL if all slots are taken. */
void *trace_slot_claim(void *object);

/* The object of a handle; NULL if it is none, or closed. */
void *trace_slot_get(const void *handle);

/* The same, and the handle is void from now on. */
void *trace_slot_release(const void *handle);

#endif
