/* SPDX-License-Identifier: ISC */
/* list/admin.h -- work on a list by hand or on the side: its index, its threads, mail that comes in
 * from an mbox, a brake, a look at what is wrong with it. */
#pragma once
#include "list/list.h"

/* Every index of the archive made anew from its posts (ezmlm-idx(1)). */
err list_reindex(struct list_run *r);
/* archive/threads, subjects, authors from the indexes, and archnum (ezmlm-archive(1)). */
err list_thread(struct list_run *r);
/* Messages of an mbox become posts of the archive; nobody gets them. *ret_n: how many. */
err list_import(struct list_run *r, str mbox, uint64_t *ret_n);

struct limit_rules {
    uint64_t posts;  /* more than these … */
    int64_t seconds; /* … within these: the list becomes moderated */
    bool defer;      /* or the post waits (111) */
};
struct verdict list_limit(struct list_run *r, const struct limit_rules *rules);

/* Writes a line for each thing that is wrong, with the way to mend it. Returns how many. */
size_t list_check(struct list_run *r, struct buf *out);
