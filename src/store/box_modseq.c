/* SPDX-License-Identifier: ISC */
/* How it works: mod-sequences are microseconds since the epoch, or one more than the last where
 * that is greater. So a mailbox of which nothing is known (the index is lost, older than the
 * mailbox, or of a sitting that ended without its last words) begins anew above all that was ever
 * given out: its messages all get one fresh number, and of the expunged nothing is known before it.
 * Nothing that a crash loses can make a client miss a change.
 *
 * All that one operation does has one number. Rows whose chunk was touched are written when the
 * keeper has time (box_index_flush). */
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "os/file.h"
#include "store/box.h"

static const uint64_t name_key = 0x6e616d6573206f66;

uint32_t box_name_hash(str base)
{
    return (uint32_t)str_hash_long(base, name_key);
}

/* ---- numbers ---- */

static void lose_index(struct box *b)
{
    b->index = NULL; /* until the mailbox is opened again */
}

static void begin_changes(struct box *b)
{
    if (!b->known.clean)
        return;
    b->known.clean = false;
    if (b->index && !index_begin_changes(b->index, &b->known))
        lose_index(b);
}

uint64_t box_modseq(struct box *b)
{
    if (b->op_modseq)
        return b->op_modseq;
    begin_changes(b);
    int64_t now = clock_micros();
    b->highest++;
    if (now > 0 && (uint64_t)now > b->highest)
        b->highest = (uint64_t)now;
    b->op_modseq = b->highest;
    return b->op_modseq;
}

void box_touch(struct box *b, uint32_t uid)
{
    uint32_t chunk = uid >> INDEX_CHUNK_BITS;
    if (!b->dirty.n || b->dirty.at[b->dirty.n - 1] != chunk)
        vec_push(&b->dirty, chunk);
}

/* ---- what has gone ---- */

static void forget_older_half(struct box *b)
{
    size_t half = b->gone.n / 2;
    b->floor = b->gone.at[half - 1].modseq;
    while (half < b->gone.n && b->gone.at[half].modseq == b->floor)
        half++; /* of one operation all or none */
    memmove(b->gone.at, b->gone.at + half, (b->gone.n - half) * sizeof *b->gone.at);
    b->gone.n -= half;
}

void box_note_gone(struct box *b, uint32_t uid)
{
    vec_push(&b->gone, (struct index_gone){.modseq = box_modseq(b), .uid = uid});
    box_touch(b, uid);
    if (b->gone.n > 2 * (size_t)INDEX_GONE_MAX)
        forget_older_half(b);
}

bool box_gone_since(struct box *b, uint64_t since, struct buf *out)
{
    if (since < b->floor)
        return false;
    if (b->index && b->known.n_gone && b->generation == index_generation(b->index) &&
        !index_gone_since(b->index, b->known.id, since, out))
        return false;
    for (size_t i = 0; i < b->gone.n; i++) {
        uint32_t uid = b->gone.at[i].uid;
        char c[4] = {(char)uid, (char)(uid >> 8), (char)(uid >> 16), (char)(uid >> 24)};
        if (b->gone.at[i].modseq > since)
            buf_add(out, str_of(c, 4));
    }
    return !out->over;
}

/* ---- opening ---- */

static uint64_t inode_of(const struct box *b)
{
    struct stat st;
    int fd = b->cur >= 0 ? b->cur : b->dir;
    return fstat(fd, &st) < 0 ? 0 : st.st_ino;
}

void box_index_load(struct box *b)
{
    b->known = (struct index_box){0};
    b->generation = index_generation(b->index);
    if (!b->index)
        return;
    if (!index_box_find(b->index, str_from(b->folder), b->uidvalidity, str_from(b->guid),
                        &b->known) ||
        (!b->known.fresh && !index_rows(b->index, b->known.id, &b->rows, &b->n_rows)))
        lose_index(b);
    b->generation = index_generation(b->index);
    b->next_row = 0;
}

const struct index_row *box_index_row(struct box *b, uint32_t uid, uint32_t hash)
{
    /* Lists ascend, so the next is mostly the one. */
    if (b->next_row < b->n_rows && b->rows[b->next_row].uid > uid)
        b->next_row = 0;
    size_t low = b->next_row, high = b->n_rows;
    if (low < high && b->rows[low].uid < uid && low + 1 < high && b->rows[low + 1].uid >= uid)
        low++;
    while (low < high && b->rows[low].uid != uid) {
        size_t mid = low + (high - low) / 2;
        if (b->rows[mid].uid < uid)
            low = mid + 1;
        else
            high = mid;
    }
    if (low >= b->n_rows || b->rows[low].uid != uid)
        return NULL;
    b->next_row = low + 1 < b->n_rows ? low + 1 : low;
    return b->rows[low].name == hash ? &b->rows[low] : NULL;
}

/* A sitting that ended well, in the very directory: what is written is true. */
static bool is_trusted(const struct box *b)
{
    return b->index && b->known.clean && !b->known.fresh && b->known.inode == inode_of(b);
}

/* Messages that we knew and that others expunged meanwhile. */
static void note_missed(struct box *b)
{
    size_t at = 0;
    for (size_t i = 0; i < b->n_rows; i++) {
        while (at < b->table.n && b->table.at[at].uid < b->rows[i].uid)
            at++;
        if (at == b->table.n || b->table.at[at].uid != b->rows[i].uid)
            box_note_gone(b, b->rows[i].uid);
    }
}

