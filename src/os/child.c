/* SPDX-License-Identifier: ISC */
/* How it works: vfork, so that a start costs no copy of the parent's page tables. Between
 * vfork and exec the child runs on the parent's memory: only plain system calls there, no
 * allocation, and the outcome travels back in a variable that both share. */
#include "os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/clock.h"

enum { CHILD_FDS_MAX = 16, PARKED = 200 /* above any target descriptor */ };

/* Targets may be sources of others: move all sources out of the way, then into place. */
static const char *place_fds(const struct child_spec *spec)
{
    int parked[CHILD_FDS_MAX];
    for (size_t i = 0; i < spec->n_fds; i++) {
        parked[i] = fcntl(spec->fds[i].fd, F_DUPFD_CLOEXEC, PARKED);
        if (parked[i] < 0)
            return "park descriptor";
    }
    for (size_t i = 0; i < spec->n_fds; i++)
        if (dup2(parked[i], spec->fds[i].to) < 0)
            return "place descriptor";
    return NULL;
}

static const char *set_capabilities(uint64_t caps)
{
    struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[2] = {0};
    for (int i = 0; i < 2; i++) {
        uint32_t bits = (uint32_t)(caps >> (32 * i));
        d[i].permitted = d[i].effective = d[i].inheritable = bits;
    }
    if (syscall(SYS_capset, &h, d) < 0)
        return "capset";
    for (unsigned long c = 0; c < 64; c++)
        if ((caps >> c & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0) < 0)
            return "raise ambient capability";
    return NULL;
}

static const char *become_user(const struct child_spec *spec)
{
    if (spec->keep_caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return "keep capabilities";
    gid_t gid = spec->gid;
    if (syscall(SYS_setgroups, 1, &gid) < 0)
        return "setgroups";
    if (syscall(SYS_setresgid, gid, gid, gid) < 0)
        return "setresgid";
    if (syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid) < 0)
        return "setresuid";
    return spec->keep_caps ? set_capabilities(spec->keep_caps) : NULL;
}

/* Only returns on failure, with the name of what failed; errno says why. */
static const char *run_child(const struct child_spec *spec)
{
    sigset_t none;
    (void)sigemptyset(&none);
    if (spec->new_group && setpgid(0, 0) < 0)
        return "setpgid";
    const char *what = place_fds(spec);
    if (what)
        return what;
    for (size_t i = 0; i < spec->n_limits; i++) {
        struct rlimit r = {spec->limits[i].value, spec->limits[i].value};
        if (setrlimit((__rlimit_resource_t)spec->limits[i].resource, &r) < 0)
            return "setrlimit";
    }
    what = spec->change_user ? become_user(spec) : NULL;
    if (what)
        return what;
    if (spec->cwd_fd > 0 && fchdir(spec->cwd_fd) < 0)
        return "fchdir";
    if (spec->cwd && chdir(spec->cwd) < 0)
        return "chdir";
    for (int s = 1; s < 32; s++)
        (void)signal(s, SIG_DFL); /* KILL and STOP refuse: they are as they should be */
    (void)sigprocmask(SIG_SETMASK, &none, NULL); /* cannot fail */
    static const char *const no_env[] = {NULL};
    /* exec does not write to its arguments; its type is older than const */
    char *const *envp = (char *const *)(uintptr_t)(spec->envp ? spec->envp : no_env);
    char *const *argv = (char *const *)(uintptr_t)spec->argv;
    if (spec->exec_fd > 0)
        (void)syscall(SYS_execveat, spec->exec_fd, "", argv, envp, AT_EMPTY_PATH);
    else
        (void)execve(spec->path, argv, envp);
    return "exec";
}

err child_start(const struct child_spec *spec, pid_t *ret_pid)
{
    if (spec->n_fds > CHILD_FDS_MAX)
        return err_new(ERR_LIMIT, "too many descriptors for a child");
    const char *volatile what = NULL;
    volatile int sys = 0;
    sigset_t all, before;
    (void)sigfillset(&all); /* no handler may run on the shared stack */
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0) {
        what = run_child(spec);
        sys = errno;
        _exit(127);
    }
    int fork_errno = errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0)
        return (err){.kind = ERR_SYS, .sys = fork_errno, .what = "vfork"};
    if (what) {
        (void)waitpid(pid, NULL, 0); /* it has ended: 127 */
        return (err){.kind = ERR_SYS, .sys = sys, .what = what};
    }
    *ret_pid = pid;
    return OK_ERR;
}

err child_wait(pid_t pid, deadline by, int *ret_status)
{
    if (by.at_ms == INT64_MAX) {
        while (waitpid(pid, ret_status, 0) < 0)
            if (errno != EINTR)
                return err_sys("waitpid");
        return OK_ERR;
    }
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    for (;;) {
        pid_t got = waitpid(pid, ret_status, WNOHANG);
        if (got == pid)
            break;
        int64_t left = deadline_left_ms(by);
        if (got < 0 || left == 0) {
            err e = got < 0 ? err_sys("waitpid") : err_new(ERR_TIMEOUT, "child still runs");
            if (fd >= 0)
                (void)close(fd); /* nothing written to it */
            return e;
        }
        if (fd >= 0) {
            fd_set set;
            FD_ZERO(&set);
            FD_SET(fd, &set);
            struct timeval tv = {left / 1000, left % 1000 * 1000};
            (void)select(fd + 1, &set, NULL, NULL, &tv); /* waitpid above decides */
        } else {
            struct timespec pause = {.tv_nsec = 2 * 1000 * 1000}; /* a kernel without pidfd */
            (void)nanosleep(&pause, NULL);
        }
    }
    if (fd >= 0)
        (void)close(fd); /* nothing written to it */
    return OK_ERR;
}

void child_kill(pid_t pid, int signo)
{
    (void)kill(pid, signo); /* already gone is as wanted */
}

err child_fork(pid_t *ret_pid)
{
    pid_t pid = fork();
    if (pid < 0)
        return err_sys("fork");
    if (pid == 0) {
        struct rlimit none = {0, 0};
        (void)setrlimit(RLIMIT_NPROC, &none); /* lowering cannot fail */
    }
    *ret_pid = pid;
    return OK_ERR;
}

void children_ignore(void)
{
    (void)signal(SIGCHLD, SIG_IGN); /* cannot fail */
}

void children_wait(void)
{
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
}
