/* SPDX-License-Identifier: ISC */
#include "os/io.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/poll.h"

enum { IN_FIRST = 8 * 1024, IN_MOST = 64 * 1024, OUT_FLUSH = 32 * 1024, OUT_MAX = 1024 * 1024 };

struct io {
    int in_fd, out_fd, leash;
    char *in; /* [head, tail) is read and not consumed */
    size_t head, tail, cap;
    struct buf out;
    int64_t write_timeout_ms;
    bool wants_more; /* the last read filled all there was: more at once is cheaper */
    bool in_is_socket, out_is_socket; /* until the kernel says otherwise */
    bool is_coded;
    struct io_coding coding;
    struct buf coded_in, coded_out; /* as they cross the wire */
};

struct io *io_new(int in_fd, int out_fd)
{
    struct io *io = mem_alloc("io", sizeof *io);
    io->in_fd = in_fd;
    io->out_fd = out_fd;
    io->leash = -1;
    io->write_timeout_ms = 300000;
    io->in_is_socket = io->out_is_socket = true;
    buf_init(&io->out, OUT_MAX);
    buf_init(&io->coded_in, OUT_MAX);
    buf_init(&io->coded_out, 2 * OUT_MAX);
    return io;
}

static void close_both(struct io *io)
{
    if (io->out_fd != io->in_fd)
        fd_close(io->out_fd);
    fd_close(io->in_fd);
    io->in_fd = io->out_fd = -1;
}

void io_free(struct io *io)
{
    if (!io)
        return;
    close_both(io);
    if (io->is_coded)
        io->coding.free(io->coding.ctx);
    buf_done(&io->coded_in);
    buf_done(&io->coded_out);
    buf_done(&io->out);
    free(io->in);
    free(io);
}

int io_fd(const struct io *io)
{
    return io->in_fd;
}

int io_out_fd(const struct io *io)
{
    return io->out_fd;
}

void io_replace(struct io *io, int in_fd, int out_fd)
{
    close_both(io);
    io->in_fd = in_fd;
    io->out_fd = out_fd;
    io->head = io->tail = 0;
    io->in_is_socket = io->out_is_socket = true;
    buf_reset(&io->out);
}

void io_release(struct io *io, int *ret_in, int *ret_out)
{
    *ret_in = fd_take(&io->in_fd);
    *ret_out = fd_take(&io->out_fd);
}

str io_peek(const struct io *io)
{
    return str_of(io->in ? io->in + io->head : NULL, io->tail - io->head);
}

/* Room for at least n more bytes behind tail. */
static void make_room(struct io *io, size_t n)
{
    size_t held = io->tail - io->head;
    if (io->head && io->cap - io->tail < n) {
        memmove(io->in, io->in + io->head, held);
        io->head = 0;
        io->tail = held;
    }
    if (io->cap - io->tail >= n)
        return;
    size_t cap = io->cap ? io->cap : IN_FIRST;
    while (cap - io->tail < n)
        cap *= 2;
    io->in = mem_grow("input buffer", io->in, cap);
    io->cap = cap;
}

void io_leash(struct io *io, int fd)
{
    io->leash = fd;
}

static err wait_for(const struct io *io, int fd, short events, deadline by)
{
    struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = io->leash}}; /* tells of its end */
    err e = poll_until(p, 2, by);
    if (!failed(e) && p[1].revents)
        return err_new(ERR_CLOSED, "the holder of the connection ended it");
    return e;
}

