/* SPDX-License-Identifier: ISC */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tls/tls_private.h"

/* ---- the BIO: OpenSSL's own writes with write(2), which raises SIGPIPE on a closed socket. */

static int bio_fd(BIO *b)
{
    return (int)(intptr_t)BIO_get_data(b);
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int bio_write(BIO *b, const char *p, int n)
{
    BIO_clear_retry_flags(b);
    ssize_t done = send(bio_fd(b), p, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done < 0 && would_block())
        BIO_set_retry_write(b);
    return (int)done;
}

static int bio_read(BIO *b, char *p, int n)
{
    BIO_clear_retry_flags(b);
    ssize_t got = recv(bio_fd(b), p, (size_t)n, MSG_DONTWAIT);
    if (got < 0 && would_block())
        BIO_set_retry_read(b);
    if (got == 0)
        BIO_set_flags(b, BIO_FLAGS_IN_EOF);
    return (int)got;
}

static long bio_ctrl(BIO *b, int command, long n, void *p)
{
    (void)n;
    (void)p;
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

BIO *tls_socket_bio(int fd)
{
    static BIO_METHOD *method; /* made once; describes code, holds no state */
    if (!method) {
        method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
        if (!method)
            return NULL;
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_ctrl(method, bio_ctrl);
    }
    BIO *b = BIO_new(method);
    if (!b)
        return NULL;
    BIO_set_data(b, (void *)(intptr_t)fd);
    BIO_set_init(b, 1);
    return b;
}

/* ---- connections */

static err conn_new(struct tls_side *side, int fd, struct tls_conn **ret_conn)
{
    struct tls_conn *c = mem_alloc("tls connection", sizeof *c);
    c->fd = fd;
    c->side = tls_side_ref(side);
    ERR_clear_error();
    c->ssl = SSL_new(side->ctx[0]);
    if (c->ssl)
        SSL_set_app_data(c->ssl, c);
    BIO *bio = c->ssl ? tls_socket_bio(fd) : NULL;
    if (!bio) {
        tls_free(c);
        return err_new(ERR_TEMP, "memory for TLS");
    }
    SSL_set_bio(c->ssl, bio, bio);
    *ret_conn = c;
    return OK_ERR;
}

err tls_accept(struct tls_side *server, int fd, struct tls_conn **ret_conn)
{
    err e = conn_new(server, fd, ret_conn);
    if (!failed(e))
        SSL_set_accept_state((*ret_conn)->ssl);
    return e;
}

static bool is_address(const char *host)
{
    unsigned char raw[16];
    return inet_pton(AF_INET, host, raw) == 1 || inet_pton(AF_INET6, host, raw) == 1;
}

static bool set_host(struct tls_conn *c, char *host)
{
    bool literal = is_address(host);
    bool good = literal || !*host || SSL_set_tlsext_host_name(c->ssl, host) == 1;
    if (c->trust != TLS_VERIFIED)
        return good;
    X509_VERIFY_PARAM *param = SSL_get0_param(c->ssl);
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return good && *host &&
           (literal ? X509_VERIFY_PARAM_set1_ip_asc(param, host)
                    : X509_VERIFY_PARAM_set1_host(param, host, 0)) == 1;
}

err tls_connect(struct tls_side *client, int fd, str host, enum tls_trust trust,
                struct tls_conn **ret_conn)
{
    char name[256] = "";
    if (host.n >= sizeof name || memchr(host.p ? host.p : "", 0, host.n))
        return err_new(ERR_SYNTAX, "host name for TLS");
    if (host.n)
        memcpy(name, host.p, host.n);
    if (host.n && name[host.n - 1] == '.') /* RFC 6066 section 3: SNI has no trailing dot */
        name[host.n - 1] = 0;
    struct tls_conn *c = NULL;
    err e = conn_new(client, fd, &c);
    if (failed(e))
        return e;
    c->trust = trust;
    SSL_set_connect_state(c->ssl);
    if (trust == TLS_VERIFIED)
        SSL_set_verify(c->ssl, SSL_VERIFY_PEER, NULL);
    else
        SSL_set_security_level(c->ssl, 0); /* weak keys still beat the plain text we would use */
    if (!set_host(c, name)) {
        tls_free(c);
        return err_new(ERR_SYNTAX, "host name for TLS");
    }
    *ret_conn = c;
    return OK_ERR;
}

static void set_why(struct tls_conn *c, const char *text)
{
    snprintf(c->why, sizeof c->why, "%s", text);
}

static err protocol_failure(struct tls_conn *c)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);
    long verify = SSL_get_verify_result(c->ssl);
    if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        set_why(c, "closed without close_notify");
        return err_new(ERR_CLOSED, "TLS connection");
    }
    if (c->trust == TLS_VERIFIED && verify != X509_V_OK) {
        set_why(c, X509_verify_cert_error_string(verify));
        return err_new(ERR_DENIED, "TLS certificate verification");
    }
    set_why(c, reason ? reason : "protocol error");
    return err_new(ERR_SYNTAX, "TLS protocol");
}

