/* SPDX-License-Identifier: ISC */
/* imapd/spans.h -- a client's message set as index ranges of the open mailbox. */
#pragma once
#include "store/session.h"
#include "wire/imap_sequence.h"

struct span {
    size_t from, to; /* indices, [from, to) */
};
struct spans {
    struct span *at;
    size_t n;
};

/* Resolves the set. ERR_SYNTAX for a message number that is not there (RFC 3501 9, seq-number);
 * UIDs that are not there are passed over (6.4.8). */
err spans_from_set(struct arena *a, const struct store_box *box, struct imap_set *set, bool uid,
                   struct spans *ret);
struct spans spans_of_indices(struct arena *a, const uint32_t *indices, size_t n); /* ascending */
size_t spans_count(const struct spans *s);
/* The same messages as UID ranges: nothing else of the table lies in them. */
struct store_range *spans_ranges(struct arena *a, const struct store_box *box,
                                 const struct spans *s);
/* Adds an index above all others; `at` has room (spans_room()). */
void spans_add(struct spans *s, size_t index);
/* Walks the indices: *span and *index start at 0, 0. */
bool spans_next(const struct spans *s, size_t *span, size_t *index, size_t *ret_index);
