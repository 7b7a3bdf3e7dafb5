/* SPDX-License-Identifier: ISC */
/* ctl/old_small.c -- the small programs that .qmail files and scripts call: qmail-queue,
 * forward, condredirect, bouncesaying, except, preline, mailsubj, predate, datemail. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/programs.h"
#include "ctl/submit.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"

enum { MESSAGE_MAX = 1 << 30, ENVELOPE_MAX = 1 << 20 };

extern char **environ;

/* The envelope as qmail-queue(8) wants it: F sender NUL, T recipient NUL …, NUL. */
static bool parse_envelope(str text, struct envelope *e)
{
    str item, rest;
    if (!str_cut(text, '\0', &item, &rest) || !str_skip(&item, S("F")))
        return false;
    envelope_init(e, item);
    for (;;) {
        if (!str_cut(rest, '\0', &item, &rest))
            return false;
        if (item.n == 0)
            return true;
        if (!str_skip(&item, S("T")))
            return false;
        envelope_add(e, item);
    }
}

/* $QMAILQUEUE replaces this program; relative to qmail's home. */
static int run_replacement(struct ctl *c, const char *path)
{
    (void)unsetenv("QMAILQUEUE"); /* or it would call itself for ever through us */
    str full =
        *path == '/' ? str_from(path) : arena_printf(c->arena, "%s/var/qmail/%s", c->root, path);
    const char *program = arena_cstr(c->arena, full);
    (void)execl(program, program, (char *)NULL);
    return 120;
}

int old_qmail_queue(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    const char *other = getenv("QMAILQUEUE");
    if (other && *other)
        return run_replacement(c, other);
    struct buf message, text;
    if (failed(descriptor_read(0, MESSAGE_MAX, &message)) ||
        failed(descriptor_read(1, ENVELOPE_MAX, &text)))
        return 54;
    struct envelope e;
    if (!parse_envelope(buf_str(&text), &e))
        return 91;
    struct submit_outcome done;
    queue_submit(c, &e, buf_str(&message), &done);
    return done.code;
}

/* Reads the message on 0 from its start and prints what became of it. */
static int send_on(struct ctl *c, const struct envelope *e, const char *dtline)
{
    if (lseek(0, 0, SEEK_SET) < 0 && errno != ESPIPE)
        return ctl_fail(c, CTL_TEMPORARY, "fatal: unable to rewind message");
    struct buf message, body;
    err problem = descriptor_read(0, MESSAGE_MAX, &message);
    if (failed(problem))
        return ctl_fail_err(c, "fatal: unable to read message", problem);
    buf_init(&body, MESSAGE_MAX);
    buf_add(&body, str_from(dtline));
    buf_add(&body, buf_str(&message));
    struct submit_outcome done;
    queue_submit(c, e, buf_str(&body), &done);
    if (done.code)
        return ctl_fail(c, done.text[0] == 'D' ? CTL_PERMANENT : CTL_TEMPORARY, "fatal: %s",
                        done.text + 1);
    (void)ctl_fail(c, 0, "qp %s", done.id);
    return CTL_OK;
}

int old_forward(struct ctl *c, int argc, char **argv)
{
    const char *sender = getenv("NEWSENDER");
    const char *dtline = getenv("DTLINE");
    if (!sender)
        return ctl_fail(c, CTL_PERMANENT, "fatal: NEWSENDER not set");
    if (!dtline)
        return ctl_fail(c, CTL_PERMANENT, "fatal: DTLINE not set");
    struct envelope e;
    envelope_init(&e, str_from(sender));
    for (int i = 1; i < argc; i++)
        envelope_add(&e, str_from(argv[i]));
    return send_on(c, &e, dtline);
}

int old_condredirect(struct ctl *c, int argc, char **argv)
{
    if (argc < 3)
        return ctl_usage(c, "NEWADDRESS PROGRAM …");
    const char *sender = getenv("SENDER");
    const char *dtline = getenv("DTLINE");
    if (!sender)
        return ctl_fail(c, CTL_PERMANENT, "fatal: SENDER not set");
    if (!dtline)
        return ctl_fail(c, CTL_PERMANENT, "fatal: DTLINE not set");
    int code = program_run(c, argv + 2, 0);
    if (code == CTL_TEMPORARY)
        return CTL_TEMPORARY;
    if (code != 0)
        return CTL_OK;
    struct envelope e;
    envelope_init(&e, str_from(sender));
    envelope_add(&e, str_from(argv[1]));
    code = send_on(c, &e, dtline);
    return code ? code : 99;
}

int old_bouncesaying(struct ctl *c, int argc, char **argv)
{
    if (argc < 2)
        return ctl_usage(c, "ERROR [PROGRAM …]");
    int code = argc > 2 ? program_run(c, argv + 2, 0) : 0;
    if (code == CTL_TEMPORARY)
        return CTL_TEMPORARY;
    if (code != 0)
        return CTL_OK;
    (void)ctl_print(c, arena_printf(c->arena, "%s\n", argv[1]));
    return CTL_PERMANENT;
}

