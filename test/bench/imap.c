/* SPDX-License-Identifier: ISC */
/* bench-imap: times IMAP commands of one client, or drives many at once.
 *   --port N --user U --password P
 *     reads one step a line from standard input, and prints for each {"ms":…,"bytes":…}:
 *       connect              a new connection (the old one is dropped), greeting and login
 *       COMMAND              sent with a tag; the time is until its tagged OK
 *       repeat N COMMAND     so many times; ms is the median. %u is a random number from 1 to
 *                            --max, %n counts up from 1
 *       append N SIZE BOX    so many messages of that size, one after the other
 *   --mixed SECONDS --connections N --users N [--first-user K] [--prefix u] --max MESSAGES
 *     each connection does what people's clients do, in a fixed mixture; prints the rate
 *   --fill DIR --count N [--seed S]: writes N messages of about 4 KiB into DIR/cur, every tenth
 *     unseen, every fifth a multipart with an attachment, every thousandth with the word "quokka"
 *     in its text and every hundredth with "heron" in its subject; names as Dovecot gives them */
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

struct client {
    int fd;
    size_t from, n;
    uint64_t bytes;
    unsigned tag;
    char in[262144];
};

static const char *password, *prefix;
static uint16_t port;
static uint64_t biggest;

static void more(struct client *c)
{
    if (c->from) {
        memmove(c->in, c->in + c->from, c->n);
        c->from = 0;
    }
    if (c->n == sizeof c->in)
        bench_die("a line of more than %zu bytes", c->n);
    ssize_t got = read(c->fd, c->in + c->n, sizeof c->in - c->n);
    if (got <= 0)
        bench_die("closed in the middle: %.*s", (int)(c->n < 200 ? c->n : 200), c->in);
    c->n += (size_t)got;
    c->bytes += (uint64_t)got;
}

static void skip(struct client *c, uint64_t bytes)
{
    while (bytes > 0) {
        if (c->n == 0)
            more(c);
        size_t take = bytes < c->n ? (size_t)bytes : c->n;
        c->from += take;
        c->n -= take;
        bytes -= take;
    }
}

/* The next line as it stands, without CRLF; literals inside it are passed over. */
static char *next_line(struct client *c)
{
    for (;;) {
        char *start = c->in + c->from, *end = memchr(start, '\n', c->n);
        if (!end) {
            more(c);
            continue;
        }
        size_t used = (size_t)(end - start) + 1;
        *end = 0;
        if (end > start && end[-1] == '\r')
            *--end = 0;
        c->from += used;
        c->n -= used;
        if (end == start || end[-1] != '}')
            return start;
        char *brace = strrchr(start, '{');
        if (!brace)
            return start;
        skip(c, strtoull(brace + 1, NULL, 10));
    }
}

static bool is_tagged(const char *line, const char *tag)
{
    size_t n = strlen(tag);
    return !strncmp(line, tag, n) && line[n] == ' ';
}

static void finish(struct client *c, const char *tag, const char *what)
{
    char *line;
    while (!is_tagged(line = next_line(c), tag))
        ;
    if (strncmp(line + strlen(tag), " OK", 3))
        bench_die("%s: %s", what, line);
}

static void command(struct client *c, const char *text)
{
    char tag[16];
    snprintf(tag, sizeof tag, "a%u", ++c->tag);
    bench_writef(c->fd, "%s %s\r\n", tag, text);
    finish(c, tag, text);
}

static void login(struct client *c, const char *user)
{
    char text[1024];
    if (c->fd > 0)
        close(c->fd);
    c->n = c->from = 0;
    c->fd = bench_connect(port, false);
    (void)next_line(c);
    snprintf(text, sizeof text, "LOGIN %s %s", user, password);
    command(c, text);
}

/* ---- messages ---- */

