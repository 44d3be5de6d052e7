/* SPDX-License-Identifier: MIT */
/* Domains: their life, where they are attached, and where mappings can be. */
#include "../models/common/bits.h"
#include "abi.h"
#include "alloc.h"
#include "domain_map.h"
#include "group.h"
#include "notify.h"

#define FLAGS IOVP_DOMAIN_PAGES_ONLY

struct attached {
    struct attached *next;
    struct context *c; /* of the device's IOMMU */
    struct platform_device_state *device;
    uint32_t pasid; /* or IOVP_NO_PASID */
    uint32_t flags; /* HOST_* */
};

/* ---- handles ------------------------------------------------------------- */

iovp_status domain_enter(iovp_domain *h, int enter, struct domain **m)
{
    struct platform *p;
    void *object;
    iovp_status st = object_enter(h, OBJECT_DOMAIN, enter, &p, &object);

    *m = st ? NULL : object;
    return st;
}

/* A domain that is its caller's to attach, and a device of its platform. */
static iovp_status enter_with(iovp_domain *h, iovp_device *device,
                              uint32_t pasid, struct domain **m,
                              struct platform_device_state **d)
{
    struct platform *p;
    iovp_status st = domain_enter(h, ENTER_NORMAL, m);

    if (!st)
        st = handle_enter_device(device, ENTER_NORMAL, &p, d);
    if (st)
        return st;
    if (p != (*m)->c->p)
        return iovp_fail(IOVP_E_INVALID, "a device of another platform");
    if ((*m)->owner)
        return iovp_fail(IOVP_E_INVALID,
                         "the domain of a process: iovp_sva_bind attaches it");
    if (pasid != IOVP_NO_PASID && pasid > IOVP_PASID_MAX)
        return iovp_fail(IOVP_E_INVALID, "PASID 0x%x has more than %d bits",
                         pasid, IOVP_PASID_BITS);
    return IOVP_OK;
}

/* ---- windows ------------------------------------------------------------- */

static struct window_list whole(const struct domain *m)
{
    return (struct window_list){1, {{0, iovp_mask(m->table.input_bits)}}};
}

/* Take out of a list what one device must not use. */
static bool narrow_one(struct window_list *l, struct platform *p,
                       const struct platform_device_state *d)
{
    iovp_window reserved[WINDOW_REGIONS_MAX];
    uint32_t i, count = windows_reserved(p, d, reserved);

    for (i = 0; i < count; i++)
        if (!window_subtract(l, reserved[i].first, reserved[i].last))
            return false;
    return true;
}

/* What is attached to a device is attached to all of its group. */
static bool narrow(struct window_list *l, struct context *c,
                   const struct platform_device_state *d)
{
    for (uint32_t i = 0; i < c->p->device_count; i++) {
        const struct platform_device_state *e = &c->p->device[i];

        if (group_of(c, d) == group_of(c, e) && !narrow_one(l, c->p, e))
            return false;
    }
    return true;
}

/* Is it the second stage of what a guest has of a device? */
static bool is_stage2_of(const struct domain *m,
                         const struct platform_device_state *d)
{
    const struct group *g = group_of(m->c, d);

    return g && g->attachments && g->attachments->stage2 == m;
}

bool domain_has_whole(const struct domain *m,
                      const struct platform_device_state *d)
{
    for (const struct attached *a = m->attached; a; a = a->next)
        if (a->pasid == IOVP_NO_PASID && group_of(a->c, d) &&
            group_of(a->c, d) == group_of(a->c, a->device))
            return true;
    return is_stage2_of(m, d);
}

static void fit_windows(struct domain *m)
{
    struct platform *p = m->c->p;
    struct window_list l = whole(m);

    for (const struct attached *a = m->attached; a; a = a->next)
        if (!narrow(&l, a->c, a->device))
            return;
    for (uint32_t i = 0; i < p->device_count; i++)
        if (is_stage2_of(m, &p->device[i]) && !narrow_one(&l, p, &p->device[i]))
            return;
    m->windows = l;
}

/* Nobody maps where something is still mapped to itself, or cached. */
iovp_status domain_fit(struct domain *m)
{
    iovp_status st = mappings_direct_trim(m);

    fit_windows(m);
    return st;
}

