/* SPDX-License-Identifier: ISC */
/* How it works: taking mail in is cheaper than delivering it, so without a word from us a
 * flood would be answered 250 at once and lie for minutes. Every 50 ms we compare what waits
 * for local delivery with how fast it goes; when it would take longer than PACE_STOP_MS,
 * sessions are not read for a moment, and their clients wait for the 250 a little longer.
 * Lanes that gather a batch do not count, nor those that do not move (a program that sleeps, a
 * mailbox that is locked): one
 * user's trouble must not slow the others' mail. Nobody is paused for longer than PACE_LONGEST_MS
 * for one message. */
#include "os/clock.h"
#include "sched/sched.h"

enum {
    PACE_TICK_MS = 50,
    PACE_STOP_MS = 400,
    PACE_GO_MS = 250,
    PACE_LONGEST_MS = 500,
    PACE_MOVING_MS = 250, /* a lane that had a result so lately moves */
    PACE_SMALL = 200,     /* less than this is no backlog */
};

static uint64_t moving_backlog(struct sched *s, int64_t now)
{
    uint64_t n = 0;
    bool any_moves = s->local_results != s->pace_results;
    list_each (it, &s->lanes) {
        const struct lane *l = container_of(it, struct lane, link);
        /* Who waits for a slot moves when the others do. */
        bool moves = now - l->last_result_ms <= PACE_MOVING_MS ||
                     (any_moves && !list_empty(&l->starved_link));
        if (l->kind == CHANNEL_LOCAL && moves && list_empty(&l->gather_link))
            n += l->n_waiting;
    }
    return n + s->in_flight[CHANNEL_LOCAL];
}

static void resume(struct client *c)
{
    list_del(&c->pause_link);
    loop_events(c->watch, LOOP_IN);
}

static void resume_those_since(struct sched *s, int64_t since)
{
    while (!list_empty(&s->paused)) {
        struct client *c = container_of(s->paused.next, struct client, pause_link);
        if (c->paused_ms > since)
            return;
        c->excused = true;
        resume(c);
    }
}

static uint64_t backlog_ms(struct sched *s, int64_t now)
{
    int64_t ms = now - s->pace_at_ms;
    if (ms > 0) {
        uint64_t rate = (s->local_results - s->pace_results) * 1000 / (uint64_t)ms;
        s->pace_rate = (s->pace_rate * 3 + rate) / 4;
    }
    uint64_t backlog = moving_backlog(s, now);
    s->pace_at_ms = now;
    s->pace_results = s->local_results;
    if (backlog < PACE_SMALL)
        return 0;
    return backlog * 1000 / (s->pace_rate ? s->pace_rate : 1);
}

void pace_tick(void *ctx)
{
    struct sched *s = ctx;
    int64_t now = clock_ms();
    uint64_t behind = backlog_ms(s, now);
    if (behind > PACE_STOP_MS)
        s->pacing = true;
    else if (behind < PACE_GO_MS)
        s->pacing = false;
    resume_those_since(s, s->pacing ? now - PACE_LONGEST_MS : now);
    s->pace_armed = s->in_flight[CHANNEL_LOCAL] > 0 || !list_empty(&s->paused);
    if (s->pace_armed)
        loop_timer_move(s->pace_timer, deadline_in_ms(PACE_TICK_MS));
    else
        s->pacing = false;
}

void pace_arm(struct sched *s)
{
    if (s->pace_armed)
        return;
    s->pace_armed = true;
    loop_timer_move(s->pace_timer, deadline_in_ms(PACE_TICK_MS));
}

bool pace_pause(struct client *c)
{
    struct sched *s = c->sched;
    if (!s->pacing || (c->program != PROGRAM_SMTPD && c->program != PROGRAM_LOCAL))
        return false;
    if (c->excused) {
        c->excused = false; /* waited long enough: this one goes through */
        return false;
    }
    c->paused_ms = clock_ms();
    list_add(&s->paused, &c->pause_link);
    loop_events(c->watch, 0);
    return true;
}
