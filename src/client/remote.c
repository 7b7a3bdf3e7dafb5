/* SPDX-License-Identifier: ISC */
#include "client/remote.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "client/remote_private.h"
#include "os/clock.h"

struct remote {
    const struct remote_options *o;
    struct smtp_client *client;
    struct arena *arena; /* of the present connection: what its options point to */
    struct smtp_options so;
    struct net_address peer;
    str host, route_host; /* what the present connection is for */
    uint16_t route_port;
};

struct remote *remote_new(const struct remote_options *o)
{
    struct remote *r = mem_alloc("remote", sizeof *r);
    r->o = o;
    r->client = smtp_client_new();
    r->arena = arena_new("connection", 1 << 20);
    return r;
}

void remote_close_idle(struct remote *r)
{
    smtp_quit(r->client);
}

void remote_free(struct remote *r)
{
    if (!r)
        return;
    smtp_quit(r->client);
    smtp_client_free(r->client);
    arena_free(r->arena);
    free(r);
}

bool remote_has_connection(const struct remote *r)
{
    return smtp_is_open(r->client);
}

const struct smtp_client *remote_client(const struct remote *r)
{
    return r->client;
}

static void note_peer(struct remote_report *report, const struct net_address *a)
{
    char text[INET6_ADDRSTRLEN + 1];
    str ip = net_address_text(a, text, sizeof text);
    snprintf(report->peer, sizeof report->peer, "%.*s", STR_ARG(ip));
}

static bool fits(const struct remote *r, str host, const struct remote_route *route)
{
    return smtp_is_open(r->client) && str_ieq(r->host, host) &&
           str_ieq(r->route_host, route->host) && r->route_port == route->port &&
           str_eq(r->so.user, route->user) && str_eq(r->so.password, route->password);
}

/* The server may have closed an idle connection just now; a fresh one makes that good. Only
 * before anything was answered: later the message may be taken already. */
static bool went_stale(const struct remote *r, err e)
{
    enum smtp_stage stage = smtp_stage(r->client);
    unsigned code = smtp_last(r->client)->code;
    if (smtp_is_open(r->client) || stage != SMTP_STAGE_MAIL)
        return false;
    return (code == 0 && (e.kind == ERR_CLOSED || e.kind == ERR_SYS)) || code == 421;
}

static void prepare(struct remote *r, str host, const struct remote_route *route,
                    const struct candidate *c)
{
    const struct remote_options *o = r->o;
    bool login = route->user.n > 0;
    smtp_quit(r->client);
    arena_reset(r->arena);
    r->host = arena_copy(r->arena, host);
    r->route_host = arena_copy(r->arena, route->host);
    r->route_port = route->port;
    r->peer = c->address;
    bool at_once = o->tls && route->host.n && route->port == 465;
    bool must = at_once || (login && o->tls && !net_address_is_loopback(&c->address));
    r->so = (struct smtp_options){
        .helo = o->helo,
        .connect_ms = o->connect_ms,
        .command_ms = o->command_ms,
        .source = c->address.ss.ss_family == AF_INET6 ? o->source6 : o->source4,
        .tls = !o->tls ? SMTP_TLS_NEVER
               : must  ? SMTP_TLS_REQUIRED
                       : SMTP_TLS_OFFERED,
        .tls_at_once = at_once,
        .side = o->tls,
        .tls_host = arena_copy(r->arena, c->host),
        .user = arena_copy(r->arena, route->user),
        .password = arena_copy(r->arena, route->password),
    };
}

/* A connection that mail can go over, from the candidates in their order. What the last one
 * that answered said stays in the report if none serves. */
static bool connect_any(struct remote *r, struct arena *a, str host,
                        const struct remote_route *route, const struct candidates *list,
                        struct remote_report *report)
{
    bool timed_out = false, answered = false;
    remote_say(report, 'Z', S("Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)\n"));
    for (size_t i = 0; i < list->n && i < REMOTE_TRIES_MAX; i++) {
        const struct candidate *c = &list->at[i];
        if (r->o->dead && dead_hosts_skip(r->o->dead, &c->address, clock_seconds())) {
            timed_out = true;
            continue;
        }
        prepare(r, host, route, c);
        err e = smtp_open(r->client, &c->address, &r->so);
        bool no_answer = failed(e) && smtp_stage(r->client) == SMTP_STAGE_CONNECT;
        bool late = no_answer && (e.kind == ERR_TIMEOUT || e.sys == ETIMEDOUT);
        timed_out = timed_out || late;
        if (r->o->dead && late)
            dead_hosts_timeout(r->o->dead, &c->address, clock_seconds());
        else if (r->o->dead)
            dead_hosts_alive(r->o->dead, &c->address);
        if (no_answer)
            continue;
        answered = true;
        note_peer(report, &c->address);
        report->connected = !failed(e);
        if (report->connected)
            return true;
        remote_describe(report, a, r->client, e, NULL, 0);
    }
    report->timed_out = timed_out && !answered;
    return false;
}

static void send_now(struct remote *r, struct arena *a, const struct smtp_message *m,
                     struct smtp_recipient *recipients, size_t n, struct remote_report *report)
{
    err e = smtp_deliver(r->client, a, m, recipients, n);
    remote_describe(report, a, r->client, e, recipients, n);
}

void remote_deliver(struct remote *r, struct arena *a, str host, const struct remote_route *route,
                    const struct smtp_message *m, struct smtp_recipient *recipients, size_t n,
                    struct remote_report *ret)
{
    struct candidates list;
    *ret = (struct remote_report){0};
    if (fits(r, host, route)) {
        note_peer(ret, &r->peer);
        err e = smtp_deliver(r->client, a, m, recipients, n);
        if (!failed(e) || !went_stale(r, e)) {
            remote_describe(ret, a, r->client, e, recipients, n);
            return;
        }
    }
    if (!remote_candidates(r->o, a, host, route, &list, ret))
        return;
    if (connect_any(r, a, host, route, &list, ret))
        send_now(r, a, m, recipients, n, ret);
}
