/* SPDX-License-Identifier: MIT */
/* A PL011 that needs no setup, and what is said on it. */
#include "board.h"

#define UART_DR      (UART_BASE + 0x00)
#define UART_FR      (UART_BASE + 0x18)
#define UART_FR_TXFF (1u << 5) /* the transmit FIFO is full */

static unsigned failed;

static void put(char c)
{
    while (get32(UART_FR) & UART_FR_TXFF)
        ;
    set32(UART_DR, (uint32_t)(unsigned char)c);
}

void print(const char *text)
{
    for (; *text; text++) {
        if (*text == '\n')
            put('\r');
        put(*text);
    }
}

void print_hex(uint64_t value)
{
    int digit = 60;

    print("0x");
    while (digit && !(value >> digit))
        digit -= 4;
    for (; digit >= 0; digit -= 4)
        put("0123456789abcdef"[value >> digit & 15]);
}

void step(const char *text, bool good)
{
    print(good ? "ok " : "FAIL ");
    print(text);
    print("\n");
    failed += !good;
}

unsigned steps_failed(void)
{
    return failed;
}

void report_exception(uint64_t syndrome, uint64_t address, uint64_t fault)
{
    print("FAIL exception: ESR ");
    print_hex(syndrome);
    print(" ELR ");
    print_hex(address);
    print(" FAR ");
    print_hex(fault);
    print("\n");
    power_off();
}
