/* SPDX-License-Identifier: ISC */
/* How it works: each right is a list of system calls; the filter is one straight list of
 * comparisons that the kernel compiles. Written by hand because every session loads one:
 * libseccomp took 0.4 ms and 28 KiB a process for the same result. */
#include "os/sandbox_filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
#define OUR_ARCH 0 /* unknown: no filter, and sandbox_missing() says so */
#endif

enum {
    CALLS_MAX = 240,       /* a jump reaches 255 instructions */
    X32_CALLS = 0x40000000 /* another numbering of the same calls */
};

static const int always[] = {
    SYS_recvmsg,
    SYS_sendmsg,
    SYS_recvfrom,
    SYS_sendto,
    SYS_read,
    SYS_write,
    SYS_epoll_pwait,
    SYS_ppoll,
    SYS_clock_gettime,
    SYS_close,
    SYS_futex,
    SYS_readv,
    SYS_writev,
    SYS_fstat,
    SYS_lseek,
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_brk,
    SYS_pselect6,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait2,
    SYS_eventfd2,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_signalfd4,
    SYS_recvmmsg,
    SYS_sendmmsg,
    SYS_shutdown,
    SYS_socketpair,
    SYS_getsockopt,
    SYS_setsockopt,
    SYS_getsockname,
    SYS_getpeername,
    SYS_fcntl,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getpid,
    SYS_gettid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getgroups,
    SYS_getrandom,
    SYS_memfd_create,
    SYS_pread64,
    SYS_pwrite64,
    SYS_preadv,
    SYS_pwritev,
    SYS_exit,
    SYS_exit_group,
    SYS_futex_waitv,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigtimedwait,
    SYS_sigaltstack,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_set_robust_list,
    SYS_rseq,
    SYS_restart_syscall,
    SYS_prlimit64,
    SYS_getrlimit,
    SYS_getrusage,
    SYS_uname,
    SYS_sysinfo,
    SYS_umask,
    SYS_prctl,
    SYS_tgkill,
    SYS_ioctl,
    SYS_membarrier,
#ifdef SYS_open /* calls that newer architectures never had */
    SYS_epoll_wait,
    SYS_poll,
    SYS_select,
    SYS_dup2,
    SYS_time,
    SYS_arch_prctl,
#endif
};

static const int stat_calls[] = {
    SYS_newfstatat, SYS_statx,   SYS_faccessat, SYS_faccessat2, SYS_readlinkat,
    SYS_openat,     SYS_openat2, SYS_statfs,    SYS_fstatfs,
#ifdef SYS_open /* calls that newer architectures never had */
    SYS_stat,       SYS_lstat,   SYS_access,    SYS_readlink,   SYS_open,
#endif
};

static const int read_calls[] = {
    SYS_getdents64,
    SYS_chdir,
    SYS_fchdir,
    SYS_getcwd,
    SYS_flock,
    SYS_fadvise64,
    SYS_inotify_init1,
    SYS_inotify_add_watch,
    SYS_inotify_rm_watch,
    SYS_copy_file_range,
    SYS_sendfile,
    SYS_splice,
    SYS_readahead,
};

static const int write_calls[] = {
    SYS_fsync,
    SYS_fdatasync,
    SYS_sync_file_range,
    SYS_syncfs,
    SYS_ftruncate,
    SYS_truncate,
    SYS_fallocate,
    SYS_renameat,
    SYS_renameat2,
    SYS_linkat,
    SYS_unlinkat,
    SYS_mkdirat,
    SYS_symlinkat,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_flock,
    SYS_msync,
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    SYS_mknodat,
    SYS_bind,
#ifdef SYS_open /* calls that newer architectures never had */
    SYS_rename,
    SYS_link,
    SYS_unlink,
    SYS_mkdir,
    SYS_rmdir,
    SYS_symlink,
    SYS_chmod,
    SYS_creat,
#endif
};

static const int sync_calls[] = {
    SYS_fsync,
    SYS_fdatasync,
};

static const int client_calls[] = {
    SYS_socket,
    SYS_connect,
    SYS_bind,
};

static const int accept_calls[] = {
    SYS_accept4,
    SYS_accept,
    SYS_listen,
};

