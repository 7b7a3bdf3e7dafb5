/* SPDX-License-Identifier: ISC */
/* os/file.h -- files and directories, relative to a directory descriptor, durable on request.
 *
 * Every call that makes something durable or visible passes a fault point (os/fault.h), so
 * that the crash tests can stop the world there.
 */
#pragma once
#include <fcntl.h>
#include <sys/stat.h>

#include "base/base.h"
#include "os/fd.h"

/* ENOENT and ENOTDIR become ERR_NOTFOUND, EACCES and EPERM ERR_DENIED; the rest ERR_SYS. */
err file_open(int dir, const char *path, int flags, mode_t mode, int *ret_fd);
err dir_open(int dir, const char *path, int *ret_fd);
err dir_make(int dir, const char *path, mode_t mode);     /* exists already: fine */
err dir_make_all(int dir, const char *path, mode_t mode); /* with parents */
/* Reads a whole regular file of at most max bytes (ERR_LIMIT above) into the arena. */
err file_read(int dir, const char *path, size_t max, struct arena *a, str *ret_bytes);
err file_read_fd(int fd, size_t max, struct arena *a, str *ret_bytes);
/* Atomic and durable: a temporary name beside it, fsync, rename, fsync of the directory. */
err file_replace(int dir, const char *path, str bytes, mode_t mode);
err file_stat(int dir, const char *path, struct stat *ret_st); /* does not follow a last symlink */
err file_write(int fd, str bytes); /* all of it; short writes are continued */
err file_pwrite(int fd, str bytes, uint64_t at);
err file_append_durable(int fd, str bytes); /* write, then fdatasync */
err file_sync(int fd);                      /* fsync */
err file_datasync(int fd);                  /* fdatasync */
err file_sync_all(int fd); /* syncfs: all that is dirty in fd's file system, with one flush */
err dir_sync(int dir_fd);
err file_rename(int dir, const char *from, int to_dir, const char *to);
err file_link(int dir, const char *from, int to_dir,
              const char *to); /* exists: ERR_DENIED, sys EEXIST */
/* A rename that never replaces: `to` exists: ERR_DENIED, sys EEXIST, and `from` stays. */
err file_rename_new(int dir, const char *from, int to_dir, const char *to);
err file_unlink(int dir, const char *path);
err file_truncate(int fd, uint64_t size);
/* Exclusive or shared flock. wait: until `by`, polled; not waiting gives ERR_TEMP when held. */
err file_lock(int fd, bool exclusive, deadline by);

struct dir_entry {
    str name;
    unsigned char type; /* DT_REG, DT_DIR, … or DT_UNKNOWN */
};
/* Calls `each` for every entry but . and .., in directory order; a failure from it stops. */
err dir_each(int dir, const char *path, err (*each)(void *ctx, const struct dir_entry *e),
             void *ctx);
