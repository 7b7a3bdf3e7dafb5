/* SPDX-License-Identifier: ISC */
/* How it works: smtpd_session_run() is the loop: next_line() waits (for the client, or for front
 * saying that the house closes), obey() parses and runs one command, say() is the only writer.
 * Replies leave when no further command is buffered (RFC 2920 3.2). */
#include "smtpd/session.h"

#include <string.h>

#include "os/clock.h"
#include "wire/address.h"

deadline session_deadline(const struct smtpd_session *s)
{
    uint64_t seconds = s->site->timeoutsmtpd ? s->site->timeoutsmtpd : 1; /* as qmail-smtpd */
    /* Nothing can be done in submission before the login: no reason to wait for long. */
    if (session_is_submission(s) && s->user.n == 0 && s->site->timeoutlogin < seconds)
        seconds = s->site->timeoutlogin;
    return deadline_in_ms((int64_t)seconds * 1000);
}

bool session_is_submission(const struct smtpd_session *s)
{
    return s->start->service == SERVICE_SUBMISSION || s->start->service == SERVICE_SUBMISSIONS;
}

static bool is_loopback(str ip)
{
    return str_starts(ip, S("127.")) || str_eq(ip, S("::1"));
}

bool session_plaintext_allowed(const struct smtpd_session *s)
{
    return s->tls.on || s->site->allowplaintext || is_loopback(s->start->peer_ip);
}

bool session_variable(const struct smtpd_session *s, str name, str *ret_value)
{
    str rest = s->start->environment, one;
    while (rest.n) {
        (void)str_cut(rest, '\0', &one, &rest); /* a last one without NUL is one too */
        if (str_skip(&one, name) && str_skip(&one, S("="))) {
            *ret_value = one;
            return true;
        }
    }
    return false;
}

void session_forget_mail(struct smtpd_session *s)
{
    struct buf recipients = s->envelope.recipients;
    buf_reset(&recipients);
    s->envelope = (struct envelope_parts){.recipients = recipients};
    arena_reset(s->envelope_arena);
    message_done(&s->message);
    if (s->phase != PHASE_START)
        s->phase = PHASE_GREETED;
}

void session_note(struct smtpd_session *s, enum session_note_kind kind)
{
    struct session_note note = {.kind = kind};
    if (s->control) /* front may be gone: then the session will end by itself */
        (void)channel_try_send(s->control, &session_note_schema, 0, &note, NULL, 0);
}

void session_abuse(struct smtpd_session *s, str what)
{
    log_event(s->log, EV_SMTP_ABUSE, F_STR("what", what));
    session_note(s, NOTE_ABUSE);
}

struct reply session_unreachable(struct smtpd_session *s, err e)
{
    log_event(s->log, EV_PROGRAM_FAILED, F_ERR(e));
    return (struct reply){451, "4.3.0", S("temporary failure, please try again (#4.3.0)"), false};
}

/* ---- saying ---- */

enum { REPLY_TEXT_MAX = REPLY_LINE_MAX - 16 }; /* code, enhanced code, CRLF */

static err say(struct smtpd_session *s, const struct reply *r)
{
    str rest = r->text, line;
    err e = OK_ERR;
    /* Enhanced codes go to those who were told of them (RFC 2034 3); others get qmail's words. */
    const char *enhanced = s->esmtp && r->enhanced ? r->enhanced : NULL;
    while (!failed(e)) {
        bool more = str_cut(rest, '\n', &line, &rest);
        line = str_slice(line, 0, REPLY_TEXT_MAX);
        e = io_writef(s->io, "%d%c%s%s%.*s\r\n", r->code, more ? '-' : ' ',
                      enhanced ? enhanced : "", enhanced ? " " : "", STR_ARG(line));
        if (!more)
            break;
    }
    return e;
}

err session_say_now(struct smtpd_session *s, const struct reply *r)
{
    err e = say(s, r);
    return failed(e) ? e : io_flush(s->io, session_deadline(s));
}

static bool command_waits(const struct smtpd_session *s)
{
    str have = io_peek(s->io);
    return have.n && memchr(have.p, '\n', have.n);
}

/* ---- hearing ---- */

static void take_control(struct smtpd_session *s)
{
    struct packet p;
    err e = channel_try_recv(s->control, &p);
    if (e.kind == ERR_TEMP)
        return;
    /* Without front nobody counts this connection any more, nor can ban it. */
    s->draining = failed(e) || p.type == IPC_SESSION_DRAIN;
}

static err next_line(struct smtpd_session *s, str *ret_line)
{
    deadline by = session_deadline(s);
    if (!command_waits(s)) {
        err e = io_flush(s->io, by);
        while (!failed(e) && io_peek(s->io).n == 0) {
            unsigned ready = 0;
            e = io_wait(s->io, s->control ? channel_fd(s->control) : -1, by, &ready);
            if (!failed(e) && ready & IO_READY_INPUT)
                break;
            if (!failed(e) && ready & IO_READY_OTHER)
                take_control(s);
            if (s->draining)
                return err_new(ERR_CLOSED, "the house closes");
        }
        if (failed(e))
            return e;
    }
    return io_read_line(s->io, SMTP_AUTH_LINE_MAX, by, ret_line);
}

/* ---- obeying ---- */

static bool counts_as_error(const struct reply *r)
{
    return r->code == 500 || r->code == 501 || r->code == 502 || r->code == 503 || r->code == 504 ||
           r->code == 555;
}

