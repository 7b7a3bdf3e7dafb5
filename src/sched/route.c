/* SPDX-License-Identifier: ISC */
/* How it works: an address is asked once; who asks meanwhile waits with the question. The
 * answer is believed for SCHED_ROUTE_SECONDS, so that a burst to one address costs one
 * question. Entries are counted: jobs hold the answer they were made from. */
#include <stdlib.h>
#include <string.h>

#include "ipc/door.h"
#include "log/event.h"
#include "os/clock.h"
#include "sched/sched.h"

static void ask_more(struct sched *s);

void route_unref(struct route_entry *e)
{
    if (!e || --e->refs)
        return;
    free(e->memory);
    free(e);
}

static struct route_entry *entry_new(struct sched *s, str address)
{
    struct route_entry *e = mem_alloc("route", sizeof *e + address.n);
    char *key = (char *)(e + 1);
    memcpy(key, address.p, address.n);
    *e = (struct route_entry){.refs = 1, .address = str_of(key, address.n)};
    list_init(&e->waiting);
    list_init(&e->link);
    map_put(s->routes, e->address, e);
    return e;
}

static void forget(struct sched *s, struct route_entry *e)
{
    if (map_get(s->routes, e->address) == e) {
        (void)map_take(s->routes, e->address);
        route_unref(e);
    }
}

static void forget_some(struct sched *s, int64_t now, bool all)
{
    size_t at = 0;
    str key;
    void *value;
    while (map_next(s->routes, &at, &key, &value)) {
        struct route_entry *e = value;
        if (e->known && (all || e->until_ms <= now))
            forget(s, e);
    }
}

void route_flush(struct sched *s)
{
    forget_some(s, 0, true);
}

/* The answer is there: the recipient goes on. Takes one reference. */
static void go_on(struct sched *s, struct queue_message *m, uint32_t number, struct route_entry *e)
{
    if (m->rcpts[number].state != RCPT_FLYING) { /* dropped meanwhile */
        queue_result(s->queue, m, number, RCPT_LOSE, 0, S(""), S(""));
        result_finish(s, m);
        route_unref(e);
        return;
    }
    struct lane *l = NULL;
    if (e->answer.outcome == ROUTE_LOCAL)
        l = lane_local(s, &e->answer);
    else if (e->answer.outcome == ROUTE_REMOTE)
        l = lane_remote(s, e->answer.host);
    if (l) {
        lane_add(l, m, number, e);
        return;
    }
    attempt_refused(s, m, number, e);
    route_unref(e);
}

void route_find(struct sched *s, struct queue_message *m, uint32_t number)
{
    int64_t now = clock_ms();
    str address = m->rcpts[number].address;
    struct route_entry *e = map_get(s->routes, address);
    if (e && e->known && e->until_ms <= now) {
        forget(s, e);
        e = NULL;
    }
    m->users++;
    if (e && e->known) {
        e->refs++;
        go_on(s, m, number, e);
        queue_unref(s->queue, m);
        return;
    }
    if (!e) {
        if (map_count(s->routes) >= SCHED_ROUTES_MAX)
            forget_some(s, now, false);
        e = entry_new(s, address);
        list_add(&s->route_unasked, &e->link);
    }
    struct attempt *a = mem_alloc("attempt", sizeof *a);
    *a = (struct attempt){.m = m, .number = number};
    list_add(&e->waiting, &a->link);
    ask_more(s);
}

static size_t answer_bytes(const struct route_answer *a)
{
    return a->address.n + a->host.n + a->user.n + a->home.n + a->dash.n + a->ext.n + a->local.n +
           a->strip.n + a->text.n;
}

static str keep(char **at, str s)
{
    if (s.n)
        memcpy(*at, s.p, s.n);
    str kept = str_of(*at, s.n);
    *at += s.n;
    return kept;
}

static void learn(struct route_entry *e, const struct route_answer *a)
{
    char *at = e->memory = mem_alloc("route answer", answer_bytes(a) + 1);
    e->answer = *a;
    e->answer.address = keep(&at, a->address);
    e->answer.host = keep(&at, a->host);
    e->answer.user = keep(&at, a->user);
    e->answer.home = keep(&at, a->home);
    e->answer.dash = keep(&at, a->dash);
    e->answer.ext = keep(&at, a->ext);
    e->answer.local = keep(&at, a->local);
    e->answer.strip = keep(&at, a->strip);
    e->answer.text = keep(&at, a->text);
    e->known = true;
    e->until_ms = clock_ms() + SCHED_ROUTE_SECONDS * 1000;
}

