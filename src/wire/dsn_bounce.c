/* SPDX-License-Identifier: ISC */
/* How it works: the QSBMF text is qmail-send's, octet for octet. The RFC 3464 form puts the same
 * text into the first part, up to its break line, then the machine's part, then the original.
 */
#include "wire/dsn.h"

#include <string.h>

#include "wire/address.h"
#include "wire/date.h"
#include "wire/header.h"

static void no_newlines(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++)
        buf_addc(b, s.p[i] == '\n' || s.p[i] == '\r' ? '_' : s.p[i]);
}

void bounce_write_paragraph(struct buf *b, str address, str report)
{
    buf_addc(b, '<');
    no_newlines(b, address);
    buf_add(b, S(">:\n"));
    /* an empty line would end the paragraph: its newline becomes '/', as qmail-send does it,
     * which leaves the very last one alone */
    bool add = report.n > 0 && !str_ends(report, S("\n"));
    bool after_newline = true;
    for (size_t i = 0; i < report.n; i++) {
        bool newline = report.p[i] == '\n';
        bool last = i + 1 == report.n && !add;
        buf_addc(b, newline && after_newline && !last ? '/' : report.p[i]);
        after_newline = newline;
    }
    buf_add(b, add ? S("\n\n") : S("\n"));
}

str bounce_status_in(str report)
{
    str rest = report;
    for (ptrdiff_t at; (at = str_find_str(rest, S("(#"))) >= 0;) {
        rest = str_from_at(rest, (size_t)at + 2);
        size_t n = 0, dots = 0;
        while (n < rest.n && n < 9 && (char_is_digit(rest.p[n]) || rest.p[n] == '.'))
            dots += rest.p[n++] == '.';
        bool classed = n > 1 && (rest.p[0] == '2' || rest.p[0] == '4' || rest.p[0] == '5');
        if (classed && rest.p[1] == '.' && dots == 2 && n < rest.n && rest.p[n] == ')' &&
            char_is_digit(rest.p[n - 1]) && char_is_digit(rest.p[2]))
            return str_slice(rest, 0, n);
    }
    return (str){0};
}

void bounce_boundary(struct buf *b, str seed, str original)
{
    for (unsigned i = 0;; i++) {
        auto_buf struct buf try;
        buf_init(&try, 70);
        for (size_t k = 0; k < seed.n && k < 40; k++)
            buf_addc(&try, char_is_alpha(seed.p[k]) || char_is_digit(seed.p[k]) ? seed.p[k] : '-');
        buf_addf(&try, ".%u", i);
        auto_buf struct buf line;
        buf_init(&line, 80);
        buf_add(&line, S("--"));
        buf_add(&line, buf_str(&try));
        if (str_find_str(original, buf_str(&line)) < 0) {
            buf_add(b, buf_str(&try));
            return;
        }
    }
}

static void write_intro(struct buf *b, const struct bounce *o)
{
    buf_add(b, S("Hi. This is the qmail-send program at "));
    no_newlines(b, o->from_host);
    buf_add(b, S(".\n"));
    switch (o->kind) {
    case BOUNCE_FAILURE:
        buf_add(b,
                S("I'm afraid I wasn't able to deliver your message to the following addresses.\n"
                  "This is a permanent error; I've given up. Sorry it didn't work out.\n"));
        break;
    case BOUNCE_DOUBLE:
        buf_add(
            b, S("I tried to deliver a bounce message to this address, but the bounce bounced!\n"));
        break;
    case BOUNCE_DELAY:
        buf_add(b, S("I haven't yet been able to deliver your message to the following addresses.\n"
                     "You need not send it again; I'll keep trying.\n"));
        break;
    case BOUNCE_SUCCESS:
        buf_add(b, S("Your message was handed over for the following addresses, as you asked to be "
                     "told.\n"));
        break;
    }
    buf_addc(b, '\n');
}

static void write_paragraphs(struct buf *b, const struct bounce *o)
{
    for (size_t i = 0; i < o->rcpt_count; i++)
        bounce_write_paragraph(b, o->rcpts[i].address, o->rcpts[i].report);
}

static void write_fields(struct buf *b, const struct bounce *o)
{
    static const str subjects[] = {
        [BOUNCE_FAILURE] = S("failure notice"),
        [BOUNCE_DOUBLE] = S("failure notice"),
        [BOUNCE_DELAY] = S("deferral notice"),
        [BOUNCE_SUCCESS] = S("success notice"),
    };
    buf_add(b, S("Date: "));
    date_write_qmail(b, o->epoch);
    buf_add(b, S("\nFrom: "));
    struct address from = {.local = o->from_user, .domain = o->from_host};
    address_write(b, &from);
    buf_add(b, S("\nTo: "));
    address_write_str(b, o->to);
    buf_add(b, S("\nSubject: "));
    buf_add(b, subjects[o->kind]);
    buf_addc(b, '\n');
}

/* ---- RFC 3464 ---- */

static void write_field(struct buf *b, str name, str type, str value)
{
    if (value.n == 0)
        return;
    buf_add(b, name);
    buf_add(b, S(": "));
    if (type.n > 0) {
        no_newlines(b, type);
        buf_add(b, S("; "));
    }
    bool blank = true; /* lines of a remote's reply become one; a blank run, one blank */
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        bool space = (c >= 0 && c <= ' ') || c == 0x7f;
        if (!space)
            buf_addc(b, c);
        else if (!blank && i + 1 < value.n)
            buf_addc(b, ' ');
        blank = space;
    }
    buf_addc(b, '\n');
}

static str address_type(const struct bounce *o)
{
    return o->flags & BOUNCE_UTF8 ? S("utf-8") : S("rfc822");
}

