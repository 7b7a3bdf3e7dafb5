/* SPDX-License-Identifier: ISC */
/* How it works: every event is counted by name. The counts are served in Prometheus' text
 * format to whoever connects to control/listenmetrics: one request, one answer, closed. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log/event.h"
#include "log/line.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/net.h"
#include "recorder/recorder.h"

enum { REQUEST_MAX = 4096, SCRAPE_MS = 5000, SCRAPES_MAX = 32 };
_Static_assert(EVENT_COUNT <= 256, "struct recorder has 256 counters");

struct scrape {
    struct recorder *recorder;
    struct loop_fd *watch;
    struct loop_timer *limit;
    int fd;
};
static unsigned scrapes; /* open ones */

void metrics_count(struct recorder *r, str line)
{
    struct log_pair p;
    if (!log_line_get(line, S("event"), &p))
        return;
    for (enum event e = 0; e < EVENT_COUNT; e++) {
        if (str_eq(p.raw, str_from(event_name(e)))) {
            r->counts[e]++;
            return;
        }
    }
}

void metrics_text(const struct recorder *r, struct buf *out)
{
    buf_add(out, S("# HELP twinpost_events_total Events since the recorder started, by name.\n"
                   "# TYPE twinpost_events_total counter\n"));
    for (enum event e = 0; e < EVENT_COUNT; e++)
        buf_addf(out, "twinpost_events_total{event=\"%s\",level=\"%s\"} %llu\n", event_name(e),
                 level_name(event_level(e)), (unsigned long long)r->counts[e]);
    buf_addf(out,
             "# HELP twinpost_events_lost_total Events that no file could take.\n"
             "# TYPE twinpost_events_lost_total counter\ntwinpost_events_lost_total %llu\n",
             (unsigned long long)r->lost);
}

static void end_scrape(struct scrape *s)
{
    loop_del(s->watch);
    loop_timer_del(s->limit);
    fd_close(s->fd);
    free(s);
    scrapes--;
}

static void too_slow(void *ctx)
{
    end_scrape(ctx);
}

static void on_request(void *ctx, int fd, unsigned events)
{
    struct scrape *s = ctx;
    (void)events;
    char request[REQUEST_MAX];
    ssize_t n = recv(fd, request, sizeof request, MSG_DONTWAIT);
    if (n > 0) {
        auto_buf struct buf body, head;
        buf_init(&body, 1 << 18);
        buf_init(&head, 1 << 19);
        bool found = str_starts(str_of(request, (size_t)n), S("GET /metrics "));
        if (found)
            metrics_text(s->recorder, &body);
        buf_addf(
            &head,
            "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %zu\r\n\r\n",
            found ? "200 OK" : "404 Not Found", body.n);
        buf_add(&head, buf_str(&body));
        ssize_t sent = send(fd, head.p, head.n, MSG_DONTWAIT | MSG_NOSIGNAL);
        (void)sent; /* a scraper that went away asks again */
        (void)shutdown(fd, SHUT_WR);
    }
    end_scrape(s);
}

static void on_listener(void *ctx, int listener, unsigned events)
{
    struct recorder *r = ctx;
    (void)events;
    int fd;
    struct net_address peer;
    while (!failed(net_accept(listener, &fd, &peer))) {
        if (scrapes >= SCRAPES_MAX) {
            fd_close(fd);
            continue;
        }
        scrapes++;
        struct scrape *s = mem_alloc("scrape", sizeof *s);
        *s = (struct scrape){.recorder = r, .fd = fd};
        s->watch = loop_add(r->loop, fd, LOOP_IN, on_request, s);
        s->limit = loop_at(r->loop, deadline_in_ms(SCRAPE_MS), too_slow, s);
    }
}

void metrics_serve(struct recorder *r)
{
    for (size_t i = 0; i < r->boot->n_listeners; i++)
        (void)loop_add(r->loop, r->boot->listeners[i].fd, LOOP_IN, on_listener, r); /* for ever */
}
