/* SPDX-License-Identifier: ISC */
/* How it works: a file name is all there is to know about a message but its UID, which is in
 * dovecot-uidlist. A refresh compares the directories with the table: known base names update
 * their flags, unknown ones "arrive" and get the UID that the list says or the next one (then
 * the list is written and synced first), missing ones are looked for twice (a rename during
 * readdir can hide a file) and then are gone. With inotify the keeper feeds names one by one
 * and no scan is needed. */
#include "store/box_maildir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "store/maildir.h"
#include "store/maildir_name.h"
#include "wire/crlf.h"

enum { MEASURE_MAX = 1 << 30 };
#define EXPUNGED_HOST "expunged" /* ends the names of what is only to be removed */

static int dir_of(const struct box *b, bool in_new)
{
    return in_new ? b->new : b->cur;
}

static uint32_t flags_of(struct box *b, str name)
{
    char scratch[16];
    uint32_t flags = maildir_name_parse(name, scratch).flags;
    if (flags >> STORE_KEYWORD_SHIFT && keywords_cover(&b->keywords, flags))
        b->keywords_version = box_version(b) + 1;
    return flags;
}

/* ---- what is there ---- */

struct scan {
    struct box *b;
    bool *seen;
    size_t n_seen;
};

static void know_name(struct box *b, size_t at, str name, bool in_new)
{
    struct box_entry *e = &b->entries.at[at];
    if (e->in_new == in_new && str_eq(name, str_from(box_name(b, e->name))))
        return;
    box_name_drop(b, e->name);
    e->name = box_name_add(b, name);
    e->in_new = in_new;
    box_changed(b, at, flags_of(b, name), 0);
}

static err scan_name(void *ctx, str name, bool in_new)
{
    struct scan *s = ctx;
    size_t at = box_lookup(s->b, maildir_base(name));
    if (at < s->b->table.n) {
        s->seen[at] = true;
        know_name(s->b, at, name, in_new);
        return OK_ERR;
    }
    if (s->b->table.n + s->b->arrived.n >= STORE_MESSAGES_MAX)
        return err_new(ERR_LIMIT, "too many messages in a Maildir");
    vec_push(&s->b->arrived, (struct box_arrival){box_name_add(s->b, name), in_new});
    return OK_ERR;
}

static bool all_seen(const struct scan *s)
{
    return !s->b->table.n || !memchr(s->seen, false, s->b->table.n);
}

static err rescan(struct box *b)
{
    struct scan s = {.b = b, .seen = mem_alloc("marks", b->table.n)};
    err e = maildir_scan(b->dir, scan_name, &s);
    if (!failed(e) && !all_seen(&s))
        e = maildir_scan(b->dir, scan_name, &s);
    if (!failed(e) && !all_seen(&s)) {
        for (size_t i = 0; i < b->table.n; i++)
            s.seen[i] = !s.seen[i];
        box_remove_marked(b, s.seen);
    }
    free(s.seen);
    if (!failed(e))
        b->stale = false;
    return e;
}

void box_event(struct box *b, bool in_new, bool appeared, str name)
{
    if (!maildir_name_is_message(name))
        return;
    size_t at = box_lookup(b, maildir_base(name));
    if (at == b->table.n) {
        if (appeared)
            vec_push(&b->arrived, (struct box_arrival){box_name_add(b, name), in_new});
        return;
    }
    const struct box_entry *e = &b->entries.at[at];
    bool same = e->in_new == in_new && str_eq(name, str_from(box_name(b, e->name)));
    if (!appeared) { /* gone under the name we know: its new name may come in another event */
        b->stale |= same;
        return;
    }
    if (same)
        return;
    /* An event of our own earlier rename comes late: only what is there still counts. */
    struct stat st;
    char path[256];
    (void)snprintf(path, sizeof path, "%.*s", STR_ARG(name)); /* a file name */
    err gone = file_stat(dir_of(b, in_new), path, &st);
    if (!failed(gone))
        know_name(b, at, name, in_new);
}

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

/* What the index knows of this UID spares a look at the file. */
static bool row_from_index(struct box *b, const struct box_arrival *a, uint32_t uid,
                           struct store_message *ret_row, struct box_entry *ret_entry)
{
    str name = str_from(box_name(b, a->name));
    const struct index_row *r = b->n_rows ? box_index_row(b, uid, maildir_base(name)) : NULL;
    if (!r)
        return false;
    *ret_row = (struct store_message){
        .uid = uid, .flags = flags_of(b, name), .size = r->size, .date = r->date};
    *ret_entry =
        (struct box_entry){.name = a->name, .saved = r->saved, .in_new = a->in_new, .known = true};
    return true;
}

