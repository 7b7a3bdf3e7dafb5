/* SPDX-License-Identifier: ISC */
/* imapd/dates.h -- which day an instant was, for SEARCH's BEFORE, ON and SINCE. */
#pragma once
#include "imapd/session.h"

/* 00:00 UTC of the calendar day, as wire/date.h has days. */
int64_t dates_day(const struct session *s, int64_t epoch);
