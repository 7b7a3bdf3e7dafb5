/* SPDX-License-Identifier: ISC */
#include "smtpd/session.h"

#include <string.h>

static struct reply greet(struct smtpd_session *s, str args, bool esmtp)
{
    if (failed(smtp_check_helo(args)))
        return (struct reply){501, "5.5.4", S("that is no name (#5.5.4)"), false};
    session_forget_mail(s);
    memcpy(s->helo_text, args.p, args.n);
    s->helo = str_of(s->helo_text, args.n);
    s->esmtp = esmtp;
    s->phase = PHASE_GREETED;
    return (struct reply){250, NULL, s->site->smtpgreeting, false};
}

struct reply cmd_helo(struct smtpd_session *s, str args)
{
    return greet(s, args, false);
}

static void add_auth(const struct smtpd_session *s, struct buf *b)
{
    buf_add(b, S("\nAUTH"));
    if (s->tls.on && (s->tls.exporter.n || s->tls.endpoint.n))
        buf_add(b, S(" SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS"));
    buf_add(b, S(" SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5"));
    if (s->tls.client.n)
        buf_add(b, S(" EXTERNAL"));
    if (session_plaintext_allowed(s))
        buf_add(b, S(" PLAIN LOGIN"));
    if (session_plaintext_allowed(s) && s->site->tokenurl.n)
        buf_add(b, S(" OAUTHBEARER XOAUTH2"));
}

struct reply cmd_ehlo(struct smtpd_session *s, str args)
{
    struct reply r = greet(s, args, true);
    if (r.code != 250)
        return r;
    auto_buf struct buf b;
    buf_init(&b, 4096);
    buf_add(&b, r.text);
    buf_add(&b, S("\nPIPELINING\n8BITMIME\nSMTPUTF8\nENHANCEDSTATUSCODES\nCHUNKING\nDSN\n"));
    buf_addf(&b, "SIZE %llu", (unsigned long long)s->databytes); /* RFC 1870 3: 0 is no limit */
    if (s->start->can_starttls && !s->tls.on && s->control)
        buf_add(&b, S("\nSTARTTLS"));
    if (s->user.n == 0 && s->can_login)
        add_auth(s, &b);
    if (failed(buf_check(&b, "EHLO")))
        return (struct reply){451, NULL, S("smtpgreeting is too long (#4.3.5)"), true};
    r.text = arena_copy(s->scratch, buf_str(&b));
    return r;
}
