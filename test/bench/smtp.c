/* SPDX-License-Identifier: ISC */
/* bench-smtp: hands messages in by SMTP, over kept connections or one a message, and (with
 * --watch) sees them arrive in Maildirs by inotify. One process, one epoll loop, so that it
 * takes little of the processor that it shares with what it measures.
 *
 *   --port N --connections N --size BYTES --seconds S | --count N
 *   --users N [--first-user K] --domain D    recipients uK … round robin
 *   --fresh      a connection for each message
 *   --pipeline   MAIL, RCPT and DATA at once (RFC 2920)
 *   --watch DIR  DIR/uK/Maildir/new is watched; waits until all have arrived
 *
 * Prints one JSON object. backlog_max_ms: the longest time that an answered message was not yet
 * seen in a Maildir (the k-th arrival held against the k-th 250). */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

enum step { CONNECT, GREETING, HELO, MAIL, RCPT, DATA, BODY, QUIT, IDLE };
struct connection {
    int fd;
    enum step step;
    uint64_t began;
    size_t in_n, out_n, out_done;
    char in[8192];
    char *out;
};
static struct {
    uint16_t port;
    uint64_t connections, size, count, end, users, first_user;
    const char *domain;
    bool fresh, pipeline;
} o;
static uint64_t started, answered, arrived, next_user, live, backlog_max, refused;
static uint64_t *answer_times, *latencies, times_max;
static char *body;
static size_t body_n;
static int epoll;
static uint64_t last_answer, last_arrival;

static void make_body(void)
{
    body = malloc(o.size + 1024);
    body_n = (size_t)sprintf(body,
                             "From: source@elsewhere.test\r\nTo: list@%s\r\nSubject: a "
                             "message of the bench\r\nDate: Tue, 24 Nov 2026 12:00:00 "
                             "+0000\r\nMessage-ID: <bench@elsewhere.test>\r\n\r\n",
                             o.domain);
    while (body_n + 3 < o.size) {
        size_t left = o.size - body_n - 2, n = left > 76 ? 76 : left;
        memset(body + body_n, 'a', n);
        body_n += n;
        body[body_n++] = '\r';
        body[body_n++] = '\n';
    }
    body_n += (size_t)sprintf(body + body_n, ".\r\n");
}

static void watch_output(struct connection *c, bool on)
{
    struct epoll_event ev = {.events = EPOLLIN | (on ? (unsigned)EPOLLOUT : 0u), .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &ev);
}

static void flush(struct connection *c)
{
    while (c->out_done < c->out_n) {
        ssize_t n = send(c->fd, c->out + c->out_done, c->out_n - c->out_done, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch_output(c, true);
            return;
        }
        if (n < 0)
            bench_die("send: %s", strerror(errno));
        c->out_done += (size_t)n;
    }
    c->out_done = c->out_n = 0;
}

static void say(struct connection *c, const char *text, size_t n)
{
    if (c->out_n + n > o.size + 8192)
        bench_die("more to say than expected");
    memcpy(c->out + c->out_n, text, n);
    c->out_n += n;
}

static bool more_to_send(void)
{
    return o.count ? started < o.count : bench_now() < o.end;
}

static void say_rcpt(struct connection *c)
{
    char text[512];
    int n = snprintf(text, sizeof text, "RCPT TO:<u%llu@%s>\r\n",
                     (unsigned long long)(o.first_user + next_user++ % o.users), o.domain);
    say(c, text, (size_t)n);
}

static void open_connection(struct connection *c);

/* Begins a message, or ends the connection when there are no more. */
static void begin(struct connection *c)
{
    if (!more_to_send()) {
        say(c, "QUIT\r\n", 6);
        c->step = QUIT;
        return;
    }
    started++;
    c->began = bench_now();
    static const char mail[] = "MAIL FROM:<source@elsewhere.test>\r\n";
    say(c, mail, sizeof mail - 1);
    c->step = MAIL;
    if (o.pipeline) {
        say_rcpt(c);
        say(c, "DATA\r\n", 6);
    }
}

static void message_answered(struct connection *c)
{
    uint64_t now = bench_now();
    if (answered < times_max) {
        latencies[answered] = now - c->began;
        answer_times[answered] = now;
    }
    answered++;
    last_answer = now;
    if (o.fresh) {
        say(c, "QUIT\r\n", 6);
        c->step = QUIT;
    } else {
        begin(c);
    }
}

static void heard(struct connection *c, const char *line)
{
    char expected = c->step == DATA ? '3' : '2';
    if (line[0] != expected) {
        if (line[0] == '4' && refused++ < 3)
            fprintf(stderr, "bench-smtp: refused: %s\n", line);
        bench_die("step %d: %s", (int)c->step, line);
    }
    switch (c->step) {
    case GREETING:
        say(c, "EHLO source.elsewhere.test\r\n", 28);
        c->step = HELO;
        break;
    case HELO:
        begin(c);
        break;
    case MAIL:
        if (!o.pipeline)
            say_rcpt(c);
        c->step = RCPT;
        break;
    case RCPT:
        if (!o.pipeline)
            say(c, "DATA\r\n", 6);
        c->step = DATA;
        break;
    case DATA:
        say(c, body, body_n);
        c->step = BODY;
        break;
    case BODY:
        message_answered(c);
        break;
    default:
        break;
    }
}