/* Tries without waiting first: under load the bytes are usually there. */
static ssize_t read_now(struct io *io, char *to, size_t n)
{
    if (io->in_is_socket) {
        ssize_t got = recv(io->in_fd, to, n, MSG_DONTWAIT);
        if (got >= 0 || errno != ENOTSOCK)
            return got;
        io->in_is_socket = false;
    }
    struct pollfd p = {.fd = io->in_fd, .events = POLLIN};
    if (poll(&p, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
    }
    return read(io->in_fd, to, n);
}

/* One read of what is there. */
static err read_once(struct io *io, char *to, size_t room, deadline by, size_t *ret_n)
{
    for (;;) {
        ssize_t n = read_now(io, to, room);
        if (n > 0) {
            *ret_n = (size_t)n;
            return OK_ERR;
        }
        if (n == 0 || errno == ECONNRESET || errno == EPIPE)
            return err_new(ERR_CLOSED, "the peer closed the connection");
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return err_sys("read");
        err e = wait_for(io, io->in_fd, POLLIN, by);
        if (failed(e))
            return e;
    }
}

/* What came already, as far as it goes; *ret_n 0: more must come. */
static err decode_some(struct io *io, size_t *ret_n)
{
    if (io->head == io->tail)
        io->head = io->tail = 0;
    make_room(io, io->cap - io->tail >= 1024 ? 1024 : IN_FIRST);
    str coded = buf_str(&io->coded_in);
    err e = io->coding.decode(io->coding.ctx, &coded, io->in + io->tail, io->cap - io->tail, ret_n);
    if (failed(e))
        return e;
    io->tail += *ret_n;
    buf_drop(&io->coded_in, io->coded_in.n - coded.n);
    return OK_ERR;
}

static err fill_coded(struct io *io, deadline by)
{
    for (;;) {
        size_t n = 0;
        err e = decode_some(io, &n);
        if (failed(e) || n > 0)
            return e;
        char *room = buf_room(&io->coded_in, IN_FIRST);
        if (room == NULL)
            return err_new(ERR_SYNTAX, "coded input that never ends");
        e = read_once(io, room, IN_FIRST, by, &n);
        if (failed(e))
            return e;
        buf_added(&io->coded_in, n);
    }
}

static err fill(struct io *io, deadline by)
{
    if (io->is_coded)
        return fill_coded(io, by);
    if (io->head == io->tail)
        io->head = io->tail = 0;
    size_t want = io->cap - io->tail >= 1024 ? 1024 : IN_FIRST;
    make_room(io, io->wants_more && io->cap < IN_MOST ? io->cap - io->tail + io->cap : want);
    size_t room = io->cap - io->tail, n = 0;
    err e = read_once(io, io->in + io->tail, room, by, &n);
    if (failed(e))
        return e;
    io->tail += n;
    io->wants_more = n == room;
    return OK_ERR;
}

void io_set_coding(struct io *io, struct io_coding coding)
{
    io->is_coded = true;
    io->coding = coding;
    buf_add(&io->coded_in, io_peek(io));
    io->head = io->tail = 0;
}

err io_pump(struct io *io)
{
    size_t n;
    return io->is_coded && io->head == io->tail && io->coded_in.n > 0 ? decode_some(io, &n)
                                                                      : OK_ERR;
}

err io_read_line(struct io *io, size_t max, deadline by, str *ret_line)
{
    size_t seen = 0;
    for (;;) {
        str have = io_peek(io);
        ptrdiff_t at = str_find(str_from_at(have, seen), '\n');
        size_t n = at < 0 ? have.n : seen + (size_t)at + 1;
        if (n > max || (at < 0 && n == max))
            return err_new(ERR_LIMIT, "line is too long");
        if (at >= 0) {
            io->head += n;
            *ret_line = str_slice(have, 0, n);
            return OK_ERR;
        }
        seen = have.n;
        err e = fill(io, by);
        if (failed(e))
            return e;
    }
}

err io_read_some(struct io *io, size_t max, deadline by, str *ret_bytes)
{
    if (io->head == io->tail) {
        err e = fill(io, by);
        if (failed(e))
            return e;
    }
    str have = str_slice(io_peek(io), 0, max);
    io->head += have.n;
    *ret_bytes = have;
    return OK_ERR;
}

err io_read_exact(struct io *io, size_t n, deadline by, str *ret_bytes)
{
    while (io->tail - io->head < n) {
        make_room(io, n - (io->tail - io->head));
        err e = fill(io, by);
        if (failed(e))
            return e;
    }
    *ret_bytes = str_slice(io_peek(io), 0, n);
    io->head += n;
    return OK_ERR;
}

err io_skip_line(struct io *io, deadline by)
{
    for (;;) {
        str have = io_peek(io);
        ptrdiff_t at = str_find(have, '\n');
        io->head += at < 0 ? have.n : (size_t)at + 1;
        if (at >= 0)
            return OK_ERR;
        err e = fill(io, by);
        if (failed(e))
            return e;
    }
}

void io_unread(struct io *io, str bytes)
{
    if (bytes.n == 0)
        return;
    size_t held = io->tail - io->head;
    if (io->head < bytes.n) {
        make_room(io, bytes.n);
        memmove(io->in + io->head + bytes.n, io->in + io->head, held);
        io->tail += bytes.n;
    } else {
        io->head -= bytes.n;
    }
    memcpy(io->in + io->head, bytes.p, bytes.n);
}

static ssize_t write_now(struct io *io, str s)
{
    if (io->out_is_socket) {
        ssize_t n = send(io->out_fd, s.p, s.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0 || errno != ENOTSOCK)
            return n;
        io->out_is_socket = false;
    }
    return write(io->out_fd, s.p, s.n);
}

static err send_all(struct io *io, str rest, deadline by)
{
    while (rest.n) {
        ssize_t n = write_now(io, rest);
        if (n >= 0) {
            rest = str_from_at(rest, (size_t)n);
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno == EPIPE || errno == ECONNRESET)
            return err_new(ERR_CLOSED, "the peer closed the connection");
        if (errno != EAGAIN)
            return err_sys("write");
        err e = wait_for(io, io->out_fd, POLLOUT, by);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

err io_flush(struct io *io, deadline by)
{
    if (io->out.n == 0)
        return OK_ERR;
    err e = OK_ERR;
    if (io->is_coded) {
        e = io->coding.encode(io->coding.ctx, buf_str(&io->out), &io->coded_out);
        if (!failed(e))
            e = buf_check(&io->coded_out, "coded output");
    }
    if (!failed(e))
        e = send_all(io, buf_str(io->is_coded ? &io->coded_out : &io->out), by);
    buf_reset(&io->coded_out);
    if (!failed(e))
        buf_reset(&io->out);
    return e;
}

void io_set_write_timeout(struct io *io, int64_t ms)
{
    io->write_timeout_ms = ms;
}

static err flush_if_full(struct io *io)
{
    if (io->out.n < OUT_FLUSH)
        return OK_ERR;
    return io_flush(io, deadline_in_ms(io->write_timeout_ms));
}

err io_write(struct io *io, str s)
{
    while (s.n) {
        str part = str_slice(s, 0, OUT_FLUSH);
        buf_add(&io->out, part);
        s = str_from_at(s, part.n);
        err e = flush_if_full(io);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

err io_writef(struct io *io, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char small[512];
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0)
        oom("formatted text");
    if ((size_t)n < sizeof small)
        return io_write(io, str_of(small, (size_t)n));
    char *large = mem_alloc("formatted text", (size_t)n + 1);
    va_start(ap, fmt);
    (void)vsnprintf(large, (size_t)n + 1, fmt, ap); /* measured above */
    va_end(ap);
    err e = io_write(io, str_of(large, (size_t)n));
    free(large);
    return e;
}

err io_wait(struct io *io, int other_fd, deadline by, unsigned *ret_ready)
{
    if (io->head != io->tail) {
        *ret_ready = IO_READY_INPUT;
        return OK_ERR;
    }
    struct pollfd p[2] = {{.fd = io->in_fd, .events = POLLIN}, {.fd = other_fd, .events = POLLIN}};
    err e = poll_until(p, 2, by);
    if (failed(e))
        return e;
    *ret_ready = (p[0].revents ? IO_READY_INPUT : 0u) | (p[1].revents ? IO_READY_OTHER : 0u);
    return OK_ERR;
}

void io_idle(struct io *io)
{
    if (io->head == io->tail && io->in) {
        free(io->in);
        io->in = NULL;
        io->head = io->tail = io->cap = 0;
    }
    if (io->out.n == 0)
        buf_done(&io->out);
    if (io->coded_in.n == 0)
        buf_done(&io->coded_in);
    buf_done(&io->coded_out);
    if (io->is_coded && io->coding.idle && io->coded_in.n == 0)
        io->coding.idle(io->coding.ctx);
}
