/* SPDX-License-Identifier: ISC */
/* A binary heap of the messages that wait, by the queue time of their next attempt. */
#include <stdlib.h>

#include "os/clock.h"
#include "sched/sched.h"

static void set(struct sched *s, size_t at, struct due *d)
{
    s->heap.at[at] = d;
    d->place = at;
}

static void up(struct sched *s, size_t at)
{
    struct due *d = s->heap.at[at];
    while (at && s->heap.at[(at - 1) / 2]->at > d->at) {
        set(s, at, s->heap.at[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    set(s, at, d);
}

static void down(struct sched *s, size_t at)
{
    struct due *d = s->heap.at[at];
    for (size_t child; (child = at * 2 + 1) < s->heap.n; at = child) {
        if (child + 1 < s->heap.n && s->heap.at[child + 1]->at < s->heap.at[child]->at)
            child++;
        if (s->heap.at[child]->at >= d->at)
            break;
        set(s, at, s->heap.at[child]);
    }
    set(s, at, d);
}

void due_rearm(struct sched *s)
{
    if (s->heap.n == 0 || s->draining) {
        loop_timer_move(s->due_timer, DEADLINE_NEVER);
        return;
    }
    int64_t wait = s->heap.at[0]->at - queue_now(s->queue);
    loop_timer_move(s->due_timer, deadline_in_ms(wait > 0 ? wait * 1000 : 0));
}

void due_put(struct sched *s, struct queue_message *m, int64_t at)
{
    due_take(s, m);
    struct due *d = mem_alloc("due", sizeof *d);
    *d = (struct due){.m = m, .at = at};
    m->owner = d;
    m->users++;
    vec_push(&s->heap, d);
    set(s, s->heap.n - 1, d);
    up(s, s->heap.n - 1);
    if (s->heap.at[0] == d)
        due_rearm(s);
}

void due_take(struct sched *s, struct queue_message *m)
{
    struct due *d = m->owner;
    if (!d)
        return;
    size_t at = d->place;
    struct due *last = s->heap.at[--s->heap.n];
    if (last != d) {
        set(s, at, last);
        up(s, at);
        down(s, last->place);
    }
    m->owner = NULL;
    free(d);
    queue_unref(s->queue, m);
}

void due_done(struct sched *s)
{
    while (s->heap.n)
        due_take(s, s->heap.at[s->heap.n - 1]->m);
    vec_done(&s->heap);
}
