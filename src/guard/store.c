/* SPDX-License-Identifier: ISC */
#include "guard/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/file.h"

enum { BUSY_MS = 2000 };
static const char name[] = "bans.sqlite", aside[] = "bans.sqlite.damaged";

enum sql {
    SQL_BAN,
    SQL_HISTORY,
    SQL_UNBAN,
    SQL_BANS_JAIL,
    SQL_BANS_ALL,
    SQL_EACH,
    SQL_POSITION,
    SQL_POSITION_OF,
    SQL_FORGET,
    SQL_FORGET_BANS,
    SQL_COUNT
};

struct store {
    sqlite3 *db;
    bool open; /* a transaction is */
    sqlite3_stmt *ready[SQL_COUNT];
};

static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    "CREATE TABLE IF NOT EXISTS bans(jail TEXT, id TEXT, since INT, until INT, bans INT,"
    " failures INT, matches TEXT, PRIMARY KEY(jail, id)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS history(id TEXT, jail TEXT, since INT, until INT,"
    " PRIMARY KEY(id, jail, since)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS history_since ON history(since);"
    "CREATE TABLE IF NOT EXISTS logs(path TEXT PRIMARY KEY, dev INT, ino INT, at INT) WITHOUT "
    "ROWID;"
    "PRAGMA user_version=1;";

static const char *const statements[SQL_COUNT] = {
    [SQL_BAN] = "REPLACE INTO bans VALUES(?,?,?,?,?,?,?)",
    [SQL_HISTORY] = "REPLACE INTO history VALUES(?,?,?,?)",
    [SQL_UNBAN] = "DELETE FROM bans WHERE jail=? AND id=?",
    [SQL_BANS_JAIL] = "SELECT count(*) FROM history WHERE id=? AND jail=? AND since>?",
    [SQL_BANS_ALL] = "SELECT count(*) FROM history WHERE id=? AND ?='' AND since>?",
    [SQL_EACH] = "SELECT id, since, until, bans FROM bans WHERE jail=? AND until>?",
    [SQL_POSITION] = "REPLACE INTO logs VALUES(?,?,?,?)",
    [SQL_POSITION_OF] = "SELECT at FROM logs WHERE path=? AND dev=? AND ino=?",
    [SQL_FORGET] = "DELETE FROM history WHERE since<?",
    [SQL_FORGET_BANS] = "DELETE FROM bans WHERE until<?",
};

static bool begin(struct store *s, const char *path)
{
    int r = sqlite3_open_v2(path, &s->db,
                            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (r == SQLITE_OK)
        r = sqlite3_busy_timeout(s->db, BUSY_MS);
    if (r == SQLITE_OK)
        r = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
    for (size_t i = 0; r == SQLITE_OK && i < SQL_COUNT; i++)
        r = sqlite3_prepare_v3(s->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->ready[i],
                               NULL);
    return r == SQLITE_OK;
}

static void end(struct store *s)
{
    for (size_t i = 0; i < SQL_COUNT; i++) {
        (void)sqlite3_finalize(s->ready[i]); /* repeats the last step's verdict */
        s->ready[i] = NULL;
    }
    (void)sqlite3_close(s->db); /* no statement is left that could refuse it */
    s->db = NULL;
}

struct store *store_open(int dir, char *ret_why, size_t why_size)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d/%s", dir, name); /* fits */
    struct store *s = mem_alloc("store", sizeof *s);
    bool ok = begin(s, path);
    int code = s->db ? sqlite3_errcode(s->db) : SQLITE_NOMEM;
    if (!ok) {
        (void)snprintf(ret_why, why_size, "%s", /* cut when long */
                       s->db ? sqlite3_errmsg(s->db) : "no memory");
        end(s);
    }
    if (!ok && (code == SQLITE_NOTADB || code == SQLITE_CORRUPT) &&
        !failed(file_rename(dir, name, dir, aside)))
        ok = begin(s, path);
    if (ok)
        return s;
    end(s);
    free(s);
    return NULL;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    (void)store_commit(s); /* the end: nothing more can be tried */
    end(s);
    free(s);
}

static void bind_text(sqlite3_stmt *q, int at, str text)
{
    (void)sqlite3_bind_text(q, at, text.p ? text.p : "", (int)text.n, SQLITE_STATIC);
}

