/* SPDX-License-Identifier: MIT */
/*
 * Faults of a context: from the IOMMU's report to its answer.
 *
 * A fault is in one list, in order of its number, as long as it is to be asked
 * about, to be read or to be answered.  What the IOMMU holds bounds how many
 * wait for an answer; records that want none are bounded by the queue.
 */
#include "abi.h"
#include "alloc.h"
#include "group.h"

#include <string.h>

/* Reports that one call looks at: a guest can cause more for ever. */
#define BATCH 8192

struct fault {
    struct fault *next;
    iovp_fault_record r;
    struct host_fault report;
    const struct group *group; /* NULL: not known */
    uint32_t pasid;            /* of the attachment */
    bool fresh;                /* nobody was asked */
    bool asked;                /* its handler is running */
    bool queued;               /* for iovp_fault_next */
    bool waiting;              /* for its answer */
    bool partial;              /* a handler's answer waits for the group's */
    uint32_t answer;           /* of a part */
    uint64_t deadline;
};

struct faults {
    struct fault *first, **end;
    struct fault *last_queued; /* NULL: the queue is empty */
    uint32_t queued, fresh, partial;
    uint64_t sequence;
    uint64_t answers; /* given to the IOMMU */
    iovp_context_stats stats;
};

/* ---- the list ---------------------------------------------------------- */

static void tidy(struct context *c)
{
    struct faults *fs = c->faults;
    struct fault **at = &fs->first;

    while (*at) {
        struct fault *f = *at;

        if (f->fresh || f->asked || f->queued || f->waiting || f->partial) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        platform_free(c->p, f);
    }
    fs->end = at;
}

static struct fault *append(struct context *c)
{
    struct faults *fs = c->faults;
    struct fault *f = platform_alloc(c->p, 1, sizeof(*f));

    if (!f)
        return NULL;
    f->r.size = sizeof(f->r);
    *fs->end = f;
    fs->end = &f->next;
    return f;
}

static uint64_t now(const struct context *c)
{
    return c->p->timed ? timed_now(c->p) : c->p->contexts->ticks;
}

/* ---- answers ----------------------------------------------------------- */

static iovp_status tell(struct context *c, const struct host_fault *h,
                        uint32_t respond)
{
    c->faults->answers++;
    return c->ops->respond(c->host, h, respond);
}

static iovp_status answer(struct context *c, struct fault *f, uint32_t respond)
{
    iovp_context_stats *s = &c->faults->stats;

    /* First: the driver may let time pass. */
    f->waiting = false;
    s->waiting--;
    if (respond == IOVP_RESPOND_SUCCESS)
        s->succeeded++;
    else if (respond == IOVP_RESPOND_FAILURE)
        s->failed++;
    else
        s->invalid++;
    return tell(c, &f->report, respond);
}

static bool same_group(const struct fault *a, const struct fault *b)
{
    return a->r.kind == IOVP_FAULT_PAGE_REQUEST && a->r.kind == b->r.kind &&
           a->r.stream_id == b->r.stream_id && a->r.pasid == b->r.pasid &&
           a->r.group == b->r.group;
}

/* A group is as bad as the worst of its parts. */
static uint32_t worst(struct context *c, const struct fault *last,
                      uint32_t respond)
{
    for (struct fault *f = c->faults->first; f != last; f = f->next) {
        if (!f->partial || !same_group(f, last))
            continue;
        f->partial = false;
        c->faults->partial--;
        if (f->answer > respond)
            respond = f->answer;
    }
    return respond;
}

static void forget_oldest_part(struct faults *fs)
{
    struct fault *f = fs->first;

    while (!f->partial)
        f = f->next;
    f->partial = false;
    fs->partial--;
}

