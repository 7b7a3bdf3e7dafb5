/* SPDX-License-Identifier: ISC */
/* list/bounce.h -- bounces: kept, warned of, probed, and the member removed (ezmlm-return(1),
 * ezmlm-warn(1)).
 *
 * bounce/d/T/dREST.PID is the first bounce of a member (address NUL Return-Path, message), wREST
 * a bounced warning; bounce/h/X/hREST has the numbers of all posts that came back, under a hash of
 * the address. A bounce opens d; when it is old enough a warning goes out; that bouncing opens w;
 * that old, a probe goes out; that bouncing removes the member.
 */
#pragma once
#include "list/list.h"

enum { BOUNCE_TIMEOUT = 10 * 86400, BOUNCE_SLICE = 10000 };

/* What r->address_rest says ("12-ann=far.test", "warn-T.COOKIE-…"). Works on the part that
 * list_set_sub() named. 99, or 100 for an address that is none of these. */
struct verdict bounce_take(struct list_run *r);

struct warn_options {
    int64_t timeout; /* seconds a bounce waits; 0: all that are there, now */
    int64_t lockout; /* seconds between two runs; -1: timeout / 50 */
};
struct verdict bounce_warn(struct list_run *r, const struct warn_options *o);
