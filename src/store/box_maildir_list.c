/* SPDX-License-Identifier: ISC */
/* From a file name to a row of the table: the UID that dovecot-uidlist says, or the next one (then
 * the list is written and synced first); size and dates from the index, the name, the list, or the
 * file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "os/file.h"
#include "store/box_maildir.h"
#include "store/maildir_name.h"
#include "wire/crlf.h"

enum { MEASURE_MAX = 1 << 30 };

/* ---- sizes and dates ---- */

static err measure_file(int dir, const char *name, uint32_t *ret_wire)
{
    auto_fd int fd = -1;
    err e = file_open(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, &fd);
    if (failed(e))
        return e;
    str all;
    e = fd_map(fd, MEASURE_MAX, &all);
    if (failed(e))
        return e;
    uint64_t n = crlf_measure(all).octets;
    fd_unmap(all);
    *ret_wire = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
    return OK_ERR;
}

static str arrival_name(const struct box *b, const struct box_arrival *a)
{
    return str_of(box_name(b, a->name), a->name_n);
}

static str arrival_base(const struct box *b, const struct box_arrival *a)
{
    return maildir_base(arrival_name(b, a));
}

/* What the index knows of this UID spares a look at the file. */
static bool row_from_index(struct box *b, const struct box_arrival *a, uint32_t uid,
                           struct store_message *ret_row, struct box_entry *ret_entry)
{
    const struct index_row *r = b->n_rows ? box_index_row(b, uid, a->hash) : NULL;
    if (!r)
        return false;
    *ret_row = (struct store_message){.uid = uid,
                                      .flags = maildir_flags_of(b, arrival_name(b, a)),
                                      .size = r->size,
                                      .date = r->date};
    ret_entry->saved = r->saved;
    ret_entry->known = true;
    return true;
}

/* The table row of an arrived file; known_size from the UID list or 0. */
static err make_row(struct box *b, const struct box_arrival *a, uint32_t uid, uint32_t known_size,
                    struct store_message *ret_row, struct box_entry *ret_entry)
{
    *ret_entry = (struct box_entry){
        .name = a->name, .hash = a->hash, .name_n = a->name_n, .in_new = a->in_new};
    if (row_from_index(b, a, uid, ret_row, ret_entry))
        return OK_ERR;
    const char *name = box_name(b, a->name);
    char scratch[16];
    struct maildir_name n = maildir_name_parse(arrival_name(b, a), scratch);
    struct stat st;
    err e = file_stat(maildir_dir_of(b, a->in_new), name, &st);
    if (failed(e))
        return e;
    if (!S_ISREG(st.st_mode))
        return err_new(ERR_NOTFOUND, "not a regular file");
    struct store_message row = {.uid = uid, .flags = maildir_flags_of(b, arrival_name(b, a))};
    row.date = st.st_mtime < 0 ? 0 : (uint32_t)st.st_mtime;
    /* A delivery sets the time of its file; who copies files here keeps theirs. */
    ret_entry->saved = row.date;
    if (n.has_wire_size && n.wire_size < UINT32_MAX && n.wire_size >= (uint64_t)st.st_size) {
        row.size = (uint32_t)n.wire_size;
    } else if (known_size) {
        row.size = known_size;
    } else {
        e = measure_file(maildir_dir_of(b, a->in_new), name, &row.size);
        if (failed(e))
            return e;
        ret_entry->measured = true;
    }
    *ret_row = row;
    return OK_ERR;
}

/* A file that vanished between readdir and here, or cannot be read, waits for the next look. */
static void admit(struct box *b, struct box_arrival *a, uint32_t uid, uint32_t known_size)
{
    struct store_message row;
    struct box_entry entry;
    err e = make_row(b, a, uid, known_size, &row, &entry);
    if (failed(e)) {
        b->problems += e.kind != ERR_NOTFOUND;
        box_name_drop(b, a->name);
    } else {
        box_insert(b, &row, entry);
    }
    a->name = 0; /* settled */
}

/* ---- UIDs ---- */

static err map_uidlist(struct box *b, str *ret)
{
    auto_fd int fd = -1;
    err e = file_open(b->dir, UIDLIST_FILE, O_RDONLY, 0, &fd);
    if (e.kind == ERR_NOTFOUND) {
        *ret = S("");
        return OK_ERR;
    }
    if (failed(e))
        return e;
    return fd_map(fd, UIDLIST_MAX, ret);
}

/* Arrivals by their base names: slots hold an index and one. */
struct arrivals {
    uint32_t *slots;
    size_t mask;
};

/* The slot of this base name, or the free one where it belongs. */
static uint32_t *arrival_slot(const struct box *b, const struct arrivals *m, str base,
                              uint32_t hash)
{
    size_t i = hash & m->mask;
    for (; m->slots[i]; i = (i + 1) & m->mask) {
        const struct box_arrival *a = &b->arrived.at[m->slots[i] - 1];
        if (a->hash == hash && str_eq(arrival_base(b, a), base))
            break;
    }
    return &m->slots[i];
}

