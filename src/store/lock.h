/* SPDX-License-Identifier: ISC */
/* store/lock.h -- locks that other mail programs honour too: lock files and record locks. */
#pragma once
#include "base/base.h"

/* Creates the file `name` (exclusively, holding "pid:host" as Dovecot's do) and keeps it open:
 * the writer may rename it over what it guards. A lock untouched for stale_s is removed.
 * ERR_TEMP: held by somebody until `by`. ERR_DENIED: the directory does not permit files. */
err dotlock_take(int dir, const char *name, int64_t stale_s, deadline by, int *ret_fd);
void dotlock_drop(int dir, const char *name, int *fd); /* removes and closes */
/* fcntl's record lock on the whole file, polled until `by`. */
err record_lock(int fd, deadline by);
