/* SPDX-License-Identifier: ISC */
/* imapd/search.h -- runs a SEARCH tree over the open mailbox.
 *
 * In rounds, each for what the one before left undecided: with the table alone; with what the
 * full-text index knows; with the keeper's digests; with the messages themselves, opened only as
 * far as needed.
 */
#pragma once
#include "imapd/session.h"
#include "imapd/spans.h"
#include "wire/imap_search_args.h"

/* Turns the tree's strings into normal UTF-8, its sets into numbers of this mailbox and "$" into
 * UIDs, and puts the cheap keys first. ERR_NOTFOUND: unknown charset. ERR_SYNTAX: a message number
 * that is not there. */
err search_prepare(struct session *s, struct imap_search_args *args);

/* The same for a tree that outlives the command (contexts.h), with its memory: "n:*" goes on to
 * whatever comes. */
err search_prepare_lasting(struct session *s, struct arena *a, struct imap_search_args *args);

struct search_found {
    uint32_t *at; /* indices, ascending; in the command's arena */
    size_t n;
};
/* Among all messages. `args` are prepared; for a later call on them (contexts.h) nothing changes
 * but what a message is. */
err search_run(struct session *s, struct imap_search_args *args, struct search_found *ret);
/* Among those alone. */
err search_among(struct session *s, struct imap_search_args *args, const struct spans *among,
                 struct search_found *ret);
/* The refusal of a tree that search_prepare() did not take. */
struct reply search_refused(struct session *s, const struct imap_search_args *args, err e);
