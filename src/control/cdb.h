/* SPDX-License-Identifier: ISC */
/* control/cdb.h -- djb's constant database, read from and built in memory.
 *
 * A file of 256 (position, slots) pairs, then records (key length, data length, key, data),
 * then the hash tables; 32 bit little endian. The reader trusts nothing: every position is
 * checked against the bytes there are.
 */
#pragma once
#include "base/base.h"

enum { CDB_MAX = 256 << 20 };

/* The first record under key. ERR_NOTFOUND; ERR_SYNTAX when the database is damaged. */
err cdb_find(str cdb, str key, str *ret_data);
/* Walks all records in the order they were added: *at = 0 first. False at the end or damage. */
bool cdb_next(str cdb, size_t *at, str *ret_key, str *ret_data);

struct cdb_slot {
    uint32_t hash, at;
};
struct cdb_make {
    struct buf *out; /* must be empty; its maximum bounds the result */
    VEC(struct cdb_slot) slots;
};
void cdb_make_start(struct cdb_make *m, struct buf *out);
void cdb_make_add(struct cdb_make *m, str key, str data);
err cdb_make_finish(struct cdb_make *m); /* ERR_LIMIT when it did not fit; frees m either way */
