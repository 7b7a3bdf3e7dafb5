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
#include "store/kept.h"
#include "store/maildir.h"
#include "store/maildir_name.h"
#include "wire/crlf.h"

#define EXPUNGED_HOST "expunged" /* ends the names of what is only to be removed */

int maildir_dir_of(const struct box *b, bool in_new)
{
    return in_new ? b->new : b->cur;
}

uint32_t maildir_flags_of(struct box *b, str name)
{
    uint32_t flags = maildir_name_flags(name);
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
    if (e->in_new == in_new && str_eq(name, box_name_at(b, at)))
        return;
    box_name_drop(b, e->name);
    e->name = box_name_add(b, name);
    e->name_n = (uint8_t)name.n;
    e->in_new = in_new;
    if (in_new && b->table.at[at].uid < b->first_in_new)
        b->first_in_new = b->table.at[at].uid;
    box_changed(b, at, maildir_flags_of(b, name), 0);
}

static void note_arrival(struct box *b, str name, uint32_t hash, bool in_new)
{
    vec_push(&b->arrived, (struct box_arrival){.name = box_name_add(b, name),
                                               .hash = hash,
                                               .name_n = (uint8_t)name.n,
                                               .in_new = in_new});
}

static err scan_name(void *ctx, str name, bool in_new)
{
    struct scan *s = ctx;
    str base = maildir_base(name);
    uint32_t hash = box_name_hash(base);
    size_t at = box_lookup(s->b, base, hash);
    if (at < s->b->table.n) {
        s->seen[at] = true;
        know_name(s->b, at, name, in_new);
        return OK_ERR;
    }
    if (s->b->table.n + s->b->arrived.n >= STORE_MESSAGES_MAX)
        return err_new(ERR_LIMIT, "too many messages in a Maildir");
    note_arrival(s->b, name, hash, in_new);
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
    str base = maildir_base(name);
    uint32_t hash = box_name_hash(base);
    size_t at = box_lookup(b, base, hash);
    if (at == b->table.n) {
        if (appeared)
            note_arrival(b, name, hash, in_new);
        return;
    }
    bool same = b->entries.at[at].in_new == in_new && str_eq(name, box_name_at(b, at));
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
    err gone = file_stat(maildir_dir_of(b, in_new), path, &st);
    if (!failed(gone))
        know_name(b, at, name, in_new);
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
    err e = maildir_settle(b, first_time);
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
    struct maildir_name old = maildir_name_parse(box_name_at(b, at), scratch);
    auto_buf struct buf name;
    buf_init(&name, 255);
    maildir_name_write(&name, &old, flags);
    err e = buf_check(&name, "file name");
    if (failed(e))
        return e;
    uint32_t fresh = box_name_add(b, buf_str(&name));
    e = file_rename(maildir_dir_of(b, entry->in_new), box_name(b, entry->name), b->cur,
                    box_name(b, fresh));
    if (failed(e)) {
        box_name_drop(b, fresh);
        return e;
    }
    box_name_drop(b, entry->name);
    entry->name = fresh;
    entry->name_n = (uint8_t)name.n;
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
    size_t first = box_from(b, b->first_in_new); /* of a table of any size */
    uint32_t left = UINT32_MAX;
    for (size_t i = b->entries.n; i-- > first;) {
        if (!b->entries.at[i].in_new)
            continue;
        err e = rename_flags(b, i, b->table.at[i].flags);
        if (e.kind == ERR_NOTFOUND)
            b->stale = true;
        else if (failed(e))
            return e;
        if (failed(e))
            left = b->table.at[i].uid;
    }
    b->first_in_new = left;
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
    int dir = maildir_dir_of(b, entry->in_new);
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
    if (b->keep) { /* what could not be kept is thrown away by the next expunge */
        e = kept_take(b, doomed, done);
        for (size_t i = 0; i < b->table.n; i++) {
            any |= done[i];
            in_cur |= done[i] && !b->entries.at[i].in_new;
        }
    }
    for (size_t i = 0; i < b->table.n && !failed(e) && !b->keep; i++) {
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
    return file_open(maildir_dir_of(b, entry->in_new), box_name(b, entry->name),
                     O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0, ret_fd);
}

static void maildir_uidl(struct box *b, size_t at, struct buf *out)
{
    buf_add(out, maildir_base(box_name_at(b, at)));
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
