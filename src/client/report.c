/* SPDX-License-Identifier: ISC */
/* The words are qmail-remote's: people, log readers and list managers know them. */
#include "client/remote_private.h"

void remote_say(struct remote_report *report, char letter, str text)
{
    report->letter = letter;
    report->text = text;
}

static str remote_host_said(struct arena *a, str text)
{
    return text.n ? arena_printf(a, "Remote host said: %.*s", STR_ARG(text)) : text;
}

/* "DConnected to 192.0.2.1 but sender was rejected.\nRemote host said: …" */
static void quit(struct remote_report *report, struct arena *a, const struct smtp_client *c,
                 char letter, const char *before, const char *after)
{
    str said = remote_host_said(a, smtp_reply_text(smtp_last(c)));
    remote_say(report, letter,
               arena_printf(a, "%s%s%s.\n%.*s", before, report->peer, after, STR_ARG(said)));
}

static void died(struct remote_report *report, struct arena *a, bool maybe_twice)
{
    remote_say(report, 'Z',
               arena_printf(a, "Connected to %s but connection died. %s(#4.4.2)\n", report->peer,
                            maybe_twice ? "Possible duplicate! " : ""));
}

static char letter_of(const struct smtp_client *c)
{
    return smtp_last(c)->code >= 500 ? 'D' : 'Z';
}

/* No connection that mail could go over. Always temporary: another day, another server. */
static void describe_opening(struct remote_report *report, struct arena *a,
                             const struct smtp_client *c, err e)
{
    const char *why = smtp_tls_failure(c);
    switch (smtp_stage(c)) {
    case SMTP_STAGE_GREETING:
        quit(report, a, c, 'Z', "Connected to ", " but greeting failed");
        break;
    case SMTP_STAGE_HELO:
        quit(report, a, c, 'Z', "Connected to ", " but my name was rejected");
        break;
    case SMTP_STAGE_TLS:
        remote_say(report, 'Z',
                   arena_printf(a, "Connected to %s but TLS failed: %s. (#4.7.5)\n", report->peer,
                                *why ? why : err_text(e)));
        break;
    default:
        quit(report, a, c, 'Z', "Connected to ", " but my login was refused");
        break;
    }
}

static void describe_recipients(struct remote_report *report, struct arena *a,
                                const struct smtp_recipient *r, size_t n)
{
    report->each = NEW_N(a, char, n);
    report->each_text = NEW_N(a, str, n);
    for (size_t i = 0; i < n; i++) {
        unsigned class = r[i].code / 100;
        report->each[i] = class == 0 ? 0 : class == 2 ? 'r' : class == 5 ? 'h' : 's';
        if (class == 0 || class == 2)
            continue;
        if (!r[i].text.n) {
            report->each_text[i] =
                S("Sorry, that address cannot be written in an SMTP command. (#5.1.3)\n");
            continue;
        }
        str said = remote_host_said(a, r[i].text);
        report->each_text[i] =
            arena_printf(a, "%s does not like recipient.\n%.*s", report->peer, STR_ARG(said));
    }
}

static void describe_sending(struct remote_report *report, struct arena *a,
                             const struct smtp_client *c, err e)
{
    unsigned code = smtp_last(c)->code;
    switch (smtp_stage(c)) {
    case SMTP_STAGE_MAIL:
        if (code)
            quit(report, a, c, letter_of(c), "Connected to ", " but sender was rejected");
        else if (e.kind == ERR_DENIED)
            remote_say(report, 'D',
                       arena_printf(a, "%s does not take internationalized mail. (#5.6.7)\n",
                                    report->peer));
        else
            remote_say(report, 'D',
                       S("Sorry, that sender cannot be written in an SMTP command. (#5.1.7)\n"));
        break;
    case SMTP_STAGE_RCPT:
        remote_say(report, 'D', arena_printf(a, "Giving up on %s.\n", report->peer));
        break;
    case SMTP_STAGE_DATA:
        quit(report, a, c, letter_of(c), "", " failed on DATA command");
        break;
    default:
        quit(report, a, c, letter_of(c), "", " failed after I sent the message");
        break;
    }
}

static bool is_lost(const struct smtp_client *c, err e)
{
    if (smtp_last(c)->code)
        return false; /* it spoke: what it said counts */
    return e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT || e.kind == ERR_SYS ||
           e.kind == ERR_LIMIT || (e.kind == ERR_SYNTAX && !smtp_is_open(c));
}

void remote_describe(struct remote_report *report, struct arena *a, const struct smtp_client *c,
                     err e, const struct smtp_recipient *recipients, size_t n)
{
    enum smtp_stage stage = smtp_stage(c);
    report->dsn = smtp_offered(c)->offered & SMTP_EXT_DSN;
    bool opening = stage < SMTP_STAGE_MAIL;
    if (!opening)
        describe_recipients(report, a, recipients, n);
    if (!failed(e))
        quit(report, a, c, 'K', "", " accepted message");
    else if (is_lost(c, e) && stage != SMTP_STAGE_TLS)
        died(report, a, stage == SMTP_STAGE_MESSAGE);
    else if (opening)
        describe_opening(report, a, c, e);
    else
        describe_sending(report, a, c, e);
}

static int rank(char letter)
{
    return letter == 'K' || letter == 'r' ? 1 : letter == 'D' || letter == 'h' ? -1 : 0;
}

/* As qmail-rspawn reads a report: a refused recipient's own words, then the last ones if these
 * are no better news. */
char remote_recipient(const struct remote_report *r, size_t i, struct arena *a, str *ret_text)
{
    char own = r->each ? r->each[i] : 0;
    if (own != 'h' && own != 's') {
        *ret_text = r->text;
        return r->letter;
    }
    bool both = rank(r->letter) <= rank(own);
    *ret_text = both ? arena_printf(a, "%.*s%.*s", STR_ARG(r->each_text[i]), STR_ARG(r->text))
                     : r->each_text[i];
    return own == 'h' ? 'D' : 'Z';
}

void remote_write(const struct remote_report *r, size_t n, struct buf *out)
{
    for (size_t i = 0; r->each && i < n; i++) {
        if (!r->each[i])
            continue;
        buf_addc(out, r->each[i]);
        buf_add(out, r->each_text[i]);
        buf_addc(out, 0);
    }
    buf_addc(out, r->letter);
    buf_add(out, r->text);
    buf_addc(out, 0);
}
