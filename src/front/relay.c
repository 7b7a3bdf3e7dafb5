/* SPDX-License-Identifier: ISC */
/* How it works: a callback reads one piece into front's scratch and tries to write it on at
 * once; only what the other side does not take is copied into a pending buffer, and then
 * that direction is not read until it is gone (back-pressure). So an idle connection, and
 * mostly a busy one too, holds no buffer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "front/front.h"
#include "os/clock.h"
#include "os/fd.h"

enum { PIECES_AT_ONCE = 8 }; /* of one connection, before others get their turn */

void pending_drop(struct pending *p)
{
    free(p->p);
    *p = (struct pending){0};
}

static void pending_keep(struct pending *p, str rest)
{
    if (rest.n == 0)
        return;
    p->p = mem_alloc("pending bytes", FRONT_PIECE);
    memcpy(p->p, rest.p, rest.n);
    p->n = rest.n;
}

/* ---- the client's side ---- */

ssize_t client_read(struct conn *c, char *p, size_t cap)
{
    if (c->tls) {
        size_t n;
        enum tls_want want;
        if (failed(tls_read(c->tls, p, cap, &n, &want)))
            return -1;
        c->tls_wants_write = want == TLS_WANT_WRITE;
        return (ssize_t)n;
    }
    ssize_t n = recv(c->client, p, cap, MSG_DONTWAIT);
    if (n > 0)
        return n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

/* Bytes taken; 0: none now. Negative: the client is gone. */
static ssize_t client_write(struct conn *c, str s)
{
    if (c->tls) {
        size_t n;
        enum tls_want want;
        return failed(tls_write(c->tls, s.p, s.n, &n, &want)) ? -1 : (ssize_t)n;
    }
    ssize_t n = send(c->client, s.p, s.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

/* False when the client is gone. */
static bool give_client(struct conn *c, str s)
{
    while (s.n) {
        ssize_t n = client_write(c, s);
        if (n < 0)
            return false;
        if (n == 0)
            break;
        c->bytes_out += (uint64_t)n;
        s = str_from_at(s, (size_t)n);
    }
    pending_keep(&c->to_client, s);
    return true;
}

/* False when the client is gone. */
static bool flush_client(struct conn *c)
{
    struct pending old = c->to_client;
    if (old.n == 0)
        return true;
    while (c->to_client.at < c->to_client.n) {
        ssize_t n = client_write(
            c, str_of(c->to_client.p + c->to_client.at, c->to_client.n - c->to_client.at));
        if (n < 0)
            return false;
        if (n == 0)
            return true;
        c->bytes_out += (uint64_t)n;
        c->to_client.at += (size_t)n;
    }
    pending_drop(&c->to_client);
    return true;
}

void relay_say(struct conn *c, str text)
{
    if (c->to_client.n == 0)
        (void)give_client(c, text); /* gone: the next read tells */
}

/* ---- the session's side ---- */

/* False when the session is gone: what the client still sends has no reader. */
static bool give_session(struct conn *c, str s)
{
    ssize_t n = send(c->data, s.p, s.n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
        return false;
    pending_keep(&c->to_session, str_from_at(s, n < 0 ? 0 : (size_t)n));
    return true;
}

static bool flush_session(struct conn *c)
{
    struct pending *p = &c->to_session;
    if (p->n == 0)
        return true;
    ssize_t n = send(c->data, p->p + p->at, p->n - p->at, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    p->at += (size_t)n;
    if (p->at == p->n)
        pending_drop(p);
    return true;
}

/* Half-close: the client will send no more, and the session learns it after the last byte. */
static void pass_client_eof(struct conn *c)
{
    if (c->client_eof && c->to_session.n == 0 && c->data >= 0)
        (void)shutdown(c->data, SHUT_WR); /* the session may be gone already */
}

/* ---- both ---- */

/* The session's words to the client, as far as they go. False when the connection is closed
 * (c is gone then). */
static bool pump_to_client(struct conn *c, bool hung_up)
{
    for (int i = 0; i < PIECES_AT_ONCE && !c->session_eof && c->to_client.n == 0; i++) {
        ssize_t n = recv(c->data, c->front->scratch, FRONT_PIECE, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        c->session_eof = n <= 0;
        if (n > 0 && !give_client(c, str_of(c->front->scratch, (size_t)n))) {
            conn_close(c);
            return false;
        }
        if (n > 0 && n < FRONT_PIECE && !hung_up)
            break; /* most likely all there is; if not, the loop says so */
    }
    if (c->session_eof && c->to_client.n == 0) {
        conn_linger(c);
        return false;
    }
    return true;
}

static void pump_to_session(struct conn *c)
{
    for (int i = 0; i < PIECES_AT_ONCE && !c->client_eof && c->to_session.n == 0; i++) {
        ssize_t n = client_read(c, c->front->scratch, FRONT_PIECE);
        if (n == 0)
            return;
        c->client_eof = n < 0;
        if (n > 0) {
            c->bytes_in += (uint64_t)n;
            if (!give_session(c, str_of(c->front->scratch, (size_t)n)))
                return; /* its end comes by its own event */
        }
        /* TLS may hold more than the descriptor tells of. */
        if (n > 0 && n < FRONT_PIECE && !(c->tls && tls_pending(c->tls)))
            return;
    }
}

static void throw_away(struct conn *c)
{
    for (;;) {
        ssize_t n = recv(c->client, c->front->scratch, FRONT_PIECE, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        c->lingered += n > 0 ? (size_t)n : 0;
        c->client_eof = n == 0;
        if (n <= 0 || c->lingered > FRONT_LINGER_BYTES) {
            conn_close(c);
            return;
        }
    }
}

bool relay_flush_to_client(struct conn *c)
{
    if (!flush_client(c)) {
        conn_close(c);
        return false;
    }
    if (c->to_client.n)
        conn_watch(c);
    return c->to_client.n == 0;
}

static void relay_on(struct conn *c, unsigned events)
{
    if (c->to_client.n && !flush_client(c)) {
        conn_close(c);
        return;
    }
    if (c->state == CONN_OPEN && (events & (LOOP_IN | LOOP_HUP) || c->tls_wants_write)) {
        pump_to_session(c);
        pass_client_eof(c);
    }
    /* What waited for the client's room may go on at once. */
    if (c->to_client.n == 0 && (events & LOOP_OUT || c->session_eof) && !pump_to_client(c, false))
        return;
    conn_watch(c);
}

void relay_client_ready(void *ctx, int fd, unsigned events)
{
    struct conn *c = ctx;
    (void)fd; /* c->client */
    c->active_ms = clock_ms();
    switch (c->state) {
    case CONN_HANDSHAKE:
    case CONN_STARTTLS_SHAKES:
        shake_step(c);
        return;
    case CONN_STARTTLS:
        if (events & LOOP_HUP)
            conn_close(c);
        else
            shake_starttls_step(c);
        return;
    case CONN_LINGER:
        throw_away(c);
        return;
    case CONN_OPEN:
        relay_on(c, events);
        return;
    case CONN_LENT: /* is not watched */
        return;
    }
}

void relay_data_ready(void *ctx, int fd, unsigned events)
{
    struct conn *c = ctx;
    (void)fd; /* c->data */
    c->active_ms = clock_ms();
    if (events & LOOP_OUT) {
        if (!flush_session(c))
            pending_drop(&c->to_session); /* nobody reads it any more */
        pass_client_eof(c);
        if (c->state == CONN_OPEN && c->tls && tls_pending(c->tls) && c->to_session.n == 0)
            pump_to_session(c);
    }
    if (events & (LOOP_IN | LOOP_HUP) && !pump_to_client(c, events & LOOP_HUP))
        return;
    conn_watch(c);
}
