/* SPDX-License-Identifier: ISC */
/* How it works: a lane is the queue before one local user or one remote host. A lane with
 * jobs is touched; at the end of the round lane_pump_all() sends each touched lane's jobs to
 * its workers as far as windows allow. A worker that has jobs (or is being started) takes a
 * slot of its kind (concurrencylocal, concurrencyremote); lanes that need a slot and find none
 * are starved, and are served in turn as slots fall free. Idle workers hold no slot; they stay
 * for a moment, since a burst often goes on. */
#include <stdlib.h>
#include <string.h>

#include "log/event.h"
#include "os/clock.h"
#include "os/fd.h"
#include "sched/sched.h"

static void on_worker(void *ctx, int fd, unsigned events);

static str keep(char **at, str s)
{
    if (s.n)
        memcpy(*at, s.p, s.n);
    str kept = str_of(*at, s.n);
    *at += s.n;
    return kept;
}

static void lane_free(struct lane *l)
{
    (void)map_take(l->sched->lane_table, l->key);
    list_del(&l->link);
    list_del(&l->starved_link);
    list_del(&l->touched_link);
    list_del(&l->gather_link);
    free(l->memory);
    free(l);
}

static bool lane_is_idle(const struct lane *l, int64_t now)
{
    return l->n_waiting == 0 && l->n_workers == 0 && list_empty(&l->touched_link) &&
           l->dead_until <= now && (l->timeouts == 0 || l->timed_out_at + 7200 < now);
}

static void forget_idle(struct sched *s)
{
    int64_t now = queue_now(s->queue);
    list_each_safe (it, &s->lanes) {
        struct lane *l = container_of(it, struct lane, link);
        if (lane_is_idle(l, now))
            lane_free(l);
    }
}

static struct lane *lane_new(struct sched *s, enum channel_kind kind, str key,
                             const struct route_answer *a, str host)
{
    if (map_count(s->lane_table) >= SCHED_LANES_MAX)
        forget_idle(s);
    struct lane *l = mem_alloc("lane", sizeof *l);
    char *at = mem_alloc("lane strings", key.n + host.n + (a ? a->user.n + a->home.n : 0) + 1);
    *l = (struct lane){.sched = s, .kind = kind, .memory = at};
    l->key = keep(&at, key);
    l->host = keep(&at, host);
    if (a) {
        l->user = keep(&at, a->user);
        l->home = keep(&at, a->home);
        l->uid = a->uid;
        l->gid = a->gid;
    }
    list_init(&l->waiting);
    list_init(&l->workers);
    list_init(&l->starved_link);
    list_init(&l->touched_link);
    list_init(&l->gather_link);
    list_init(&l->link);
    list_add(&s->lanes, &l->link);
    map_put(s->lane_table, l->key, l);
    return l;
}

struct lane *lane_local(struct sched *s, const struct route_answer *a)
{
    auto_buf struct buf key;
    buf_init(&key, 4096);
    /* Whoever moved house, or got another uid, is another lane: its worker is another process. */
    buf_addf(&key, "L%u %u %.*s %.*s", a->uid, a->gid, STR_ARG(a->user), STR_ARG(a->home));
    struct lane *l = map_get(s->lane_table, buf_str(&key));
    return l ? l : lane_new(s, CHANNEL_LOCAL, buf_str(&key), a, S(""));
}

struct lane *lane_remote(struct sched *s, str host)
{
    auto_buf struct buf key;
    buf_init(&key, 4096);
    buf_addc(&key, 'R');
    for (size_t i = 0; i < host.n; i++)
        buf_addc(&key, char_lower(host.p[i]));
    struct lane *l = map_get(s->lane_table, buf_str(&key));
    return l ? l : lane_new(s, CHANNEL_REMOTE, buf_str(&key), NULL, str_from_at(buf_str(&key), 1));
}

void lane_touch(struct lane *l)
{
    if (list_empty(&l->touched_link))
        list_add(&l->sched->touched, &l->touched_link);
    loop_defer(l->sched->loop, lane_pump_all, l->sched);
}

static size_t envelope_bytes(const struct queue_rcpt *r, const struct route_entry *e)
{
    return e->answer.address.n + r->notify.n + r->orcpt.n + 3;
}

/* Several recipients of one message at one host share a job, unless each needs a sender of
 * its own (VERP). */
