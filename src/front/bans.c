/* SPDX-License-Identifier: ISC */
/* How it works: an administrator's connection, or a program's, arrives as a knock at one of
 * front's own doors and stays until it closes. */
#include <stdlib.h>

#include "front/front.h"
#include "ipc/ban.h"
#include "ipc/door.h"
#include "os/clock.h"
#include "os/fd.h"

enum { ASKERS_MAX = 64 };

struct asker {
    struct list link;
    struct front *front;
    struct channel *channel;
    struct loop_fd *watch;
};

static void leave(struct asker *a)
{
    list_del(&a->link);
    loop_del(a->watch);
    channel_free(a->channel);
    a->front->n_askers--;
    free(a);
}

/* An asker who does not read his answers is let go, with false. */
static bool done(struct asker *a, uint32_t id, const struct ban_done *d)
{
    if (!failed(channel_try_send(a->channel, &ban_done_schema, id, d, NULL, 0)))
        return true;
    leave(a);
    return false;
}

static bool refused(struct asker *a, uint32_t id, str why)
{
    return done(a, id, &(struct ban_done){.text = why});
}

static uint32_t end_sessions(struct front *f, const struct ledger_key *k)
{
    uint32_t n = 0;
    list_each_safe (l, &f->conns) {
        struct conn *c = container_of(l, struct conn, link);
        struct ledger_key one;
        if (!ledger_key_of(str_from(c->ip), &one) || !ledger_key_covers(k, &one) ||
            ledger_is_self(str_from(c->ip)))
            continue;
        conn_close(c);
        n++;
    }
    return n;
}

static bool add(struct asker *a, uint32_t id, const struct ban_add *q)
{
    enum { SECONDS_MAX = INT32_MAX };
    struct front *f = a->front;
    struct ledger_key k;
    char room[LEDGER_KEY_TEXT];
    if (!ledger_key_parse(q->address, &k))
        return refused(a, id, S("that is no address and no network"));
    if (ledger_is_self(q->address))
        return refused(a, id, S("that is this host itself, which is never banned"));
    int64_t now = clock_ms();
    int64_t seconds = q->seconds > SECONDS_MAX ? SECONDS_MAX : (int64_t)q->seconds;
    err e = ledger_ban(f->ledger, &k, q->reason, now, seconds ? now + seconds * 1000 : INT64_MAX);
    if (failed(e))
        return refused(a, id, str_from(err_text(e)));
    struct ban_done d = {.ok = 1, .dropped = q->drop ? end_sessions(f, &k) : 0};
    log_event(NULL, EV_BAN_STARTED, F_STR("peer", ledger_key_text(&k, room)),
              F_INT("seconds", seconds), F_STR("reason", q->reason), F_INT("dropped", d.dropped));
    return done(a, id, &d);
}

static bool lift(struct asker *a, uint32_t id, const struct ban_lift *q)
{
    struct ledger_key k;
    char room[LEDGER_KEY_TEXT];
    if (!ledger_key_parse(q->address, &k))
        return refused(a, id, S("that is no address and no network"));
    if (!ledger_lift(a->front->ledger, &k))
        return refused(a, id, S("that address is not banned"));
    log_event(NULL, EV_BAN_LIFTED, F_STR("peer", ledger_key_text(&k, room)));
    return done(a, id, &(struct ban_done){.ok = 1});
}

static bool list(struct asker *a, uint32_t id)
{
    size_t at = 0;
    struct ledger_ban b;
    char room[LEDGER_KEY_TEXT];
    while (ledger_next(a->front->ledger, &at, clock_ms(), &b)) {
        struct ban_entry e = {.address = ledger_key_text(&b.key, room),
                              .by_rule = b.reason.n == 0,
                              .bans = b.bans,
                              .reason = b.reason};
        e.seconds = b.left_ms == INT64_MAX ? 0 : (uint64_t)(b.left_ms + 999) / 1000;
        if (failed(channel_try_send(a->channel, &ban_entry_schema, id, &e, NULL, 0))) {
            leave(a); /* thousands of bans, and nobody reads: its end says that this is not all */
            return false;
        }
    }
    return done(a, id, &(struct ban_done){.ok = 1});
}

/* False: the asker is gone. */
static bool answer(struct asker *a, const struct packet *p)
{
    struct ban_add q;
    struct ban_lift l;
    struct ban_list all;
    if (p->type == IPC_BAN_ADD && !failed(ipc_decode(&ban_add_schema, p->bytes, &q)))
        return add(a, p->id, &q);
    if (p->type == IPC_BAN_LIFT && !failed(ipc_decode(&ban_lift_schema, p->bytes, &l)))
        return lift(a, p->id, &l);
    if (p->type == IPC_BAN_LIST && !failed(ipc_decode(&ban_list_schema, p->bytes, &all)))
        return list(a, p->id);
    leave(a);
    return false;
}

static void on_asker(void *ctx, int fd, unsigned events)
{
    struct asker *a = ctx;
    (void)fd, (void)events; /* a hang-up is read as the end */
    struct packet p;
    err e;
    while (!failed(e = channel_try_recv(a->channel, &p)))
        if (!answer(a, &p))
            return;
    if (e.kind != ERR_TEMP)
        leave(a);
}

static void on_knock(void *ctx, int fd, unsigned events)
{
    struct ban_door *d = ctx;
    (void)fd, (void)events;
    struct door_knock who;
    int theirs;
    err e;
    while (!failed(e = door_answer(d->channel, &who, &theirs))) {
        if (d->front->n_askers >= ASKERS_MAX) {
            fd_close(theirs);
            continue;
        }
        struct asker *a = mem_alloc("asker", sizeof *a);
        *a = (struct asker){.front = d->front, .channel = channel_new(theirs)};
        list_add(&d->front->askers, &a->link);
        d->front->n_askers++;
        a->watch = loop_add(d->front->loop, theirs, LOOP_IN, on_asker, a);
    }
    if (e.kind != ERR_TEMP && e.kind != ERR_SYNTAX) {
        loop_del(d->watch); /* nobody will knock here any more */
        d->watch = NULL;
    }
}

void bans_serve(struct front *f)
{
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++) {
        struct ban_door *d = &f->ban_doors[p];
        *d = (struct ban_door){.front = f, .channel = f->boot->clients[p]};
        if (d->channel)
            d->watch = loop_add(f->loop, channel_fd(d->channel), LOOP_IN, on_knock, d);
    }
}

void bans_close(struct front *f)
{
    while (!list_empty(&f->askers))
        leave(container_of(f->askers.next, struct asker, link));
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++)
        loop_del(f->ban_doors[p].watch);
}

struct ledger_rules bans_rules(const struct site *s)
{
    struct ledger_rules r = ledger_defaults;
    r.threshold = (unsigned)s->banpoints;
    r.window_ms = (int64_t)s->banwindow * 1000;
    r.first_ban_ms = (int64_t)s->bantime * 1000;
    r.growth = (unsigned)s->bangrowth;
    r.longest_ban_ms = (int64_t)s->maxbantime * 1000;
    r.quiet_ms = (int64_t)s->banforget * 1000;
    return r;
}
