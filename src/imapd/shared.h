/* SPDX-License-Identifier: ISC */
/* imapd/shared.h -- other users' mailboxes: "shared.bob.Work" is bob's Work (RFC 2342 3; the first
 * word is control/sharedprefix, and without it there is none of this).
 *
 * A session talks to its own user's keeper all the time and to a few others while it needs them:
 * init opens the way (ipc/init.h), that keeper decides what it may see. In names a '.' of the
 * owner's own name is '^', as Cyrus has it. s->store is where the selected mailbox lies, else the
 * user's own; commands that take a name ask shared_place() where it lies.
 */
#pragma once
#include "imapd/session.h"

enum {
    SHARED_WAYS_MAX = 16,    /* other keepers that a session talks to at a time */
    SHARED_OWNERS_MAX = 500, /* that a LIST shows */
};

struct shared;
/* init: the session's channel, taken. */
struct shared *shared_new(struct channel *init, str prefix, str user, struct store *own);
void shared_free(struct shared *sh); /* with all stores but the own one; NULL is fine */

struct place {
    struct store *store;
    str name;      /* there */
    str owner;     /* whose it is */
    bool is_other; /* another user's */
};
/* ERR_NOTFOUND: it is nobody's that this session may know. From here on reply_store() speaks of
 * that place. */
err shared_place(struct session *s, str name, struct place *ret);
struct store *shared_own(const struct session *s);
str shared_prefix(const struct session *s); /* empty: none */
/* No mailbox is selected any more, or one at that place is about to be. */
err shared_leave(struct session *s);
void shared_enter(struct session *s, struct store *there);
/* A conversation that broke off is forgotten; true when it was another user's and not the one with
 * the selected mailbox: then the session can go on. */
bool shared_forget_broken(struct session *s);
/* Adds what other users share to a list of folders. `patterns`: as LIST has them, only what one of
 * them can match is looked at. */
err shared_list(struct session *s, const str *patterns, size_t n_patterns,
                struct store_folder **folders, size_t *n);
