/* SPDX-License-Identifier: MIT */
/* Functions of domains from where they must not be called. */
#include <pthread.h>

#include "capi_domains.h"
#include "shim.h"

#define NONE IOVP_NO_PASID

struct call {
    struct dom *d;
    iovp_domain *m;
    iovp_context *c;
    iovp_status want;
};

/* Every function that takes a domain answers the same. */
static void *every(void *ud)
{
    const struct call *k = ud;
    const iovp_domain_config config = {.size = sizeof(config), .stage = 1};
    iovp_domain *made = NULL;
    uint64_t at = 0;
    size_t n = 0;

    DOM_FAILS(iovp_domain_create(&made, k->c, &config), k->want);
    DOM_FAILS(iovp_domain_attach(k->m, k->d->cam, NONE), k->want);
    DOM_FAILS(iovp_domain_detach(k->m, k->d->cam, NONE), k->want);
    DOM_FAILS(iovp_domain_windows(k->m, NULL, &n, NULL), k->want);
    DOM_FAILS(iovp_domain_require(k->m, NULL, 0), k->want);
    DOM_FAILS(iovp_domain_reserve(k->m, 1, 0, &at), k->want);
    DOM_FAILS(iovp_domain_unreserve(k->m, 0), k->want);
    DOM_FAILS(iovp_domain_map(k->m, 0, &at, DOM_DATA, KB(4), DOM_RW), k->want);
    DOM_FAILS(iovp_domain_unmap(k->m, 0, UINT64_MAX, NULL), k->want);
    iovp_domain_destroy(k->m);
    CHECK(!made);
    return NULL;
}

TEST_CASE(CapiDomainMisuse, HandlesAndThreads)
{
    struct dom d;
    struct call k = {.d = &d};
    pthread_t thread;
    iovp_domain *m, *left;

    REQUIRE(dom_open(&d, IOVP_MODE_FUNCTIONAL, MB(64)));
    m = dom_new(&d, 1, 12);
    left = dom_new(&d, 1, 12);
    REQUIRE(m && left);
    CHECK_EQ(iovp_domain_attach(m, d.cam, NONE), IOVP_OK);
    dom_map(m, GB(1), DOM_DATA, KB(4));
    k.want = IOVP_E_HANDLE;
    every(&k);
    /* Handles of something else. */
    k.m = (iovp_domain *)d.c;
    k.c = (iovp_context *)m;
    every(&k);
    k.m = (iovp_domain *)d.p;
    k.c = (iovp_context *)d.p;
    every(&k);
    k = (struct call){&d, m, d.c, IOVP_E_THREAD};
    REQUIRE(!pthread_create(&thread, NULL, every, &k));
    pthread_join(thread, NULL);
    CHECK_EQ(dom_at(d.cam, NONE, GB(1)), DOM_DATA);
    /* Its context goes, and it with it. */
    iovp_context_destroy(d.c);
    k.want = IOVP_E_HANDLE;
    every(&k);
    CHECK(!dom_reads(&d, d.cam, NONE, GB(1), DOM_DATA));
    dom_close(&d);
    k.m = left;
    every(&k);
}

/* A callback while models are at work: nothing may change. */
struct inside {
    struct dom d;
    struct call k;
    unsigned calls;
};

static void notified(void *ud, const iovp_notification *n)
{
    struct inside *t = ud;

    (void)n;
    t->calls++;
    every(&t->k);
}

TEST_CASE(CapiDomainMisuse, InsideACallback)
{
    static struct inside t;
    const iovp_notifier_config config = {.size = sizeof(config),
                                         .index = IOVP_REGIME_ALL,
                                         .events = IOVP_NOTIFY_UNMAP,
                                         .understands = IOVP_ATTR_ALL,
                                         .last = UINT64_MAX,
                                         .fn = notified,
                                         .ud = &t};
    iovp_notifier *n = NULL;

    REQUIRE(dom_open(&t.d, IOVP_MODE_FUNCTIONAL, MB(64)));
    t.k = (struct call){&t.d, dom_new(&t.d, 1, 12), t.d.c, IOVP_E_REENTRY};
    CHECK_EQ(iovp_domain_attach(t.k.m, t.d.cam, NONE), IOVP_OK);
    dom_map(t.k.m, GB(1), DOM_DATA, KB(4));
    dom_map(t.k.m, GB(2), DOM_DATA, KB(4));
    REQUIRE(!iovp_notifier_register(&n, t.d.cam, &config));
    CHECK_EQ(iovp_domain_unmap(t.k.m, GB(1), GB(2) - 1, NULL), IOVP_OK);
    CHECK(t.calls > 0);
    iovp_notifier_unregister(n);
    CHECK_EQ(dom_at(t.d.cam, NONE, GB(1)), ~0ull);
    CHECK_EQ(dom_at(t.d.cam, NONE, GB(2)), DOM_DATA);
    dom_close(&t.d);
}