/* A handler has answered. */
static void handled(struct context *c, struct fault *f, uint32_t respond)
{
    if (f->waiting) {
        answer(c, f, worst(c, f, respond));
    } else if (f->r.kind == IOVP_FAULT_PAGE_REQUEST && !f->r.last &&
               respond != IOVP_RESPOND_SUCCESS) {
        f->partial = true;
        f->answer = respond;
        if (++c->faults->partial > c->config.fault_entries)
            forget_oldest_part(c->faults);
    }
}

/* ---- into the queue ---------------------------------------------------- */

/* One more is missing: f becomes the mark, unless there is one. */
static void lose(struct context *c, struct fault *f)
{
    struct faults *fs = c->faults;
    struct fault *last = fs->last_queued;

    fs->stats.lost++;
    if (f->waiting)
        answer(c, f, worst(c, f, IOVP_RESPOND_INVALID));
    if (last && last->r.kind == IOVP_FAULT_LOST) {
        last->r.lost++;
        return;
    }
    f->r = (iovp_fault_record){.size = sizeof(f->r),
                               .kind = IOVP_FAULT_LOST,
                               .sequence = f->r.sequence,
                               .time_ps = f->r.time_ps,
                               .pasid = IOVP_NO_PASID,
                               .lost = 1};
    f->queued = true;
    fs->last_queued = f;
}

static void enqueue(struct context *c, struct fault *f)
{
    if (c->faults->queued >= c->config.fault_entries) {
        lose(c, f);
        return;
    }
    f->queued = true;
    c->faults->queued++;
    c->faults->last_queued = f;
}

/* ---- asking ------------------------------------------------------------ */

/* True: it is done with. */
static bool ask_one(struct context *c, struct fault *f, iovp_fault_fn *fn,
                    void *ud)
{
    bool waited = f->waiting;
    int nested = c->p->in_callback;
    uint32_t respond = IOVP_RESPOND_INVALID;
    iovp_fault_record copy = f->r;
    iovp_status st;

    if (!fn)
        return false;
    c->p->in_callback = CALLBACK_SERVICE;
    st = fn(ud, &copy, &respond);
    c->p->in_callback = nested;
    if (waited && !f->waiting)
        return true; /* by iovp_fault_respond */
    if (st > 0)
        return false;
    if (st < 0 || respond > IOVP_RESPOND_FAILURE)
        respond = IOVP_RESPOND_INVALID;
    handled(c, f, respond);
    return true;
}

static void ask(struct context *c, struct fault *f)
{
    const struct attachment *a =
        f->group ? group_attachment(f->group, f->pasid) : NULL;
    struct fault_sink sink = a ? a->sink : (struct fault_sink){0};

    f->fresh = false;
    f->asked = true;
    c->faults->fresh--;
    if (!ask_one(c, f, sink.fn, sink.ud) &&
        !ask_one(c, f, c->user.fault, c->config.ud))
        enqueue(c, f);
    f->asked = false;
}

/* ---- reports ----------------------------------------------------------- */

static void describe(struct context *c, struct fault *f)
{
    const struct host_fault *h = &f->report;
    struct group *g = group_of_stream(c, h->stream_id);
    const struct attachment *a = g ? group_attachment(g, h->pasid) : NULL;

    f->group = g;
    f->pasid = a ? a->pasid : h->pasid;
    f->r.kind = h->kind;
    f->r.sequence = ++c->faults->sequence;
    f->r.time_ps = c->p->timed ? timed_now(c->p) : 0;
    f->r.device = group_device(c, h->stream_id);
    f->r.stream_id = h->stream_id;
    f->r.pasid = h->pasid;
    f->r.addr = h->addr;
    f->r.ipa = h->ipa;
    f->r.rights = h->rights;
    f->r.stage = h->stage;
    f->r.group = h->group;
    f->r.last = h->last;
    f->r.event = h->event;
}

/* Who has attached what a report is about; NULL: nobody. */
static const struct attachment *attached(struct context *c,
                                         const struct host_fault *h)
{
    const struct group *g = group_of_stream(c, h->stream_id);

    return g ? group_attachment(g, h->pasid) : NULL;
}

