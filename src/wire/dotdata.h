/* SPDX-License-Identifier: ISC */
/* wire/dotdata.h -- mail text as SMTP sends it, turned into what files keep.
 *
 * Feed octets as they arrive, in pieces of any size. Message octets go to `out` with LF line
 * ends and without the stuffed dots; dotdata_ended() turns true once the lone "." line has
 * been seen, and the octets after it are left to the caller (the next pipelined command).
 * With `chunk` set dots mean nothing and nothing ends: that is BDAT (RFC 3030).
 *
 * Only CRLF ends a line. A bare CR or LF is ERR_SYNTAX and never repaired: two servers that
 * disagree on line ends can be made to disagree on where a message ends ("SMTP smuggling"),
 * so whoever sends one cannot be talked to any further. NUL octets and the longest line are
 * noted; judging them is the session's business.
 */
#pragma once
#include "base/base.h"

enum dot_state { DOT_LINE_START, DOT_TEXT, DOT_CR, DOT_LEAD, DOT_LEAD_CR, DOT_END };

struct dotdata { /* zero value is ready to use */
    enum dot_state state;
    bool chunk;
    bool nul;       /* a NUL was seen */
    size_t line;    /* octets of the present line so far */
    size_t longest; /* of all lines, without CRLF */
};

/* *ret_used < in.n only when the data ended. ERR_LIMIT: `out` is full, and then nothing of
 * `in` was used. */
err dotdata_feed(struct dotdata *d, str in, struct buf *out, size_t *ret_used);
bool dotdata_ended(const struct dotdata *d);
/* The last chunk is in: ERR_SYNTAX when it ended within a CRLF; completes an open last line. */
err dotdata_finish_chunks(struct dotdata *d, struct buf *out);
