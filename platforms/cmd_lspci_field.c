/* SPDX-License-Identifier: MIT */
#include "cmd_lspci.h"

#define WIDTH 84 /* of a line, tabs counted as one */

uint32_t lspci_get(const struct lspci *l, uint32_t at, unsigned bytes)
{
    uint32_t v = 0;

    if (at > LSPCI_BYTES - bytes)
        return 0;
    for (unsigned i = bytes; i-- > 0;)
        v = v << 8 | l->cfg[at + i];
    return v;
}

static int text(const struct lspci_field *f, uint32_t v, char *buf, size_t size)
{
    unsigned n = 0;

    switch (f->how) {
    case LSPCI_FLAG:
        return snprintf(buf, size, "%s%c", f->name, v ? '+' : '-');
    case LSPCI_HEX:
        return snprintf(buf, size, "%s %0*x", f->name, (f->bits + 3) / 4, v);
    case LSPCI_SHIFT:
        return snprintf(buf, size, "%s %u bytes", f->name, 128u << v);
    case LSPCI_NAME:
        while (n < v && f->names[n])
            n++;
        return snprintf(buf, size, "%s%s%s", f->name ? f->name : "",
                        f->name ? " " : "",
                        f->names[n] ? f->names[n] : "(reserved)");
    default:
        return snprintf(buf, size, "%s %u", f->name, v);
    }
}

void lspci_fields(const struct lspci *l, uint32_t at,
                  const struct lspci_field *fields, size_t count)
{
    uint32_t reg = 0;
    int column = 0;
    char buf[80];

    for (size_t i = 0; i < count; i++) {
        const struct lspci_field *f = &fields[i];
        uint32_t mask = f->bits < 32 ? (1u << f->bits) - 1 : ~0u;

        if (f->line) {
            column = printf("%s%s:", i ? "\n" : "", f->line);
            reg = lspci_get(l, at + f->at, f->bytes);
            continue;
        }
        column += 1 + text(f, reg >> f->lo & mask, buf, sizeof(buf));
        if (column > WIDTH)
            column = printf("\n\t\t\t%s", buf);
        else
            printf(" %s", buf);
    }
    putchar('\n');
}
