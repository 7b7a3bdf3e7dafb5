/* SPDX-License-Identifier: ISC */
#include "popd/by_hand.h"

#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "popd/transaction.h"

enum { SILENCE_MS = 1200 * 1000 /* qmail-pop3d's */ };

static err serve(struct io *io, const char *path)
{
    auto_fd int dir = -1;
    struct maildrop drop = {0};
    if (geteuid() == 0) /* a login that went wrong must not end with everybody's mail */
        return pop_say(io, "-ERR mail of root is not read by POP3");
    err e = dir_open(AT_FDCWD, path, &dir);
    if (!failed(e))
        e = sandbox_enter(&(struct sandbox){
            .files_read = true, .files_write = true, .read_dirs = {dir}, .write_dirs = {dir}});
    if (!failed(e))
        e = maildrop_from_maildir(dir, clock_seconds(), &drop);
    if (failed(e))
        return pop_say(io, e.kind == ERR_NOTFOUND ? "-ERR this user has no $HOME/Maildir"
                                                  : "-ERR unable to scan $HOME/Maildir");
    struct transaction t = {.io = io, .drop = &drop, .timeout_ms = SILENCE_MS};
    e = pop_say(io, "+OK ");
    if (!failed(e))
        e = transaction_run(&t);
    maildrop_done(&drop);
    return e;
}

/* Under inetd stderr is the client too: events must not be said to it. */
static void hush_stderr(void)
{
    struct stat in, diagnostics;
    int null;
    if (fstat(STDIN_FILENO, &in) < 0 || fstat(STDERR_FILENO, &diagnostics) < 0 ||
        in.st_dev != diagnostics.st_dev || in.st_ino != diagnostics.st_ino)
        return;
    if (failed(file_open(AT_FDCWD, "/dev/null", O_WRONLY, 0, &null)) ||
        failed(fd_dup_to(null, STDERR_FILENO, false)))
        (void)close(STDERR_FILENO); /* then writes to it fail, which harms nobody */
}

err popd_by_hand(const char *maildir)
{
    hush_stderr();
    log_open("popd", -1);
    struct io *io = io_new(STDIN_FILENO, STDOUT_FILENO);
    io_set_write_timeout(io, SILENCE_MS);
    err e = serve(io, maildir);
    if (!failed(e))
        e = io_flush(io, deadline_in_ms(SILENCE_MS));
    io_free(io);
    /* A client that goes away or falls silent ends its session, no more. */
    return e.kind == ERR_CLOSED || e.kind == ERR_TIMEOUT ? OK_ERR : e;
}
