/* SPDX-License-Identifier: ISC */
#include "sched/sched.h"

#include <signal.h>
#include <stdlib.h>

#include "log/event.h"
#include "os/clock.h"
#include "os/fd.h"

enum { TICK_MS = 500 };

static void on_damage(void *ctx, const struct queue_damage *d)
{
    (void)ctx;
    log_event(NULL, EV_QUEUE_DAMAGED, F_INT("segment", d->segment), F_INT("at", d->at),
              F_INT("octets", d->bytes), F_INT("kept", d->kept),
              F_STR("what", d->tail ? S("the end of the log was torn: nothing in it was promised")
                                    : S("records in the log are damaged")));
}

static err load_site(struct sched *s)
{
    str archive;
    err e = fd_map(s->boot->site_fd, SITE_ARCHIVE_MAX, &archive);
    if (failed(e))
        return e;
    struct arena *a = arena_new("site", SCHED_SITE_ARENA);
    struct site site;
    e = site_parse(archive, a, &site);
    if (failed(e)) {
        arena_free(a);
        fd_unmap(archive);
        return e;
    }
    arena_free(s->site_arena);
    if (s->archive.p)
        fd_unmap(s->archive);
    s->site_arena = a;
    s->archive = archive;
    s->site = site;
    return OK_ERR;
}

static void stop(struct sched *s)
{
    loop_stop(s->loop);
}

void sched_fail(struct sched *s, err e)
{
    if (s->failed)
        return;
    s->failed = true;
    s->failure = e;
    stop(s);
}

void sched_drained(struct sched *s)
{
    if (s->draining && s->in_flight[0] + s->in_flight[1] == 0)
        stop(s);
}

static void drain_over(void *ctx)
{
    stop(ctx); /* what still flies is repeated at the next start */
}

static void drain(struct sched *s)
{
    if (s->draining)
        return;
    s->draining = true;
    log_event(NULL, EV_QUEUE_STATUS, F_INT("local", s->busy[0]),
              F_INT("local_max", sched_limit(s, CHANNEL_LOCAL)), F_INT("remote", s->busy[1]),
              F_INT("remote_max", sched_limit(s, CHANNEL_REMOTE)), F_INT("exiting", 1));
    lane_drop_waiting(s);
    due_rearm(s);
    loop_timer_move(s->drain_timer, deadline_in_ms(SCHED_DRAIN_MS));
    sched_drained(s);
}

static void new_site(struct sched *s)
{
    err e = load_site(s);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("what", S("new configuration")), F_ERR(e));
        return;
    }
    route_flush(s);
    lane_retire_workers(s);
}

static err init_packet(struct sched *s, struct packet *p)
{
    if (p->type == IPC_INIT_WORKER) {
        struct init_worker a;
        err e = ipc_decode(&init_worker_schema, p->bytes, &a);
        if (failed(e))
            return e;
        lane_worker_answer(s, p->id, &a, p->n_fds ? fd_take(&p->fds[0]) : -1);
        return OK_ERR;
    }
    if (p->type == IPC_INIT_DRAIN) {
        drain(s);
        return OK_ERR;
    }
    bool site = p->type == IPC_INIT_SITE;
    err e = boot_message(s->boot, p);
    if (!failed(e) && site)
        new_site(s);
    return e;
}

static void on_init(void *ctx, int fd, unsigned events)
{
    struct sched *s = ctx;
    (void)fd;
    (void)events;
    for (;;) {
        struct packet p;
        err e = channel_try_recv(s->boot->init, &p);
        if (e.kind == ERR_TEMP)
            return;
        if (!failed(e))
            e = init_packet(s, &p);
        if (e.kind == ERR_CLOSED) { /* init is gone: nobody can be started, nobody restarts us */
            loop_del(s->init_watch);
            s->init_watch = NULL;
            drain(s);
            return;
        }
        if (failed(e))
            log_event(NULL, EV_PROGRAM_FAILED, F_STR("what", S("message of init")), F_ERR(e));
    }
}

static void on_signal(void *ctx, int signo)
{
    if (signo == SIGALRM)
        admin_retry_all(ctx); /* qmail-send's ALRM */
    else
        drain(ctx);
}

static void on_lazy(void *ctx)
{
    struct sched *s = ctx;
    s->lazy_armed = false;
    if (queue_dirty(s->queue))
        client_commit(s);
}

static void on_tidy(void *ctx)
{
    enum { PAUSE_MS = 2 };
    struct sched *s = ctx;
    if (!queue_tidy(s->queue))
        return;
    result_lazy(s);
    loop_timer_move(s->tidy_timer, deadline_in_ms(PAUSE_MS));
}

static void on_tick(void *ctx)
{
    struct sched *s = ctx;
    lane_announce_slow(s);
    lane_send_idle_home(s);
    if (s->n_workers == 0)
        queue_rest(s->queue);
    loop_timer_move(s->tick,
                    deadline_in_ms(s->n_workers || queue_count(s->queue) ? TICK_MS : TICK_MS * 4));
}

