/* SPDX-License-Identifier: ISC */
/* os/clock.h -- the clocks, and the seam by which tests replace them. */
#pragma once
#include "base/time.h"

int64_t clock_ms(void);             /* monotonic, milliseconds: for deadlines and timers */
int64_t clock_seconds(void);        /* wall clock, seconds since the epoch */
int64_t clock_boot(void);           /* when this machine started, seconds since the epoch */
int clock_zone_minutes(int64_t at); /* of this machine's local time then, east of Greenwich */
int64_t clock_micros(void);         /* wall clock, microseconds since the epoch */
deadline deadline_in_ms(int64_t ms);
int64_t deadline_left_ms(deadline by); /* 0 when passed; INT64_MAX for never */
/* Test seam: from now on the wall clock says `seconds`; -1 returns to the real one. */
void clock_freeze_for_test(int64_t seconds);
