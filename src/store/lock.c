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

static size_t write_owner(char *space, size_t size)
{
    char host[256] = "";
    (void)gethostname(host, sizeof host - 1); /* an empty one never matches */
    int n = snprintf(space, size, "%d:%s", (int)getpid(), host);
    return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* A process of ours that was killed leaves its lock behind; nobody should wait minutes for
 * it. Only what we can know counts: this host's name stands in the lock, the file is ours, and
 * /proc (where our own processes are never hidden) knows no such process, or the lock is older
 * than the machine's last start: the number may be another's by now. A loss of power may also
 * take the words and leave the file; an empty one of before the start counts as this host's. */
static bool owner_is_dead(int dir, const char *name, const struct stat *st)
{
    char text[300] = "", mine[300], proc[32];
    auto_fd int fd = -1;
    if (st->st_uid != geteuid() ||
        failed(file_open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, &fd)))
        return false;
    ssize_t n = read(fd, text, sizeof text - 1);
    str owner = str_of(text, n > 0 ? (size_t)n : 0), me = str_of(mine, write_owner(mine, 300));
    uint64_t pid, my_pid;
    bool older = st->st_mtime < clock_boot();
    if (older && (n == 0 || text[0] == 0))
        return true;
    if (!str_take_u64(&owner, &pid) || !str_take_u64(&me, &my_pid) || owner.n < 2 ||
        !str_eq(str_trim(owner), me) || pid == 0 || pid > INT32_MAX)
        return false;
    if (older)
        return true;
    struct stat there;
    (void)snprintf(proc, sizeof proc, "/proc/%d", (int)pid); /* fits */
    return fstatat(AT_FDCWD, "/proc/self", &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(AT_FDCWD, proc, &there, 0) < 0 && errno == ENOENT;
}

/* Another waiter may have removed it first and hold a fresh one by now: what comes off is looked
 * at, and put back when it is not the one that was judged. */
static void take_away(int dir, const char *name, ino_t judged)
{
    char aside[300];
    struct stat st;
    (void)snprintf(aside, sizeof aside, "%s.%d", name, (int)getpid()); /* fits */
    if (renameat(dir, name, dir, aside) < 0)
        return; /* the wait goes on */
    if (fstatat(dir, aside, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino != judged &&
        linkat(dir, aside, dir, name, 0) < 0 && errno != EEXIST)
        return;                    /* kept aside: its holder will miss it, and nothing is lost */
    (void)unlinkat(dir, aside, 0); /* a leftover with our number does no harm */
}

static void remove_stale(int dir, const char *name, int64_t stale_s)
{
    struct stat st;
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (st.st_mtime < clock_seconds() - stale_s || owner_is_dead(dir, name, &st))
        take_away(dir, name, st.st_ino);
}

err dotlock_take(int dir, const char *name, int64_t stale_s, deadline by, int *ret_fd)
{
    for (;;) {
        int fd;
        err e = file_open(dir, name, O_RDWR | O_CREAT | O_EXCL, 0600, &fd);
        if (!failed(e)) {
            char owner[300];
            e = file_write(fd, str_of(owner, write_owner(owner, sizeof owner)));
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
        if (faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT &&
            deadline_left_ms(by) > 0)
            continue;
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
