/* SPDX-License-Identifier: ISC */
/* wire/imap_write.h -- what IMAP answers are made of: strings, flags, ENVELOPE, BODYSTRUCTURE. */
#pragma once
#include "wire/envelope.h"
#include "wire/imap_command.h"
#include "wire/mime.h"

enum {
    IMAP_QUOTED_MAX = 1000,     /* longer strings go as literals */
    IMAP_ANSWER_MAX = 64 << 20, /* ENVELOPE or BODYSTRUCTURE of one message, at most */
};

/* Quoted where RFC 3501 allows it, else a literal; a NUL, which neither can hold, becomes "?". */
void imap_write_string(struct buf *b, str s);
void imap_write_nstring(struct buf *b, str s); /* NIL when s.p is NULL */
/* The same for a client that took UTF-8 in quotes (RFC 9051 4.3); `s` is UTF-8. */
void imap_write_utf8(struct buf *b, str s);
void imap_write_astring(struct buf *b, str s); /* an atom when it can be one */
/* Flags and keywords in parentheses. */
void imap_write_flags(struct buf *b, unsigned system, const str *keywords, size_t n);
/* Text that stands for itself in a response line (resp-text): line ends and controls go. */
void imap_write_text(struct buf *b, str text);

void imap_write_envelope(struct buf *b, const struct envelope *e);
/* extended: BODYSTRUCTURE; else BODY. `scratch` takes one envelope of a message inside at a time
 * and is reset before each: nothing of the caller's may live there. */
void imap_write_structure(struct buf *b, struct arena *scratch, const struct mime_part *root,
                          bool extended);
