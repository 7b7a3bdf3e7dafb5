/* SPDX-License-Identifier: ISC */
#include "queue/siphash.h"

#include <string.h>

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotate(uint64_t x, int n)
{
    return (x << n) | (x >> (64 - n));
}

static inline void turn(struct sip *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void absorb(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    turn(s);
    s->v0 ^= word;
}

uint64_t siphash(struct sip_key key, str bytes)
{
    struct sip s = {
        .v0 = key.k0 ^ 0x736f6d6570736575u,
        .v1 = key.k1 ^ 0x646f72616e646f6du,
        .v2 = key.k0 ^ 0x6c7967656e657261u,
        .v3 = key.k1 ^ 0x7465646279746573u,
    };
    size_t i = 0;
    uint64_t word;
    for (; i + 8 <= bytes.n; i += 8) {
        memcpy(&word, bytes.p + i, 8);
        absorb(&s, word);
    }
    word = (uint64_t)bytes.n << 56;
    for (unsigned shift = 0; i < bytes.n; i++, shift += 8)
        word |= (uint64_t)(unsigned char)bytes.p[i] << shift;
    absorb(&s, word);
    s.v2 ^= 0xff;
    turn(&s);
    turn(&s);
    turn(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