static void write_rcpt(struct buf *b, const struct bounce *o, const struct bounce_rcpt *r)
{
    static const str actions[] = {
        [BOUNCE_FAILURE] = S("failed"),
        [BOUNCE_DOUBLE] = S("failed"),
        [BOUNCE_DELAY] = S("delayed"),
        [BOUNCE_SUCCESS] = S("delivered"),
    };
    static const str unknown[] = {
        [BOUNCE_FAILURE] = S("5.0.0"),
        [BOUNCE_DOUBLE] = S("5.0.0"),
        [BOUNCE_DELAY] = S("4.0.0"),
        [BOUNCE_SUCCESS] = S("2.0.0"),
    };
    str status = r->status.n ? r->status : bounce_status_in(r->report);
    /* a code in the report may be of another class: given up on a 4.x.x, say */
    if (status.n == 0 || (!r->status.n && status.p[0] != unknown[o->kind].p[0]))
        status = unknown[o->kind];
    buf_addc(b, '\n');
    write_field(b, S("Original-Recipient"), r->orcpt_type, r->orcpt_address);
    write_field(b, S("Final-Recipient"), address_type(o), r->address);
    write_field(b, S("Action"), S(""), r->action.n ? r->action : actions[o->kind]);
    write_field(b, S("Status"), S(""), status);
    write_field(b, S("Remote-MTA"), S("dns"), r->remote_mta);
    write_field(b, S("Diagnostic-Code"), S("smtp"), r->diagnostic);
    if (r->retry_until != 0) {
        buf_add(b, S("Will-Retry-Until: "));
        date_write_rfc5322(b, r->retry_until, 0);
        buf_addc(b, '\n');
    }
}

static void write_boundary(struct buf *b, const struct bounce *o, str end)
{
    buf_add(b, S("\n--"));
    buf_add(b, o->boundary);
    buf_add(b, end);
}

static void write_status_part(struct buf *b, const struct bounce *o)
{
    bool utf8 = o->flags & BOUNCE_UTF8;
    write_boundary(b, o, S("\n"));
    buf_add(b, utf8 ? S("Content-Type: message/global-delivery-status\n"
                        "Content-Transfer-Encoding: 8bit\n\n")
                    : S("Content-Type: message/delivery-status\n\n"));
    if (o->envid.n > 0) {
        auto_buf struct buf id;
        buf_init(&id, DSN_ENVID_MAX);
        err e = xtext_decode(&id, o->envid);
        write_field(b, S("Original-Envelope-Id"), S(""), failed(e) ? o->envid : buf_str(&id));
    }
    write_field(b, S("Reporting-MTA"), S("dns"), o->from_host);
    if (o->arrived != 0) {
        buf_add(b, S("Arrival-Date: "));
        date_write_rfc5322(b, o->arrived, 0);
        buf_addc(b, '\n');
    }
    for (size_t i = 0; i < o->rcpt_count; i++)
        write_rcpt(b, o, &o->rcpts[i]);
}

static void write_original_head(struct buf *b, const struct bounce *o)
{
    bool utf8 = o->flags & BOUNCE_UTF8, headers = o->flags & BOUNCE_HEADERS_ONLY;
    write_boundary(b, o, S("\nContent-Type: "));
    buf_add(b, utf8      ? (headers ? S("message/global-headers") : S("message/global"))
               : headers ? S("text/rfc822-headers")
                         : S("message/rfc822"));
    /* the original may be 8-bit (RFC 6152), and then nothing else tells so */
    buf_add(b, S("\nContent-Transfer-Encoding: 8bit\n\n"));
}

static void write_return_path(struct buf *b, const struct bounce *o)
{
    buf_add(b, S("Return-Path: "));
    address_write_path(b, o->sender);
    buf_addc(b, '\n');
}

void bounce_write_head(struct buf *b, const struct bounce *o)
{
    write_fields(b, o);
    bool report = o->flags & BOUNCE_REPORT;
    if (report) {
        write_field(b, S("Message-ID"), S(""), o->message_id);
        buf_add(b, S("Auto-Submitted: auto-replied\nMIME-Version: 1.0\n"
                     "Content-Type: multipart/report; report-type="));
        buf_add(b, o->flags & BOUNCE_UTF8 ? S("global-delivery-status") : S("delivery-status"));
        buf_add(b, S(";\n\tboundary=\""));
        buf_add(b, o->boundary);
        buf_add(b, S("\"\n"));
        write_boundary(b, o,
                       S("\nContent-Type: text/plain; charset=utf-8\n"
                         "Content-Transfer-Encoding: 8bit\n"));
    }
    buf_addc(b, '\n');
    write_intro(b, o);
    write_paragraphs(b, o);
    if (report) {
        write_status_part(b, o);
        write_original_head(b, o);
    } else {
        buf_add(b, o->kind == BOUNCE_DOUBLE
                       ? S("--- Below this line is the original bounce.\n\n")
                       : S("--- Below this line is a copy of the message.\n\n"));
    }
    write_return_path(b, o);
}

str bounce_body(const struct bounce *o)
{
    if (!(o->flags & BOUNCE_HEADERS_ONLY))
        return o->original;
    return header_split(o->original, 0).header;
}

void bounce_write_tail(struct buf *b, const struct bounce *o)
{
    if (o->flags & BOUNCE_REPORT)
        write_boundary(b, o, S("--\n"));
}

void bounce_write(struct buf *b, const struct bounce *bounce)
{
    bounce_write_head(b, bounce);
    buf_add(b, bounce_body(bounce));
    bounce_write_tail(b, bounce);
}
