/* SPDX-License-Identifier: ISC */
/* The session relays blobs between the client and auth; it knows no secret. */
#include "smtpd/session.h"

#include "os/clock.h"
#include "wire/encoding.h"
#include "wire/sasl.h"

enum { AUTH_MS = 60000 };

static const struct reply bad_base64 = {501, "5.5.2", {"malformed base64 (#5.5.2)", 25}, false};

static struct reply too_plain(void)
{
    /* RFC 4954 6; the words say what works instead. */
    return (struct reply){538, "5.7.11",
                          S("encryption required: STARTTLS first, or use SCRAM-SHA-256 or CRAM-MD5 "
                            "(#5.7.11)"),
                          false};
}

/* Says the challenge, hears the response. *ret_cancelled: the client sent "*". */
static err exchange(struct smtpd_session *s, str challenge, struct buf *response,
                    bool *ret_cancelled)
{
    auto_buf struct buf text;
    buf_init(&text, SMTP_AUTH_LINE_MAX);
    base64_encode(&text, challenge);
    err e = session_say_now(s, &(struct reply){334, NULL, buf_str(&text), false});
    if (failed(e))
        return e;
    str line;
    e = io_read_line(s->io, SMTP_AUTH_LINE_MAX, session_deadline(s), &line);
    if (failed(e))
        return e;
    line = str_trim_end(line);
    *ret_cancelled = str_eq(line, S("*"));
    buf_reset(response);
    return *ret_cancelled ? OK_ERR : base64_decode(response, line);
}

static struct reply logged_in(struct smtpd_session *s, const struct auth_done *done)
{
    s->user = arena_copy(s->arena, done->user);
    s->relay = true;
    log_set(s->log, "user", s->user);
    session_note(s, NOTE_LOGIN_OK);
    return (struct reply){235, "2.7.0", S("ok, go ahead (#2.7.0)"), false};
}

static struct reply outcome(struct smtpd_session *s, const struct auth_done *done)
{
    str text = arena_copy(s->scratch, done->text);
    switch ((enum auth_outcome)done->outcome) {
    case AUTH_OK:
        return logged_in(s, done);
    case AUTH_BAD:
        s->failed_logins++;
        session_note(s, NOTE_LOGIN_FAILED);
        return (struct reply){535, "5.7.8", S("authentication failed (#5.7.8)"), false};
    case AUTH_NEEDS_TLS:
        return too_plain();
    case AUTH_NO_MECHANISM:
        return (struct reply){504, "5.5.4", S("mechanism not offered (#5.5.4)"), false};
    case AUTH_SYNTAX:
        return (struct reply){501, "5.5.2", S("malformed response (#5.5.2)"), false};
    case AUTH_TEMP:
        break;
    }
    return (struct reply){454, "4.7.0",
                          text.n ? text : S("temporary authentication failure (#4.7.0)"), false};
}

static struct reply cannot(struct smtpd_session *s, err e)
{
    channel_free(s->services.auth); /* whatever state auth is in: begin anew next time */
    s->services.auth = NULL;
    if (e.kind == ERR_TIMEOUT || e.kind == ERR_CLOSED)
        log_event(s->log, EV_PROGRAM_FAILED, F_STR("name", S("auth")), F_ERR(e));
    return (struct reply){454, "4.7.0", S("temporary authentication failure (#4.7.0)"), false};
}

/* RFC 4954 4: the server's last message, when the mechanism has one, is a challenge that the
 * client answers with an empty line. */
static err last_blob(struct smtpd_session *s, const struct auth_done *done, struct buf *response)
{
    bool cancelled = false;
    if (done->outcome != AUTH_OK || done->blob.n == 0)
        return OK_ERR;
    return exchange(s, done->blob, response, &cancelled);
}

static struct reply converse(struct smtpd_session *s, struct channel *auth)
{
    auto_buf struct buf response;
    buf_init(&response, SASL_BLOB_MAX);
    for (;;) {
        struct packet p;
        err e = channel_recv(auth, deadline_in_ms(AUTH_MS), &p);
        struct auth_done done;
        struct auth_blob challenge;
        if (failed(e))
            return cannot(s, e);
        if (p.type == IPC_AUTH_DONE) {
            e = ipc_decode(&auth_done_schema, p.bytes, &done);
            if (failed(e))
                return cannot(s, e);
            struct reply r = outcome(s, &done);
            if (r.code == 235 && failed(last_blob(s, &done, &response)))
                return (struct reply){.close = true};
            return r;
        }
        bool cancelled = false;
        e = ipc_decode(&auth_challenge_schema, p.bytes, &challenge);
        if (failed(e))
            return cannot(s, e);
        e = exchange(s, challenge.blob, &response, &cancelled);
        if (e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT || e.kind == ERR_SYS)
            return (struct reply){.close = true};
        bool give_up = cancelled || failed(e);
        struct auth_blob blob = {.blob = give_up ? S("") : buf_str(&response)};
        err sent = channel_send(auth, give_up ? &auth_cancel_schema : &auth_step_schema, p.id,
                                &blob, NULL, 0);
        if (failed(sent))
            return cannot(s, sent);
        if (give_up) {
            (void)cannot(s, OK_ERR); /* auth may still answer: that channel is spent */
            return cancelled ? (struct reply){501, "5.7.0", S("cancelled (#5.7.0)"), false}
                             : bad_base64;
        }
    }
}

struct reply cmd_auth(struct smtpd_session *s, str args)
{
    struct smtp_auth a;
    struct channel *auth;
    if (!s->can_login)
        return (struct reply){502, "5.5.1", S("unimplemented (#5.5.1)"), false};
    if (!s->esmtp)
        return (struct reply){503, "5.5.1", S("EHLO first (#5.5.1)"), false};
    if (s->user.n) /* RFC 4954 4: once per session */
        return (struct reply){503, "5.5.1", S("already logged in (#5.5.1)"), false};
    if (failed(smtp_parse_auth(s->scratch, args, &a)))
        return (struct reply){501, "5.5.4", S("AUTH takes a mechanism and a response (#5.5.4)"),
                              false};
    bool plain = str_eq(a.mechanism, S("PLAIN")) || str_eq(a.mechanism, S("LOGIN"));
    if (plain && !session_plaintext_allowed(s))
        return too_plain();
    auto_buf struct buf initial;
    buf_init(&initial, SASL_BLOB_MAX);
    if (a.has_initial && !str_eq(a.initial, S("=")) && failed(base64_decode(&initial, a.initial)))
        return bad_base64;
    err e = services_auth(&s->services, &auth);
    struct auth_start start = {.sid = s->start->sid,
                               .service = s->start->service,
                               .mechanism = a.mechanism,
                               .has_initial = a.has_initial,
                               .initial = buf_str(&initial),
                               .peer_ip = s->start->peer_ip,
                               .tls = s->tls.on,
                               .tls_endpoint = s->tls.endpoint,
                               .tls_exporter = s->tls.exporter,
                               .tls_unique = s->tls.unique,
                               .tls_client = s->tls.client};
    if (!failed(e))
        e = channel_send(auth, &auth_start_schema, 1, &start, NULL, 0);
    return failed(e) ? cannot(s, e) : converse(s, auth);
}
