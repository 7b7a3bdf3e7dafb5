/* SPDX-License-Identifier: ISC */
#include <stdlib.h>

#include "log/event.h"
#include "os/clock.h"
#include "os/random.h"
#include "sched/sched.h"

static const char last_words[] =
    "I'm not going to try again; this message has been in the queue too long.\n";

static str channel_name(enum channel_kind k)
{
    return k == CHANNEL_LOCAL ? S("local") : S("remote");
}

static void tell(struct sched *s, const struct job *j, uint32_t i, enum event event, str text,
                 bool ended)
{
    const struct job_rcpt *r = &j->rcpts[i];
    enum channel_kind k = j->lane->kind;
    log_event(NULL, event, F_INT("id", j->m->id), F_INT("delivery", r->delivery),
              F_STR("channel", channel_name(k)), F_STR("rcpt", r->route->answer.address),
              F_STR("text", str_trim_end(text)), F_INT("started", j->announced),
              F_INT("ended", ended), F_INT("ms", j->started_ms ? clock_ms() - j->started_ms : 0),
              F_INT("local", s->busy[CHANNEL_LOCAL]),
              F_INT("local_max", sched_limit(s, CHANNEL_LOCAL)),
              F_INT("remote", s->busy[CHANNEL_REMOTE]),
              F_INT("remote_max", sched_limit(s, CHANNEL_REMOTE)));
}

/* A delivery that takes its time gets an event at its start; the many quick ones do with one
 * at their end, from which a reader can make both lines of qmail's log. */
void result_announce(struct sched *s, struct job *j)
{
    j->announced = true;
    for (uint32_t i = 0; i < j->n; i++)
        log_event(NULL, EV_DELIVERY_STARTED, F_INT("id", j->m->id),
                  F_INT("delivery", j->rcpts[i].delivery),
                  F_STR("channel", channel_name(j->lane->kind)),
                  F_STR("rcpt", j->rcpts[i].route->answer.address),
                  F_INT("local", s->busy[CHANNEL_LOCAL]),
                  F_INT("local_max", sched_limit(s, CHANNEL_LOCAL)),
                  F_INT("remote", s->busy[CHANNEL_REMOTE]),
                  F_INT("remote_max", sched_limit(s, CHANNEL_REMOTE)));
}

void result_lazy(struct sched *s)
{
    if (queue_batch_bytes(s->queue) > SCHED_LAZY_BYTES) {
        loop_defer(s->loop, client_commit, s);
        return;
    }
    if (s->lazy_armed || !queue_dirty(s->queue))
        return;
    s->lazy_armed = true;
    loop_timer_move(s->lazy_timer, deadline_in_ms(SCHED_LAZY_MS));
}

/* The address as the sender of a bounce should see it: a virtual domain's prefix taken off. */
static str shown_address(const struct queue_rcpt *r, const struct route_answer *a)
{
    str shown = a->address;
    (void)str_skip(&shown, a->strip);
    return shown.n && !str_eq(shown, r->address) ? shown : S("");
}

static bool wants_last_words(const struct sched *s, const struct job *j, const struct result *r)
{
    return r->outcome == WORK_TEMP &&
           schedule_is_last(j->m->birth, j->started, (int64_t)s->site.queuelifetime);
}

/* What RFC 3464 2.3.3 calls it: a .qmail that only forwards passes responsibility on, without
 * the sender's wishes (deliver says "did FILES+FORWARDS+PROGRAMS"). */
static str success_action(const struct job *j, str text)
{
    uint64_t files, forwards, programs;
    ptrdiff_t at = str_find_str(text, S("did "));
    if (j->lane->kind == CHANNEL_REMOTE)
        return S("relayed");
    str rest = at < 0 ? S("") : str_from_at(text, (size_t)at + 4);
    if (!str_take_u64(&rest, &files) || !str_skip(&rest, S("+")) ||
        !str_take_u64(&rest, &forwards) || !str_skip(&rest, S("+")) ||
        !str_take_u64(&rest, &programs) || files + programs > 0 || forwards == 0)
        return S("delivered");
    return forwards > 1 ? S("expanded") : S("relayed");
}

void result_take(struct sched *s, struct job *j, uint32_t i, const struct result *r)
{
    struct queue_message *m = j->m;
    uint32_t number = j->rcpts[i].number;
    struct queue_rcpt *rcpt = &m->rcpts[number];
    const struct route_answer *a = &j->rcpts[i].route->answer;
    auto_buf struct buf text;
    buf_init(&text, 8192);
    buf_add(&text, str_slice(r->text, 0, 4096));
    enum rcpt_event event = r->outcome == WORK_OK     ? RCPT_OK
                            : r->outcome == WORK_TEMP ? RCPT_DEFER
                                                      : RCPT_FAIL;
    if (wants_last_words(s, j, r)) {
        event = RCPT_FAIL;
        if (text.n && text.p[text.n - 1] != '\n')
            buf_addc(&text, '\n');
        buf_add(&text, str_from(last_words));
    }
    int64_t next = event == RCPT_DEFER ? schedule_next(m->birth, j->started, j->lane->kind) : 0;
    /* Before the result, in the same log. */
    if (event == RCPT_OK && rcpt->state == RCPT_FLYING && !r->dsn)
        bounce_success(s, m, number, buf_str(&text), success_action(j, buf_str(&text)));
    queue_result(s->queue, m, number, event, next, buf_str(&text), shown_address(rcpt, a));
    bool quick_end = event == RCPT_OK && m->n_open == 0 && m->n_rcpts == 1 &&
                     (m->state == MESSAGE_OPEN || m->state == MESSAGE_HELD);
    tell(s, j, i,
         event == RCPT_OK      ? EV_DELIVERY_DONE
         : event == RCPT_DEFER ? EV_DELIVERY_DEFERRED
                               : EV_DELIVERY_FAILED,
         buf_str(&text), quick_end);
    if (event == RCPT_DEFER)
        bounce_late(s, m, number);
    s->delivered += event == RCPT_OK;
    s->deferred += event == RCPT_DEFER;
    s->failed_count += event == RCPT_FAIL;
    if (quick_end)
        queue_end(s->queue, m, false);
    else
        result_finish(s, m);
    result_lazy(s);
}

