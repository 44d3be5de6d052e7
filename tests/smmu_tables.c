/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "smmu_tables.h"

void tb_put(uint64_t *words, unsigned lsb, unsigned width, uint64_t v)
{
    unsigned i;

    for (i = 0; i < width; i++) {
        uint64_t bit = 1ull << ((lsb + i) & 63);

        if ((v >> i) & 1)
            words[(lsb + i) >> 6] |= bit;
        else
            words[(lsb + i) >> 6] &= ~bit;
    }
}

uint64_t tb_get(const uint64_t *words, unsigned lsb, unsigned width)
{
    uint64_t v = words[lsb >> 6] >> (lsb & 63);

    return width == 64 ? v : v & ((1ull << width) - 1);
}

struct acc acc_ss(uint32_t sid, int32_t ssid, uint64_t va, const char *how)
{
    struct acc a = {.sid = sid, .ssid = ssid, .va = va, .mem_type = 0xff};

    a.read = strchr(how, 'r') != NULL;
    a.write = strchr(how, 'w') != NULL;
    a.priv = strchr(how, 'p') != NULL;
    a.inst = strchr(how, 'x') != NULL;
    /* An instruction fetch is a read. */
    if (a.inst && !a.write)
        a.read = true;
    return a;
}

struct acc acc(uint32_t sid, uint64_t va, const char *how)
{
    return acc_ss(sid, -1, va, how);
}

static void event_input(uint64_t ev[4], const struct acc *a, unsigned flags)
{
    bool priv = (a->priv || (flags & EV_PNU)) && !(flags & EV_NO_PNU);
    bool inst = (a->inst || (flags & EV_IND)) && !(flags & EV_NO_IND);

    tb_put(ev, 97, 1, priv);
    /* 7.3.13: InD == 0 when RnW == 0. */
    tb_put(ev, 98, 1, inst && !a->write);
    tb_put(ev, 99, 1, !a->write || (flags & EV_RNW));
    ev[2] = a->va;
}

void tb_event(uint64_t ev[4], unsigned type, const struct acc *a,
              unsigned flags, uint64_t addr)
{
    bool translation = type >= E_TRANSLATION && type <= E_PERMISSION;

    memset(ev, 0, 32);
    tb_put(ev, 0, 8, type);
    tb_put(ev, 32, 32, a->sid);
    /* 7.3.7: F_STREAM_DISABLED has neither SSV nor SubstreamID. */
    if (a->ssid >= 0 && type != E_STREAM_DISABLED) {
        tb_put(ev, 12, 20, (uint64_t)a->ssid);
        /* 7.3.9: no SSV in C_BAD_SUBSTREAMID. */
        tb_put(ev, 11, 1, type != E_BAD_SUBSTREAMID);
    }
    if (type == E_UUT || type == E_WALK_EABT || translation)
        event_input(ev, a, flags);
    if (type == E_WALK_EABT || translation) {
        tb_put(ev, 103, 1, flags & EV_S2);
        tb_put(ev, 104, 2, (flags >> 1) & 3);
    }
    if (type == E_PERMISSION)
        tb_put(ev, 108, 1, (flags & EV_TTRNW) != 0);
    if (type == E_STE_FETCH || type == E_CD_FETCH || type == E_WALK_EABT)
        tb_put(ev, 195, 53, addr >> 3); /* FetchAddr[55:3] */
    if (translation && (flags & EV_S2))
        tb_put(ev, 204, 44, addr >> 12); /* IPA[55:12] */
}

unsigned tb_tg0(unsigned granule)
{
    return granule == 12 ? 0 : granule == 16 ? 1 : 2;
}

unsigned tb_tg1(unsigned granule)
{
    return granule == 12 ? 2 : granule == 16 ? 3 : 1;
}

unsigned tb_shift(unsigned granule, int level)
{
    static const unsigned char k4[] = {39, 30, 21, 12};
    static const unsigned char k16[] = {47, 36, 25, 14};
    static const unsigned char k64[] = {55, 42, 29, 16};

    return granule == 12 ? k4[level] : granule == 14 ? k16[level] : k64[level];
}

unsigned tb_sl0(unsigned granule, int level)
{
    if (granule == 12)
        return level == 2 ? 0 : level == 1 ? 1 : level == 0 ? 2 : 9;
    return level == 3 ? 0 : level == 2 ? 1 : level == 1 ? 2 : 9;
}

uint64_t rnd64(struct rnd *r)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return r->state * 0x2545f4914f6cdd1dull;
}

unsigned rnd_below(struct rnd *r, unsigned n)
{
    return (unsigned)((rnd64(r) >> 32) * n >> 32);
}

bool rnd_chance(struct rnd *r, unsigned percent)
{
    return rnd_below(r, 100) < percent;
}
