/* SPDX-License-Identifier: ISC */
/* guard/f2b_log.c -- fail2ban.log: people's scripts and the recidive jail read it, so its layout
 * is fail2ban's. Lines of a round are written together (guard_flush_later()). */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "guard/guard.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"

static const char path[] = "var/log/fail2ban.log";

void f2b_log_open(struct guard *g)
{
    fd_closep(&g->log_fd);
    err e = file_open(g->root, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640,
                      &g->log_fd);
    if (failed(e)) {
        g->log_fd = -1;
        log_event(NULL, EV_CONFIG_PROBLEM, F_STR("file", str_from(path)), F_ERR(e));
    }
}

static void now_text(char *room, size_t size)
{
    int64_t us = clock_micros();
    time_t t = (time_t)(us / 1000000);
    struct tm tm;
    (void)localtime_r(&t, &tm); /* any time that a clock shows has a year */
    size_t n = strftime(room, size, "%Y-%m-%d %H:%M:%S", &tm);
    (void)snprintf(room + n, size - n, ",%03d", (int)(us / 1000 % 1000)); /* fits */
}

void f2b_log(struct guard *g, const char *logger, const char *level, const char *fmt, ...)
{
    char when[64], text[1200];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap); /* cut when long */
    va_end(ap);
    for (char *p = text; *p; p++) /* an id may hold what a log line held */
        if (*p > 0 && (*p < ' ' || *p == 0x7f))
            *p = '?';
    now_text(when, sizeof when);
    buf_addf(&g->f2b_lines, "%s %-24s[%d]: %-7s %s\n", when, logger, (int)getpid(), level, text);
    guard_flush_later(g);
}

void f2b_log_flush(struct guard *g)
{
    struct stat open_now, there;
    if (!g->f2b_lines.n)
        return;
    if (g->log_fd >= 0 && fstat(g->log_fd, &open_now) == 0 &&
        (fstatat(g->root, path, &there, AT_SYMLINK_NOFOLLOW) < 0 ||
         there.st_ino != open_now.st_ino))
        f2b_log_open(g); /* logrotate moved it */
    if (g->log_fd >= 0 && failed(file_write(g->log_fd, buf_str(&g->f2b_lines))))
        fd_closep(&g->log_fd); /* a full disk: our own events have the same */
    buf_done(&g->f2b_lines);
    buf_init(&g->f2b_lines, F2B_LINES_MAX);
}
