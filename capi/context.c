/* SPDX-License-Identifier: MIT */
/* Contexts: life, and the stage 1 of a guest. */
#include "abi.h"
#include "alloc.h"
#include "group.h"
#include "pool.h"
#include "process.h"

#include <string.h>

#define FAULT_ENTRIES     256
#define FAULT_ENTRIES_MAX 65536
#define TIMEOUT_PS        10000000000u /* 10 ms */
#define TIMEOUT_CALLS     16

/* ---- of a platform ----------------------------------------------------------
 */

struct contexts *contexts_get(struct platform *p)
{
    if (!p->contexts)
        p->contexts = platform_alloc(p, 1, sizeof(*p->contexts));
    if (!p->contexts)
        iovp_fail(IOVP_E_NOMEM, "no memory for contexts");
    return p->contexts;
}

bool contexts_service(struct platform *p)
{
    struct contexts *all = p->contexts;
    bool answered = false;

    if (!all || all->waiting || all->serving)
        return false;
    all->serving = true;
    for (struct context *c = all->first; c; c = c->next)
        answered |= faults_service(c);
    all->serving = false;
    return answered;
}

void contexts_tick(struct platform *p)
{
    if (!p->contexts)
        return;
    p->contexts->ticks++;
    contexts_service(p);
}

uint64_t contexts_deadline(const struct platform *p)
{
    const struct contexts *all = p->contexts;
    uint64_t due = UINT64_MAX;

    if (!all || all->waiting)
        return due;
    for (const struct context *c = all->first; c; c = c->next) {
        /* Reports that nobody has read are due now. */
        uint64_t t = p->smmu[c->iommu].reports ? 0 : faults_deadline(c);

        if (t < due)
            due = t;
    }
    return due;
}

/* What came while a driver waited is looked after later. */
iovp_status contexts_wait(struct platform *p, uint64_t ps)
{
    iovp_status st;

    p->contexts->waiting++;
    st = platform_wait(p, ps);
    p->contexts->waiting--;
    if (p->timed && contexts_deadline(p) != UINT64_MAX)
        timed_notify(p);
    return st;
}

static struct context *find(const struct platform *p,
                            const struct platform_device_state *d)
{
    struct context *c = p->contexts ? p->contexts->first : NULL;

    while (c && c->iommu != d->desc.iommu)
        c = c->next;
    return c;
}

/* Where Linux puts them, behind an SMMU that translates MSIs. */
#define MSI_FIRST 0x8000000u
#define MSI_LAST  0x80fffffu

bool context_msi(const struct platform *p,
                 const struct platform_device_state *d, bool fixed,
                 uint64_t *first, uint64_t *last)
{
    const struct context *c = find(p, d);
    bool custom = c && !c->config.msi_first && !c->config.msi_last;

    if (!c || (custom && fixed))
        return false;
    *first = custom ? MSI_FIRST : c->config.msi_first;
    *last = custom ? MSI_LAST : c->config.msi_last;
    return true;
}

struct context *context_of_device(struct platform *p,
                                  const struct platform_device_state *d)
{
    struct context *c = find(p, d);

    if (!c)
        iovp_fail(IOVP_E_NOTFOUND, "%s: its IOMMU has no context", d->name);
    return c;
}

iovp_status context_enter(iovp_context *h, int enter, struct context **c)
{
    struct platform *p;
    void *object = NULL;
    iovp_status st = object_enter(h, OBJECT_CONTEXT, enter, &p, &object);

    *c = object;
    return st;
}

/* ---- life -------------------------------------------------------------- */

static iovp_status config_in(struct context *c, const iovp_context_config *user)
{
    iovp_context_config *k = &c->config;
    iovp_status st = ABI_IN(k, user);

    if (!st && k->ops)
        st = ABI_IN(&c->user, k->ops);
    if (st)
        return st;
    if (k->fault_entries > FAULT_ENTRIES_MAX || k->msi_first > k->msi_last ||
        c->user.reserved)
        return iovp_fail(IOVP_E_INVALID,
                         "config: fault_entries, msi_first or reserved");
    if (!k->fault_entries)
        k->fault_entries = FAULT_ENTRIES;
    if (!k->fault_timeout)
        k->fault_timeout = c->p->timed ? TIMEOUT_PS : TIMEOUT_CALLS;
    k->ops = NULL;
    return IOVP_OK;
}

