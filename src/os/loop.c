/* SPDX-License-Identifier: ISC */
/* How it works: one epoll set; timers in a binary heap by time; signals and ended children by
 * one signalfd. Anything removed during a round stays allocated (marked dead) until the round
 * is over, since the kernel's list of ready events may still point at it. */
#include "os/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fd.h"

enum { READY_MAX = 256, SIGNALS_MAX = 16, NOT_IN_HEAP = -1 };

struct loop_fd {
    struct loop *loop;
    int fd;
    loop_fd_fn *fn;
    void *ctx;
    bool dead;
    unsigned events;
    struct loop_fd *next_dead;
};

struct loop_timer {
    struct loop *loop;
    deadline when;
    loop_timer_fn *fn;
    void *ctx;
    ptrdiff_t at; /* in the heap */
};

struct deferred {
    loop_timer_fn *fn;
    void *ctx;
};

struct loop {
    int epoll;
    bool stop;
    VEC(struct loop_timer *) heap;
    VEC(struct deferred) deferred;
    struct deferred round_end;
    struct loop_fd *dead;
    int signal_fd;
    struct loop_fd *signal_watch;
    sigset_t signals;
    loop_child_fn *child_fn;
    void *child_ctx;
    loop_signal_fn *signal_fn;
    void *signal_ctx;
};

struct loop *loop_new(void)
{
    struct loop *l = mem_alloc("loop", sizeof *l);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll < 0)
        oom("epoll_create1");
    l->signal_fd = -1;
    (void)sigemptyset(&l->signals); /* cannot fail */
    return l;
}

static void free_dead(struct loop *l)
{
    while (l->dead) {
        struct loop_fd *f = l->dead;
        l->dead = f->next_dead;
        free(f);
    }
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    loop_del(l->signal_watch);
    fd_close(l->signal_fd);
    free_dead(l);
    for (size_t i = 0; i < l->heap.n; i++)
        free(l->heap.at[i]);
    vec_done(&l->heap);
    vec_done(&l->deferred);
    fd_close(l->epoll);
    free(l);
}

void loop_stop(struct loop *l)
{
    l->stop = true;
}

static uint32_t to_epoll(unsigned events)
{
    return (events & LOOP_IN ? (uint32_t)(EPOLLIN | EPOLLRDHUP) : 0) |
           (events & LOOP_OUT ? (uint32_t)EPOLLOUT : 0);
}

struct loop_fd *loop_add(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *ctx)
{
    struct loop_fd *f = mem_alloc("loop descriptor", sizeof *f);
    *f = (struct loop_fd){.loop = l, .fd = fd, .fn = fn, .ctx = ctx, .events = events};
    struct epoll_event e = {.events = to_epoll(events), .data.ptr = f};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
        oom("epoll_ctl add"); /* ENOMEM, ENOSPC, or a mistake of ours: none can be survived */
    return f;
}

void loop_events(struct loop_fd *f, unsigned events)
{
    if (f->dead || f->events == events)
        return;
    f->events = events;
    struct epoll_event e = {.events = to_epoll(events), .data.ptr = f};
    if (epoll_ctl(f->loop->epoll, EPOLL_CTL_MOD, f->fd, &e) < 0)
        oom("epoll_ctl mod");
}

void loop_del(struct loop_fd *f)
{
    if (!f || f->dead)
        return;
    (void)epoll_ctl(f->loop->epoll, EPOLL_CTL_DEL, f->fd, NULL); /* gone already: as wanted */
    f->dead = true;
    f->next_dead = f->loop->dead;
    f->loop->dead = f;
}

static void heap_set(struct loop *l, size_t at, struct loop_timer *t)
{
    l->heap.at[at] = t;
    t->at = (ptrdiff_t)at;
}

