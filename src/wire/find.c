/* SPDX-License-Identifier: ISC */
#include "wire/find.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* How common an octet is in mail: a guess good enough to pick two from a needle. */
static unsigned commonness(unsigned char c)
{
    static const char common[] = " etaoinsrhldcumfpgwybvk";
    if (c >= 0xe3 && c <= 0xe9)
        return 100; /* the first octets of kana and kanji */
    if (c >= 0xc2)
        return 60;
    if (c == 0x80 || c == 0x81 || c == 0x82 || c == 0x83)
        return 90; /* the second ones of kana and punctuation */
    if (c >= 0x80)
        return 40;
    const char *p = c ? strchr(common, c) : NULL;
    if (p)
        return 80 - 2 * (unsigned)(p - common);
    return c == '\n' || c == '-' || c == '.' || c == '=' ? 50 : char_is_digit((char)c) ? 40 : 20;
}

struct finder finder_of(str needle)
{
    struct finder f = {.needle = needle};
    if (needle.n < 2)
        return f;
    size_t look = needle.n < 64 ? needle.n : 64;
    f.b = 1;
    if (commonness((unsigned char)needle.p[1]) < commonness((unsigned char)needle.p[0])) {
        f.a = 1;
        f.b = 0;
    }
    for (size_t i = 2; i < look; i++) { /* a the rarest, b the next */
        unsigned c = commonness((unsigned char)needle.p[i]);
        if (c < commonness((unsigned char)needle.p[f.a])) {
            f.b = f.a;
            f.a = i;
        } else if (c < commonness((unsigned char)needle.p[f.b])) {
            f.b = i;
        }
    }
    return f;
}

static ptrdiff_t plainly(const struct finder *f, str text, size_t from)
{
    const char *p = memmem(text.p + from, text.n - from, f->needle.p, f->needle.n);
    return p ? p - text.p : -1;
}

#ifdef __SSE2__
static __m128i equal(const char *p, __m128i wanted)
{
    return _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), wanted);
}

/* Of the 16 places at p, those where both octets are right. */
static __m128i both(const struct finder *f, const char *p, __m128i a, __m128i b)
{
    return _mm_and_si128(equal(p + f->a, a), equal(p + f->b, b));
}

/* In the 64 places at p; -1. Adds to *wasted what was compared in vain. */
static ptrdiff_t among_64(const struct finder *f, const char *p, const __m128i hits[4],
                          size_t *wasted)
{
    for (size_t k = 0; k < 4; k++) {
        unsigned bits = (unsigned)_mm_movemask_epi8(hits[k]);
        for (; bits; bits &= bits - 1) {
            size_t at = k * 16 + (unsigned)__builtin_ctz(bits);
            if (memcmp(p + at, f->needle.p, f->needle.n) == 0)
                return (ptrdiff_t)at;
            *wasted += f->needle.n;
        }
    }
    return -1;
}

static ptrdiff_t quickly(const struct finder *f, str text, size_t from)
{
    size_t wasted = 0;
    const size_t places = text.n - f->needle.n + 1; /* where it could begin */
    const __m128i a = _mm_set1_epi8(f->needle.p[f->a]), b = _mm_set1_epi8(f->needle.p[f->b]);
    size_t i = from;
    for (; i + 64 <= places; i += 64) { /* one branch for all of them: it is rarely taken */
        const char *p = text.p + i;
        const __m128i hits[4] = {both(f, p, a, b), both(f, p + 16, a, b), both(f, p + 32, a, b),
                                 both(f, p + 48, a, b)};
        __m128i any = _mm_or_si128(_mm_or_si128(hits[0], hits[1]), _mm_or_si128(hits[2], hits[3]));
        if (_mm_movemask_epi8(any) == 0)
            continue;
        ptrdiff_t at = among_64(f, p, hits, &wasted);
        if (at >= 0)
            return (ptrdiff_t)i + at;
        if (wasted > 4096 + 4 * (i - from)) /* a text that was made for this */
            break;
    }
    return i < places ? plainly(f, text, i) : -1;
}
#else
static ptrdiff_t quickly(const struct finder *f, str text, size_t from)
{
    return plainly(f, text, from);
}
#endif

ptrdiff_t finder_next(const struct finder *f, str text, size_t from)
{
    if (from > text.n || text.n - from < f->needle.n)
        return -1;
    if (f->needle.n == 0)
        return (ptrdiff_t)from;
    if (f->needle.n == 1) {
        const char *p = memchr(text.p + from, f->needle.p[0], text.n - from);
        return p ? p - text.p : -1;
    }
    return quickly(f, text, from);
}
