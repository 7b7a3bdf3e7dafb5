/* SPDX-License-Identifier: ISC */
#include "client/smtp_private.h"
#include "wire/address.h"
#include "wire/dotstuff.h"

enum { LINE_MAX_BYTES = 4096, ADDRESS_BYTES = 1003, PARAMETER_BYTES = 600 };

struct transaction {
    struct smtp_client *c;
    struct arena *arena;
    const struct smtp_message *m;
    struct smtp_recipient *r;
    size_t n, said, heard, accepted;
    bool piped, data_said;
    bool mail_heard;
    unsigned mail_code;
    const struct smtp_reply *mail_reply; /* kept when MAIL is refused and more replies follow */
};

/* ---- what may stand in a command */

static bool is_ascii(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static bool has_control(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return true;
    return false;
}

/* A newline would begin a command of its own; a space or bracket in the domain, a parameter. */
static bool is_sayable(str address)
{
    struct address parts = address_split(address);
    if (!address.n || address.n > ADDRESS_BYTES || has_control(address))
        return false;
    for (size_t i = 0; i < parts.domain.n; i++) {
        char c = parts.domain.p[i];
        if (c == ' ' || c == '<' || c == '>')
            return false;
    }
    return true;
}

static bool is_parameter(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
            return false;
    return s.n > 0 && s.n <= PARAMETER_BYTES;
}

static str header_of(str body)
{
    ptrdiff_t lf = str_find_str(body, S("\n\n")), crlf = str_find_str(body, S("\n\r\n"));
    size_t end = body.n;
    if (lf >= 0)
        end = (size_t)lf;
    if (crlf >= 0 && (size_t)crlf < end)
        end = (size_t)crlf;
    return str_slice(body, 0, end);
}

/* RFC 6531 section 3.1: an address or a header field that is not ASCII. That the message came
 * in with SMTPUTF8 says little: most such clients always ask for it. */
static bool needs_utf8(const struct transaction *t)
{
    if (!is_ascii(t->m->sender))
        return true;
    for (size_t i = 0; i < t->n; i++)
        if (!is_ascii(t->r[i].address))
            return true;
    return t->m->smtputf8 && !is_ascii(header_of(t->m->body));
}

/* ---- saying */

static err say_mail(struct transaction *t)
{
    struct smtp_client *c = t->c;
    unsigned offered = c->ext.offered;
    auto_buf struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    buf_add(&line, S("MAIL FROM:"));
    address_write_path(&line, t->m->sender);
    if (offered & SMTP_EXT_SIZE)
        buf_addf(&line, " SIZE=%llu", (unsigned long long)dotstuff_size(t->m->body));
    if (needs_utf8(t))
        buf_add(&line, S(" SMTPUTF8 BODY=8BITMIME"));
    else if (offered & SMTP_EXT_8BITMIME && !is_ascii(t->m->body))
        buf_add(&line, S(" BODY=8BITMIME"));
    if (offered & SMTP_EXT_DSN && (t->m->ret_hdrs || t->m->ret_full))
        buf_add(&line, t->m->ret_hdrs ? S(" RET=HDRS") : S(" RET=FULL"));
    if (offered & SMTP_EXT_DSN && is_parameter(t->m->envid)) {
        buf_add(&line, S(" ENVID="));
        buf_add(&line, t->m->envid);
    }
    err e = buf_check(&line, "MAIL command");
    return failed(e) ? e : smtp_say(c, buf_str(&line));
}

static err say_rcpt(struct transaction *t, const struct smtp_recipient *r)
{
    bool dsn = t->c->ext.offered & SMTP_EXT_DSN;
    auto_buf struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    buf_add(&line, S("RCPT TO:"));
    address_write_path(&line, r->address);
    if (dsn && is_parameter(r->notify)) {
        buf_add(&line, S(" NOTIFY="));
        buf_add(&line, r->notify);
    }
    if (dsn && is_parameter(r->orcpt)) {
        buf_add(&line, S(" ORCPT="));
        buf_add(&line, r->orcpt);
    }
    err e = buf_check(&line, "RCPT command");
    return failed(e) ? e : smtp_say(t->c, buf_str(&line));
}

/* The next window of recipients, skipping those that were answered without asking. */
static err say_recipients(struct transaction *t)
{
    size_t window = t->piped ? SMTP_WINDOW : 1;
    while (window && t->said < t->n) {
        struct smtp_recipient *r = &t->r[t->said++];
        if (r->code)
            continue;
        err e = say_rcpt(t, r);
        if (failed(e))
            return e;
        window--;
    }
    return OK_ERR;
}

/* ---- hearing */

static err hear_mail(struct transaction *t)
{
    err e = smtp_hear(t->c);
    if (failed(e))
        return e;
    t->mail_heard = true;
    t->mail_code = t->c->last.code;
    if (t->mail_code / 100 != 2) {
        struct smtp_reply *copy = NEW(t->arena, struct smtp_reply);
        *copy = t->c->last;
        t->mail_reply = copy;
    }
    return OK_ERR;
}

static err hear_recipients(struct transaction *t)
{
    while (t->heard < t->said) {
        struct smtp_recipient *r = &t->r[t->heard];
        if (!r->code) {
            err e = smtp_hear(t->c);
            if (failed(e))
                return e;
            r->code = t->c->last.code;
            r->text = arena_copy(t->arena, smtp_reply_text(&t->c->last));
            t->accepted += r->code / 100 == 2;
        }
        t->heard++;
    }
    return OK_ERR;
}

/* MAIL, then RCPTs in windows; DATA goes out with the last window when the server takes
 * commands in advance (RFC 2920). Stops early when MAIL is refused. */
static err envelope(struct transaction *t)
{
    struct smtp_client *c = t->c;
    c->stage = SMTP_STAGE_MAIL;
    err e = say_mail(t);
    if (!failed(e) && !t->piped)
        e = hear_mail(t);
    while (!failed(e) && t->said < t->n && !t->mail_reply) {
        e = say_recipients(t);
        if (!failed(e) && t->piped && t->said == t->n) {
            t->data_said = true;
            e = smtp_say(c, S("DATA"));
        }
        if (!failed(e) && !t->mail_heard)
            e = hear_mail(t);
        if (!failed(e) && !t->mail_reply)
            c->stage = SMTP_STAGE_RCPT;
        if (!failed(e))
            e = hear_recipients(t);
    }
    return e;
}

/* The reply to DATA, or DATA itself. */
static err data_command(struct transaction *t)
{
    err e = OK_ERR;
    if (!t->data_said)
        e = smtp_say(t->c, S("DATA"));
    return failed(e) ? e : smtp_hear(t->c);
}

/* A server that said 354 though it took nobody waits for a message. RFC 2920 section 3.1 has us
 * send an empty one; to close is the same to the server, and nobody can get an empty mail. */
static void leave_data(struct transaction *t)
{
    if (t->c->last.code == 354)
        smtp_drop(t->c);
}

static err send_body(struct transaction *t)
{
    struct smtp_client *c = t->c;
    struct dotstuff d = {0};
    auto_buf struct buf out;
    buf_init(&out, STREAM_OUT);
    str rest = t->m->body;
    err e = OK_ERR;
    while (rest.n && !failed(e)) {
        dotstuff_feed(&d, &rest, &out);
        e = stream_write(&c->stream, buf_str(&out), smtp_by(c));
        buf_reset(&out);
    }
    if (failed(e)) {
        smtp_drop(c);
        smtp_reply_start(&c->last);
        return e;
    }
    dotstuff_end(&d, &out);
    c->stage = SMTP_STAGE_MESSAGE; /* from here on a lost connection may mean a duplicate */
    e = stream_write(&c->stream, buf_str(&out), smtp_by(c));
    if (failed(e)) {
        smtp_drop(c);
        smtp_reply_start(&c->last);
        return e;
    }
    e = smtp_hear(c);
    return failed(e) || c->last.code / 100 == 2 ? e : smtp_refusal(c);
}

static err sender_refused(struct transaction *t)
{
    t->c->stage = SMTP_STAGE_MAIL;
    t->c->last = *t->mail_reply;
    for (size_t i = 0; i < t->n; i++) { /* what followed a refused MAIL means nothing */
        t->r[i].code = 0;
        t->r[i].text = S("");
    }
    return smtp_refusal(t->c);
}

static err transact(struct transaction *t)
{
    struct smtp_client *c = t->c;
    err e = envelope(t);
    if (failed(e))
        return t->mail_reply ? sender_refused(t) : e; /* 421, then it closed */
    c->begun = true;
    if (t->data_said || t->accepted) {
        c->stage = t->accepted ? SMTP_STAGE_DATA : c->stage;
        e = data_command(t);
        if (failed(e))
            return e;
    }
    if (t->mail_reply) {
        leave_data(t);
        return sender_refused(t);
    }
    if (!t->accepted) {
        leave_data(t);
        c->stage = SMTP_STAGE_RCPT;
        return err_new(ERR_DENIED, "no recipient was accepted");
    }
    if (c->last.code != 354)
        return smtp_refusal(c);
    e = send_body(t);
    c->begun = failed(e);
    return e;
}

/* Answers those that cannot be asked for. Returns how many are left. */
static size_t screen(struct smtp_recipient *r, size_t n)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        bool good = is_sayable(r[i].address);
        r[i].code = good ? 0 : 553;
        r[i].text = S("");
        left += good;
    }
    return left;
}

