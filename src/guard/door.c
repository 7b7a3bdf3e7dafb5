/* SPDX-License-Identifier: ISC */
/* guard/door.c -- front is told of bans that concern our own ports (ipc/ban.h): it refuses at the
 * door even where nftables is not permitted, and ends what is open. A front that starts anew is
 * told all of them again. */
#include <stdio.h>
#include <stdlib.h>

#include "guard/guard.h"
#include "ipc/ban.h"
#include "ipc/door.h"
#include "os/clock.h"

enum { AGAIN_MS = 1000 };

static void lose(struct guard *g)
{
    loop_del(g->front_watch);
    channel_free(g->front);
    g->front_watch = NULL;
    g->front = NULL;
    g->door_flight = 0;
    vec_done(&g->door_words);
    g->door_at = 0;
    loop_timer_move(g->doors_again, deadline_in_ms(AGAIN_MS));
}

static err say(struct guard *g, const struct door_word *w)
{
    int64_t now = clock_seconds();
    if (!w->until)
        return channel_try_send(g->front, &ban_lift_schema, 1, &(struct ban_lift){str_from(w->id)},
                                NULL, 0);
    struct ban_add add = {.address = str_from(w->id), .drop = 1, .reason = S("guard")};
    add.seconds = w->until == INT64_MAX ? 0 : (uint64_t)(w->until > now ? w->until - now : 1);
    return channel_try_send(g->front, &ban_add_schema, 1, &add, NULL, 0);
}

static void pump(struct guard *g)
{
    while (g->front && g->door_flight < GUARD_DOOR_FLIGHT && g->door_at < g->door_words.n) {
        err e = say(g, &g->door_words.at[g->door_at]);
        if (e.kind == ERR_TEMP)
            return; /* an answer will come and go on */
        if (failed(e)) {
            lose(g);
            return;
        }
        g->door_at++;
        g->door_flight++;
    }
    if (g->door_at == g->door_words.n) {
        vec_done(&g->door_words);
        g->door_at = 0;
    }
}

static void on_front(void *ctx, int fd, unsigned events)
{
    struct guard *g = ctx;
    (void)fd, (void)events; /* a hang-up is read as the end */
    struct packet p;
    err e;
    while (!failed(e = channel_try_recv(g->front, &p)))
        g->door_flight -= g->door_flight > 0; /* a ban that front has no room for stays ours */
    if (e.kind != ERR_TEMP)
        lose(g);
    else
        pump(g);
}

void door_ban(struct guard *g, str id, int64_t until)
{
    struct door_word w = {.until = until};
    if (!g->front || id.n >= sizeof w.id || g->door_words.n >= GUARD_DOOR_QUEUE)
        return;
    (void)snprintf(w.id, sizeof w.id, "%.*s", STR_ARG(id)); /* fits */
    vec_push(&g->door_words, w);
    pump(g);
}

void door_all(struct guard *g)
{
    for (size_t i = 0; i < g->posts.n; i++) {
        struct post *p = g->posts.at[i];
        size_t at = 0;
        str id;
        int64_t since, until;
        while (p->jail && p->at_door && jail_banned_next(p->jail, &at, &id, &since, &until))
            door_ban(g, id, until);
    }
}

void door_open_front(struct guard *g)
{
    if (g->front || g->draining || g->boot->doors[PROGRAM_FRONT] < 0)
        return;
    err e = door_open(g->boot->doors[PROGRAM_FRONT], &g->front);
    if (failed(e)) {
        g->front = NULL;
        loop_timer_move(g->doors_again, deadline_in_ms(AGAIN_MS));
        return;
    }
    g->front_watch = loop_add(g->loop, channel_fd(g->front), LOOP_IN, on_front, g);
    door_all(g);
}

void door_close_front(struct guard *g)
{
    loop_del(g->front_watch);
    channel_free(g->front);
    vec_done(&g->door_words);
    g->front_watch = NULL;
    g->front = NULL;
}
