/* SPDX-License-Identifier: MIT */
/*
 * Time of what crosses links (link.h): a request takes them one after the
 * other, its completion takes them back.  A link belongs to the port above it.
 */
#include "pcie_internal.h"

#define LINK_MAX 4096u /* MPS and MRRS of link.h */

/* ---- links ------------------------------------------------------------- */

/* x12 is beyond link.h: it is timed as x8. */
static void trained(const struct pcie_fn *port, struct pcie_link_config *l)
{
    uint32_t sta = iovp_le32(
        &port->initial[(port->cap[PCIE_CAP_EXP] + PCIE_LNKSTA) & ~3u]);
    uint8_t width = (uint8_t)(sta >> (16 + PCIE_LNKCAP_WIDTH_SHIFT) & 63);

    pcie_link_config_default(l, (uint8_t)(sta >> 16 & 15),
                             width == 12 ? 8 : width);
}

/* Reads are cut by their requester, and its MRRS is not the link's business. */
const char *pcie_check_link(const struct pcie_fn_config *c)
{
    const struct pcie_cap_config *exp = pcie_cap_find(c, PCIE_CAP_EXP);
    struct pcie_link_config l;

    if (!c->link)
        return NULL;
    if (c->kind != PCIE_ROOT_PORT && c->kind != PCIE_DOWNSTREAM_PORT)
        return "link: ports that lead down have one";
    l = *c->link;
    l.mps = exp->exp.mps;
    l.mrrs = LINK_MAX;
    return pcie_link_check(&l);
}

static bool has_link(const struct pcie_fn *f)
{
    return leads_down(f) && f->child;
}

bool pcie_place_links(struct pcie *p, const struct pcie_config *c)
{
    uint64_t count = 0;
    struct pcie_link *next;

    for (uint32_t i = 0; i < p->function_count; i++)
        count += has_link(&p->functions[i]);
    if (!c->timed || !count)
        return true;
    p->links = next =
        (struct pcie_link *)pcie_grab(p, count * sizeof(struct pcie_link));
    if (!next)
        return false;
    for (uint32_t i = 0; i < p->function_count; i++) {
        struct pcie_fn *f = &p->functions[i];
        struct pcie_link_config l;

        if (!has_link(f))
            continue;
        trained(f, &l);
        if (c->functions[i].link)
            l = *c->functions[i].link;
        l.mps = 128;
        l.mrrs = LINK_MAX;
        if (!pcie_link_init(next, &l))
            return false;
        f->link = next++;
    }
    return true;
}

void pcie_link_follow(struct pcie_fn *port)
{
    struct pcie_link *l = port->link;
    uint16_t mps = (uint16_t)pcie_max_payload(port);

    if (!l || l->cfg.mps == mps)
        return;
    l->cfg.mps = mps;
    l->byte_time = pcie_link_byte_time(&l->cfg);
}

/* Nothing is on its way any more. */
void pcie_links_reset(struct pcie *p)
{
    for (uint32_t i = 0; i < p->function_count; i++) {
        struct pcie_link *l = p->functions[i].link;

        if (l) {
            struct pcie_link_config c = l->cfg;

            pcie_link_init(l, &c);
        }
    }
}

/* ---- requests ----------------------------------------------------------- */

/* As link.h has it: of an address only the place in its page counts, and
 * whether it takes a header of 64 bits. */
static struct pcie_transfer transfer(const struct pcie_tlp *t,
                                     enum pcie_direction direction)
{
    struct pcie_transfer x = {
        .type = t->type,
        .direction = (uint8_t)direction,
        .prefixes = t->pasid_valid,
        .length = t->type == PCIE_TLP_CAS ? 2 * t->length : t->length,
        .addr = (t->addr & (PCIE_PAGE - 1)) | (t->addr >> 32 ? 1ull << 32 : 0),
    };

    if (t->type == PCIE_TLP_MSGD && !t->length)
        x.type = PCIE_TLP_MSG;
    if (x.type == PCIE_TLP_MSG)
        x.length = 0;
    if (pcie_tlp_posted(t) && t->type != PCIE_TLP_MWR)
        x.addr = 0;
    return x;
}

