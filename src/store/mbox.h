/* SPDX-License-Identifier: ISC */
/* store/mbox.h -- mbox files: locking, appending, splitting, and edits that lose nothing.
 *
 * Other programs append to the same file by its name (qmail-local waits with the file open),
 * so it is never replaced by another file: edits happen in place. An edit that moves bytes is
 * first written whole to a journal beside the file (NAME.twinpost-journal) and synced; whoever
 * opens the file next and finds a journal finishes the edit, then appends.
 *
 * Locks are taken in this order: NAME.lock (where the directory permits), fcntl, flock.
 */
#pragma once
#include "base/base.h"

enum {
    MBOX_LOCK_SECONDS = 30,     /* qmail-local's patience */
    MBOX_DOTLOCK_STALE_S = 300, /* a NAME.lock untouched for so long is nobody's */
};

struct mbox {
    int dir; /* of the file; borrowed */
    char name[256];
    int fd;
    bool locked, dotlocked;
};

/* Opens (and with create makes, 0600) and locks; finishes an edit that was interrupted.
 * ERR_TEMP: locked for 30 s straight, or until `by`. */
enum mbox_open { MBOX_EXISTING, MBOX_CREATE };
err mbox_open(int dir, const char *name, enum mbox_open how, deadline by, struct mbox *ret);
void mbox_close(struct mbox *m); /* unlocks */

/* ---- delivery: mboxrd ---- */
struct mbox_delivery {
    str from_line;    /* "From SENDER Tue Nov 24 15:10:56 2026\n" (wire/message.h) */
    str ours;         /* header lines that only a keeper writes (X-UID), or empty */
    const str *parts; /* trace lines, then the message, with LF line ends */
    size_t n_parts;
    int fd; /* >= 0: after the parts, the whole of this file */
};
/* Opens, locks, appends with '>' before every ">*From ", syncs; on an error truncates back. */
err mbox_deliver(int dir, const char *path, const struct mbox_delivery *d);
/* The same on an open one, without fsync: mbox_sync() when all are in. */
err mbox_append(struct mbox *m, const struct mbox_delivery *d);
err mbox_sync(struct mbox *m);

/* ---- reading: pure ---- */
struct mbox_message {
    uint64_t at, end; /* of the From_ line; behind the blank line that ends the message */
    uint64_t header, body, body_end; /* header fields; after the empty line; the blank line */
    uint32_t uid;                    /* X-UID, 0: none */
    uint32_t flags;                  /* of Status and X-Status; keywords see `keywords` */
    str keywords;                    /* X-Keywords, as it stands */
    int64_t date;                    /* of the From_ line */
};
struct mbox_base { /* X-IMAPbase or X-IMAP of the first message */
    bool present;
    uint32_t uidvalidity, last_uid;
    str keywords;
};
/* Takes the next message off text, starting at *at. A From_ line is one at the start of the
 * file or after an empty line that looks like "From X date"; Content-Length is not trusted.
 * False at the end. Text before the first From_ line is reported by mbox_starts_well(). */
bool mbox_next(str text, uint64_t *at, struct mbox_message *ret);
bool mbox_starts_well(str text);
struct mbox_base mbox_base_read(str text, const struct mbox_message *first);
/* The message as a client sees it: without From_ line and our header fields, one '>' less
 * before ">From ". */
void mbox_message_write(struct buf *b, str text, const struct mbox_message *m);

/* ---- edits ---- */
/* Makes the file's bytes from `at` on be `tail`, durably and atomically. Locked mbox only. */
err mbox_replace_tail(struct mbox *m, uint64_t at, str tail);
