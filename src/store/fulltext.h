/* SPDX-License-Identifier: ISC */
/* store/fulltext.h -- the words of one mailbox, kept beside it, so that a search opens no message.
 *
 * Two files in the mailbox's own directory, so that they move and go with it:
 *   twinpost-text        a head of 64 octets, then for each message what wire/mail_text.h makes of
 *                        it: head 0xff parts 0xff body 0xff (no UTF-8 holds that octet)
 *   twinpost-text-index  the same head, then a struct fulltext_entry for each, UIDs ascending
 * (beside an mbox: NAME.twinpost-text and NAME.twinpost-text-index). There is no table of words or
 * n-grams: wire/find.h goes through the text at some 10 GB a second, finds words of one and two
 * characters as surely as long ones, and Japanese without cutting it into words.
 *
 * Derived: whoever finds them missing, of another UIDVALIDITY or version, or damaged begins anew.
 * Entries are written after the text that they speak of is on the disk; what a crash cuts off
 * is cut off here too. One writer (the keeper's indexer, under a lock); readers map both files.
 * What is expunged stays until it is half of the whole; readers know the living by their UIDs.
 *
 * Size: that of the decoded text, at most FULLTEXT_PIECE_MAX for each of a message's three pieces
 * (a longer message is `ask`: read whenever the kept part does not match) and
 * FULLTEXT_BYTES_MAX for a mailbox (what comes after is not indexed).
 */
#pragma once
#include "base/base.h"
#include "store/session.h"
#include "wire/mail_text.h"

enum {
    FULLTEXT_VERSION = 1, /* of the files and of what mail_text makes of a message */
    FULLTEXT_PIECE_MAX = 512 * 1024,
    FULLTEXT_PENDING_MAX = 8 << 20, /* octets that wait for fulltext_commit() */
};
#define FULLTEXT_BYTES_MAX (UINT64_C(8) << 30)
#define FULLTEXT_NAME "twinpost-text"
#define FULLTEXT_MBOX_SUFFIX ".twinpost-text"

struct fulltext_place {
    int dir;          /* the caller's */
    const char *name; /* of the text file; the index has "-index" behind it */
};

enum fulltext_flag { FULLTEXT_ASK = 1 }; /* not all of it is here: read the message itself */
struct fulltext_entry {
    uint64_t at; /* in the text file */
    uint32_t uid, flags;
    uint32_t head, parts, body; /* octets, without the marks */
    uint32_t sum;               /* of the above: a torn entry is none */
};

/* ---- writing ---- */
struct fulltext;
/* ERR_TEMP: somebody else writes. */
err fulltext_open(const struct fulltext_place *p, uint32_t uidvalidity, struct fulltext **ret);
void fulltext_close(struct fulltext *f);           /* what was not committed is forgotten */
uint32_t fulltext_upto(const struct fulltext *f);  /* the last UID; 0: none */
uint64_t fulltext_bytes(const struct fulltext *f); /* with what is pending */
size_t fulltext_pending(const struct fulltext *f); /* octets */
/* UIDs ascending. t NULL: a message that cannot be read now. ERR_LIMIT: the mailbox is full. */
err fulltext_add(struct fulltext *f, uint32_t uid, const struct mail_text *t);
err fulltext_commit(struct fulltext *f); /* durable */
/* Forgets all of it; whoever reads goes on in what he has. */
err fulltext_drop(const struct fulltext_place *p);
/* When more than half of it is of messages that are gone: without them, in new files. */
err fulltext_compact(struct fulltext *f, const struct store_message *live, size_t n);

/* ---- reading ---- */
/* For readers elsewhere. ERR_NOTFOUND: there is none. The files may be of two makes: the reader
 * finds out. */
err fulltext_files(const struct fulltext_place *p, int *ret_index, int *ret_text);
/* The last UID of a whole index of that UIDVALIDITY, or 0. Cheap. */
uint32_t fulltext_known(const struct fulltext_place *p, uint32_t uidvalidity);

struct fulltext_view {
    str index, text; /* mapped */
    const struct fulltext_entry *at;
    size_t n;
};
/* ERR_NOTFOUND: nothing that fits. */
err fulltext_view_open(int index, int text, uint32_t uidvalidity, struct fulltext_view *ret);
void fulltext_view_done(struct fulltext_view *v);
/* Linear in the text. */
void fulltext_find(const struct fulltext_view *v, const struct store_find_key *key, struct arena *a,
                   struct store_found *ret);