/* The windows with one more device. */
static iovp_status narrowed(const struct domain *m, struct context *c,
                            const struct platform_device_state *d,
                            struct window_list *l)
{
    *l = m->windows;
    if (!narrow(l, c, d))
        return iovp_fail(IOVP_E_LIMIT, "more than %d windows", WINDOWS_MAX);
    for (uint32_t i = 0; i < m->required.count; i++)
        if (!window_holds(l, m->required.at[i].first, m->required.at[i].last))
            return iovp_fail(IOVP_E_RANGE,
                             "%s cannot use all of 0x%llx..0x%llx, which was "
                             "required",
                             d->name,
                             (unsigned long long)m->required.at[i].first,
                             (unsigned long long)m->required.at[i].last);
    if (!mappings_within(m, l))
        return iovp_fail(IOVP_E_RANGE,
                         "%s cannot use an address that is mapped", d->name);
    return IOVP_OK;
}

/* The windows become these, so that no caller's mapping comes in between. */
static iovp_status prepare(struct domain *m, struct context *c,
                           const struct platform_device_state *d,
                           uint32_t pasid, const struct window_list *l)
{
    iovp_status st = IOVP_OK;

    m->windows = *l;
    if (pasid == IOVP_NO_PASID)
        st = direct_add(m, c, d);
    if (st)
        domain_fit(m);
    return st;
}

iovp_status domain_carry(struct domain *m,
                         const struct platform_device_state *d)
{
    struct window_list l;
    iovp_status st = narrowed(m, m->c, d, &l);

    return st ? st : prepare(m, m->c, d, IOVP_NO_PASID, &l);
}

iovp_status iovp_domain_windows(iovp_domain *h, iovp_window *windows,
                                size_t *count, iovp_window_info *info)
{
    struct domain *m;
    struct window_info wi = {.state = IOVP_REGIME_TRANSLATED};
    iovp_status st = domain_enter(h, ENTER_SERVICE, &m);

    if (!st && info)
        st = abi_out_check(info, sizeof(*info), "info");
    if (st)
        return st;
    wi.page_sizes = m->page_sizes;
    wi.alignment = wi.page_sizes & -wi.page_sizes;
    return windows_answer(&m->windows, &wi, windows, count, info);
}

/* The caller's i-th window, which must be valid now. */
static iovp_status required_in(const struct domain *m,
                               const iovp_window *windows, size_t i,
                               struct window_range *out)
{
    iovp_window w;
    iovp_status st = ABI_IN_AT(&w, windows, i);

    if (st)
        return st;
    if (w.kind != IOVP_WINDOW_USABLE || w.first > w.last)
        return iovp_fail(IOVP_E_INVALID,
                         "windows[%zu]: not USABLE, or no range", i);
    if (!window_holds(&m->windows, w.first, w.last))
        return iovp_fail(
            IOVP_E_RANGE, "windows[%zu]: 0x%llx..0x%llx is not valid now", i,
            (unsigned long long)w.first, (unsigned long long)w.last);
    *out = (struct window_range){w.first, w.last};
    return IOVP_OK;
}

iovp_status iovp_domain_require(iovp_domain *h, const iovp_window *windows,
                                size_t count)
{
    struct domain *m;
    struct window_list l = {0};
    iovp_status st = domain_enter(h, ENTER_SERVICE, &m);

    if (!st && count && !windows)
        st = iovp_fail(IOVP_E_INVALID, "no windows");
    /* Before a size is looked at: there need not be so many. */
    if (!st && count > WINDOWS_MAX)
        st = iovp_fail(IOVP_E_LIMIT, "more than %d windows", WINDOWS_MAX);
    while (!st && l.count < count) {
        st = required_in(m, windows, l.count, &l.at[l.count]);
        l.count++;
    }
    if (!st)
        m->required = l;
    return st;
}

/* ---- attach -------------------------------------------------------------- */

/* The link to an attachment; to NULL: there is none. */
static struct attached **
find(struct domain *m, const struct platform_device_state *d, uint32_t pasid)
{
    struct attached **a = &m->attached;

    while (*a && ((*a)->device != d || (*a)->pasid != pasid))
        a = &(*a)->next;
    return a;
}

static iovp_status may_attach(struct domain *m, const struct attached *a,
                              struct window_list *l)
{
    const struct platform_device_state *d = a->device;

