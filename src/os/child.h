/* SPDX-License-Identifier: ISC */
/* os/child.h -- starting programs with exactly the descriptors, rights and limits named. */
#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include "base/base.h"

struct child_fd {
    int fd; /* in the parent */
    int to; /* in the child */
};

struct child_limit {
    int resource; /* RLIMIT_… */
    rlim_t value;
};

struct child_spec {
    const char *path;        /* of the program; or exec_fd */
    int exec_fd;             /* > 0: execute this open file */
    const char *const *argv; /* NULL-terminated */
    const char *const *envp; /* NULL: empty environment */
    const struct child_fd *fds;
    size_t n_fds;     /* everything else is close-on-exec */
    bool change_user; /* set uid, gid, and groups (only gid) for good */
    uid_t uid;
    gid_t gid;
    int cwd_fd;      /* > 0: fchdir there */
    const char *cwd; /* or chdir there, as the user */
    const struct child_limit *limits;
    size_t n_limits;
    bool new_group;     /* own process group */
    uint64_t keep_caps; /* capability bits to stay effective and ambient, 0: none */
};

/* Starts it (vfork: costs no copy of the parent). Errors of exec are reported here. */
err child_start(const struct child_spec *spec, pid_t *ret_pid);
err child_wait(pid_t pid, deadline by, int *ret_status); /* ERR_TIMEOUT leaves it running */
void child_kill(pid_t pid, int signo);                   /* negative pid: the group */

/* A copy of this process: *ret_pid is 0 in the child. For session parents alone. In the child no
 * further process may be made (RLIMIT_NPROC, where the user is not root). */
err child_fork(pid_t *ret_pid);
/* From now on ended children vanish by themselves: nobody asks for their status. */
void children_ignore(void);
void children_wait(void); /* until the last one has ended */
