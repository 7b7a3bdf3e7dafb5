/* SPDX-License-Identifier: ISC */
#include "imapd/login.h"

#include <stdlib.h>

#include "ipc/door.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/net.h"
#include "wire/encoding.h"

enum { START_ARENA_MAX = 64 * 1024, RESPONSE_MAX = 12 * 1024, ANSWER_MAX = 2048 };

/* ---- life ---- */

static struct session_start copy_start(struct arena *a, const struct session_start *from)
{
    struct session_start to = *from;
    str *texts[] = {&to.sid,          &to.peer_ip,    &to.local_ip,       &to.environment,
                    &to.tls_version,  &to.tls_cipher, &to.tls_sni,        &to.tls_endpoint,
                    &to.tls_exporter, &to.tls_unique, &to.tls_client_cert};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        *texts[i] = arena_copy(a, *texts[i]);
    return to;
}

static bool is_loopback(str ip)
{
    struct net_address a;
    err e = net_address_parse(ip, 0, &a);
    return !failed(e) && net_address_is_loopback(&a);
}

static void greet(struct session *s)
{
    auto_buf struct buf b;
    buf_init(&b, ANSWER_MAX);
    buf_add(&b, S("* OK ["));
    capability_write(s, &b);
    buf_add(&b, S("] twinpost is ready.\r\n"));
    say_bytes(s, buf_str(&b));
}

/* The channel as the session's code sees it. */
static void see_channel(struct session *s)
{
    const struct session_start *start = &s->login->start;
    s->tls = start->tls != 0;
    s->has_certificate = start->tls_client_cert.n > 0;
    s->can_bind = s->tls && (start->tls_exporter.n || start->tls_endpoint.n);
}

void login_run(const struct imapd_facts *facts, const struct session_start *start, int data,
               int control)
{
    const struct boot *boot = facts->boot;
    struct login l = {.auth_door = boot->doors[PROGRAM_AUTH],
                      .init_door = boot->doors[PROGRAM_INIT],
                      .arena = arena_new("session start", START_ARENA_MAX)};
    l.start = copy_start(l.arena, start);
    struct session *s = session_new(io_new(data, data), channel_new(control));
    s->login = &l;
    s->login_by = deadline_in_ms(facts->login_ms);
    s->plain_allowed = facts->allow_plaintext;
    s->tokens = facts->tokens;
    see_channel(s);
    s->can_starttls = l.start.can_starttls != 0;
    s->loopback = is_loopback(l.start.peer_ip);
    s->log = log_new(NULL);
    log_set(s->log, "sid", l.start.sid);
    log_set(s->log, "peer", l.start.peer_ip);
    greet(s);
    session_run(s);
    session_free(s);
    channel_free(l.auth);
    arena_free(l.arena);
}

/* ---- STARTTLS ---- */

static void take_tls(struct session *s, const struct session_tls *t, int fd)
{
    struct session_start *start = &s->login->start;
    io_replace(s->io, fd, fd); /* what the client sent too early is gone: RFC 3501 6.2.1 */
    start->tls = 1;
    start->tls_version = t->tls_version;
    start->tls_cipher = t->tls_cipher;
    start->tls_sni = t->tls_sni;
    start->tls_endpoint = t->tls_endpoint;
    start->tls_exporter = t->tls_exporter;
    start->tls_unique = t->tls_unique;
    start->tls_client_cert = t->tls_client_cert;
    *start = copy_start(s->login->arena, start);
    see_channel(s);
}

struct reply login_begin_tls(struct session *s, str tag)
{
    struct session_starttls ask = {
        .answer = arena_printf(s->arena, "%.*s OK Begin TLS now.\r\n", STR_ARG(tag))};
    struct session_tls t;
    struct packet p;
    err e = session_flush(s);
    if (!failed(e) && s->control != NULL)
        e = channel_ask(s->control, &session_starttls_schema, &ask, NULL, 0, &session_tls_schema,
                        s->login_by, &t, &p);
    if (failed(e) || s->control == NULL || !t.ok || p.n_fds != 1)
        return reply_lost(s); /* front tells why */
    take_tls(s, &t, fd_take(&p.fds[0]));
    return (struct reply){.kind = REPLY_DONE};
}

