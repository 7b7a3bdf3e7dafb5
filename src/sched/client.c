/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/door.h"
#include "log/event.h"
#include "os/fd.h"
#include "sched/sched.h"
#include "wire/limits.h"

enum { NOTIFY_MAX = 64, COMMIT_AT_BYTES = 4 << 20, RCPTS_TEXT_MAX = 2000 };

static void forget_files(struct client *c)
{
    for (size_t i = 0; i < c->files.n; i++)
        queue_body_giveup(c->sched->queue, c->files.at[i]);
    vec_done(&c->files);
}

static void client_free(struct client *c)
{
    vec_done(&c->files);
    free(c);
}

void client_end(struct client *c)
{
    if (c->gone)
        return;
    c->gone = true;
    loop_del(c->watch);
    channel_free(c->channel);
    c->channel = NULL;
    forget_files(c);
    list_del(&c->link);
    list_del(&c->pause_link);
    c->sched->n_clients--;
    c->sched->n_local_clients -= c->program == PROGRAM_LOCAL;
    if (c->pending == 0)
        client_free(c);
}

static void answer(struct client *c, uint32_t packet, const struct submit_done *d)
{
    if (c->gone)
        return;
    /* A client that does not read its answers is not waited for. */
    err e = channel_try_send(c->channel, &submit_done_schema, packet, d, NULL, 0);
    if (failed(e))
        client_end(c);
}

static void refuse(struct client *c, uint32_t packet, bool permanent, str text)
{
    log_event(NULL, EV_QUEUE_REFUSED, F_STR("program", str_from(program_name(c->program))),
              F_STR("text", text));
    answer(c, packet, &(struct submit_done){.permanent = permanent, .text = text});
}

/* qmail-queue's texts, facts of its exit codes. */
static void refuse_for(struct client *c, uint32_t packet, err e)
{
    if (e.kind == ERR_LIMIT)
        refuse(c, packet, true, S("envelope address too long for qq (#5.1.3)"));
    else if (e.kind == ERR_SYNTAX)
        refuse(c, packet, true, S("qq permanent problem (#5.3.0)"));
    else
        refuse(c, packet, false, S("qq write error or disk full (#4.3.0)"));
}

/* One NUL-terminated string off the front. */
static bool take_string(str *rest, size_t max, str *ret)
{
    ptrdiff_t at = str_find(*rest, 0);
    if (at < 0 || (size_t)at > max)
        return false;
    *ret = str_slice(*rest, 0, (size_t)at);
    *rest = str_from_at(*rest, (size_t)at + 1);
    return true;
}

static err take_recipients(str rest, struct queue_rcpt *rcpts, uint32_t *ret_n)
{
    uint32_t n = 0;
    while (rest.n) {
        if (n == SUBMIT_RECIPIENTS_MAX)
            return err_new(ERR_LIMIT, "too many recipients");
        rcpts[n] = (struct queue_rcpt){0};
        if (!take_string(&rest, QMAIL_ENVELOPE_ADDRESS_MAX, &rcpts[n].address))
            return err_new(ERR_LIMIT, "recipient address is too long");
        if (!take_string(&rest, NOTIFY_MAX, &rcpts[n].notify) ||
            !take_string(&rest, DSN_ORCPT_MAX, &rcpts[n].orcpt) || rcpts[n].address.n == 0)
            return err_new(ERR_SYNTAX, "malformed recipient");
        n++;
    }
    if (n == 0)
        return err_new(ERR_SYNTAX, "no recipient");
    *ret_n = n;
    return OK_ERR;
}

static bool lent_to(struct client *c, uint64_t file, bool take)
{
    for (size_t i = 0; i < c->files.n; i++) {
        if (c->files.at[i] != file)
            continue;
        if (take)
            c->files.at[i] = c->files.at[--c->files.n];
        return true;
    }
    return false;
}

/* Where the body is: in the packet, in sealed memory, or in a file that this client wrote. */
static err take_body(struct client *c, const struct submit *in, const struct packet *p,
                     struct queue_new *n)
{
    n->size = in->size;
    n->body_fd = -1;
    if (in->file) {
        if (!lent_to(c, in->file, false))
            return err_new(ERR_SYNTAX, "a body file of somebody else");
        n->file = in->file;
        return queue_body_check(c->sched->queue, in->file, in->size);
    }
    if (p->n_fds == 0) {
        n->body = in->message;
        return in->message.n == in->size ? OK_ERR : err_new(ERR_SYNTAX, "size of message");
    }
    uint64_t size = 0;
    if (in->message.n || !fd_is_sealed(p->fds[0]))
        return err_new(ERR_SYNTAX, "message body is not sealed");
    err e = fd_size(p->fds[0], &size);
    if (failed(e))
        return e;
    if (size != in->size || size > SUBMIT_MEMORY_MAX)
        return err_new(ERR_SYNTAX, "size of message");
    n->body_fd = p->fds[0];
    return OK_ERR;
}

