/* SPDX-License-Identifier: ISC */
#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void fd_close(int fd)
{
    if (fd < 0)
        return;
    int saved = errno;
    (void)close(fd); /* EINTR and EIO alike leave nothing to do */
    errno = saved;
}

void fd_closep(int *fd)
{
    fd_close(*fd);
    *fd = -1;
}

err fd_pair(enum fd_pair_kind kind, int *ret_a, int *ret_b)
{
    int pair[2];
    int type = kind == FD_PAIR_STREAM ? SOCK_STREAM : SOCK_SEQPACKET;
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys("socketpair");
    *ret_a = pair[0];
    *ret_b = pair[1];
    return OK_ERR;
}

err fd_set_nonblocking(int fd, bool on)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return err_sys("fcntl F_GETFL");
    int want = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
    if (want != flags && fcntl(fd, F_SETFL, want) < 0)
        return err_sys("fcntl F_SETFL");
    return OK_ERR;
}

err fd_dup_to(int fd, int to, bool cloexec)
{
    if (fd != to)
        return dup3(fd, to, cloexec ? O_CLOEXEC : 0) < 0 ? err_sys("dup3") : OK_ERR;
    if (fcntl(fd, F_SETFD, cloexec ? FD_CLOEXEC : 0) < 0)
        return err_sys("fcntl F_SETFD");
    return OK_ERR;
}

err fd_sealed(const char *name, str bytes, int *ret_fd)
{
    auto_fd int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return err_sys("memfd_create");
    for (size_t at = 0; at < bytes.n;) {
        ssize_t n = pwrite(fd, bytes.p + at, bytes.n - at, (off_t)at);
        if (n < 0 && errno != EINTR)
            return err_sys("write to memfd");
        if (n > 0)
            at += (size_t)n;
    }
    int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (fcntl(fd, F_ADD_SEALS, seals) < 0)
        return err_sys("seal memfd");
    *ret_fd = fd_take(&fd);
    return OK_ERR;
}

bool fd_is_sealed(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);
    return seals >= 0 && (seals & F_SEAL_WRITE) && (seals & F_SEAL_SHRINK);
}

err fd_size(int fd, uint64_t *ret_size)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_sys("fstat");
    *ret_size = (uint64_t)st.st_size;
    return OK_ERR;
}

err fd_map(int fd, size_t max_bytes, str *ret_bytes)
{
    uint64_t size;
    err e = fd_size(fd, &size);
    if (failed(e))
        return e;
    if (size > max_bytes)
        return err_new(ERR_LIMIT, "file to map is too large");
    if (size == 0) {
        *ret_bytes = S("");
        return OK_ERR;
    }
    void *p = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return err_sys("mmap");
    *ret_bytes = str_of(p, (size_t)size);
    return OK_ERR;
}

void fd_unmap(str bytes)
{
    if (bytes.n)
        (void)munmap((void *)(uintptr_t)bytes.p, bytes.n); /* only fails on wrong arguments */
}
