/* SPDX-License-Identifier: ISC */
/* Preloaded into every program of a house under test: records what is written, named and
 * synced, so that test/kit/power.py can build what a loss of power may leave at any moment.
 *
 * How it works: TWP_RECORD names a file of a fixed size that all programs map: a head, then
 * records one behind the other. Each change of the file system is made and recorded under one
 * lock, so that the order of the records is the order of the changes. A sync is made without
 * the lock and covers what was recorded before it began. The real calls are made by
 * syscall(2); the mapping is there before a sandbox closes, and recording needs no other call
 * than stat, which every program that may change files has.
 * Files are known by their inode; what was made outside the house is for power.py to ignore.
 */
#undef _FILE_OFFSET_BITS /* each of the C library's names is defined here, not one for the other   \
                          */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

struct head {         /* power.py reads and writes it too */
    uint64_t end;     /* the next record's offset */
    uint64_t size;    /* of the file */
    uint64_t device;  /* the house's file system */
    uint64_t trouble; /* no room, or a lock whose holder had gone: the recording is worthless */
    uint32_t lock;
};

enum kind {
    REC_WRITE = 1, /* inode, offset, length; bytes, or none for zeros */
    REC_TRUNCATE,  /* inode, size */
    REC_CREATE,    /* directory, inode, uid << 32 | mode; name */
    REC_RENAME,    /* directory, directory, inode; name, name */
    REC_LINK,      /* directory, inode; name */
    REC_UNLINK,    /* directory; name */
    REC_SYNC,      /* inode, where it began, data only? */
    REC_SYNC_ALL,  /* -, where it began */
    REC_CHMOD,     /* inode, mode */
    REC_CHOWN,     /* inode, uid, gid */
    REC_TIME,      /* inode, seconds */
};

struct record {
    uint32_t size; /* with everything, a multiple of 8 */
    uint16_t kind, name_bytes;
    uint64_t a, b, c;
    uint32_t bytes, name2_bytes;
};

static struct head *head;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("TWP_RECORD");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    struct stat st;
    void *p = MAP_FAILED;
    if (fstat(fd, &st) == 0 && (size_t)st.st_size > sizeof *head)
        p = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd); /* the mapping stays */
    if (p != MAP_FAILED)
        head = p;
}

/* ---- one at a time ---- */

