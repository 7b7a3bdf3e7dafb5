/* SPDX-License-Identifier: ISC */
#include "os/clock.h"

#include <time.h>

static int64_t frozen = -1;

static int64_t read_clock(clockid_t id, int64_t per_second)
{
    struct timespec ts;
    (void)clock_gettime(id, &ts); /* cannot fail for these clocks */
    return (int64_t)ts.tv_sec * per_second + ts.tv_nsec / (1000000000 / per_second);
}

int64_t clock_ms(void)
{
    return read_clock(CLOCK_MONOTONIC, 1000);
}

int64_t clock_seconds(void)
{
    return frozen >= 0 ? frozen : read_clock(CLOCK_REALTIME, 1);
}

int64_t clock_boot(void)
{
    return read_clock(CLOCK_REALTIME, 1) - read_clock(CLOCK_BOOTTIME, 1);
}

int64_t clock_micros(void)
{
    return frozen >= 0 ? frozen * 1000000 : read_clock(CLOCK_REALTIME, 1000000);
}

int clock_zone_minutes(int64_t at)
{
    time_t t = (time_t)at;
    struct tm tm;
    return localtime_r(&t, &tm) ? (int)(tm.tm_gmtoff / 60) : 0;
}

deadline deadline_in_ms(int64_t ms)
{
    return (deadline){clock_ms() + ms};
}

int64_t deadline_left_ms(deadline by)
{
    if (by.at_ms == INT64_MAX)
        return INT64_MAX;
    int64_t left = by.at_ms - clock_ms();
    return left > 0 ? left : 0;
}

void clock_freeze_for_test(int64_t seconds)
{
    frozen = seconds;
}
