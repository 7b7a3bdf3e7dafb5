/* SPDX-License-Identifier: ISC */
#include "list/reply.h"

#include <string.h>

#include "os/clock.h"
#include "wire/charset.h"
#include "wire/date.h"
#include "wire/encoding.h"
#include "wire/header.h"
#include "wire/words.h"

void reply_init(struct reply *p, struct list_run *run, const char *subject, str target)
{
    *p = (struct reply){
        .run = run, .subject = subject, .tags.target = target, .delivered = "responder for"};
    buf_init(&p->body, REPLY_MAX);
}

void reply_done(struct reply *p)
{
    buf_done(&p->body);
}

void reply_text(struct reply *p, const char *name)
{
    (void)text_write(&p->body, p->run->list, &p->tags, name);
}

void reply_request(struct reply *p)
{
    str lines;
    uint64_t wanted = 0;
    struct header_split m = header_split(p->run->message, 0);
    buf_add(&p->body, S("\n--- Enclosed is a copy of the request I received.\n\n"));
    buf_addf(&p->body, "Return-Path: <%.*s>\n", STR_ARG(p->run->sender));
    buf_add(&p->body, m.header);
    if (list_value(p->run->list, "copylines", &lines))
        (void)str_u64(lines, &wanted); /* not a number: none */
    str body = m.body, line;
    buf_addc(&p->body, '\n');
    while (wanted-- && str_line(&body, &line)) {
        buf_add(&p->body, line);
        buf_addc(&p->body, '\n');
    }
}

str reply_delivered(const struct mlist *l, const char *what)
{
    return arena_printf(l->arena, "%s %.*s@%.*s", what, STR_ARG(l->outlocal), STR_ARG(l->outhost));
}

static void add_subject(struct buf *b, struct reply *p)
{
    struct mlist *l = p->run->list;
    auto_buf struct buf text, utf8;
    buf_init(&text, 4096);
    buf_init(&utf8, 8192);
    text_message(&text, l, &p->tags, p->subject);
    str t = buf_str(&text);
    if (utf8_is_valid(t) || failed(charset_to_utf8(&utf8, l->charset, t)))
        buf_add(&utf8, t);
    buf_add(b, S("Subject: "));
    words_encode(b, buf_str(&utf8), 9, S("\n"));
    buf_addc(b, '\n');
}

/* The trace of the request, so that hops are counted and loops seen. */
static void add_trace(struct buf *b, str message)
{
    str header = header_split(message, 0).header;
    struct header_field f;
    while (header_next(&header, &f))
        if (str_ieq(f.name, S("Received")) || str_ieq(f.name, S("Delivered-To")))
            buf_add(b, f.raw);
}

static void add_text(struct buf *b, const struct mlist *l, str body)
{
    buf_addf(b, "Content-Type: text/plain; charset=%.*s\n", STR_ARG(l->charset));
    if (l->encoding == 'Q') {
        struct qp_encoder e = {0};
        buf_add(b, S("Content-Transfer-Encoding: quoted-printable\n\n"));
        qp_encode_feed(&e, b, body, QP_TEXT, S("\n"));
        qp_encode_end(&e, b, S("\n"));
    } else if (l->encoding == 'B') {
        struct base64_encoder e = {0};
        buf_add(b, S("Content-Transfer-Encoding: base64\n\n"));
        base64_encode_feed(&e, b, body, S("\n"));
        base64_encode_end(&e, b, S("\n"));
    } else {
        if (!ascii_is_all(body))
            buf_add(b, S("Content-Transfer-Encoding: 8bit\n"));
        buf_addc(b, '\n');
        buf_add(b, body);
    }
}

