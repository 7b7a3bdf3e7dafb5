/* SPDX-License-Identifier: ISC */
/* qmail-pop3d's own way: the Maildir is read once at login, in order of file times, files as
 * young as now are left for later; QUIT unlinks, and moves new/X to cur/X:2, . */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/clock.h"
#include "os/file.h"
#include "popd/maildrop.h"
#include "store/maildir.h"
#include "store/maildir_name.h"

struct file {
    char *path; /* "new/X" or "cur/X:2,S" */
    int64_t time;
    uint64_t size;
};

struct maildir_drop {
    int dir;
    int64_t now;
    VEC(struct file) files;
    str mapped;
};

static err note(void *ctx, str name, bool in_new)
{
    struct maildir_drop *m = ctx;
    char path[300];
    (void)snprintf(path, sizeof path, "%s/%.*s", in_new ? "new" : "cur",
                   STR_ARG(name)); /* a file name is at most 255 bytes */
    struct stat st;
    err e = file_stat(m->dir, path, &st);
    if (failed(e) || !S_ISREG(st.st_mode) || st.st_mtime >= m->now)
        return OK_ERR;
    if (m->files.n == MAILDROP_MAX)
        return err_new(ERR_LIMIT, "too many messages");
    size_t n = strlen(path) + 1;
    char *copy = mem_alloc("path", n);
    memcpy(copy, path, n);
    vec_push(&m->files, (struct file){copy, st.st_mtime, (uint64_t)st.st_size});
    return OK_ERR;
}

static int by_time(const void *a, const void *b)
{
    const struct file *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return strcmp(x->path + 4, y->path + 4); /* so that numbers are the same each time */
}

static uint64_t file_size_of(struct maildrop *d, size_t i)
{
    const struct maildir_drop *m = d->data;
    return m->files.at[i].size;
}

static str file_uidl(struct maildrop *d, size_t i)
{
    const struct maildir_drop *m = d->data;
    return maildir_base(str_from(m->files.at[i].path + 4));
}

static err file_body(struct maildrop *d, size_t i, str *ret)
{
    struct maildir_drop *m = d->data;
    fd_unmap(m->mapped);
    m->mapped = S("");
    auto_fd int fd = -1;
    err e = file_open(m->dir, m->files.at[i].path, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (!failed(e))
        e = fd_map(fd, SIZE_MAX / 2, &m->mapped);
    if (!failed(e))
        *ret = m->mapped;
    return e;
}

static err file_commit(struct maildrop *d, const bool *deleted)
{
    struct maildir_drop *m = d->data;
    err bad = OK_ERR;
    for (size_t i = 0; i < d->n; i++) {
        const char *path = m->files.at[i].path;
        err e = OK_ERR;
        if (deleted[i]) {
            e = file_unlink(m->dir, path);
        } else if (strncmp(path, "new/", 4) == 0) {
            char to[310];
            (void)snprintf(to, sizeof to, "cur/%s:2,", path + 4); /* fits */
            e = file_rename(m->dir, path, m->dir, to);
        }
        if (failed(e) && e.kind != ERR_NOTFOUND)
            bad = e;
    }
    static const char *const parts[] = {"new", "cur"};
    for (size_t i = 0; i < 2; i++) {
        auto_fd int fd = -1;
        err e = dir_open(m->dir, parts[i], &fd);
        if (!failed(e))
            e = dir_sync(fd);
        if (failed(e))
            bad = e;
    }
    return bad;
}

static void file_free(struct maildrop *d)
{
    struct maildir_drop *m = d->data;
    fd_unmap(m->mapped);
    for (size_t i = 0; i < m->files.n; i++)
        free(m->files.at[i].path);
    vec_done(&m->files);
    free(m);
}

static const struct maildrop_kind maildir_kind = {
    .size = file_size_of,
    .uidl = file_uidl,
    .body = file_body,
    .commit = file_commit,
    .free = file_free,
};

err maildrop_from_maildir(int dir, int64_t now, struct maildrop *ret)
{
    struct maildir_drop *m = mem_alloc("maildrop", sizeof *m);
    *m = (struct maildir_drop){.dir = dir, .now = now, .mapped = S("")};
    struct maildrop d = {.kind = &maildir_kind, .data = m, .extra_line = true};
    err e = maildir_clean(dir, now);
    if (!failed(e))
        e = maildir_scan(dir, note, m);
    if (failed(e)) {
        file_free(&d);
        return e;
    }
    if (m->files.n)
        qsort(m->files.at, m->files.n, sizeof *m->files.at, by_time);
    d.n = m->files.n;
    *ret = d;
    return OK_ERR;
}