/* ---- logging in ---- */

bool login_may_be_plain(const struct session *s)
{
    return s->tls || s->loopback || s->plain_allowed;
}

struct reply login_needs_privacy(void)
{
    return reply_no("PRIVACYREQUIRED", "A password must not travel in the clear: use STARTTLS "
                                       "first, or AUTHENTICATE with SCRAM-SHA-256 or CRAM-MD5 "
                                       "(called \"encrypted password\" in mail programs)");
}

/* The new process is init's to start; it goes on with what we have read, and says the OK. */
static struct reply promote(struct session *s, str tag)
{
    struct login *l = s->login;
    s->phase = PHASE_AUTHENTICATED; /* for the capabilities */
    auto_buf struct buf answer, start;
    buf_init(&answer, ANSWER_MAX);
    buf_init(&start, START_ARENA_MAX);
    buf_addf(&answer, "%.*s OK [", STR_ARG(tag));
    capability_write(s, &answer);
    buf_add(&answer, S("] Logged in.\r\n"));
    err e = ipc_encode(&session_start_schema, 0, &l->start, &start);
    if (!failed(e))
        e = session_flush(s);
    session_note(s, NOTE_LOGIN_OK);
    struct init_promote m = {.sid = l->start.sid,
                             .service = l->start.service,
                             .start = buf_str(&start),
                             .input = io_peek(s->io),
                             .answer = buf_str(&answer)};
    int fds[] = {io_fd(s->io), s->control ? channel_fd(s->control) : -1};
    if (!failed(e))
        e = packet_send(l->init_door, &init_promote_schema, 0, &m, fds, 2);
    s->phase = PHASE_LOGIN;
    if (failed(e))
        return reply_no("UNAVAILABLE", "Your session could not be started; try again later");
    return reply_lost(s);
}

static struct reply login_failed(struct session *s, const struct auth_done *done)
{
    static const char *const codes[] = {[AUTH_BAD] = "AUTHENTICATIONFAILED",
                                        [AUTH_NEEDS_TLS] = "PRIVACYREQUIRED",
                                        [AUTH_NO_MECHANISM] = "CANNOT",
                                        [AUTH_SYNTAX] = NULL,
                                        [AUTH_TEMP] = "UNAVAILABLE"};
    struct reply r = reply_no("UNAVAILABLE", "Login failed");
    if (done->outcome < sizeof codes / sizeof codes[0])
        r.code = str_from(codes[done->outcome]);
    if (done->text.n > 0)
        r.text = arena_copy(s->arena, done->text);
    if (done->outcome == AUTH_SYNTAX)
        r.kind = REPLY_BAD;
    if (done->outcome != AUTH_TEMP)
        s->login->failures++;
    if (done->outcome == AUTH_BAD)
        session_note(s, NOTE_LOGIN_FAILED);
    r.closing = s->login->failures >= LOGIN_FAILURES_MAX;
    return r;
}

/* The client's answer to a "+", base64 undone. *ret_cancelled: "*" or no base64. */
static err read_response(struct session *s, struct buf *ret, bool *ret_cancelled)
{
    str line;
    err e = io_read_line(s->io, RESPONSE_MAX, s->login_by, &line);
    if (failed(e))
        return e;
    line = str_trim_end(line);
    *ret_cancelled = str_eq(line, S("*"));
    if (*ret_cancelled)
        return OK_ERR;
    e = base64_decode(ret, line);
    *ret_cancelled = failed(e);
    return OK_ERR;
}

static err say_challenge(struct session *s, str blob)
{
    auto_buf struct buf b;
    buf_init(&b, RESPONSE_MAX);
    buf_add(&b, S("+ "));
    base64_encode(&b, blob);
    buf_add(&b, S("\r\n"));
    say_bytes(s, buf_str(&b));
    return session_flush(s);
}

