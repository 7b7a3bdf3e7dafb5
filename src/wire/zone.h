/* SPDX-License-Identifier: ISC */
/* wire/zone.h -- what the clocks of a place show: a time zone file (TZif, RFC 8536) as it lies.
 *
 * Nothing is kept and nothing can fail: what is no such file is UTC.
 */
#pragma once
#include "base/base.h"

enum { ZONE_FILE_MAX = 64 * 1024 };

/* Seconds east of Greenwich at that instant. */
int32_t zone_offset(str tzif, int64_t epoch);