static uint64_t mix(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static const char *const words[] = {
    "report", "meeting", "seminar",  "the",    "of",      "budget", "about",  "paper",
    "and",    "student", "result",   "figure", "monday",  "room",   "please", "with",
    "answer", "draft",   "server",   "backup", "account", "list",   "change", "thanks",
    "we",     "will",    "tomorrow", "data",   "model",   "page",   "number", "question"};

static size_t prose(char *to, size_t n, uint64_t *state)
{
    size_t at = 0, column = 0;
    while (at + 16 < n) {
        int m = sprintf(to + at, "%s%s", words[mix(state) % 32], column > 60 ? "\n" : " ");
        column = column > 60 ? 0 : column + (size_t)m;
        at += (size_t)m;
    }
    to[at++] = '\n';
    return at;
}

static size_t message(char *to, size_t size, uint64_t number, uint64_t *state)
{
    uint64_t from = mix(state) % 300, thread = mix(state) % (number / 4 + 1);
    int n = sprintf(to,
                    "Return-Path: <person%llu@example.test>\nReceived: from mail.example.test "
                    "(mail.example.test [192.0.2.7])\n\tby host.example.test; Mon, 16 Nov 2026 "
                    "10:%02llu:%02llu +0900\nMessage-ID: <m%llu@example.test>\nIn-Reply-To: "
                    "<m%llu@example.test>\nReferences: <m%llu@example.test>\nDate: Mon, %llu Nov "
                    "2026 10:%02llu:%02llu +0900\nFrom: Person Number %llu "
                    "<person%llu@example.test>\nTo: \"The List\" <list@example.test>, "
                    "u1@example.test\nCc: office@example.test\nSubject: Re: %s%s %s "
                    "%llu\nMIME-Version: 1.0\n",
                    (unsigned long long)from, (unsigned long long)(number / 60 % 60),
                    (unsigned long long)(number % 60), (unsigned long long)number,
                    (unsigned long long)thread, (unsigned long long)thread,
                    (unsigned long long)(1 + number % 28), (unsigned long long)(number / 60 % 60),
                    (unsigned long long)(number % 60), (unsigned long long)from,
                    (unsigned long long)from, number % 100 == 0 ? "heron " : "",
                    words[mix(state) % 32], words[mix(state) % 32], (unsigned long long)thread);
    size_t at = (size_t)n;
    const char *rare = number % 1000 == 7 ? "a quokka sat here\n" : "";
    if (number % 5) {
        at += (size_t)sprintf(to + at, "Content-Type: text/plain; charset=utf-8\n\n%s", rare);
        return at + prose(to + at, size - at, state);
    }
    at += (size_t)sprintf(to + at,
                          "Content-Type: multipart/mixed; boundary=\"=-part-%llu\"\n\n"
                          "--=-part-%llu\nContent-Type: text/plain; charset=us-ascii\n\n%s",
                          (unsigned long long)number, (unsigned long long)number, rare);
    at += prose(to + at, (size - at) / 2, state);
    at += (size_t)sprintf(to + at,
                          "\n--=-part-%llu\nContent-Type: application/octet-stream; "
                          "name=\"data%llu.bin\"\nContent-Transfer-Encoding: base64\n"
                          "Content-Disposition: attachment; filename=\"data%llu.bin\"\n\n",
                          (unsigned long long)number, (unsigned long long)number,
                          (unsigned long long)number);
    while (at + 120 < size) {
        for (int i = 0; i < 72; i++)
            to[at++] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[mix(state) & 63];
        to[at++] = '\n';
    }
    return at + (size_t)sprintf(to + at, "\n--=-part-%llu--\n", (unsigned long long)number);
}

static void fill(const char *dir, uint64_t count, uint64_t seed)
{
    for (uint64_t i = 1; i <= count; i++) {
        char text[8192], path[4096];
        uint64_t state = seed + i * 7919, lines = 0;
        size_t n = message(text, 4096, i, &state);
        for (size_t k = 0; k < n; k++)
            lines += text[k] == '\n';
        snprintf(path, sizeof path, "%s/cur/%llu.M%lluP1.bench,S=%zu,W=%llu:2,%s", dir,
                 (unsigned long long)(1700000000 + i), (unsigned long long)i, n,
                 (unsigned long long)(n + lines), i % 10 ? "S" : "");
        int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || write(fd, text, n) != (ssize_t)n)
            bench_die("%s: %s", path, strerror(errno));
        close(fd);
    }
}

/* ---- steps of one client ---- */

static void step_append(struct client *c, const char *args)
{
    unsigned long long n = 0, size = 0;
    char box[256] = "", text[65536];
    uint64_t state = bench_now(), times[4096];
    if (sscanf(args, "%llu %llu %255s", &n, &size, box) != 3 || n > 4096 || size > sizeof text / 2)
        bench_die("append %s", args);
    for (unsigned long long i = 0; i < n; i++) {
        char tag[16], crlf[65536];
        size_t m = message(text, size, i + 1, &state), k = 0;
        for (size_t j = 0; j < m; j++) {
            if (text[j] == '\n')
                crlf[k++] = '\r';
            crlf[k++] = text[j];
        }
        snprintf(tag, sizeof tag, "a%u", ++c->tag);
        uint64_t start = bench_now();
        bench_writef(c->fd, "%s APPEND %s {%zu}\r\n", tag, box, k);
        char *line = next_line(c);
        if (line[0] != '+')
            bench_die("append: %s", line);
        bench_write(c->fd, crlf, k);
        bench_write(c->fd, "\r\n", 2);
        finish(c, tag, "append");
        times[i] = bench_now() - start;
    }
    double sum = 0;
    for (unsigned long long i = 0; i < n; i++)
        sum += (double)times[i];
    printf("{\"ms\":%.4f,\"rate\":%.1f}\n", bench_percentile(times, n, 50) / 1e6,
           (double)n * 1e9 / sum);
}

