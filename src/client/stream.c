/* SPDX-License-Identifier: ISC */
#include "client/stream.h"

#include <string.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/wait.h"
#include "tls/tls_wait.h"

void stream_init(struct stream *s)
{
    *s = (struct stream){.fd = -1};
    buf_init(&s->in, STREAM_IN);
    buf_init(&s->out, STREAM_OUT);
}

err stream_open(struct stream *s, int fd)
{
    stream_close(s);
    s->fd = fd;
    return fd_set_nonblocking(fd, true);
}

void stream_close(struct stream *s)
{
    if (s->tls)
        tls_close_by(s->tls, deadline_in_ms(0));
    tls_free(s->tls);
    s->tls = NULL;
    fd_closep(&s->fd);
    buf_done(&s->in);
    buf_done(&s->out);
    s->in_at = 0;
}

static err receive(struct stream *s, deadline by)
{
    size_t n = 0;
    buf_drop(&s->in, s->in_at);
    s->in_at = 0;
    size_t room = STREAM_IN - s->in.n;
    char *p = buf_room(&s->in, room);
    err e = s->tls ? tls_read_by(s->tls, p, room, by, &n) : fd_recv_by(s->fd, p, room, by, &n);
    if (!failed(e))
        buf_added(&s->in, n);
    return e;
}

err stream_read_line(struct stream *s, size_t max, deadline by, str *ret_line)
{
    for (;;) {
        str have = str_from_at(buf_str(&s->in), s->in_at);
        ptrdiff_t end = str_find(have, '\n');
        size_t n = end < 0 ? have.n : (size_t)end + 1;
        if (n > max || (end < 0 && n == STREAM_IN))
            return err_new(ERR_LIMIT, "line from the server");
        if (end >= 0) {
            *ret_line = str_slice(have, 0, n);
            s->in_at += n;
            return OK_ERR;
        }
        err e = receive(s, by);
        if (failed(e))
            return e;
    }
}

err stream_read_some(struct stream *s, size_t max, deadline by, str *ret_bytes)
{
    if (s->in_at == s->in.n) {
        err e = receive(s, by);
        if (failed(e))
            return e;
    }
    *ret_bytes = str_slice(buf_str(&s->in), s->in_at, s->in_at + max);
    s->in_at += ret_bytes->n;
    return OK_ERR;
}

err stream_flush(struct stream *s, deadline by)
{
    str bytes = buf_str(&s->out);
    err e = s->tls ? tls_write_by(s->tls, bytes, by) : fd_send_by(s->fd, bytes, by);
    buf_reset(&s->out);
    return e;
}

err stream_write(struct stream *s, str bytes, deadline by)
{
    while (bytes.n) {
        size_t room = STREAM_OUT - s->out.n;
        str now = str_slice(bytes, 0, room);
        buf_add(&s->out, now);
        bytes = str_from_at(bytes, now.n);
        err e = s->out.n == STREAM_OUT ? stream_flush(s, by) : OK_ERR;
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

err stream_start_tls(struct stream *s, struct tls_side *side, str host, enum tls_trust trust,
                     deadline by)
{
    if (s->in.n > s->in_at)
        return err_new(ERR_SYNTAX, "input before TLS");
    err e = tls_connect(side, s->fd, host, trust, &s->tls);
    return failed(e) ? e : tls_handshake_by(s->tls, by);
}

const char *stream_tls_why(const struct stream *s)
{
    return s->tls ? tls_why(s->tls) : "";
}
