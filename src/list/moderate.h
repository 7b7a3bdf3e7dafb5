/* SPDX-License-Identifier: ISC */
/* list/moderate.h -- posts that wait for somebody: held, accepted, rejected, confirmed, given back
 * (ezmlm-store(1), -gate, -moderate, -confirm, -clean).
 *
 * A held post is mod/pending/TIME.PID (or mod/unconfirmed/…), executable for its owner once it is
 * whole. A decision leaves an empty file of that name in accepted/ or rejected/, so that a second
 * moderator learns of it.
 */
#pragma once
#include "list/list.h"

struct store_rules {
    bool confirm;    /* the poster confirms first */
    bool no_confirm; /* not even if the list says so: he has */
    bool refuse;     /* posts of others than moderators are refused, not held */
};
struct verdict list_store(struct list_run *r, const struct store_rules *rules);
/* A sender in one of these parts posts at once; others are held. dbs is ended by NULL. */
struct verdict list_gate(struct list_run *r, const struct store_rules *rules,
                         const char *const *dbs);
/* accept-, reject-; the caller's address says which. */
struct verdict list_moderate(struct list_run *r);
/* confirm-, discard-. */
struct verdict list_confirm(struct list_run *r);
/* Removes what is too old, and gives held posts back to their authors (if asked to). */
struct verdict list_clean(struct list_run *r, bool give_back);
/* One held post by its file name ("TIME.PID"), as a moderator's yes or no by hand. */
struct verdict list_decide(struct list_run *r, str name, bool accept);