static void instance(char *to, size_t room, const char *pattern, uint64_t number, uint64_t *state)
{
    size_t at = 0;
    for (const char *p = pattern; *p && at + 24 < room; p++) {
        if (p[0] == '%' && (p[1] == 'u' || p[1] == 'n')) {
            uint64_t v = p[1] == 'n' ? number : 1 + mix(state) % (biggest ? biggest : 1);
            at += (size_t)sprintf(to + at, "%llu", (unsigned long long)v);
            p++;
        } else
            to[at++] = *p;
    }
    to[at] = 0;
}

static void step_repeat(struct client *c, const char *args)
{
    char *rest, text[4096];
    uint64_t n = strtoull(args, &rest, 10), state = 1, *times = calloc(n ? n : 1, sizeof *times);
    for (uint64_t i = 0; i < n; i++) {
        instance(text, sizeof text, rest + strspn(rest, " "), i + 1, &state);
        uint64_t start = bench_now();
        command(c, text);
        times[i] = bench_now() - start;
    }
    printf("{\"ms\":%.4f}\n", bench_percentile(times, n, 50) / 1e6);
    free(times);
}

static void steps(const char *user)
{
    static struct client c;
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        c.bytes = 0;
        if (!strncmp(line, "append ", 7)) {
            step_append(&c, line + 7);
        } else if (!strncmp(line, "repeat ", 7)) {
            step_repeat(&c, line + 7);
        } else {
            uint64_t start = bench_now();
            if (!strcmp(line, "connect"))
                login(&c, user);
            else
                command(&c, line);
            printf("{\"ms\":%.4f,\"bytes\":%llu}\n", (double)(bench_now() - start) / 1e6,
                   (unsigned long long)c.bytes);
        }
        fflush(stdout);
    }
}

/* ---- many clients at once ---- */

static uint64_t end, users, first_user;
static _Atomic uint64_t done;

static void *busy(void *arg)
{
    static const char *const mixture[] = {"UID FETCH %u (FLAGS BODY.PEEK[])",
                                          "FETCH %u (UID FLAGS RFC822.SIZE ENVELOPE)",
                                          "NOOP",
                                          "FETCH %u BODY.PEEK[HEADER.FIELDS (FROM SUBJECT DATE)]",
                                          "STORE %u +FLAGS (\\Seen)",
                                          "FETCH %u (BODYSTRUCTURE)",
                                          "SEARCH UNSEEN",
                                          "STATUS INBOX (MESSAGES UNSEEN)",
                                          "STORE %u -FLAGS (\\Seen)",
                                          "UID FETCH %u (FLAGS BODY.PEEK[])"};
    uint64_t k = (uint64_t)(uintptr_t)arg, state = k * 31 + 5;
    struct client *c = calloc(1, sizeof *c);
    char text[512];
    snprintf(text, sizeof text, "%s%llu", prefix, (unsigned long long)(first_user + k % users));
    login(c, text);
    command(c, "SELECT INBOX");
    for (uint64_t i = k; bench_now() < end; i++, done++) {
        instance(text, sizeof text, mixture[i % 10], i, &state);
        command(c, text);
    }
    close(c->fd);
    free(c);
    return NULL;
}

static void mixed(uint64_t seconds, uint64_t connections)
{
    pthread_t all[256];
    uint64_t start = bench_now();
    end = start + seconds * 1000000000u;
    for (uint64_t i = 0; i < connections && i < 256; i++)
        pthread_create(&all[i], NULL, busy, (void *)(uintptr_t)i);
    for (uint64_t i = 0; i < connections && i < 256; i++)
        pthread_join(all[i], NULL);
    printf("{\"rate\":%.0f}\n", (double)done * 1e9 / (double)(bench_now() - start));
}

int main(int argc, char **argv)
{
    const char *dir = bench_option(argc, argv, "fill", NULL);
    uint64_t seconds = bench_number(argc, argv, "mixed", 0);
    port = (uint16_t)bench_number(argc, argv, "port", 143);
    password = bench_option(argc, argv, "password", "");
    prefix = bench_option(argc, argv, "prefix", "u");
    users = bench_number(argc, argv, "users", 1);
    first_user = bench_number(argc, argv, "first-user", 1);
    biggest = bench_number(argc, argv, "max", 1);
    if (dir)
        fill(dir, bench_number(argc, argv, "count", 1000), bench_number(argc, argv, "seed", 1));
    else if (seconds)
        mixed(seconds, bench_number(argc, argv, "connections", 20));
    else
        steps(bench_option(argc, argv, "user", "u1"));
}
