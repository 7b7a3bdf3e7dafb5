/* SPDX-License-Identifier: ISC */
/* How it works: table (what sessions see) and entries (file names) are parallel arrays sorted by
 * UID. File names live in one pool; a hash from base name to UID finds a message when an event
 * or a scan names its file. Offsets and UIDs, not pointers, so that arrays may move. */
#include "store/box.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/keeper.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/maildir_name.h"
#include "store/keywords_file.h"
#include "store/kept.h"

enum { GARBAGE_MIN = 64 * 1024, SLOT_GONE = UINT32_MAX, LOOKS_MAX = 10, SNAPSHOT_CHANGES = 1024 };

struct box *box_new(const struct box_kind *kind, str folder)
{
    struct box *b = mem_alloc("box", sizeof *b);
    b->kind = kind;
    b->dir = b->cur = b->new = b->tmp = b->table_fd = b->modseq_fd = -1;
    b->all_seen_below = 1;
    b->first_in_new = UINT32_MAX;
    b->uidnext = 1;
    b->names_n = 1; /* offset 0 is the empty name */
    b->names_cap = 64;
    b->names = mem_alloc("names", b->names_cap);
    memcpy(b->folder, folder.p, folder.n < STORE_NAME_MAX ? folder.n : STORE_NAME_MAX);
    return b;
}

void box_free(struct box *b)
{
    if (!b)
        return;
    box_index_close(b);
    if (b->kind->free)
        b->kind->free(b);
    fd_close(b->table_fd);
    fd_close(b->modseq_fd);
    fd_close(b->cur);
    fd_close(b->new);
    fd_close(b->tmp);
    fd_close(b->dir);
    keywords_done(&b->keywords);
    vec_done(&b->table);
    vec_done(&b->entries);
    vec_done(&b->changes);
    vec_done(&b->arrived);
    vec_done(&b->dirty);
    vec_done(&b->gone);
    free(b->rows);
    free(b->names);
    free(b->slots);
    free(b);
}

/* ---- names ---- */

const char *box_name(const struct box *b, uint32_t name)
{
    return b->names + name;
}

str box_name_at(const struct box *b, size_t index)
{
    const struct box_entry *e = &b->entries.at[index];
    return str_of(b->names + e->name, e->name_n);
}

/* Returns where it lies now. */
static uint32_t move_name(const struct box *b, uint32_t name, size_t len, char *fresh, size_t *n)
{
    uint32_t at = (uint32_t)*n;
    memcpy(fresh + at, box_name(b, name), len + 1);
    *n += len + 1;
    return at;
}

static void compact_names(struct box *b)
{
    char *fresh = mem_alloc("names", b->names_n);
    size_t n = 1;
    for (size_t i = 0; i < b->entries.n; i++) {
        struct box_entry *e = &b->entries.at[i];
        e->name = move_name(b, e->name, e->name_n, fresh, &n);
    }
    for (size_t i = 0; i < b->arrived.n; i++) {
        struct box_arrival *a = &b->arrived.at[i];
        a->name = a->name ? move_name(b, a->name, a->name_n, fresh, &n) : 0;
    }
    free(b->names);
    b->names = fresh;
    b->names_cap = b->names_n;
    b->names_n = n;
    b->names_garbage = 0;
}

uint32_t box_name_add(struct box *b, str name)
{
    if (b->names_n + name.n + 1 > b->names_cap) {
        size_t cap = b->names_cap * 2 + name.n + 1;
        if (cap > UINT32_MAX)
            oom("mailbox names");
        b->names = mem_grow("names", b->names, cap);
        b->names_cap = cap;
    }
    uint32_t at = (uint32_t)b->names_n;
    memcpy(b->names + at, name.p, name.n);
    b->names[at + name.n] = 0;
    b->names_n += name.n + 1;
    return at;
}

