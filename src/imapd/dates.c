/* SPDX-License-Identifier: ISC */
#include "imapd/dates.h"

enum { DAY = 86400 };

int64_t dates_day(const struct session *s, int64_t epoch)
{
    (void)s;
    return epoch - epoch % DAY;
}