static void take(void)
{
    struct timespec pause = {.tv_nsec = 20 * 1000};
    for (int i = 0; i < 100000; i++) { /* two seconds at least */
        uint32_t none = 0;
        if (__atomic_compare_exchange_n(&head->lock, &none, 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return;
        if (i > 100)
            (void)nanosleep(&pause, NULL);
    }
    (void)__atomic_add_fetch(&head->trouble, 1, __ATOMIC_RELAXED);
}

static void give(void)
{
    int kept = errno;
    __atomic_store_n(&head->lock, 0, __ATOMIC_RELEASE);
    errno = kept;
}

/* ---- records ---- */

static bool all_zero(const struct iovec *v, int n)
{
    for (int i = 0; i < n; i++) {
        const char *p = v[i].iov_base;
        if (v[i].iov_len && (p[0] || memcmp(p, p + 1, v[i].iov_len - 1) != 0))
            return false;
    }
    return true;
}

/* Room for a record with so many octets behind it; NULL when the file is full. */
static struct record *room(enum kind kind, size_t bytes)
{
    size_t size = (sizeof(struct record) + bytes + 7) / 8 * 8;
    if (head->end + size > head->size) {
        head->trouble++;
        return NULL;
    }
    struct record *r = (struct record *)(void *)((char *)head + head->end);
    *r = (struct record){.size = (uint32_t)size, .kind = (uint16_t)kind};
    return r;
}

static void finish(const struct record *r)
{
    __atomic_store_n(&head->end, head->end + r->size, __ATOMIC_RELEASE);
}

static void note(enum kind kind, uint64_t a, uint64_t b, uint64_t c, const char *name,
                 const char *name2)
{
    size_t n = name ? strlen(name) : 0, n2 = name2 ? strlen(name2) : 0;
    struct record *r = room(kind, n + n2);
    if (!r)
        return;
    r->a = a;
    r->b = b;
    r->c = c;
    r->name_bytes = (uint16_t)n;
    r->name2_bytes = (uint32_t)n2;
    char *p = (char *)(r + 1);
    if (n)
        memcpy(p, name, n);
    if (n2)
        memcpy(p + n, name2, n2);
    finish(r);
}

static void note_write(uint64_t inode, uint64_t at, const struct iovec *v, int n, size_t written)
{
    bool zeros = all_zero(v, n);
    struct record *r = room(REC_WRITE, zeros ? 0 : written);
    if (!r)
        return;
    r->a = inode;
    r->b = at;
    r->c = written;
    r->bytes = zeros ? 0 : (uint32_t)written;
    char *p = (char *)(r + 1);
    for (int i = 0; i < n && !zeros && written; i++) {
        size_t part = v[i].iov_len < written ? v[i].iov_len : written;
        memcpy(p, v[i].iov_base, part);
        p += part;
        written -= part;
    }
    finish(r);
}

/* ---- which file ---- */

static bool ours(int fd, struct stat *ret_st)
{
    int kept = errno;
    bool yes = head && fstat(fd, ret_st) == 0 && ret_st->st_dev == head->device &&
               (S_ISREG(ret_st->st_mode) || S_ISDIR(ret_st->st_mode));
    errno = kept;
    return yes;
}

/* The directory that path's last part stands in; false: not on the house's file system. */
static bool parent(int dir, const char *path, uint64_t *ret_inode, const char **ret_name)
{
    char folder[4096] = ".";
    const char *slash = strrchr(path, '/');
    if (slash) {
        size_t n = slash == path ? 1 : (size_t)(slash - path);
        if (n >= sizeof folder)
            return false;
        memcpy(folder, path, n);
        folder[n] = 0;
    }
    struct stat st;
    if (fstatat(dir, folder, &st, 0) < 0 || st.st_dev != head->device)
        return false;
    *ret_inode = st.st_ino;
    *ret_name = slash ? slash + 1 : path;
    return true;
}

static void note_create(int dir, const char *path, const struct stat *st)
{
    uint64_t inode;
    const char *name;
    if (parent(dir, path, &inode, &name))
        note(REC_CREATE, inode, st->st_ino, (uint64_t)st->st_uid << 32 | st->st_mode, name, NULL);
}

/* ---- names ---- */

static int open_noted(int dir, const char *path, int flags, mode_t mode)
{
    if (!head || !(flags & (O_CREAT | O_TRUNC)) || (flags & O_TMPFILE) == O_TMPFILE)
        return (int)syscall(SYS_openat, dir, path, flags, mode);
    take();
    struct stat st;
    int kept = errno;
    bool fresh = (flags & O_CREAT) && fstatat(dir, path, &st, 0) < 0;
    errno = kept;
    int fd = (int)syscall(SYS_openat, dir, path, flags, mode);
    if (fd >= 0 && ours(fd, &st)) {
        if (fresh)
            note_create(dir, path, &st);
        else if ((flags & O_TRUNC) && S_ISREG(st.st_mode))
            note(REC_TRUNCATE, st.st_ino, 0, 0, NULL, NULL);
    }
    give();
    return fd;
}

static mode_t mode_of(int flags, va_list more)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
}

#define OPENS(name)                                                                                \
    PUBLIC int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = mode_of(flags, more);                                                        \
        va_end(more);                                                                              \
        return open_noted(AT_FDCWD, path, flags, mode);                                            \
    }
#define OPENS_AT(name)                                                                             \
    PUBLIC int name(int dir, const char *path, int flags, ...)                                     \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = mode_of(flags, more);                                                        \
        va_end(more);                                                                              \
        return open_noted(dir, path, flags, mode);                                                 \
    }
OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)
PUBLIC int __open_2(const char *path, int flags);
PUBLIC int __open_2(const char *path, int flags)
{
    return open_noted(AT_FDCWD, path, flags, 0);
}
PUBLIC int __openat_2(int dir, const char *path, int flags);
PUBLIC int __openat_2(int dir, const char *path, int flags)
{
    return open_noted(dir, path, flags, 0);
}

