/* SPDX-License-Identifier: ISC */
/* How it works: surf() mixes 12 words under a seed of 32 into 8; a stream of octets goes through
 * it in blocks of 32 with a counter beside them, and the sum of all outputs is mixed once more. */
#include "list/cookie.h"

#include <string.h>

struct stream {
    uint32_t seed[32], in[12], sum[8];
    unsigned used;
};

static uint32_t rotated(uint32_t x, unsigned by)
{
    return x << by | x >> (32 - by);
}

static void surf(uint32_t out[8], const uint32_t in[12], const uint32_t seed[32])
{
    static const unsigned turns[4] = {5, 7, 9, 13};
    uint32_t t[12], x, sum = 0;
    for (unsigned i = 0; i < 12; i++)
        t[i] = in[i] ^ seed[12 + i];
    for (unsigned i = 0; i < 8; i++)
        out[i] = seed[24 + i];
    x = t[11];
    for (unsigned half = 0; half < 2; half++) {
        for (unsigned round = 0; round < 16; round++) {
            sum += 0x9e3779b9;
            for (unsigned i = 0; i < 12; i++) {
                t[i] += ((x ^ seed[i]) + sum) ^ rotated(x, turns[i & 3]);
                x = t[i];
            }
        }
        for (unsigned i = 0; i < 8; i++)
            out[i] ^= t[i + 4];
    }
}

static void stream_octet(struct stream *s, unsigned char c)
{
    uint32_t *word = &s->in[s->used / 4];
    unsigned shift = s->used % 4 * 8;
    *word = (*word & ~((uint32_t)0xff << shift)) | (uint32_t)c << shift;
    if (++s->used < 32)
        return;
    uint32_t out[8];
    s->used = 0;
    for (unsigned i = 8; i < 12 && ++s->in[i] == 0; i++)
        continue; /* carries into the next word */
    surf(out, s->in, s->seed);
    for (unsigned i = 0; i < 8; i++)
        s->sum[i] += out[i];
}

static void stream_add(struct stream *s, str text)
{
    for (size_t i = 0; i < text.n; i++)
        stream_octet(s, (unsigned char)text.p[i]);
}

static void stream_end(struct stream *s, unsigned char ret[32])
{
    stream_octet(s, '.');
    while (s->used)
        stream_octet(s, 0);
    uint32_t last[12] = {0}, out[8];
    memcpy(last, s->sum, sizeof s->sum);
    surf(out, last, s->seed);
    for (unsigned i = 0; i < 32; i++)
        ret[i] = (unsigned char)(out[i / 4] >> i % 4 * 8);
}

static struct cookie letters(const unsigned char out[32])
{
    struct cookie c = {{0}};
    for (unsigned i = 0; i < COOKIE_LETTERS; i++)
        c.at[i] = (char)('a' + (out[i] & 15));
    return c;
}

struct cookie cookie_make(str key, str date, str address, char action)
{
    uint32_t seed[32] = {0};
    unsigned char out[32];
    for (unsigned round = 0; round < 4; round++) {
        struct stream s = {.used = 0};
        memcpy(s.seed, seed, sizeof seed);
        stream_add(&s, key);
        stream_end(&s, out);
        for (unsigned i = 0; i < 32; i++)
            seed[i] = (seed[i] << 8) + out[i];
    }
    struct stream s = {.used = 0};
    memcpy(s.seed, seed, sizeof seed);
    stream_add(&s, date);
    stream_octet(&s, 0);
    stream_add(&s, address);
    stream_octet(&s, 0);
    stream_octet(&s, (unsigned char)action); /* "no action" is one NUL, as ezmlm hashes it */
    stream_end(&s, out);
    return letters(out);
}

bool cookie_is(str text, const struct cookie *c)
{
    if (text.n != COOKIE_LETTERS)
        return false;
    unsigned differs = 0;
    for (size_t i = 0; i < COOKIE_LETTERS; i++)
        differs |= (unsigned)(unsigned char)(text.p[i] ^ c->at[i]);
    return differs == 0;
}

struct cookie cookie_of_text(str text)
{
    struct stream s = {.used = 0};
    unsigned char out[32];
    for (size_t i = 0; i < text.n; i++)
        if (!char_is_space(text.p[i]))
            stream_octet(&s, (unsigned char)char_lower(text.p[i]));
    stream_end(&s, out);
    return letters(out);
}
