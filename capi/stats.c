/* SPDX-License-Identifier: MIT */
/*
 * Statistics per (device, StreamID, PASID, space), gathered from transaction
 * records, so that a run and its replay are counted by the same code.
 */
#include <stdlib.h>
#include <string.h>

#include "../models/common/bits.h"
#include "../models/common/walk_record.h"
#include "abi.h"
#include "platform.h"

#define ROWS      4096
#define HASH_SIZE (4 * ROWS)

/*
 * Latency histogram: 32 buckets an octave, so that a percentile is within
 * 1/32 of its value, whatever that is.
 */
#define SUB_BITS 5
#define SUB      (1u << SUB_BITS)
#define OCTAVES  (64 - SUB_BITS)
#define BUCKETS  (SUB * (OCTAVES + 1))

struct row {
    iovp_stream_stats s;
    uint32_t histogram[BUCKETS];
};

struct stats_table {
    struct platform *p;
    struct row *row[ROWS + 1]; /* allocated as they appear */
    uint32_t count;
    uint32_t hash[HASH_SIZE]; /* index + 1 of a row, 0: free */
    struct row *last;         /* the row of the record before */
};

struct stats_table *stats_create(struct platform *p)
{
    struct stats_table *t = platform_alloc(p, 1, sizeof(*t));

    if (t)
        t->p = p;
    return t;
}

void stats_reset(struct stats_table *t)
{
    struct platform *p = t->p;
    uint32_t i;

    for (i = 0; i <= ROWS; i++)
        platform_free(p, t->row[i]);
    memset(t, 0, sizeof(*t));
    t->p = p;
}

void stats_destroy(struct stats_table *t)
{
    if (!t)
        return;
    stats_reset(t);
    platform_free(t->p, t);
}

static uint32_t bucket_of(uint64_t v)
{
    unsigned octave;

    if (v < SUB)
        return (uint32_t)v;
    octave = 63 - (unsigned)__builtin_clzll(v) - SUB_BITS;
    return (octave + 1) * SUB + (uint32_t)((v >> octave) & (SUB - 1));
}

/* The largest value of a bucket. */
static uint64_t bucket_top(uint32_t b)
{
    unsigned octave;

    if (b < SUB)
        return b;
    octave = b / SUB - 1;
    return ((uint64_t)(SUB + b % SUB + 1) << octave) - 1;
}

struct key {
    uint32_t device, stream_id, pasid, pasid_valid, space;
};

static struct key key_of(const struct iovp_trace_record *r)
{
    return (struct key){r->initiator, r->stream_id, r->pasid,
                        r->flags & IOVP_TRACE_PASID_VALID,
                        (r->flags >> IOVP_TRACE_SPACE_SHIFT) & 3};
}

static bool same(const struct key *k, const iovp_stream_stats *s)
{
    return k->device == s->device && k->stream_id == s->stream_id &&
           k->pasid == s->pasid && k->pasid_valid == s->pasid_valid &&
           k->space == s->space;
}

static uint32_t hash_of(const struct key *k)
{
    uint64_t h = (uint64_t)k->stream_id << 20 ^ k->pasid;

    h ^= (uint64_t)k->device << 52 ^ (uint64_t)k->space << 60 ^
         (uint64_t)k->pasid_valid << 63;
    return (uint32_t)((h * 0x9e3779b97f4a7c15ull) >> 40) % HASH_SIZE;
}

static struct row *new_row(struct stats_table *t, uint32_t index,
                           const struct key *k)
{
    struct row *row = platform_alloc(t->p, 1, sizeof(*row));

    if (!row)
        return NULL;
    row->s.size = sizeof(row->s);
    row->s.device = k->device;
    row->s.stream_id = k->stream_id;
    row->s.pasid = k->pasid;
    row->s.pasid_valid = k->pasid_valid;
    row->s.space = k->space;
    row->s.latency_min_ps = UINT64_MAX;
    row->s.first_ps = UINT64_MAX;
    t->row[index] = row;
    return row;
}

static struct row *overflow_row(struct stats_table *t)
{
    const struct key rest = {UINT32_MAX, 0, 0, 0, 0};

    return t->row[ROWS] ? t->row[ROWS] : new_row(t, ROWS, &rest);
}

static struct row *find_row(struct stats_table *t, const struct key *k)
{
    uint32_t h = hash_of(k);
    struct row *row;

