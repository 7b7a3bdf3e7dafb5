/* SPDX-License-Identifier: ISC */
#include "client/smtp.h"

#include <stdio.h>

#include "client/smtp_private.h"
#include "os/clock.h"
#include "os/fd.h"

enum { COMMAND_MAX = 2100, QUIT_MS = 2000 };

const char *smtp_stage_name(enum smtp_stage s)
{
    static const char *const names[] = {
        [SMTP_STAGE_CONNECT] = "connect", [SMTP_STAGE_GREETING] = "greeting",
        [SMTP_STAGE_HELO] = "helo",       [SMTP_STAGE_TLS] = "tls",
        [SMTP_STAGE_AUTH] = "auth",       [SMTP_STAGE_MAIL] = "mail",
        [SMTP_STAGE_RCPT] = "rcpt",       [SMTP_STAGE_DATA] = "data",
        [SMTP_STAGE_MESSAGE] = "message", [SMTP_STAGE_IDLE] = "idle",
    };
    return names[s];
}

struct smtp_client *smtp_client_new(void)
{
    struct smtp_client *c = mem_alloc("smtp client", sizeof *c);
    stream_init(&c->stream);
    return c;
}

void smtp_drop(struct smtp_client *c)
{
    stream_close(&c->stream);
    c->open = false;
}

void smtp_client_free(struct smtp_client *c)
{
    if (!c)
        return;
    smtp_drop(c);
    free(c);
}

bool smtp_is_open(const struct smtp_client *c)
{
    return c->open;
}

enum smtp_stage smtp_stage(const struct smtp_client *c)
{
    return c->stage;
}

const struct smtp_reply *smtp_last(const struct smtp_client *c)
{
    return &c->last;
}

const struct smtp_extensions *smtp_offered(const struct smtp_client *c)
{
    return &c->ext;
}

const char *smtp_tls_used(const struct smtp_client *c)
{
    return c->tls_used;
}

const char *smtp_tls_failure(const struct smtp_client *c)
{
    return c->tls_failure;
}

/* ---- one command, one reply */

deadline smtp_by(const struct smtp_client *c)
{
    return deadline_in_ms(c->o->command_ms);
}

err smtp_say(struct smtp_client *c, str line)
{
    err e = stream_write(&c->stream, line, smtp_by(c));
    if (!failed(e))
        e = stream_write(&c->stream, S("\r\n"), smtp_by(c));
    if (failed(e))
        smtp_drop(c);
    return e;
}

err smtp_hear(struct smtp_client *c)
{
    deadline by = smtp_by(c);
    smtp_reply_start(&c->last);
    err e = stream_flush(&c->stream, by);
    while (!failed(e) && !c->last.done) {
        str line;
        e = stream_read_line(&c->stream, SMTP_REPLY_LINE, by, &line);
        if (!failed(e))
            e = smtp_reply_add(&c->last, line);
    }
    if (failed(e)) {
        smtp_reply_start(&c->last); /* half a reply is none */
        smtp_drop(c);
    }
    return e;
}

err smtp_refusal(const struct smtp_client *c)
{
    if (c->last.code >= 500)
        return err_new(ERR_DENIED, "the server refuses");
    if (c->last.code >= 400)
        return err_new(ERR_TEMP, "the server refuses for now");
    return err_new(ERR_SYNTAX, "unexpected SMTP reply");
}

static err say_and_hear(struct smtp_client *c, const char *verb, str argument)
{
    auto_buf struct buf line;
    buf_init(&line, COMMAND_MAX);
    buf_add(&line, str_from(verb));
    buf_add(&line, argument);
    err e = buf_check(&line, "SMTP command");
    if (!failed(e))
        e = smtp_say(c, buf_str(&line));
    return failed(e) ? e : smtp_hear(c);
}

/* ---- from the greeting to the first MAIL */

static err greeting(struct smtp_client *c)
{
    c->stage = SMTP_STAGE_GREETING;
    err e = smtp_hear(c);
    if (!failed(e) && c->last.code != 220)
        e = smtp_refusal(c);
    return e;
}

static err hello(struct smtp_client *c)
{
    c->stage = SMTP_STAGE_HELO;
    c->ext = (struct smtp_extensions){0};
    err e = say_and_hear(c, "EHLO ", c->o->helo);
    if (failed(e))
        return e;
    if (c->last.code == 250) {
        smtp_extensions_read(&c->last, &c->ext);
        return OK_ERR;
    }
    if (c->last.code < 500)
        return smtp_refusal(c);
    e = say_and_hear(c, "HELO ", c->o->helo); /* RFC 5321 section 3.2 */
    if (!failed(e) && c->last.code != 250)
        e = smtp_refusal(c);
    return e;
}

