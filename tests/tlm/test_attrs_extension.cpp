// SPDX-License-Identifier: MIT
// Extensions: every bit survives clone, copy_from and deep_copy_from; absent
// and unspecified fields take the defaults.
#include <cstring>

#include "../../models/common/tlm/attrs_extension.h"
#include "../../models/common/tlm/payload_pool.h"
#include "shim.h"

using iovp::attrs_extension;
using iovp::fault_extension;

__attribute__((weak)) int sc_main(int, char **)
{
    return 0;
}

// No padding: otherwise "every bit" would not be defined.
static_assert(sizeof(iovp_attrs) == 4 * 4 + 8 + 2 * 4, "");

static iovp_attrs pattern(unsigned bit)
{
    unsigned char raw[sizeof(iovp_attrs)] = {};
    iovp_attrs a;

    raw[bit / 8] = static_cast<unsigned char>(1u << bit % 8);
    std::memcpy(&a, raw, sizeof a);
    return a;
}

TEST_CASE(AttrsExtension, EveryBitIsCloned)
{
    for (unsigned bit = 0; bit < 8 * sizeof(iovp_attrs); bit++) {
        attrs_extension e(pattern(bit));
        attrs_extension *c = static_cast<attrs_extension *>(e.clone());

        CHECK(c != &e);
        CHECK_MEM(&c->attrs, &e.attrs, sizeof e.attrs);
        c->free();
    }
}

TEST_CASE(AttrsExtension, EveryBitIsCopied)
{
    for (unsigned bit = 0; bit < 8 * sizeof(iovp_attrs); bit++) {
        attrs_extension from(pattern(bit)), to;

        std::memset(&to.attrs, 0xff, sizeof to.attrs);
        to.copy_from(from);
        CHECK_MEM(&to.attrs, &from.attrs, sizeof to.attrs);
    }
}

// deep_copy_from clones into an empty slot and copies into a full one.
TEST_CASE(AttrsExtension, DeepCopyOfAPayload)
{
    for (unsigned bit = 0; bit < 8 * sizeof(iovp_attrs); bit++) {
        tlm::tlm_generic_payload from, empty, full;
        attrs_extension e(pattern(bit)), old;

        from.set_extension(&e);
        full.set_extension(&old);
        empty.deep_copy_from(from);
        full.deep_copy_from(from);
        REQUIRE(empty.get_extension<attrs_extension>() != nullptr);
        CHECK_MEM(&empty.get_extension<attrs_extension>()->attrs, &e.attrs,
                  sizeof e.attrs);
        CHECK(full.get_extension<attrs_extension>() == &old);
        CHECK_MEM(&old.attrs, &e.attrs, sizeof e.attrs);
        empty.free_all_extensions();
        from.clear_extension(&e);
        full.clear_extension(&old);
    }
}

TEST_CASE(AttrsExtension, IdsDiffer)
{
    tlm::tlm_generic_payload p;
    fault_extension f;
    attrs_extension a;

    CHECK(attrs_extension::ID != fault_extension::ID);
    p.set_extension(&f);
    CHECK(p.get_extension<attrs_extension>() == nullptr);
    p.set_extension(&a);
    CHECK(p.get_extension<attrs_extension>() == &a);
    CHECK(p.get_extension<fault_extension>() == &f);
    p.clear_extension(&f);
    p.clear_extension(&a);
}

TEST_CASE(FaultExtension, EveryFieldIsCloned)
{
    fault_extension f, to, *c;

    f.done = 0x123456789abcdef0;
    f.event = 0x13;
    f.result = 3;
    c = static_cast<fault_extension *>(f.clone());
    CHECK_EQ(c->done, f.done);
    CHECK_EQ(c->event, f.event);
    CHECK_EQ(c->result, f.result);
    c->free();
    to.copy_from(f);
    CHECK_EQ(to.done, f.done);
    CHECK_EQ(to.event, f.event);
    CHECK_EQ(to.result, f.result);
    to.reset();
    CHECK_EQ(to.done, 0);
    CHECK_EQ(to.event, 0);
    CHECK_EQ(to.result, 0);
}

