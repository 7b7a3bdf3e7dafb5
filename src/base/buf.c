/* SPDX-License-Identifier: ISC */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/oom.h"

void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_done(struct buf *b)
{
    free(b->p);
    *b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
    b->n = 0;
    b->over = false;
}

char *buf_room(struct buf *b, size_t n)
{
    if (b->over || n > b->max - b->n) {
        b->over = true;
        return NULL;
    }
    if (b->cap - b->n < n) {
        size_t cap = b->cap ? b->cap : 64;
        while (cap - b->n < n)
            cap *= 2;
        b->p = mem_grow("buffer", b->p, cap);
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_added(struct buf *b, size_t n)
{
    b->n += n;
}

void buf_add(struct buf *b, str s)
{
    char *to = s.n ? buf_room(b, s.n) : NULL;
    if (!to)
        return;
    memcpy(to, s.p, s.n);
    b->n += s.n;
}

void buf_addc(struct buf *b, char c)
{
    char *to = buf_room(b, 1);
    if (!to)
        return;
    *to = c;
    b->n++;
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        oom("formatted text");
    if (b->over || (size_t)n > b->max - b->n) {
        b->over = true;
        return;
    }
    if (b->cap - b->n < (size_t)n + 1) { /* vsnprintf wants room for its NUL */
        b->cap = b->n + (size_t)n + 1 + b->cap / 2;
        b->p = mem_grow("buffer", b->p, b->cap);
    }
    va_start(ap, fmt);
    (void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap); /* measured above */
    va_end(ap);
    b->n += (size_t)n;
}

void buf_drop(struct buf *b, size_t n)
{
    if (n >= b->n) {
        b->n = 0;
        return;
    }
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

str buf_str(const struct buf *b)
{
    return (str){b->p, b->n};
}

err buf_check(const struct buf *b, const char *what)
{
    return b->over ? err_new(ERR_LIMIT, what) : OK_ERR;
}
