/* SPDX-License-Identifier: ISC */
/* How it works: a login needs two witnesses. The session asks to be started again as the user
 * (IPC_INIT_PROMOTE, with its sockets); auth says which user that session may become
 * (IPC_INIT_GRANTED). They arrive on different channels in any order and are matched by the
 * session's id, which only front, the session and auth know. */
#include "init/house.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/admin.h"
#include "ipc/door.h"
#include "log/event.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"
#include "os/poll.h"

enum { MATCH_MS = 30000, GRANTS_MAX = 10000, PROMOTIONS_MAX = 1000, KEEPERS_MAX = 20000 };

struct grant {
    char *user, *home;
    uint32_t uid, gid, service;
    int64_t until_ms;
};

struct promotion {
    struct list link;
    char *packet; /* the message as it came */
    size_t n;
    int data, control;
    enum program program;
    int64_t until_ms;
};

static char *copy_text(str s)
{
    char *p = mem_alloc("text", s.n + 1);
    if (s.n)
        memcpy(p, s.p, s.n);
    return p;
}

static void free_grant(struct grant *g)
{
    if (!g)
        return;
    free(g->user);
    free(g->home);
    free(g);
}

static void free_promotion(struct promotion *p)
{
    list_del(&p->link);
    fd_close(p->data);
    fd_close(p->control);
    free(p->packet);
    free(p);
}

/* The keeper of that account's mail, running: nobody else may have its place. */
static struct keeper *keeper_for(struct house *h, const struct grant *g)
{
    struct keeper *k = map_get(h->keepers, str_from(g->user));
    if (k && k->uid == g->uid && strcmp(k->home, g->home) == 0)
        return k;
    if (k || map_count(h->keepers) >= KEEPERS_MAX)
        return NULL; /* the account changed under a keeper that still runs: later */
    k = mem_alloc("keeper", sizeof *k);
    *k = (struct keeper){.user = strdup(g->user),
                         .home = strdup(g->home),
                         .uid = g->uid,
                         .gid = g->gid,
                         .channel = -1};
    if (!k->user || !k->home ||
        failed(fd_pair(FD_PAIR_PACKET, &k->door_imapd[0], &k->door_imapd[1])) ||
        failed(fd_pair(FD_PAIR_PACKET, &k->door_popd[0], &k->door_popd[1])))
        oom("keeper");
    map_put(h->keepers, str_from(k->user), k);
    return k;
}

static err send_keeper(struct house *h, struct keeper *k, int fd)
{
    err e = house_send_site(h, fd);
    struct init_keeper m = {.user = str_from(k->user), .home = str_from(k->home)};
    if (!failed(e))
        e = packet_send(fd, &init_keeper_schema, 0, &m, NULL, 0);
    if (!failed(e))
        e = packet_send(fd, &init_clients_schema, 0, &(struct init_clients){PROGRAM_IMAPD},
                        &k->door_imapd[1], 1);
    if (!failed(e))
        e = packet_send(fd, &init_clients_schema, 0, &(struct init_clients){PROGRAM_POPD},
                        &k->door_popd[1], 1);
    if (!failed(e))
        e = packet_send(fd, &init_go_schema, 0, &(struct init_nothing){0}, NULL, 0);
    return e;
}

static err keeper_start(struct house *h, struct keeper *k)
{
    struct start s = {
        .plan = program_plan(PROGRAM_KEEPER), .uid = k->uid, .gid = k->gid, .cwd = k->home};
    pid_t pid;
    auto_fd int fd = -1;
    err e = program_start(h, &s, &pid, &fd);
    if (failed(e))
        return e;
    guest_add(h, PROGRAM_KEEPER, pid, k);
    k->channel = fd_take(&fd);
    e = send_keeper(h, k, k->channel);
    shares_watch(h, k);
    return e;
}

static void drop_keeper(struct house *h, struct keeper *k)
{
    (void)map_take(h->keepers, str_from(k->user)); /* k itself */
    shares_unwatch(k);
    fd_close(k->channel);
    fd_close(k->door_imapd[0]);
    fd_close(k->door_imapd[1]);
    fd_close(k->door_popd[0]);
    fd_close(k->door_popd[1]);
    free(k->user);
    free(k->home);
    free(k);
}

