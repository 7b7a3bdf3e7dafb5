/* SPDX-License-Identifier: ISC */
#include "gate/tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "os/file.h"

static err own(int fd, const struct tree_owner *owner)
{
    if (owner->change && fchown(fd, owner->uid, owner->gid) < 0)
        return err_sys("give a file to its user");
    return OK_ERR;
}

static err open_dir(int dir, const char *name, int *ret_fd)
{
    return file_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, ret_fd);
}

err tree_make_dir(int dir, const char *name, mode_t mode, const struct tree_owner *owner)
{
    auto_fd int fd = -1;
    err e = dir_make(dir, name, 0700);
    if (!failed(e))
        e = open_dir(dir, name, &fd);
    if (!failed(e))
        e = own(fd, owner);
    if (!failed(e) && fchmod(fd, mode) < 0)
        e = err_sys("chmod");
    return e;
}

err tree_make_file(int dir, const char *name, str text, mode_t mode, const struct tree_owner *owner)
{
    auto_fd int fd = -1;
    err e = file_open(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, &fd);
    if (!failed(e))
        e = file_write(fd, text);
    if (!failed(e))
        e = own(fd, owner);
    if (!failed(e) && fchmod(fd, mode & 0777) < 0)
        e = err_sys("chmod");
    return e;
}

/* ---- copying ---- */

struct copying {
    int from, to;
    const struct tree_owner *owner;
    unsigned depth;
};

static err copy_level(int from, int to, const struct tree_owner *owner, unsigned depth);

static err copy_file(struct copying *c, const char *name, mode_t mode)
{
    auto_arena struct arena *a = arena_new("skeleton", TREE_FILE_MAX + (1 << 20));
    auto_fd int fd = -1;
    str text;
    err e = file_open(c->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd);
    if (!failed(e))
        e = file_read_fd(fd, TREE_FILE_MAX, a, &text);
    return failed(e) ? e : tree_make_file(c->to, name, text, mode, c->owner);
}

static err copy_link(struct copying *c, const char *name)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(c->from, name, target, sizeof target - 1);
    if (n < 0)
        return err_sys("readlink");
    target[n] = '\0';
    if (symlinkat(target, c->to, name) < 0 && errno != EEXIST)
        return err_sys("symlink");
    if (c->owner->change &&
        fchownat(c->to, name, c->owner->uid, c->owner->gid, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys("give a link to its user");
    return OK_ERR;
}

static err copy_dir(struct copying *c, const char *name, mode_t mode)
{
    auto_fd int from = -1, to = -1;
    err e = open_dir(c->from, name, &from);
    if (!failed(e))
        e = tree_make_dir(c->to, name, mode & 0777, c->owner);
    if (!failed(e))
        e = open_dir(c->to, name, &to);
    return failed(e) ? e : copy_level(from, to, c->owner, c->depth + 1);
}

static err copy_entry(void *ctx, const struct dir_entry *entry)
{
    struct copying *c = ctx;
    struct stat st;
    const char *name = entry->name.p; /* of readdir: ends with NUL */
    err e = file_stat(c->from, name, &st);
    if (failed(e))
        return e;
    if (S_ISREG(st.st_mode))
        return copy_file(c, name, st.st_mode);
    if (S_ISLNK(st.st_mode))
        return copy_link(c, name);
    return S_ISDIR(st.st_mode) ? copy_dir(c, name, st.st_mode) : OK_ERR;
}

static err copy_level(int from, int to, const struct tree_owner *owner, unsigned depth)
{
    struct copying c = {from, to, owner, depth};
    if (depth >= TREE_DEPTH_MAX)
        return err_new(ERR_LIMIT, "a skeleton is too deep");
    return dir_each(from, ".", copy_entry, &c);
}

err tree_copy(int from, int to, const struct tree_owner *owner)
{
    return copy_level(from, to, owner, 0);
}

/* ---- removing ---- */

struct removing {
    int dir;
    unsigned depth;
};

static err remove_at(int dir, const char *name, unsigned depth);

static err remove_entry(void *ctx, const struct dir_entry *entry)
{
    const struct removing *rm = ctx;
    return remove_at(rm->dir, entry->name.p, rm->depth + 1);
}

static err remove_at(int dir, const char *name, unsigned depth)
{
    auto_fd int fd = -1;
    if (depth >= 2 * TREE_DEPTH_MAX)
        return err_new(ERR_LIMIT, "a directory is too deep to be removed");
    err e = open_dir(dir, name, &fd);
    if (failed(e)) /* no directory, or a link to one: the entry itself goes */
        return unlinkat(dir, name, 0) < 0 && errno != ENOENT ? err_sys("unlink") : OK_ERR;
    struct removing rm = {fd, depth};
    e = dir_each(fd, ".", remove_entry, &rm);
    if (!failed(e) && unlinkat(dir, name, AT_REMOVEDIR) < 0)
        e = err_sys("remove directory");
    return e;
}

err tree_remove(int dir, const char *name)
{
    return remove_at(dir, name, 0);
}
