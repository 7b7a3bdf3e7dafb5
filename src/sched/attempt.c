/* SPDX-License-Identifier: ISC */
#include "log/event.h"
#include "sched/sched.h"

void attempt_message(struct sched *s, struct queue_message *m)
{
    if (m->state != MESSAGE_OPEN || s->draining || s->failed)
        return;
    int64_t now = queue_now(s->queue), next = INT64_MAX;
    due_take(s, m);
    m->users++;
    /* Counted first: an answer that is known already may end the message in this loop. */
    uint32_t n = m->n_rcpts;
    for (uint32_t i = 0; i < n && m->state == MESSAGE_OPEN; i++) {
        struct queue_rcpt *r = &m->rcpts[i];
        if (r->state != RCPT_WAITING)
            continue;
        if (r->next > now) {
            next = r->next < next ? r->next : next;
            continue;
        }
        queue_started(m, i);
    }
    for (uint32_t i = 0; i < n; i++)
        if (m->rcpts[i].state == RCPT_FLYING && !m->rcpts[i].routed) {
            m->rcpts[i].routed = true;
            route_find(s, m, i);
        }
    if (m->state == MESSAGE_OPEN && next != INT64_MAX)
        due_put(s, m, next);
    queue_unref(s->queue, m);
}

/* No worker needed: route says no, or cannot say. */
void attempt_refused(struct sched *s, struct queue_message *m, uint32_t number,
                     const struct route_entry *e)
{
    bool final = e->answer.outcome == ROUTE_NO_USER || e->answer.outcome == ROUTE_DENIED;
    struct job_rcpt rcpt = {.number = number,
                            .route = (struct route_entry *)(uintptr_t)e,
                            .delivery = ++s->next_delivery};
    struct lane lane = {.kind = CHANNEL_LOCAL};
    struct job j = {.m = m, .lane = &lane, .n = 1, .rcpts = &rcpt, .started = queue_now(s->queue)};
    struct result r = {.outcome = final ? WORK_PERM : WORK_TEMP, .text = e->answer.text};
    if (r.text.n == 0)
        r.text = final ? S("Sorry, no mailbox here by that name. (#5.1.1)")
                       : S("Temporary trouble finding out whose address this is. (#4.3.0)");
    result_take(s, &j, 0, &r);
}