int old_except(struct ctl *c, int argc, char **argv)
{
    if (argc < 2)
        return ctl_usage(c, "PROGRAM …");
    int code = program_run(c, argv + 1, 0);
    return code == 0 ? CTL_PERMANENT : code == CTL_TEMPORARY ? CTL_TEMPORARY : CTL_OK;
}

/* A file that holds `text` and then all of descriptor 0, ready to be read. */
static err joined_input(str text, int *ret_fd)
{
    struct buf rest, all;
    err e = descriptor_read(0, MESSAGE_MAX, &rest);
    buf_init(&all, MESSAGE_MAX);
    buf_add(&all, text);
    if (!failed(e))
        buf_add(&all, buf_str(&rest));
    if (!failed(e))
        e = buf_check(&all, "message is too large");
    if (!failed(e))
        e = fd_sealed("message", buf_str(&all), ret_fd);
    buf_done(&rest);
    buf_done(&all);
    return e;
}

int old_preline(struct ctl *c, int argc, char **argv)
{
    static const struct {
        char letter;
        const char *variable;
    } lines[] = {{'f', "UFLINE"}, {'r', "RPLINE"}, {'d', "DTLINE"}};
    bool on[3] = {true, true, true};
    int k;
    optind = 1;
    while ((k = getopt(argc, argv, "+frdFRD")) != -1) {
        for (size_t i = 0; i < 3; i++)
            if (k == lines[i].letter || k == lines[i].letter - 32)
                on[i] = k != lines[i].letter;
        if (k == '?')
            return ctl_usage(c, "[-frdFRD] PROGRAM …");
    }
    if (optind >= argc)
        return ctl_usage(c, "[-frdFRD] PROGRAM …");
    auto_buf struct buf head;
    buf_init(&head, 1 << 16);
    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(lines[i].variable);
        if (on[i] && !value)
            return ctl_fail(c, CTL_PERMANENT, "fatal: %s not set", lines[i].variable);
        if (on[i])
            buf_add(&head, str_from(value));
    }
    auto_fd int fd = -1;
    err e = joined_input(buf_str(&head), &fd);
    if (failed(e))
        return ctl_fail_err(c, "fatal: unable to read message", e);
    return program_run(c, argv + optind, fd);
}

static int run_self(struct ctl *c, const char *as, char *const *args, int input)
{
    const char *argv[256] = {c->self, as};
    size_t n = 2;
    for (; *args && n < 254; args++)
        argv[n++] = *args;
    struct child_fd fds[] = {{input, 0}, {1, 1}, {2, 2}};
    struct child_spec spec = {.path = c->self,
                              .argv = argv,
                              .envp = (const char *const *)environ,
                              .fds = fds,
                              .n_fds = 3};
    pid_t pid;
    int status;
    err e = child_start(&spec, &pid);
    if (!failed(e))
        e = child_wait(pid, DEADLINE_NEVER, &status);
    if (failed(e))
        return ctl_fail_err(c, "fatal: unable to run qmail-inject", e);
    return WIFEXITED(status) ? WEXITSTATUS(status) : CTL_TEMPORARY;
}

int old_mailsubj(struct ctl *c, int argc, char **argv)
{
    if (argc < 3)
        return ctl_usage(c, "SUBJECT ADDRESS …");
    auto_buf struct buf head;
    buf_init(&head, 1 << 18);
    buf_addf(&head, "Subject: %s\nTo: ", argv[1]);
    for (int i = 2; i < argc; i++)
        buf_addf(&head, "%s%s", argv[i], i + 1 < argc ? ", " : "\n\n");
    auto_fd int fd = -1;
    err e = joined_input(buf_str(&head), &fd);
    if (failed(e))
        return ctl_fail_err(c, "fatal: unable to read the body", e);
    char *none[] = {NULL};
    return run_self(c, "qmail-inject", none, fd);
}

/* Date: with the local zone's offset, as predate(1) writes it. */
static str local_date(struct ctl *c)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t now = (time_t)clock_seconds();
    struct tm tm;
    if (!localtime_r(&now, &tm))
        return S("");
    long minutes = tm.tm_gmtoff / 60;
    long size = minutes < 0 ? -minutes : minutes;
    return arena_printf(c->arena, "Date: %d %s %d %02d:%02d:%02d %c%02ld%02ld\n", tm.tm_mday,
                        months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
                        minutes < 0 ? '-' : '+', size / 60, size % 60);
}

int old_predate(struct ctl *c, int argc, char **argv)
{
    if (argc < 2)
        return ctl_usage(c, "PROGRAM …");
    auto_fd int fd = -1;
    err e = joined_input(local_date(c), &fd);
    if (failed(e))
        return ctl_fail_err(c, "fatal: unable to read message", e);
    return program_run(c, argv + 1, fd);
}

int old_datemail(struct ctl *c, int argc, char **argv)
{
    (void)argc;
    auto_fd int fd = -1;
    err e = joined_input(local_date(c), &fd);
    if (failed(e))
        return ctl_fail_err(c, "fatal: unable to read message", e);
    return run_self(c, "sendmail", argv + 1, fd);
}