static const int fork_calls[] = {
    SYS_clone,   SYS_clone3, SYS_wait4,      SYS_waitid,
    SYS_setpgid, SYS_setsid, SYS_pidfd_open, SYS_setpriority,
#ifdef SYS_open /* calls that newer architectures never had */
    SYS_fork,    SYS_vfork,
#endif
};

static const int exec_calls[] = {
    SYS_execve, SYS_execveat, SYS_setrlimit, SYS_chdir, SYS_fchdir,
};

static const int signal_calls[] = {
    SYS_kill,  SYS_wait4, SYS_waitid, SYS_pidfd_open, SYS_pidfd_send_signal, SYS_setitimer,
#ifdef SYS_open /* calls that newer architectures never had */
    SYS_alarm,
#endif
};

static const int thread_calls[] = {
    SYS_clone, SYS_clone3, SYS_sched_setaffinity, SYS_sched_getscheduler, SYS_sched_getparam,
};

struct calls {
    int at[CALLS_MAX];
    size_t n;
    bool too_many;
};

static void allow(struct calls *c, const int *calls, size_t n, bool wanted)
{
    for (size_t i = 0; wanted && i < n; i++) {
        if (c->n == CALLS_MAX)
            c->too_many = true;
        else
            c->at[c->n++] = calls[i];
    }
}
#define ALLOW(c, calls, wanted) allow((c), (calls), sizeof(calls) / sizeof((calls)[0]), (wanted))

static void collect(const struct sandbox *s, struct calls *c)
{
    bool any_read = s->files_read || s->files_write;
    ALLOW(c, always, true);
    ALLOW(c, stat_calls, any_read || s->files_stat || s->exec);
    ALLOW(c, read_calls, any_read || s->exec);
    ALLOW(c, write_calls, s->files_write);
    ALLOW(c, sync_calls, s->files_sync);
    ALLOW(c, client_calls, s->net_client);
    ALLOW(c, accept_calls, s->net_accept);
    ALLOW(c, fork_calls, s->fork || s->exec);
    ALLOW(c, exec_calls, s->exec);
    ALLOW(c, signal_calls, s->signals || s->fork || s->exec);
    ALLOW(c, thread_calls, s->threads);
}

#define LOAD(field)                                                                                \
    (struct sock_filter)                                                                           \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define IF_EQUAL(value, yes, no)                                                                   \
    (struct sock_filter)                                                                           \
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), (uint8_t)(yes), (uint8_t)(no))
#define IF_AT_LEAST(value, yes, no)                                                                \
    (struct sock_filter)                                                                           \
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)(value), (uint8_t)(yes), (uint8_t)(no))
#define ANSWER(what) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, (what))
#define REFUSE ANSWER(SECCOMP_RET_ERRNO | EPERM)

bool sandbox_filter_calls(const struct sandbox *s)
{
    struct calls c = {.n = 0};
    collect(s, &c);
    if (OUR_ARCH == 0 || c.too_many)
        return false;
    struct sock_filter f[CALLS_MAX + 16];
    unsigned short n = 0;
    f[n++] = LOAD(arch);
    f[n++] = IF_EQUAL(OUR_ARCH, 1, 0);
    f[n++] = ANSWER(SECCOMP_RET_KILL_PROCESS);
    f[n++] = LOAD(nr);
    f[n++] = IF_AT_LEAST(X32_CALLS, 0, 1);
    f[n++] = REFUSE;
    for (size_t i = 0; i < c.n; i++) /* to ALLOW: over the other calls and the four below */
        f[n++] = IF_EQUAL(c.at[i], c.n - 1 - i + 4, 0);
    /* fstat() of today's C library is newfstatat() with an empty path: needed to map what was
     * passed in. The filter cannot see that the path is empty, only that it may be. */
    f[n++] = IF_EQUAL(SYS_newfstatat, 0, 2);
    f[n++] = LOAD(args[3]); /* its low half: both of our architectures are little-endian */
    f[n++] = IF_EQUAL(AT_EMPTY_PATH, 1, 0);
    f[n++] = REFUSE;
    f[n++] = ANSWER(SECCOMP_RET_ALLOW);
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){n, f}, 0, 0) == 0;
}
