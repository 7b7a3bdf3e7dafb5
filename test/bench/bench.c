/* SPDX-License-Identifier: ISC */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

void bench_die(const char *format, ...)
{
    va_list a;
    va_start(a, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, a);
    fputc('\n', stderr);
    va_end(a);
    exit(1);
}

uint64_t bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const char *bench_option(int argc, char **argv, const char *name, const char *fallback)
{
    for (int i = 1; i + 1 < argc; i++)
        if (!strncmp(argv[i], "--", 2) && !strcmp(argv[i] + 2, name))
            return argv[i + 1];
    return fallback;
}

uint64_t bench_number(int argc, char **argv, const char *name, uint64_t fallback)
{
    const char *text = bench_option(argc, argv, name, NULL);
    return text ? strtoull(text, NULL, 10) : fallback;
}

bool bench_flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (!strncmp(argv[i], "--", 2) && !strcmp(argv[i] + 2, name))
            return true;
    return false;
}

static int socket_of(bool nonblocking)
{
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), 0);
    if (fd < 0)
        bench_die("socket: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

int bench_connect(uint16_t port, bool nonblocking)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket_of(nonblocking);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS)
        bench_die("connecting to port %u: %s", port, strerror(errno));
    return fd;
}

int bench_listen(uint16_t *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(*ret_port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int one = 1, fd = socket_of(true);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 512) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) < 0)
        bench_die("listening: %s", strerror(errno));
    *ret_port = ntohs(a.sin_port);
    return fd;
}

char *bench_line(struct lines *l)
{
    for (;;) {
        char *start = l->bytes + l->from;
        char *end = memchr(start, '\n', l->n);
        if (end) {
            size_t used = (size_t)(end - start) + 1;
            *end = 0;
            if (end > start && end[-1] == '\r')
                end[-1] = 0;
            l->from += used;
            l->n -= used;
            return start;
        }
        memmove(l->bytes, start, l->n);
        l->from = 0;
        if (l->n == sizeof l->bytes)
            bench_die("a line of more than %zu bytes", l->n);
        ssize_t got = read(l->fd, l->bytes + l->n, sizeof l->bytes - l->n);
        if (got <= 0)
            return NULL;
        l->n += (size_t)got;
    }
}

void bench_write(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n > 0) {
        ssize_t done = write(fd, at, n);
        if (done < 0)
            bench_die("write: %s", strerror(errno));
        at += done;
        n -= (size_t)done;
    }
}

void bench_writef(int fd, const char *format, ...)
{
    char text[4096];
    va_list a;
    va_start(a, format);
    int n = vsnprintf(text, sizeof text, format, a);
    va_end(a);
    if (n < 0 || (size_t)n >= sizeof text)
        bench_die("a command too long");
    bench_write(fd, text, (size_t)n);
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

double bench_percentile(uint64_t *values, size_t n, double p)
{
    if (n == 0)
        return 0;
    qsort(values, n, sizeof *values, by_value);
    size_t at = (size_t)((double)(n - 1) * p / 100.0);
    return (double)values[at];
}
