/* SPDX-License-Identifier: ISC */
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fault.h"
#include "os/random.h"

static err file_err(const char *what)
{
    err e = err_sys(what);
    if (e.sys == ENOENT || e.sys == ENOTDIR)
        e.kind = ERR_NOTFOUND;
    else if (e.sys == EACCES || e.sys == EPERM || e.sys == EEXIST)
        e.kind = ERR_DENIED;
    return e;
}

err file_open(int dir, const char *path, int flags, mode_t mode, int *ret_fd)
{
    int fd;
    do
        fd = openat(dir, path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return file_err("open");
    *ret_fd = fd;
    return OK_ERR;
}

err dir_open(int dir, const char *path, int *ret_fd)
{
    return file_open(dir, path, O_RDONLY | O_DIRECTORY, 0, ret_fd);
}

err dir_make(int dir, const char *path, mode_t mode)
{
    if (mkdirat(dir, path, mode) == 0 || errno == EEXIST)
        return OK_ERR;
    return file_err("make directory");
}

err dir_make_all(int dir, const char *path, mode_t mode)
{
    char part[4096];
    size_t n = strlen(path);
    if (n >= sizeof part)
        return err_new(ERR_LIMIT, "directory path is too long");
    for (size_t i = 0; i <= n; i++) {
        part[i] = path[i];
        if (i == 0 || (path[i] != '/' && path[i] != 0) || path[i - 1] == '/')
            continue;
        part[i] = 0;
        err e = dir_make(dir, part, mode);
        if (failed(e))
            return e;
        part[i] = path[i];
    }
    return OK_ERR;
}

err file_read_fd(int fd, size_t max, struct arena *a, str *ret_bytes)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_sys("fstat");
    if (!S_ISREG(st.st_mode))
        return err_new(ERR_DENIED, "not a regular file");
    if ((uint64_t)st.st_size > max)
        return err_new(ERR_LIMIT, "file is too large");
    size_t size = (size_t)st.st_size;
    char *p = arena_alloc(a, size + 1, 1);
    size_t at = 0;
    while (at < size) {
        ssize_t n = pread(fd, p + at, size - at, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys("read");
        if (n == 0)
            break; /* it shrank while we read: what is there counts */
        at += (size_t)n;
    }
    *ret_bytes = str_of(p, at);
    return OK_ERR;
}

err file_read(int dir, const char *path, size_t max, struct arena *a, str *ret_bytes)
{
    auto_fd int fd = -1;
    err e = file_open(dir, path, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (failed(e))
        return e;
    return file_read_fd(fd, max, a, ret_bytes);
}

/* The directory part of path, opened: for its fsync. */
static err open_parent(int dir, const char *path, int *ret_fd)
{
    const char *slash = strrchr(path, '/');
    char parent[4096] = ".";
    if (slash) {
        size_t n = (size_t)(slash - path);
        if (n >= sizeof parent)
            return err_new(ERR_LIMIT, "path is too long");
        memcpy(parent, path, n ? n : 1);
        parent[n ? n : 1] = 0;
    }
    return dir_open(dir, parent, ret_fd);
}

err file_replace(int dir, const char *path, str bytes, mode_t mode)
{
    char aside[4096];
    int n = snprintf(aside, sizeof aside, "%s.%016llx.tmp", path, (unsigned long long)random_u64());
    if (n < 0 || (size_t)n >= sizeof aside)
        return err_new(ERR_LIMIT, "path is too long");
    auto_fd int fd = -1;
    err e = file_open(dir, aside, O_WRONLY | O_CREAT | O_EXCL, 0600, &fd);
    if (failed(e))
        return e;
    e = file_write(fd, bytes);
    if (!failed(e) && fchmod(fd, mode) < 0)
        e = file_err("chmod");
    if (!failed(e))
        e = file_sync(fd);
    if (!failed(e))
        e = file_rename(dir, aside, dir, path);
    if (failed(e)) {
        (void)unlinkat(dir, aside, 0); /* best effort: the first error is the one to report */
        return e;
    }
    auto_fd int parent = -1;
    e = open_parent(dir, path, &parent);
    if (failed(e))
        return e;
    return dir_sync(parent);
}

err file_stat(int dir, const char *path, struct stat *ret_st)
{
    if (fstatat(dir, path, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
        return file_err("stat");
    return OK_ERR;
}

err file_write(int fd, str bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno != EINTR)
            return err_sys("write");
        if (n > 0)
            bytes = str_from_at(bytes, (size_t)n);
    }
    return OK_ERR;
}

err file_pwrite(int fd, str bytes, uint64_t at)
{
    fault("pwrite");
    while (bytes.n) {
        ssize_t n = pwrite(fd, bytes.p, bytes.n, (off_t)at);
        if (n < 0 && errno != EINTR)
            return err_sys("pwrite");
        if (n > 0) {
            bytes = str_from_at(bytes, (size_t)n);
            at += (uint64_t)n;
        }
    }
    return OK_ERR;
}

err file_append_durable(int fd, str bytes)
{
    err e = file_write(fd, bytes);
    if (failed(e))
        return e;
    return file_datasync(fd);
}

err file_sync(int fd)
{
    fault("fsync");
    return fsync(fd) < 0 ? err_sys("fsync") : OK_ERR;
}

err file_datasync(int fd)
{
    fault("fdatasync");
    return fdatasync(fd) < 0 ? err_sys("fdatasync") : OK_ERR;
}

err file_sync_all(int fd)
{
    fault("syncfs");
    return syncfs(fd) < 0 ? err_sys("syncfs") : OK_ERR;
}

err dir_sync(int dir_fd)
{
    fault("fsync directory");
    return fsync(dir_fd) < 0 ? err_sys("fsync directory") : OK_ERR;
}

err file_rename(int dir, const char *from, int to_dir, const char *to)
{
    fault("rename");
    return renameat(dir, from, to_dir, to) < 0 ? file_err("rename") : OK_ERR;
}

err file_link(int dir, const char *from, int to_dir, const char *to)
{
    fault("link");
    return linkat(dir, from, to_dir, to, 0) < 0 ? file_err("link") : OK_ERR;
}

err file_rename_new(int dir, const char *from, int to_dir, const char *to)
{
    fault("rename");
    if (renameat2(dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
        return OK_ERR;
    if (errno != EINVAL && errno != ENOSYS)
        return file_err("rename");
    err e = file_link(dir, from, to_dir, to); /* this file system knows no such rename */
    return failed(e) ? e : file_unlink(dir, from);
}

err file_unlink(int dir, const char *path)
{
    fault("unlink");
    return unlinkat(dir, path, 0) < 0 ? file_err("unlink") : OK_ERR;
}

err file_truncate(int fd, uint64_t size)
{
    fault("truncate");
    return ftruncate(fd, (off_t)size) < 0 ? err_sys("truncate") : OK_ERR;
}

err file_lock(int fd, bool exclusive, deadline by)
{
    int op = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB;
    while (flock(fd, op) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return err_sys("flock");
        if (deadline_left_ms(by) == 0)
            return err_new(ERR_TEMP, "another process holds the lock");
        struct timespec pause = {.tv_nsec =
                                     10 * 1000 * 1000}; /* flock has no time limit of its own */
        (void)nanosleep(&pause, NULL);
    }
    return OK_ERR;
}

err dir_each(int dir, const char *path, err (*each)(void *ctx, const struct dir_entry *e),
             void *ctx)
{
    int fd;
    err e = dir_open(dir, path, &fd);
    if (failed(e))
        return e;
    DIR *d = fdopendir(fd);
    if (!d) {
        e = err_sys("fdopendir");
        fd_close(fd);
        return e;
    }
    for (;;) {
        errno = 0;
        const struct dirent *de = readdir(d);
        if (!de) {
            e = errno ? err_sys("readdir") : OK_ERR;
            break;
        }
        struct dir_entry entry = {.name = str_from(de->d_name), .type = de->d_type};
        if (str_eq(entry.name, S(".")) || str_eq(entry.name, S("..")))
            continue;
        e = each(ctx, &entry);
        if (failed(e))
            break;
    }
    (void)closedir(d); /* read only: nothing to lose */
    return e;
}