static struct job *open_job(struct lane *l, const struct queue_message *m, size_t bytes)
{
    if (l->kind != CHANNEL_REMOTE || list_empty(&l->waiting) || str_ends(m->sender, S("-@[]")))
        return NULL;
    struct job *j = container_of(l->waiting.prev, struct job, link);
    bool full = j->n >= SCHED_RELAY_RCPTS || j->address_bytes + bytes > SCHED_RELAY_RCPT_BYTES;
    return j->m == m && !full ? j : NULL;
}

void lane_add(struct lane *l, struct queue_message *m, uint32_t number, struct route_entry *e)
{
    struct sched *s = l->sched;
    size_t bytes = envelope_bytes(&m->rcpts[number], e);
    struct job *j = open_job(l, m, bytes);
    if (!j) {
        j = mem_alloc("job", sizeof *j);
        *j = (struct job){.m = m, .lane = l};
        list_init(&j->link);
        list_add(&l->waiting, &j->link);
        l->n_waiting++;
        m->users++;
    }
    if (j->n == j->cap) {
        j->cap = j->cap ? j->cap * 4 : 1;
        j->rcpts = mem_grow("job", j->rcpts, j->cap * sizeof *j->rcpts);
    }
    j->rcpts[j->n++] =
        (struct job_rcpt){.number = number, .route = e, .delivery = ++s->next_delivery};
    j->address_bytes += bytes;
    m->rcpts[number].channel = (uint8_t)(1 + l->kind);
    if (l->kind == CHANNEL_LOCAL)
        s->new_ms = clock_ms();
    lane_touch(l);
}

/* ---- sending ---- */

/* owner-@host-@[] becomes owner-recip=domain@host: qmail's VERP. */
static void write_sender(struct buf *b, str sender, str rcpt)
{
    str rest = sender;
    ptrdiff_t at = str_rfind(rcpt, '@');
    if (str_ends(sender, S("-@[]")) && at >= 0) {
        rest.n -= 4;
        ptrdiff_t cut = str_rfind(rest, '@');
        if (cut >= 0) {
            buf_add(b, str_slice(rest, 0, (size_t)cut));
            buf_add(b, str_slice(rcpt, 0, (size_t)at));
            buf_addc(b, '=');
            buf_add(b, str_from_at(rcpt, (size_t)at + 1));
            buf_add(b, str_from_at(rest, (size_t)cut));
            return;
        }
    }
    buf_add(b, sender);
}

struct envelope {
    struct buf sender, rcpts, orcpt, notify;
};

static void envelope_write(struct envelope *v, const struct job *j)
{
    bool local = j->lane->kind == CHANNEL_LOCAL;
    buf_init(&v->sender, 1100);
    buf_init(&v->rcpts, SUBMIT_RECIPIENT_BYTES);
    buf_init(&v->orcpt, 16384);
    buf_init(&v->notify, 4096);
    for (uint32_t i = 0; i < j->n; i++) {
        const struct queue_rcpt *r = &j->m->rcpts[j->rcpts[i].number];
        buf_add(&v->rcpts, j->rcpts[i].route->answer.address);
        buf_add(&v->orcpt, r->orcpt);
        buf_add(&v->notify, r->notify);
        if (local)
            break;
        buf_addc(&v->rcpts, 0);
        buf_addc(&v->orcpt, 0);
        buf_addc(&v->notify, 0);
    }
    write_sender(&v->sender, j->m->sender, j->rcpts[0].route->answer.address);
    /* DSN parameters of many recipients at once may not fit: then all go without. */
    if (v->orcpt.over)
        buf_reset(&v->orcpt);
    if (v->notify.over)
        buf_reset(&v->notify);
}

static void envelope_done(struct envelope *v)
{
    buf_done(&v->sender);
    buf_done(&v->rcpts);
    buf_done(&v->orcpt);
    buf_done(&v->notify);
}

/* A body above IPC_INLINE_MAX goes as a descriptor: its file, or a copy in sealed memory, since
 * the log holds everybody's mail. */
static err body_fd(struct sched *s, const struct queue_message *m, int *ret_fd)
{
    if (m->file)
        return queue_body_open(s->queue, m, ret_fd);
    char *p = mem_alloc("body", m->size);
    err e = queue_body_read(s->queue, m, 0, p, m->size);
    if (!failed(e))
        e = fd_sealed("message", str_of(p, m->size), ret_fd);
    free(p);
    return e;
}

