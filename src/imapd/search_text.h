/* SPDX-License-Identifier: ISC */
/* imapd/search_text.h -- substrings in a message as a reader sees it: headers with their encoded
 * words undone, text parts decoded and in UTF-8, letters without their case.
 *
 * Work per message is its size times the number of strings sought, whatever the message is.
 */
#pragma once
#include "wire/imap_search_args.h"

/* Text parts are searched up to so many octets each (decoded); a 16 MB text is a log file. */
enum { SEARCH_PART_MAX = 16 << 20 };

struct needle {
    enum imap_key key; /* HEADER, BODY, TEXT */
    str field, text;   /* text folded */
};

struct haystack {
    str message;
    const struct needle *needles;
    size_t n;
    struct arena *arena; /* for the structure; the caller's to reset */
    bool *found;         /* by needle; valid once headers/bodies were searched */
    bool headers_done, bodies_done;
};

/* Did needle i match? Does no more work than it must, once per message. */
bool haystack_has(struct haystack *h, size_t i);
/* Sent date's day (RFC 3501 6.4.4 SENTON), midnight UTC. False without a readable Date. */
bool haystack_sent_day(struct haystack *h, int64_t *ret_day);
