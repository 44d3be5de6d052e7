/* SPDX-License-Identifier: MIT */
/*
 * Entry at EL1 with the MMU off, as an emulator or an earlier stage leaves it:
 * a stack, zero for what is not initialised, then C.  Any exception is the end.
 */
        .section .text.start, "ax"
        .globl  _start
_start:
        adr     x0, vectors
        msr     vbar_el1, x0
        isb
        adrp    x0, stack_top
        add     x0, x0, :lo12:stack_top
        mov     sp, x0
        adrp    x0, bss_start
        add     x0, x0, :lo12:bss_start
        adrp    x1, bss_end
        add     x1, x1, :lo12:bss_end
1:      cmp     x0, x1
        b.hs    2f
        stp     xzr, xzr, [x0], #16
        b       1b
2:      bl      firmware_main
        b       power_off

        .balign 2048
vectors:
        .rept   16
        b       exception
        .balign 128
        .endr

exception:
        mrs     x0, esr_el1
        mrs     x1, elr_el1
        mrs     x2, far_el1
        bl      report_exception

/* PSCI SYSTEM_OFF; QEMU's conduit is HVC. */
        .globl  power_off
power_off:
        movz    w0, #0x0008
        movk    w0, #0x8400, lsl #16
        hvc     #0
1:      wfi
        b       1b
