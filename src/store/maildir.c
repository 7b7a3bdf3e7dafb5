/* SPDX-License-Identifier: ISC */
/* How it works: add() writes a message to tmp/ under its final name; commit() syncs them, moves
 * each into new/ by a rename that refuses an existing name, and syncs new/ once. Each fsync
 * of a new file is a journal commit and a flush of the disk; one syncfs for the batch costs
 * about one of them, which makes four to five times as many deliveries a second. It also
 * waits for what others have written to that file system: the queue waits with us then,
 * nobody's 250 does. */
#include "store/maildir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"
#include "store/maildir_name.h"
#include "wire/crlf.h"

enum { NAME_BYTES = 256, INFO_BYTES = 40, PARTS_MAX = 16, COPY_BYTES = 256 * 1024 };

struct entry {
    int fd;
    bool done; /* it was there already */
    err result;
    char name[NAME_BYTES];
    char info[INFO_BYTES]; /* letters; empty: for new/ */
};

struct maildir_batch {
    int dir, tmp, new;
    int cur; /* -1 until a message with flags comes */
    char host[128];
    struct map *in_cur; /* base names in cur/, read when a repeated delivery asks */
    bool moved;
    size_t n;
    VEC(struct entry) entries;
};

/* A new directory's name is safe when its parent is synced: every one on the way may be new. */
static err sync_way_to(int dir, const char *path)
{
    char part[4096];
    size_t n = strlen(path);
    if (n >= sizeof part)
        return err_new(ERR_LIMIT, "directory path is too long");
    memcpy(part, path, n + 1);
    while (n && part[n - 1] == '/')
        n--;
    err e = OK_ERR;
    while (n && !failed(e)) {
        while (n && part[n - 1] != '/')
            n--;
        while (n > 1 && part[n - 1] == '/')
            n--;
        part[n] = 0;
        auto_fd int fd = -1;
        e = dir_open(dir, n ? part : ".", &fd);
        if (!failed(e))
            e = dir_sync(fd);
        if (n == 1 && part[0] == '/')
            break;
    }
    return e;
}

err maildir_make(int dir, const char *path)
{
    static const char *const parts[] = {"tmp", "new", "cur"};
    struct stat st;
    bool is_new = fstatat(dir, path, &st, 0) < 0;
    err e = dir_make_all(dir, path, 0700);
    if (failed(e))
        return e;
    auto_fd int fd = -1;
    e = dir_open(dir, path, &fd);
    for (size_t i = 0; i < 3 && !failed(e); i++)
        e = dir_make(fd, parts[i], 0700);
    if (!failed(e))
        e = dir_sync(fd);
    return failed(e) || !is_new ? e : sync_way_to(dir, path);
}

err maildir_batch_open(int dir, const char *path, str host, struct maildir_batch **ret)
{
    struct maildir_batch *b = mem_alloc("maildir batch", sizeof *b);
    *b = (struct maildir_batch){.dir = -1, .tmp = -1, .new = -1, .cur = -1};
    err e = dir_open(dir, path, &b->dir);
    if (!failed(e))
        e = dir_open(b->dir, "tmp", &b->tmp);
    if (!failed(e))
        e = dir_open(b->dir, "new", &b->new);
    if (failed(e)) {
        maildir_batch_free(b);
        return e;
    }
    auto_buf struct buf h;
    buf_init(&h, sizeof b->host - 1);
    maildir_host_write(&h, host);
    memcpy(b->host, h.n ? h.p : "localhost", h.n ? h.n : 9);
    *ret = b;
    return OK_ERR;
}

static void drop_entry(struct maildir_batch *b, struct entry *t)
{
    if (t->fd < 0)
        return;
    fd_closep(&t->fd);
    (void)unlinkat(b->tmp, t->name, 0); /* what stays is cleaned after 36 h */
}

void maildir_batch_reset(struct maildir_batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        drop_entry(b, &b->entries.at[i]);
    b->n = b->entries.n = 0;
    map_free(b->in_cur);
    b->in_cur = NULL;
    b->moved = false;
}

void maildir_batch_free(struct maildir_batch *b)
{
    if (!b)
        return;
    maildir_batch_reset(b);
    vec_done(&b->entries);
    fd_close(b->tmp);
    fd_close(b->new);
    fd_close(b->cur);
    fd_close(b->dir);
    free(b);
}

static err write_parts(int fd, const str *parts, size_t n)
{
    struct iovec v[PARTS_MAX];
    size_t total = 0;
    if (n <= PARTS_MAX) {
        for (size_t i = 0; i < n; i++) {
            v[i] = (struct iovec){(void *)(uintptr_t)parts[i].p, parts[i].n};
            total += parts[i].n;
        }
        if (writev(fd, v, (int)n) == (ssize_t)total)
            return OK_ERR;
        if (lseek(fd, 0, SEEK_SET) < 0) /* a short write: begin again, piece by piece */
            return err_sys("seek");
    }
    for (size_t i = 0; i < n; i++) {
        err e = file_write(fd, parts[i]);
        if (failed(e))
            return e;
    }
    return OK_ERR;
}

