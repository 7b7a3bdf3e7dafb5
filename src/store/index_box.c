/* SPDX-License-Identifier: ISC */
/* Mailboxes, messages and the expunged in the index. Numbers in blobs are little endian. */
#include <stdlib.h>
#include <string.h>

#include "store/index_private.h"

enum {
    CHUNK_ROWS = 1 << INDEX_CHUNK_BITS,
    ROW_BYTES = 29, /* the UID's low bits, five numbers, the modseq */
    GUID_MAX = 64,
};

static void bind(sqlite3_stmt *s, int at, uint64_t v)
{
    (void)sqlite3_bind_int64(s, at, (int64_t)v); /* only fails on wrong arguments */
}

/* Valid until the statement ran: the caller's text outlives that. */
static void bind_str(sqlite3_stmt *s, int at, str text)
{
    (void)sqlite3_bind_text(s, at, text.n ? text.p : "", (int)text.n, SQLITE_STATIC);
}

static str text_at(sqlite3_stmt *s, int column)
{
    const void *p = sqlite3_column_text(s, column);
    return p ? str_of(p, (size_t)sqlite3_column_bytes(s, column)) : S("");
}

static str blob_at(sqlite3_stmt *s, int column)
{
    const void *p = sqlite3_column_blob(s, column);
    return p ? str_of(p, (size_t)sqlite3_column_bytes(s, column)) : S("");
}

/* ---- mailboxes ---- */

static bool drop_range(struct index *x, enum index_sql which, uint32_t box)
{
    sqlite3_stmt *s = index_sql(x, which);
    if (!s)
        return false;
    bind(s, 1, (uint64_t)index_key(box, 0));
    bind(s, 2, (uint64_t)index_key(box, UINT32_MAX));
    x->pending = true;
    return index_run(x, s);
}

static bool drop_box(struct index *x, uint32_t box)
{
    static const enum index_sql by_id[] = {SQL_GONE_CLEAR, SQL_BOX_DROP};
    bool good = drop_range(x, SQL_CHUNKS_DROP, box) && drop_range(x, SQL_DIGESTS_DROP, box);
    for (size_t i = 0; i < 2 && good; i++) {
        sqlite3_stmt *s = index_sql(x, by_id[i]);
        if (!s)
            return false;
        bind(s, 1, box);
        good = index_run(x, s);
    }
    return good;
}

static bool add_box(struct index *x, str folder, uint32_t uidvalidity, str guid,
                    struct index_box *ret)
{
    sqlite3_stmt *s = index_sql(x, SQL_BOX_ADD);
    if (!s)
        return false;
    bind_str(s, 1, folder);
    bind(s, 2, uidvalidity);
    bind_str(s, 3, guid);
    x->pending = true;
    if (!index_run(x, s))
        return false;
    *ret = (struct index_box){.id = (uint32_t)sqlite3_last_insert_rowid(x->db), .fresh = true};
    return true;
}

static bool count_gone(struct index *x, struct index_box *b)
{
    sqlite3_stmt *s = index_sql(x, SQL_GONE_COUNT);
    if (!s)
        return false;
    bind(s, 1, b->id);
    if (!index_step(x, s))
        return false;
    b->n_gone = (uint32_t)sqlite3_column_int64(s, 0);
    index_done(s);
    return true;
}

bool index_box_find(struct index *x, str folder, uint32_t uidvalidity, str guid,
                    struct index_box *ret)
{
    sqlite3_stmt *s = index_sql(x, SQL_BOX_FIND);
    if (!s)
        return false;
    bind_str(s, 1, folder);
    if (!index_step(x, s))
        return x->db && add_box(x, folder, uidvalidity, guid, ret);
    struct index_box b = {.id = (uint32_t)sqlite3_column_int64(s, 0),
                          .inode = (uint64_t)sqlite3_column_int64(s, 3),
                          .highest = (uint64_t)sqlite3_column_int64(s, 4),
                          .floor = (uint64_t)sqlite3_column_int64(s, 5),
                          .clean = sqlite3_column_int(s, 6) != 0};
    bool same = (uint64_t)sqlite3_column_int64(s, 1) == uidvalidity && str_eq(text_at(s, 2), guid);
    index_done(s);
    if (same && b.id && b.highest) {
        *ret = b;
        return count_gone(x, ret);
    }
    return drop_box(x, b.id) && add_box(x, folder, uidvalidity, guid, ret);
}

bool index_box_save(struct index *x, const struct index_box *b)
{
    sqlite3_stmt *s = index_sql(x, SQL_BOX_SAVE);
    if (!s)
        return false;
    bind(s, 1, b->inode);
    bind(s, 2, b->highest);
    bind(s, 3, b->floor);
    bind(s, 4, b->clean);
    bind(s, 5, b->id);
    x->pending = true;
    return index_run(x, s);
}