    if (!a->c)
        return IOVP_E_UNSUPPORTED; /* with its sentence */
    if (a->c != m->c && !m->owner)
        return iovp_fail(IOVP_E_INVALID,
                         "%s is behind another IOMMU than the domain", d->name);
    if (*find(m, d, a->pasid))
        return iovp_fail(IOVP_E_BUSY, "%s has this domain already", d->name);
    if (m->table.stage == IOVP_STAGE_2 && a->pasid != IOVP_NO_PASID)
        return iovp_fail(IOVP_E_UNSUPPORTED,
                         "%s: stage 2 takes the device whole, without PASIDs",
                         d->name);
    return narrowed(m, a->c, d, l);
}

iovp_status domain_attach(struct domain *m, struct platform_device_state *d,
                          uint32_t pasid, uint32_t flags,
                          const struct fault_sink *sink)
{
    struct attached new = {NULL, context_of_device(m->c->p, d), d, pasid,
                           flags};
    struct attachment what = {.pasid = pasid, .flags = flags, .owner = m};
    struct window_list windows;
    iovp_status st = may_attach(m, &new, &windows);
    struct attached *a;

    if (!st)
        st = domain_extend(m, new.c);
    if (st)
        return st;
    what.table = *domain_table(m, new.c);
    st = group_check(new.c, d, &what);
    if (st)
        return st;
    a = platform_alloc(m->c->p, 1, sizeof(*a));
    if (!a)
        return iovp_fail(IOVP_E_NOMEM, "no memory for an attachment");
    *a = new;
    st = prepare(m, new.c, d, pasid, &windows);
    if (!st) {
        st = context_attach(new.c, d, pasid, &what.table, flags, m, sink);
        if (st)
            domain_fit(m);
    }
    if (st)
        platform_free(m->c->p, a);
    else
        *find(m, NULL, 0) = a;
    return st;
}

iovp_status iovp_domain_attach(iovp_domain *h, iovp_device *device,
                               uint32_t pasid)
{
    const struct fault_sink nobody = {0};
    struct domain *m;
    struct platform_device_state *d;
    iovp_status st = enter_with(h, device, pasid, &m, &d);

    return st ? st : domain_attach(m, d, pasid, 0, &nobody);
}

static iovp_status forget(struct domain *m, struct attached **link)
{
    struct attached *a = *link;

    *link = a->next;
    platform_free(m->c->p, a);
    return domain_fit(m);
}

iovp_status domain_detach(struct domain *m, struct platform_device_state *d,
                          uint32_t pasid)
{
    struct attached **link = find(m, d, pasid);
    iovp_status st, fit;

    if (!*link)
        return iovp_fail(IOVP_E_NOTFOUND, "%s does not have this domain",
                         d->name);
    st = context_detach((*link)->c, d, pasid, m);
    fit = forget(m, link);
    return st ? st : fit;
}

iovp_status iovp_domain_detach(iovp_domain *h, iovp_device *device,
                               uint32_t pasid)
{
    struct domain *m;
    struct platform_device_state *d;
    iovp_status st = enter_with(h, device, pasid, &m, &d);

    return st ? st : domain_detach(m, d, pasid);
}

/* ---- for processes and mappings ------------------------------------------ */

iovp_status domain_quiesce(struct domain *m)
{
    iovp_status st = IOVP_OK;

    m->quiet = true;
    for (struct attached *a = m->attached; a; a = a->next) {
        iovp_status one;

        a->flags |= HOST_QUIET;
        one = context_change(a->c, a->device, a->pasid, domain_table(m, a->c),
                             a->flags, m);
        st = st ? st : one;
    }
    for (struct attached *a = m->attached; a; a = a->next)
        context_abort_faults(a->c, m);
    return st;
}

/* Does an attachment before this one stand for the same group and PASID? */
static bool is_again(const struct domain *m, const struct attached *a)
{
    const struct attached *b = m->attached;

    while (b != a && (b->c != a->c || b->pasid != a->pasid ||
                      group_of(b->c, b->device) != group_of(a->c, a->device)))
        b = b->next;
    return b != a;
}

/* Whoever shares a StreamID has the mapping, too. */
void domain_tell_mapped(struct domain *m, const struct iovp_mapping *mapping)
{
    struct platform *p = m->c->p;

    if (!notifiers_count(p))
        return;
    for (const struct attached *a = m->attached; a; a = a->next) {
        if ((a->flags & HOST_QUIET) || is_again(m, a))
            continue;
        for (uint32_t i = 0; i < p->device_count; i++)
            if (group_of(a->c, &p->device[i]) == group_of(a->c, a->device))
                notifiers_mapped(p, &p->device[i], a->pasid, mapping);
    }
}

