/* SPDX-License-Identifier: ISC */
/* bench-idle: holds IMAP connections in IDLE. --port N [--tls] --connections N --users N
 * [--first-user K] [--prefix u] --password P. Says "ready" when all idle, and ends with its
 * standard input. */
#include "bench.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct idler {
    int fd;
    SSL *tls;
};

static void say(struct idler *i, const char *text)
{
    if (!i->tls)
        bench_write(i->fd, text, strlen(text));
    else if (SSL_write(i->tls, text, (int)strlen(text)) <= 0)
        bench_die("TLS write failed");
}

/* Reads until a line begins with what is wanted; its lines are short. */
static void expect(struct idler *i, const char *begin)
{
    char line[4096];
    size_t n = 0;
    for (;;) {
        ssize_t got = i->tls ? SSL_read(i->tls, line + n, 1) : read(i->fd, line + n, 1);
        if (got <= 0)
            bench_die("closed while waiting for %s", begin);
        if (line[n++] != '\n' && n < sizeof line - 1)
            continue;
        line[n] = 0;
        n = 0;
        if (!strncmp(line, begin, strlen(begin)))
            return;
        if (line[0] != '*' && line[0] != '+')
            bench_die("waiting for %s: %s", begin, line);
    }
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)bench_number(argc, argv, "port", 143);
    uint64_t n = bench_number(argc, argv, "connections", 1000);
    uint64_t users = bench_number(argc, argv, "users", 1);
    uint64_t first_user = bench_number(argc, argv, "first-user", 1);
    const char *prefix = bench_option(argc, argv, "prefix", "u");
    const char *password = bench_option(argc, argv, "password", "");
    struct rlimit files = {65536, 65536};
    (void)setrlimit(RLIMIT_NOFILE, &files);
    SSL_CTX *context = bench_flag(argc, argv, "tls") ? SSL_CTX_new(TLS_client_method()) : NULL;
    struct idler *all = calloc(n, sizeof *all);
    for (uint64_t k = 0; k < n; k++) {
        char text[512];
        all[k].fd = bench_connect(port, false);
        if (context) {
            all[k].tls = SSL_new(context);
            SSL_set_fd(all[k].tls, all[k].fd);
            if (SSL_connect(all[k].tls) != 1)
                bench_die("TLS handshake failed");
        }
        expect(&all[k], "* OK");
        snprintf(text, sizeof text, "a LOGIN %s%llu %s\r\n", prefix,
                 (unsigned long long)(first_user + k % users), password);
        say(&all[k], text);
        expect(&all[k], "a OK");
        say(&all[k], "b SELECT INBOX\r\n");
        expect(&all[k], "b OK");
        say(&all[k], "c IDLE\r\n");
        expect(&all[k], "+");
    }
    puts("ready");
    fflush(stdout);
    char byte;
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
}
