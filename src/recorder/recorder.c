/* SPDX-License-Identifier: ISC */
#include "recorder/recorder.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log/event.h"
#include "log/line.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/poll.h"

enum { LINE_MAX_BYTES = 16 * 1024, ROUND_MAX = 1024 * 1024, PER_SOURCE = 256, REST_MS = 4 };

/* Events come one by one and nobody waits for one: a short rest after each round makes the next
 * round take many, where each would wake us alone. What comes meanwhile waits in its socket,
 * which holds some hundreds. init's word ends the rest. */
static void flush_round(void *ctx)
{
    struct recorder *r = ctx;
    files_flush(r);
    struct pollfd p = {.fd = channel_fd(r->boot->init), .events = POLLIN};
    (void)failed(poll_until(&p, 1, deadline_in_ms(REST_MS))); /* it need not come */
}

static void show(struct recorder *r, str line)
{
    struct log_pair level;
    if (r->console < 0 || (log_line_get(line, S("level"), &level) && str_eq(level.raw, S("debug"))))
        return;
    auto_buf struct buf b;
    buf_init(&b, 4 * LINE_MAX_BYTES);
    log_line_readable(line, &b);
    buf_addc(&b, '\n');
    ssize_t n = write(r->console, b.p, b.n);
    (void)n; /* the terminal may be gone; the files have it */
}

static void take(struct recorder *r, str line)
{
    if (r->out.n > ROUND_MAX / 2)
        files_flush(r);
    buf_add(&r->out, line);
    buf_addc(&r->out, '\n');
    metrics_count(r, line);
    follow_line(r, line);
    show(r, line);
}

static void on_events(void *ctx, int fd, unsigned events)
{
    struct recorder *r = ctx;
    (void)events;
    static char packet[LINE_MAX_BYTES];
    for (int i = 0; i < PER_SOURCE; i++) { /* then the others have their turn */
        ssize_t n = recv(fd, packet, sizeof packet, MSG_DONTWAIT);
        if (n <= 0)
            break;
        str line, rest = str_of(packet, (size_t)n);
        while (
            str_cut(rest, '\n', &line, &rest)) /* a program with a loop sends a round's at once */
            take(r, line);
        take(r, line);
    }
    loop_defer(r->loop, flush_round, r);
}

static void on_init(void *ctx, int fd, unsigned events)
{
    struct recorder *r = ctx;
    (void)fd;
    (void)events;
    struct packet p;
    err e = channel_try_recv(r->boot->init, &p);
    if (e.kind == ERR_TEMP)
        return;
    if (!failed(e) && p.type == IPC_INIT_SITE)
        return; /* nothing of it is ours */
    for (enum program s = PROGRAM_INIT; s < PROGRAM_COUNT; s++)
        if (r->boot->events[s] >= 0)
            on_events(r, r->boot->events[s], LOOP_IN); /* what came before the end */
    files_flush(r);
    loop_stop(r->loop);
}

err recorder_open(struct recorder *r, struct boot *b)
{
    *r = (struct recorder){
        .boot = b, .dir = boot_dir(b, "log"), .file = -1, .console = boot_dir(b, "console")};
    list_init(&r->followers);
    buf_init(&r->out, ROUND_MAX);
    r->loop = loop_new();
    if (r->dir < 0)
        return err_new(ERR_NOTFOUND, "init gave no log directory");
    return files_open(r);
}

err recorder_run(struct recorder *r)
{
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++)
        if (r->boot->events[p] >= 0)
            (void)loop_add(r->loop, r->boot->events[p], LOOP_IN, on_events, r); /* for ever */
    (void)loop_add(r->loop, channel_fd(r->boot->init), LOOP_IN, on_init, r);
    metrics_serve(r);
    follow_serve(r);
    err e = boot_ready(r->boot);
    return failed(e) ? e : loop_run(r->loop);
}
