/* SPDX-License-Identifier: ISC */
/* How it works: the seccomp filter lists the calls that each right needs; everything else
 * gives EPERM, so that a library that probes for a call finds it missing and goes on.
 * Landlock handles reading and writing of files below the named directories. */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <malloc.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool no_seccomp, no_landlock;

static const char *missing_text(bool seccomp, bool landlock)
{
    if (seccomp && landlock)
        return "seccomp, landlock";
    return seccomp ? "seccomp" : landlock ? "landlock" : "";
}

const char *sandbox_missing(void)
{
    return missing_text(no_seccomp, no_landlock);
}

const char *sandbox_not_granted(void)
{
    uint32_t action = SECCOMP_RET_ERRNO;
    bool seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0;
    bool landlock =
        syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 0;
    return missing_text(seccomp, landlock);
}

#define CALL(name) SCMP_SYS(name)

static const int always[] = {
    CALL(read),
    CALL(readv),
    CALL(write),
    CALL(writev),
    CALL(close),
    CALL(fstat),
    CALL(lseek),
    CALL(mmap),
    CALL(munmap),
    CALL(mprotect),
    CALL(mremap),
    CALL(madvise),
    CALL(brk),
    CALL(poll),
    CALL(ppoll),
    CALL(select),
    CALL(pselect6),
    CALL(epoll_create1),
    CALL(epoll_ctl),
    CALL(epoll_wait),
    CALL(epoll_pwait),
    CALL(epoll_pwait2),
    CALL(eventfd2),
    CALL(timerfd_create),
    CALL(timerfd_settime),
    CALL(signalfd4),
    CALL(recvmsg),
    CALL(recvfrom),
    CALL(sendmsg),
    CALL(sendto),
    CALL(recvmmsg),
    CALL(sendmmsg),
    CALL(shutdown),
    CALL(socketpair),
    CALL(getsockopt),
    CALL(setsockopt),
    CALL(getsockname),
    CALL(getpeername),
    CALL(fcntl),
    CALL(dup),
    CALL(dup2),
    CALL(dup3),
    CALL(pipe2),
    CALL(clock_gettime),
    CALL(clock_nanosleep),
    CALL(nanosleep),
    CALL(gettimeofday),
    CALL(time),
    CALL(getpid),
    CALL(gettid),
    CALL(getppid),
    CALL(getuid),
    CALL(geteuid),
    CALL(getgid),
    CALL(getegid),
    CALL(getgroups),
    CALL(getrandom),
    CALL(memfd_create),
    CALL(pread64),
    CALL(pwrite64),
    CALL(preadv),
    CALL(pwritev),
    CALL(exit),
    CALL(exit_group),
    CALL(futex),
    CALL(futex_waitv),
    CALL(rt_sigaction),
    CALL(rt_sigprocmask),
    CALL(rt_sigreturn),
    CALL(rt_sigtimedwait),
    CALL(sigaltstack),
    CALL(sched_yield),
    CALL(sched_getaffinity),
    CALL(set_robust_list),
    CALL(rseq),
    CALL(restart_syscall),
    CALL(prlimit64),
    CALL(getrlimit),
    CALL(getrusage),
    CALL(uname),
    CALL(sysinfo),
    CALL(umask),
    CALL(prctl),
    CALL(arch_prctl),
    CALL(tgkill),
    CALL(ioctl),
    CALL(membarrier),
};
static const int stat_calls[] = {
    CALL(newfstatat), CALL(statx),   CALL(stat),     CALL(lstat),      CALL(faccessat),
    CALL(faccessat2), CALL(access),  CALL(readlink), CALL(readlinkat), CALL(openat),
    CALL(open),       CALL(openat2), CALL(statfs),   CALL(fstatfs),
};
static const int read_calls[] = {
    CALL(getdents64),
    CALL(chdir),
    CALL(fchdir),
    CALL(getcwd),
    CALL(flock),
    CALL(fadvise64),
    CALL(inotify_init1),
    CALL(inotify_add_watch),
    CALL(inotify_rm_watch),
    CALL(copy_file_range),
    CALL(sendfile),
    CALL(splice),
    CALL(readahead),
};
static const int write_calls[] = {
    CALL(fsync),          CALL(fdatasync),      CALL(sync_file_range),
    CALL(syncfs),         CALL(ftruncate),      CALL(truncate),
    CALL(fallocate),      CALL(rename),         CALL(renameat),
    CALL(renameat2),      CALL(link),           CALL(linkat),
    CALL(unlink),         CALL(unlinkat),       CALL(mkdir),
    CALL(mkdirat),        CALL(rmdir),          CALL(symlink),
    CALL(symlinkat),      CALL(fchmod),         CALL(fchmodat),
    CALL(chmod),          CALL(fchown),         CALL(fchownat),
    CALL(utimensat),      CALL(flock),          CALL(msync),
    CALL(io_uring_setup), CALL(io_uring_enter), CALL(io_uring_register),
    CALL(creat),          CALL(mknodat),        CALL(bind),
};
static const int sync_calls[] = {CALL(fsync), CALL(fdatasync)};
static const int client_calls[] = {CALL(socket), CALL(connect), CALL(bind)};
static const int accept_calls[] = {CALL(accept4), CALL(accept), CALL(listen)};
static const int fork_calls[] = {CALL(clone),   CALL(clone3), CALL(fork),
                                 CALL(vfork),   CALL(wait4),  CALL(waitid),
                                 CALL(setpgid), CALL(setsid), CALL(pidfd_open)};