/*
 * How much of `left` bytes is one TLP.  Only what its sender has not cut as
 * the ports are set takes several: then time goes on as if it had.
 */
static uint32_t piece(const struct pcie_link *l, const struct pcie_transfer *x,
                      uint32_t left)
{
    uint32_t most = left;

    if (x->type == PCIE_TLP_MWR || x->type == PCIE_TLP_MSGD)
        most = l->cfg.mps - (uint32_t)(x->addr & 3);
    else if (x->type >= PCIE_TLP_IORD && x->type <= PCIE_TLP_CFGWR1)
        most = 4;
    return left < most ? left : most;
}

void pcie_cross(struct pcie_path *path, const struct pcie_fn *port,
                enum pcie_direction direction, const struct pcie_tlp *t)
{
    struct pcie_transfer x;
    struct pcie_link_time out;
    uint64_t offered = port->p->time;
    uint32_t left;
    uint8_t sent = 0;

    if (!port->link || path->count == 2 * PCIE_DEPTH_MAX)
        return;
    x = transfer(t, direction);
    left = x.length;
    do {
        x.length = piece(port->link, &x, left);
        if (pcie_link_send(port->link, &x, offered, &out)) {
            offered = out.sent;
            port->p->time = out.arrived;
            sent++;
        }
        x.addr += x.length;
        left -= x.length;
    } while (left);
    path->hop[path->count].link = port->link;
    path->hop[path->count].direction = (uint8_t)direction;
    path->hop[path->count].sent = sent;
    path->count++;
}

void pcie_cross_down(struct pcie_path *path, const struct pcie_fn *bridge,
                     const struct pcie_fn *f, const struct pcie_fn *blame,
                     const struct pcie_tlp *t)
{
    const struct pcie_fn *port[PCIE_DEPTH_MAX];
    unsigned count = 0;

    /* Who finds out on a link is at its end. */
    if (!f)
        f = blame && leads_down(blame) && pcie_link_alive(blame) ? blame->child
                                                                 : blame;
    if (!f || f == bridge)
        return;
    for (f = f->parent; f != bridge && count < PCIE_DEPTH_MAX; f = f->parent)
        if (f->link)
            port[count++] = f;
    while (count)
        pcie_cross(path, port[--count], PCIE_DOWN, t);
}

/* ---- completions --------------------------------------------------------- */

/* Between *first and pcie_time the completions come in, and leave. */
static void hop_back(struct pcie *p, struct pcie_link *l,
                     struct pcie_transfer *x, unsigned sent, uint64_t *first)
{
    struct pcie_link_time out = {0};
    uint32_t left = x->length;
    uint64_t begin = *first, end = p->time;

    for (unsigned i = 0; i < sent; i++) {
        x->length = piece(l, x, left);
        if (pcie_link_forward(l, x, begin, end, &out)) {
            *first = i ? *first : out.first;
            p->time = out.done;
        }
        x->addr += x->length;
        left -= x->length;
    }
}

void pcie_cross_back(struct pcie *p, const struct pcie_path *path,
                     const struct pcie_tlp *t, enum pcie_status s)
{
    uint64_t first = p->time;

    if (pcie_tlp_posted(t))
        return;
    for (unsigned i = path->count; i--;) {
        struct pcie_transfer x =
            transfer(t, (enum pcie_direction)path->hop[i].direction);

        x.failed = s != PCIE_SC;
        hop_back(p, path->hop[i].link, &x, path->hop[i].sent, &first);
    }
}

/* ---- the cursor -----------------------------------------------------------
 */

uint64_t pcie_time(const struct pcie *p)
{
    return p ? p->time : 0;
}

void pcie_set_time(struct pcie *p, uint64_t t)
{
    if (p)
        p->time = t;
}

void pcie_sent(struct pcie *p, struct pcie_fn *f, const struct pcie_tlp *t,
               enum pcie_status s, uint64_t time_in)
{
    if (p->ops.sent)
        p->ops.sent(p->opaque, f, t, s, time_in);
}
