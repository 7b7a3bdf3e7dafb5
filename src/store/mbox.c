/* SPDX-License-Identifier: ISC */
/* How it works: appending writes behind the end and truncates back when anything fails. An edit
 * that moves bytes goes through the journal:
 *   1. write NAME.twinpost-journal whole, fsync it, fsync the directory
 *   2. write the new tail in place, cut the file, fsync
 *   3. empty the journal, fsync it, remove it
 * Killed before the end of 1, the journal does not check out and is dropped: the old mbox
 * stands. Killed in 2, the next opener does 2 again from the journal: the new mbox stands. */
#include "store/mbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "store/lock.h"
#include "store/mbox_private.h"

#define JOURNAL_MAGIC "twinpost mbox journal 1\n"
#define JOURNAL_SUFFIX ".twinpost-journal"
enum { MAGIC_BYTES = sizeof JOURNAL_MAGIC - 1, JOURNAL_HEAD = 128, PIECE = 256 * 1024 };

static const char *side_name(const struct mbox *m, const char *suffix, char space[300])
{
    (void)snprintf(space, 300, "%s%s", m->name, suffix); /* name is shorter than 256 */
    return space;
}

/* ---- the journal ---- */

static uint64_t check_sum(str bytes)
{
    return str_hash(bytes, 0x6d626f78);
}

struct journal {
    uint64_t old_size, at, new_bytes, sum;
};

static bool parse_journal(str text, struct journal *j, str *ret_tail)
{
    if (text.n < JOURNAL_HEAD || !str_starts(text, S(JOURNAL_MAGIC)))
        return false;
    str head = str_slice(text, MAGIC_BYTES, JOURNAL_HEAD);
    uint64_t *const fields[] = {&j->old_size, &j->at, &j->new_bytes, &j->sum};
    for (size_t i = 0; i < 4; i++)
        if (!str_take_u64(&head, fields[i]) || !str_skip(&head, S(" ")))
            return false;
    *ret_tail = str_from_at(text, JOURNAL_HEAD);
    return ret_tail->n == j->new_bytes && check_sum(*ret_tail) == j->sum;
}

static err write_tail(struct mbox *m, uint64_t at, str tail)
{
    err e = file_pwrite(m->fd, tail, at);
    if (!failed(e))
        e = file_truncate(m->fd, at + tail.n);
    return failed(e) ? e : file_sync(m->fd);
}

/* What somebody appended after the edit was cut short, behind both its old and new end. */
static err save_appended(struct mbox *m, const struct journal *j, struct buf *ret)
{
    uint64_t size, known = j->at + j->new_bytes;
    if (known < j->old_size)
        known = j->old_size;
    err e = fd_size(m->fd, &size);
    if (failed(e) || size <= known)
        return e;
    char *room = buf_room(ret, (size_t)(size - known));
    if (!room)
        return err_new(ERR_LIMIT, "mbox is too large");
    ssize_t n = pread(m->fd, room, (size_t)(size - known), (off_t)known);
    if (n < 0)
        return err_sys("read");
    buf_added(ret, (size_t)n);
    return OK_ERR;
}

static err redo(struct mbox *m, const struct journal *j, str tail)
{
    auto_buf struct buf appended;
    buf_init(&appended, SIZE_MAX / 2);
    err e = save_appended(m, j, &appended);
    if (failed(e))
        return e;
    if (!appended.n)
        return write_tail(m, j->at, tail);
    auto_buf struct buf all;
    buf_init(&all, SIZE_MAX / 2);
    buf_add(&all, tail);
    buf_add(&all, buf_str(&appended));
    return write_tail(m, j->at, buf_str(&all));
}

/* A journal that came back with a loss of power would be carried out over mail appended since:
 * it is worth nothing, for good, before its name goes. */
static err drop_journal(struct mbox *m, int fd, const char *name)
{
    err e = file_truncate(fd, 0);
    if (!failed(e))
        e = file_sync(fd);
    return failed(e) ? e : file_unlink(m->dir, name);
}

static err finish_edit(struct mbox *m)
{
    char space[300];
    auto_fd int fd = -1;
    const char *name = side_name(m, JOURNAL_SUFFIX, space);
    err e = file_open(m->dir, name, O_RDWR | O_NOFOLLOW, 0, &fd);
    if (e.kind == ERR_NOTFOUND)
        return OK_ERR;
    if (failed(e))
        return e;
    str text, tail;
    e = fd_map(fd, SIZE_MAX / 2, &text);
    if (failed(e))
        return e;
    struct journal j;
    if (parse_journal(text, &j, &tail))
        e = redo(m, &j, tail);
    fd_unmap(text);
    return failed(e) ? e : drop_journal(m, fd, name);
}