static void answered(struct sched *s, struct route_entry *e, const struct route_answer *a)
{
    list_del(&e->link);
    s->n_route_flight--;
    learn(e, a);
    e->refs++;
    list_each_safe (it, &e->waiting) {
        struct attempt *at = container_of(it, struct attempt, link);
        struct queue_message *m = at->m;
        uint32_t number = at->number;
        list_del(&at->link);
        free(at);
        e->refs++;
        go_on(s, m, number, e);
        queue_unref(s->queue, m);
    }
    if (a->outcome == ROUTE_TEMP)
        forget(s, e); /* the next one asks again */
    route_unref(e);
}

static struct route_entry *in_flight(struct sched *s, uint32_t id)
{
    list_each (it, &s->route_flight) {
        struct route_entry *e = container_of(it, struct route_entry, link);
        if (e->ask_id == id)
            return e;
    }
    return NULL;
}

void route_close(struct sched *s)
{
    loop_del(s->route_watch);
    s->route_watch = NULL;
    channel_free(s->route);
    s->route = NULL;
}

/* route ended: what it was asked is asked again, of its successor. */
static void lost(struct sched *s)
{
    route_close(s);
    list_each_safe (it, &s->route_flight) {
        list_del(it);
        list_add(&s->route_unasked, it);
    }
    s->n_route_flight = 0;
    loop_timer_move(s->route_timer, deadline_in_ms(SCHED_RETRY_MS));
}

static void on_route(void *ctx, int fd, unsigned events)
{
    struct sched *s = ctx;
    (void)fd;
    if (events & LOOP_OUT)
        loop_events(s->route_watch, LOOP_IN);
    for (int i = 0; s->route && i < SCHED_ROUTE_FLIGHT; i++) {
        struct packet p;
        struct route_answer a;
        err e = channel_try_recv(s->route, &p);
        if (e.kind == ERR_TEMP)
            break;
        if (!failed(e))
            e = ipc_decode(&route_answer_schema, p.bytes, &a);
        struct route_entry *entry = failed(e) ? NULL : in_flight(s, p.id);
        if (!entry) {
            lost(s);
            return;
        }
        answered(s, entry, &a);
    }
    ask_more(s);
}

static bool have_route(struct sched *s)
{
    if (s->route)
        return true;
    if (s->boot->doors[PROGRAM_ROUTE] < 0)
        return false;
    err e = door_open(s->boot->doors[PROGRAM_ROUTE], &s->route);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("service", S("route")), F_ERR(e));
        loop_timer_move(s->route_timer, deadline_in_ms(SCHED_RETRY_MS));
        return false;
    }
    s->route_watch = loop_add(s->loop, channel_fd(s->route), LOOP_IN, on_route, s);
    return true;
}

static void ask_more(struct sched *s)
{
    while (!list_empty(&s->route_unasked) && s->n_route_flight < SCHED_ROUTE_FLIGHT) {
        if (!have_route(s))
            return;
        struct route_entry *e = container_of(s->route_unasked.next, struct route_entry, link);
        struct route_ask ask = {.purpose = ROUTE_DELIVER, .address = e->address};
        e->ask_id = s->next_ask++;
        err r = channel_try_send(s->route, &route_ask_schema, e->ask_id, &ask, NULL, 0);
        if (r.kind == ERR_TEMP) {
            loop_events(s->route_watch, LOOP_IN | LOOP_OUT);
            return;
        }
        if (r.kind == ERR_LIMIT) { /* longer than route takes: nobody's address */
            s->n_route_flight++;
            answered(
                s, e,
                &(struct route_answer){.outcome = ROUTE_NO_USER,
                                       .address = e->address,
                                       .text = S("Sorry, that address is too long. (#5.1.3)")});
            continue;
        }
        if (failed(r)) {
            lost(s);
            return;
        }
        list_del(&e->link);
        list_add(&s->route_flight, &e->link);
        s->n_route_flight++;
    }
}

void route_again(void *ctx)
{
    ask_more(ctx);
}

void route_forget_all(struct sched *s)
{
    size_t at = 0;
    str key;
    void *value;
    while (map_next(s->routes, &at, &key, &value)) {
        struct route_entry *e = value;
        list_each_safe (it, &e->waiting) {
            struct attempt *a = container_of(it, struct attempt, link);
            queue_result(s->queue, a->m, a->number, RCPT_LOSE, 0, S(""), S(""));
            queue_unref(s->queue, a->m);
            list_del(&a->link);
            free(a);
        }
        list_del(&e->link);
        forget(s, e);
    }
}
