/* SPDX-License-Identifier: ISC */
/* os/fd.h -- descriptors: closing, passing on, sealed memory, socket pairs. All O_CLOEXEC. */
#pragma once
#include "base/base.h"

void fd_close(int fd);   /* keeps errno, ignores -1 */
void fd_closep(int *fd); /* the same, and leaves -1 */
#define auto_fd __attribute__((cleanup(fd_closep)))

static inline int fd_take(int *fd) /* gives the descriptor away: the variable becomes -1 */
{
    int f = *fd;
    *fd = -1;
    return f;
}

enum fd_pair_kind { FD_PAIR_STREAM, FD_PAIR_PACKET };
err fd_pair(enum fd_pair_kind kind, int *ret_a, int *ret_b); /* AF_UNIX; PACKET = SOCK_SEQPACKET */
err fd_set_nonblocking(int fd, bool on);
err fd_dup_to(int fd, int to, bool cloexec); /* dup2; fd == to only changes the flag */
/* A sealed, read-only memory file holding `bytes`; offset 0. */
err fd_sealed(const char *name, str bytes, int *ret_fd);
bool fd_is_sealed(int fd); /* nobody can change or shrink it any more */
/* Maps a whole file read-only. An empty file gives an empty view. Unmap with fd_unmap(). */
err fd_map(int fd, size_t max_bytes, str *ret_bytes);
void fd_unmap(str bytes);
err fd_size(int fd, uint64_t *ret_size);
