/* SPDX-License-Identifier: ISC */
/* queue/schedule.h -- when a deferred recipient is tried again: qmail-send's schedule.
 *
 * Ages are measured on the queue's own clock, not on the wall: it starts at the wall's time
 * when the queue is made, runs with the monotonic clock, and after a restart goes on by what
 * the wall says has passed since the last record, but at least 0 and at most
 * QUEUE_STOP_COUNTS_AT_MOST. So a clock that jumps, forward or back, running or stopped, never
 * expires a message; a machine that stood still for a month gives its mail a day's age.
 */
#pragma once
#include "base/base.h"

enum { QUEUE_STOP_COUNTS_AT_MOST = 86'400 };

enum channel_kind { CHANNEL_LOCAL, CHANNEL_REMOTE };

/* birth + (floor(sqrt(age)) + s)^2 with s 10 for local, 20 for remote; a birth in the future
 * counts as age 0. `now` is the start of the attempt that was deferred. */
int64_t schedule_next(int64_t birth, int64_t now, enum channel_kind channel);
/* An attempt that starts now is the last: a temporary failure becomes permanent. */
bool schedule_is_last(int64_t birth, int64_t now, int64_t lifetime);
/* Queue time at a restart, from what the last record says. */
int64_t schedule_resume(int64_t queue_time, int64_t wall_then, int64_t wall_now);
/* qmail's tcpto: after two timeouts (counted at most once in 120 s) a host is left alone for
 * (60 + r) * 64 s, r = 0..31. */
enum { DEAD_HOST_COUNT = 2, DEAD_HOST_COUNT_GAP = 120 };
int64_t schedule_dead_host_seconds(unsigned random);