static err job_send(struct worker *w, struct job *j)
{
    struct lane *l = w->lane;
    struct sched *s = l->sched;
    const struct queue_message *m = j->m;
    const struct route_answer *a = &j->rcpts[0].route->answer;
    bool local = l->kind == CHANNEL_LOCAL;
    auto_fd int fd = -1;
    auto_buf struct buf id;
    struct envelope v;
    struct work_job out = {.job = j->id,
                           .number = j->rcpts[0].number,
                           .host = local ? a->host : l->host,
                           .user = l->user,
                           .home = l->home,
                           .local = local ? a->local : S(""),
                           .dash = local ? a->dash : S(""),
                           .ext = local ? a->ext : S(""),
                           .default_delivery = local ? s->site.defaultdelivery : S(""),
                           .envid = m->envid,
                           .flags = m->flags,
                           .arrived = (uint64_t)m->arrived,
                           .size = m->size};
    for (uint32_t i = 0; i < j->n; i++)
        if (m->rcpts[j->rcpts[i].number].unsure)
            out.flags |= WORK_REPEATED;
    err e = OK_ERR;
    if (m->size > IPC_INLINE_MAX) {
        e = body_fd(s, m, &fd);
    } else {
        e = queue_body_read(s->queue, m, 0, s->scratch, m->size);
        out.message = str_of(s->scratch, m->size);
    }
    if (failed(e))
        return e.kind == ERR_TEMP ? err_new(ERR_SYS, "read message body") : e;
    buf_init(&id, 24);
    buf_addf(&id, "%llu", (unsigned long long)m->id);
    envelope_write(&v, j);
    out.id = buf_str(&id);
    out.sender = buf_str(&v.sender);
    out.recipients = buf_str(&v.rcpts);
    out.orcpt = buf_str(&v.orcpt);
    out.notify = buf_str(&v.notify);
    e = channel_try_send(w->channel, &work_job_schema, 0, &out, &fd, fd >= 0);
    envelope_done(&v);
    return e;
}

/* ---- workers ---- */

static void slot_free(struct sched *s, enum channel_kind kind)
{
    s->busy[kind]--;
    if (!list_empty(&s->starved[kind]))
        loop_defer(s->loop, lane_pump_all, s);
}

static void worker_idle(struct worker *w)
{
    struct sched *s = w->lane->sched;
    w->idle_since_ms = clock_ms();
    w->burst = 0;
    list_add(&s->idle, &w->idle_link);
    slot_free(s, w->lane->kind);
}

static void worker_free(struct worker *w)
{
    struct lane *l = w->lane;
    struct sched *s = l->sched;
    loop_del(w->watch);
    channel_free(w->channel);
    if (list_empty(&w->idle_link))
        slot_free(s, l->kind);
    list_del(&w->idle_link);
    list_del(&w->start_link);
    list_del(&w->link);
    l->n_workers--;
    s->n_workers--;
    free(w);
}

/* What it had and did not answer is tried again later. */
static void worker_died(struct worker *w)
{
    struct lane *l = w->lane;
    struct sched *s = l->sched;
    struct list lost;
    list_init(&lost);
    list_each_safe (it, &w->jobs) {
        list_del(it);
        list_add(&lost, it);
        s->in_flight[l->kind] -= container_of(it, struct job, link)->n;
    }
    worker_free(w);
    list_each_safe (at, &lost) {
        struct job *j = container_of(at, struct job, link);
        list_del(&j->link);
        result_worker_died(s, j);
    }
    lane_touch(l);
    if (s->draining)
        sched_drained(s);
}

static uint32_t lane_workers_max(const struct lane *l)
{
    if (l->kind == CHANNEL_LOCAL)
        return 1;
    /* A host that lately timed out gets one connection at a time. */
    if (l->timeouts)
        return 1;
    return (uint32_t)l->sched->site.concurrencyperhost;
}

static bool make_place(struct sched *s)
{
    if (s->n_workers < SCHED_WORKERS_MAX)
        return true;
    if (list_empty(&s->idle))
        return false;
    worker_free(container_of(s->idle.next, struct worker, idle_link));
    return true;
}

static void worker_ask(struct lane *l)
{
    struct sched *s = l->sched;
    struct worker *w = mem_alloc("worker", sizeof *w);
    *w = (struct worker){.lane = l, .ask_id = s->next_ask++};
    list_init(&w->jobs);
    list_init(&w->link);
    list_init(&w->idle_link);
    list_init(&w->start_link);
    list_add(&s->starting, &w->start_link);
    list_add(&l->workers, &w->link);
    l->n_workers++;
    l->n_starting++;
    s->n_workers++;
    s->busy[l->kind]++;
    struct init_worker_ask ask = {.program =
                                      l->kind == CHANNEL_LOCAL ? PROGRAM_DELIVER : PROGRAM_RELAY,
                                  .user = l->user,
                                  .uid = l->uid,
                                  .gid = l->gid,
                                  .home = l->home};
    err e = channel_send(s->boot->init, &init_worker_ask_schema, w->ask_id, &ask, NULL, 0);
    if (failed(e))
        lane_worker_answer(s, w->ask_id, &(struct init_worker){.text = str_from(err_text(e))}, -1);
}

