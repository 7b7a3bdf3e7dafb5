/* SPDX-License-Identifier: ISC */
/* How it works: making one message durable in a Maildir costs two syncs, making sixteen costs
 * three or four. So the first message for a user goes to his worker at once, and those that follow
 * within GATHER_MS of it wait for each other: until GATHER_JOBS are there or the time is over.
 * A person sees no difference, a burst costs a fraction. Waiting lanes are looked through by one
 * timer, in steps of GATHER_STEP_MS, so that many of them do not mean many wake-ups. */
#include "os/clock.h"
#include "sched/sched.h"

enum { GATHER_MS = 300, GATHER_JOBS = 24, GATHER_STEP_MS = 10 };

static void ring_by(struct sched *s, int64_t at_ms)
{
    int64_t step = (at_ms + GATHER_STEP_MS - 1) / GATHER_STEP_MS * GATHER_STEP_MS;
    if (step >= s->gather_at_ms)
        return;
    s->gather_at_ms = step;
    loop_timer_move(s->gather_timer, (deadline){step});
}

bool gather_holds(struct lane *l)
{
    struct sched *s = l->sched;
    int64_t until = l->gave_ms + GATHER_MS;
    bool few = l->kind == CHANNEL_LOCAL && !l->giving && l->n_waiting < GATHER_JOBS;
    if (!few || clock_ms() >= until) {
        list_del(&l->gather_link);
        return false;
    }
    if (list_empty(&l->gather_link))
        list_add(&s->gathering, &l->gather_link);
    ring_by(s, until);
    return true;
}

void gather_ring(void *ctx)
{
    struct sched *s = ctx;
    int64_t now = clock_ms(), next = INT64_MAX;
    list_each_safe (it, &s->gathering) {
        struct lane *l = container_of(it, struct lane, gather_link);
        int64_t until = l->gave_ms + GATHER_MS;
        if (until <= now) {
            list_del(it);
            lane_touch(l);
        } else if (until < next) {
            next = until;
        }
    }
    s->gather_at_ms = INT64_MAX;
    if (next < INT64_MAX)
        ring_by(s, next);
}
