/* SPDX-License-Identifier: ISC */
#include "ban/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/file.h"

enum { STEPS_MAX = 64, LINES_TRIED = 50 };

static err open_now(struct follow *f)
{
    struct stat st;
    err e = file_open(AT_FDCWD, f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0, &f->fd);
    if (failed(e)) {
        f->fd = -1;
        return e.kind == ERR_NOTFOUND ? err_new(ERR_TEMP, "the log is not there") : e;
    }
    if (fstat(f->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        fd_closep(&f->fd);
        return err_new(ERR_DENIED, "the log is no regular file");
    }
    f->dev = (uint64_t)st.st_dev;
    f->ino = (uint64_t)st.st_ino;
    return OK_ERR;
}

void follow_init(struct follow *f, const char *path, uint64_t from, bool tail)
{
    struct stat st;
    *f = (struct follow){.path = path, .fd = -1};
    follow_split_init(&f->split);
    f->block = mem_alloc("log", FOLLOW_BLOCK);
    if (failed(open_now(f)) || fstat(f->fd, &st) < 0)
        return; /* tried again by the first follow_line() */
    uint64_t size = (uint64_t)st.st_size;
    f->pos = tail ? size : from <= size ? from : 0;
}

void follow_done(struct follow *f)
{
    if (f->fd >= 0)
        fd_closep(&f->fd);
    follow_split_done(&f->split);
    free(f->block);
    f->block = NULL;
}

/* At the end of what is open: is there another file of this name by now, or was this one cut? */
static bool moved_on(struct follow *f)
{
    struct stat st;
    if (stat(f->path, &st) < 0)
        return false; /* between two files: the new one will come */
    if ((uint64_t)st.st_ino == f->ino && (uint64_t)st.st_dev == f->dev) {
        if ((uint64_t)st.st_size >= f->pos)
            return false;
        f->pos = 0;
        f->split.part.n = 0;
        return true;
    }
    char c;
    if (pread(f->fd, &c, 1, (off_t)f->pos) > 0)
        return true; /* written between the last read and now */
    fd_closep(&f->fd);
    f->pos = 0;
    return true;
}

err follow_line(struct follow *f, str *ret_line)
{
    for (;;) {
        if (follow_split_next(&f->split, &f->rest, ret_line))
            return OK_ERR;
        if (f->fd < 0) {
            err e = open_now(f);
            if (failed(e))
                return e;
        }
        ssize_t n = pread(f->fd, f->block, FOLLOW_BLOCK, (off_t)f->pos);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys("read the log");
        f->pos += (uint64_t)n;
        f->rest = str_of(f->block, (size_t)n);
        if (n > 0)
            continue;
        bool open_line = f->split.part.n > 0;
        if (!moved_on(f))
            return err_new(ERR_TEMP, "no more for now");
        if (open_line && f->fd < 0 && follow_split_rest(&f->split, ret_line))
            return OK_ERR; /* the last line of the file that went */
    }
}

/* The first dated line from `at` on: where the next line starts, and its time. */
static bool time_near(struct follow *f, struct date_detector *dates, uint64_t at, int64_t now,
                      uint64_t *ret_start, double *ret_time)
{
    ssize_t n = pread(f->fd, f->block, FOLLOW_BLOCK, (off_t)at);
    str rest = str_of(f->block, n > 0 ? (size_t)n : 0), line;
    if (at > 0 && !str_cut(rest, '\n', &line, &rest)) /* a piece of a line */
        return false;
    for (int i = 0; i < LINES_TRIED; i++) {
        uint64_t start = at + (uint64_t)(rest.p - f->block);
        struct date_found found;
        if (!str_cut(rest, '\n', &line, &rest))
            return false;
        line = str_slice(line, 0, FILTER_LINE_MAX);
        if (text_is_plain(line) && date_find(dates, line, true, now, &found) && found.has_time) {
            *ret_start = start;
            *ret_time = found.time;
            return true;
        }
    }
    return false;
}

err follow_seek(struct follow *f, struct date_detector *dates, int64_t since, int64_t now)
{
    struct stat st;
    if (f->fd < 0)
        return err_new(ERR_TEMP, "the log is not there");
    if (fstat(f->fd, &st) < 0)
        return err_sys("stat the log");
    uint64_t low = f->pos, high = (uint64_t)st.st_size;
    for (int step = 0; step < STEPS_MAX && high - low > FOLLOW_BLOCK; step++) {
        uint64_t mid = low + (high - low) / 2, start = 0;
        double time = 0;
        if (!time_near(f, dates, mid, now, &start, &time))
            high = mid; /* nothing can be said of what is behind it: do not jump over it */
        else if (time < (double)since)
            low = start;
        else
            high = mid;
    }
    f->pos = low;
    return OK_ERR;
}

uint64_t follow_position(const struct follow *f)
{
    return f->pos - f->rest.n - f->split.part.n;
}
