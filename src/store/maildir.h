/* SPDX-License-Identifier: ISC */
/* store/maildir.h -- Maildirs: making, delivering in batches, scanning, cleaning.
 *
 * Delivery: each message is written to tmp/ and synced there, then all are moved into new/
 * and new/ is synced once for the batch. A message is either whole in new/ or not there.
 * Steps and what a crash leaves:
 *   write tmp      a file in tmp/, removed 36 h later
 *   sync tmp       the same
 *   rename to new  delivered, if the directory's block reached the disk; else as before
 *   sync new       delivered
 * The name comes from queue id and recipient number, so doing it again is recognised.
 */
#pragma once
#include "base/base.h"

enum {
    MAILDIR_BATCH_MAX = 256,
    MAILDIR_SYNC_TOGETHER = 4, /* so many files are synced by one syncfs instead of one by one */
    MAILDIR_TMP_HOURS = 36,    /* qmail's: a tmp file not read for so long is nobody's */
};

/* tmp, new, cur below path, 0700, parents too; what exists is left alone. */
err maildir_make(int dir, const char *path);

/* ---- delivery ---- */
struct maildir_batch;

struct maildir_delivery {
    str id;           /* queue id: letters and digits */
    uint64_t number;  /* of the recipient */
    int64_t arrived;  /* seconds: the name's first part, the file's time is now */
    const str *parts; /* the message in pieces: trace lines, then the rest */
    size_t n_parts;
    int fd;        /* >= 0: after the parts, the whole of this file */
    bool repeated; /* an earlier attempt may have got through: look in cur/ too */
    str info;      /* flags ("FS", "Sa"), sorted: the message goes to cur/ with them; empty: new/ */
};

/* path: the Maildir, relative to dir. ERR_NOTFOUND: there is none. host: for the names. */
err maildir_batch_open(int dir, const char *path, str host, struct maildir_batch **ret);
void maildir_batch_free(struct maildir_batch *b); /* uncommitted messages vanish; NULL is fine */
/* Writes to tmp/. *ret_index names the message in this batch. ERR_LIMIT: the batch is full. */
err maildir_batch_add(struct maildir_batch *b, const struct maildir_delivery *d, size_t *ret_index);
/* Makes all durable and visible. Failed as a whole only when new/ could not be synced; the
 * messages' own results are asked for one by one. */
err maildir_batch_commit(struct maildir_batch *b);
err maildir_batch_result(const struct maildir_batch *b, size_t index);
size_t maildir_batch_count(const struct maildir_batch *b);
void maildir_batch_reset(struct maildir_batch *b); /* for the next burst: keeps descriptors */

/* ---- reading ---- */
/* Calls each for every message name, new/ first, then cur/; `in_new` says where. A message
 * that moves meanwhile may come twice, and one whose flags change may be missed. */
typedef err maildir_scan_fn(void *ctx, str name, bool in_new);
err maildir_scan(int maildir, maildir_scan_fn *each, void *ctx);
/* Removes what lies in tmp/ unread for MAILDIR_TMP_HOURS. */
err maildir_clean(int maildir, int64_t now);
/* TIME.MusecPpidQn.HOST, never the same twice in this process. */
void maildir_unique(struct buf *b, str host);
