/* SPDX-License-Identifier: ISC */
/* The open mailbox in a session: mapping the table, taking changes in. */
#include "store/session_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "os/fd.h"

enum { PAGE = 4096 };

/* A copy-on-write view of n elements; the rest of the last page is ours too. */
static err map_column(struct packet *p, size_t i, size_t n, size_t size, void **ret, size_t *ret_n)
{
    if (n > STORE_MESSAGES_MAX || p->n_fds <= i || !fd_is_sealed(p->fds[i]))
        return err_new(ERR_SYNTAX, "a table without its memory");
    uint64_t have;
    err e = fd_size(p->fds[i], &have);
    if (failed(e))
        return e;
    if (have < n * size)
        return err_new(ERR_SYNTAX, "a table shorter than it says");
    size_t pages = (n * size + PAGE - 1) / PAGE * PAGE;
    void *m = mmap(NULL, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE, p->fds[i], 0);
    if (m == MAP_FAILED)
        return err_sys("mmap");
    *ret = m;
    *ret_n = pages;
    return OK_ERR;
}

static err map_table(struct store *s, struct packet *p, size_t n)
{
    store_drop_table(s);
    if (!n)
        return OK_ERR;
    void *m = NULL;
    err e = map_column(p, 0, n, sizeof *s->rows, &m, &s->mapped);
    if (failed(e))
        return e;
    s->rows = m;
    s->n = n;
    s->room = s->mapped / sizeof *s->rows;
    if (!s->want_modseqs)
        return OK_ERR;
    e = map_column(p, 1, n, sizeof *s->modseqs, &m, &s->modseqs_mapped);
    if (failed(e))
        return e;
    s->modseqs = m;
    if (s->room > s->modseqs_mapped / sizeof *s->modseqs)
        s->room = s->modseqs_mapped / sizeof *s->modseqs;
    return OK_ERR;
}

/* The column with room for more elements, on the heap. */
static void *grow_column(void *at, size_t *mapped, size_t size, size_t n, size_t room)
{
    if (!*mapped)
        return mem_grow("table", at, room * size);
    void *fresh = mem_grow("table", NULL, room * size);
    memcpy(fresh, at, n * size);
    (void)munmap(at, *mapped); /* only fails on wrong arguments */
    *mapped = 0;
    return fresh;
}

static void add_row(struct store *s, const struct store_message *m, uint64_t modseq)
{
    if (s->n == s->room) {
        size_t room = s->room + s->room / 2 + 64;
        s->rows = grow_column(s->rows, &s->mapped, sizeof *s->rows, s->n, room);
        if (s->want_modseqs)
            s->modseqs =
                grow_column(s->modseqs, &s->modseqs_mapped, sizeof *s->modseqs, s->n, room);
        s->room = room;
    }
    if (s->want_modseqs)
        s->modseqs[s->n] = modseq;
    s->rows[s->n++] = *m;
}

static void set_modseq(struct store *s, size_t at, uint64_t modseq)
{
    if (s->modseqs && s->modseqs[at] != modseq)
        s->modseqs[at] = modseq;
}

static void mark_recent(struct store *s, size_t from, uint32_t first_recent)
{
    if (!first_recent)
        return;
    for (size_t i = s->n; i > from && s->rows[i - 1].uid >= first_recent; i--)
        s->rows[i - 1].flags |= STORE_RECENT;
}

static void take_keywords(struct store *s, str list)
{
    s->keywords_changed |= !str_eq(list, buf_str(&s->keywords));
    buf_reset(&s->keywords);
    buf_add(&s->keywords, list);
    str rest = buf_str(&s->keywords);
    memset(s->box.keywords, 0, sizeof s->box.keywords);
    s->box.n_keywords = 0;
    while (rest.n && s->box.n_keywords < STORE_KEYWORDS_MAX)
        (void)str_cut(rest, 0, &s->box.keywords[s->box.n_keywords++], &rest); /* NUL after each */
}

static void show_table(struct store *s)
{
    s->box.messages = s->rows;
    s->box.modseqs = s->modseqs;
    s->box.n = s->n;
    s->box.highestmodseq = s->highest;
    s->box.id = str_from(s->id);
}

static void close_box(struct store *s)
{
    store_drop_table(s);
    store_drop_known(s);
    s->open = s->lost = s->news = false;
    s->held.n = s->gone.n = s->changed.n = 0;
    show_table(s);
}

static void apply_changes(struct store *s, str changes, uint32_t first_recent);
static void release_held(struct store *s);

/* The table as the keeper had it some changes ago becomes what it is now. */
static void catch_up(struct store *s, str changes, uint32_t first_recent)
{
    s->n_new = 0;
    apply_changes(s, changes, first_recent);
    release_held(s);
    s->gone.n = s->changed.n = s->n_new = 0;
    mark_recent(s, 0, first_recent);
}

