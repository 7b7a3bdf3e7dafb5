/* SPDX-License-Identifier: ISC */
/* imapd/names.h -- mailbox names between wire and store.
 *
 * The store has modified UTF-7, as Maildir++ and Dovecot 2.3 have on disk (RFC 3501 5.1.3). That is
 * what a client says that enabled nothing; after ENABLE IMAP4rev2 or UTF8=ACCEPT it says UTF-8
 * (RFC 9051 5.1, RFC 9755 3). Names are not normalized: each spelling is a folder of its own.
 */
#pragma once
#include "imapd/session.h"

bool names_are_utf8(const struct session *s);
/* The client's spelling to the store's. ERR_SYNTAX: not UTF-8. "INBOX" in any case stays. */
err names_in(struct session *s, str *name);
/* The store's spelling to the client's, without quotes; in the command's arena. */
str names_out(struct session *s, str name);
/* Does LIST's pattern, as the client wrote it, take the store's name? */
bool names_match(struct session *s, str pattern, str name);
void names_write(struct session *s, struct buf *b, str name); /* as an astring */
/* What may become a folder: one spelling a name, and nothing that LIST takes for a pattern. */
bool names_may_be(str name);
