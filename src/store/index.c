/* SPDX-License-Identifier: ISC */
/* How it works: opening makes sure that the file is whole enough and of our version, else it is
 * removed and made anew. Statements are prepared when first needed. Writes gather in one
 * transaction until index_commit(). The lock is exclusive (nobody else has business here), so that
 * WAL needs no shared memory. */
#include "store/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "store/index_private.h"

enum { BUSY_MS = 50 };

static const char schema[] =
    "CREATE TABLE box(id INTEGER PRIMARY KEY, folder TEXT UNIQUE, uidvalidity INT, guid TEXT,"
    " inode INT, highest INT, floor INT, clean INT);"
    "CREATE TABLE chunk(id INTEGER PRIMARY KEY, rows BLOB);"
    "CREATE TABLE gone(box INT, modseq INT, n INT, uids BLOB, PRIMARY KEY(box, modseq));"
    "CREATE TABLE digest(id INTEGER PRIMARY KEY, name INT, blob BLOB);";

static const char *const statements[SQL_COUNT] = {
    [SQL_BEGIN] = "BEGIN",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_BOX_FIND] = "SELECT id, uidvalidity, guid, inode, highest, floor, clean FROM box"
                     " WHERE folder = ?",
    [SQL_BOX_ADD] = "INSERT INTO box(folder, uidvalidity, guid, inode, highest, floor, clean)"
                    " VALUES(?, ?, ?, 0, 0, 0, 0)",
    [SQL_BOX_SAVE] = "UPDATE box SET inode = ?, highest = ?, floor = ?, clean = ? WHERE id = ?",
    [SQL_BOX_LIST] = "SELECT id, folder FROM box",
    [SQL_BOX_NAME] = "UPDATE OR REPLACE box SET folder = ? WHERE id = ?",
    [SQL_BOX_DROP] = "DELETE FROM box WHERE id = ?",
    [SQL_CHUNKS] = "SELECT id, rows FROM chunk WHERE id BETWEEN ? AND ? ORDER BY id",
    [SQL_CHUNK_SAVE] = "INSERT OR REPLACE INTO chunk(id, rows) VALUES(?, ?)",
    [SQL_CHUNK_DROP] = "DELETE FROM chunk WHERE id = ?",
    [SQL_CHUNKS_DROP] = "DELETE FROM chunk WHERE id BETWEEN ? AND ?",
    [SQL_GONE_COUNT] = "SELECT ifnull(sum(n), 0) FROM gone WHERE box = ?",
    [SQL_GONE_ADD] = "INSERT OR REPLACE INTO gone(box, modseq, n, uids) VALUES(?, ?, ?, ?)",
    [SQL_GONE_OLDEST] = "SELECT modseq, n FROM gone WHERE box = ? ORDER BY modseq LIMIT 1",
    [SQL_GONE_DROP] = "DELETE FROM gone WHERE box = ? AND modseq = ?",
    [SQL_GONE_CLEAR] = "DELETE FROM gone WHERE box = ?",
    [SQL_GONE_SINCE] = "SELECT uids FROM gone WHERE box = ? AND modseq > ?",
    [SQL_DIGEST] = "SELECT name, blob FROM digest WHERE id = ?",
    [SQL_DIGEST_SAVE] = "INSERT OR REPLACE INTO digest(id, name, blob) VALUES(?, ?, ?)",
    [SQL_DIGEST_DROP] = "DELETE FROM digest WHERE id = ?",
    [SQL_DIGESTS_DROP] = "DELETE FROM digest WHERE id BETWEEN ? AND ?",
};

struct index *index_new(const char *path)
{
    struct index *x = mem_alloc("index", sizeof *x);
    if (strlen(path) < sizeof x->path - sizeof "-journal")
        memcpy(x->path, path, strlen(path) + 1);
    x->generation = 1;
    return x;
}

static void close_db(struct index *x)
{
    for (size_t i = 0; i < SQL_COUNT; i++) {
        (void)sqlite3_finalize(x->ready[i]); /* repeats the last step's verdict */
        x->ready[i] = NULL;
    }
    (void)sqlite3_close(x->db); /* no statement is left that could refuse it */
    x->db = NULL;
    x->in_transaction = x->pending = false;
}

void index_free(struct index *x)
{
    if (!x)
        return;
    index_rest(x);
    free(x);
}

void index_rest(struct index *x)
{
    if (!x || !x->db)
        return;
    (void)index_commit(x); /* what is lost is found out again */
    close_db(x);
}

uint32_t index_generation(const struct index *x)
{
    return x ? x->generation : 0;
}

bool index_is_busy(const struct index *x)
{
    return x && x->pending;
}

/* ---- the file ---- */

static void remove_file(struct index *x)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char path[1200];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        (void)snprintf(path, sizeof path, "%s%s", x->path, ends[i]); /* fits: index_new() */
        (void)unlink(path);                                          /* what is not there is fine */
    }
    x->generation++;
}

