/* SPDX-License-Identifier: ISC */
/* How it works: checks wait in a list; a free worker gets the first. Each worker has at most
 * one check, and a timer that kills it when that takes too long. Passwords are wiped as soon
 * as they are sent. */
#include "auth/workers.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "crypt/password.h"
#include "crypt/secret.h"
#include "ipc/channel.h"
#include "log/event.h"
#include "os/child.h"
#include "os/clock.h"
#include "os/fd.h"
#include "people/system.h"

enum { RESTART_PAUSE_MS = 1000 };

struct worker {
    struct workers *pool;
    pid_t pid;
    struct channel *channel;
    struct loop_fd *watch;
    struct loop_timer *limit;
    struct job *job; /* NULL: free */
};

struct job {
    struct list link;
    uint64_t id;
    struct arena *arena;
    struct check check;
    check_done_fn *done; /* NULL: forgotten */
    void *ctx;
};

struct workers {
    struct loop *loop;
    int root;
    size_t n;
    struct worker at[WORKERS_MAX];
    struct list waiting;
    size_t n_waiting;
    uint64_t last_id;
    int64_t restarted_ms;
};

/* ---- the conversation with a worker ---- */

struct check_packet {
    str user, password, stored, decoy;
};
static const struct ipc_field check_fields[] = {
    IPC_TEXT(struct check_packet, user, 255),
    IPC_TEXT(struct check_packet, password, PASSWORD_MAX),
    IPC_TEXT(struct check_packet, stored, PASSWORD_STORED_MAX),
    IPC_TEXT(struct check_packet, decoy, PASSWORD_STORED_MAX),
};
static const struct ipc_schema check_schema = IPC_SCHEMA(IPC_AUTH_CHECK, "check", check_fields);

struct checked_packet {
    uint32_t error; /* enum err_kind */
    uint32_t match, known, cacheable;
};
static const struct ipc_field checked_fields[] = {
    IPC_NUM(struct checked_packet, error),
    IPC_NUM(struct checked_packet, match),
    IPC_NUM(struct checked_packet, known),
    IPC_NUM(struct checked_packet, cacheable),
};
static const struct ipc_schema checked_schema =
    IPC_SCHEMA(IPC_AUTH_CHECKED, "checked", checked_fields);

/* ---- in the worker ---- */

/* A worker keeps nothing of its parent's: not the way to init, not the sessions. */
static void close_all_but(int channel, int root)
{
    struct rlimit limit = {.rlim_cur = 65536};
    (void)getrlimit(RLIMIT_NOFILE, &limit); /* the bound above holds then */
    int top = limit.rlim_cur < 65536 ? (int)limit.rlim_cur : 65536;
    for (int fd = 3; fd < top; fd++) {
        if (fd != channel && fd != root)
            (void)close(fd); /* most are not open */
    }
}

static struct checked_packet check_one(struct passwd_db *people, int root,
                                       const struct check_packet *p)
{
    struct system_answer system = {0};
    struct checked_packet answer = {0};
    err e;
    if (p->stored.n > 0) {
        e = password_verify(p->stored, p->password, &system.match);
        system.known = system.cacheable = true;
    } else {
        e = system_password_verify(people, root, p->user, p->password, p->decoy, &system);
    }
    answer.error = e.kind;
    if (!failed(e)) {
        answer.match = system.match;
        answer.known = system.known;
        answer.cacheable = system.cacheable;
    }
    return answer;
}

_Noreturn static void worker_run(int fd, int root)
{
    struct channel *c = channel_new(fd);
    struct passwd_db *people = NULL;
    struct packet in;
    struct check_packet ask;
    close_all_but(fd, root);
    log_open("auth", -1);
    err e = passwd_open(root, &people);
    while (!failed(e)) {
        e = channel_recv(c, DEADLINE_NEVER, &in);
        if (!failed(e))
            e = ipc_decode(&check_schema, in.bytes, &ask);
        if (failed(e))
            break;
        struct checked_packet answer = check_one(people, root, &ask);
        secret_wipe((void *)(uintptr_t)in.bytes.p, in.bytes.n);
        e = channel_send(c, &checked_schema, in.id, &answer, NULL, 0);
    }
    _exit(e.kind == ERR_CLOSED ? 0 : 111);
}

/* ---- in auth ---- */

static void give_next(struct workers *w);
static void on_answer(void *ctx, int fd, unsigned events);
static void on_limit(void *ctx);

static err worker_start(struct workers *w, struct worker *one)
{
    auto_fd int mine = -1, theirs = -1;
    pid_t pid;
    err e = fd_pair(FD_PAIR_PACKET, &mine, &theirs);
    if (!failed(e))
        e = child_fork(&pid);
    if (failed(e))
        return e;
    if (pid == 0)
        worker_run(fd_take(&theirs), w->root);
    *one = (struct worker){.pool = w, .pid = pid, .channel = channel_new(fd_take(&mine))};
    one->watch = loop_add(w->loop, channel_fd(one->channel), LOOP_IN, on_answer, one);
    one->limit = loop_at(w->loop, DEADLINE_NEVER, on_limit, one);
    return OK_ERR;
}

err workers_start(struct loop *l, int root, size_t n, struct workers **ret)
{
    struct workers *w = mem_alloc("workers", sizeof *w);
    w->loop = l;
    w->root = root;
    w->n = n < WORKERS_MAX ? n : WORKERS_MAX;
    w->restarted_ms = INT64_MIN / 2;
    list_init(&w->waiting);
    for (size_t i = 0; i < w->n; i++) {
        err e = worker_start(w, &w->at[i]);
        if (failed(e)) {
            workers_stop(w);
            return e;
        }
    }
    *ret = w;
    return OK_ERR;
}