struct box_entry box_entry_named(struct box *b, str name)
{
    return (struct box_entry){.name = box_name_add(b, name),
                              .hash = box_name_hash(maildir_base(name)),
                              .name_n = (uint8_t)name.n};
}

void box_name_drop(struct box *b, uint32_t name)
{
    b->names_garbage += strlen(box_name(b, name)) + 1;
}

/* Only between operations: it moves every name. */
static void tidy_names(struct box *b)
{
    if (b->names_garbage > GARBAGE_MIN && b->names_garbage > b->names_n / 2)
        compact_names(b);
}

/* ---- base name -> UID ---- */

static str base_at(const struct box *b, size_t index)
{
    return maildir_base(box_name_at(b, index));
}

static void put_slot(struct box *b, uint32_t hash, uint32_t uid)
{
    size_t i = hash & (b->n_slots - 1);
    while (b->slots[i].uid && b->slots[i].uid != SLOT_GONE)
        i = (i + 1) & (b->n_slots - 1);
    b->used_slots += b->slots[i].uid == 0;
    b->slots[i] = (struct box_slot){uid, hash};
}

static void rehash(struct box *b)
{
    size_t n = 64;
    while (n < b->entries.n * 2 + 2)
        n *= 2;
    free(b->slots);
    b->slots = mem_alloc("mailbox hash", n * sizeof *b->slots);
    b->n_slots = n;
    b->used_slots = 0;
    for (size_t i = 0; i < b->entries.n; i++)
        put_slot(b, b->entries.at[i].hash, b->table.at[i].uid);
}