static int exec(struct index *x, const char *sql)
{
    return sqlite3_exec(x->db, sql, NULL, NULL, NULL);
}

static int version_of(struct index *x)
{
    sqlite3_stmt *s;
    int version = -1;
    if (sqlite3_prepare_v2(x->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        version = sqlite3_column_int(s, 0);
    (void)sqlite3_finalize(s);
    return version;
}

static int prepare_file(struct index *x)
{
    char begin[sizeof schema + 100];
    (void)sqlite3_busy_timeout(x->db, BUSY_MS);
    int r = exec(x, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;"
                    "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-1024; PRAGMA temp_store=2;"
                    "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=4194304;"
                    "PRAGMA trusted_schema=0; PRAGMA cell_size_check=1;");
    if (r != SQLITE_OK)
        return r;
    int version = version_of(x);
    if (version == INDEX_VERSION)
        return SQLITE_OK;
    if (version != 0)
        return version < 0 ? sqlite3_errcode(x->db) : SQLITE_SCHEMA;
    (void)snprintf(begin, sizeof begin, "BEGIN IMMEDIATE; %s PRAGMA user_version=%d; COMMIT;",
                   schema, INDEX_VERSION); /* fits: made of constants */
    return exec(x, begin);
}

static int open_once(struct index *x)
{
    auto_fd int fd = -1; /* made by us, since it shall be the owner's alone */
    err e = file_open(AT_FDCWD, x->path, O_RDWR | O_CREAT, 0600, &fd);
    if (failed(e))
        return SQLITE_CANTOPEN;
    fd_closep(&fd);
    int r = sqlite3_open_v2(x->path, &x->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (r == SQLITE_OK)
        r = prepare_file(x);
    if (r != SQLITE_OK)
        close_db(x);
    return r & 0xff;
}

/* Not the disk's fault or another keeper's: what lies there is of no use. */
static bool is_useless(int r)
{
    return r == SQLITE_CORRUPT || r == SQLITE_NOTADB || r == SQLITE_SCHEMA || r == SQLITE_ERROR ||
           r == SQLITE_FORMAT || r == SQLITE_MISMATCH;
}

static bool open_db(struct index *x)
{
    if (!x || !x->path[0])
        return false;
    if (x->db)
        return true;
    if (deadline_left_ms(x->retry_at) > 0)
        return false;
    int r = open_once(x);
    if (is_useless(r)) {
        remove_file(x);
        r = open_once(x);
    }
    if (r != SQLITE_OK)
        x->retry_at = deadline_in_ms(INDEX_RETRY_MS);
    return r == SQLITE_OK;
}

static void failed_with(struct index *x, int r)
{
    close_db(x);
    if (is_useless(r & 0xff))
        remove_file(x);
    else
        x->retry_at = deadline_in_ms(INDEX_RETRY_MS);
}

/* ---- statements ---- */

static sqlite3_stmt *prepared(struct index *x, enum index_sql which)
{
    if (x->ready[which])
        return x->ready[which];
    int r = sqlite3_prepare_v3(x->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT,
                               &x->ready[which], NULL);
    if (r == SQLITE_OK)
        return x->ready[which];
    failed_with(x, r);
    return NULL;
}

sqlite3_stmt *index_sql(struct index *x, enum index_sql which)
{
    if (!open_db(x))
        return NULL;
    if (!x->in_transaction) {
        sqlite3_stmt *begin = prepared(x, SQL_BEGIN);
        if (!begin)
            return NULL;
        if (!index_run(x, begin))
            return NULL;
        x->in_transaction = true;
    }
    return prepared(x, which);
}

bool index_step(struct index *x, sqlite3_stmt *s)
{
    int r = sqlite3_step(s);
    if (r == SQLITE_ROW)
        return true;
    if (r != SQLITE_DONE)
        failed_with(x, r); /* finalizes s too */
    else
        index_done(s);
    return false;
}

void index_done(sqlite3_stmt *s)
{
    (void)sqlite3_reset(s); /* repeats the verdict of the last step */
    (void)sqlite3_clear_bindings(s);
}

bool index_run(struct index *x, sqlite3_stmt *s)
{
    int r;
    do
        r = sqlite3_step(s);
    while (r == SQLITE_ROW);
    if (r != SQLITE_DONE) {
        failed_with(x, r);
        return false;
    }
    index_done(s);
    return true;
}

bool index_commit(struct index *x)
{
    if (!x || !x->db || !x->in_transaction)
        return x && x->db;
    sqlite3_stmt *s = prepared(x, SQL_COMMIT);
    bool good = s && index_run(x, s);
    x->in_transaction = x->pending = false;
    return good;
}

int64_t index_key(uint32_t box, uint32_t low)
{
    return (int64_t)((uint64_t)box << 32 | low);
}
