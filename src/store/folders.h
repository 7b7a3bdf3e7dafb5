/* SPDX-License-Identifier: ISC */
/* store/folders.h -- where an owner's mail lies, and the Maildir++ tree of folders.
 *
 * The home decides: the first mailbox that ~/.qmail delivers to, or without one the site's
 * default delivery; if that does not exist yet but the usual other one does ("Maildir",
 * "Mailbox"), that one. INBOX is that Maildir or mbox file. Folders are Maildir++ in the same
 * Maildir; beside an mbox INBOX they are in ~/Maildir, made when the first one is created.
 */
#pragma once
#include "base/base.h"
#include "store/session.h"

struct folders {
    int home;
    char root[1024];  /* of the Maildir, relative to home */
    char inbox[1024]; /* the same, or the mbox file */
    bool inbox_is_mbox;
};

/* home stays the caller's. default_delivery: .qmail text ("./Maildir/"). */
err folders_locate(struct folders *f, int home, str default_delivery);
/* What a .qmail delivers to first: "./Maildir/" or "./Mailbox"; empty when to no mailbox. */
str folders_first_delivery(str qmail);

bool folder_name_is_valid(str name); /* for a new one */
bool folder_is_inbox(str name);
/* Path of a folder's Maildir relative to home ("Maildir/.Work"). ERR_SYNTAX: a name that
 * could leave the tree. INBOX: f->inbox. */
err folders_path(const struct folders *f, str name, struct buf *ret);
/* Of the file of store/attributes.h. An empty name: the one of the server. */
err folders_attributes_path(const struct folders *f, str name, struct buf *ret);
bool folder_exists(const struct folders *f, str name);

/* Per folder: one byte of flags | 128, one of uses | 128, the name, NUL; INBOX first, then sorted
 * bytewise by level; levels without a folder of their own are STORE_NOSELECT. */
err folders_list(const struct folders *f, struct buf *out);
/* ERR_DENIED: it exists. Missing parents are not needed: Maildir++ names stand alone. */
err folders_create(const struct folders *f, str name);
err folders_delete(const struct folders *f, str name); /* ERR_NOTFOUND, ERR_DENIED for INBOX */
/* Not INBOX. With children; ERR_DENIED when one of the new names exists. */
err folders_rename(const struct folders *f, str from, str to);
err folders_subscribe(const struct folders *f, str name, enum store_subscription want);
/* Removes what a deletion that was cut short has left. */
err folders_clean(const struct folders *f);