static err copy_file(int from, int to)
{
    char *piece = mem_alloc("copy", COPY_BYTES);
    uint64_t at = 0;
    err e = OK_ERR;
    for (;;) {
        ssize_t n = pread(from, piece, COPY_BYTES, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            e = err_sys("read");
        if (n <= 0)
            break;
        e = file_write(to, str_of(piece, (size_t)n));
        if (failed(e))
            break;
        at += (uint64_t)n;
    }
    free(piece);
    return e;
}

/* Size on disk and size on the wire; a CRLF cut between two parts is two line ends at worst
 * of one part each, which trace lines never make. */
static err measure(const struct maildir_delivery *d, uint64_t *ret_size, uint64_t *ret_wire)
{
    uint64_t size = 0, wire = 0;
    for (size_t i = 0; i < d->n_parts; i++) {
        size += d->parts[i].n;
        wire += crlf_measure(d->parts[i]).octets;
    }
    if (d->fd >= 0) {
        str all;
        err e = fd_map(d->fd, SIZE_MAX / 2, &all);
        if (failed(e))
            return e;
        size += all.n;
        wire += crlf_measure(all).octets;
        fd_unmap(all);
    }
    *ret_size = size;
    *ret_wire = wire;
    return OK_ERR;
}

static err note_cur(void *ctx, str name, bool in_new)
{
    struct map *m = ctx;
    if (!in_new)
        map_put(m, maildir_base(name), m);
    return OK_ERR;
}

static err was_delivered(struct maildir_batch *b, const char *name, bool *ret)
{
    struct stat st;
    err e = file_stat(b->new, name, &st);
    if (!failed(e)) {
        *ret = true;
        return OK_ERR;
    }
    if (e.kind != ERR_NOTFOUND)
        return e;
    if (!b->in_cur) {
        b->in_cur = map_new();
        e = maildir_scan(b->dir, note_cur, b->in_cur);
        if (failed(e))
            return e;
    }
    *ret = map_get(b->in_cur, str_from(name)) != NULL;
    return OK_ERR;
}

static err make_name(const struct maildir_batch *b, const struct maildir_delivery *d,
                     char ret[NAME_BYTES])
{
    uint64_t size, wire;
    err e = measure(d, &size, &wire);
    if (failed(e))
        return e;
    auto_buf struct buf n;
    buf_init(&n, NAME_BYTES - 8); /* room for flags */
    buf_addf(&n, "%lld.Q%.*sR%llu.%s", (long long)d->arrived, STR_ARG(d->id),
             (unsigned long long)d->number, b->host);
    maildir_sizes_write(&n, size, wire);
    e = buf_check(&n, "name of a delivery");
    if (failed(e))
        return e;
    if (memchr(n.p, '/', n.n) || memchr(n.p, 0, n.n) || memchr(n.p, ':', n.n))
        return err_new(ERR_SYNTAX, "queue id is not fit for a file name");
    memcpy(ret, n.p, n.n);
    ret[n.n] = 0;
    return OK_ERR;
}

static err take_info(struct maildir_batch *b, str info, struct entry *t)
{
    if (info.n >= sizeof t->info)
        return err_new(ERR_LIMIT, "too many flags");
    memcpy(t->info, info.p, info.n);
    return b->cur >= 0 ? OK_ERR : dir_open(b->dir, "cur", &b->cur);
}

err maildir_batch_add(struct maildir_batch *b, const struct maildir_delivery *d, size_t *ret_index)
{
    if (b->moved || b->n == MAILDIR_BATCH_MAX)
        return err_new(ERR_LIMIT, "the batch is full");
    struct entry t = {.fd = -1};
    err e = make_name(b, d, t.name);
    if (!failed(e) && d->info.n)
        e = take_info(b, d->info, &t);
    if (failed(e))
        return e;
    if (d->repeated) {
        e = was_delivered(b, t.name, &t.done);
        if (failed(e))
            return e;
    }
    if (!t.done) {
        e = file_open(b->tmp, t.name, O_WRONLY | O_CREAT | O_EXCL, 0600, &t.fd);
        if (failed(e) && e.sys == EEXIST) {
            /* A tmp file of that name is our own, of an attempt that was cut short. */
            (void)unlinkat(b->tmp, t.name, 0);
            e = file_open(b->tmp, t.name, O_WRONLY | O_CREAT | O_EXCL, 0600, &t.fd);
        }
        if (failed(e))
            return e;
        e = write_parts(t.fd, d->parts, d->n_parts);
        if (!failed(e) && d->fd >= 0)
            e = copy_file(d->fd, t.fd);
        if (failed(e)) {
            drop_entry(b, &t);
            return e;
        }
    }
    vec_push(&b->entries, t);
    *ret_index = b->n++;
    return OK_ERR;
}

static err move_entry(struct maildir_batch *b, struct entry *t)
{
    char flagged[NAME_BYTES + INFO_BYTES + 4];
    (void)snprintf(flagged, sizeof flagged, "%s:2,%s", t->name, t->info); /* fits */
    err e = t->info[0] ? file_rename_new(b->tmp, t->name, b->cur, flagged)
                       : file_rename_new(b->tmp, t->name, b->new, t->name);
    if (failed(e) && e.sys == EEXIST) /* the same queue id and recipient: it is this message */
        return OK_ERR;
    if (!failed(e))
        fd_closep(&t->fd); /* nothing of it is left in tmp/ */
    return e;
}

static void sync_messages(struct maildir_batch *b)
{
    if (b->n >= MAILDIR_SYNC_TOGETHER) {
        err e = file_sync_all(b->tmp);
        if (!failed(e))
            return;
    } /* else, and when it fails, each for itself: then each has its own result */
    for (size_t i = 0; i < b->n; i++) {
        struct entry *t = &b->entries.at[i];
        if (!t->done)
            t->result = file_sync(t->fd);
    }
}

err maildir_batch_commit(struct maildir_batch *b)
{
    b->moved = true;
    sync_messages(b);
    for (size_t i = 0; i < b->n; i++) {
        struct entry *t = &b->entries.at[i];
        if (!t->done && !failed(t->result))
            t->result = move_entry(b, t);
    }
    err e = dir_sync(b->new);
    if (!failed(e) && b->cur >= 0)
        e = dir_sync(b->cur);
    for (size_t i = 0; i < b->n; i++) {
        struct entry *t = &b->entries.at[i];
        if (failed(e) && !failed(t->result) && !t->done)
            t->result = e;
        drop_entry(b, t);
    }
    return e;
}

err maildir_batch_result(const struct maildir_batch *b, size_t index)
{
    if (index >= b->n || !b->moved)
        return err_new(ERR_TEMP, "not committed");
    return b->entries.at[index].result;
}

size_t maildir_batch_count(const struct maildir_batch *b)
{
    return b->n;
}

struct scan {
    maildir_scan_fn *each;
    void *ctx;
    bool in_new;
};

static err scan_entry(void *ctx, const struct dir_entry *d)
{
    const struct scan *s = ctx;
    if (!maildir_name_is_message(d->name) || d->type == 4 /* DT_DIR */)
        return OK_ERR;
    return s->each(s->ctx, d->name, s->in_new);
}

err maildir_scan(int maildir, maildir_scan_fn *each, void *ctx)
{
    struct scan s = {.each = each, .ctx = ctx, .in_new = true};
    err e = dir_each(maildir, "new", scan_entry, &s);
    if (failed(e))
        return e;
    s.in_new = false;
    return dir_each(maildir, "cur", scan_entry, &s);
}

struct clean {
    int tmp;
    int64_t now;
};

static err clean_entry(void *ctx, const struct dir_entry *d)
{
    const struct clean *c = ctx;
    struct stat st;
    char name[NAME_BYTES];
    (void)snprintf(name, sizeof name, "%.*s", STR_ARG(d->name)); /* file names are <= 255 */
    if (fstatat(c->tmp, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
        return OK_ERR;
    int64_t used = st.st_atime > st.st_mtime ? st.st_atime : st.st_mtime;
    if (used < c->now - MAILDIR_TMP_HOURS * 3600)
        (void)unlinkat(c->tmp, name, 0); /* next time, then */
    return OK_ERR;
}

err maildir_clean(int maildir, int64_t now)
{
    auto_fd int tmp = -1;
    err e = dir_open(maildir, "tmp", &tmp);
    if (failed(e))
        return e;
    struct clean c = {.tmp = tmp, .now = now};
    return dir_each(maildir, "tmp", clean_entry, &c);
}

void maildir_unique(struct buf *b, str host)
{
    static uint32_t count;
    static uint32_t salt; /* a pid comes again within a microsecond's clock step back */
    if (!salt)
        salt = (uint32_t)random_u64() | 1;
    int64_t us = clock_micros();
    buf_addf(b, "%lld.M%06lldP%dQ%uR%08x.", (long long)(us / 1000000), (long long)(us % 1000000),
             (int)getpid(), ++count, salt);
    maildir_host_write(b, host);
}
