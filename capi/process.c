/* SPDX-License-Identifier: MIT */
/* Processes: domains that devices share by one PASID, until they end. */
#include "abi.h"
#include "group.h"
#include "sva.h"

static iovp_status process_enter(iovp_process *h, int enter, struct process **s)
{
    struct platform *p;
    void *object;
    iovp_status st = object_enter(h, OBJECT_PROCESS, enter, &p, &object);

    *s = st ? NULL : object;
    return st;
}

/* ---- faults ------------------------------------------------------------- */

static iovp_status on_fault(void *ud, const iovp_fault_record *fault,
                            uint32_t *respond)
{
    const struct process *s = ud;

    /* There is nothing to resolve. */
    if (fault->kind == IOVP_FAULT_UNRECOVERABLE)
        return IOVP_PASS;
    /* Reported before it ended: nobody can resolve it any more. */
    if (s->ended) {
        *respond = IOVP_RESPOND_INVALID;
        return IOVP_OK;
    }
    return s->config.fault ? s->config.fault(s->config.ud, fault, respond)
                           : IOVP_PASS;
}

struct fault_sink process_sink(struct process *s)
{
    return (struct fault_sink){on_fault, s};
}

/* ---- creation ----------------------------------------------------------- */

static iovp_status config_in(iovp_process_config *known,
                             const iovp_process_config *user)
{
    iovp_status st = ABI_IN(known, user);

    if (!st && known->reserved)
        st = iovp_fail(IOVP_E_INVALID, "config->reserved is not 0");
    return st;
}

static void forget(struct process *s)
{
    if (s->handle)
        object_remove(s->c->p, s->handle);
    if (s->domain)
        domain_destroy(s->domain);
    platform_free(s->c->p, s);
}

static iovp_status process_make(struct process **out, struct context *c,
                                const iovp_process_config *config)
{
    iovp_domain_config domain = {
        .size = sizeof(domain), .stage = IOVP_STAGE_1, .table = config->table};
    struct process *s = platform_alloc(c->p, 1, sizeof(*s));
    iovp_status st;

    if (!s)
        return iovp_fail(IOVP_E_NOMEM, "no memory for a process");
    s->c = c;
    s->pasid = IOVP_NO_PASID;
    s->config = *config;
    s->config.table = NULL; /* the domain has a copy */
    st = domain_create(&s->domain, c, &domain);
    if (!st) {
        s->domain->owner = s;
        s->handle = object_add(c->p, OBJECT_PROCESS, s);
        if (!s->handle)
            st = iovp_fail(IOVP_E_LIMIT, "no memory, or too many processes");
    }
    if (st) {
        forget(s);
        return st;
    }
    s->next = c->processes;
    c->processes = s;
    *out = s;
    return IOVP_OK;
}

iovp_status iovp_process_create(iovp_process **out, iovp_context *h,
                                const iovp_process_config *config)
{
    struct context *c;
    struct process *s = NULL;
    iovp_process_config known;
    iovp_status st = context_enter(h, ENTER_NORMAL, &c);

    if (!st && !out)
        st = iovp_fail(IOVP_E_INVALID, "no place for the handle");
    if (!st)
        st = config_in(&known, config);
    if (!st)
        st = process_make(&s, c, &known);
    if (!st)
        *out = (iovp_process *)s->handle;
    return st;
}

/* ---- the end ------------------------------------------------------------ */

static void call_exit(struct platform *p, const struct bond *b)
{
    int nested = p->in_callback;

    if (!b->config.exit)
        return;
    p->in_callback = CALLBACK_SERVICE;
    b->config.exit(b->config.ud,
                   handle_device(p, (uint32_t)(b->device - p->device)),
                   b->pasid);
    p->in_callback = nested;
}

/*
 * The address space works until the last callback is done: a device may have
 * to fault and be served to stop its DMA.
 */
static iovp_status process_end(struct process *s)
{
    const struct bond *b;
    iovp_status st;

    if (s->ended)
        return IOVP_OK;
    for (b = s->bonds; b; b = b->next)
        call_exit(s->c->p, b);
    s->ended = true;
    st = domain_quiesce(s->domain);
    process_give_pasid(s);
    return st;
}

void process_give_pasid(struct process *s)
{
    const struct bond *b;

    for (b = s->bonds; b; b = b->next)
        if (b->pasid != IOVP_NO_PASID)
            return;
    if (!s->ended || s->pasid == IOVP_NO_PASID)
        return;
    if (context_give_pasid(s->c, s->pasid))
        platform_log(s->c->p, IOVP_LOG_WARN, "PASID %u stays taken: %s",
                     s->pasid, iovp_last_error());
    s->pasid = IOVP_NO_PASID;
}

static void process_free(struct process *s)
{
    struct process **at = &s->c->processes;
    struct platform *p = s->c->p;
    iovp_process_config config = s->config;

    process_end(s);
    while (s->bonds)
        process_unbind(s, s->bonds);
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    forget(s);
    platform_free_ud(p, config.free_ud, config.ud);
}

void iovp_process_destroy(iovp_process *h)
{
    struct process *s;

    if (h && !process_enter(h, ENTER_NORMAL, &s))
        process_free(s);
}

/* A process of another context loses the devices behind this one's IOMMU. */
static void process_leave(struct process *s, struct context *c)
{
    struct bond *b = s->bonds, *next;

    for (; b; b = next) {
        next = b->next;
        if (b->c == c)
            process_unbind(s, b);
    }
    domain_leave(s->domain, c);
}

void processes_destroy(struct context *c)
{
    struct context *other;
    struct process *s;

    while (c->processes)
        process_free(c->processes);
    for (other = c->p->contexts->first; other; other = other->next)
        for (s = other->processes; s; s = s->next)
            process_leave(s, c);
}

iovp_status iovp_process_exit(iovp_process *h)
{
    struct process *s;
    iovp_status st = process_enter(h, ENTER_NORMAL, &s);

    if (!st && s->ended)
        st = iovp_fail(IOVP_E_STALE, "the process has ended");
    return st ? st : process_end(s);
}

/* ---- its address space -------------------------------------------------- */

iovp_status iovp_process_domain(iovp_process *h, iovp_domain **domain)
{
    struct process *s;
    iovp_status st = process_enter(h, ENTER_SERVICE, &s);

    if (st)
        return st;
    if (!domain)
        return iovp_fail(IOVP_E_INVALID, "no place for the handle");
    *domain = (iovp_domain *)s->domain->handle;
    return IOVP_OK;
}

iovp_status iovp_process_invalidate(iovp_process *h, uint64_t first,
                                    uint64_t last)
{
    struct process *s;
    iovp_status st = process_enter(h, ENTER_SERVICE, &s);

    if (st)
        return st;
    if (first > last)
        return iovp_fail(IOVP_E_INVALID, "first is above last");
    return domain_flush(s->domain, first, last, false);
}