/* ---- life ---------------------------------------------------------------- */

/* What domain_make has done, as far as it came. */
static void unmake(struct domain *m)
{
    struct context *c = m->c;

    mappings_destroy(m);
    c->ops->id_free(c->host, m->table.stage, m->table.id);
    platform_free(c->p, m);
}

static iovp_status domain_make(struct domain **out, struct context *c,
                               const struct domain *from)
{
    struct iovp_iommu_caps caps;
    struct domain *m = platform_alloc(c->p, 1, sizeof(*m));
    iovp_status st;

    if (!m)
        return iovp_fail(IOVP_E_NOMEM, "no memory for a domain");
    *m = *from;
    st = c->ops->id_alloc(c->host, m->table.stage, &m->table.id);
    if (st) {
        platform_free(c->p, m);
        return st;
    }
    smmuv3_iommu_ops.caps(c->p->smmu[c->iommu].core, &caps);
    m->page_sizes = caps.page_sizes;
    if (!m->table.user)
        st = mappings_create(m, &caps);
    if (!st) {
        m->handle = object_add(c->p, OBJECT_DOMAIN, m);
        if (!m->handle)
            st = iovp_fail(IOVP_E_NOMEM, "no memory, or too many domains");
    }
    if (st) {
        unmake(m);
        return st;
    }
    m->windows = whole(m);
    m->next = c->domains;
    c->domains = m;
    *out = m;
    return IOVP_OK;
}

iovp_status domain_create(struct domain **out, struct context *c,
                          const iovp_domain_config *config)
{
    struct domain m = {.c = c,
                       .flags = config->flags,
                       .table = {.stage = config->stage,
                                 .page_bits = config->page_bits,
                                 .input_bits = config->input_bits,
                                 .user = config->table}};
    iovp_status st = IOVP_OK;

    if ((config->flags & ~FLAGS) || config->reserved ||
        (config->stage != IOVP_STAGE_1 && config->stage != IOVP_STAGE_2))
        return iovp_fail(IOVP_E_INVALID, "config: unknown flags, not a stage, "
                                         "or reserved is not 0");
    if (config->table)
        st = ABI_IN(&m.table.words, config->table);
    if (!st && (m.table.words.reserved[0] || m.table.words.reserved[1]))
        st = iovp_fail(IOVP_E_INVALID, "config->table: reserved is not 0");
    if (!st)
        st = c->ops->table_check(c->host, &m.table);
    return st ? st : domain_make(out, c, &m);
}

iovp_status iovp_domain_create(iovp_domain **out, iovp_context *h,
                               const iovp_domain_config *config)
{
    struct context *c;
    struct domain *m;
    iovp_domain_config known;
    iovp_status st = context_enter(h, ENTER_NORMAL, &c);

    if (!st && !out)
        st = iovp_fail(IOVP_E_INVALID, "no place for the handle");
    if (!st)
        st = ABI_IN(&known, config);
    if (!st)
        st = domain_create(&m, c, &known);
    if (!st)
        *out = (iovp_domain *)m->handle;
    return st;
}

void domain_destroy(struct domain *m)
{
    struct domain **at = &m->c->domains;

    while (m->attached) {
        context_detach(m->attached->c, m->attached->device, m->attached->pasid,
                       m);
        forget(m, &m->attached);
    }
    context_forget_stage2(m->c, m);
    /* The next one with its number, and with its memory, finds nothing of it
     * cached. */
    domain_flush(m, 0, UINT64_MAX, false);
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    object_remove(m->c->p, m->handle);
    while (m->parts)
        domain_leave(m, m->parts->c);
    unmake(m);
}

void iovp_domain_destroy(iovp_domain *h)
{
    struct domain *m;

    if (!h || domain_enter(h, ENTER_NORMAL, &m))
        return;
    if (m->owner)
        iovp_fail(IOVP_E_INVALID,
                  "the domain of a process is destroyed with it");
    else
        domain_destroy(m);
}

void domains_destroy(struct context *c)
{
    while (c->domains)
        domain_destroy(c->domains);
}
