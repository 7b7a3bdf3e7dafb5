/* SPDX-License-Identifier: ISC */
#include "people/registry_db.h"

#include <stdarg.h>
#include <stdio.h>

#include "os/file.h"

static const char schema[] =
    "CREATE TABLE card(host INTEGER NOT NULL, login TEXT NOT NULL, state TEXT NOT NULL,"
    " uid INTEGER, text BLOB NOT NULL, PRIMARY KEY(host, login)) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX card_uid ON card(uid) WHERE uid IS NOT NULL;"
    "CREATE TABLE audit(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
    " actor TEXT NOT NULL, login TEXT NOT NULL, event TEXT NOT NULL, outcome TEXT NOT NULL,"
    " detail TEXT NOT NULL);"
    "CREATE TABLE outbox(id INTEGER PRIMARY KEY AUTOINCREMENT, recipient TEXT NOT NULL,"
    " message BLOB NOT NULL);"
    "CREATE TABLE export(host INTEGER NOT NULL, login TEXT NOT NULL, PRIMARY KEY(host, login))"
    " WITHOUT ROWID;"
    "CREATE TABLE generation(number INTEGER NOT NULL);"
    "INSERT INTO generation VALUES(0);";

static err db_err(struct registry *r, const char *what)
{
    int code = sqlite3_errcode(r->db);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return err_new(ERR_TEMP, "the registrations are in use");
    if (code == SQLITE_CONSTRAINT)
        return err_new(ERR_DENIED, "this name or number is taken");
    return err_new(ERR_TEMP, what);
}

err db_exec(struct registry *r, const char *sql)
{
    if (sqlite3_exec(r->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        return db_err(r, "cannot change the registrations");
    return OK_ERR;
}

static err bind_all(struct registry *r, sqlite3_stmt *s, const char *kinds, va_list values)
{
    for (int i = 1; *kinds; kinds++, i++) {
        int code;
        if (*kinds == 's') {
            str v = va_arg(values, str);
            code = sqlite3_bind_text(s, i, v.p ? v.p : "", (int)v.n, SQLITE_TRANSIENT);
        } else {
            code = sqlite3_bind_int64(s, i, va_arg(values, int64_t));
        }
        if (code != SQLITE_OK)
            return db_err(r, "cannot prepare a question to the registrations");
    }
    return OK_ERR;
}

static err prepare(struct registry *r, sqlite3_stmt **ret, const char *sql, const char *kinds,
                   va_list values)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(r->db, sql, -1, &s, NULL) != SQLITE_OK)
        return db_err(r, "cannot prepare a question to the registrations");
    err e = bind_all(r, s, kinds, values);
    if (failed(e)) {
        db_finalize(&s);
        return e;
    }
    *ret = s;
    return OK_ERR;
}

err db_prepare(struct registry *r, sqlite3_stmt **ret, const char *sql, const char *kinds, ...)
{
    va_list values;
    va_start(values, kinds);
    err e = prepare(r, ret, sql, kinds, values);
    va_end(values);
    return e;
}

err db_run(struct registry *r, const char *sql, const char *kinds, ...)
{
    auto_stmt sqlite3_stmt *s = NULL;
    bool row = false;
    va_list values;
    va_start(values, kinds);
    err e = prepare(r, &s, sql, kinds, values);
    va_end(values);
    return failed(e) ? e : db_step(r, s, &row);
}

err db_number(struct registry *r, int64_t *ret, const char *sql, const char *kinds, ...)
{
    auto_stmt sqlite3_stmt *s = NULL;
    bool row = false;
    va_list values;
    va_start(values, kinds);
    err e = prepare(r, &s, sql, kinds, values);
    va_end(values);
    if (!failed(e))
        e = db_step(r, s, &row);
    if (!failed(e))
        *ret = row ? sqlite3_column_int64(s, 0) : 0;
    return e;
}

err db_step(struct registry *r, sqlite3_stmt *s, bool *ret_row)
{
    int code = sqlite3_step(s);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return db_err(r, "cannot read the registrations");
    *ret_row = code == SQLITE_ROW;
    return OK_ERR;
}

str db_text(sqlite3_stmt *s, int column)
{
    const void *p = sqlite3_column_blob(s, column);
    return str_of(p ? p : "", (size_t)sqlite3_column_bytes(s, column));
}

void db_finalize(sqlite3_stmt **s)
{
    (void)sqlite3_finalize(*s); /* repeats the last step's verdict */
    *s = NULL;
}

static err prepare_file(struct registry *r)
{
    int64_t version = 0;
    char made[sizeof schema + 100];
    err e = db_exec(r, "PRAGMA trusted_schema=0; PRAGMA synchronous=FULL; PRAGMA foreign_keys=1;");
    if (!failed(e))
        e = db_exec(r, "BEGIN IMMEDIATE");
    if (!failed(e))
        e = db_number(r, &version, "PRAGMA user_version", "");
    if (failed(e))
        return e;
    if (version == 0) {
        (void)snprintf(made, sizeof made, "%s PRAGMA user_version=%d;", schema,
                       REGISTRY_VERSION); /* fits: made of constants */
        e = db_exec(r, made);
    } else if (version != REGISTRY_VERSION) {
        e = err_new(ERR_SYNTAX, "the registrations are of another version");
    }
    err end = db_exec(r, failed(e) ? "ROLLBACK" : "COMMIT");
    return failed(e) ? e : end;
}

err db_open(struct registry *r, bool to_write)
{
    char path[128];
    auto_fd int fd = -1;
    /* By the descriptor, so that no name in between can be changed under us. */
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d/" REGISTRY_FILE, r->people_dir); /* fits */
    err e = file_open(r->people_dir, REGISTRY_FILE,
                      (to_write ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW, 0600, &fd);
    if (failed(e))
        return e;
    fd_closep(&fd);
    int flags = to_write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    if (sqlite3_open_v2(path, &r->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return db_err(r, "cannot open the registrations");
    (void)sqlite3_busy_timeout(r->db, REGISTRY_BUSY_MS);
    return to_write ? prepare_file(r) : OK_ERR;
}
