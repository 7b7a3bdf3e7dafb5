/* SPDX-License-Identifier: ISC */
#include "wire/saslprep.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

struct range {
    int32_t first, last;
};

/* RFC 3454 B.1 */
static const struct range to_nothing[] = {{0xad, 0xad},     {0x34f, 0x34f},   {0x1806, 0x1806},
                                          {0x180b, 0x180d}, {0x200b, 0x200d}, {0x2060, 0x2060},
                                          {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}};
/* C.1.2 */
static const struct range to_space[] = {{0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200b},
                                        {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}};
/* C.2.1, C.2.2, C.6, C.7, C.8, C.9; C.3 to C.5 are told by their category or place */
static const struct range refused[] = {
    {0x0, 0x1f},      {0x7f, 0x9f},       {0x340, 0x341},     {0x6dd, 0x6dd},
    {0x70f, 0x70f},   {0x180e, 0x180e},   {0x200c, 0x200f},   {0x2028, 0x202e},
    {0x2060, 0x2063}, {0x206a, 0x206f},   {0x2ff0, 0x2ffb},   {0xfeff, 0xfeff},
    {0xfff9, 0xfffd}, {0x1d173, 0x1d17a}, {0xe0001, 0xe0001}, {0xe0020, 0xe007f},
};

#define IN(table, c) is_in((table), sizeof(table) / sizeof((table)[0]), (c))
static bool is_in(const struct range *table, size_t n, int32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= table[i].first && c <= table[i].last)
            return true;
    return false;
}

static bool is_plain(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || (unsigned char)s.p[i] >= 0x7f)
            return false;
    return true;
}

/* One character off the front; negative: no UTF-8. */
static int32_t take(str *s)
{
    utf8proc_int32_t c;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)s->p, (utf8proc_ssize_t)s->n, &c);
    if (n <= 0)
        return -1;
    *s = str_from_at(*s, (size_t)n);
    return c;
}

static bool is_refused(int32_t c, enum saslprep_for use)
{
    utf8proc_category_t category = utf8proc_category(c);
    bool nobodys = (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef); /* C.4 */
    return IN(refused, c) || (c != ' ' && category == UTF8PROC_CATEGORY_ZS) || nobodys ||
           category == UTF8PROC_CATEGORY_CO || category == UTF8PROC_CATEGORY_CS ||
           (use == SASLPREP_STORE && category == UTF8PROC_CATEGORY_CN);
}

/* RFC 3454 6: text with a right-to-left character has no left-to-right one, and begins and ends
 * with one of its kind. */
struct directions {
    bool right, left, first_right, last_right;
};

static void note_direction(struct directions *d, int32_t c, bool first)
{
    int class = utf8proc_get_property(c)->bidi_class;
    bool right = class == UTF8PROC_BIDI_CLASS_R || class == UTF8PROC_BIDI_CLASS_AL;
    d->right |= right;
    d->left |= class == UTF8PROC_BIDI_CLASS_L;
    d->first_right |= first && right;
    d->last_right = right;
}

static err check(str text, enum saslprep_for use)
{
    struct directions d = {0};
    for (bool first = true; text.n; first = false) {
        int32_t c = take(&text);
        if (c < 0 || is_refused(c, use))
            return err_new(ERR_SYNTAX, "a character that no name or password may hold");
        note_direction(&d, c, first);
    }
    if (d.right && (d.left || !d.first_right || !d.last_right))
        return err_new(ERR_SYNTAX, "a name or password in both directions of writing");
    return OK_ERR;
}

static err map(str in, struct buf *out)
{
    while (in.n) {
        str rest = in;
        int32_t c = take(&rest);
        if (c < 0)
            return err_new(ERR_SYNTAX, "a name or password that is not UTF-8");
        if (IN(to_space, c))
            buf_addc(out, ' ');
        else if (!IN(to_nothing, c))
            buf_add(out, str_slice(in, 0, in.n - rest.n));
        in = rest;
    }
    return OK_ERR;
}

err saslprep(str in, enum saslprep_for use, struct buf *out)
{
    if (in.n > SASLPREP_IN_MAX)
        return err_new(ERR_LIMIT, "name or password");
    if (is_plain(in)) {
        buf_add(out, in);
        return buf_check(out, "name or password");
    }
    auto_buf struct buf mapped;
    buf_init(&mapped, SASLPREP_IN_MAX);
    err e = map(in, &mapped);
    if (failed(e))
        return e;
    utf8proc_uint8_t *text = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)(mapped.p ? mapped.p : ""),
                                      (utf8proc_ssize_t)mapped.n, &text,
                                      UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE);
    if (n < 0)
        return err_new(ERR_SYNTAX, "a name or password that cannot be normalized");
    e = check(str_of(text, (size_t)n), use);
    if (!failed(e)) {
        buf_add(out, str_of(text, (size_t)n));
        e = buf_check(out, "name or password");
    }
    if (n)
        explicit_bzero(text, (size_t)n);
    free(text);
    return e;
}

str saslprep_or_raw(struct arena *a, str in)
{
    if (is_plain(in))
        return arena_copy(a, in);
    auto_buf struct buf b;
    buf_init(&b, SASLPREP_IN_MAX * SASLPREP_GROWTH);
    err e = saslprep(in, SASLPREP_QUERY, &b);
    return arena_copy(a, failed(e) ? in : buf_str(&b));
}
