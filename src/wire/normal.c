/* SPDX-License-Identifier: ISC */
/* How it works: ASCII, kana and kanji are their own normal form and never the second half of a
 * composition, so runs of them are copied (ASCII in lower case). What lies between goes through
 * utf8proc, together with the one character before it, which a mark may change. */
#include "wire/normal.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "wire/charset.h"

enum { ROOM = 8 * NORMAL_RUN_MAX }; /* code points: U+FDFA becomes 18 */

static const utf8proc_option_t OPTIONS =
    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE;

/* Octets of the well-formed plain character at the front, or 0. ASCII has been dealt with. */
static size_t plain_length(const unsigned char *p, size_t n)
{
    if (n < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
        return 0;
    if (p[0] > 0xe4 && p[0] < 0xe9)
        return 3; /* U+5000..U+8FFF */
    unsigned c = (unsigned)(p[0] & 0x0f) << 12 | (unsigned)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    if (p[0] == 0xe3)
        return (c >= 0x3041 && c <= 0x3096) || (c >= 0x30a0 && c <= 0x30fe) ||
                       (c >= 0x3001 && c <= 0x3003)
                   ? 3
                   : 0;
    return (p[0] == 0xe4 && c >= 0x4e00) || (p[0] == 0xe9 && c <= 0x9fa5) ? 3 : 0;
}

/* Eight octets at a time, every one of them ASCII or above it: only A to Z change. */
static void copy_lower(char *to, const char *from, size_t n)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t x;
        memcpy(&x, from + i, 8);
        uint64_t low = x & (0x7f * ones);
        uint64_t capital = (low + (0x80 - 'A') * ones) & ~(low + (0x7f - 'Z') * ones);
        x |= (capital & ~x & (0x80 * ones)) >> 2;
        memcpy(to + i, &x, 8);
    }
    for (; i < n; i++)
        to[i] = char_lower(from[i]);
}

static void add_plain(struct buf *b, str s)
{
    char *room = s.n ? buf_room(b, s.n) : NULL;
    if (!room)
        return;
    copy_lower(room, s.p, s.n);
    buf_added(b, s.n);
}

/* How much of the front is plain; *ret_last: its last character. */
static size_t plain_run(str s, size_t *ret_last)
{
    size_t i = 0;
    while (i < s.n) {
        size_t n = ascii_length(str_of(s.p + i, s.n - i));
        if (n > 0) {
            i += n;
            *ret_last = 1;
            continue;
        }
        n = plain_length((const unsigned char *)s.p + i, s.n - i);
        if (n == 0)
            break;
        i += n;
        *ret_last = n;
    }
    return i;
}

static bool begins_plain(str s)
{
    return (unsigned char)s.p[0] < 0x80 || plain_length((const unsigned char *)s.p, s.n) > 0;
}

/* One run of other characters: read, decomposed, composed, written. Returns its octets. */
static size_t add_other(struct buf *b, str s, utf8proc_int32_t *codes)
{
    size_t at = 0, read = 0, n = 0;
    while (at < s.n && (read < 2 || !begins_plain(str_from_at(s, at)))) {
        size_t len = utf8_length(str_from_at(s, at));
        uint32_t code = len ? utf8_code(str_from_at(s, at)) : 0xfffd;
        const utf8proc_property_t *p = utf8proc_get_property((utf8proc_int32_t)code);
        if (read >= NORMAL_RUN_MAX && (p->combining_class == 0 || read >= 2 * NORMAL_RUN_MAX))
            break;
        int last = UTF8PROC_BOUNDCLASS_START;
        utf8proc_ssize_t got = utf8proc_decompose_char(
            (utf8proc_int32_t)code, codes + n, (utf8proc_ssize_t)(ROOM - n), OPTIONS, &last);
        if (got < 0 || (size_t)got > ROOM - n) { /* no room: the rest is the next run */
            if (n > 0)
                break;
            got = 0;
        }
        n += (size_t)got;
        at += len ? len : 1;
        read++;
    }
    /* Marks in canonical order: utf8proc_decompose() would do it; few, so by insertion. */
    for (size_t i = 1; i < n; i++) {
        utf8proc_int32_t c = codes[i];
        int class = utf8proc_get_property(c)->combining_class;
        size_t j = i;
        while (class > 0 && j > 0 && i - j < NORMAL_MARKS_MAX &&
               utf8proc_get_property(codes[j - 1])->combining_class > class) {
            codes[j] = codes[j - 1];
            j--;
        }
        codes[j] = c;
    }
    utf8proc_ssize_t left = utf8proc_normalize_utf32(codes, (utf8proc_ssize_t)n, OPTIONS);
    for (utf8proc_ssize_t i = 0; i < left; i++)
        utf8_write(b, (uint32_t)codes[i]);
    return at;
}

void normal_add(struct buf *b, str s)
{
    utf8proc_int32_t *codes = NULL;
    while (s.n > 0) {
        size_t last = 0;
        size_t n = plain_run(s, &last);
        if (n < s.n && n > 0)
            n -= last; /* what follows may be a mark on it */
        add_plain(b, str_slice(s, 0, n));
        s = str_from_at(s, n);
        if (s.n == 0)
            break;
        if (!codes)
            codes = mem_alloc("characters", ROOM * sizeof *codes);
        s = str_from_at(s, add_other(b, s, codes));
    }
    free(codes);
}

str normal_copy(struct arena *a, str utf8)
{
    auto_buf struct buf b;
    buf_init(&b, utf8.n * NORMAL_GROWTH + 1);
    normal_add(&b, utf8);
    return arena_copy(a, buf_str(&b));
}
