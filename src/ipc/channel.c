/* SPDX-License-Identifier: ISC */
#include "ipc/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/poll.h"

enum {
    SEND_LIMIT_MS = 30000,
    HELD_MAX = 64 * 1024,        /* larger ones cost the kernel more than they save */
    HELD_PACKET_MAX = 16 * 1024, /* copied once more: not worth it above */
};

struct channel {
    int fd;
    char *in; /* IPC_PACKET_MAX of address space, touched as far as packets reach */
    int fds[IPC_FDS_MAX];
    size_t n_fds;
    str bundle; /* what is left of the packets that came in one */
    bool holds;
    struct buf held;
};

struct channel *channel_new(int fd)
{
    struct channel *c = mem_alloc("channel", sizeof *c);
    c->fd = fd;
    buf_init(&c->held, HELD_MAX);
    return c;
}

static void drop_fds(struct channel *c)
{
    for (size_t i = 0; i < c->n_fds; i++)
        fd_close(c->fds[i]);
    c->n_fds = 0;
}

void channel_free(struct channel *c)
{
    if (!c)
        return;
    drop_fds(c);
    fd_close(c->fd);
    if (c->in)
        (void)munmap(c->in, IPC_PACKET_MAX); /* only fails on wrong arguments */
    buf_done(&c->held);
    free(c);
}

int channel_release(struct channel *c)
{
    int fd = fd_take(&c->fd);
    channel_free(c);
    return fd;
}

int channel_fd(const struct channel *c)
{
    return c->fd;
}

static err collect_fds(struct channel *c, struct msghdr *m)
{
    for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h; h = CMSG_NXTHDR(m, h)) {
        if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
            continue;
        size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        if (n > IPC_FDS_MAX - c->n_fds)
            return err_new(ERR_LIMIT, "too many descriptors in a packet");
        memcpy(c->fds + c->n_fds, CMSG_DATA(h), n * sizeof(int));
        c->n_fds += n;
    }
    return OK_ERR;
}

static err from_bundle(struct channel *c, struct packet *ret)
{
    struct packet p = {.fds = c->fds};
    err e = ipc_bundle_next(&c->bundle, &p.bytes);
    if (!failed(e))
        e = ipc_peek(p.bytes, &p.type, &p.id);
    if (!failed(e))
        *ret = p;
    else
        c->bundle = S(""); /* what follows cannot be found */
    return e;
}

static err receive_now(struct channel *c, struct packet *ret)
{
    drop_fds(c);
    if (c->bundle.n)
        return from_bundle(c, ret);
    if (!c->in) {
        void *p =
            mmap(NULL, IPC_PACKET_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED)
            oom("channel buffer");
        c->in = p;
    }
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
    struct iovec v = {c->in, IPC_PACKET_MAX};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t n;
    do
        n = recvmsg(c->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno == EAGAIN)
        return err_new(ERR_TEMP, "no packet waits");
    if (n < 0 && errno != ECONNRESET)
        return err_sys("recvmsg");
    if (n <= 0)
        return err_new(ERR_CLOSED, "the other program closed the channel");
    err e = collect_fds(c, &m);
    if (failed(e))
        return e;
    if (m.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        return err_new(ERR_LIMIT, "packet is too large");
    struct packet p = {.bytes = str_of(c->in, (size_t)n), .fds = c->fds, .n_fds = c->n_fds};
    e = ipc_peek(p.bytes, &p.type, &p.id);
    if (failed(e))
        return e;
    if (p.type == IPC_BUNDLE && p.n_fds == 0) {
        c->bundle = str_from_at(p.bytes, IPC_HEADER);
        return from_bundle(c, ret);
    }
    *ret = p;
    return OK_ERR;
}

err channel_try_recv(struct channel *c, struct packet *ret)
{
    return receive_now(c, ret);
}

err channel_recv(struct channel *c, deadline by, struct packet *ret)
{
    for (;;) {
        err e = receive_now(c, ret);
        if (e.kind != ERR_TEMP)
            return e;
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        e = poll_until(&p, 1, by);
        if (failed(e))
            return e;
    }
}

/* A packet in its pieces: a mail body is taken by the kernel from where it lies. */
struct outgoing {
    struct iovec pieces[3];
    size_t n;
};

static struct iovec piece(str s)
{
    return (struct iovec){(void *)(uintptr_t)s.p, s.n};
}

static struct outgoing outgoing(str head, const struct ipc_large *large)
{
    if (large->text.n == 0)
        return (struct outgoing){{piece(head)}, 1};
    return (struct outgoing){{piece(str_slice(head, 0, large->at)), piece(large->text),
                              piece(str_from_at(head, large->at))},
                             3};
}

static err send_now(int fd, struct outgoing *out, const int *fds, size_t n_fds)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * IPC_FDS_MAX)];
    struct msghdr m = {.msg_iov = out->pieces, .msg_iovlen = out->n};
    if (n_fds > IPC_FDS_MAX)
        return err_new(ERR_LIMIT, "too many descriptors for a packet");
    if (n_fds) {
        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
        memset(control, 0, m.msg_controllen);
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        h->cmsg_level = SOL_SOCKET;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
        memcpy(CMSG_DATA(h), fds, sizeof(int) * n_fds);
    }
    ssize_t n;
    do
        n = sendmsg(fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return OK_ERR;
    if (errno == EAGAIN || errno == ENOBUFS)
        return err_new(ERR_TEMP, "the other program is busy");
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
        return err_new(ERR_CLOSED, "the other program closed the channel");
    return err_sys("sendmsg");
}