static iovp_status find_iommu(struct context *c, const char *name)
{
    struct platform *p = c->p;
    uint32_t i = 0;

    if (!name && p->smmu_count != 1)
        return iovp_fail(p->smmu_count ? IOVP_E_INVALID : IOVP_E_NOTFOUND,
                         "config->iommu: there are %u IOMMUs", p->smmu_count);
    while (name && i < p->smmu_count && strcmp(p->smmu[i].range.node, name))
        i++;
    if (i == p->smmu_count)
        return iovp_fail(IOVP_E_NOTFOUND, "no IOMMU is called %s", name);
    c->iommu = i;
    for (const struct context *o = p->contexts->first; o; o = o->next)
        if (o->iommu == i)
            return iovp_fail(IOVP_E_BUSY, "%s has a context already",
                             p->smmu[i].range.node);
    return IOVP_OK;
}

/* What context_make has made. */
static void unmake(struct context *c)
{
    faults_destroy(c);
    groups_destroy(c);
    if (c->host)
        c->ops->destroy(c->host);
    platform_free(c->p, c);
}

/* Every device's streams abort from the beginning. */
static iovp_status block_all(struct context *c)
{
    iovp_status st = IOVP_OK;

    for (uint32_t n = 0; n < c->groups->count && !st; n++)
        st = c->ops->block(c->host, &c->groups->group[n].host);
    return st;
}

static iovp_status make(struct context *c, const iovp_context_config *user)
{
    iovp_status st = config_in(c, user);

    if (!st)
        st = find_iommu(c, c->config.iommu);
    if (st)
        return st;
    c->config.iommu = c->p->smmu[c->iommu].range.node;
    c->ops = &host_smmuv3;
    st = c->ops->create(&c->host, c->p, c->iommu);
    if (st)
        return st;
    if (!groups_create(c) || !faults_create(c))
        return iovp_fail(IOVP_E_NOMEM, "no memory for the context");
    st = block_all(c);
    if (st)
        return st;
    c->handle = object_add(c->p, OBJECT_CONTEXT, c);
    if (!c->handle)
        return iovp_fail(IOVP_E_NOMEM, "no memory for the handle");
    return IOVP_OK;
}

iovp_status iovp_context_create(iovp_context **out, iovp_platform *h,
                                const iovp_context_config *config)
{
    static const iovp_context_config defaults = {.size = sizeof(defaults)};
    struct platform *p;
    iovp_status st = handle_enter(h, ENTER_NORMAL, &p);
    struct contexts *all;
    struct context *c;

    if (st)
        return st;
    if (!out)
        return iovp_fail(IOVP_E_INVALID, "no place for the handle");
    timed_settle(p);
    all = contexts_get(p);
    c = all ? platform_alloc(p, 1, sizeof(*c)) : NULL;
    if (!c)
        return iovp_fail(IOVP_E_NOMEM, "no memory for the context");
    c->p = p;
    st = make(c, config ? config : &defaults);
    if (st) {
        unmake(c);
        return st;
    }
    c->next = all->first;
    all->first = c;
    *out = (iovp_context *)c->handle;
    return IOVP_OK;
}

static void destroy(struct context *c)
{
    struct platform *p = c->p;
    struct context **at = &p->contexts->first;
    iovp_free_fn *free_ud = c->config.free_ud;
    void *ud = c->config.ud;

    processes_destroy(c);
    domains_destroy(c);
    object_remove(p, c->handle);
    groups_destroy(c);
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    unmake(c);
    platform_free_ud(p, free_ud, ud);
}

void iovp_context_destroy(iovp_context *h)
{
    struct context *c;

    if (h && !context_enter(h, ENTER_NORMAL, &c))
        destroy(c);
}

void contexts_destroy(struct platform *p)
{
    while (p->contexts && p->contexts->first)
        destroy(p->contexts->first);
    pasids_destroy(p);
    platform_free(p, p->contexts);
    p->contexts = NULL;
    pool_destroy(p);
}

/* ---- bindings ---------------------------------------------------------- */

/* A device of this context, or NULL and a sentence. */
static struct platform_device_state *device_of(struct context *c,
                                               iovp_device *h, iovp_status *st)
{
    struct platform_device_state *d;
    void *object;

    *st = object_of(c->p, h, OBJECT_DEVICE, &object);
    if (*st)
        return NULL;
    d = object;
    if (d->desc.iommu == c->iommu)
        return d;
    *st = iovp_fail(IOVP_E_INVALID, "%s: not behind %s", d->name,
                    c->config.iommu);
    return NULL;
}

static iovp_status binding_stage2(struct context *c, const iovp_binding *b,
                                  struct attachment *a)
{
    struct domain *m;
    void *object;
    iovp_status st;

    if (!b->stage2)
        return IOVP_OK;
    st = object_of(c->p, b->stage2, OBJECT_DOMAIN, &object);
    if (st)
        return st;
    m = object;
    if (m->c != c || m->table.stage != IOVP_STAGE_2)
        return iovp_fail(IOVP_E_INVALID,
                         "binding->stage2: not a stage 2 of this context");
    a->stage2 = m;
    return IOVP_OK;
}

