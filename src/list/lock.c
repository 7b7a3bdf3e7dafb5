/* SPDX-License-Identifier: ISC */
#include "list/lock.h"

#include "os/clock.h"
#include "os/file.h"

enum { LOCK_WAIT_MS = 300'000 };

err list_lock(int dir, const char *name, int *ret_fd)
{
    auto_fd int fd = -1;
    err e = file_open(dir, name, O_RDWR | O_CREAT, 0600, &fd);
    if (!failed(e))
        e = file_lock(fd, true, deadline_in_ms(LOCK_WAIT_MS));
    if (!failed(e))
        *ret_fd = fd_take(&fd);
    return e;
}