    if (t->last && same(k, &t->last->s))
        return t->last;
    for (; t->hash[h]; h = (h + 1) % HASH_SIZE)
        if (same(k, &t->row[t->hash[h] - 1]->s))
            return t->row[t->hash[h] - 1];
    if (t->count == ROWS)
        return overflow_row(t);
    row = new_row(t, t->count, k);
    if (!row)
        return overflow_row(t);
    t->hash[h] = ++t->count;
    return row;
}

static void count_caches(iovp_stream_stats *s, uint8_t caches)
{
    unsigned i;

    for (i = 0; i < IOVP_CACHES; i++) {
        enum iovp_cache_outcome o =
            iovp_walk_outcome(caches, (enum iovp_cache_id)i);

        s->lookups[i] += o != IOVP_CACHE_UNUSED;
        s->hits[i] += o == IOVP_CACHE_HIT || o == IOVP_CACHE_MERGED;
    }
}

static void count_latency(struct row *row, uint64_t latency)
{
    iovp_stream_stats *s = &row->s;

    if (latency < s->latency_min_ps)
        s->latency_min_ps = latency;
    if (latency > s->latency_max_ps)
        s->latency_max_ps = latency;
    row->histogram[bucket_of(latency)]++;
}

void stats_count(struct stats_table *t, const struct iovp_trace_record *r)
{
    struct key k = key_of(r);
    struct row *row = find_row(t, &k);
    iovp_stream_stats *s;
    unsigned i;

    if (!row)
        return;
    t->last = row;
    s = &row->s;
    s->transfers++;
    if (r->result == IOVP_RESULT_OK)
        s->bytes += r->length;
    else
        s->faults++;
    if (r->time_in < s->first_ps)
        s->first_ps = r->time_in;
    if (r->time_out > s->last_ps)
        s->last_ps = r->time_out;
    count_latency(row, r->time_out - r->time_in);
    count_caches(s, r->caches);
    s->walks += r->s1_accesses + r->s2_accesses != 0;
    s->accesses += r->config_accesses + r->s1_accesses + r->s2_accesses;
    for (i = 0; i < IOVP_WAITS; i++)
        s->wait_ps[i] += r->wait[i];
}

static uint64_t percentile(const struct row *row, unsigned percent)
{
    uint64_t want = (row->s.transfers * percent + 99) / 100;
    uint64_t seen = 0;
    uint32_t b;

    for (b = 0; b < BUCKETS; b++) {
        seen += row->histogram[b];
        if (seen >= want && seen) {
            uint64_t top = bucket_top(b);

            return top < row->s.latency_max_ps ? top : row->s.latency_max_ps;
        }
    }
    return row->s.latency_max_ps;
}

static int by_key(const void *a, const void *b)
{
    iovp_stream_stats x, y;
    unsigned i;

    /* A caller's size need not keep them aligned. */
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));

    const uint32_t kx[5] = {x.device, x.stream_id, x.pasid_valid, x.pasid,
                            x.space};
    const uint32_t ky[5] = {y.device, y.stream_id, y.pasid_valid, y.pasid,
                            y.space};

    for (i = 0; i < 5; i++)
        if (kx[i] != ky[i])
            return kx[i] < ky[i] ? -1 : 1;
    return 0;
}

iovp_status stats_rows(const struct stats_table *t, iovp_stream_stats *rows,
                       size_t *count)
{
    size_t have = t->count + (t->row[ROWS] != NULL), n = 0;
    iovp_status st = abi_list(rows, count, have, sizeof(*rows), "rows");
    uint32_t i;

    if (st)
        return st;
    for (i = 0; i <= ROWS; i++) {
        iovp_stream_stats s;

        if (!t->row[i])
            continue;
        s = t->row[i]->s;
        s.latency_p50_ps = percentile(t->row[i], 50);
        s.latency_p99_ps = percentile(t->row[i], 99);
        abi_out(abi_at(rows, n++), &s, sizeof(s));
    }
    if (n)
        qsort(rows, n, rows->size, by_key);
    return IOVP_OK;
}

iovp_status iovp_stats(iovp_platform *h, iovp_stream_stats *rows, size_t *count)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);

    return st ? st : stats_rows(p->stats, rows, count);
}

iovp_status iovp_stats_reset(iovp_platform *h)
{
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);

    if (!st)
        stats_reset(p->stats);
    return st;
}
