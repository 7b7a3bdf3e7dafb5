/* SPDX-License-Identifier: ISC */
#include "ban/follow_split.h"

#include <string.h>

void follow_split_init(struct follow_split *s)
{
    *s = (struct follow_split){0};
    buf_init(&s->part, FILTER_LINE_MAX + 1);
}

void follow_split_done(struct follow_split *s)
{
    buf_done(&s->part);
}

static str without_cr(str line)
{
    while (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

static void gather(struct follow_split *s, str bytes)
{
    size_t room = FILTER_LINE_MAX + 1 - s->part.n;
    buf_add(&s->part, str_slice(bytes, 0, room));
}

bool follow_split_next(struct follow_split *s, str *block, str *ret_line)
{
    const char *lf = block->n ? memchr(block->p, '\n', block->n) : NULL;
    if (!lf) {
        gather(s, *block);
        *block = S("");
        return false;
    }
    size_t n = (size_t)(lf - block->p);
    str line = str_slice(*block, 0, n);
    *block = str_from_at(*block, n + 1);
    if (!s->part.n) {
        *ret_line = without_cr(line);
        return true;
    }
    gather(s, line);
    *ret_line = without_cr(buf_str(&s->part));
    s->part.n = 0; /* the bytes stay until the next call */
    return true;
}

bool follow_split_rest(struct follow_split *s, str *ret_line)
{
    if (!s->part.n)
        return false;
    *ret_line = without_cr(buf_str(&s->part));
    s->part.n = 0;
    return true;
}
