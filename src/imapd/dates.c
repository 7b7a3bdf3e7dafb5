/* SPDX-License-Identifier: ISC */
#include "imapd/dates.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "os/file.h"
#include "wire/zone.h"

enum { DAY = 86400 };

static str zone; /* of the process; empty: UTC */

void dates_read_zone(void)
{
    auto_arena struct arena *a = arena_new("time zone", 2 * ZONE_FILE_MAX);
    str text;
    err e = file_read(AT_FDCWD, "/etc/localtime", ZONE_FILE_MAX, a, &text);
    if (failed(e))
        return;
    char *p = mem_alloc("time zone", text.n + 1);
    memcpy(p, text.p, text.n);
    zone = str_of(p, text.n);
}

void dates_zone_for_test(str tzif)
{
    zone = tzif;
}

int dates_zone_minutes(int64_t epoch)
{
    return zone_offset(zone, epoch) / 60; /* before 1972 some places had odd seconds */
}

int64_t dates_day(int64_t epoch)
{
    int64_t here = epoch + (int64_t)dates_zone_minutes(epoch) * 60;
    return here - (here % DAY + DAY) % DAY;
}
