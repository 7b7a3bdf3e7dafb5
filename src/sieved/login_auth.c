/* SPDX-License-Identifier: ISC */
/* The conversation with auth: blobs in, blobs out, no secret kept. RFC 5804 2.1. */
#include "ipc/door.h"
#include "os/clock.h"
#include "sieved/login.h"
#include "wire/encoding.h"
#include "wire/sasl.h"

enum { START_MAX = 8192, ENCODED_MAX = SASL_BLOB_MAX * 2 };

static err say_challenge(struct login *l, str blob)
{
    auto_buf struct buf encoded, line;
    buf_init(&encoded, ENCODED_MAX);
    buf_init(&line, ENCODED_MAX + 64);
    base64_encode(&encoded, blob);
    managesieve_write(&line, buf_str(&encoded));
    buf_add(&line, S("\r\n"));
    err e = io_write(l->talk.io, buf_str(&line));
    return failed(e) ? e : io_flush(l->talk.io, deadline_in_ms(LOGIN_FLUSH_MS));
}

/* *ret_cancelled: "*", or no base64. */
static err read_response(struct login *l, struct buf *ret, bool *ret_cancelled)
{
    enum talk_read what;
    err e = talk_read(&l->talk, l->by, &what);
    if (failed(e))
        return e;
    auto_buf struct buf line;
    buf_init(&line, ENCODED_MAX * 2);
    buf_addc(&line, ' '); /* a string that stands alone */
    buf_add(&line, buf_str(&l->talk.command));
    str rest = buf_str(&line), text = S("*");
    bool ok = what == TALK_COMMAND && !line.over && managesieve_string(&rest, l->arena, &text) &&
              managesieve_end(rest);
    buf_reset(ret);
    *ret_cancelled = !ok || str_eq(text, S("*")) || failed(base64_decode(ret, text));
    return OK_ERR;
}

static void note(struct login *l, enum session_note_kind kind)
{
    struct session_note n = {.kind = (uint32_t)kind};
    err e = channel_try_send(l->control, &session_note_schema, 0, &n, NULL, 0);
    (void)e; /* the ledger at the door misses one; auth's event tells all the same */
}

/* The OK, with SCRAM's last word in it, is said by the session that init starts as the user. */
static err promote(struct login *l, str last_word)
{
    auto_buf struct buf start, answer, encoded;
    buf_init(&start, START_MAX);
    buf_init(&answer, ENCODED_MAX + 64);
    buf_init(&encoded, ENCODED_MAX);
    buf_add(&answer, S("OK"));
    if (last_word.n) {
        base64_encode(&encoded, last_word);
        buf_add(&answer, S(" (SASL "));
        managesieve_write(&answer, buf_str(&encoded));
        buf_add(&answer, S(")"));
    }
    buf_add(&answer, S("\r\n"));
    err e = ipc_encode(&session_start_schema, 0, &l->start, &start);
    if (!failed(e))
        e = io_flush(l->talk.io, deadline_in_ms(LOGIN_FLUSH_MS));
    struct init_promote m = {.sid = l->start.sid,
                             .service = l->start.service,
                             .start = buf_str(&start),
                             .input = io_peek(l->talk.io),
                             .answer = buf_str(&answer)};
    int fds[] = {io_fd(l->talk.io), channel_fd(l->control)};
    if (!failed(e))
        e = packet_send(l->boot->doors[PROGRAM_INIT], &init_promote_schema, 0, &m, fds, 2);
    if (failed(e))
        return talk_say(&l->talk, "NO", "TRYLATER", S("your session could not be started"));
    l->over = true;
    return OK_ERR;
}

static err say_no(struct login *l, const struct auth_done *d)
{
    switch ((enum auth_outcome)d->outcome) {
    case AUTH_BAD:
        note(l, NOTE_LOGIN_FAILED);
        l->over = ++l->failures >= LOGIN_FAILURES_MAX;
        return talk_say(&l->talk, l->over ? "BYE" : "NO", "", S("authorization failed"));
    case AUTH_NEEDS_TLS:
        return talk_say(&l->talk, "NO", "ENCRYPT-NEEDED", S("use STARTTLS first"));
    case AUTH_NO_MECHANISM:
        return talk_say(&l->talk, "NO", "", S("mechanism not offered"));
    case AUTH_SYNTAX:
        l->over = ++l->failures >= LOGIN_FAILURES_MAX;
        return talk_say(&l->talk, l->over ? "BYE" : "NO", "", S("malformed response"));
    case AUTH_OK:
    case AUTH_TEMP:
        break;
    }
    return talk_say(&l->talk, "NO", "TRYLATER", S("logins cannot be checked now"));
}

static err finish(struct login *l, const struct auth_done *d)
{
    if (d->outcome != AUTH_OK)
        return say_no(l, d);
    note(l, NOTE_LOGIN_OK);
    return promote(l, d->blob);
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
            return talk_say(&l->talk, "NO", "", S("authorization cancelled"));
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
                             .tls_client = l->start.tls_client_cert};
    if (!failed(e))
        e = channel_send(l->auth, &auth_start_schema, 1, &ask, NULL, 0);
    if (e.kind == ERR_LIMIT) /* longer than any login is */
        return talk_say(&l->talk, "NO", "", S("malformed response"));
    if (failed(e)) {
        log_event(l->log, EV_PROGRAM_FAILED, F_STR("name", S("auth")), F_ERR(e));
        channel_free(l->auth);
        l->auth = NULL;
        return talk_say(&l->talk, "NO", "TRYLATER", S("logins cannot be checked now"));
    }
    return converse(l);
}
