/* SPDX-License-Identifier: ISC */
/* keeper/indexer.h -- the words of mailboxes are gathered in the background.
 *
 * The keeper forks a child for it, at the lowest priority, that reads messages and writes
 * store/fulltext.h's files, and nothing else; sessions never wait for it. It starts when nobody has
 * asked for anything for INDEXER_QUIET_MS (but after INDEXER_PATIENCE_MS in any case), works on one
 * mailbox of those that sessions have opened, and ends after INDEXER_RUN_MS or when all is done;
 * then the next one starts. Killed at any moment it leaves a whole index of what it had
 * committed. A user who wants none has a file INDEXER_OFF_NAME beside his INBOX.
 */
#pragma once
#include "keeper/keeper.h"
#include "store/fulltext.h"

enum {
    INDEXER_QUIET_MS = 300,
    INDEXER_PATIENCE_MS = 5'000,
    INDEXER_RUN_MS = 20'000,
    INDEXER_COMMIT_MS = 2'000,      /* what is found may be this old */
    INDEXER_COMMIT_BYTES = 4 << 20, /* of text; the work that a crash loses */
};
#define INDEXER_OFF_NAME "twinpost-no-index"

struct indexer;
struct indexer *indexer_new(struct keeper *k);
void indexer_free(struct indexer *x); /* NULL is fine; ends the child */
void indexer_wake(struct keeper *k);  /* there may be something new */
void indexer_quiet(struct keeper *k); /* somebody asked something: not now */
bool indexer_works(const struct keeper *k);
bool indexer_is_off(const struct keeper *k);
err indexer_turn(struct keeper *k, bool on); /* the user's wish, kept */
void indexer_hurry(struct keeper *k, struct held *h);
void indexer_stop(struct keeper *k); /* ends a child that works */
/* The last UID whose words are known. */
uint32_t indexer_known(const struct keeper *k, const struct held *h);

/* Where a mailbox's words lie; `name` holds its place's name. */
struct fulltext_place indexer_place(const struct keeper *k, const struct held *h, struct buf *name);

/* ---- the child's work ---- */
enum indexer_result {
    INDEXER_DONE = 0,      /* all, or what fits into one run */
    INDEXER_UNWILLING = 3, /* no more can be done: full, unwritable */
};
/* force: a message that is not found where it was is one that cannot be read. */
enum indexer_how { INDEXER_CAREFUL, INDEXER_FORCE };
enum indexer_result indexer_run(const struct fulltext_place *place, struct box *b,
                                enum indexer_how how);
