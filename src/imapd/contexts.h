/* SPDX-License-Identifier: ISC */
/* imapd/contexts.h -- searches whose results are kept up to date (RFC 5267, CONTEXT=SEARCH).
 *
 * Each keeps its keys and the UIDs that match. What changes is looked at when it is told to the
 * client (sync.h), and only that: a search costs what the news cost, not what the mailbox holds.
 */
#pragma once
#include "imapd/search.h"

enum { CONTEXTS_MAX = 8 }; /* of one session; past it NOUPDATE */

/* SEARCH RETURN (UPDATE …): `args` is a reader at what follows the verb. Says NOUPDATE where the
 * result cannot be kept: its keys depend on message numbers or on the time of day. */
void contexts_begin(struct session *s, struct imap_reader args, bool uid,
                    const struct search_found *found);
void contexts_refuse(struct session *s); /* NOUPDATE for the command that runs */
bool contexts_has(const struct session *s, str tag);
bool contexts_cancel(struct session *s, str tag); /* false: no such search */
void contexts_forget(struct session *s);          /* all: the mailbox is closed */
/* Before EXPUNGE is said, and after all else was. */
void contexts_say_gone(struct session *s, const struct store_changes *c);
void contexts_say_changed(struct session *s, const struct store_changes *c);
