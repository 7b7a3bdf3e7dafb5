/* SPDX-License-Identifier: ISC */
#include "smtpd/session.h"

/* qmail answers 555 to whatever it cannot read; the rest has its own RFC's code. */
static struct reply refuse(err e)
{
    switch (e.kind) {
    case ERR_NOTFOUND:
        return (struct reply){555, "5.5.4", S("parameter not implemented (#5.5.4)"), false};
    case ERR_DENIED: /* RFC 6531 3.5 */
        return (struct reply){553, "5.6.7", S("non-ASCII address without SMTPUTF8 (#5.6.7)"),
                              false};
    default:
        return (struct reply){555, "5.5.4", S("syntax error (#5.5.4)"), false};
    }
}

struct reply cmd_mail(struct smtpd_session *s, str args)
{
    if (session_is_submission(s) && !s->relay) /* RFC 6409 4.3 */
        return (struct reply){530, "5.7.0", S("please log in first (#5.7.0)"), false};
    struct smtp_mail m;
    err e = smtp_parse_mail(s->scratch, args, &m);
    if (failed(e))
        return refuse(e);
    if (m.has_size && s->databytes && m.size > s->databytes) /* RFC 1870 6.1 */
        return (struct reply){
            552, "5.3.4", S("sorry, that message size exceeds my databytes limit (#5.3.4)"), false};
    session_forget_mail(s);
    s->envelope.sender = arena_copy(s->envelope_arena, m.sender);
    s->envelope.bad_sender = site_badmailfrom(s->site, m.sender);
    s->envelope.utf8 = m.utf8;
    s->envelope.envid = arena_copy(s->envelope_arena, m.envid);
    s->envelope.flags = (m.eight_bit ? SUBMIT_8BITMIME : 0u) | (m.utf8 ? SUBMIT_SMTPUTF8 : 0u) |
                        (m.ret == DSN_RET_HDRS ? SUBMIT_RET_HDRS : 0u) |
                        (m.ret == DSN_RET_FULL ? SUBMIT_RET_FULL : 0u);
    s->phase = PHASE_MAIL;
    return (struct reply){250, "2.1.0", S("ok"), false};
}
