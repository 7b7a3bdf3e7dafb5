/* SPDX-License-Identifier: ISC */
/* guard/store.h -- the ledger of bans on disk (SQLite): what is banned, what was, how far each log
 * was read.
 *
 * Changes gather in one transaction that store_commit() ends, once a round. Losing the last
 * second to a power cut loses no more than a second of bans: WAL without a sync for each
 * transaction. A database that is damaged is set aside and a new one begun. Without a database
 * (no room, no right) everything works but is forgotten at the end.
 */
#pragma once
#include "base/base.h"

struct store; /* NULL: there is none; all calls accept it */

/* dir: its directory. NULL: why is said. */
struct store *store_open(int dir, char *ret_why, size_t why_size);
void store_close(struct store *s);
void store_ban(struct store *s, str jail, str id, int64_t since, int64_t until, unsigned bans,
               unsigned failures, str matches);
void store_unban(struct store *s, str jail, str id);
/* How often it was banned since `after`; in all jails when jail is empty. */
unsigned store_bans_of(struct store *s, str jail, str id, int64_t after);
/* The bans that are not over at `now`. */
typedef void store_ban_fn(void *ctx, str id, int64_t since, int64_t until, unsigned bans);
void store_each(struct store *s, str jail, int64_t now, store_ban_fn *fn, void *ctx);
void store_position(struct store *s, str path, uint64_t dev, uint64_t ino, uint64_t at);
/* False: nothing is known, or it is another file by now. */
bool store_position_of(struct store *s, str path, uint64_t dev, uint64_t ino, uint64_t *ret_at);
void store_forget(struct store *s, int64_t before); /* history that ended before */
bool store_commit(struct store *s); /* false: nothing could be written; tried again next time */