size_t box_from(const struct box *b, uint32_t uid)
{
    size_t low = 0, high = b->table.n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (b->table.at[mid].uid < uid)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

size_t box_find(const struct box *b, uint32_t uid)
{
    size_t at = box_from(b, uid);
    return at < b->table.n && b->table.at[at].uid == uid ? at : b->table.n;
}

/* The slot that holds base, or n_slots. */
static size_t find_slot(const struct box *b, str base, uint32_t hash)
{
    if (!b->n_slots)
        return 0;
    size_t mask = b->n_slots - 1;
    for (size_t i = hash & mask; b->slots[i].uid; i = (i + 1) & mask) {
        if (b->slots[i].hash != hash || b->slots[i].uid == SLOT_GONE)
            continue;
        size_t at = box_find(b, b->slots[i].uid);
        if (at < b->table.n && str_eq(base_at(b, at), base))
            return i;
    }
    return b->n_slots;
}

size_t box_lookup(const struct box *b, str base, uint32_t hash)
{
    size_t i = find_slot(b, base, hash);
    return i < b->n_slots ? box_find(b, b->slots[i].uid) : b->table.n;
}

/* ---- table and changes ---- */

uint64_t box_version(const struct box *b)
{
    return b->first_version + b->changes.n;
}

void box_note(struct box *b, uint32_t kind, uint32_t uid, uint32_t by)
{
    if (b->changes.n >= BOX_CHANGES_MAX) { /* the older half is forgotten */
        size_t half = b->changes.n / 2;
        memmove(b->changes.at, b->changes.at + half, (b->changes.n - half) * sizeof *b->changes.at);
        b->changes.n -= half;
        b->first_version += half;
    }
    vec_push(&b->changes, (struct box_change){kind, uid, by});
}

static void count_message(struct box *b, const struct store_message *m)
{
    b->count.unseen += !(m->flags & STORE_SEEN);
    b->count.deleted += (m->flags & STORE_DELETED) != 0;
    b->count.size += m->size;
    if (!(m->flags & STORE_SEEN) && m->uid < b->all_seen_below)
        b->all_seen_below = m->uid;
}

static void uncount_message(struct box *b, const struct store_message *m)
{
    b->count.unseen -= !(m->flags & STORE_SEEN);
    b->count.deleted -= (m->flags & STORE_DELETED) != 0;
    b->count.size -= m->size;
}

size_t box_first_unseen(struct box *b)
{
    size_t at = box_from(b, b->all_seen_below);
    while (at < b->table.n && (b->table.at[at].flags & STORE_SEEN))
        at++;
    b->all_seen_below = at < b->table.n ? b->table.at[at].uid : UINT32_MAX;
    return at;
}

/* Of the first look box_index_settle() takes care. */
static void number_new(struct box *b, const struct store_message *m, struct box_entry *e)
{
    if (!b->opened)
        return;
    e->modseq = box_modseq(b);
    if (!e->saved)
        e->saved = (uint32_t)clock_seconds();
    box_touch(b, m->uid);
}

void box_insert(struct box *b, const struct store_message *m, struct box_entry e)
{
    size_t at = b->table.n;
    number_new(b, m, &e);
    count_message(b, m);
    vec_push(&b->table, *m);
    vec_push(&b->entries, e);
    while (at && b->table.at[at - 1].uid > m->uid) {
        b->table.at[at] = b->table.at[at - 1];
        b->entries.at[at] = b->entries.at[at - 1];
        at--;
    }
    b->table.at[at] = *m;
    b->entries.at[at] = e;
    if (e.in_new && m->uid < b->first_in_new)
        b->first_in_new = m->uid;
    if (b->used_slots + 1 > b->n_slots / 4 * 3)
        rehash(b);
    else
        put_slot(b, e.hash, m->uid);
    if (m->uid >= b->uidnext)
        b->uidnext = m->uid + 1;
    box_note(b, KEEPER_NEW, m->uid, 0);
}

static void forget(struct box *b, size_t index)
{
    size_t slot = find_slot(b, base_at(b, index), b->entries.at[index].hash);
    if (slot < b->n_slots)
        b->slots[slot].uid = SLOT_GONE;
    box_name_drop(b, b->entries.at[index].name);
    uncount_message(b, &b->table.at[index]);
    box_note_gone(b, b->table.at[index].uid);
    box_note(b, KEEPER_GONE, b->table.at[index].uid, 0);
}

void box_remove(struct box *b, size_t index)
{
    forget(b, index);
    size_t after = b->table.n - index - 1;
    memmove(b->table.at + index, b->table.at + index + 1, after * sizeof *b->table.at);
    memmove(b->entries.at + index, b->entries.at + index + 1, after * sizeof *b->entries.at);
    b->table.n--;
    b->entries.n--;
}

void box_remove_marked(struct box *b, const bool *doomed)
{
    /* Names first, while indices and hash still agree. */
    for (size_t i = 0; i < b->table.n; i++)
        if (doomed[i])
            forget(b, i);
    size_t kept = 0;
    for (size_t i = 0; i < b->table.n; i++) {
        if (doomed[i])
            continue;
        b->table.at[kept] = b->table.at[i];
        b->entries.at[kept++] = b->entries.at[i];
    }
    b->table.n = b->entries.n = kept;
    tidy_names(b);
}

void box_changed(struct box *b, size_t index, uint32_t flags, uint32_t by)
{
    if (b->table.at[index].flags == flags)
        return;
    uncount_message(b, &b->table.at[index]);
    b->table.at[index].flags = flags;
    count_message(b, &b->table.at[index]);
    b->entries.at[index].modseq = b->opened ? box_modseq(b) : 0;
    box_touch(b, b->table.at[index].uid);
    box_note(b, KEEPER_CHANGED, b->table.at[index].uid, by);
}

err box_refresh(struct box *b)
{
    b->op_modseq = 0;
    err e = b->kind->refresh(b);
    tidy_names(b);
    return e;
}

err box_take_recent(struct box *b, enum store_mode mode, uint32_t *ret_first)
{
    uint32_t first = b->first_recent && b->first_recent < b->uidnext ? b->first_recent : 0;
    if (mode == STORE_SELECT && !b->read_only) {
        err e = b->kind->take_recent(b);
        if (failed(e))
            return e;
        b->first_recent = b->uidnext;
    }
    *ret_first = first;
    return OK_ERR;
}

/* ---- sets ---- */

static uint32_t u32_at(str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.p + at;
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

size_t set_count(str set)
{
    return set.n / 8;
}

struct store_range set_at(str set, size_t i)
{
    return (struct store_range){u32_at(set, i * 8), u32_at(set, i * 8 + 4)};
}

static void mark_set(const struct box *b, str set, bool *marks)
{
    for (size_t i = 0; i < set_count(set); i++) {
        struct store_range r = set_at(set, i);
        for (size_t at = box_from(b, r.from); at < b->table.n && b->table.at[at].uid <= r.to; at++)
            marks[at] = true;
    }
}

static uint32_t new_flags(uint32_t old, enum store_flags_op op, uint32_t flags)
{
    flags &= ~(uint32_t)STORE_RECENT;
    if (op == STORE_FLAGS_ADD)
        return old | flags;
    return op == STORE_FLAGS_REMOVE ? old & ~flags : flags;
}

/* Mail comes into an mbox at any time, between our last look and its locks too. True: we have
 * looked again, and the change can be tried again. */
static bool looked_again(struct box *b, err e, int *tries)
{
    if (!failed(e) || !b->outdated || *tries == LOOKS_MAX)
        return false;
    b->outdated = false;
    ++*tries;
    return !failed(box_refresh(b));
}

static void put_uid(struct buf *out, uint32_t uid)
{
    char c[4] = {(char)uid, (char)(uid >> 8), (char)(uid >> 16), (char)(uid >> 24)};
    buf_add(out, str_of(c, 4));
}

static err flags_once(struct box *b, const struct box_flags *f, struct buf *ret_modified)
{
    VEC(struct box_want) want = {0};
    for (size_t i = 0; i < set_count(f->set); i++) {
        struct store_range r = set_at(f->set, i);
        for (size_t at = box_from(b, r.from); at < b->table.n && b->table.at[at].uid <= r.to;
             at++) {
            uint32_t old = b->table.at[at].flags;
            uint32_t to = new_flags(old, f->op, f->flags);
            to = (to & ~f->frozen) | (old & f->frozen);
            if (b->entries.at[at].modseq > f->unchanged_since)
                put_uid(ret_modified, b->table.at[at].uid);
            else if (to != b->table.at[at].flags)
                vec_push(&want, (struct box_want){(uint32_t)at, to});
        }
    }
    err e = want.n ? b->kind->set_flags(b, want.at, want.n, f->by) : OK_ERR;
    vec_done(&want);
    tidy_names(b);
    return e;
}

err box_flags(struct box *b, const struct box_flags *f, struct buf *ret_modified)
{
    if (b->read_only)
        return err_new(ERR_DENIED, "the mailbox is read-only");
    int tries = 0;
    b->op_modseq = 0;
    err e;
    do {
        if (ret_modified)
            buf_reset(ret_modified);
        e = flags_once(b, f, ret_modified);
    } while (looked_again(b, e, &tries));
    return e;
}

static err expunge_once(struct box *b, enum store_expunge_mode mode, str set, size_t *ret_n)
{
    if (!b->table.n)
        return OK_ERR;
    bool *doomed = mem_alloc("marks", b->table.n);
    if (set.n || mode == STORE_EXPUNGE_ALL)
        mark_set(b, set, doomed);
    else
        memset(doomed, true, b->table.n);
    size_t n = 0;
    for (size_t i = 0; i < b->table.n; i++) {
        if (mode == STORE_EXPUNGE_DELETED && !(b->table.at[i].flags & STORE_DELETED))
            doomed[i] = false;
        n += doomed[i];
    }
    err e = OK_ERR;
    if (n && b->keep && b->cur < 0) { /* a Maildir does it itself, in the place of removing */
        bool *copied = mem_alloc("marks", b->table.n);
        e = kept_take(b, doomed, copied);
        free(copied);
    }
    if (n && !failed(e))
        e = b->kind->expunge(b, doomed);
    free(doomed);
    if (!failed(e))
        *ret_n = n;
    return e;
}

err box_expunge(struct box *b, enum store_expunge_mode mode, str set, size_t *ret_n)
{
    *ret_n = 0;
    if (b->read_only)
        return err_new(ERR_DENIED, "the mailbox is read-only");
    int tries = 0;
    b->op_modseq = 0;
    err e;
    do
        e = expunge_once(b, mode, set, ret_n);
    while (looked_again(b, e, &tries));
    return e;
}

err box_fetch(struct box *b, uint32_t uid, int *ret_fd)
{
    size_t at = box_find(b, uid);
    if (at == b->table.n)
        return err_new(ERR_NOTFOUND, "the message is gone");
    err e = b->kind->fetch(b, at, ret_fd);
    if (e.kind != ERR_NOTFOUND)
        return e;
    /* Its name changed under us: look again, once. */
    b->stale = true;
    e = box_refresh(b);
    if (failed(e))
        return e;
    at = box_find(b, uid);
    if (at == b->table.n)
        return err_new(ERR_NOTFOUND, "the message is gone");
    return b->kind->fetch(b, at, ret_fd);
}

void box_uidls(struct box *b, struct buf *out)
{
    for (size_t i = 0; i < b->table.n; i++) {
        b->kind->uidl(b, i, out);
        buf_addc(out, 0);
    }
}

/* A kind that could not move has copied: what still stands in the source goes now. */
static err remove_moved(struct box *from, const struct box_incoming *in, size_t n)
{
    bool *doomed = mem_alloc("marks", from->table.n);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        size_t at = box_find(from, in[i].from_uid);
        if (at < from->table.n)
            any = doomed[at] = true;
    }
    err e = any ? from->kind->expunge(from, doomed) : OK_ERR;
    free(doomed);
    return e;
}

err box_add(struct box *b, struct box *from, enum box_add how, struct box_incoming *in, size_t n)
{
    if (b->read_only || (how == BOX_MOVE && from->read_only))
        return err_new(ERR_DENIED, "the mailbox is read-only");
    if (b->table.n + n > STORE_MESSAGES_MAX)
        return err_new(ERR_LIMIT, "the mailbox is full");
    if (!n)
        return OK_ERR;
    int tries = 0;
    b->op_modseq = 0;
    if (from)
        from->op_modseq = 0;
    err e;
    do
        e = b->kind->add(b, from, how, in, n);
    while (looked_again(b, e, &tries));
    if (failed(e) || how != BOX_MOVE)
        return e;
    tries = 0;
    do
        e = remove_moved(from, in, n);
    while (looked_again(from, e, &tries));
    return e;
}

void box_stamp(struct box *b, const char *file)
{
    struct stat st;
    b->stamp.inode = 0;
    if (fstatat(b->dir, file, &st, 0) < 0)
        return;
    b->stamp.inode = st.st_ino;
    b->stamp.size = (uint64_t)st.st_size;
    b->stamp.mtime_ns = st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

bool box_stamp_changed(const struct box *b, const char *file)
{
    struct stat st;
    if (fstatat(b->dir, file, &st, 0) < 0)
        return true;
    return b->stamp.inode != st.st_ino || b->stamp.size != (uint64_t)st.st_size ||
           b->stamp.mtime_ns != st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
}

static bool knows_all(const struct box *b, str names)
{
    str name;
    while (names.n) {
        (void)str_cut(names, 0, &name, &names);
        if (keywords_find(&b->keywords, name) < 0)
            return false;
    }
    return true;
}

static err give_letters(struct box *b, str names, uint32_t *ret_bits)
{
    uint32_t bits = 0;
    bool added = false;
    while (names.n) {
        str name;
        int letter;
        (void)str_cut(names, 0, &name, &names); /* the last may lack its NUL */
        err e = keywords_need(&b->keywords, name, &letter, &added);
        if (failed(e))
            return e;
        bits |= STORE_KEYWORD(letter);
    }
    if (added) {
        err e = b->kind->keywords_changed(b);
        if (failed(e))
            return e;
        b->keywords_version = box_version(b) + 1;
        box_note(b, 0, 0, 0);
    }
    *ret_bits = bits;
    return OK_ERR;
}

/* deliver gives letters away too (store/keywords_file.h). */
err box_keywords(struct box *b, str names, uint32_t *ret_bits)
{
    int lock = -1;
    err e = OK_ERR;
    if (b->kind->keywords_reload && !knows_all(b, names)) {
        e = keywords_lock(b->dir, &lock);
        if (!failed(e))
            e = b->kind->keywords_reload(b);
    }
    if (!failed(e))
        e = give_letters(b, names, ret_bits);
    if (lock >= 0)
        keywords_unlock(b->dir, &lock);
    return e;
}

err box_translate(struct box *b, const struct box *from, uint32_t flags, uint32_t *ret_flags)
{
    uint32_t out = flags & STORE_SYSTEM_FLAGS & ~(uint32_t)STORE_RECENT;
    for (int i = 0; i < STORE_KEYWORDS_MAX; i++) {
        if (!(flags & STORE_KEYWORD(i)) || !from->keywords.name[i])
            continue;
        uint32_t bits;
        err e = box_keywords(b, str_from(from->keywords.name[i]), &bits);
        if (e.kind == ERR_LIMIT)
            continue; /* a copy without one keyword is better than no copy */
        if (failed(e))
            return e;
        out |= bits;
    }
    *ret_flags = out;
    return OK_ERR;
}

static err seal_table(struct box *b)
{
    fd_closep(&b->table_fd);
    fd_closep(&b->modseq_fd);
    b->table_version = box_version(b);
    b->table_n = b->table.n;
    if (!b->table.n)
        return OK_ERR;
    return fd_sealed("mailbox", str_of(b->table.at, b->table.n * sizeof *b->table.at),
                     &b->table_fd);
}

static err seal_modseqs(struct box *b)
{
    if (!b->table.n)
        return OK_ERR;
    uint64_t *all = mem_alloc("modseqs", b->table.n * sizeof *all);
    for (size_t i = 0; i < b->table.n; i++)
        all[i] = b->entries.at[i].modseq;
    err e = fd_sealed("modseqs", str_of(all, b->table.n * sizeof *all), &b->modseq_fd);
    free(all);
    return e;
}

err box_snapshot(struct box *b, enum box_snapshot_age age, bool modseqs, struct box_snapshot *ret)
{
    uint64_t now = box_version(b), most = age == BOX_SNAPSHOT_NOW ? 0 : SNAPSHOT_CHANGES;
    bool usable = b->table_version && b->table_version >= b->first_version &&
                  now - b->table_version <= most && (!b->table_n || b->table_fd >= 0);
    if (usable && modseqs && b->modseq_fd < 0)
        usable = b->table_version == now;
    err e = usable ? OK_ERR : seal_table(b);
    if (!failed(e) && modseqs && b->modseq_fd < 0)
        e = seal_modseqs(b);
    if (failed(e))
        return e;
    *ret = (struct box_snapshot){.table = b->table_fd,
                                 .modseqs = modseqs ? b->modseq_fd : -1,
                                 .n = b->table_n,
                                 .version = b->table_version};
    return OK_ERR;
}

void box_status(const struct box *b, struct store_status *ret)
{
    size_t recent = b->first_recent ? b->table.n - box_from(b, b->first_recent) : 0;
    *ret = (struct store_status){.messages = (uint32_t)b->table.n,
                                 .recent = (uint32_t)recent,
                                 .unseen = b->count.unseen,
                                 .deleted = b->count.deleted,
                                 .uidnext = b->uidnext,
                                 .uidvalidity = b->uidvalidity,
                                 .size = b->count.size};
}
