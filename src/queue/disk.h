/* SPDX-License-Identifier: ISC */
/* queue/disk.h -- the durable steps of the queue, as a table that tests replace.
 *
 * One table records what was written and synced and can rebuild what a power loss may leave;
 * another stops the process before the n-th step. disk_real is os/file.h.
 */
#pragma once
#include "base/base.h"

struct disk {
    void *ctx;
    err (*write)(void *ctx, int fd, str bytes, uint64_t at);
    err (*sync)(void *ctx, int fd); /* data, and the size if it changed */
    err (*make)(void *ctx, int dir, const char *name, int *ret_fd); /* exclusive, read-write */
    err (*rename)(void *ctx, int dir, const char *from, const char *to);
    err (*unlink)(void *ctx, int dir, const char *name);
    err (*dir_sync)(void *ctx, int dir);
};
extern const struct disk disk_real;
