/* SPDX-License-Identifier: ISC */
#include "base/str.h"

#include <string.h>

str str_from(const char *cstr)
{
    return cstr ? (str){cstr, strlen(cstr)} : S("");
}

str str_of(const void *p, size_t n)
{
    return (str){p, n};
}

str str_slice(str s, size_t from, size_t to)
{
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    return (str){s.p ? s.p + from : s.p, to - from};
}

str str_from_at(str s, size_t from)
{
    return str_slice(s, from, s.n);
}

static bool is_trimmed(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

str str_trim_end(str s)
{
    while (s.n && is_trimmed(s.p[s.n - 1]))
        s.n--;
    return s;
}

str str_trim(str s)
{
    s = str_trim_end(s);
    while (s.n && is_trimmed(*s.p)) {
        s.p++;
        s.n--;
    }
    return s;
}

bool str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int str_cmp(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n ? memcmp(a.p, b.p, n) : 0;
    if (c)
        return c;
    return (a.n > b.n) - (a.n < b.n);
}

int str_icmp(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    for (size_t i = 0; i < n; i++) {
        int c = (unsigned char)char_lower(a.p[i]) - (unsigned char)char_lower(b.p[i]);
        if (c)
            return c;
    }
    return (a.n > b.n) - (a.n < b.n);
}

bool str_ieq(str a, str b)
{
    return a.n == b.n && str_icmp(a, b) == 0;
}

bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && str_eq(str_slice(s, 0, prefix.n), prefix);
}

bool str_istarts(str s, str prefix)
{
    return s.n >= prefix.n && str_ieq(str_slice(s, 0, prefix.n), prefix);
}

bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq(str_from_at(s, s.n - suffix.n), suffix);
}

bool str_iends(str s, str suffix)
{
    return s.n >= suffix.n && str_ieq(str_from_at(s, s.n - suffix.n), suffix);
}

ptrdiff_t str_find(str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? at - s.p : -1;
}

ptrdiff_t str_rfind(str s, char c)
{
    const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;
    return at ? at - s.p : -1;
}

ptrdiff_t str_find_str(str s, str needle)
{
    if (needle.n == 0)
        return 0;
    const char *at = s.n ? memmem(s.p, s.n, needle.p, needle.n) : NULL;
    return at ? at - s.p : -1;
}

bool str_cut(str s, char sep, str *ret_head, str *ret_tail)
{
    ptrdiff_t at = str_find(s, sep);
    size_t cut = at < 0 ? s.n : (size_t)at;
    *ret_head = str_slice(s, 0, cut);
    *ret_tail = str_from_at(s, cut + 1);
    return at >= 0;
}

bool str_skip(str *s, str prefix)
{
    if (!str_starts(*s, prefix))
        return false;
    *s = str_from_at(*s, prefix.n);
    return true;
}

bool str_iskip(str *s, str prefix)
{
    if (!str_istarts(*s, prefix))
        return false;
    *s = str_from_at(*s, prefix.n);
    return true;
}

bool str_line(str *text, str *ret_line)
{
    if (text->n == 0)
        return false;
    str line;
    str rest;
    (void)str_cut(*text, '\n', &line, &rest); /* a last line without LF is a line too */
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    *text = rest;
    *ret_line = line;
    return true;
}

bool str_take_u64(str *s, uint64_t *ret_value)
{
    uint64_t v = 0;
    size_t i = 0;
    for (; i < s->n && char_is_digit(s->p[i]); i++)
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s->p[i] - '0'), &v))
            return false;
    if (i == 0)
        return false;
    *s = str_from_at(*s, i);
    *ret_value = v;
    return true;
}

bool str_u64(str s, uint64_t *ret_value)
{
    uint64_t v;
    if (!str_take_u64(&s, &v) || s.n)
        return false;
    *ret_value = v;
    return true;
}

/* FNV-1a with a key and a final mix: enough against accidental and, with a random key,
 * against chosen collisions in our small tables. */
uint64_t str_hash(str s, uint64_t key)
{
    uint64_t h = 0xcbf29ce484222325u ^ key;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return h ^ (h >> 32);
}

static uint64_t fold(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 wide = (unsigned __int128)a * b;
    return (uint64_t)wide ^ (uint64_t)(wide >> 64);
}

uint64_t str_hash_long(str s, uint64_t key)
{
    static const uint64_t odd_a = 0xd6e8feb86659fd93u, odd_b = 0x9e3779b97f4a7c15u;
    uint64_t h = key ^ odd_b, word;
    for (; s.n >= sizeof word; s.p += sizeof word, s.n -= sizeof word) {
        memcpy(&word, s.p, sizeof word);
        h = fold(h ^ word, odd_a);
    }
    word = 0;
    if (s.n)
        memcpy(&word, s.p, s.n);
    h = fold(h ^ word ^ (uint64_t)s.n << 56, odd_b); /* at most seven octets are left */
    return h ^ h >> 32;
}

char char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

char char_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

bool char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool char_is_alpha(char c)
{
    c = char_lower(c);
    return c >= 'a' && c <= 'z';
}

bool char_is_space(char c)
{
    return c == ' ' || c == '\t';
}