/* The table row of an arrived file; known_size from the UID list or 0. */
static err make_row(struct box *b, const struct box_arrival *a, uint32_t uid, uint32_t known_size,
                    struct store_message *ret_row, struct box_entry *ret_entry)
{
    if (row_from_index(b, a, uid, ret_row, ret_entry))
        return OK_ERR;
    const char *name = box_name(b, a->name);
    char scratch[16];
    struct maildir_name n = maildir_name_parse(str_from(name), scratch);
    struct stat st;
    err e = file_stat(dir_of(b, a->in_new), name, &st);
    if (failed(e))
        return e;
    if (!S_ISREG(st.st_mode))
        return err_new(ERR_NOTFOUND, "not a regular file");
    struct store_message row = {.uid = uid, .flags = flags_of(b, str_from(name))};
    row.date = st.st_mtime < 0 ? 0 : (uint32_t)st.st_mtime;
    /* A delivery sets the time of its file; who copies files here keeps theirs. */
    struct box_entry entry = {.name = a->name, .saved = row.date, .in_new = a->in_new};
    if (n.has_wire_size && n.wire_size < UINT32_MAX && n.wire_size >= (uint64_t)st.st_size) {
        row.size = (uint32_t)n.wire_size;
    } else if (known_size) {
        row.size = known_size;
    } else {
        e = measure_file(dir_of(b, a->in_new), name, &row.size);
        if (failed(e))
            return e;
        entry.measured = true;
    }
    *ret_row = row;
    *ret_entry = entry;
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

/* The first of each base name; a file seen under two names (new/, then cur/) is one. */
static struct map *arrivals_by_base(struct box *b)
{
    struct map *m = map_new();
    for (size_t i = 0; i < b->arrived.n; i++) {
        struct box_arrival *a = &b->arrived.at[i];
        str base = maildir_base(str_from(box_name(b, a->name)));
        struct box_arrival *other = map_get(m, base);
        if (other || box_lookup(b, base) < b->table.n) {
            if (other) { /* the later sighting is the truer one */
                box_name_drop(b, other->name);
                *other = *a;
            } else {
                box_name_drop(b, a->name);
            }
            a->name = 0;
            continue;
        }
        map_put(m, base, a);
    }
    return m;
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
    struct map *arrived = arrivals_by_base(b);
    struct uidlist_record r;
    while (l->head.version && uidlist_next(&l->head, &rest, &r)) {
        struct box_arrival *a = map_get(arrived, r.base);
        if (a && a->name && box_find(b, r.uid) == b->table.n)
            admit(b, a, r.uid, r.wire_size);
        else if (box_find(b, r.uid) == b->table.n)
            l->dropped++;
    }
    map_free(arrived);
    fd_unmap(text);
    b->problems += l->head.damaged;
    b->uidvalidity = l->head.uidvalidity;
    if (l->head.nextuid > b->uidnext)
        b->uidnext = l->head.nextuid;
    return OK_ERR;
}

static int arrival_order(const void *x, const void *y, void *ctx)
{
    const struct box_arrival *a = x, *c = y;
    const struct box *b = ctx;
    return maildir_base_cmp(str_from(box_name(b, a->name)), str_from(box_name(b, c->name)));
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
    str base = maildir_base(str_from(box_name(b, entry->name)));
    uidlist_record_write(lines, b->table.at[at].uid, entry->measured ? b->table.at[at].size : 0,
                         base);
}

/* New UIDs in order of arrival; their lines are on disk before anybody hears of them. */
static err number_arrivals(struct box *b, struct buf *lines)
{
    struct map *m = arrivals_by_base(b);
    map_free(m);
    drop_settled(b);
    if (b->arrived.n)
        qsort_r(b->arrived.at, b->arrived.n, sizeof *b->arrived.at, arrival_order, b);
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

static err settle_arrivals(struct box *b, bool first_time)
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

static err load_keywords(struct box *b)
{
    auto_arena struct arena *a = arena_new("keywords", 1 << 20);
    str text;
    err e = file_read(b->dir, KEYWORDS_FILE, 64 * 1024, a, &text);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (failed(e)) { /* letters without names will do */
        b->problems++;
        return OK_ERR;
    }
    keywords_parse(&b->keywords, text);
    b->problems += b->keywords.damaged;
    return OK_ERR;
}

static err maildir_refresh(struct box *b)
{
    bool first_time = b->uidvalidity == 0;
    if (b->stale) {
        err e = load_keywords(b);
        if (!failed(e))
            e = rescan(b);
        if (e.kind == ERR_NOTFOUND)
            b->lost = true;
        if (failed(e))
            return e;
    } else if (!b->arrived.n) {
        return OK_ERR;
    }
    err e = settle_arrivals(b, first_time);
    if (failed(e) || !first_time)
        return e;
    b->first_version = b->keywords_version = 1;
    b->changes.n = 0;
    b->first_recent = b->uidnext;
    for (size_t i = b->entries.n; i-- > 0;)
        if (b->entries.at[i].in_new)
            b->first_recent = b->table.at[i].uid;
    box_index_settle(b);
    return OK_ERR;
}

/* ---- changes ---- */

/* Renames a message's file in cur/ (from new/ too) so that its name says `flags`. */
static err rename_flags(struct box *b, size_t at, uint32_t flags)
{
    struct box_entry *entry = &b->entries.at[at];
    char scratch[16];
    struct maildir_name old = maildir_name_parse(str_from(box_name(b, entry->name)), scratch);
    auto_buf struct buf name;
    buf_init(&name, 255);
    maildir_name_write(&name, &old, flags);
    err e = buf_check(&name, "file name");
    if (failed(e))
        return e;
    uint32_t fresh = box_name_add(b, buf_str(&name));
    e = file_rename(dir_of(b, entry->in_new), box_name(b, entry->name), b->cur, box_name(b, fresh));
    if (failed(e)) {
        box_name_drop(b, fresh);
        return e;
    }
    box_name_drop(b, entry->name);
    entry->name = fresh;
    entry->in_new = false;
    return OK_ERR;
}

/* Somebody renamed these meanwhile: look anew, then once more. */
static err set_flags_again(struct box *b, const struct box_want *missed, size_t n, uint32_t by)
{
    b->stale = true;
    err e = maildir_refresh(b);
    for (size_t i = 0; i < n && !failed(e); i++) {
        size_t at = box_find(b, missed[i].index);
        if (at == b->table.n || b->table.at[at].flags == missed[i].flags)
            continue;
        e = rename_flags(b, at, missed[i].flags);
        if (e.kind == ERR_NOTFOUND)
            e = err_new(ERR_TEMP, "another program keeps renaming the message");
        if (!failed(e))
            box_changed(b, at, missed[i].flags, by);
    }
    return e;
}

static err maildir_set_flags(struct box *b, const struct box_want *want, size_t n, uint32_t by)
{
    VEC(struct box_want) missed = {0}; /* by UID: a new look moves indices */
    err bad = OK_ERR;
    for (size_t i = 0; i < n && !failed(bad); i++) {
        uint32_t uid = b->table.at[want[i].index].uid;
        err e = rename_flags(b, want[i].index, want[i].flags);
        if (e.kind == ERR_NOTFOUND)
            vec_push(&missed, (struct box_want){uid, want[i].flags});
        else if (failed(e))
            bad = e;
        else
            box_changed(b, want[i].index, want[i].flags, by);
    }
    if (missed.n && !failed(bad))
        bad = set_flags_again(b, missed.at, missed.n, by);
    vec_done(&missed);
    err e = dir_sync(b->cur);
    return failed(bad) ? bad : e;
}

static err maildir_take_recent(struct box *b)
{
    for (size_t i = b->entries.n; i-- > 0;) {
        if (!b->entries.at[i].in_new)
            continue;
        err e = rename_flags(b, i, b->table.at[i].flags);
        if (e.kind == ERR_NOTFOUND)
            b->stale = true;
        else if (failed(e))
            return e;
    }
    /* Where a crash puts them back into new/, they are recent once more: no sync. */
    return OK_ERR;
}

/* Removing a file takes its blocks back, which can take milliseconds; moving it into tmp/ does not.
 * box_sweep() removes it when nobody waits. */
static err throw_away(struct box *b, const struct box_entry *entry)
{
    auto_buf struct buf name;
    buf_init(&name, 200);
    maildir_unique(&name, S(EXPUNGED_HOST));
    buf_addc(&name, 0);
    int dir = dir_of(b, entry->in_new);
    err e = file_rename(dir, box_name(b, entry->name), b->tmp, name.p);
    if (failed(e) && e.kind != ERR_NOTFOUND) /* no room for a name in tmp/, say */
        return file_unlink(dir, box_name(b, entry->name));
    b->to_sweep |= !failed(e);
    return e;
}

struct sweep {
    int tmp;
    deadline end;
    bool more;
};

static err sweep_entry(void *ctx, const struct dir_entry *d)
{
    struct sweep *s = ctx;
    char name[256];
    if (!str_ends(d->name, S("." EXPUNGED_HOST)))
        return OK_ERR;
    if (deadline_left_ms(s->end) <= 0) {
        s->more = true;
        return err_new(ERR_TIMEOUT, "enough for now");
    }
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(d->name)); /* a file name */
    (void)unlinkat(s->tmp, name, 0);                             /* the next sweep tries again */
    return OK_ERR;
}

bool box_sweep(struct box *b, int64_t ms)
{
    if (!b->to_sweep || b->tmp < 0)
        return false;
    struct sweep s = {.tmp = b->tmp, .end = deadline_in_ms(ms)};
    err e = dir_each(b->dir, "tmp", sweep_entry, &s);
    b->to_sweep = failed(e) && s.more;
    return b->to_sweep;
}

static err maildir_expunge(struct box *b, const bool *doomed)
{
    bool *done = mem_alloc("marks", b->table.n);
    bool any = false, in_cur = false;
    err e = OK_ERR;
    for (size_t i = 0; i < b->table.n && !failed(e); i++) {
        if (!doomed[i])
            continue;
        const struct box_entry *entry = &b->entries.at[i];
        e = throw_away(b, entry);
        if (e.kind == ERR_NOTFOUND) {
            b->stale = true;
            e = OK_ERR;
            continue;
        }
        if (failed(e))
            break;
        done[i] = true;
        any = true;
        in_cur |= !entry->in_new;
    }
    err synced = in_cur ? dir_sync(b->cur) : OK_ERR;
    /* new/ too where nothing went from it: a session took them from there, unsynced, and a file
     * system need not do both halves of a rename at once. */
    if (!failed(synced) && any)
        synced = dir_sync(b->new);
    box_remove_marked(b, done);
    free(done);
    return failed(e) ? e : synced;
}

static err maildir_fetch(struct box *b, size_t at, int *ret_fd)
{
    const struct box_entry *entry = &b->entries.at[at];
    return file_open(dir_of(b, entry->in_new), box_name(b, entry->name),
                     O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, ret_fd);
}

static void maildir_uidl(struct box *b, size_t at, struct buf *out)
{
    buf_add(out, maildir_base(str_from(box_name(b, b->entries.at[at].name))));
}

static err maildir_keywords_changed(struct box *b)
{
    auto_buf struct buf text;
    buf_init(&text, 64 * 1024);
    keywords_write(&b->keywords, &text);
    return file_replace(b->dir, KEYWORDS_FILE, buf_str(&text), 0600);
}

/* Letters that messages use keep their names, or are not free at least. */
static err maildir_keywords_reload(struct box *b)
{
    uint32_t used = 0;
    err e = load_keywords(b);
    for (size_t i = 0; i < b->table.n; i++)
        used |= b->table.at[i].flags;
    (void)keywords_cover(&b->keywords, used); /* named again by the next writing */
    return e;
}

static const struct box_kind maildir_kind = {
    .refresh = maildir_refresh,
    .take_recent = maildir_take_recent,
    .set_flags = maildir_set_flags,
    .expunge = maildir_expunge,
    .fetch = maildir_fetch,
    .uidl = maildir_uidl,
    .add = box_maildir_add,
    .keywords_changed = maildir_keywords_changed,
    .keywords_reload = maildir_keywords_reload,
};

bool box_is_maildir(const struct box *b)
{
    return b->kind == &maildir_kind;
}

err box_open_maildir(int dir, const char *path, str folder, struct box **ret)
{
    return box_open_maildir_with(dir, path, folder, NULL, ret);
}

err box_open_maildir_with(int dir, const char *path, str folder, struct index *x, struct box **ret)
{
    struct box *b = box_new(&maildir_kind, folder);
    b->index = x;
    err e = dir_open(dir, path, &b->dir);
    /* tmp, new and cur are often lost when empty directories are copied or cleaned away. */
    static const char *const parts[] = {"tmp", "new", "cur"};
    int *const fds[] = {&b->tmp, &b->new, &b->cur};
    for (size_t i = 0; i < 3 && !failed(e); i++) {
        e = dir_open(b->dir, parts[i], fds[i]);
        if (e.kind == ERR_NOTFOUND) {
            e = dir_make(b->dir, parts[i], 0700);
            if (!failed(e))
                e = dir_open(b->dir, parts[i], fds[i]);
        }
    }
    if (!failed(e)) {
        b->stale = b->to_sweep = true; /* a sitting that was cut short may have left some */
        b->read_only = faccessat(b->dir, "cur", W_OK, AT_EACCESS) < 0;
        e = box_refresh(b);
    }
    if (failed(e)) {
        box_free(b);
        return e;
    }
    *ret = b;
    return OK_ERR;
}
