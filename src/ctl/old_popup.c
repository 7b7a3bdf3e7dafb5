/* SPDX-License-Identifier: ISC */
/* ctl/old_popup.c -- qmail-popup: POP3 before the login, for a site's own run script.
 *
 * Reads name and password from the client and hands them, with a timestamp, to a program in
 * checkpassword's way: on its descriptor 3. That program runs qmail-pop3d when they are right.
 * Input is read octet by octet: what a client sent ahead belongs to the next program. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypt/secret.h"
#include "ctl/ctl.h"
#include "ctl/old.h"
#include "ctl/programs.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/wait.h"
#include "wire/pop.h"

enum {
    SILENCE_MS = 1200 * 1000, /* qmail-popup's */
    COMMANDS_MAX = 100,       /* before the login nobody needs more */
    CHECKPASSWORD_MAX = 512,  /* what a checkpassword reads */
};

extern char **environ;

struct popup {
    struct ctl *ctl;
    char **program;
    str timestamp;
    char user[POP_LINE_MAX + 1];
    size_t user_n; /* 0: no USER yet */
    bool over;
    int code;
};

static err say(const char *line)
{
    err e = file_write(1, str_from(line));
    return failed(e) ? e : file_write(1, S("\r\n"));
}

/* ERR_LIMIT: the line is longer; it is read to its end. */
static err read_line(char *p, size_t max, size_t *ret_n)
{
    deadline by = deadline_in_ms(SILENCE_MS);
    size_t n = 0;
    for (;;) {
        char c = 0;
        err e = fd_wait(0, FD_READABLE, by);
        if (failed(e))
            return e;
        ssize_t got = read(0, &c, 1);
        if (got <= 0)
            return err_new(ERR_CLOSED, "read command");
        if (c == '\n') {
            *ret_n = n;
            return n <= max ? OK_ERR : err_new(ERR_LIMIT, "command line");
        }
        if (n < max)
            p[n] = c;
        n = n <= max ? n + 1 : n;
    }
}

static err start_checker(struct popup *p, str blob, pid_t *ret_pid)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys("pipe");
    /* 512 octets always fit into an empty pipe: nobody has to read yet. */
    err e = file_write(ends[1], blob);
    fd_close(ends[1]);
    struct child_fd fds[] = {{0, 0}, {1, 1}, {2, 2}, {ends[0], 3}};
    struct child_spec spec = {.path = program_by_path(p->ctl->arena, p->program[0]),
                              .argv = (const char *const *)p->program,
                              .envp = (const char *const *)environ,
                              .fds = fds,
                              .n_fds = 4};
    if (!failed(e))
        e = child_start(&spec, ret_pid);
    fd_close(ends[0]);
    return e;
}

/* The rest of the session is the program's, whatever comes of it. */
static err log_in(struct popup *p, str user, str password)
{
    struct buf blob;
    buf_init(&blob, CHECKPASSWORD_MAX);
    str parts[] = {user, password, p->timestamp};
    for (size_t i = 0; i < 3; i++) {
        buf_add(&blob, parts[i]);
        buf_addc(&blob, '\0');
    }
    pid_t pid = -1;
    int status = 0;
    err e = buf_check(&blob, "name and password");
    bool too_long = failed(e);
    if (!too_long)
        e = start_checker(p, buf_str(&blob), &pid);
    if (blob.p)
        secret_wipe(blob.p, blob.n);
    buf_done(&blob);
    if (!failed(e))
        e = child_wait(pid, DEADLINE_NEVER, &status);
    p->over = true;
    p->code = 1;
    if (failed(e) && !too_long) {
        (void)ctl_fail(p->ctl, 0, "unable to run %s: %s", p->program[0], err_text(e));
        return say("-ERR unable to check passwords now");
    }
    if (!too_long && WIFSIGNALED(status))
        return say("-ERR aack, child crashed");
    if (too_long || WEXITSTATUS(status) != 0)
        return say("-ERR authorization failed");
    p->code = 0;
    return OK_ERR;
}

static err cmd_user(struct popup *p, str args)
{
    if (!args.n)
        return say("-ERR syntax error");
    memcpy(p->user, args.p, args.n);
    p->user_n = args.n;
    return say("+OK ");
}

static err cmd_pass(struct popup *p, str args)
{
    if (!p->user_n)
        return say("-ERR USER first");
    return args.n ? log_in(p, str_of(p->user, p->user_n), args) : say("-ERR syntax error");
}

static err cmd_apop(struct popup *p, str args)
{
    str user, digest;
    if (!str_cut(args, ' ', &user, &digest) || !user.n || !digest.n)
        return say("-ERR syntax error");
    return log_in(p, user, digest);
}

static err run_line(struct popup *p)
{
    char line[POP_LINE_MAX + 1];
    size_t n = 0;
    err e = read_line(line, sizeof line - 1, &n);
    if (e.kind == ERR_LIMIT)
        return say("-ERR syntax error");
    if (failed(e))
        return e;
    struct pop_command c = pop_parse(str_of(line, n));
    if (memchr(line, 0, n))
        e = say("-ERR syntax error"); /* a NUL would end a field for the checker */
    else if (c.verb == POP_USER)
        e = cmd_user(p, c.args);
    else if (c.verb == POP_PASS)
        e = cmd_pass(p, c.args);
    else if (c.verb == POP_APOP)
        e = cmd_apop(p, c.args);
    else if (c.verb == POP_NOOP)
        e = say("+OK ");
    else if (c.verb == POP_QUIT)
        e = say("+OK "), p->over = true;
    else
        e = say("-ERR authorization first");
    secret_wipe(line, sizeof line);
    return e;
}

int old_popup(struct ctl *c, int argc, char **argv)
{
    if (argc < 3)
        return ctl_usage(c, "HOST PROGRAM …");
    (void)signal(SIGPIPE, SIG_IGN); /* a client that went away shows at the next write */
    struct popup p = {.ctl = c, .program = argv + 2};
    p.timestamp =
        arena_printf(c->arena, "<%d.%lld@%s>", (int)getpid(), (long long)clock_seconds(), argv[1]);
    err e = say(arena_printf(c->arena, "+OK %.*s", STR_ARG(p.timestamp)).p);
    for (unsigned i = 0; !failed(e) && !p.over; i++)
        e = i < COMMANDS_MAX ? run_line(&p) : err_new(ERR_LIMIT, "commands before the login");
    return failed(e) ? 1 : p.code;
}

int old_pop3d(struct ctl *c, int argc, char **argv)
{
    if (argc != 2)
        return ctl_usage(c, "MAILDIR");
    const char *path = program_of_house(c, "popd");
    (void)execl(path, "qmail-pop3d", "--maildir", argv[1], (char *)NULL);
    return ctl_fail_err(c, path, err_sys("exec"));
}
