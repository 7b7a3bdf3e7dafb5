/* SPDX-License-Identifier: ISC */
/* imapd/search_answer.h -- what SEARCH and SORT answer: plain, or as ESEARCH (RFC 4731, 5267). */
#pragma once
#include "imapd/session.h"
#include "wire/imap_return.h"

struct answer {
    const char *word; /* "SEARCH", "SORT": of the plain form */
    bool uid;
    bool modseq;        /* a MODSEQ key was there (RFC 7162 3.1.5, 3.1.6) */
    const uint32_t *at; /* indices of the open mailbox, in the order found */
    size_t n;
    const struct imap_return *ret;
};
void answer_say(struct session *s, const struct answer *a);
/* RETURN (SAVE): keeps what RFC 5182 2.4 and RFC 9394 3.2 say. */
void answer_save(struct session *s, const struct answer *a);
/* "1:3,5" of a stretch of results as numbers or UIDs: only runs that ascend become ranges, so that
 * the order can be told. */
void answer_write_set(struct session *s, struct buf *b, const uint32_t *at, size_t n, bool uid);
