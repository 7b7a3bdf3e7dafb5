/* SPDX-License-Identifier: ISC */
#include "wire/crlf.h"

#include <string.h>

struct crlf_count crlf_measure(str s)
{
    struct crlf_count c = {.octets = s.n};
    if (s.n == 0)
        return c;
    const char *end = s.p + s.n;
    for (const char *p = s.p; (p = memchr(p, '\n', (size_t)(end - p))); p++) {
        c.lines++;
        c.octets += p == s.p || p[-1] != '\r';
        if (p + 1 == end)
            break;
    }
    return c;
}

void crlf_open(struct crlf_cursor *c, str s)
{
    *c = (struct crlf_cursor){.s = s};
}

/* The octets from the cursor up to the next bare LF, which is not among them. */
static size_t plain_run(const struct crlf_cursor *c, size_t max)
{
    size_t at = c->at;
    while (at < c->s.n && at - c->at < max) {
        size_t look = c->s.n - at < max - (at - c->at) ? c->s.n - at : max - (at - c->at);
        const char *lf = memchr(c->s.p + at, '\n', look);
        if (!lf)
            return at + look - c->at;
        at = (size_t)(lf - c->s.p);
        if (at == 0 || c->s.p[at - 1] != '\r')
            break;
        at++;
    }
    return at - c->at;
}

/* Moves on by at most max octets of the wire's view, which are given in ret_out (a view). */
static str step(struct crlf_cursor *c, size_t max)
{
    str out;
    if (max == 0 || c->at >= c->s.n)
        return (str){0};
    if (c->owes_lf) {
        c->owes_lf = false;
        out = str_slice(c->s, c->at, c->at + 1);
        c->at++;
    } else {
        size_t n = plain_run(c, max);
        out = str_slice(c->s, c->at, c->at + n);
        c->at += n;
        if (n == 0) {
            c->owes_lf = true;
            out = S("\r");
        }
    }
    c->pos += out.n;
    return out;
}

void crlf_seek(struct crlf_cursor *c, uint64_t pos)
{
    if (pos < c->pos)
        crlf_open(c, c->s);
    while (c->pos < pos) {
        uint64_t left = pos - c->pos;
        if (step(c, left < SIZE_MAX ? (size_t)left : SIZE_MAX).n == 0)
            return;
    }
}

size_t crlf_read(struct crlf_cursor *c, struct buf *b, size_t n)
{
    size_t got = 0;
    size_t room = b->over ? 0 : b->max - b->n;
    if (n > room)
        n = room;
    while (got < n) {
        str out = step(c, n - got);
        if (out.n == 0)
            break;
        buf_add(b, out);
        got += out.n;
    }
    return got;
}

void crlf_write(struct buf *b, str s)
{
    struct crlf_cursor c;
    crlf_open(&c, s);
    for (str out; (out = step(&c, SIZE_MAX)).n > 0;)
        buf_add(b, out);
}
