/* SPDX-License-Identifier: ISC */
/* imapd/fetch.h -- one message's FETCH answer, written piece by piece (RFC 3501 7.4.2). */
#pragma once
#include "imapd/bodies.h"
#include "wire/imap_fetch_args.h"

struct fetch_known; /* fetch_known.h */

struct fetch {
    struct session *s;
    struct imap_fetch_args args;
    bool uid;            /* UID FETCH: the UID is always told */
    struct arena *arena; /* one message's structure; emptied after each */
    struct arena *scratch;
    struct buf out;        /* one message's answer but for its literals of message text */
    unsigned told;         /* of this message, from its digest: enum imap_fetch_kind */
    bool missing;          /* some message was gone */
    bool unknown_encoding; /* of a part asked for with BINARY */
    struct fetch_known *known;
    const uint32_t *savedates; /* beside the table; NULL: not asked for */
    bool tells_modseq;         /* with FLAGS: the client did not ask, but they changed */
};

enum fetch_source { FETCH_TABLE, FETCH_HEADER, FETCH_WHOLE };
enum fetch_digest { FETCH_WITHOUT_DIGEST, FETCH_WITH_DIGEST };
/* What must be read for the items; with a digest: of those that it does not tell. */
enum fetch_source fetch_source(const struct imap_fetch_args *args, enum fetch_digest digest);
/* Sends what is in f->out. The client may be gone. */
err fetch_send(struct fetch *f);
/* The answer for message `index`; `b` is NULL when the table suffices. */
err fetch_write(struct fetch *f, size_t index, const struct body *b);
