/* SPDX-License-Identifier: ISC */
/* bench-sink: an SMTP server that throws all away and counts. --port N (0: any; printed first).
 * A line on its standard input is answered with "COUNT SECONDS": messages so far, and the time
 * from the first to the last of them; after the line "reset" it counts anew. Ends with its input. */
#include "bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer {
    int fd;
    bool in_data;
    size_t n;
    char bytes[128 * 1024];
};
static uint64_t count, first, last;
static int epoll;

static const char *answer(struct peer *p, const char *line)
{
    if (!strncasecmp(line, "EHLO", 4))
        return "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n";
    if (!strncasecmp(line, "DATA", 4)) {
        p->in_data = true;
        return "354 go\r\n";
    }
    return !strncasecmp(line, "QUIT", 4) ? "221 bye\r\n" : "250 ok\r\n";
}

/* Takes what is complete; what it leaves is the start of something. */
static size_t take(struct peer *p, char *reply, size_t *reply_n)
{
    char *at = p->bytes, *end = p->bytes + p->n;
    *reply_n = 0;
    for (;;) {
        const char *text;
        if (p->in_data) {
            char *dot = memmem(at, (size_t)(end - at), "\r\n.\r\n", 5);
            if (!dot) /* keeps what may be the start of the end */
                return (size_t)(end - at) > 4 ? (size_t)(end - at) - 4 : 0;
            at = dot + 5;
            p->in_data = false;
            last = bench_now();
            if (!count++)
                first = last;
            text = "250 ok\r\n";
        } else {
            char *nl = memchr(at, '\n', (size_t)(end - at));
            if (!nl)
                break;
            *nl = 0;
            text = answer(p, at);
            at = nl + 1;
        }
        size_t n = strlen(text);
        memcpy(reply + *reply_n, text, n);
        *reply_n += n;
        memmove(p->bytes, at, (size_t)(end - at));
        end -= at - p->bytes;
        at = p->bytes;
        p->n = (size_t)(end - at);
    }
    return 0;
}

static void serve(struct peer *p)
{
    static char reply[128 * 1024];
    size_t reply_n;
    ssize_t n = recv(p->fd, p->bytes + p->n, sizeof p->bytes - p->n, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        close(p->fd);
        free(p);
        return;
    }
    p->n += (size_t)n;
    size_t drop = take(p, reply, &reply_n);
    memmove(p->bytes, p->bytes + drop, p->n - drop);
    p->n -= drop;
    if (reply_n && send(p->fd, reply, reply_n, MSG_NOSIGNAL) < 0)
        bench_die("send: %s", strerror(errno));
}

static bool told(void)
{
    char line[64];
    if (read(STDIN_FILENO, line, sizeof line) <= 0)
        return false;
    printf("%llu %.6f\n", (unsigned long long)count, count ? (double)(last - first) / 1e9 : 0.0);
    fflush(stdout);
    if (line[0] == 'r')
        count = 0;
    return true;
}

int main(int argc, char **argv)
{
    uint16_t port = (uint16_t)bench_number(argc, argv, "port", 0);
    int listener = bench_listen(&port);
    printf("%u\n", port);
    fflush(stdout);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event in = {.events = EPOLLIN, .data.ptr = &in},
                       ev = {.events = EPOLLIN, .data.ptr = NULL};
    epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &in);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &ev);
    for (;;) {
        struct epoll_event events[64];
        int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &in) {
                if (!told())
                    return 0;
            } else if (events[i].data.ptr) {
                serve(events[i].data.ptr);
            } else {
                struct peer *p = calloc(1, sizeof *p);
                p->fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                if (p->fd < 0) {
                    free(p);
                    continue;
                }
                struct epoll_event add = {.events = EPOLLIN, .data.ptr = p};
                epoll_ctl(epoll, EPOLL_CTL_ADD, p->fd, &add);
                if (send(p->fd, "220 sink ESMTP\r\n", 16, MSG_NOSIGNAL) < 0)
                    close(p->fd);
            }
        }
    }
}