static err send_waiting(int fd, struct outgoing *out, const int *fds, size_t n_fds)
{
    deadline by = deadline_in_ms(SEND_LIMIT_MS);
    for (;;) {
        err e = send_now(fd, out, fds, n_fds);
        if (e.kind != ERR_TEMP)
            return e;
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        e = poll_until(&p, 1, by);
        if (failed(e))
            return e;
    }
}

static err encode_and_send(int fd, const struct ipc_schema *m, uint32_t id, const void *s,
                           const int *fds, size_t n_fds, bool wait)
{
    auto_buf struct buf b;
    buf_init(&b, IPC_PACKET_MAX);
    struct ipc_large large = {.at = 0};
    err e = ipc_encode_around(m, id, s, &b, &large);
    if (!failed(e) && b.n + large.text.n > IPC_PACKET_MAX)
        e = err_new(ERR_LIMIT, "packet");
    if (failed(e))
        return e;
    struct outgoing out = outgoing(buf_str(&b), &large);
    return wait ? send_waiting(fd, &out, fds, n_fds) : send_now(fd, &out, fds, n_fds);
}

void channel_hold(struct channel *c)
{
    c->holds = true;
}

err channel_flush(struct channel *c, bool wait)
{
    if (c->held.n == 0)
        return OK_ERR;
    struct outgoing out = outgoing(buf_str(&c->held), &(struct ipc_large){.at = 0});
    err e = wait ? send_waiting(c->fd, &out, NULL, 0) : send_now(c->fd, &out, NULL, 0);
    if (e.kind != ERR_TEMP)
        buf_done(&c->held);
    return e;
}

static err send_or_hold(struct channel *c, const struct ipc_schema *m, uint32_t id, const void *s,
                        const int *fds, size_t n_fds, bool wait)
{
    enum { LENGTH = 4 };
    if (!c->holds)
        return encode_and_send(c->fd, m, id, s, fds, n_fds, wait);
    size_t n = ipc_size(m, s) + LENGTH;
    bool waits = n_fds == 0 && n <= HELD_PACKET_MAX;
    if (!waits || c->held.n + n > HELD_MAX) {
        err e = channel_flush(c, wait);
        if (failed(e))
            return e;
    }
    if (!waits)
        return encode_and_send(c->fd, m, id, s, fds, n_fds, wait);
    if (c->held.n == 0)
        ipc_bundle_begin(&c->held);
    return ipc_bundle_add(&c->held, m, id, s);
}

err channel_send(struct channel *c, const struct ipc_schema *m, uint32_t id, const void *s,
                 const int *fds, size_t n_fds)
{
    return send_or_hold(c, m, id, s, fds, n_fds, true);
}

err channel_try_send(struct channel *c, const struct ipc_schema *m, uint32_t id, const void *s,
                     const int *fds, size_t n_fds)
{
    return send_or_hold(c, m, id, s, fds, n_fds, false);
}

err packet_send(int fd, const struct ipc_schema *m, uint32_t id, const void *s, const int *fds,
                size_t n_fds)
{
    return encode_and_send(fd, m, id, s, fds, n_fds, true);
}

err channel_ask(struct channel *c, const struct ipc_schema *m, const void *s, const int *fds,
                size_t n_fds, const struct ipc_schema *reply, deadline by, void *ret_reply,
                struct packet *ret_packet)
{
    static uint32_t last_id;
    uint32_t id = ++last_id;
    err e = channel_send(c, m, id, s, fds, n_fds);
    if (failed(e))
        return e;
    struct packet p;
    e = channel_recv(c, by, &p);
    if (failed(e))
        return e;
    if (p.id != id)
        return err_new(ERR_SYNTAX, "an answer to another question");
    e = ipc_decode(reply, p.bytes, ret_reply);
    if (failed(e))
        return e;
    if (ret_packet)
        *ret_packet = p;
    return OK_ERR;
}
