/* SPDX-License-Identifier: ISC */
#include "route/route.h"

#include "os/file.h"

static err find_account(void *ctx, str name, struct arena *a, struct account *ret)
{
    struct homes *h = ctx;
    struct person p;
    err e = passwd_find(h->people, name, a, &p);
    if (failed(e))
        return e;
    h->asked_uid = p.uid;
    *ret = (struct account){.name = p.name, .uid = p.uid, .gid = p.gid, .home = p.home};
    return OK_ERR;
}

static err stat_path(int dir, const char *path, int flags, struct stat *ret)
{
    auto_fd int fd = -1;
    err e = file_open(dir, path, O_PATH | flags, 0, &fd);
    if (failed(e))
        return e;
    return fstat(fd, ret) < 0 ? err_sys("fstat") : OK_ERR;
}

static err home_uid(void *ctx, str home, uint32_t *ret_uid)
{
    struct homes *h = ctx;
    auto_buf struct buf path;
    buf_init(&path, PASSWD_PATH_MAX + 2);
    buf_add(&path, home);
    buf_addc(&path, '\0');
    if (path.over)
        return err_new(ERR_NOTFOUND, "home");
    struct stat st;
    err e = stat_path(AT_FDCWD, path.p, O_DIRECTORY, &st);
    if (failed(e))
        return e;
    *ret_uid = h->real_users ? st.st_uid : h->asked_uid;
    return OK_ERR;
}

struct accounts homes_accounts(struct homes *h, str root)
{
    return (struct accounts){.ctx = h, .root = root, .find = find_account, .home_uid = home_uid};
}

err homes_enter(struct homes *h, str home)
{
    auto_buf struct buf path;
    buf_init(&path, PASSWD_PATH_MAX + 2);
    buf_add(&path, home);
    buf_addc(&path, '\0');
    err e = buf_check(&path, "home");
    return failed(e) ? e : file_open(AT_FDCWD, path.p, O_PATH | O_DIRECTORY, 0, &h->home);
}

void homes_leave(struct homes *h)
{
    fd_close(h->home);
    h->home = -1;
}

/* One name below the home, no link followed on the way: a user's `.qmail-x -> /elsewhere`
 * must not let strangers probe with our rights what lies there. A link as the last part counts
 * as a file (ezmlm makes .qmail files that way); deliver, as the user, sees where it leads. */
static err look(void *ctx, const char *name, struct dotqmail_file *ret)
{
    struct homes *h = ctx;
    auto_fd int below = -1;
    struct stat st;
    str last = str_from(name), part, rest;
    char step[256];
    int dir = h->home;
    while (str_cut(last, '/', &part, &rest)) {
        last = rest;
        if (part.n == 0)
            continue;
        if (part.n >= sizeof step)
            return err_new(ERR_NOTFOUND, ".qmail file");
        for (size_t i = 0; i < part.n; i++)
            step[i] = part.p[i];
        step[part.n] = 0;
        int next = -1;
        err e = file_open(dir, step, O_PATH | O_NOFOLLOW | O_DIRECTORY, 0, &next);
        if (failed(e))
            return e;
        fd_close(below);
        below = dir = next;
    }
    /* Longer than any file name: not there, rather than an error that would defer mail. */
    if (last.n > 255)
        return err_new(ERR_NOTFOUND, ".qmail file");
    err e = file_stat(dir, last.p, &st);
    if (failed(e))
        return e;
    bool link = S_ISLNK(st.st_mode);
    *ret = (struct dotqmail_file){.regular = link || S_ISREG(st.st_mode),
                                  .mode = link ? 0600 : (uint32_t)st.st_mode & 07777,
                                  .size = (uint64_t)st.st_size};
    return OK_ERR;
}

struct dotqmail_files homes_files(struct homes *h)
{
    return (struct dotqmail_files){.ctx = h, .look = look};
}