static sqlite3_stmt *use(struct store *s, enum sql which, bool changes)
{
    if (changes && !s->open)
        s->open = sqlite3_exec(s->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
    return s->ready[which];
}

static void done(sqlite3_stmt *q)
{
    (void)sqlite3_reset(q); /* repeats the verdict of the last step */
    (void)sqlite3_clear_bindings(q);
}

static void change(sqlite3_stmt *q)
{
    (void)sqlite3_step(q); /* full disk: the ban stands, it is forgotten over a restart */
    done(q);
}

void store_ban(struct store *s, str jail, str id, int64_t since, int64_t until, unsigned bans,
               unsigned failures, str matches)
{
    if (!s)
        return;
    sqlite3_stmt *q = use(s, SQL_BAN, true);
    bind_text(q, 1, jail);
    bind_text(q, 2, id);
    (void)sqlite3_bind_int64(q, 3, since);
    (void)sqlite3_bind_int64(q, 4, until);
    (void)sqlite3_bind_int64(q, 5, bans);
    (void)sqlite3_bind_int64(q, 6, failures);
    bind_text(q, 7, matches);
    change(q);
    q = use(s, SQL_HISTORY, true);
    bind_text(q, 1, id);
    bind_text(q, 2, jail);
    (void)sqlite3_bind_int64(q, 3, since);
    (void)sqlite3_bind_int64(q, 4, until);
    change(q);
}

void store_unban(struct store *s, str jail, str id)
{
    if (!s)
        return;
    sqlite3_stmt *q = use(s, SQL_UNBAN, true);
    bind_text(q, 1, jail);
    bind_text(q, 2, id);
    change(q);
}

unsigned store_bans_of(struct store *s, str jail, str id, int64_t after)
{
    if (!s)
        return 0;
    sqlite3_stmt *q = use(s, jail.n ? SQL_BANS_JAIL : SQL_BANS_ALL, false);
    bind_text(q, 1, id);
    bind_text(q, 2, jail);
    (void)sqlite3_bind_int64(q, 3, after);
    int n = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int(q, 0) : 0;
    done(q);
    return n > 0 ? (unsigned)n : 0;
}

void store_each(struct store *s, str jail, int64_t now, store_ban_fn *fn, void *ctx)
{
    if (!s)
        return;
    sqlite3_stmt *q = use(s, SQL_EACH, false);
    bind_text(q, 1, jail);
    (void)sqlite3_bind_int64(q, 2, now);
    while (sqlite3_step(q) == SQLITE_ROW)
        fn(ctx, str_of(sqlite3_column_text(q, 0), (size_t)sqlite3_column_bytes(q, 0)),
           sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2),
           (unsigned)sqlite3_column_int(q, 3));
    done(q);
}

void store_position(struct store *s, str path, uint64_t dev, uint64_t ino, uint64_t at)
{
    if (!s)
        return;
    sqlite3_stmt *q = use(s, SQL_POSITION, true);
    bind_text(q, 1, path);
    (void)sqlite3_bind_int64(q, 2, (int64_t)dev);
    (void)sqlite3_bind_int64(q, 3, (int64_t)ino);
    (void)sqlite3_bind_int64(q, 4, (int64_t)at);
    change(q);
}

bool store_position_of(struct store *s, str path, uint64_t dev, uint64_t ino, uint64_t *ret_at)
{
    if (!s)
        return false;
    sqlite3_stmt *q = use(s, SQL_POSITION_OF, false);
    bind_text(q, 1, path);
    (void)sqlite3_bind_int64(q, 2, (int64_t)dev);
    (void)sqlite3_bind_int64(q, 3, (int64_t)ino);
    bool known = sqlite3_step(q) == SQLITE_ROW;
    if (known)
        *ret_at = (uint64_t)sqlite3_column_int64(q, 0);
    done(q);
    return known;
}

void store_forget(struct store *s, int64_t before)
{
    if (!s)
        return;
    for (enum sql which = SQL_FORGET; which <= SQL_FORGET_BANS; which++) {
        sqlite3_stmt *q = use(s, which, true);
        (void)sqlite3_bind_int64(q, 1, before);
        change(q);
    }
}

bool store_commit(struct store *s)
{
    if (!s || !s->open)
        return true;
    s->open = sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK;
    return !s->open;
}