err store_select(struct store *s, str name, enum store_mode mode, const struct store_box **ret)
{
    if (s->open)
        close_box(s);
    if (name.n > STORE_NAME_MAX)
        return store_verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_open q = {.name = name, .mode = (uint32_t)mode, .modseqs = s->want_modseqs};
    struct keeper_box b;
    struct packet p;
    err e = store_ask(s, &keeper_open_schema, &q, &keeper_box_schema, &b, &p);
    if (!failed(e))
        e = store_verdict(s, b.outcome, b.text);
    if (!failed(e))
        e = map_table(s, &p, b.messages);
    if (failed(e))
        return e;
    s->open = true;
    s->version = b.version;
    s->highest = b.highest;
    memset(s->id, 0, sizeof s->id);
    memcpy(s->id, b.id.p, b.id.n); /* the schema limits it */
    s->box.uidvalidity = b.uidvalidity;
    s->box.uidnext = b.uidnext;
    s->box.writable = b.writable;
    s->box.rights = b.rights;
    s->box.recent = b.recent;
    s->box.unseen = b.unseen;
    s->box.first_unseen = b.first_unseen;
    take_keywords(s, b.keywords);
    s->keywords_changed = false;
    catch_up(s, b.changes, b.first_recent);
    show_table(s);
    if (s->lost)
        return store_broken(s);
    *ret = &s->box;
    return OK_ERR;
}

err store_unselect(struct store *s)
{
    close_box(s);
    return store_ask_done(s, &keeper_close_schema, &(struct keeper_nothing){0});
}

const struct store_box *store_box(const struct store *s)
{
    return s->open ? &s->box : NULL;
}