static void submitted(struct client *c, const struct packet *p)
{
    static struct queue_rcpt rcpts[SUBMIT_RECIPIENTS_MAX];
    struct sched *s = c->sched;
    struct submit in;
    err e = ipc_decode(&submit_schema, p->bytes, &in);
    if (failed(e)) {
        refuse_for(c, p->id, e);
        return;
    }
    /* While the house closes, deliveries in flight may still forward. */
    if (s->draining && c->program != PROGRAM_DELIVER) {
        refuse(c, p->id, false, S("qq temporary problem (#4.3.0)"));
        return;
    }
    bool local = c->program == PROGRAM_LOCAL || c->program == PROGRAM_CTL;
    struct queue_new n = {.sender = in.sender,
                          .envid = in.envid,
                          .user = local ? S("") : in.user, /* nobody vouches for it */
                          .sid = in.sid,
                          .flags = in.flags & 0xf,
                          .uid = local ? c->uid : in.uid,
                          .pid = local && c->pid ? c->pid : in.pid,
                          .rcpts = rcpts};
    e = take_recipients(in.recipients, rcpts, &n.n_rcpts);
    if (!failed(e))
        e = take_body(c, &in, p, &n);
    struct queue_message *m = NULL;
    if (!failed(e))
        e = queue_add(s->queue, &n, &m);
    if (failed(e)) {
        refuse_for(c, p->id, e);
        return;
    }
    if (n.file)
        (void)lent_to(c, n.file, true); /* the queue's now */
    m->users++;
    c->pending++;
    vec_push(&s->pending, (struct pending){c, p->id, m});
    vec_push(&s->fresh, m);
    m->users++;
    loop_defer(s->loop, client_commit, s);
}

static void file_asked(struct client *c, const struct packet *p)
{
    enum { FILES_PER_CLIENT = 8 };
    auto_fd int fd = -1;
    struct submit_file out = {0};
    err e = c->files.n < FILES_PER_CLIENT ? queue_body_lend(c->sched->queue, &out.file, &fd)
                                          : err_new(ERR_LIMIT, "too many body files");
    if (failed(e))
        out.text = S("qq write error or disk full (#4.3.0)");
    else
        vec_push(&c->files, out.file);
    e = channel_try_send(c->channel, &submit_file_schema, p->id, &out, &fd, fd >= 0);
    if (failed(e))
        client_end(c);
}

static bool may_submit(const struct client *c)
{
    return c->program == PROGRAM_SMTPD || c->program == PROGRAM_DELIVER ||
           c->program == PROGRAM_LOCAL || c->program == PROGRAM_CTL || c->program == PROGRAM_INIT ||
           c->program == PROGRAM_IMAPD;
}

static void packet_came(struct client *c, const struct packet *p)
{
    if (p->type == IPC_SUBMIT && may_submit(c))
        submitted(c, p);
    else if (p->type == IPC_SUBMIT_FILE_ASK && may_submit(c))
        file_asked(c, p);
    else if (p->type == IPC_ADMIN_ASK && c->program == PROGRAM_CTL)
        admin_packet(c, p);
    else
        client_end(c); /* speaks another language */
}

/* One packet a round: who has sent one waits for its answer. */
static void on_client(void *ctx, int fd, unsigned events)
{
    struct client *c = ctx;
    struct sched *s = c->sched;
    (void)fd;
    if (!(events & LOOP_HUP) && pace_pause(c))
        return;
    struct packet p;
    err e = channel_try_recv(c->channel, &p);
    if (e.kind == ERR_TEMP)
        return;
    if (failed(e)) {
        client_end(c);
        return;
    }
    c->pending++; /* it stays while we look at its packet */
    packet_came(c, &p);
    if (queue_batch_bytes(s->queue) > COMMIT_AT_BYTES)
        client_commit(s);
    c->pending--;
    if (c->gone && c->pending == 0)
        client_free(c);
}

