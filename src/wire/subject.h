/* SPDX-License-Identifier: ISC */
/* wire/subject.h -- the base subject of SORT and THREAD (RFC 5256 2.1): what is left of a subject
 * when "Re:", "Fwd:", "(fwd)", "[fwd: …]" and the marks of mailing lists are gone. Linear.
 */
#pragma once
#include "base/base.h"

/* A raw header value: words decoded, blanks and folding as single spaces. Nothing is removed. */
void subject_clean(struct buf *b, str raw_value);
/* The base, a view into `clean`. Returns whether something said that it is a reply or a forward
 * (RFC 5256 3, REFERENCES step 5). */
bool subject_base(str clean, str *ret_base);