/* Turns the result of an SSL call into ours. sys is errno right after the call. */
static err outcome(struct tls_conn *c, int result, int sys, enum tls_want *ret_want)
{
    int code = SSL_get_error(c->ssl, result);
    if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) {
        *ret_want = code == SSL_ERROR_WANT_READ ? TLS_WANT_READ : TLS_WANT_WRITE;
        return OK_ERR;
    }
    if (code == SSL_ERROR_ZERO_RETURN) {
        set_why(c, "closed");
        return err_new(ERR_CLOSED, "TLS connection");
    }
    c->dead = true;
    err e;
    if (code == SSL_ERROR_SYSCALL) {
        set_why(c, sys ? strerror(sys) : "closed without close_notify");
        e = err_new(ERR_CLOSED, "TLS connection");
        e.sys = sys;
    } else {
        e = protocol_failure(c);
    }
    ERR_clear_error();
    return e;
}

static err dead_connection(void)
{
    return err_new(ERR_CLOSED, "TLS connection has failed before");
}

err tls_handshake(struct tls_conn *c, enum tls_want *ret_want)
{
    if (c->dead)
        return dead_connection();
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(c->ssl);
    if (result != 1)
        return outcome(c, result, errno, ret_want);
    c->handshaken = true;
    *ret_want = TLS_READY;
    return OK_ERR;
}

err tls_read(struct tls_conn *c, void *p, size_t cap, size_t *ret_n, enum tls_want *ret_want)
{
    if (c->dead)
        return dead_connection();
    ERR_clear_error();
    errno = 0;
    size_t got = 0;
    int result = SSL_read_ex(c->ssl, p, cap, &got);
    *ret_n = got;
    if (result != 1)
        return outcome(c, result, errno, ret_want);
    *ret_want = TLS_READY;
    return OK_ERR;
}

err tls_write(struct tls_conn *c, const void *p, size_t n, size_t *ret_n, enum tls_want *ret_want)
{
    if (c->dead)
        return dead_connection();
    ERR_clear_error();
    errno = 0;
    size_t put = 0;
    int result = SSL_write_ex(c->ssl, p, n, &put);
    *ret_n = put;
    if (result != 1)
        return outcome(c, result, errno, ret_want);
    *ret_want = TLS_READY;
    return OK_ERR;
}

bool tls_pending(const struct tls_conn *c)
{
    return SSL_has_pending(c->ssl) == 1;
}

err tls_close(struct tls_conn *c, enum tls_want *ret_want)
{
    if (c->dead || !c->handshaken)
        return dead_connection();
    ERR_clear_error();
    errno = 0;
    int result = SSL_shutdown(c->ssl);
    if (result < 0)
        return outcome(c, result, errno, ret_want);
    *ret_want = TLS_READY;
    return OK_ERR;
}

void tls_free(struct tls_conn *c)
{
    if (!c)
        return;
    SSL_free(c->ssl);
    tls_side_free(c->side);
    free(c);
}

const char *tls_why(const struct tls_conn *c)
{
    return c->why;
}
