/* SPDX-License-Identifier: ISC */
/* imapd/condstore.h -- mod-sequences on the wire (RFC 7162 3.1). */
#pragma once
#include "imapd/session.h"

/* A command that RFC 7162 3.1 calls CONDSTORE-enabling: from now on changes carry a MODSEQ. */
void condstore_enable(struct session *s);
/* Takes the mod-sequences of all messages from the keeper; ends the session when it cannot. */
void condstore_want(struct session *s);
bool condstore_is_on(const struct session *s);
/* "* OK [HIGHESTMODSEQ n]", if a mailbox is open. */
void condstore_say_highest(struct session *s);
str condstore_code(struct session *s); /* "HIGHESTMODSEQ n", for a tagged answer */
uint64_t condstore_highest(const struct session *s);
uint64_t condstore_modseq(const struct session *s, size_t index); /* of one message */

/* "* VANISHED uids" (RFC 7162 3.2.10), in several lines when there are many. */
struct vanished {
    struct session *s;
    const char *start;
    struct buf line;
    uint32_t from, to; /* the range that still grows; 0: none */
};
void vanished_begin(struct vanished *v, struct session *s, const char *start);
void vanished_add(struct vanished *v, uint32_t from, uint32_t to); /* ascending */
void vanished_end(struct vanished *v);