static err write_journal(struct mbox *m, const char *name, uint64_t at, str tail, int *ret_fd)
{
    uint64_t size;
    err e = fd_size(m->fd, &size);
    if (failed(e))
        return e;
    char head[JOURNAL_HEAD];
    memset(head, '\n', sizeof head);
    int n = snprintf(head, sizeof head, JOURNAL_MAGIC "%llu %llu %llu %llu ",
                     (unsigned long long)size, (unsigned long long)at, (unsigned long long)tail.n,
                     (unsigned long long)check_sum(tail));
    head[n] = '\n'; /* 24 + 4 * 21 bytes at most */
    auto_fd int fd = -1;
    e = file_open(m->dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, &fd);
    if (!failed(e))
        e = file_write(fd, str_of(head, sizeof head));
    if (!failed(e))
        e = file_write(fd, tail);
    if (!failed(e))
        e = file_sync(fd);
    if (!failed(e))
        e = dir_sync(m->dir);
    if (!failed(e))
        *ret_fd = fd_take(&fd);
    return e;
}

err mbox_replace_tail(struct mbox *m, uint64_t at, str tail)
{
    char space[300];
    const char *name = side_name(m, JOURNAL_SUFFIX, space);
    auto_fd int fd = -1;
    err e = write_journal(m, name, at, tail, &fd);
    if (failed(e)) { /* no room, most likely: nothing has changed */
        (void)unlinkat(m->dir, name, 0);
        return e;
    }
    e = write_tail(m, at, tail);
    if (failed(e))
        return e; /* the journal stays: the next opener finishes */
    return drop_journal(m, fd, name);
}

/* ---- open, lock ---- */

static err lock_all(struct mbox *m, deadline by)
{
    char space[300];
    int lock = -1;
    err e = dotlock_take(m->dir, side_name(m, ".lock", space), MBOX_DOTLOCK_STALE_S, by, &lock);
    if (!failed(e)) {
        m->dotlocked = true;
        fd_close(lock);
    } else if (e.kind != ERR_DENIED) { /* a directory we may not write to has no lock files */
        return e;
    }
    m->locked = true;
    e = record_lock(m->fd, by);
    return failed(e) ? e : file_lock(m->fd, true, by);
}

err mbox_open(int dir, const char *name, enum mbox_open how, deadline by, struct mbox *ret)
{
    struct mbox m = {.dir = dir, .fd = -1};
    size_t n = strlen(name);
    if (n >= sizeof m.name || strchr(name, '/'))
        return err_new(ERR_LIMIT, "mbox name is too long");
    memcpy(m.name, name, n + 1);
    int flags = O_RDWR | O_NONBLOCK | (how == MBOX_CREATE ? O_CREAT : 0);
    err e = file_open(dir, name, flags, 0600, &m.fd);
    if (failed(e))
        return e;
    struct stat st;
    if (fstat(m.fd, &st) < 0)
        e = err_sys("fstat");
    else if (!S_ISREG(st.st_mode))
        e = err_new(ERR_DENIED, "the mbox is not a regular file");
    if (!failed(e))
        e = lock_all(&m, by);
    if (!failed(e))
        e = finish_edit(&m);
    if (failed(e)) {
        mbox_close(&m);
        return e;
    }
    *ret = m;
    return OK_ERR;
}

void mbox_close(struct mbox *m)
{
    char space[300];
    if (m->dotlocked)
        (void)unlinkat(m->dir, side_name(m, ".lock", space), 0); /* stale later otherwise */
    m->dotlocked = m->locked = false;
    fd_closep(&m->fd); /* ends the other two locks */
}

/* ---- appending ---- */

/* A message on its way out, line by line across pieces of any size. */
struct quoting {
    struct buf out;
    int fd;
    uint64_t at;
    bool in_header, at_line_start, dropping;
    struct buf line; /* the start of a line whose end has not come yet */
};

static err put_out(struct quoting *q, bool all)
{
    if (!all && q->out.n < PIECE)
        return OK_ERR;
    err e = file_pwrite(q->fd, buf_str(&q->out), q->at);
    q->at += q->out.n;
    buf_reset(&q->out);
    return e;
}

static void quote_line(struct quoting *q, str line)
{
    if (q->in_header) {
        if (str_eq(line, S("\n")) || str_eq(line, S("\r\n")))
            q->in_header = false;
        else if (!(line.n && char_is_space(line.p[0])))
            q->dropping = mbox_is_ours(line); /* a stranger must not set our fields */
        if (q->in_header && q->dropping)
            return;
    }
    size_t quotes = 0;
    while (quotes < line.n && line.p[quotes] == '>')
        quotes++;
    if (str_starts(str_from_at(line, quotes), S("From ")))
        buf_addc(&q->out, '>');
    buf_add(&q->out, line);
}

