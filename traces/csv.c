/* SPDX-License-Identifier: MIT */
#include "csv.h"

/* 28 columns of at most 20 characters and a separator; `event` may have 32. */
#define ROW_BYTES 640

struct row {
    char *at;
    char text[ROW_BYTES];
};

static const char *const kinds[] = {"transaction",  "command",   "fault",
                                    "page-request", "interrupt", "marker",
                                    "tlp"};
static const char *const spaces[] = {"nonsecure", "secure", "realm", "root"};
static const char *const types[] = {"untranslated", "request", "translated"};
static const char *const accesses[] = {"none", "read", "write", "read-write"};
static const char *const results[] = {"ok", "abort", "razwi", "bus"};
static const char *const outcomes[] = {"unused", "hit", "miss", "merged"};
/* format.md, "Packets". */
static const char *const statuses[] = {"SC", "UR", "RRS", "3", "CA"};
static const char *const tlps[] = {
    "MRd",    "MWr",    "FetchAdd", "Swap",   "CAS", "IORd", "IOWr",
    "CfgRd0", "CfgWr0", "CfgRd1",   "CfgWr1", "Msg", "MsgD"};
#define TLP_MSG 11u

static const struct {
    uint8_t code;
    const char *name;
} messages[] = {
    {0x01, "Invalidate Request"},
    {0x02, "Invalidate Completion"},
    {0x04, "Page Request"},
    {0x05, "PRG Response"},
    {0x20, "Assert_INTA"},
    {0x21, "Assert_INTB"},
    {0x22, "Assert_INTC"},
    {0x23, "Assert_INTD"},
    {0x24, "Deassert_INTA"},
    {0x25, "Deassert_INTB"},
    {0x26, "Deassert_INTC"},
    {0x27, "Deassert_INTD"},
    {0x30, "ERR_COR"},
    {0x31, "ERR_NONFATAL"},
    {0x33, "ERR_FATAL"},
};

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

static void separate(struct row *row)
{
    if (row->at != row->text)
        *row->at++ = ',';
}

static void put_base(struct row *row, uint64_t v, unsigned base)
{
    char digits[20];
    unsigned n = 0;

    do {
        digits[n++] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    while (n)
        *row->at++ = digits[--n];
}

static void put_dec(struct row *row, uint64_t v)
{
    separate(row);
    put_base(row, v, 10);
}

static void put_hex(struct row *row, uint64_t v)
{
    separate(row);
    *row->at++ = '0';
    *row->at++ = 'x';
    put_base(row, v, 16);
}

static void put_empty(struct row *row)
{
    separate(row);
}

static void put_text(struct row *row, const char *s)
{
    while (*s)
        *row->at++ = *s++;
}

/* A value without a name is printed as a number. */
static void put_name(struct row *row, uint32_t v, const char *const *names,
                     size_t count)
{
    if (v >= count) {
        put_dec(row, v);
        return;
    }
    separate(row);
    put_text(row, names[v]);
}

/* "MRd", "Msg Page Request" */
static void put_tlp(struct row *row, const iovp_record *r)
{
    uint8_t code = (uint8_t)(r->pa >> 16);

    put_name(row, r->event, tlps, COUNT(tlps));
    if (r->event < TLP_MSG || r->event >= COUNT(tlps))
        return;
    for (size_t i = 0; i < COUNT(messages); i++) {
        if (messages[i].code != code)
            continue;
        put_text(row, " ");
        put_text(row, messages[i].name);
        return;
    }
    put_text(row, " 0x");
    put_base(row, code, 16);
}

static void put_index(struct row *row, uint32_t index)
{
    if (index == UINT32_MAX)
        put_empty(row);
    else
        put_dec(row, index);
}

static void put_who(struct row *row, const iovp_record *r)
{
    put_index(row, r->device);
    put_index(row, r->iommu);
    put_dec(row, r->stream_id);
    if (r->pasid_valid)
        put_dec(row, r->pasid);
    else
        put_empty(row);
    put_name(row, r->space, spaces, COUNT(spaces));
    put_dec(row, r->privileged);
    put_dec(row, r->instruction);
    put_name(row, r->addr_type, types, COUNT(types));
}

static void put_what(struct row *row, const iovp_record *r)
{
    put_name(row, r->access, accesses, COUNT(accesses));
    put_hex(row, r->iova);
    put_hex(row, r->pa);
    put_dec(row, r->bytes);
    if (r->kind == IOVP_RECORD_TRANSACTION)
        put_name(row, r->result, results, COUNT(results));
    else if (r->kind == IOVP_RECORD_TLP)
        put_name(row, r->result, statuses, COUNT(statuses));
    else
        put_dec(row, r->result);
    if (r->kind == IOVP_RECORD_TLP)
        put_tlp(row, r);
    else if (r->event)
        put_hex(row, r->event);
    else
        put_empty(row);
}

int trace_csv_header(FILE *to)
{
    static const char columns[] =
        "kind,time_in_ps,time_out_ps,device,iommu,stream_id,pasid,space,priv,"
        "inst,at,access,iova,pa,bytes,result,event,config,tlb,walk,stage2,"
        "config_reads,s1_reads,s2_reads,wait_lookup_ps,wait_walker_ps,"
        "wait_memory_ps,wait_fill_ps\n";

    return fputs(columns, to) == EOF ? -1 : 0;
}

int trace_csv_row(FILE *to, const iovp_record *r)
{
    struct row row;
    size_t bytes;

    row.at = row.text;
    put_name(&row, r->kind, kinds, COUNT(kinds));
    put_dec(&row, r->time_in);
    put_dec(&row, r->time_out);
    put_who(&row, r);
    put_what(&row, r);
    for (unsigned i = 0; i < IOVP_STAT_CACHES; i++)
        put_name(&row, r->cache[i], outcomes, COUNT(outcomes));
    put_dec(&row, r->config_accesses);
    put_dec(&row, r->s1_accesses);
    put_dec(&row, r->s2_accesses);
    for (unsigned i = 0; i < 4; i++)
        put_dec(&row, r->wait_ps[i]);
    *row.at++ = '\n';
    bytes = (size_t)(row.at - row.text);
    return fwrite(row.text, 1, bytes, to) == bytes ? 0 : -1;
}
