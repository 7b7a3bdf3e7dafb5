/* SPDX-License-Identifier: ISC */
#include "route/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ipc/door.h"
#include "log/event.h"
#include "os/clock.h"
#include "os/fd.h"

enum { ROUND = 64 }; /* questions of one channel before the others have their turn */

struct asker {
    struct route *route;
    struct channel *channel;
    struct loop_fd *watch;
};

static void asker_end(struct asker *k)
{
    loop_del(k->watch);
    channel_free(k->channel);
    k->route->n_channels--;
    free(k);
}

static err answer_one(struct route *r, struct channel *c, const struct packet *p)
{
    struct route_ask ask;
    err e = ipc_decode(&route_ask_schema, p->bytes, &ask);
    if (failed(e))
        return e;
    int64_t now = clock_ms();
    const struct route_answer *known = cache_get(r->cache, &ask, now);
    if (known)
        return channel_try_send(c, &route_answer_schema, p->id, known, NULL, 0);
    struct view v = {.site = &r->site,
                     .accounts = homes_accounts(&r->homes, str_from(r->root_path)),
                     .homes = &r->homes};
    struct route_answer answer;
    arena_reset(r->ask_arena);
    route_decide(&v, &ask, r->ask_arena, &answer);
    e = channel_try_send(c, &route_answer_schema, p->id, &answer, NULL, 0);
    if (e.kind == ERR_LIMIT) { /* a field of ours outgrew the packet: say no, do not hang up */
        answer = (struct route_answer){.outcome = ROUTE_TEMP, .text = S("address is too long")};
        return channel_try_send(c, &route_answer_schema, p->id, &answer, NULL, 0);
    }
    if (!failed(e))
        cache_put(r->cache, &ask, &answer, now);
    return e;
}

static void on_question(void *ctx, int fd, unsigned events)
{
    struct asker *k = ctx;
    (void)fd;
    (void)events;
    for (int i = 0; i < ROUND; i++) {
        struct packet p;
        err e = channel_try_recv(k->channel, &p);
        if (e.kind == ERR_TEMP)
            return;
        if (!failed(e))
            e = answer_one(k->route, k->channel, &p);
        if (!failed(e))
            continue;
        /* Who asks waits for the answer: a full buffer means that it does not read. */
        if (e.kind != ERR_CLOSED)
            log_event(NULL, EV_PROGRAM_FAILED, F_ERR(e));
        asker_end(k);
        return;
    }
}

static void on_knock(void *ctx, int fd, unsigned events)
{
    struct asker *door = ctx;
    struct route *r = door->route;
    (void)fd;
    (void)events;
    for (;;) {
        struct door_knock who;
        int channel = -1;
        err e = door_answer(door->channel, &who, &channel);
        if (e.kind == ERR_TEMP)
            return;
        if (failed(e) && e.kind != ERR_SYNTAX) {
            loop_del(door->watch); /* nobody will knock here any more */
            door->watch = NULL;
            return;
        }
        if (failed(e) || r->n_channels >= ROUTE_CHANNELS_MAX) {
            fd_close(channel);
            continue;
        }
        struct asker *k = mem_alloc("asker", sizeof *k);
        *k = (struct asker){.route = r, .channel = channel_new(channel)};
        k->watch = loop_add(r->loop, channel, LOOP_IN, on_question, k);
        r->n_channels++;
    }
}

static err load_site(struct route *r)
{
    struct site site;
    str archive;
    err e = fd_map(r->boot->site_fd, SITE_ARCHIVE_MAX, &archive);
    if (failed(e))
        return e;
    struct arena *a = arena_new("site", ROUTE_SITE_ARENA);
    e = site_parse(archive, a, &site);
    if (failed(e)) {
        arena_free(a);
        fd_unmap(archive);
        return e;
    }
    arena_free(r->site_arena);
    if (r->archive.p)
        fd_unmap(r->archive);
    r->site = site;
    r->site_arena = a;
    r->archive = archive;
    r->homes.real_users = r->boot->real_users;
    cache_drop(r->cache);
    return OK_ERR;
}

static void on_init(void *ctx, int fd, unsigned events)
{
    struct route *r = ctx;
    (void)fd;
    (void)events;
    struct packet p;
    err e = channel_try_recv(r->boot->init, &p);
    if (e.kind == ERR_TEMP)
        return;
    if (!failed(e) && p.type == IPC_INIT_SITE) {
        e = boot_message(r->boot, &p);
        if (!failed(e))
            e = load_site(r);
        if (failed(e)) /* init checked it: the old one stays, and says so */
            log_event(NULL, EV_HOUSE_RELOAD_REFUSED, F_ERR(e));
        return;
    }
    /* Told to finish, or init is gone. Nothing is promised here: every question can be asked
     * again. */
    loop_stop(r->loop);
}

static err find_root(struct route *r)
{
    if (passwd_is_system(r->homes.people))
        return OK_ERR;
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", r->root); /* it fits */
    ssize_t n = readlink(link, r->root_path, sizeof r->root_path);
    if (n < 0)
        return err_sys("find the path of the root");
    if ((size_t)n == sizeof r->root_path)
        return err_new(ERR_LIMIT, "path of the root");
    r->root_path[n] = 0;
    return OK_ERR;
}

err route_open(struct route *r, struct boot *b)
{
    *r = (struct route){.boot = b, .root = boot_dir(b, "root"), .homes = {.home = -1}};
    if (r->root < 0)
        return err_new(ERR_NOTFOUND, "init gave no root directory");
    r->loop = loop_new();
    r->cache = cache_new();
    r->ask_arena = arena_new("route question", ROUTE_ASK_ARENA);
    err e = passwd_open(r->root, &r->homes.people);
    if (!failed(e))
        e = find_root(r);
    return failed(e) ? e : load_site(r);
}

err route_run(struct route *r)
{
    static struct asker doors[PROGRAM_COUNT];
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++) {
        struct channel *c = r->boot->clients[p];
        if (!c)
            continue;
        doors[p] = (struct asker){.route = r, .channel = c};
        doors[p].watch = loop_add(r->loop, channel_fd(c), LOOP_IN, on_knock, &doors[p]);
    }
    (void)loop_add(r->loop, channel_fd(r->boot->init), LOOP_IN, on_init, r); /* for ever */
    err e = boot_ready(r->boot);
    return failed(e) ? e : loop_run(r->loop);
}

void route_close(struct route *r)
{
    loop_free(r->loop);
    cache_free(r->cache);
    arena_free(r->ask_arena);
    passwd_free(r->homes.people);
    arena_free(r->site_arena);
    if (r->archive.p)
        fd_unmap(r->archive);
    *r = (struct route){.homes = {.home = -1}};
}
