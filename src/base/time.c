/* SPDX-License-Identifier: ISC */
#include "base/time.h"

/* Days from civil and back: the year starts in March, so that the leap day is its last. */
struct civil civil_from_epoch(int64_t seconds)
{
    int64_t days = seconds / 86400;
    int64_t rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    struct civil c = {
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .month = (int)(mp < 10 ? mp + 3 : mp - 9),
        .hour = (int)(rest / 3600),
        .minute = (int)(rest % 3600 / 60),
        .second = (int)(rest % 60),
        .weekday = (int)(((days % 7) + 11) % 7), /* 1970-01-01 was a Thursday */
    };
    c.year = (int)(yoe + era * 400 + (c.month <= 2));
    return c;
}

int64_t civil_to_epoch(const struct civil *c)
{
    int64_t y = c->year - (c->month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (c->month > 2 ? c->month - 3 : c->month + 9) + 2) / 5 + c->day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    int64_t days = era * 146097 + doe - 719468;
    return days * 86400 + c->hour * 3600 + c->minute * 60 + c->second;
}