static iovp_status binding_cd(struct context *c, const iovp_binding *b,
                              struct attachment *a)
{
    if (a->stage2)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "a CD with a second stage: the table of CDs would "
                         "have to be in the guest's memory; bind its STE");
    a->table = (struct host_table){
        .stage = IOVP_STAGE_1, .user = true, .words = b->stage1};
    return c->ops->table_check(c->host, &a->table);
}

/* What a binding asks for; nothing is taken yet. */
static iovp_status binding_in(struct context *c, iovp_binding *b,
                              const iovp_binding *binding, struct attachment *a)
{
    iovp_status st = ABI_IN(b, binding);

    if (st)
        return st;
    if ((b->flags & ~IOVP_BIND_FAULTS) || b->stage1.size != sizeof(b->stage1) ||
        b->stage1.reserved[0] || b->stage1.reserved[1])
        return iovp_fail(IOVP_E_INVALID,
                         "binding: flags, or stage1: size or reserved");
    a->flags = b->flags & IOVP_BIND_FAULTS ? HOST_FAULTS : 0;
    st = binding_stage2(c, b, a);
    if (st)
        return st;
    if (b->stage1.type == IOVP_TABLE_SMMUV3_CD)
        return binding_cd(c, b, a);
    if (b->stage1.type != IOVP_TABLE_SMMUV3_STE)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "binding->stage1: an SMMUv3 takes an STE or a CD");
    if (a->pasid != IOVP_NO_PASID)
        return iovp_fail(IOVP_E_INVALID,
                         "an STE is for all PASIDs: pasid must be "
                         "IOVP_NO_PASID");
    return IOVP_OK;
}

/* The host's answer, PASS if it has none. */
static iovp_status said(iovp_status answer)
{
    if (answer < 0)
        return iovp_fail(answer, "the host's callback refused");
    return answer == IOVP_OK ? IOVP_OK : IOVP_PASS;
}

static iovp_status ask_bind(struct context *c, iovp_device *d, uint32_t pasid,
                            const iovp_binding *b)
{
    int nested = c->p->in_callback;
    iovp_status st;

    if (!c->user.bind)
        return IOVP_PASS;
    c->p->in_callback = CALLBACK_SERVICE;
    st = c->user.bind(c->config.ud, d, pasid, b);
    c->p->in_callback = nested;
    return said(st);
}

/* With everything checked. */
static iovp_status bind(struct context *c, iovp_device *device,
                        struct platform_device_state *d,
                        struct attachment *what, const iovp_binding *b)
{
    bool ste = b->stage1.type == IOVP_TABLE_SMMUV3_STE;
    iovp_status st = ask_bind(c, device, what->pasid, b);

    if (st < 0)
        return st;
    what->by_host = st == IOVP_OK;
    st = IOVP_OK;
    if (!ste && !what->by_host)
        st = c->ops->id_alloc(c->host, IOVP_STAGE_1, &what->table.id);
    if (!st)
        st = group_attach(c, d, what, ste ? &b->stage1 : NULL);
    if (st && what->table.id)
        c->ops->id_free(c->host, IOVP_STAGE_1, what->table.id);
    return st;
}

iovp_status iovp_context_bind(iovp_context *h, iovp_device *device,
                              uint32_t pasid, const iovp_binding *binding)
{
    struct context *c;
    iovp_status st = context_enter(h, ENTER_NORMAL, &c);
    struct attachment what = {.pasid = pasid};
    struct platform_device_state *d;
    iovp_binding b;

    if (st)
        return st;
    d = device_of(c, device, &st);
    if (!st)
        st = binding_in(c, &b, binding, &what);
    what.owner = c;
    if (!st)
        st = group_check(c, d, &what);
    if (!st && what.stage2)
        st = domain_carry(what.stage2, d);
    if (st)
        return st;
    st = bind(c, device, d, &what, &b);
    if (st && what.stage2)
        domain_fit(what.stage2);
    return st;
}

iovp_status iovp_context_unbind(iovp_context *h, iovp_device *device,
                                uint32_t pasid)
{
    struct context *c;
    iovp_status st = context_enter(h, ENTER_NORMAL, &c);
    struct platform_device_state *d;
    int nested;

    if (st)
        return st;
    d = device_of(c, device, &st);
    if (st)
        return st;
    if (!group_find(c, d, pasid, c))
        return IOVP_E_NOTFOUND;
    nested = c->p->in_callback;
    c->p->in_callback = CALLBACK_SERVICE;
    if (c->user.unbind)
        st = said(c->user.unbind(c->config.ud, device, pasid));
    c->p->in_callback = nested;
    /* What the library has set up it takes down, whoever was asked. */
    return st < 0 ? st : context_detach(c, d, pasid, c);
}