/* HOST_* of who has. */
static uint32_t flags_of(struct context *c, const struct host_fault *h)
{
    const struct attachment *a = attached(c, h);

    return a ? a->flags : 0;
}

static bool wants_answer(const struct host_fault *h)
{
    return h->kind == IOVP_FAULT_STALL ||
           (h->kind == IOVP_FAULT_PAGE_REQUEST && h->last);
}

/*
 * An IOMMU may hold faults that nobody wants held, and devices may ask for
 * pages that nobody will give them: they are answered at once, and are for
 * information.
 */
static void refuse_unwanted(struct context *c, struct host_fault *h)
{
    uint32_t flags = flags_of(c, h) & (HOST_FAULTS | HOST_QUIET);

    if (!wants_answer(h) || flags == HOST_FAULTS)
        return;
    /* A device may ask before it is given an address space. */
    if (h->kind == IOVP_FAULT_PAGE_REQUEST && !attached(c, h))
        return;
    tell(c, h, IOVP_RESPOND_INVALID);
    h->kind = IOVP_FAULT_UNRECOVERABLE;
    h->group = 0;
}

static void count(struct faults *fs, const struct host_fault *h)
{
    if (wants_answer(h))
        fs->stats.reported++;
    else if (h->kind == IOVP_FAULT_UNRECOVERABLE)
        fs->stats.unrecoverable++;
}

static void expect_answer(struct context *c, struct fault *f)
{
    f->waiting = true;
    c->faults->stats.waiting++;
    f->r.cookie = ++c->p->contexts->cookies;
    f->deadline = now(c) + c->config.fault_timeout;
    if (f->deadline < now(c))
        f->deadline = UINT64_MAX;
}

static void no_memory(struct context *c, const struct host_fault *h)
{
    c->faults->sequence++;
    c->faults->stats.lost++;
    if (wants_answer(h))
        tell(c, h, IOVP_RESPOND_INVALID);
}

static void take(struct context *c, struct host_fault *h)
{
    bool lost = h->kind == HOST_FAULT_LOST_EVENTS;
    struct faults *fs = c->faults;
    struct fault *f;

    refuse_unwanted(c, h);
    if (!lost && (flags_of(c, h) & HOST_QUIET))
        return;
    count(fs, h);
    f = append(c);
    if (!f) {
        no_memory(c, h);
        return;
    }
    f->report = *h;
    describe(c, f);
    if (lost) {
        lose(c, f);
        return;
    }
    if (wants_answer(h))
        expect_answer(c, f);
    f->fresh = true;
    /* Those that wait for an answer are as many as the IOMMU can hold. */
    if (++fs->fresh > BATCH && !f->waiting) {
        f->fresh = false;
        fs->fresh--;
        enqueue(c, f);
    }
}

/* ---- the work ---------------------------------------------------------- */

static void ask_fresh(struct context *c)
{
    while (c->faults->fresh) {
        struct fault *f = c->faults->first;

        while (!f->fresh)
            f = f->next;
        ask(c, f);
    }
}

static void read_reports(struct context *c, bool then_ask)
{
    struct platform_smmu *s = &c->p->smmu[c->iommu];
    struct host_fault h;
    uint32_t n;

    s->reports = false;
    for (n = 0; n < BATCH && c->ops->fault_next(c->host, &h); n++) {
        take(c, &h);
        if (then_ask)
            ask_fresh(c);
    }
    if (n == BATCH)
        s->reports = true;
}

static void expire(struct context *c)
{
    for (struct fault *f = c->faults->first; f; f = f->next) {
        if (!f->waiting || f->asked || f->deadline > now(c))
            continue;
        c->faults->stats.timeouts++;
        answer(c, f, worst(c, f, IOVP_RESPOND_INVALID));
    }
}

