/* SPDX-License-Identifier: ISC */
/* wire/crlf.h -- files keep LF, the wire says CRLF: sizes and copies as the wire sees them.
 *
 * A CRLF already there counts as it is; a bare LF counts two; a bare CR is an octet.
 */
#pragma once
#include "base/base.h"

struct crlf_count {
    uint64_t octets; /* as if every line ended with CRLF */
    uint64_t lines;  /* line ends */
};
struct crlf_count crlf_measure(str s);

/* Reads s as the wire sees it, from any position on, in pieces. A kept cursor makes the next
 * partial fetch (BODY[]<0.65536>, BODY[]<65536.65536>, ...) cheap: forward seeks scan only what
 * lies between. */
struct crlf_cursor {
    str s;
    size_t at;    /* octets of s consumed */
    uint64_t pos; /* octets of the wire's view consumed */
    bool owes_lf; /* the CR that we added is out, its LF is not */
};
void crlf_open(struct crlf_cursor *c, str s);
void crlf_seek(struct crlf_cursor *c, uint64_t pos); /* clamps to the end */
/* Adds up to n octets to b (and no more than fit in its max); returns how many. 0 at the end. */
size_t crlf_read(struct crlf_cursor *c, struct buf *b, size_t n);
void crlf_write(struct buf *b, str s); /* all of it */
