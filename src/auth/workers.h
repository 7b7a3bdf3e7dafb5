/* SPDX-License-Identifier: ISC */
/* auth/workers.h -- slow password checks in processes of their own, so that the loop goes on.
 *
 * Each worker is a fork of auth with nothing but a channel to it and the right to read the
 * system's user files. One check at a time each; the rest waits in order, up to a limit. A
 * worker that dies or hangs costs its one check (ERR_TEMP) and is replaced.
 */
#pragma once
#include "base/base.h"
#include "os/loop.h"

enum { WORKERS_MAX = 16, CHECKS_WAITING_MAX = 512, CHECK_LIMIT_MS = 20000 };

struct check {
    str user, password;
    str stored; /* check against this; empty: a system account */
    str decoy;  /* what to spend time on when there is none */
};

struct check_answer {
    bool match, known, cacheable;
};

/* Called once for each check, unless it was forgotten. */
typedef void check_done_fn(void *ctx, err e, const struct check_answer *answer);

struct workers;
/* Forks n workers now. root: descriptor of the house's root. */
err workers_start(struct loop *l, int root, size_t n, struct workers **ret);
void workers_stop(struct workers *w); /* NULL is fine; done functions are not called */
/* Copies the check. ERR_LIMIT: too many wait. *ret_id names it for workers_forget(). */
err workers_check(struct workers *w, const struct check *c, check_done_fn *done, void *ctx,
                  uint64_t *ret_id);
void workers_forget(struct workers *w, uint64_t id); /* the asker is gone */
void workers_child_ended(struct workers *w, int pid);
