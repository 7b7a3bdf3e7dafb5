/* SPDX-License-Identifier: ISC */
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/poll.h"

enum { POLL_MS = 10 };

/* Waiting on no descriptor: a pause that respects the deadline. */
static bool pause_until(deadline by)
{
    if (deadline_left_ms(by) == 0)
        return false;
    err e = poll_until(NULL, 0, deadline_in_ms(POLL_MS));
    return e.kind == ERR_TIMEOUT || !failed(e);
}

static void remove_stale(int dir, const char *name, int64_t stale_s)
{
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (st.st_mtime < clock_seconds() - stale_s)
        (void)unlinkat(dir, name, 0); /* if it fails, the wait goes on */
}

err dotlock_take(int dir, const char *name, int64_t stale_s, deadline by, int *ret_fd)
{
    for (;;) {
        int fd;
        err e = file_open(dir, name, O_RDWR | O_CREAT | O_EXCL, 0600, &fd);
        if (!failed(e)) {
            char owner[64];
            int n = snprintf(owner, sizeof owner, "%d:twinpost", (int)getpid());
            e = file_write(fd, str_of(owner, (size_t)n));
            if (failed(e)) {
                dotlock_drop(dir, name, &fd);
                return e;
            }
            *ret_fd = fd;
            return OK_ERR;
        }
        if (e.sys != EEXIST)
            return e;
        remove_stale(dir, name, stale_s);
        if (!pause_until(by))
            return err_new(ERR_TEMP, "another program holds the lock file");
    }
}

void dotlock_drop(int dir, const char *name, int *fd)
{
    if (*fd < 0)
        return;
    (void)unlinkat(dir, name, 0); /* a lock left behind counts as stale later */
    fd_closep(fd);
}

err record_lock(int fd, deadline by)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    while (fcntl(fd, F_SETLK, &l) < 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return err_sys("fcntl lock");
        if (!pause_until(by))
            return err_new(ERR_TEMP, "another process holds the lock");
    }
    return OK_ERR;
}