static bool any_failed(const struct queue_message *m)
{
    for (uint32_t i = 0; i < m->n_rcpts; i++)
        if (m->rcpts[i].state == RCPT_FAILED)
            return true;
    return false;
}

void result_finish(struct sched *s, struct queue_message *m)
{
    enum { NO_ROOM_PAUSE = 30 };
    if ((m->state != MESSAGE_OPEN && m->state != MESSAGE_HELD) || s->failed)
        return;
    if (m->n_open) {
        int64_t next = INT64_MAX;
        for (uint32_t i = 0; i < m->n_rcpts; i++)
            if (m->rcpts[i].state == RCPT_WAITING && m->rcpts[i].next < next)
                next = m->rcpts[i].next;
        if (next != INT64_MAX && m->state == MESSAGE_OPEN)
            due_put(s, m, next);
        return;
    }
    due_take(s, m);
    if (any_failed(m) && !bounce_make(s, m)) {
        due_put(s, m, queue_now(s->queue) + NO_ROOM_PAUSE);
        return;
    }
    log_event(NULL, EV_QUEUE_END, F_INT("id", m->id));
    queue_end(s->queue, m, false);
    result_lazy(s);
}

/* One recipient's share of what relay says: its own words when it was refused, complete as
 * relay/relay.h promises; otherwise those of the whole. */
static void share(const struct work_result *r, str *rest, struct buf *text,
                  enum work_outcome *ret_outcome)
{
    enum work_outcome whole = (enum work_outcome)r->outcome;
    str own = S("");
    ptrdiff_t end = str_find(*rest, 0);
    if (end >= 0) {
        own = str_slice(*rest, 0, (size_t)end);
        *rest = str_from_at(*rest, (size_t)end + 1);
    }
    char letter = own.n ? own.p[0] : 0;
    bool refused = letter == 'h' || letter == 's';
    *ret_outcome = letter == 'h' ? WORK_PERM : letter == 's' ? WORK_TEMP : whole;
    buf_add(text, str_slice(refused ? str_from_at(own, 1) : r->text, 0, 4096));
}

static void note_host(struct sched *s, struct lane *l, bool timed_out)
{
    if (l->kind != CHANNEL_REMOTE)
        return;
    if (!timed_out) {
        l->timeouts = 0;
        return;
    }
    int64_t now = queue_now(s->queue);
    if (l->timeouts && now - l->timed_out_at < DEAD_HOST_COUNT_GAP)
        return;
    l->timed_out_at = now;
    if (++l->timeouts < DEAD_HOST_COUNT)
        return;
    l->dead_until = now + schedule_dead_host_seconds((unsigned)random_u64());
    log_event(NULL, EV_RELAY_HOST_DOWN, F_STR("host", l->host),
              F_INT("seconds", l->dead_until - now));
}

void result_packet(struct sched *s, struct worker *w, struct job *j, const struct work_result *r)
{
    struct lane *l = w->lane;
    note_host(s, l, r->timed_out != 0);
    str rest = r->recipients;
    for (uint32_t i = 0; i < j->n; i++) {
        auto_buf struct buf text;
        buf_init(&text, 8192);
        struct result one = {
            .outcome = (enum work_outcome)r->outcome, .text = r->text, .dsn = r->dsn};
        if (l->kind == CHANNEL_REMOTE) {
            share(r, &rest, &text, &one.outcome);
            one.text = buf_str(&text);
        }
        result_take(s, j, i, &one);
    }
    job_free(s, j);
}

void result_worker_died(struct sched *s, struct job *j)
{
    struct result r = {.outcome = WORK_TEMP,
                       .text = j->lane->kind == CHANNEL_LOCAL ? S("deliver crashed. (#4.3.0)\n")
                                                              : S("relay crashed. (#4.3.0)\n")};
    for (uint32_t i = 0; i < j->n; i++) {
        struct queue_rcpt *rcpt = &j->m->rcpts[j->rcpts[i].number];
        result_take(s, j, i, &r);
        rcpt->unsure = true; /* it may have got through before */
    }
    job_free(s, j);
}

void job_free(struct sched *s, struct job *j)
{
    for (uint32_t i = 0; i < j->n; i++)
        route_unref(j->rcpts[i].route);
    queue_unref(s->queue, j->m);
    free(j->rcpts);
    free(j);
}