bool index_begin_changes(struct index *x, const struct index_box *b)
{
    struct index_box dirty = *b;
    dirty.clean = false;
    if (!index_sql(x, SQL_BOX_SAVE) || !index_commit(x)) /* opens it, ends what was begun */
        return false;
    /* In WAL mode FULL syncs the log with the commit; it cannot change within a transaction. */
    if (sqlite3_exec(x->db, "PRAGMA synchronous=FULL", NULL, NULL, NULL) != SQLITE_OK)
        return false;
    bool good = index_box_save(x, &dirty) && index_commit(x);
    if (x->db) /* else it only costs speed */
        (void)sqlite3_exec(x->db, "PRAGMA synchronous=NORMAL", NULL, NULL, NULL);
    return good;
}

struct named {
    uint32_t id;
    char *folder;
    size_t n;
};

/* The folder and all below it. */
static bool is_in_tree(str folder, str root)
{
    return str_eq(folder, root) ||
           (str_starts(folder, root) && folder.n > root.n && folder.p[root.n] == '.');
}

static struct named *tree_of(struct index *x, str root, size_t *ret_n)
{
    VEC(struct named) found = {0};
    sqlite3_stmt *s = index_sql(x, SQL_BOX_LIST);
    while (s && index_step(x, s)) {
        str folder = text_at(s, 1);
        if (!is_in_tree(folder, root))
            continue;
        struct named one = {(uint32_t)sqlite3_column_int64(s, 0), mem_alloc("name", folder.n + 1),
                            folder.n};
        memcpy(one.folder, folder.p, folder.n);
        vec_push(&found, one);
    }
    *ret_n = found.n;
    return found.at;
}

static void free_tree(struct named *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(at[i].folder);
    free(at);
}

void index_box_renamed(struct index *x, str from, str to)
{
    size_t n;
    struct named *at = tree_of(x, from, &n);
    for (size_t i = 0; i < n; i++) {
        sqlite3_stmt *s = index_sql(x, SQL_BOX_NAME);
        if (!s)
            break;
        auto_buf struct buf name;
        buf_init(&name, 4096);
        buf_add(&name, to);
        buf_add(&name, str_of(at[i].folder + from.n, at[i].n - from.n));
        bind_str(s, 1, buf_str(&name));
        bind(s, 2, at[i].id);
        x->pending = true;
        if (!index_run(x, s))
            break;
    }
    free_tree(at, n);
}

void index_box_deleted(struct index *x, str folder)
{
    size_t n;
    struct named *at = tree_of(x, folder, &n);
    for (size_t i = 0; i < n; i++)
        if (at[i].n == folder.n && !drop_box(x, at[i].id))
            break; /* no index any more */
    free_tree(at, n);
}

/* ---- messages ---- */

static void put_u32(unsigned char *at, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(v >> (8 * i));
}

