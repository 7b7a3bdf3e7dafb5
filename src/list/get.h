/* SPDX-License-Identifier: ISC */
/* list/get.h -- the archive by mail, and digests (ezmlm-get(1), ezmlm-tstdig(1)). */
#pragma once
#include "list/list.h"

/* get, index, thread, dig.CODE. 0: the address is none of these; 99: answered. */
struct verdict list_get(struct list_run *r);

struct digest_rules { /* 0 switches a test off; -1: as the list says */
    int64_t posts, kilobytes, hours;
};
/* 0: it is time for a digest; 99: not yet. */
struct verdict list_digest_due(struct list_run *r, const struct digest_rules *rules);
/* Makes the digest of what came since the last, and sends it to L-digest's members. 0, also when
 * there is nothing. */
struct verdict list_digest(struct list_run *r);
