/* SPDX-License-Identifier: ISC */
#include "wire/message.h"

#include <string.h>

#include "wire/address.h"
#include "wire/date.h"

static bool is_safe(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (c && strchr(".@%+/=:-[]", c));
}

void safe_write(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(b, is_safe(s.p[i]) ? s.p[i] : '?');
}

/* Our own text, but a cipher's name comes from a library that took it from a peer. */
static void comment_write(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(b, is_safe(s.p[i]) || s.p[i] == ' ' || s.p[i] == '_' ? s.p[i] : '?');
}

static void line_write(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(b, s.p[i] == '\n' || s.p[i] == '\r' || s.p[i] == 0 ? '_' : s.p[i]);
}

void received_write(struct buf *b, const struct received *r)
{
    str host = r->remote_host.n ? r->remote_host : S("unknown");
    buf_add(b, S("Received: from "));
    safe_write(b, host);
    if (r->helo.n > 0 && !str_ieq(r->helo, host)) {
        buf_add(b, S(" (HELO "));
        safe_write(b, r->helo);
        buf_addc(b, ')');
    }
    buf_add(b, S(" ("));
    if (r->remote_info.n > 0) {
        safe_write(b, r->remote_info);
        buf_addc(b, '@');
    }
    safe_write(b, r->remote_ip);
    buf_add(b, S(")\n  by "));
    safe_write(b, r->local_host);
    buf_add(b, S(" with "));
    safe_write(b, r->protocol);
    if (r->tls.n > 0) {
        buf_add(b, S(" ("));
        comment_write(b, r->tls);
        buf_addc(b, ')');
    }
    if (r->id.n > 0) {
        buf_add(b, S(" id "));
        safe_write(b, r->id);
    }
    buf_add(b, S("; "));
    date_write_qmail(b, r->epoch);
    buf_addc(b, '\n');
}

str received_protocol(unsigned flags)
{
    static const str esmtp[4] = {S("ESMTP"), S("ESMTPS"), S("ESMTPA"), S("ESMTPSA")};
    static const str utf8[4] = {S("UTF8SMTP"), S("UTF8SMTPS"), S("UTF8SMTPA"), S("UTF8SMTPSA")};
    unsigned kind = (flags & RECEIVED_TLS ? 1U : 0U) | (flags & RECEIVED_AUTH ? 2U : 0U);
    if (flags & RECEIVED_UTF8)
        return utf8[kind];
    /* RFC 3848: TLS and AUTH come with EHLO only */
    return flags & RECEIVED_ESMTP || kind ? esmtp[kind] : S("SMTP");
}

void received_write_queue(struct buf *b, uint64_t pid, str how, int64_t epoch)
{
    buf_addf(b, "Received: (qmail %llu invoked ", (unsigned long long)pid);
    comment_write(b, how);
    buf_add(b, S("); "));
    date_write_qmail(b, epoch);
    buf_addc(b, '\n');
}

void return_path_write(struct buf *b, str sender)
{
    buf_add(b, S("Return-Path: "));
    address_write_path(b, sender);
    buf_addc(b, '\n');
}

void delivered_to_write(struct buf *b, str address)
{
    buf_add(b, S("Delivered-To: "));
    line_write(b, address);
    buf_addc(b, '\n');
}

void from_line_write(struct buf *b, str sender, int64_t epoch)
{
    buf_add(b, S("From "));
    if (sender.n == 0)
        sender = S("MAILER-DAEMON");
    for (size_t i = 0; i < sender.n; i++) { /* mbox readers cut the line at blanks */
        char c = sender.p[i];
        buf_addc(b, char_is_space(c) || c == '\n' || c == '\r' ? '-' : c);
    }
    buf_addc(b, ' ');
    date_write_mbox(b, epoch);
    buf_addc(b, '\n');
}

void message_id_write(struct buf *b, const struct message_id *id)
{
    buf_addc(b, '<');
    date_write_stamp(b, id->epoch);
    buf_addf(b, ".%llu.", (unsigned long long)id->pid);
    safe_write(b, id->tag);
    buf_addc(b, '@');
    safe_write(b, id->host);
    buf_addc(b, '>');
}
