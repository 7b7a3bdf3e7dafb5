/* SPDX-License-Identifier: ISC */
/* test/bench/bench.h -- what the load programs share: options, sockets, time, medians.
 * They end at the first thing that is not as expected: a figure is only worth something when
 * all of it went well. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void bench_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
uint64_t bench_now(void); /* nanoseconds, monotonic */

/* "--name value" words; NULL or fallback when not given. */
const char *bench_option(int argc, char **argv, const char *name, const char *fallback);
uint64_t bench_number(int argc, char **argv, const char *name, uint64_t fallback);
bool bench_flag(int argc, char **argv, const char *name);

int bench_connect(uint16_t port, bool nonblocking); /* 127.0.0.1 */
int bench_listen(uint16_t *ret_port);

/* A blocking reader of lines, without their CRLF. */
struct lines {
    int fd;
    size_t from, n;
    char bytes[65536];
};
char *bench_line(struct lines *l); /* NUL-terminated, until the next call; NULL: closed */
void bench_write(int fd, const void *p, size_t n);
void bench_writef(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The p-th percentile; sorts. */
double bench_percentile(uint64_t *values, size_t n, double p);
