/* SPDX-License-Identifier: ISC */
/* list/weed.h -- is it a bounce, or what programs answer by themselves? (ezmlm-weed(1))
 *
 * A null sender's multipart/report that says "failed" is a bounce whatever else it bears: many
 * hosts put Auto-Submitted on theirs (RFC 3834 5), which ezmlm-weed 5.1 and later throw away
 * unread. weed_flags brings that back.
 */
#pragma once
#include "base/base.h"

enum weed_flags { WEED_STRICT = 1 /* as ezmlm-weed 7 */ };

/* True: throw it away (exit 99). */
bool weed_is_chaff(str message, unsigned flags);
