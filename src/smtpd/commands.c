/* SPDX-License-Identifier: ISC */
/* Which command is legal when, and the commands that need no file of their own. */
#include "smtpd/session.h"

static struct reply cmd_rset(struct smtpd_session *s, str args)
{
    (void)args; /* qmail ignores them */
    session_forget_mail(s);
    return (struct reply){250, "2.0.0", S("flushed"), false};
}

static struct reply cmd_noop(struct smtpd_session *s, str args)
{
    (void)s, (void)args; /* RFC 5321 4.1.1.9: a string that means nothing */
    return (struct reply){250, "2.0.0", S("ok"), false};
}

static struct reply cmd_vrfy(struct smtpd_session *s, str args)
{
    (void)s, (void)args; /* RFC 5321 7.3: telling would help those who guess */
    return (struct reply){252, "2.1.5", S("send some mail, i'll try my best"), false};
}

static struct reply cmd_help(struct smtpd_session *s, str args)
{
    (void)s, (void)args; /* one text for all topics */
    return (struct reply){214, "2.0.0", S("RFC 5321 says it all"), false};
}

static struct reply cmd_quit(struct smtpd_session *s, str args)
{
    (void)args; /* qmail ignores them */
    return (struct reply){221, "2.0.0", s->site->smtpgreeting, true};
}

static struct reply cmd_unknown(struct smtpd_session *s, str args)
{
    (void)s, (void)args; /* whatever it was */
    return (struct reply){502, "5.5.1", S("unimplemented (#5.5.1)"), false};
}

static const struct command_row rows[SMTP_VERBS] = {
    [SMTP_UNKNOWN] = {SMTP_UNKNOWN, PHASE_ANY, cmd_unknown},
    [SMTP_HELO] = {SMTP_HELO, PHASE_ANY, cmd_helo},
    [SMTP_EHLO] = {SMTP_EHLO, PHASE_ANY, cmd_ehlo},
    /* qmail-smtpd never asked for HELO, and old scripts never said it. */
    [SMTP_MAIL] = {SMTP_MAIL, PHASE_START | PHASE_GREETED, cmd_mail},
    [SMTP_RCPT] = {SMTP_RCPT, PHASE_MAIL | PHASE_RCPT, cmd_rcpt},
    [SMTP_DATA] = {SMTP_DATA, PHASE_RCPT, cmd_data},
    [SMTP_BDAT] = {SMTP_BDAT, PHASE_RCPT | PHASE_BDAT, cmd_bdat},
    [SMTP_RSET] = {SMTP_RSET, PHASE_ANY, cmd_rset},
    [SMTP_NOOP] = {SMTP_NOOP, PHASE_ANY, cmd_noop},
    [SMTP_VRFY] = {SMTP_VRFY, PHASE_ANY, cmd_vrfy},
    [SMTP_EXPN] = {SMTP_EXPN, PHASE_ANY, cmd_unknown},
    [SMTP_HELP] = {SMTP_HELP, PHASE_ANY, cmd_help},
    [SMTP_QUIT] = {SMTP_QUIT, PHASE_ANY, cmd_quit},
    /* RFC 4954 4: not within a transaction. RFC 3207 4: after EHLO. */
    [SMTP_AUTH] = {SMTP_AUTH, PHASE_GREETED, cmd_auth},
    [SMTP_STARTTLS] = {SMTP_STARTTLS, PHASE_GREETED, cmd_starttls},
    [SMTP_HTTP] = {SMTP_HTTP, PHASE_ANY, cmd_unknown}, /* session.c ends the session before */
};

const struct command_row *command_find(enum smtp_verb verb)
{
    return &rows[verb];
}

struct reply command_wrong_phase(const struct smtpd_session *s, enum smtp_verb verb)
{
    struct reply r = {503, "5.5.1", S("bad sequence of commands (#5.5.1)"), false};
    bool before_mail = s->phase == PHASE_START || s->phase == PHASE_GREETED;
    if (s->phase == PHASE_BDAT)
        r.text = S("BDAT or RSET first (#5.5.1)");
    else if (verb == SMTP_MAIL)
        r.text = S("sender already given (#5.5.1)");
    else if (verb == SMTP_AUTH || verb == SMTP_STARTTLS)
        r.text = before_mail ? S("EHLO first (#5.5.1)") : S("not during a mail (#5.5.1)");
    else if (before_mail)
        r.text = S("MAIL first (#5.5.1)");
    else if (verb == SMTP_DATA || verb == SMTP_BDAT)
        r.text = S("RCPT first (#5.5.1)");
    return r;
}