static err quote_piece(struct quoting *q, str piece)
{
    while (piece.n) {
        ptrdiff_t lf = str_find(piece, '\n');
        str line = lf < 0 ? piece : str_slice(piece, 0, (size_t)lf + 1);
        piece = str_from_at(piece, line.n);
        if (q->line.n || lf < 0) {
            buf_add(&q->line, line);
            if (lf < 0)
                break;
            quote_line(q, buf_str(&q->line));
            buf_reset(&q->line);
        } else {
            quote_line(q, line);
        }
        err e = put_out(q, false);
        if (failed(e))
            return e;
    }
    return buf_check(&q->line, "line of a message");
}

static err quote_file(struct quoting *q, int fd)
{
    str all;
    err e = fd_map(fd, SIZE_MAX / 2, &all);
    if (failed(e))
        return e;
    e = quote_piece(q, all);
    fd_unmap(all);
    return e;
}

static err append_quoted(struct quoting *q, const struct mbox_delivery *d)
{
    buf_add(&q->out, d->from_line);
    buf_add(&q->out, d->ours);
    q->in_header = true;
    err e = OK_ERR;
    for (size_t i = 0; i < d->n_parts && !failed(e); i++)
        e = quote_piece(q, d->parts[i]);
    if (!failed(e) && d->fd >= 0)
        e = quote_file(q, d->fd);
    if (failed(e))
        return e;
    if (q->line.n) { /* a last line without its end gets one */
        buf_addc(&q->line, '\n');
        quote_line(q, buf_str(&q->line));
    }
    if (q->in_header)
        buf_addc(&q->out, '\n');
    buf_addc(&q->out, '\n');
    return put_out(q, true);
}

/* The file must end with an empty line before the next From_ line counts. */
static err end_well(struct mbox *m, uint64_t size, struct buf *out)
{
    char last[2] = {'\n', '\n'};
    size_t n = size < 2 ? (size_t)size : 2;
    if (n && pread(m->fd, last + 2 - n, n, (off_t)(size - n)) < 0)
        return err_sys("read");
    if (last[1] != '\n')
        buf_add(out, S("\n\n"));
    else if (last[0] != '\n' && size)
        buf_addc(out, '\n');
    return OK_ERR;
}

err mbox_append(struct mbox *m, const struct mbox_delivery *d)
{
    uint64_t size;
    err e = fd_size(m->fd, &size);
    if (failed(e))
        return e;
    struct quoting q = {.fd = m->fd, .at = size};
    buf_init(&q.out, SIZE_MAX / 2);
    buf_init(&q.line, SIZE_MAX / 2);
    e = end_well(m, size, &q.out);
    if (!failed(e))
        e = append_quoted(&q, d);
    if (failed(e) && ftruncate(m->fd, (off_t)size) < 0)
        e = err_sys("truncate back"); /* worse than what went before: say this */
    buf_done(&q.out);
    buf_done(&q.line);
    return e;
}

err mbox_sync(struct mbox *m)
{
    return file_sync(m->fd);
}

err mbox_deliver(int dir, const char *path, const struct mbox_delivery *d)
{
    auto_fd int parent = -1;
    const char *slash = strrchr(path, '/');
    char folder[1024] = ".";
    if (slash && (size_t)(slash - path) >= sizeof folder)
        return err_new(ERR_LIMIT, "path is too long");
    if (slash) {
        size_t n = slash == path ? 1 : (size_t)(slash - path);
        memcpy(folder, path, n);
        folder[n] = 0;
    }
    err e = dir_open(dir, folder, &parent);
    if (failed(e))
        return e;
    struct mbox m;
    e = mbox_open(parent, slash ? slash + 1 : path, MBOX_CREATE,
                  deadline_in_ms(MBOX_LOCK_SECONDS * 1000), &m);
    if (failed(e))
        return e;
    uint64_t before;
    e = fd_size(m.fd, &before);
    if (!failed(e))
        e = mbox_append(&m, d);
    if (!failed(e)) {
        e = mbox_sync(&m);
        if (failed(e) && ftruncate(m.fd, (off_t)before) < 0)
            e = err_sys("truncate back");
    }
    if (!failed(e) && before == 0)
        e = dir_sync(parent); /* it may be new */
    mbox_close(&m);
    return e;
}
