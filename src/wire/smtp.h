/* SPDX-License-Identifier: ISC */
/* wire/smtp.h -- the grammar of SMTP commands as a server reads them.
 *
 * RFC 5321 with SIZE, 8BITMIME, SMTPUTF8, DSN, CHUNKING and AUTH; tolerant where qmail-smtpd
 * is (no angle brackets, blanks around the colon, odd quoting), since the site's old devices
 * and scripts lean on it. Never tolerant about line ends and control octets.
 * Results are views into the line or live in the arena.
 */
#pragma once
#include "base/base.h"
#include "wire/dsn.h"
#include "wire/limits.h"

enum {
    /* RFC 5321 4.5.3.1.4 asks for 512. SIZE adds 26, BODY 17, SMTPUTF8 10, AUTH= 500, RET and
     * ENVID 126, or NOTIFY and ORCPT 528; and qmail takes addresses of 900. */
    SMTP_COMMAND_MAX = 2048,
    /* RFC 4954 4: base64 of an authentication exchange, with its CRLF. */
    SMTP_AUTH_LINE_MAX = 12288,
    /* RFC 5321 4.5.3.1.6 asks for 1000 and forbids to drop what is longer. Real mail has lines
     * of 100 KiB; past this one it is no mail any more. */
    SMTP_TEXT_LINE_MAX = 1024 * 1024,
    SMTP_HELO_MAX = 255,      /* RFC 5321 4.5.3.1.2 */
    SMTP_PARAMETERS_MAX = 16, /* of one command; there are 7 that we know */
};

enum smtp_verb {
    SMTP_UNKNOWN,
    SMTP_HELO,
    SMTP_EHLO,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_BDAT,
    SMTP_RSET,
    SMTP_NOOP,
    SMTP_VRFY,
    SMTP_EXPN,
    SMTP_HELP,
    SMTP_QUIT,
    SMTP_AUTH,
    SMTP_STARTTLS,
    SMTP_HTTP, /* a web browser was pointed at us, on purpose or not */
    SMTP_VERBS,
};

struct smtp_command {
    enum smtp_verb verb;
    str word; /* as written */
    str args; /* blanks at both ends removed */
};

/* `line` with its end. ERR_DENIED: a bare CR or LF, or a NUL: nothing after it can be
 * trusted. bare_lf_ok: for a person or an old script at the other end of a pipe. */
err smtp_parse_command(str line, bool bare_lf_ok, struct smtp_command *ret);
str smtp_verb_name(enum smtp_verb v); /* "MAIL"; "?" for SMTP_UNKNOWN, "HTTP" */

struct smtp_mail {
    str sender; /* local@domain, unquoted; empty: <> */
    bool has_size;
    uint64_t size;
    bool eight_bit; /* BODY=8BITMIME */
    bool utf8;      /* SMTPUTF8 */
    enum dsn_ret ret;
    str envid; /* xtext as sent */
    str auth;  /* xtext as sent, or "<>"; kept nowhere, see RFC 4954 5 */
};

struct smtp_rcpt {
    str recipient;
    unsigned notify; /* enum dsn_notify, 0: not given */
    str orcpt;       /* as sent */
};

/* Arguments of MAIL and RCPT. ERR_SYNTAX, ERR_LIMIT: the address or a parameter's value.
 * ERR_NOTFOUND: a parameter that we do not know. ERR_DENIED: non-ASCII without SMTPUTF8
 * (RFC 6531 3.5). */
err smtp_parse_mail(struct arena *a, str args, struct smtp_mail *ret);
err smtp_parse_rcpt(struct arena *a, str args, bool utf8, struct smtp_rcpt *ret);

struct smtp_bdat {
    uint64_t size;
    bool last;
};
err smtp_parse_bdat(str args, struct smtp_bdat *ret);

struct smtp_auth {
    str mechanism; /* upper case, in the arena */
    bool has_initial;
    str initial; /* base64 as sent; "=" is an empty one */
};
err smtp_parse_auth(struct arena *a, str args, struct smtp_auth *ret);

/* What a client calls itself: visible octets, at most SMTP_HELO_MAX. Empty is allowed (qmail
 * allows it). UTF-8 passes, see RFC 6531 3.7.1. */
err smtp_check_helo(str args);