/* One challenge and the client's response, passed to auth. */
static err one_step(struct session *s, struct packet *p, bool *ret_cancelled)
{
    struct auth_blob challenge;
    err e = ipc_decode(&auth_challenge_schema, p->bytes, &challenge);
    if (!failed(e))
        e = say_challenge(s, challenge.blob);
    auto_buf struct buf response;
    buf_init(&response, RESPONSE_MAX);
    if (!failed(e))
        e = read_response(s, &response, ret_cancelled);
    if (failed(e))
        return e;
    struct auth_blob step = {.blob = buf_str(&response)};
    if (*ret_cancelled)
        step.blob = (str){0};
    return channel_send(s->login->auth, *ret_cancelled ? &auth_cancel_schema : &auth_step_schema, 0,
                        &step, NULL, 0);
}

static err converse(struct session *s, const struct auth_start *ask, struct auth_done *ret_done,
                    bool *ret_cancelled)
{
    struct login *l = s->login;
    *ret_cancelled = false;
    err e = l->auth == NULL ? door_open(l->auth_door, &l->auth) : OK_ERR;
    if (!failed(e))
        e = channel_send(l->auth, &auth_start_schema, 0, ask, NULL, 0);
    while (!failed(e)) {
        struct packet p;
        e = channel_recv(l->auth, deadline_in_ms(LOGIN_AUTH_MS), &p);
        if (failed(e))
            break;
        if (p.type == IPC_AUTH_DONE)
            return ipc_decode(&auth_done_schema, p.bytes, ret_done);
        if (p.type != IPC_AUTH_CHALLENGE)
            return err_new(ERR_SYNTAX, "auth said something unexpected");
        e = one_step(s, &p, ret_cancelled);
    }
    return e;
}

/* SCRAM's last word from the server goes as one more challenge, answered by an empty line:
 * IMAP's OK cannot carry it (RFC 4959 and RFC 3501 6.2.2). */
static bool last_word(struct session *s, const struct auth_done *done)
{
    if (done->blob.n == 0)
        return true;
    auto_buf struct buf empty;
    buf_init(&empty, RESPONSE_MAX);
    bool cancelled = false;
    err e = say_challenge(s, done->blob);
    if (!failed(e))
        e = read_response(s, &empty, &cancelled);
    if (failed(e))
        s->phase = PHASE_END;
    return !failed(e) && !cancelled;
}

struct reply login_attempt(struct session *s, str tag, struct auth_start *ask)
{
    struct login *l = s->login;
    ask->sid = l->start.sid;
    ask->service = l->start.service;
    ask->peer_ip = l->start.peer_ip;
    ask->tls = l->start.tls;
    ask->tls_endpoint = l->start.tls_endpoint;
    ask->tls_exporter = l->start.tls_exporter;
    ask->tls_unique = l->start.tls_unique;
    ask->tls_client = l->start.tls_client_cert;
    struct auth_done done;
    bool cancelled;
    err e = converse(s, ask, &done, &cancelled);
    if (failed(e)) {
        channel_free(l->auth);
        l->auth = NULL;
        if (e.kind == ERR_CLOSED || s->phase == PHASE_END) {
            unsigned ready;
            err client = session_wait(s, WAIT_CLIENT, deadline_in_ms(0), &ready);
            if (client.kind == ERR_CLOSED || s->phase == PHASE_END)
                return reply_lost(s);
        }
        return reply_no("UNAVAILABLE", "Logins cannot be checked now; try again later");
    }
    if (cancelled)
        return (struct reply){.kind = REPLY_BAD, .text = S("Cancelled")};
    if (done.outcome != AUTH_OK)
        return login_failed(s, &done);
    if (!last_word(s, &done))
        return s->phase == PHASE_END ? reply_lost(s)
                                     : (struct reply){.kind = REPLY_BAD, .text = S("Cancelled")};
    return promote(s, tag);
}
