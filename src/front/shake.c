/* SPDX-License-Identifier: ISC */
/* TLS from the start, STARTTLS, and the other things a session tells front.
 *
 * STARTTLS is the one place where plain text and TLS meet on a socket. In order: the session,
 * which was lent the client's socket, has written what it had to say, asks, and waits: nobody
 * reads the socket; what the client has sent before it could know our answer is thrown away;
 * the answer goes out; the handshake begins; the session gets a socket of its own in place of
 * the client's, and throws away with that what it had read of it too early. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "front/front.h"
#include "os/clock.h"
#include "os/fd.h"

static void tell_failure(struct conn *c)
{
    log_event(NULL, EV_SESSION_TLS_FAILED, F_STR("sid", str_from(c->sid)),
              F_STR("service", str_from(service_name(c->service))), F_STR("peer", str_from(c->ip)),
              F_STR("why", str_from(c->tls ? tls_why(c->tls) : "no memory")));
}

static void failed_shake(struct conn *c)
{
    tell_failure(c);
    if (c->control >= 0) /* the session hears the socket close in any case */
        (void)failed(packet_send(c->control, &session_tls_schema, c->starttls_id,
                                 &(struct session_tls){0}, NULL, 0));
    conn_close(c);
}

static void tell_success(struct conn *c)
{
    struct session_tls t;
    conn_tell_tls(c, &t);
    log_event(NULL, EV_SESSION_TLS, F_STR("sid", str_from(c->sid)),
              F_STR("service", str_from(service_name(c->service))), F_STR("peer", str_from(c->ip)),
              F_STR("version", t.tls_version), F_STR("cipher", t.tls_cipher),
              F_STR("sni", t.tls_sni));
}

void shake_begin(struct conn *c)
{
    c->state = CONN_HANDSHAKE;
    conn_set_deadline(c, FRONT_HANDSHAKE_MS);
    if (failed(tls_accept(c->front->tls, c->client, &c->tls))) {
        failed_shake(c);
        return;
    }
    shake_step(c);
}

static void new_data_socket(struct conn *c)
{
    auto_fd int theirs = -1;
    int mine = -1;
    struct session_tls t;
    conn_tell_tls(c, &t);
    err e = fd_pair(FD_PAIR_STREAM, &mine, &theirs);
    if (failed(e)) {
        failed_shake(c);
        return;
    }
    c->data = mine;
    e = packet_send(c->control, &session_tls_schema, c->starttls_id, &t, &theirs, 1);
    if (failed(e)) {
        conn_close(c);
        return;
    }
    c->state = CONN_OPEN;
    c->deadline_ms = INT64_MAX;
    conn_watch(c);
}

void shake_step(struct conn *c)
{
    enum tls_want want;
    err e = tls_handshake(c->tls, &want);
    if (failed(e)) {
        failed_shake(c);
        return;
    }
    c->tls_wants_write = want == TLS_WANT_WRITE;
    if (want != TLS_READY) {
        conn_watch(c);
        return;
    }
    tell_success(c);
    if (c->state == CONN_HANDSHAKE)
        conn_start_session(c);
    else
        new_data_socket(c);
    /* A client may send its first command with the end of the handshake: inside TLS it is
     * ours to notice, the descriptor has nothing more to tell. The same holds for c itself:
     * it may be gone. */
}

/* ---- STARTTLS ---- */

static bool drop_early_input(struct conn *c)
{
    size_t dropped = 0;
    for (;;) {
        ssize_t n = recv(c->client, c->front->scratch, FRONT_PIECE, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        dropped += n > 0 ? (size_t)n : 0;
        if (n <= 0 || dropped > FRONT_EARLY_BYTES) {
            conn_close(c);
            return false;
        }
    }
    if (dropped)
        log_event(NULL, EV_SMTP_ABUSE, F_STR("sid", str_from(c->sid)),
                  F_STR("peer", str_from(c->ip)),
                  F_STR("what", S("plain text sent after STARTTLS")), F_INT("bytes", dropped));
    return true;
}

void shake_starttls_step(struct conn *c)
{
    if (!relay_flush_to_client(c))
        return;
    if (c->answer) {
        if (!drop_early_input(c))
            return;
        relay_say(c, str_from(c->answer));
        free(c->answer);
        c->answer = NULL;
        if (!relay_flush_to_client(c))
            return;
    }
    if (failed(tls_accept(c->front->tls, c->client, &c->tls))) {
        failed_shake(c);
        return;
    }
    c->state = CONN_STARTTLS_SHAKES;
    shake_step(c);
}

static void begin_starttls(struct conn *c, uint32_t id, const struct session_starttls *ask)
{
    c->starttls_id = id;
    if (c->state != CONN_LENT || !c->front->tls) {
        (void)failed(packet_send(c->control, &session_tls_schema, id, &(struct session_tls){0},
                                 NULL, 0)); /* gone: its end comes by its own event */
        return;
    }
    conn_count_lent(c); /* from here on we count ourselves */
    c->active_ms = clock_ms();
    c->state = CONN_STARTTLS;
    conn_set_deadline(c, FRONT_HANDSHAKE_MS);
    if (ask->answer.n) {
        c->answer = mem_alloc("answer", ask->answer.n + 1);
        memcpy(c->answer, ask->answer.p, ask->answer.n);
    }
    shake_starttls_step(c);
}

/* ---- control ---- */

static void take_note(struct conn *c, const struct session_note *note)
{
    struct ledger_key k;
    str ip = str_from(c->ip);
    if (!ledger_key_of(ip, &k))
        return;
    if (note->kind == NOTE_LOGIN_OK) {
        ledger_forgive(c->front->ledger, &k);
        return;
    }
    if (ledger_is_self(ip))
        return;
    int64_t ban;
    ledger_add(c->front->ledger, &k, note->kind == NOTE_ABUSE ? LEDGER_ABUSE : LEDGER_LOGIN_FAILED,
               clock_ms(), &ban);
    if (ban > 0)
        log_event(NULL, EV_BAN_STARTED, F_STR("peer", ip), F_INT("seconds", ban / 1000),
                  F_STR("service", str_from(service_name(c->service))));
}

void shake_control_ready(void *ctx, int fd, unsigned events)
{
    struct conn *c = ctx;
    (void)events; /* a hang-up is read as the end */
    char packet[1024];
    ssize_t n = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* the session ended; in CONN_OPEN `data` tells the rest */
        loop_del(c->control_watch);
        c->control_watch = NULL;
        if (c->state == CONN_LENT)
            conn_linger(c);
        else if (c->state == CONN_STARTTLS || c->state == CONN_STARTTLS_SHAKES)
            conn_close(c);
        return;
    }
    str bytes = str_of(packet, (size_t)n);
    uint16_t type;
    uint32_t id;
    struct session_note note;
    struct session_starttls ask;
    if (failed(ipc_peek(bytes, &type, &id)))
        return;
    if (type == IPC_SESSION_NOTE && !failed(ipc_decode(&session_note_schema, bytes, &note)))
        take_note(c, &note);
    else if (type == IPC_SESSION_STARTTLS &&
             !failed(ipc_decode(&session_starttls_schema, bytes, &ask)))
        begin_starttls(c, id, &ask);
}
