/* SPDX-License-Identifier: ISC */
/* imapd/search_text.h -- substrings in a message as a reader sees it (wire/mail_text.h).
 *
 * Work per message is its size times the number of strings sought, whatever the message is.
 */
#pragma once
#include "store/session.h"
#include "wire/imap_search_args.h"
#include "wire/mail_text.h"

struct needle {
    enum imap_key key; /* HEADER, BODY, TEXT */
    str field, text;   /* text normal (wire/normal.h) */
    struct finder finder;
};

struct haystack {
    str message;
    const struct needle *needles;
    size_t n;
    struct arena *arena;    /* for the structure; the caller's to reset */
    struct mail_text *text; /* room for it, kept from message to message */
    bool *found;            /* by needle; valid once headers/bodies were searched */
    bool headers_done, bodies_done;
};

struct needle needle_of(const struct imap_search *node); /* its text is normal already */
/* What the index knows of a needle, in the arena. Where it fails, nothing is known. */
struct store_found needle_look_up(struct store *s, struct arena *a, const struct needle *n);
enum index_answer { INDEX_NO, INDEX_YES, INDEX_UNKNOWN };
enum index_answer index_says(const struct store_found *f, uint32_t uid);

/* Did needle i match? Does no more work than it must, once per message. */
bool haystack_has(struct haystack *h, size_t i);
/* Sent date's day (RFC 3501 6.4.4 SENTON), midnight UTC. False without a readable Date. */
bool haystack_sent_day(struct haystack *h, int64_t *ret_day);
