/* SPDX-License-Identifier: ISC */
/* bench-disk: what this disk can do. --dir D --seconds S --threads N --size BYTES
 *   files: each thread writes a file in tmp/, fsyncs it, renames it into new/, fsyncs new/:
 *          what a Maildir delivery with synced directories costs;
 *   log:   one thread, pwrite and fdatasync over a file written with zeros before.
 * Prints one JSON object of both rates. */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int tmp_fd, new_fd;
static uint64_t end, size;
static _Atomic uint64_t serial, done;

static void *write_files(void *arg)
{
    char *bytes = calloc(1, size);
    while (bench_now() < end) {
        char name[64];
        snprintf(name, sizeof name, "f%llu", (unsigned long long)serial++);
        int fd = openat(tmp_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || fsync(fd) < 0)
            bench_die("%s: %s", name, strerror(errno));
        close(fd);
        if (renameat(tmp_fd, name, new_fd, name) < 0 || fsync(new_fd) < 0)
            bench_die("%s: %s", name, strerror(errno));
        done++;
    }
    free(bytes);
    return arg;
}

static int folder(const char *dir, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    mkdir(path, 0700);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        bench_die("%s: %s", path, strerror(errno));
    return fd;
}

static double files(const char *dir, uint64_t seconds, uint64_t threads)
{
    pthread_t all[256];
    tmp_fd = folder(dir, "tmp");
    new_fd = folder(dir, "new");
    uint64_t start = bench_now();
    end = start + seconds * 1000000000u;
    for (uint64_t i = 0; i < threads; i++)
        pthread_create(&all[i], NULL, write_files, NULL);
    for (uint64_t i = 0; i < threads; i++)
        pthread_join(all[i], NULL);
    return (double)done * 1e9 / (double)(bench_now() - start);
}

static double log_rate(const char *dir, uint64_t seconds)
{
    enum { LOG = 64 << 20 };
    char path[4096], *zeros = calloc(1, 1 << 20);
    snprintf(path, sizeof path, "%s/log", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    for (int i = 0; i < LOG >> 20; i++)
        if (write(fd, zeros, 1 << 20) != 1 << 20)
            bench_die("%s: %s", path, strerror(errno));
    fsync(fd);
    uint64_t n = 0, start = bench_now(), stop = start + seconds * 1000000000u;
    for (off_t at = 0; bench_now() < stop; n++, at = (at + (off_t)size) % (LOG - (1 << 20)))
        if (pwrite(fd, zeros, size, at) != (ssize_t)size || fdatasync(fd) < 0)
            bench_die("%s: %s", path, strerror(errno));
    uint64_t took = bench_now() - start;
    close(fd);
    unlink(path);
    free(zeros);
    return (double)n * 1e9 / (double)took;
}

int main(int argc, char **argv)
{
    const char *dir = bench_option(argc, argv, "dir", ".");
    uint64_t seconds = bench_number(argc, argv, "seconds", 3);
    uint64_t threads = bench_number(argc, argv, "threads", 32);
    size = bench_number(argc, argv, "size", 4096);
    if (threads > 256 || size > 1 << 20)
        bench_die("at most 256 threads and 1 MiB");
    mkdir(dir, 0700);
    double f = bench_flag(argc, argv, "no-files") ? 0 : files(dir, seconds, threads);
    double l = bench_flag(argc, argv, "no-log") ? 0 : log_rate(dir, seconds);
    printf("{\"files\":%.0f,\"log\":%.0f}\n", f, l);
}
