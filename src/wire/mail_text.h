/* SPDX-License-Identifier: ISC */
/* wire/mail_text.h -- the words of a message as its reader sees them, for searching.
 *
 * One definition for the session that reads a message and for the index that read it before, so
 * that both find the same. Everything is normal text (wire/normal.h). Three pieces:
 *
 *   head  the message's own header: for each field its name, ": ", its value with encoded words
 *         decoded and folding undone, LF. A value holds no LF of its own.
 *   parts the same of the headers of parts (Content-Type: ...): TEXT looks there, BODY does not.
 *   body  file names and descriptions of parts, whole headers of messages inside, and every text
 *         part: transfer encoding and charset undone; HTML as shown, its links and titles after
 *         it.
 *
 * Broken encodings, unknown charsets, missing ends yield what can be read. Linear in the message;
 * each piece ends at MAIL_TEXT_MAX octets (`cut` tells).
 */
#pragma once
#include "base/base.h"
#include "wire/find.h"
#include "wire/mime.h"

enum {
    MAIL_TEXT_MAX = 64 << 20,      /* each piece, normal text */
    MAIL_TEXT_PART_MAX = 16 << 20, /* of one part or header, as it lies in the message */
};

enum mail_text_wants { MAIL_TEXT_HEAD = 1, MAIL_TEXT_PARTS = 2, MAIL_TEXT_BODY = 4 };

struct mail_text {
    struct buf head, parts, body;
    bool cut;             /* a limit left something out */
    struct buf raw, utf8; /* room to work in */
};

/* max: of each piece, at most MAIL_TEXT_MAX. Buffers are kept from message to message. */
void mail_text_init(struct mail_text *t, size_t max);
void mail_text_done(struct mail_text *t);
#define auto_mail_text __attribute__((cleanup(mail_text_done)))
/* Replaces what was there. `a`: for the structure (MIME_ARENA_MAX); the caller's to reset. Without
 * PARTS and BODY the message may end after its header. */
void mail_text_read(struct mail_text *t, struct arena *a, str message, unsigned wants);

/* Whether a field of that name (any case, no colon) has the needle in its value. Linear. */
bool mail_text_field_has(str head, str field, const struct finder *needle);

/* A header field's value: words decoded, LFs as spaces, normal. */
void mail_text_value(struct buf *b, str raw_value);

/* ---- for others who want the words, not the search ---- */

/* A leaf's octets without their transfer encoding. */
void mail_part_decode(struct buf *b, const struct mime_part *p);
/* A text leaf as UTF-8 (not normal); HTML as shown. false: it is no text. */
bool mail_part_text(struct buf *b, const struct mime_part *p);
/* The file name that a part gives itself, as UTF-8. */
bool mail_part_name(struct buf *b, const struct mime_part *p);
