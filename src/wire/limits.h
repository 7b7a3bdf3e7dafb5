/* SPDX-License-Identifier: ISC */
/* wire/limits.h -- the sizes that mail's own standards and qmail's own tools name.
 *
 * The left column is what we enforce; the RFC's minimum or maximum stands beside it. Limits
 * that belong to one module only (MIME depth, header fields) are in that module's header.
 */
#pragma once

enum {
    /* RFC 5321 4.5.3.1: octets. */
    LOCAL_PART_MAX = 64,      /* 4.5.3.1.1 */
    DOMAIN_MAX = 255,         /* 4.5.3.1.2 */
    DOMAIN_LABEL_MAX = 63,    /* RFC 1035 2.3.4 */
    MAIL_PATH_MAX = 256,      /* 4.5.3.1.3, with its brackets */
    COMMAND_LINE_MAX = 512,   /* 4.5.3.1.4, with CRLF; extensions add to it */
    REPLY_LINE_MAX = 512,     /* 4.5.3.1.5, with CRLF */
    TEXT_LINE_MAX = 1000,     /* 4.5.3.1.6, with CRLF; what we write, not what we take */
    RECIPIENTS_MIN = 100,     /* 4.5.3.1.8: every server takes at least so many */
    HEADER_LINE_IDEAL = 78,   /* RFC 5322 2.1.1, without CRLF */
    HEADER_LINE_LONGEST = 998 /* RFC 5322 2.1.1, without CRLF */
};

enum {
    QMAIL_SMTP_ADDRESS_MAX = 900,      /* qmail-smtpd's addrparse */
    QMAIL_ENVELOPE_ADDRESS_MAX = 1003, /* qmail-queue: exit 11 past it */
    QMAIL_HOPS_MAX = 100,              /* Received and Delivered-To lines: this many is a loop */
};

enum {
    DSN_ENVID_MAX = 100, /* RFC 3461 4.4: the encoded xtext */
    DSN_ORCPT_MAX = 500, /* RFC 3461 4.2: type, semicolon and encoded xtext */
};
