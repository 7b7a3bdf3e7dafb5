/* SPDX-License-Identifier: ISC */
/* wire/saslprep.h -- names and passwords as both sides of a login compare them: SASLprep.
 *
 * RFC 4013: other spaces become the space, soft hyphens and the like vanish, NFKC; controls,
 * private use and other characters that nobody can type on purpose are refused, and text that
 * runs right to left must do so from end to end. Text in ASCII comes out as it went in.
 * Normalization and directions are those of today's Unicode (RFC 4013 means 3.2, which differs
 * in characters that were not assigned then).
 */
#pragma once
#include "base/base.h"

enum { SASLPREP_IN_MAX = 1024, SASLPREP_GROWTH = 12 /* NFKC of U+FDFA */ };

enum saslprep_for {
    SASLPREP_QUERY, /* what a client says: unassigned characters are let through (RFC 3454 7) */
    SASLPREP_STORE, /* what is kept: they are refused */
};
/* Appends to `out`. ERR_LIMIT, ERR_SYNTAX: not UTF-8, or something that is refused. */
err saslprep(str in, enum saslprep_for use, struct buf *out);
/* The same into the arena; when it is refused, a copy as it stands: what was never prepared can
 * still be compared octet by octet. */
str saslprep_or_raw(struct arena *a, str in);
