/* SPDX-License-Identifier: ISC */
/* ctl/old_maildir2mbox.c -- moves the messages of $MAILDIR to the end of the mbox $MAIL.
 *
 * Unlike qmail's, which writes $MAILTMP and renames it, this one appends under the locks that
 * deliveries and readers honour: the mbox stays the same file. A message leaves the Maildir only
 * when all of them are safe in the mbox; a crash between may leave it in both, never in none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"
#include "ctl/old.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "store/maildir.h"
#include "store/mbox.h"
#include "wire/message.h"

struct message {
    const char *path; /* "new/X" */
    int64_t time;
};

struct move {
    struct arena *arena;
    int maildir;
    VEC(struct message) at;
};

static err note(void *ctx, str name, bool in_new)
{
    struct move *m = ctx;
    const char *path = arena_printf(m->arena, "%s/%.*s", in_new ? "new" : "cur", STR_ARG(name)).p;
    struct stat st;
    err e = file_stat(m->maildir, path, &st);
    if (e.kind == ERR_NOTFOUND || (!failed(e) && !S_ISREG(st.st_mode)))
        return OK_ERR;
    if (!failed(e))
        vec_push(&m->at, (struct message){path, st.st_mtime});
    return e;
}

static int by_time(const void *a, const void *b)
{
    const struct message *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return strcmp(x->path + 4, y->path + 4);
}

/* Whom the From_ line names: the Return-Path that delivery put on top, else nobody known. */
static str sender_of(str text)
{
    str line;
    if (!str_line(&text, &line) || !str_iskip(&line, S("Return-Path: <")) ||
        !str_ends(line, S(">")))
        return S("XXX");
    return str_slice(line, 0, line.n - 1);
}

static err append(struct move *m, const struct message *one, struct mbox *to)
{
    auto_fd int fd = -1;
    auto_buf struct buf from;
    str text;
    err e = file_open(m->maildir, one->path, O_RDONLY, 0, &fd);
    if (!failed(e))
        e = fd_map(fd, SIZE_MAX / 2, &text);
    if (failed(e))
        return e;
    buf_init(&from, 4096);
    from_line_write(&from, sender_of(text), one->time);
    struct mbox_delivery d = {.from_line = buf_str(&from), .parts = &text, .n_parts = 1, .fd = -1};
    e = buf_check(&from, "sender");
    if (!failed(e))
        e = mbox_append(to, &d);
    fd_unmap(text);
    return e;
}

static err append_all(struct move *m, struct mbox *to)
{
    uint64_t before;
    err e = fd_size(to->fd, &before);
    if (failed(e))
        return e;
    for (size_t i = 0; i < m->at.n && !failed(e); i++)
        e = append(m, &m->at.at[i], to);
    if (!failed(e))
        e = mbox_sync(to);
    if (failed(e) && failed(file_truncate(to->fd, before)))
        return err_new(ERR_SYS, "take back what was appended"); /* then some stand in both */
    return e;
}

/* Paths of people are relative to where they stand, or full. */
static const char *split_path(struct ctl *c, const char *path, int *ret_dir)
{
    const char *slash = strrchr(path, '/');
    const char *dir = !slash          ? "."
                      : slash == path ? "/"
                                      : arena_cstr(c->arena, str_of(path, (size_t)(slash - path)));
    *ret_dir = -1;
    if (failed(dir_open(AT_FDCWD, dir, ret_dir)))
        return NULL;
    return slash ? slash + 1 : path;
}

static err move_all(struct ctl *c, struct move *m, const char *mail)
{
    auto_fd int dir = -1;
    struct mbox box;
    const char *name = split_path(c, mail, &dir);
    if (!name)
        return err_new(ERR_NOTFOUND, "directory of the mbox");
    err e = mbox_open(dir, name, MBOX_CREATE, deadline_in_ms(MBOX_LOCK_SECONDS * 1000), &box);
    if (failed(e))
        return e;
    e = append_all(m, &box);
    mbox_close(&box);
    for (size_t i = 0; i < m->at.n && !failed(e); i++) {
        e = file_unlink(m->maildir, m->at.at[i].path);
        if (e.kind == ERR_NOTFOUND)
            e = OK_ERR;
    }
    return e;
}

int old_maildir2mbox(struct ctl *c, int argc, char **argv)
{
    static const char *const names[] = {"MAIL", "MAILDIR", "MAILTMP"};
    (void)argc;
    (void)argv;
    for (size_t i = 0; i < 3; i++)
        if (!getenv(names[i]))
            return ctl_fail(c, CTL_TEMPORARY, "fatal: %s not set", names[i]);
    struct move m = {.arena = c->arena, .maildir = -1};
    err e = dir_open(AT_FDCWD, getenv("MAILDIR"), &m.maildir);
    if (!failed(e))
        e = maildir_clean(m.maildir, clock_seconds());
    if (!failed(e))
        e = maildir_scan(m.maildir, note, &m);
    if (!failed(e) && m.at.n) {
        qsort(m.at.at, m.at.n, sizeof *m.at.at, by_time);
        e = move_all(c, &m, getenv("MAIL"));
    }
    vec_done(&m.at);
    fd_close(m.maildir);
    return failed(e) ? ctl_fail(c, CTL_TEMPORARY, "fatal: nothing was taken away: %s", err_text(e))
                     : CTL_OK;
}