/* The first of each base name; a file seen under two names (new/, then cur/) is one. */
static void sort_arrivals(struct box *b, struct arrivals *ret)
{
    size_t n = 16;
    while (n < b->arrived.n * 2)
        n *= 2;
    *ret = (struct arrivals){.slots = mem_alloc("arrivals", n * sizeof *ret->slots), .mask = n - 1};
    for (size_t i = 0; i < b->arrived.n; i++) {
        struct box_arrival *a = &b->arrived.at[i];
        str base = arrival_base(b, a);
        uint32_t *slot = arrival_slot(b, ret, base, a->hash);
        if (!*slot && box_lookup(b, base, a->hash) == b->table.n) {
            *slot = (uint32_t)i + 1;
            continue;
        }
        if (*slot) { /* the later sighting is the truer one */
            struct box_arrival *other = &b->arrived.at[*slot - 1];
            box_name_drop(b, other->name);
            *other = *a;
        } else {
            box_name_drop(b, a->name);
        }
        a->name = 0;
    }
}

static bool has_uid(const struct box *b, uint32_t uid)
{
    size_t n = b->table.n; /* lists ascend: mostly it is a new one */
    return n && uid <= b->table.at[n - 1].uid && box_find(b, uid) < n;
}

/* Admits the arrivals that the list knows. */
static void admit_listed(struct box *b, struct maildir_list *l, str rest)
{
    struct arrivals arrived;
    sort_arrivals(b, &arrived);
    struct uidlist_record r;
    while (l->head.version && uidlist_next(&l->head, &rest, &r)) {
        if (has_uid(b, r.uid))
            continue;
        uint32_t slot = *arrival_slot(b, &arrived, r.base, box_name_hash(r.base));
        if (slot)
            admit(b, &b->arrived.at[slot - 1], r.uid, r.wire_size);
        else
            l->dropped++;
    }
    free(arrived.slots);
}

static void start_new_list(struct box *b, struct maildir_list *l)
{
    l->head.uidvalidity = b->uidvalidity ? b->uidvalidity : (uint32_t)clock_seconds();
    l->head.nextuid = b->uidnext;
    if (b->guid[0])
        memcpy(l->head.guid, b->guid, sizeof l->head.guid);
    else
        uidlist_make_guid(l->head.guid);
    l->rewrite = true;
}

/* Reads the list and admits the arrivals that it knows. */
static err read_uidlist(struct box *b, struct maildir_list *l)
{
    str text, rest;
    err e = map_uidlist(b, &text);
    if (failed(e))
        return e;
    box_stamp(b, UIDLIST_FILE);
    rest = text;
    l->head = uidlist_header(&rest);
    l->rewrite = l->head.version != 3;
    l->dropped = 0;
    if (!l->head.version) {
        l->damaged = text.n > 0;
        start_new_list(b, l);
    } else if (b->uidvalidity && b->uidvalidity != l->head.uidvalidity) {
        b->lost = true;
    }
    if (l->head.guid[0] == 0) {
        uidlist_make_guid(l->head.guid);
        l->rewrite = true; /* or it would be another one the next time */
    }
    memcpy(b->guid, l->head.guid, sizeof b->guid);
    if (!b->uidvalidity) {
        b->uidvalidity = l->head.uidvalidity;
        box_index_load(b);
    }
    admit_listed(b, l, rest);
    fd_unmap(text);
    b->problems += l->head.damaged;
    b->uidvalidity = l->head.uidvalidity;
    if (l->head.nextuid > b->uidnext)
        b->uidnext = l->head.nextuid;
    return OK_ERR;
}

/* As maildir_base_cmp() orders: by the number that a name begins with. */
struct arrival_key {
    uint64_t time;
    str base;
    uint32_t at;
};

static int arrival_order(const void *x, const void *y)
{
    const struct arrival_key *a = x, *c = y;
    if (a->time != c->time)
        return a->time < c->time ? -1 : 1;
    return str_cmp(a->base, c->base);
}

static void order_arrivals(struct box *b)
{
    size_t n = b->arrived.n;
    struct arrival_key *keys = mem_alloc("arrivals", n * sizeof *keys);
    struct box_arrival *old = mem_alloc("arrivals", n * sizeof *old);
    for (size_t i = 0; i < n; i++) {
        str base = arrival_base(b, &b->arrived.at[i]), digits = base;
        keys[i] = (struct arrival_key){.base = base, .at = (uint32_t)i};
        (void)str_take_u64(&digits, &keys[i].time); /* no number sorts as 0 */
    }
    qsort(keys, n, sizeof *keys, arrival_order);
    memcpy(old, b->arrived.at, n * sizeof *old);
    for (size_t i = 0; i < n; i++)
        b->arrived.at[i] = old[keys[i].at];
    free(old);
    free(keys);
}

static void drop_settled(struct box *b)
{
    size_t n = 0;
    for (size_t i = 0; i < b->arrived.n; i++)
        if (b->arrived.at[i].name)
            b->arrived.at[n++] = b->arrived.at[i];
    b->arrived.n = n;
}

static void add_line(struct box *b, size_t at, struct buf *lines)
{
    const struct box_entry *entry = &b->entries.at[at];
    str base = maildir_base(box_name_at(b, at));
    uidlist_record_write(lines, b->table.at[at].uid, entry->measured ? b->table.at[at].size : 0,
                         base);
}