static void on_knock(void *ctx, int fd, unsigned events)
{
    struct sched_door *d = ctx;
    struct sched *s = d->sched;
    (void)fd;
    (void)events;
    for (;;) {
        struct door_knock who;
        int end = -1;
        err e = door_answer(d->channel, &who, &end);
        if (e.kind == ERR_TEMP)
            return;
        if (failed(e) && e.kind != ERR_SYNTAX) {
            loop_del(d->watch); /* nobody knocks here any more */
            d->watch = NULL;
            return;
        }
        bool local = d->program == PROGRAM_LOCAL;
        if (failed(e) || s->n_clients >= SCHED_CLIENTS_MAX ||
            (local && s->n_local_clients >= SCHED_LOCAL_CLIENTS_MAX)) {
            fd_close(end);
            continue;
        }
        struct client *c = mem_alloc("client", sizeof *c);
        /* The door says who knocks. */
        *c = (struct client){.sched = s,
                             .channel = channel_new(end),
                             .program = d->program,
                             .uid = who.uid,
                             .pid = who.pid};
        list_init(&c->link);
        list_init(&c->pause_link);
        list_add(&s->clients, &c->link);
        s->n_clients++;
        s->n_local_clients += local;
        c->watch = loop_add(s->loop, end, LOOP_IN, on_client, c);
    }
}

void client_watch_doors(struct sched *s)
{
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++) {
        if (!s->boot->clients[p])
            continue;
        struct sched_door *d = &s->doors[p];
        *d = (struct sched_door){.sched = s, .program = p, .channel = s->boot->clients[p]};
        d->watch = loop_add(s->loop, channel_fd(d->channel), LOOP_IN, on_knock, d);
    }
}

static void tell_pending(struct sched *s)
{
    for (size_t i = 0; i < s->pending.n; i++) {
        struct pending *p = &s->pending.at[i];
        char id[24];
        int n = snprintf(id, sizeof id, "%llu", (unsigned long long)p->m->id);
        answer(p->client, p->packet, &(struct submit_done){.ok = 1, .id = str_of(id, (size_t)n)});
        p->client->pending--;
        if (p->client->gone && p->client->pending == 0)
            client_free(p->client);
        queue_unref(s->queue, p->m);
        s->accepted++;
    }
    s->pending.n = 0;
}

/* As many as an event holds; the others are named by their deliveries' events. */
static str recipients_text(const struct queue_message *m, struct buf *b)
{
    if (m->n_rcpts == 1)
        return m->rcpts[0].address;
    for (uint32_t i = 0; i < m->n_rcpts; i++) {
        if (b->n + m->rcpts[i].address.n + 1 > b->max)
            break;
        if (i)
            buf_addc(b, ',');
        buf_add(b, m->rcpts[i].address);
    }
    return buf_str(b);
}

static void tell_new(const struct queue_message *m)
{
    auto_buf struct buf rcpts;
    buf_init(&rcpts, RCPTS_TEXT_MAX);
    log_event(NULL, EV_QUEUE_NEW, F_INT("id", m->id), F_INT("size", m->size),
              F_STR("sender", m->sender), F_INT("qp", m->pid), F_INT("uid", m->uid),
              F_STR("user", m->user), F_STR("sid", m->sid), F_INT("rcpts", m->n_rcpts),
              F_STR("rcpt", recipients_text(m, &rcpts)));
}

/* What the commit made durable. Starting one may append others (a refusal's bounce): those
 * are of the next commit. */
static void start_fresh(struct sched *s)
{
    size_t n = s->fresh.n;
    for (size_t i = 0; i < n; i++) {
        struct queue_message *m = s->fresh.at[i];
        tell_new(m);
        attempt_message(s, m);
        queue_unref(s->queue, m);
    }
    s->fresh.n -= n;
    if (s->fresh.n)
        memmove(s->fresh.at, s->fresh.at + n, s->fresh.n * sizeof(struct queue_message *));
}

void client_commit(void *ctx)
{
    struct sched *s = ctx;
    if (s->failed)
        return;
    bool more = queue_tidy(s->queue);
    err e = queue_commit(s->queue);
    if (failed(e)) {
        sched_fail(s, e);
        return;
    }
    s->lazy_armed = false;
    loop_timer_move(s->lazy_timer, DEADLINE_NEVER);
    tell_pending(s); /* before anything else: they wait */
    start_fresh(s);
    if (more)
        loop_timer_move(s->tidy_timer, (deadline){0});
}

void client_close_all(struct sched *s)
{
    for (size_t i = 0; i < s->pending.n; i++) { /* nobody was told: nothing is promised */
        struct client *c = s->pending.at[i].client;
        queue_unref(s->queue, s->pending.at[i].m);
        if (--c->pending == 0 && c->gone)
            client_free(c);
    }
    s->pending.n = 0;
    for (size_t i = 0; i < s->fresh.n; i++)
        queue_unref(s->queue, s->fresh.at[i]);
    s->fresh.n = 0;
    list_each_safe (it, &s->clients)
        client_end(container_of(it, struct client, link));
    for (enum program p = PROGRAM_INIT; p < PROGRAM_COUNT; p++)
        loop_del(s->doors[p].watch);
}
