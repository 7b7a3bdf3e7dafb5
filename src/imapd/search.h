/* SPDX-License-Identifier: ISC */
/* imapd/search.h -- runs a SEARCH tree over the open mailbox.
 *
 * In two rounds: first with the table alone; only messages that this leaves undecided are
 * opened, and only as far as needed.
 */
#pragma once
#include "imapd/session.h"
#include "imapd/spans.h"
#include "wire/imap_search_args.h"

/* Turns the tree's strings into folded UTF-8 and its sets into numbers of this mailbox.
 * ERR_NOTFOUND: unknown charset. ERR_SYNTAX: a message number that is not there. */
err search_prepare(struct session *s, struct imap_search_args *args);
/* The matching indices, ascending. */
err search_run(struct session *s, const struct imap_search_args *args, struct spans *ret);