PUBLIC int mkdirat(int dir, const char *path, mode_t mode)
{
    if (!head)
        return (int)syscall(SYS_mkdirat, dir, path, mode);
    take();
    int done = (int)syscall(SYS_mkdirat, dir, path, mode);
    struct stat st;
    int kept = errno;
    if (done == 0 && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
        note_create(dir, path, &st);
    errno = kept;
    give();
    return done;
}

PUBLIC int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

PUBLIC int renameat2(int dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    if (!head)
        return (int)syscall(SYS_renameat2, dir, from, to_dir, to, flags);
    take();
    int done = (int)syscall(SYS_renameat2, dir, from, to_dir, to, flags);
    struct stat st;
    uint64_t a, b;
    const char *name, *name2;
    int kept = errno;
    if (done == 0 && fstatat(to_dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        parent(dir, from, &a, &name) && parent(to_dir, to, &b, &name2))
        note(REC_RENAME, a, b, st.st_ino, name, name2);
    errno = kept;
    give();
    return done;
}

PUBLIC int renameat(int dir, const char *from, int to_dir, const char *to)
{
    return renameat2(dir, from, to_dir, to, 0);
}

PUBLIC int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

PUBLIC int linkat(int dir, const char *from, int to_dir, const char *to, int flags)
{
    if (!head)
        return (int)syscall(SYS_linkat, dir, from, to_dir, to, flags);
    take();
    int done = (int)syscall(SYS_linkat, dir, from, to_dir, to, flags);
    struct stat st;
    uint64_t inode;
    const char *name;
    int kept = errno;
    if (done == 0 && fstatat(to_dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        parent(to_dir, to, &inode, &name))
        note(REC_LINK, inode, st.st_ino, 0, name, NULL);
    errno = kept;
    give();
    return done;
}

PUBLIC int unlinkat(int dir, const char *path, int flags)
{
    if (!head)
        return (int)syscall(SYS_unlinkat, dir, path, flags);
    take();
    int done = (int)syscall(SYS_unlinkat, dir, path, flags);
    uint64_t inode;
    const char *name;
    int kept = errno;
    if (done == 0 && parent(dir, path, &inode, &name))
        note(REC_UNLINK, inode, 0, 0, name, NULL);
    errno = kept;
    give();
    return done;
}

PUBLIC int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

PUBLIC int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

/* ---- contents ---- */

enum { HERE = -1 };

static ssize_t write_noted(int fd, const struct iovec *v, int n, off_t at)
{
    struct stat st;
    if (!ours(fd, &st))
        return at == HERE ? syscall(SYS_writev, fd, v, n) : syscall(SYS_pwritev, fd, v, n, at, 0);
    take();
    ssize_t done =
        at == HERE ? syscall(SYS_writev, fd, v, n) : syscall(SYS_pwritev, fd, v, n, at, 0);
    if (done > 0) {
        off_t end = at == HERE ? lseek(fd, 0, SEEK_CUR) : at + done;
        note_write(st.st_ino, (uint64_t)(end - done), v, n, (size_t)done);
    }
    give();
    return done;
}

PUBLIC ssize_t write(int fd, const void *p, size_t n)
{
    struct stat st;
    if (!ours(fd, &st)) /* sockets and pipes: as it came */
        return syscall(SYS_write, fd, p, n);
    return write_noted(fd, &(struct iovec){(void *)(uintptr_t)p, n}, 1, HERE);
}

PUBLIC ssize_t writev(int fd, const struct iovec *v, int n)
{
    return write_noted(fd, v, n, HERE);
}

PUBLIC ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
    return write_noted(fd, &(struct iovec){(void *)(uintptr_t)p, n}, 1, at);
}

PUBLIC ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    return pwrite(fd, p, n, at);
}

PUBLIC ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at)
{
    return write_noted(fd, v, n, at);
}

PUBLIC int ftruncate(int fd, off_t size)
{
    struct stat st;
    if (!ours(fd, &st))
        return (int)syscall(SYS_ftruncate, fd, size);
    take();
    int done = (int)syscall(SYS_ftruncate, fd, size);
    if (done == 0)
        note(REC_TRUNCATE, st.st_ino, (uint64_t)size, 0, NULL, NULL);
    give();
    return done;
}

PUBLIC int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

/* ---- what else an inode knows ---- */

PUBLIC int fchmod(int fd, mode_t mode)
{
    int done = (int)syscall(SYS_fchmod, fd, mode);
    struct stat st;
    if (done == 0 && ours(fd, &st)) {
        take();
        note(REC_CHMOD, st.st_ino, mode, 0, NULL, NULL);
        give();
    }
    return done;
}

PUBLIC int fchown(int fd, uid_t uid, gid_t gid)
{
    int done = (int)syscall(SYS_fchown, fd, uid, gid);
    struct stat st;
    if (done == 0 && ours(fd, &st)) {
        take();
        note(REC_CHOWN, st.st_ino, st.st_uid, st.st_gid, NULL, NULL);
        give();
    }
    return done;
}

PUBLIC int futimens(int fd, const struct timespec times[2])
{
    int done = (int)syscall(SYS_utimensat, fd, NULL, times, 0);
    struct stat st;
    if (done == 0 && ours(fd, &st)) {
        take();
        note(REC_TIME, st.st_ino, (uint64_t)st.st_mtime, 0, NULL, NULL);
        give();
    }
    return done;
}

/* ---- syncs ---- */

static int sync_noted(long call, int fd, enum kind kind, bool data_only)
{
    struct stat st;
    uint64_t began = head ? __atomic_load_n(&head->end, __ATOMIC_ACQUIRE) : 0;
    int done = (int)syscall(call, fd);
    if (done == 0 && ours(fd, &st)) {
        take();
        note(kind, st.st_ino, began, data_only, NULL, NULL);
        give();
    }
    return done;
}

PUBLIC int fsync(int fd)
{
    return sync_noted(SYS_fsync, fd, REC_SYNC, false);
}

PUBLIC int fdatasync(int fd)
{
    return sync_noted(SYS_fdatasync, fd, REC_SYNC, true);
}

PUBLIC int syncfs(int fd)
{
    return sync_noted(SYS_syncfs, fd, REC_SYNC_ALL, false);
}