err smtp_deliver(struct smtp_client *c, struct arena *a, const struct smtp_message *m,
                 struct smtp_recipient *recipients, size_t n)
{
    struct transaction t = {.c = c, .arena = a, .m = m, .r = recipients, .n = n};
    if (!c->open)
        return err_new(ERR_CLOSED, "SMTP connection");
    if (n > SMTP_RECIPIENTS_MAX)
        return err_new(ERR_LIMIT, "recipients of one transaction");
    smtp_reply_start(&c->last);
    c->stage = SMTP_STAGE_MAIL;
    if (m->sender.n && !is_sayable(m->sender))
        return err_new(ERR_SYNTAX, "sender that no command can carry");
    if (needs_utf8(&t) && !(c->ext.offered & SMTP_EXT_SMTPUTF8))
        return err_new(ERR_DENIED, "SMTPUTF8 is not offered");
    if (!screen(recipients, n)) {
        c->stage = SMTP_STAGE_RCPT;
        return err_new(ERR_DENIED, "no recipient was accepted");
    }
    err e = c->begun ? smtp_reset(c) : OK_ERR;
    t.piped = c->ext.offered & SMTP_EXT_PIPELINING;
    if (!failed(e))
        e = transact(&t);
    if (c->open && c->last.code == 421) /* RFC 5321 section 3.8: it closes after this */
        smtp_drop(c);
    if (!failed(e))
        c->stage = SMTP_STAGE_IDLE;
    return e;
}
