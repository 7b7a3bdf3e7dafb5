/* SPDX-License-Identifier: ISC */
/* os/sandbox.h -- what a program can still do, said in one place of its main.c.
 *
 * sandbox_enter() takes away for good everything that is not named: seccomp filter by class
 * of system calls, Landlock below the named directories, no new privileges, no core dumps.
 * Where the kernel or the container permits neither, the program goes on and
 * sandbox_missing() says what is switched off; init tells it once at start.
 */
#pragma once
#include "base/base.h"

struct sandbox {
    bool files_read;  /* open files for reading (what Landlock and uid allow) */
    bool files_write; /* create, write, rename, remove, sync */
    bool files_sync;  /* fsync of what was passed in */
    bool files_stat;  /* look names up, never open their contents (O_PATH, fstatat) */
    bool net_client;  /* socket and connect to other hosts */
    bool net_accept;  /* accept on listeners that were passed in */
    bool fork;        /* fork and wait (session parents, slow-hash workers) */
    bool exec;        /* execute other programs (deliver, init) */
    bool signals;     /* kill and signal handling of children */
    bool threads;
    bool any_program;  /* runs its user's own programs, setuid ones too: nothing is taken away
                        * but root, which init took (deliver alone) */
    int read_dirs[4];  /* 0-terminated descriptors: Landlock limits reading to below these */
    int write_dirs[4]; /* the same for writing */
};

err sandbox_enter(const struct sandbox *s);
/* "seccomp", "landlock", both or "": what this kernel or container does not grant. */
const char *sandbox_missing(void);
/* The same before anything was entered: asks the kernel, changes nothing. */
const char *sandbox_not_granted(void);
/* Gives up root for good: groups, gid, uid, all capabilities but keep_caps (bit mask).
 * Does nothing for a process that is not root. */
err privilege_drop(unsigned uid, unsigned gid, uint64_t keep_caps);
