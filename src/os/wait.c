/* SPDX-License-Identifier: ISC */
#include "os/wait.h"

#include <errno.h>
#include <sys/socket.h>

#include "os/poll.h"

err fd_wait(int fd, enum fd_ready what, deadline by)
{
    struct pollfd p = {.fd = fd, .events = what == FD_WRITABLE ? POLLOUT : POLLIN};
    return poll_until(&p, 1, by);
}

static bool try_again(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static err closed(const char *what)
{
    err e = err_new(ERR_CLOSED, what);
    e.sys = errno;
    return e;
}

err fd_recv_by(int fd, void *p, size_t cap, deadline by, size_t *ret_n)
{
    for (;;) {
        ssize_t n = recv(fd, p, cap, MSG_DONTWAIT);
        if (n > 0) {
            *ret_n = (size_t)n;
            return OK_ERR;
        }
        if (n == 0)
            return err_new(ERR_CLOSED, "receive");
        if (!try_again())
            return closed("receive");
        err e = fd_wait(fd, FD_READABLE, by);
        if (failed(e))
            return e;
    }
}

err fd_send_by(int fd, str bytes, deadline by)
{
    while (bytes.n) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            bytes = str_from_at(bytes, (size_t)n);
            continue;
        }
        if (!try_again())
            return closed("send");
        err e = fd_wait(fd, FD_WRITABLE, by);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}
