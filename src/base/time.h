/* SPDX-License-Identifier: ISC */
/* base/time.h -- time values. Reading a clock is os/clock.h's business. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* A point on the monotonic clock, in milliseconds. Not comparable with wall time. */
typedef struct deadline {
    int64_t at_ms;
} deadline;

#define DEADLINE_NEVER ((deadline){INT64_MAX})

/* Civil time in UTC, without leap seconds. */
struct civil {
    int year, month, day; /* month 1..12, day 1..31 */
    int hour, minute, second;
    int weekday; /* 0 = Sunday */
};

struct civil civil_from_epoch(int64_t seconds);
int64_t civil_to_epoch(const struct civil *c); /* ignores weekday; fields in range */