static void heap_up(struct loop *l, size_t at)
{
    struct loop_timer *t = l->heap.at[at];
    while (at > 0 && l->heap.at[(at - 1) / 2]->when.at_ms > t->when.at_ms) {
        heap_set(l, at, l->heap.at[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    heap_set(l, at, t);
}

static void heap_down(struct loop *l, size_t at)
{
    struct loop_timer *t = l->heap.at[at];
    for (;;) {
        size_t child = at * 2 + 1;
        if (child >= l->heap.n)
            break;
        if (child + 1 < l->heap.n &&
            l->heap.at[child + 1]->when.at_ms < l->heap.at[child]->when.at_ms)
            child++;
        if (l->heap.at[child]->when.at_ms >= t->when.at_ms)
            break;
        heap_set(l, at, l->heap.at[child]);
        at = child;
    }
    heap_set(l, at, t);
}

static void heap_remove(struct loop *l, struct loop_timer *t)
{
    if (t->at == NOT_IN_HEAP)
        return;
    size_t at = (size_t)t->at;
    struct loop_timer *last = l->heap.at[--l->heap.n];
    t->at = NOT_IN_HEAP;
    if (last == t)
        return;
    heap_set(l, at, last);
    heap_up(l, at);
    heap_down(l, (size_t)last->at);
}

struct loop_timer *loop_at(struct loop *l, deadline when, loop_timer_fn *fn, void *ctx)
{
    struct loop_timer *t = mem_alloc("timer", sizeof *t);
    *t = (struct loop_timer){.loop = l, .fn = fn, .ctx = ctx, .at = NOT_IN_HEAP};
    loop_timer_move(t, when);
    return t;
}

void loop_timer_move(struct loop_timer *t, deadline when)
{
    struct loop *l = t->loop;
    heap_remove(l, t);
    t->when = when;
    if (when.at_ms == INT64_MAX)
        return; /* never: kept, but not waiting */
    vec_push(&l->heap, t);
    heap_set(l, l->heap.n - 1, t);
    heap_up(l, l->heap.n - 1);
}

void loop_timer_del(struct loop_timer *t)
{
    if (!t)
        return;
    heap_remove(t->loop, t);
    free(t);
}

void loop_defer(struct loop *l, loop_timer_fn *fn, void *ctx)
{
    for (size_t i = 0; i < l->deferred.n; i++)
        if (l->deferred.at[i].fn == fn && l->deferred.at[i].ctx == ctx)
            return;
    vec_push(&l->deferred, (struct deferred){fn, ctx});
}

void loop_each_round(struct loop *l, loop_timer_fn *fn, void *ctx)
{
    l->round_end = (struct deferred){fn, ctx};
}

static void reap(struct loop *l)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (l->child_fn)
            l->child_fn(l->child_ctx, pid, status);
}

static void on_signal(void *ctx, int fd, unsigned events)
{
    struct loop *l = ctx;
    (void)events; /* only readable is asked for */
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap(l);
        else if (l->signal_fn)
            l->signal_fn(l->signal_ctx, (int)info.ssi_signo);
    }
}

static void watch_signals(struct loop *l)
{
    (void)sigprocmask(SIG_BLOCK, &l->signals, NULL); /* cannot fail */
    int fd = signalfd(l->signal_fd, &l->signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        oom("signalfd");
    if (l->signal_fd < 0)
        l->signal_watch = loop_add(l, fd, LOOP_IN, on_signal, l);
    l->signal_fd = fd;
}

void loop_children(struct loop *l, loop_child_fn *fn, void *ctx)
{
    l->child_fn = fn;
    l->child_ctx = ctx;
    (void)sigaddset(&l->signals, SIGCHLD); /* cannot fail */
    watch_signals(l);
}

void loop_signals(struct loop *l, const int *signals, size_t n, loop_signal_fn *fn, void *ctx)
{
    l->signal_fn = fn;
    l->signal_ctx = ctx;
    for (size_t i = 0; i < n; i++)
        (void)sigaddset(&l->signals, signals[i]); /* valid numbers by contract */
    watch_signals(l);
}

static int timeout_ms(const struct loop *l)
{
    if (l->heap.n == 0)
        return -1;
    int64_t left = deadline_left_ms(l->heap.at[0]->when);
    return left > INT32_MAX ? INT32_MAX : (int)left;
}

static void run_timers(struct loop *l)
{
    int64_t now = clock_ms();
    while (l->heap.n && l->heap.at[0]->when.at_ms <= now) {
        struct loop_timer *t = l->heap.at[0];
        heap_remove(l, t);
        t->fn(t->ctx);
    }
}

static void run_deferred(struct loop *l)
{
    for (size_t i = 0; i < l->deferred.n; i++) { /* one may add another: it runs too */
        struct deferred d = l->deferred.at[i];
        l->deferred.at[i].fn = NULL; /* begun: who asks for it from now on gets another turn */
        d.fn(d.ctx);
    }
    l->deferred.n = 0;
}

err loop_run(struct loop *l)
{
    struct epoll_event ready[READY_MAX];
    l->stop = false;
    while (!l->stop) {
        int n = epoll_wait(l->epoll, ready, READY_MAX, timeout_ms(l));
        if (n < 0 && errno != EINTR)
            return err_sys("epoll_wait");
        for (int i = 0; i < n; i++) {
            struct loop_fd *f = ready[i].data.ptr;
            uint32_t e = ready[i].events;
            if (f->dead)
                continue;
            f->fn(f->ctx, f->fd,
                  (e & (EPOLLIN | EPOLLRDHUP) ? LOOP_IN : 0u) | (e & EPOLLOUT ? LOOP_OUT : 0u) |
                      (e & (EPOLLHUP | EPOLLERR) ? LOOP_HUP : 0u));
        }
        run_timers(l);
        run_deferred(l);
        if (l->round_end.fn)
            l->round_end.fn(l->round_end.ctx);
        free_dead(l);
    }
    return OK_ERR;
}
