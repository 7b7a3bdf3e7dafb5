/* SPDX-License-Identifier: ISC */
/* The conversation with auth: blobs in, blobs out, no secret kept. */
#include <string.h>

#include "ipc/door.h"
#include "os/clock.h"
#include "popd/login.h"
#include "popd/transaction.h"
#include "wire/encoding.h"
#include "wire/pop.h"
#include "wire/sasl.h"

enum { FLUSH_MS = 60 * 1000, START_MAX = 8192 };

static err say_challenge(struct login *l, str blob)
{
    auto_buf struct buf b;
    buf_init(&b, POP_AUTH_LINE_MAX);
    buf_add(&b, S("+ "));
    base64_encode(&b, blob);
    buf_add(&b, S("\r\n"));
    err e = io_write(l->io, buf_str(&b));
    return failed(e) ? e : io_flush(l->io, deadline_in_ms(FLUSH_MS));
}

/* *ret_cancelled: "*", or no base64 (RFC 5034 4). */
static err read_response(struct login *l, struct buf *ret, bool *ret_cancelled)
{
    str line;
    err e = io_read_line(l->io, POP_AUTH_LINE_MAX, l->by, &line);
    if (failed(e))
        return e;
    line = str_trim_end(line);
    buf_reset(ret);
    *ret_cancelled = str_eq(line, S("*")) || failed(base64_decode(ret, line));
    return OK_ERR;
}

static void note(struct login *l, enum session_note_kind kind)
{
    struct session_note n = {.kind = (uint32_t)kind};
    err e = channel_try_send(l->control, &session_note_schema, 0, &n, NULL, 0);
    (void)e; /* the ledger at the door misses one; auth's event tells all the same */
}

/* SCRAM's last word goes as one more challenge, which the client answers with an empty line. */
static err last_word(struct login *l, str blob)
{
    auto_buf struct buf empty;
    buf_init(&empty, SASL_BLOB_MAX);
    bool cancelled = false;
    err e = say_challenge(l, blob);
    if (!failed(e))
        e = read_response(l, &empty, &cancelled);
    if (!failed(e) && cancelled)
        e = err_new(ERR_CLOSED, "the client does not trust us");
    return e;
}

static err promote(struct login *l)
{
    auto_buf struct buf start;
    buf_init(&start, START_MAX);
    err e = ipc_encode(&session_start_schema, 0, &l->start, &start);
    if (!failed(e))
        e = io_flush(l->io, deadline_in_ms(FLUSH_MS));
    struct init_promote m = {.sid = l->start.sid,
                             .service = l->start.service,
                             .start = buf_str(&start),
                             .input = io_peek(l->io)};
    int fds[] = {io_fd(l->io), channel_fd(l->control)};
    if (!failed(e))
        e = packet_send(l->boot->doors[PROGRAM_INIT], &init_promote_schema, 0, &m, fds, 2);
    if (failed(e))
        return pop_say(l->io, "-ERR [SYS/TEMP] your session could not be started");
    l->over = true;
    return OK_ERR;
}

static err say_no(struct login *l, const struct auth_done *d)
{
    switch ((enum auth_outcome)d->outcome) {
    case AUTH_BAD:
        note(l, NOTE_LOGIN_FAILED);
        l->over = ++l->failures >= LOGIN_FAILURES_MAX;
        return pop_say(l->io, "-ERR [AUTH] authorization failed");
    case AUTH_NEEDS_TLS:
        return login_refuse_plain(l);
    case AUTH_NO_MECHANISM:
        return pop_say(l->io, "-ERR mechanism not offered");
    case AUTH_SYNTAX:
        l->over = ++l->failures >= LOGIN_FAILURES_MAX;
        return pop_say(l->io, "-ERR [AUTH] malformed response");
    case AUTH_OK:
    case AUTH_TEMP:
        break;
    }
    return pop_say(l->io, "-ERR [SYS/TEMP] logins cannot be checked now, try again later");
}

static err finish(struct login *l, const struct auth_done *d)
{
    if (d->outcome != AUTH_OK)
        return say_no(l, d);
    note(l, NOTE_LOGIN_OK);
    if (d->blob.n) {
        err e = last_word(l, d->blob);
        if (failed(e))
            return e;
    }
    return promote(l);
}

static err one_step(struct login *l, const struct packet *p, bool *ret_cancelled)
{
    struct auth_blob challenge;
    auto_buf struct buf response;
    buf_init(&response, SASL_BLOB_MAX);
    err e = ipc_decode(&auth_challenge_schema, p->bytes, &challenge);
    if (!failed(e))
        e = say_challenge(l, challenge.blob);
    if (!failed(e))
        e = read_response(l, &response, ret_cancelled);
    if (failed(e))
        return e;
    struct auth_blob answer = {.blob = *ret_cancelled ? S("") : buf_str(&response)};
    return channel_send(l->auth, *ret_cancelled ? &auth_cancel_schema : &auth_step_schema, p->id,
                        &answer, NULL, 0);
}

/* An error here ends the session: the client went away, or auth did and its state is unknown. */
static err converse(struct login *l)
{
    for (;;) {
        struct packet p;
        err e = channel_recv(l->auth, deadline_in_ms(LOGIN_AUTH_MS), &p);
        if (failed(e))
            return e;
        if (p.type == IPC_AUTH_DONE) {
            struct auth_done d;
            e = ipc_decode(&auth_done_schema, p.bytes, &d);
            return failed(e) ? e : finish(l, &d);
        }
        bool cancelled = false;
        e = one_step(l, &p, &cancelled);
        if (failed(e))
            return e;
        if (cancelled) { /* auth may still answer: that conversation is spent */
            channel_free(l->auth);
            l->auth = NULL;
            return pop_say(l->io, "-ERR authorization cancelled");
        }
    }
}

err login_attempt(struct login *l, str mechanism, const str *initial)
{
    err e = l->auth ? OK_ERR : door_open(l->boot->doors[PROGRAM_AUTH], &l->auth);
    struct auth_start ask = {.sid = l->start.sid,
                             .service = l->start.service,
                             .mechanism = mechanism,
                             .has_initial = initial != NULL,
                             .initial = initial ? *initial : S(""),
                             .peer_ip = l->start.peer_ip,
                             .tls = l->start.tls,
                             .tls_endpoint = l->start.tls_endpoint,
                             .tls_exporter = l->start.tls_exporter,
                             .tls_unique = l->start.tls_unique,
                             .tls_client = l->start.tls_client_cert,
                             .timestamp = l->timestamp};
    if (!failed(e))
        e = channel_send(l->auth, &auth_start_schema, 1, &ask, NULL, 0);
    if (e.kind == ERR_LIMIT) /* longer than any login is */
        return pop_say(l->io, "-ERR [AUTH] malformed response");
    if (failed(e)) {
        log_event(l->log, EV_PROGRAM_FAILED, F_STR("name", S("auth")), F_ERR(e));
        channel_free(l->auth);
        l->auth = NULL;
        return pop_say(l->io, "-ERR [SYS/TEMP] logins cannot be checked now, try again later");
    }
    return converse(l);
}