static void number_rows(struct box *b, bool trusted)
{
    size_t row = 0;
    for (size_t i = 0; i < b->table.n; i++) {
        const struct store_message *m = &b->table.at[i];
        struct box_entry *e = &b->entries.at[i];
        while (row < b->n_rows && b->rows[row].uid < m->uid)
            row++;
        bool known = e->known && row < b->n_rows && b->rows[row].uid == m->uid;
        if (trusted && known && b->rows[row].flags == m->flags) {
            e->modseq = b->rows[row].modseq;
            continue;
        }
        e->modseq = box_modseq(b);
        box_touch(b, m->uid);
    }
}

void box_index_settle(struct box *b)
{
    bool trusted = is_trusted(b);
    b->op_modseq = 0;
    b->highest = b->known.highest;
    b->floor = b->known.floor;
    if (!trusted) {
        b->floor = box_modseq(b);
        b->gone.n = 0;
        if (b->index && b->known.n_gone && !index_gone_clear(b->index, &b->known))
            lose_index(b);
    }
    number_rows(b, trusted);
    note_missed(b);
    if (!trusted)
        b->gone.n = 0; /* the floor says it */
    b->known.inode = inode_of(b);
    b->op_modseq = 0;
    b->opened = true;
    free(b->rows);
    b->rows = NULL;
    b->n_rows = 0;
}

/* ---- writing ---- */

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static bool save_chunk(struct box *b, uint32_t chunk)
{
    struct index_row rows[1 << INDEX_CHUNK_BITS];
    size_t n = 0;
    for (size_t at = box_from(b, chunk << INDEX_CHUNK_BITS);
         at < b->table.n && b->table.at[at].uid >> INDEX_CHUNK_BITS == chunk; at++) {
        const struct store_message *m = &b->table.at[at];
        const struct box_entry *e = &b->entries.at[at];
        rows[n++] = (struct index_row){.modseq = e->modseq,
                                       .uid = m->uid,
                                       .flags = m->flags,
                                       .size = m->size,
                                       .date = m->date,
                                       .saved = e->saved,
                                       .name = e->hash};
    }
    return index_chunk_save(b->index, b->known.id, chunk, rows, n);
}

static bool save_dirty(struct box *b)
{
    bool good = true;
    if (b->dirty.n)
        qsort(b->dirty.at, b->dirty.n, sizeof *b->dirty.at, by_number);
    for (size_t i = 0; i < b->dirty.n && good; i++)
        if (!i || b->dirty.at[i] != b->dirty.at[i - 1])
            good = save_chunk(b, b->dirty.at[i]);
    return good;
}

/* Those of one modseq. */
static bool save_group(struct box *b, const struct index_gone *at, size_t n)
{
    if (n > INDEX_GONE_MAX) {
        b->floor = at->modseq;
        return index_gone_clear(b->index, &b->known);
    }
    uint32_t *uids = mem_alloc("expunged", n * sizeof *uids);
    for (size_t i = 0; i < n; i++)
        uids[i] = at[i].uid;
    bool good = index_gone_add(b->index, b->known.id, at->modseq, uids, n);
    for (size_t i = 0; i < n && good; i++)
        good = index_digest_drop(b->index, b->known.id, uids[i]);
    free(uids);
    b->known.n_gone += (uint32_t)n;
    return good;
}

static bool save_gone(struct box *b)
{
    bool good = true;
    for (size_t from = 0; from < b->gone.n && good;) {
        size_t to = from + 1;
        while (to < b->gone.n && b->gone.at[to].modseq == b->gone.at[from].modseq)
            to++;
        good = save_group(b, b->gone.at + from, to - from);
        from = to;
    }
    b->known.floor = b->floor;
    good = good && index_gone_trim(b->index, &b->known);
    if (good)
        b->floor = b->known.floor;
    return good;
}

/* The file was begun anew under us: everything is written again. */
static bool begin_anew(struct box *b)
{
    uint64_t inode = b->known.inode;
    b->known = (struct index_box){0};
    if (!index_box_find(b->index, str_from(b->folder), b->uidvalidity, str_from(b->guid),
                        &b->known))
        return false;
    b->known.inode = inode;
    b->known.clean = false;
    b->generation = index_generation(b->index);
    b->floor = b->highest;
    b->dirty.n = b->gone.n = 0;
    for (size_t i = 0; i < b->table.n; i++)
        box_touch(b, b->table.at[i].uid);
    return b->known.fresh || index_gone_clear(b->index, &b->known);
}

static bool save_box(struct box *b, bool clean)
{
    b->known.highest = b->highest;
    b->known.floor = b->floor;
    struct index_box now = b->known;
    now.clean = clean;
    return index_box_save(b->index, &now);
}

bool box_index_wants_flush(const struct box *b)
{
    return b->opened && b->index && (b->dirty.n || b->gone.n);
}

void box_index_flush(struct box *b)
{
    if (!box_index_wants_flush(b))
        return;
    b->op_modseq = 0;
    bool good = b->generation == index_generation(b->index) || begin_anew(b);
    good = good && save_dirty(b) && save_gone(b) && save_box(b, false);
    if (!good)
        b->generation = 0; /* whatever is there: all of it again */
    if (b->dirty.n > 4096)
        vec_done(&b->dirty);
    if (b->gone.n > 4096)
        vec_done(&b->gone);
    b->dirty.n = b->gone.n = 0;
}

void box_index_close(struct box *b)
{
    box_index_flush(b);
    if (b->opened && b->index && !b->lost && !b->known.clean && b->known.id &&
        b->generation == index_generation(b->index))
        (void)save_box(b, true); /* else the next sitting begins anew */
    b->index = NULL;
}
