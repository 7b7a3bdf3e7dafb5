/* SPDX-License-Identifier: ISC */
/* How it works: an administrator's `twinpost log --follow` and `twinpost metrics` arrive as
 * knocks; a follower gets each event as a line (the guard: only failures of clients) until it goes
 * away or is too slow. */
#include <stdlib.h>

#include "ipc/admin.h"
#include "ipc/door.h"
#include "log/line.h"
#include "recorder/recorder.h"

struct follower {
    struct list link;
    struct recorder *recorder;
    struct channel *channel;
    struct loop_fd *watch;
    bool follows;
    bool failures; /* of those only what tells of an attacker: the guard's */
};

struct follow_door {
    struct recorder *recorder;
    struct channel *channel;
};

static void leave(struct follower *f)
{
    list_del(&f->link);
    loop_del(f->watch);
    channel_free(f->channel);
    free(f);
}

static void end(struct follower *f, uint32_t code, str text)
{
    struct admin_end m = {.exit_code = code, .text = text};
    (void)channel_try_send(f->channel, &admin_end_schema, 0, &m, NULL,
                           0); /* gone: nobody to tell */
    leave(f);
}

static void do_ask(struct follower *f, str words)
{
    str word, rest;
    (void)str_cut(words, '\0', &word, &rest);
    f->failures = str_eq(word, S("failures"));
    if (f->failures || str_eq(word, S("follow"))) {
        f->follows = true;
        return;
    }
    if (!str_eq(word, S("metrics"))) {
        end(f, 100, S("the recorder knows follow and metrics"));
        return;
    }
    auto_buf struct buf b;
    buf_init(&b, 60000);
    metrics_text(f->recorder, &b);
    struct admin_line line = {str_trim_end(buf_str(&b))};
    (void)channel_try_send(f->channel, &admin_line_schema, 0, &line, NULL,
                           0); /* gone: nobody to tell */
    end(f, 0, S(""));
}

static void on_follower(void *ctx, int fd, unsigned events)
{
    struct follower *f = ctx;
    (void)fd;
    (void)events;
    struct packet p;
    err e = channel_try_recv(f->channel, &p);
    if (e.kind == ERR_TEMP)
        return;
    struct admin_ask ask;
    if (failed(e) || failed(ipc_decode(&admin_ask_schema, p.bytes, &ask)))
        leave(f);
    else
        do_ask(f, ask.words);
}

static void on_knock(void *ctx, int fd, unsigned events)
{
    struct follow_door *d = ctx;
    struct recorder *r = d->recorder;
    (void)fd;
    (void)events;
    struct door_knock who;
    int theirs;
    while (!failed(door_answer(d->channel, &who, &theirs))) {
        struct follower *f = mem_alloc("follower", sizeof *f);
        *f = (struct follower){.recorder = r, .channel = channel_new(theirs)};
        list_add(&r->followers, &f->link);
        f->watch = loop_add(r->loop, theirs, LOOP_IN, on_follower, f);
    }
}

void follow_serve(struct recorder *r)
{
    static struct follow_door doors[2]; /* for ever */
    static const enum program who[2] = {PROGRAM_CTL, PROGRAM_GUARD};
    for (size_t i = 0; i < 2; i++) {
        doors[i] = (struct follow_door){r, r->boot->clients[who[i]]};
        if (doors[i].channel)
            (void)loop_add(r->loop, channel_fd(doors[i].channel), LOOP_IN, on_knock, &doors[i]);
    }
}

static bool is_failure(str line)
{
    struct log_pair p;
    return log_line_get(line, S("event"), &p) &&
           (str_eq(p.raw, S("auth.failed")) || str_eq(p.raw, S("smtp.rejected")) ||
            str_eq(p.raw, S("smtp.abuse")));
}

void follow_line(struct recorder *r, str line)
{
    list_each_safe (l, &r->followers) {
        struct follower *f = container_of(l, struct follower, link);
        if (f->follows && (!f->failures || is_failure(line)) &&
            failed(channel_try_send(f->channel, &admin_line_schema, 0, &(struct admin_line){line},
                                    NULL, 0)))
            leave(f); /* too slow or gone */
    }
}
