/* SPDX-License-Identifier: ISC */
/* wire/imap_sequence.h -- sequence sets (RFC 3501 9 "sequence-set"), of numbers or of UIDs.
 *
 * Kept as ranges, never as lists of numbers: "1:*" and "1:4294967295" cost the same. Parsing
 * keeps the client's order; imap_set_resolve() gives "*" its meaning, then sorts and joins.
 */
#pragma once
#include "wire/imap_lex.h"

enum { IMAP_STAR = 0 }; /* in a range: the largest number in use */

struct imap_range {
    uint32_t lo, hi; /* inclusive */
};

struct imap_set {
    struct imap_range *at;
    size_t n;
    bool saved; /* "$" (RFC 5182): what the session keeps; `at` is empty */
};

err imap_set_parse(struct imap_reader *r, struct imap_set *ret_set);
/* "*" becomes `largest` (0: nothing is there, ranges of "*" alone vanish); ranges ascend and
 * neither touch nor overlap afterwards. */
void imap_set_resolve(struct imap_set *set, uint32_t largest);
bool imap_set_has(const struct imap_set *set, uint32_t number); /* resolved sets only */
uint32_t imap_set_max(const struct imap_set *set);              /* resolved; 0 when empty */
/* Adds a number, and joins it when it is the next one: for building. `at` has room for cap. */
void imap_set_add(struct imap_set *set, size_t cap, uint32_t number);
void imap_set_write(struct buf *b, const struct imap_set *set);