static struct worker *asked_worker(struct sched *s, uint32_t ask_id)
{
    list_each (it, &s->starting) {
        struct worker *w = container_of(it, struct worker, start_link);
        if (w->ask_id == ask_id)
            return w;
    }
    return NULL;
}

/* No worker can be had: what waits is deferred, with the reason. */
static void lane_cannot(struct lane *l, str why)
{
    struct sched *s = l->sched;
    l->not_before_ms = clock_ms() + SCHED_RETRY_MS;
    while (!list_empty(&l->waiting) && l->n_workers == 0) {
        struct job *j = container_of(l->waiting.next, struct job, link);
        list_del(&j->link);
        l->n_waiting--;
        j->started = queue_now(s->queue);
        for (uint32_t i = 0; i < j->n; i++)
            result_take(s, j, i, &(struct result){.outcome = WORK_TEMP, .text = why});
        job_free(s, j);
    }
}

void lane_worker_answer(struct sched *s, uint32_t ask_id, const struct init_worker *a, int fd)
{
    struct worker *w = asked_worker(s, ask_id);
    if (!w) {
        fd_close(fd);
        return;
    }
    struct lane *l = w->lane;
    list_del(&w->start_link);
    l->n_starting--;
    if (!a->ok || fd < 0) {
        fd_close(fd);
        worker_free(w);
        lane_cannot(l, a->text.n ? a->text : S("Unable to start a delivery. (#4.3.0)"));
        return;
    }
    w->channel = channel_new(fd);
    if (l->kind == CHANNEL_LOCAL) /* it takes all that wait; relay's workers share out what comes */
        channel_hold(w->channel);
    w->watch = loop_add(s->loop, fd, LOOP_IN, on_worker, w);
    worker_idle(w);
    lane_touch(l);
}

static struct job *job_of(struct worker *w, uint64_t id)
{
    list_each (it, &w->jobs) {
        struct job *j = container_of(it, struct job, link);
        if (j->id == id)
            return j;
    }
    return NULL;
}

static err worker_result(struct worker *w, const struct packet *p)
{
    struct sched *s = w->lane->sched;
    struct work_result r;
    err e = ipc_decode(&work_result_schema, p->bytes, &r);
    if (failed(e))
        return e;
    struct job *j = job_of(w, r.job);
    if (!j || r.outcome < WORK_OK || r.outcome > WORK_PERM)
        return err_new(ERR_SYNTAX, "result of no job");
    list_del(&j->link);
    w->n_jobs--;
    s->in_flight[w->lane->kind] -= j->n;
    w->lane->last_result_ms = clock_ms();
    s->local_results += w->lane->kind == CHANNEL_LOCAL;
    result_packet(s, w, j, &r);
    return OK_ERR;
}

static void worker_blocked(struct worker *w, bool blocked)
{
    w->blocked = blocked;
    loop_events(w->watch, blocked ? LOOP_IN | LOOP_OUT : LOOP_IN);
}

/* What waits for it leaves in one packet. False: it is gone. */
static bool worker_send(struct worker *w)
{
    err e = channel_flush(w->channel, false);
    if (failed(e) && e.kind != ERR_TEMP) {
        worker_died(w);
        return false;
    }
    worker_blocked(w, failed(e));
    return true;
}

static void on_worker(void *ctx, int fd, unsigned events)
{
    struct worker *w = ctx;
    struct sched *s = w->lane->sched;
    struct lane *l = w->lane;
    (void)fd;
    if (events & LOOP_OUT) {
        if (!worker_send(w))
            return;
        if (!w->blocked)
            lane_touch(l);
    }
    bool had = w->n_jobs > 0;
    for (int i = 0; i < WORK_WINDOW * 2; i++) {
        struct packet p;
        err e = channel_try_recv(w->channel, &p);
        if (e.kind == ERR_TEMP)
            break;
        if (!failed(e))
            e = worker_result(w, &p);
        if (failed(e)) {
            if (e.kind != ERR_CLOSED)
                log_event(NULL, EV_PROGRAM_FAILED, F_STR("user", l->user), F_STR("host", l->host),
                          F_ERR(e));
            worker_died(w);
            return;
        }
    }
    if (had && w->n_jobs == 0) {
        worker_idle(w);
        if (w->retire)
            worker_free(w);
    }
    if (l->n_waiting)
        lane_touch(l);
    if (s->draining)
        sched_drained(s);
}