static void job_free(struct job *j)
{
    secret_wipe((void *)(uintptr_t)j->check.password.p, j->check.password.n);
    list_del(&j->link);
    arena_free(j->arena);
    free(j);
}

static void worker_close(struct worker *one)
{
    loop_del(one->watch);
    loop_timer_del(one->limit);
    channel_free(one->channel);
    one->watch = NULL;
    one->limit = NULL;
    one->channel = NULL;
}

void workers_stop(struct workers *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->n; i++) {
        if (w->at[i].job != NULL)
            job_free(w->at[i].job);
        worker_close(&w->at[i]); /* the closed channel ends it */
    }
    list_each_safe (l, &w->waiting)
        job_free(container_of(l, struct job, link));
    free(w);
}

static void finish(struct workers *w, struct worker *one, err e, const struct check_answer *answer)
{
    struct job *j = MOVE(one->job);
    if (one->limit != NULL)
        loop_timer_move(one->limit, DEADLINE_NEVER);
    if (j == NULL)
        return;
    check_done_fn *done = j->done;
    void *ctx = j->ctx;
    job_free(j);
    if (done != NULL)
        done(ctx, e, answer);
    give_next(w);
}

/* Kill it if it is not dead yet, fail its check, and put another in its place. */
static void replace(struct worker *one)
{
    struct workers *w = one->pool;
    struct check_answer none = {0};
    log_event(NULL, EV_PROGRAM_ENDED, F_STR("name", S("auth worker")), F_INT("pid", one->pid));
    child_kill(one->pid, SIGKILL);
    struct job *job = MOVE(one->job);
    worker_close(one);
    *one = (struct worker){.pool = w};
    /* One that dies at once must not become a stream of forks: then the next check starts it. */
    bool again_so_soon = clock_ms() - w->restarted_ms < RESTART_PAUSE_MS;
    w->restarted_ms = clock_ms();
    err e = again_so_soon ? OK_ERR : worker_start(w, one);
    if (failed(e))
        log_event(NULL, EV_PROGRAM_FAILED, F_STR("name", S("auth worker")), F_ERR(e));
    one->job = job;
    finish(w, one, err_new(ERR_TEMP, "password check was cut short"), &none);
}

static void on_limit(void *ctx)
{
    replace(ctx);
}

static void on_answer(void *ctx, int fd, unsigned events)
{
    struct worker *one = ctx;
    struct packet in;
    struct checked_packet p;
    (void)fd;
    (void)events;
    err e = channel_try_recv(one->channel, &in);
    if (e.kind == ERR_TEMP)
        return;
    if (!failed(e))
        e = ipc_decode(&checked_schema, in.bytes, &p);
    if (failed(e) || one->job == NULL) {
        replace(one);
        return;
    }
    struct check_answer answer = {
        .match = p.match == 1, .known = p.known == 1, .cacheable = p.cacheable == 1};
    e = p.error == ERR_NONE ? OK_ERR : err_new((enum err_kind)p.error, "check a password");
    if (failed(e))
        answer.match = false;
    finish(one->pool, one, e, &answer);
}

static void give(struct worker *one, struct job *j)
{
    struct check_packet p = {j->check.user, j->check.password, j->check.stored, j->check.decoy};
    list_del(&j->link);
    one->pool->n_waiting--;
    one->job = j;
    err e = channel_try_send(one->channel, &check_schema, 0, &p, NULL, 0);
    if (failed(e))
        replace(one);
    else
        loop_timer_move(one->limit, deadline_in_ms(CHECK_LIMIT_MS));
}

static void give_next(struct workers *w)
{
    for (size_t i = 0; i < w->n && !list_empty(&w->waiting); i++) {
        struct worker *one = &w->at[i];
        if (one->job != NULL)
            continue;
        if (one->channel == NULL && failed(worker_start(w, one))) {
            *one = (struct worker){.pool = w}; /* tried again with the next check */
            continue;
        }
        give(one, container_of(w->waiting.next, struct job, link));
    }
}

err workers_check(struct workers *w, const struct check *c, check_done_fn *done, void *ctx,
                  uint64_t *ret_id)
{
    if (w->n_waiting >= CHECKS_WAITING_MAX)
        return err_new(ERR_LIMIT, "password checks waiting");
    if (c->user.n > 255 || c->password.n > PASSWORD_MAX || c->stored.n > PASSWORD_STORED_MAX ||
        c->decoy.n > PASSWORD_STORED_MAX)
        return err_new(ERR_LIMIT, "password check");
    struct job *j = mem_alloc("check", sizeof *j);
    j->arena = arena_new("check", 8192);
    j->id = ++w->last_id;
    j->check = (struct check){arena_copy(j->arena, c->user), arena_copy(j->arena, c->password),
                              arena_copy(j->arena, c->stored), arena_copy(j->arena, c->decoy)};
    j->done = done;
    j->ctx = ctx;
    list_add(&w->waiting, &j->link);
    w->n_waiting++;
    *ret_id = j->id;
    give_next(w);
    return OK_ERR;
}

void workers_forget(struct workers *w, uint64_t id)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->at[i].job != NULL && w->at[i].job->id == id)
            w->at[i].job->done = NULL;
    }
    list_each_safe (l, &w->waiting) {
        struct job *j = container_of(l, struct job, link);
        if (j->id == id) {
            job_free(j);
            w->n_waiting--;
        }
    }
}

void workers_child_ended(struct workers *w, int pid)
{
    for (size_t i = 0; i < w->n; i++) {
        if (w->at[i].channel != NULL && w->at[i].pid == pid)
            replace(&w->at[i]);
    }
}