static const int exec_calls[] = {CALL(execve), CALL(execveat), CALL(setrlimit), CALL(chdir),
                                 CALL(fchdir)};
static const int signal_calls[] = {
    CALL(kill),  CALL(wait4),    CALL(waitid), CALL(pidfd_open), CALL(pidfd_send_signal),
    CALL(alarm), CALL(setitimer)};
static const int thread_calls[] = {CALL(clone), CALL(clone3), CALL(sched_setaffinity),
                                   CALL(sched_getscheduler), CALL(sched_getparam)};

static int allow(scmp_filter_ctx ctx, const int *calls, size_t n, bool wanted)
{
    for (size_t i = 0; wanted && i < n; i++) {
        int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
        if (r < 0 && r != -EDOM && r != -EEXIST) /* EDOM: this architecture lacks the call */
            return r;
    }
    return 0;
}
#define ALLOW(ctx, calls, wanted)                                                                  \
    allow((ctx), (calls), sizeof(calls) / sizeof((calls)[0]), (wanted))

/* fstat() of today's C library is newfstatat() with an empty path: needed to map what was passed
 * in. The filter cannot see that the path is empty, only that it may be. */
static int allow_fstat(scmp_filter_ctx ctx)
{
    int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                             SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH, 0));
    return r == -EDOM ? 0 : r;
}

static bool filter_calls(const struct sandbox *s)
{
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!ctx)
        return false;
    bool any_read = s->files_read || s->files_write;
    bool ok = ALLOW(ctx, always, true) == 0 && allow_fstat(ctx) == 0 &&
              ALLOW(ctx, stat_calls, any_read || s->files_stat || s->exec) == 0 &&
              ALLOW(ctx, read_calls, any_read || s->exec) == 0 &&
              ALLOW(ctx, write_calls, s->files_write) == 0 &&
              ALLOW(ctx, sync_calls, s->files_sync) == 0 &&
              ALLOW(ctx, client_calls, s->net_client) == 0 &&
              ALLOW(ctx, accept_calls, s->net_accept) == 0 &&
              ALLOW(ctx, fork_calls, s->fork || s->exec) == 0 &&
              ALLOW(ctx, exec_calls, s->exec) == 0 &&
              ALLOW(ctx, signal_calls, s->signals || s->fork || s->exec) == 0 &&
              ALLOW(ctx, thread_calls, s->threads) == 0 && seccomp_load(ctx) == 0;
    seccomp_release(ctx);
    /* Compiling the filter leaves the heap in small free pieces. Put together here, once: else
     * every forked session does it, on its own copy of all those pages. */
    (void)malloc_trim(0);
    return ok;
}

enum {
    LANDLOCK_READS = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
    LANDLOCK_WRITES = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                      LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                      LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM,
};
/* rename and link between directories (tmp/ to cur/). Kernels before 5.19 cannot grant it, and
 * refuse it to everybody that Landlock limits: there a program that writes goes without. */
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif

static bool add_dirs(int rules, const int *dirs, size_t n, uint64_t access)
{
    for (size_t i = 0; i < n && dirs[i] > 0; i++) {
        struct landlock_path_beneath_attr a = {.allowed_access = access, .parent_fd = dirs[i]};
        if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0) < 0)
            return false;
    }
    return true;
}

static bool limit_paths(const struct sandbox *s)
{
    struct landlock_ruleset_attr attr = {.handled_access_fs = LANDLOCK_WRITES};
    if (s->read_dirs[0] > 0 || !s->files_read)
        attr.handled_access_fs |= LANDLOCK_READS;
    if (s->write_dirs[0] > 0)
        attr.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (rules < 0)
        return false;
    uint64_t reads = attr.handled_access_fs & LANDLOCK_READS;
    uint64_t writes = attr.handled_access_fs & ~(uint64_t)LANDLOCK_READS;
    bool ok = (reads == 0 || add_dirs(rules, s->read_dirs, 4, reads)) &&
              add_dirs(rules, s->write_dirs, 4, writes | reads) &&
              syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    (void)close(rules); /* in force already */
    return ok;
}

/* The sanitizer's own calls would be refused. */
#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

err sandbox_enter(const struct sandbox *s)
{
    if (s->any_program)
        return OK_ERR;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_sys("no_new_privs");
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none); /* lowering cannot fail */
    /* Programs that write where they please (deliver, as its user) name no directories. */
    bool limits_paths =
        s->read_dirs[0] > 0 || s->write_dirs[0] > 0 || (!s->files_write && !s->exec);
    no_landlock = limits_paths && !limit_paths(s);
    no_seccomp = !SANITIZED && !filter_calls(s);
    return OK_ERR;
}

static err set_caps(uint64_t caps)
{
    struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[2] = {0};
    for (int i = 0; i < 2; i++)
        d[i].permitted = d[i].effective = (uint32_t)(caps >> (32 * i));
    return syscall(SYS_capset, &h, d) < 0 ? err_sys("capset") : OK_ERR;
}

err privilege_drop(unsigned uid, unsigned gid, uint64_t keep_caps)
{
    if (geteuid() != 0)
        return OK_ERR;
    if (keep_caps && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return err_sys("keep capabilities");
    gid_t group = gid;
    if (setgroups(1, &group) < 0)
        return err_sys("setgroups");
    if (setresgid(gid, gid, gid) < 0)
        return err_sys("setresgid");
    if (setresuid(uid, uid, uid) < 0)
        return err_sys("setresuid");
    return set_caps(keep_caps);
}
