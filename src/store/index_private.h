/* SPDX-License-Identifier: ISC */
/* store/index_private.h -- the statements that the index's files share. */
#pragma once
#include <sqlite3.h>

#include "store/index.h"

enum index_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_BOX_FIND,
    SQL_BOX_ADD,
    SQL_BOX_SAVE,
    SQL_BOX_LIST,
    SQL_BOX_NAME,
    SQL_BOX_DROP,
    SQL_CHUNKS,
    SQL_CHUNK_SAVE,
    SQL_CHUNK_DROP,
    SQL_CHUNKS_DROP,
    SQL_GONE_COUNT,
    SQL_GONE_ADD,
    SQL_GONE_OLDEST,
    SQL_GONE_DROP,
    SQL_GONE_CLEAR,
    SQL_GONE_SINCE,
    SQL_DIGEST,
    SQL_DIGEST_SAVE,
    SQL_DIGEST_DROP,
    SQL_DIGESTS_DROP,
    SQL_COUNT,
};

struct index {
    char path[1100];
    sqlite3 *db;
    sqlite3_stmt *ready[SQL_COUNT];
    deadline retry_at; /* not before */
    uint32_t generation;
    bool in_transaction, pending;
};

/* The statement, ready to be bound; the file is opened and a transaction begun where need be.
 * NULL: no index now. */
sqlite3_stmt *index_sql(struct index *x, enum index_sql which);
/* Runs it to its end. False: it failed, and a damaged file is begun anew. */
bool index_run(struct index *x, sqlite3_stmt *s);
/* One row. False: none, or it failed. Then reset it with index_done(). */
bool index_step(struct index *x, sqlite3_stmt *s);
void index_done(sqlite3_stmt *s);
int64_t index_key(uint32_t box, uint32_t low); /* rows of one mailbox lie together */