static iovp_attrs all_set()
{
    iovp_attrs a = iovp::no_attrs();

    a.specified = IOVP_ATTR_STREAM_ID | IOVP_ATTR_SPACE;
    a.stream_id = 0x111;
    a.pasid = 0x222;
    a.pasid_valid = 1;
    a.space = IOVP_SPACE_SECURE;
    a.privileged = 1;
    a.instruction = 1;
    a.addr_type = IOVP_AT_TRANSLATED;
    a.no_write = 1;
    a.mem_type = 0x33;
    a.shareability = IOVP_SH_OUTER;
    return a;
}

TEST_CASE(AttrsOf, AbsentMeansDefaults)
{
    tlm::tlm_generic_payload p;
    iovp_attrs defaults = all_set();
    iovp_attrs got = iovp::attrs_of(p, defaults);

    CHECK_MEM(&got, &defaults, sizeof got);
}

TEST_CASE(AttrsOf, NothingSpecifiedMeansDefaults)
{
    tlm::tlm_generic_payload p;
    iovp_attrs defaults = all_set(), got;
    attrs_extension e;

    p.set_extension(&e);
    got = iovp::attrs_of(p, defaults);
    CHECK_MEM(&got, &defaults, sizeof got);
    p.clear_extension(&e);
}

// One field at a time: it comes from the extension, the others do not.
TEST_CASE(AttrsOf, EachFieldByItself)
{
    for (unsigned bit = 0; bit < 9; bit++) {
        tlm::tlm_generic_payload p;
        iovp_attrs defaults = all_set(), want = defaults, got;
        attrs_extension e; // all fields zero

        e.attrs.specified = 1u << bit;
        p.set_extension(&e);
        got = iovp::attrs_of(p, defaults);
        want.specified |= 1u << bit;
        switch (1u << bit) {
        case IOVP_ATTR_STREAM_ID:
            want.stream_id = 0;
            break;
        case IOVP_ATTR_PASID: // "no PASID" on purpose
            want.pasid = 0;
            want.pasid_valid = 0;
            break;
        case IOVP_ATTR_SPACE:
            want.space = 0;
            break;
        case IOVP_ATTR_PRIVILEGED:
            want.privileged = 0;
            break;
        case IOVP_ATTR_INSTRUCTION:
            want.instruction = 0;
            break;
        case IOVP_ATTR_ADDR_TYPE:
            want.addr_type = 0;
            break;
        case IOVP_ATTR_NO_WRITE:
            want.no_write = 0;
            break;
        case IOVP_ATTR_MEM_TYPE:
            want.mem_type = 0;
            break;
        case IOVP_ATTR_SHAREABILITY:
            want.shareability = 0;
            break;
        default:
            FAIL_TEST("a field without a case");
        }
        CHECK_MEM(&got, &want, sizeof got);
        p.clear_extension(&e);
    }
}

TEST_CASE(PayloadPool, ReusesWhatIsReleased)
{
    iovp::payload_pool pool;
    iovp::pooled_payload *first = &pool.take(), *second = &pool.take();

    CHECK(first != second);
    CHECK(first->get_extension<attrs_extension>() !=
          second->get_extension<attrs_extension>());
    CHECK_EQ(first->get_ref_count(), 1);
    second->release();
    first->release();
    for (unsigned i = 0; i < 100; i++)
        pool.take().release();
    CHECK_EQ(pool.size(), 2);
}

// What others attach for the payload's life goes when it is released; the
// pool's own extension stays.
TEST_CASE(PayloadPool, ForeignExtensionsGo)
{
    iovp::payload_pool pool;
    iovp::pooled_payload &p = pool.take();

    p.set_auto_extension(new fault_extension);
    p.release();
    iovp::pooled_payload &again = pool.take();
    CHECK(&again == &p);
    CHECK(again.get_extension<fault_extension>() == nullptr);
    CHECK(again.get_extension<attrs_extension>() != nullptr);
    again.release();
}
