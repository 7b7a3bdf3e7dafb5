/* SPDX-License-Identifier: ISC */
/* list/post.h -- a message becomes a post: checked, numbered, archived, sent (ezmlm-send(1),
 * ezmlm-reject(1)). */
#pragma once
#include "list/list.h"

/* 0 when the post is in the queue; 100 for what the list does not take; 111, and then num is as
 * before. The sender of each copy names the member (VERP). */
struct verdict list_post(struct list_run *r);

struct post_rules {
    bool subject;  /* an empty or meaningless subject is refused */
    bool to;       /* the list must stand in To or Cc */
    bool commands; /* subjects that are commands are refused … */
    bool forward;  /* … or sent on to L-request */
    bool quiet;    /* a list that is not addressed: 99 instead of 100 */
    bool types;    /* mimereject, headerreject, msgsize */
    bool bounces;  /* a null sender is refused */
};
/* list NULL: what needs one is not looked at. */
struct verdict list_reject(struct list_run *r, const struct post_rules *rules);
