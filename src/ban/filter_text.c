/* SPDX-License-Identifier: ISC */
#include <string.h>

#include "ban/filter.h"

static bool plain_byte(unsigned char c)
{
    return c < 0x80 && (c < 0x1c || c > 0x1f);
}

bool text_is_plain(str s)
{
    size_t i = 0;
    /* Eight bytes at a time: no high bit, and none in 0x1c..0x1f. */
    for (; i + 8 <= s.n; i += 8) {
        uint64_t v;
        memcpy(&v, s.p + i, 8);
        uint64_t x = (v & UINT64_C(0xfcfcfcfcfcfcfcfc)) ^ UINT64_C(0x1c1c1c1c1c1c1c1c);
        uint64_t zero = (x - UINT64_C(0x0101010101010101)) & ~x & UINT64_C(0x8080808080808080);
        if ((v & UINT64_C(0x8080808080808080)) || zero)
            break;
    }
    for (; i < s.n; i++)
        if (!plain_byte((unsigned char)s.p[i]))
            return false;
    return true;
}

/* The length of the character at s, or the negated length of what is replaced together. */
static int sequence(str s)
{
    unsigned char c = (unsigned char)s.p[0];
    if (c < 0x80)
        return 1;
    unsigned want = c >= 0xf0 && c <= 0xf4 ? 3 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xc2 && c < 0xe0;
    if (!want)
        return -1;
    for (unsigned i = 1; i <= want; i++) {
        unsigned char d = i < s.n ? (unsigned char)s.p[i] : 0;
        unsigned low = 0x80, high = 0xbf;
        if (i == 1) {
            low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
            high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        }
        if (i >= s.n || d < low || d > high)
            return -(int)i;
    }
    return (int)want + 1;
}

void text_to_utf8(str s, struct buf *out)
{
    size_t done = 0;
    for (size_t i = 0; i < s.n;) {
        int n = sequence(str_from_at(s, i));
        if (n > 0) {
            i += (size_t)n;
            continue;
        }
        buf_add(out, str_slice(s, done, i));
        buf_add(out, S("\xef\xbf\xbd"));
        i += (size_t)-n;
        done = i;
    }
    buf_add(out, str_from_at(s, done));
}
