/* SPDX-License-Identifier: ISC */
#include "queue/disk.h"

#include "os/file.h"

static err real_write(void *ctx, int fd, str bytes, uint64_t at)
{
    (void)ctx; /* none of these needs one */
    return file_pwrite(fd, bytes, at);
}

static err real_sync(void *ctx, int fd)
{
    (void)ctx;
    return file_datasync(fd);
}

static err real_make(void *ctx, int dir, const char *name, int *ret_fd)
{
    (void)ctx;
    return file_open(dir, name, O_RDWR | O_CREAT | O_EXCL, 0600, ret_fd);
}

static err real_rename(void *ctx, int dir, const char *from, const char *to)
{
    (void)ctx;
    return file_rename(dir, from, dir, to);
}

static err real_unlink(void *ctx, int dir, const char *name)
{
    (void)ctx;
    return file_unlink(dir, name);
}

static err real_dir_sync(void *ctx, int dir)
{
    (void)ctx;
    return dir_sync(dir);
}

const struct disk disk_real = {
    .write = real_write,
    .sync = real_sync,
    .make = real_make,
    .rename = real_rename,
    .unlink = real_unlink,
    .dir_sync = real_dir_sync,
};
