/* SPDX-License-Identifier: ISC */
/* How it works: /bin/sh -c CMD with the message as its input (a file at offset 0), its output
 * and errors collected into the report, in a process group of its own that a time limit ends.
 * Exit codes as in qmail-command(8). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deliver/deliver.h"
#include "dotqmail/outcome.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/poll.h"

enum { OUTPUT_PART = 4096, ENVIRONMENT_MAX = 64 };

static err open_input(struct job *j, int *ret_fd)
{
    if (j->fd < 0)
        return fd_sealed("message", j->message, ret_fd);
    int fd = fcntl(j->fd, F_DUPFD_CLOEXEC, 3);
    if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
        return err_sys("rewind message");
    *ret_fd = fd;
    return OK_ERR;
}

/* qmail's variables, and what programs of this house need to find it. */
static const char *const *environment(struct job *j)
{
    char **own = delivery_environment(&j->delivery, j->arena);
    size_t n = 0;
    while (own[n])
        n++;
    const char **all = NEW_N(j->arena, const char *, n + 8);
    for (size_t i = 0; i < n; i++)
        all[i] = own[i];
    const char *root = getenv("TWINPOST_ROOT");
    const char *bin = getenv("TWINPOST_BIN");
    bool whole = !root || strcmp(root, "/") == 0;
    all[n++] = arena_printf(j->arena, "PATH=%s/var/qmail/bin:/usr/local/bin:/usr/bin:/bin",
                            whole ? "" : root)
                   .p;
    if (root)
        all[n++] = arena_printf(j->arena, "TWINPOST_ROOT=%s", root).p;
    if (bin)
        all[n++] = arena_printf(j->arena, "TWINPOST_BIN=%s", bin).p;
    return all;
}

static err start(struct job *j, str command, int output, pid_t *ret_pid)
{
    auto_fd int input = -1;
    err e = open_input(j, &input);
    if (failed(e))
        return e;
    const char *argv[] = {"sh", "-c", arena_cstr(j->arena, command), NULL};
    struct child_fd fds[] = {{input, 0}, {output, 1}, {output, 2}};
    uint64_t memory = j->worker->site.maxprogrammemory;
    struct child_limit limits[] = {{RLIMIT_CORE, 0}, {RLIMIT_AS, memory}};
    struct child_spec spec = {
        .path = "/bin/sh",
        .argv = argv,
        .envp = environment(j),
        .fds = fds,
        .n_fds = 3,
        .cwd_fd = j->worker->home,
        .limits = limits,
        .n_limits = memory ? 2 : 1,
        .new_group = true,
    };
    return child_start(&spec, ret_pid);
}

static void collect(struct job *j, const char *p, size_t n)
{
    static const char sorry[] = "\nError report too long, sorry.\n";
    size_t room = REPORT_MAX - sizeof sorry;
    if (j->report.n >= room)
        return;
    size_t take = n < room - j->report.n ? n : room - j->report.n;
    buf_add(&j->report, str_of(p, take));
    if (take < n)
        buf_add(&j->report, str_from(sorry));
}

/* Until the output ends or time is up. */
static bool read_output(struct job *j, int fd, deadline by)
{
    char part[OUTPUT_PART];
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        err e = poll_until(&p, 1, by);
        if (failed(e))
            return false;
        ssize_t n = read(fd, part, sizeof part);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return true;
        collect(j, part, (size_t)n);
    }
}

static bool judge(struct job *j, int status, bool *ret_stop)
{
    if (!WIFEXITED(status)) {
        job_fail(j, WORK_TEMP, "Aack, child crashed. (#4.3.0)");
        return false;
    }
    switch (exit_of_program(WEXITSTATUS(status))) {
    case EXIT_OK:
        return true;
    case EXIT_STOP:
        *ret_stop = true;
        return true;
    case EXIT_HARD:
        j->outcome = WORK_PERM;
        return false;
    case EXIT_SOFT:
        j->outcome = WORK_TEMP;
        return false;
    }
    return false;
}

bool deliver_program(struct job *j, str command, bool *ret_stop)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
        job_fail(j, WORK_TEMP, "Unable to make a pipe. (#4.3.0)");
        return false;
    }
    pid_t pid;
    err e = start(j, command, pipe_fds[1], &pid);
    fd_close(pipe_fds[1]);
    if (failed(e)) {
        fd_close(pipe_fds[0]);
        job_fail(j, WORK_TEMP, "Unable to fork: program could not be started. (#4.3.0)");
        return false;
    }
    deadline by = deadline_in_ms((int64_t)j->worker->site.timeoutprogram * 1000);
    int status = 0;
    bool in_time = read_output(j, pipe_fds[0], by);
    fd_close(pipe_fds[0]);
    e = child_wait(pid, by, &status);
    if (!in_time || failed(e)) {
        child_kill(-pid, SIGKILL);
        if (failed(e))
            e = child_wait(pid, DEADLINE_NEVER, &status);
        job_fail(j, WORK_TEMP, "Program took too long and was stopped. (#4.3.0)");
        return false;
    }
    return judge(j, status, ret_stop);
}