/* A session may have knocked while the keeper was leaving: its knock waits in the door. */
void keeper_ended(struct house *h, struct keeper *k)
{
    k->running = NULL;
    shares_unwatch(k);
    fd_closep(&k->channel);
    struct pollfd p[] = {{.fd = k->door_imapd[1], .events = POLLIN},
                         {.fd = k->door_popd[1], .events = POLLIN}};
    bool waiting = !failed(poll_until(p, 2, (deadline){0}));
    if (!waiting || h->stopping) {
        drop_keeper(h, k);
        return;
    }
    err e = keeper_start(h, k);
    if (failed(e)) {
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("name", S("keeper")),
                  F_STR("user", str_from(k->user)), F_ERR(e));
        drop_keeper(h, k);
    }
}

/* Our end of a conversation with the keeper of that user's mail. */
static err call_keeper(struct house *h, const struct grant *g, enum program from, int *ret_mine)
{
    struct keeper *k = keeper_for(h, g);
    if (!k)
        return err_new(ERR_TEMP, "the account is changing");
    err e = k->running ? OK_ERR : keeper_start(h, k);
    auto_fd int theirs = -1;
    if (!failed(e))
        e = fd_pair(FD_PAIR_PACKET, ret_mine, &theirs);
    int door = from == PROGRAM_IMAPD ? k->door_imapd[0] : k->door_popd[0];
    return failed(e) ? e : door_pass(door, &(struct door_knock){.program = from}, theirs);
}

static err start_session(struct house *h, const struct grant *g, const struct promotion *p,
                         const struct init_promote *m)
{
    auto_fd int mine = -1, fd = -1;
    bool mail = p->program != PROGRAM_SIEVED; /* sieved works on files of its own */
    err e = mail ? call_keeper(h, g, p->program, &mine) : OK_ERR;
    struct start s = {
        .plan = program_plan(p->program), .uid = g->uid, .gid = g->gid, .cwd = g->home};
    pid_t pid;
    if (!failed(e))
        e = program_start(h, &s, &pid, &fd);
    if (failed(e))
        return e;
    struct guest *guest = guest_add(h, p->program, pid, NULL);
    struct init_session session = {.user = str_from(g->user),
                                   .uid = g->uid,
                                   .gid = g->gid,
                                   .home = str_from(g->home),
                                   .start = m->start,
                                   .input = m->input,
                                   .answer = m->answer};
    int fds[] = {p->data, p->control, mine};
    e = house_send_site(h, fd);
    if (!failed(e))
        e = packet_send(fd, &init_session_schema, 0, &session, fds, mail ? 3 : 2);
    if (!failed(e) && p->program == PROGRAM_IMAPD && house_shares(h))
        visits_watch(h, guest, str_from(g->user), fd_take(&fd));
    return e;
}

/* The keeper of that user, running. */
static err keeper_of(struct house *h, str owner, struct keeper **ret)
{
    auto_arena struct arena *a = arena_new("owner", 1 << 16);
    struct person one;
    err e = passwd_find(h->passwd, owner, a, &one);
    if (failed(e))
        return e;
    if (one.uid == 0 && h->real_users)
        return err_new(ERR_NOTFOUND, "root has no mailbox here");
    struct grant g = {
        .user = copy_text(one.name), .home = copy_text(one.home), .uid = one.uid, .gid = one.gid};
    struct keeper *k = keeper_for(h, &g);
    e = !k           ? err_new(ERR_TEMP, "the account is changing")
        : k->running ? OK_ERR
                     : keeper_start(h, k);
    free(g.user);
    free(g.home);
    *ret = k;
    return e;
}

err keeper_wake(struct house *h, str user)
{
    struct keeper *k;
    return keeper_of(h, user, &k);
}

err keeper_let_in(struct house *h, str owner, str visitor, int fd)
{
    struct keeper *k;
    err e = keeper_of(h, owner, &k);
    struct door_knock knock = {.program = PROGRAM_IMAPD, .visitor = visitor};
    return failed(e) ? e : door_pass(k->door_imapd[0], &knock, fd);
}

