/* SPDX-License-Identifier: ISC */
#include "wire/dotstuff.h"

#include <string.h>

/* How many octets at the front of `in` are neither line end nor CR. */
static size_t plain_run(str in)
{
    const char *lf = memchr(in.p, '\n', in.n);
    size_t n = lf ? (size_t)(lf - in.p) : in.n;
    const char *cr = memchr(in.p, '\r', n);
    return cr ? (size_t)(cr - in.p) : n;
}

static void line_end(struct dotstuff *d, struct buf *out)
{
    buf_add(out, S("\r\n"));
    d->in_line = false;
}

/* Takes at least one octet. A CR is looked at together with its successor, which is there: the
 * caller feeds whole messages. */
static void step(struct dotstuff *d, str *in, size_t room, struct buf *out)
{
    char c = in->p[0];
    if (c == '\n' || (c == '\r' && in->n > 1 && in->p[1] == '\n')) {
        line_end(d, out);
        *in = str_from_at(*in, c == '\n' ? 1 : 2);
        return;
    }
    if (c == '.' && !d->in_line)
        buf_addc(out, '.');
    d->in_line = true;
    if (c == '\r') {
        buf_addc(out, ' ');
        *in = str_from_at(*in, 1);
        return;
    }
    size_t n = plain_run(str_slice(*in, 0, room - 1));
    buf_add(out, str_slice(*in, 0, n));
    *in = str_from_at(*in, n);
}

void dotstuff_feed(struct dotstuff *d, str *in, struct buf *out)
{
    while (in->n && out->max - out->n >= 2)
        step(d, in, out->max - out->n, out);
}

void dotstuff_end(struct dotstuff *d, struct buf *out)
{
    if (d->in_line)
        line_end(d, out);
    buf_add(out, S(".\r\n"));
}

uint64_t dotstuff_size(str message)
{
    uint64_t size = message.n;
    const char *at = message.p, *end = message.p + message.n;
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
        size += at == message.p || at[-1] != '\r';
        at++;
    }
    return size + (message.n && message.p[message.n - 1] != '\n' ? 2 : 0);
}
