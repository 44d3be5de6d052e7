/* SPDX-License-Identifier: MIT */
/* Plain ASCII tables whose columns are as wide as their widest cell. */
#include "cmd.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void cmd_table_init(struct cmd_table *t, unsigned columns,
                    const char *const *head, const char *const *unit)
{
    memset(t, 0, sizeof(*t));
    t->columns = columns;
    t->head = head;
    t->unit = unit;
    t->gap = 2;
}

void cmd_table_add(struct cmd_table *t, const char *fmt, ...)
{
    va_list ap;

    if (t->cells == t->room) {
        size_t room = t->room ? 2 * t->room : 256;
        void *p = realloc(t->cell, room * CMD_TABLE_CELL);

        if (!p) {
            cmd_error("out of memory: the table is cut");
            return;
        }
        t->cell = p;
        t->room = room;
    }
    va_start(ap, fmt);
    vsnprintf(t->cell[t->cells++], CMD_TABLE_CELL, fmt, ap);
    va_end(ap);
}

static bool left(const struct cmd_table *t, unsigned c)
{
    return t->head[c][0] == '<';
}

static const char *head(const struct cmd_table *t, unsigned c)
{
    return t->head[c] + left(t, c);
}

static void widths(const struct cmd_table *t, size_t w[])
{
    for (unsigned c = 0; c < t->columns; c++) {
        w[c] = strlen(head(t, c));
        if (t->unit && strlen(t->unit[c]) > w[c])
            w[c] = strlen(t->unit[c]);
        for (size_t i = c; i < t->cells; i += t->columns)
            if (strlen(t->cell[i]) > w[c])
                w[c] = strlen(t->cell[i]);
    }
}

static void end_cell(FILE *f, const struct cmd_table *t, unsigned c)
{
    if (c + 1 == t->columns)
        fputc('\n', f);
    else
        fprintf(f, "%*s", (int)t->gap, "");
}

static void put(FILE *f, const struct cmd_table *t, unsigned c, size_t width,
                const char *text)
{
    if (left(t, c) && c + 1 == t->columns)
        fputs(text, f);
    else
        fprintf(f, "%*s", left(t, c) ? -(int)width : (int)width, text);
    end_cell(f, t, c);
}

static void rule(FILE *f, const struct cmd_table *t, const size_t w[])
{
    for (unsigned c = 0; c < t->columns; c++) {
        for (size_t i = 0; i < w[c]; i++)
            fputc('-', f);
        end_cell(f, t, c);
    }
}

void cmd_table_print(struct cmd_table *t, FILE *f, bool total)
{
    size_t w[CMD_TABLE_COLUMNS];
    size_t rows = t->cells / t->columns;

    widths(t, w);
    for (unsigned c = 0; c < t->columns; c++)
        put(f, t, c, w[c], head(t, c));
    for (unsigned c = 0; t->unit && c < t->columns; c++)
        put(f, t, c, w[c], t->unit[c]);
    rule(f, t, w);
    for (size_t r = 0; r < rows; r++) {
        if (total && r + 1 == rows)
            rule(f, t, w);
        for (unsigned c = 0; c < t->columns; c++)
            put(f, t, c, w[c], t->cell[r * t->columns + c]);
    }
    free(t->cell);
    t->cell = NULL;
    t->cells = t->room = 0;
}