err keeper_visit(struct house *h, const struct admin_mailbox *who, const struct door_knock *knock,
                 int fd)
{
    if (who->uid == 0 && h->real_users)
        return err_new(ERR_DENIED, "root has no mailbox here");
    struct grant g = {.user = copy_text(who->user),
                      .home = copy_text(who->home),
                      .uid = who->uid,
                      .gid = who->gid};
    struct keeper *k = keeper_for(h, &g);
    err e = !k           ? err_new(ERR_TEMP, "the account is changing")
            : k->running ? OK_ERR
                         : keeper_start(h, k);
    free(g.user);
    free(g.home);
    return failed(e) ? e : door_pass(k->door_imapd[0], knock, fd);
}

/* True when the promotion has met its grant (and is done with, well or badly). */
static bool match(struct house *h, struct promotion *p)
{
    struct init_promote m;
    if (failed(ipc_decode(&init_promote_schema, str_of(p->packet, p->n), &m)))
        return true;
    struct grant *g = map_take(h->granted, m.sid);
    if (!g)
        return false;
    err e = g->service == m.service ? start_session(h, g, p, &m)
                                    : err_new(ERR_DENIED, "granted for another service");
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("name", str_from(program_name(p->program))),
                  F_STR("user", str_from(g->user)), F_STR("sid", m.sid), F_ERR(e));
    free_grant(g);
    return true;
}

static void forget_old(struct house *h)
{
    int64_t now = clock_ms();
    list_each_safe (l, &h->waiting) {
        struct promotion *p = container_of(l, struct promotion, link);
        if (p->until_ms < now)
            free_promotion(p);
    }
    size_t at = 0;
    str key;
    void *value;
    while (map_next(h->granted, &at, &key, &value)) {
        struct grant *g = value;
        if (g->until_ms >= now)
            break; /* in the order of arrival */
        free_grant(map_take(h->granted, key));
    }
}

void session_granted(struct house *h, const struct init_granted *g)
{
    forget_old(h);
    if (map_count(h->granted) >= GRANTS_MAX || (g->uid == 0 && h->real_users))
        return; /* root reads no mail here; too many logins nobody fetches: refused */
    struct grant *copy = mem_alloc("grant", sizeof *copy);
    *copy = (struct grant){.user = copy_text(g->user),
                           .home = copy_text(g->home),
                           .uid = g->uid,
                           .gid = g->gid,
                           .service = g->service,
                           .until_ms = clock_ms() + MATCH_MS};
    free_grant(map_take(h->granted, g->sid));
    map_put(h->granted, g->sid, copy);
    list_each_safe (l, &h->waiting) {
        struct promotion *p = container_of(l, struct promotion, link);
        if (match(h, p))
            free_promotion(p);
    }
}

static void take_promotion(struct house *h, enum program program, struct packet *in)
{
    if (in->type != IPC_INIT_PROMOTE || in->n_fds != 2)
        return;
    struct promotion *p = mem_alloc("promotion", sizeof *p);
    *p = (struct promotion){.packet = copy_text(in->bytes),
                            .n = in->bytes.n,
                            .program = program,
                            .data = fd_take(&in->fds[0]),
                            .control = fd_take(&in->fds[1]),
                            .until_ms = clock_ms() + MATCH_MS};
    list_init(&p->link);
    size_t waiting = 0;
    list_each (l, &h->waiting)
        waiting++;
    if (match(h, p) || waiting >= PROMOTIONS_MAX)
        free_promotion(p);
    else
        list_add(&h->waiting, &p->link);
}

static void on_promotion(void *ctx, int fd, unsigned events)
{
    struct house *h = ctx;
    (void)events;
    enum program from = PROGRAM_IMAPD;
    while (!h->promotions[from] || channel_fd(h->promotions[from]) != fd)
        from++; /* one of those that house_watch_promotions() watches */
    struct packet p;
    forget_old(h);
    while (!failed(channel_try_recv(h->promotions[from], &p)))
        take_promotion(h, from, &p);
}

void house_watch_promotions(struct house *h)
{
    static const enum program from[] = {PROGRAM_IMAPD, PROGRAM_POPD, PROGRAM_SIEVED};
    for (size_t i = 0; i < sizeof from / sizeof from[0]; i++) {
        h->promotions[from[i]] = channel_new(h->doors[from[i]][PROGRAM_INIT][1]);
        (void)loop_add(h->loop, h->doors[from[i]][PROGRAM_INIT][1], LOOP_IN, on_promotion,
                       h); /* for ever */
    }
}
