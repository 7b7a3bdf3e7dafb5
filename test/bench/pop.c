/* SPDX-License-Identifier: ISC */
/* bench-pop: logs in by POP3 and fetches all messages. --port N --user U --password P
 * [--pipeline: 50 RETRs at a time] [--rounds N: so many sessions]. Prints one JSON object; the
 * rate counts the RETRs alone, after STAT has been answered. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect_ok(struct lines *l, const char *what)
{
    char *line = bench_line(l);
    if (!line || strncmp(line, "+OK", 3))
        bench_die("%s: %s", what, line ? line : "closed");
}

static uint64_t fetch(struct lines *l, uint64_t messages, bool pipeline, uint64_t *bytes)
{
    enum { WINDOW = 50 };
    uint64_t asked = 0, start = bench_now();
    for (uint64_t got = 0; got < messages; got++) {
        if (asked == got) {
            char text[WINDOW * 24];
            size_t n = 0;
            for (uint64_t k = 0; k < (pipeline ? WINDOW : 1) && asked < messages; k++)
                n += (size_t)snprintf(text + n, sizeof text - n, "RETR %llu\r\n",
                                      (unsigned long long)++asked);
            bench_write(l->fd, text, n);
        }
        expect_ok(l, "RETR");
        char *line;
        while ((line = bench_line(l)) && strcmp(line, "."))
            *bytes += strlen(line) + 2;
        if (!line)
            bench_die("closed in a message");
    }
    return bench_now() - start;
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)bench_number(argc, argv, "port", 110);
    uint64_t rounds = bench_number(argc, argv, "rounds", 1), took = 0, total = 0, bytes = 0;
    const char *user = bench_option(argc, argv, "user", "u1");
    const char *password = bench_option(argc, argv, "password", "");
    static struct lines l;
    for (uint64_t r = 0; r < rounds; r++) {
        l = (struct lines){.fd = bench_connect(port, false)};
        expect_ok(&l, "greeting");
        bench_writef(l.fd, "USER %s\r\n", user);
        expect_ok(&l, "USER");
        bench_writef(l.fd, "PASS %s\r\n", password);
        expect_ok(&l, "PASS");
        bench_writef(l.fd, "STAT\r\n");
        char *line = bench_line(&l);
        if (!line || strncmp(line, "+OK ", 4))
            bench_die("STAT: %s", line ? line : "closed");
        uint64_t messages = strtoull(line + 4, NULL, 10);
        total += messages;
        took += fetch(&l, messages, bench_flag(argc, argv, "pipeline"), &bytes);
        bench_writef(l.fd, "QUIT\r\n");
        (void)bench_line(&l);
        close(l.fd);
    }
    printf("{\"messages\":%llu,\"bytes\":%llu,\"rate\":%.0f}\n", (unsigned long long)total,
           (unsigned long long)bytes, (double)total * 1e9 / (double)took);
}
