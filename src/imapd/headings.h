/* SPDX-License-Identifier: ISC */
/* imapd/headings.h -- what SORT and THREAD look at in a message's header (RFC 5256 2, 5957). */
#pragma once
#include "imapd/session.h"
#include "imapd/thread.h"

enum heading_want {
    HEADING_DATE = 1,
    HEADING_SUBJECT = 2,
    HEADING_CC = 4,
    HEADING_FROM = 8,
    HEADING_TO = 16,
    HEADING_DISPLAYFROM = 32,
    HEADING_DISPLAYTO = 64,
    HEADING_REFERENCES = 128,
};
enum { HEADING_TEXT_MAX = 1000 }; /* octets of a text that are compared */

/* Texts are as i;unicode-casemap compares them. Valid during the call. */
struct heading {
    int64_t sent; /* the internal date where Date cannot be read */
    str subject;  /* the base */
    bool refwd;
    str cc, from, to; /* the first address's mailbox */
    str display_from, display_to;
    str message_id; /* p NULL: none that is valid */
    const struct thread_id *refs;
    size_t n_refs;
};
typedef void heading_fn(void *ctx, size_t place, const struct heading *h);
/* Each of the messages, once, in any order (indices ascend): from the keeper's digests, and those
 * that it has none of from their headers. `id_key` keys the references' hashes. One that is gone
 * or unreadable looks as if its header were empty. */
err headings_each(struct session *s, const uint32_t *indices, size_t n, unsigned wants,
                  uint64_t id_key, heading_fn *fn, void *ctx);
