/* SPDX-License-Identifier: ISC */
#include "tls/tls_wait.h"

#include "os/wait.h"
#include "tls/tls_private.h"

static err wait_for(const struct tls_conn *c, enum tls_want want, deadline by)
{
    return fd_wait(c->fd, want == TLS_WANT_WRITE ? FD_WRITABLE : FD_READABLE, by);
}

err tls_handshake_by(struct tls_conn *c, deadline by)
{
    enum tls_want want = TLS_READY;
    err e;
    while (!failed(e = tls_handshake(c, &want)) && want != TLS_READY) {
        e = wait_for(c, want, by);
        if (failed(e))
            return e;
    }
    return e;
}

err tls_read_by(struct tls_conn *c, void *p, size_t cap, deadline by, size_t *ret_n)
{
    enum tls_want want = TLS_READY;
    err e;
    while (!failed(e = tls_read(c, p, cap, ret_n, &want)) && want != TLS_READY) {
        e = wait_for(c, want, by);
        if (failed(e))
            return e;
    }
    return e;
}

err tls_write_by(struct tls_conn *c, str bytes, deadline by)
{
    while (bytes.n) {
        enum tls_want want = TLS_READY;
        size_t n = 0;
        err e = tls_write(c, bytes.p, bytes.n, &n, &want);
        if (!failed(e) && want != TLS_READY)
            e = wait_for(c, want, by);
        if (failed(e))
            return e;
        bytes = str_from_at(bytes, n);
    }
    return OK_ERR;
}

void tls_close_by(struct tls_conn *c, deadline by)
{
    enum tls_want want = TLS_READY;
    while (!failed(tls_close(c, &want)) && want != TLS_READY)
        if (failed(wait_for(c, want, by)))
            return;
}
