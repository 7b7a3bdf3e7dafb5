/* SPDX-License-Identifier: ISC */
/* The open mailbox in a session: mapping the table, taking changes in. */
#include "store/session_private.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "os/fd.h"

enum { PAGE = 4096, CHANGE_BYTES = 20 };

static err map_table(struct store *s, struct packet *p, size_t n)
{
    store_drop_table(s);
    if (!n)
        return OK_ERR;
    if (n > STORE_MESSAGES_MAX || p->n_fds != 1 || !fd_is_sealed(p->fds[0]))
        return err_new(ERR_SYNTAX, "a table without its memory");
    uint64_t size;
    err e = fd_size(p->fds[0], &size);
    if (failed(e))
        return e;
    size_t bytes = n * sizeof *s->rows;
    if (size < bytes)
        return err_new(ERR_SYNTAX, "a table shorter than it says");
    size_t pages = (bytes + PAGE - 1) / PAGE * PAGE;
    void *m = mmap(NULL, pages, PROT_READ | PROT_WRITE, MAP_PRIVATE, p->fds[0], 0);
    if (m == MAP_FAILED)
        return err_sys("mmap");
    s->rows = m;
    s->mapped = pages;
    s->n = n;
    s->room = pages / sizeof *s->rows; /* the rest of the last page is ours too */
    return OK_ERR;
}

static void add_row(struct store *s, const struct store_message *m)
{
    if (s->n == s->room) {
        size_t room = s->room + s->room / 2 + 64;
        struct store_message *rows;
        if (s->mapped) {
            rows = mem_grow("table", NULL, room * sizeof *rows);
            memcpy(rows, s->rows, s->n * sizeof *rows);
            (void)munmap(s->rows, s->mapped); /* only fails on wrong arguments */
            s->mapped = 0;
        } else {
            rows = mem_grow("table", s->rows, room * sizeof *rows);
        }
        s->rows = rows;
        s->room = room;
    }
    s->rows[s->n++] = *m;
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
    s->box.n = s->n;
}

static void close_box(struct store *s)
{
    store_drop_table(s);
    s->open = s->lost = s->news = false;
    s->held.n = s->gone.n = s->changed.n = 0;
    show_table(s);
}

err store_select(struct store *s, str name, enum store_mode mode, const struct store_box **ret)
{
    if (s->open)
        close_box(s);
    if (name.n > STORE_NAME_MAX)
        return store_verdict(s, ERR_LIMIT, S("the name is too long"));
    struct keeper_open q = {.name = name, .mode = (uint32_t)mode};
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
    s->box.uidvalidity = b.uidvalidity;
    s->box.uidnext = b.uidnext;
    s->box.writable = b.writable;
    take_keywords(s, b.keywords);
    s->keywords_changed = false;
    mark_recent(s, 0, b.first_recent);
    show_table(s);
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
        if (kept != i) /* untouched pages stay shared */
            s->rows[kept] = s->rows[i];
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
    size_t at = row_of(s, m.uid);
    if (kind == KEEPER_NEW && at == s->n) {
        if (s->n && s->rows[s->n - 1].uid > m.uid) {
            s->lost = true; /* somebody broke the rule that UIDs ascend: begin anew */
            return;
        }
        add_row(s, &m);
        s->n_new++;
        mark_recent(s, s->n - 1, first_recent);
    } else if (kind == KEEPER_GONE && at < s->n) {
        vec_push(&s->held, m.uid);
    } else if ((kind == KEEPER_CHANGED || kind == KEEPER_CHANGED_OWN) && at < s->n) {
        uint32_t flags = m.flags | (s->rows[at].flags & STORE_RECENT);
        if (flags == s->rows[at].flags)
            return;
        s->rows[at].flags = flags;
        if (at < s->n - s->n_new)
            note_changed(s, m.uid, kind == KEEPER_CHANGED_OWN);
    }
}

/* Too much happened: both tables are sorted by UID, one walk finds the differences. */
static err reload(struct store *s, struct packet *p, size_t n, uint32_t first_recent)
{
    struct store fresh = {.names = S("")};
    err e = map_table(&fresh, p, n);
    if (failed(e))
        return e;
    size_t i = 0, j = 0, old_n = s->n;
    for (; i < old_n; i++) {
        while (j < fresh.n && fresh.rows[j].uid < s->rows[i].uid)
            j++;
        if (j == fresh.n || fresh.rows[j].uid != s->rows[i].uid) {
            vec_push(&s->held, s->rows[i].uid);
            continue;
        }
        uint32_t flags = fresh.rows[j].flags | (s->rows[i].flags & STORE_RECENT);
        if (flags != s->rows[i].flags)
            note_changed(s, s->rows[i].uid, false);
        if (flags != s->rows[i].flags)
            s->rows[i].flags = flags;
    }
    uint32_t last = old_n ? s->rows[old_n - 1].uid : 0;
    for (j = 0; j < fresh.n; j++) {
        if (fresh.rows[j].uid <= last)
            continue;
        add_row(s, &fresh.rows[j]);
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
    for (size_t at = 0; !s->lost && !a.reload && at + CHANGE_BYTES <= a.changes.n;
         at += CHANGE_BYTES)
        apply_change(s, str_slice(a.changes, at, at + CHANGE_BYTES), a.first_recent);
    if (failed(e))
        return e;
    s->version = a.version;
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