static uint32_t get_u32(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_row(unsigned char *at, const struct index_row *r)
{
    at[0] = (unsigned char)(r->uid & (CHUNK_ROWS - 1));
    put_u32(at + 1, r->flags);
    put_u32(at + 5, r->size);
    put_u32(at + 9, r->date);
    put_u32(at + 13, r->saved);
    put_u32(at + 17, r->name);
    put_u32(at + 21, (uint32_t)r->modseq);
    put_u32(at + 25, (uint32_t)(r->modseq >> 32));
}

static struct index_row get_row(const unsigned char *at, uint32_t chunk)
{
    return (struct index_row){
        .uid = chunk << INDEX_CHUNK_BITS | (at[0] & (CHUNK_ROWS - 1)),
        .flags = get_u32(at + 1),
        .size = get_u32(at + 5),
        .date = get_u32(at + 9),
        .saved = get_u32(at + 13),
        .name = get_u32(at + 17),
        .modseq = get_u32(at + 21) | (uint64_t)get_u32(at + 25) << 32,
    };
}

bool index_chunk_save(struct index *x, uint32_t box, uint32_t chunk, const struct index_row *rows,
                      size_t n)
{
    unsigned char blob[CHUNK_ROWS * ROW_BYTES];
    if (n > CHUNK_ROWS)
        return false;
    sqlite3_stmt *s = index_sql(x, n ? SQL_CHUNK_SAVE : SQL_CHUNK_DROP);
    if (!s)
        return false;
    for (size_t i = 0; i < n; i++)
        put_row(blob + i * ROW_BYTES, &rows[i]);
    bind(s, 1, (uint64_t)index_key(box, chunk));
    if (n)
        (void)sqlite3_bind_blob(s, 2, blob, (int)(n * ROW_BYTES), SQLITE_STATIC); /* as bind() */
    x->pending = true;
    return index_run(x, s);
}

bool index_rows(struct index *x, uint32_t box, struct index_row **ret, size_t *ret_n)
{
    sqlite3_stmt *s = index_sql(x, SQL_CHUNKS);
    if (!s)
        return false;
    VEC(struct index_row) rows = {0};
    bind(s, 1, (uint64_t)index_key(box, 0));
    bind(s, 2, (uint64_t)index_key(box, UINT32_MAX));
    uint32_t last = 0;
    while (index_step(x, s)) {
        uint32_t chunk = (uint32_t)sqlite3_column_int64(s, 0);
        str blob = blob_at(s, 1);
        for (size_t at = 0; at + ROW_BYTES <= blob.n; at += ROW_BYTES) {
            struct index_row r = get_row((const unsigned char *)blob.p + at, chunk);
            if (r.uid <= last) /* damaged: it is as if it were not there */
                continue;
            last = r.uid;
            vec_push(&rows, r);
        }
    }
    if (!x->db) {
        vec_done(&rows);
        return false;
    }
    *ret = rows.at;
    *ret_n = rows.n;
    return true;
}

/* ---- the expunged ---- */

bool index_gone_add(struct index *x, uint32_t box, uint64_t modseq, const uint32_t *uids, size_t n)
{
    sqlite3_stmt *s = index_sql(x, SQL_GONE_ADD);
    if (!s || n > INDEX_GONE_MAX)
        return false;
    unsigned char *blob = mem_alloc("expunged", n * 4 + 1);
    for (size_t i = 0; i < n; i++)
        put_u32(blob + i * 4, uids[i]);
    bind(s, 1, box);
    bind(s, 2, modseq);
    bind(s, 3, n);
    (void)sqlite3_bind_blob(s, 4, blob, (int)(n * 4), SQLITE_STATIC); /* as bind() */
    x->pending = true;
    bool good = index_run(x, s);
    free(blob);
    return good;
}

static bool drop_oldest(struct index *x, struct index_box *b)
{
    sqlite3_stmt *s = index_sql(x, SQL_GONE_OLDEST);
    if (!s)
        return false;
    bind(s, 1, b->id);
    if (!index_step(x, s))
        return false;
    uint64_t modseq = (uint64_t)sqlite3_column_int64(s, 0);
    uint32_t n = (uint32_t)sqlite3_column_int64(s, 1);
    index_done(s);
    s = index_sql(x, SQL_GONE_DROP);
    if (!s)
        return false;
    bind(s, 1, b->id);
    bind(s, 2, modseq);
    if (!index_run(x, s))
        return false;
    b->floor = modseq > b->floor ? modseq : b->floor;
    b->n_gone -= n < b->n_gone ? n : b->n_gone;
    return true;
}

bool index_gone_trim(struct index *x, struct index_box *b)
{
    while (b->n_gone > INDEX_GONE_MAX)
        if (!drop_oldest(x, b))
            return false;
    return true;
}

bool index_gone_clear(struct index *x, struct index_box *b)
{
    sqlite3_stmt *s = index_sql(x, SQL_GONE_CLEAR);
    if (!s)
        return false;
    bind(s, 1, b->id);
    b->n_gone = 0;
    x->pending = true;
    return index_run(x, s);
}

bool index_gone_since(struct index *x, uint32_t box, uint64_t since, struct buf *out)
{
    sqlite3_stmt *s = index_sql(x, SQL_GONE_SINCE);
    if (!s)
        return false;
    bind(s, 1, box);
    bind(s, 2, since > INT64_MAX ? INT64_MAX : since);
    while (index_step(x, s))
        buf_add(out, blob_at(s, 0));
    return x->db && !out->over;
}

/* ---- digests ---- */

bool index_digest(struct index *x, uint32_t box, uint32_t uid, uint32_t name, struct buf *out)
{
    sqlite3_stmt *s = index_sql(x, SQL_DIGEST);
    if (!s)
        return false;
    bind(s, 1, (uint64_t)index_key(box, uid));
    if (!index_step(x, s))
        return false;
    bool same = (uint32_t)sqlite3_column_int64(s, 0) == name;
    if (same)
        buf_add(out, blob_at(s, 1));
    index_done(s);
    return same;
}

bool index_digest_save(struct index *x, uint32_t box, uint32_t uid, uint32_t name, str digest)
{
    sqlite3_stmt *s = index_sql(x, SQL_DIGEST_SAVE);
    if (!s)
        return false;
    bind(s, 1, (uint64_t)index_key(box, uid));
    bind(s, 2, name);
    (void)sqlite3_bind_blob(s, 3, digest.p, (int)digest.n, SQLITE_STATIC); /* as bind() */
    x->pending = true;
    return index_run(x, s);
}

bool index_digest_drop(struct index *x, uint32_t box, uint32_t uid)
{
    sqlite3_stmt *s = index_sql(x, SQL_DIGEST_DROP);
    if (!s)
        return false;
    bind(s, 1, (uint64_t)index_key(box, uid));
    x->pending = true;
    return index_run(x, s);
}