/* ---- the pump ---- */

static bool slot_is_free(const struct sched *s, enum channel_kind kind)
{
    return s->busy[kind] < sched_limit(s, kind);
}

/* The worker that takes the next job: the busy one with the least to do, or an idle one if
 * there is a slot. A relay worker does one thing at a time, so an idle one is better. */
static struct worker *pick(struct lane *l)
{
    struct sched *s = l->sched;
    struct worker *busy = NULL, *idle = NULL;
    uint32_t window = l->kind == CHANNEL_LOCAL ? WORK_WINDOW : SCHED_RELAY_WINDOW;
    bool others_wait = !list_empty(&s->starved[l->kind]);
    list_each (it, &l->workers) {
        struct worker *w = container_of(it, struct worker, link);
        if (!w->channel || w->blocked || w->retire)
            continue;
        if (w->n_jobs == 0) {
            idle = w;
            continue;
        }
        if (w->n_jobs >= window || (others_wait && w->burst >= SCHED_BURST))
            continue;
        if (!busy || w->n_jobs < busy->n_jobs)
            busy = w;
    }
    if (idle && slot_is_free(s, l->kind))
        return idle;
    return busy;
}

static void in_the_air(struct worker *w, struct job *j)
{
    struct sched *s = w->lane->sched;
    if (w->n_jobs == 0) {
        list_del(&w->idle_link);
        s->busy[w->lane->kind]++;
    }
    list_add(&w->jobs, &j->link);
    w->n_jobs++;
    w->burst++;
    s->in_flight[w->lane->kind] += j->n;
    if (w->lane->kind == CHANNEL_LOCAL)
        pace_arm(s);
}

static void job_cannot(struct sched *s, struct job *j, err e)
{
    log_event(NULL, EV_PROGRAM_FAILED, F_INT("id", j->m->id), F_ERR(e));
    for (uint32_t i = 0; i < j->n; i++)
        result_take(s, j, i,
                    &(struct result){.outcome = WORK_TEMP,
                                     .text = S("Unable to read the message. (#4.3.0)")});
    job_free(s, j);
}

/* False: this worker takes nothing now. */
static bool give(struct worker *w)
{
    struct lane *l = w->lane;
    struct sched *s = l->sched;
    struct job *j = container_of(l->waiting.next, struct job, link);
    j->id = ++s->next_job;
    j->started_ms = clock_ms();
    j->started = queue_now(s->queue);
    err e = job_send(w, j);
    if (e.kind == ERR_TEMP) {
        worker_blocked(w, true);
        return false;
    }
    if (e.kind == ERR_CLOSED) {
        worker_died(w);
        return false;
    }
    list_del(&j->link);
    l->n_waiting--;
    if (failed(e))
        job_cannot(s, j, e);
    else
        in_the_air(w, j);
    return true;
}

static bool is_dead(struct lane *l)
{
    return l->kind == CHANNEL_REMOTE && l->dead_until > queue_now(l->sched->queue);
}

/* Dropped messages leave their jobs; held ones wait outside. */
static void skip_gone(struct lane *l)
{
    struct sched *s = l->sched;
    list_each_safe (it, &l->waiting) {
        struct job *j = container_of(it, struct job, link);
        if (j->m->state == MESSAGE_OPEN)
            break; /* only the front matters: the rest is looked at when it is there */
        list_del(&j->link);
        l->n_waiting--;
        for (uint32_t i = 0; i < j->n; i++)
            queue_result(s->queue, j->m, j->rcpts[i].number, RCPT_LOSE, 0, S(""), S(""));
        result_finish(s, j->m);
        job_free(s, j);
    }
}

static void starve(struct lane *l)
{
    if (list_empty(&l->starved_link))
        list_add(&l->sched->starved[l->kind], &l->starved_link);
}

static void lane_send(struct lane *l)
{
    list_each_safe (it, &l->workers) {
        struct worker *w = container_of(it, struct worker, link);
        if (w->channel && !w->blocked)
            (void)worker_send(w); /* one that is gone has touched the lane */
    }
}

