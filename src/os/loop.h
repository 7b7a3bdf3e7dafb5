/* SPDX-License-Identifier: ISC */
/* os/loop.h -- the event loop of the few programs that have one (init, front, sched, …):
 * descriptors, timers, children, signals. Callbacks never block and may add and remove
 * anything, themselves too. */
#pragma once
#include "base/base.h"

struct loop;
struct loop_fd;
struct loop_timer;

enum { LOOP_IN = 1, LOOP_OUT = 2, LOOP_HUP = 4 };
typedef void loop_fd_fn(void *ctx, int fd, unsigned events);
typedef void loop_timer_fn(void *ctx);
typedef void loop_child_fn(void *ctx, int pid, int wait_status);
typedef void loop_signal_fn(void *ctx, int signo);

struct loop *loop_new(void);
void loop_free(struct loop *l);
err loop_run(struct loop *l); /* until loop_stop() */
void loop_stop(struct loop *l);
/* The fd is watched, not owned. Level triggered. */
struct loop_fd *loop_add(struct loop *l, int fd, unsigned events, loop_fd_fn *fn, void *ctx);
void loop_events(struct loop_fd *f, unsigned events); /* changes what is watched; 0 pauses */
void loop_del(struct loop_fd *f);                     /* NULL is fine; before closing the fd */
struct loop_timer *loop_at(struct loop *l, deadline when, loop_timer_fn *fn, void *ctx); /* once */
void loop_timer_move(struct loop_timer *t, deadline when); /* also starts one that has fired */
void loop_timer_del(struct loop_timer *t);                 /* NULL is fine */
/* Runs once after all ready events of the present round: for batching (group commit). */
void loop_defer(struct loop *l, loop_timer_fn *fn, void *ctx);
/* Runs at the end of every round, after all that was deferred. One for each loop. */
void loop_each_round(struct loop *l, loop_timer_fn *fn, void *ctx);
void loop_children(struct loop *l, loop_child_fn *fn, void *ctx); /* called for each that ended */
void loop_signals(struct loop *l, const int *signals, size_t n, loop_signal_fn *fn, void *ctx);