static void closed(struct connection *c)
{
    if (c->step != QUIT)
        bench_die("the connection ended in step %d", (int)c->step);
    close(c->fd);
    live--;
    c->step = IDLE;
    if (o.fresh && more_to_send())
        open_connection(c);
}

static void readable(struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_n, sizeof c->in - c->in_n, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        closed(c);
        return;
    }
    c->in_n += (size_t)n;
    char *at = c->in, *end;
    while ((end = memchr(at, '\n', c->in_n - (size_t)(at - c->in)))) {
        *end = 0;
        if (end - at < 4 || at[3] != '-')
            heard(c, at);
        at = end + 1;
    }
    c->in_n -= (size_t)(at - c->in);
    memmove(c->in, at, c->in_n);
    flush(c);
}

static void open_connection(struct connection *c)
{
    c->fd = bench_connect(o.port, true);
    c->step = GREETING;
    c->in_n = c->out_n = c->out_done = 0;
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &ev);
    live++;
}

/* ---- arrivals ---- */

static int watch_homes(const char *homes)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    for (uint64_t i = 0; i < o.users; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/u%llu/Maildir/new", homes,
                 (unsigned long long)(o.first_user + i));
        if (inotify_add_watch(fd, path, IN_MOVED_TO | IN_CREATE) < 0)
            bench_die("%s: %s", path, strerror(errno));
    }
    return fd;
}

static void note_backlog(uint64_t now)
{
    if (arrived < answered && arrived < times_max && now - answer_times[arrived] > backlog_max)
        backlog_max = now - answer_times[arrived];
}

static void arrivals(int fd)
{
    static char events[256 * 1024] __attribute__((aligned(8)));
    ssize_t n;
    note_backlog(bench_now());
    while ((n = read(fd, events, sizeof events)) > 0) {
        for (char *p = events; p < events + n;) {
            struct inotify_event *ev = (struct inotify_event *)(void *)p;
            if (ev->mask & IN_Q_OVERFLOW)
                bench_die("more arrivals at once than inotify holds: raise max_queued_events");
            arrived++;
            p += sizeof *ev + ev->len;
        }
        last_arrival = bench_now();
    }
}

static void run(struct connection *all, int watch)
{
    struct epoll_event events[256];
    uint64_t next_look = 0, patience = 0;
    while (live || (watch >= 0 && arrived < answered)) {
        int n = epoll_wait(epoll, events, 256, watch >= 0 ? 5 : -1);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT) {
                watch_output(c, false);
                flush(c);
            }
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                readable(c);
        }
        /* Looking every 5 ms rather than waking for each keeps the watcher cheap. */
        uint64_t now = watch >= 0 ? bench_now() : 0;
        if (watch >= 0 && now >= next_look) {
            next_look = now + 5000000;
            arrivals(watch);
        }
        if (!live && !patience)
            patience = bench_now() + 120ull * 1000000000u;
        if (patience && bench_now() > patience)
            bench_die("%llu of %llu messages have not arrived",
                      (unsigned long long)(answered - arrived), (unsigned long long)answered);
    }
    (void)all;
}

int main(int argc, char **argv)
{
    o.port = (uint16_t)bench_number(argc, argv, "port", 25);
    o.connections = bench_number(argc, argv, "connections", 1);
    o.size = bench_number(argc, argv, "size", 4096);
    o.count = bench_number(argc, argv, "count", 0);
    o.users = bench_number(argc, argv, "users", 1);
    o.first_user = bench_number(argc, argv, "first-user", 1);
    o.domain = bench_option(argc, argv, "domain", "example.test");
    o.fresh = bench_flag(argc, argv, "fresh");
    o.pipeline = bench_flag(argc, argv, "pipeline");
    uint64_t seconds = bench_number(argc, argv, "seconds", 10);
    const char *homes = bench_option(argc, argv, "watch", NULL);
    times_max = o.count ? o.count : 4000000;
    answer_times = calloc(times_max, sizeof *answer_times);
    latencies = calloc(times_max, sizeof *latencies);
    struct connection *all = calloc(o.connections, sizeof *all);
    if (!answer_times || !latencies || !all)
        bench_die("no memory");
    make_body();
    epoll = epoll_create1(EPOLL_CLOEXEC);
    int watch = homes ? watch_homes(homes) : -1;
    uint64_t start = bench_now();
    o.end = start + seconds * 1000000000u;
    for (uint64_t i = 0; i < o.connections; i++) {
        all[i].out = malloc(o.size + 8192);
        open_connection(&all[i]);
    }
    run(all, watch);
    uint64_t n = answered < times_max ? answered : times_max;
    printf("{\"messages\":%llu,\"seconds\":%.3f,\"rate\":%.1f,", (unsigned long long)answered,
           (double)(last_answer - start) / 1e9,
           (double)answered * 1e9 / (double)(last_answer - start));
    if (watch >= 0)
        printf("\"arrived\":%llu,\"arrived_rate\":%.1f,\"backlog_max_ms\":%.1f,",
               (unsigned long long)arrived, (double)arrived * 1e9 / (double)(last_arrival - start),
               (double)backlog_max / 1e6);
    printf("\"p50_us\":%.0f,", bench_percentile(latencies, n, 50) / 1e3);
    printf("\"p99_us\":%.0f}\n", bench_percentile(latencies, n, 99) / 1e3);
}