size_t store_index(const struct store_box *box, uint32_t uid)
{
    size_t low = 0, high = box->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (box->messages[mid].uid < uid)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* ---- sync ---- */

static size_t row_of(struct store *s, uint32_t uid)
{
    show_table(s);
    size_t at = store_index(&s->box, uid);
    return at < s->n && s->rows[at].uid == uid ? at : s->n;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* uids: ascending; all in the table or gone from it already. */
static void remove_rows(struct store *s, const uint32_t *uids, size_t n)
{
    size_t first_new = s->n - s->n_new;
    for (size_t i = n; i-- > 0;) {
        size_t at = row_of(s, uids[i]);
        if (at < s->n && at < first_new) /* came and went between two syncs: nobody knew it */
            vec_push(&s->gone, (struct store_gone){(uint32_t)at + 1, uids[i]});
        else if (at < s->n)
            s->n_new--;
    }
    size_t kept = 0, next = 0;
    for (size_t i = 0; i < s->n; i++) {
        while (next < n && uids[next] < s->rows[i].uid)
            next++;
        if (next < n && uids[next] == s->rows[i].uid)
            continue;
        if (kept != i) { /* untouched pages stay shared */
            s->rows[kept] = s->rows[i];
            if (s->modseqs)
                s->modseqs[kept] = s->modseqs[i];
        }
        kept++;
    }
    s->n = kept;
}

static void note_changed(struct store *s, uint32_t uid, bool own)
{
    vec_push(&s->changed, (struct store_change){uid, own}); /* a UID until finish_changes() */
}

static void apply_change(struct store *s, str c, uint32_t first_recent)
{
    uint32_t kind = store_get_u32(c, 0);
    struct store_message m = {store_get_u32(c, 4), store_get_u32(c, 8), store_get_u32(c, 12),
                              store_get_u32(c, 16)};
    uint64_t modseq = store_get_u32(c, 20) | (uint64_t)store_get_u32(c, 24) << 32;
    size_t at = row_of(s, m.uid);
    if (kind == KEEPER_NEW && at == s->n) {
        if (s->n && s->rows[s->n - 1].uid > m.uid) {
            s->lost = true; /* somebody broke the rule that UIDs ascend: begin anew */
            return;
        }
        add_row(s, &m, modseq);
        s->n_new++;
        mark_recent(s, s->n - 1, first_recent);
    } else if (kind == KEEPER_GONE && at < s->n) {
        vec_push(&s->held, m.uid);
    } else if ((kind == KEEPER_CHANGED || kind == KEEPER_CHANGED_OWN) && at < s->n) {
        uint32_t flags = m.flags | (s->rows[at].flags & STORE_RECENT);
        bool same_modseq = !s->modseqs || s->modseqs[at] == modseq;
        set_modseq(s, at, modseq);
        if (flags == s->rows[at].flags && same_modseq)
            return;
        s->rows[at].flags = flags;
        if (at < s->n - s->n_new)
            note_changed(s, m.uid, kind == KEEPER_CHANGED_OWN);
    }
}

static void apply_changes(struct store *s, str changes, uint32_t first_recent)
{
    for (size_t at = 0; !s->lost && at + KEEPER_CHANGE_BYTES <= changes.n;
         at += KEEPER_CHANGE_BYTES)
        apply_change(s, str_slice(changes, at, at + KEEPER_CHANGE_BYTES), first_recent);
}

/* Too much happened: both tables are sorted by UID, one walk finds the differences. */
static err reload(struct store *s, struct packet *p, size_t n, uint32_t first_recent)
{
    struct store fresh = {.names = S(""), .want_modseqs = s->want_modseqs};
    err e = map_table(&fresh, p, n);
    if (failed(e)) {
        store_drop_table(&fresh);
        return e;
    }
    size_t i = 0, j = 0, old_n = s->n;
    for (; i < old_n; i++) {
        while (j < fresh.n && fresh.rows[j].uid < s->rows[i].uid)
            j++;
        if (j == fresh.n || fresh.rows[j].uid != s->rows[i].uid) {
            vec_push(&s->held, s->rows[i].uid);
            continue;
        }
        uint32_t flags = fresh.rows[j].flags | (s->rows[i].flags & STORE_RECENT);
        if (flags != s->rows[i].flags || (s->modseqs && s->modseqs[i] != fresh.modseqs[j]))
            note_changed(s, s->rows[i].uid, false);
        if (s->modseqs)
            set_modseq(s, i, fresh.modseqs[j]);
        if (flags != s->rows[i].flags)
            s->rows[i].flags = flags;
    }
    uint32_t last = old_n ? s->rows[old_n - 1].uid : 0;
    for (j = 0; j < fresh.n; j++) {
        if (fresh.rows[j].uid <= last)
            continue;
        add_row(s, &fresh.rows[j], s->want_modseqs ? fresh.modseqs[j] : 0);
        s->n_new++;
    }
    mark_recent(s, s->n - s->n_new, first_recent);
    store_drop_table(&fresh);
    return OK_ERR;
}

/* From UIDs to indices in the final table; each once, own only if all its changes were. */
static int by_uid(const void *a, const void *b)
{
    return by_number(&((const struct store_change *)a)->index,
                     &((const struct store_change *)b)->index);
}

static void finish_changes(struct store *s)
{
    size_t n = 0;
    if (s->changed.n)
        qsort(s->changed.at, s->changed.n, sizeof *s->changed.at, by_uid);
    for (size_t i = 0; i < s->changed.n; i++) {
        size_t at = row_of(s, s->changed.at[i].index);
        if (at == s->n)
            continue;
        if (n && s->changed.at[n - 1].index == at)
            s->changed.at[n - 1].own &= s->changed.at[i].own;
        else
            s->changed.at[n++] = (struct store_change){(uint32_t)at, s->changed.at[i].own};
    }
    s->changed.n = n;
}

static void release_held(struct store *s)
{
    if (!s->held.n)
        return;
    qsort(s->held.at, s->held.n, sizeof *s->held.at, by_number);
    size_t n = 0;
    for (size_t i = 0; i < s->held.n; i++)
        if (!n || s->held.at[n - 1] != s->held.at[i])
            s->held.at[n++] = s->held.at[i];
    remove_rows(s, s->held.at, n);
    s->held.n = 0;
}

err store_sync(struct store *s, enum store_sync_mode mode, struct store_changes *ret)
{
    struct keeper_sync a;
    struct packet p;
    if (!s->open)
        return err_new(ERR_DENIED, "no mailbox is open");
    s->gone.n = s->changed.n = s->n_new = 0;
    s->keywords_changed = false;
    err e = store_ask(s, &keeper_sync_ask_schema, &(struct keeper_sync_ask){s->version},
                      &keeper_sync_schema, &a, &p);
    if (!failed(e))
        e = store_verdict(s, a.outcome, a.text);
    if (failed(e))
        return e;
    s->news = false;
    s->lost = a.lost;
    if (!s->lost)
        take_keywords(s, a.keywords);
    if (!s->lost && a.reload)
        e = reload(s, &p, a.messages, a.first_recent);
    if (!s->lost && !a.reload)
        apply_changes(s, a.changes, a.first_recent);
    if (failed(e))
        return e;
    s->version = a.version;
    s->highest = a.highest > s->highest ? a.highest : s->highest;
    if (!s->lost)
        s->box.uidnext = a.uidnext;
    if (mode == STORE_SYNC_ALL)
        release_held(s);
    finish_changes(s);
    show_table(s);
    *ret = (struct store_changes){.gone = s->gone.at,
                                  .n_gone = s->gone.n,
                                  .flags = s->changed.at,
                                  .n_flags = s->changed.n,
                                  .n_new = s->n_new,
                                  .keywords_changed = s->keywords_changed,
                                  .lost = s->lost};
    return OK_ERR;
}
