/* SPDX-License-Identifier: ISC */
#include "wire/dotdata.h"

#include <string.h>

bool dotdata_ended(const struct dotdata *d)
{
    return d->state == DOT_END;
}

static err bare(void)
{
    return err_new(ERR_SYNTAX, "bare CR or LF in message data");
}

static void line_grows(struct dotdata *d, size_t n)
{
    d->line += n;
    if (d->line > d->longest)
        d->longest = d->line;
}

static char *copy(struct dotdata *d, char *w, const char *p, size_t n)
{
    memcpy(w, p, n);
    line_grows(d, n);
    return w + n;
}

static char *end_line(struct dotdata *d, char *w)
{
    *w = '\n';
    d->line = 0;
    d->state = DOT_LINE_START;
    return w + 1;
}

/* A line, or what there is of it, at the speed of memchr. In text only "\r\n" may hold either
 * octet (RFC 5321 2.3.8). */
static err take_text(struct dotdata *d, str in, size_t *used, char **w)
{
    const char *p = in.p + *used;
    const char *lf = memchr(p, '\n', in.n - *used);
    size_t n = lf ? (size_t)(lf - p) : in.n - *used;
    const char *cr = memchr(p, '\r', n);
    if (cr ? cr != p + n - 1 : lf != NULL)
        return bare();
    *w = copy(d, *w, p, cr ? n - 1 : n);
    *used += lf ? n + 1 : n;
    d->state = cr ? DOT_CR : DOT_TEXT;
    if (lf)
        *w = end_line(d, *w);
    return OK_ERR;
}

/* RFC 5321 4.5.2: a line that is a lone period ends the data; on any other line that starts
 * with a period, that period is removed. */
static err step(struct dotdata *d, str in, size_t *used, char **w)
{
    char c = in.p[*used];
    switch (d->state) {
    case DOT_LINE_START:
        if (c != '.' || d->chunk)
            return take_text(d, in, used, w);
        d->state = DOT_LEAD;
        break;
    case DOT_TEXT:
        return take_text(d, in, used, w);
    case DOT_LEAD:
        if (c != '\r')
            return take_text(d, in, used, w);
        d->state = DOT_LEAD_CR;
        break;
    case DOT_CR:
        if (c != '\n')
            return bare();
        *w = end_line(d, *w);
        break;
    case DOT_LEAD_CR:
        if (c != '\n')
            return bare();
        d->state = DOT_END;
        break;
    case DOT_END:
        break;
    }
    ++*used;
    return OK_ERR;
}

err dotdata_feed(struct dotdata *d, str in, struct buf *out, size_t *ret_used)
{
    if (in.n == 0 || dotdata_ended(d)) {
        *ret_used = 0;
        return OK_ERR;
    }
    char *room = buf_room(out, in.n); /* never more out than in */
    if (!room)
        return buf_check(out, "message data");
    char *w = room;
    size_t used = 0;
    err e = OK_ERR;
    while (used < in.n && !dotdata_ended(d) && !failed(e))
        e = step(d, in, &used, &w);
    buf_added(out, (size_t)(w - room));
    if (failed(e))
        return e;
    d->nul = d->nul || memchr(in.p, 0, used);
    *ret_used = used;
    return OK_ERR;
}

err dotdata_finish_chunks(struct dotdata *d, struct buf *out)
{
    if (d->state == DOT_CR)
        return bare();
    if (d->state == DOT_TEXT)
        buf_addc(out, '\n');
    d->state = DOT_END;
    return buf_check(out, "message data");
}
