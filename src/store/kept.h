/* SPDX-License-Identifier: ISC */
/* store/kept.h -- expunged messages that can be brought back for some days (control/expungedays).
 *
 * They lie in the root Maildir's directory "twinpost-kept", one directory in it for each folder:
 * without a leading dot no Maildir++ reader takes it for a folder, and it is not counted by a
 * quota. A file keeps its name and thus its flags, with "EPOCH,KEYWORDS," before it: when it was
 * expunged, and which list of keywords its letters mean ("keywords.HASH" beside it). Its time stays
 * the internal date. Expunging is one rename, synced there before the mailbox is: a crash leaves
 * the message in one of the two places, or in both.
 */
#pragma once
#include "base/base.h"
#include "store/box.h"

#define KEPT_DIR "twinpost-kept"

struct kept { /* of one owner */
    int home;
    char root[1024]; /* the Maildir, relative to home */
    uint32_t days;
};

/* Moves those away (an mbox's: copies them), durably. Not those that could not be: *ret_done. */
err kept_take(struct box *b, const bool *doomed, bool *ret_done);

struct kept_message {
    int dir; /* of its folder's */
    str folder;
    const char *file;
    str name;          /* in the Maildir */
    uint32_t keywords; /* 0: none */
    int64_t expunged;  /* seconds since the epoch */
};
/* Every one of that folder, or with an empty name of all; a failure from `each` stops. */
err kept_each(const struct kept *k, str folder,
              err (*each)(void *ctx, const struct kept_message *m), void *ctx);
/* Names of a message's keyword letters. */
err kept_keywords(const struct kept_message *m, struct keywords *ret);
/* Removes what is older than the days (0: all), some at a time. *ret_more: there are more of those;
 * *ret_oldest: when the oldest that stays was expunged, 0: none stays. */
err kept_sweep(const struct kept *k, int64_t now, bool *ret_more, int64_t *ret_oldest);
