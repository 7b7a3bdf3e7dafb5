/* SPDX-License-Identifier: ISC */
/* store/box_maildir.h -- what the files of the Maildir kind share. */
#pragma once
#include "store/box.h"
#include "store/uidlist.h"

enum { MAILDIR_LOCK_MS = 5000 };

struct maildir_list { /* of one look at dovecot-uidlist */
    struct uidlist head;
    size_t dropped;        /* lines of messages that are gone */
    bool rewrite, damaged; /* append does not do; the header could not be read */
};

int maildir_dir_of(const struct box *b, bool in_new);
uint32_t maildir_flags_of(struct box *b, str name);
/* Gives the arrivals their rows; on the first look, or when the list changed, reads it too. */
err maildir_settle(struct box *b, bool first_time);
bool box_is_maildir(const struct box *b);
/* With the lock held: numbers all arrivals and makes the list durable. */
err maildir_list_update(struct box *b, struct maildir_list *l);
err box_maildir_add(struct box *b, struct box *from, enum box_add how, struct box_incoming *in,
                    size_t n);