static void add_parts(struct buf *b, struct reply *p)
{
    if (!p->enclosed.p) {
        add_text(b, p->run->list, buf_str(&p->body));
        return;
    }
    str boundary =
        arena_printf(p->run->list->arena, "=_%lld_%llu_%u_part", (long long)clock_micros(),
                     (unsigned long long)p->run->pid, p->run->sent);
    buf_addf(b, "Content-Type: multipart/mixed; boundary=\"%.*s\"\n\n--%.*s\n", STR_ARG(boundary),
             STR_ARG(boundary));
    add_text(b, p->run->list, buf_str(&p->body));
    buf_addf(b, "\n--%.*s\nContent-Type: message/rfc822\n\n", STR_ARG(boundary));
    buf_add(b, p->enclosed);
    buf_addf(b, "\n--%.*s--\n", STR_ARG(boundary));
}

static void write_reply(struct buf *b, struct reply *p)
{
    struct mlist *l = p->run->list;
    str from = p->from.n ? p->from : list_address(l, "-help");
    str to = p->to_shown.n ? p->to_shown : p->tags.target;
    buf_addf(b, "Mailing-List: contact %.*s-help@%.*s; run by ezmlm\n", STR_ARG(l->local),
             STR_ARG(l->outhost));
    buf_add(b, S("Date: "));
    date_write_qmail(b, p->run->now);
    buf_addf(b, "\nMessage-ID: <%lld.%llu", (long long)p->run->now,
             (unsigned long long)p->run->pid);
    if (p->run->sent)
        buf_addf(b, ".%u", p->run->sent);
    buf_addf(b, ".ezmlm@%.*s>\nFrom: %.*s\nTo: %.*s\n", STR_ARG(l->outhost), STR_ARG(from),
             STR_ARG(to));
    if (p->cc.n)
        buf_addf(b, "Cc: %.*s\n", STR_ARG(p->cc));
    if (p->reply_to.n)
        buf_addf(b, "Reply-To: %.*s\n", STR_ARG(p->reply_to));
    if (p->unsubscribe)
        buf_addf(b, "List-Unsubscribe: <mailto:%s>\n", p->unsubscribe);
    buf_addf(b, "Delivered-To: %.*s\n", STR_ARG(reply_delivered(l, p->delivered)));
    add_trace(b, p->run->message);
    add_subject(b, p);
    buf_add(b, S("Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"));
    add_parts(b, p);
}

err reply_send_to(struct reply *p, const str *to, size_t n)
{
    auto_buf struct buf b;
    buf_init(&b, (size_t)REPLY_MAX + LIST_POST_MAX);
    write_reply(&b, p);
    err e = buf_check(&b, "answer is too large");
    if (failed(e))
        return e;
    struct list_mail mail = {.sender =
                                 p->sender.n ? p->sender : list_address(p->run->list, "-return-"),
                             .to = to,
                             .n = n,
                             .message = buf_str(&b)};
    e = p->run->send(p->run->ctx, &mail);
    p->run->sent += !failed(e);
    return e;
}

err reply_send(struct reply *p)
{
    return reply_send_to(p, &p->tags.target, 1);
}

struct verdict reply_guard(const struct list_run *r, const char *delivered)
{
    if (!r->has_sender)
        return VERDICT(100, "SENDER not set");
    if (r->sender.n == 0)
        return VERDICT(100, "I don't reply to bounce messages (#5.7.2)");
    if (str_eq(r->sender, S("#@[]")))
        return VERDICT(100, "I don't reply to bounce messages (#5.7.2)");
    if (str_find(r->sender, '@') < 0)
        return VERDICT(100, "I don't reply to senders without host names (#5.7.2)");
    str header = header_split(r->message, 0).header, own = reply_delivered(r->list, delivered);
    struct header_field f;
    while (header_next(&header, &f)) {
        if (str_ieq(f.name, S("Mailing-List")))
            return VERDICT(100, "incoming message has Mailing-List (#5.7.2)");
        if (str_ieq(f.name, S("Delivered-To")) && str_eq(str_trim(f.value), own))
            return VERDICT(100, "this message is looping: it already has my Delivered-To line "
                                "(#5.4.6)");
    }
    return (struct verdict){0};
}
