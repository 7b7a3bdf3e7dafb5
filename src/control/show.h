/* SPDX-License-Identifier: ISC */
/* control/show.h -- what the configuration is, in words. */
#pragma once
#include "base/base.h"

struct showctl_ids {
    uint64_t uids[8]; /* alias qmaild qmaill root qmailp qmailq qmailr qmails */
    uint64_t gids[2]; /* nofiles qmail */
};
/* qmail-showctl's output, byte for byte. Returns its exit code: 0, or 111 where the
 * directory cannot be entered (what it prints then is in out). */
int showctl(int root, const struct showctl_ids *ids, struct buf *out);

/* `twinpost show`: every setting we know with its value, where it comes from, who reads it.
 * only: one name, or empty for all. ERR_NOTFOUND: no such setting. */
err show_site(int root, str only, struct buf *out);
