/* SPDX-License-Identifier: ISC */
/* How it works: new files are made whole in tmp/ (or are there already, elsewhere) and their UIDs
 * written to the list; both are synced together; then each becomes visible in cur/ by one rename or
 * link, and cur/ is synced once. A crash in between leaves UIDs that nobody has, never a message
 * with half its bytes. A move is one rename per message: it is here or there. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "store/box_maildir.h"
#include "store/maildir.h"
#include "store/maildir_name.h"
#include "wire/crlf.h"

struct job {         /* one message on its way */
    char name[256];  /* in cur/ */
    char spool[256]; /* in tmp/, or empty: linked from the source */
    uint32_t wire_size, date;
    bool there;
};

struct add {
    struct box *to, *from;
    enum box_add how;
    struct box_incoming *in;
    struct job *jobs;
    size_t n;
    bool by_link; /* both are Maildirs */
};

static str host_name(char *space, size_t size)
{
    if (gethostname(space, size - 1) < 0)
        return S("localhost");
    space[size - 1] = 0;
    return str_from(space);
}

static err make_name(const struct add *a, size_t i, uint64_t file_size)
{
    char host[256];
    struct job *j = &a->jobs[i];
    auto_buf struct buf base, name;
    buf_init(&base, 200);
    buf_init(&name, sizeof j->name - 1);
    maildir_unique(&base, host_name(host, sizeof host));
    maildir_sizes_write(&base, file_size, j->wire_size);
    struct maildir_name n = {.base = buf_str(&base)};
    maildir_name_write(&name, &n, a->in[i].flags);
    err e = buf_check(&name, "file name");
    if (failed(e))
        return e;
    memcpy(j->name, name.p, name.n);
    return OK_ERR;
}

/* The body from a memory file (a message of an mbox) to a file of our own. */
static err copy_to_spool(const struct add *a, size_t i, str bytes)
{
    struct job *j = &a->jobs[i];
    auto_buf struct buf name;
    buf_init(&name, sizeof j->spool - 1);
    maildir_unique(&name, S("spool"));
    memcpy(j->spool, name.p, name.n);
    auto_fd int fd = -1;
    err e = file_open(a->to->tmp, j->spool, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd);
    if (!failed(e))
        e = file_write(fd, bytes);
    return e;
}

static err finish_spool(const struct add *a, size_t i)
{
    auto_fd int fd = -1;
    err e = file_open(a->to->tmp, a->jobs[i].spool, O_RDONLY, 0, &fd);
    if (failed(e))
        return e;
    struct timespec times[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = a->jobs[i].date}};
    if (futimens(fd, times) < 0)
        return err_sys("set file time");
    return OK_ERR;
}

static err sync_one(int dir, const char *name)
{
    auto_fd int fd = -1;
    err e = file_open(dir, name, O_RDONLY, 0, &fd);
    return failed(e) ? e : file_sync(fd);
}

/* Bodies and their lines in the list with one flush of the disk: each for itself would cost as much
 * as all together. Nothing is visible yet. */
static err sync_all(const struct add *a)
{
    if (a->by_link)
        return OK_ERR; /* the bodies are safe; the lines were synced with the lock held */
    err e = file_sync_all(a->to->tmp);
    if (!failed(e))
        return e;
    e = sync_one(a->to->dir, UIDLIST_FILE);
    for (size_t i = 0; i < a->n && !failed(e); i++)
        e = sync_one(a->to->tmp, a->jobs[i].spool);
    return e;
}

static err prepare_body(const struct add *a, size_t i)
{
    const struct box_incoming *in = &a->in[i];
    struct job *j = &a->jobs[i];
    str bytes;
    err e = fd_map(in->fd, 1u << 31, &bytes);
    if (failed(e))
        return e;
    uint64_t wire = crlf_measure(bytes).octets;
    j->wire_size = wire < UINT32_MAX ? (uint32_t)wire : UINT32_MAX;
    j->date = in->date < 0 ? (uint32_t)clock_seconds() : (uint32_t)in->date;
    if (in->spool)
        (void)snprintf(j->spool, sizeof j->spool, "%s", in->spool); /* a file name */
    else
        e = copy_to_spool(a, i, bytes);
    size_t size = bytes.n;
    fd_unmap(bytes);
    if (!failed(e))
        e = finish_spool(a, i);
    if (!failed(e))
        e = make_name(a, i, size);
    return e;
}

static err prepare_link(const struct add *a, size_t i)
{
    size_t at = box_find(a->from, a->in[i].from_uid);
    if (at == a->from->table.n)
        return err_new(ERR_NOTFOUND, "the message is gone");
    const struct box_entry *entry = &a->from->entries.at[at];
    struct stat st;
    err e =
        file_stat(entry->in_new ? a->from->new : a->from->cur, box_name(a->from, entry->name), &st);
    if (failed(e))
        return e;
    a->jobs[i].wire_size = a->from->table.at[at].size;
    a->jobs[i].date = a->from->table.at[at].date;
    return make_name(a, i, (uint64_t)st.st_size);
}

