/* SPDX-License-Identifier: ISC */
/* wire/imap_return.h -- RETURN options of SEARCH and SORT, and the ranges of PARTIAL.
 *
 * RFC 4731 (MIN, MAX, ALL, COUNT), 5182 (SAVE), 5267 (CONTEXT, UPDATE), 9394 (PARTIAL).
 */
#pragma once
#include "wire/imap_lex.h"

enum imap_return_option {
    IMAP_RETURN_MIN = 1,
    IMAP_RETURN_MAX = 2,
    IMAP_RETURN_ALL = 4,
    IMAP_RETURN_COUNT = 8,
    IMAP_RETURN_SAVE = 16,
    IMAP_RETURN_PARTIAL = 32,
    IMAP_RETURN_UPDATE = 64,
    IMAP_RETURN_CONTEXT = 128,
};

/* RFC 9394 4: "1:500" or "-1:-500", positions among the results; lo <= hi. */
struct imap_partial {
    uint32_t lo, hi;
    bool from_end;
    str as_sent; /* what the answer repeats */
};

struct imap_return {
    bool given; /* "RETURN (…)" stood there: the answer is ESEARCH */
    unsigned options;
    struct imap_partial partial;
};

/* [SP "RETURN" SP "(" … ")"]: reads nothing when that is not next. RETURN () is ALL. */
err imap_return(struct imap_reader *r, struct imap_return *ret);
err imap_partial_range(struct imap_reader *r, struct imap_partial *ret);
/* Which of n results the range takes: [*ret_from, *ret_to), empty when it lies past them. */
void imap_partial_of(const struct imap_partial *p, size_t n, size_t *ret_from, size_t *ret_to);
