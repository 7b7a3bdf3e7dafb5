/* SPDX-License-Identifier: ISC */
#include "queue/schedule.h"

/* floor(sqrt(n)), for ages in seconds. */
static int64_t root(int64_t n)
{
    int64_t r = 0;
    for (int64_t bit = (int64_t)1 << 31; bit; bit >>= 1)
        if ((r + bit) <= n / (r + bit))
            r += bit;
    return r;
}

int64_t schedule_next(int64_t birth, int64_t now, enum channel_kind channel)
{
    int64_t n = now > birth ? root(now - birth) : 0;
    n += channel == CHANNEL_LOCAL ? 10 : 20;
    return birth + n * n;
}

bool schedule_is_last(int64_t birth, int64_t now, int64_t lifetime)
{
    return now > birth + lifetime;
}

int64_t schedule_resume(int64_t queue_time, int64_t wall_then, int64_t wall_now)
{
    int64_t passed;
    if (__builtin_sub_overflow(wall_now, wall_then, &passed) || passed < 0)
        return queue_time;
    return queue_time + (passed > QUEUE_STOP_COUNTS_AT_MOST ? QUEUE_STOP_COUNTS_AT_MOST : passed);
}

int64_t schedule_dead_host_seconds(unsigned random)
{
    return (60 + (int64_t)(random & 31)) * 64;
}