bool faults_service(struct context *c)
{
    uint64_t before = c->faults->answers;

    ask_fresh(c);
    if (c->p->smmu[c->iommu].reports)
        read_reports(c, true);
    if (c->faults->stats.waiting)
        expire(c);
    tidy(c);
    return c->faults->answers != before;
}

/* pasid NULL: any. */
static void abort_those(struct context *c, const struct group *g,
                        const uint32_t *pasid)
{
    if (!c->faults)
        return;
    read_reports(c, false);
    for (struct fault *f = c->faults->first; f; f = f->next)
        if (f->waiting && f->group == g && (!pasid || f->pasid == *pasid))
            answer(c, f, IOVP_RESPOND_INVALID);
}

void faults_abort(struct context *c, const struct group *g, uint32_t pasid)
{
    abort_those(c, g, &pasid);
}

void faults_abort_group(struct context *c, const struct group *g)
{
    abort_those(c, g, NULL);
}

uint64_t faults_deadline(const struct context *c)
{
    uint64_t due = UINT64_MAX;

    for (const struct fault *f = c->faults->first; f; f = f->next)
        if (f->waiting && f->deadline < due)
            due = f->deadline;
    return due;
}

void faults_invalidated(struct context *c, uint64_t entries)
{
    c->faults->stats.invalidations += entries;
}

struct faults *faults_create(struct context *c)
{
    c->faults = platform_alloc(c->p, 1, sizeof(*c->faults));
    if (c->faults)
        c->faults->end = &c->faults->first;
    return c->faults;
}

void faults_destroy(struct context *c)
{
    while (c->faults && c->faults->first) {
        struct fault *next = c->faults->first->next;

        platform_free(c->p, c->faults->first);
        c->faults->first = next;
    }
    platform_free(c->p, c->faults);
    c->faults = NULL;
}

/* ---- the calls --------------------------------------------------------- */

iovp_status iovp_fault_next(iovp_context *h, iovp_fault_record *fault)
{
    struct context *c;
    iovp_status st = context_enter(h, ENTER_SERVICE, &c);
    struct fault *f;

    if (!st)
        st = abi_out_check(fault, sizeof(*fault), "fault");
    if (st)
        return st;
    if (c->p->in_callback == CALLBACK_NONE)
        contexts_service(c->p);
    for (f = c->faults->first; f && !f->queued; f = f->next)
        ;
    if (!f)
        return iovp_fail(IOVP_E_END, "the fault queue is empty");
    abi_out(fault, &f->r, sizeof(f->r));
    f->queued = false;
    if (f->r.kind != IOVP_FAULT_LOST)
        c->faults->queued--;
    if (c->faults->last_queued == f)
        c->faults->last_queued = NULL;
    tidy(c);
    return IOVP_OK;
}

iovp_status iovp_fault_respond(iovp_context *h, uint64_t cookie,
                               uint32_t respond)
{
    struct context *c;
    iovp_status st = context_enter(h, ENTER_SERVICE, &c);
    struct fault *f;

    if (st)
        return st;
    if (respond > IOVP_RESPOND_FAILURE)
        return iovp_fail(IOVP_E_INVALID, "respond: %u", respond);
    for (f = c->faults->first; f; f = f->next)
        if (f->waiting && f->r.cookie == cookie)
            break;
    if (!f)
        return iovp_fail(IOVP_E_NOTFOUND,
                         "cookie %llu: no fault that waits for an answer",
                         (unsigned long long)cookie);
    st = answer(c, f, worst(c, f, respond));
    tidy(c);
    return st;
}

iovp_status iovp_context_get_stats(iovp_context *h, iovp_context_stats *stats)
{
    struct context *c;
    iovp_status st = context_enter(h, ENTER_SERVICE, &c);

    if (!st)
        st = abi_out_check(stats, sizeof(*stats), "stats");
    if (!st)
        abi_out(stats, &c->faults->stats, sizeof(c->faults->stats));
    return st;
}
