/* SPDX-License-Identifier: ISC */
/* moving/moving.h -- a user's mail moves in and out: whole, once, and with a word about each
 * message that could not come along.
 *
 * Messages go through the user's keeper, as a client's APPEND would: durable, with flags, keywords
 * and dates, seen at once by whoever has the folder open.
 */
#pragma once
#include "moving/notes.h"
#include "moving/source.h"
#include "store/session.h"

struct moving_watch { /* any may be NULL */
    void (*progress)(void *ctx, str folder, size_t done, size_t total);
    /* A message (or with an empty key a folder) that was not taken, or not whole, and why. */
    void (*problem)(void *ctx, str folder, str key, const char *why);
    void *ctx;
};

struct import_options {
    str into; /* a folder that the source's folders go below; empty: as they are */
    struct moving_watch watch;
};
struct moving_result {
    size_t moved, before, problems; /* before: there already, from an earlier run */
    size_t folders;
    str why; /* when the call fails: more words, or empty */
};
/* An err: the run stopped (the store is gone, over quota, the source broke off); what is done is
 * noted, and the same call goes on. */
err moving_import(struct store *to, struct moving_source *from, struct notes *j,
                  const struct import_options *o, struct moving_result *ret);

enum export_format { EXPORT_MAILDIR, EXPORT_MBOX };
struct export_options {
    enum export_format format;
    const str *folders; /* none: all */
    size_t n_folders;
    struct moving_watch watch;
};
/* Into the directory, which is empty or holds an earlier run's work. Maildir: a Maildir++ tree with
 * dovecot-uidlist and dovecot-keywords, so that UIDs and keywords come along, and subscriptions.
 * mbox: FOLDER.mbox files, each whole or absent. */
err moving_export(struct store *from, int dir, const struct export_options *o,
                  struct moving_result *ret);
