/* SPDX-License-Identifier: ISC */
/* wire/dotstuff.h -- a stored message as SMTP DATA sends it.
 *
 * LF and CRLF in the file become CRLF; a line's leading dot is doubled (RFC 5321 4.5.2); a
 * last line without an end gets one. A CR anywhere else becomes a space: RFC 5321 2.3.8
 * forbids to send it, and servers that take it for a line end can be made to see the end of
 * the message in its middle.
 */
#pragma once
#include "base/base.h"

struct dotstuff {
    bool in_line; /* zero value: at the start of a line */
};

/* Adds the octets for as much of *in as fits `out` with certainty and takes it off *in; call
 * again until *in is empty, emptying `out` between. */
void dotstuff_feed(struct dotstuff *d, str *in, struct buf *out);
void dotstuff_end(struct dotstuff *d, struct buf *out); /* the lone dot; needs room for 5 */
/* Octets on the wire before dot-stuffing: what SIZE= declares (RFC 1870). */
uint64_t dotstuff_size(str message);
