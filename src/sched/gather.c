/* SPDX-License-Identifier: ISC */
/* How it works: making one message durable in a Maildir costs two syncs, making sixteen costs
 * three or four. So the first message for a user goes to his worker at once, and those that follow
 * within GATHER_MS of it wait for each other: until GATHER_JOBS are there or the time is over, or
 * until no mail has come for anybody for QUIET_MS: then nothing is saved by waiting.
 * A person sees no difference, a burst costs a fraction. Waiting lanes are looked through by one
 * timer, in steps of GATHER_STEP_MS: many of them do not mean many wake-ups, and workers that
 * begin together share the disk's flushes. */
#include "os/clock.h"
#include "sched/sched.h"

enum { GATHER_MS = 300, GATHER_JOBS = 24, GATHER_STEP_MS = 10, QUIET_MS = 15 };

static void ring_by(struct sched *s, int64_t at_ms)
{
    if (at_ms >= s->gather_at_ms)
        return;
    s->gather_at_ms = at_ms;
    loop_timer_move(s->gather_timer, (deadline){at_ms});
}

static int64_t over_at(const struct lane *l)
{
    return (l->gave_ms + GATHER_MS + GATHER_STEP_MS - 1) / GATHER_STEP_MS * GATHER_STEP_MS;
}

bool gather_holds(struct lane *l)
{
    struct sched *s = l->sched;
    int64_t now = clock_ms(), quiet_at = s->new_ms + QUIET_MS;
    bool few = l->kind == CHANNEL_LOCAL && !l->giving && l->n_waiting < GATHER_JOBS;
    if (!few || now >= l->gave_ms + GATHER_MS || now >= quiet_at) {
        list_del(&l->gather_link);
        return false;
    }
    if (list_empty(&l->gather_link))
        list_add(&s->gathering, &l->gather_link);
    ring_by(s, over_at(l));
    ring_by(s, quiet_at);
    return true;
}

void gather_ring(void *ctx)
{
    struct sched *s = ctx;
    int64_t now = clock_ms(), quiet_at = s->new_ms + QUIET_MS, next = INT64_MAX;
    list_each_safe (it, &s->gathering) {
        struct lane *l = container_of(it, struct lane, gather_link);
        if (over_at(l) <= now || quiet_at <= now) {
            list_del(it);
            lane_touch(l);
        } else if (over_at(l) < next) {
            next = over_at(l);
        }
    }
    s->gather_at_ms = INT64_MAX;
    if (list_empty(&s->gathering))
        return;
    ring_by(s, next);
    ring_by(s, quiet_at);
}