static void on_due(void *ctx)
{
    struct sched *s = ctx;
    int64_t now = queue_now(s->queue);
    while (s->heap.n && s->heap.at[0]->at <= now) {
        struct queue_message *m = s->heap.at[0]->m;
        m->users++;
        due_take(s, m);
        if (m->n_open == 0)
            result_finish(s, m);
        else
            attempt_message(s, m);
        queue_unref(s->queue, m);
    }
    due_rearm(s);
}

static void make_timers(struct sched *s)
{
    s->lazy_timer = loop_at(s->loop, DEADLINE_NEVER, on_lazy, s);
    s->tidy_timer = loop_at(s->loop, DEADLINE_NEVER, on_tidy, s);
    s->due_timer = loop_at(s->loop, DEADLINE_NEVER, on_due, s);
    s->drain_timer = loop_at(s->loop, DEADLINE_NEVER, drain_over, s);
    s->route_timer = loop_at(s->loop, DEADLINE_NEVER, route_again, s);
    s->gather_timer = loop_at(s->loop, DEADLINE_NEVER, gather_ring, s);
    s->gather_at_ms = INT64_MAX;
    s->pace_timer = loop_at(s->loop, DEADLINE_NEVER, pace_tick, s);
    s->tick = loop_at(s->loop, deadline_in_ms(TICK_MS), on_tick, s);
}

err sched_open(struct sched *s, struct boot *b)
{
    *s = (struct sched){.boot = b, .loop = loop_new()};
    list_init(&s->clients);
    list_init(&s->route_flight);
    list_init(&s->route_unasked);
    list_init(&s->lanes);
    list_init(&s->touched);
    list_init(&s->starved[0]);
    list_init(&s->starved[1]);
    list_init(&s->idle);
    list_init(&s->starting);
    list_init(&s->gathering);
    list_init(&s->paused);
    s->routes = map_new();
    s->lane_table = map_new();
    s->scratch = mem_alloc("body", IPC_INLINE_MAX);
    err e = load_site(s);
    if (failed(e))
        return e;
    make_timers(s);
    struct queue_options o = {.dir = boot_dir(b, "queue"), .on_damage = on_damage, .ctx = s};
    if (o.dir < 0)
        return err_new(ERR_NOTFOUND, "init gave no queue directory");
    return queue_open(&o, &s->queue);
}

/* By their ids: what is done to one may make others leave. */
void sched_each(struct sched *s, void (*each)(struct sched *s, struct queue_message *m))
{
    VEC(uint64_t) ids = {0};
    for (const struct queue_message *m = queue_next(s->queue, NULL); m; m = queue_next(s->queue, m))
        vec_push(&ids, m->id);
    for (size_t i = 0; i < ids.n; i++) {
        struct queue_message *m = queue_find(s->queue, ids.at[i]);
        if (m)
            each(s, m);
    }
    vec_done(&ids);
}

static void start_found(struct sched *s, struct queue_message *m)
{
    if (m->n_open == 0)
        due_put(s, m, 0); /* its END was lost with the crash: bounce and END again */
    else if (m->state == MESSAGE_OPEN)
        attempt_message(s, m);
}

err sched_run(struct sched *s)
{
    static const int signals[] = {SIGTERM, SIGALRM};
    loop_signals(s->loop, signals, 2, on_signal, s);
    s->init_watch = loop_add(s->loop, channel_fd(s->boot->init), LOOP_IN, on_init, s);
    client_watch_doors(s);
    sched_each(s, start_found); /* in order of arrival, those that are due */
    loop_timer_move(s->tidy_timer, (deadline){0});
    err e = boot_ready(s->boot);
    log_hold();
    loop_each_round(s->loop, log_release, NULL);
    if (!failed(e))
        e = loop_run(s->loop);
    if (failed(e))
        return e;
    if (s->failed)
        return s->failure;
    queue_note_time(s->queue);
    e = queue_commit(s->queue);
    if (!failed(e))
        log_event(NULL, EV_QUEUE_STOPPED, F_INT("messages", queue_count(s->queue)));
    log_release(NULL);
    return e;
}

void sched_close(struct sched *s)
{
    if (!s->queue) {
        loop_free(s->loop);
        return;
    }
    s->draining = true;
    client_close_all(s);
    lane_close_all(s);
    route_forget_all(s);
    due_done(s);
    route_close(s);
    loop_del(s->init_watch);
    loop_timer_del(s->lazy_timer);
    loop_timer_del(s->tidy_timer);
    loop_timer_del(s->due_timer);
    loop_timer_del(s->drain_timer);
    loop_timer_del(s->route_timer);
    loop_timer_del(s->gather_timer);
    loop_timer_del(s->pace_timer);
    loop_timer_del(s->tick);
    vec_done(&s->pending);
    vec_done(&s->fresh);
    for (size_t i = 0; i < s->late.n; i++)
        queue_unref(s->queue, s->late.at[i]);
    vec_done(&s->late);
    map_free(s->routes);
    map_free(s->lane_table);
    queue_close(s->queue);
    arena_free(s->site_arena);
    if (s->archive.p)
        fd_unmap(s->archive);
    free(s->scratch);
    loop_free(s->loop);
}
