/* SPDX-License-Identifier: ISC */
/* imapd/dates.h -- internal dates by this server's clocks, as Dovecot has them: INTERNALDATE shows
 * them so, and SEARCH's BEFORE, ON and SINCE go by that day (RFC 3501 6.4.4).
 */
#pragma once
#include "base/base.h"

/* Reads /etc/localtime; before the sandbox, once. Without it the zone is UTC. */
void dates_read_zone(void);
void dates_zone_for_test(str tzif);    /* instead; not copied */
int dates_zone_minutes(int64_t epoch); /* east of Greenwich, then */
/* 00:00 UTC of the calendar day that the instant was here, as wire/date.h has days. */
int64_t dates_day(int64_t epoch);