static void lane_pump(struct lane *l)
{
    struct sched *s = l->sched;
    list_del(&l->starved_link);
    skip_gone(l);
    if (is_dead(l)) {
        lane_cannot(l, S("Sorry, I wasn't able to establish an SMTP connection. (#4.4.1)"));
        if (l->n_waiting == 0)
            return;
    }
    if (gather_holds(l))
        return;
    struct worker *w;
    while (l->n_waiting && (w = pick(l))) {
        if (!give(w))
            break;
        l->gave_ms = clock_ms();
        skip_gone(l);
    }
    lane_send(l);
    l->giving = l->n_waiting > 0;
    if (!l->giving)
        return;
    if (sched_limit(s, l->kind) == 0)
        return; /* concurrency 0 holds them; a reload touches every lane */
    bool wants = l->n_starting == 0 && l->n_workers < lane_workers_max(l);
    if (wants && l->not_before_ms > clock_ms())
        return; /* the tick comes back to it */
    if (wants && slot_is_free(s, l->kind) && make_place(s))
        worker_ask(l);
    else if (!slot_is_free(s, l->kind))
        starve(l);
}

void lane_pump_all(void *ctx)
{
    struct sched *s = ctx;
    if (s->failed || s->draining)
        return;
    while (!list_empty(&s->touched)) {
        struct lane *l = container_of(s->touched.next, struct lane, touched_link);
        list_del(&l->touched_link);
        lane_pump(l);
    }
    for (int kind = 0; kind < 2; kind++) {
        size_t rounds = map_count(s->lane_table);
        while (rounds-- && !list_empty(&s->starved[kind]) &&
               slot_is_free(s, (enum channel_kind)kind))
            lane_pump(container_of(s->starved[kind].next, struct lane, starved_link));
    }
    if (!list_empty(&s->touched)) /* a worker died meanwhile */
        loop_defer(s->loop, lane_pump_all, s);
}

/* ---- what the tick does ---- */

void lane_announce_slow(struct sched *s)
{
    int64_t now = clock_ms();
    list_each (it, &s->lanes) {
        struct lane *l = container_of(it, struct lane, link);
        list_each (at, &l->workers) {
            struct worker *w = container_of(at, struct worker, link);
            list_each (jt, &w->jobs) {
                struct job *j = container_of(jt, struct job, link);
                if (!j->announced && now - j->started_ms >= SCHED_ANNOUNCE_MS)
                    result_announce(s, j);
            }
        }
        if (l->n_waiting && l->not_before_ms && l->not_before_ms <= now) {
            l->not_before_ms = 0;
            lane_touch(l);
        }
    }
}

void lane_send_idle_home(struct sched *s)
{
    int64_t now = clock_ms();
    while (!list_empty(&s->idle)) {
        struct worker *w = container_of(s->idle.next, struct worker, idle_link);
        if (now - w->idle_since_ms < SCHED_WORKER_IDLE_MS)
            return;
        worker_free(w);
    }
}

void lane_retire_workers(struct sched *s)
{
    while (!list_empty(&s->idle))
        worker_free(container_of(s->idle.next, struct worker, idle_link));
    list_each (it, &s->lanes) {
        struct lane *l = container_of(it, struct lane, link);
        list_each (at, &l->workers)
            container_of(at, struct worker, link)->retire =
                container_of(at, struct worker, link)->channel != NULL;
        if (l->n_waiting)
            lane_touch(l);
    }
}

void lane_drop_waiting(struct sched *s)
{
    list_each (it, &s->lanes) {
        struct lane *l = container_of(it, struct lane, link);
        list_each_safe (at, &l->waiting) {
            struct job *j = container_of(at, struct job, link);
            list_del(&j->link);
            l->n_waiting--;
            for (uint32_t i = 0; i < j->n; i++)
                queue_result(s->queue, j->m, j->rcpts[i].number, RCPT_LOSE, 0, S(""), S(""));
            job_free(s, j);
        }
    }
}

void lane_close_all(struct sched *s)
{
    lane_drop_waiting(s);
    list_each_safe (it, &s->lanes) {
        struct lane *l = container_of(it, struct lane, link);
        list_each_safe (at, &l->workers) {
            struct worker *w = container_of(at, struct worker, link);
            list_each_safe (jt, &w->jobs) {
                struct job *j = container_of(jt, struct job, link);
                list_del(&j->link);
                for (uint32_t i = 0; i < j->n; i++)
                    queue_result(s->queue, j->m, j->rcpts[i].number, RCPT_LOSE, 0, S(""), S(""));
                job_free(s, j);
            }
            worker_free(w);
        }
        lane_free(l);
    }
}