static err shake_hands(struct smtp_client *c)
{
    enum tls_trust trust = c->o->tls == SMTP_TLS_VERIFIED ? TLS_VERIFIED : TLS_OPPORTUNISTIC;
    struct tls_info info;
    c->stage = SMTP_STAGE_TLS;
    err e = stream_start_tls(&c->stream, c->o->side, c->o->tls_host, trust, smtp_by(c));
    if (failed(e)) {
        const char *why = stream_tls_why(&c->stream);
        snprintf(c->tls_failure, sizeof c->tls_failure, "%s", *why ? why : err_text(e));
        smtp_reply_start(&c->last);
        smtp_drop(c);
        return e;
    }
    tls_info(c->stream.tls, &info);
    snprintf(c->tls_used, sizeof c->tls_used, "%s %s", info.version, info.cipher);
    return OK_ERR;
}

static err upgrade(struct smtp_client *c)
{
    bool must = c->o->tls >= SMTP_TLS_REQUIRED;
    if (c->o->tls == SMTP_TLS_NEVER || c->stream.tls)
        return OK_ERR;
    c->stage = SMTP_STAGE_TLS;
    if (!(c->ext.offered & SMTP_EXT_STARTTLS)) {
        snprintf(c->tls_failure, sizeof c->tls_failure, "STARTTLS is not offered");
        return must ? err_new(ERR_TEMP, "STARTTLS is not offered") : OK_ERR;
    }
    err e = say_and_hear(c, "STARTTLS", S(""));
    if (failed(e))
        return e;
    if (c->last.code != 220) {
        snprintf(c->tls_failure, sizeof c->tls_failure, "STARTTLS was refused");
        return must ? smtp_refusal(c) : OK_ERR;
    }
    e = shake_hands(c);
    return failed(e) ? e : hello(c); /* RFC 3207 section 4.2: all learned before is void */
}

/* Refused in words: leave with some, as RFC 5321 section 4.1.1.10 asks, but without waiting. */
static void say_goodbye(struct smtp_client *c)
{
    if (!c->open)
        return;
    err e = stream_write(&c->stream, S("QUIT\r\n"), deadline_in_ms(0));
    if (!failed(e))
        e = stream_flush(&c->stream, deadline_in_ms(0));
    (void)e; /* gone is gone */
}

static err begin(struct smtp_client *c)
{
    err e = c->o->tls_at_once && c->o->side ? shake_hands(c) : OK_ERR;
    if (!failed(e))
        e = greeting(c);
    if (!failed(e))
        e = hello(c);
    if (!failed(e))
        e = upgrade(c);
    if (!failed(e) && c->o->user.n) {
        c->stage = SMTP_STAGE_AUTH;
        e = smtp_login(c);
    }
    if (failed(e)) {
        say_goodbye(c);
        smtp_drop(c);
        return e;
    }
    c->stage = SMTP_STAGE_IDLE;
    return OK_ERR;
}

err smtp_open_fd(struct smtp_client *c, int fd, const struct smtp_options *o)
{
    smtp_drop(c);
    c->o = o;
    c->begun = false;
    c->tls_used[0] = c->tls_failure[0] = 0;
    smtp_reply_start(&c->last);
    c->stage = SMTP_STAGE_CONNECT;
    err e = stream_open(&c->stream, fd);
    c->open = true;
    return failed(e) ? e : begin(c);
}

static err connect_and_begin(struct smtp_client *c, const struct net_address *to,
                             const struct smtp_options *o)
{
    int fd;
    err e = net_connect_from(to, o->source, deadline_in_ms(o->connect_ms), &fd);
    return failed(e) ? e : smtp_open_fd(c, fd, o);
}

err smtp_open(struct smtp_client *c, const struct net_address *to, const struct smtp_options *o)
{
    smtp_drop(c);
    smtp_reply_start(&c->last);
    c->stage = SMTP_STAGE_CONNECT;
    c->loopback = net_address_is_loopback(to);
    err e = connect_and_begin(c, to, o);
    if (!failed(e) || c->stage != SMTP_STAGE_TLS || o->tls != SMTP_TLS_OFFERED || o->tls_at_once)
        return e;
    /* RFC 7435: a handshake that fails must not be worse than no offer. In plain, once more. */
    char why[sizeof c->tls_failure];
    struct smtp_options plain = *o;
    plain.tls = SMTP_TLS_NEVER;
    snprintf(why, sizeof why, "%s", c->tls_failure);
    e = connect_and_begin(c, to, &plain);
    c->o = o;
    snprintf(c->tls_failure, sizeof c->tls_failure, "%s", why);
    return e;
}

err smtp_reset(struct smtp_client *c)
{
    if (!c->open)
        return err_new(ERR_CLOSED, "SMTP connection");
    err e = say_and_hear(c, "RSET", S(""));
    if (failed(e))
        return e;
    if (c->last.code != 250) {
        e = smtp_refusal(c);
        smtp_drop(c);
        return e;
    }
    c->begun = false;
    return OK_ERR;
}

void smtp_quit(struct smtp_client *c)
{
    if (!c->open)
        return;
    deadline by = deadline_in_ms(QUIT_MS);
    str line;
    err e = stream_write(&c->stream, S("QUIT\r\n"), by);
    if (!failed(e))
        e = stream_flush(&c->stream, by);
    if (!failed(e))
        e = stream_read_line(&c->stream, SMTP_REPLY_LINE, by, &line);
    (void)e; /* gone is gone */
    smtp_drop(c);
}
