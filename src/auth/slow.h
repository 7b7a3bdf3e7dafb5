/* SPDX-License-Identifier: ISC */
/* auth/slow.h -- how late a failed login is answered: later each time, per address and per
 * name. Successes are never late, so nobody can shut another out by failing in his name.
 * IPv6 addresses count by their /64. The memory is bounded: the oldest entry goes first.
 */
#pragma once
#include "base/base.h"

enum {
    SLOW_FORGET_MS = 60000,  /* one failure is forgotten in so long */
    SLOW_ENTRIES_MAX = 8192, /* of each kind */
};

struct slow_rules {
    int64_t first_ms; /* also hides how long the check itself took */
    int64_t most_ms;  /* to be below the shortest login timeout of clients */
};

struct slow;
struct slow *slow_new(void);
void slow_rules(struct slow *s, struct slow_rules rules); /* before the first failure */
void slow_free(struct slow *s);
/* Counts the failure; the answer is due so many ms after the question. */
int64_t slow_failed(struct slow *s, str address, str user, int64_t now_ms);
void slow_succeeded(struct slow *s, str user);