/* The same for every command: who errs, refuses or idles too much is sent away. */
static struct reply bounded(struct smtpd_session *s, struct reply r)
{
    s->errors += counts_as_error(&r);
    if (s->errors <= SMTPD_ERRORS_MAX && s->refusals <= SMTPD_REFUSALS_MAX &&
        s->idle <= SMTPD_IDLE_COMMANDS && s->failed_logins < SMTPD_LOGINS_MAX)
        return r;
    session_abuse(s, s->errors > SMTPD_ERRORS_MAX       ? S("errors")
                     : s->refusals > SMTPD_REFUSALS_MAX ? S("refused recipients")
                     : s->failed_logins                 ? S("failed logins")
                                                        : S("idle commands"));
    return (struct reply){421, "4.7.0", S("too many errors, closing (#4.7.0)"), true};
}

static struct reply obey(struct smtpd_session *s, str line)
{
    struct smtp_command c;
    err e = smtp_parse_command(line, s->by_hand, &c);
    if (failed(e)) {
        session_abuse(s, S("line ends in a command"));
        return (struct reply){500, "5.5.2",
                              S("lines end in CRLF here, see RFC 5321 2.3.8 (#5.5.2)"), true};
    }
    if (line.n > SMTP_COMMAND_MAX && c.verb != SMTP_AUTH)
        return (struct reply){500, "5.5.2", S("line too long (#5.5.2)"), false};
    if (c.verb == SMTP_HTTP) {
        session_abuse(s, S("HTTP"));
        return (struct reply){554, "5.5.1", S("this is SMTP (#5.5.1)"), true};
    }
    s->idle++;
    const struct command_row *row = command_find(c.verb);
    if (row->in & s->phase)
        return row->run(s, c.args);
    struct reply wrong = command_wrong_phase(s, c.verb);
    return c.verb == SMTP_BDAT ? cmd_bdat_out_of_turn(s, c.args, wrong) : wrong;
}

static void tell_refusal(struct smtpd_session *s, str line, const struct reply *r)
{
    str shown = str_trim(str_slice(line, 0, 200));
    if (str_istarts(shown, S("AUTH")))
        shown = S("AUTH"); /* what follows may be a password */
    if (r->code >= 400)
        log_event(s->log, EV_SMTP_REJECTED, F_INT("code", r->code), F_STR("reply", r->text),
                  F_STR("command", shown), F_STR("sender", s->envelope.sender));
}

static err serve(struct smtpd_session *s, bool *ret_more)
{
    str line = S("");
    err e = next_line(s, &line);
    struct reply r;
    if (e.kind == ERR_LIMIT) {
        e = io_skip_line(s->io, session_deadline(s));
        r = bounded(s, (struct reply){500, "5.5.2", S("line too long (#5.5.2)"), false});
    } else if (!failed(e)) {
        line = arena_copy(s->scratch, line); /* commands read on: the view would move */
        r = bounded(s, obey(s, line));
    }
    if (failed(e))
        return e;
    tell_refusal(s, line, &r);
    *ret_more = !r.close;
    if (r.code)
        e = say(s, &r);
    arena_reset(s->scratch);
    return e;
}

static void last_words(struct smtpd_session *s, err e)
{
    struct reply r = {0};
    if (s->draining)
        r = (struct reply){421, "4.3.2", S("closing for maintenance (#4.3.2)"), true};
    else if (e.kind == ERR_TIMEOUT)
        r = (struct reply){451, "4.4.2", S("timeout (#4.4.2)"), true};
    if (r.code && failed(say(s, &r)))
        return;
    (void)io_flush(s->io, deadline_in_ms(SMTPD_FAREWELL_MS)); /* the client may be gone */
}

static void open_session(struct smtpd_session *s)
{
    s->arena = arena_new("session", 1 << 20);
    s->scratch = arena_new("command", 1 << 20);
    s->envelope_arena = arena_new("envelope", 1 << 20);
    s->log = log_new(NULL);
    log_set(s->log, "sid", s->start->sid);
    log_set(s->log, "peer", s->start->peer_ip);
    log_set(s->log, "service", str_from(service_name((enum service)s->start->service)));
    buf_init(&s->envelope.recipients, SUBMIT_RECIPIENT_BYTES);
    s->phase = PHASE_START;
    s->helo = S("");
    s->tls = (struct tls_facts){.on = s->start->tls,
                                .version = s->start->tls_version,
                                .cipher = s->start->tls_cipher,
                                .sni = s->start->tls_sni,
                                .endpoint = s->start->tls_endpoint,
                                .exporter = s->start->tls_exporter,
                                .unique = s->start->tls_unique,
                                .client = s->start->tls_client_cert};
    s->has_relay_suffix = session_variable(s, S("RELAYCLIENT"), &s->relay_suffix);
    s->relay = s->has_relay_suffix;
    s->databytes = s->site->databytes;
    str text;
    if (session_variable(s, S("DATABYTES"), &text) && !str_take_u64(&text, &s->databytes))
        s->databytes = 0; /* qmail reads no digits as zero: no limit */
}

static void close_session(struct smtpd_session *s)
{
    message_done(&s->message);
    buf_done(&s->message.body);
    buf_done(&s->envelope.recipients);
    services_close(&s->services);
    log_free(s->log);
    arena_free(s->envelope_arena);
    arena_free(s->scratch);
    arena_free(s->arena);
}

void smtpd_session_run(struct smtpd_session *s)
{
    open_session(s);
    struct reply greeting = {
        220, NULL, arena_printf(s->arena, "%.*s ESMTP", STR_ARG(s->site->smtpgreeting)), false};
    err e = say(s, &greeting);
    bool more = true;
    while (!failed(e) && more)
        e = serve(s, &more);
    last_words(s, e);
    close_session(s);
}