/* New UIDs in order of arrival; their lines are on disk before anybody hears of them. */
static err number_arrivals(struct box *b, struct buf *lines)
{
    struct arrivals m;
    sort_arrivals(b, &m);
    free(m.slots);
    drop_settled(b);
    if (b->arrived.n)
        order_arrivals(b);
    for (size_t i = 0; i < b->arrived.n; i++) {
        if (b->uidnext == UINT32_MAX)
            return err_new(ERR_LIMIT, "the mailbox has used up its UIDs");
        uint32_t uid = b->uidnext;
        admit(b, &b->arrived.at[i], uid, 0);
        size_t at = box_find(b, uid);
        if (at < b->table.n)
            add_line(b, at, lines);
    }
    b->arrived.n = 0;
    return buf_check(lines, "UID list");
}

/* The whole list again: lines of messages that are there, as they were. */
static err write_list(struct box *b, struct maildir_list *l)
{
    auto_buf struct buf out;
    buf_init(&out, UIDLIST_MAX);
    str text, rest;
    err e = map_uidlist(b, &text);
    if (failed(e))
        return e;
    rest = text;
    struct uidlist old = uidlist_header(&rest);
    struct uidlist_record r;
    l->head.nextuid = b->uidnext;
    uidlist_header_write(&out, &l->head);
    size_t at = 0;
    while (at < b->table.n) {
        bool more = old.version == 3 && uidlist_next(&old, &rest, &r);
        size_t known = more ? box_find(b, r.uid) : b->table.n;
        if (more && known == b->table.n)
            continue;
        for (size_t to = more ? known : b->table.n; at < to; at++)
            add_line(b, at, &out);
        if (!more || at != known)
            continue;
        if (r.wire_size || !b->entries.at[at].measured || b->table.at[at].size == 0) {
            buf_add(&out, r.line);
        } else { /* other fields of the line stay */
            ptrdiff_t blank = str_find(r.line, ' ');
            buf_addf(&out, "%u W%u%.*s", r.uid, b->table.at[at].size,
                     STR_ARG(str_from_at(r.line, (size_t)blank)));
        }
        at++;
    }
    fd_unmap(text);
    e = buf_check(&out, "UID list");
    if (!failed(e))
        e = uidlist_replace(b->dir, buf_str(&out));
    return e;
}

static err keep_damaged_aside(struct box *b)
{
    char aside[64];
    (void)snprintf(aside, sizeof aside, UIDLIST_FILE ".damaged-%lld",
                   (long long)clock_seconds()); /* fits */
    return file_rename(b->dir, UIDLIST_FILE, b->dir, aside);
}

/* With the lock held: numbers what is left and writes the list. */
err maildir_list_update(struct box *b, struct maildir_list *l)
{
    if (box_stamp_changed(b, UIDLIST_FILE)) {
        err e = read_uidlist(b, l);
        if (failed(e))
            return e;
    }
    auto_buf struct buf lines;
    buf_init(&lines, UIDLIST_MAX);
    err e = number_arrivals(b, &lines);
    if (failed(e))
        return e;
    if (l->damaged && l->rewrite)
        e = keep_damaged_aside(b);
    if (failed(e))
        return e;
    if (l->rewrite || b->behind)
        e = write_list(b, l);
    else if (lines.n)
        e = uidlist_append(b->dir, buf_str(&lines), UIDLIST_SYNC);
    box_stamp(b, UIDLIST_FILE);
    l->rewrite = false;
    b->behind = failed(e);
    if (e.sys == ENOSPC || e.sys == EDQUOT) {
        /* Whoever wants to delete mail to make room must get in. The list follows then. */
        b->problems++;
        return OK_ERR;
    }
    b->lost |= failed(e);
    return e;
}

static bool any_measured(const struct box *b)
{
    for (size_t i = 0; i < b->entries.n; i++)
        if (b->entries.at[i].measured)
            return true;
    return false;
}

err maildir_settle(struct box *b, bool first_time)
{
    struct maildir_list l = {0};
    if (first_time || box_stamp_changed(b, UIDLIST_FILE)) {
        err e = read_uidlist(b, &l);
        if (failed(e))
            return e;
        drop_settled(b);
        bool stale_lines = l.dropped > 64 && l.dropped > b->table.n / 4;
        l.rewrite |= stale_lines || any_measured(b);
    }
    if (!b->arrived.n && !l.rewrite && !b->behind)
        return OK_ERR;
    int lock = -1;
    err e = uidlist_lock(b->dir, deadline_in_ms(MAILDIR_LOCK_MS), &lock);
    if (e.kind == ERR_DENIED) { /* somebody else's Maildir: UIDs for this sitting only */
        b->read_only = true;
        auto_buf struct buf lines;
        buf_init(&lines, UIDLIST_MAX);
        return number_arrivals(b, &lines);
    }
    if (failed(e))
        return e;
    e = maildir_list_update(b, &l);
    uidlist_unlock(b->dir, &lock);
    return e;
}
