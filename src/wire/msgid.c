/* SPDX-License-Identifier: ISC */
#include "wire/msgid.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* RFC 5322 atext with dots, and eight-bit octets: mailers are not picky. */
static bool is_word(char c)
{
    switch (c) {
    case '(':
    case ')':
    case '<':
    case '>':
    case '[':
    case ']':
    case ':':
    case ';':
    case '@':
    case '\\':
    case ',':
    case '"':
        return false;
    default:
        return (unsigned char)c > ' ' && c != 0x7f;
    }
}

static void skip_blanks(str *s)
{
    while (s->n > 0 && is_blank(s->p[0]))
        *s = str_from_at(*s, 1);
}

/* Up to `close`, with "\x" as x. On failure *s is where it ended. */
static bool quoted(str *s, char close, struct buf *b)
{
    for (size_t i = 1; i < s->n; i++) {
        if (s->p[i] == close) {
            *s = str_from_at(*s, i + 1);
            return true;
        }
        if (s->p[i] == '\\' && i + 1 < s->n)
            i++;
        if (!is_blank(s->p[i]) || s->p[i] == ' ')
            buf_addc(b, s->p[i]);
    }
    *s = str_from_at(*s, s->n);
    return false;
}

/* A row of words and quoted strings. */
static bool side(str *s, struct buf *b)
{
    size_t start = b->n;
    for (;;) {
        skip_blanks(s);
        size_t n = 0;
        while (n < s->n && is_word(s->p[n]))
            n++;
        buf_add(b, str_slice(*s, 0, n));
        *s = str_from_at(*s, n);
        if (s->n > 0 && s->p[0] == '"') {
            if (!quoted(s, '"', b))
                return false;
        } else if (n == 0) {
            return b->n > start;
        }
    }
}

static bool domain(str *s, struct buf *b)
{
    skip_blanks(s);
    if (s->n == 0 || s->p[0] != '[')
        return side(s, b);
    buf_addc(b, '[');
    bool ok = quoted(s, ']', b);
    buf_addc(b, ']');
    skip_blanks(s);
    return ok;
}

/* After "<". */
static bool one(str *s, struct buf *b)
{
    if (!side(s, b) || !str_skip(s, S("@")))
        return false;
    buf_addc(b, '@');
    return domain(s, b) && str_skip(s, S(">"));
}

bool msgid_next(str *rest, struct buf *b)
{
    for (;;) {
        ptrdiff_t at = str_find(*rest, '<');
        if (at < 0)
            break;
        *rest = str_from_at(*rest, (size_t)at + 1);
        buf_reset(b);
        if (one(rest, b) && b->n <= MSGID_MAX && !b->over)
            return true;
        b->over = false;
    }
    *rest = str_from_at(*rest, rest->n);
    return false;
}
