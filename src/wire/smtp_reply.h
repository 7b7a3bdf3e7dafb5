/* SPDX-License-Identifier: ISC */
/* wire/smtp_reply.h -- what an SMTP server answers: reply lines, codes, extensions. Pure.
 *
 * Feed lines until `done`. The text is kept as qmail keeps it for "Remote host said": every
 * line with its code, LF between, cut at SMTP_REPLY_TEXT; octets that could harm a log or a
 * bounce (controls, NUL) become '?'.
 */
#pragma once
#include "base/base.h"

enum {
    SMTP_REPLY_LINE = 4096, /* with its end; RFC 5321 4.5.3.1.5 says 512 */
    SMTP_REPLY_LINES = 500, /* of one reply */
    SMTP_REPLY_TEXT = 5000,
};

struct smtp_reply {
    unsigned code; /* of the last line; 200..599 */
    bool done;
    bool has_enhanced; /* RFC 2034: the first line's x.y.z agrees with the code */
    unsigned enhanced[3];
    size_t lines;
    size_t n;
    char text[SMTP_REPLY_TEXT];
};

void smtp_reply_start(struct smtp_reply *r);
/* A line with or without its end. ERR_SYNTAX: not a reply; ERR_LIMIT: too many lines. */
err smtp_reply_add(struct smtp_reply *r, str line);
str smtp_reply_text(const struct smtp_reply *r); /* ends in LF unless empty */

enum smtp_extension {
    SMTP_EXT_PIPELINING = 1 << 0,
    SMTP_EXT_8BITMIME = 1 << 1,
    SMTP_EXT_SIZE = 1 << 2,
    SMTP_EXT_STARTTLS = 1 << 3,
    SMTP_EXT_DSN = 1 << 4,
    SMTP_EXT_SMTPUTF8 = 1 << 5,
    SMTP_EXT_ENHANCED = 1 << 6,
    SMTP_EXT_CHUNKING = 1 << 7,
    SMTP_EXT_AUTH_PLAIN = 1 << 8,
    SMTP_EXT_AUTH_LOGIN = 1 << 9,
    SMTP_EXT_AUTH_CRAM_MD5 = 1 << 10,
};

struct smtp_extensions {
    unsigned offered; /* enum smtp_extension */
    uint64_t size;    /* 0: no limit stated */
};

/* From a reply to EHLO; what is not understood is not there. */
void smtp_extensions_read(const struct smtp_reply *r, struct smtp_extensions *ret);