/* UIDs and their lines. Messages that others delivered meanwhile get theirs first. */
static err number_all(const struct add *a)
{
    struct box *b = a->to;
    int lock = -1;
    err e = uidlist_lock(b->dir, deadline_in_ms(MAILDIR_LOCK_MS), &lock);
    if (failed(e))
        return e;
    if (b->arrived.n || b->behind || box_stamp_changed(b, UIDLIST_FILE)) {
        struct maildir_list l = {0};
        e = maildir_list_update(b, &l);
        if (failed(e)) {
            uidlist_unlock(b->dir, &lock);
            return e;
        }
    }
    auto_buf struct buf lines;
    buf_init(&lines, UIDLIST_MAX);
    if (a->n > UINT32_MAX - 1 - b->uidnext)
        e = err_new(ERR_LIMIT, "the mailbox has used up its UIDs");
    for (size_t i = 0; i < a->n && !failed(e); i++) {
        a->in[i].uid = b->uidnext + (uint32_t)i;
        uidlist_record_write(&lines, a->in[i].uid, 0, maildir_base(str_from(a->jobs[i].name)));
    }
    if (!failed(e))
        e = uidlist_append(b->dir, buf_str(&lines), a->by_link ? UIDLIST_SYNC : UIDLIST_SYNC_LATER);
    if (!failed(e))
        b->uidnext += (uint32_t)a->n;
    box_stamp(b, UIDLIST_FILE);
    uidlist_unlock(b->dir, &lock);
    return e;
}

static err show_one(const struct add *a, size_t i)
{
    struct job *j = &a->jobs[i];
    if (j->spool[0])
        return file_rename(a->to->tmp, j->spool, a->to->cur, j->name);
    size_t at = box_find(a->from, a->in[i].from_uid);
    const struct box_entry *entry = &a->from->entries.at[at];
    int dir = entry->in_new ? a->from->new : a->from->cur;
    const char *name = box_name(a->from, entry->name);
    if (a->how == BOX_MOVE)
        return file_rename(dir, name, a->to->cur, j->name);
    return file_link(dir, name, a->to->cur, j->name);
}

static void hide_one(const struct add *a, size_t i)
{
    struct job *j = &a->jobs[i];
    if (!j->there)
        return;
    if (a->how == BOX_MOVE && !j->spool[0]) {
        size_t at = box_find(a->from, a->in[i].from_uid);
        const struct box_entry *entry = &a->from->entries.at[at];
        (void)renameat(a->to->cur, j->name, entry->in_new ? a->from->new : a->from->cur,
                       box_name(a->from, entry->name)); /* back; else it stays where it is */
        a->from->stale = a->to->stale = true;
    } else {
        (void)unlinkat(a->to->cur, j->name, 0); /* then it shows up as a new message */
    }
}

static err show_all(const struct add *a)
{
    err e = OK_ERR;
    for (size_t i = 0; i < a->n && !failed(e); i++) {
        e = show_one(a, i);
        a->jobs[i].there = !failed(e);
    }
    if (!failed(e))
        e = dir_sync(a->to->cur);
    if (!failed(e) && a->how == BOX_MOVE && a->by_link) {
        e = dir_sync(a->from->cur);
        if (!failed(e)) /* not yet taken by a session that shows it, or put back by a crash */
            e = dir_sync(a->from->new);
    }
    for (size_t i = 0; i < a->n && failed(e); i++)
        hide_one(a, i);
    return e;
}

/* All at once: one by one it would be the square of their number. */
static void remove_source(const struct add *a)
{
    struct box *from = a->from;
    bool *moved = mem_alloc("marks", from->table.n);
    for (size_t i = 0; i < a->n; i++) {
        size_t at = box_find(from, a->in[i].from_uid);
        if (at < from->table.n)
            moved[at] = true;
    }
    box_remove_marked(from, moved);
    free(moved);
}

static void enter_all(const struct add *a)
{
    if (a->how == BOX_MOVE && a->by_link)
        remove_source(a);
    uint32_t now = (uint32_t)clock_seconds();
    for (size_t i = 0; i < a->n; i++) {
        struct store_message m = {.uid = a->in[i].uid,
                                  .flags = a->in[i].flags,
                                  .size = a->jobs[i].wire_size,
                                  .date = a->jobs[i].date};
        struct box_entry entry = box_entry_named(a->to, str_from(a->jobs[i].name));
        entry.saved = now;
        box_insert(a->to, &m, entry);
    }
}

err box_maildir_add(struct box *b, struct box *from, enum box_add how, struct box_incoming *in,
                    size_t n)
{
    struct add a = {.to = b, .from = from, .how = how, .in = in, .n = n};
    a.by_link = from && box_is_maildir(from);
    a.jobs = mem_alloc("add", n * sizeof *a.jobs);
    err e = OK_ERR;
    for (size_t i = 0; i < n && !failed(e); i++)
        e = a.by_link ? prepare_link(&a, i) : prepare_body(&a, i);
    if (!failed(e))
        e = number_all(&a);
    if (!failed(e))
        e = sync_all(&a);
    if (!failed(e))
        e = show_all(&a);
    if (!failed(e))
        enter_all(&a);
    for (size_t i = 0; i < n && failed(e); i++)
        if (a.jobs[i].spool[0])
            (void)unlinkat(b->tmp, a.jobs[i].spool, 0); /* cleaned after 36 h otherwise */
    free(a.jobs);
    return e;
}
