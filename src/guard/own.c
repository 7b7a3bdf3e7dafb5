/* SPDX-License-Identifier: ISC */
/* guard/own.c -- jails over our own events: no text between us and ourselves, so nothing that a
 * client writes can stand where an address is expected. The recorder passes the events on. */
#include <stdlib.h>
#include <string.h>

#include "guard/guard.h"
#include "ipc/admin.h"
#include "ipc/door.h"
#include "log/line.h"
#include "os/clock.h"

enum { AGAIN_MS = 1000, ONE_DAY = 86400 };

/* Who is banned is a client that nobody would miss: the thresholds leave room for a person with
 * an old password in three devices. */
static const struct own_jail {
    const char *name;
    unsigned maxretry;
    int64_t findtime, bantime;
} own[] = {
    {"twinpost-login", 10, 600, 1800},   /* wrong passwords, all protocols together */
    {"twinpost-relay", 5, 600, 3600},    /* recipients that we do not relay to */
    {"twinpost-abuse", 3, 600, 3600},    /* smuggling, pipelining before its time, … */
    {"twinpost-helo", 20, 60, 600},      /* refused greetings by the dozen */
    {"twinpost-unknown", 50, 600, 1800}, /* guessing at names of users */
};
enum { OWN = sizeof own / sizeof own[0] };
enum { OWN_LOGIN, OWN_RELAY, OWN_ABUSE, OWN_HELO, OWN_UNKNOWN };

static const char mail_ports[] = "25,465,587,143,993,110,995,4190";

void own_jails(struct guard *g)
{
    for (size_t i = 0; i < OWN; i++) {
        struct jail_def *d = NEW(g->arena, struct jail_def);
        const struct own_jail *o = &own[i];
        *d = (struct jail_def){
            .name = str_from(o->name),
            .enabled = true,
            .backend = S("events"),
            .port = str_from(mail_ports),
            .protocol = S("tcp"),
            .maxretry = o->maxretry,
            .findtime = o->findtime,
            .bantime = o->bantime,
            .maxmatches = 5,
            .ignoreself = true,
            .growth = {.on = true, .factor = 1, .max_s = 7 * ONE_DAY},
        };
        struct jail_net local;
        if (jail_net_parse(S("127.0.0.0/8"), &local))
            vec_push(&d->ignored_nets, local);
        vec_push(&g->own_defs, d);
    }
}

static void count(struct guard *g, size_t which, str ip, str line, int64_t now)
{
    struct post *p = guard_post(g, str_from(own[which].name));
    if (p && p->jail)
        jail_attempt(p->jail, ip, 1, line, now);
}

void own_event(struct guard *g, str line, int64_t now)
{
    struct log_pair event, peer, reply, command;
    if (!log_line_get(line, S("event"), &event) || !log_line_get(line, S("peer"), &peer))
        return;
    struct jail_net net;
    if (!jail_net_parse(peer.raw, &net))
        return;
    if (str_eq(event.raw, S("auth.failed"))) {
        count(g, OWN_LOGIN, peer.raw, line, now);
    } else if (str_eq(event.raw, S("smtp.abuse"))) {
        count(g, OWN_ABUSE, peer.raw, line, now);
    } else if (str_eq(event.raw, S("smtp.rejected")) && log_line_get(line, S("reply"), &reply) &&
               log_line_get(line, S("command"), &command)) {
        if (str_istarts(command.raw, S("HELO")) || str_istarts(command.raw, S("EHLO")))
            count(g, OWN_HELO, peer.raw, line, now);
        else if (str_istarts(command.raw, S("RCPT")) &&
                 (str_find_str(reply.raw, S("rcpthosts")) >= 0 ||
                  str_find_str(reply.raw, S("5.7.1")) >= 0))
            count(g, OWN_RELAY, peer.raw, line, now);
        else if (str_istarts(command.raw, S("RCPT")) && str_find_str(reply.raw, S("5.1.1")) >= 0)
            count(g, OWN_UNKNOWN, peer.raw, line, now);
    }
}

static void lose(struct guard *g)
{
    own_close(g);
    loop_timer_move(g->doors_again, deadline_in_ms(AGAIN_MS));
}

static void on_feed(void *ctx, int fd, unsigned events)
{
    struct guard *g = ctx;
    (void)fd, (void)events; /* a hang-up is read as the end */
    struct packet p;
    struct admin_line line;
    err e;
    while (!failed(e = channel_try_recv(g->feed, &p)))
        if (!failed(ipc_decode(&admin_line_schema, p.bytes, &line)))
            own_event(g, line.text, clock_seconds());
    if (e.kind != ERR_TEMP)
        lose(g);
    guard_tick(g);
}

void own_open(struct guard *g)
{
    if (g->feed || g->draining || g->boot->doors[PROGRAM_RECORDER] < 0)
        return;
    err e = door_open(g->boot->doors[PROGRAM_RECORDER], &g->feed);
    if (!failed(e))
        e = channel_try_send(g->feed, &admin_ask_schema, 1,
                             &(struct admin_ask){str_of("failures", sizeof "failures")}, NULL, 0);
    if (failed(e)) {
        lose(g);
        return;
    }
    g->feed_watch = loop_add(g->loop, channel_fd(g->feed), LOOP_IN, on_feed, g);
}

void own_close(struct guard *g)
{
    loop_del(g->feed_watch);
    channel_free(g->feed);
    g->feed_watch = NULL;
    g->feed = NULL;
}
