/* SPDX-License-Identifier: ISC */
#include "smtpd/session.h"

#include "wire/address.h"

static struct reply refused(struct smtpd_session *s, struct reply r)
{
    s->refusals++;
    return r;
}

static struct reply not_our_host(struct smtpd_session *s)
{
    return refused(
        s, (struct reply){553, "5.7.1",
                          S("sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
                          false});
}

/* Without route (a session by hand, as inetd starts qmail-smtpd) only rcpthosts decides. */
static struct reply ask_rcpthosts(struct smtpd_session *s, str address)
{
    bool allowed = s->relay;
    err e = s->relay ? OK_ERR : site_rcpthost_allowed(s->site, address, &allowed);
    if (failed(e))
        return (struct reply){451, "4.3.0", S("unable to read controls (#4.3.0)"), false};
    return allowed ? (struct reply){250, "2.1.5", S("ok"), false} : not_our_host(s);
}

static struct reply ask_route(struct smtpd_session *s, str address)
{
    struct route_answer a;
    err e = services_route(&s->services, address, s->relay, &a);
    if (e.kind == ERR_NOTFOUND)
        return ask_rcpthosts(s, address);
    if (failed(e))
        return session_unreachable(s, e);
    switch ((enum route_outcome)a.outcome) {
    case ROUTE_LOCAL:
    case ROUTE_REMOTE:
        return (struct reply){250, "2.1.5", S("ok"), false};
    case ROUTE_DENIED:
        return not_our_host(s);
    case ROUTE_NO_USER:
        return refused(s,
                       (struct reply){550, "5.1.1",
                                      a.text.n ? arena_copy(s->scratch, a.text)
                                               : S("sorry, no mailbox here by that name (#5.1.1)"),
                                      false});
    case ROUTE_TEMP:
        break;
    }
    return (struct reply){451, "4.3.0",
                          a.text.n ? arena_copy(s->scratch, a.text)
                                   : S("temporary failure, please try again (#4.3.0)"),
                          false};
}

/* user@[our own address] is meant for us: localiphost. */
static str own_literal(struct smtpd_session *s, str address)
{
    struct address a = address_split(address);
    str literal = a.domain;
    if (s->site->localiphost.n == 0 || !str_skip(&literal, S("[")) || !str_ends(literal, S("]")))
        return address;
    literal.n--;
    (void)str_iskip(&literal, S("IPv6:")); /* RFC 5321 4.1.3 */
    if (!str_ieq(literal, s->start->local_ip))
        return address;
    return arena_printf(s->scratch, "%.*s@%.*s", STR_ARG(a.local), STR_ARG(s->site->localiphost));
}

static struct reply decide(struct smtpd_session *s, const struct smtp_rcpt *r, str address)
{
    uint64_t max = s->site->maxrcpt && s->site->maxrcpt < SUBMIT_RECIPIENTS_MAX
                       ? s->site->maxrcpt
                       : SUBMIT_RECIPIENTS_MAX;
    struct envelope_parts *e = &s->envelope;
    if (e->bad_sender)
        return refused(
            s, (struct reply){553, "5.7.1",
                              S("sorry, your envelope sender is in my badmailfrom list (#5.7.1)"),
                              false});
    if (site_badmailto(s->site, r->recipient))
        return refused(
            s, (struct reply){553, "5.7.1",
                              S("sorry, your envelope recipient is in my badmailto list (#5.7.1)"),
                              false});
    if (e->n >= max || e->recipients.n + address.n + r->orcpt.n + 64 > SUBMIT_RECIPIENT_BYTES)
        return (struct reply){452, "4.5.3", S("too many recipients for one mail (#4.5.3)"), false};
    return ask_route(s, address);
}

struct reply cmd_rcpt(struct smtpd_session *s, str args)
{
    struct smtp_rcpt r;
    err e = smtp_parse_rcpt(s->scratch, args, s->envelope.utf8, &r);
    if (e.kind == ERR_NOTFOUND)
        return (struct reply){555, "5.5.4", S("parameter not implemented (#5.5.4)"), false};
    if (e.kind == ERR_DENIED)
        return (struct reply){553, "5.6.7", S("non-ASCII address without SMTPUTF8 (#5.6.7)"),
                              false};
    if (failed(e))
        return (struct reply){555, "5.5.4", S("syntax error (#5.5.4)"), false};
    str address = own_literal(s, r.recipient);
    if (s->has_relay_suffix && s->relay_suffix.n)
        address = arena_printf(s->scratch, "%.*s%.*s", STR_ARG(address), STR_ARG(s->relay_suffix));
    if (address.n > QMAIL_ENVELOPE_ADDRESS_MAX)
        return (struct reply){555, "5.1.3", S("address is too long (#5.1.3)"), false};
    struct reply reply = decide(s, &r, address);
    if (reply.code != 250)
        return reply;
    struct buf *b = &s->envelope.recipients;
    buf_add(b, address);
    buf_addc(b, '\0');
    dsn_write_notify(b, r.notify);
    buf_addc(b, '\0');
    buf_add(b, r.orcpt);
    buf_addc(b, '\0');
    s->envelope.n++;
    s->phase = PHASE_RCPT;
    return reply;
}
