/* SPDX-License-Identifier: ISC */
/* imapd/fetch_known.h -- items that are told from digests (wire/digest.h): ENVELOPE, BODY and
 * BODYSTRUCTURE, EMAILID and THREADID (RFC 8474), PREVIEW (RFC 8970). Where the keeper has no
 * digest, the message is read and one made.
 */
#pragma once
#include "imapd/fetch.h"
#include "wire/digest.h"

enum { FETCH_KNOWN_MAX = STORE_DIGESTS_MAX }; /* messages at a time */

bool fetch_needs_digest(const struct imap_fetch_args *args);
/* Asks for the digests of these messages, FETCH_KNOWN_MAX at most. *ret_all: none is missing. */
err fetch_know(struct fetch *f, const struct spans *spans, bool *ret_all);
/* Asks ahead for those of the next batch: when nothing else is asked of the store before. */
err fetch_know_next(struct fetch *f, const struct spans *spans);
/* Writes the items of one message and notes in f->told which could be; `b` may be NULL when there
 * is a digest. */
err fetch_known_items(struct fetch *f, size_t index, const struct body *b);
void fetch_known_done(struct fetch *f);
